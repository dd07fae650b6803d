"""XML, with prefixes of namespaces kept as they are written. Entities that a document defines are refused, and nothing
outside of it is ever read."""

from __future__ import annotations

import re
from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple

from clawc.stdlib.checks.kinds import cut
from clawc.stdlib.checks.markup import (
    MAX_ELEMENT_DEPTH,
    MAX_ELEMENTS,
    Element,
    element_record,
    elements_in_order,
    feed_xml,
    selected_table,
)
from clawc.stdlib.checks.readers import require_text_size, source_name, text_of
from clawc.stdlib.checks.values import File, Row, Table, Unmet, require_bytes

MAX_XML_PATH = 1_000
MAX_XML_STEPS = 20

_XML_STEP = re.compile(r"(//?)(\*|[^\W\d][-.:\w]*)")
_XML_TEST = re.compile(r"\[\s*(?:@([^\W\d][-.:\w]*)\s*(?:=\s*(?:\"([^\"]*)\"|'([^']*)')\s*)?|([1-9][0-9]{0,5}))\s*\]")


class XmlBuilder:
    """Builds elements from the events of the parser."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: Optional[Element] = None
        self.open: List[Element] = []
        self.count = 0

    def start(self, tag: str, attr: Dict[str, str]) -> None:
        """A start tag."""
        self.count += 1
        if self.count > MAX_ELEMENTS:
            raise Unmet(f"{self.name} is too large: more than {MAX_ELEMENTS} elements")
        if len(self.open) >= MAX_ELEMENT_DEPTH:
            raise Unmet(f"{self.name} is nested deeper than {MAX_ELEMENT_DEPTH} elements")
        element = Element(tag, attr, self.open[-1] if self.open else None)
        if self.root is None:
            self.root = element
        self.open.append(element)

    def end(self, tag: str) -> None:
        """An end tag; the parser has seen to it that it is the right one."""
        self.open.pop()

    def text(self, text: str) -> None:
        """Text inside the innermost element."""
        self.open[-1].content.append(text)

    def refuse(self, *declared: Any) -> None:
        """The declaration of an entity, or the use of one that is not declared here."""
        raise Unmet(f"{self.name} is not accepted: it uses entities of its own (`{cut(str(declared[0]), 40)}`)")


def xml_tree(source: Any) -> Element:
    """The outermost element of a document."""
    from xml.parsers import expat

    name = source_name(source)
    builder = XmlBuilder(name)
    is_file = isinstance(source, File)
    parser = expat.ParserCreate(None if is_file else "utf-8")  # a text is decoded, whatever it declares
    parser.buffer_text = True
    parser.specified_attributes = True  # a default that is declared once could be repeated in every element
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.EntityDeclHandler = builder.refuse
    parser.SkippedEntityHandler = builder.refuse
    data = require_bytes(source) if is_file else text_of(source).encode("utf-8", "surrogatepass")
    require_text_size(data, name)
    if not data.strip():
        raise Unmet(f"{name} is empty, not XML")
    try:
        feed_xml(parser, data, name)
    except expat.ExpatError as error:
        problem = expat.ErrorString(error.code)
        raise Unmet(f"{name} is not XML: line {error.lineno}, column {error.offset + 1}: {problem}") from None
    except (ValueError, LookupError):  # an encoding that Python does not have
        raise Unmet(f"{name} is not XML: its encoding is not understood") from None
    if builder.root is None:
        raise Unmet(f"{name} is not XML: it has no element")
    return builder.root


def xml_document(source: Any) -> Row:
    """The outermost element as a record of tag, attr, text and children."""
    return element_record(xml_tree(source), source_name(source))


class XmlStep(NamedTuple):
    """A tag or `*`, whether elements between are skipped (`//`), and tests: (attribute, value or None) or a number."""

    tag: str
    skips: bool
    tests: List[Tuple[str, Optional[str], int]]


def xml_path(path: Any) -> Tuple[bool, List[XmlStep]]:
    """Whether a path begins above the outermost element, and its steps: `a/b`, `//b`, `*`, `[@x]`, `[@x='v']`, `[n]`."""
    if not isinstance(path, str) or not path.strip() or len(path) > MAX_XML_PATH:
        raise Unmet(f"a path in XML is a text of at most {MAX_XML_PATH} characters")
    whole = path.strip()
    absolute = whole.startswith("/")
    whole = whole if absolute else "/" + whole
    steps: List[XmlStep] = []
    position = 0
    while position < len(whole):
        found = _XML_STEP.match(whole, position)
        if found is None or len(steps) >= MAX_XML_STEPS:
            problem = "is not understood" if found is None else f"begins more than {MAX_XML_STEPS} steps"
            place = position + (1 if absolute else 0)
            raise Unmet(f"`{cut(path, 60)}` is not a path in XML: character {max(place, 1)} {problem}")
        step = XmlStep(found.group(2), found.group(1) == "//", [])
        position = found.end()
        test = _XML_TEST.match(whole, position)
        while test is not None:
            value = test.group(2) if test.group(2) is not None else test.group(3)
            step.tests.append((test.group(1) or "", value, int(test.group(4) or "0")))
            position = test.end()
            test = _XML_TEST.match(whole, position)
        steps.append(step)
    return absolute, steps


def xml_select(source: Any, path: Any) -> Table:
    """The elements that a path leads to, in the order of the document, as a table of tag, text and attr.

    A path that begins with `/` or `//` starts above the outermost element, any other inside it. `[n]` counts among the
    children of one element that the step selects so far.
    """
    absolute, steps = xml_path(path)
    root = xml_tree(source)
    everything = elements_in_order(root)
    before: Set[int] = {0} if absolute else {id(root)}  # 0 stands for the document
    for step in steps:
        here: Set[int] = set()
        below: Set[int] = set()
        counts: Dict[Tuple[int, int], int] = {}
        for element in everything:
            above = 0 if element.parent is None else id(element.parent)
            inside = above in before
            if inside or above in below:
                below.add(id(element))
                if (inside or step.skips) and step.tag in ("*", element.tag):
                    if _passes_tests(element, step.tests, counts, above):
                        here.add(id(element))
        before = here
    return selected_table([element for element in everything if id(element) in before], source_name(source))


def _passes_tests(
    element: Element, tests: List[Tuple[str, Optional[str], int]], counts: Dict[Tuple[int, int], int], above: int
) -> bool:
    """Do the tests of a step hold? `counts` has how many elements came so far to each test that counts."""
    for place, (attribute, value, wanted) in enumerate(tests):
        if attribute:
            found = element.attr.get(attribute)
            if found is None or (value is not None and found != value):
                return False
        else:
            counts[place, above] = counts.get((place, above), 0) + 1
            if counts[place, above] != wanted:
                return False
    return True
