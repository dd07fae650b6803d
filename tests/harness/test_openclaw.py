"""OpenClaw 2026.4.1 as it is published, in real sandboxes with a scripted model. Each of its starts takes seconds, so that one episode shows
much; what is slower yet is nightly."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from clawc.runtime.bundle import load
from tests.gateway.test_rollouts import calls_of, events_of, run, settings_of, steps
from tests.harness.conftest import (
    agent_or_skip,
    compared,
    condensed,
    event_of,
    folder_of,
    is_prefix,
    plays_over_docker,
    requests_of,
    solution,
)

pytestmark = pytest.mark.usefixtures("works")


@pytest.fixture(autouse=True)
def _installed() -> None:
    agent_or_skip("openclaw")


@pytest.mark.nightly
def test_an_example(order_totals: Path, tmp_path: Path, update_goldens: bool) -> None:
    """It solves an example by its own tools, as an ordinary user without a network; what it sends is what it sent when this version was
    pinned. In all that was said each request goes on from the one before."""
    path, content = solution(order_totals)
    model = steps(
        tmp_path,
        {
            "tool": "exec",
            "arguments": {"command": "id -u; ls /sys/class/net 2>&1; cat /proc/net/dev | tail -n +3 | wc -l"},
        },
        {"text": "Now I write.", "tool": "write", "arguments": {"path": path, "content": content}},
        {"text": "The totals are there."},
    )
    out = tmp_path / "run"
    [record] = run(order_totals, out, "openclaw", model)
    assert (record.outcome, record.score, record.final) == ("ok", "1", "The totals are there."), record.evidence
    assert record.changes is not None
    assert [change.path for change in record.changes.listed] == [path]  # and nothing of its own
    calls = calls_of(out, record)
    assert [(call.caller, call.kind, call.parent, call.delivered) for call in calls] == [
        ("harness", "train", 0, True), ("harness", "train", 1, True), ("harness", "train", 2, True),
    ]  # fmt: skip
    requests = requests_of(folder_of(out, record))
    for before, after in itertools.pairwise(requests):
        assert is_prefix(before["messages"], after["messages"])
        assert before["tools"] == after["tools"]
    assert requests[1]["messages"][-1]["content"].split("\n")[0] != "0"
    ours = [content, load(order_totals).read("public/instruction.md").decode()]
    compared("openclaw.json", condensed([requests[0], requests[-1]["messages"][3:]], ours), update_goldens)
    told = event_of(out, record, "transcript")
    assert (told["answers"], told["joined"], told["untold"], told["unheard"]) == (3, 3, [], [])
    said = event_of(out, record, "said")
    assert (said["text"], said["status"], "unheard" in said) == ("Now I write.\n\nThe totals are there.", 0, False)


def test_turns_a_skill_and_what_it_changes(greeting: Path, tmp_path: Path) -> None:
    """One session over two starts. It renames calls, runs mended JSON, and leaves out what it does not know; all of it is noted."""
    broken = '{"path":"out/a.txt","content":"hel'
    model = steps(
        tmp_path,
        {"tool": "read", "arguments": {"path": "/w/skills/letters/SKILL.md"}},
        {"tool": "write", "raw": broken},
        {"calls": [{"tool": "nosuch"}, {"tool": "exec", "arguments": {"command": "cat out/a.txt"}}]},
        {"text": "Which name?"},
        {"tool": "write", "arguments": {"path": "out/greeting.txt", "content": "Grace\n"}},
        {"text": "Done."},
    )
    settings = settings_of(tmp_path, 'turns = ["The last one."]')
    out = tmp_path / "run"
    [record] = run(greeting, out, f"openclaw:{settings}", model)
    assert (record.outcome, record.score, record.final) == ("ok", "1", "Done."), record.evidence
    calls = calls_of(out, record)
    assert [(call.caller, call.kind) for call in calls] == [("harness", "train")] * 6
    assert [call.parent for call in calls] == [0, 1, 1, 1, 4, 5]  # what it changed is no history of what was said
    requests = requests_of(folder_of(out, record))
    system = requests[0]["messages"][0]["content"]
    assert "How letters begin here" in system and "skills/letters/SKILL.md" in system
    assert "Begin every letter" in str(requests[1]["messages"][-1])
    assert "The last one." in str(requests[4]["messages"][-1])
    assert [event["turn"] for event in events_of(out, record) if event["event"] == "said"] == [1, 2]
    differences = event_of(out, record, "differences")
    assert (differences["counts"]["arguments_changed"], differences["counts"]["call_dropped"]) == (1, 1)
    by_kind = {each["kind"]: each for each in differences["listed"]}
    assert by_kind["arguments_changed"]["was"] == broken
    assert by_kind["call_dropped"]["was"] == "nosuch {}"
    told = event_of(out, record, "transcript")
    assert (told["answers"], told["joined"], told["untold"]) == (6, 6, [])


@pytest.mark.nightly
def test_a_model_that_fails_each_time(order_totals: Path, tmp_path: Path) -> None:
    """It ends with status 0 and prints the error as an answer; the record says that the infrastructure failed."""
    [record] = run(order_totals, tmp_path / "run", "openclaw", steps(tmp_path, {"fail": "unavailable"}))
    assert (record.outcome, record.score) == ("infra_error", None)
    assert "unavailable" in record.evidence
    assert 2 <= (record.usage.model_calls or 0) <= 40
    said = event_of(tmp_path / "run", record, "said")
    assert (said["status"], said["unheard"]) == (0, ["503 the script says `unavailable`"])
    told = event_of(tmp_path / "run", record, "transcript")
    assert (told["joined"], told["untold"]) == (0, []) and told["errors"]


@pytest.mark.nightly
def test_a_conversation_that_is_too_long(order_totals: Path, tmp_path: Path) -> None:
    [record] = run(order_totals, tmp_path / "run", "openclaw", steps(tmp_path, {"fail": "context"}))
    assert (record.outcome, record.score, record.limits_hit) == ("truncated", "0", ("context",))
    assert len(event_of(tmp_path / "run", record, "said")["unheard"]) == 1


@pytest.mark.nightly
def test_one_failure_is_got_over(order_totals: Path, tmp_path: Path) -> None:
    path, content = solution(order_totals)
    model = steps(
        tmp_path,
        {"tool": "write", "arguments": {"path": path, "content": content}, "fail": "unavailable", "times": 1},
        {"text": "Done."},
    )
    [record] = run(order_totals, tmp_path / "run", "openclaw", model)
    assert (record.outcome, record.score) == ("ok", "1"), record.evidence
    assert [call.state for call in calls_of(tmp_path / "run", record)] == ["failed", "answered", "answered"]


@pytest.mark.nightly
def test_over_docker(order_totals: Path, tmp_path: Path) -> None:
    plays_over_docker("openclaw", order_totals, tmp_path)
