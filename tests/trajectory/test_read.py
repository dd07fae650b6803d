"""Trajectories of run folders, honest and hostile."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.trajectory import strangers
from clawc.runtime.trajectory.from_atif import read_atif
from clawc.runtime.trajectory.own import read_records, write_records
from clawc.runtime.trajectory.read import read_trajectories
from clawc.runtime.trajectory.records import MessageUsage, TrajectoryRecord
from clawc.runtime.trajectory.strangers import Stored
from tests.runtime.run_folders import INFO, record, write_run
from tests.targets.exported import laid, small
from tests.trajectory.samples import EXEC, FINAL, READ, SAID, TOOL, event, run


def only(folder: Path) -> TrajectoryRecord:
    found = [trajectory for _, trajectory in read_trajectories(folder)]
    assert len(found) == 1 and found[0] is not None
    return found[0]


def test_calls_of_tools_stand_for_messages(tmp_path: Path) -> None:
    found = only(run(tmp_path / "r", READ + EXEC + FINAL))
    assert [message.role for message in found.messages] == ["assistant", "tool", "assistant", "tool", "assistant"]
    first, result, second, failed, last = found.messages
    assert (first.tool_calls[0].name, first.tool_calls[0].arguments) == ("read", '{"path": "a"}')
    assert result.tool_call_id == first.tool_calls[0].id != second.tool_calls[0].id
    assert (failed.failed, failed.content, failed.name) == (True, "no", "exec")
    assert (last.content, last.finish, last.at) == ("done", "length", "2026-01-01T00:00:00.750+00:00")
    assert found.extra["exits"] == {second.tool_calls[0].id: 3}
    assert (found.extra["stop"], found.extra["reason"], found.extra["run_id"]) == ("truncated", "time", "r1")
    assert (found.id, found.task, found.agent, found.outcome, found.score) == ("r1/e0-a1", "t", "a", "ok", "1")


def test_messages_are_the_trajectory_where_there_are_some(tmp_path: Path) -> None:
    found = only(run(tmp_path / "r", SAID))
    assert [(message.role, message.content) for message in found.messages] == [("user", "Sum."), ("assistant", "3")]
    assert found.tools == (TOOL,) and found.model == "m" and found.usage == MessageUsage(prompt_tokens=5)
    assert found.messages[1].at == "2026-01-01T00:00:00.750+00:00"


def test_the_instruction_of_the_bundle_comes_first(tmp_path: Path) -> None:
    parts = small()
    bundle = laid(parts.files, tmp_path / "r" / "bundles" / "parcels")
    id = parts.manifest.id
    # The path is that of another machine; the bundle stands in the run folder.
    task = INFO.tasks[0].model_copy(update={"bundle_id": id, "path": "/nowhere/parcels"})
    episode = record("e0").model_copy(update={"bundle_id": id})
    write_run(tmp_path / "r", [episode], INFO.model_copy(update={"tasks": (task,)}))
    place = tmp_path / "r" / "episodes" / episode.key
    place.mkdir(parents=True)
    (place / "trajectory.jsonl").write_bytes(READ)
    assert only(tmp_path / "r").messages[0].content == parts.files["public/instruction.md"].decode()
    (bundle / "public" / "instruction.md").write_bytes(b"Something else.")
    assert [message.role for message in only(tmp_path / "r").messages] == ["assistant", "tool"]


def test_an_attempt_may_have_left_nothing(tmp_path: Path) -> None:
    found = [trajectory for _, trajectory in read_trajectories(run(tmp_path / "r", None, READ))]
    assert found[0] is None and found[1] is not None


def test_what_is_not_wanted_is_not_read(tmp_path: Path) -> None:
    folder = run(tmp_path / "r", b"no JSON\n", READ)
    found = list(read_trajectories(folder, wanted=lambda one: one.episode == "e1"))
    assert [one.episode for one, _ in found] == ["e1"]


HOSTILE: dict[str, tuple[bytes, str, str]] = {
    "no JSON": (READ + b"{\n", "R0903", "line 2"),
    "no object": (b"[1]\n", "R0903", "a list, and no object"),
    "not UTF-8": (b'{"event": "\xff"}\n', "R0903", "byte 12 is not UTF-8"),
    "NaN": (event("final", text="x")[:-2] + b', "t": NaN}\n', "R0903", "`NaN`"),
    "infinite": (b'{"event": "final", "t": 1e999}\n', "R0903", "too large"),
    "digits": (b'{"event": "final", "t": ' + b"9" * 5000 + b"}\n", "R0903", "line 1"),
    "deep": (b'{"a": ' + b"[" * 80 + b"]" * 80 + b"}\n", "R0903", "nested too deep"),
    "very deep": (b"[" * 200_000 + b"\n", "R0903", "nested too deep"),
    "no event": (b"{}\n", "R0904", "`event` is missing, and should be text"),
    "null event": (b'{"event": null}\n', "R0904", "`event` is null"),
    "odd time": (b'{"event": "final", "text": "", "t": "now"}\n', "R0904", "`t` is text, and should be a number"),
    "odd arguments": (event("tool", tool="x", arguments=[]), "R0904", "`arguments` is a list"),
    "odd result": (event("tool", tool="x", result={"ok": "yes"}), "R0904", "`result.ok` is text"),
    "no tool": (event("tool"), "R0904", "`tool` is missing"),
    "odd tools": (event("tools", tools=[1]), "R0904", "`tools[0]` is a number"),
    "no message": (event("message"), "R0904", "`message` is missing"),
    "unknown role": (event("message", message={"role": "judge"}), "R0904", "`message.role`"),
    "unknown field": (event("message", message={"role": "user", "x": 1}), "R0904", "`message.x`"),
    "negative tokens": (event("message", message={"role": "user", "usage": {"prompt_tokens": -1}}), "R0904", "prompt_tokens"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_is_located(tmp_path: Path, name: str) -> None:
    data, code, said = HOSTILE[name]
    with pytest.raises(RuntimeFault) as caught:
        list(read_trajectories(run(tmp_path / "r", data)))
    assert caught.value.code == code and said in caught.value.message and caught.value.help
    assert "trajectory.jsonl, line" in caught.value.message and len(caught.value.message) < 600


@pytest.mark.parametrize("seconds", [10**14, -(10**14), 1e15])
def test_times_beyond_the_calendar_are_left_out(tmp_path: Path, seconds: float) -> None:
    line = b'{"event": "final", "text": "", "t": %d}\n' % seconds
    assert only(run(tmp_path / "r", line)).messages[0].at == ""


def test_surrogates_are_replaced(tmp_path: Path) -> None:
    found = only(run(tmp_path / "r", b'{"event": "final", "text": "a\\ud800b \\ud83d\\ude00", "\\udfff": 1}\n'))
    assert found.messages[0].content == "a\ufffdb \U0001f600"


@pytest.mark.parametrize("what", ["file", "folder", "episodes", "pipe", "directory"])
def test_links_and_other_things_are_refused(tmp_path: Path, what: str) -> None:
    folder = run(tmp_path / "r", READ)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "trajectory.jsonl").write_bytes(SAID)
    place = folder / "episodes" / "e0-a1"
    file = place / "trajectory.jsonl"
    file.unlink()
    if what == "file":
        file.symlink_to(tmp_path / "secret" / "trajectory.jsonl")
    elif what == "pipe":
        os.mkfifo(file)
    elif what == "directory":
        file.mkdir()
    else:
        place.rmdir()
        if what == "folder":
            place.symlink_to(tmp_path / "secret")
        else:
            (tmp_path / "secret" / "e0-a1").symlink_to(tmp_path / "secret")
            place.parent.rmdir()
            place.parent.symlink_to(tmp_path / "secret")
    with pytest.raises(RuntimeFault) as caught:
        list(read_trajectories(folder))
    assert caught.value.code == "R0901"


@pytest.mark.parametrize("bound", ["LINE_BYTES", "FILE_BYTES", "LINES"])
def test_all_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    folder = run(tmp_path / "r", READ + EXEC)
    monkeypatch.setattr(
        strangers, bound, 1 if bound == "LINES" else len(READ) - 1 if bound == "LINE_BYTES" else len(READ)
    )
    with pytest.raises(RuntimeFault) as caught:
        list(read_trajectories(folder))
    assert caught.value.code == "R0902" and "trajectory.jsonl" in caught.value.message


def test_a_file_of_many_is_bounded_by_its_lines_only(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    record = TrajectoryRecord(id="a", messages=(), extra={})
    write_records([record] * 5, file)
    monkeypatch.setattr(strangers, "FILE_BYTES", 1)
    monkeypatch.setattr(strangers, "LINES", 1)
    assert list(read_records(Stored(io.BytesIO(file.getvalue()), "f"))) == [record] * 5
    monkeypatch.setattr(strangers, "OBJECT_BYTES", 10)
    with pytest.raises(RuntimeFault, match="R0902"):
        list(read_records(Stored(io.BytesIO(file.getvalue()), "f")))
    with pytest.raises(RuntimeFault, match="R0902"):
        read_atif(Stored(io.BytesIO(file.getvalue()), "f"))


def test_the_documentation_has_every_code() -> None:
    root = Path(__file__).parents[2]
    said = set(re.findall(r"^\| (R09..) ", (root / "docs" / "trajectories.md").read_text("utf-8"), re.MULTILINE))
    raised = {
        code
        for path in (root / "runtime" / "trajectory").glob("*.py")
        for code in re.findall(r'RuntimeFault\("(R....)"', path.read_text("utf-8"))
    }
    assert said == raised
