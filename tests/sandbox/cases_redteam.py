"""What broke a sandbox or its runner once: memory that no process owns, rights and names that change under the runner's eyes,
settings that reach the next run."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.interface import CHANNEL, Program, SandboxEnded, ScriptRun
from tests.sandbox.bench import SMALL, Bench, Files, ended, py, sh
from tests.sandbox.case import Table
from tests.sandbox.episode import Forgery, played, script

REDTEAM = Table()

_LIBC = """
import ctypes, errno, mmap, os, socket, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
def call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in arguments))
    return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]
"""


@REDTEAM.case(
    "only ever reads one page in 512 of 256 GiB, so that nothing but tables of pages is made", "ended, `memory`"
)
async def mem_page_tables(bench: Bench) -> None:
    program = f"""{_LIBC}
size = 1 << 38
start = libc.mmap(None, ctypes.c_size_t(size), 1, 0x4022, -1, ctypes.c_long(0))
libc.madvise(start, size, 15)
for at in range(0, size, 2 << 20):
    ctypes.string_at(start + at, 1)
time.sleep(5)
"""
    async with bench.sandbox() as sandbox:
        end = await ended(sandbox, f"cat > /tmp/p <<'END'\n{program}\nEND\npython3 /tmp/p")
        assert end.limit == "memory", end.message


@REDTEAM.case(
    "fills shared memory and drops it from its tables",
    "ended, `memory`, where the runner is root or the backend counts it",
)
async def mem_shared_dropped(bench: Bench) -> None:
    program = """
import mmap, time
shared = mmap.mmap(-1, 400 << 20)
for at in range(0, 400 << 20, 8 << 20):
    shared[at : at + (8 << 20)] = b"x" * (8 << 20)
    shared.madvise(mmap.MADV_DONTNEED, at, 8 << 20)
time.sleep(3)
print("held")
"""
    async with bench.sandbox() as sandbox:
        if os.geteuid() != 0:
            try:
                assert await py(sandbox, program) == "held\n"
            except SandboxEnded as counted:
                assert (bench.name, counted.limit) == ("docker", "memory"), counted.message
            return
        end = await ended(sandbox, f"cat > /tmp/p <<'END'\n{program}\nEND\npython3 /tmp/p")
        assert end.limit == "memory", end.message


@REDTEAM.case(
    "makes semaphores, queues, and pipes and sockets that hold pages of files",
    "refused; copying and pipes work without",
)
async def mem_of_the_kernel(bench: Bench) -> None:
    program = f"""{_LIBC}
import platform, shutil
column = {{"x86_64": 0, "aarch64": 1}}[platform.machine()]
print([call(numbers[column], *arguments) for numbers, arguments in (
    ((64, 190), (0, 32000, 0o1600)), ((68, 186), (0, 0o1600)), ((206, 0), (1, 0)),
    ((275, 76), (0, 0, 1, 0, 1, 0)), ((276, 77), (0, 1, 1, 0)), ((278, 75), (1, 0, 0, 0)), ((40, 71), (1, 0, 0, 1)))])
shutil.copyfile("/w/in/data.txt", "/w/copy")
print(open("/w/copy").read(), end="")
"""
    async with bench.sandbox() as sandbox:
        assert await py(sandbox, program) == (
            "['ENOSYS', 'ENOSYS', 'ENOSYS', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL']\ndata\n"
        )
        assert await sh(sandbox, "cp in/data.txt b; cat b | cat; yes | head -1") == "data\ny\n"


@REDTEAM.case("makes sockets of protocols that load modules, and asks devices and files for odd things", "refused")
async def kernel_surface(bench: Bench) -> None:
    program = f"""{_LIBC}
import fcntl, pty
def tried(attempt):
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
for family, kind, protocol in ((2, 1, 132), (2, 5, 0), (2, 1, 262), (2, 2, 136), (10, 6, 33), (2, 3, 1), (16, 3, 0), (40, 1, 0)):
    print(tried(lambda: socket.socket(family, kind, protocol)), end=" ")
