"""Sections, bullets, tables, words and sentences of documents."""

from __future__ import annotations

import pytest

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
from clawc.stdlib.checks.prose import paragraphs, passages, sentences, words
from clawc.stdlib.checks.values import Cell, File, No, PrintedCell, Unmet

DOCUMENT = """---
title: Hidden
---
# Report **on** `x` #

Intro line
goes on. <!-- hidden
# Not a heading
--> Still here.

## 1. Summary:

There were *8* entries.

```sh
# not a heading
echo "- no bullet"
```

### Detail

More.

Next steps
----------

- [x] Fix auth
  as soon as possible

  and test it.
- **Add** disk
  1. at night
* * *
+ Call [Ann](http://x/ann)
2) last

Closing text.

## 2026-03-01
- one
"""


def test_headings() -> None:
    assert headings(DOCUMENT) == ["Report on x", "1. Summary:", "Detail", "Next steps", "2026-03-01"]
    assert headings(DOCUMENT, 2) == ["1. Summary:", "Next steps", "2026-03-01"]
    assert headings("#none\n####### none\n    # none\n#\n") == [""]
    assert headings("para\nnext\n---\n\n- item\n---\n") == []


@pytest.mark.parametrize("name", ["Summary", "summary", "1. Summary", "## **Summary**", "3) SUMMARY:"])
def test_section_names(name: str) -> None:
    assert has_section(DOCUMENT, name)
    assert section(DOCUMENT, name).startswith("There were *8* entries.")
    assert section(DOCUMENT, name).endswith("### Detail\n\nMore.")


def test_section_content() -> None:
    assert section(DOCUMENT, "2026-03-01") == "- one"
    assert section("## \U0001f4cb Plan\nx\n# B\n", "plan") == "x"
    assert section("# 12 risks\na\n# 2 risks\nb", "2 risks") == "b"
    assert section("# A\n# B", "A") == ""
    with pytest.raises(Unmet) as caught:
        section(File("r", "out/r.md", "markdown", b"# A\n# B\n"), "C")
    assert str(caught.value) == "`out/r.md` has no section `C`; it has `A`, `B`"


def test_labels_and_bold_lines_are_headings_in_plain_text_only() -> None:
    text = b"Summary:\nA note. With: colon\n\n**Next steps**\n- a\n"
    assert headings(File("r", "r.txt", "text", text)) == ["Summary", "Next steps"]
    assert section(File("r", "r.txt", "text", text), "next steps") == "- a"
    assert headings(File("r", "r.md", "markdown", text)) == []


def test_bullets() -> None:
    assert bullets(section(DOCUMENT, "Next steps")) == [
        "Fix auth as soon as possible and test it.",
        "Add disk",
        "at night",
        "Call Ann",
        "last",
    ]
    assert bullets("The total was\n12. Then it fell\n") == []
    assert bullets("Steps:\n1. a\n2. b\nlazy\n3. c\n\nend") == ["a", "b lazy", "c"]
    assert bullets("• a\n\n-no\n\n-\n\n- \n\n--- \n") == ["a"]
    assert bullets("1. Run\n   ```\n   # x\n   - y\n   ```\n2. Done") == ["Run # x - y", "Done"]


def test_paragraphs_and_sentences() -> None:
    assert paragraphs(DOCUMENT) == [
        "Intro line goes on. Still here.",
        "There were 8 entries.",
        "More.",
        "Closing text.",
    ]
    assert paragraphs("> quoted\n> text\n\n| a |\n|---|\n| b |\n\n---\nend") == ["quoted text", "end"]
    assert sentences("A first. A second!\n\n- third") == ["A first.", "A second!", "third"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Set it in .python-version and use 3.5 or v1.2.3 now.", 1),
        ("Dr. Smith met J. Doe, e.g. at St. Mary's, approx. 5 p.m. on Tuesday. It rained.", 2),
        ("We need pens, paper, etc. The rest follows.", 2),
        ("Fruits (apples, pears, etc.) are cheap.", 1),
        ("See No. 5 and fig. 3. Is it? No. We left.", 4),
        ('"Really?" he said. "Yes."', 2),
        ("Wait... what? Yes!", 2),
        ("It ended in 2026. settle.py was run.", 2),
        ("**Done.** Next one.", 2),
        ("これは一つ。二つ！", 2),
        ("no end", 1),
        ("...", 0),
        ("", 0),
    ],
)
def test_sentence_count(text: str, count: int) -> None:
    assert len(sentences(text)) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("one, two -- three's e-mail 4.5 &", 5),
        ("---\ntitle: x y z\n---\nword", 1),
        ("---\nno front matter\n---\nword", 4),
        ("a\n```\nb c\n```\nd", 2),
        ("a <!-- b c --> d", 2),
        ("a <!-- b c", 3),
        ("[two words](http://x) ![alt](y)", 3),
        ("|a|b|\n|---|---|\n|c|d e|\n", 5),
        ("# Head\n\n1. one\n- [ ] two\n***\n", 3),
        ("Title\n=====\ntext", 2),
    ],
)
def test_words(text: str, count: int) -> None:
    assert words(text) == count


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("**bold** *it* __b__ _i_ ~~gone~~ ***both***", "bold it b i gone both"),
        ("**bold *and* it**", "bold and it"),
        (
            "5 * 3, 2*3, 2**3, snake_case_name, *.csv and *.json",
            "5 * 3, 2*3, 2**3, snake_case_name, *.csv and *.json",
        ),
        ("`__init__.py` ``a`b`` ` alone", "__init__.py a`b ` alone"),
        (r"\*not\* 1\_000 \\ C:\dir", r"*not* 1_000 \ C:\dir"),
        ("[t](http://x_y_z) [r][1] ![alt](i.png) [![a](b)](c)", "t r alt a"),
        (
            "<https://a.b/c> <a@b.c> a<br>b <b>x</b> List<int> a < b",
            "https://a.b/c a@b.c a b x List<int> a < b",
        ),
        ("> quote", "quote"),
        ("## Head ##", "Head"),
        ("- [x] done", "done"),
        ("C# and F#", "C# and F#"),
        ("| a | **b** |", " | a | b | "),
        ("", ""),
    ],
)
def test_strip_markup(marked: str, plain: str) -> None:
    assert " ".join(strip_markup(marked).split()) == " ".join(plain.split())


