"""The runner of mutants itself: what it mutates, what it kills, and what it leaves alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.equivalent import Equivalent, equivalents, listed
from tests.mutation.mutants import CHECKS, Diff, mutants_in, mutants_of
from tests.mutation.planted import CHANGES, MODULE, TESTS
from tests.mutation.reach import ROOT, users
from tests.mutation.rules import FOR_PEOPLE

LEFT_OUT = '''"""Of 1 module."""
from typing import Dict, Optional
Named = Dict[str, int]
MAX_ROWS = 1 << 20


@lru_cache(maxsize=1)
def f(x: "Optional[int]") -> None:
    """A text of 2 words."""
    if len(x) > MAX_ROWS:
        raise Unmet("%s has more than 3 rows" % shown(x))
    x.encode("utf-8")
    problem = "expected 1, found %d" % 2
    return No("too few: 1")


class C:
    def __repr__(self) -> str:
        return "C(1)"


def shown(x):
    return "1" + x
'''


def changes(text: str) -> set[str]:
    return {str(m.diff) for m in mutants_in("x", text)}


def test_what_is_mutated() -> None:
    found = changes("def f(a):\n    return because(a, 1) if a < 2 else a\n")
    assert "- return because(a, 1) if a < 2 else a\n+ return because(a, 1) if a <= 2 else a" in found
    assert "- return because(a, 1) if a < 2 else a\n+ return because(a, 2) if a < 2 else a" in found
    assert not any("because(None" in change or "because(1)" in change for change in found)


def test_what_is_left_out() -> None:
    assert sorted(changes(LEFT_OUT)) == [
        "- if len(x) > MAX_ROWS:\n+ if len(None) > MAX_ROWS:",
        '- problem = "expected 1, found %d" % 2\n+ problem = None',
        '- x.encode("utf-8")\n+ x.encode("XXutf-8XX")',
        '- x.encode("utf-8")\n+ x.encode(None)',
    ]


def test_every_function_that_writes_for_people_exists() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in CHECKS.glob("*.py"))
    assert [name for name in sorted(FOR_PEOPLE) if f"def {name}(" not in text] == []


def test_a_mutant_knows_where_it_stands() -> None:
    text = "A = 1\n\n\ndef f(a):\n    if (\n        a\n        and 5\n    ):\n        return 6\n"
    found = {str(m.diff): (m.scope, m.line, tuple(m.statement)) for m in mutants_in("x", text)}
    assert found["- A = 1\n+ A = 2"] == ("A", 1, (1, 1))
    assert found["- and 5\n+ and 6"] == ("f", 7, (5, 8))
    assert found["- return 6\n+ return 7"] == ("f", 9, (9, 9))


def test_who_uses_a_constant() -> None:
    assert users("_ASSIGNMENT") == {"shell_words.command_line"}
    assert "css.css_selector" in users("_CSS_NAME")  # through another constant


def test_the_list_of_equivalent_mutants() -> None:
    text = "# why\n\nm f\n- a\n+ b\n= the same\nm g\n- c\n= never run\n"
    assert equivalents(text) == [
        Equivalent("m", "f", Diff(("a",), ("b",)), "the same"),
        Equivalent("m", "g", Diff(("c",), ()), "never run"),
    ]
    for wrong in ("- a\n", "m f\n- a\n", "m f\n= no change\n", "m f\nm g\n"):
        with pytest.raises(ValueError):
            equivalents(wrong)


@pytest.mark.nightly
def test_every_listed_mutant_exists() -> None:
    for module in sorted({entry.module for entry in listed()}):
        entries = [entry for entry in listed() if entry.module == module]
        lines = {line for entry in entries for line in entry.diff.old}
        made = {(m.scope, m.diff) for m in mutants_of(module) if m.text.strip() in lines}
        assert [entry for entry in entries if (entry.scope, entry.diff) not in made] == []


@pytest.mark.nightly
def test_planted_changes_end_as_they_must() -> None:
    command = [sys.executable, "-m", "tests.mutation.planted"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == {
        "nothing": [],
        "unseen": [],
        "a flag without a value": [TESTS[3]],
        "another value": [TESTS[1]],
        "a constant": [TESTS[1]],
        "a limit that is not there": [TESTS[0]],
        "no module": ["tests/checks/test_shell_words.py"],
        "no end": "a test ran for too long",
        "the end of the process": "ended by signal 6",
        "a text for people": [TESTS[3]],
    }
    text = (CHECKS / f"{MODULE}.py").read_text(encoding="utf-8")
    assert [change.name for change in CHANGES if change.old not in text] == []


@pytest.mark.nightly
def test_a_sample(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "tests.mutation", "--module", MODULE, "--tests", "tests/checks/test_shell_words.py",
        "--sample", "3", "--seed", "1", "--reach", str(tmp_path / "reach.json"), "--json", str(tmp_path / "told.json"),
    ]  # fmt: skip
    done = subprocess.run([*command, "--least", "0"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    told = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
    assert done.returncode == 0, done.stderr
    assert told["sample"] == len(told["mutants"]) == 3
    assert f"{told['killed']} of 3 mutants are killed" in done.stdout
    assert all(mutant["tests"] for mutant in told["mutants"])
