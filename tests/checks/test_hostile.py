"""Arbitrary bytes raise nothing but Unmet from any reader, and no text makes one hang."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.compiler.forms import deliverable
from clawc.stdlib.checks.cron import cron_times
from clawc.stdlib.checks.diffs import changed_lines, diff_table
from clawc.stdlib.checks.ini_reader import ini_sections
from clawc.stdlib.checks.markdown import (
    bullets,
    contains_lines,
    field,
    has_section,
    headings,
    md_table,
    section,
    strip_markup,
)
from clawc.stdlib.checks.mentions import mentions, mentions_all, mentions_in_order
from clawc.stdlib.checks.program_source import python_source
from clawc.stdlib.checks.prose import paragraphs, passages, sentences, words
from clawc.stdlib.checks.readers import (
    csv_table,
    json_value,
    jsonl_table,
    lines_of,
    rows,
    text_of,
    tsv_table,
)
from clawc.stdlib.checks.shell_words import command_line
from clawc.stdlib.checks.toml_reader import toml_value
from clawc.stdlib.checks.values import File, Range, Table, Unmet
from clawc.stdlib.checks.wording import fits_pattern, normalised_by, similarity, split_at
from clawc.stdlib.checks.workspace import check_structure
from clawc.stdlib.checks.yaml_reader import yaml_all, yaml_value

KINDS = ["csv", "tsv", "json", "jsonl", "yaml", "toml", "ini", "diff", "text", "markdown", "program"]
TYPES = {"a": "number", "b": "date", "c": "datetime", "d": "bool", "e": "text"}

READERS: dict[str, Callable[[Any], Any]] = {
    "text": text_of,
    "lines": lines_of,
    "csv": csv_table,
    "csv typed": lambda v: csv_table(v, types=TYPES, header=["a", "b", "c", "d", "e"]),
    "tsv": tsv_table,
    "json": json_value,
    "jsonl": jsonl_table,
    "rows": rows,
    "yaml": yaml_value,
    "yaml_all": yaml_all,
    "toml": toml_value,
    "ini": ini_sections,
    "python": python_source,
    "diff": diff_table,
    "changed_lines": lambda v: changed_lines(v, "a\nb\n"),
    "split_at": lambda v: split_at(v, ["a", "# a"]),
    "command_line": lambda v: command_line(text_of(v), ["-"]),
    "cron_times": lambda v: cron_times(text_of(v), Range(datetime.date(2026, 1, 1), datetime.date(2026, 1, 2))),
    "similarity": lambda v: similarity(text_of(v), "a 1"),
    "normalise": lambda v: normalised_by(text_of(v), ["markup", "lookalikes", "leet", "accents", "case"]),
    "fits": lambda v: fits_pattern(text_of(v), "a…1…"),
    "fits it": lambda v: fits_pattern("a 1", text_of(v)),
    "headings": headings,
    "section": lambda v: section(v, "a"),
    "has_section": lambda v: has_section(v, "1. a:"),
    "bullets": bullets,
    "paragraphs": paragraphs,
    "sentences": sentences,
    "words": words,
    "passages": passages,
    "md_table": md_table,
    "field": lambda v: field(v, "a"),
    "contains_lines": lambda v: contains_lines(v, ["a", "b"]),
    "strip_markup": lambda v: strip_markup(text_of(v)),
    "mentions text": lambda v: mentions(v, "a 1", ignore=["accents", "punctuation", "spaces"]),
    "mentions number": lambda v: mentions(v, 12, near=["a", 1], decimals=2),
    "mentions_all": lambda v: mentions_all(v, ["a", "12%", 1]),
    "mentions_in_order": lambda v: mentions_in_order(v, ["a", 1, "b"]),
}

# fmt: off
PIECES = st.sampled_from([
    "\n", "\r\n", "\n\n", " ", "\t", '"', '""', ",", "|", "|-|", "a", "1", "12", "1,2",
    ".", "-", "--", "---", "===", "#", "# a", "- ", "* ", "1. ", "[", "]", "(", ")",
    "[x](y)", "`", "```", "~~~", "*", "**", "_", "~~", "<!--", "-->", "<b>", "<", ">", "\\",
    "{", "}", ":", '"a":', "null", "1e5", "NaN", "\\u0000", "\\ud800", "é", "\u2028", "\ufeff", "e.g.", "a: b",
    "2026-03-17", "\0", "\x1b", "。", "%", "$",
    "- - ", "? ", "&a ", "*a", "!!int ", "!x ", "def a():\n ", "lambda: ", "a(", "+++ a\n", "@@ -1 +1 @@\n", "-", "+", "@daily", "*/5 ", "…", "[a]\n", "a = ", "a.b", "'''", "07:30:00", "inf", "0x", "|\n", ">-\n ", "%YAML 1.2\n", "...", "'", "a:\n  ", "\\U00110000",
])
# fmt: on
TEXTS = st.lists(PIECES, max_size=60).map("".join)
BYTES = st.one_of(st.binary(max_size=200), TEXTS.map(str.encode))


@given(BYTES, st.sampled_from(KINDS))
def test_bytes_raise_only_unmet(data: bytes, kind: str) -> None:
    file = File("f", "out/f", kind, data)
    for read in READERS.values():
        try:
            read(file)
        except Unmet as problem:
            assert str(problem)


@given(BYTES, st.sampled_from(KINDS))
def test_structure_raises_only_unmet(data: bytes, kind: str) -> None:
    file = File("f", "out/f", kind, data)
    forms = [
        deliverable("f", "out/f", kind),
        deliverable("f", "out/f", kind, columns=["a", "b"], column_order=True),
        deliverable("f", "out/f", kind, keys=["a"]),
        deliverable("f", "out/f", kind, sections=["a"]),
    ]
    for form in forms:
        try:
            check_structure(file, form)
        except Unmet as problem:
            assert "out/f" in str(problem)


@given(st.text(max_size=200))
def test_text_with_surrogates_raises_only_unmet(text: str) -> None:
    for read in READERS.values():
        try:
            read(text + "\ud800")
        except Unmet as problem:
            assert str(problem)


@given(TEXTS)
def test_documents_keep_their_invariants(text: str) -> None:
    try:
        count = words(text)
    except Unmet:
        return
    assert count <= len(text.split()) + text.count("|") + text.count("<") + text.count("\\") * 2
    assert len(sentences(text)) >= 0
    for title in headings(text):
        if title.strip(" :"):
            assert has_section(text, title)


def test_generated_tables_survive_the_round_trip() -> None:
    table = csv_table('a,b\n"1,\n2",""""\n')
    assert isinstance(table, Table)
    assert table.rows == [{"a": "1,\n2", "b": '"'}]


