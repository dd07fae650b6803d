"""Pods that end in the middle of everything, and what a pod inherits from its runner: neither counts against an agent."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clawc.runtime.bundle import load
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.run import RunPlan, run_episodes
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.ground import Role
from clawc.runtime.sandbox.inside import fresh, processes
from clawc.runtime.sandbox.interface import CHANNEL, Program
from clawc.runtime.sandbox.pods import Pods
from clawc.runtime.store.run_folder import read_attempts
from tests.sandbox.bench import PYTHON, SMALL, Files, appears, sh, vanishes, word
from tests.sandbox.episode import HONEST_NUMBER, Forgery, script

ROOT = Path(__file__).resolve().parents[2]


async def _working(backend: Bubblewrap) -> None:
    found = await backend.probe()
    if not found.ok:
        pytest.skip(f"no sandbox here: {found.reason}. {found.help}")


def _kill_zygote(backend: Bubblewrap, role: Role) -> None:
    """As a machine does that has no memory left."""
    ground = backend._ground  # pyright: ignore[reportPrivateUsage]
    pod = ground.starter.pod(role) if ground is not None and isinstance(ground.starter, Pods) else None
    assert pod is not None
    pid = pod._process.pid  # pyright: ignore[reportPrivateUsage]
    for _ in range(2):  # the monitor's child is the first process, whose child it is
        pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)


def test_the_end_of_a_pod_is_a_fault_of_the_runner(state: Path, caplog: pytest.LogCaptureFixture) -> None:
    mark = word()

    async def main() -> None:
        backend = Bubblewrap(state)
        try:
            await _working(backend)
            several = [await backend.create(Files(), SMALL, {}) for _ in range(5)]
            calls = [asyncio.create_task(sh(one, f"sleep {mark}")) for one in several[:-1]]
            await appears(mark, len(calls))
            _kill_zygote(backend, "agent")
            for found in await asyncio.gather(*calls, return_exceptions=True):
                assert isinstance(found, RuntimeFault) and found.code == "R0302", found
            await vanishes(mark)
            with pytest.raises(RuntimeFault):
                await sh(several[-1], "true")
            again = await backend.create(Files(), SMALL, {})
            assert await sh(again, "echo alive") == "alive\n"
            for sandbox in (*several, again):
                await sandbox.close()
        finally:
            await backend.close()

    asyncio.run(main())
    gc.collect()
    assert "never retrieved" not in caplog.text  # an error that nobody waited for any more


def test_the_end_of_a_pod_is_no_verdict(state: Path, tmp_path: Path) -> None:
    """Neither of a checker nor of a job of the agent."""
    mark, other = word(), word()

    async def main() -> None:
        backend = Bubblewrap(state)
        try:
            await _working(backend)
            job = Program(("/bin/sleep", mark), SMALL, 60.0)
            checker = Program(("/bin/sh", "-c", f"sleep {other}", CHANNEL), SMALL, 60.0, cwd="/")
            calls = [
                asyncio.create_task(backend.run_over(job, Files(), {}, tmp_path / "tree")),
                asyncio.create_task(backend.run_reading(checker, {})),
            ]
            await appears(mark)
            await appears(other)
            _kill_zygote(backend, "job")
            _kill_zygote(backend, "check")
            for found in await asyncio.gather(*calls, return_exceptions=True):
                assert isinstance(found, RuntimeFault) and found.code == "R0302", found
        finally:
            await backend.close()

    asyncio.run(main())


def test_episodes_whose_pod_ends_are_tried_again(state: Path, tmp_path: Path, bundles: Path) -> None:
    mark = f"0.7{word()[1:10]}"
    agent = script(Forgery("slow", "tables", "", files=HONEST_NUMBER, commands=[f"sleep {mark}"]), tmp_path)
    plan = RunPlan([load(bundles / "tables")], agent, tmp_path / "out", episodes=6, jobs=6)

    async def main() -> list[tuple[str, str | None]]:
        backend = Bubblewrap(state)
        try:
            await _working(backend)
            running = asyncio.create_task(run_episodes(plan, backend))
            await appears(mark)
            _kill_zygote(backend, "agent")
            return [(record.outcome, record.score) for record in (await running).records]
        finally:
            await backend.close()

    assert asyncio.run(main()) == [("ok", "0.25")] * 6
    outcomes = [record.outcome for record in read_attempts(tmp_path / "out")[1]]
    assert set(outcomes) == {"ok", "infra_error"} and outcomes.count("ok") == 6, outcomes


def test_descriptors_of_a_box_are_its_own_however_many_there_are() -> None:
    """The zygote holds a descriptor for each box, so those of a new one may have any number."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            files = [os.open("/dev/null", os.O_RDONLY) for _ in range(150)]
            given = [os.pipe()[1], *files[:3]]
            for place, number in enumerate((50, 100, 8, 101)):
                os.dup2(given[place], number)
            names = [os.readlink(f"/proc/self/fd/{number}") for number in (50, 100, 8, 101)]
            last = fresh.arrange([50, 100, 8, 101])
            now = [os.readlink(f"/proc/self/fd/{number}") for number in range(4)]
            others = [name for name in os.listdir("/proc/self/fd") if int(name) > 4]
            status = 0 if (names, last, others) == (now, 3, []) else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_process_whose_first_thread_has_ended_is_seen_to_run() -> None:
    """It looks like one that has ended, and must stand still too before files are copied."""
    program = (
        "import ctypes, os, threading, time; threading.Thread(target=time.sleep, args=(60,)).start();"
        "print('ready', flush=True); ctypes.CDLL(None).syscall(60 if os.uname().machine == 'x86_64' else 93, 0)"
    )
    with subprocess.Popen([*PYTHON, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        deadline = time.monotonic() + 30
        states = ""
        while states != "ZS" and time.monotonic() < deadline:  # the other thread may not sleep yet
            states = processes._all(threads=True)[process.pid].states  # pyright: ignore[reportPrivateUsage]
        process.kill()
    assert states == "ZS"


_ASK = """
import asyncio, os, sys
from pathlib import Path
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.interface import Program
from clawc.spec.bundle import Limits
from clawc.runtime.sandbox.tools import TOOLS, tool_env
class Files:
    key = "k"
    def write(self, dest): pass
async def main():
    backend = Bubblewrap(Path(sys.argv[1]))
    try:
        found = await backend.probe()
        if not found.ok:
            return f"{found.reason} {found.help}"
        source = "grep -h ^Sig[BI] /proc/self/status; (sleep 0.1 &) ; find /opt/tools -readable | wc -l; find /opt/tools | wc -l"
        program = Program(("/bin/sh", "-c", source), Limits(), 60.0, env=tool_env(["pytest"], "/usr/bin:/bin"))
        tree = Path(sys.argv[1]) / "tree"
        try:
            done = await backend.run_over(program, Files(), {}, tree)
        finally:
            tree.rmdir()
        sandbox = await backend.create(Files(), Limits(), {})
        said = await sandbox.exec(["/bin/sh", "-c", "for n in 1 2 3; do (sleep 0.05 &) ; done; sleep 0.3; grep -c . /proc/*/status; grep -h ^Sig[BI] /proc/self/status"], timeout_s=30)
        await sandbox.close()
        return (done.stdout + done.stderr + said.stdout).decode()
    finally:
        await backend.close()
with open(sys.argv[2], "w") as file:
    file.write(asyncio.run(main()))
"""


def _asked(state: Path, out: Path, before: str) -> list[str]:
    """What sandboxes say of a runner that was started by a shell after `before`."""
    command = f'{before}\nexec "$0" -c "$1" "$2" "$3"'
    done = subprocess.run(
        ["/bin/bash", "-c", command, sys.executable, _ASK, str(state), str(out)],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out.read_text().splitlines()


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "before",
    [
        "",
        "trap '' CHLD HUP INT TERM USR1",
        "exec <&- >&- 2>&-",
        "umask 077",
        "ulimit -n 64",
        "export LC_ALL=C LANG=xx_YY PYTHONUTF8=0 TZ=Nowhere/Else",
    ],
    ids=["plain", "ignored-signals", "closed", "umask", "few-files", "locale"],
)
def test_sandboxes_do_not_depend_on_how_the_runner_was_started(before: str, state: Path, tmp_path: Path) -> None:
    said = _asked(state, tmp_path / "said", before)
    if not said[0].startswith("SigBlk"):
        pytest.skip(said[0])
    blocked, ignored, readable, entries, *rest = said
    none = "0" * 16
    assert (blocked.split()[1], ignored.split()[1]) == (none, none), said
    assert readable == entries and int(entries) > 10, said
    assert [line.split()[1] for line in rest if line.startswith("Sig")] == [none, none], said
    assert len([line for line in rest if line.startswith("/proc/") and line.split("/")[2].isdigit()]) == 2, said


@pytest.mark.parametrize(("before", "reason"), [("ulimit -n 24", "ulimit -n"), ("ulimit -n 32", "ulimit -n")])
def test_what_the_runner_lacks_is_named(before: str, reason: str, state: Path, tmp_path: Path) -> None:
    said = _asked(state, tmp_path / "said", before)[0]
    if not said.startswith("a sandbox needs more"):
        pytest.skip(said)
    assert reason in said and "user namespaces" not in said
