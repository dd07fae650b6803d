"""Differences of files and transcripts: exact, bounded, and never out of the workspace."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from clawc.runtime.bundle import load
from clawc.runtime.records import Change, Changes, EpisodeRecord
from clawc.runtime.trajectory.records import Message, ToolCall, TrajectoryRecord
from clawc.runtime.view.files import FileDiff, diff_of, left_by
from clawc.runtime.view.transcript import TEXT, WHOLE, turns_of
from clawc.runtime.web.differences import BYTES, LINES, DiffLine, differences
from tests.runtime.conftest import MakeBundle, make_bundle
from tests.runtime.run_folders import record

__all__ = ["MakeBundle", "make_bundle"]


def left(folder: Path, each: EpisodeRecord, path: str, data: bytes) -> None:
    file = folder / "episodes" / each.key / "workspace" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def changed(path: str, kind: str = "added") -> EpisodeRecord:
    change = Change.model_validate({"path": path, "kind": kind})
    return record("a").model_copy(update={"changes": Changes(listed=(change,))})


def shown(folder: Path, path: str, data: bytes) -> FileDiff:
    each = changed(path)
    left(folder, each, path, data)
    assert each.changes is not None
    return diff_of(folder, each, None, each.changes.listed[0])


def test_a_changed_file_is_held_against_that_of_its_bundle(tmp_path: Path, make_bundle: MakeBundle) -> None:
    bundle = load(make_bundle())
    before = bundle.read("public/workspace/in/data.txt")
    each = changed("in/data.txt", "changed")
    assert each.changes is not None
    left(tmp_path, each, "in/data.txt", before + b"more\n")
    found = diff_of(tmp_path, each, bundle, each.changes.listed[0])
    assert [line for line in found.lines if line.kind == "added"] == [DiffLine("added", "more")] and not found.note
    assert not [line for line in found.lines if line.kind == "removed"]
    gone = changed("in/data.txt", "removed")
    assert gone.changes is not None
    lines = diff_of(tmp_path, gone, bundle, gone.changes.listed[0]).lines
    assert [line.text for line in lines] == before.decode().splitlines() and {line.kind for line in lines} == {
        "removed"
    }
    assert "not known" in diff_of(tmp_path, gone, None, gone.changes.listed[0]).note
    assert "bundle is not there" in diff_of(tmp_path, each, None, each.changes.listed[0]).note


@pytest.mark.parametrize("data", [b"\0binary", b"\xff\xfe\xff", b"x" * (BYTES + 1), b"\n" * (LINES + 1)])
def test_what_is_no_text_is_not_shown(tmp_path: Path, data: bytes) -> None:
    found = shown(tmp_path, "out/file", data)
    assert not found.lines and "not a text" in found.note


def test_long_lines_are_cut_and_the_last_line_break_is_no_line(tmp_path: Path) -> None:
    found = shown(tmp_path, "a", b"one\n" + b"y" * 5_000 + b"\n")
    assert len(found.lines) == 2 and found.lines[1].text.endswith("(3000 more characters)")
    assert shown(tmp_path, "b", b"").lines == ()


@pytest.mark.parametrize(
    "path", ["../a", "/etc/passwd", "a/../../b", "", ".", "a//b", "a\\b", "a\0b", "\ud800", "x" * 300, "..", "a/.."]
)
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    (tmp_path / "a").write_text("secret")
    (tmp_path / "run" / "episodes" / "k" / "workspace").mkdir(parents=True)
    assert left_by(tmp_path / "run", "k", path) is None


def test_no_link_is_followed(tmp_path: Path) -> None:
    workspace = tmp_path / "run" / "episodes" / "k" / "workspace"
    workspace.mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a").write_text("secret")
    (workspace / "link").symlink_to(tmp_path / "secret" / "a")
    (workspace / "folder").symlink_to(tmp_path / "secret")
    (workspace / "real").write_text("real")
    assert [left_by(tmp_path / "run", "k", path) for path in ("link", "folder/a", "real")] == [None, None, b"real"]


def test_differences_rebuild_both_texts(tmp_path: Path, make_bundle: MakeBundle) -> None:
    """Removed and same lines are the old text, added and same the new one, wherever nothing is left out."""
    rng = random.Random(1)
    for _ in range(200):
        old = [rng.choice("abc") for _ in range(rng.randrange(6))]
        new = [rng.choice("abc") for _ in range(rng.randrange(6))]
        lines = list(differences(old, new))
        kept = [line for line in lines if line.kind != "hunk"]
        if old != new and max(len(old), len(new)) <= 4:
            assert [line.text for line in kept if line.kind != "added"] == old
            assert [line.text for line in kept if line.kind != "removed"] == new


@pytest.mark.parametrize("letters", ["ab", "abcdefghijklmnopqrstuvwxyz"])
def test_texts_that_are_hard_to_compare_end(letters: str) -> None:
    rng = random.Random(2)
    old, new = ([rng.choice(letters) for _ in range(LINES)] for _ in range(2))
    assert len(list(differences(old, new))) <= 2 * LINES + 10


def trajectory(*messages: Message) -> TrajectoryRecord:
    return TrajectoryRecord(id="r/k", messages=messages, started="2026-01-01T00:00:00+00:00", extra={})


def test_a_call_stands_with_what_came_of_it() -> None:
    arguments = json.dumps({"path": "out/a.txt", "content": "one\ntwo", "mode": 3})
    turns = turns_of(
        trajectory(
            Message(role="user", content="do it", at="2026-01-01T00:00:01.500+00:00"),
            Message(role="assistant", content="so", tool_calls=(ToolCall(id="1", name="write", arguments=arguments),
                                                                ToolCall(id="2", name="exec", arguments="not json"))),
            Message(role="tool", tool_call_id="2", content="boom", failed=True),
            Message(role="tool", tool_call_id="1", content=""),
            Message(role="tool", tool_call_id="9", content="of nobody"),
            Message(role="assistant", content=""),
        )
    )  # fmt: skip
    assert [turn.role for turn in turns] == ["user", "assistant", "tool"] and turns[0].after == 1.5
    write, run = turns[1].calls
    assert (write.gist, write.changes, write.failed, write.result and write.result.shown) == (
        "out/a.txt",
        True,
        False,
        "",
    )
    assert [(a.name, a.value.shown, a.block) for a in write.arguments] == [
        ("path", "out/a.txt", False),
        ("content", "one\ntwo", True),
        ("mode", "3", False),
    ]
    assert (run.gist, run.failed, run.result and run.result.shown) == ("not json", True, "boom")


def test_a_transcript_has_its_bounds() -> None:
    deep = "[" * 100_000
    long = Message(role="assistant", content="x" * 3_000_000, tool_calls=(ToolCall(id="1", name="t", arguments=deep),))
    turns = turns_of(trajectory(*[long] * 200))
    assert turns[0].text.more == 3_000_000 - TEXT
    assert (
        sum(
            len(turn.text.shown) + sum(len(a.value.shown) for call in turn.calls for a in call.arguments)
            for turn in turns
        )
        <= WHOLE
    )
