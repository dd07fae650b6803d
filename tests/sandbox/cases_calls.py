"""What a sandbox is for: commands, files, and programs over a template; and calls that meet something hostile in their way."""

from __future__ import annotations

import asyncio
import os

from clawc.runtime.sandbox.interface import FileProblem, LaidFile, Program, SandboxEnded
from tests.sandbox.bench import SMALL, Bench, Files, processes, py, sh, word
from tests.sandbox.case import Table

CALLS = Table()


@CALLS.case("reads its input, prints, exits with a status", "all of it comes out")
async def exec_streams(bench: Bench) -> None:
    async with bench.sandbox(env={"X": "1"}) as sandbox:
        done = await sandbox.exec(["/bin/sh", "-c", "cat; echo err >&2; exit 7"], stdin=b"in" * 200_000, timeout_s=30)
        assert (done.exit, len(done.stdout), done.stderr, done.truncated) == (7, 400_000, b"err\n", False)
        assert (await sandbox.exec(["/no/such"], timeout_s=30)).exit == 127
        assert (await sandbox.exec(["/etc/passwd"], timeout_s=30)).exit == 126
        assert (await sandbox.exec(["/bin/sh", "-c", "kill -TERM $$"], timeout_s=30)).exit == 143
        command = ["/bin/sh", "-c", "pwd; echo $X $Y"]
        assert (await sandbox.exec(command, cwd="/w/in", env={"Y": "2"}, timeout_s=30)).stdout == b"/w/in\n1 2\n"
        assert (await sandbox.exec(command, timeout_s=30)).stdout == b"/w\n1\n"


