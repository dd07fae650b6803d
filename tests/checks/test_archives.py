"""ZIP and TAR archives: members, what is refused, and bombs."""

from __future__ import annotations

import contextlib
import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.stdlib.checks.archives import archive_table, zip_file
from clawc.stdlib.checks.readers import csv_table, exists
from clawc.stdlib.checks.values import File, Unmet


def file(data: bytes) -> File:
    return File("a", "out/a.zip", "zip", data)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for path, data in members.items():
            archive.writestr(path, data)
    return out.getvalue()


def tarred(members: dict[str, Any], format: int = tarfile.PAX_FORMAT, mode: str = "w") -> bytes:
    out = io.BytesIO()
    opened: Any = tarfile.open
    with opened(fileobj=out, mode=mode, format=format) as archive:
        for path, data in members.items():
            info = tarfile.TarInfo(path)
            if isinstance(data, bytes):
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))  # pyright: ignore[reportUnknownMemberType]
            else:
                info.type, info.linkname = data[0], "/etc/passwd"
                archive.addfile(info)  # pyright: ignore[reportUnknownMemberType]
    return out.getvalue()


def refused(data: bytes) -> str:
    with pytest.raises(Unmet) as caught:
        archive_table(file(data))
    return str(caught.value)


MEMBERS = {"a.csv": b"x,y\r\n1,2\r\n", "deep/b.bin": b"\xff\0", "größe.txt": "é".encode(), "empty": b""}
ROWS = [
    {"path": "a.csv", "size": 10, "text": "x,y\n1,2\n"},
    {"path": "deep/b.bin", "size": 2, "text": None},
    {"path": "größe.txt", "size": 2, "text": "é"},
    {"path": "empty", "size": 0, "text": ""},
]
LONG = {"/".join(["d" * 60] * 4) + "/ü.txt": b"1", "n" * 120: b"2"}
FORMATS = (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT)
ARCHIVES = {
    "deflated": zipped(MEMBERS),
    "stored": zipped(MEMBERS, zipfile.ZIP_STORED),
    "tar.gz": tarred(MEMBERS, mode="w:gz"),
    "dotted": tarred({f"./{path}": data for path, data in MEMBERS.items()}),
    **{f"tar {format}": tarred(MEMBERS, format) for format in FORMATS},
    "two parts": gzip.compress(tarred(MEMBERS)[:700]) + gzip.compress(tarred(MEMBERS)[700:]),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_members(name: str) -> None:
    found = archive_table(file(ARCHIVES[name]))
    assert found.columns == ["path", "size", "text"]
    assert found.rows == ROWS


@pytest.mark.parametrize("format", FORMATS[:2])
def test_long_names(format: int) -> None:
    assert [row["path"] for row in archive_table(file(tarred(LONG, format))).rows] == list(LONG)


def test_folders_are_no_members() -> None:
    assert archive_table(file(tarred({"d": [tarfile.DIRTYPE], "d/a": b"1"}))).rows == [
        {"path": "d/a", "size": 1, "text": "1"}
    ]
    assert archive_table(file(zipped({"d/": b"", "d/a": b"1"}))).rows == [{"path": "d/a", "size": 1, "text": "1"}]
    assert archive_table(file(zipped({}))).rows == []
    assert archive_table(file(tarred({}))).rows == []


def test_a_member_is_a_file() -> None:
    member = zip_file(file(ARCHIVES["deflated"]), "a.csv")
    assert (member.name, member.path, member.kind) == ("a.csv", "out/a.zip/a.csv", "csv")
    assert csv_table(member).rows == [{"x": "1", "y": "2"}]
    missing = zip_file(file(ARCHIVES["deflated"]), "b.csv")
    assert not exists(missing)
    with pytest.raises(Unmet, match=r"`out/a\.zip/b\.csv` does not exist"):
        csv_table(missing)
    with pytest.raises(Unmet, match=r"`out/a\.zip` does not exist"):
        zip_file(File("a", "out/a.zip", "zip"), "b.csv")


def linked() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("l")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


BOMB = zipped({"zeros": bytes(70 << 20)})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not an archive"),
        (b"text", "is not an archive"),
        (b"x" * 2_000, "is not an archive"),
        (b"PK\3\4 nothing", "is not a ZIP file"),
        (b"\x1f\x8bnothing", "is damaged: "),
        (ARCHIVES["deflated"][:-30], "is not a ZIP file"),
        (ARCHIVES["tar.gz"][:-30], "is damaged: it ends too early"),
        (tarred({"a": b"x" * 3_000})[:2_000], "is damaged: it ends too early"),
        (zipped({"../a": b""}), "its member `../a` could be unpacked outside of a folder"),
        (zipped({"a/../../b": b""}), "its member `a/../../b` could be"),
        (zipped({"/a": b""}), "its member `/a` could be"),
        (changed(zipped({"a|b": b""}), b"a|b", b"a\\b"), "its member `a\\b` could be"),
        (zipped({"C:a": b""}), "its member `C:a` could be"),
        (tarred({"../a": b""}), "its member `../a` could be"),
        (linked(), "its member `l` is a link"),
        (tarred({"l": [tarfile.SYMTYPE]}), "its member `l` is a link"),
        (tarred({"l": [tarfile.LNKTYPE]}), "its member `l` is a link"),
        (tarred({"l": [tarfile.FIFOTYPE]}), "its member `l` is no regular file"),
        (tarred({"l": [tarfile.CHRTYPE]}), "its member `l` is no regular file"),
        (changed(zipped({"aa": b"1", "ab": b"2"}), b"ab", b"aa"), "has the member `aa` twice"),
        (zipped({"a": b"x" * 99}, zipfile.ZIP_BZIP2), "`a` in `out/a.zip` is compressed in a way that is not read here"),
        (changed(zipped({"a": b"x" * 99}, zipfile.ZIP_STORED), b"xxxx", b"xxyx"), "`a` in `out/a.zip` is damaged"),
        (BOMB, "is too large: more than 64 MiB unpacked"),
        (gzip.compress(bytes(70 << 20)), "is too large: more than 64 MiB unpacked"),
        (zipped({"a": bytes(40 << 20), "b": bytes(40 << 20)}), "is too large: more than 64 MiB unpacked"),
        (changed(BOMB, struct.pack("<I", 70 << 20), struct.pack("<I", 1 << 20)), "is damaged"),
        (b"PK" + b"PK\1\2" * 20_001, "has more than 20000 members"),
        (tarred({"a": b"1"}).replace(b"0000000\0", b"7777777\0", 1), "is not an archive"),
    ],
)  # fmt: skip
def test_what_is_refused(data: bytes, message: str) -> None:
    found = refused(data)
    assert "`out/a.zip`" in found and message in found


