"""HTML as browsers read it in the common cases, in linear time: elements left open are closed where they have to end,
and nothing is refused for being badly formed. No elements are added but the outermost, `html`."""

from __future__ import annotations

import re
from typing import Any, Dict, FrozenSet, List, Optional, Tuple

from clawc.stdlib.checks.css import css_select
from clawc.stdlib.checks.markup import (
    MAX_ELEMENT_DEPTH,
    MAX_ELEMENTS,
    Element,
    TextBudget,
    element_record,
    element_text,
    elements_in_order,
    selected_table,
)
from clawc.stdlib.checks.readers import require_distinct, require_size, source_name, text_of
from clawc.stdlib.checks.values import PrintedCell, Row, Table, Unmet

MAX_HTML = 8_000_000
MAX_HTML_MARKS = 150_000
MAX_COLSPAN = 1_000
MAX_HTML_COLUMNS = 10_000


def _tags(names: str) -> FrozenSet[str]:
    """Names that stand in one text."""
    return frozenset(names.split())


VOID_TAGS = _tags("area base br col embed hr img input link meta param source track wbr")
INLINE_TAGS = _tags(
    "a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike strong sub sup "
    "time tt u var wbr"
)
_ENDS_PARAGRAPH = _tags(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hgroup hr main menu nav ol p pre section search summary table ul"
)
_CELL_EDGES = _tags("table td th caption")
_LIST_EDGES = _tags("ul ol menu dir dl table td th")
_TABLE_EDGES = _tags("table")
_TABLE_PARTS = _tags("table caption colgroup thead tbody tfoot tr td th")
# A start tag: the open elements that it ends, and those that it does not look beyond.
_IMPLIED_ENDS: Dict[str, Tuple[FrozenSet[str], FrozenSet[str]]] = {
    **{tag: (_tags("p"), _CELL_EDGES | {"button", "object"}) for tag in _ENDS_PARAGRAPH},
    "li": (_tags("li"), _LIST_EDGES),
    "dt": (_tags("dt dd"), _LIST_EDGES),
    "dd": (_tags("dt dd"), _LIST_EDGES),
    "option": (_tags("option"), _tags("select datalist optgroup")),
    "optgroup": (_tags("option optgroup"), _tags("select")),
    "td": (_tags("td th"), _tags("table tr")),
    "th": (_tags("td th"), _tags("table tr")),
    "tr": (_tags("td th tr caption colgroup"), _TABLE_EDGES),
    **{
        tag: (_tags("caption colgroup td th tr thead tbody tfoot"), _TABLE_EDGES) for tag in ("thead", "tbody", "tfoot")
    },
    "body": (_tags("head"), _tags("")),
}
_RAW_ENDS = {
    tag: re.compile(f"</{tag}(?=[\\s/>])", re.IGNORECASE)
    for tag in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}
