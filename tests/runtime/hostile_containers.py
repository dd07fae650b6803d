"""Hostile archives, workbooks and databases."""

from __future__ import annotations

import gzip
import io
import os
import sqlite3
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.runtime.hostile_encodings import Make


def zipped(members: dict[str, bytes]) -> bytes:
    """A ZIP file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def overlapping(count: int, size: int) -> bytes:
    """A ZIP file whose members all stand for the same compressed bytes."""
    body = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = body.compress(b"a" * size) + body.flush()
    crc = zlib.crc32(b"a" * size)
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 33, crc, len(packed), size, 1, 0) + b"a" + packed
    entries = b""
    for number in range(count):
        name = f"{number}".encode()
        head = struct.pack(
            "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 33, crc, len(packed), size, len(name), 0, 0, 0, 0, 0, 0
        )
        entries += head + name
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(entries), len(local), 0)
    return local + entries + end


def tarred(name: bytes, kind: bytes, size: int, data: bytes) -> bytes:
    """One member of a TAR archive."""
    head = bytearray(512)
    head[: len(name)] = name
    head[100:108] = b"0000644\0"
    head[124:136] = b"%011o\0" % size
    head[156:157] = kind
    head[257:265] = b"ustar\x0000"
    head[148:156] = b"%06o\0 " % (sum(head) + 256)
    return bytes(head) + data + b"\0" * (-len(data) % 512)


def zip_files() -> dict[str, Make]:
    """ZIP and TAR archives."""

    def lying(size: int) -> bytes:
        data = zipped({"a.csv": b"a" * 50_000_000})
        packed = struct.pack("<I", 50_000_000)
        return data.replace(packed, struct.pack("<I", size))

    def quine() -> bytes:
        inner = zipped({"a.csv": b"item,n\npen,12\n"})
        for _ in range(20):
            inner = zipped({"a.zip": inner})
        return inner

    return {
        "bomb": lambda: zipped({"a.csv": b"\0" * (1 << 30)}),
        "bomb just within": lambda: zipped({"a.csv": b"a" * ((64 << 20) - 1)}),
        "wide bomb just within": lambda: zipped({"a.csv": "\U0001f4cb".encode() + b"a" * ((64 << 20) - 9)}),
        "rows just within": lambda: zipped({"a.csv": b"item,n\n" + b"pen,12\n" * 499_000}),
        "bomb of many": lambda: zipped({f"{n}.csv": b"a" * 1_000_000 for n in range(200)}),
        "many just within": lambda: zipped({f"{n}.csv": b"a" * 640_000 for n in range(100)}),
        "nested bomb": lambda: zipped(dict.fromkeys(map(str, range(30)), zipped({"a": b"a" * 60_000_000}))),
        "overlapping": lambda: overlapping(60_000, 1_000_000),
        "overlapping within": lambda: overlapping(19_000, 3_000),
        "overlapping and large": lambda: overlapping(64, 1_000_000),
        "members": lambda: zipped({f"{n}": b"" for n in range(19_900)}),
        "too many members": lambda: zipped({f"{n}": b"" for n in range(60_000)}),
        "long names": lambda: zipped({f"{n}" + "a" * 60_000: b"" for n in range(400)}),
        "itself in itself": quine,
        "says less": lambda: lying(1),
        "says more": lambda: lying(60_000_000),
        "says most": lambda: lying(0xFFFFFFFF),
        "outside": lambda: zipped({"../a.csv": b"item,n\npen,12\n"}),
        "absolute": lambda: zipped({"/a.csv": b"item,n\npen,12\n"}),
        "signs of members": lambda: b"PK\3\4" + b"PK\1\2" * 10_000_000,
        "ends of archives": lambda: b"PK\3\4" + b"PK\5\6" * 10_000_000,
        "long comment": lambda: zipped({"a.csv": b"item,n\npen,12\n"})[:-2] + b"\xff\xff" + b"PK\5\6" * 16_384,
        "far directory": lambda: zipped({"a.csv": b"a"})[:-6] + b"\xff\xff\xff\xff\0\0",
        "zip64": lambda: zipped({"a.csv": b"a"})[:-22] + b"PK\6\6" + b"\xff" * 52 + b"PK\6\7" + b"\xff" * 16 + b"PK\5\6" + b"\xff" * 16 + b"\0\0",
        "gzip bomb": lambda: gzip.compress(b"\0" * (1 << 30), 9),
        "gzip bomb just within": lambda: gzip.compress(b"\0" * (64 << 20), 9),
        "gzip of gzip": lambda: gzip.compress(gzip.compress(b"\0" * (1 << 30), 9), 9),
        "gzip members": lambda: gzip.compress(b"a") * 19_000,
        "gzip members, large": lambda: gzip.compress(b"a" * 100_000) * 650,
        "empty gzip members": lambda: gzip.compress(b"") * 1_000_000,
        "gzip name": lambda: b"\x1f\x8b\x08\x08\0\0\0\0\0\x03" + b"a" * 60_000_000,
        "tar bomb": lambda: gzip.compress(tarred(b"a.csv", b"0", 1 << 30, b"\0" * (1 << 30)), 9),
        "tar just within": lambda: gzip.compress(tarred(b"a.csv", b"0", 67_000_000, b"a" * 67_000_000), 9),
        "wide tar just within": lambda: gzip.compress(tarred(b"a.csv", b"0", 67_000_000, "\U0001f4cb".encode() + b"a" * 66_999_996), 9),
        "plain tar, large": lambda: tarred(b"a.csv", b"0", 67_000_000, b"a" * 67_000_000),
        "tar members": lambda: gzip.compress(b"".join(tarred(b"%d" % n, b"0", 0, b"") for n in range(39_000)), 9),
        "too many tar members": lambda: gzip.compress(tarred(b"a", b"5", 0, b"") * 130_000, 9),
        "tar with the same member": lambda: gzip.compress(tarred(b"a.csv", b"0", 1, b"a") * 2, 9),
        "tar says most": lambda: tarred(b"a.csv", b"0", 0o77777777777, b"a"),
        "tar link": lambda: tarred(b"a.csv", b"2", 0, b""),
        "tar device": lambda: tarred(b"a.csv", b"3", 0, b""),
        "tar long names": lambda: tarred(b"a", b"L", 60_000_000, b"a" * 60_000_000) + tarred(b"b", b"0", 0, b""),
        "tar extended headers": lambda: tarred(b"a", b"x", 60_000_000, b"6 a=b\n" * 10_000_000) + tarred(b"b", b"0", 0, b""),
        "tar sparse": lambda: tarred(b"a", b"S", 0, b""),
        "zeros": lambda: b"\0" * 60_000_000,
    }  # fmt: skip


SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(sheet: str, strings: str = "", styles: str = "", book: str = "") -> bytes:
    """A workbook with one sheet."""
    link = '<Relationship Id="{}" Type="' + OFFICE + '/{}" Target="{}"/>'
    links = link.format("r1", "worksheet", "sheet.xml") + link.format("r2", "sharedStrings", "strings.xml")
    links += link.format("r3", "styles", "styles.xml")
    return zipped(
        {
            "_rels/.rels": f"<Relationships>{link.format('r1', 'officeDocument', 'xl/workbook.xml')}</Relationships>".encode(),
            "xl/workbook.xml": (
                book or f'<workbook xmlns:r="{OFFICE}"><sheets><sheet name="Stock" r:id="r1"/></sheets></workbook>'
            ).encode(),
            "xl/_rels/workbook.xml.rels": f"<Relationships>{links}</Relationships>".encode(),
            "xl/sheet.xml": sheet.encode(),
            "xl/strings.xml": (strings or "<sst/>").encode(),
            "xl/styles.xml": (styles or "<styleSheet/>").encode(),
        }
    )


def xlsx_files() -> dict[str, Make]:
    """Workbooks."""

    def sheet(rows: str, rest: str = "") -> str:
        return f"<worksheet><sheetData>{rows}</sheetData>{rest}</worksheet>"

    head = '<row><c t="str"><v>item</v></c><c t="str"><v>n</v></c></row>'
    row = '<row><c t="str"><v>pen</v></c><c><v>12</v></c></row>'
    return {
        "bomb": lambda: workbook(sheet("<row/>" * 50_000_000)),
        "bomb in a cell": lambda: workbook(sheet(head + '<row><c t="str"><v>' + "a" * 60_000_000 + "</v></c></row>")),
        "wide bomb in a cell": lambda: workbook(sheet(head + '<row><c t="str"><v>\U0001f4cb' + "a" * 60_000_000 + "</v></c></row>")),
        "bomb of cells": lambda: workbook(sheet(head + "<row>" + "<c/>" * 2_990_000 + "</row>")),
        "bomb of tags": lambda: workbook(sheet(head) + "<a>" * 20_000_000),
        "rows": lambda: workbook(sheet(head + row * 490_000)),
        "rows of numbers": lambda: workbook(sheet(head + "<row><c><v>1</v></c><c><v>2</v></c></row>" * 499_000)),
        "rows, none the same": lambda: workbook(sheet(head + "".join(f"<row><c><v>{n}.5</v></c><c><v>{n}</v></c></row>" for n in range(490_000)))),
        "columns": lambda: workbook(sheet("<row>" + "".join(f"<c><v>{n}</v></c>" for n in range(16_000)) + "</row>") ),
        "cells far apart": lambda: workbook(sheet(head + '<row><c r="XFD1048576"><v>1</v></c></row>')),
        "cells outside": lambda: workbook(sheet(head + '<row><c r="ZZZ9999999"><v>1</v></c></row>')),
        "far rows": lambda: workbook(sheet("".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 1_000_000)))),
        "diagonal": lambda: workbook(sheet("".join(f"<row>{'<c/>' * n}<c><v>1</v></c></row>" for n in range(2_000)))),
        "merged": lambda: workbook(sheet(head + row * 10, '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>')),
        "merges": lambda: workbook(sheet(head + row * 10, "<mergeCells>" + '<mergeCell ref="A1:B3"/>' * 900_000 + "</mergeCells>")),
        "merges of much": lambda: workbook(sheet(head + row * 9_000, "<mergeCells>" + '<mergeCell ref="A1:B9000"/>' * 900_000 + "</mergeCells>")),
        "strings": lambda: workbook(sheet(head + '<row><c t="s"><v>0</v></c><c><v>12</v></c></row>'), "<sst>" + "<si><t>pen</t></si>" * 999_000 + "</sst>"),
        "too many strings": lambda: workbook(sheet(head), "<sst>" + "<si/>" * 9_000_000 + "</sst>"),
        "pieces of strings": lambda: workbook(sheet(head), "<sst><si>" + "<t>a</t>" * 7_000_000 + "</si></sst>"),
        "tags in strings": lambda: workbook(sheet(head), "<sst>" + "".join(f"<a{n}/>" for n in range(5_000_000)) + "</sst>"),
        "deep strings": lambda: workbook(sheet(head), "<sst>" + "<a>" * 10_000_000),
        "one long string many times": lambda: workbook(sheet(head + '<row><c t="s"><v>0</v></c></row>' * 300_000), "<sst><si><t>" + "a" * 30_000_000 + "</t></si></sst>"),
        "string that is not there": lambda: workbook(sheet(head + '<row><c t="s"><v>99999999</v></c></row>')),
        "styles": lambda: workbook(sheet(head + row), "", "<styleSheet><cellXfs>" + '<xf numFmtId="14"/>' * 2_900_000 + "</cellXfs></styleSheet>"),
        "formats": lambda: workbook(sheet(head + row), "", "<styleSheet>" + "".join(f'<numFmt numFmtId="{n}" formatCode="d"/>' for n in range(1_400_000)) + "</styleSheet>"),
        "long format": lambda: workbook(sheet(head + row), "", '<styleSheet><numFmt numFmtId="9" formatCode="' + "[" * 900_000 + '"/><cellXfs><xf numFmtId="9"/></cellXfs></styleSheet>'),
        "links": lambda: zipped({"_rels/.rels": b"<a>" + b"".join(b'<Relationship Id="%d"/>' % n for n in range(2_000_000)) + b"</a>"}),
        "sheets": lambda: workbook(sheet(head + row), book="<workbook>" + "".join(f'<sheet name="{n}"/>' for n in range(2_900_000)) + "</workbook>"),
        "sheets of one name": lambda: workbook(sheet(head + row), book="<workbook>" + '<sheet name="a"/>' * 3_900_000 + "</workbook>"),
        "entities": lambda: workbook('<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'),
        "number": lambda: workbook(sheet(head + "<row><c><v>" + "9" * 1_000_000 + "</v></c></row>")),
        "exponent": lambda: workbook(sheet(head + "<row><c><v>1e999999999</v></c></row>")),
        "large exponents": lambda: workbook(sheet(head + "<row><c><v>1e999</v></c><c><v>-1e-999</v></c></row>" * 100_000)),
        "row numbers": lambda: workbook(sheet(head + f'<row r="{"9" * 1_000_000}"><c><v>1</v></c></row>')),
        "sheet that is the workbook": lambda: zipped({"xl/workbook.xml": b'<workbook><sheet name="a"/></workbook>'}),
        "overlapping": lambda: overlapping(60_000, 1_000_000),
        "bomb of zeros": lambda: zipped({"xl/workbook.xml": b"\0" * (1 << 30)}),
        "no workbook": lambda: zipped({"a.csv": b"item,n\npen,12\n"}),
        "attributes": lambda: workbook(sheet(head + "<row>" + "<c " + " ".join(f'a{n}="1"' for n in range(2_000_000)) + "/></row>")),
        "half": lambda: workbook(sheet(head + row))[:300],
    }  # fmt: skip


def database(*statements: str, after: Callable[[sqlite3.Connection], None] | None = None) -> bytes:
    """A database that some statements make."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        made = sqlite3.connect(path)
        made.execute("PRAGMA journal_mode=OFF")
        for statement in statements:
            made.execute(statement)
        if after is not None:
            after(made)
        made.commit()
        made.close()
        return path.read_bytes()


