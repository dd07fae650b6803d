"""`clawc mcp`: the tools, resources and the prompt in the words of the protocol."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import anyio
from mcp.server.mcpserver import Context, ListRoots, MCPServer, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, ListRootsResult, TextContent, ToolAnnotations
from pydantic import Field

from clawc import __version__
from clawc.commands.sources import MAX_SOURCE
from clawc.mcp import words
from clawc.mcp.answers import Answer, Card, Checked, Explained, Formatted, Offered, Tested
from clawc.mcp.lines import BoundedLines
from clawc.mcp.places import Places, Refusal, Source, folders_of
from clawc.mcp.tools import MAX_WORD, Tools
from clawc.spec.export.card import card as language_card
from clawc.spec.export.reference_pages import reference_pages

CARD = "clawc://card"
REFERENCE = "clawc://reference/"
TESTED_S = 120.0
MAX_TESTED_S = 600.0

_INSTRUCTIONS = f"""\
clawc compiles `.claw` files: a task for an agent that works over files, with the checker of its answers. Read the language card first
(resource `{CARD}`, or the tool `card`). Write a source, `check` it until nothing is found (problems come with fixes as edits),
`explain` codes and words, `complete` at a place, then `test`: it tries right and wrong answers, and a task is done when it says proved.
Nothing is written by these tools: files are yours to write."""


@dataclass(frozen=True, slots=True)
class Served:
    """What works for the client: `root` is the folder of the workspace; `fixed`, it was given, so that the client's roots do not count."""

    tools: Tools
    root: Path
    fixed: bool


async def _roots(context: Context[Served]) -> ListRootsResult | ListRoots:
    """The client's folders, where they count and it has any."""
    served = context.request_context.lifespan_context
    able = context.client_capabilities
    if served.fixed or able is None or able.roots is None:
        return ListRootsResult(roots=[])
    return ListRoots()


Roots = Annotated[ListRootsResult, Resolve(_roots)]
Path_ = Annotated[
    str | None,
    Field(max_length=4096, description="a `.claw` file in the workspace; relative paths are taken from its folder"),
]
Text = Annotated[
    str | None,
    Field(
        max_length=MAX_SOURCE,
        description="the source itself; with a path it stands for that file, which need not exist",
    ),
]
_READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)


def _served(context: Context[Served]) -> Served:
    return context.request_context.lifespan_context


def _source(context: Context[Served], roots: ListRootsResult, path: str | None, text: str | None) -> Source:
    served = _served(context)
    folders = folders_of([str(root.uri) for root in roots.roots])
    if roots.roots and not folders:
        raise Refusal("none of the client's roots is a folder of this machine")
    return Places(folders or [served.root]).source(path, text)


def _answer(text: str, answer: Answer) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=answer.model_dump(mode="json")
    )


async def check(
    context: Context[Served], roots: Roots, path: Path_ = None, text: Text = None
) -> Annotated[CallToolResult, Checked]:
    """Find every mistake in a source: place, message, help, and fixes as edits."""
    with _refusals():
        checked = await _served(context).tools.check(_source(context, roots, path, text))
    return _answer(words.of_check(checked), checked)


async def format(
    context: Context[Served], roots: Roots, path: Path_ = None, text: Text = None
) -> Annotated[CallToolResult, Formatted]:
    """Give a source in the one layout; writes nothing."""
    with _refusals():
        formatted = await _served(context).tools.format(_source(context, roots, path, text))
    return _answer(words.of_format(formatted), formatted)


async def complete(
    context: Context[Served], roots: Roots,
    line: Annotated[int, Field(ge=1, le=MAX_SOURCE, description="from 1")],
    column: Annotated[int, Field(ge=1, le=MAX_SOURCE, description="from 1, in code points: before this character")],
    path: Path_ = None, text: Text = None,
) -> Annotated[CallToolResult, Offered]:  # fmt: skip
    """Say what can be written at a place: blocks, attributes, functions, names, columns of the real files, paths."""
    with _refusals():
        offered = await _served(context).tools.complete(_source(context, roots, path, text), line, column)
    return _answer(words.of_offers(offered), offered)


