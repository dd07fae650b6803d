"""`clawc trajectories`: what it writes, counts and refuses, and that it writes whole files or none."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from clawc.commands import trajectories
from clawc.commands.trajectories import TARGETS, TrajectoriesOptions, trajectories_command
from clawc.exits import ENVIRONMENT, FINDINGS, OK, USAGE, UserError
from clawc.runtime.trajectory.atif import atif_of
from clawc.runtime.trajectory.values import as_json
from tests.runtime.run_folders import INFO, record
from tests.trajectory.samples import EXEC, FINAL, GOLDEN, READ, SAID, conversation, run

FORMATS = list(TARGETS)


def two(folder: Path) -> Path:
    """A run with two trajectories that are good, one that was cut short, and an episode without one."""
    records = [record("e0"), record("e1", passed=[False]), record("e2", outcome="truncated"), record("e3")]
    return run(folder, READ + FINAL, SAID, EXEC, None, records=records)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_file_of_chats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "sft.jsonl"
    assert trajectories_command([two(tmp_path / "r")], TrajectoriesOptions(out, "chat")) == OK
    assert [set(line) for line in lines(out)] == [{"messages"}, {"messages", "tools"}]
    assert capsys.readouterr().out == (
        f"2 of 4 trajectories taken\n  1 left out: outcome\n  1 left out: unrecorded\n{out}  OpenAI chat\n"
    )
    options = TrajectoriesOptions(out, "chat", outcomes=("all",), min_score=0.5, metadata=True)
    assert trajectories_command([tmp_path / "r"], options) == OK
    metadata = [line["metadata"] for line in lines(out)]
    assert [one["outcome"] for one in metadata if isinstance(one, dict)] == ["ok", "truncated"]
    assert [path.name for path in out.parent.iterdir()] == ["sft.jsonl"]


def test_a_folder_of_documents(tmp_path: Path) -> None:
    out = tmp_path / "atif"
    out.mkdir()
    assert trajectories_command([two(tmp_path / "r"), tmp_path / "r"], TrajectoriesOptions(out, "atif")) == OK
    names = sorted(path.name for path in out.iterdir())
    assert names == ["r1-e0-a1-2.json", "r1-e0-a1.json", "r1-e1-a1-2.json", "r1-e1-a1.json"]
    again = tmp_path / "again.jsonl"
    options = TrajectoriesOptions(again, source="atif", unique=True)
    assert trajectories_command([out / name for name in names], options) == OK
    assert [line["source"] for line in lines(again)] == ["atif", "atif"]


def test_a_log_for_each_run(tmp_path: Path) -> None:
    other = run(tmp_path / "s", FINAL, records=[record("e0", outcome="truncated")])
    assert trajectories_command([two(tmp_path / "r"), other], TrajectoriesOptions(tmp_path / "logs", "inspect")) == OK
    found = {path.name: json.loads(path.read_bytes()) for path in (tmp_path / "logs").iterdir()}
    assert list(found) == [f"{INFO.run_id}.json"]
    log = found[f"{INFO.run_id}.json"]
    assert (log["eval"]["task"], log["eval"]["created"], len(log["samples"])) == ("t", INFO.created, 2)
    assert log["results"]["scores"][0]["metrics"]["mean"]["value"] == 0.5


@pytest.mark.parametrize("to", ["atif", "inspect"])
def test_one_document_is_a_file(tmp_path: Path, to: str) -> None:
    out = tmp_path / "one.json"
    assert trajectories_command([run(tmp_path / "r", SAID)], TrajectoriesOptions(out, to)) == OK
    assert json.loads(out.read_bytes())


@pytest.mark.parametrize("to", FORMATS)
def test_files_go_through_our_own_form(tmp_path: Path, to: str) -> None:
    session, own = GOLDEN / "session.jsonl", tmp_path / "own.jsonl"
    assert trajectories_command([session], TrajectoriesOptions(own, source="openclaw")) == OK
    assert trajectories_command([own], TrajectoriesOptions(tmp_path / "out.json", to, source="jsonl")) == OK
    assert "I read them." in (tmp_path / "out.json").read_text("utf-8")


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("name", ["out", "out.json"])
def test_nothing_is_written_where_nothing_was_chosen(tmp_path: Path, to: str, name: str) -> None:
    options = TrajectoriesOptions(tmp_path / name, to, outcomes=("infra_error",))
    assert trajectories_command([two(tmp_path / "r")], options) == FINDINGS
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("name", ["out", "out.json"])
def test_a_damaged_input_leaves_nothing(tmp_path: Path, to: str, name: str) -> None:
    folder = run(tmp_path / "r", SAID, b"{\n")
    with pytest.raises(UserError) as caught:
        trajectories_command([folder], TrajectoriesOptions(tmp_path / name, to))
    assert "trajectory.jsonl, line 1" in caught.value.message or "several" in caught.value.message
    assert caught.value.code == USAGE
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


@pytest.mark.parametrize("name", ["out", "out.json"])
def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def interrupted(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(trajectories, "write_log", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trajectories_command([two(tmp_path / "r")], TrajectoriesOptions(tmp_path / name, "inspect"))
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_names_of_strangers_are_names_of_files(tmp_path: Path) -> None:
    names = ["../../x", "/etc/passwd", "a" * 500, "A" * 500, "", "..", "e\u0301\u202e", "con:nul\\x"]
    paths: list[Path] = []
    for number, name in enumerate(names):
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_text(as_json(atif_of(conversation().model_copy(update={"id": name}))), "utf-8")
    out = tmp_path / "out"
    assert trajectories_command(paths, TrajectoriesOptions(out, "atif", "atif")) == OK
    found = [path.name for path in out.iterdir()]
    assert len({name.lower() for name in found}) == len(names) and all(name.isascii() for name in found)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*(path.name for path in paths), "out"])


def test_an_input_is_never_written_over(tmp_path: Path) -> None:
    folder = two(tmp_path / "r")
    session = tmp_path / "s.jsonl"
    session.write_bytes((GOLDEN / "session.jsonl").read_bytes())
    (tmp_path / "link.jsonl").symlink_to(session)
    os.link(session, tmp_path / "same.jsonl")
    for out, source, path in (
        (folder / "x.jsonl", "", folder), (folder / "episodes.jsonl", "", folder), (session, "openclaw", session),
        (tmp_path / "link.jsonl", "openclaw", session), (tmp_path / "same.jsonl", "openclaw", session),
        (session, "openclaw", tmp_path / "link.jsonl"),
    ):  # fmt: skip
        with pytest.raises(UserError, match="is an input, or stands in one"):
            trajectories_command([path], TrajectoriesOptions(out, source=source))
    assert session.read_bytes() == (GOLDEN / "session.jsonl").read_bytes()


def test_what_stands_in_the_way_stays(tmp_path: Path) -> None:
    folder = two(tmp_path / "r")
    full, file = tmp_path / "full", tmp_path / "file"
    full.mkdir()
    (full / "x").touch()
    file.touch()
    (tmp_path / "link").symlink_to(full)
    for out, to in ((full, "atif"), (file, "inspect"), (tmp_path / "link", "atif"), (full, "chat")):
        with pytest.raises(UserError):
            trajectories_command([folder], TrajectoriesOptions(out, to))
    with pytest.raises(UserError) as caught:
        trajectories_command([folder], TrajectoriesOptions(file / "x.jsonl", "chat"))
    assert caught.value.code == ENVIRONMENT
    assert [path.name for path in full.iterdir()] == ["x"] and not list(tmp_path.glob(".traj*"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"to": "xml"}, "the format `xml` is unknown"),
        ({"source": "xml"}, "`--from xml` is unknown"),
        ({"outcomes": ("good",)}, "the outcome `good` is unknown"),
        ({"min_score": float("nan")}, "`nan` is nothing for `--min-score`"),
        ({"metadata": True}, "`--metadata` is for `--to chat`"),
        ({"to": "inspect", "out": Path("x.json")}, "there are 2 runs"),
        ({"scoring": "ff"}, "R0209"),
    ],
)
def test_wrong_usage_is_said(tmp_path: Path, options: dict[str, object], said: str) -> None:
    folder = two(tmp_path / "r")
    given = {"out": tmp_path / "out.jsonl", **options}
    with pytest.raises(UserError) as caught:
        trajectories_command([folder, folder], TrajectoriesOptions(**given))  # type: ignore[arg-type]
    assert said in caught.value.message and caught.value.help and caught.value.code == USAGE


def test_a_missing_input_is_said(tmp_path: Path) -> None:
    for source, code in (("", "R0201"), ("atif", "R0901"), ("openclaw", "R0901")):
        with pytest.raises(UserError, match=code):
            trajectories_command([tmp_path / "none"], TrajectoriesOptions(tmp_path / "out.jsonl", source=source))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="R0901"):
        trajectories_command([tmp_path / "pipe"], TrajectoriesOptions(tmp_path / "out.jsonl", source="atif"))