def sqlite_files() -> dict[str, Make]:
    """Databases."""
    stock = "CREATE TABLE stock (item TEXT, n INT)"
    pen = "INSERT INTO stock VALUES ('pen', 12)"
    count = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT {}) "

    def view(query: str) -> Make:
        return lambda: database(f"CREATE VIEW stock AS {query}")

    def rows(number: int, item: str = "'pen'", n: str = "12") -> Make:
        return lambda: database(stock, f"INSERT INTO stock {count.format(number)} SELECT {item}, {n} FROM c")

    def schema(sql: str, name: str = "stock", kind: str = "table") -> Make:
        def change(made: sqlite3.Connection) -> None:
            made.execute("PRAGMA writable_schema=ON")
            made.execute("UPDATE sqlite_master SET sql = ?, name = ?, type = ?", (sql, name, kind))

        return lambda: database(stock, pen, after=change)

    def damaged(begin: int, octets: bytes) -> Make:
        def make() -> bytes:
            data = database(stock, pen)
            return data[:begin] + octets + data[begin + len(octets) :]

        return make

    def damaged_pages() -> bytes:
        data = bytearray(rows(20_000)())
        for begin in range(4096, len(data), 4096):
            data[begin + 8 : begin + 200] = os.urandom(192)
        return bytes(data)

    def loop() -> bytes:
        data = bytearray(rows(200_000)())
        root = data[4096:8192]
        for begin in range(8192, len(data), 4096):  # every page is a copy of the root of the table, an inner page
            data[begin : begin + 4096] = root
        return bytes(data)

    return {
        "endless view": view("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT 'pen' AS item, x AS n FROM c"),
        "endless count": view("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT 'pen' AS item, count(*) AS n FROM c"),
        "growing text": view("WITH RECURSIVE c(x) AS (SELECT 'a' UNION ALL SELECT x || x FROM c) SELECT x AS item, 1 AS n FROM c"),
        "sorted endless": view("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 9000000) SELECT x AS item, x AS n FROM c ORDER BY -x"),
        "long sorted": view(count.format(200_000) + "SELECT x AS item, printf('%.*c', 2000, 'a') AS n FROM c ORDER BY n"),
        "product of itself": view(count.format(100_000) + "SELECT 'pen' AS item, count(*) AS n FROM c a, c b, c d"),
        "padding": view("SELECT printf('%.*c', 999999999, 'a') AS item, 1 AS n"),
        "padding many times": view(count.format(1_000) + "SELECT printf('%.*c', 9999999, 'a') AS item, 1 AS n FROM c"),
        "zeroblob": view("SELECT zeroblob(1000000000) AS item, 1 AS n"),
        "hex of hex": view("SELECT hex(hex(hex(zeroblob(10000000)))) AS item, 1 AS n"),
        "replace": view("SELECT replace(replace('aaaaaaaaaa', 'a', 'aaaaaaaaaa'), 'a', 'aaaaaaaaaa') AS item, 1 AS n"),
        "like": view("SELECT 'pen' LIKE '%a%a%a%a%a%a%b' AS item, 1 AS n"),
        "glob": view("SELECT printf('%.*c', 100000, 'a') GLOB '*a*a*a*a*b' AS item, 1 AS n"),
        "group_concat": view(count.format(5_000_000) + "SELECT group_concat('aaaaaaaaaaaaaaaaaaa') AS item, 1 AS n FROM c"),
        "load_extension": view("SELECT load_extension('/etc/passwd') AS item, 1 AS n"),
        "readfile": lambda: database(stock, pen, "CREATE VIEW other AS SELECT 1"),
        "view on itself": schema("CREATE VIEW stock AS SELECT * FROM stock", kind="view"),
        "views on views": lambda: database(
            "CREATE VIEW v0 AS SELECT 'pen' AS item, 12 AS n",
            *(f"CREATE VIEW v{n} AS SELECT * FROM v{n - 1} UNION ALL SELECT * FROM v{n - 1}" for n in range(1, 24)),
            "CREATE VIEW stock AS SELECT * FROM v23",
        ),
        "trigger": lambda: database(stock, pen, "CREATE TRIGGER t AFTER INSERT ON stock BEGIN DELETE FROM stock; END", pen),
        "virtual table": schema("CREATE VIRTUAL TABLE stock USING fts5(item, n)"),
        "computed column": lambda: database("CREATE TABLE stock (item TEXT, n AS (replace(printf('%.*c', 100000, 'a'), 'a', item)))", "INSERT INTO stock (item) VALUES ('pen')"),
        "rows": rows(499_000),
        "rows, none the same": rows(490_000, "'p' || x", "x"),
        "rows of fractions": rows(490_000, "x / 7.0", "x / 3.0"),
        "too many rows": rows(3_000_000),
        "long texts": rows(60, "printf('%.*c', 1000000, 'a')"),
        "long wide texts": rows(60, "'\U0001f4cb' || printf('%.*c', 1000000, 'a')"),
        "long blobs": rows(60, "zeroblob(1000000)"),
        "one long blob": rows(1, "zeroblob(60000000)"),
        "no UTF-8": rows(9, "CAST(x'ff80' AS TEXT)"),
        "infinite": rows(9, "9e999", "-9e999"),
        "columns": lambda: database("CREATE TABLE stock (" + ",".join(f"c{n}" for n in range(1_999)) + ")", "INSERT INTO stock (c0) VALUES (1)"),
        "tables": lambda: database(*(f"CREATE TABLE t{n} (a)" for n in range(9_000))),
        "indices": lambda: database(stock, pen, *(f"CREATE INDEX i{n} ON stock (n)" for n in range(2_000))),
        "long SQL": schema("CREATE TABLE stock (item TEXT, n INT, " + ",".join(f"c{n}" for n in range(1_900)) + "/*" + "a" * 900_000 + "*/)"),
        "deep SQL": schema("CREATE VIEW stock AS SELECT " + "(" * 50_000 + "1" + ")" * 50_000 + " AS item, 1 AS n", kind="view"),
        "as and blanks": schema("CREATE TABLE stock (item TEXT, n INT " + "as " * 300_000 + ")"),
        "blanks": schema("CREATE TABLE stock (item TEXT, n INT)" + " as" + " " * 900_000),
        "SQL that is none": schema("CREATE"),
        "name of a million letters": schema("CREATE TABLE stock (item)", "a" * 1_000_000),
        "schema table": schema("CREATE TABLE sqlite_master (item)", "sqlite_master"),
        "WAL": damaged(18, b"\2\2"),
        "page size": damaged(16, b"\xff\xff"),
        "page size of 1": damaged(16, b"\0\1"),
        "reserved": damaged(20, b"\xff"),
        "pages": damaged(28, b"\xff\xff\xff\xff"),
        "free list": damaged(32, b"\0\0\0\2\xff\xff\xff\xff"),
        "schema format": damaged(44, b"\xff\xff\xff\xff"),
        "encoding": damaged(56, b"\0\0\0\3"),
        "first page": damaged(100, b"\xff" * 60),
        "cells of the first page": damaged(108, b"\0\0\0\0\xff\xff"),
        "second page": damaged(4096, b"\x05" + b"\xff" * 100),
        "damaged pages": damaged_pages,
        "pages in a loop": loop,
        "only a header": lambda: b"SQLite format 3\0" + b"\0" * 600,
        "header and zeros": lambda: b"SQLite format 3\0" + b"\0" * 60_000_000,
        "half": lambda: rows(20_000)()[:100_000],
    }  # fmt: skip
