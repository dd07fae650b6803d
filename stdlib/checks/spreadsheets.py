"""Workbooks of spreadsheet programs (.xlsx): the values of cells as they were last computed and saved."""

from __future__ import annotations

import datetime
import re
import unicodedata
from decimal import Decimal
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from clawc.stdlib.checks.archives import ZipReader
from clawc.stdlib.checks.dates import date_of, datetime_of
from clawc.stdlib.checks.kinds import bounded, cut
from clawc.stdlib.checks.markup import feed_xml
from clawc.stdlib.checks.readers import require_distinct, require_size, source_name
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import Cell, File, Row, Table, Unmet, require_bytes

MAX_SHEET_CELLS = 250_000
MAX_SHEET_COLUMNS = 16_384
MAX_SHEET_ROWS = 1_048_576
MAX_SHEET_ELEMENTS = 1_000_000
MAX_SHEET_PART = 32 << 20
MAX_SHEETS = 10_000
MAX_SHEET_STYLES = 70_000

_CELL_PLACE = re.compile(r"\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})\Z")
_SHEET_NUMBER = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?\Z")
_FORMAT_TEXT = re.compile(r"\"[^\"]*\"|\\.|_.|\*.|\[(?![hmsHMS]+\])[^\]]*\]")
# Formats that every program knows by number: `d` a date, `dt` a date with time, `t` a time or duration.
_KNOWN_FORMATS = {
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 59)), "d"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47), "t"),
    22: "dt",
}
_SHEET_DAYS = 2_958_466  # up to the year 9999


