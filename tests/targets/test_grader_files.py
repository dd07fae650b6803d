"""Bundles and workspaces of strangers that the grader reads: folders, and tar archives."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawc.compiler.targets.grader.archive import members
from clawc.compiler.targets.grader.bundle import Bundle, BundleError
from clawc.compiler.targets.grader.collect import MAX_BYTES, collect, collect_left, remove
from tests.targets.exported import laid
from tests.targets.graders import PYTHON, ROOT, Ground, grade


def bad_manifests(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    job: dict[str, Any] = {
        "id": "j",
        "argv": ["true"],
        "files": {},
        "env": {},
        "stdin": "",
        "cwd": ".",
        "timeout_s": 1,
        "without": [],
    }
    for change in (
        {"id": "../../x"},
        {"id": 1},
        {"cwd": "../.."},
        {"without": ["/etc"]},
        {"files": {"../x": "private/check.py"}},
        {"files": {"x": "/etc/passwd"}},
    ):
        yield {**manifest, "jobs": [{**job, **change}]}
    for links in (
        [{"path": "../x", "to": "a"}],
        [{"path": "x", "to": "/etc"}],
        [{"path": "x", "to": "input"}, {"path": "x/y", "to": "a"}],
        [{"path": 1, "to": 2}],
        7,
    ):
        yield {**manifest, "links": links}
    for path in ("/etc/passwd", "../x", "a\0b", "\ud800", "a//b", "", 3):
        yield {**manifest, "files": [*manifest["files"], {"path": path, "size": 0, "sha256": ""}]}
    for size in (-1, 1 << 60, "x", None, 1e400):
        yield {**manifest, "files": [{**one, "size": size} for one in manifest["files"]]}
    for name in manifest:
        if name in ("files", "workspace", "links", "jobs", "deliverables", "format_version"):
            yield {key: value for key, value in manifest.items() if key != name}
    yield {**manifest, "format_version": 2}


def test_hostile_bundles_are_errors(ground: Ground, open_path: Path) -> None:
    shutil.copytree(ground.bundle("tables"), open_path / "bundle")
    file = open_path / "bundle" / "bundle.json"
    for manifest in list(bad_manifests(json.loads(file.read_text()))):
        file.write_text(json.dumps(manifest))
        with pytest.raises(BundleError):
            Bundle(str(open_path / "bundle"))
    for data in (b"", b"\xff", b"[" * 200_000, b"null", b"[]", b"{}"):
        file.write_bytes(data)
        with pytest.raises(BundleError):
            Bundle(str(open_path / "bundle"))
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(BundleError):
        Bundle(str(open_path / "bundle"))


@pytest.mark.parametrize("path", ["../../../escaped", "/tmp/escaped", "a/../../../../escaped", 3, None])
def test_solutions_stay_in_their_folder(ground: Ground, open_path: Path, path: object) -> None:
    shutil.copytree(ground.bundle("tables"), open_path / "bundle")
    steps = open_path / "bundle" / "private" / "solution" / "steps.json"
    steps.write_text(
        json.dumps({"format_version": 1, "steps": [{"op": "write", "path": path, "source": "private/check.py"}]})
    )
    manifest = json.loads((open_path / "bundle" / "bundle.json").read_text())
    for one in manifest["files"]:
        if one["path"] == "private/solution/steps.json":
            one |= {"size": steps.stat().st_size, "sha256": hashlib.sha256(steps.read_bytes()).hexdigest()}
    (open_path / "bundle" / "bundle.json").write_text(json.dumps(manifest))
    graded = grade(ground, open_path / "bundle", laid({}, open_path / "w"))
    assert (graded.status, graded.reward) == (1, None)
    assert "unsafe path" in graded.errors or "cannot be read" in graded.errors


def hostile_workspace(folder: Path) -> None:
    laid({"a.txt": b"a", "sub/b.txt": b"b", "run": b"x"}, folder)
    (folder / "run").chmod(0o711)
    os.mkfifo(folder / "fifo")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "folder").symlink_to("/etc")
    (folder / "loop").symlink_to("loop")
    socket.socket(socket.AF_UNIX).bind(os.path.relpath(folder / "socket"))
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff"))).write_bytes(b"")
    at = folder
    for _ in range(120):
        at /= "d"
        at.mkdir()
    (at / "deep").write_text("")
    with open(folder / "z-sparse", "wb") as file:
        file.truncate(1 << 40)
    (folder / "zz").write_text("after it")


def collected(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_only_regular_files_are_collected(open_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(open_path)
    hostile_workspace(open_path / "w")
    collect(str(open_path / "w"), str(open_path / "out"))
    assert collected(open_path / "out") == {
        "a.txt": b"a",
        "sub/b.txt": b"b",
        "run": b"x",
    }  # the sparse file is over the bound
    assert (open_path / "out" / "run").stat().st_mode & 0o777 == 0o755
    assert not any(path.is_symlink() for path in (open_path / "out").rglob("*"))


def test_what_a_program_has_put_in_place_of_its_folder_is_nothing(open_path: Path) -> None:
    (open_path / "link").symlink_to("/etc")
    (open_path / "file").write_text("x")
    for number, name in enumerate(("link", "file", "nowhere")):
        collect_left(str(open_path / name), str(open_path / f"out{number}"))
        assert os.listdir(open_path / f"out{number}") == []


def test_a_copy_that_cannot_be_written_is_an_error(open_path: Path) -> None:
    """Half a file would be judged as if the agent had written it."""
    laid({"a": b"x" * 100_000, "b": b"y"}, open_path / "w")
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "sys.path.append(sys.argv[1]); from grader.collect import collect\n"
        "try: collect(sys.argv[2], sys.argv[3])\nexcept OSError as error: print(error.strerror)"
    )
    folder = ROOT / "compiler" / "targets"
    done = subprocess.run(
        [PYTHON, "-I", "-S", "-B", "-c", code, folder, open_path / "w", open_path / "out"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "File too large"


def test_everything_is_removed(open_path: Path) -> None:
    top = open_path / "top"
    (top / "r1").mkdir(parents=True)
    (top / "r2").write_text("x")
    (top / "out").symlink_to(open_path)
    start = os.open(top, os.O_RDONLY)
    os.fchdir(start)
    try:
        for _ in range(3000):
            os.mkdir("d")
            os.mkdir("r3")
            Path("f").write_text("")
            os.chdir("d")
    finally:
        os.chdir(ROOT)
        os.close(start)
    (open_path / "kept").write_text("x")
    remove(str(top))
    assert os.listdir(open_path) == ["kept"]
    remove(str(open_path / "nowhere"))


def tar(*entries: tuple[str, bytes, bytes], **pax: str) -> bytes:
    """An archive of entries: name, type, content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers=pax) as archive:
        for name, kind, data in entries:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(data) if kind == tarfile.REGTYPE else 0, "/etc/passwd"
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def from_tar(folder: Path, data: bytes) -> dict[str, bytes]:
    folder.mkdir()
    (folder / "a.tar").write_bytes(data)
    collect(str(folder / "a.tar"), str(folder / "out"))
    assert not any(path.is_symlink() for path in (folder / "out").rglob("*"))
    return collected(folder / "out")


