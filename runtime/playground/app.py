"""The pages of a playground: a text comes, what it gives goes back; only the newest text of each open tab counts."""

from __future__ import annotations

import asyncio
import json
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

from clawc.exits import UserError
from clawc.runtime.playground.child import KINDS
from clawc.runtime.playground.children import Children, End
from clawc.runtime.playground.examples import Example
from clawc.runtime.playground.project import LARGEST, Changed, Project
from clawc.runtime.playground.proof import Proofs
from clawc.runtime.web.guard import HEADERS, POLICY
from clawc.runtime.web.serve import BODY
from clawc.runtime.web.shell import environment, page, seen

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler

_TABS = 64  # tabs whose newest number is known
_AT_ONCE = 3  # texts that are compiled at once
_TICK_S = 0.5
_TAB = re.compile(r"[A-Za-z0-9-]{1,64}")
_UNSAVED = "task.claw"


class Superseded(Exception):
    """A newer text of the same tab has come."""


class Playground:
    """One session: `project` has the files that can be opened and saved, `first` is the one that is shown first, or ""."""

    def __init__(self, project: Project | None, first: str, examples: Sequence[Example]) -> None:
        self._project = project
        self._first = first
        self._examples = {example.key: example for example in examples}
        self._children = Children()
        self._proofs = Proofs(self._children)
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._at_work: dict[tuple[str, str], asyncio.Task[dict[str, Any]]] = {}
        self._writing = asyncio.Lock()

    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """As long as the application is served."""
        starts = asyncio.create_task(self._children.start())  # the first text will not have to wait for it
        yield
        for task in [starts, *self._at_work.values()]:
            task.cancel()
        await asyncio.gather(starts, *self._at_work.values(), return_exceptions=True)
        await self._proofs.close()
        await self._children.close()

    async def page(self, request: web.Request) -> web.Response:
        template = environment("clawc.runtime.playground").get_template("playground.html.j2")
        return page(template.render(examples=self._examples.values(), names=self._names(), first=self._first))

    async def start(self, request: web.Request) -> web.Response:
        """What is shown first."""
        if self._first:
            return await self._answer_file(self._first)
        example = next(iter(self._examples.values()))
        return _json({"name": "", "stamp": "", "text": example.text(0)})

    async def file(self, request: web.Request) -> web.Response:
        return await self._answer_file(request.query.get("name", ""))

    async def example(self, request: web.Request) -> web.Response:
        example = self._examples.get(request.query.get("key", ""))
        number = request.query.get("number", "0")
        if example is None or not re.fullmatch(r"[0-9]{1,6}", number):
            raise UserError("there is no such example")
        text = await asyncio.to_thread(example.text, int(number))
        return _json({"name": "", "stamp": "", "text": text})

    async def check(self, request: web.Request) -> web.Response:
        """What a text gives; an answer without the parts that were not reached in time says why in `trouble`."""
        asked = await _asked(request)
        return _json({"seq": asked["seq"], **await self._latest(asked, "check", self._checked(asked))})

    async def format(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        return _json({"seq": asked["seq"], **await self._latest(asked, "format", self._said("format", asked))})

    async def save(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        if self._project is None:
            raise UserError("there is no file to save to", "start `clawc playground FILE`")
        async with self._writing:
            stamp = await asyncio.to_thread(self._project.save, asked["name"], asked["text"], asked["stamp"])
        return _json({"stamp": stamp})

    async def prove(self, request: web.Request) -> web.StreamResponse:
        """A proof as lines of JSON, as it is made. It ends with the connection."""
        from aiohttp import web

        asked = await _asked(request)
        answer = web.StreamResponse(headers={**HEADERS, "Content-Security-Policy": POLICY, "Cache-Control": "no-store"})
        answer.content_type = "application/x-ndjson"
        await answer.prepare(request)
        task = asyncio.create_task(self._latest(asked, "prove", self._prove(asked, answer)))
        try:
            while not task.done():
                await asyncio.wait([task], timeout=_TICK_S)
                if request.transport is None or request.transport.is_closing():
                    break
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, Superseded, ConnectionError):
                await task
        return answer

    async def _prove(self, asked: Mapping[str, Any], answer: web.StreamResponse) -> dict[str, Any]:
        async with aclosing(self._proofs.run(self._job(asked))) as messages:
            async for message in messages:
                if message.get("end") not in (None, "done"):
                    message = {**message, "trouble": _trouble("prove", message["end"])}
                await answer.write(json.dumps(message).encode() + b"\n")
        return {}

    async def _checked(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """A text that changed also ends the proof of what it was."""
        proof = self._at_work.get((asked["tab"], "prove"))
        if proof is not None:
            proof.cancel()
        return await self._said("check", asked)

    async def _said(self, kind: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """All messages of a job in one."""
        made: dict[str, Any] = {}
        async with self._room, aclosing(self._children.ask(kind, **self._job(asked))) as messages:
            async for message in messages:
                if not isinstance(message, End):
                    made |= message
                elif message.why != "done":
                    made["trouble"] = _trouble(kind, message.why)
        return made

    async def _latest(
        self, asked: Mapping[str, Any], kind: str, work: Coroutine[Any, Any, dict[str, Any]]
    ) -> dict[str, Any]:
        """The result of the work, unless a newer text of the same tab comes before it is done: then Superseded is raised."""
        tab, seq = asked["tab"], asked["seq"]
        if seq < self._newest.get(tab, 0):
            work.close()
            raise Superseded
        self._newest[tab] = seq
        self._newest.move_to_end(tab)
        while len(self._newest) > _TABS:
            self._newest.popitem(last=False)
        older = self._at_work.get((tab, kind))
        if older is not None:
            older.cancel()
        task = self._at_work[tab, kind] = asyncio.create_task(work)
        try:
            await asyncio.wait([task])
            if task.cancelled():
                raise Superseded
            return task.result()
        finally:
            task.cancel()
            if self._at_work.get((tab, kind)) is task:
                del self._at_work[tab, kind]

    async def _answer_file(self, name: str) -> web.Response:
        if self._project is None:
            raise UserError("the playground was started without files", "start `clawc playground FILE`")
        opened = await asyncio.to_thread(self._project.opened, name)
        return _json({"name": name, "stamp": opened.stamp, "text": opened.text})

    def _job(self, asked: Mapping[str, Any]) -> dict[str, str]:
        """A text lies where its file does, or at the root of the project."""
        if self._project is None:
            return {"text": asked["text"], "path": _UNSAVED, "root": ""}
        path = self._project.path_of(asked["name"]) if asked["name"] else self._project.root / _UNSAVED
        return {"text": asked["text"], "path": str(path), "root": str(self._project.root)}

    def _names(self) -> Sequence[str]:
        return self._project.names if self._project is not None else ()


def application(project: Project | None, first: str, examples: Sequence[Example]) -> web.Application:
    """The application of one session, to be served behind a guard."""
    from aiohttp import web

    playground = Playground(project, first, examples)
    app = web.Application(client_max_size=BODY, middlewares=[web.middleware(_errors_as_json)])
    app.cleanup_ctx.append(playground.running)
    app.router.add_get("/", playground.page)
    app.router.add_get("/api/start", playground.start)
    app.router.add_get("/api/file", playground.file)
    app.router.add_get("/api/example", playground.example)
    app.router.add_post("/api/check", playground.check)
    app.router.add_post("/api/format", playground.format)
    app.router.add_post("/api/save", playground.save)
    app.router.add_post("/api/prove", playground.prove)
    return app


async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What a script asks for is answered in JSON also where it cannot be done."""
    from aiohttp import web

    if not request.path.startswith("/api/"):
        return await handler(request)
    try:
        return await handler(request)
    except Superseded:
        return _json({"superseded": True})
    except Changed as error:
        return _json({"error": seen(error.message), "help": seen(error.help or ""), "changed": True}, 409)
    except UserError as error:
        return _json({"error": seen(error.message), "help": seen(error.help or "")}, 400)
    except web.HTTPRequestEntityTooLarge:
        said = f"this text is larger than {LARGEST >> 20} MiB"
        return _json({"error": said, "help": "a source has at most so much"}, 413)


async def _asked(request: web.Request) -> dict[str, Any]:
    """What a script sends: `text`, and as far as they are given `tab`, `seq`, `name`, `stamp`. Raises UserError for anything else."""
    if request.content_type != "application/json":
        raise UserError("only JSON is read here")
    data = await request.read()
    try:
        found = await asyncio.to_thread(json.loads, data)
    except (ValueError, RecursionError):
        raise UserError("this is no JSON") from None
    if not isinstance(found, dict):
        raise UserError("a JSON object is expected")
    asked: dict[str, Any] = {"tab": "", "seq": 0, "name": "", "stamp": "", **found}
    texts = all(isinstance(asked.get(name), str) for name in ("text", "tab", "name", "stamp"))
    if not texts or type(asked["seq"]) is not int or not _TAB.fullmatch(asked["tab"] or "-"):
        raise UserError("`text`, `tab`, `name` and `stamp` are texts, `seq` is a number")
    if len(asked["text"]) > LARGEST:
        raise UserError(f"this text is larger than {LARGEST >> 20} MiB", "a source has at most so much")
    return asked


def _json(value: object, status: int = 200) -> web.Response:
    from aiohttp import web

    return web.Response(text=json.dumps(value), status=status, content_type="application/json")


def _trouble(kind: str, why: str) -> dict[str, str]:
    """What is said of a text whose job did not end by itself."""
    bounds = KINDS[kind].bounds
    doing = {"check": "compiling this text", "format": "formatting this text", "prove": "proving this text"}[kind]
    says = {
        "time": f"{doing} takes more than {bounds.cpu_s:g} s of processor time",
        "memory": f"{doing} takes more than {bounds.memory_bytes >> 20} MiB of memory",
        "stopped": f"{doing} was ended",
    }
    return {
        "message": says.get(why, f"{doing} ended the compiler"),
        "help": "smaller inputs, or fewer products of tables and patterns, would do",
    }
