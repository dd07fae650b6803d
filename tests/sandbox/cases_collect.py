"""What a hostile workspace gives to the host that copies it: plain files within caps, and a word about the rest."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from clawc.runtime.sandbox.interface import Collected, Sandbox, SandboxEnded
from tests.sandbox.bench import SMALL, Bench, Files, py, sh, word
from tests.sandbox.case import Table

COLLECT = Table()

_SECRET = "host-secret-8c1f"


async def _collected(bench: Bench, program: str) -> tuple[Collected, dict[str, bytes]]:
    """What comes of a workspace in which a Python program has run: the report, and every file by its path."""
    async with bench.sandbox() as sandbox:
        said = await py(sandbox, f"import os, socket, stat\nos.chdir('/w')\n{program}")
        assert said == "", said
        found = await sandbox.collect(bench.folder / "dest")
    return found, tree(bench.folder / "dest")


def tree(root: Path) -> dict[str, bytes]:
    """Every entry below `root`: files with their bytes, anything else than a file or folder fails."""
    found: dict[str, bytes] = {}
    for path in sorted(root.rglob("*")):
        kind = path.lstat().st_mode
        assert stat.S_ISREG(kind) or stat.S_ISDIR(kind), path
        if stat.S_ISREG(kind):
            found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def _given() -> dict[str, bytes]:
    return {name: file.data for name, file in Files.FILES.items()}


async def _refused(bench: Bench, program: str, *names: str) -> None:
    """A program makes entries that must be left behind and named, with all else as it was."""
    found, files = await _collected(bench, program)
    assert {entry.path for entry in found.refused} == set(names), found.refused
    assert files == _given() and found.over == ""


@COLLECT.case("leaves links to files, in the workspace and outside", "refused")
async def symlink_file(bench: Bench) -> None:
    await _refused(bench, "os.symlink('in/data.txt', 'a'); os.symlink('/etc/passwd', 'b')", "a", "b")


@COLLECT.case("leaves links to folders", "refused, and nothing behind them comes along")
async def symlink_dir(bench: Bench) -> None:
    await _refused(bench, "os.symlink('in', 'a'); os.symlink('/etc', 'b'); os.symlink('.', 'c')", "a", "b", "c")


@COLLECT.case("leaves links to absolute paths that exist on the host only", "refused, the host's file is not read")
async def symlink_absolute(bench: Bench) -> None:
    secret = bench.folder / "secret"
    secret.write_text(_SECRET)
    found, files = await _collected(bench, f"os.symlink({str(secret)!r}, 'a'); os.symlink({str(bench.folder)!r}, 'b')")
    assert {entry.path for entry in found.refused} == {"a", "b"}
    assert _SECRET.encode() not in b"".join(files.values())


@COLLECT.case("leaves links to nothing, and to themselves", "refused")
async def symlink_dangling(bench: Bench) -> None:
    await _refused(
        bench, "os.symlink('nowhere', 'a'); os.symlink('b', 'b'); os.symlink('d', 'c'); os.symlink('c', 'd')", *"abcd"
    )


@COLLECT.case("puts a link in place of a folder of the template", "refused; what is behind it does not come along")
async def symlink_over_folder(bench: Bench) -> None:
    found, files = await _collected(
        bench, "__import__('shutil').move('in', 'moved'); os.symlink('/etc', 'in'); os.symlink('../moved', 'moved/up')"
    )
    assert {entry.path for entry in found.refused} == {"in", "moved/up"}
    assert files == {name.replace("in/", "moved/", 1): data for name, data in _given().items()}


@COLLECT.case("leaves links that climb with ..", "refused")
async def dotdot(bench: Bench) -> None:
    await _refused(
        bench,
        "os.symlink('../../../../../../etc/passwd', 'a'); os.symlink('..', 'b'); os.symlink('in/../../..', 'c')",
        *"abc",
    )


@COLLECT.case("leaves names that begin with dots or hyphens", "collected under these names, below the new folder")
async def dotted_names(bench: Bench) -> None:
    names = ["...", "..data", ".hidden", "-rf", "--", "~", "$HOME", "*", "a;b", "a b", "'", '"', "\\", "%00"]
    found, files = await _collected(bench, f"for name in {names!r}: open(name, 'w').close()")
    assert set(files) == {*_given(), *names} and found.refused == ()


@COLLECT.case("leaves a FIFO", "refused, without waiting for a writer")
async def fifo_no_block(bench: Bench) -> None:
    await _refused(bench, "os.mkfifo('a'); os.remove('in/data.txt'); os.mkfifo('in/data.txt'); os.remove('in/data.txt'); open('in/data.txt', 'w').write('data\\n')", "a")  # fmt: skip


@COLLECT.case("leaves a socket", "refused")
async def socket(bench: Bench) -> None:
    await _refused(bench, "socket.socket(socket.AF_UNIX).bind('a')", "a")


@COLLECT.case(
    "makes a device 0:0, which hides a file of the template from an overlay",
    "refused inside, or left behind; no other file is hidden",
)
async def whiteout(bench: Bench) -> None:
    program = """
