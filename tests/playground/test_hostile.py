"""The hostile specs that `clawc check` is tried with, as texts of a playground: each ends within its bounds, and the next is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.playground.child import KINDS
from clawc.runtime.playground.children import Children, End
from tests.cli.hostile_specs import every
from tests.playground.conftest import TEXT

HOSTILE = every()
FEW = (
    "use upwards", "from a device", "a link that leads out", "a link to the memory of the process", "a link to zeros", "a pipe", "a tree in a circle",
    "squares of squares", "padded to a gigabyte with much", "doubling by joining", "nested stars", "every minute of all time", "unions of unions",
    "a family of a million", "definitions in a circle", "open blocks", "many tasks", "all of Unicode", "surrogates", "a program at compile time",
)  # fmt: skip
WAS_HERE = Path("/tmp/clawc-was-here")


async def said(children: Children, kind: str, text: str, path: Path | None) -> dict[str, Any]:
    """All that a job says in one, with `end`."""
    made: dict[str, Any] = {}
    job = {"text": text, "path": str(path or "task.claw"), "root": str(path.parent) if path else ""}
    async with aclosing(children.ask(kind, **job)) as messages:
        async for message in messages:
            made |= {"end": message.why} if isinstance(message, End) else message
    return made


async def all_of(names: Sequence[str], kinds: Sequence[str], folder: Path) -> list[str]:
    """The names of those that were not answered as they should be."""
    wrong: list[str] = []
    children = Children()
    try:
        for number, name in enumerate(names):
            place = folder / str(number)
            place.mkdir()
            HOSTILE[name](place)
            text = (place / "spec.claw").read_bytes().decode("utf-8", "surrogateescape")
            for kind in kinds:
                before = time.monotonic()
                found = await said(children, kind, text, place / "spec.claw")
                late = time.monotonic() - before > KINDS[kind].wall_s + 10
                if late or found["end"] not in ("done", "time", "memory"):
                    wrong.append(f"{name}, {kind}: {found['end']}")
        if not (await said(children, "check", TEXT, None))["tasks"]:
            wrong.append("what comes afterwards")
    finally:
        await children.close()
    return wrong


def tried(names: Sequence[str], kinds: Sequence[str], folder: Path) -> list[str]:
    """`all_of`, in a thread of its own: that of the tests may have a loop for browsers."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, all_of(names, kinds, folder)).result()


def test_hostile_texts_end(tmp_path: Path) -> None:
    WAS_HERE.unlink(missing_ok=True)
    assert tried(FEW, ("check", "format"), tmp_path) == []
    assert not WAS_HERE.exists()


@pytest.mark.nightly
def test_all_hostile_texts_end(tmp_path: Path) -> None:
    assert tried(tuple(HOSTILE), tuple(KINDS), tmp_path) == []
