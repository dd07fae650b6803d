"""Workbooks: a file of openpyxl, parts written by hand, and what is refused."""

from __future__ import annotations

import contextlib
import datetime
import time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.compiler.render_files import packed, render_xlsx
from clawc.stdlib.checks.equality import equal
from clawc.stdlib.checks.spreadsheets import column_number, format_kind, serial_time, xlsx_sheets, xlsx_table
from clawc.stdlib.checks.structure import require_sheet_columns
from clawc.stdlib.checks.values import Cell, File, Table, Unmet

SAVED = Path(__file__).parents[1] / "fixtures" / "openpyxl.xlsx"


def file(data: bytes) -> File:
    return File("w", "out/w.xlsx", "xlsx", data)


def book(sheet: str, strings: str = "", styles: str = "", workbook: str = "") -> File:
    """A workbook of one sheet."""
    head = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    def link(id: str, kind: str, target: str) -> str:
        return f'<Relationship Id="{id}" Type="{head}/{kind}" Target="{target}"/>'

    return file(
        packed(
            {
                "_rels/.rels": f"<R>{link('a', 'officeDocument', '/xl/workbook.xml')}</R>".encode(),
                "xl/workbook.xml": f'<w xmlns:r="x">{workbook}<sheet name="S" r:id="s"/></w>'.encode(),
                "xl/_rels/workbook.xml.rels": (
                    f"<R>{link('s', 'worksheet', 'sheet.xml')}{link('t', 'sharedStrings', 'strings.xml')}"
                    f"{link('u', 'styles', '/xl/styles.xml')}</R>"
                ).encode(),
                "xl/sheet.xml": f"<worksheet>{sheet}</worksheet>".encode(),
                "xl/strings.xml": f"<sst>{strings}</sst>".encode(),
                "xl/styles.xml": f"<s>{styles}</s>".encode(),
            }
        )
    )


def column(cells: str, **parts: str) -> list[object]:
    """The values under the header `a` of rows of one cell."""
    body = "".join(f"<row>{cell}</row>" for cell in cells.split("|"))
    found = xlsx_table(book(f'<row><c t="str"><v>a</v></c></row>{body}', **parts))
    return [row["a"] for row in found.rows]


def refused(source: File, sheet: object = 1) -> str:
    with pytest.raises(Unmet) as caught:
        xlsx_table(source, sheet)
    return str(caught.value)


def test_a_file_of_openpyxl() -> None:
    saved = file(SAVED.read_bytes())
    assert xlsx_sheets(saved) == ["Übersicht", "Merged", "Formula", "Empty", "Chart"]
    found = xlsx_table(saved)
    assert found.columns == ["name", "n", "when", "at", "ok", "long"]
    assert [list(row.values()) for row in found.rows] == [
        ["Pen & <ink>", 12, datetime.date(2026, 3, 17), datetime.datetime(2026, 3, 17, 9, 30, 15), True,
         datetime.timedelta(hours=30)],
        [" Größe ", Decimal("0.1"), datetime.date(1999, 12, 31), datetime.datetime(2026, 12, 31, 23, 59, 59, 500_000), False,
         datetime.timedelta(hours=6, minutes=45)],
        ["7", Decimal("-1e20"), "", "", "", ""],
    ]  # fmt: skip
    assert isinstance(found.rows[2]["name"], Cell) and isinstance(found.rows[2]["when"], Cell)
    assert xlsx_table(saved, "Übersicht").rows == xlsx_table(saved, Decimal(1)).rows == found.rows
    assert xlsx_table(saved, 2).rows == [{"a": 1, "b": "", "c": 3}, {"a": "", "b": "", "c": 6}]
    assert refused(saved, 3) == (
        "row 2, column 1 of the sheet `Formula` of `out/w.xlsx` has a formula whose value was never computed"
    )
    assert refused(saved, "Empty") == "the sheet `Empty` of `out/w.xlsx` is empty: it has no header row"
    assert refused(saved, 5) == "the sheet `Chart` of `out/w.xlsx` is empty: it has no header row"
    assert refused(saved, "x") == (
        "`out/w.xlsx` has no sheet `x`; it has `Übersicht`, `Merged`, `Formula`, `Empty`, `Chart`"
    )
    for number in (0, 6, -1, Decimal("1.5")):
        assert refused(saved, number) == f"`out/w.xlsx` has no sheet {number}; it has 5"
    assert "has no sheet `None`" in refused(saved, None)