for name in ('in/white', 'white'):
    try:
        os.mknod(name, stat.S_IFCHR, os.makedev(0, 0))
    except OSError:
        pass
"""
    found, files = await _collected(bench, program)
    assert files == _given() and {entry.path for entry in found.refused} <= {"in/white", "white"}


@COLLECT.case("deletes files and folders of the template", "they are gone from what is collected, and named as removed")
async def deletions_collected(bench: Bench) -> None:
    found, files = await _collected(bench, "os.remove('in/data.txt'); __import__('shutil').rmtree('in/deep')")
    assert files == {"in/tool": _given()["in/tool"]} and found.refused == ()


@COLLECT.case("deletes a folder of the template and makes it anew", "only what it made is there")
async def folder_replaced(bench: Bench) -> None:
    _, files = await _collected(
        bench, "__import__('shutil').rmtree('in'); os.mkdir('in'); open('in/new', 'w').write('new')"
    )
    assert files == {"in/new": b"new"}


@COLLECT.case("puts a file in place of a folder, and a folder in place of a file", "collected as they are now")
async def kinds_swapped(bench: Bench) -> None:
    program = "__import__('shutil').rmtree('in/deep'); open('in/deep', 'w').write('x'); os.remove('in/data.txt'); os.mkdir('in/data.txt'); open('in/data.txt/y', 'w').write('y')"
    _, files = await _collected(bench, program)
    assert files == {"in/deep": b"x", "in/data.txt/y": b"y", "in/tool": _given()["in/tool"]}


@COLLECT.case(
    "leaves a sparse file within its limit", "comes along as the zeros that it reads as, on the host as large at most"
)
async def sparse(bench: Bench) -> None:
    _, files = await _collected(bench, "open('a', 'w').truncate(8 << 20)")
    assert files["a"] == bytes(8 << 20)


@COLLECT.case("leaves more bytes than are collected", "ends, `bytes`; no half file")
async def huge(bench: Bench) -> None:
    limits = SMALL.model_copy(update={"disk_bytes": 1 << 30})
    async with bench.sandbox(limits) as sandbox:
        await sh(sandbox, "truncate -s 200M a; truncate -s 200M b; echo x > c")
        found = await sandbox.collect(bench.folder / "dest")
    assert found.over == "bytes"
    assert all(
        path.stat().st_size in (200 << 20, 2, 5, 20) for path in (bench.folder / "dest").rglob("*") if path.is_file()
    )


async def _many(bench: Bench, count: int) -> None:
    limits = SMALL.model_copy(update={"disk_bytes": 1 << 30})
    program = f"import os\nfor n in range({count}): os.close(os.open('/w/f%06d' % n, os.O_CREAT | os.O_WRONLY))"
    async with bench.sandbox(limits) as sandbox:
        assert await py(sandbox, program, timeout_s=120) == ""
        found = await sandbox.collect(bench.folder / "dest")
    assert found.over == "files" and found.files <= 20_000
    assert len(os.listdir(bench.folder / "dest")) <= 20_001


@COLLECT.case("leaves 21,000 files", "20,000 come along at most, and it is said")
async def files_21000(bench: Bench) -> None:
    await _many(bench, 21_000)


@COLLECT.case("leaves 99,000 files", "20,000 come along at most, and it is said", name="1e5_files", nightly=True)
async def files_1e5(bench: Bench) -> None:
    await _many(bench, 99_000)


_DEEP = """
import os
at = os.open('/w', os.O_RDONLY)
for n in range({depth}):
    os.mkdir('d' * 15, dir_fd=at)
    inner = os.open('d' * 15, os.O_RDONLY, dir_fd=at)
    os.close(at)
    at = inner
