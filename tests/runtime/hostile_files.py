"""Hostile deliverables by format: bytes, or something else than a file that is put at the path."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.runtime.hostile_containers import sqlite_files, xlsx_files, zip_files
from tests.runtime.hostile_data import (
    diff_files,
    ini_files,
    json_files,
    jsonl_files,
    separated_files,
    toml_files,
    yaml_files,
)
from tests.runtime.hostile_documents import email_files, html_files, ics_files, markdown_files, xml_files
from tests.runtime.hostile_encodings import Make, encodings
from tests.runtime.hostile_programs import python_files, text_files

FULL = 64 << 20  # the largest file that is read
WIDE = 16 << 20  # the largest text
RUN = 3_000_000
# Formats that refuse a longer text before they look at it.
SHORTER_RUNS = {
    "yaml": 1_000_000, "toml": 500_000, "markdown": 1_900_000, "prose": 1_900_000, "python": 125_000, "wording": 490_000,
    "shell": 64_000,
}  # fmt: skip

Put = Callable[[Path], None]


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
        "half a million lines": lambda: head.encode() + b"a: 1\n" * 499_000,
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


def attacks(name: str, right: bytes) -> dict[str, Make]:
    """All hostile files of a format."""
    text = right.decode("utf-8", "replace")
    head = {
        "csv": "item,n\n", "tsv": "item\tn\n", "json": "[", "jsonl": '{"n":12}\n', "yaml": "- 1\n", "toml": "", "ini": "[pen]\n",
        "diff": "--- a/x\n+++ b/x\n@@ -0,0 +1,9 @@\n", "xml": "<shop>", "html": "<table>", "email": "From: a@b\nSubject: ",
        "ics": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:", "markdown": "# Stock\n", "prose": "# Stock\n", "python": "import json\n",
    }.get(name, "")  # fmt: skip
    own: dict[str, Callable[[], dict[str, Make]]] = {
        "csv": lambda: separated_files(",") | numbers("item,n\npen,{}\n"),
        "tsv": lambda: separated_files("\t") | numbers("item\tn\npen\t{}\n"),
        "json": lambda: json_files() | numbers('[{"item": "pen", "n": {}}]'),
        "jsonl": lambda: jsonl_files() | numbers('{"item": "pen", "n": {}}\n'),
        "yaml": lambda: yaml_files() | numbers("- item: pen\n  n: {}\n"),
        "toml": lambda: toml_files() | numbers("[pen]\nn = {}\n"),
        "ini": lambda: ini_files() | numbers("[pen]\nn = {}\n"),
        "diff": diff_files,
        "markdown": lambda: markdown_files() | numbers(text.replace("12", "{}")),
        "prose": lambda: markdown_files() | numbers(text.replace("12", "{}")),
        "xml": xml_files,
        "html": lambda: html_files() | numbers(text.replace("12", "{}")),
        "email": lambda: email_files(right),
        "ics": ics_files,
        "sqlite": sqlite_files,
        "xlsx": xlsx_files,
        "zip": zip_files,
        "python": python_files,
    }
    found = own.get(name, lambda: text_files() | (numbers(text.replace("12", "{}")) if "12" in text else {}))()
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
    ("ini", "value of blanks"),
    *(("diff", name) for name in ("long path", "no newline marks")),
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
    "parsed": ("run of letters", "item and no pen"),
    "log": ("half served",),
    "wording": ("run of accents",),
    "shell": ("quoted command",),
    "cron": ("cron lists",),
    "python": ("minuses", "parentheses"),
}
