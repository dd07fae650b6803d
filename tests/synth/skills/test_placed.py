"""Skills in sources: whatever a body holds, the compiled workspace holds it byte for byte, and nothing else of the source changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.compiler.format.formatting import formatted
from clawc.compiler.pipeline import Compiled, check
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.synth.skills.placed import block_text, label_of, labels, placed
from clawc.runtime.synth.skills.skill import Skill, SkillFile
from tests.synth.skills.making import real_skills, skill_of

EXAMPLES = Path(__file__).parents[3] / "examples"
BARE = """claw 1

## Says hello.
task greeting {
  title      = "Say hello in a file"
  category   = office.records
  operations = [files.write]  # one

  ## The file.
  deliver greeting "out/greeting.txt"

  instruction = "Write Hello, as one line, to {{ path.greeting }}, and nothing else."

  verify { check right { expect trim(text(greeting)) == "Hello" } }
}
"""
FULL = (EXAMPLES / "order_totals.claw").read_text(encoding="utf-8")
LINE = (
    'claw 1\ntask greeting { title = "Say hello"; category = office.records; operations = [files.write]; deliver greeting "a.txt"; '
    'instruction = "Write Hello, as one line, to {{ path.greeting }}, and nothing else."; '
    'verify { check right { expect trim(text(greeting)) == "Hello" } } }'
)
HOSTILE: dict[str, str] = {
    "quotes": 'a "b" ""c"" """d""" """"e""""\n"""\n"\n""\nends in "',
    "only quotes": '"""',
    "quotes at the end": 'a\n"""',
    "backslashes": "a\\b\\\\c\\\n\\",
    "escapes": '\\n\\t\\u0041\\x41\\{\\}\\"\n\\u12',
    "holes": "{{ path.x }} {{{{ }} {% raw %} {# c #}\n{{\n}}",
    "returns": "a\r\nb\rc\r\n\r\n",
    "a return at the end": "a\nb\r",
    "only a return": "\r\n",
    "tabs": "\ta\n\t\tb\n \tc\n",
    "indented": "    a\n      b\n    c\n",
    "indented by tabs": "\ta\n\tb",
    "blanks alone": "a\n   \nb\n \t \n",
    "blanks at the end": "a\n  ",
    "blanks first": "  \na\n",
    "blanks behind": "a  \nb\t\n",
    "other blanks": "\u3000\na\n\xa0\n\u2003b\n\x85\n\x0b\n\x1c\n",
    "empty lines": "\n\n\na\n\n\n",
    "line ends alone": "\n\n\n",
    "no line end": "a",
    "two lines": "a\nb",
    "control characters": "".join(map(chr, range(32))) + "\x7f\n" + "".join(map(chr, range(0x80, 0xA0))),
    "separators": "a\u2028b\u2029c\nd",
    "directions": "\u202eabc\u2066\n\u200b\ufeffx\n\ufe0f",
    "other planes": "\U0001f600\n\U000e0041\U0010ffff\n\ue000\uffff",
    "comments": "# a\n## b\n// c\n} # d\n",
    "the language": 'task x {\n  skill y { content = """\n    a\n    """ }\n}\n',
    "front matter": "---\nname: other\n---\nx\n",
    "fences": "```sh\necho `id` $(id)\n```\n",
    "a long line": "x" * 100_000 + "\n" + '"' * 1_000 + "\n",
    "many lines": "a\n\n" * 20_000,
}


def compiled(source: str) -> Compiled:
    result = check("t.claw", source, None, 0)
    assert result.ok, [(each.code, each.message) for each in result.diagnostics if each.severity == "error"]
    return result.tasks[0]


def content(task: Compiled, label: str) -> bytes:
    """What stands in the workspace as the text of a skill."""
    (found,) = [each.file.data for each in task.task.inputs if each.file.path == f"skills/{label}/SKILL.md"]
    assert found is not None
    return found


