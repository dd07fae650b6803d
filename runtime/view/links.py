"""Addresses of pages: of a server, or of files in a folder that refer to each other wherever the folder stands."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import quote, urlencode

from clawc.runtime.view.query import Row, Wanted


class Links(Protocol):
    """What leads to what. `run` counts from 0; an empty address means that there is no such page."""

    def home(self) -> str: ...
    def run(self, run: int) -> str: ...
    def episodes(self, run: int, wanted: Wanted) -> str: ...
    def episode(self, run: int, row: Row, wanted: Wanted) -> str: ...
    def file(self, run: int, key: str, path: str, side: str) -> str: ...
    def compare(self, first: int, second: int) -> str: ...
    def pair(self, first: tuple[int, Row], second: tuple[int, Row]) -> str: ...


class ServedLinks:
    """Addresses of `app.py`."""

    def home(self) -> str:
        return "/"

    def run(self, run: int) -> str:
        return f"/run/{run}"

    def episodes(self, run: int, wanted: Wanted) -> str:
        return f"/run/{run}/episodes{wanted.address(page=wanted.page).removesuffix('?')}"

    def episode(self, run: int, row: Row, wanted: Wanted) -> str:
        among = wanted.address(page=1).removesuffix("?") if wanted.narrowed or wanted.every else ""
        return f"/run/{run}/episode/{quote(row.key, safe='')}{among}"

    def file(self, run: int, key: str, path: str, side: str) -> str:
        return f"/run/{run}/file/{quote(key, safe='')}?{urlencode({'path': path, 'side': side})}"

    def compare(self, first: int, second: int) -> str:
        return f"/compare?{urlencode({'a': first, 'b': second})}"

    def pair(self, first: tuple[int, Row], second: tuple[int, Row]) -> str:
        return f"/pair?{urlencode({'a': first[0], 'ea': first[1].key, 'b': second[0], 'eb': second[1].key})}"


class FolderLinks:
    """Names of files, as `folder.py` writes them, from a page that stands `depth` folders deep."""

    def __init__(self, depth: int) -> None:
        self._up = "../" * depth

    def home(self) -> str:
        return f"{self._up}index.html"

    def run(self, run: int) -> str:
        return f"{self._up}run-{run + 1}/index.html"

    def episodes(self, run: int, wanted: Wanted) -> str:
        if wanted != Wanted(page=wanted.page):
            return ""
        return f"{self._up}run-{run + 1}/episodes-{wanted.page}.html"

    def episode(self, run: int, row: Row, wanted: Wanted) -> str:
        return f"{self._up}run-{run + 1}/episode/{row.number}.html"

    def file(self, run: int, key: str, path: str, side: str) -> str:
        return ""

    def compare(self, first: int, second: int) -> str:
        return f"{self._up}compare-{first + 1}-{second + 1}.html" if first != second else ""

    def pair(self, first: tuple[int, Row], second: tuple[int, Row]) -> str:
        return ""
