"""What a sandbox keeps in, keeps out, and leaves behind. Real bubblewrap; each test starts its own
backend."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.interface import (
    FileProblem,
    LaidFile,
    Probe,
    Program,
    SandboxEnded,
)
from clawc.runtime.sandbox.orphans import end_orphans, orphans
from clawc.runtime.sandbox.probe import find_bwrap
from clawc.runtime.sandbox.session import Session
from clawc.spec.bundle import Limits

pytestmark = pytest.mark.usefixtures("works")


class Files:
    """A template from memory."""

    key = "files"

    def write(self, dest: Path) -> None:
        (dest / "in").mkdir()
        (dest / "in/data.txt").write_text("data\n")


SMALL = Limits(wall_s=60, memory_bytes=128 << 20, disk_bytes=16 << 20, processes=40)


def within(
    work: Callable[[Session], Awaitable[None]], limits: Limits = SMALL, env: dict[str, str] | None = None
) -> None:
    """Run `work` in a sandbox, then see that nothing is left of it."""

    async def main() -> None:
        backend = Bubblewrap()
        try:
            await backend.probe()
            sandbox = await backend.create(Files(), limits, env or {})
            try:
                await work(sandbox)
            finally:
                await sandbox.close()
            # Of the pod there are bwrap twice and the interpreter that boxes are cloned from.
            assert len(descendants(os.getpid())) == 3
        finally:
            root = backend.scratch().parent.parent
            await backend.close()
        assert not root.exists()

    asyncio.run(main())


def descendants(pid: int) -> list[int]:
    """Processes below this one, those that wait to be reaped left out."""
    rows = subprocess.run(["ps", "-eo", "pid=,ppid=,stat=,comm="], capture_output=True, text=True).stdout.splitlines()
    live = [(int(row[0]), int(row[1])) for row in map(str.split, rows) if row[2][0] != "Z" and row[3] != "ps"]
    found = [pid]
    for above in found:
        found += [child for child, parent in live if parent == above]
    return found[1:]


def alive(pid: int) -> bool:
    """Whether a process still runs; who reaps it is not ours to say."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def sh(sandbox: Session, command: str, timeout_s: float = 20) -> str:
    done = await sandbox.exec(["/bin/sh", "-c", command], timeout_s=timeout_s)
    return (done.stdout + done.stderr).decode()


async def py(sandbox: Session, program: str, timeout_s: float = 20) -> str:
    done = await sandbox.exec(["/usr/bin/python3", "-I", "-S", "-c", program], timeout_s=timeout_s)
    return (done.stdout + done.stderr).decode()


def test_commands_and_files(tmp_path: Path) -> None:
    async def work(sandbox: Session) -> None:
        done = await sandbox.exec(["/bin/sh", "-c", "cat; echo err >&2; exit 7"], stdin=b"in" * 200_000, timeout_s=9)
        assert (done.exit, len(done.stdout), done.stderr) == (7, 400_000, b"err\n")
        await sandbox.put("a/b/c.bin", b"\x00\xff\n")
        assert await sandbox.get("/w/a/b/c.bin") == b"\x00\xff\n"
        await sandbox.put("in/data.txt", b"x")
        assert await sandbox.get("in/data.txt") == b"x"
        assert (await sandbox.exec(["/no/such"], timeout_s=9)).exit == 127
        assert (await sandbox.exec(["pwd"], cwd="/w/a", env={"X": "1"}, timeout_s=9)).stdout == b"/w/a\n"
        several = await asyncio.gather(*(sh(sandbox, f"sleep 0.{9 - n}; echo {n}") for n in range(8)))
        assert several == [f"{n}\n" for n in range(8)]
        await sh(sandbox, "rm in/data.txt; ln -s /etc/passwd out; mkfifo fifo")
        found = await sandbox.collect(tmp_path / "dest")
        assert {entry.path for entry in found.refused} == {"out", "fifo"}
        assert sorted(os.listdir(tmp_path / "dest")) == ["a", "in"]
        assert os.listdir(tmp_path / "dest/in") == []
        with pytest.raises(SandboxEnded):
            await sandbox.get("a/b/c.bin")

    within(work)


def test_special_files_do_not_block() -> None:
    async def work(sandbox: Session) -> None:
        await sh(sandbox, "mkfifo fifo; ln -s /dev/zero zero; truncate -s 10M big; ln -s loop loop")
        for path in ("fifo", "zero", "loop", "in", "absent", "a\0b"):
            with pytest.raises(FileProblem):
                await sandbox.get(path)
        for path in ("fifo", "in", "/usr/x", "/etc/passwd", "in/data.txt/x"):
            with pytest.raises(FileProblem):
                await sandbox.put(path, b"x")

    within(work)


