"""pi as it is published, in real sandboxes with a scripted model."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.bundle import load
from clawc.runtime.trajectory.read import read_trajectories
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
    agent_or_skip("pi")


def test_an_example(order_totals: Path, tmp_path: Path, update_goldens: bool) -> None:
    """It solves an example by its own tools; what it sends is what it sent when this version was pinned."""
    path, content = solution(order_totals)
    model = steps(
        tmp_path,
        {"tool": "bash", "arguments": {"command": "wc -l input/orders.csv"}},
        {"text": "Now I write.", "tool": "write", "arguments": {"path": path, "content": content}},
        {"text": "The totals are there."},
    )
    out = tmp_path / "run"
    [record] = run(order_totals, out, "pi", model)
    assert (record.outcome, record.score, record.final) == ("ok", "1", "The totals are there."), record.evidence
    assert (record.usage.model_calls, record.usage.tool_calls) == (3, 2)
    calls = calls_of(out, record)
    assert [(call.caller, call.kind, call.parent, call.delivered) for call in calls] == [
        ("harness", "train", 0, True), ("harness", "train", 1, True), ("harness", "train", 2, True),
    ]  # fmt: skip
    requests = requests_of(folder_of(out, record))
    ours = [content, load(order_totals).read("public/instruction.md").decode()]
    compared("pi.json", condensed([requests[0], requests[-1]["messages"][2:]], ours), update_goldens)
    assert is_prefix(requests[0]["messages"], requests[1]["messages"])
    told = event_of(out, record, "transcript")
    assert (told["answers"], told["joined"], told["untold"], told["unheard"]) == (3, 3, [], [])
    assert (folder_of(out, record) / "transcripts/1.jsonl").is_file()
    said = event_of(out, record, "said")
    assert (said["text"], said["status"], "unheard" in said) == ("The totals are there.\n", 0, False)
    [(_, trajectory)] = read_trajectories(out)
    assert trajectory is not None
    assert [m.role for m in trajectory.messages] == ["system", "user", *["assistant", "tool"] * 2, "assistant"]
    assert trajectory.extra["transcript"]["joined"] == 3  # type: ignore[index, call-overload]


def test_turns_and_a_skill(greeting: Path, tmp_path: Path) -> None:
    """A further turn goes on from the same conversation, by a process that is known as the harness; a skill is told of and can be read."""
    model = steps(
        tmp_path,
        {"tool": "read", "arguments": {"path": "/w/skills/letters/SKILL.md"}},
        {"text": "Which name?"},
        {"tool": "write", "arguments": {"path": "out/greeting.txt", "content": "Grace\n"}},
        {"text": "Done."},
    )
    settings = settings_of(tmp_path, 'turns = ["The last one."]\nsystem = "You write letters."')
    out = tmp_path / "run"
    [record] = run(greeting, out, f"pi:{settings}", model)
    assert (record.outcome, record.score, record.final) == ("ok", "1", "Done."), record.evidence
    assert re.fullmatch(r"pi:0\.73\.1#[0-9a-f]{8}@scripted.*", record.agent)
    calls = calls_of(out, record)
    assert [(call.caller, call.kind, call.parent) for call in calls] == [
        ("harness", "train", number) for number in range(4)
    ]
    requests = requests_of(folder_of(out, record))
    for before, after in itertools.pairwise(requests):
        assert is_prefix(before["messages"], after["messages"])
    system = requests[0]["messages"][0]["content"]
    assert "How letters begin here" in system and "/w/skills/letters/SKILL.md" in system
    assert "You write letters." in system
    assert "Begin every letter" in str(requests[1]["messages"][-1])
    assert _text(requests[2]["messages"][-1]) == "The last one."
    assert event_of(out, record, "transcript")["joined"] == 4


def test_what_it_changes_is_noted(order_totals: Path, tmp_path: Path) -> None:
    """It mends JSON that is none and runs it, and the model never learns: the capture has what was said, the trajectory that it differs."""
    broken = '{"path":"out/a.txt","content":"hel'
    model = steps(
        tmp_path,
        {"tool": "write", "raw": broken},
        {"calls": [{"tool": "nosuch"}, {"tool": "bash", "arguments": {"command": "cat out/a.txt"}}]},
        {"text": "Done."},
    )
    out = tmp_path / "run"
    [record] = run(order_totals, out, "pi", model)
    assert (record.outcome, record.score) == ("ok", "0")
    [first, second, _] = calls_of(out, record)
    assert first.message["tool_calls"][0]["function"]["arguments"] == broken  # type: ignore[index]
    assert second.parent == 0  # its history is not what the model said
    differences = event_of(out, record, "differences")
    assert differences["counts"]["arguments_changed"] == 1
    [changed] = [each for each in differences["listed"] if each["kind"] == "arguments_changed"]
    assert (changed["call"], changed["was"], changed["became"]) == (1, broken, '{"path":"out/a.txt","content":"hel"}')
    assert event_of(out, record, "transcript")["differences"]["counts"] == {"arguments_changed": 1}
    results = [event["result"] for event in events_of(out, record) if event["event"] == "tool"]
    assert [result["text"] for result in results][1:] == ["Tool nosuch not found", "hel"]


HOSTILE = (
    "cd /agent/sessions; f=$(ls); rm $f; mkfifo a.jsonl; ln -s /etc/passwd b.jsonl; mkdir c.jsonl; printf '{\"type\":' > d.jsonl;"
    " printf '\\377\\n' > e.jsonl; truncate -s 20M g.jsonl; ln -s /w h; mkdir -p ../config/x; printf %s",
)


def test_a_hostile_transcript(order_totals: Path, tmp_path: Path) -> None:
    """What the agent puts in the place of transcripts is bounded, and changes nothing."""
    path, content = solution(order_totals)
    model = steps(
        tmp_path,
        {"tool": "write", "arguments": {"path": path, "content": content}},
        {"tool": "bash", "arguments": {"command": HOSTILE[0]}},
        {"text": "Done."},
    )
    out = tmp_path / "run"
    [record] = run(order_totals, out, "pi", model)
    assert (record.outcome, record.score) == ("ok", "1"), record.evidence
    told = event_of(out, record, "transcript")
    assert (told["joined"], told["untold"], told["files"]) == (0, [1, 2, 3], ["1.jsonl", "2.jsonl", "3.jsonl"])
    assert [why.split("`: ")[-1] for why in told["unreadable"].values()] == [
        "it is no header of a session", "it is no file of at most 16 MiB", "Expecting value: line 1 column 9 (char 8)",
        "byte 1 is not UTF-8", "it is no file of at most 16 MiB",
    ]  # fmt: skip
    kept = folder_of(out, record) / "transcripts"
    assert all(entry.is_file() and not entry.is_symlink() for entry in kept.iterdir())
    assert sum(entry.stat().st_size for entry in kept.iterdir()) < 1 << 20


def test_over_docker(order_totals: Path, tmp_path: Path) -> None:
    plays_over_docker("pi", order_totals, tmp_path)


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
