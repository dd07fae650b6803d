"""Hostile deliverables by format: bytes, or something else than a file that is put at the path."""

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

FULL = 64 << 20  # the largest file that is read
WIDE = 16 << 20  # the largest text
RUN = 3_000_000
# Formats that refuse a longer text before they look at it.
SHORTER_RUNS = {
    "yaml": 1_000_000, "toml": 500_000, "markdown": 1_900_000, "prose": 1_900_000, "python": 125_000, "wording": 490_000,
    "shell": 64_000,
}  # fmt: skip

Make = Callable[[], bytes]
Put = Callable[[Path], None]


# Every format: what is no text, what is no file.
def encodings(right: bytes) -> dict[str, Make]:
    """Files that are cut off, or no UTF-8."""
    text = right.decode("utf-8", "replace")
    return {
        "empty": lambda: b"",
        "blank": lambda: b" \n\t\n",
        "half": lambda: right[: len(right) // 2],
        "latin-1": lambda: right[:9] + b"caf\xe9 \xfc" + right[9:],
        "utf-16": lambda: text.encode("utf-16"),
        "utf-16 without mark": lambda: text.encode("utf-16-le"),
        "utf-32": lambda: text.encode("utf-32"),
        "NULs": lambda: right[:6] + b"\0\0" + right[6:],
        "overlong": lambda: right[:6] + b"\xc0\xaf\xe0\x80\xaf" + right[6:],
        "surrogate": lambda: right[:6] + b"\xed\xa0\x80" + right[6:],
    }


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _sparse(size: int) -> Put:
    def put(path: Path) -> None:
        with path.open("wb") as stream:
            stream.truncate(size)

    return put


def _outside(path: Path) -> None:
    secret = path.parent.parent.parent / "outside"
    secret.write_bytes(b"item,n\npen,12\n")
    path.symlink_to(secret)


def _linked_folder(path: Path) -> None:
    elsewhere = path.parent.parent.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / path.name).write_bytes(b"item,n\npen,12\n")
    path.parent.rmdir()
    path.parent.symlink_to(elsewhere)


def _secret(path: Path) -> None:
    path.write_bytes(b"x")
    path.chmod(0)


PATHS: dict[str, Put] = {
    "folder": Path.mkdir,
    "FIFO": _fifo,
    "link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "link outside": _outside,
    "link to itself": lambda path: path.symlink_to(path),
    "folder that is a link": _linked_folder,
    "no permission": _secret,
    "sparse, 1 GB": _sparse(1 << 30),
    "sparse, as large as can be": _sparse(FULL),
}


# Text: long runs of what the readers' regexes repeat.
RUNS: dict[str, str] = {
    "spaces": " ", "tabs": "\t", "line ends": "\n", "returns": "\r", "letters": "a", "wide letters": "\U0001f4cb", "hashes": "#",
    "stars": "*", "underscores": "_", "dashes": "-", "pluses": "+", "ticks": "`", "tildes": "~", "digits": "9", "zeros": "0",
    "dots": ".", "commas": ",", "semicolons": ";", "colons": ":", "equals": "=", "quotes": '"', "apostrophes": "'",
    "escaped quotes": '\\"', "doubled quotes": '""', "backslashes": "\\", "pipes": "|", "less-thans": "<",
    "greater-thans": ">", "ampersands": "&", "brackets": "[", "closing brackets": "]", "parentheses": "(", "closing parentheses": ")",
    "braces": "{", "closing braces": "}", "percents": "%", "dollars": "$", "ats": "@", "questions": "?", "bangs": "!",
    "a.": "a.", "a. ": "a. ", ". ": ". ", "a b": "a b ", "links": "[](", "images": "![a", "mail": "<a@", "open tags": "<b ",
    "closed tags": "</b", "comments": "<!--", "half comments": "<!-- \n", "comment ends": "-->", "autolinks": "<http:", "bold": "**a ",
    "emphasis": " *a", "ticks of two sizes": "` `` ", "dates": "2026-03-17 ", "half dates": "17 march ", "thousands": ",111",
    "decimals": "1.1", "times": "2026-03-17 09:30:00 ", "levels": "ERROR ", "accents": "e\u0301", "only accents": "\u0301",
    "quote marks": "> ", "bullets": "- a\n", "dashes of lists": "- ", "nested bullets": " - a\n  ", "numbered": "1. ", "headings": "# a\n",
    "loose headings": "a:\n\n", "underlined": "a\n---\n", "fences": "```\n", "table rows": "|-|-|\n", "rules of tables": "a|b\n-|-\n", "pipes and dashes": "|-",
    "escaped pipes": "\\|", "objects": '{"a":', "keys": "a=1\n", "dotted": "a.", "sections": "[a]\n", "anchors": "&a ", "aliases": "*a ",
    "questions of keys": "? ", "tags of yaml": "!a ", "flow": "{a: [", "documents": "---\n", "block texts": "|\n ", "comments of yaml": " #",
    "hunks": "@@ -1 +1 @@\n", "removed": "-a\n", "entities": "&amp;", "half entities": "&am", "characters": "&#", "attributes": " a=b", "open attributes": "<a a='",
    "cdata": "<![CDATA[", "instructions": "<?a ", "cells": "<td>", "rows of html": "<tr>", "paragraphs": "<p>", "words of headers": "=?utf-8?q?a?= ",
    "half words": "=?a?q?", "folded": "a:\n b\n", "boundaries": "--x\n", "addresses": "a@b, ", "groups": "a:b;", "events": "BEGIN:VEVENT\n", "parameters": ";A=B",
    "lambdas": "lambda:", "negations": "not ", "calls": "a(", "chains": "a+", "texts": "''", "triple quotes": "'''", "decorators": "@a\n", "escapes": "\\u0000",
    "JSON log": '{"level":"ERROR"}\n', "served": '- - - [', "tabs and letters": "a\t", "cron": "*/1,", "flags": "-f ", "leet": "01345", "ligatures": "\ufb03",
    "compatible": "\ufdfa", "hangul": "\u1100\u1161\u11a8",
}  # fmt: skip


