"""Bundles whose checker is a stranger's: what it tries against the runner, the host, other checkers and other sandboxes.

Such a checker judges its own task as it likes; it must not gain anything beyond that, nor spoil another verdict.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import socket
from pathlib import Path
from typing import Any

from clawc.runtime.harness.null import Null
from clawc.runtime.harness.oracle import Oracle
from clawc.runtime.records import EpisodeRecord
from clawc.spec.bundle import CHECKER, MANIFEST
from clawc.spec.manifest_id import manifest_id
from tests.sandbox.bench import Bench, appears, processes, sh, word
from tests.sandbox.case import Table
from tests.sandbox.episode import played
from tests.sandbox.forgeries_tables import VERDICT

BUNDLES = Table()

_CHECKER = """
import json, os, sys
nonce = sys.stdin.readline().strip()
fd = int(sys.argv[-1])
verdict = json.loads({verdict!r})
verdict["nonce"] = nonce
line = json.dumps(verdict).encode() + b"\\n"
said = []
{before}
if said:
    raise SystemExit("GOT THROUGH " + repr(said)[:1500])
{write}
"""
_WRITE = "os.write(fd, line)"


def strange(bench: Bench, before: str = "", write: str = _WRITE, check_s: float = 20.0) -> Path:
    """The bundle of `tables` with another checker, which says that all has passed unless `before` adds to `said`."""
    folder = bench.folder / f"bundle{hashlib.sha256((before + write).encode()).hexdigest()[:8]}"
    shutil.copytree(bench.bundles / "tables", folder)
    text = _CHECKER.format(verdict=VERDICT, before=before, write=write).encode()
    (folder / CHECKER).write_bytes(text)
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    for file in manifest["files"]:
        if file["path"] == CHECKER:
            file |= {"sha256": hashlib.sha256(text).hexdigest(), "size": len(text)}
    manifest["limits"]["check_s"] = check_s
    manifest["id"] = manifest_id(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return folder


async def judged(bench: Bench, before: str = "", write: str = _WRITE, check_s: float = 20.0) -> EpisodeRecord:
    """The record of an episode of such a bundle, whose agent does nothing."""
    return await played(
        strange(bench, before, write, check_s), Null(), bench.backend, bench.folder / f"episode{word()}"
    )


async def _harmless(bench: Bench, before: str) -> None:
    """What a checker tries fails, and its verdict counts."""
    found = await judged(bench, before)
    assert (found.score, found.outcome) == ("1", "ok"), found.evidence
    await _honest(bench)


async def _no_verdict(bench: Bench, why: str, before: str = "", write: str = _WRITE, check_s: float = 20.0) -> None:
    """A checker gives no verdict that counts: no score, and neither the agent's fault."""
    found = await judged(bench, before, write, check_s)
    assert (found.score, found.outcome) == (None, "verifier_error"), (found.score, found.outcome, found.evidence)
    assert why in found.evidence, found.evidence


async def _honest(bench: Bench) -> None:
    """An honest checker judges afterwards as ever."""
    bundle = bench.bundles / "tables"
    right = await played(bundle, Oracle(), bench.backend, bench.folder / f"right{word()}")
    none = await played(bundle, Null(), bench.backend, bench.folder / f"none{word()}")
    assert (right.score, none.score) == ("1", "0"), (right.evidence, none.evidence)


@BUNDLES.case("gives one verdict", "it counts")
async def checker_control(bench: Bench) -> None:
    await _harmless(bench, "")


@BUNDLES.case("gives two verdicts", "none counts: verifier_error, no score")
async def checker_two_verdicts(bench: Bench) -> None:
    await _no_verdict(bench, "2 whole lines", write=f"{_WRITE}; {_WRITE}")


@BUNDLES.case("gives half a verdict and then another", "none counts")
async def checker_half_verdict(bench: Bench) -> None:
    await _no_verdict(bench, "malformed", write="os.write(fd, line[:40] + line)")


@BUNDLES.case("gives a verdict with another nonce", "it does not count")
async def checker_wrong_nonce(bench: Bench) -> None:
    await _no_verdict(bench, "wrong nonce", write="os.write(fd, line.replace(nonce.encode(), b'0' * 32))")


@BUNDLES.case("gives its verdict on stdout, stderr and all other descriptors", "it does not count")
async def checker_other_descriptors(bench: Bench) -> None:
    write = """
for other in [1, 2, *range(3, 1024)]:
    try:
        if other != fd:
            os.write(other, line)
    except OSError:
        pass
"""
    await _no_verdict(bench, "0 whole lines", write=write)


