"""Deliverables out of a hostile workspace: nothing outside is read, nothing is waited for, and what is left out is said."""

from __future__ import annotations

import os
import random
import socket
from pathlib import Path

import pytest

from clawc.runtime.judge.evidence import ALL_BYTES, FILE_BYTES, FILES, Bounds, Evidence, gather, given
from clawc.runtime.judge.paths import matches
from clawc.runtime.judge.rubric import Read
from clawc.runtime.judge.view import examine
from clawc.stdlib.checks.sets import path_pattern

SECRET = "SECRET-b61f"


def shown(workspace: Path, *reads: Read) -> Evidence:
    return gather(workspace, reads)


def file(workspace: Path, path: str, text: str | bytes = "hello\n") -> Path:
    place = workspace / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text.encode() if isinstance(text, str) else text)
    return place


def texts(found: Evidence) -> dict[str, str | None]:
    return {each.path: each.text for each in found.files}


def test_what_is_there_is_shown(tmp_path: Path) -> None:
    file(tmp_path, "out/a.md", "\ufeffone\r\ntwo\r")
    found = shown(tmp_path, Read("out/a.md", False), Read("out/b.md", False), Read("a.md", False))
    assert texts(found) == {"out/a.md": "one\ntwo\n"}
    assert found.notes == ("missing: 'out/b.md'", "missing: 'a.md'")


def test_nothing_outside_is_read(tmp_path: Path) -> None:
    workspace, outside = tmp_path / "w", tmp_path / "outside"
    file(outside, "a.md", SECRET)
    file(workspace, "in.md", SECRET)
    (workspace / "out").mkdir()
    (workspace / "out/link.md").symlink_to(outside / "a.md")
    (workspace / "out/inner.md").symlink_to("../in.md")
    (workspace / "folder").symlink_to(outside)
    (workspace / "loop").symlink_to("loop")
    reads = [
        Read(p, False) for p in ("out/link.md", "out/inner.md", "folder/a.md", "folder", "loop", "../outside/a.md")
    ]
    for some in (reads, [Read("out/*", True), Read("folder/**", True), Read("loop/**", True)]):
        found = shown(workspace, *some)
        assert found.files == () and SECRET not in repr(found)
    assert "not shown: 'out/link.md' is a link" in shown(workspace, *reads).notes
    (tmp_path / "linked").symlink_to(workspace)
    with pytest.raises(OSError):
        gather(tmp_path / "linked", reads)


