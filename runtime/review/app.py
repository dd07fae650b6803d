"""The review as an application: every route, and nothing that does not go through a `Board`."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from clawc.exits import UserError
from clawc.runtime.review.forms import draft_of
from clawc.runtime.review.pages import SHOWS, Find, check_page, done_page, file_page, live_part, queue_page, task_page
from clawc.runtime.review.session import Board, Review
from clawc.runtime.review.subject import Shown, Subject, shown, shown_file
from clawc.runtime.web.serve import BODY
from clawc.runtime.web.shell import page

if TYPE_CHECKING:
    from aiohttp import web

_ID = "{id:[0-9a-f]{64}}"
_KEPT = 16  # tasks that are ready to be shown


class _Pages:
    """The handlers over one review."""

    def __init__(self, review: Review) -> None:
        self.review = review
        self._shown: OrderedDict[str, Shown] = OrderedDict()

    async def queue(self, request: web.Request) -> web.Response:
        board, ask = await self.review.board(), request.query
        number, show = ask.get("page", "1"), ask.get("show", "all")
        find = Find(
            ask.get("q", "")[:200],
            show if show in SHOWS else "all",
            int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1,
        )
        return page(await asyncio.to_thread(queue_page, board, find))

    async def live(self, request: web.Request) -> web.Response:
        return page(await asyncio.to_thread(live_part, await self.review.board()))

    async def task(self, request: web.Request) -> web.Response:
        board, subject = await self._asked(request)
        self.review.look(subject.id)
        ready = await self._ready(subject)
        return page(await asyncio.to_thread(lambda: task_page(board, ready, stored="stored" in request.query)))

    async def check(self, request: web.Request) -> web.Response:
        from aiohttp import web

        board, subject = await self._asked(request)
        ready = await self._ready(subject)
        found = next((c for c in ready.checks if c.check.name == request.match_info["name"]), None)
        if found is None:
            raise web.HTTPNotFound(text="The task has no such check.")
        return page(check_page(board, ready, found))

    async def file(self, request: web.Request) -> web.Response:
        from aiohttp import web

        _, subject = await self._asked(request)
        # A name is one that the manifest lists, or there is no such file: no path is ever made of it.
        found = await asyncio.to_thread(shown_file, subject.bundle, request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text="The task has no such file.")
        return page(file_page(subject, found))

    async def vote(self, request: web.Request) -> web.Response:
        from aiohttp import web

        _, subject = await self._asked(request)
        sent = await request.post()
        draft = draft_of({name: [each for each in sent.getall(name) if isinstance(each, str)] for name in sent})
        try:
            await self.review.decide(subject.id, draft)
        except UserError as error:
            board = await self.review.board()
            ready = await self._ready(subject)
            return page(task_page(board, ready, draft=draft, wrong=(error.message, error.help)), 400)
        if draft.verdict == "defer":
            return web.Response(status=303, headers={"Location": f"/next?after={subject.id}"})
        return web.Response(status=303, headers={"Location": f"/task/{subject.id}?stored"})

    async def next(self, request: web.Request) -> web.Response:
        from aiohttp import web

        board = await self.review.board()
        after = request.query.get("after", "")
        # What was skipped comes again once all that follows it was seen.
        places = board.queue
        at = places.index(after) + 1 if after in places else 0
        following = [id for id in (*places[at:], *places[:at]) if id != after] or list(places)
        if not following:
            return page(done_page(board))
        return web.Response(status=303, headers={"Location": f"/task/{following[0]}"})

    async def export(self, request: web.Request) -> web.Response:
        from aiohttp import web

        board = await self.review.board()
        text = "".join(decision.model_dump_json() + "\n" for decision in board.seen)
        headers = {"Content-Disposition": 'attachment; filename="decisions.jsonl"'}
        return web.Response(text=text, content_type="application/jsonl", headers=headers)

    async def _asked(self, request: web.Request) -> tuple[Board, Subject]:
        from aiohttp import web

        board = await self.review.board()
        subject = board.subjects.get(request.match_info["id"])
        if subject is None:
            raise web.HTTPNotFound(text=_gone(board, request.match_info["id"]))
        return board, subject

    async def _ready(self, subject: Subject) -> Shown:
        """What the page of a task needs; kept for a while, since nothing of it changes."""
        if subject.id not in self._shown:
            others = list(self.review.subjects.values())
            self._shown[subject.id] = await asyncio.to_thread(shown, subject, others)
        self._shown.move_to_end(subject.id)
        while len(self._shown) > _KEPT:
            self._shown.popitem(last=False)
        return self._shown[subject.id]


def review_app(review: Review) -> web.Application:
    """The pages of a review; it is to be guarded."""
    from aiohttp import web

    pages = _Pages(review)
    app = web.Application(client_max_size=BODY)
    app.router.add_get("/", pages.queue)
    app.router.add_get("/live", pages.live)
    app.router.add_get("/next", pages.next)
    app.router.add_get("/export.jsonl", pages.export)
    app.router.add_get(f"/task/{_ID}", pages.task)
    app.router.add_post(f"/task/{_ID}", pages.vote)
    app.router.add_get(f"/task/{_ID}/check/{{name:[A-Za-z_][A-Za-z0-9_]*}}", pages.check)
    app.router.add_get(f"/task/{_ID}/file/{{name:.+}}", pages.file)
    return app


def _gone(board: Board, id: str) -> str:
    """Why there is no page of a version; of one that was decided on, that it is another one now."""
    tasks = {d.task for d in board.all_decisions if d.bundle_id == id}
    now = [s for s in board.subjects.values() if s.task in tasks]
    if now:
        return f"This version of {now[0].task} is not in this review; it is {now[0].id[:12]} now."
    return "There is no such task in this review."