@BUNDLES.case("gives a verdict and fails, dies or hangs", "it does not count")
async def checker_fails_after(bench: Bench) -> None:
    await _no_verdict(bench, "exit status 1", write=f"{_WRITE}; sys.exit(1)")
    await _no_verdict(bench, "exit status", write=f"{_WRITE}; os.abort()")
    await _no_verdict(bench, "time limit", write=f"{_WRITE}; import time; time.sleep(60)", check_s=1.0)
    await _honest(bench)


@BUNDLES.case("writes wherever it can", "to nothing but its own /tmp and /dev/shm, of which nothing is left")
async def checker_writes_outside(bench: Bench) -> None:
    before = """
for folder, folders, files in os.walk("/"):
    folders[:] = [n for n in folders if os.path.join(folder, n) not in ("/usr/share", "/usr/lib", "/usr/include", "/proc")]
    if folder in ("/tmp", "/dev/shm"):
        said += files + folders
        open(folder + "/planted-by-a-checker", "w").close()
        continue
    try:
        open(os.path.join(folder, "planted-by-a-checker"), "w").close()
        said.append(folder)
    except OSError:
        pass
for path in ("/check/check.py", "/w/input/orders.csv", "/etc/passwd", "/usr/bin/python3", "/proc/sys/kernel/core_pattern"):
    try:
        open(path, "r+b")
        said.append(path)
    except OSError:
        pass
"""
    await _harmless(bench, before)
    await _harmless(bench, before + "\n")


@BUNDLES.case("connects to the network, to the host and to its sockets", "nothing is reached")
async def checker_network(bench: Bench) -> None:
    with socket.socket() as server, socket.socket(socket.AF_UNIX) as abstract:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        name = f"\0{word()}"
        abstract.bind(name)
        abstract.listen()
        abstract.setblocking(False)
        before = f"""
import socket
for family, kind, address in (
    (2, 1, ("127.0.0.1", {server.getsockname()[1]})), (2, 1, ("1.1.1.1", 53)), (2, 2, ("1.1.1.1", 53)),
    (10, 1, ("::1", {server.getsockname()[1]})), (10, 1, ("2606:4700:4700::1111", 53)), (1, 1, {name!r}),
):
    try:
        with socket.socket(family, kind) as peer:
            peer.settimeout(2)
            peer.connect(address)
            peer.send(b"x")
            said.append(address)
    except OSError:
        pass
for family in (16, 17, 40, 38):
    try:
        socket.socket(family, 3)
        said.append(family)
    except OSError:
        pass
"""
        await _harmless(bench, before)
        for listening in (server, abstract):
            try:
                listening.accept()
            except BlockingIOError:
                continue
            raise AssertionError("a checker has reached the host")


@BUNDLES.case(
    "leaves processes behind, with its channel open", "they are gone when the verdict is read, and the verdict counts"
)
async def checker_leaves_processes(bench: Bench) -> None:
    mark = word()
    before = f"""
import subprocess
for command in (["setsid", "sleep", "{mark}"], ["sh", "-c", "trap '' TERM HUP; (setsid sleep {mark} &) ; sleep {mark}"]):
    subprocess.Popen(command, pass_fds=[fd])
"""
    found = await judged(bench, before)
    assert processes(mark) == [] and (found.score, found.outcome) == ("1", "ok"), found.evidence


_SEARCH = """
word = {word!r}[::-1].encode()
def look(path):
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        if word in os.read(handle, 1 << 20):
            said.append(path)
    except OSError:
        pass
    finally:
        os.close(handle)
for folder, folders, files in os.walk("/"):
    folders[:] = [n for n in folders if os.path.join(folder, n) not in ("/usr", "/proc", "/sys")]
    for name in files:
        look(os.path.join(folder, name))
own = {{str(os.getpid()), "self", "thread-self"}}
pids = [n for n in os.listdir("/proc") if n.isdigit()]
if len(pids) > 2:
    said.append(pids)
for pid in pids:
    for part in ("cmdline", "environ", "mem", "maps", "auxv"):
        look("/proc/%s/%s" % (pid, part))
    for place in ("root", "cwd"):
        for found in ("/check/check.py", "/check.py", "/w/note", "/note"):
            if pid not in own:
                look("/proc/%s/%s%s" % (pid, place, found))
    try:
        for n in os.listdir("/proc/%s/fd" % pid):
            target = os.readlink("/proc/%s/fd/%s" % (pid, n))
            if pid not in own and target.startswith("/") and not target.startswith(("/memfd:", "/dev/null")):
                said.append([pid, target])
    except OSError:
        pass
"""


