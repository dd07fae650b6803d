"""CSS selectors: type, `*`, `#id`, `.class`, `[a]`, `[a=v]` with `^=`, `$=`, `*=`, `~=`, `:first-child`, `:last-child`,
`:nth-child(n)`, joined by blanks, `>`, `+` and `,`."""

from __future__ import annotations

import re
from typing import Any, List, NamedTuple, Set, Tuple

from clawc.stdlib.checks.kinds import cut
from clawc.stdlib.checks.markup import Element, elements_in_order
from clawc.stdlib.checks.values import Unmet

MAX_SELECTOR = 1_000
MAX_SELECTOR_STEPS = 20

_CSS_NAME = r"-?[A-Za-z_\u0080-\U0010ffff][-\w]*"
_CSS_PART = re.compile(
    rf"(?P<type>\*|{_CSS_NAME})"
    r"|\#(?P<id>[-\w]+)"
    rf"|\.(?P<cls>{_CSS_NAME})"
    rf"|\[\s*(?P<attr>[-:\w]+)\s*(?:(?P<op>[\^$*~]?=)\s*(?:\"(?P<q>[^\"]*)\"|'(?P<a>[^']*)'|(?P<bare>[-\w]+))\s*)?\]"
    r"|:(?P<pseudo>first-child|last-child|nth-child\(\s*(?P<n>[1-9][0-9]{0,5})\s*\))"
)
_CSS_JOINT = re.compile(r"\s*([>+,])\s*|\s+")


class CssTest(NamedTuple):
    """One condition on an element: what is looked at, the name of an attribute, and the value."""

    kind: str
    name: str
    value: str


class CssStep(NamedTuple):
    """The conditions on one element, and how it stands to that of the step before: ` `, `>` or `+`."""

    joint: str
    tests: Tuple[CssTest, ...]


def css_selector(css: Any) -> List[List[CssStep]]:
    """The alternatives of a selector, each as steps; raises Unmet when it is no selector of the subset."""
    if not isinstance(css, str) or not css.strip() or len(css) > MAX_SELECTOR:
        raise Unmet(f"a selector is a text of at most {MAX_SELECTOR} characters")
    css = css.strip()
    alternatives: List[List[CssStep]] = [[]]
    joint, position = " ", 0
    while True:
        tests: List[CssTest] = []
        while True:
            part = _CSS_PART.match(css, position)
            if part is None or (tests and part.group("type")):
                break
            tests.append(_css_test(part))
            position = part.end()
        if not tests:
            raise Unmet(f"`{cut(css, 60)}` is not a CSS selector: character {position + 1} is not understood")
        alternatives[-1].append(CssStep(joint, tuple(tests)))
        if sum(map(len, alternatives)) > MAX_SELECTOR_STEPS:
            raise Unmet(f"the CSS selector has more than {MAX_SELECTOR_STEPS} steps")
        if position == len(css):
            return alternatives
        between = _CSS_JOINT.match(css, position)
        if between is None:
            raise Unmet(f"`{cut(css, 60)}` is not a CSS selector: character {position + 1} is not understood")
        position = between.end()
        joint = between.group(1) or " "
        if joint == ",":
            alternatives.append([])
            joint = " "


def _css_test(part: Any) -> CssTest:
    """The condition that a part of a selector is."""
    if part.group("type"):
        return CssTest("type", "", part.group("type").lower())
    if part.group("id"):
        return CssTest("=", "id", part.group("id"))
    if part.group("cls"):
        return CssTest("~=", "class", part.group("cls"))
    if part.group("pseudo"):
        return CssTest(part.group("pseudo").partition("(")[0], "", part.group("n") or "")
    value = next((v for v in (part.group("q"), part.group("a"), part.group("bare")) if v is not None), "")
    return CssTest(part.group("op") or "has", part.group("attr").lower(), value)


def css_matches(element: Element, test: CssTest) -> bool:
    """Does one condition hold for an element?"""
    kind, value = test.kind, test.value
    if kind == "type":
        return value in ("*", element.tag)
    if kind == "first-child":
        return element.number == 1
    if kind == "last-child":
        return element.parent is None or element.number == len(element.parent.children)
    if kind == "nth-child":
        return element.number == int(value)
    found = element.attr.get(test.name)
    if found is None or kind == "has":
        return found is not None
    if kind == "=":
        return found == value
    if not value:
        return False  # no text begins with, ends with or holds nothing, says CSS
    if kind == "^=":
        return found.startswith(value)
    if kind == "$=":
        return found.endswith(value)
    return value in found if kind == "*=" else value in found.split()


def css_select(root: Element, css: Any) -> List[Element]:
    """The elements that a selector selects, in the order of the document.

    The steps are taken one after the other over all elements, so that the time is linear whatever the selector.
    """
    alternatives = css_selector(css)
    everything = elements_in_order(root)
    chosen: Set[int] = set()
    for steps in alternatives:
        before: Set[int] = set()
        for depth, step in enumerate(steps):
            here: Set[int] = set()
            below: Set[int] = set()  # those that have an ancestor in `before`
            for element in everything:
                parent = element.parent
                if depth and parent is not None and (id(parent) in before or id(parent) in below):
                    below.add(id(element))
                if depth and not _joined(element, step.joint, before, below):
                    continue
                if all(css_matches(element, test) for test in step.tests):
                    here.add(id(element))
            before = here
        chosen |= before
    return [element for element in everything if id(element) in chosen]


def _joined(element: Element, joint: str, before: Set[int], below: Set[int]) -> bool:
    """Does an element stand to one of the step before as the joint says?"""
    parent = element.parent
    if parent is None:
        return False
    if joint == " ":
        return id(element) in below
    if joint == ">":
        return id(parent) in before
    return element.number > 1 and id(parent.children[element.number - 2]) in before