async def explain(
    context: Context[Served],
    word: Annotated[str, Field(min_length=1, max_length=MAX_WORD, description="such as E0402, deliver, group")],
) -> Annotated[CallToolResult, Explained]:
    """Explain the code of a problem, or a word of the language: a block, an attribute, a function, a verb."""
    explained = _served(context).tools.explain(word)
    return _answer(words.of_explanation(explained), explained)


async def test(
    context: Context[Served], roots: Roots, path: Path_ = None, text: Text = None,
    seconds: Annotated[float, Field(gt=0, le=MAX_TESTED_S, description="how long it may take")] = TESTED_S,
) -> Annotated[CallToolResult, Tested]:  # fmt: skip
    """Prove the checkers of a source in sandboxes: right answers must win, wrong ones lose. Says what survived. Takes seconds."""

    async def report(done: float, all: float, what: str) -> None:
        await context.report_progress(done, all, what)

    with _refusals():
        tested = await _served(context).tools.test(_source(context, roots, path, text), seconds, report)
    return _answer(words.of_test(tested), tested)


async def card() -> Annotated[CallToolResult, Card]:
    """Give the language card: all that is needed to write a source, in fewer than 4,000 tokens."""
    text = language_card()
    return _answer(text, Card(text=text))


class _refusals:
    """Turns a Refusal into an error that the client's model reads."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Refusal):
            raise ToolError(str(error)) from error


def write_task(
    about: Annotated[str, Field(max_length=4_000, description="what the agent shall do, and with which files")] = "",
) -> str:
    """Write a task, check it, and prove its checker."""
    wish = f"Write a task about this: {about}\n" if about else "Write a task of your own choice.\n"
    return (
        f"{wish}Read the card of the language below. Write the source, call `check` with it and mend what it finds: apply the "
        "fixes, `explain` a code that you do not understand, `complete` where you do not know what fits. Then call `test`; mend "
        f"what survives until it says proved, and `format` the result.\n\n{language_card()}"
    )


def make_server(root: Path, *, fixed: bool) -> MCPServer[Served]:
    """A server for one client."""

    @asynccontextmanager
    async def lifespan(_: MCPServer[Served]) -> AsyncGenerator[Served]:
        tools = Tools()
        try:
            yield Served(tools, root, fixed)
        finally:
            with anyio.CancelScope(shield=True):
                await tools.close()

    server = MCPServer[Served](
        "clawc", title="clawc", version=__version__, instructions=_INSTRUCTIONS, lifespan=lifespan, log_level="WARNING"
    )
    for name, tool in (
        ("check", check), ("test", test), ("explain", explain), ("complete", complete), ("format", format), ("card", card),
    ):  # fmt: skip
        server.add_tool(tool, name=name, annotations=_READS)
    server.resource(CARD, name="card", title="The language card", mime_type="text/markdown")(language_card)
    for path, text in reference_pages().items():
        if path.startswith("reference/"):
            _add_page(server, path.removeprefix("reference/").removesuffix(".md"), text)
    server.prompt(name="write_task", title="Write a task")(write_task)
    return server


def _add_page(server: MCPServer[Served], name: str, text: str) -> None:
    def page() -> str:
        return text

    server.resource(REFERENCE + name, name=name, title=f"Reference: {name}", mime_type="text/markdown")(page)


def serve(root: Path, *, fixed: bool) -> None:
    """Serves the client on standard input and output until it goes away, or a signal ends the service."""
    lines = BoundedLines(os.dup(0))
    silent = os.open(os.devnull, os.O_RDONLY)
    os.dup2(silent, 0)  # what is started here does not read the client's messages
    os.close(silent)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(lines), encoding="utf-8")

    def stop(_: int, __: object) -> None:
        lines.end()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    anyio.run(make_server(root, fixed=fixed).run_stdio_async)
