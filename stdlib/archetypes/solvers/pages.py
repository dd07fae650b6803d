"""Saved web pages: entries of a catalogue, and a site whose pages tell each about one thing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from typing import cast

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Row, Rows, Unsolvable, typed
from clawc.stdlib.archetypes.solvers.work import Work


class _Entries(HTMLParser):
    """Attributes and text of each element of one tag and one class."""

    def __init__(self, tag: str, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[Mapping[str, str | None], str]] = []
        self._tag, self._name, self._depth = tag, name, 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self._depth:
            self._depth += tag == self._tag
        elif tag == self._tag and self._name in (given.get("class") or "").split():
            self._depth = 1
            self.found.append((given, ""))

    def handle_endtag(self, tag: str) -> None:
        if self._depth and tag == self._tag:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth:
            given, text = self.found[-1]
            self.found[-1] = given, text + data


def entries(files: Mapping[str, bytes], asked: Asked) -> Rows:
    """All entries of all pages of a folder, page by page. A column comes from an attribute, or from the text."""
    columns, places = asked.texts("columns"), asked.texts("places")
    if len(columns) != len(places):
        raise Unsolvable(f"read: the columns {columns} from {places}")
    tag, name = asked.text("kind").split(".")
    rows: list[Mapping[str, str]] = []
    for path, data in files.items():
        if path.endswith(".html"):
            page = _Entries(tag, name)
            page.feed(data.decode("utf-8"))
            page.close()
            for given, text in page.found:
                cells = (text if place == "text" else given.get(place) or "" for place in places)
                rows.append({column: cell.strip() for column, cell in zip(columns, cells)})
    return typed(rows)


# A site that is read through a program; what the program would print is looked up where the program itself looks.


class _Page(HTMLParser):
    """The first heading, the addresses of links, and what stands behind each label of lists of definitions."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.heading, self.links, self.facts = "", list[str](), dict[str, str]()
        self._label, self._handle = "", cast(Callable[[str], None] | None, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._handle = {"h1": self._to_heading, "dt": self._to_label, "dd": self._to_fact}.get(tag)
        if tag == "dt":
            self._label = ""
        elif tag == "a":
            self.links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        self._handle = None

    def handle_data(self, data: str) -> None:
        if self._handle is not None:
            self._handle(data)

    def _to_heading(self, data: str) -> None:
        self.heading += data

    def _to_label(self, data: str) -> None:
        self._label += data

    def _to_fact(self, data: str) -> None:
        self.facts[self._label] = self.facts.get(self._label, "") + data


def _page(text: str) -> _Page:
    page = _Page()
    page.feed(text)
    page.close()
    return page


def fetch(work: Work, asked: Asked) -> None:
    work.begun = asked


def page_facts(work: Work, asked: Asked) -> None:
    """One row for each page that the first one links to."""
    addresses, columns, labels = _addresses(work), asked.texts("columns"), asked.texts("labels")
    start = work.asked().text("start")
    if len(labels) != len(columns) - 1 or start not in addresses:
        raise Unsolvable(f"page facts: columns {columns} under the labels {labels}")
    rows: list[Mapping[str, str]] = []
    for link in dict.fromkeys(_page(addresses[start]).links):
        if link not in addresses:
            raise Unsolvable(f"page facts: there is no page {link}")
        page = _page(addresses[link])
        if any(label not in page.facts for label in labels):
            raise Unsolvable(f"page facts: {link} has only {list(page.facts)}")
        row: Row = {columns[0]: page.heading, **{name: page.facts[at] for name, at in zip(columns[1:], labels)}}
        rows.append({name: str(text).strip() for name, text in row.items()})
    work.rows = typed(rows)


def _addresses(work: Work) -> Mapping[str, str]:
    """The text of each page by its address, from the index that lies beside the pages."""
    indexes = work.paths("/index.json")
    if len(indexes) != 1:
        raise Unsolvable(f"fetch: which of {indexes} is the index of the pages?")
    folder = indexes[0].removesuffix("index.json")
    known = cast(list[dict[str, str]], json.loads(work.text(indexes[0])))
    return {entry["url"]: work.text(folder + entry["file"]) for entry in known}