def test_an_endless_chain_of_parts_ends() -> None:
    with contextlib.suppress(Unmet):
        archive_table(file(gzip.compress(b"") * 30_000))


@settings(deadline=None)
@given(st.sampled_from(sorted(ARCHIVES)), st.integers(0, 3_000), st.binary(max_size=12))
def test_damaged_archives_raise_only_unmet(name: str, place: int, change: bytes) -> None:
    data = ARCHIVES[name]
    with contextlib.suppress(Unmet):
        archive_table(file(data[:place] + change + data[place + len(change) :]))
    if name == "tar.gz":
        plain = zlib.decompress(data, 31)
        with contextlib.suppress(Unmet):
            archive_table(file(plain[:place] + change + plain[place + len(change) :]))


@given(st.binary(max_size=600), st.sampled_from([b"", b"PK", b"\x1f\x8b\x08\0", b"PK\5\6"]))
def test_bytes_raise_only_unmet(data: bytes, head: bytes) -> None:
    with contextlib.suppress(Unmet):
        archive_table(file(head + data))


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("path", ["a" * 99, "a" * 100, "b" * 100 + "/" + "a" * 90, "b/" * 60 + "a"])
def test_long_paths_in_tar(path: str, format: int) -> None:
    found = archive_table(file(tarred({path: b"1", "z": b"22"}, format)))
    assert [(row["path"], row["size"]) for row in found.rows] == [(path, 1), ("z", 2)]
