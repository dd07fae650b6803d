"""Processes: none is seen or reached from inside but one's own, and none is left when a command, a sandbox or the runner
has ended."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

from clawc.runtime.sandbox.interface import Program, SandboxEnded
from tests.sandbox.backends import BACKENDS
from tests.sandbox.bench import (
    PYTHON,
    SMALL,
    Bench,
    Files,
    appears,
    below,
    processes,
    py,
    sh,
    vanishes,
    word,
)
from tests.sandbox.case import Table

PROCESSES = Table()


@PROCESSES.case("kills every process with kill -9 -1", "only its own sandbox ends: neighbours and the host go on")
async def kill_minus1_contained(bench: Bench) -> None:
    host, near = word(), word()
    stranger = subprocess.Popen(["/bin/sleep", host])
    try:
        async with bench.sandbox() as neighbour, bench.sandbox() as sandbox:
            await sh(neighbour, f"setsid sleep {near} >/dev/null 2>&1 & echo")
            await appears(near)
            try:
                await sh(sandbox, "kill -9 -1; kill -9 1 2 3 4 5 6 7 8 9")
            except SandboxEnded as end:
                assert end.limit == ""
            assert len(processes(host)) == 1 and len(processes(near)) == 1
            assert await sh(neighbour, "echo alive") == "alive\n"
    finally:
        stranger.kill()
        stranger.wait()


@PROCESSES.case("sends every signal to the first process", "it goes on, and the sandbox with it")
async def first_process_signalled(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        await sh(sandbox, "for n in $(seq 64); do kill -$n 1; done; sleep 0.2")
        assert await sh(sandbox, "echo alive") == "alive\n"


_BOUND = """
import fcntl, os, resource, signal, time
for name in ("RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_NOFILE"):
    try:
        print(name, resource.prlimit(1, getattr(resource, name), (0, 0)))
    except PermissionError:
        continue
reading, writing = os.pipe()
fcntl.fcntl(reading, fcntl.F_SETOWN, 1)
fcntl.fcntl(reading, 10, signal.SIGKILL)  # F_SETSIG
fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
os.write(writing, b"x")
until = time.monotonic() + 2
while time.monotonic() < until:
    for _ in range(100):
        os.kill(1, signal.SIGCHLD)
    try:
        child = os.fork()
    except BlockingIOError:  # it does not keep up with taking in orphans
        continue
    if child == 0:
        try:
            os.fork()
        finally:
            os._exit(0)
    os.wait()
print("alive")
"""


@PROCESSES.case(
    "gives the first process of its sandbox limits, has the kernel signal it, and keeps it busy",
    "it goes on, and so the runner has no part in the end",
)
async def first_process_bounded(bench: Bench) -> None:
    program = Program((*PYTHON, "-c", _BOUND), SMALL, 60.0)
    done = await bench.backend.run_over(program, Files(), {}, bench.folder / "tree")
    assert (done.exit, done.stdout, done.stderr) == (0, b"alive\n", b""), done
    async with bench.sandbox() as sandbox:
        assert await py(sandbox, _BOUND) == "alive\n"
        assert await sh(sandbox, "echo alive") == "alive\n"


_FIRST = """
for round in $(seq 50); do
    test -e /proc/1/cwd/. && echo cwd
    { read x </proc/1/environ; } 2>/dev/null && echo environ
