"""The pages of runs, served. What is read is read in threads; the addresses are those of `ServedLinks`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from clawc.runtime.view import compare, query
from clawc.runtime.view.files import given_to, left_by
from clawc.runtime.view.links import ServedLinks
from clawc.runtime.view.pages import Pages, Side, task_list
from clawc.runtime.view.query import wanted_of
from clawc.runtime.view.shelf import Volume, attempt_of
from clawc.runtime.web.guard import SANDBOXED
from clawc.runtime.web.shell import page

if TYPE_CHECKING:
    from aiohttp import web

# Bytes of a file of an agent that are sent.
FILE = 2 << 20
_T = TypeVar("_T")


def view_app(shelf: Sequence[Volume]) -> web.Application:
    """An application that shows these runs, behind a guard of `runtime/web`."""
    from aiohttp import web

    site = _Site(shelf)
    app = web.Application(client_max_size=1 << 16)
    for path, answer in (
        ("/", site.runs), ("/run/{run}", site.run), ("/run/{run}/episodes", site.episodes), ("/run/{run}/episode/{key}", site.episode),
        ("/run/{run}/file/{key}", site.file), ("/compare", site.compare), ("/compare/task", site.compare_task), ("/pair", site.pair),
    ):  # fmt: skip
        app.router.add_get(path, answer)
    return app


class _Site:
    def __init__(self, shelf: Sequence[Volume]) -> None:
        self._shelf = shelf
        self._links = ServedLinks()
        self._pages = Pages(self._links)

    async def runs(self, request: web.Request) -> web.StreamResponse:
        def made() -> str:
            for volume in self._shelf:
                volume.index.refresh()
            return self._pages.runs(self._shelf)

        return page(await asyncio.to_thread(made))

    async def run(self, request: web.Request) -> web.StreamResponse:
        number, volume = self._volume(request.match_info["run"])
        wanted = wanted_of({"page": request.query.get("page", "1")})
        text, by = " ".join(request.query.get("t", "").split())[:300], request.query.get("by", "name")

        def address(at: int) -> str:
            return f"{self._links.run(number)}?{urlencode({'t': text, 'by': by, 'page': at})}#tasks"

        def made() -> str:
            volume.index.refresh()
            listed = task_list(query.tasks_of(volume.index), text, by, wanted.page, address)
            return self._pages.run(number, volume, query.failures_of(volume.index), listed)

        return page(await asyncio.to_thread(made))

    async def episodes(self, request: web.Request) -> web.StreamResponse:
        number, volume = self._volume(request.match_info["run"])
        wanted = wanted_of(_first(request))

        def made() -> str:
            volume.index.refresh()
            rows, count = query.page_of(volume.index, wanted), query.count_of(volume.index, wanted)
            return self._pages.episodes(number, volume, wanted, rows, count, query.failures_of(volume.index))

        return page(await asyncio.to_thread(made))

    async def episode(self, request: web.Request) -> web.StreamResponse:
        number, volume = self._volume(request.match_info["run"])
        wanted = wanted_of(_first(request))
        key = request.match_info["key"]

        def made() -> str | None:
            volume.index.refresh()
            attempt = attempt_of(volume, key)
            if attempt is None:
                return None
            around = [
                self._links.episode(number, row, wanted)
                if beside and (row := query.row_of(volume.index, beside))
                else ""
                for beside in query.neighbours(volume.index, wanted, attempt.row)
            ]
            tries = query.attempts_of(volume.index, key)
            return self._pages.episode(number, volume, attempt, tries, (around[0], around[1]), wanted)

        return page(_there(await asyncio.to_thread(made), f"The run has no attempt `{key[:200]}`."))

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file of an agent, as text whatever it is: nothing in it is live."""
        from aiohttp import web

        _, volume = self._volume(request.match_info["run"])
        key, path = request.match_info["key"], request.query.get("path", "")

        def read() -> bytes | None:
            row = query.row_of(volume.index, key)
            if row is None:
                return None
            if request.query.get("side") != "before":
                return left_by(volume.index.folder, row.key, path, FILE)
            record = volume.index.record(key)
            return None if record is None else given_to(volume.bundles.of(record.bundle_id), path)

        data = _there(await asyncio.to_thread(read), "There is no such file.")
        return web.Response(
            body=data[:FILE], content_type="text/plain", charset="utf-8",
            headers={"Content-Security-Policy": SANDBOXED, "Content-Disposition": "inline"},
        )  # fmt: skip

    async def compare(self, request: web.Request) -> web.StreamResponse:
        a, b = self._two(request)

        def made() -> str:
            for number in (a, b):
                self._shelf[number].index.refresh()
            found = compare.compare(self._shelf[a].index, self._shelf[b].index)
            return self._pages.compare(
                self._shelf, (a, b), found, wanted_of(_first(request)).page,
                lambda task: f"/compare/task?{urlencode({'a': a, 'b': b, 'task': task})}",
                lambda at: f"{self._links.compare(a, b)}&page={at}",
            )  # fmt: skip

        return page(await asyncio.to_thread(made))

    async def compare_task(self, request: web.Request) -> web.StreamResponse:
        a, b = self._two(request)
        task = wanted_of(_first(request)).task

        def made() -> str:
            first, second = self._shelf[a].index, self._shelf[b].index
            cut = compare.cut(first, task) or compare.cut(second, task)
            return self._pages.compare_task(self._shelf, (a, b), task, compare.episodes(first, second, task), cut)

        return page(await asyncio.to_thread(made))

    async def pair(self, request: web.Request) -> web.StreamResponse:
        a, b = self._two(request)

        def made() -> str | None:
            sides = [
                Side(number, self._shelf[number], attempt)
                for number, name in ((a, "ea"), (b, "eb"))
                if (attempt := attempt_of(self._shelf[number], request.query.get(name, ""), 6)) is not None
            ]
            return self._pages.pair((sides[0], sides[1])) if len(sides) == 2 else None

        return page(_there(await asyncio.to_thread(made), "One of the two attempts is not there."))

    def _volume(self, text: str) -> tuple[int, Volume]:
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else len(self._shelf)
        _there(number < len(self._shelf) or None, "There is no such run.")
        return number, self._shelf[number]

    def _two(self, request: web.Request) -> tuple[int, int]:
        return self._volume(request.query.get("a", ""))[0], self._volume(request.query.get("b", ""))[0]


def _first(request: web.Request) -> Mapping[str, str]:
    """The first value of each name of an address."""
    return {name: request.query.getone(name) for name in request.query}


def _there(value: _T | None, missing: str) -> _T:
    from aiohttp import web

    if value is None:
        raise web.HTTPNotFound(text=missing)
    return value