def test_what_it_sees() -> None:
    async def work(sandbox: Session) -> None:
        env = await sh(sandbox, "env")
        assert sorted(env.split()) == ["HOME=/tmp", "LANG=C.UTF-8", "PATH=/usr/bin:/bin", "PWD=/w", "X=1"]
        for secret in ("environ", "mem", "maps", "fd/0"):
            assert "denied" in await sh(sandbox, f"cat /proc/1/{secret} 2>&1")
        seen = await sh(sandbox, "cat /proc/*/cmdline /proc/self/mountinfo | tr '\\0' ' '; ls -a /w /tmp /run /")
        for word in (str(Path(__file__).parents[2]), "site-packages", "pytest", "docker.sock", "home"):
            assert word not in seen
        # 3 and 4 are the listing itself
        assert (await py(sandbox, "import os; print(*sorted(map(int, os.listdir('/proc/self/fd'))))")) == "0 1 2 3\n"
        status = await sh(sandbox, "cat /proc/self/status")
        assert "CapEff:\t0000000000000000" in status
        assert "CapBnd:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status
        for path in ("/", "/usr", "/etc", "/dev", "/run"):
            assert "cannot touch" in await sh(sandbox, f"touch {path}/x")
        assert (await sh(sandbox, "echo ok | awk '{print $1}'")) == "ok\n"

    within(work, env={"X": "1"})


def test_forbidden_calls_and_network() -> None:
    program = """
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    ctypes.set_errno(0)
    return libc.syscall(number, *args), ctypes.get_errno()
print("userns", call(272, 0x10000000)[1], "memfd", call(319, b"x", 0)[1], "ptrace", call(101, 0, 1, 0, 0)[1])
for address in (("1.1.1.1", 53), ("127.0.0.1", 22)):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as s:
            s.settimeout(2)
            try:
                s.connect(address); s.send(b"x"); print("SENT", address, kind)
            except OSError as error:
                print("refused", error.errno)
for family in (16, 17, 40):
    try:
        socket.socket(family, socket.SOCK_RAW); print("SOCKET", family)
    except OSError as error:
        print("family", error.errno)
try:
    os.mknod("/w/dev", 0o20666, os.makedev(1, 1)); print("NODE")
except OSError:
    print("no node")
"""

    async def work(sandbox: Session) -> None:
        said = await py(sandbox, program)
        if os.uname().machine == "x86_64":
            assert "userns 1 memfd 38 ptrace 1" in said
        assert "SENT" not in said.replace("SENT ('127.0.0.1', 22) 2", "")  # a datagram to its own loopback
        assert said.count("family 97") == 3
        assert "no node" in said

    within(work)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's sandboxes run as that user")
def test_it_is_not_root_on_the_host() -> None:
    async def work(sandbox: Session) -> None:
        await sh(sandbox, "cp /bin/sh sh; chmod 6755 sh; touch mine")
        upper = sandbox._workspace.upper  # pyright: ignore[reportPrivateUsage]
        assert (upper / "sh").stat().st_uid >= 10_000
        assert upper.parent.stat().st_mode & 0o077 == 0

    within(work)


def test_timeout_kills_the_tree() -> None:
    async def work(sandbox: Session) -> None:
        began = time.monotonic()
        done = await sandbox.exec(
            ["/bin/sh", "-c", "trap '' TERM INT; (setsid sleep 777 &); sleep 778 & sleep 779"], timeout_s=0.5
        )
        assert done.timed_out
        assert time.monotonic() - began < 15
        assert "sleep 779" not in await sh(sandbox, "cat /proc/*/cmdline | tr '\\0' ' '")

    within(work)


def test_background_processes_do_not_hang_the_reply() -> None:
    async def work(sandbox: Session) -> None:
        began = time.monotonic()
        assert await sh(sandbox, "(setsid sh -c 'while :; do echo late; sleep 0.01; done' &) ; echo now") in (
            "now\n",
            "now\nlate\n",
            "late\nnow\n",
        )
        assert time.monotonic() - began < 10
        assert "late" in await sh(sandbox, "cat /proc/*/cmdline | tr '\\0' ' '")

    within(work)