done; exit 0
"""


@PROCESSES.case("looks into the first process of its sandbox as soon as it runs", "refused from the beginning")
async def first_process_closed(bench: Bench) -> None:
    program = Program(("/bin/sh", "-c", _FIRST), SMALL, 60.0)
    runs = (bench.backend.run_over(program, Files(), {}, bench.folder / str(n)) for n in range(8))
    for done in await asyncio.gather(*runs):
        assert (done.exit, done.stdout, done.stderr) == (0, b"", b""), done


_STOPPED = "setsid sleep {mark} & kill -STOP -1; kill -STOP 1 2 3 4; sleep 1"


@PROCESSES.case("stops every process with kill -STOP -1", "the runner can end it, and does not wait for it")
async def stopped_processes_end(bench: Bench) -> None:
    mark = word()
    async with bench.sandbox() as sandbox:
        running = asyncio.create_task(sh(sandbox, _STOPPED.format(mark=mark)))
        await appears(mark)
        await asyncio.sleep(0.1)
        await sandbox.stop()
        assert processes(mark) == []
        try:
            await running
        except SandboxEnded as end:
            assert end.limit == ""


@PROCESSES.case(
    "stops every process, and nobody ends it", "the call ends in any case, by the agent's fault", nightly=True
)
async def stopped_processes_time_out(bench: Bench) -> None:
    mark = word()
    async with bench.sandbox() as sandbox:
        try:
            await sh(sandbox, _STOPPED.format(mark=mark), timeout_s=1)
            await sh(sandbox, "echo", timeout_s=1)
        except SandboxEnded as end:
            assert end.limit == ""
    await vanishes(mark)


@PROCESSES.case("leaves a process in a session of its own", "it runs on, and is gone once the sandbox is closed")
async def setsid_leftover_reaped(bench: Bench) -> None:
    mark = word()
    async with bench.sandbox() as sandbox:
        await sh(sandbox, f"setsid sleep {mark} </dev/null >/dev/null 2>&1 &")
        await appears(mark)
        assert await sh(sandbox, "echo next") == "next\n"
        assert len(processes(mark)) == 1
    assert processes(mark) == []


@PROCESSES.case(
    "forks twice and keeps the output open", "the command's result comes at once, with what came until then"
)
async def double_fork_pipe_no_hang(bench: Bench) -> None:
    mark = word()
    async with bench.sandbox() as sandbox:
        assert await sh(sandbox, f"(setsid sh -c 'sleep {mark}; echo late' &); echo now") == "now\n"
        loud = await sh(sandbox, "(setsid sh -c 'while :; do echo late; sleep 0.01; done' &); echo now")
        assert "now\n" in loud and set(loud.split()) <= {"now", "late"}
        assert await sh(sandbox, "echo next") == "next\n"
    assert processes(mark) == []


@PROCESSES.case(
    "sleeps beyond its time, with children in other sessions that ignore signals", "all are killed, the sandbox goes on"
)
async def timeout_kills_tree(bench: Bench) -> None:
    mark = word()
    async with bench.sandbox() as sandbox:
        command = f"trap '' TERM INT HUP; sleep {mark} & setsid sh -c 'sleep {mark}; :' & sleep {mark}"
        done = await sandbox.exec(["/bin/sh", "-c", command], timeout_s=0.5)
        assert done.timed_out and done.exit == 128 + signal.SIGKILL
        await vanishes(mark)
        assert await sh(sandbox, "echo next") == "next\n"


@PROCESSES.case(
    "starts children in sessions of their own all the time, and runs out of time",
    "whatever it has started is killed with it",
)
async def timeout_kills_what_is_being_started(bench: Bench) -> None:
    program = """
import os, sys
while True:
    children = []
    for _ in range(8):
        pid = os.fork()
        if pid == 0:
            os.setsid()
            os.execv("/bin/sleep", ["sleep", sys.argv[1]])
        children.append(pid)
    for pid in children:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
"""
    async with bench.sandbox() as sandbox:
        await sandbox.put("/tmp/p", program.encode())
        for _ in range(8):
            mark = word()
            done = await sandbox.exec(["/usr/bin/python3", "/tmp/p", mark], timeout_s=0.2)
            assert done.timed_out
            async with asyncio.timeout(20):
                await vanishes(mark)


@PROCESSES.case("ignores SIGTERM and all others that can be ignored", "ends with its time, and with the sandbox")
async def sigterm_ignorer_killed(bench: Bench) -> None:
    mark = word()
    program = f"""
