"""Archives whose author is hostile: each is refused with a message, and nothing of it stays."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.suite.unpack import Bounds, unpack

Fill = Callable[[tarfile.TarFile], None]


def file(name: str, data: bytes = b"x", **fields: object) -> Fill:
    def fill(tar: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        for key, value in fields.items():
            setattr(info, key, value)
        tar.addfile(info, io.BytesIO(data) if info.isreg() else None)

    return fill


def special(name: str, kind: bytes, to: str = "") -> Fill:
    return file(name, b"", type=kind, linkname=to)


def both(*fills: Fill) -> Fill:
    def fill(tar: tarfile.TarFile) -> None:
        for each in fills:
            each(tar)

    return fill


def packed(path: Path, fill: Fill, form: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, "w:gz", format=form, errors="surrogateescape") as tar:
        fill(tar)
    return path


HOSTILE: dict[str, tuple[Fill, str]] = {
    "absolute": (file("/etc/cron.d/x"), "leads elsewhere"),
    "up": (file("s/../../x"), "leads elsewhere"),
    "up at the end": (file("s/.."), "leads elsewhere"),
    "dot": (file("./s/x"), "leads elsewhere"),
    "empty part": (file("s//x"), "leads elsewhere"),
    "backslash": (file("s/..\\..\\x"), "leads elsewhere"),
    "control character": (file("s/a\nb"), "leads elsewhere"),
    "long part": (file("s/" + "a" * 300), "leads elsewhere"),
    "deep": (file("/".join(["s"] * 50)), "leads elsewhere"),
    "at the top": (file("suite.json"), "stands outside of its folder"),
    "two tops": (both(file("s/x"), file("t/x")), "does not hold one folder"),
    "nothing": (both(), "does not hold one folder"),
    "symbolic link": (special("s/x", tarfile.SYMTYPE, "/etc/passwd"), "a link, a device"),
    "hard link": (both(file("s/x"), special("s/y", tarfile.LNKTYPE, "s/x")), "a link, a device"),
    "link, then a file through it": (both(special("s/d", tarfile.SYMTYPE, "/tmp"), file("s/d/x")), "a link, a device"),
    "device": (special("s/x", tarfile.CHRTYPE), "a link, a device"),
    "block device": (special("s/x", tarfile.BLKTYPE), "a link, a device"),
    "fifo": (special("s/x", tarfile.FIFOTYPE), "a link, a device"),
    "unknown kind": (special("s/x", b"Z"), "a link, a device"),
    "twice": (both(file("s/x"), file("s/x", b"y")), "two entries are called"),
    "other case": (both(file("s/Task/x"), file("s/task/y")), "two entries are called"),
    "other case of a file": (both(file("s/x"), file("s/X")), "two entries are called"),
    "composed otherwise": (both(file("s/\u00e9"), file("s/e\u0301")), "two entries are called"),
    "sharp s": (both(file("s/\u00df"), file("s/ss")), "two entries are called"),
    "a file that is a folder": (both(file("s/x"), file("s/x/y")), "two entries are called"),
    "a folder that is a file": (both(file("s/x/y"), file("s/x")), "two entries are called"),
    "folder over a file": (both(file("s/x"), special("s/x", tarfile.DIRTYPE)), "two entries are called"),
    "no UTF-8": (file("s/\udcff"), "is not UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_refused_and_nothing_stays(tmp_path: Path, name: str) -> None:
    fill, message = HOSTILE[name]
    archive = packed(tmp_path / "a.tar.gz", fill, tarfile.GNU_FORMAT)
    with pytest.raises(RuntimeFault, match=message) as caught:
        unpack(archive, tmp_path / "out")
    assert caught.value.code == "R1103"
    assert os.listdir(tmp_path) == ["a.tar.gz"]


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "no UTF-8"])
def test_the_same_in_the_other_form(tmp_path: Path, name: str) -> None:
    fill, message = HOSTILE[name]
    with pytest.raises(RuntimeFault, match=message):
        unpack(packed(tmp_path / "a.tar.gz", fill), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_left_out_is_held_to_the_rules(tmp_path: Path) -> None:
    fill = both(file("s/suite.json"), file("s/harbor/../../x"))
    with pytest.raises(RuntimeFault, match="leads elsewhere"):
        unpack(packed(tmp_path / "a.tar.gz", fill), tmp_path / "out", ("suite.json",))


def test_bounds_of_size_and_number(tmp_path: Path) -> None:
    many = packed(tmp_path / "many.tar.gz", both(*(file(f"s/{number}") for number in range(30))))
    large = packed(tmp_path / "large.tar.gz", file("s/x", bytes(5 << 20)))
    for archive, bounds, message in (
        (many, Bounds(files=20), "more than 20 entries"),
        (large, Bounds(file=1 << 20), "larger than 1 MiB"),
        (large, Bounds(unpacked=2 << 20), "more than 2 MiB"),
    ):
        with pytest.raises(RuntimeFault, match=message):
            unpack(archive, tmp_path / "out", bounds=bounds)
        assert not (tmp_path / "out").exists()


def test_a_bomb(tmp_path: Path) -> None:
    """Zeros that pack a thousandfold, in a file that is left out: reading ends at the bound."""
    archive = tmp_path / "bomb.tar.gz"
    info = tarfile.TarInfo("s/bomb")
    info.size = 200 << 20
    with gzip.open(archive, "wb", 9) as out:
        out.write(info.tobuf())
        for _ in range(100):
            out.write(bytes(1 << 20))
    assert archive.stat().st_size < 1 << 20
    with pytest.raises(RuntimeFault, match="unpacks to more than"):
        unpack(archive, tmp_path / "out", ("suite.json",))


def test_a_size_that_is_not_there(tmp_path: Path) -> None:
    info = tarfile.TarInfo("s/x")
    info.size = 1 << 40
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(info.tobuf() + b"short"))
    with pytest.raises(RuntimeFault, match="larger than"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    info.size = 1 << 20
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(info.tobuf() + b"short"))
    with pytest.raises(RuntimeFault, match="ends in the middle"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "out")


def test_damage_is_noticed_wherever_it_is(tmp_path: Path) -> None:
    whole = packed(tmp_path / "a.tar.gz", both(*(file(f"s/{n}", os.urandom(400)) for n in range(8)))).read_bytes()
    damaged = tmp_path / "b.tar.gz"
    for cut in range(1, len(whole), len(whole) // 23):
        damaged.write_bytes(whole[:cut])
        with pytest.raises(RuntimeFault):
            unpack(damaged, tmp_path / "out")
    for at in range(24, len(whole), len(whole) // 23):  # behind the name in the header, which means nothing
        damaged.write_bytes(whole[:at] + bytes((whole[at] ^ 0x55,)) + whole[at + 1 :])
        with pytest.raises(RuntimeFault):
            unpack(damaged, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_follows_the_end_is_refused(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as tar:
        file("s/x")(tar)
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(inner.getvalue() + inner.getvalue()))
    with pytest.raises(RuntimeFault, match="something follows its end"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "out")


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b", b"PK\x03\x04", b"x" * 4000, gzip.compress(b"x" * 4000, mtime=0)])
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.tar.gz").write_bytes(data)
    with pytest.raises(RuntimeFault) as caught:
        unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    assert caught.value.code == "R1103" and not (tmp_path / "out").exists()


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.tar.gz")
    with pytest.raises(RuntimeFault, match="no regular file"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "out")


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.tar.gz", file("s/x"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(RuntimeFault, match="cannot be made"):
        unpack(archive, tmp_path / "out")
    assert (tmp_path / "out" / "mine").read_text() == "mine"


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_good_one_comes_out_without_owners_and_special_modes(tmp_path: Path, form: int) -> None:
    long = "s/" + "/".join(["d" * 60] * 3) + "/\u00e9.txt"
    fill = both(file("s/run", mode=0o4777, uid=0), file(long, b"long"), special("s/empty", tarfile.DIRTYPE))
    top = unpack(packed(tmp_path / "a.tar.gz", fill, form), tmp_path / "out")
    assert top == tmp_path / "out" / "s"
    assert (top.parent / long).read_bytes() == b"long" and (top / "empty").is_dir()
    assert (top / "run").stat().st_mode & 0o7777 & ~0o755 == 0
    assert (top / "run").stat().st_mode & 0o100