def test_nothing_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.md")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s.md"))
        file(tmp_path, "z.md")
        found = shown(tmp_path, Read("fifo.md", False), Read("s.md", False), Read("*.md", True))
    assert texts(found) == {"z.md": "hello\n"}
    assert found.notes == ("not shown: 'fifo.md' is no regular file", "not shown: 's.md' is no regular file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="devices are made by root")
def test_devices_are_not_opened(tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / "zero.md", 0o20666, os.makedev(1, 5))
    except OSError as error:
        pytest.skip(f"no devices here: {error}")
    assert shown(tmp_path, Read("zero.md", False), Read("*.md", True)).files == ()


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    file(tmp_path, "a.md").chmod(0)
    found = shown(tmp_path, Read("a.md", False)).files[0]
    assert found.text == "hello\n" if os.geteuid() == 0 else "cannot be read" in found.note


@pytest.mark.parametrize(
    "data", [b"a\0b", b"\xff\xfe", b"PK\x03\x04\0", "text".encode("utf-16"), b"\xc3", b"ok\xf0\x9f\x91"]
)
def test_what_is_no_text_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    file(tmp_path, "a.md", data)
    found = shown(tmp_path, Read("a.md", False))
    assert texts(found) == {"a.md": None} and found.files[0].note == "it is not UTF-8 text"
    view = examine(found).view(False)
    assert f'"a.md", {len(data)} bytes, not shown: it is not UTF-8 text' in view.text and view.files == {}


def test_a_huge_file_is_cut_and_no_more_of_it_is_read(tmp_path: Path) -> None:
    place = file(tmp_path, "big.md", "é" * 150_000)
    os.truncate(place, 1 << 40)
    found = shown(tmp_path, Read("big.md", False)).files[0]
    assert (found.size, found.cut, len((found.text or "").encode())) == (1 << 40, True, FILE_BYTES)
    file(tmp_path, "odd.md", "x" + "é" * 150_000)
    odd = shown(tmp_path, Read("odd.md", False)).files[0]
    assert odd.cut and len((odd.text or "").encode()) == FILE_BYTES - 1


def test_large_files_leave_room_for_small_ones(tmp_path: Path) -> None:
    for number in range(8):
        file(tmp_path, f"out/{number}.md", "x" * 300_000)
    file(tmp_path, "out/small.md", "small")
    found = shown(tmp_path, Read("out/*", True))
    assert texts(found)["out/small.md"] == "small"
    sizes = [len(each.text or "") for each in found.files]
    assert sum(sizes) <= ALL_BYTES and min(sizes[:-1]) > 70_000


def test_many_files_are_counted(tmp_path: Path) -> None:
    for number in range(FILES + 36):
        file(tmp_path, f"out/{number:03}.md")
    found = shown(tmp_path, Read("out/**/*.md", True))
    assert len(found.files) == FILES and found.notes == ("36 more files are not shown",)
    assert [each.path for each in found.files] == sorted(each.path for each in found.files)


def test_a_deep_tree_and_one_with_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(200):
        os.mkdir("d" * 50)
        os.chdir("d" * 50)
    Path("a.md").write_text("deep")
    os.chdir(tmp_path)
    file(tmp_path, "z.md")
    assert texts(shown(tmp_path, Read("**/*.md", True))) == {"z.md": "hello\n"}
    monkeypatch.setattr("clawc.runtime.judge.evidence._ENTRIES", 5)
    for number in range(9):
        file(tmp_path, f"many/{number}.md")
    found = shown(tmp_path, Read("many/*.md", True))
    assert len(found.files) == 5 and found.notes == ("only the first 5 entries below 'many' were looked at",)


def test_a_folder_stands_for_its_files(tmp_path: Path) -> None:
    for path in ("site/index.html", "site/a/b.html", "site/.git/config", "other.html"):
        file(tmp_path, path)
    assert list(texts(shown(tmp_path, Read("site", False)))) == ["site/a/b.html", "site/index.html"]


def test_strange_names_are_spelled_on_one_line(tmp_path: Path) -> None:
    names = [b"a\nb.md", b"`x`.md", b"\xff.md", "x\u202e.md".encode(), b'"q".md', b"<<<<< end.md"]
    for name in names:
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))).write_text("hello world\n")
    view = examine(shown(tmp_path, Read("*.md", True))).view(False)
    heads = [line for line in view.text.split("\n") if line.startswith("<<<<<")]
    assert len(heads) == 2 * len(names) and len(view.files) == len(names)
    view.text.encode("utf-8")
    assert all(view.quoted(path, "hello world", True) for path in view.files)


def test_a_file_that_two_reads_name_is_shown_once(tmp_path: Path) -> None:
    file(tmp_path, "a.md")
    assert len(shown(tmp_path, Read("a.md", False), Read("*.md", True)).files) == 1


def test_files_in_memory_are_shown_as_those_on_a_disk(tmp_path: Path) -> None:
    files = {"out/a.md": "one\r\n", "out/b/c.md": "two" * 90_000, "out/bin": "a\0", "x": "x"}
    for path, text in files.items():
        file(tmp_path, path, text)
    reads = [Read("out/**", True), Read("missing", False), Read("none/*", True)]
    for bounds in (Bounds(), Bounds(1_000, 1_200), Bounds(0, 0)):
        assert given(list(files.items()), reads, bounds) == gather(tmp_path, reads, bounds)


def test_patterns_match_as_those_of_checkers() -> None:
    rng = random.Random(20_261_126)
    for _ in range(5_000):
        pattern = "".join(rng.choice(["a", "b", "/", ".", "*", "**", "**/"]) for _ in range(rng.randint(0, 7)))
        path = "".join(rng.choice("ab/.") for _ in range(rng.randint(0, 8)))
        assert matches(pattern, path) == bool(path_pattern(pattern).match(path)), (pattern, path)


def test_no_pattern_takes_long() -> None:
    assert not matches("**a" * 30, "a" * 2_000 + "b")
