"""Folders as bytes and back, and what other machines may send that is none."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.cluster.parcel import Allowed, BadParcel, Laying, checked, listed, of_files

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    lambda name: name not in (".", "..") and len(name.encode()) <= 255
)
TREES = st.recursive(st.binary(max_size=200), lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=12)
Tree = bytes | dict[str, "Tree"]


def write(tree: Tree, path: Path) -> None:
    if isinstance(tree, bytes):
        path.write_bytes(tree)
        path.chmod(0o755 if len(tree) % 2 else 0o644)
    else:
        path.mkdir(exist_ok=True)
        for name, inner in tree.items():
            write(inner, path / name)


def read(path: Path) -> Tree:
    if path.is_dir():
        return {each.name: read(each) for each in path.iterdir()}
    assert path.stat().st_mode & 0o777 == (0o755 if path.stat().st_size % 2 else 0o644)
    return path.read_bytes()


@given(st.dictionaries(NAMES, TREES, max_size=5), st.integers(1, 64))
@settings(max_examples=60, deadline=None)
def test_what_arrives_is_what_was_sent_however_it_is_cut(tree: dict[str, Tree], step: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        source, dest = Path(name, "source"), Path(name, "dest")
        write(tree, source)
        dest.mkdir()
        parcel = listed(source)
        data = b"".join(parcel.chunks())
        assert len(data) == parcel.size
        laying = Laying(dest, Allowed())
        for start in range(0, len(data), step):
            laying.feed(data[start : start + step])
        laying.end()
        assert read(dest) == tree
        assert b"".join(listed(dest).chunks()) == data


def sent(rows: object, content: bytes = b"") -> bytes:
    index = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
    return b"clawc-parcel-1\n" + len(index).to_bytes(8, "big") + index + content


HOSTILE = {
    "nothing": (b"", "ends early"),
    "something else": (b"\x80\x04pickle", "does not begin"),
    "another version": (b"clawc-parcel-2\n" + bytes(8), "does not begin"),
    "an index that never comes": (b"clawc-parcel-1\n" + (1 << 40).to_bytes(8, "big"), "its index has"),
    "half an index": (sent([["a", "f", 1]])[:-3], "ends early"),
    "no JSON": (sent(b"{"), "not JSON"),
    "a deep index": (sent(b"[" * 200_000), "not JSON"),
    "an object": (sent({}), "not a list"),
    "a row too short": (sent([["a", "f"]]), "is none"),
    "a row too long": (sent([["a", "f", 1, 2]]), "is none"),
    "a number for a path": (sent([[1, "f", 1]]), "is none"),
    "a text for a size": (sent([["a", "f", "1"]]), "is none"),
    "a truth for a size": (sent([["a", "f", True]]), "is none"),
    "a fraction for a size": (sent([["a", "f", 1.5]]), "is none"),
    "a negative size": (sent([["a", "f", -1]]), "no such size"),
    "a folder with a size": (sent([["a", "d", 1]]), "no such size"),
    "a link": (sent([["a", "l", 0]]), "is none"),
    "a device": (sent([["a", "c", 0]]), "is none"),
    "up": (sent([["..", "d", 0], ["../a", "f", 1]], b"x"), "unsafe"),
    "up below": (sent([["a", "d", 0], ["a/..", "d", 0], ["a/../../b", "f", 1]], b"x"), "unsafe"),
    "here": (sent([[".", "d", 0]]), "unsafe"),
    "from the root": (sent([["/tmp/x", "f", 1]], b"x"), "unsafe"),
    "an empty name": (sent([["", "f", 1]], b"x"), "unsafe"),
    "an empty part": (sent([["a", "d", 0], ["a//b", "f", 1]], b"x"), "unsafe"),
    "a NUL": (sent([["a\0b", "f", 1]], b"x"), "unsafe"),
    "a lone surrogate": (sent(b'[["\\ud800","f",1]]', b"x"), "not UTF-8"),
    "a long name": (sent([["ü" * 200, "f", 1]], b"x"), "unsafe"),
    "a long path": (sent([["/".join(["a" * 250] * n), "d", 0] for n in range(1, 12)]), "too long or too deep"),
    "a deep path": (sent([["/".join(["a"] * n), "d", 0] for n in range(1, 200)]), "too long or too deep"),
    "twice": (sent([["a", "f", 1], ["a", "f", 1]], b"xx"), "there twice"),
    "a folder and a file": (sent([["a", "d", 0], ["a", "f", 1]], b"x"), "there twice"),
    "below a file": (sent([["a", "f", 1], ["a/b", "f", 1]], b"xx"), "stands in no folder"),
    "in no folder": (sent([["a/b", "f", 1]], b"x"), "stands in no folder"),
    "a folder after its files": (sent([["a/b", "f", 1], ["a", "d", 0]], b"x"), "stands in no folder"),
    "more than it says": (sent([["a", "f", 1]], b"xy"), "more than its files hold"),
    "less than it says": (sent([["a", "f", 2]], b"x"), "ends early"),
    "a large file": (sent([["a", "f", 1 << 50]], b"x"), "bytes, allowed are"),
    "large in sum": (sent([[str(n), "f", 1 << 29] for n in range(8)]), "bytes, allowed are"),
    "many entries": (sent([[str(n), "f", 0] for n in range(30_000)]), "entries, allowed are"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_hostile_is_laid(case: str, tmp_path: Path) -> None:
    data, why = HOSTILE[case]
    dest = tmp_path / "dest"
    dest.mkdir()
    laying = Laying(dest, Allowed())
    with pytest.raises(BadParcel, match=why):
        laying.feed(data)
        laying.end()
    laying.abandon()
    assert [path.name for path in tmp_path.iterdir()] == ["dest"]
    laid = {path.name for path in dest.iterdir()}
    # An index is refused as a whole; only what is wrong with the contents shows later.
    assert laid <= ({"a"} if case in ("more than it says", "less than it says") else set())


def test_only_known_names_stand_at_the_top() -> None:
    index = json.dumps([["workspace", "d", 0], ["workspace/run.json", "f", 0]]).encode()
    assert len(checked(index, Allowed(top=("workspace",)))) == 2
    with pytest.raises(BadParcel, match=r"nothing is called .'run\.json'"):
        checked(json.dumps([["run.json", "f", 0]]).encode(), Allowed(top=("workspace",)))


def test_a_link_that_stands_there_already_is_not_followed(tmp_path: Path) -> None:
    dest, outside = tmp_path / "dest", tmp_path / "outside"
    dest.mkdir()
    outside.write_text("kept")
    (dest / "a").symlink_to(outside)
    with pytest.raises(FileExistsError):
        Laying(dest, Allowed()).feed(sent([["a", "f", 1]], b"x"))
    assert outside.read_text() == "kept"


@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_only_files_and_folders_are_sent(kind: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd") if kind == "link" else os.mkfifo(tmp_path / "fifo")
    with pytest.raises(BadParcel, match=kind):
        listed(tmp_path)


def test_a_file_that_changes_while_it_is_sent(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("long")
    for size in (3, 5):
        with pytest.raises(BadParcel, match="has changed"):
            list(of_files(tmp_path, {"a": size}).chunks())