print(tried(lambda: socket.socket(2, 1, 6)), tried(lambda: socket.socket(10, 2, 17)), tried(lambda: socket.socketpair()))
one, two = pty.openpty()
folder = os.open("/w", os.O_RDONLY)
print([tried(lambda: fcntl.ioctl(fd, number, b"\\0" * 64)) for fd, number in (
    (two, 0x5423), (two, 0x541C), (two, 0x5412), (folder, 0x40086602), (folder, 0x40049409), (folder, 0x5000940E), (folder, 0x401C5820))])
tcp = socket.socket()
print(tried(lambda: tcp.setsockopt(1, 26, b"\\0" * 16)), tried(lambda: tcp.setsockopt(6, 31, b"tls")), tried(lambda: tcp.setsockopt(6, 1, 1)))
print([call(number) for number in (470, 480, 1000, 0x40000001)])
"""
    async with bench.sandbox() as sandbox:
        said = (await py(sandbox, program)).splitlines()
        assert set(said[0].split()[:8]) == {"EPROTONOSUPPORT", "EAFNOSUPPORT"}, said
        assert said[0].split()[8:] == ["done"] * 3, said
        assert said[1] == "['EPERM', 'EPERM', 'EPERM', 'ENOTTY', 'ENOTTY', 'ENOTTY', 'ENOTTY']", said
        assert said[2] == "EPERM EPERM done", said
        assert said[3] == str(["ENOSYS"] * 4), said


@REDTEAM.case("opens terminals without end", "64 at most; a neighbour has its own")
async def terminals_bounded(bench: Bench) -> None:
    program = """
import os
held = []
try:
    for _ in range(400):
        held.append(os.openpty())
except OSError:
    pass
print(len(held))
"""
    async with bench.sandbox() as sandbox:
        assert 1 <= int(await py(sandbox, program)) <= 64


@REDTEAM.case("takes all rights from its folders again and again", "looks go on; it is no failure of the runner's")
async def rights_taken_all_the_time(bench: Bench) -> None:
    program = """
import os, time
for n in range(20):
    os.makedirs(f"/w/d{n}/e")
    for m in range(300):
        open(f"/w/d{n}/{m}", "w").close()
top = os.open("/w", os.O_RDONLY)
until = time.monotonic() + 5
while time.monotonic() < until:
    for mode in (0, 0o700):
        for n in range(20):
            os.chmod(f"/w/d{n}", mode)
    os.fchmod(top, 0)
    os.fchmod(top, 0o700)
print("done")
"""
    async with bench.sandbox() as sandbox:
        try:
            assert await py(sandbox, program) == "done\n"
        except SandboxEnded as end:
            assert end.limit == "disk", end.message


@REDTEAM.case("makes paths that no program can open any more", "refused when collected; the episode is scored")
async def paths_beyond_the_system(bench: Bench) -> None:
    make = "import os\nfor n in range(60):\n    os.mkdir('d' * 200); os.chdir('d' * 200)\nopen('f', 'w').close()"
    agent = script(Forgery("x", "tables", "x", commands=[f'python3 -c "{make}"']), bench.folder)
    record = await played(bench.bundles / "tables", agent, bench.backend, bench.folder / "episode")
    assert (record.outcome, record.score) == ("ok", "0"), record.evidence
    assert any("longer than" in entry.reason for entry in record.refused), record.refused


_CHANGE = """
import os, resource, sys
number, fd = sys.argv[1], int(sys.argv[2])
os.write(fd, repr((resource.getrlimit(resource.RLIMIT_FSIZE)[0], resource.getrlimit(resource.RLIMIT_NOFILE)[0],
                   os.getpriority(os.PRIO_PROCESS, 0))).encode())
refused = 0
for attempt in (
    lambda: resource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, (10, 10)),
    lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (20, 20)),
    lambda: os.setpriority(os.PRIO_PROCESS, 1, 19),
    lambda: os.sched_setaffinity(1, {0}),
):
    try:
        attempt()
    except OSError:
        refused += 1