class SheetBuilder:
    """Collects the values of the cells of one sheet while its elements come in: `values` by row and column from 1."""

    def __init__(self, name: str, strings: List[Cell], formats: List[str], since_1904: bool) -> None:
        self.name = name
        self.strings = strings
        self.formats = formats
        self.since_1904 = since_1904
        self.values: Dict[int, Dict[int, Any]] = {}
        self.merged: List[str] = []
        self.count = 0
        self.row = 0
        self.place = 0
        self.kind = "n"
        self.style = ""
        self.content: List[str] = []
        self.in_cell = self.in_value = self.is_hint = self.is_formula = False

    def start(self, tag: str, attr: Dict[str, str]) -> None:
        """A start tag."""
        tag = tag.rpartition(":")[2]
        if tag == "c":
            self._begin_cell(attr)
        elif self.in_cell:
            if tag == "v" or tag == "t":
                self.in_value = not self.is_hint
            elif tag == "f":
                self.is_formula = True
            elif tag == "rPh":
                self.is_hint = True
        elif tag == "row":
            given = attr.get("r", "")
            self.row = int(given) if given.isdecimal() and len(given) < 8 else self.row + 1
            self.place = 0
        elif tag == "mergeCell":
            self.merged.append(attr.get("ref", ""))

    def _begin_cell(self, attr: Dict[str, str]) -> None:
        """The start tag of a cell; its place may be left to be counted."""
        place = _CELL_PLACE.match(attr.get("r", ""))
        if place is None:
            self.place += 1
        else:
            self.row, self.place = int(place.group(2)), column_number(place.group(1))
        self.kind = attr.get("t", "n")
        self.style = attr.get("s", "")
        self.content = []
        self.in_cell, self.in_value, self.is_hint, self.is_formula = True, False, False, False

    def text(self, text: str) -> None:
        """Text of a value."""
        if self.in_value:
            self.content.append(text)

    def end(self, tag: str) -> None:
        """An end tag."""
        tag = tag.rpartition(":")[2]
        if tag == "v" or tag == "t":
            self.in_value = False
        elif tag == "rPh":
            self.is_hint = False
        elif tag == "c" and self.in_cell:
            self.in_cell = False
            if not 0 < self.row <= MAX_SHEET_ROWS or not 0 < self.place <= MAX_SHEET_COLUMNS:
                raise Unmet(f"{self.name} is damaged: a cell lies outside of its sheet")
            value = self._value("".join(self.content))
            if value is None or value == "":
                return
            self.values.setdefault(self.row, {})[self.place] = value
            self.count += 1
            if self.count > MAX_SHEET_CELLS:
                raise Unmet(f"{self.name} is too large: more than {MAX_SHEET_CELLS} cells")

    def _value(self, content: str) -> Any:
        """The value of the cell; None when it is empty."""
        kind = self.kind
        if kind == "inlineStr" or kind == "str" or kind == "e":
            return Cell(content)
        content = content.strip()
        if not content:
            if self.is_formula:
                raise Unmet(f"{self._here()} has a formula whose value was never computed")
            return None
        if kind == "s":
            if not content.isdecimal() or len(content) > 8 or int(content) >= len(self.strings):
                raise Unmet(f"{self._here()} refers to a text that is not there")
            return self.strings[int(content)]
        if kind == "b":
            return content in ("1", "true")
        if kind == "d":
            return date_of(content) or datetime_of(content) or Cell(content)
        if _SHEET_NUMBER.match(content) is None:
            raise Unmet(f"{self._here()} holds no number: `{cut(content, 40)}`")
        style = int(self.style) if self.style.isdecimal() and len(self.style) < 8 else 0
        shows = self.formats[style] if style < len(self.formats) else ""
        if shows:
            return serial_time(bounded(Decimal(content)) + Decimal(0), shows, self.since_1904)
        return int(content) if content.lstrip("-").isdecimal() else bounded(Decimal(content))

    def _here(self) -> str:
        return f"row {self.row}, column {self.place} of {self.name}"

    def drop_merged(self) -> None:
        """Removes what lies under merged cells: only the first of them is seen."""
        height = max(self.values, default=0)
        width = max((max(line) for line in self.values.values()), default=0)
        left = MAX_SHEET_CELLS
        for area in self.merged:
            ends = [_CELL_PLACE.match(end) for end in area.split(":")]
            if len(ends) != 2 or ends[0] is None or ends[1] is None:
                continue
            top, bottom = int(ends[0].group(2)), min(int(ends[1].group(2)), height)
            begin, stop = column_number(ends[0].group(1)), min(column_number(ends[1].group(1)), width)
            left -= 1 + max(0, bottom - top + 1) * max(0, stop - begin + 1)
            if left < 0:
                raise Unmet(f"{self.name} is too large: it merges more than {MAX_SHEET_CELLS} cells")
            for row in range(top, bottom + 1):
                line = self.values.get(row, {})
                for place in range(begin, stop + 1):
                    if (row, place) != (top, begin):
                        line.pop(place, None)


