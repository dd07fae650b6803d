"""The workspace as the agent left it: what is read, and what is never followed or opened."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawc.compiler.forms import deliverable
from clawc.stdlib.checks.readers import exists
from clawc.stdlib.checks.values import No, Unmet
from clawc.stdlib.checks.workspace import (
    Disk,
    Memory,
    Submission,
    Tree,
    file_in,
    job,
    only_changed,
    only_under,
    unchanged,
)
from tests.descriptors import held


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "ws"
    (root / "out").mkdir(parents=True)
    (root / "out/plain.txt").write_bytes(b"plain")
    (tmp_path / "secret").write_bytes(b"secret")
    os.symlink(tmp_path / "secret", root / "out/link")
    os.symlink(tmp_path, root / "up")
    os.symlink("loop", root / "loop")
    os.mkfifo(root / "out/fifo")
    with open(root / "out/huge", "wb") as stream:
        stream.truncate(65 << 20)
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(root / "out")
        listener.bind("socket")
        os.chdir(here)
        yield root


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("out/link", "is a link"),
        ("loop", "is a link"),
        ("up/secret", "passes through a link"),
        ("up/ws/out/plain.txt", "passes through a link"),
        ("out/fifo", "is not a regular file"),
        ("out/socket", "is not a regular file"),
        ("out/huge", "is larger than 64 MiB"),
        ("out", "is a folder"),
        ("out/plain.txt/x", "passes through `plain.txt`, which is not a folder"),
        ("out/none.txt", ""),
        ("none/none.txt", ""),
        ("../secret", "is not a path in the workspace"),
        ("/etc/passwd", "is not a path in the workspace"),
        ("", "is not a path in the workspace"),
        ("a\0b", "is not a path in the workspace"),
        ("\ud800", "cannot be read (bad name)"),
        ("x" * 300, "cannot be read (File name too long)"),
    ],
)
def test_what_is_not_read(hostile: Path, path: str, problem: str) -> None:
    assert Disk(str(hostile)).read(path) == (None, problem)


def test_descriptors_are_closed(hostile: Path) -> None:
    before = held()
    for path in (
        "out/link",
        "up/secret",
        "out/fifo",
        "out/huge",
        "out",
        "none",
        "out/plain.txt",
        "out/plain.txt/x",
    ):
        Disk(str(hostile)).read(path)
    Disk(str(hostile)).paths()
    assert not held() - before


def test_regular_files_are_read(hostile: Path) -> None:
    disk = Disk(str(hostile))
    assert disk.read("out/plain.txt") == (b"plain", "")
    assert disk.read("./out//plain.txt") == (b"plain", "")
    assert disk.sha256("out/plain.txt") == sha(b"plain")
    assert disk.sha256("out/link") is None


def test_paths(hostile: Path) -> None:
    os.makedirs(os.fsencode(hostile) + b"/out/\xff")
    assert Disk(str(hostile)).paths() == {
        "loop": ("link", 4),
        "out": ("folder", os.stat(hostile / "out").st_size),
        "out/fifo": ("other", 0),
        "out/huge": ("file", 65 << 20),
        "out/link": ("link", len(os.readlink(hostile / "out/link"))),
        "out/plain.txt": ("file", 5),
        "out/socket": ("other", 0),
        "out/\udcff": ("folder", os.stat(os.fsencode(hostile) + b"/out/\xff").st_size),
        "up": ("link", len(str(hostile.parent))),
    }


def test_deep_and_wide_trees_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(tmp_path)
        for _ in range(250):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(here)
        os.close(here)
    with pytest.raises(Unmet, match="nested deeper than 200 levels"):
        Disk(str(tmp_path)).paths()
    monkeypatch.setattr("clawc.stdlib.checks.workspace.MAX_ENTRIES", 100)
    with pytest.raises(Unmet, match="more than 100 entries"):
        Disk(str(tmp_path)).paths()
    with pytest.raises(Unmet, match="the workspace cannot be listed"):
        Disk(str(tmp_path / "none")).paths()


def test_memory_is_like_disk(tmp_path: Path) -> None:
    files = {"a.txt": b"1", "out/b.txt": b"22"}
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    memory, disk = Memory(files), Disk(str(tmp_path))
    assert list(memory.paths()) == list(disk.paths())
    for path in ("a.txt", "./out//b.txt", "out", "none", "../a.txt", "/a.txt"):
        assert memory.read(path) == disk.read(path)
        assert memory.sha256(path) == disk.sha256(path)


def submission(files: dict[str, bytes], **form: Any) -> Submission:
    path = next(iter(files), "o.csv")
    kind = {"csv": "csv", "json": "json", "md": "markdown", "txt": "text", "py": "program", "jsonl": "jsonl"}
    return Submission(Memory(files), [deliverable("d", path, kind[path.rpartition(".")[2]], **form)], {})


@pytest.mark.parametrize(
    ("files", "form"),
    [
        ({"o.csv": b"b,a\n1,2\n"}, {"columns": ["a", "b"]}),
        ({"o.csv": b"a,b,c\n"}, {"columns": ["a", "b"], "extra_columns": True}),
        ({"o.csv": b"a,x,b\n"}, {"columns": ["a", "b"], "extra_columns": True, "column_order": True}),
        ({"o.json": b'[{"a": 1, "b": null}]'}, {"columns": ["a", "b"]}),
        ({"o.json": b"[]"}, {"columns": ["a", "b"]}),
        ({"o.json": b'{"a": 1, "b": 2}'}, {"keys": ["a"]}),
        ({"o.md": b"## 1. One:\n\ntext\n\nTwo\n---\n"}, {"sections": ["One", "two"]}),
        ({"o.txt": b"Summary:\nfine\n"}, {"sections": ["Summary"]}),
        ({"o.py": b"\xff\0"}, {}),
    ],
)
def test_structure_held(files: dict[str, bytes], form: dict[str, Any]) -> None:
    assert submission(files, **form)["d"].data == next(iter(files.values()))


@pytest.mark.parametrize(
    ("files", "form", "message"),
    [
        ({"o.csv": b"a\n"}, {"columns": ["a", "b"]}, "`o.csv` lacks the column `b`; it has `a`"),
        (
            {"o.csv": b"a,c,d\n"},
            {"columns": ["a"]},
            "`o.csv` has the columns `c`, `d`; only `a` should be there",
        ),
        (
            {"o.csv": b"b,a\n"},
            {"columns": ["a", "b"], "column_order": True},
            "`o.csv` has its columns in the order `b`, `a`, not `a`, `b`",
        ),
        ({"o.csv": b"a\n1,2\n"}, {}, "`o.csv` line 2 has 2 fields, but 1 columns"),
        ({"o.json": b'[{"a": 1}, {}]'}, {"columns": ["a"]}, "`o.json` lacks the key `a` in element 2"),
        ({"o.json": b"{"}, {}, "`o.json` is not JSON"),
        ({"o.json": b"[1]"}, {"keys": ["a"]}, "`o.json` is not a JSON object"),
        ({"o.json": b'{"b": 1}'}, {"keys": ["a"]}, "`o.json` lacks the key `a`; it has `b`"),
        ({"o.md": b"# B\n"}, {"sections": ["A"]}, "`o.md` lacks the section `A`; it has `B`"),
        ({"o.md": b"\xff"}, {}, "`o.md` is not UTF-8 text (byte 0)"),
        ({"o.jsonl": b"1\n"}, {}, "`o.jsonl`: element 1 is not an object"),
        ({}, {}, "`o.csv` does not exist"),
    ],
)
def test_structure_not_held(files: dict[str, bytes], form: dict[str, Any], message: str) -> None:
    ws = submission(files, **form)
    for _ in range(2):
        with pytest.raises(Unmet) as caught:
            ws["d"]
        assert str(caught.value).startswith(message)
    assert ws.raw("d").data == next(iter(files.values()), None)


INPUTS = {"in/a.csv": b"a", "in/b.csv": b"b", "notes.md": b"n"}


def changed(files: dict[str, bytes | None]) -> Submission:
    merged = {path: data for path, data in {**INPUTS, **files}.items() if data is not None}
    return Submission(Memory(merged), [], {path: sha(data) for path, data in INPUTS.items()})


def test_unchanged() -> None:
    assert unchanged(changed({"new": b""}), list(INPUTS)) is True
    assert unchanged(changed({"notes.md": b"x"}), ["in"]) is True
    result = unchanged(changed({"in/b.csv": None}), ["in/"])
    assert isinstance(result, No)
    assert (result.reason, result.share) == ("the input `in/b.csv` was deleted", 0.5)
    result = unchanged(changed({"in/a.csv": b"x"}), ["in/a.csv"])
    assert isinstance(result, No)
    assert result.reason == "the input `in/a.csv` was changed"
    with pytest.raises(Unmet, match="`other` is not an input"):
        unchanged(changed({}), ["other"])


def test_an_input_replaced_by_a_link_is_changed(tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"a")
    os.symlink("copy", tmp_path / "in.csv")
    result = unchanged(Submission(Disk(str(tmp_path)), [], {"in.csv": sha(b"a")}), ["in.csv"])
    assert isinstance(result, No)
    assert result.reason == "the input `in.csv` is a link"


def test_only_changed_and_only_under() -> None:
    assert only_changed(changed({"notes.md": b"x", "new": b""}), ["notes.md"]) is True
    assert only_changed(changed({"in/a.csv": b"x"}), ["in"]) is True
    assert not only_changed(changed({"in/a.csv": b"x"}), ["notes.md"])
    assert only_under(changed({"out/x": b"", "out/y/z": b"", "notes.md": b"x"}), "out") is True
    result = only_under(changed({"output/x": b"", "out/y": b""}), "out/")
    assert isinstance(result, No)
    assert result.reason == "`output/x` lies outside `out/`"


def test_job(tmp_path: Path) -> None:
    folder = tmp_path / "j1"
    (folder / "tree/out").mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps({"exit": 2, "timed_out": False, "problem": ""}))
    (folder / "stdout").write_bytes(b"ok\xff")
    (folder / "tree/out/o.csv").write_bytes(b"a\n1\n")
    os.symlink("../stdout", folder / "tree/link")
    record = job(Submission(Memory({}), [], {}, str(tmp_path)), "j1")
    assert (record["exit"], record["timed_out"], record["stdout"], record["stderr"]) == (
        2,
        False,
        "ok\ufffd",
        "",
    )
    tree = record["files"]
    assert isinstance(tree, Tree)
    assert (file_in(tree, "out/o.csv").data, file_in(tree, "out/o.csv").kind) == (b"a\n1\n", "csv")
    assert not exists(file_in(tree, "none.csv"))
    assert file_in(tree, "link").problem == "is a link"
    assert file_in(tree, "../stdout").problem == "is not a path in the workspace"
    with pytest.raises(Unmet):
        file_in(tree, None)


def test_job_that_did_not_run(tmp_path: Path) -> None:
    with pytest.raises(Unmet, match="the program was not run"):
        job(Submission(Memory({}), [], {}), "j1")
    with pytest.raises(Unmet, match="the program was not run"):
        job(Submission(Memory({}), [], {}, str(tmp_path)), "j1")
    (tmp_path / "j1").mkdir()
    (tmp_path / "j1/result.json").write_text('{"exit": null, "timed_out": false, "problem": "no python3"}')
    with pytest.raises(Unmet, match="the program could not be run: no python3"):
        job(Submission(Memory({}), [], {}, str(tmp_path)), "j1")