os.close(os.open('x', os.O_CREAT | os.O_WRONLY, dir_fd=at))
open('/w/shallow', 'w').write('x')
"""


@COLLECT.case("nests folders 150 deep", "refused at depth 100, the rest comes along, all is removed")
async def deep_150(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        assert await py(sandbox, _DEEP.format(depth=150)) == ""
        found = await sandbox.collect(bench.folder / "dest")
    assert [entry.reason for entry in found.refused] == ["is nested deeper than 100 folders"]
    assert (bench.folder / "dest/shallow").read_bytes() == b"x"
    assert (bench.folder / "dest/in/data.txt").read_bytes() == b"data\n"


@COLLECT.case(
    "nests folders 400 deep, past the length of any path", "ended, `disk`, or collected to depth 100; all is removed"
)
async def deep_400(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        with suppress(SandboxEnded):
            await py(sandbox, _DEEP.format(depth=400))
        found = await sandbox.collect(bench.folder / "dest")
    assert "is nested deeper than 100 folders" in {entry.reason for entry in found.refused}
    assert (bench.folder / "dest/in/data.txt").read_bytes() == b"data\n"


@COLLECT.case("leaves names that are not UTF-8", "refused, named in ASCII")
async def non_utf8(bench: Bench) -> None:
    found, files = await _collected(
        bench, "os.mkdir(b'\\xff\\xfe'); open(b'a\\xff', 'w').close(); open(b'\\xed\\xa0\\x80', 'w').close()"
    )
    assert len(found.refused) == 3 and all(entry.path.isascii() for entry in found.refused), found.refused
    assert files == _given()


@COLLECT.case(
    "leaves names with line breaks, escapes of terminals and marks of direction", "collected under these names"
)
async def newline_names(bench: Bench) -> None:
    names = ["a\nb", "\n", "a\r", "\x1b[2J", "\u202e", "\x7f", "\ta", "a\u2028b", "e\u0301", "\u00e9"]
    found, files = await _collected(bench, f"for name in {names!r}: open(name, 'w').close()")
    assert set(files) == {*_given(), *names} and found.refused == ()


@COLLECT.case("leaves names as long as can be", "collected")
async def name_255(bench: Bench) -> None:
    _, files = await _collected(bench, "open('n' * 255, 'w').write('x'); open('\\u00e9' * 127, 'w').write('y')")
    assert files["n" * 255] == b"x" and files["é" * 127] == b"y"


@COLLECT.case(
    "swaps a file for a link to a file of the host without end, while it is collected",
    "everything inside has ended before; the host's file is never read",
)
async def symlink_race(bench: Bench) -> None:
    secret, mark = bench.folder / "secret", word()
    secret.write_text(_SECRET)
    program = f"""
import os
"{mark}"
os.makedirs("/w/out", exist_ok=True)
while True:
    with open("/w/out/new", "w") as file:
        file.write("plain")
    os.replace("/w/out/new", "/w/out/a")
    os.symlink({str(secret)!r}, "/w/out/link")
    os.replace("/w/out/link", "/w/out/a")
    os.rename("/w/out", "/w/old")
    os.symlink({str(bench.folder)!r}, "/w/out")
    os.unlink("/w/out")
    os.rename("/w/old", "/w/out")
"""
    for number in range(4):
        async with bench.sandbox() as sandbox:
            await sandbox.put("/tmp/swap.py", program.encode())
            await sh(sandbox, "setsid python3 /tmp/swap.py >/dev/null 2>&1 & sleep 0.15")
            await sandbox.collect(bench.folder / f"dest{number}")
        assert _SECRET.encode() not in b"".join(tree(bench.folder / f"dest{number}").values())


_TAR = """
import io, tarfile
with tarfile.open('a.tar', 'w') as out:
    member = tarfile.TarInfo({name!r})
    member.type, member.linkname, member.size = {kind}, {link!r}, {size}
    out.addfile(member, io.BytesIO(b'x' * {size}))
"""


async def _tar(bench: Bench, name: str, kind: str, link: str = "", size: int = 0) -> None:
    """An archive is a file like any other: nothing of it is unpacked."""
    outside = bench.folder / "outside"
    program = _TAR.format(name=name.format(outside=outside), kind=kind, link=link.format(outside=outside), size=size)
    found, files = await _collected(bench, program)
    assert set(files) == {*_given(), "a.tar"} and found.refused == ()
    assert not outside.exists() and sorted(os.listdir(bench.folder)) == ["dest"]


@COLLECT.case("leaves an archive with a member that climbs", "a file like any other: nothing is unpacked")
async def tar_traversal(bench: Bench) -> None:
    await _tar(bench, "../outside", "tarfile.REGTYPE", size=1)


@COLLECT.case("leaves an archive with a member at an absolute path", "nothing is unpacked")
async def tar_absolute(bench: Bench) -> None:
    await _tar(bench, "{outside}", "tarfile.REGTYPE", size=1)


@COLLECT.case("leaves an archive with a hard link out of it", "nothing is unpacked")
async def tar_hardlink(bench: Bench) -> None:
    await _tar(bench, "a", "tarfile.LNKTYPE", link="{outside}")


@COLLECT.case(
    "sets the attributes by which an overlay hides what is below",
    "refused or without effect: what is collected is what the agent sees",
)
async def overlay_xattr(bench: Bench) -> None:
    program = """
for name in ('user.overlay.opaque', 'trusted.overlay.opaque', 'user.overlay.redirect', 'user.overlay.whiteout', 'user.overlay.metacopy'):
    for path in ('in', 'in/deep', 'in/data.txt', '.'):
        for value in (b'y', b'x', b'/etc'):
            try:
                os.setxattr(path, name, value)
            except OSError:
                pass