def test_code_stays_as_it_is() -> None:
    assert strip_markup("a\n\n```py\n__x__ = *y*\n```\nb") == "a\n\n__x__ = *y*\nb"


def test_table() -> None:
    table = md_table("text\n\nservice | **errors**\n:--|--:\n`auth` | 3\n a\\|b |\n\n| other |\n|---|\n")
    assert table.columns == ["service", "errors"]
    assert table.rows == [{"service": "auth", "errors": "3"}, {"service": "a|b", "errors": ""}]
    assert type(table.rows[0]["errors"]) is PrintedCell
    assert table.blocks is None
    assert md_table("| a |\n|---|").rows == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no | table\nhere", "the text has no table"),
        ("```\n| a |\n|---|\n```", "the text has no table"),
        ("| a | b |\n|---|\n| 1 | 2 |", "the text has no table"),
        ("| a | a |\n|---|---|", "the table of the text has the column `a` twice"),
        ("| a |\n|---|\n| 1 | 2 |", "row 1 of the table of the text has 2 cells, but 1 columns"),
    ],
)
def test_table_refused(text: str, message: str) -> None:
    with pytest.raises(Unmet) as caught:
        md_table(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text", ["To: a@b.c", "x\n- **To:** <a@b.c>", "**to** :  a@b.c ", "> TO：a@b.c", "Not To: x\nTo: a@b.c"]
)
def test_field(text: str) -> None:
    assert field(text, "To") == "a@b.c"
    assert type(field(text, "To:")) is Cell


def test_field_is_absent() -> None:
    with pytest.raises(Unmet, match="has no line `Due: …`"):
        field("Due date: x", "Due")


def test_contains_lines() -> None:
    assert contains_lines("a\n  b \nx\nc", ["a", "b", "c"]) is True
    result = contains_lines("b\na\n", ["a", "b"])
    assert isinstance(result, No)
    assert (result.reason, result.share) == ("the line `b` is missing, or not in its place", 0.5)


def test_passages() -> None:
    text = "# Head\nOne. Two.\n- a. b\n\n| x | y |\n|---|---|\n| 1 | 2 |\n"
    assert passages(text) == ["Head", "One.", "Two.", "a. b", "x | y", "1 | 2"]


NEVER = ["Capt", "Dr", "Hon", "Lt", "Mr", "Mrs", "Ms", "Mt", "Prof", "Rev", "Sgt", "St", "approx", "ca", "cf", "e.g", "i.e",
         "incl", "resp", "viz", "vs", "J", "Approx"]  # fmt: skip
BEFORE_CAPITALS = ["a.m", "al", "co", "corp", "dept", "etc", "hrs", "inc", "jr", "ltd", "max", "min", "misc", "p.m", "ph.d",
                   "sec", "sr", "u.k", "u.s", "u.s.a", "Inc"]  # fmt: skip
BEFORE_OTHERS = ["apr", "aug", "ch", "dec", "eq", "feb", "fig", "figs", "jan", "jul", "jun", "mar", "no", "nos", "nov", "oct",
                 "p", "par", "pp", "sep", "sept", "vol", "Fig"]  # fmt: skip


@pytest.mark.parametrize("word", NEVER + BEFORE_CAPITALS + BEFORE_OTHERS)
def test_abbreviations(word: str) -> None:
    def count(after: str) -> int:
        return len(sentences(f"See (the) {word}. {after} there."))

    ends = {"capital": word not in NEVER, "digit": word not in NEVER + BEFORE_CAPITALS + BEFORE_OTHERS}
    assert count("Then") == 1 + ends["capital"]
    assert count("5") == 1 + ends["digit"]


def test_headings_stand_free() -> None:
    assert headings("text\nmore\n---\n") == []
    assert headings("# A\nB\n===\ntext\nC\n---\n") == ["A", "B"]
    assert headings("A\n=\n\nB\n-\n", 2) == ["B"]


def test_labels_are_headings_of_plain_text() -> None:
    def of(text: str) -> list[str]:
        return headings(File("f", "out/f.txt", "text", text.encode()))

    assert of("Label:\n\n**Bold**\n\n__Bold too__:\n") == ["Label", "Bold", "Bold too"]
    assert of("One. Two:\n\n**One** and **two**\n\n****\n\n" + "x" * 80 + ":\n") == []
    assert of("x" * 79 + ":\n") == ["x" * 79]
    assert headings("Label:\n\n**Bold**\n") == []