import os, signal, sys, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
"{mark}"
sys.stdout.write("begun"); sys.stdout.flush()
time.sleep(600)
"""
    async with bench.sandbox() as sandbox:
        done = await sandbox.exec(["/usr/bin/python3", "-c", program], timeout_s=1)
        assert done.timed_out
        await vanishes(mark)
        running = asyncio.create_task(sandbox.exec(["/usr/bin/python3", "-c", program], timeout_s=300))
        await appears(mark)
        await sandbox.stop()
        assert processes(mark) == []
        try:
            await running
        except SandboxEnded as end:
            assert end.limit == ""
        else:
            raise AssertionError("the command outlived its sandbox")


@PROCESSES.case("sleeps for ever", "ends with its time; nothing else does")
async def sleep_timeout(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        slow, quick = await asyncio.gather(
            sandbox.exec(["/bin/sleep", "600"], timeout_s=0.3), sandbox.exec(["/bin/sh", "-c", "sleep 1; echo done"], timeout_s=60)
        )  # fmt: skip
        assert slow.timed_out
        assert (quick.timed_out, quick.stdout) == (False, b"done\n")


@PROCESSES.case("writes while it is collected", "it is dead before the first file is read")
async def agent_dead_first(bench: Bench) -> None:
    mark = word()
    writer = f"""
import itertools, os
"{mark}"
for n in itertools.count():
    for name in ("a", "z"):
        with open(f"/w/{{name}}.new", "w") as file:
            file.write(str(n))
        os.replace(f"/w/{{name}}.new", f"/w/{{name}}")
