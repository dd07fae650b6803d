"""What Harbor and Inspect make of our files: the one validates its trajectories, the other reads its logs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from clawc.runtime.runners.installed import HARBOR, INSPECT, Framework
from clawc.runtime.trajectory.arguments import arguments_of
from clawc.runtime.trajectory.atif import atif_of
from clawc.runtime.trajectory.inspect_log import LogHead, write_log
from clawc.runtime.trajectory.read import read_trajectories
from clawc.runtime.trajectory.records import Message, MessageUsage, ToolCall, TrajectoryRecord
from clawc.runtime.trajectory.values import as_json
from tests.frameworks import framework
from tests.trajectory.samples import EXEC, FINAL, READ, SAID, conversation, run

VALIDATE = """
import json, sys
from pathlib import Path
from harbor.utils.trajectory_validator import TrajectoryValidator
for path in sys.argv[1:]:
    validator = TrajectoryValidator()
    if not validator.validate(Path(path)):
        print(path, validator.errors)
"""
READ_LOG = """
import json, sys
from inspect_ai.log import read_eval_log
header, log = read_eval_log(sys.argv[1], header_only=True), read_eval_log(sys.argv[1])
print(json.dumps({
    "status": log.status, "samples": len(log.samples), "mean": header.results.scores[0].metrics["mean"].value,
    "log": [
        {
            "id": sample.id, "epoch": sample.epoch, "score": sample.scores["clawc"].value if sample.scores else None,
            "usage": {name: used.model_dump() for name, used in sample.model_usage.items()},
            "stop": sample.output.stop_reason if sample.output.choices else None, "metadata": sample.metadata,
            "messages": [
                {
                    "role": one.role, "content": one.text,
                    "reasoning": "".join(part.reasoning for part in one.content_list if part.type == "reasoning"),
                    "calls": [[c.id, c.function, c.arguments, bool(c.parse_error)] for c in getattr(one, "tool_calls", None) or ()],
                    "of": getattr(one, "tool_call_id", None), "failed": bool(getattr(one, "error", None)),
                }
                for one in sample.messages
            ],
        }
        for sample in log.samples
    ],
}))
"""
STRANGE = TrajectoryRecord(
    id="strange",
    score="no number",
    messages=(
        Message(role="tool", content="of nothing", tool_call_id="x"),
        Message(role="user", content="", tool_calls=(ToolCall(id="u", name="", arguments=""),), reasoning="r"),
        Message(
            role="assistant", tool_calls=(ToolCall(id="", name="", arguments="[]"),) * 2, at="0001-01-01T00:00+23:00"
        ),
        Message(role="tool", usage=MessageUsage(cost="much")),
        Message(role="assistant", finish="odd", usage=MessageUsage(prompt_tokens=1, cached_tokens=9)),
    ),
    usage=MessageUsage(cost="1e999"),
    started="yesterday",
    extra={},
)


def trajectories(folder: Path) -> list[TrajectoryRecord]:
    played = read_trajectories(run(folder / "r", READ + EXEC + FINAL, SAID, FINAL))
    return [
        conversation(),
        STRANGE,
        TrajectoryRecord(id="empty", messages=(), extra={}),
        *(one for _, one in played if one),
    ]


def said_by(wanted: Framework, script: str, *arguments: object) -> str:
    python = framework(wanted) / "bin" / "python"
    command = [str(python), "-I", "-c", script, *map(str, arguments)]
    done: subprocess.CompletedProcess[str] = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_harbor_takes_our_trajectories(tmp_path: Path) -> None:
    paths: list[Path] = []
    for number, record in enumerate(trajectories(tmp_path)):
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_text(as_json(atif_of(record)), encoding="utf-8")
    assert said_by(HARBOR, VALIDATE, *paths) == ""


def test_inspect_reads_our_logs(tmp_path: Path) -> None:
    records = trajectories(tmp_path)
    with open(tmp_path / "log.json", "wb") as file:
        write_log(LogHead("r1", "parcels", "a", "2026-01-01T00:00:00+00:00"), records, file)
    found: dict[str, Any] = json.loads(said_by(INSPECT, READ_LOG, tmp_path / "log.json"))
    assert (found["status"], found["samples"]) == ("success", len(records))
    assert found["mean"] == (1 / 3 + 3) / 4
    for record, sample in zip(records, found["log"], strict=True):
        assert sample["messages"] == [_message(message) for message in record.messages]
        assert sample["metadata"]["clawc"].get("extra", {}) == record.extra
    first = found["log"][0]
    assert (first["id"], first["epoch"], first["score"], first["stop"]) == ("parcels", 1, 1 / 3, "stop")
    used = first["usage"]["tiny-1"]
    assert [used[name] for name in ("input_tokens", "output_tokens", "input_tokens_cache_read", "total_cost")] == [
        16, 9, 4, 0.001,
    ]  # fmt: skip
    assert [sample["epoch"] for sample in found["log"][3:]] == [1, 2, 3]


def _message(message: Message) -> dict[str, object]:
    """As the script shows it."""
    answer, result = message.role == "assistant", message.role == "tool"
    calls: list[object] = []
    for call in message.tool_calls if answer else ():
        arguments = arguments_of(call.arguments)
        calls.append([call.id, call.name, arguments.values, not arguments.sound])
    return {
        "role": message.role,
        "content": message.content,
        "reasoning": message.reasoning if answer else "",
        "calls": calls,
        "of": message.tool_call_id if result else None,
        "failed": result and message.failed,
    }
