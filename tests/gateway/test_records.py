"""What the record of an episode says of its calls: who ended it, what was used, and what nobody has counted."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from clawc.runtime.engine.interface import EngineFailure, Piece, TokenUsage
from clawc.runtime.gateway.calls import read_calls
from clawc.runtime.gateway.capture import CAPTURE
from clawc.runtime.gateway.line import LineReport
from clawc.runtime.records import LimitUse, Usage
from tests.gateway.conftest import MakeBundle, MakeLine
from tests.gateway.test_hostile_answers import Saying
from tests.gateway.test_line import USER, ask, body
from tests.gateway.test_rollouts import calls_of, run, steps, tiny_agent


@pytest.mark.sampled(2)
@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("command", [False, True])
def test_the_wall_limit_in_the_middle_of_a_call(make_bundle: MakeBundle, tmp_path: Path, command: bool) -> None:
    agent = tiny_agent(tmp_path) if command else "loop"
    [record] = run(
        # An interpreter of the agent's starts first, and the call waits longer than either.
        make_bundle(limits={"wall_s": 5 if command else 1}),
        tmp_path / "run",
        agent,
        steps(tmp_path, {"text": "x", "wait_s": 30}),
    )
    assert (record.outcome, record.score, record.limits_hit) == ("truncated", "0", ("wall",))
    assert record.usage == Usage(model_calls=1)
    [call] = calls_of(tmp_path / "run", record)
    assert (call.state, call.kind) == ("dropped", "side")


def used(line: LineReport) -> dict[str, LimitUse]:
    return {use.name: use for use in line.limits}


def report_of(make_line: MakeLine, *pieces: Piece, calls: int = 1, failure: EngineFailure | None = None) -> LineReport:
    line = make_line(engine=Saying(*pieces, failure=failure))

    async def main() -> LineReport:
        for number in range(calls):
            await ask(line, {"role": "user", "content": str(number)})
        return await line.close()

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("costs", "said"), [("10", "10"), ("1E+3", "1000"), ("0.000000010", "0.00000001"), ("0", "0"), ("1E-20", "0." + "0" * 19 + "1")]
)  # fmt: skip
def test_costs_are_plain_decimals(make_line: MakeLine, costs: str, said: str) -> None:
    assert report_of(make_line, Piece("x", finish="stop", usage=TokenUsage(1, 1, cost=Decimal(costs)))).cost == said


def test_what_nobody_has_counted_is_null_and_counts_by_its_size(make_line: MakeLine) -> None:
    report = report_of(make_line, Piece("x" * 400, finish="stop"))
    assert (report.calls, report.prompt_tokens, report.completion_tokens, report.cost) == (1, None, None, None)
    assert 100 < (used(report)["tokens"].used or 0) < 200


def test_no_answer_has_no_tokens(make_line: MakeLine) -> None:
    report = report_of(make_line, failure=EngineFailure("unavailable", "no"))
    assert (report.calls, report.prompt_tokens, report.cost) == (1, None, None)
    assert used(report)["tokens"].used == 0


def test_tokens_beyond_all_bounds_end_it(make_line: MakeLine) -> None:
    report = report_of(
        make_line, Piece("x", finish="stop", usage=TokenUsage(1 << 39, 1 << 39, cost=Decimal(10) ** 20)), calls=2
    )
    assert (report.hit, report.calls, report.cost) == ("tokens", 1, "1" + "0" * 20)


def test_only_calls_that_were_admitted_are_counted(make_line: MakeLine, tmp_path: Path) -> None:
    """Bad ones are; what comes after the end is written down, a few times."""
    line = make_line({"text": "x"}, calls=2)

    async def main() -> LineReport:
        await line.chat(b"{", "harness")
        for _ in range(100):
            await line.chat(body(USER), "harness")
        return await line.close()

    report = asyncio.run(main())
    assert (report.calls, report.hit, used(report)["calls"].used) == (2, "calls", 2)
    states = [call.state for call in read_calls(tmp_path / CAPTURE)]
    assert states[:3] == ["refused", "answered", "refused"]
    assert len(states) < 30