def holds(source: str, skill: Skill) -> None:
    new = placed(source, [skill])
    (label,) = labels(source, [skill])
    data = content(compiled(new), label).decode()
    head, _, body = data.partition("\n---\n\n")
    assert body == skill.body
    assert head.startswith(f"---\nname: {label}\ndescription: ") and head.count("\n") == 2
    assert formatted("t.claw", new).text == new
    assert placed(new, [skill]) == new


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize("source", [FULL, BARE], ids=["a workspace", "none"])
def test_hostile_bodies(what: str, source: str) -> None:
    holds(source, skill_of(HOSTILE[what]))


@pytest.mark.parametrize(
    "description", ['"', "\\", "{{ x }}", "a\\n", "\u202e\u2028\x00", "'''\"\"\"", "# x } {", "\U0001f600"]
)
def test_hostile_descriptions(description: str) -> None:
    holds(FULL, skill_of("Do it.\n", description=description))


@given(st.text(st.sampled_from('a \t\n\r"\\{}#u0\x00\u3000\xa0\u2028'), max_size=60) | st.text(max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_body(body: str) -> None:
    holds(BARE, skill_of(body or "x"))


@given(st.text(st.sampled_from('ab \t\n\r"\\{}\u3000'), max_size=40), st.integers(0, 9))
@settings(max_examples=300, deadline=None)
def test_a_block_text_keeps_its_value_where_it_is_moved(text: str, indent: int) -> None:
    written = block_text(text).replace("\n", "\n" + " " * indent)
    source = BARE.replace(
        "deliver greeting", f'workspace {{ file a "a" {{ content = {written} }} }}\n  deliver greeting'
    )
    (found,) = compiled(source).task.inputs
    assert found.file.data == text.encode()


def test_plain_texts_stay_readable() -> None:
    skill = real_skills()["changelog-from-commits"]
    new = placed(FULL, [skill])
    indented = [f"        {line}" if line else "" for line in skill.body.split("\n")]
    start = new.rindex('      content = """\n')
    shown = new[start:].split("\n")[1 : len(indented)]
    assert shown == [line.replace("\\", "\\\\") for line in indented[:-1]]


def test_all_realistic_skills_in_all_examples() -> None:
    skills = list(real_skills().values())
    for path in sorted(EXAMPLES.glob("*.claw")):
        source = path.read_text(encoding="utf-8")
        before, new = check(str(path), source, None, 0), placed(source, skills)
        after = check(str(path), new, None, 0)
        assert [(each.code, each.message) for each in after.diagnostics] == [
            (each.code, each.message) for each in before.diagnostics
        ]
        if not before.ok:
            continue  # it reads files beside it
        for skill, label in zip(skills, labels(source, skills)):
            assert label == skill.name.replace("-", "_")
            assert content(after.tasks[0], label).endswith(b"\n---\n\n" + skill.body.encode())
        had = {each.file.path: each.file.data for each in before.tasks[0].task.inputs}
        have = {each.file.path: each.file.data for each in after.tasks[0].task.inputs}
        assert {path: data for path, data in have.items() if not path.startswith("skills/")} == had


def test_where_the_block_stands() -> None:
    skill = skill_of("Do it.\n")
    block = '    skill a_skill {\n      description = "What it does."\n      content = """\n        Do it.\n        """\n    }\n'
    assert placed(BARE, [skill]) == BARE.replace("# one\n", f"# one\n\n  workspace {{\n{block}  }}\n")
    assert placed(FULL, [skill]) == FULL.replace(
        '1005,Bela,1.05\n        """\n    }\n', f'1005,Bela,1.05\n        """\n    }}\n\n{block}'
    )
    empty = BARE.replace("# one\n", "# one\n\n  workspace { # nothing yet\n  }\n")
    assert "# nothing yet" in placed(empty, [skill]) and compiled(placed(empty, [skill]))


@pytest.mark.parametrize(
    "source",
    [
        BARE.replace("\n", "\r\n"),
        FULL.replace("\n", "\r\n"),
        "\ufeff" + BARE,
        BARE.rstrip("\n"),
        BARE.replace("  # one\n\n  ## The file.\n", "; "),
        BARE.replace("## The file.", "## } # { workspace {"),
        LINE,
        LINE.replace("deliver greeting", "workspace { }; deliver greeting"),
    ],
)
def test_sources_of_other_layouts(source: str) -> None:
    compiled(source)
    new = placed(source, [skill_of("a\n  b\n")])
    assert content(compiled(new), "a_skill").endswith(b"\n---\n\na\n  b\n")


def test_what_is_declared_stays() -> None:
    source = FULL.replace("workspace {\n", 'workspace {\n    skill tidy { description = "x"; content = "Mine." }\n', 1)
    tidy, other = skill_of("Theirs.\n", "tidy"), skill_of("Other.\n", "other")
    assert placed(source, [tidy]) == source and placed(source, []) == source
    both = compiled(placed(source, [tidy, other, other]))
    assert content(both, "tidy").endswith(b"Mine.") and content(both, "other").endswith(b"Other.\n")


def test_a_name_that_the_source_uses_is_not_taken() -> None:
    """`orders` is a file, `total` a column, `report` a deliverable."""
    skills = [skill_of(f"Text of {name}.\n", name, f"About {name}.") for name in ("orders", "total", "report", "count")]
    assert labels(FULL, skills) == ("orders_2", "total_2", "report_2", "count_2")
    new = placed(FULL, skills)
    assert not check("t.claw", new, None, 0).diagnostics
    assert content(compiled(new), "total_2").endswith(b"Text of total.\n")
    assert labels(new, skills) == ("orders_2", "total_2", "report_2", "count_2") and placed(new, skills) == new


@pytest.mark.parametrize(
    ("name", "label"),
    [("table-cleaning", "table_cleaning"), ("1password", "skill_1password"), ("if", "skill_if"), ("on", "skill_on"),
     ("path", "skill_path"), ("workspace", "skill_workspace"), ("a" * 64, "a" * 60)],
)  # fmt: skip
def test_names_of_the_language(name: str, label: str) -> None:
    assert label_of(name) == label
    holds(FULL, skill_of("Do it.\n", name))


def test_long_names_that_begin_alike() -> None:
    skills = [skill_of(f"{end}\n", "a" * 62 + end, f"About {end}.") for end in "bc"]
    assert labels(FULL, skills) == ("a" * 60, "a" * 60 + "_2")
    task = compiled(placed(FULL, skills))
    assert [content(task, label)[-2:] for label in labels(FULL, skills)] == [b"b\n", b"c\n"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "cannot be read"),
        ("claw 1\n", "has 0 tasks"),
        ("claw 1\nlet a = 1\n", "has 0 tasks"),
        ("claw 1\ntask a {\n", "cannot be read: line 2"),
        ('claw 1\ntask a { title = """x }', "cannot be read"),
        ("claw 1\ntask a { title = \"a\" }\ntask b { title = \"b\" }\n", "has 2 tasks"),
        ("claw 1\ntask a " + "{" * 500 + "}" * 500, "cannot be read"),
    ],
)  # fmt: skip
def test_sources_that_are_refused(source: str, said: str) -> None:
    with pytest.raises(RuntimeFault) as fault:
        placed(source, [skill_of("x")])
    assert fault.value.code == "R1006" and said in fault.value.message and fault.value.help


def test_skills_that_are_refused() -> None:
    with pytest.raises(RuntimeFault, match=r"names `scripts/a\.py`, a file beside its text"):
        placed(FULL, [skill_of("Run scripts/a.py.\n", files=(SkillFile("scripts/a.py", b""),))])
    with pytest.raises(RuntimeFault, match="more than 2 MiB"):
        placed(FULL, [skill_of("x" * (1 << 20), name) for name in ("a", "b", "c")])
    assert placed(FULL, [skill_of("Do it.\n", files=(SkillFile("LICENSE", b""),))])
