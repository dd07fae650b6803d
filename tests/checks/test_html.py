"""HTML as browsers read it, selectors, and tables in documents."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.stdlib.checks.css import css_selector
from clawc.stdlib.checks.html_documents import html_document, html_select, html_table
from clawc.stdlib.checks.values import Cell, File, Unmet

PAGE = """<!DOCTYPE html>
<html lang=en><head><title>Shop &amp; Co</title><style>p > b { color: red }</style>
<script>if (a < b) document.write("<p>no</p>")</script></head>
<body class="wide dark">
<!-- <p>hidden</p> -->
<h1 id='top'>Offers</h1>
<p class=intro>One<br>two <b>three</b>
<p>Four &lt; 5 &#x41;&nbsp;&copy;
<ul><li>Ada<li>Bo <ul><li>inner</ul><li>Cy</ul>
<a href="https://example.org/a?x=1&amp;y=2" DOWNLOAD>Site</a><a href="mailto:a@b.c">Mail</a>
<select><option value=1>x<option selected value=2>y</select>
<table id=prices><thead><tr><th>Name<th>Price</thead>
<tr><td>Pen<td>1.50<tr><td colspan=2>none</table>
<table><tr><td>a</td><td>b</td></tr><tr><td>1</td></tr></table>
</body></html>
"""


def refused(reader: Any, *arguments: Any) -> str:
    with pytest.raises(Unmet) as caught:
        reader(*arguments)
    return str(caught.value)


def html_cells(page: Any) -> Any:
    return html_select(page, "td, li > a[b='x'] + *")


def html_any(page: Any) -> Any:
    return html_select(page, "* * * > * + *, p")


def texts(css: str, page: str = PAGE) -> list[str]:
    return [row["text"] for row in html_select(page, css).rows]


def test_the_document() -> None:
    page = html_document(PAGE)
    assert (page["tag"], page["attr"]) == ("html", {"lang": "en"})
    assert [child["tag"] for child in page["children"]] == ["head", "body"]
    assert [child["tag"] for child in page["children"][0]["children"]] == ["title", "style", "script"]
    assert page["text"].startswith("Shop & Co Offers One two three Four < 5 A © Ada Bo inner Cy SiteMail")
    assert page["children"][1]["attr"] == {"class": "wide dark"}


def test_elements_left_open_end_where_they_have_to() -> None:
    assert texts("p") == ["One two three", "Four < 5 A ©"]
    assert texts("body > ul > li") == ["Ada", "Bo inner", "Cy"]
    assert texts("option") == ["x", "y"]
    assert texts("#prices tr") == ["Name Price", "Pen 1.50", "none"]
    assert texts("dd", "<dl><dt>a<dd>b<dt>c<dd>d</dl>") == ["b", "d"]
    assert texts("td p", "<table><tr><td><p>a</td><td>b</p></table>") == ["a"]
    assert texts("b", "<p><b>a</i></b></p>c") == ["a"]


def test_raw_text_and_comments() -> None:
    assert texts("script") == ['if (a < b) document.write("<p>no</p>")']
    assert texts("p", "<!-- a --!> <p>b</p> --><p>c<!--><p>d<!doctype x><?php <p>?><p>e") == ["c", "d?>", "e"]
    assert texts("title", "<title>a <b> &amp;</TITLE >b") == ["a <b> &"]
    assert texts("p", "a < b <3 <p>1 <2</p></ p>") == ["1 <2"]


def test_attributes() -> None:
    page = '<a HREF = "x" href=y data-a=\'1 "2"\' b c=/d/>t</a>'
    assert html_select(page, "a").rows[0]["attr"] == {"href": "x", "data-a": '1 "2"', "b": "", "c": "/d/"}
    assert texts("a", '<b>x</b><a title="x>t</a>') == []
    assert html_select("<a x='&#0;&#xffffffffff;&#00000000000065;&#99999999999;'>", "a").rows[0]["attr"]["x"] == (
        "\ufffd\ufffdA\ufffd"
    )


@pytest.mark.parametrize(
    ("css", "found"),
    [
        ("h1", ["Offers"]),
        ("*#top", ["Offers"]),
        (".dark.wide h1#top", ["Offers"]),
        ("p.intro b", ["three"]),
        ("body > b", []),
        ("h1 + p", ["One two three"]),
        ("p+p", ["Four < 5 A ©"]),
        ("a[href]", ["Site", "Mail"]),
        ("a[download]", ["Site"]),
        ("a[href^=mailto], h1", ["Offers", "Mail"]),
        ('a[href$="y=2"]', ["Site"]),
        ("a[href*='example.org']", ["Site"]),
        ("body[class~=dark] > h1", ["Offers"]),
        ("[value='2']", ["y"]),
        ("li:first-child", ["Ada", "inner"]),
        ("body > ul > li:last-child", ["Cy"]),
        ("body > ul > li:nth-child( 2 )", ["Bo inner"]),
        ("ul ul li", ["inner"]),
        ("UL > LI LI", ["inner"]),
    ],
)
def test_selectors(css: str, found: list[str]) -> None:
    assert texts(css) == found


@pytest.mark.parametrize(
    "css", ["", " ", "p >", "> p", "p,,b", "p:hover", ":nth-child(2n)", "[a", "a b$", "#", "p..x", 7, None, "a " * 600]
)
def test_what_is_no_selector(css: Any) -> None:
    assert "selector" in refused(css_selector, css)


def test_selected_elements_are_rows_in_order() -> None:
    found = html_select(PAGE, "a")
    assert found.columns == ["tag", "text", "attr"]
    assert found.rows[0] == {
        "tag": "a", "text": "Site", "attr": {"href": "https://example.org/a?x=1&y=2", "download": ""},
    }  # fmt: skip
    assert found.blocks is None


def test_tables() -> None:
    prices = html_table(PAGE)
    assert prices.columns == ["Name", "Price"]
    assert prices.rows == [{"Name": "Pen", "Price": "1.50"}, {"Name": "none", "Price": "none"}]
    assert all(isinstance(cell, Cell) for row in prices.rows for cell in row.values())
    assert html_table(PAGE, "table:last-child").rows == [{"a": "1", "b": ""}]
    assert html_table(PAGE, "body").columns == ["Name", "Price"]
    nested = "<table><tr><th>a<tr><td>1<table><tr><td>2</table></table>"
    assert html_table(nested).rows == [{"a": "1 2"}]


@pytest.mark.parametrize(
    ("page", "css", "message"),
    [
        ("<p>", "table", "the text has no table"),
        ("<p>", "#x", "the text has no table that `#x` selects"),
        ("<table></table>", "table", "the table of the text has no rows"),
        ("<table><tr><th>a<th>a", "table", "the table of the text has the column `a` twice"),
        ("<table><tr><th>a<tr><td>1<td>2", "table", "row 1 of the table of the text has 2 cells, but 1 columns"),
        (
            "<table><tr>" + "<td colspan=1000>x" * 20,
            "table",
            "the table of the text has a row of more than 10000 cells",
        ),
        ("no tag < at all", "table", "the text holds no HTML element"),
        ("<b>" * 200, "table", "the text is nested deeper than 100 elements"),
        ("<br>" * 200_001, "table", "the text is too large: more than 50000 elements"),
        ("<a " + "b " * 600_000, "table", "the text is too large: more than 150000 tags and attributes"),
    ],
)
def test_what_is_refused(page: str, css: str, message: str) -> None:
    assert refused(html_table, page, css) == message


def test_texts_in_texts_stay_bounded() -> None:
    page = "<div>" * 90 + "x" * 2_000_000
    assert "too much text" in refused(html_document, page)
    assert "too much text" in refused(html_select, page, "div")
    assert len(texts("div", "<div>" * 90 + "x")) == 90


PIECES = st.sampled_from(
    [
        "<", ">", "</", "<!--", "-->", "<!", "<p>", "</p>", "<table>", "<tr>", "<td colspan=3>", "<th>", "</table>", "<li>",
        "<ul>", "<script>", "</script>", "<a b='", "'", '"', "=", " ", "&amp;", "&#", "x", "1", "/", "<br/>", "\0", "é",
        "<html a=b>", "<title>", "<option>", "<select>", "</html>", "<body>",
    ]
)  # fmt: skip


@given(st.one_of(st.lists(PIECES, max_size=60).map("".join), st.text(max_size=100)))
def test_text_raises_only_unmet(page: str) -> None:
    readers: list[Callable[[Any], Any]] = [html_document, html_table, html_cells]
    for reader in readers:
        with contextlib.suppress(Unmet):
            reader(page)
    with contextlib.suppress(Unmet):
        html_document(File("f", "f.html", "html", page.encode("utf-8", "surrogatepass")))


@given(st.text(max_size=30))
def test_selectors_raise_only_unmet(css: str) -> None:
    with contextlib.suppress(Unmet):
        html_select(PAGE, css)


BAIT = [
    "<", "<a", "<a ", "<a b=\"", "<a b='c' ", "</", "</a ", "<!--", "<!", "<!-", "<!---", "<?", "&", "&#", "&#9", "&amp;",
    "<script>", "<title>", "</script", "<p>", "</p>", "<b></b>", "<b>", "<td>", "<table>", "<li>", "<option>", " ", "=",
    "<a =", "/", "<a/", "<table><tr><td>", "<i>x</i>", "<svg:a>", "<a" + " " * 50,
]  # fmt: skip


@pytest.mark.sampled(4)
@pytest.mark.parametrize("bait", BAIT)
def test_no_text_makes_a_reader_hang(bait: str) -> None:
    """A scan that is not linear in these needs minutes."""
    page = "<p>a</p>" + (bait * 400_000)[:400_000]
    readers: list[Callable[[Any], Any]] = [html_document, html_table, html_any]
    for reader in readers:
        with contextlib.suppress(Unmet):
            reader(page)


@pytest.mark.parametrize("tag", ["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"])
def test_elements_that_hold_text_alone(tag: str) -> None:
    found = f"<div><{tag}><b>x</b></{tag}x></{tag.upper()} ><i>after</i></div>"
    assert html_select(found, "b").rows == []
    assert [row["text"] for row in html_select(found, "i").rows] == ["after"]


@pytest.mark.parametrize(
    "tag",
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"],
)
def test_elements_that_hold_nothing(tag: str) -> None:
    found = html_select(f"<div><{tag}><i>after</i></div>", f"div > {tag}, div > i")
    assert [row["text"] for row in found.rows] == ["", "after"]


@pytest.mark.parametrize(
    "comment", ["<!-->", "<!--->", "<!-- -- > -->", "<!doctype x>", "<?php x ?>", "<!--\n-->", "</ x>"]
)
def test_what_is_no_element(comment: str) -> None:
    assert html_select(f"<p>a{comment}b<i>c</i>", "p").rows[0]["text"] == "abc"


def test_the_header_of_a_table() -> None:
    rows = "<tr><td>1<td>2<tr><th>a<td>b<tr><th>x<th>y<tr><td>3"
    found = html_table(f"<table>{rows}</table>")
    assert (found.columns, found.rows) == (["x", "y"], [{"x": "3", "y": ""}])
    found = html_table("<table><tr><td>1<td>2<tr><td colspan=2>3</table>")
    assert (found.columns, found.rows) == (["1", "2"], [{"1": "3", "2": "3"}])


@pytest.mark.parametrize("mark", ["<!x", "<!-- x", "</ x", "<i x", "<?x", "<!--->x<!--"])
def test_marks_that_never_end(mark: str) -> None:
    text = html_select(f"<p>before{mark} after", "p").rows[0]["text"]
    assert text == ("beforex" if mark.startswith("<!--->") else "before")