def test_output_is_capped() -> None:
    async def work(sandbox: Session) -> None:
        for command in (
            "head -c 50000000 /dev/zero",
            "head -c 50000000 /dev/zero >&2",
            "yes | head -c 50000000",
        ):
            done = await sandbox.exec(["/bin/sh", "-c", command], timeout_s=50, output_limit=1000)
            assert done.truncated
            assert max(len(done.stdout), len(done.stderr)) == 1000
        endless = await sandbox.exec(["yes"], timeout_s=0.5, output_limit=1000)
        assert endless.timed_out and endless.truncated

    within(work)


def test_fork_bomb_is_contained() -> None:
    async def work(sandbox: Session) -> None:
        await sh(sandbox, "b() { b | b & }; b; sleep 1", timeout_s=3)
        said = await py(sandbox, "import os; print(sum(n.isdigit() for n in os.listdir('/proc')))")
        assert "unavailable" in said or int(said) <= SMALL.processes + 2

    within(work)


def hits(command: str, limit: str, limits: Limits = SMALL) -> None:
    async def work(sandbox: Session) -> None:
        with pytest.raises(SandboxEnded) as caught:
            await sandbox.exec(["/bin/sh", "-c", command], timeout_s=40)
        assert caught.value.limit == limit
        assert await sandbox.stop() == limit

    within(work, limits)


def test_memory_limit() -> None:
    hits("python3 -I -S -c 'x = b\"x\" * (300 << 20); import time; time.sleep(30)'", "memory")


def test_memory_of_several_processes_adds_up() -> None:
    each = "python3 -I -S -c 'x = b\"x\" * (50 << 20); import time; time.sleep(30)'"
    hits(f"{each} & {each} & {each} & {each} & wait", "memory")


def test_disk_limit() -> None:
    hits("for i in 1 2 3 4 5; do head -c 8000000 /dev/zero > f$i; done; sleep 30", "disk")


def test_too_many_files() -> None:
    hits('python3 -I -S -c \'for i in range(10**7): open(f"/w/{i}", "w").close()\'', "disk")


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_too_many_files_in_memory(folder: str) -> None:
    async def work(sandbox: Session) -> None:
        code = f'for i in range(10**7): open(f"{folder}/{{i}}", "w").close()'
        assert "No space left" in await sh(sandbox, f"python3 -I -S -c '{code}' 2>&1")

    within(work)


def test_wall_limit() -> None:
    hits("sleep 30", "wall", SMALL.model_copy(update={"wall_s": 1.0}))


def test_a_file_cannot_outgrow_the_disk_limit() -> None:
    async def work(sandbox: Session) -> None:
        assert "File size limit" in await sh(sandbox, "truncate -s 1T sparse")
        assert "No space" in await sh(sandbox, "for i in 1 2 3 4 5; do head -c 15000000 /dev/zero > /tmp/$i; done")

    within(work)


@pytest.mark.parametrize("name", ["KILL", "STOP", "TERM", "SEGV"])
def test_nothing_inside_ends_the_resident(name: str) -> None:
    async def work(sandbox: Session) -> None:
        await sandbox.exec(["/bin/sh", "-c", f"kill -{name} 1; kill -{name} -1; sleep 5"], timeout_s=1)
        assert await sh(sandbox, "echo alive") == "alive\n"

    within(work)


def test_a_lying_resident_is_cut_off() -> None:
    """Whoever takes over the channel can make a fool of the agent only."""
    program = """
import json, os, socket
for pid in os.listdir("/proc"):
    if pid.isdigit():
        for fd in range(10):
            try:
                with open(f"/proc/{pid}/fd/{fd}", "wb", buffering=0) as file:
                    file.write(b'[' * 100000 + b'\\n')
            except OSError:
                pass
"""

    async def work(sandbox: Session) -> None:
        await py(sandbox, program)
        assert await sh(sandbox, "echo alive") == "alive\n"

    within(work)


