"""Agents on nodes speak to the model of the command: their records, captures and trajectories are those of a run on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from clawc.runtime.bundle import load
from clawc.runtime.cluster.node import Node
from clawc.runtime.cluster.player import ClusterPlayer, Plan
from clawc.runtime.cluster.relay import Relay, piece_text, request_of
from clawc.runtime.engine.interface import (
    ChatRequest,
    EngineFailure,
    Piece,
    Sampled,
    Sampling,
    Tap,
    TokenUsage,
    ToolCallPiece,
)
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.budget import LEDGER
from clawc.runtime.gateway.calls import CallRecord, read_calls
from clawc.runtime.gateway.capture import CAPTURE
from clawc.runtime.gateway.choice import ModelChoice
from clawc.runtime.gateway.line import Rules
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.player import LocalPlayer
from clawc.runtime.run import RunPlan, RunSummary, run_with
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from tests.cluster.nearby import Nearby, machine
from tests.cluster.test_player import kept
from tests.runtime.conftest import MakeBundle

pytestmark = pytest.mark.usefixtures("works")
QUICK = Plan(grace_s=1.5, watch_s=0.05)


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder for the temporary files of nodes, which must be empty when they have ended."""
    with tempfile.TemporaryDirectory(prefix="clawc-nodes-") as name:
        os.chmod(name, 0o711)
        yield Path(name)
        assert os.listdir(name) == []


class Writer:
    """Writes the answer in parts, token by token, and says that it is done; `failing` calls get no answer, `slow` ones take for ever."""

    name = "writer"
    priced = True

    def __init__(self, failing: int = 0, slow: bool = False) -> None:
        self.opened = self.closed = self.asked = self.left = 0
        self._failing = failing
        self._slow = slow

    async def open(self) -> None:
        self.opened += 1

    async def close(self) -> None:
        self.closed += 1

    async def chat(self, request: ChatRequest, tap: Tap) -> AsyncGenerator[Piece]:
        self.asked += 1
        if self.asked <= self._failing:
            raise EngineFailure("unavailable", "it is busy \udcff", retry_after_s=0.5)
        tap(self.name, "bytes", b"\x00\xff raw")
        if self._slow:
            try:
                await asyncio.sleep(3600)
            finally:
                self.left += 1
        done = any(message["role"] == "tool" for message in request.messages)
        for letter in "done é" if done else "":
            yield Piece(content=letter)
            await asyncio.sleep(0)
        if not done:
            call = {"path": "out/answer.txt", "content": "TRUTH-41d3c7\n"}
            yield Piece(tool_calls=(ToolCallPiece(0, "c1", "write", json.dumps(call)),))
        yield Piece(
            finish="stop" if done else "tool_calls",
            usage=TokenUsage(3, 2, cost=Decimal("0.10")),
            sampled=Sampled((1, 2, 3), (4, 5), (-0.1234567890123, -1e-9), 7, "t", "u", "", Sampling(seed=5)),
        )


def played(harness_model: ModelChoice, bundle: Path, out: Path, link: Nearby | None, **plan: object) -> RunSummary:
    agent = out.with_suffix(".toml")
    agent.write_text('system = "Work."\n')
    harness = harness_named(f"loop:{agent}", harness_model)
    player = LocalPlayer(Bubblewrap(), out) if link is None else ClusterPlayer(link, QUICK, run_folder=out)
    return run_with(replace(RunPlan([load(bundle)], harness, out, 6, jobs=3), **plan), player)  # type: ignore[arg-type]


def captured(found: RunSummary) -> list[list[CallRecord]]:
    return [list(read_calls(found.folder / "episodes" / record.key / CAPTURE)) for record in found.records]