class Workbook:
    """The parts of a workbook that reading a sheet needs."""

    def __init__(self, source: Any) -> None:
        self.name = source_name(source)
        if not isinstance(source, File):
            raise Unmet("only a file can be a workbook")
        self.archive = ZipReader(require_bytes(source), self.name)
        self.left = MAX_SHEET_ELEMENTS
        root = "xl/workbook.xml"
        for target, kind in self._links("", "_rels/.rels").values():
            if kind.endswith("/officeDocument"):
                root = target
        folder, _, title = root.rpartition("/")
        self.links = self._links(folder, f"{folder}/_rels/{title}.rels".lstrip("/"))
        self.sheets: List[Tuple[str, str]] = []  # title and relation
        self.since_1904 = False
        self._read(root, self._workbook_part)
        if not self.sheets:
            raise Unmet(f"{self.name} has no sheets")

    def _workbook_part(self, tag: str, attr: Dict[str, str]) -> None:
        """An element of the list of sheets."""
        tag = tag.rpartition(":")[2]
        if tag == "sheet":
            relation = next((value for key, value in attr.items() if key.endswith(":id")), "")
            self.sheets.append((attr.get("name", ""), relation))
            if len(self.sheets) > MAX_SHEETS:
                raise Unmet(f"{self.name} has more than {MAX_SHEETS} sheets")
        elif tag == "workbookPr":
            self.since_1904 = attr.get("date1904", "") in ("1", "true")

    def _links(self, folder: str, path: str) -> Dict[str, Tuple[str, str]]:
        """The relations of a part: from their names to path and kind. What lies outside of the file is left out."""
        found: Dict[str, Tuple[str, str]] = {}

        def start(tag: str, attr: Dict[str, str]) -> None:
            if tag.rpartition(":")[2] == "Relationship" and attr.get("TargetMode") != "External":
                target = attr.get("Target", "")
                whole = target[1:] if target.startswith("/") else f"{folder}/{target}".lstrip("/")
                found[attr.get("Id", "")] = (whole, attr.get("Type", ""))

        if path in self.archive.members:
            self._read(path, start)
        return found

    def _read(
        self,
        path: str,
        start: Callable[[str, Dict[str, str]], None],
        end: Optional[Callable[[str], None]] = None,
        text: Optional[Callable[[str], None]] = None,
    ) -> None:
        """Reads a part of the workbook; its tags may have a prefix."""
        from xml.parsers import expat

        if path not in self.archive.members:
            raise Unmet(f"{self.name} is not a workbook: `{cut(path, 60)}` is missing")

        def refuse(*_: Any) -> None:
            raise Unmet(f"{self.name} is not accepted: it declares a document type")

        def begin(tag: str, attr: Dict[str, str]) -> None:
            self.left -= 1
            if self.left < 0:
                raise Unmet(f"{self.name} is too large: more than {MAX_SHEET_ELEMENTS} elements")
            start(tag, attr)

        if self.archive.members[path].file_size > MAX_SHEET_PART:
            raise Unmet(f"{self.name} is too large: `{cut(path, 60)}` has more than {MAX_SHEET_PART >> 20} MiB")
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = begin
        if end is not None:
            parser.EndElementHandler = end
        parser.StartDoctypeDeclHandler = refuse
        if text is not None:
            parser.CharacterDataHandler = text
        try:
            feed_xml(parser, self.archive.read(path), self.name)
        except (expat.ExpatError, ValueError, LookupError) as problem:
            raise Unmet(f"{self.name} is damaged: `{cut(path, 60)}` is not XML ({cut(str(problem), 60)})") from None

    def part(self, kind: str) -> Optional[str]:
        """The path of the part of a kind, such as `styles`."""
        return next((target for target, type in self.links.values() if type.endswith("/" + kind)), None)

    def strings(self) -> List[Cell]:
        """The texts that cells share, without phonetic hints."""
        found: List[Cell] = []
        pieces: List[str] = []
        inside: Set[str] = set()
        path = self.part("sharedStrings")

        def start(tag: str, attr: Dict[str, str]) -> None:
            inside.add(tag.rpartition(":")[2])

        def end(tag: str) -> None:
            tag = tag.rpartition(":")[2]
            inside.discard(tag)
            if tag == "si":
                found.append(Cell("".join(pieces)))
                pieces.clear()
                if len(found) > MAX_SHEET_CELLS:
                    raise Unmet(f"{self.name} is too large: more than {MAX_SHEET_CELLS} texts")

        def text(piece: str) -> None:
            if "t" in inside and "rPh" not in inside:
                pieces.append(piece)

        if path is not None and path in self.archive.members:
            self._read(path, start, end, text)
        return found

    def formats(self) -> List[str]:
        """For each style of cells whether it shows a date (`d`), a date with time (`dt`), a time (`t`) or neither."""
        codes: Dict[str, str] = {}
        styles: List[str] = []
        inside: Set[str] = set()
        path = self.part("styles")

        def start(tag: str, attr: Dict[str, str]) -> None:
            tag = tag.rpartition(":")[2]
            inside.add(tag)
            if tag == "numFmt":
                codes[attr.get("numFmtId", "")] = attr.get("formatCode", "")
            elif tag == "xf" and "cellXfs" in inside and len(styles) < MAX_SHEET_STYLES:
                styles.append(attr.get("numFmtId", ""))

        def end(tag: str) -> None:
            inside.discard(tag.rpartition(":")[2])

        if path is not None and path in self.archive.members:
            self._read(path, start, end)
        known = {str(n): kind for n, kind in _KNOWN_FORMATS.items()}
        kinds = {style: format_kind(codes[style]) if style in codes else known.get(style, "") for style in set(styles)}
        return [kinds[style] for style in styles]

    def values(self, title: str, label: str) -> Dict[int, Dict[int, Any]]:
        """The values of a sheet that are not empty, by row and column from 1; `label` is what messages call it."""
        relation = next(relation for name, relation in self.sheets if name == title)
        path = self.links.get(relation, ("", ""))[0]
        builder = SheetBuilder(label, self.strings(), self.formats(), self.since_1904)
        self._read(path, builder.start, builder.end, builder.text)
        builder.drop_merged()
        return {row: line for row, line in builder.values.items() if line}


