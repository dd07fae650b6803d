"""Sources of strangers: a diagnostic for each, nothing outside of the target, and nothing overwritten unasked."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clawc.commands.import_ import ImportOptions, import_command
from clawc.compiler.importers import tree as trees
from clawc.compiler.importers.model import Refused
from clawc.compiler.importers.tree import tree_at
from clawc.exits import UserError
from tests.importers.judged import imported, lay
from tests.importers.test_clawgym import task

PLAIN = ImportOptions("", "text", False, False)


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.is_symlink()
    }


def link(folder: Path, target: str) -> None:
    (folder / "input_files" / "link").symlink_to(target)


def fifo(folder: Path) -> None:
    os.mkfifo(folder / "input_files" / "pipe")


def large(folder: Path) -> None:
    with open(folder / "input_files" / "large.bin", "wb") as file:
        file.truncate((16 << 20) + 1)


def deep(folder: Path) -> None:
    at = folder / "input_files"
    for _ in range(80):
        at = at / "d"
    at.mkdir(parents=True)
    (at / "f").write_text("f")


def odd_name(folder: Path) -> None:
    (folder / "input_files" / os.fsdecode(b"bad\xff.txt")).write_text("x")


def linked(to: str) -> Callable[[Path], None]:
    return lambda folder: link(folder, to)


def entry_of(data: bytes) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / "data_entry.json").write_bytes(data)

    return spoil


def without_grader(folder: Path) -> None:
    for name in ("check.py", "reward.sh"):
        (folder / "reward" / name).unlink()


def odd_grader(folder: Path) -> None:
    (folder / "reward" / "a:b.py").write_text("")


SPOILT: list[tuple[Callable[[Path], None], str]] = [
    (linked("/etc/passwd"), "is a link"),
    (linked("."), "is a link"),
    (linked("../../.."), "is a link"),
    (linked("nowhere"), "is a link"),
    (fifo, "is no regular file"),
    (large, "is larger than 16 MiB"),
    (deep, "has too long a name"),
    (odd_name, "has a name that is not UTF-8"),
    (entry_of(b"\xff\xfe\x00"), "is not UTF-8"),
    (entry_of(b'{"user_query": "caf\xe9"}'), "is not UTF-8"),
    (entry_of(b"[" * 100_000), "is no JSON"),
    (without_grader, "holds neither"),
    (odd_grader, "is absolute"),
]


@pytest.mark.parametrize(("spoil", "message"), SPOILT)
def test_a_spoilt_task_is_refused_and_the_others_are_imported(
    spoil: Callable[[Path], None], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = task(tmp_path / "source")
    (source / "task_7").rename(source / "good")
    spoil(task(tmp_path / "source") / "task_7")
    before = files_below(tmp_path)
    out = imported(source, tmp_path / "out", status=1)
    report = json.loads((out / "import.json").read_text())
    assert [message in one["message"] for one in report["refused"]] == [True], report["refused"]
    assert [one["place"] for one in report["tasks"]] == ["good/data_entry.json"]
    assert message in capsys.readouterr().out
    after = files_below(tmp_path)
    assert {path: after[path] for path in before} == before
    assert all(path.startswith("out/") for path in set(after) - set(before))


def test_inputs_that_no_workspace_can_hold_are_left_out_and_said(tmp_path: Path) -> None:
    source = task(tmp_path / "source")
    lay(
        source / "task_7" / "input_files",
        {"a b.txt": "1", "A B.TXT": "2", "c?.txt": "3", "nul.txt": "4", "~/x": "5", "d.": "6"},
    )
    out = imported(source, tmp_path / "out")
    faults = json.loads((out / "import.json").read_text())["tasks"][0]["faults"]
    left = [f["message"] for f in faults if f["kind"] == "input left out"]
    assert len(left) == 5 and any("differs from `A B.TXT` in case alone" in m for m in left)


def test_nothing_is_overwritten_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = task(tmp_path / "source")
    full = lay(tmp_path / "full", {"mine.txt": "mine"})
    with pytest.raises(UserError, match="is there, and no import of clawc"):
        import_command([source], full, PLAIN)
    with pytest.raises(UserError, match="no import of clawc"):
        import_command([source], full, PLAIN._replace(replace=True))
    assert files_below(full) == {"mine.txt": b"mine"}
    out = imported(source, tmp_path / "out")
    (out / "task_7" / "prompt.md").write_text("edited")
    with pytest.raises(UserError, match="an older import"):
        import_command([source], out, PLAIN)
    assert (out / "task_7" / "prompt.md").read_text() == "edited"
    assert import_command([source], out, PLAIN._replace(replace=True)) == 0
    assert (out / "task_7" / "prompt.md").read_text() != "edited"
    (tmp_path / "led").symlink_to(full)
    with pytest.raises(UserError, match="is there"):
        import_command([source], tmp_path / "led", PLAIN)
    monkeypatch.chdir(tmp_path / "source")
    with pytest.raises(UserError, match="the folder that you are in"):
        import_command([source], Path(".."), PLAIN)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["full", "led", "out", "source"]


def test_sources_without_a_task(tmp_path: Path) -> None:
    empty = lay(tmp_path / "empty", {"README.md": "# Nothing\n"})
    with pytest.raises(UserError, match="no task is found"):
        import_command([empty], tmp_path / "out", PLAIN)
    with pytest.raises(UserError, match="no task of the format `harbor` is found"):
        import_command([task(tmp_path / "source")], tmp_path / "out", PLAIN._replace(origin="harbor"))
    with pytest.raises(UserError, match="unknown format `clawgim`"):
        import_command([empty], tmp_path / "out", PLAIN._replace(origin="clawgim"))
    for path in (tmp_path / "none", Path("/dev/null")):
        with pytest.raises(UserError):
            import_command([path], tmp_path / "out", PLAIN)
    assert not (tmp_path / "out").exists()


def entries(source: Path) -> Iterator[tuple[str, bytes]]:
    yield from files_below(source).items()


def zipped(path: Path, source: Path, *more: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [*entries(source), *more]:
            archive.writestr(name, data)
    return path


def tarred(path: Path, source: Path, *more: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in entries(source):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info, data in more:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info


def zip_link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


def test_archives_are_read_where_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = task(tmp_path / "source")
    folder = files_below(imported(source, tmp_path / "folder") / "task_7")
    outside = ["../evil.txt", "/tmp/evil.txt", "a/../../evil.txt", "..\\evil.txt", "good/./x"]
    packed = [
        zipped(tmp_path / "a.zip", source, *((name, b"x") for name in outside), (zip_link("link"), b"/etc/passwd")),
        tarred(tmp_path / "b.tar.gz", source, *((member(name), b"x") for name in outside[:3]),
               (member("link", tarfile.SYMTYPE, "/etc/passwd"), b""), (member("hard", tarfile.LNKTYPE, "../../x"), b""),
               (member("node", tarfile.CHRTYPE), b""), (member("pipe", tarfile.FIFOTYPE), b"")),
    ]  # fmt: skip
    before = files_below(tmp_path)
    for number, path in enumerate(packed):
        out = imported(path, tmp_path / f"out{number}")
        assert files_below(out / "task_7") == folder
        said = capsys.readouterr().out
        assert "left out ../evil.txt: it has a name that leads out of the benchmark" in said
        assert "left out link: it is a link" in said
    new = set(files_below(tmp_path)) - set(before)
    assert all(path.startswith(("out0/", "out1/")) for path in new)
    assert not Path("/tmp/evil.txt").exists()


def test_archives_that_are_traps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = task(tmp_path / "source")
    bomb = zipped(tmp_path / "bomb.zip", source, ("task_7/input_files/zeros", bytes(15 << 20)))
    out = tmp_path / "out"
    assert import_command([bomb], out, PLAIN) == 1
    assert "packed so tightly" in (out / "import.json").read_text()
    twice = tmp_path / "twice.zip"
    with pytest.warns(UserWarning, match="Duplicate"):
        zipped(twice, source, ("task_7/reward/check.py", b"print(1)"))
    assert import_command([twice], tmp_path / "out2", PLAIN) == 1
    assert "is there twice" in (tmp_path / "out2" / "import.json").read_text()
    monkeypatch.setattr(trees, "MAX_UNPACKED", 100)
    for path in (bomb, tarred(tmp_path / "c.tar.gz", source)):
        with pytest.raises(UserError, match="unpacked it has more than"):
            import_command([path], tmp_path / "out3", PLAIN)
    monkeypatch.setattr(trees, "MAX_UNPACKED", 1 << 30)
    monkeypatch.setattr(trees, "MAX_FILES", 3)
    for path in (bomb, tmp_path / "c.tar.gz", source):
        with pytest.raises(UserError, match=r"more than 3 (members|files)"):
            import_command([path], tmp_path / "out3", PLAIN)
    assert not (tmp_path / "out3").exists()


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz", "x.tar.xz", "x.tgz"])
@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"\x1f\x8b\x08\x00", os.urandom(600), b"\x00" * 2000, b"PK\x05\x06" + bytes(18)]
)
def test_broken_archives_are_a_diagnostic(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    try:
        assert tree_at(tmp_path / name).names == []
    except Refused as refused:
        assert "is no archive that can be read" in refused.message


def test_truncated_members_are_a_diagnostic(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "a.zip", task(tmp_path / "source")).read_bytes()
    for cut in range(0, 300, 7):
        spoilt = bytearray(whole)
        spoilt[40 + cut] ^= 0xFF
        (tmp_path / "b.zip").write_bytes(spoilt)
        try:
            tree = tree_at(tmp_path / "b.zip")
            for path in tree.names:
                tree.read(path)
        except Refused:
            continue


def test_the_command_says_it_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"nothing")
    ran = subprocess.run([sys.executable, "-m", "clawc", "import", str(tmp_path / "x.zip"), "-o", str(tmp_path / "out")],
                         capture_output=True, text=True, check=False)  # fmt: skip
    assert ran.returncode == 2 and "is no archive that can be read" in ran.stderr and "Traceback" not in ran.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.zip"]
