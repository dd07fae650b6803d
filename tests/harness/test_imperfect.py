"""An agent that makes mistakes, as many as it is told, and the same ones with the same seed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.harness.imperfect import ImperfectAgent, spoiled
from clawc.runtime.harness.interface import Final, Task, ToolResult, Tools
from clawc.spec.bundle import Limits, Solution, SolutionStep

CONTENTS = {"a": b"name,total\nann,12\nbo,7\ncy,9\n", "b": b"{}", "c": b""}


class Files:
    """Tools over files in memory; deleting what is not there fails."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def write(self, path: str, content: str | bytes) -> ToolResult:
        self.files[path] = content if isinstance(content, bytes) else content.encode()
        return ToolResult(True, "")

    async def read(self, path: str) -> ToolResult:
        return ToolResult(path in self.files, "")

    async def exec(
        self, command: str | Sequence[str], timeout_s: float = 0, *, cwd: str | None = None, env: Mapping[str, str] | None = None
    ) -> ToolResult:  # fmt: skip
        return ToolResult(self.files.pop(str(command[-1]), None) is not None, "it is not there")


STEPS = (
    SolutionStep(op="write", path="one.csv", source="a"), SolutionStep(op="write", path="two.json", source="b"),
    SolutionStep(op="write", path="three.txt", source="c"), SolutionStep(op="delete", path="three.txt"),
    SolutionStep(op="say", text="All 3 are there."),
)  # fmt: skip


def play(rate: float, seed: int, steps: tuple[SolutionStep, ...] = STEPS) -> tuple[Final, dict[str, bytes]]:
    tools = Files()
    agent = ImperfectAgent(Solution(steps=steps), CONTENTS.__getitem__, rate)
    return asyncio.run(agent.run(Task("", Limits(), seed), cast(Tools, cast(Any, tools)))), tools.files


def right(rate: float, seed: int) -> bool:
    return play(rate, seed) == (Final("All 3 are there."), {"one.csv": CONTENTS["a"], "two.json": CONTENTS["b"]})


def test_without_a_rate_it_is_the_oracle_and_with_1_all_goes_wrong() -> None:
    assert all(right(0, seed) for seed in range(50))
    for seed in range(50):
        final, files = play(1, seed)
        assert final.stop == "done" and final.text != "All 3 are there."
        assert files.get("one.csv") != CONTENTS["a"] and files.get("two.json") != CONTENTS["b"]


def test_mistakes_follow_from_the_seed_and_a_smaller_rate_makes_fewer() -> None:
    shares: list[float] = []
    for rate in (0.05, 0.2, 0.5):
        assert [play(rate, seed) for seed in range(40)] == [play(rate, seed) for seed in range(40)]
        shares.append(sum(right(rate, seed) for seed in range(400)) / 400)
    assert shares == sorted(shares, reverse=True)
    # All but the deletion count, which is done or left out: five steps.
    for rate, share in zip((0.05, 0.2, 0.5), shares, strict=True):
        assert abs(share - (1 - rate) ** 5) < 0.09, (rate, share)


def test_a_solution_that_fails_without_a_mistake_is_an_error() -> None:
    final, _ = play(0, 1, (SolutionStep(op="delete", path="nothing"),))
    assert final.stop == "error"


@given(st.binary(max_size=300), st.integers())
def test_what_is_spoiled_is_other(content: bytes, seed: int) -> None:
    found = spoiled(content, random.Random(seed))
    assert found != content and len(found) <= 2 * len(content) + 20


@pytest.mark.parametrize("name", ["imperfect:", "imperfect:x", "imperfect:1.5", "imperfect:-1", "imperfect:nan"])
def test_what_is_no_rate_is_said(name: str) -> None:
    with pytest.raises(RuntimeFault, match="R0403"):
        harness_named(name)
    assert harness_named("imperfect:0.25").name == "imperfect:0.25"
