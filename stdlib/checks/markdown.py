"""Documents in Markdown, or in plain text that uses its marks: sections, bullets, tables and labelled lines.

A fixed subset of CommonMark that is read line by line, in linear time.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any, List, NamedTuple, Optional, Set, Tuple

from clawc.stdlib.checks.inline import plain_inline
from clawc.stdlib.checks.kinds import cut, listed
from clawc.stdlib.checks.mdlines import (
    BULLET,
    OPEN_PIPE,
    MdLine,
    bullet_of,
    is_column_rule,
    is_rule,
    md_lines,
    row_cells,
    table_spans,
)
from clawc.stdlib.checks.readers import require_distinct, require_size, source_name, text_of
from clawc.stdlib.checks.values import Cell, File, No, PrintedCell, Row, Table, Truth, Unmet

MAX_PROSE = 500_000
MAX_PROSE_LINES = 50_000
LOOSE_LEVEL = 7  # below every heading proper, so that none of these ends at a loose one

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
# Blanks, but for one that holds the groups of thousands of a number together.
_LOOSE_BLANKS = re.compile("(?:(?!(?<=[0-9])[\u00a0\u2007\u2009\u202f][0-9]{3}(?![0-9]))\\s)+")
_LEADING_NUMBER = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,2})*[.):]?\s+")


class MdHeading(NamedTuple):
    """A heading, the index of its line, and of the first line of its content."""

    level: int
    title: str
    line: int
    body: int


class MdBlock(NamedTuple):
    """A `heading`, `paragraph`, `bullet`, table `row` or line of `code`: one line of text without markup."""

    kind: str
    text: str


def prose_of(source: Any) -> str:
    """The text of a document, which must not be longer than what is read as prose."""
    return bounded_prose(text_of(source), source_name(source))


def bounded_prose(text: str, name: str) -> str:
    """The text itself; raises Unmet when it is too long to be read as prose."""
    if len(text) > MAX_PROSE:
        raise Unmet(f"{name} is longer than {MAX_PROSE} characters")
    if text.count("\n") > MAX_PROSE_LINES:
        raise Unmet(f"{name} has more than {MAX_PROSE_LINES} lines of prose")
    return text


def _is_plain(line: MdLine) -> bool:
    """Whether a line is running text: the title of an underlined heading, or a label, has to be."""
    content = line.text.strip()
    return (
        line.kind == "text"
        and bool(content)
        and content[0] not in "#>|"
        and not BULLET.match(line.text)
        and not is_rule(line.text)
    )


def _is_underline(line: MdLine) -> bool:
    """Whether a line can underline a heading."""
    content = line.text.strip()
    return line.kind == "text" and content != "" and content in ("=" * len(content), "-" * len(content))


def _is_loose_heading(line: MdLine) -> bool:
    """Whether a line of a plain text file serves as heading: `Label:`, or a whole line in bold."""
    content = line.text.strip()
    if len(content) > 80 or not _is_plain(line) or ". " in content:
        return False
    bold = content.rstrip(":")
    return content.endswith(":") or any(
        len(bold) > 4 and bold.startswith(mark) and bold.endswith(mark) and mark not in bold[2:-2]
        for mark in ("**", "__")
    )


def md_headings(lines: List[MdLine], loose: bool) -> List[MdHeading]:
    """The headings in order: with `#`, underlined, and if `loose` also labels and bold lines."""
    found: List[MdHeading] = []
    free = True  # nothing but a blank line or a heading stands directly above
    for index, line in enumerate(lines):
        atx = _ATX.match(line.text) if line.kind == "text" else None
        below = lines[index + 1] if index + 1 < len(lines) else MdLine("", "text")
        if atx:
            title = plain_inline(_atx_title(atx.group(2) or ""))
            found.append(MdHeading(len(atx.group(1)), title, index, index + 1))
        elif free and _is_plain(line) and _is_underline(below):
            level = 1 if below.text.strip()[0] == "=" else 2
            found.append(MdHeading(level, plain_inline(line.text).strip(), index, index + 2))
        elif loose and free and _is_loose_heading(line):
            title = plain_inline(line.text).strip().rstrip(":").strip()
            found.append(MdHeading(LOOSE_LEVEL, title, index, index + 1))
        free = not line.text.strip() or (bool(found) and index < found[-1].body)
    return found


def _atx_title(written: str) -> str:
    """What a `#` heading says, without the `#`s that may close it."""
    title = written.strip()
    opened = title.rstrip("#")
    return opened.rstrip() if not opened or opened[-1] in " \t" else title


def _headings_of(source: Any) -> Tuple[List[MdLine], List[MdHeading]]:
    """The lines and headings of a source; labels and bold lines are headings in files of plain text only."""
    lines = md_lines(prose_of(source))
    return lines, md_headings(lines, isinstance(source, File) and source.kind == "text")


def headings(source: Any, level: Optional[int] = None) -> List[str]:
    """The titles of the headings in order, without markup; with `level`, only those of this level."""
    _, found = _headings_of(source)
    return [heading.title for heading in found if level is None or heading.level == level]


def heading_key(title: str) -> str:
    """A title as it is compared: without case, outer symbols, a closing colon and extra blanks."""
    text = " ".join(unicodedata.normalize("NFC", plain_inline(title.lstrip("#"))).casefold().split())
    outer = ("So", "Sk", "Cf", "Mn", "Zs")
    start, end = 0, len(text)
    while start < end and unicodedata.category(text[start]) in outer:
        start += 1
    while end > start and (text[end - 1] == ":" or unicodedata.category(text[end - 1]) in outer):
        end -= 1
    return text[start:end]


def _unnumbered(key: str) -> str:
    """A compared title without the number that it may begin with."""
    found = _LEADING_NUMBER.match(key)
    return key[found.end() :] if found else key


def _find_heading(found: List[MdHeading], name: str) -> Optional[int]:
    """The index of the first heading with this title; if none has it, of one with another leading number."""
    wanted = heading_key(name)
    keys = [heading_key(heading.title) for heading in found]
    if wanted in keys:
        return keys.index(wanted)
    bare = [_unnumbered(key) for key in keys]
    return bare.index(_unnumbered(wanted)) if _unnumbered(wanted) in bare else None


def has_section(source: Any, name: str) -> bool:
    """Whether a heading has this title."""
    _, found = _headings_of(source)
    return _find_heading(found, name) is not None


def repeats_section(source: Any, name: str) -> bool:
    """Whether the title of the first heading with this title stands again on its level."""
    _, found = _headings_of(source)
    first = _find_heading(found, name)
    if first is None:
        return False
    level, key = found[first].level, heading_key(found[first].title)
    return any(other.level == level and heading_key(other.title) == key for other in found[first + 1 :])


def section(source: Any, name: str) -> str:
    """What stands below the first heading with this title, up to the next of the same or a higher level."""
    lines, found = _headings_of(source)
    index = _find_heading(found, name)
    if index is None:
        titles = ", ".join(f"`{cut(heading.title, 60)}`" for heading in found[:12]) or "no headings"
        raise Unmet(f"{source_name(source)} has no section `{cut(name, 60)}`; it has {titles}")
    begin = found[index]
    end = next((later.line for later in found[index + 1 :] if later.level <= begin.level), len(lines))
    return "\n".join(line.text for line in lines[begin.body : end]).strip("\n")


def md_blocks(source: Any) -> List[MdBlock]:
    """The document as blocks in order. Lines of a paragraph or bullet are joined; rules are left out."""
    lines, found = _headings_of(source)
    titles = {heading.line: heading.title for heading in found}
    underlines = {heading.line + 1 for heading in found if heading.body == heading.line + 2}
    in_table: Set[int] = set()
    for begin, end in table_spans(lines):
        in_table.update(range(begin, end))
    blocks: List[MdBlock] = []
    kind, parts, indent, after_blank = "", [""], 0, False

    def flush() -> None:
        text = _LOOSE_BLANKS.sub(" ", plain_inline("\n".join(parts))).strip()
        if text:
            blocks.append(MdBlock(kind, text))
        parts.clear()

    for index, (text, what) in enumerate(lines):
        content = text.strip()
        depth = len(text.expandtabs(4)) - len(text.expandtabs(4).lstrip())
        bullet = bullet_of(text, kind == "paragraph") if what == "text" else None
        if not content:
            if kind != "bullet":
                flush()
                kind = ""
            after_blank = True
        elif index in titles or index in underlines:
            flush()
            kind = ""
            if titles.get(index):
                blocks.append(MdBlock("heading", titles[index]))
        elif kind == "bullet" and depth > indent and not bullet and index not in in_table:
            if what != "fence":
                parts.append(content)
        elif what != "text" or index in in_table or content[0] == "|" or is_rule(text):
            flush()
            kind = "row" if what == "text" else "code"
            if what == "code":
                blocks.append(MdBlock("code", content))
            elif what == "text" and not is_rule(text) and not is_column_rule(text):
                parts.append(" | ".join(row_cells(text)))
        elif bullet:
            flush()
            kind, indent = "bullet", len(bullet.group(1).expandtabs(4))
            parts.append(bullet.group(3))
        elif kind == "paragraph" or (kind == "bullet" and not after_blank):
            parts.append(without_marks(text, running=True))
        else:
            flush()
            kind = "paragraph"
            parts.append(without_marks(text))
        after_blank = after_blank and not content
    flush()
    return blocks


def without_marks(line: str, running: bool = False) -> str:
    """A line without the marks at its begin: of a quote, heading, bullet or check box; a rule becomes empty.

    `running` says that the line continues running text.
    """
    content = line.lstrip()
    if content.startswith(">"):
        content = content.lstrip("> \t")
    if is_rule(content) or is_column_rule(content):
        return ""
    atx = _ATX.match(content)
    if atx:
        return _atx_title(atx.group(2) or "")
    bullet = bullet_of(content, running)
    if bullet:
        return bullet.group(3)
    return OPEN_PIPE.sub(" | ", content) if content.startswith("|") else content


def plain_text(text: str, code: bool) -> str:
    """A document without markup; the lines inside code fences stay as they are, or go if `code` is false."""
    kept: List[str] = []
    paragraph: List[str] = []
    listing = running = False
    for line in [*md_lines(text), MdLine("", "text")]:
        if line.kind == "text" and line.text.strip():
            underlines = running and _is_underline(line)
            paragraph.append("" if underlines else without_marks(line.text, running))
            listing = listing or bullet_of(line.text, running) is not None
            running = not listing and _is_plain(line)
            continue
        if paragraph:
            kept.append(plain_inline("\n".join(paragraph)))
            paragraph, listing, running = [], False, False
        if line.kind == "text" or (line.kind == "code" and code):
            kept.append(line.text if line.kind == "code" else "")
    return "\n".join(kept[:-1])


@lru_cache(maxsize=16)  # several checks read one document
def strip_markup(text: str) -> str:
    """Text without marks, HTML comments and front matter; links leave their text, fences their lines."""
    return plain_text(bounded_prose(text, "the text"), code=True)


def bullets(source: Any) -> List[str]:
    """The items of all lists, nested ones too, without marks; an item of several lines is joined."""
    return [block.text for block in md_blocks(source) if block.kind == "bullet"]


def md_table(source: Any) -> Table:
    """The first pipe table, as cells without markup; a short row is filled with empty cells."""
    lines = md_lines(prose_of(source))
    found = table_spans(lines)
    if not found:
        raise Unmet(f"{source_name(source)} has no table")
    begin, end = found[0]
    columns = [plain_inline(cell).strip() for cell in row_cells(lines[begin].text)]
    require_distinct(columns, f"the table of {source_name(source)}")
    body: List[Row] = []
    for line in lines[begin + 2 : end]:
        cells = [PrintedCell(plain_inline(cell).strip()) for cell in row_cells(line.text)]
        if len(cells) > len(columns):
            problem = "row %s of the table of %s has %s cells, but %s columns"
            raise Unmet(problem % (len(body) + 1, source_name(source), len(cells), len(columns)))
        cells.extend([PrintedCell("")] * (len(columns) - len(cells)))
        body.append(dict(zip(columns, cells)))
        require_size(len(body), len(columns), f"the table of {source_name(source)}")
    return Table(columns, body)


def field(source: Any, label: str) -> Cell:
    """The value of the first line `Label: value`, in any case; marks of bullets and bold do not count."""
    wanted = " ".join(label.rstrip(": ").casefold().split())
    for line in prose_of(source).split("\n"):
        if ":" not in line and "：" not in line:
            continue
        before, _, value = plain_inline(without_marks(line)).replace("：", ":").partition(":")
        if " ".join(before.casefold().split()) == wanted:
            return Cell(value.strip())
    raise Unmet(f"{source_name(source)} has no line `{cut(label, 60)}: …`")


def contains_lines(source: Any, lines: Any) -> Truth:
    """Whether all of `lines` occur in this order, others between them; outer blanks do not count."""
    remaining = iter([unicodedata.normalize("NFC", line).strip() for line in text_of(source).split("\n")])
    wanted_lines = listed(lines)
    for index, line in enumerate(wanted_lines):
        wanted = unicodedata.normalize("NFC", text_of(line)).strip()
        if wanted not in remaining:
            return No(f"the line `{cut(wanted, 60)}` is missing, or not in its place", index / len(wanted_lines))
    return True