def test_calls_come_to_the_command_and_captures_back(make_bundle: MakeBundle, tmp_path: Path, state: Path) -> None:
    bundle, rules = make_bundle(), Rules(pinned=Sampling(temperature=0.7), max_tokens=99)
    near = Nearby(state, machine("a"), machine("b"))
    engine = Writer()
    there = played(ModelChoice("writer", lambda: engine, rules), bundle, tmp_path / "there", near)
    here = played(ModelChoice("writer", Writer, rules), bundle, tmp_path / "here", None)
    assert (engine.opened, engine.closed, engine.asked) == (1, 1, 12)
    assert all(near.remotes[name][0].called["play"] for name in ("a", "b"))
    assert [record.score for record in there.records] == ["1"] * 6
    assert [replace_times(each.model_dump()) for each in there.records] == [
        replace_times(each.model_dump()) for each in here.records
    ]
    for ours, theirs in zip(captured(here), captured(there), strict=True):
        assert [(c.sampled, c.message, c.kind, c.caller, c.parent, c.delivered) for c in ours] == [
            (c.sampled, c.message, c.kind, c.caller, c.parent, c.delivered) for c in theirs
        ]
        assert theirs[0].sampled is not None and theirs[0].sampled.logprobs == (-0.1234567890123, -1e-9)
    assert kept(tmp_path / "there").keys() == kept(tmp_path / "here").keys()


def replace_times(record: dict[str, object]) -> dict[str, object]:
    return {n: v for n, v in record.items() if n not in ("run_id", "started", "ended", "seconds", "limits", "final")}


def test_a_budget_holds_over_nodes(make_bundle: MakeBundle, tmp_path: Path, state: Path) -> None:
    near, engine = Nearby(state, machine("a"), machine("b")), Writer()
    choice = ModelChoice("writer", lambda: engine, budget=Decimal("0.35"))
    with pytest.raises(RuntimeFault, match=r"the budget of 0\.35 US dollars is spent"):
        played(choice, make_bundle(), tmp_path / "run", near, jobs=1)
    assert engine.asked == 4 and (tmp_path / "run" / LEDGER).read_text().split() == ['{"cost":', '"0.10"}'] * 4


def test_what_the_engine_fails_is_played_again(make_bundle: MakeBundle, tmp_path: Path, state: Path) -> None:
    engine = Writer(failing=1)
    choice = ModelChoice("writer", lambda: engine)
    found = played(choice, make_bundle(), tmp_path / "run", Nearby(state, machine("a")), episodes=2, retries=1, jobs=1)
    assert [(record.attempt, record.score) for record in found.records] == [(2, "1"), (1, "1")]


def test_a_node_that_is_lost_ends_its_calls(make_bundle: MakeBundle, tmp_path: Path, state: Path) -> None:
    engine = Writer(slow=True)

    class Losing(Nearby):
        async def open(self) -> None:
            self.losing = asyncio.ensure_future(self.lose_all())

        async def lose_all(self) -> None:
            while engine.asked < 2:
                await asyncio.sleep(0.02)
            for each in list(self.there):
                self.lose(each.name)

    near = Losing(state, machine("a"), machine("b"))
    choice = ModelChoice("writer", lambda: engine)
    with pytest.raises(RuntimeFault, match="no node of the cluster is left"):
        played(choice, make_bundle(), tmp_path / "run", near, jobs=2)
    assert engine.left == engine.asked


def _untold(upstream: str, what: str, data: bytes) -> None: ...


def test_a_relay_tells_who_has_gone() -> None:
    async def main() -> None:
        relay = Relay("m")
        pieces = relay.chat(ChatRequest(({"role": "user", "content": "\ud800"},)), _untold)
        first = asyncio.ensure_future(anext(pieces))
        [asked] = list(await relay.asks(1) or ())
        assert request_of(asked.request).messages == ({"role": "user", "content": "\ud800"},)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await pieces.aclose()
        [gone] = list(await relay.asks(1) or ())
        assert (gone.call, gone.request) == (asked.call, "")
        assert not relay.said(asked.call, ()) and await relay.asks(0.01) == ()
        relay.end()
        assert await relay.asks(1) is None

    asyncio.run(main())
    assert "\\ud800" in piece_text(Piece(content="\ud800"))


def test_an_attempt_that_never_comes_is_not_asked_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clawc.runtime.cluster import node

    monkeypatch.setattr(node, "_ASK_S", 0.01)
    assert asyncio.run(Node(tmp_path).asks("nothing")) == b"[]"