def test_values_of_cells() -> None:
    strings = "<si><t>one</t></si><si><r><t>t</t></r><r><t>wo</t></r><rPh><t>hint</t></rPh></si><si/>"
    assert column('<c t="s"><v>0</v></c>|<c t="s"><v>1</v></c>|<c t="s"><v>2</v></c>', strings=strings) == [
        "one",
        "two",
    ]
    assert column('<c t="inlineStr"><is><r><t>a</t></r><r><t xml:space="preserve"> b</t></r></is></c>') == ["a b"]
    assert column('<c><f>1+1</f><v>2</v></c>|<c t="str"><f>A</f><v>x</v></c>|<c t="e"><f>1/0</f><v>#DIV/0!</v></c>') == [
        2, "x", "#DIV/0!",
    ]  # fmt: skip
    assert column('<c t="b"><v>1</v></c>|<c t="b"><v>0</v></c>|<c><v> -1.50E2 </v></c>|<c><v/></c>|<c/>') == [
        True, False, Decimal("-150"),
    ]  # fmt: skip
    assert column('<c t="d"><v>2026-03-17</v></c>|<c t="d"><v>2026-03-17T10:00:00</v></c>') == [
        datetime.date(2026, 3, 17), datetime.datetime(2026, 3, 17, 10),
    ]  # fmt: skip


def test_dates_by_format() -> None:
    styles = (
        '<numFmts><numFmt numFmtId="170" formatCode="[$-407]d\\. mmm yyyy"/><numFmt numFmtId="171" formatCode="0.0 &quot;d&quot;"/>'
        '</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>'
        '<xf numFmtId="22"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="46"/></cellXfs>'
    )
    cells = "|".join(f'<c s="{style}"><v>46098.25</v></c>' for style in range(7))
    moment = datetime.datetime(2026, 3, 17, 6)
    assert column(cells, styles=styles) == [
        Decimal("46098.25"), moment, moment, moment, Decimal("46098.25"), datetime.timedelta(days=46098.25), Decimal("46098.25"),
    ]  # fmt: skip
    assert column('<c s="1"><v>1</v></c>', styles=styles, workbook='<workbookPr date1904="1"/>') == [
        datetime.date(1904, 1, 2)
    ]


@pytest.mark.parametrize(
    ("code", "kind"),
    [("General", ""), ("0.00", ""), ("0.00E+00", ""), ('0 "days"', ""), ("[Red]0", ""), ("#,##0\\d", ""), ("yyyy", "d"),
     ("mmm yy", "d"), ("mmm", "d"), ("dddd", "d"), ("hh:mm", "t"), ("[h]:mm:ss", "t"), ("mm:ss", "t"), ("yyyy-mm-dd hh:mm", "dt"),
     ("[$-F800]dddd\\, mmmm dd", "d"), ("0;[Red]yy", ""), ("", "")],
)  # fmt: skip
def test_kinds_of_formats(code: str, kind: str) -> None:
    assert format_kind(code) == kind


def test_serial_days() -> None:
    assert serial_time(Decimal(1), "d", False) == datetime.date(1900, 1, 1)
    assert serial_time(Decimal(59), "d", False) == datetime.date(1900, 2, 28)
    assert serial_time(Decimal(61), "d", False) == datetime.date(1900, 3, 1)
    assert serial_time(Decimal("0.9999999999"), "dt", False) == datetime.datetime(1900, 1, 1)
    assert serial_time(Decimal(-1), "d", False) == -1
    assert serial_time(Decimal(2_958_465), "d", False) == datetime.date(9999, 12, 31)
    assert serial_time(Decimal(2_958_465), "d", True) == 2_958_465


