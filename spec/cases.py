"""The tables of cases in `cases/*.md`: the semantics in rows, each of which is a test. The form is in `cases/README.md`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGES = Path(__file__).with_name("cases")
KINDS = ("file", "input", "answer")
# The file of a row in its expression, and texts, which it may not be sought in.
_WORD = re.compile(r'"(?:\\.|[^"\\])*"|\bd\b')
_CELL = re.compile(r"(?<!\\)\|")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_NAMED = {"n": "\n", "t": "\t", "r": "\r"}
_FENCE = re.compile(r"^```(\w*)$")


@dataclass(frozen=True, slots=True)
class Case:
    """One row. `kind` is file, input or answer; `suffix` is that of the file; `expected` is a value, or an outcome."""

    page: str
    line: int
    kind: str
    suffix: str
    content: str
    expression: str
    expected: str
    declared: str = ""
    check: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one topic, and the definitions in the language that they share."""

    name: str
    definitions: str
    cases: tuple[Case, ...]


def over(expression: str, name: str) -> str:
    """The expression of a row, with `name` for the file `d`."""
    return _WORD.sub(lambda match: name if match[0] == "d" else match[0], expression)


class CasesError(ValueError):
    """A page that is not in the form of `cases/README.md`."""


def pages(folder: Path = PAGES) -> list[Page]:
    """Every page, by name; raises CasesError."""
    return [read(path.stem, path.read_text("utf-8")) for path in sorted(folder.glob("*.md")) if path.stem != "README"]


def read(name: str, text: str) -> Page:
    """The rows of one page; raises CasesError with the line."""
    definitions: list[str] = []
    cases: list[Case] = []
    block = ("", "")
    header: list[str] = []
    lines = enumerate(text.splitlines(), 1)
    for number, line in lines:
        fence = _FENCE.match(line)
        if fence:
            inside = "".join(f"{part}\n" for part in _fenced(lines))
            if fence[1] == "claw":
                definitions.append(inside)
            else:
                block = (fence[1], inside)
        elif not line.startswith("|"):
            header = []
        elif not header:
            header = _cells(line)
        elif not set(line) <= set("|-: "):
            cases.append(_case(name, number, header, _cells(line), block))
    return Page(name, "\n".join(definitions), tuple(cases))


def _fenced(lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    for _, line in lines:
        if line == "```":
            return
        yield line


def _cells(line: str) -> list[str]:
    cells = [cell.strip().replace("\\|", "|") for cell in _CELL.split(line)[1:-1]]
    return [cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == "`" else cell for cell in cells]


def _case(page: str, line: int, header: list[str], cells: list[str], block: tuple[str, str]) -> Case:
    where = f"{page}.md:{line}"
    if len(header) != len(cells):
        raise CasesError(f"{where}: {len(cells)} cells under {len(header)} headings")
    row = dict(zip(header, cells, strict=True))
    of = [h for h in header if h.rsplit(" ", 1)[-1] in KINDS]
    suffix, kind = of[0].split(" ") if of else (block[0], "answer" if "outcome" in row else "file")
    content = _unescaped(row[of[0]]) if of and row[of[0]] else block[1]
    known = {*of, "expression", "value", "condition", "outcome", "declared", "check", "because"}
    unknown = sorted(set(header) - known)
    if unknown:
        raise CasesError(f"{where}: unknown heading {unknown[0]!r}")
    names = ("condition", "outcome") if kind == "answer" else ("expression", "value")
    missing = [n for n in names if n not in row]
    if missing:
        raise CasesError(f"{where}: a table of a {kind} has a column {missing[0]!r}")
    expression, expected = (row[n] for n in names)
    if kind == "file" and over(expression, "") == expression:
        kind = "input"  # nothing in it is the agent's
    return Case(page, line, kind, suffix, content, expression, expected, row.get("declared", ""), row.get("check", ""))


def _unescaped(cell: str) -> str:
    def sign(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else _NAMED.get(match[2], match[2])

    return _ESCAPE.sub(sign, cell)
