"""Rows over generated histories of calls: what was sampled is trained once, after the tokens it was drawn after, and nothing else is."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.runtime.engine.interface import Sampled, Sampling
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.calls import CallRecord
from clawc.runtime.train.rows import (
    Row,
    SampledCall,
    Span,
    mask_of,
    read_rows,
    rows_of,
    sampled_calls,
    with_advantage,
    write_rows,
)

_SOME = st.lists(st.integers(0, 5), min_size=1, max_size=4).map(tuple)


class Step(NamedTuple):
    """What a harness does next: goes on from the call number `after` (a retry, a parallel call or a further turn), keeps only the last
    `kept` of its tokens (a compaction), or begins anew (a sub-agent)."""

    kind: str
    after: int
    kept: int
    more: tuple[int, ...]
    output: tuple[int, ...]


_STEPS = st.lists(
    st.builds(Step, st.sampled_from(["turn", "retry", "fork", "compact", "anew"]), st.integers(0, 9), st.integers(1, 3), _SOME, _SOME),
    min_size=1, max_size=10,
)  # fmt: skip


def history(steps: list[Step]) -> list[SampledCall]:
    calls: list[SampledCall] = []
    for number, step in enumerate(steps):
        before = calls[step.after % len(calls)] if calls else None
        if before is None or step.kind == "anew":
            prompt = step.more
        elif step.kind == "retry":
            prompt = before.prompt_ids
        elif step.kind == "compact":
            prompt = (*(*before.prompt_ids, *before.output_ids)[-step.kept :], *step.more)
        else:
            last = before if step.kind == "fork" else calls[-1]
            prompt = (*last.prompt_ids, *last.output_ids, *step.more)
        logprobs = tuple(-0.125 * (number + 1) for _ in step.output)
        calls.append(SampledCall(f"c{number}", prompt, step.output, logprobs, version=number // 3, temperature=1.0))
    return calls


@given(_STEPS)
def test_each_sampled_token_is_trained_once_after_its_own_prompt(steps: list[Step]) -> None:
    calls = {call.id: call for call in history(steps)}
    rows = rows_of(calls.values(), "e", "g")
    seen = Counter(span.call_id for row in rows for span in row.spans)
    assert seen == dict.fromkeys(calls, 1)
    for row in rows:
        for span in row.spans:
            call = calls[span.call_id]
            assert row.input_ids[: span.start] == call.prompt_ids
            assert row.input_ids[span.start : span.end] == call.output_ids
            assert row.old_logprobs is not None
            assert row.old_logprobs[span.start : span.end] == call.logprobs


@given(_STEPS)
def test_the_mask_is_that_of_the_spans_and_logprobs_stand_nowhere_else(steps: list[Step]) -> None:
    calls = history(steps)
    rows = rows_of(calls, "e", "g")
    assert sum(row.trained for row in rows) == sum(len(call.output_ids) for call in calls)
    for index, row in enumerate(rows):
        assert row.row_index == index
        assert row.old_logprobs is not None
        assert len(row.input_ids) == len(row.loss_mask) == len(row.old_logprobs)
        assert row.loss_mask == mask_of(len(row.input_ids), row.spans)
        assert all(value == 0.0 for value, trained in zip(row.old_logprobs, row.loss_mask) if not trained)
        versions = [call.version for call in calls if call.id in {span.call_id for span in row.spans}]
        assert row.versions == (min(versions), max(versions))


@given(st.lists(st.tuples(_SOME, _SOME), min_size=1, max_size=8))
def test_a_conversation_that_only_grows_is_one_row(turns: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> None:
    known: tuple[int, ...] = ()
    calls: list[SampledCall] = []
    for number, (more, output) in enumerate(turns):
        calls.append(SampledCall(str(number), (*known, *more), output))
        known = (*known, *more, *output)
    (row,) = rows_of(calls, "e")
    assert row.input_ids == known
    assert row.old_logprobs is None
    assert len(row.spans) == len(turns)


@given(_STEPS, st.data())
def test_a_file_of_rows_holds_them(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    calls = [replace(call, sound=data.draw(st.booleans())) for call in history(steps)]
    rows = rows_of(calls, "e", "g")
    assert write_rows(path, rows) == len(rows)
    assert tuple(read_rows(path)) == rows


def test_what_is_unsound_is_context() -> None:
    calls = [SampledCall("a", (1,), (2,), (-0.5,), sound=False), SampledCall("b", (1, 2, 3), (4,), (-1.5,))]
    (row,) = rows_of(calls, "e")
    assert row.loss_mask == (0, 0, 0, 1)
    assert row.old_logprobs == (0.0, 0.0, 0.0, -1.5)
    assert row.spans == (Span("b", 3, 4),)


def test_tokens_with_and_without_log_probabilities_share_no_row() -> None:
    calls = [SampledCall("teacher", (1,), (2,)), SampledCall("policy", (1, 2, 3), (4,), (-1.5,))]
    first, second = rows_of(calls, "e")
    assert first.old_logprobs is None
    assert second.loss_mask == (0, 0, 0, 1)


def record(
    number: int, *, kind: str = "train", temperature: float = 1.0, parse_error: str = "", output: int = 1
) -> CallRecord:
    drawn = Sampled(
        (1, 2),
        (3,) * output,
        (-0.25,) * output,
        version=4,
        parse_error=parse_error,
        sampling=Sampling(temperature=temperature),
    )
    return CallRecord(number, id=f"c{number}", kind="train" if kind == "train" else "side", sampled=drawn)


def test_captured_calls_that_may_be_trained_on() -> None:
    calls = [record(1), record(2, kind="side"), record(3, output=0), CallRecord(4, kind="train")]
    assert [call.id for call in sampled_calls(calls)] == ["c1"]
    (call,) = sampled_calls([record(1, temperature=0.5)])
    assert (call.logprobs, call.version, call.temperature) == ((-0.25,), 4, 0.5)


def test_greedy_answers_have_no_log_probabilities() -> None:
    (call,) = sampled_calls([record(1, temperature=0.0)])
    assert call.logprobs is None


def test_answers_with_parse_errors_can_be_left_out_of_the_loss() -> None:
    broken = [record(1, parse_error="has no end")]
    assert [call.sound for call in sampled_calls(broken)] == [True]
    assert [call.sound for call in sampled_calls(broken, parse_errors=False)] == [False]
    assert rows_of(sampled_calls(broken, parse_errors=False), "e") == ()


def test_all_rows_of_an_episode_have_its_advantage() -> None:
    rows = [
        *rows_of(history([Step("anew", 0, 1, (1,), (2,)), Step("anew", 0, 1, (3,), (4,))]), "one"),
        *rows_of([], "none"),
    ]
    other = rows_of([SampledCall("x", (1,), (2,))], "other")
    found = list(with_advantage([*rows, *other], {"one": 0.75, "other": None}))
    assert [(row.episode_id, row.advantage) for row in found] == [("one", 0.75), ("one", 0.75)]


def test_a_number_of_log_probabilities_that_is_not_that_of_the_tokens_is_refused() -> None:
    with pytest.raises(ValueError, match="log probability"):
        SampledCall("a", (1,), (2, 3), (-0.5,))


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"spans": [["a", 0, 9, None]]}, {"spans": [["a", 1, 2, None], ["b", 1, 2, None]]}, {"old_logprobs": [0.0]}, {"versions": 3}],
)  # fmt: skip
def test_what_is_no_row_is_named_with_its_line(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "rows.jsonl"
    row = Row((1, 2), (0, 1), (0.0, -1.0), "e", "g", 0, (0, 0), (Span("a", 1, 2, 1.0),))
    write_rows(path, [row, row])
    first, second = path.read_text().splitlines()
    path.write_text(f"{first}\n{json.dumps({**json.loads(second), **change})}\n")
    with pytest.raises(RuntimeFault, match=r"R0991: .*:2"):
        list(read_rows(path))
