"""The sources that every way to colour the language is tried on, and hostile ones."""

from __future__ import annotations

from pathlib import Path

from clawc.compiler.passes.lex import Comment, Token, lex
from clawc.compiler.passes.parse import parse
from clawc.compiler.source import Diagnostics, Source

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("*.claw"))
VALID = [*EXAMPLES, *sorted((ROOT / "tests" / "conformance" / "valid").rglob("*.claw"))]
SPELLINGS = '''\ufeff# Forms that no example has.
claw 1

let numbers = [1, 2.5, 90s, 5min, 64MiB, 20%, -3..9, 0]
let dates = [@2026-01-31, @2026-01-31T09:30, @2026-01-31T09:30:00Z, @2026-01-31T09:30+02:00]
let texts = ["", "a \\" quote", "{{{{ two braces", "{{ a }}{{ b[1] }}", "a # b", """one ""two"" \\""" three""", re"[\\"]+#(?<n>x|y)*$"]
let record = {if_: 1, "a b": 2, [numbers]: 3, `odd`: true}.if_ # behind
let column = record.`odd name`
let long = first
  | where not x in numbers and y == null or z ?? 1 >= 2

  # between stages
  | join other on a, b == c
let within_ = if a then b else {on: within}
task t "label" { title = "x"; let on = 1; file f "p" { content = """{{ no hole }} "" """ } }
'''


def names(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lexed(text: str) -> tuple[list[Token], list[Comment]]:
    """What the compiler reads, without line ends."""
    found = lex(text)
    return [token for token in found.tokens if token.kind not in ("_NL", "$END")], found.comments


def parses(text: str) -> bool:
    """Does it follow the grammar?"""
    diagnostics = Diagnostics()
    parse(Source.of("t.claw", text), diagnostics)
    return not diagnostics.has_errors


# One unit each: what is repeated to a long line, or to a long file. The names are those of tests.
HOSTILE = {
    "quotes": '"', "open strings": '"\\', "open blocks": '"""\\', "closed blocks": '"""a"""', "holes": "{{", "open holes": '"{{ a', "slashes": "/a[",
    "escaped slashes": "/\\", "regexes": "re'", "heredocs": "<<A\n", "heredocs on a line": "<<A ", "comments": "\n#", "commas": ", ",
    "commas at ends": ",\n", "dates": "@1", "numbers": "1.", "ranges": "1..", "ticks": "`", "parentheses": "(", "braces": "{", "pipes": "|\n",
    "comment lines": "#\n", "equals": "a = ", "kinds": "task task ", "stages": "| where ", "names": "a", "curly quotes": "\u201c", "controls": "\x00\x1b",
    "carriage returns": "\r", "blocks that hide ends": '\n\\"""x', "other languages": "\u00e9\U0001f600",
}  # fmt: skip


def hostile(name: str, size: int) -> str:
    unit = HOSTILE[name]
    return ('"""' if name == "blocks that hide ends" else "") + unit * (size // len(unit))
