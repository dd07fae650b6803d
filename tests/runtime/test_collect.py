"""Collecting what a stranger left, and removing it."""

from __future__ import annotations

import itertools
import os
import socket
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clawc.runtime.sandbox.collect import Caps, collect, usage
from clawc.runtime.sandbox.remove import remove_tree


def nested(root: Path, depth: int) -> None:
    """Folders below each other, deeper than any path may be long."""
    held = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d" * 15, dir_fd=held)
        inner = os.open("d" * 15, os.O_RDONLY, dir_fd=held)
        os.close(held)
        held = inner
    os.close(held)


def test_only_plain_files_come_along(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "plain.txt").write_text("x")
    (source / "line\nbreak").write_text("x")
    (source / "tool").write_text("x")
    (source / "tool").chmod(0o4755)
    (source / "absolute").symlink_to("/etc/passwd")
    (source / "dangling").symlink_to("nowhere")
    (source / "folder").symlink_to("/etc")
    os.mkfifo(source / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(source / "socket"))
    with open(os.fsencode(source) + b"/\xff\xfe", "wb"):
        found = collect((source,), tmp_path / "dest", base=False)
    assert {entry.path: entry.reason for entry in found.refused} == {
        "absolute": "is a link",
        "dangling": "is a link",
        "folder": "is a link",
        "fifo": "is a FIFO",
        "socket": "is a socket",
        "\\udcff\\udcfe": "has a name that is not UTF-8",
    }
    assert sorted(os.listdir(tmp_path / "dest")) == ["line\nbreak", "plain.txt", "tool"]
    assert stat.S_IMODE((tmp_path / "dest/tool").stat().st_mode) == 0o755
    assert (found.files, found.size, found.over) == (3, 3, "")


def test_layers_are_merged(tmp_path: Path) -> None:
    lower, upper = tmp_path / "lower", tmp_path / "upper"
    for path in ("lower/both", "lower/hidden", "lower/gone", "upper/both", "upper/hidden"):
        (tmp_path / path).mkdir(parents=True)
    (lower / "both/old").write_text("old")
    (lower / "both/changed").write_text("old")
    (lower / "hidden/old").write_text("old")
    (lower / "gone/old").write_text("old")
    (lower / "file").write_text("old")
    (upper / "both/changed").write_text("new")
    (upper / "both/new").write_text("new")
    try:
        os.mknod(upper / "gone", stat.S_IFCHR, os.makedev(0, 0))
        os.mknod(upper / "file", stat.S_IFCHR, os.makedev(0, 0))
        os.setxattr(upper / "hidden", "user.overlay.opaque", b"y")
    except OSError as error:
        pytest.skip(f"whiteouts cannot be made here: {error}")
    collect((upper, lower), tmp_path / "dest", base=True)
    found = {
        str(p.relative_to(tmp_path / "dest")): p.read_text() for p in (tmp_path / "dest").rglob("*") if p.is_file()
    }
    assert found == {"both/old": "old", "both/changed": "new", "both/new": "new"}
    assert (tmp_path / "dest/hidden").is_dir()


def test_caps(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(20):
        (source / f"{number:02}").write_bytes(b"x" * 100)
    assert collect((source,), tmp_path / "a", Caps(files=15), base=False).over == "files"
    found = collect((source,), tmp_path / "b", Caps(size=1050), base=False)
    assert (found.over, found.files) == ("bytes", 10)
    assert all(path.stat().st_size == 100 for path in (tmp_path / "b").iterdir())
    (source / "sparse").touch()
    os.truncate(source / "sparse", 1 << 40)
    assert collect((source,), tmp_path / "c", base=False).over == "bytes"


def test_depth_beyond_any_path(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    nested(source, 1200)
    (source / "shallow").write_text("x")
    found = collect((source,), tmp_path / "dest", base=False)
    assert [entry.reason for entry in found.refused] == ["is nested deeper than 100 folders"]
    assert (tmp_path / "dest/shallow").read_text() == "x"
    assert usage(source, 1 << 30, 1 << 20).over
    remove_tree(source)
    assert not source.exists()


def test_removal_of_unreadable_folders(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "a/b").mkdir(parents=True)
    (root / "a/b/file").write_text("x")
    (root / "a/link").symlink_to(tmp_path)
    (root / "a/b").chmod(0)
    (root / "a").chmod(0)
    remove_tree(root)
    remove_tree(root)
    assert not root.exists()
    assert tmp_path.exists()


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() == 0, reason="root may read everything")
def test_unreadable_entries_of_a_given_folder_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "shut").mkdir(parents=True)
    (source / "shut").chmod(0)
    found = collect((source,), tmp_path / "dest", mend=False, base=False)
    assert [entry.reason for entry in found.refused] == ["may not be read"]


def test_paths_that_no_program_can_open(tmp_path: Path) -> None:
    """Their length counts in bytes, and what is above them comes along."""
    at = tmp_path / "source"
    for _ in range(9):
        at /= "é" * 120
        at.mkdir(parents=True)
        (at / "f").write_text("x")
    found = collect((tmp_path / "source",), tmp_path / "dest", base=False)
    assert [entry.reason for entry in found.refused] == ["has a path longer than 2000 bytes"]
    assert (found.files, len(found.written)) == (8, 8)
    assert all((tmp_path / "dest" / path).read_text() == "x" for path in found.written)


def test_several_remove_the_same_tree(tmp_path: Path) -> None:
    """A runner removes its folder while another one sweeps it: neither fails, and nothing is left."""
    for number in range(30):
        root = tmp_path / str(number)
        for one, other in itertools.product("abcdef", "ghijkl"):
            (root / one / other / "deep").mkdir(parents=True)
            (root / one / other / "file").write_bytes(b"x")
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(remove_tree, root) for _ in range(4)]:
                done.result()
        assert not root.exists()