def runs(head: str, size: int) -> dict[str, Make]:
    """Each run behind the beginning of a good file."""

    def run(piece: str) -> Make:
        return lambda: (head + piece * (size // len(piece.encode())) + "\n").encode()

    return {f"run of {name}": run(piece) for name, piece in RUNS.items()}


def huge(head: str) -> dict[str, Make]:
    """Texts as large as a file can be."""

    def full(piece: str, end: str = "", head: str = head, size: int = WIDE) -> Make:
        def make() -> bytes:
            data = head.encode() + piece.encode() * ((size - len(head) - 99) // len(piece.encode())) + end.encode()
            assert len(data) <= size
            return data

        return make

    return {
        "64 MiB in one line": full("a", size=FULL),
        "64 MiB of cells, and a wide letter": full("pen,", "\U0001f4cb", size=FULL),
        "a million lines": lambda: head.encode() + b"a: 1\n" * 999_000,
        "16 MiB in one line": full("a"),
        "16 MiB in one line, and a wide letter": full("a", "\U0001f4cb"),
        "16 MiB in one line, a mark and a wide letter": full("a\r", "\U0001f4cb", "\ufeff" + head),
        "16 MiB of words": full("pen ink "),
        "16 MiB of words, and a wide letter": full("pen ink ", "\U0001f4cb"),
        "16 MiB of lines": full("pen: 12\n"),
        "16 MiB of lines, and a wide letter": full("pen: 12\n", "\U0001f4cb"),
        "16 MiB of empty lines": full("\n"),
        "16 MiB of lines of one letter": full("a\n"),
        "16 MiB of cells": full("pen,"),
        "16 MiB of rows": full("pen,12\n"),
        "16 MiB of bullets": full("- pen\n"),
        "16 MiB of digits": full("9"),
        "16 MiB of wide letters": full("\U0001f4cb"),
        "16 MiB of quotes": full('"'),
        "16 MiB of spaces": full(" "),
        "0.5 MB of words": lambda: head.encode() + b"pen ink " * 62_000,
        "0.5 MB of sentences": lambda: head.encode() + b"A pen. " * 71_000,
        "0.5 MB of bullets": lambda: head.encode() + b"- a pen\n" * 49_000,
        "0.5 MB of marks": lambda: head.encode() + b"**a** `b` [c](d) <b>\\*" * 20_000,
    }


def numbers(around: str) -> dict[str, Make]:
    """Numbers that are too long or too large, where the format has one; `{}` is its place."""
    return {
        "number of a million digits": lambda: around.replace("{}", "1" * 1_000_000).encode(),
        "decimal of a million digits": lambda: around.replace("{}", "1." + "1" * 1_000_000).encode(),
        "exponent": lambda: around.replace("{}", "1e999999999").encode(),
        "small exponent": lambda: around.replace("{}", "1e-999999999").encode(),
        "exponent of a million digits": lambda: around.replace("{}", "1e" + "9" * 1_000_000).encode(),
        "minus zero": lambda: around.replace("{}", "-0e999").encode(),
        "999 digits": lambda: around.replace("{}", "7" * 999).encode(),
        "4299 digits": lambda: around.replace("{}", "7" * 4299).encode(),
        "NaN": lambda: around.replace("{}", "NaN").encode(),
        "Infinity": lambda: around.replace("{}", "Infinity").encode(),
        "cell of a million letters": lambda: around.replace("{}", "x" * 1_000_000).encode(),
    }


def _separated(sep: str) -> dict[str, Make]:
    rows = {
        "as many rows as can be": lambda: f"item{sep}n\n" + f"pen{sep}12\n" * 124_999,
        "as many rows as can be, none the same": lambda: f"item{sep}n\n" + "".join(f"p{n}{sep}{n}\n" for n in range(124_999)),
        "a column of as many rows as can be": lambda: "n\n" + "".join(f"{n}\n" for n in range(249_999)),
        "two million rows": lambda: f"item{sep}n\n" + f"pen{sep}12\n" * 2_000_000,
        "many columns": lambda: (
            f"item{sep}n{sep}" + sep.join(f"c{n}" for n in range(24_000)) + "\n" + (sep * 24_001 + "\n") * 9
        ),
        "as many columns as can be": lambda: f"item{sep}n{sep}" + sep.join(f"c{n}" for n in range(249_990)) + "\n",
        "one row of as many columns as can be": lambda: (
            f"item{sep}n{sep}" + sep.join(f"c{n}" for n in range(124_990)) + "\n" + sep * 124_991 + "\n"
        ),
        "ten million commas": lambda: sep * 10_000_000,
        "wide cells": lambda: f"item{sep}n\n" + f"{'p' * 16_000_000}{sep}\U0001f4cb\n",
        "open quote": lambda: f'item{sep}n\n"' + "pen\n" * 240_000,
        "quotes": lambda: f'item{sep}n\n"' + '""' * 490_000 + f'"{sep}1\n',
        "same name": lambda: f"item{sep}n{sep}item\npen{sep}12{sep}ink\n",
        "cells of numbers": lambda: f"item{sep}n\n" + f"pen{sep}{'1' * 60}\n" * 124_999,
    }
    return {name: lambda make=make: make().encode() for name, make in rows.items()}  # type: ignore[misc]


def _json() -> dict[str, Make]:
    deep = 100_000
    texts: dict[str, Callable[[], str]] = {
        "deep lists": lambda: "[" * deep + "]" * deep,
        "deep objects": lambda: '{"a":' * deep + "1" + "}" * deep,
        "open lists": lambda: "[" * 30_000_000,
        "lists, wide": lambda: "[" + "[]," * 330_000 + "1]",
        "objects, wide": lambda: "[" + '{"item":"pen","n":12},' * 110_000 + "1]",
        "objects without end": lambda: "[" + '{"item":"pen","n":12},' * 2_900_000 + "1]",
        "rows": lambda: "[" + '{"item":"pen","n":12},' * 110_000 + '{"item":"pen","n":12}]',
        "rows, none the same": lambda: (
            "[" + ",".join('{"item":"p%d","n":%d.5}' % (n, n) for n in range(110_000)) + "]"
        ),
        "a record of many keys": lambda: "[{" + ",".join('"k%d":1' % n for n in range(240_000)) + "}]",
        "records of other keys": lambda: "[" + ",".join('{"k%d":1}' % n for n in range(499)) + "]",
        "numbers": lambda: "[" + "1," * 990_000 + "1]",
        "decimals": lambda: "[" + "1.5," * 990_000 + "1]",
        "texts": lambda: "[" + '"pen",' * 330_000 + "1]",
        "one text": lambda: '["' + "a" * 16_000_000 + '"]',
        "one text of escapes": lambda: '["' + "\\u0041" * 2_700_000 + '"]',
        "same key": lambda: '[{"item": "pen", "n": 12, "n": 13}]',
        "a key a million times": lambda: "{" + '"a":1,' * 240_000 + '"a":1}',
        "lone surrogates": lambda: '[{"item": "\\ud800", "n": 12}]',
        "surrogates in a key": lambda: '[{"\\udfff": "pen", "n": 12}]',
        "long key": lambda: '{"' + "k" * 10_000_000 + '": 1}',
        "open text": lambda: '["' + '\\"' * 10_000_000,
        "spaces": lambda: "[" + " " * 16_000_000 + "]",
    }
    return {name: lambda make=make: make().encode() for name, make in texts.items()}  # type: ignore[misc]


def _jsonl() -> dict[str, Make]:
    texts: dict[str, Callable[[], str]] = {
        "rows": lambda: '{"item":"pen","n":12}\n' * 124_000,
        "rows of one key": lambda: '{"n":12}\n' * 249_000,
        "too many rows": lambda: '{"n":12}\n' * 5_000_000,
        "rows, none the same": lambda: "".join('{"item":"p%d","n":%d.5}\n' % (n, n) for n in range(124_000)),
        "rows of other keys": lambda: "".join('{"k%d":1}\n' % n for n in range(249_000)),
        "wide row": lambda: "{" + ",".join('"k%d":1' % n for n in range(240_000)) + "}\n",
        "wide rows": lambda: ("{" + ",".join('"k%d":1' % n for n in range(900)) + "}\n") * 277,
        "deep row": lambda: '{"a":' * 100_000 + "1" + "}" * 100_000,
        "deep rows": lambda: ('{"a":' * 99 + "1" + "}" * 99 + "\n") * 20_000,
        "rows of lists": lambda: ('{"a":[' + "1," * 400_000 + "1]}\n") * 19,
        "no objects": lambda: "1\n" * 249_000,
    }
    return {name: lambda make=make: make().encode() for name, make in texts.items()}  # type: ignore[misc]


def _yaml() -> dict[str, Make]:
    deep = 100_000
    laughs = "a: &a [l,l,l,l,l,l,l,l,l]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
    )
    texts: dict[str, Callable[[], str]] = {
        "deep flow lists": lambda: "[" * deep + "]" * deep,
        "deep flow maps": lambda: "{a: " * deep + "}" * deep,
        "deep dashes": lambda: "- " * deep + "a\n",
        "deep indents": lambda: "".join(" " * n + "a:\n" for n in range(1_400)),
        "deep questions": lambda: "? " * deep + "a\n",
        "alias bomb": lambda: laughs,
        "holds itself": lambda: "&a [*a]\n",
        "map that holds itself": lambda: "&a {b: *a}\n",
        "holds itself below": lambda: "- &a\n  - &b [*a, *b]\n",
        "key that is an alias": lambda: "a: &a b\n? *a\n: 1\n",
        "merge bomb": lambda: "a: &a {k: 1}\n" + "".join(f"b{n}: {{<<: *a}}\n" for n in range(20_000)),
        "aliases": lambda: "- &a [1, 2, 3]\n" + "- *a\n" * 24_000,
        "list": lambda: "- 1\n" * 49_000,
        "rows": lambda: "- item: pen\n  n: 12\n" * 9_900,
        "flow rows": lambda: "[" + "{item: pen, n: 12}," * 9_900 + "]",
        "too many rows": lambda: "- item: pen\n  n: 12\n" * 50_000,
        "keys": lambda: "".join(f"k{n}: 1\n" for n in range(24_000)),
        "documents": lambda: "--- 1\n" * 40_000,
        "anchors": lambda: "".join(f"- &a{n} 1\n" for n in range(40_000)),
        "long key": lambda: "k" * 1_000_000 + ": 1\n",
        "long keys": lambda: ("k" * 1_000 + ": 1\n") * 1_000,
        "long text": lambda: "- '" + "a " * 500_000 + "'\n",
        "long folded text": lambda: "- >\n" + "  a\n" * 250_000,
        "long plain text": lambda: "- a\n" + "  a\n" * 250_000,
        "long quoted text in lines": lambda: '- "' + "a\n  " * 250_000 + '"\n',
        "comments": lambda: "# a\n" * 250_000,
        "tag": lambda: "!!python/object/apply:os.system ['true']\n",
        "tags": lambda: "- !!str a\n" * 40_000,
        "tag directives": lambda: "".join(f"%TAG !e{n}! tag:a,2000:\n" for n in range(20_000)) + "--- a\n",
        "long tag": lambda: "!" + "a" * 1_000_000 + " b\n",
        "version": lambda: "%YAML 1." + "1" * 1_000_000 + "\n--- a\n",
        "sexagesimal": lambda: "- " + "1:" * 400_000 + "1\n",
        "octal": lambda: "- 0o" + "7" * 900_000 + "\n",
        "hex": lambda: "- 0x" + "f" * 900_000 + "\n",
        "same key": lambda: "- item: pen\n  n: 12\n  n: 13\n",
        "surrogate escape": lambda: '- "\\ud800"\n',
        "large escape": lambda: '- "\\Uffffffff"\n',
        "open quote": lambda: '- "' + "\\n" * 500_000,
        "unclosed flow in lines": lambda: "[\n" + "a,\n" * 300_000,
    }
    return {name: lambda make=make: make().encode() for name, make in texts.items()}  # type: ignore[misc]


def _toml() -> dict[str, Make]:
    deep = 100_000
    texts: dict[str, Callable[[], str]] = {
        "deep lists": lambda: "a = " + "[" * deep + "]" * deep,
        "deep tables": lambda: "a = " + "{a=" * deep + "1" + "}" * deep,
        "long dotted key": lambda: ".".join(["a"] * deep) + " = 1\n",
        "long dotted section": lambda: "[" + ".".join(["a"] * deep) + "]\n",
        "dotted keys": lambda: "".join(f"{'a.' * 49}k{n} = 1\n" for n in range(4_900)),
        "dotted sections": lambda: "".join(f"[{'a.' * 49}k{n}]\n" for n in range(4_700)),
        "keys": lambda: "".join(f"k{n} = 1\n" for n in range(38_000)),
        "sections": lambda: "".join(f"[k{n}]\n" for n in range(50_000)),
        "tables in a list": lambda: "[[a]]\n" * 80_000,
        "tables in lists in lists": lambda: "[[a]]\n" + "[[a.b]]\n" * 60_000,
        "list": lambda: "a = [" + "1," * 99_000 + "]\n",
        "lists": lambda: "a = [" + "[]," * 99_000 + "]\n",
        "inline tables": lambda: "a = [" + "{a=1}," * 49_000 + "]\n",
        "text": lambda: 'a = "' + "x" * 500_000 + '"\n',
        "escapes": lambda: 'a = "' + "\\u0041" * 80_000 + '"\n',
        "long text": lambda: "a = '''\n" + "x\n" * 250_000 + "'''\n",
        "quotes in a long text": lambda: 'a = """' + '""x' * 160_000 + '"""\n',
        "backslashes at line ends": lambda: 'a = """' + "\\\n" * 240_000 + '"""\n',
        "spaces": lambda: "a = [" + " " * 500_000 + "]\n",
        "comments": lambda: "#\n" * 250_000 + "a = 1\n",
        "hex": lambda: "a = 0x" + "f" * 500_000 + "\n",
        "underscores": lambda: "a = 1" + "_1" * 250_000 + "\n",
        "many long numbers": lambda: "a = [" + ("1" * 3_999 + ",") * 120 + "]\n",
        "inf": lambda: "a = inf\n",
        "same key": lambda: "[pen]\nn = 12\nn = 12\n",
        "dates": lambda: "a = [" + "2026-03-17T09:30:00Z," * 24_000 + "]\n",
        "impossible date": lambda: "a = 2026-02-31\n",
        "large date": lambda: "a = 9999-12-31T23:59:59-23:59\n",
        "surrogate": lambda: 'a = "\\ud800"\n',
        "open quote": lambda: 'a = "' + '\\"' * 250_000,
    }
    return {name: lambda make=make: make().encode() for name, make in texts.items()}  # type: ignore[misc]


def _ini() -> dict[str, Make]:
    texts: dict[str, Callable[[], str]] = {
        "sections": lambda: "".join(f"[s{n}]\n" for n in range(900_000)),
        "keys": lambda: "[pen]\n" + "".join(f"k{n}=1\n" for n in range(900_000)),
        "long value": lambda: "[pen]\nn = 12\n" + " 1\n" * 990_000,
        "value of blanks": lambda: "[pen]\nn = 12\n" + " \n" * 990_000,
        "long section": lambda: "[" + "a" * 16_000_000 + "]\nn = 1\n",
        "interpolation": lambda: "[pen]\na = %(b)s\nb = %(a)s\n",
        "open section": lambda: "[" * 16_000_000,
        "same section": lambda: "[pen]\nn = 12\n[pen]\nn = 12\n",
        "same key": lambda: "[pen]\nn = 12\nn = 12\n",
        "comments": lambda: "[pen] " + ";" * 16_000_000,
    }
    return {name: lambda make=make: make().encode() for name, make in texts.items()}  # type: ignore[misc]


def _diff() -> dict[str, Make]:
    texts: dict[str, Callable[[], str]] = {
        "long hunk": lambda: "--- a/x\n+++ b/x\n@@ -0,0 +1,62000 @@\n" + "+pen\n" * 62_000,
        "longer hunk": lambda: "--- a/x\n+++ b/x\n@@ -0,0 +1,900000 @@\n" + "+pen\n" * 900_000,
        "hunks": lambda: "--- a/x\n+++ b/x\n" + "@@ -0,0 +1 @@\n+pen\n" * 62_000,
        "files": lambda: "--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+pen\n" * 62_000,
        "no rows": lambda: "--- a/x\n+++ b/x\n" + "@@ -0,0 +0,0 @@\n" * 990_000,
        "paths": lambda: "--- a/x\n+++ b/x\n" * 490_000,
        "long path": lambda: "--- a/" + "x/" * 8_000_000 + "\n+++ b/x\n@@ -0,0 +1 @@\n+pen\n",
        "endless hunk": lambda: "--- a/x\n+++ b/x\n@@ -0,0 +1,999999999 @@\n+pen\n",
        "large numbers": lambda: "--- a/x\n+++ b/x\n@@ -0,0 +" + "9" * 1_000_000 + " @@\n+pen\n",
        "no newline marks": lambda: "--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n" + "\\ No\n" * 990_000 + "+pen\n",
    }
    return {name: lambda make=make: make().encode() for name, make in texts.items()}  # type: ignore[misc]


def _markdown() -> dict[str, Make]:
    deep = 100_000
    texts: dict[str, Callable[[], str]] = {
        "deep quotes": lambda: "# Stock\n" + ">" * deep + " pens 12\n",
        "deep lists": lambda: "# Stock\n" + "".join(" " * n + "- a\n" for n in range(1_900)),
        "deep list in a line": lambda: "# Stock\n" + "- " * deep + "pens\n",
        "deep lists far in": lambda: "# Stock\n" + (" " * 1_000 + "- a\n") * 1_900,
        "tabs before bullets": lambda: "# Stock\n" + ("\t" * 1_000 + "- a\n") * 1_900,
        "tabs in paragraphs": lambda: "# Stock\n" + "\ta" * 900_000 + "\n",
        "deep emphasis": lambda: "# Stock\n" + "*a" * deep + "a*" * deep + "\n",
        "deep links": lambda: "# Stock\n" + "[" * deep + "a" + "](b)" * deep + "\n",
        "rows": lambda: "# Stock\n\n| item | n |\n|--|--|\n" + "| pen | 12 |\n" * 160_000,
        "columns": lambda: "|" + "".join(f"c{n}|" for n in range(100_000)) + "\n|" + "-|" * 100_000 + "\n",
        "tables": lambda: "| item | n |\n|--|--|\n| pen | 12 |\n\n" * 52_000,
        "headers of tables": lambda: "|a|b|\n" * 330_000,
        "rules of wide tables": lambda: ("|" + "-|" * 9_000 + "\n") * 100,
        "wide cells": lambda: "| item | n |\n|--|--|\n| " + "pen " * 450_000 + "| 12 |\n",
        "sections": lambda: "# Stock\n" + "## Items\n" * 200_000,
        "empty headings": lambda: "# Stock\n" + "#\n" * 900_000,
        "numbered headings": lambda: "# 1.1.1.1 \n" * 180_000,
        "headings in bold": lambda: "**a**\n\n" * 280_000,
        "front matter": lambda: "---\na: b\n" + "a: b\n" * 390_000,
        "comments": lambda: "<!--" * 490_000 + "\n-->\n",
        "nested comments": lambda: "<!-- a -->" * 190_000,
        "half comments": lambda: "<!-- a\n" * 280_000 + "-->\n",
        "open fence": lambda: "```\n" + "12 pens\n" * 240_000,
        "fences of many sizes": lambda: "".join("`" * n + "\n" for n in range(3, 1_900)),
        "ticks of many sizes": lambda: " ".join("`" * n for n in range(1, 1_900)),
        "escapes": lambda: "\\*" * 900_000,
        "tags": lambda: "<b>" * 600_000,
        "open tag": lambda: "<b " + "a" * 1_900_000,
        "open tags": lambda: "<b a" * 490_000,
        "abbreviations": lambda: "e.g. " * 390_000,
        "digits and commas": lambda: "12,345," * 280_000,
        "near misses": lambda: "12 pen, 12.5 pens. " * 100_000,
        "passages": lambda: "- 12 pen\n" * 200_000,
        "one bullet of many lines": lambda: "- a\n" + "  b\n" * 490_000,
        "one paragraph": lambda: "b\n" * 990_000,
        "code in a bullet": lambda: "- a\n\n" + "  ```\n  b\n  ```\n" * 110_000,
    }
    return {name: lambda make=make: make().encode() for name, make in texts.items()}  # type: ignore[misc]


def _xml() -> dict[str, Make]:
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
    texts: dict[str, Callable[[], str]] = {
        "billion laughs": lambda: f'<!DOCTYPE a [<!ENTITY l0 "lol">{laughs}]><a>&l12;</a>',
        "quadratic blowup": lambda: f'<!DOCTYPE a [<!ENTITY b "{"b" * 100_000}">]><a>{"&b;" * 100_000}</a>',
        "parameter entities": lambda: '<!DOCTYPE a [<!ENTITY % b "&#37;b;"> %b;]><a/>',
        "external entity": lambda: '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "external document type": lambda: '<!DOCTYPE a SYSTEM "http://localhost:9/a.dtd"><a>&b;</a>',
        "default attributes": lambda: (
            f'<!DOCTYPE a [<!ATTLIST b c CDATA "{"c" * 60_000}">]><a>' + "<b/>" * 190_000 + "</a>"
        ),
        "declarations": lambda: "<!DOCTYPE a [" + "<!ELEMENT b ANY>" * 1_000_000 + "]><a/>",
        "models": lambda: "<!DOCTYPE a [<!ELEMENT b " + "(" * 100_000 + "a" + ")" * 100_000 + ">]><a/>",
        "wide models": lambda: "<!DOCTYPE a [<!ELEMENT b (" + "a," * 5_000_000 + "a)>]><a/>",
        "attribute declarations": lambda: "<!DOCTYPE a [<!ATTLIST b " + "".join(f"c{n} CDATA #IMPLIED " for n in range(300_000)) + ">]><a/>",
        "deep": lambda: "<a>" * 100_000 + "</a>" * 100_000,
        "elements": lambda: "<shop>" + "<item/>" * 199_000 + "</shop>",
        "elements with attributes": lambda: "<shop>" + '<item n="12" m="13">pen</item>' * 199_000 + "</shop>",
        "different elements": lambda: "<shop>" + "".join(f'<i{n} a{n}="{n}"/>' for n in range(199_000)) + "</shop>",
        "elements as deep as may be": lambda: "<shop>" + ("<a>" * 98 + "b" + "</a>" * 98) * 2_000 + "</shop>",
        "texts as deep as may be": lambda: "<a>" * 99 + "b " * 30_000_000 + "</a>" * 99,
        "too many elements": lambda: "<shop>" + "<item/>" * 9_000_000 + "</shop>",
        "attributes": lambda: "<shop " + " ".join(f'a{n}="1"' for n in range(70_000)) + "/>",
        "too many attributes": lambda: "<shop " + " ".join(f'a{n}="1"' for n in range(4_000_000)) + "/>",
        "same attribute": lambda: '<shop a="1" a="2"/>',
        "tags with many attributes": lambda: "<shop>" + ("<a " + " ".join(f'a{n}="1"' for n in range(60_000)) + "/>") * 70 + "</shop>",
        "text": lambda: "<shop>" + "a" * 60_000_000 + "</shop>",
        "pieces of text": lambda: "<shop>" + "a&amp;" * 9_000_000 + "</shop>",
        "characters": lambda: "<shop>" + "&#65;" * 12_000_000 + "</shop>",
        "pieces between comments": lambda: "<shop>" + "a<!---->" * 8_000_000 + "</shop>",
        "instructions": lambda: "<shop>" + "a<?b?>" * 9_000_000 + "</shop>",
        "cdata": lambda: "<shop>" + "<![CDATA[a]]>" * 4_500_000 + "</shop>",
        "lines of cdata": lambda: "<shop><![CDATA[" + "a\n" * 30_000_000 + "]]></shop>",
        "comment": lambda: "<shop><!--" + "a" * 60_000_000 + "--></shop>",
        "open comment": lambda: "<shop><!--" + "a -" * 20_000_000,
        "name": lambda: "<" + "a" * 60_000_000 + "/>",
        "short of a long name": lambda: "<" + "a" * 1_000_000 + "></" + "a" * 999_999 + ">",
        "prefixes": lambda: "<shop " + " ".join(f'xmlns:a{n}="b"' for n in range(60_000)) + "/>",
        "encoding": lambda: '<?xml version="1.0" encoding="utf-7"?><shop/>',
        "unknown encoding": lambda: '<?xml version="1.0" encoding="rot13"?><shop/>',
        "wrong encoding": lambda: '<?xml version="1.0" encoding="utf-16"?><shop/>',
        "long encoding": lambda: '<?xml version="1.0" encoding="' + "a" * 1_000_000 + '"?><shop/>',
    }
    return {name: lambda make=make: make().encode() for name, make in texts.items()}  # type: ignore[misc]


def _html() -> dict[str, Make]:
    texts: dict[str, Callable[[], str]] = {
        "unclosed tags": lambda: "<b>" * 1_000_000,
        "unclosed paragraphs": lambda: "<p>" * 1_000_000,
        "unclosed cells": lambda: "<table>" + "<td>" * 1_000_000,
        "unclosed items": lambda: "<ul>" + "<li>a" * 199_000,
        "paragraphs in spans": lambda: "<p>" + "<b>" * 90 + "<p><b>" * 99_000,
        "end tags that end nothing": lambda: "<div>" * 98 + "</b>" * 490_000,
        "deep": lambda: "<div>" * 100_000 + "</div>" * 100_000,
        "deep tables": lambda: "<table><tr><td>" * 33 + "pen",
        "texts as deep as may be": lambda: "<div>" * 98 + "a <b>b</b>" * 99_000,
        "many as deep as may be": lambda: ("<div>" * 97 + "a" + "</div>" * 97) * 2_000,
        "rows": lambda: "<table><tr><th>item<th>n" + "<tr><td>pen<td>12" * 60_000,
        "short rows": lambda: "<table><tr>" + "".join(f"<th>c{n}" for n in range(500)) + "<tr><td>" * 1_900,
        "columns": lambda: "<table><tr>" + "".join(f"<th>c{n}" for n in range(9_000)) + "<tr><td colspan=1000>" * 110,
        "spans": lambda: "<table><tr>" + "<th colspan=1000>a" * 10_000,
        "long cells that span": lambda: "<table><tr><th>item<th>n<tr><td colspan=1000>" + "a" * 10_000_000,
        "large span": lambda: "<table><tr><th colspan=" + "9" * 1_000_000 + ">a",
        "attributes": lambda: "<div " + " ".join(f"a{n}=1" for n in range(490_000)) + ">",
        "same attribute": lambda: "<div " + "a=1 " * 490_000 + ">",
        "long attribute": lambda: "<div a=" + "1" * 19_000_000 + ">",
        "classes": lambda: '<tr class="' + "a " * 9_000_000 + '">',
        "open tag": lambda: "<div " + "a" * 19_000_000,
        "open quote": lambda: "<div a='" + "b=" * 9_000_000,
        "open quotes": lambda: "<div a=' " * 2_000_000,
        "open comments": lambda: "<p>" + "<!--" * 4_900_000,
        "comments": lambda: "<p>" + "<!---->" * 490_000,
        "open declarations": lambda: "<p>" + "<!" * 9_000_000,
        "open scripts": lambda: "<script>" * 490_000,
        "scripts": lambda: "<script>a</script>" * 190_000,
        "open title": lambda: "<title>" + "</titl" * 3_000_000,
        "entities": lambda: "<p>" + "&amp;" * 3_900_000,
        "entities without end": lambda: "<p>" + "&notin" * 3_300_000,
        "long entity": lambda: "<p>&" + "a" * 19_000_000,
        "characters": lambda: "<p>" + "&#65" * 4_900_000,
        "long character": lambda: "<p>&#" + "9" * 19_000_000,
        "zeros of characters": lambda: "<p>" + "&#" + "0" * 19_000_000 + "65;",
        "long hexadecimal": lambda: "<p>&#x" + "f" * 19_000_000 + ";",
        "surrogate character": lambda: "<p>&#xd800;&#x110000;&#0;",
        "blanks": lambda: "<p>" + " " * 19_000_000,
        "blanks in a tag": lambda: "<p" + " " * 19_000_000,
        "slashes in a tag": lambda: "<p" + " /" * 9_000_000,
        "equals in a tag": lambda: "<p" + " =" * 9_000_000,
        "names in a tag": lambda: "<p" + " a =" * 4_900_000,
        "less-thans": lambda: "<p>" + "<" * 19_000_000,
        "text": lambda: "<p>" + "pen " * 4_900_000,
        "too long": lambda: "<p>" + "pen " * 15_000_000,
        "siblings": lambda: "<table>" + "<tr><td>" * 99_000,
    }
    return {name: lambda make=make: make().encode() for name, make in texts.items()}  # type: ignore[misc]


def _email(right: bytes) -> dict[str, Make]:
    head = "From: a@example.org\nTo: b@example.org\nSubject: a\n"

    def nested(depth: int) -> str:
        parts = [f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth)]
        return head + "".join(parts)

    def sections(count: int, body: str) -> str:
        return head + "Content-Type: multipart/mixed; boundary=x\n\n" + f"--x\n{body}\n" * count + "--x--\n"

    texts: dict[str, Callable[[], str]] = {
        "nested multiparts": lambda: nested(100_000),
        "nested as deep as may be": lambda: nested(19) + "a" * 50_000_000,
        "multiparts with one boundary": lambda: (
            head + "Content-Type: multipart/mixed; boundary=x\n\n" + "--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 100_000
        ),
        "parts": lambda: sections(990, "\na"),
        "too many parts": lambda: sections(1_000_000, "\na"),
        "attachments": lambda: sections(990, "Content-Disposition: attachment; filename=a.txt\n\n" + "a" * 60_000),
        "wide attachments": lambda: sections(900, "Content-Disposition: attachment; filename=a.txt\n\n\U0001f4cb" + "a" * 60_000),
        "one large attachment": lambda: sections(1, "Content-Disposition: attachment; filename=a.txt\n\n" + "a" * 60_000_000),
        "headers": lambda: head + "".join(f"X-{n}: a\n" for n in range(9_900)) + "\na",
        "too many headers": lambda: head + "".join(f"X-{n}: a\n" for n in range(2_000_000)) + "\na",
        "headers of parts": lambda: sections(900, "".join(f"X-{n}: a\n" for n in range(4_000)) + "\na"),
        "long header": lambda: head + "X: " + "a " * 30_000_000 + "\n\na",
        "folded header": lambda: head + "X: a\n" + " a\n" * 9_900 + "\na",
        "long folded header": lambda: head + "X: a\n" + (" " + "a" * 6_000 + "\n") * 9_900 + "\na",
        "addresses": lambda: head.replace("b@", "b@c, " * 9_000 + "b@") + "\na",
        "too many addresses": lambda: head.replace("b@", "b@c, " * 9_000_000 + "b@") + "\na",
        "comments in addresses": lambda: head.replace("b@", "(" * 30_000_000 + "b@") + "\na",
        "quotes in addresses": lambda: head.replace("b@", '"' * 30_000_001 + "b@") + "\na",
        "escaped quotes in addresses": lambda: head.replace("b@", '"' + '\\"' * 10_000_000 + "b@") + "\na",
        "angles in addresses": lambda: head.replace("b@", "<" * 10_000_000 + "b@") + "\na",
        "groups in addresses": lambda: head.replace("b@", "a:" * 10_000_000 + "b@") + "\na",
        "one long address": lambda: head.replace("b@", "b" * 60_000_000 + "@") + "\na",
        "encoded words": lambda: head.replace(": a\n", ": " + "=?utf-8?q?a?= " * 4_000_000 + "\n") + "\na",
        "half encoded words": lambda: head.replace(": a\n", ": " + "=?utf-8?q?" * 5_000_000 + "\n") + "\na",
        "long encoded word": lambda: head.replace(": a\n", ": =?utf-8?b?" + "YWJj" * 10_000_000 + "?=\n") + "\na",
        "encoded words of ends": lambda: head.replace(": a\n", ": " + "?= " * 15_000_000 + "\n") + "\na",
        "blanks between words": lambda: head.replace(": a\n", ": ?=" + "\u2003" * 15_000_000 + "\n") + "\na",
        "parameters": lambda: head + "Content-Type: text/plain" + "; a=b" * 9_000_000 + "\n\na",
        "open parameters": lambda: head + "Content-Type: multipart/mixed; boundary=\"" + '\\"' * 9_000_000 + "\n\na",
        "split parameters": lambda: head + "Content-Type: text/plain" + "".join(f"; name*{n}=b" for n in range(900)) + "\n\na",
        "charset": lambda: head + "Content-Type: text/plain; charset=utf-7\n\n+AGEAYQBh",
        "idna": lambda: head + "Content-Type: text/plain; charset=idna\n\n" + "a" * 1_000_000,
        "punycode": lambda: head + "Content-Type: text/plain; charset=punycode\n\n" + "a" * 1_000_000,
        "zip charset": lambda: head + "Content-Type: text/plain; charset=zlib\n\naaa",
        "iso-2022-jp": lambda: head + "Content-Type: text/plain; charset=iso-2022-jp\n\n" + "\x1b$B" * 10_000_000,
        "base64": lambda: head + "Content-Transfer-Encoding: base64\n\n" + "YWJj" * 15_000_000,
        "bad base64": lambda: head + "Content-Transfer-Encoding: base64\n\n" + "=" * 60_000_000,
        "quoted-printable": lambda: head + "Content-Transfer-Encoding: quoted-printable\n\n" + "=41" * 20_000_000,
        "soft line ends": lambda: head + "Content-Transfer-Encoding: quoted-printable\n\n" + "=\n" * 30_000_000,
        "blanks at soft line ends": lambda: head + "Content-Transfer-Encoding: quoted-printable\n\n" + " " * 60_000_000,
        "body": lambda: head + "\n" + "pen 12 " * 9_000_000,
        "wide body": lambda: head + "\n" + "pen 12 " * 9_000_000 + "\U0001f4cb",
        "latin body": lambda: head + "Content-Type: text/plain; charset=utf-16\n\n" + "ab" * 30_000_000,
        "HTML body": lambda: head + "Content-Type: text/html\n\n" + "<p>" * 199_000,
        "deep HTML body": lambda: head + "Content-Type: text/html\n\n" + "<b>" * 199_000,
        "large HTML body": lambda: head + "Content-Type: text/html\n\n" + "a" * 60_000_000,
        "date": lambda: head + "Date: " + "9" * 1_000_000 + "\n\na",
        "large date": lambda: head + "Date: Fri, 31 Dec 9999 23:59:59 -1400\n\na",
        "date comments": lambda: head + "Date: " + "(" * 10_000_000 + "\n\na",
        "boundaries": lambda: head + "Content-Type: multipart/mixed; boundary=x\n\n" + "--x--x" * 9_000_000,
        "almost boundaries": lambda: head + "Content-Type: multipart/mixed; boundary=x\n\n" + "--x \t" * 9_000_000,
        "boundary and blanks": lambda: head + "Content-Type: multipart/mixed; boundary=x\n\n--x" + " " * 60_000_000 + "a",
        "short boundary": lambda: head + 'Content-Type: multipart/mixed; boundary="-"\n\n' + "-" * 60_000_000,
        "messages in messages": lambda: head + "Content-Type: message/rfc822\n\n" * 100_000,
        "digest": lambda: head + "Content-Type: multipart/digest; boundary=x\n\n" + "--x\n\n" * 900_000,
    }
    found: dict[str, Make] = {name: lambda make=make: make().encode() for name, make in texts.items()}  # type: ignore[misc]
    found["8-bit headers"] = lambda: right.replace(b"Stock", b"Stock \xe9 \xff\xfe")
    return found


def _ics() -> dict[str, Make]:
    head, foot = "BEGIN:VCALENDAR\n", "END:VCALENDAR\n"
    event = "BEGIN:VEVENT\nUID:1\nSUMMARY:pen\nDTSTART:20260317T090000\n{}END:VEVENT\n"
    texts: dict[str, Callable[[], str]] = {
        "endless rule": lambda: head + event.format("RRULE:FREQ=SECONDLY;INTERVAL=1\n") + foot,
        "long rule": lambda: head + event.format("RRULE:FREQ=DAILY;BYDAY=" + "MO," * 10_000_000 + "\n") + foot,
        "events": lambda: head + event.format("") * 99_000 + foot,
        "empty events": lambda: head + "BEGIN:VEVENT\nEND:VEVENT\n" * 99_000 + foot,
        "a million events": lambda: head + "BEGIN:VEVENT\nEND:VEVENT\n" * 1_000_000 + foot,
        "too many lines": lambda: head + "X:1\n" * 9_000_000 + foot,
        "folded lines": lambda: head + "X:1\n" + " a\n" * 990_000 + foot,
        "long line": lambda: head + "X:" + "a" * 60_000_000 + "\n" + foot,
        "parameters": lambda: head + "X" + ";A=b" * 10_000_000 + ":1\n" + foot,
        "parameters without end": lambda: head + "X" + ";A=b" * 10_000_000 + "\n" + foot,
        "values of a parameter": lambda: head + "X;A=" + "b," * 10_000_000 + "\n" + foot,
        "quoted values": lambda: head + "X;A=" + '"b",' * 10_000_000 + "\n" + foot,
        "empty values": lambda: head + "X;A=" + "," * 20_000_000 + "\n" + foot,
        "open quotes": lambda: head + "X;A=" + '"' * 20_000_001 + "\n" + foot,
        "attendees": lambda: head + event.format("ATTENDEE:mailto:a@b\n" * 900_000) + foot,
        "attendees of events": lambda: head + event.format("ATTENDEE:mailto:a@b\n" * 9) * 70_000 + foot,
        "deep": lambda: head + "BEGIN:VEVENT\n" * 100_000,
        "events in events": lambda: head + "BEGIN:VEVENT\n" * 18 + "END:VEVENT\n" * 18 + foot,
        "escapes": lambda: head + event.format("DESCRIPTION:" + "\\n" * 15_000_000 + "\n") + foot,
        "duration": lambda: head + event.format("DURATION:P" + "9" * 1_000_000 + "D\n") + foot,
        "long durations": lambda: head + event.format("DURATION:P99999W999999DT999999H\n") + foot,
        "negative duration": lambda: head + event.format("DURATION:-P99999W\n") + foot,
        "late": lambda: head + event.format("DURATION:P999999D\n").replace("20260317", "99991231") + foot,
        "year 0": lambda: head + event.format("").replace("2026", "0000") + foot,
        "no such time": lambda: head + event.format("").replace("T090000", "T996099") + foot,
        "wrong ends": lambda: head + "BEGIN:VEVENT\nEND:VTODO\n" + foot,
        "no end": lambda: head + event.format("") * 1_000,
    }
    return {name: lambda make=make: make().encode() for name, make in texts.items()}  # type: ignore[misc]


def _python() -> dict[str, Make]:
    deep = 100_000
    texts: dict[str, Callable[[], str]] = {
        "parentheses": lambda: "(" * deep + ")" * deep,
        "198 parentheses": lambda: "(" * 198 + ")" * 198,
        "lists": lambda: "[" * deep,
        "minuses": lambda: "-" * deep + "1\n",
        "minuses apart": lambda: "- " * 60_000 + "1\n",
        "tildes": lambda: "~" * deep + "1\n",
        "nots": lambda: "not " * 30_000 + "1\n",
        "awaits": lambda: "async def f():\n await " + "await " * 20_000 + "1\n",
        "lambdas": lambda: "lambda: " * 15_000 + "1\n",
        "conditions": lambda: "1 if 1 else " * 10_000 + "1\n",
        "powers": lambda: "1" + "**1" * 40_000 + "\n",
        "sums": lambda: "1" + "+1" * 60_000 + "\n",
        "sums as long as may be": lambda: ("x = 1" + "+1" * 1_900 + "\n") * 30,
        "attributes": lambda: "a" + ".a" * 60_000 + "\n",
        "calls": lambda: "a" + "()" * 60_000 + "\n",
        "calls in calls": lambda: "a(" * 60_000 + ")" * 60_000 + "\n",
        "subscripts": lambda: "a" + "[0]" * 40_000 + "\n",
        "comparisons": lambda: "1" + "<1" * 60_000 + "\n",
        "ands": lambda: "1" + " and 1" * 20_000 + "\n",
        "assignments": lambda: "a=" * 60_000 + "1\n",
        "walrus": lambda: "(a:=" * 20_000 + "1" + ")" * 20_000 + "\n",
        "stars": lambda: "*" * deep + "a\n",
        "starred": lambda: "print(" + "*" * deep + "a)\n",
        "colons": lambda: "a[" + ":" * deep + "]\n",
        "blocks": lambda: "".join(" " * n + "if 1:\n" for n in range(450)) + " " * 450 + "pass\n",
        "99 blocks": lambda: "".join(" " * n + "if 1:\n" for n in range(99)) + " " * 99 + "pass\n",
        "elifs": lambda: "if 1: pass\n" + "elif 1: pass\n" * 9_000,
        "elses": lambda: "for a in b: pass\nelse: pass\n" * 4_000,
        "functions": lambda: "def load(): pass\n" * 7_000,
        "functions in functions": lambda: "".join(" " * n + f"def load{n}():\n" for n in range(99)) + " " * 99 + "pass\n",
        "decorators": lambda: "@a\n" * 40_000 + "def load(): pass\n",
        "parameters": lambda: "def load(" + ",".join(f"a{n}" for n in range(15_000)) + "): pass\n",
        "large number": lambda: "a = " + "9" * 120_000 + "\n",
        "large hexadecimal": lambda: "a = 0x" + "f" * 120_000 + "\n",
        "large float": lambda: "a = 1e999999999\n",
        "large imaginary": lambda: "a = " + "9" * 120_000 + "j\n",
        "text": lambda: "a = '" + "b" * 120_000 + "'\n",
        "texts": lambda: "a = " + "'b' " * 30_000 + "\n",
        "texts in f-texts": lambda: "a = " + "f'{" * 30_000 + "1" + "}'" * 30_000 + "\n",
        "f-text": lambda: "a = f'" + "{1}" * 30_000 + "'\n",
        "format of a format": lambda: "a = f'" + "{1:" * 40_000 + "}" * 40_000 + "'\n",
        "names of characters": lambda: "a = '" + "\\N{DASH}" * 10_000 + "'\n",
        "bad escapes": lambda: "a = '" + "\\q" * 60_000 + "'\n",
        "open text": lambda: "a = '''" + "b\n" * 60_000,
        "indents": lambda: " " * 120_000 + "a\n",
        "tabs and blanks": lambda: "if 1:\n\ta\n        b\n",
        "line joins": lambda: "a = 1" + "\\\n" * 60_000 + "\n",
        "semicolons": lambda: "a;" * 60_000 + "\n",
        "patterns": lambda: "match a:\n case " + "[" * 40_000 + "]" * 40_000 + ": pass\n",
        "pattern choices": lambda: "match a:\n case 1" + "|1" * 40_000 + ": pass\n",
        "generators": lambda: "(" + "a for a in " * 10_000 + "b)\n",
        "comprehensions": lambda: "[a" + " for a in b" * 10_000 + "]\n",
        "annotations": lambda: "a: " * 40_000 + "1\n",
        "dots of imports": lambda: "from " + "." * 120_000 + " import a\n",
        "imports": lambda: "import " + ".".join(["a"] * 60_000) + "\n",
        "with": lambda: "with " + ",".join(["a"] * 50_000) + ": pass\n",
        "with in parentheses": lambda: "with (" * 20_000 + "a" + ")" * 20_000 + ": pass\n",
        "encoding": lambda: "# coding: rot13\nvzcbeg bf\n",
        "unknown encoding": lambda: "# coding: none\nimport os\n",
        "identifiers": lambda: "".join(f"a{n}=1\n" for n in range(14_000)),
        "slow names": lambda: "\ufb03" * 40_000 + " = 1\n",
        "try in try": lambda: "".join(" " * n + "try:\n" for n in range(99)),
        "dict": lambda: "a = {" + "1:1," * 30_000 + "}\n",
        "unpacking": lambda: "(" * 150 + "a" + ",)" * 150 + " = 1\n",
        "stars in targets": lambda: "*a, " * 20_000 + "= 1\n",
        "type": lambda: "def f" + "[T]" * 100 + "(): pass\n",
        "form feeds": lambda: "\f" * 120_000 + "a\n",
        "ellipses": lambda: "..." * 40_000 + "\n",
    }
    return {name: lambda make=make: make().encode() for name, make in texts.items()}  # type: ignore[misc]


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


def _zip() -> dict[str, Make]:
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
        "nested bomb": lambda: zipped({f"{n}.zip": zipped({"a": b"a" * 60_000_000}) for n in range(30)}),
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


def _xlsx() -> dict[str, Make]:
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


def _sqlite() -> dict[str, Make]:
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


def _text() -> dict[str, Make]:
    return {
        "log lines": lambda: b"2026-03-17 09:31:00 ERROR db: lost\n" * 199_000,
        "too many log lines": lambda: b"2026-03-17 09:31:00 ERROR db: lost\n" * 1_800_000,
        "syslog": lambda: b"Mar 17 09:30:00 host program[12]: message\n" * 199_000,
        "served": lambda: b'203.0.113.7 - ada [17/Mar/2026:09:30:00 +0000] "GET / HTTP/1.1" 200 512 "r" "a"\n' * 99_000,
        "half served": lambda: (b'a a a [a] "' + b"\\a" * 49_000 + b"\n") * 300,
        "sources": lambda: (b"2026-03-17 09:31:00 ERROR " + b"a" * 99_000 + b"\n") * 300,
        "levels": lambda: (b"2026-03-17 09:31:00 " + b"[a] " * 24_000 + b"\n") * 300,
        "JSON log": lambda: b'{"time":"2026-03-17T09:31:00Z","level":"ERROR","message":"lost"}\n' * 199_000,
        "deep JSON log": lambda: (b'{"a":' * 90 + b"1" + b"}" * 90 + b"\n") * 60_000,
        "parsed lines": lambda: b"n: 12\n" * 999_000,
        "too many parsed lines": lambda: b"n: 12\n" * 4_900_000,
        "items": lambda: b"item: " + b"a " * 15_000_000 + b"1\n",
        "items in lines": lambda: (b"item: " + b"a " * 500 + b"1\n") * 30_000,
        "item and no pen": lambda: b"item" * 250_000,
        "fields": lambda: b"a: b\n" * 390_000,
        "command": lambda: b"tar " + b"-f b.tgz " * 7_000,
        "long command": lambda: b"tar " + b"-f b.tgz " * 7_000_000,
        "quoted command": lambda: b"tar " + b"'" * 65_000,
        "escaped command": lambda: b"tar " + b"\\\n" * 6_000_000,
        "assignments": lambda: b"A=1 " * 16_000 + b"tar\n",
        "cron": lambda: b"* * * * *\n",
        "cron lists": lambda: b",".join([b"*"] * 1_000_000) + b" * * * *\n",
        "cron fields": lambda: b"* " * 1_000_000,
        "cron steps": lambda: b"*/0 * * * *\n",
        "cron number": lambda: b"9" * 1_000_000 + b" * * * *\n",
        "alike": lambda: b"twelve pens " * 41_000,
        "all different": lambda: "".join(map(chr, range(0x4E00, 0x9FFF))).encode() * 20,
        "titles": lambda: b"twelve pens in stock\n" * 900_000,
        "fits": lambda: b"twelve" + b" a" * 15_000_000 + b"stock\n",
    }


def attacks(name: str, right: bytes) -> dict[str, Make]:
    """All hostile files of a format."""
    text = right.decode("utf-8", "replace")
    head = {
        "csv": "item,n\n", "tsv": "item\tn\n", "json": "[", "jsonl": '{"n":12}\n', "yaml": "- 1\n", "toml": "", "ini": "[pen]\n",
        "diff": "--- a/x\n+++ b/x\n@@ -0,0 +1,9 @@\n", "xml": "<shop>", "html": "<table>", "email": "From: a@b\nSubject: ",
        "ics": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:", "markdown": "# Stock\n", "prose": "# Stock\n", "python": "import json\n",
    }.get(name, "")  # fmt: skip
    own: dict[str, Callable[[], dict[str, Make]]] = {
        "csv": lambda: _separated(",") | numbers("item,n\npen,{}\n"),
        "tsv": lambda: _separated("\t") | numbers("item\tn\npen\t{}\n"),
        "json": lambda: _json() | numbers('[{"item": "pen", "n": {}}]'),
        "jsonl": lambda: _jsonl() | numbers('{"item": "pen", "n": {}}\n'),
        "yaml": lambda: _yaml() | numbers("- item: pen\n  n: {}\n"),
        "toml": lambda: _toml() | numbers("[pen]\nn = {}\n"),
        "ini": lambda: _ini() | numbers("[pen]\nn = {}\n"),
        "diff": _diff,
        "markdown": lambda: _markdown() | numbers(text.replace("12", "{}")),
        "prose": lambda: _markdown() | numbers(text.replace("12", "{}")),
        "xml": _xml,
        "html": lambda: _html() | numbers(text.replace("12", "{}")),
        "email": lambda: _email(right),
        "ics": _ics,
        "sqlite": _sqlite,
        "xlsx": _xlsx,
        "zip": _zip,
        "python": _python,
    }
    found = own.get(name, lambda: _text() | (numbers(text.replace("12", "{}")) if "12" in text else {}))()
    found = {**encodings(right), **found}
    if name not in ("sqlite", "xlsx", "zip"):
        found |= huge(head)
        found |= runs(head, SHORTER_RUNS.get(name, RUN))
    return found


# What is legal after all: other encodings of formats that have them, headers that programs of mail accept.
HARMLESS = {
    *(("xml", name) for name in ("utf-16", "utf-16 without mark")),
    *(("email", name) for name in ("latin-1", "NULs", "overlong", "surrogate", "8-bit headers")),
    *(("xlsx", name) for name in ("latin-1", "NULs", "overlong", "surrogate", "strings", "formats", "long format")),
    *(("sqlite", name) for name in ("indices", "long SQL", "WAL", "free list", "blanks", "as and blanks")),
}

# One or two of the slowest or most dangerous of each format, for the usual test run.
NASTIEST: dict[str, tuple[str, ...]] = {
    "csv": ("quotes", "as many columns as can be"),
    "tsv": ("open quote",),
    "json": ("deep lists", "exponent of a million digits"),
    "jsonl": ("deep row", "exponent"),
    "yaml": ("alias bomb", "holds itself"),
    "toml": ("deep lists", "number of a million digits"),
    "ini": ("run of brackets",),
    "diff": ("endless hunk",),
    "markdown": ("deep quotes", "run of escaped pipes"),
    "prose": ("deep emphasis",),
    "xml": ("billion laughs", "external entity"),
    "html": ("unclosed tags", "open quotes"),
    "email": ("nested multiparts", "comments in addresses"),
    "ics": ("deep", "endless rule"),
    "sqlite": ("endless count", "view on itself"),
    "xlsx": ("bomb", "deep strings"),
    "zip": ("nested bomb", "overlapping"),
    "lines": ("16 MiB in one line, and a wide letter",),
    "parsed": ("run of letters",),
    "log": ("half served",),
    "wording": ("run of accents",),
    "shell": ("quoted command",),
    "cron": ("cron lists",),
    "python": ("minuses", "parentheses"),
}