"""
    found, files = await _collected(bench, program)
    assert files == _given() and found.refused == ()


@COLLECT.case("hard-links files of the workspace among each other", "each comes along by itself")
async def hardlinks_inside(bench: Bench) -> None:
    _, files = await _collected(bench, "os.link('in/data.txt', 'a'); open('a', 'a').write('more')")
    assert files["a"] == files["in/data.txt"] == b"data\nmore"


@COLLECT.case("takes all rights from files and folders", "collected all the same")
async def modes_taken(bench: Bench) -> None:
    program = "open('a', 'w').write('x'); os.chmod('a', 0); os.mkdir('b'); open('b/c', 'w').write('y'); os.chmod('b', 0); os.chmod('in', 0o100); os.chmod('.', 0o300)"
    found, files = await _collected(bench, program)
    assert files == {**_given(), "a": b"x", "b/c": b"y"} and found.refused == ()


@COLLECT.case(
    "changes a file and gives it the size and time that it had", "collected as it is now, and among what was written"
)
async def mtime_not_trusted(bench: Bench) -> None:
    program = """
had = os.stat('in/data.txt')
with open('in/data.txt', 'r+b') as file:
    file.write(b'DATA')
os.utime('in/data.txt', ns=(had.st_atime_ns, had.st_mtime_ns))
os.utime('in', ns=(0, 0))
"""
    _, files = await _collected(bench, program)
    assert files["in/data.txt"] == b"DATA\n"


@COLLECT.case(
    "configures git so that looking at the repository runs a program",
    "collecting and closing run nothing of the workspace",
)
async def fsmonitor_not_run(bench: Bench) -> None:
    ran = bench.folder / "ran"
    hook = f"#!/bin/sh\n: > {ran}\n"
    config = "[core]\n\tfsmonitor = /w/hook\n\thooksPath = /w\n\tpager = /w/hook\n[alias]\n\tstatus = !/w/hook\n"
    async with bench.sandbox() as sandbox:
        for path in ("hook", "post-checkout", "pre-commit", "conftest.py", "Makefile", "setup.py", ".envrc"):
            await sandbox.put(path, hook.encode(), 0o755)
        await sandbox.put(".git/config", config.encode())
        await sandbox.put(".git/HEAD", b"ref: refs/heads/main\n")
        await sandbox.put(".git/hooks/post-index-change", hook.encode(), 0o755)
        await sandbox.collect(bench.folder / "dest")
    assert not ran.exists() and (bench.folder / "dest/.git/config").read_text() == config


async def _digests(sandbox: Sandbox) -> str:
    return await sh(
        sandbox, "find . -exec stat -c '%n %a %F %s' {} + | sort; find . -type f -exec sha256sum {} + | sort"
    )


@COLLECT.case(
    "changes, deletes, renames and remodes all that it was given",
    "the next sandbox of the same template has it as it was",
)
async def template_hash_unchanged(bench: Bench) -> None:
    ruin = """
echo more >> in/data.txt; : > in/deep/er/note.txt; chmod 0 in/tool; mv in/deep in/deeper; ln -f in/data.txt in/hard
touch -d @0 in; truncate -s 9 in/data.txt; rm -rf in/deeper; chmod 777 in .; setfattr -n user.x -v y in 2>/dev/null; :
"""
    async with bench.sandbox() as fresh:
        before = await _digests(fresh)
    for _ in range(2):
        async with bench.sandbox() as sandbox:
            await sh(sandbox, ruin)
    async with bench.sandbox() as sandbox:
        assert await _digests(sandbox) == before
    expected = {name: hashlib.sha256(file.data).hexdigest() for name, file in Files.FILES.items()}
    assert all(f"{digest}  ./{name}" in before for name, digest in expected.items())


@COLLECT.case(
    "adds, changes and deletes",
    "what was written to is named in `written`, what was not touched is counted in `kept`",
    needs="written",
)
async def written_is_named(bench: Bench) -> None:
    program = (
        "open('in/data.txt', 'a').write('x'); os.remove('in/tool'); os.makedirs('new'); open('new/a', 'w').write('a')"
    )
    found, files = await _collected(bench, program)
    assert set(files) == {"in/data.txt", "in/deep/er/note.txt", "new/a"}
    assert (set(found.written), found.kept) == ({"in/data.txt", "new/a"}, 1), found


@COLLECT.case("changes nothing", "the template comes out, with its modes")
async def untouched(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        found = await sandbox.collect(bench.folder / "dest")
    assert tree(bench.folder / "dest") == _given() and found.refused == () and found.over == ""
    assert stat.S_IMODE((bench.folder / "dest/in/tool").stat().st_mode) == 0o755
    assert stat.S_IMODE((bench.folder / "dest/in/data.txt").stat().st_mode) == 0o644