def test_archives_are_read_as_others_write_them(open_path: Path) -> None:
    files = {"a": b"a", "d/" + "n" * 200: b"x" * 1000, "\u202e \u00e4": b"", "e/" * 60 + "f": b"deep"}
    laid(files, open_path / "w")
    (open_path / "w" / "a").chmod(0o755)
    for number, form in enumerate((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
            archive.add(open_path / "w", ".")
        assert from_tar(open_path / str(number), buffer.getvalue()) == files
        assert (open_path / str(number) / "out" / "a").stat().st_mode & 0o777 == 0o755
    for number, style in enumerate(("gnu", "pax", "posix", "ustar", "v7")):
        chosen = [name for name in files if style not in ("ustar", "v7") or len(name) < 90]
        done = subprocess.run(
            ["tar", f"--format={style}", "-C", open_path / "w", "-c", *(f"./{name}" for name in chosen)],
            capture_output=True,
            check=True,
        )
        assert from_tar(open_path / f"tar{number}", done.stdout) == {name: files[name] for name in chosen}


def test_archives_lead_nowhere_but_down(open_path: Path) -> None:
    regular, folder = tarfile.REGTYPE, tarfile.DIRTYPE
    data = tar(
        ("../escaped", regular, b"x"), ("/tmp/escaped", regular, b"x"), ("a/../../escaped", regular, b"x"), ("l", tarfile.SYMTYPE, b""),
        ("l/x", regular, b"in a folder of ours"), ("h", tarfile.LNKTYPE, b""), ("f", tarfile.FIFOTYPE, b""), ("c", tarfile.CHRTYPE, b""),
        ("twice", regular, b"1"), ("twice", regular, b"2"), ("twice/below", regular, b"x"), ("d", folder, b""), ("d", regular, b"x"),
        ("n" * 300, regular, b"x"), ("d/" * 120 + "x", regular, b"x"), ("\udcff", regular, b"x"),
    )  # fmt: skip
    assert from_tar(open_path / "x", data) == {"l/x": b"in a folder of ours", "twice": b"2"}
    assert not os.path.lexists(open_path / "escaped") and not os.path.lexists("/tmp/escaped")


def test_archives_that_make_no_sense_end(open_path: Path) -> None:
    good = tar(("a", tarfile.REGTYPE, b"a" * 600), ("b", tarfile.REGTYPE, b"b"))
    assert from_tar(open_path / "cut", good[:700]) == {}
    assert from_tar(open_path / "later", good[:1600]) == {"a": b"a" * 600}
    for number, data in enumerate((b"", b"x" * 5000, bytes(2000), good[:100], b"PK\3\4" + bytes(600))):
        assert from_tar(open_path / f"n{number}", data) == {}
    huge = tarfile.TarInfo("huge")
    huge.size = 1 << 62
    assert from_tar(open_path / "huge", huge.tobuf(tarfile.GNU_FORMAT) + good) == {}
    negative = bytearray(huge.tobuf(tarfile.GNU_FORMAT))
    negative[124:136] = b"\xff" * 12
    assert from_tar(open_path / "negative", bytes(negative)) == {}
    random.seed(1)
    for _ in range(300):
        spoilt = bytearray(good)
        for _ in range(random.randrange(1, 8)):
            spoilt[random.randrange(0, 1024)] = random.randrange(256)
        assert len(list(members(io.BytesIO(bytes(spoilt))))) < 50


def test_too_large_an_archive_is_cut(open_path: Path) -> None:
    big = tarfile.TarInfo("big")
    big.size = MAX_BYTES + 1
    (open_path / "a.tar").write_bytes(tar(("a", tarfile.REGTYPE, b"a"))[:1024] + big.tobuf())
    os.truncate(open_path / "a.tar", 1536 + MAX_BYTES + 1)
    collect(str(open_path / "a.tar"), str(open_path / "out"))
    assert collected(open_path / "out") == {"a": b"a"}


def test_a_workspace_that_is_neither_is_an_error(ground: Ground, open_path: Path) -> None:
    os.mkfifo(open_path / "fifo")
    (open_path / "zero").symlink_to("/dev/zero")
    for path in (open_path / "fifo", open_path / "nowhere", open_path / "zero"):
        graded = grade(ground, ground.bundle("tables"), path)
        assert (graded.status, graded.reward) == (1, None)


def test_wrong_calls(ground: Ground) -> None:
    for arguments in (
        [],
        ["a"],
        ["a", "b", "c"],
        ["a", "b", "--jobs"],
        ["a", "b", "--workspace", "x"],
        ["a", "b", "--disposable", "--nothing", "x"],
    ):
        done = subprocess.run(
            [sys.executable, "-I", "-S", ground.grade, *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2 and done.stderr.startswith("grade.py: ")
