"""A document in Markdown line by line: what is code, what is hidden, and what is a bullet, a rule or a table.

What looks like a mark inside a code fence, an HTML comment or the front matter is none. Every scan is linear.
"""

from __future__ import annotations

import re
from typing import List, Match, NamedTuple, Optional, Tuple

BULLET = re.compile(r"([ \t]*)(?:[-*+•]|([0-9]{1,3})[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(.*)$")
OPEN_PIPE = re.compile(r"(?<!\\)\|")

_FRONT_KEY = re.compile(r"[\w-]+[ \t]*:|#")
_COLUMN_RULE = re.compile(r":?-+:?$")


class MdLine(NamedTuple):
    """A line and what it is: `text`, `code` inside a fence, or the `fence` itself."""

    text: str
    kind: str


def md_lines(text: str) -> List[MdLine]:
    """The lines of a document, without front matter and HTML comments."""
    raw = text.split("\n")
    last_close = max((index for index, line in enumerate(raw) if "-->" in line), default=-1)
    lines: List[MdLine] = []
    fence, hidden = "", False
    for index in range(_front_matter_end(raw), len(raw)):
        line = raw[index]
        if hidden:
            _, closed, line = line.partition("-->")
            if not closed:
                continue
            hidden = False
        if fence:
            content = line.strip()
            if len(content) >= len(fence) and content == fence[0] * len(content):
                fence = ""
                lines.append(MdLine(line, "fence"))
            else:
                lines.append(MdLine(line, "code"))
            continue
        fence = _fence_mark(line)
        if fence:
            lines.append(MdLine(line, "fence"))
            continue
        line, hidden = _without_comments(line, index < last_close)
        lines.append(MdLine(line, "text"))
    return lines


def _front_matter_end(lines: List[str]) -> int:
    """The index of the first line after a YAML front matter; 0 where there is none."""
    if len(lines) < 3 or lines[0].rstrip() != "---" or not _FRONT_KEY.match(lines[1]):
        return 0
    for index in range(1, len(lines)):
        content = lines[index].strip()
        if not content:
            return 0
        if content in ("---", "..."):
            return index + 1
    return 0


def _fence_mark(line: str) -> str:
    """The backticks or tildes with which a line opens a code fence; nothing when it opens none."""
    content = line.lstrip()
    for sign in ("`", "~"):
        if content.startswith(sign * 3):
            after = content.lstrip(sign)
            return "" if sign == "`" and "`" in after else content[: len(content) - len(after)]
    return ""


def _without_comments(line: str, closed_later: bool) -> Tuple[str, bool]:
    """A line without its HTML comments, and whether one is open at its end; unclosed ones are text."""
    parts: List[str] = []
    position = 0
    while True:
        begin = line.find("<!--", position)
        if begin < 0:
            break
        end = line.find("-->", begin + 4)
        if end < 0 and not closed_later:
            break
        parts.append(line[position:begin])
        if end < 0:
            return "".join(parts), True
        position = end + 3
    return "".join(parts) + line[position:], False


def is_rule(line: str) -> bool:
    """Whether a line is a horizontal rule (`---`, `* * *`)."""
    marks = line.replace(" ", "").replace("\t", "")
    return len(marks) >= 3 and marks[0] in "-*_" and marks == marks[0] * len(marks)


def bullet_of(line: str, running: bool) -> Optional[Match[str]]:
    """The indent, number and text of a bullet. Inside running text only the number 1 can begin a list."""
    found = BULLET.match(line)
    if found is None or is_rule(line) or (running and found.group(2) not in (None, "1")):
        return None
    return found


def is_column_rule(line: str) -> bool:
    """Whether a line is the one below the header of a table: `|---|:-:|`."""
    return "|" in line and "-" in line and all(_COLUMN_RULE.match(cell) for cell in row_cells(line))


def row_cells(line: str) -> List[str]:
    """The cells of a table row as written; an escaped pipe separates none."""
    content = line.strip()
    content = content[1:] if content.startswith("|") else content
    cells = [cell.strip() for cell in OPEN_PIPE.split(content)]
    if len(cells) > 1 and not cells[-1]:
        cells.pop()
    return cells


def table_spans(lines: List[MdLine]) -> List[Tuple[int, int]]:
    """Every pipe table: the index of its header and the index after its last row."""
    found: List[Tuple[int, int]] = []
    index = 1
    while index < len(lines):
        header = lines[index - 1]
        if (
            header.kind == lines[index].kind == "text"
            and "|" in header.text
            and is_column_rule(lines[index].text)
            and len(row_cells(header.text)) == len(row_cells(lines[index].text))
        ):
            end = index + 1
            while end < len(lines) and lines[end].kind == "text" and "|" in lines[end].text:
                end += 1
            found.append((index - 1, end))
            index = end
        index += 1
    return found