def column_number(letters: str) -> int:
    """The number of a column: A is 1, AA 27."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place


def format_kind(code: str) -> str:
    """Whether a number format shows a date (`d`), a date with time (`dt`), a time (`t`) or neither."""
    signs = set(_FORMAT_TEXT.sub("", code[:1_000].partition(";")[0]).lower().replace("general", ""))
    clock = bool(signs & {"h", "s"})
    if signs & {"d", "y"} or ("m" in signs and not clock):
        return "dt" if clock else "d"
    return "t" if clock else ""


def serial_time(days: Decimal, kind: str, since_1904: bool) -> Any:
    """The date, date with time or duration that a number of days stands for, to the millisecond."""
    if not 0 <= days < _SHEET_DAYS:
        return days
    milliseconds = int((days * 86_400_000).to_integral_value())
    if kind == "t":
        return datetime.timedelta(milliseconds=milliseconds)
    if since_1904:
        start = datetime.datetime(1904, 1, 1)
    else:
        # Day 60 is a 29 February 1900 that never was.
        start = datetime.datetime(1899, 12, 31 if days < 60 else 30)
    try:
        found = start + datetime.timedelta(milliseconds=milliseconds)
    except OverflowError:
        return days
    return found.date() if kind == "d" and found.time() == datetime.time() else found


def xlsx_sheets(source: Any) -> List[str]:
    """The names of the sheets of a workbook, in order."""
    return [title for title, _ in Workbook(source).sheets]


def xlsx_table(source: Any, sheet: Any = 1) -> Table:
    """The rows of a sheet, by name or by number from 1, under its first row that holds something.

    Numbers, conditions, dates and times are typed; text and empty cells are cells. Empty rows are skipped.
    """
    book = Workbook(source)
    titles = [title for title, _ in book.sheets]
    if isinstance(sheet, (int, Decimal)) and not isinstance(sheet, bool):
        if not 1 <= sheet <= len(titles) or sheet != int(sheet):
            raise Unmet(f"{book.name} has no sheet {cut(str(sheet), 20)}; it has {len(titles)}")
        sheet = titles[int(sheet) - 1]
    if sheet not in titles:
        known = ", ".join(f"`{cut(title, 60)}`" for title in titles[:12])
        raise Unmet(f"{book.name} has no sheet `{cut(str(sheet), 60)}`; it has {known}")
    label = f"the sheet `{cut(sheet, 60)}` of {book.name}"
    values = book.values(sheet, label)
    if not values:
        raise Unmet(f"{label} is empty: it has no header row")
    used = {place for line in values.values() for place in line}
    places = range(min(used), max(used) + 1)
    require_size(len(values), len(places), label)
    order = sorted(values)
    columns = [unicodedata.normalize("NFC", as_text(values[order[0]].get(place))).strip() for place in places]
    require_distinct(columns, label)
    body: List[Row] = []
    for row in order[1:]:
        body.append({title: values[row].get(place, Cell("")) for title, place in zip(columns, places)})
    return Table(columns, body)