os.write(1, b"%d" % refused)
"""


@REDTEAM.case(
    "changes the bounds of the process that starts the next run of a series", "refused: the next has the same"
)
async def series_bounds_of_the_next(bench: Bench) -> None:
    data = _CHANGE.encode()
    shelf = await bench.backend.shelf(hashlib.sha256(data).hexdigest(), {"check.py": data})
    program = Program(("/check/check.py",), SMALL, 20.0, cwd="/check", script=True, output_limit=1000)
    runs = [ScriptRun((str(number), CHANNEL), "x\n") for number in range(3)]
    results = await bench.backend.run_series(program, runs, {"/check": shelf})
    assert all(done is not None and done.stdout == b"4" for done in results), results
    assert len({done.channel for done in results if done}) == 1, results


@REDTEAM.case("reads its signals, and writes to its input", "no signal is ignored, and the input cannot be changed")
async def program_signals_and_input(bench: Bench) -> None:
    source = """
import os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(status["SigBlk"].strip(), status["ShdPnd"].strip())
for attempt in (lambda: os.write(os.open("/proc/self/fd/0", os.O_RDWR), b"x" * 100), lambda: os.truncate("/proc/self/fd/0", 1 << 20)):
    try:
        attempt()
    except OSError as error:
        print(error.strerror)
"""
    program = Program(
        ("/bin/sh", "-c", 'grep SigIgn /proc/self/status; exec python3 -c "$0"', source), SMALL, 30.0, stdin=b"in"
    )
    done = await bench.backend.run_over(program, Files(), {}, bench.folder / "tree")
    said = done.stdout.decode().splitlines()
    assert said[0].split()[1] == "0" * 16 and said[1].split() == ["0" * 16] * 2, (said, done.stderr)
    assert said[2:] == ["Operation not permitted"] * 2, said


@REDTEAM.case("has arguments that are longer than a message", "it runs, and others go on")
async def long_request(bench: Bench) -> None:
    async with bench.sandbox() as neighbour:
        program = Program(("/bin/sh", "-c", "echo $#", *["x" * 100_000] * 4), SMALL, 30.0, env={"LONG": "y" * 90_000})
        done = await bench.backend.run_over(program, Files(), {}, bench.folder / "tree")
        assert done.stdout == b"3\n", done
        assert await sh(neighbour, "echo alive") == "alive\n"


@REDTEAM.case(
    "hides from being stopped behind first threads that have ended, each waking the other, and is forked",
    "the fork comes with whole files, or the sandbox is ended",
)
async def fork_of_hidden_threads(bench: Bench) -> None:
    program = """
import ctypes, os, signal, threading, time
libc = ctypes.CDLL(None)
read, write = os.pipe()
def work(other):
    n = 0
    while True:
        n += 1
        for name in ("a", "b"):
            with open("/w/%s.new" % name, "w") as file:
                file.write("%d " % n * 2000)
            os.replace("/w/%s.new" % name, "/w/%s" % name)
        os.kill(other, signal.SIGCONT)
def wake(other):
    while True:
        os.kill(other, signal.SIGCONT)
first = os.getpid()
second = os.fork()
other, task = (second, work) if second else (first, wake)
threading.Thread(target=task, args=(other,)).start()
libc.syscall(60 if os.uname().machine == "x86_64" else 93, 0)
"""
    async with bench.sandbox() as parent:
        await parent.put("/tmp/p", program.encode())
        await sh(parent, "setsid python3 /tmp/p >/dev/null 2>&1 & while [ ! -s /w/b ]; do sleep 0.01; done")
        for _ in range(5):
            try:
                child = await parent.fork()
            except SandboxEnded as end:
                assert end.limit == "", end.message
                return
            try:
                values = [set((await sh(child, f"cat {name}")).split()) for name in "ab"]
            finally:
                await child.close()
            assert all(len(value) == 1 for value in values), values
            first, second = (int(next(iter(value))) for value in values)
            assert first - second in (0, 1), (first, second)


@REDTEAM.case("gives a large file many names, and is forked", "it is one file in the fork too, and counts once")
async def fork_keeps_names_of_one_file(bench: Bench) -> None:
    async with bench.sandbox() as parent:
        await sh(parent, "mkdir d; head -c 3000000 /dev/zero > a; ln a b; ln a d/c; ln a d/d")
        child = await parent.fork()
        try:
            assert await sh(child, "stat -c '%h %s' a b d/c d/d | sort -u") == "4 3000000\n"
        finally:
            await child.close()


@REDTEAM.case(
    "replaces unreadable files by links to files of the host while it is forked, waking itself by a timer",
    "modes of the host's files stay; the fork comes, or the sandbox is ended",
)
async def fork_while_names_change(bench: Bench) -> None:
    secret = bench.folder / "secret"
    secret.write_text("host")
    secret.chmod(0o640)
    program = f"""
