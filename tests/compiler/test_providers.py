"""People, places and prose of `std.*`: pinned values, nothing that is somebody's, and no cost where nothing is drawn."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from clawc.compiler import providers, word_lists
from clawc.compiler.generate import Source
from clawc.compiler.pipeline import check
from clawc.spec.functions import LOCALES, PROVIDERS
from clawc.stdlib.checks.values import Unmet

GOLDEN = Path(__file__).parents[1] / "golden" / "instances" / "providers.txt"
ROOT = Path(__file__).parents[2]
NEEDED = {"price": ("5", "120"), "money": ("1234.5",), "phrase": ("4",)}
SPEC = """claw 1
{use}
task list_all {{
  title = "List them"
  data people {{ count = {count}; {columns} }}
  workspace {{ file whole "input/all.csv" {{ content = csv(people) }} }}
  let wanted = csv(whole) | sort id
  deliver list "output/list.csv" {{ columns = columns(wanted) }}
  instruction = "Copy {{{{ path.whole }}}} to {{{{ path.list }}}} with all of its columns, sorted by id."
  verify {{ check right {{ expect rows(list) == wanted }} }}
}}
"""


def table(columns: str, count: int = 20, seed: int = 0, use: str = "") -> list[list[str]]:
    checked = check("spec.claw", SPEC.format(columns=columns, count=count, use=use), None, seed)
    assert checked.tasks, [d.message for d in checked.diagnostics]
    return [line.split(",") for line in checked.tasks[0].task.inputs[0].data.decode().splitlines()[1:]]


def drawn() -> str:
    lines: list[str] = []
    for row in PROVIDERS:
        local = any(p.name == "locale" for p in row.parameters)
        for locale in LOCALES if local else ("",):
            function = getattr(providers, row.python)
            options = {"locale": locale} if locale else {}
            values = [
                str(function(Source("golden", row.name, n), *map(word_or_number, NEEDED.get(row.name, ())), **options))
                for n in range(3)
            ]
            lines.append(f"{row.group}.{row.name} {locale}: " + " | ".join(values))
    return "\n".join(lines) + "\n"


def word_or_number(text: str) -> object:
    return int(text) if text.isdigit() else float(text)


def test_values_are_pinned(update_goldens: bool) -> None:
    if update_goldens:
        GOLDEN.write_text(drawn(), encoding="utf-8")
    assert drawn() == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(word_lists.PINNED))
def test_word_lists_are_those_that_were_pinned(name: str) -> None:
    locale, file = name.removesuffix(".json").split("/")
    path = {"person": ("surnames",), "address": ("city",), "text": ("words",)}[file]
    if (locale, file) != ("en-gb", "text"):
        assert len(word_lists.word_list(locale, file, *path)) > 300


def test_other_word_lists_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "mimesis"
    (package / "datasets" / "sv").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    (package / "datasets" / "sv" / "text.json").write_text('{"words": ["annat"]}')
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    data = word_lists._data.__wrapped__  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(Unmet, match="of another version"):
        data("sv", "text")
    with pytest.raises(Unmet, match="are not installed"):
        data("sv", "person")


def test_addresses_are_reserved_and_differ() -> None:
    rows = table(
        'id = n; name = pick(["Ada Berg", "Jörg Müller-Groß"]); mail = email(name)', 300, use="use std.people (email)"
    )
    mails = [row[2] for row in rows]
    assert len(set(mails)) == 300
    assert all(re.fullmatch(r"(ada\.berg|jorg\.muller\.gross)[0-9]*@example\.(com|net|org)", mail) for mail in mails)


@pytest.mark.parametrize("domain", ["shop.example.com", "x.test", "a.b.invalid", "my.example"])
def test_other_reserved_domains(domain: str) -> None:
    rows = table(f'id = n; mail = email("Ada", domain = "{domain}")', 3, use="use std.people (email)")
    assert rows[0][1] == f"ada@{domain}" and len({row[1] for row in rows}) == 3


@pytest.mark.parametrize(
    ("locale", "form"),
    [
        ("en", r"\+1-[2-9]\d\d-555-01\d\d"),
        ("en-gb", r"020 7946 0\d{3}|01[623]1 496 0\d{3}|0121 496 0\d{3}|029 2018 0\d{3}|07700 900\d{3}"),
        ("de", r"(030 23125|040 66969|069 90009|089 99998|0221 4710) \d{3}"),
        ("fr", r"(01 99 00|02 61 91|03 53 01|04 65 71|05 36 49|06 39 98) \d\d \d\d"),
        ("sv", r"031-390 06 \d\d|040-628 04 \d\d|08-465 004 \d\d|0980-319 2\d\d"),
    ],
)
def test_telephone_numbers_are_kept_for_fiction(locale: str, form: str) -> None:
    rows = table(f'id = n; phone = phone(locale = "{locale}")', 150, use="use std.people (phone)")
    assert all(re.fullmatch(form, row[1]) for row in rows)
    assert len({row[1] for row in rows}) == 150


@pytest.mark.parametrize("locale", LOCALES)
def test_prose_has_the_size_that_was_asked_for(locale: str) -> None:
    source = Source("prose", locale)
    assert len(providers.any_phrase(source, 7, locale).split()) == 7
    sentence = providers.any_sentence(source, 9, locale)
    assert len(sentence.split()) == 9 and sentence[0].isupper() and sentence.endswith(".")
    paragraph = providers.any_paragraph(source, 4, locale)
    assert len(re.findall(r"\.(?= |$)", paragraph)) == 4


def test_prices_lie_within_their_bounds() -> None:
    rows = table("id = n; price = price(0.99, 20)", 300, use="use std.money (price)")
    prices = [float(row[1]) for row in rows]
    assert all(0.99 <= p <= 20 for p in prices)
    assert sum(row[1].endswith(".99") for row in rows) > 15


def test_a_name_of_the_language_keeps_its_meaning_outside_of_data() -> None:
    use = "use std.people (email)"
    text = SPEC.format(columns='id = n; mail = email("Ada")', count=2, use=use)
    text = text.replace("  workspace {", '  workspace { file letter "input/a.eml" { content = "Subject: Tea\\n\\nAt four.\\n" };').replace(
        "let wanted = csv(whole)", "let wanted = csv(whole) | derive about = email(letter).subject").replace("{{ path.whole }}", "{{ path.whole }} and {{ path.letter }}")  # fmt: skip
    checked = check("spec.claw", text)
    assert checked.tasks, [d.message for d in checked.diagnostics]
    assert b"Tea" in checked.tasks[0].witness.files["output/list.csv"]


@pytest.mark.parametrize("arguments", [["--version"], ["check", "--no-cache", "examples/order_totals.claw"]])
def test_word_lists_cost_nothing_where_nothing_is_drawn(arguments: list[str]) -> None:
    code = "import sys; from clawc.cli import run; run(sys.argv[1:]); print(sorted(m for m in sys.modules if 'mimesis' in m or m.endswith(('word_lists', '.dirt', '.providers'))))"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