def test_programs_over_a_template(tmp_path: Path) -> None:
    async def main() -> None:
        backend = Bubblewrap()
        try:
            program = Program(
                ("/bin/sh", "-c", "cat; cat in/data.txt in/laid; echo new > in/new; exit 3"),
                SMALL,
                20.0,
                stdin=b"in\n",
            )
            laid = {"in/laid": LaidFile(b"laid\n"), "in/data.txt": LaidFile(b"other\n", 0o755)}
            done = await backend.run_over(program, Files(), laid, tmp_path / "tree")
            assert (done.exit, done.stdout, done.limit) == (3, b"in\nother\nlaid\n", "")
            assert sorted(os.listdir(tmp_path / "tree/in")) == ["data.txt", "laid", "new"]
            absent = Program(("true",), SMALL, 20.0, cwd="/w/absent")
            assert (await backend.run_over(absent, Files(), {}, tmp_path / "tree2")).exit == 2
            slow = Program(("/bin/sh", "-c", "(setsid sleep 99 &); echo out; sleep 99"), SMALL, 0.5)
            done = await backend.run_over(slow, Files(), {}, tmp_path / "tree3")
            assert (done.exit, done.stdout, done.limit) == (None, b"out\n", "time")
            fat = Program(("python3", "-c", "x = b'x' * (400 << 20); import time; time.sleep(30)"), SMALL, 40.0)
            assert (await backend.run_over(fat, Files(), {}, tmp_path / "tree4")).limit == "memory"
            assert len(descendants(os.getpid())) == 6  # a pod of jobs, and that of the probe
        finally:
            await backend.close()

    asyncio.run(main())


def test_without_an_overlay_the_workspace_is_copied(tmp_path: Path) -> None:
    async def main() -> None:
        backend = Bubblewrap()
        try:
            await backend.probe()
            backend._ground.overlay = False  # type: ignore[union-attr] # pyright: ignore
            sandbox = await backend.create(Files(), SMALL, {})
            assert await sh(sandbox, "echo more >> in/data.txt; cat in/data.txt") == "data\nmore\n"
            await sandbox.collect(tmp_path / "dest")
            await sandbox.close()
            assert (tmp_path / "dest/in/data.txt").read_text() == "data\nmore\n"
            program = Program(("/bin/sh", "-c", "cat in/data.txt in/data.txt/x"), SMALL, 20.0)
            done = await backend.run_over(program, Files(), {"in/data.txt/x": LaidFile(b"laid")}, tmp_path / "tree")
            assert done.stdout == b"laid"
        finally:
            await backend.close()

    asyncio.run(main())


def test_templates_are_not_changed_by_a_sandbox() -> None:
    async def main() -> None:
        backend = Bubblewrap()
        try:
            for _ in range(3):
                sandbox = await backend.create(Files(), SMALL, {})
                assert await sh(sandbox, "cat in/data.txt; echo x >> in/data.txt; rm -r in; chmod 777 /w") == "data\n"
                await sandbox.close()
        finally:
            await backend.close()

    asyncio.run(main())


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder that every user may pass through, unlike those of pytest."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def test_a_killed_runner_leaves_no_process_and_the_next_one_its_folder(state: Path) -> None:
    program = f"""
import asyncio, sys
from pathlib import Path
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.spec.bundle import Limits
class Files:
    key = "k"
    def write(self, dest): pass
async def main():
    backend = Bubblewrap(Path({str(state)!r}))
    await backend.probe()
    await backend.create(Files(), Limits(), {{}})
    print(next(iter(backend._ground.area("agent").pod._boxes.values())).pid, flush=True)
    await asyncio.sleep(99)
asyncio.run(main())
"""
    runner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert runner.stdout is not None
    inner = int(runner.stdout.readline())
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    runner.stdout.close()
    deadline = time.monotonic() + 20
    while alive(inner) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(inner)
    assert len(list(state.glob("clawc-*"))) == 1

    async def next_runner() -> Probe:
        backend = Bubblewrap(state)
        try:
            return await backend.probe()
        finally:
            await backend.close()

    asyncio.run(next_runner())
    assert list(state.glob("clawc-*")) == []


def test_a_sandbox_that_lost_its_monitor_before_it_began_is_ended(state: Path) -> None:
    """The monitor is killed at the sign that it gives before it lets the sandbox begin."""
    status, writing = os.pipe()
    held = os.open("/dev/null", os.O_RDWR)
    args = [f"--args {held}", "--", "/usr/bin/prlimit", "--nproc=9", "true"]
    program = f"exec -a bwrap {find_bwrap()[0]} --unshare-all --ro-bind /usr /usr --json-status-fd {writing}"
    for _ in range(200):
        bwrap = subprocess.Popen(
            [
                "/bin/bash",
                "-c",
                program.replace("--unshare-all", f"{args[0]} --unshare-all") + " " + " ".join(args[1:]),
            ],
            pass_fds=(writing, held),
            stderr=subprocess.DEVNULL,
        )
        os.read(status, 1)
        bwrap.kill()
        bwrap.wait()
        if orphans():
            break
    for fd in (status, writing, held):
        os.close(fd)
    found = orphans()
    if not found:
        pytest.skip("no monitor could be killed at that instant")
    end_orphans()
    deadline = time.monotonic() + 20
    while orphans() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert orphans() == []