def test_places() -> None:
    assert [column_number(letters) for letters in ("A", "Z", "AA", "XFD")] == [1, 26, 27, 16_384]
    sheet = '<row r="3"><c r="C3"><v>1</v></c><c><v>2</v></c></row><row><c r="D4"><v>4</v></c></row><row r="9"><c r="C9"><v>5</v></c></row>'
    found = xlsx_table(book(sheet))
    assert found.columns == ["1", "2"]
    assert found.rows == [{"1": "", "2": 4}, {"1": 5, "2": ""}]


def test_prefixes_of_tags() -> None:
    sheet = '<x:row xmlns:x="u"><x:c><x:v>1</x:v></x:c></x:row><x:row xmlns:x="u"><x:c><x:v>2</x:v></x:c></x:row>'
    assert xlsx_table(book(sheet)).rows == [{"1": 2}]


def row(cells: str) -> File:
    return book(f"<row>{cells}</row>")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (file(b""), "`out/w.xlsx` is not a ZIP file"),
        (file(packed({"a": b""})), "`out/w.xlsx` is not a workbook: `xl/workbook.xml` is missing"),
        (file(packed({"xl/workbook.xml": b"<a>"})), "`out/w.xlsx` is damaged: `xl/workbook.xml` is not XML"),
        (file(packed({"xl/workbook.xml": b"<a/>"})), "`out/w.xlsx` has no sheets"),
        (
            file(packed({"xl/workbook.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'})),
            "`out/w.xlsx` is not accepted: it declares a document type",
        ),
        (
            file(packed({"xl/workbook.xml": b'<a xmlns:r="x"><sheet name="S" r:id="q"/></a>'})),
            "`out/w.xlsx` is not a workbook: `` is missing",
        ),
        (row("<c><v>1</v></c><c><v>1</v></c>"), "the sheet `S` of `out/w.xlsx` has the column `1` twice"),
        (row("<c><v>x</v></c>"), "row 1, column 1 of the sheet `S` of `out/w.xlsx` holds no number: `x`"),
        (row("<c><v>nan</v></c>"), "row 1, column 1 of the sheet `S` of `out/w.xlsx` holds no number: `nan`"),
        (row('<c t="s"><v>9</v></c>'), "row 1, column 1 of the sheet `S` of `out/w.xlsx` refers to a text that is not there"),
        (row('<c r="ZZZ1"><v>1</v></c>'), "the sheet `S` of `out/w.xlsx` is damaged: a cell lies outside of its sheet"),
        (row('<c r="A9999999"><v>1</v></c>'), "the sheet `S` of `out/w.xlsx` is damaged: a cell lies outside of its sheet"),
        (
            row('<c r="A1"><v>1</v></c><c r="XFD2"><v>2</v></c>' + "".join(f'<c r="A{n}"><v>1</v></c>' for n in range(3, 99))),
            "the sheet `S` of `out/w.xlsx` is too large: more than 250000 cells",
        ),
        (
            book('<row><c><v>1</v></c></row><row r="1000000"><c r="XFD1000000"><v>1</v></c></row>'
                 '<mergeCell ref="A1:XFD1048576"/>'),
            "the sheet `S` of `out/w.xlsx` is too large: it merges more than 250000 cells",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(source: File, message: str) -> None:
    assert refused(source).startswith(message)


@pytest.mark.parametrize(
    "bait", ["<c/>", "<row>", "<c><v>1</v></c>", '<c t="inlineStr"><is><t>a</t></is></c>', "<mergeCell ref='A1:B2'/>"]
)
def test_large_sheets_end_in_time(bait: str) -> None:
    closing = "</row>" if bait == "<row>" else ""
    count = 40_000_000 // (len(bait) + len(closing))
    began = time.process_time()
    with contextlib.suppress(Unmet):
        xlsx_table(book(bait * count + closing * count))
    assert time.process_time() - began < 60  # a few seconds; without bounds it would be minutes


TABLE = Table(
    ["text", "number", "decimal", "date", "time", "truth", "length"],
    [
        ("a <&> \"b\"\n ü ", 1, Decimal("0.1"), datetime.date(2026, 3, 17), datetime.datetime(2026, 3, 17, 1, 2, 3), True,
         datetime.timedelta(hours=25, seconds=7)),
        (None, -7, Decimal("1234567.125"), datetime.date(1901, 1, 1), datetime.datetime(2030, 12, 31, 23, 59, 59), False, None),
        ("", 10**15, None, None, None, None, datetime.timedelta(milliseconds=5)),
    ],
)  # fmt: skip


def test_what_is_written_is_read_back() -> None:
    data = render_xlsx({"One": TABLE, "Zwei & <2>": Table(["x"], [(1,)])})
    assert data == render_xlsx({"One": TABLE, "Zwei & <2>": Table(["x"], [(1,)])})
    assert xlsx_sheets(file(data)) == ["One", "Zwei & <2>"]
    assert equal(xlsx_table(file(data)), TABLE)
    assert xlsx_table(file(data), "Zwei & <2>").rows == [{"x": 1}]
    for bad in ({"": TABLE}, {"a/b": TABLE}, {"x" * 32: TABLE}, {}, {"a": Table(["x"], [("\1",)])}):
        with pytest.raises(Unmet):
            render_xlsx(bad)


@settings(deadline=None)
@given(st.integers(0, 9_000), st.binary(max_size=12), st.booleans())
def test_damaged_workbooks_raise_only_unmet(place: int, change: bytes, written: bool) -> None:
    data = render_xlsx(TABLE) if written else SAVED.read_bytes()
    with contextlib.suppress(Unmet):
        xlsx_table(file(data[:place] + change + data[place + len(change) :]))


PIECES = st.sampled_from(
    ["<row>", "</row>", '<c t="s">', "<c>", '<c r="B2" s="1">', "</c>", "<v>", "</v>", "<t>", "</t>", "<is>", "<rPh>", "<f>",
     "1", "x", "1e999", '<mergeCell ref="A1:C3"/>', '<row r="7">', "</is>", "</f>"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_parts_raise_only_unmet(sheet: str) -> None:
    for inner in (sheet, f"<row><c><v>{sheet}</v></c></row>"):
        with contextlib.suppress(Unmet):
            xlsx_table(book(inner, strings=sheet, styles=sheet))


def test_columns_of_a_sheet() -> None:
    source = book("<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>-3</v></c><c><v>-0.5</v></c></row>")
    assert xlsx_table(source).rows == [{"1": -3, "2": Decimal("-0.5")}]
    require_sheet_columns(source, ["2", "1"], False, False)
    require_sheet_columns(source, ["1"], True, True)
    for columns, in_order, extra in ((["1"], False, False), (["2", "1"], True, True), (["3"], False, True)):
        with pytest.raises(Unmet):
            require_sheet_columns(source, columns, in_order, extra)
    assert refused(source, True) == "`out/w.xlsx` has no sheet `True`; it has `S`"


def test_the_day_that_never_was() -> None:
    assert serial_time(Decimal(60), "d", False) == datetime.date(1900, 2, 28)


KNOWN = {"d": {14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 55, 56, 57, 58},
         "t": {18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47}, "dt": {22}}  # fmt: skip


def test_formats_known_by_number() -> None:
    styles = "".join(f'<xf numFmtId="{number}"/>' for number in range(60))
    cells = "|".join(f'<c s="{style}"><v>46098</v></c>' for style in range(60))
    found = column(cells, styles=f"<cellXfs>{styles}</cellXfs>")
    kinds: dict[type, str] = {datetime.date: "d", datetime.timedelta: "t", datetime.datetime: "dt"}
    for number, value in enumerate(found):
        expected = next((kind for kind, numbers in KNOWN.items() if number in numbers), None)
        assert kinds.get(type(value)) == expected, number
