"""Further folders of a sandbox, and copies of folders out of one that runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from clawc.runtime.sandbox.finish import finish
from clawc.runtime.sandbox.interface import FileProblem, Sandbox, SandboxEnded
from clawc.spec.bundle import Limits
from tests.sandbox.bench import SMALL, Bench, Files, below, ended, py, sh
from tests.sandbox.case import Table

FOLDERS = Table()

_AT = ("/grade", "/some/where")
_SECRET = "of-the-host"


@asynccontextmanager
async def _sandbox(bench: Bench, limits: Limits = SMALL) -> AsyncGenerator[Sandbox]:
    made = await bench.backend.create(Files(), limits, {}, _AT)
    try:
        yield made
    finally:
        await finish(made.close())


def _files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


async def _refused(sandbox: Sandbox, path: str, dest: Path) -> None:
    try:
        found = await sandbox.copy(path, dest)
    except FileProblem:
        return
    raise AssertionError(f"`{path}` was copied: {found}, {list(dest.rglob('*'))[:5]}")


@FOLDERS.case("writes to further folders", "works; they were empty, and what is above them is read-only")
async def folders_are_writable(bench: Bench) -> None:
    async with _sandbox(bench) as sandbox:
        assert await sh(sandbox, "ls -A /grade /some/where") == "/grade:\n\n/some/where:\n"
        assert await sh(sandbox, "echo x > /grade/x; mkdir /some/where/d; cat /grade/x; ls /some/where") == "x\nd\n"
        assert "Read-only" in await sh(sandbox, "touch /some/x")
        await sandbox.put("/grade/deep/er", b"put")
        assert await sandbox.get("/grade/deep/er") == b"put"


@FOLDERS.case("runs a set-user-id program and a device in a further folder", "gives nothing")
async def folders_give_no_rights(bench: Bench) -> None:
    async with _sandbox(bench) as sandbox:
        said = await sh(
            sandbox,
            "id -u; cp /usr/bin/id /grade/id; chmod 4755 /grade/id; /grade/id -u; mknod /grade/n c 1 3 || echo none",
        )
        before, after, *rest = said.split("\n")
        assert before == after != "0" and "none" in rest, said


@FOLDERS.case("looks for a further folder in a fork, the collection and another sandbox", "is not there")
async def folders_are_of_one_sandbox(bench: Bench) -> None:
    async with _sandbox(bench) as sandbox, _sandbox(bench) as other:
        await sandbox.put("/grade/mine", b"")
        await sandbox.put("own.txt", b"")
        assert await sh(other, "ls -A /grade") == ""
        fork = await sandbox.fork()
        try:
            assert await sh(fork, "ls -A /grade; echo y > /grade/y; ls own.txt") == "own.txt\n"
        finally:
            await fork.close()
        assert await sh(sandbox, "ls /grade") == "mine\n"
        collected = await sandbox.collect(bench.folder / "out")
        assert "own.txt" in _files(bench.folder / "out") and collected.written == ("own.txt",)
        assert not below(bench.folder / "out", "mine")


@FOLDERS.case("fills a further folder", "the sandbox ends: its disk limit is for all that it writes")
async def folders_count_as_disk(bench: Bench) -> None:
    async with _sandbox(bench) as sandbox:
        end = await ended(sandbox, "cd /some/where; for n in 1 2 3; do head -c 8000000 /dev/zero > $n; done; sleep 30")
        assert end.limit == "disk", end


@FOLDERS.case("leaves files in further folders", "are removed with the sandbox")
async def folders_are_removed(bench: Bench) -> None:
    async with _sandbox(bench) as sandbox:
        await sh(sandbox, "mkdir -p /grade/a/b; touch /grade/a/b/left-in-a-folder; chmod -R 0 /grade/a; chmod 0 /grade")
    assert not below(bench.state, "left-in-a-folder")


@FOLDERS.case("names folders of the system, of others, and ways up", "none is copied")
async def copy_takes_only_what_can_be_written(bench: Bench) -> None:
    async with _sandbox(bench) as sandbox:
        await sh(
            sandbox,
            "mkdir -p /tmp/x /w/d; ln -s /etc /w/etc; ln -s d /w/l; ln -s / /grade/root; touch /w/file; mkfifo /w/fifo",
        )
        for number, path in enumerate(
            ("/", "/etc", "/tmp/x", "/usr", "/proc", "/some", "..", "/w/..", "/w/../etc", "/w/d/../../etc", "/grade/../../etc", "etc", "/w/etc",
             "/w/l", "/grade/root", "/grade/root/etc", "/w/file", "/w/fifo", "/w/nowhere", "/w/file/x", "", "/w/d/../d", "/grades")
        ):  # fmt: skip
            if path:
                await _refused(sandbox, path, bench.folder / f"out{number}")
        assert list(bench.folder.iterdir()) == []


@FOLDERS.case(
    "copies the workspace and a folder in it while it runs", "what is there now, merged with the template; it runs on"
)
async def copy_is_of_now(bench: Bench) -> None:
    async with _sandbox(bench) as sandbox:
        await sh(
            sandbox,
            "rm in/data.txt; rm -r in/deep; mkdir in/deep; echo new > in/deep/new; echo more >> in/tool; mkdir -p empty/er",
        )
        found = await sandbox.copy("/w", bench.folder / "all")
        tool = Files.FILES["in/tool"].data.decode() + "more\n"
        assert _files(bench.folder / "all") == {"in/deep/new": "new\n", "in/tool": tool}, found
        assert (bench.folder / "all" / "empty" / "er").is_dir()
        assert (bench.folder / "all" / "in" / "tool").stat().st_mode & 0o777 == 0o755
        await sandbox.copy("in/deep", bench.folder / "part")
        assert _files(bench.folder / "part") == {"new": "new\n"}
        await sandbox.copy("/grade", bench.folder / "none")
        assert _files(bench.folder / "none") == {}
        assert await sh(sandbox, "echo still") == "still\n"


@FOLDERS.case("copies an untouched folder of the template", "its files, which stay as they were")
async def copy_of_the_template(bench: Bench) -> None:
    async with _sandbox(bench) as sandbox:
        await sandbox.copy("in", bench.folder / "in")
        assert (bench.folder / "in" / "data.txt").read_text() == "data\n"
        (bench.folder / "in" / "data.txt").write_text("changed by the host")
        assert await sh(sandbox, "cat in/data.txt") == "data\n"
    async with _sandbox(bench) as sandbox:
        assert await sh(sandbox, "cat in/data.txt") == "data\n"


@FOLDERS.case(
    "leaves links, FIFOs, sockets, odd names, shut folders and a deep tree", "are refused and named; the rest is copied"
)
async def copy_refuses_what_is_no_file(bench: Bench) -> None:
    (bench.folder / "secret").write_text(_SECRET)
    async with _sandbox(bench) as sandbox:
        await py(
            sandbox,
            f"import os, socket; os.chdir('/grade'); os.symlink({str(bench.folder / 'secret')!r}, 'link'); os.symlink('/etc', 'folder')\n"
            "os.mkfifo('fifo'); socket.socket(socket.AF_UNIX).bind('socket'); open(b'\\xff', 'w'); open('fine', 'w').write('x')\n"
            "at = '.'\nfor n in range(110): at += '/d'; os.mkdir(at)\n"
            "open('sparse', 'w').truncate(10 << 20)",
        )
        found = await sandbox.copy("/grade", bench.folder / "out")
        assert {"link", "folder", "fifo", "socket"} <= {one.path for one in found.refused}, found.refused
        assert set(_files(bench.folder / "out")) == {"fine", "sparse"}
        assert not any(path.is_symlink() for path in (bench.folder / "out").rglob("*"))
        assert await sh(sandbox, "ls /grade/fine") == "/grade/fine\n"


@FOLDERS.case("takes rights away from what is copied", "the copy ends, and no rights are given in a sandbox that runs")
async def copy_mends_no_rights(bench: Bench) -> None:
    async with _sandbox(bench) as sandbox:
        await sh(
            sandbox,
            "mkdir /grade/shut; echo x > /grade/shut/x; chmod 0 /grade/shut; echo y > /grade/y; chmod 0 /grade/y; touch /grade/z",
        )
        await sandbox.copy("/grade", bench.folder / "out")
        assert "z" in _files(bench.folder / "out")
        assert await sh(sandbox, "stat -c %a /grade/shut /grade/y") == "0\n0\n"


@FOLDERS.case("swaps a folder for a link to the host's while it is copied", "nothing of the host is ever in a copy")
async def copy_is_not_led_away(bench: Bench) -> None:
    outside = bench.folder / "outside"
    outside.mkdir(mode=0o755)
    outside.chmod(0o755)
    (outside / "secret").write_text(_SECRET)
    (outside / "secret").chmod(0o644)
    async with _sandbox(bench) as sandbox:
        await sh(
            sandbox,
            f"mkdir -p /grade/a/b /grade/c; touch /grade/a/b/f; ln -s {outside} /grade/c/b; ln -s {outside}/secret /grade/c/f",
        )
        swap = (
            "import ctypes, os, time\nlibc = ctypes.CDLL(None)\nend, done = time.time() + 2, 0\n"
            "number = {'x86_64': 316}.get(os.uname().machine, 276)  # renameat2\n"
            "while time.time() < end:\n"
            "    done += libc.syscall(number, -100, b'/grade/a/b', -100, b'/grade/c/b', 2) == 0\n"
            "    done += libc.syscall(number, -100, b'/grade/a', -100, b'/grade/c', 2) == 0\n"
            "print(done)"
        )
        swapping = asyncio.create_task(py(sandbox, swap))
        number = 0
        while not swapping.done():
            for path in ("/grade", "/grade/a", "/grade/a/b"):
                number += 1
                dest = bench.folder / f"out{number}"
                try:
                    await sandbox.copy(path, dest)
                except FileProblem:
                    continue
                assert _SECRET not in _files(dest).values()
        assert number > 10 and int(await swapping) > 100


@FOLDERS.case("is ended by a limit, or stopped", "its folders can still be copied")
async def copy_after_the_end(bench: Bench) -> None:
    async with _sandbox(bench) as sandbox:
        end = await ended(
            sandbox, "echo x > /grade/x; python3 -c 'x = bytearray(400 << 20); import time; time.sleep(30)'"
        )
        assert end.limit == "memory"
        await sandbox.copy("/grade", bench.folder / "grade")
        assert _files(bench.folder / "grade") == {"x": "x\n"}
    async with _sandbox(bench) as sandbox:
        await sh(sandbox, "echo y > y")
        await sandbox.stop()
        await sandbox.copy("/w", bench.folder / "w")
        assert _files(bench.folder / "w")["y"] == "y\n"


@FOLDERS.case("puts a file that is larger than the memory", "is written whole, in parts")
async def put_of_a_large_file(bench: Bench) -> None:
    limits = SMALL.model_copy(update={"disk_bytes": 256 << 20, "memory_bytes": 64 << 20})
    data = os.urandom(1 << 20) * 100
    async with _sandbox(bench, limits) as sandbox:
        await sandbox.put("/grade/big", b"what was there" * 1_000_000)
        await sandbox.put("/grade/big", data, 0o755)
        said = await sh(
            sandbox,
            "stat -c %s /grade/big; head -c 1048576 /grade/big | cmp - /grade/big 2>&1 | head -c 3; mkfifo /grade/f",
        )
        assert said.startswith(f"{len(data)}\ncmp"), said
        try:
            await sandbox.put("/grade/f", data)
        except FileProblem:
            assert await sh(sandbox, "echo still") == "still\n"
            return
        except SandboxEnded as end:
            raise AssertionError(f"a FIFO ended it: {end}") from end
        raise AssertionError("a FIFO was written to")