BAIT: dict[str, str] = {
    "one long line": "a",
    "blanks": " ",
    "tabs": "\t",
    "newlines": "\n",
    "open brackets": "[",
    "open links": "[](",
    "half links": "[a](b",
    "nested images": "![",
    "closing brackets": "]",
    "quotes": '"',
    "escaped quotes": '\\"',
    "backslashes": "\\",
    "ticks": "`",
    "runs of ticks": "` `` ",
    "stars": "*",
    "spaced stars": " *a",
    "underscores": "_a ",
    "open tags": "<b ",
    "angle brackets": "<",
    "mail addresses": "<a@",
    "comments": "<!--",
    "half comments": "<!-- \n",
    "comment ends": "-->",
    "dots": ".",
    "dots and quotes": '."',
    "sentences": "a. ",
    "question marks": "?!",
    "hashes": "#",
    "headings": "# a\n",
    "loose headings": "a:\n\n",
    "quote marks": "> ",
    "bullets": "- a\n",
    "nested bullets": " - a\n  ",
    "numbers": "1",
    "commas": "1,",
    "thousands": ",111",
    "dashes": "-",
    "decimals": "1.1",
    "dates": "2026-03-17 ",
    "months": "17 march ",
    "pipes": "|",
    "table rows": "|-|-|\n",
    "rules": "a|b\n-|-\n",
    "fences": "```\n",
    "underlines": "a\n---\n",
    "objects": '{"a":',
    "numbers in numbers": "1 1 ",
    "emoji": "\U0001f4cb",
    "accents": "e\u0301",
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", BAIT)
def test_no_text_makes_a_reader_hang(name: str) -> None:
    """A scan that is not linear in these needs minutes instead of milliseconds."""
    text = "# a\n" + (BAIT[name] * 60_000)[:60_000] + "\n\n|a|\n|-|\n"
    for read in READERS.values():
        with contextlib.suppress(Unmet):
            read(text)