"""
    async with bench.sandbox() as sandbox:
        await sandbox.put("/tmp/writer.py", writer.encode())
        await sh(
            sandbox, f"setsid python3 /tmp/writer.py {mark} >/dev/null 2>&1 & while [ ! -e z ]; do sleep 0.01; done"
        )
        assert len(processes(mark)) == 1
        await sandbox.collect(bench.folder / "dest")
        assert processes(mark) == []
        first = {name: (bench.folder / "dest" / name).read_text() for name in "az"}
    assert abs(int(first["a"]) - int(first["z"])) <= 1, first


@PROCESSES.case(
    "runs as its sandbox does", "on the host no process of it is root's, nor has more than one user's rights"
)
async def uid_not_0_on_host(bench: Bench) -> None:
    mark = word()
    async with bench.sandbox() as sandbox:
        await sh(sandbox, f"setsid sleep {mark} >/dev/null 2>&1 &")
        (pid,) = await appears(mark)
        status = Path(f"/proc/{pid}/status").read_text()
        users = next(line.split()[1:] for line in status.splitlines() if line.startswith("Uid:"))
        assert len(set(users)) == 1 and users[0] != "0", users
        assert os.geteuid() == 0 or users[0] == str(os.geteuid())


@PROCESSES.case(
    "is judged: agent, job and checker run", "as root, each kind has a user of its own on the host, none of them root"
)
async def users_differ_on_host(bench: Bench) -> None:
    marks = [word() for _ in range(3)]
    program = Program(("/bin/sleep", marks[1]), SMALL, 1.0)
    checker = Program(("/bin/sleep", marks[2]), SMALL, 1.0, cwd="/")
    async with bench.sandbox() as sandbox:
        await sh(sandbox, f"setsid sleep {marks[0]} >/dev/null 2>&1 &")
        working = asyncio.gather(
            bench.backend.run_over(program, Files(), {}, bench.folder / "tree"), bench.backend.run_reading(checker, {})
        )
        owners = [os.stat(f"/proc/{(await appears(mark))[0]}").st_uid for mark in marks]
        await working
    if os.geteuid() == 0:
        assert len(set(owners)) == 3 and 0 not in owners, owners
    else:
        assert set(owners) == {os.geteuid()}, owners


@PROCESSES.case(
    "leaves a set-user-id copy of a shell",
    "on the host it is nobody's that matters, and out of reach; collected, the bits are gone",
)
async def setuid_not_root_on_host(bench: Bench) -> None:
    name = f"sh{word()}"
    async with bench.sandbox() as sandbox:
        await sh(sandbox, f"cp /bin/sh {name}; chmod 6755 {name}")
        for path in below(bench.state, name):
            owner = path.stat().st_uid
            assert owner != 0 or os.geteuid() != 0, path
        await sandbox.collect(bench.folder / "dest")
        assert stat.S_IMODE((bench.folder / "dest" / name).stat().st_mode) == 0o755


@PROCESSES.case("writes a file", "on the host, a folder above it lets no other user pass")
async def ws_parent_0700(bench: Bench) -> None:
    name = f"file{word()}"
    async with bench.sandbox() as sandbox:
        await sh(sandbox, f"umask 0; echo x > {name}; chmod 777 {name} .")
        for path in below(bench.state, name):
            between = [
                folder for folder in path.parents if folder.is_relative_to(bench.state) and folder != bench.state
            ]
            assert any(folder.stat().st_mode & 0o077 == 0 for folder in between), path


@PROCESSES.case(
    "goes on when its runner is killed by SIGKILL", "no process of it survives, and the next runner removes its files"
)
async def runner_sigkill_no_survivors(bench: Bench) -> None:
    mark = word()
    state = bench.folder / "state"
    state.mkdir(mode=0o755)
    bench.folder.chmod(0o755)
    argv = [sys.executable, "-m", "tests.sandbox.runner", bench.name, str(state), mark]
    runner = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=os.getcwd())
    assert runner.stdout is not None
    try:
        begun = await asyncio.to_thread(runner.stdout.readline)
        assert begun == b"running\n", begun
        await appears(mark, 2)
    finally:
        runner.send_signal(signal.SIGKILL)
        runner.wait()
        runner.stdout.close()
    await vanishes(mark)
    # The next one finds what was left, and ends in order.
    following = BACKENDS[bench.name](state)
    assert (await following.probe()).ok
    made = await following.create(Files(), SMALL, {})
    await made.close()
    await following.close()
    assert os.listdir(state) == []
    shutil.rmtree(state)


@PROCESSES.case("is cancelled at any moment of its start", "nothing is left")
async def cancelled_start_leaves_nothing(bench: Bench) -> None:
    async def cycle() -> None:
        async with bench.sandbox() as sandbox:
            await sh(sandbox, "echo")

    await cycle()
    for step in range(0, 40, 2):
        task = asyncio.create_task(cycle())
        await asyncio.sleep(step / 1000)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            continue
    await cycle()


@PROCESSES.case(
    "kills all that it sees, the process that the runner talks to among them",
    "the sandbox goes on without it, or ends by the agent's fault",
)
async def own_runner_killed(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        try:
            done = await sandbox.exec(
                ["/bin/sh", "-c", "kill -9 -1; for p in /proc/[0-9]*; do kill -9 ${p#/proc/}; done; sleep 60"],
                timeout_s=60,
            )
            assert done.exit == 137
            assert await sh(sandbox, "echo alive") == "alive\n"
        except SandboxEnded as end:
            assert end.limit == ""
        assert await sandbox.stop() == ""


@PROCESSES.case(
    "writes garbage and forged answers to every descriptor of every process",
    "the runner takes none of it: it goes on, or ends the sandbox",
)
async def forged_answers_ignored(bench: Bench) -> None:
    program = """
import json, os
lines = [b'[' * 100000 + b'\\n', b'{"id": 2, "exit": 0, "sizes": [5, 0]}\\nFORGED', b'\\xff' * 4096, b'{"id": 1e999}\\n']
for pid in filter(str.isdigit, os.listdir("/proc")):
    for fd in range(64):
        for line in lines:
            try:
                out = os.open(f"/proc/{pid}/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK)
                os.write(out, line)
                os.close(out)
            except OSError:
                pass
"""
    try:
        async with bench.sandbox() as sandbox:
            await py(sandbox, program)
            assert await sh(sandbox, "echo alive") == "alive\n"
    except SandboxEnded as end:
        assert end.limit == ""
