"""Elements of XML and HTML: what the parsers of both build, and the values that are made of it."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, List, Optional, Tuple, Union

from clawc.stdlib.checks.values import Row, Table, Unmet

MAX_ELEMENTS = 50_000
MAX_ELEMENT_DEPTH = 100
MAX_MARKUP_TEXT = 5_000_000
TEXT_COST = 16  # what a piece of text counts beyond its characters: the time that it takes
XML_PIECE = 1 << 18
MAX_XML_TAG = 1 << 20
INVISIBLE = frozenset(["script", "style", "template"])

_BLANKS = re.compile(r"\s+")


class Element:
    """An element; `content` holds its texts and child elements in order.

    `apart`: a blank stands between its text and what is around it, as between two paragraphs. `number` is its place
    among the child elements of its parent, from 1.
    """

    __slots__ = ("apart", "attr", "children", "content", "number", "parent", "tag")

    def __init__(self, tag: str, attr: Dict[str, str], parent: Optional[Element], apart: bool = False) -> None:
        self.tag = tag
        self.attr = attr
        self.parent = parent
        self.apart = apart
        self.content: List[Union[str, Element]] = []
        self.children: List[Element] = []
        self.number = 1
        if parent is not None:
            parent.content.append(self)
            parent.children.append(self)
            self.number = len(parent.children)


class TextBudget:
    """Counts the texts that are made of one document: an outer one repeats those inside."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.left = MAX_MARKUP_TEXT

    def take(self, text: str) -> str:
        """The text itself; raises Unmet when there is too much of it."""
        self.left -= len(text) + TEXT_COST
        if self.left < 0:
            raise Unmet(f"{self.name} is too large: its elements hold too much text")
        return text


def feed_xml(parser: Any, data: bytes, label: str) -> None:
    """Gives a parser of XML its bytes piece by piece: a tag with a million attributes is refused before it is built."""
    for begin in range(0, len(data), XML_PIECE):
        parser.Parse(data[begin : begin + XML_PIECE], False)
        if begin + XML_PIECE - parser.CurrentByteIndex > MAX_XML_TAG + XML_PIECE:
            raise Unmet(f"{label} is too large: it has a tag or comment of more than {MAX_XML_TAG >> 20} MiB")
    parser.Parse(b"", True)


def elements_in_order(root: Element) -> List[Element]:
    """The element and all below it, in the order of their start tags."""
    found: List[Element] = []
    stack = [root]
    while stack:
        element = stack.pop()
        found.append(element)
        stack.extend(reversed(element.children))
    return found


def element_text(element: Element, budget: TextBudget) -> str:
    """All text of an element and below it, blanks collapsed; scripts and styles inside do not count."""
    parts: List[str] = []
    stack: List[Union[str, Element]] = [element]
    while stack:
        piece = stack.pop()
        if isinstance(piece, str):
            parts.append(budget.take(piece))
        elif piece is element or not (piece.apart and piece.tag in INVISIBLE):
            budget.take("")
            if piece.apart:
                stack.append(" ")
            stack.extend(reversed(piece.content))
            if piece.apart:
                stack.append(" ")
    return " ".join("".join(parts).split())


def element_record(root: Element, name: str) -> Row:
    """An element as a record of tag, attr, text and children; `name` is what messages call the document."""
    budget = TextBudget(name)
    texts: Dict[int, str] = {}
    records: Dict[int, Row] = {}
    for element in reversed(elements_in_order(root)):
        parts: List[str] = []
        for piece in element.content:
            if isinstance(piece, str):
                parts.append(piece)
            elif not (piece.apart and piece.tag in INVISIBLE):
                parts.append(f" {texts[id(piece)]} " if piece.apart else texts[id(piece)])
        text = budget.take(_BLANKS.sub(" ", "".join(parts)))
        texts[id(element)] = text
        children = [records[id(child)] for child in element.children]
        records[id(element)] = {"tag": element.tag, "attr": element.attr, "text": text.strip(), "children": children}
    return records[id(root)]


def selected_table(found: Iterable[Element], name: str) -> Table:
    """Elements as a table of tag, text and attr."""
    budget = TextBudget(name)
    lines: List[Tuple[str, str, Dict[str, str]]] = []
    for element in found:
        lines.append((element.tag, element_text(element, budget), element.attr))
    return Table(["tag", "text", "attr"], lines)
