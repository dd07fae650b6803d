"""XML: records, paths, and what is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.stdlib.checks.values import File, Unmet
from clawc.stdlib.checks.xml_documents import xml_document, xml_path, xml_select

ORDERS = """<?xml version="1.0"?>
<!DOCTYPE orders SYSTEM "http://127.0.0.1:1/orders.dtd">
<orders xmlns:x="urn:x" year="2026">
  <!-- <order id="0"/> -->
  <order id="1"><item sku="a" n="2">Pen &amp; ink</item><item sku="b">Paper</item></order>
  <order id="2" x:late="yes"><item sku="a"><![CDATA[<raw>]]></item></order>
  <x:note>All <b>is</b>
     well</x:note>
</orders>
"""


def file(data: bytes) -> File:
    return File("f", "out/f.xml", "xml", data)


def selected(source: Any) -> Any:
    return xml_select(source, "//*[@b='c'][1]/a")


def refused(data: bytes | str) -> str:
    with pytest.raises(Unmet) as caught:
        xml_document(file(data) if isinstance(data, bytes) else data)
    return str(caught.value)


def found(path: str, source: Any = ORDERS) -> list[str]:
    return [row["text"] for row in xml_select(source, path).rows]


def test_the_document() -> None:
    orders = xml_document(file(ORDERS.encode()))
    assert (orders["tag"], orders["attr"]) == ("orders", {"xmlns:x": "urn:x", "year": "2026"})
    assert [child["tag"] for child in orders["children"]] == ["order", "order", "x:note"]
    assert orders["children"][1]["attr"] == {"id": "2", "x:late": "yes"}
    assert orders["children"][0]["text"] == "Pen & inkPaper"
    assert orders["children"][2]["text"] == "All is well"
    assert orders["text"] == "Pen & inkPaper <raw> All is well"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_encodings(encoding: str) -> None:
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = f'<?xml version="1.0" encoding="{declared}"?><a>é</a>'
    assert xml_document(file(text.encode(encoding)))["text"] == "é"


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("order/item", ["Pen & ink", "Paper", "<raw>"]),
        ("/orders/order/item", ["Pen & ink", "Paper", "<raw>"]),
        ("/order", []),
        ("//item[@sku='a']", ["Pen & ink", "<raw>"]),
        ('//item[ @sku = "a" ][@n]', ["Pen & ink"]),
        ("order[2]/item[1]", ["<raw>"]),
        ("//item[1]", ["Pen & ink", "<raw>"]),
        ("//item[@sku='b'][1]", ["Paper"]),
        ("order/item[@sku='a'][2]", []),
        ("order[@x:late]/*", ["<raw>"]),
        ("x:note", ["All is well"]),
        ("x:note//b", ["is"]),
        ("*[3]", ["All is well"]),
        ("//*[@id='2']", ["<raw>"]),
    ],
)
def test_paths(path: str, texts: list[str]) -> None:
    assert found(path) == texts


def test_nested_elements_are_selected_once() -> None:
    assert found("//a//a", "<a><a><a>x</a></a></a>") == ["x", "x"]
    assert found("/a//a", "<a><a><a>x</a></a></a>") == ["x", "x"]
    assert found("//a", "<a><a><a>x</a></a></a>") == ["x", "x", "x"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("a//", 2),
        ("a/", 2),
        ("a[0]", 2),
        ("a[@]", 2),
        ("a b", 2),
        ("///a", 1),
        ("a/[1]", 2),
        ("a[@x=v]", 2),
        ("a|b", 2),
    ],
)
def test_what_is_no_path(path: str, place: int) -> None:
    with pytest.raises(Unmet, match=f"is not a path in XML: character {place} is not understood"):
        xml_path(path)


@pytest.mark.parametrize("path", ["", " ", None, 7, "a/" * 30 + "a", "a" * 2_000])
def test_paths_are_bounded(path: Any) -> None:
    with pytest.raises(Unmet, match="path in XML"):
        xml_path(path)


LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "`out/f.xml` is empty, not XML"),
        (b"<a>\n<b></a>", "`out/f.xml` is not XML: line 2, column 6: mismatched tag"),
        (b"<a/><b/>", "`out/f.xml` is not XML: line 1, column 5: junk after document element"),
        (b"<a x='1' x='2'/>", "`out/f.xml` is not XML: line 1, column 10: duplicate attribute"),
        (b"<a>&nbsp;</a>", "`out/f.xml` is not XML: line 1, column 4: undefined entity"),
        (b"<a>\xff</a>", "`out/f.xml` is not XML: line 1, column 4: not well-formed (invalid token)"),
        (b"<?xml version='1.0' encoding='no-such'?><a/>", "`out/f.xml` is not XML: its encoding is not understood"),
        (b"<?xml version='1.0' encoding='shift_jis'?><a/>", "`out/f.xml` is not XML: its encoding is not understood"),
        (LAUGHS.encode(), "`out/f.xml` is not accepted: it uses entities of its own (`a`)"),
        (LAUGHS, "the text is not accepted: it uses entities of its own (`a`)"),
        (
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
            "`out/f.xml` is not accepted: it uses entities of its own (`x`)",
        ),
        (
            b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/">%x;]><a/>',
            "`out/f.xml` is not accepted: it uses entities of its own (`x`)",
        ),
        (
            b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/"><a>&x;</a>',
            "`out/f.xml` is not accepted: it uses entities of its own (`x`)",
        ),
        (b"<a>" * 101, "`out/f.xml` is nested deeper than 100 elements"),
        (b"<a>" + b"<b/>" * 200_000 + b"</a>", "`out/f.xml` is too large: more than 50000 elements"),
        ("<a>\ud800</a>", "the text is not XML: line 1, column 4: not well-formed (invalid token)"),
        (
            b"<a " + b" ".join(b"x%d=''" % n for n in range(300_000)) + b"/>",
            "`out/f.xml` is too large: it has a tag or comment of more than 1 MiB",
        ),
    ],
)
def test_what_is_refused(data: bytes | str, message: str) -> None:
    assert refused(data) == message


def test_large_files_are_read_in_pieces() -> None:
    rows = b"".join(b"<b n='%d'>%d</b>" % (n, n) for n in range(49_000))
    found = xml_document(file(b"<a>" + rows + b"</a>"))
    assert [child["attr"]["n"] for child in found["children"]] == [str(n) for n in range(49_000)]
    assert found["children"][-1]["text"] == "48999"
    assert xml_document(file(b"<a>" + b"x" * 3_000_000 + b"</a>"))["text"] == "x" * 3_000_000
    assert xml_document("<?xml version='1.0' encoding='utf-16'?><a>é</a>")["text"] == "é"


def test_defaults_of_attributes_are_not_repeated() -> None:
    declared = f'<!DOCTYPE a [<!ATTLIST b c CDATA "{"x" * 100_000}">]><a>' + "<b/>" * 49_000 + "</a>"
    assert xml_document(declared)["children"][0]["attr"] == {}


def test_texts_in_texts_stay_bounded() -> None:
    deep = "<a>" * 90 + "x" * 2_000_000 + "</a>" * 90
    assert "too much text" in refused(deep)
    with pytest.raises(Unmet, match="too much text"):
        xml_select(deep, "//a")


PIECES = st.sampled_from(
    ["<", ">", "</", "/>", "<a>", "</a>", "<a b='c'>", "<!--", "-->", "<![CDATA[", "]]>", "&amp;", "&x;", "&#0;", "<?", "?>",
     "<!DOCTYPE a [", "]>", "<!ENTITY a 'b'>", "x", " ", "\0", "é", "<x:y xmlns:x=''>"]
)  # fmt: skip


@given(st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=60)), st.binary(max_size=60))
def test_text_and_bytes_raise_only_unmet(text: str, data: bytes) -> None:
    sources: list[Any] = [text, f"<a>{text}</a>", file(text.encode("utf-8", "surrogatepass")), file(data)]
    for source in sources:
        readers: list[Callable[[Any], Any]] = [xml_document, selected]
        for reader in readers:
            with contextlib.suppress(Unmet):
                reader(source)


@given(st.text(alphabet="ab/[]@='\"* 1:", max_size=20))
def test_paths_raise_only_unmet(path: str) -> None:
    with contextlib.suppress(Unmet):
        xml_select(ORDERS, path)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "bait", ["<a>", "<a/>", "<!--", "<a ", "<a b=''/>", "&amp;", "&#65;", "x\n", "<?a ?>", "<![CDATA[]]>", "]]"]
)
def test_no_text_makes_the_reader_hang(bait: str) -> None:
    with contextlib.suppress(Unmet):
        xml_document("<a>" + (bait * 400_000)[:400_000] + "</a>")
    with contextlib.suppress(Unmet):
        xml_select("<a>" + "<b>" * 50 + "<c/>" * 60_000 + "</b>" * 50 + "</a>", "//*" * 18)


def test_quotes_in_paths() -> None:
    text = "<r><a b=\"c\">1</a><a b='d'>2</a><a b=''>3</a><a>4</a></r>"
    for path, found in (
        ("//a[@b='c']", "1"),
        ('//a[@b="d"]', "2"),
        ("//a[@b='']", "3"),
        ('//a[@b=""]', "3"),
        ("//a[4]", "4"),
    ):
        assert [row["text"] for row in xml_select(text, path).rows] == [found], path
    assert [row["text"] for row in xml_select(text, "//a[@b]").rows] == ["1", "2", "3"]