@CALLS.case("runs eight commands at once", "each has its own result")
async def exec_at_once(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        several = await asyncio.gather(*(sh(sandbox, f"sleep 0.{9 - n}; echo {n}") for n in range(8)))
        assert several == [f"{n}\n" for n in range(8)]


@CALLS.case(
    "writes and reads files, in folders that are not there yet", "bytes come back as they were; modes are as asked"
)
async def put_and_get(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        await sandbox.put("a/b/c.bin", b"\x00\xff\n")
        assert await sandbox.get("/w/a/b/c.bin") == b"\x00\xff\n"
        await sandbox.put("in/data.txt", b"x")
        assert await sandbox.get("in/data.txt") == b"x"
        await sandbox.put("/tmp/tool", b"#!/bin/sh\necho tool\n", 0o755)
        assert await sh(sandbox, "/tmp/tool") == "tool\n"
        big = os.urandom(5 << 20)
        await sandbox.put("big", big)
        assert await sandbox.get("big") == big


@CALLS.case("puts FIFOs, devices, links and folders where files are read and written", "FileProblem, at once")
async def special_files_do_not_block(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        await sh(
            sandbox,
            "mkfifo fifo; ln -s /dev/zero zero; ln -s loop loop; ln -s /dev/tty tty; truncate -s 15M big; ln -s /proc/self/mem mem",
        )
        for path in ("fifo", "zero", "loop", "in", "absent", "a\0b", "in/data.txt/x", "n" * 300, "d/" * 3000, "tty"):
            try:
                await sandbox.get(path)
            except FileProblem:
                continue
            raise AssertionError(f"{path[:20]!r} was read")
        for path in (
            "fifo",
            "in",
            "/usr/x",
            "/etc/passwd",
            "in/data.txt/x",
            "zero",
            "loop",
            "mem",
            "/proc/1/mem",
            "a\0b",
        ):
            try:
                await sandbox.put(path, b"x")
            except FileProblem:
                continue
            raise AssertionError(f"{path!r} was written")
        assert await sh(sandbox, "echo alive") == "alive\n"


@CALLS.case(
    "has links in its workspace that lead to files of the host",
    "they mean what they mean inside: the host is not read or written",
)
async def links_stay_inside(bench: Bench) -> None:
    secret = bench.folder / "secret"
    secret.write_text("host")
    async with bench.sandbox() as sandbox:
        await sh(sandbox, f"ln -s {secret} a; ln -s {bench.folder} b; ln -s ../../../../../../../../etc/shadow c")
        for path in ("a", "b/secret", "c", "../../etc/shadow", str(secret)):
            try:
                assert await sandbox.get(path) != b"host"
            except FileProblem:
                continue
        for path in ("a", "b/planted", str(bench.folder / "planted"), "../../../../../tmp/planted-by-a-test"):
            try:
                await sandbox.put(path, b"x")
            except FileProblem:
                continue
    assert secret.read_text() == "host" and os.listdir(bench.folder) == ["secret"]
    assert not os.path.exists("/tmp/planted-by-a-test")


@CALLS.case("replaces its files while they are read and written", "each call ends with a result or FileProblem")
async def files_replaced_while_used(bench: Bench) -> None:
    swap = "while :; do rm -rf x; mkfifo x; rm x; mkdir x; rmdir x; ln -s /dev/zero x; rm x; echo plain > x; done"
    async with bench.sandbox() as sandbox:
        await sh(sandbox, f"setsid sh -c '{swap}' >/dev/null 2>&1 &")
        for number in range(60):
            try:
                if number % 2:
                    await sandbox.put("x", b"mine")
                else:
                    assert len(await sandbox.get("x")) <= 16
            except FileProblem:
                continue


@CALLS.case("has ended", "every call raises SandboxEnded; closing twice is fine")
async def calls_after_the_end(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        assert await sandbox.stop() == ""
        for call in (sandbox.get("in/data.txt"), sandbox.put("x", b"x"), sandbox.exec(["/bin/true"], timeout_s=9)):
            try:
                await call
            except SandboxEnded:
                continue
            raise AssertionError("a call after the end")
        await sandbox.collect(bench.folder / "dest")
        await sandbox.close()


@CALLS.case("runs over a template with files laid over it", "sees both; what it leaves is there")
async def program_over_template(bench: Bench) -> None:
    argv = (
        "/bin/sh",
        "-c",
        "cat; cat in/data.txt in/laid; stat -c %a in/data.txt; echo new > in/new; rm in/tool; exit 3",
    )
    laid = {
        "in/laid": LaidFile(b"laid\n"),
        "in/data.txt": LaidFile(b"other\n", 0o755),
        "in/deep/er": LaidFile(b"file\n"),
    }
    program = Program(argv, SMALL, 30.0, stdin=b"in\n")
    done = await bench.backend.run_over(program, Files(), laid, bench.folder / "tree")
    assert (done.exit, done.stdout, done.limit) == (3, b"in\nother\nlaid\n755\n", "")
    assert sorted(os.listdir(bench.folder / "tree/in")) == ["data.txt", "deep", "laid", "new"]
    assert (bench.folder / "tree/in/deep/er").read_bytes() == b"file\n"


@CALLS.case("is cancelled while it runs over a template", "nothing of it is left")
async def program_cancelled(bench: Bench) -> None:
    mark = word()
    program = Program(("/bin/sleep", mark), SMALL, 60.0)
    task = asyncio.create_task(bench.backend.run_over(program, Files(), {}, bench.folder / "tree"))
    while not processes(mark):
        await asyncio.sleep(0.02)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        assert processes(mark) == []
    else:
        raise AssertionError("it was not cancelled")


@CALLS.case("imports and compiles in a folder of its own", "Python works as outside")
async def python_works(bench: Bench) -> None:
    program = "import ctypes, decimal, json, multiprocessing, sqlite3, ssl, subprocess, tempfile, threading, zlib; print(sqlite3.connect('/w/db').execute('select 1').fetchall(), subprocess.run(['true']).returncode)"
    async with bench.sandbox() as sandbox:
        assert await py(sandbox, program) == "[(1,)] 0\n"