_TAG_NAME = re.compile(r"[A-Za-z][^\s/>]*")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|(?![\"'])[^\s>]*))?")
_OPEN_QUOTE = re.compile(r"\s*=")  # behind an attribute whose value could not be read
_TAG_END = re.compile(r"[\s/]*(>|\Z)")
_HUGE_CHARACTER = re.compile(r"&#(?:[xX]0*[1-9a-fA-F][0-9a-fA-F]{6,}|0*[1-9][0-9]{7,});?")
_CHARACTER_ZEROS = re.compile(r"&#([xX]?)0{8,}")


def without_entities(text: str) -> str:
    """Text with `&amp;` and its like as the characters they stand for."""
    if "&" not in text:
        return text
    import html  # its table of 2,000 entities is loaded only where a document has one

    if "&#" in text:
        text = _CHARACTER_ZEROS.sub(r"&#\g<1>0", _HUGE_CHARACTER.sub("\ufffd", text))
    return html.unescape(text)


class HtmlTree:
    """The elements that are built while tags and texts come in; `open` are those not yet ended, outermost first."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root = Element("html", {}, None, True)
        self.open = [self.root]
        self.count = 1
        self.marks = 0

    def mark(self) -> None:
        """Counts a tag, attribute or text; raises Unmet when there are too many."""
        self.marks += 1
        if self.marks > MAX_HTML_MARKS:
            raise Unmet(f"{self.name} is too large: more than {MAX_HTML_MARKS} tags and attributes")

    def start(self, tag: str, attr: Dict[str, str]) -> None:
        """A start tag; it may end elements that are open."""
        if tag == "html":
            self.root.attr = {**attr, **self.root.attr}
            return
        ends, edges = _IMPLIED_ENDS.get(tag, (_tags(""), _tags("")))
        if ends:
            self._end_any(ends, edges)
        self.count += 1
        if self.count > MAX_ELEMENTS:
            raise Unmet(f"{self.name} is too large: more than {MAX_ELEMENTS} elements")
        element = Element(tag, attr, self.open[-1], tag not in INLINE_TAGS)
        if tag not in VOID_TAGS:
            self.open.append(element)
            if len(self.open) > MAX_ELEMENT_DEPTH:
                raise Unmet(f"{self.name} is nested deeper than {MAX_ELEMENT_DEPTH} elements")

    def _end_any(self, ends: FrozenSet[str], edges: FrozenSet[str]) -> None:
        """Ends the outermost open element of these tags that lies within the nearest edge."""
        outermost = 0
        for place in range(len(self.open) - 1, 0, -1):
            if self.open[place].tag in ends:
                outermost = place
            elif self.open[place].tag in edges:
                break
        if outermost:
            del self.open[outermost:]

    def end(self, tag: str) -> None:
        """An end tag; one that ends nothing is ignored."""
        edges = _TABLE_EDGES if tag in _TABLE_PARTS else _CELL_EDGES
        for place in range(len(self.open) - 1, 0, -1):
            if self.open[place].tag == tag:
                del self.open[place:]
                return
            if self.open[place].tag in edges:
                return

    def text(self, text: str) -> None:
        """Text inside the innermost open element."""
        if text:
            self.open[-1].content.append(text)


def html_tree(source: Any) -> Element:
    """The element `html` of a document; raises Unmet when there is no element at all."""
    text, name = text_of(source), source_name(source)
    if len(text) > MAX_HTML:
        raise Unmet(f"{name} is longer than {MAX_HTML} characters")
    tree = HtmlTree(name)
    position = 0
    while position < len(text):
        tree.mark()
        begin = text.find("<", position)
        if begin < 0:
            begin = len(text)
        tree.text(without_entities(text[position:begin]))
        position = _read_mark(tree, text, begin) if begin < len(text) else begin
    if tree.count == 1 and not tree.root.attr:
        raise Unmet(f"{name} holds no HTML element")
    return tree.root


def _read_mark(tree: HtmlTree, text: str, begin: int) -> int:
    """Reads the tag, comment or declaration that begins with `<` at `begin`; the position behind it."""
    after = text[begin + 1 : begin + 2]
    if after == "!" or after == "?":
        if text.startswith("<!--", begin):
            if text.startswith(">", begin + 4) or text.startswith("->", begin + 4):
                return text.index(">", begin) + 1
            end = text.find("-->", begin + 4)
            return len(text) if end < 0 else end + 3
        end = text.find(">", begin)
        return len(text) if end < 0 else end + 1
    closing = after == "/"
    named = _TAG_NAME.match(text, begin + 1 + closing)
    if named is None:
        if closing and text[begin + 2 : begin + 3]:
            end = text.find(">", begin)
            return len(text) if end < 0 else end + 1
        tree.text("<")
        return begin + 1
    tag = named.group().lower()
    attr, position = _read_attributes(tree, text, named.end())
    if attr is None:
        return len(text)  # a tag that never ends is no tag, for browsers too
    if closing:
        tree.end(tag)
        return position
    tree.start(tag, attr)
    raw = _RAW_ENDS.get(tag)
    if raw is None:
        return position
    found = raw.search(text, position)
    end = len(text) if found is None else found.start()
    content = text[position:end]
    tree.text(without_entities(content) if tag in ("title", "textarea") else content)
    return end


def _read_attributes(tree: HtmlTree, text: str, position: int) -> Tuple[Optional[Dict[str, str]], int]:
    """The attributes up to `>`, the first of a name counting, and the position behind; None when the tag never ends."""
    attr: Dict[str, str] = {}
    while True:
        closed = _TAG_END.match(text, position)
        if closed is not None:
            return (attr if closed.group(1) else None), closed.end()
        found = _ATTRIBUTE.match(text, position)
        if found is None:
            return None, len(text)
        tree.mark()
        value = found.group(2)
        if value is None and _OPEN_QUOTE.match(text, found.end()):
            return None, len(text)
        if value is not None and value[:1] in ('"', "'"):
            value = value[1:-1]
        attr.setdefault(found.group(1).lower(), without_entities(value or ""))
        position = found.end()


def html_document(source: Any) -> Row:
    """The element `html` of a document as a record of tag, attr, text and children; comments are dropped."""
    return element_record(html_tree(source), source_name(source))


def html_select(source: Any, css: Any) -> Table:
    """The elements that a CSS selector selects, in the order of the document, as a table of tag, text and attr."""
    return selected_table(css_select(html_tree(source), css), source_name(source))


def html_table(source: Any, css: Any = "table") -> Table:
    """The first table, or the first within what a CSS selector selects, as cells; a cell over several columns is
    repeated, and a short row is filled with empty cells."""
    name = source_name(source)
    found = [e for chosen in css_select(html_tree(source), css) for e in elements_in_order(chosen) if e.tag == "table"]
    if not found:
        raise Unmet(f"{name} has no table" + ("" if css == "table" else f" that `{css}` selects"))
    name = f"the table of {name}"
    budget = TextBudget(name)
    lines = [[cell for cell in line.children if cell.tag in ("td", "th")] for line in _table_lines(found[0])]
    lines = [line for line in lines if line]
    if not lines:
        raise Unmet(f"{name} has no rows")
    headed = next((n for n, line in enumerate(lines) if all(cell.tag == "th" for cell in line)), 0)
    columns = [str(cell) for cell in _spread_cells(lines[headed], budget)]
    require_distinct(columns, name)
    body: List[Row] = []
    for line in lines[headed + 1 :]:
        cells = _spread_cells(line, budget)
        if len(cells) > len(columns):
            raise Unmet(f"row {len(body) + 1} of {name} has {len(cells)} cells, but {len(columns)} columns")
        cells.extend([PrintedCell("")] * (len(columns) - len(cells)))
        body.append(dict(zip(columns, cells)))
        require_size(len(body), len(columns), name)
    return Table(columns, body)


def _table_lines(outer: Element) -> List[Element]:
    """The rows of a table, those of tables inside it not."""
    found: List[Element] = []
    for part in outer.children:
        if part.tag == "tr":
            found.append(part)
        elif part.tag in ("thead", "tbody", "tfoot"):
            found.extend(line for line in part.children if line.tag == "tr")
    return found


def _spread_cells(line: List[Element], budget: TextBudget) -> List[PrintedCell]:
    """The texts of the cells of a row, each as often as it is columns wide."""
    cells: List[PrintedCell] = []
    for cell in line:
        width = cell.attr.get("colspan", "").strip()
        times = int(width) if width.isdecimal() and len(width) < 8 and 0 < int(width) <= MAX_COLSPAN else 1
        cells.extend([PrintedCell(element_text(cell, budget))] * times)
        if len(cells) > MAX_HTML_COLUMNS:
            raise Unmet(f"{budget.name} has a row of more than {MAX_HTML_COLUMNS} cells")
    return cells