import ctypes, os, signal
libc = ctypes.CDLL(None)
class Event(ctypes.Structure):
    _fields_ = [("value", ctypes.c_long), ("signal", ctypes.c_int), ("kind", ctypes.c_int), ("rest", ctypes.c_char * 48)]
timer = ctypes.c_void_p()
signal.signal(signal.SIGCONT, lambda *_: None)
libc.timer_create(1, ctypes.byref(Event(0, signal.SIGCONT, 0)), ctypes.byref(timer))
libc.timer_settime(timer, 0, (ctypes.c_long * 4)(0, 1_000_000, 0, 1_000_000), None)
os.mkdir("/w/x")
os.symlink({str(secret)!r}, "/w/x/link")
for n in range(300):
    open("/w/x/%d" % n, "w").close()
    os.chmod("/w/x/%d" % n, 0)
open("/w/ready", "w").close()
while True:
    for n in range(300):
        os.rename("/w/x/%d" % n, "/w/x/kept")
        os.symlink({str(secret)!r}, "/w/x/%d" % n)
        os.rename("/w/x/kept", "/w/x/%d" % n)
"""
    async with bench.sandbox() as parent:
        await parent.put("/tmp/p", program.encode())
        await sh(parent, "setsid python3 /tmp/p >/dev/null 2>&1 & while [ ! -e /w/ready ]; do sleep 0.01; done")
        for _ in range(5):
            try:
                child = await parent.fork()
                await child.close()
            except (SandboxEnded, RuntimeFault) as end:
                assert isinstance(end, SandboxEnded), end.message
                break
    assert secret.stat().st_mode & 0o777 == 0o640 and secret.read_text() == "host"


@REDTEAM.case("makes trees as deep as are looked at, in eight sandboxes at once", "the runner has descriptors left")
async def deep_trees_together(bench: Bench) -> None:
    make = (
        "import os\nfor n in range(190):\n    os.mkdir('d'); os.chdir('d')\nimport time; time.sleep(3); print('done')"
    )

    async def one() -> None:
        async with bench.sandbox() as sandbox:
            assert await py(sandbox, make) == "done\n"

    most = 0
    running = asyncio.gather(*(one() for _ in range(8)))
    while not running.done():
        most = max(most, len(os.listdir("/proc/self/fd")))
        await asyncio.sleep(0.005)
    await running
    assert most < 900, most


@REDTEAM.case("reads how likely it is to be ended when memory runs out", "more so than the runner")
async def first_to_go(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        found = json.loads(await sh(sandbox, "cat /proc/self/oom_score_adj"))
        with open("/proc/self/oom_score_adj", encoding="ascii") as own:
            assert found >= 500 > int(own.read())


@REDTEAM.case("is given commands and variables that are none", "each is refused with a reason; nothing ends")
async def texts_that_are_none(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        for argv in ([], ["a\0"], ["/bin/echo", "\ud800"], ["/bin/echo", "x" * 200_000]):
            done = await sandbox.exec(argv, timeout_s=20)
            assert done.exit == 126 and done.stderr, (argv[:1], done)
        assert await sh(sandbox, "echo alive") == "alive\n"
        for name, value in (("A\0", "x"), ("A=B", "x"), ("A", "\ud800")):
            try:
                await bench.backend.create(Files(), SMALL, {name: value})
            except RuntimeFault as fault:
                assert fault.code == "R0302" and "ready" not in fault.message, fault.message
                continue
            raise AssertionError(f"{name!a} was taken")
        assert await sh(sandbox, "echo alive") == "alive\n"