@BUNDLES.case(
    "searches files, processes and descriptors for another checker that runs at the same time", "finds nothing of it"
)
async def checker_other_bundles(bench: Bench) -> None:
    secret = word()
    slow = f"import time\nsecret = {secret!r}\nopen('/tmp/note', 'w').write(secret)\ntime.sleep(2.5)"
    other = asyncio.create_task(judged(bench, slow))
    await asyncio.sleep(1)
    found = await judged(bench, _SEARCH.format(word=secret[::-1]))
    assert (found.score, found.outcome) == ("1", "ok"), found.evidence
    assert (await other).score == "1"


@BUNDLES.case("searches for the sandboxes of agents that run at the same time", "finds nothing of them")
async def checker_other_sandboxes(bench: Bench) -> None:
    secret = word()
    async with bench.sandbox() as sandbox:
        await sh(sandbox, f"echo {secret} | tee note /tmp/note /dev/shm/note; setsid sleep {secret} >/dev/null 2>&1 &")
        await appears(secret)
        found = await judged(bench, _SEARCH.format(word=secret[::-1]))
        assert (found.score, found.outcome) == ("1", "ok"), found.evidence
        assert len(processes(secret)) == 1


@BUNDLES.case(
    "patches its interpreter, its limits and all it shares, and ends in order", "the next checker starts as ever"
)
async def checker_poisons_interpreter(bench: Bench) -> None:
    before = """
import atexit, builtins, csv, decimal, gc, resource, signal, threading
real = os.write
builtins.open = builtins.sum = builtins.sorted = lambda *a, **k: None
csv.reader = json.loads = json.dumps = lambda *a, **k: {"C": "1"}
decimal.getcontext().prec = 1
decimal.DefaultContext.prec = 1
os.environ.update({"PYTHONPATH": "/w", "PATH": "/w", "LD_PRELOAD": "/w/x.so"})
sys.path.insert(0, "/w"); sys.setrecursionlimit(50); sys.modules["csv"] = None
os.umask(0o777); os.chdir("/tmp"); os.nice(10)
resource.setrlimit(resource.RLIMIT_CPU, (1, 1)); resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))
signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
atexit.register(os._exit, 0)
"""
    found = await judged(bench, before, write="real(fd, line)")
    assert (found.score, found.outcome) == ("1", "ok"), found.evidence
    await _honest(bench)


@BUNDLES.case(
    "kills and stops all that it can reach, and writes to the memory and descriptors of others",
    "the next checker judges as ever",
)
async def checker_attacks_its_origin(bench: Bench) -> None:
    before = """
import signal
for pid in (os.getppid(), 1, 2, *map(int, filter(str.isdigit, os.listdir("/proc")))):
    if pid in (os.getpid(), 0):
        continue
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except OSError:
            pass
    for name in ["mem", "oom_score_adj", "comm", "clear_refs", *("fd/%d" % n for n in range(64))]:
        try:
            handle = os.open("/proc/%d/%s" % (pid, name), os.O_WRONLY | os.O_NONBLOCK)
            os.write(handle, b"garbage" * 100)
            said.append([pid, name])
        except OSError:
            pass
"""
    await _harmless(bench, before)


@BUNDLES.case(
    "uses up memory, processes, descriptors and disk", "no verdict, or one; the next checker has all of its own"
)
async def checker_bombs(bench: Bench) -> None:
    await _no_verdict(
        bench, "memory limit", "held = [b'x' * (20 << 20) for _ in range(40)]\nimport time; time.sleep(60)"
    )
    fork = """
import time
try:
    for _ in range(500):
        if os.fork() == 0:
            time.sleep(60)
except OSError:
    pass
"""
    assert (await judged(bench, fork)).score == "1"
    pipes = """
import fcntl
held = []
try:
    for _ in range(600):
        held.append(os.pipe())
        fcntl.fcntl(held[-1][1], 1031, 1 << 20)
except OSError:
    pass
try:
    for n in range(10**5):
        open("/tmp/%d" % n, "w").close()
    open("/dev/shm/x", "wb").write(b"x" * (64 << 20))
except OSError:
    pass
for pair in held[-40:]:
    for end in pair:
        os.close(end)
"""
    bombed = await judged(bench, pipes)
    assert bombed.outcome in ("ok", "verifier_error")
    await _honest(bench)
