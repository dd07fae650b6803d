"""Checkers and the programs of jobs: what a workspace holds changes nothing in the interpreter that judges it, and the
channel of a verdict is the checker's alone."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from clawc.runtime.sandbox.interface import CHANNEL, Finished, LaidFile, Program
from tests.sandbox.bench import SMALL, Bench, Files, processes, vanishes, word
from tests.sandbox.case import Case, Table

CHECKER = Table()

_HIJACK = "print('HIJACKED'); import os; os.write(1, b'HIJACKED\\n')\n"
# Names that an interpreter, or a program started with a look at its folder, would load.
_SHADOWS = (
    "json.py", "json/__init__.py", "os.py", "csv.py", "decimal.py", "encodings/__init__.py", "encodings/utf_8.py", "site.py",
    "sitecustomize.py", "usercustomize.py", "conftest.py", "pytest.ini", "__init__.py", "__main__.py", "check.py", "re.py",
    "zz.pth", "in/json.py", "lib/python3.11/site-packages/sitecustomize.py", "python311.zip", "pyvenv.cfg", "python3._pth",
    ".local/lib/python3.11/site-packages/usercustomize.py", ".local/lib/python3.11/site-packages/zz.pth", "startup.py",
    "__pycache__/json.cpython-311.pyc", "setup.cfg", ".pythonrc",
)  # fmt: skip
_PROGRAMS = ("python3", "python", "sh", "env", "prlimit", "cat")
_HOSTILE_ENV = {
    "PYTHONPATH": "/w:/w/in", "PYTHONSTARTUP": "/w/startup.py", "PYTHONHOME": "/w", "PYTHONUSERBASE": "/w/.local",
    "PYTHONINSPECT": "1", "PYTHONBREAKPOINT": "json.x", "PYTHONWARNINGS": "error", "PYTHONPYCACHEPREFIX": "/w/__pycache__",
    "PATH": "/w:/w/bin:/usr/bin:/bin", "HOME": "/w",
}  # fmt: skip
_CHECK = """
import csv, decimal, json, os, re, sqlite3, sys, unicodedata, zipfile
report = {
    "path": sys.path, "flags": [sys.flags.isolated, sys.flags.no_site], "cwd": os.getcwd(),
    "origins": sorted({str(getattr(m, "__file__", "")) for m in list(sys.modules.values())}),
    "executable": os.path.realpath("/proc/self/exe"), "fds": sorted(map(int, os.listdir("/proc/self/fd"))),
    "main": __file__, "processes": len([n for n in os.listdir("/proc") if n.isdigit()]), "env": dict(os.environ),
    "channel": int(sys.argv[2]), "site": "site" in sys.modules,
}
for path in ("/w/new", "/check/new", "/check/check.py", "/w/json.py"):
    try:
        open(path, "a").close()
        report["wrote " + path] = True
    except OSError:
        pass
os.write(int(sys.argv[2]), json.dumps(report).encode())
"""
_CHECKED: dict[int, Any] = {}


def _hostile(folder: Path) -> None:
    """A workspace full of look-alikes, all of which say so when they run."""
    for name in _SHADOWS:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import os; os.write(1, b'HIJACKED')\n" if name.endswith(".pth") else _HIJACK)
    for name in _PROGRAMS:
        for place in (folder / name, folder / "bin" / name):
            place.parent.mkdir(exist_ok=True)
            place.write_text("#!/bin/sh\necho HIJACKED\n")
            place.chmod(0o755)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)


async def checked(
    bench: Bench,
    source: str,
    fill: Callable[[Path], object] | None = None,
    timeout_s: float = 60,
    env: Mapping[str, str] | None = None,
) -> Finished:
    """Run a checker over a folder, which `fill` has filled, as scoring does."""
    scratch = bench.backend.scratch()
    try:
        folder = scratch / "w"
        folder.mkdir()
        folder.chmod(0o755)
        if fill is not None:
            fill(folder)
        shelf = await bench.backend.shelf(hashlib.sha256(source.encode()).hexdigest(), {"check.py": source.encode()})
        argv = ("/check/check.py", "/w", CHANNEL)
        program = Program(argv, SMALL, timeout_s, env or {}, cwd="/check", script=True)
        return await bench.backend.run_reading(program, {"/w": folder, "/check": shelf})
    finally:
        await bench.backend.discard(scratch)


def _sees(name: str, tries: str, expects: str, holds: Callable[[dict[str, Any]], object]) -> None:
    """A case about the report of a checker over a workspace full of look-alikes, with an environment to match."""

    async def play(bench: Bench) -> None:
        key = id(bench.backend)
        if key not in _CHECKED:
            done = await checked(bench, _CHECK, _hostile, env=_HOSTILE_ENV)
            assert (done.exit, done.limit) == (0, ""), done
            _CHECKED[key] = {**json.loads(done.channel), "said": (done.stdout + done.stderr).decode()}
        assert holds(_CHECKED[key]), (expects, _CHECKED[key])

    CHECKER.add(Case(name, tries, expects, play))


def _from_usr(seen: dict[str, Any]) -> bool:
    return all(not origin or origin.startswith("/usr/") or origin == "/check/check.py" for origin in seen["origins"])


def _silent(seen: dict[str, Any]) -> bool:
    return seen["said"] == "" and _from_usr(seen)


for _name, _tries in (
    ("json_shadow", "leaves json.py and other modules of the standard library in the workspace"),
    ("sitecustomize", "leaves sitecustomize.py in the workspace and where an installation has it"),
    ("usercustomize", "leaves usercustomize.py in the workspace and in the user's folder"),
    ("pth", "leaves .pth files"),
    ("PYTHONPATH", "points PYTHONPATH into the workspace"),
    ("PYTHONSTARTUP", "points PYTHONSTARTUP and PYTHONHOME into the workspace"),
    ("conftest", "leaves conftest.py, pytest.ini and setup.cfg"),
    ("zipped_library", "leaves python311.zip, pyvenv.cfg, ._pth and compiled modules"),
):
    _sees(_name, _tries, "none of it runs in the checker; every module is the system's", _silent)
_sees(
    "PATH_python3",
    "leaves python3, sh and other programs first on PATH",
    "the checker is the system's interpreter",
    lambda s: s["said"] == "" and s["executable"].startswith("/usr/bin/python3"),
)
_sees(
    "checker_path_isolated",
    "-",
    "neither the workspace nor the checker's folder is on its path; no site; isolated",
    lambda s: not {"", "/w", "/check"} & set(s["path"]) and s["flags"] == [1, 1] and not s["site"],
)
_sees(
    "writes_no_effect",
    "a checker writes to the workspace and to itself",
    "refused",
    lambda s: not any(k.startswith("wrote") for k in s),
)
_sees(
    "checker_alone",
    "-",
    "in the checker's sandbox there are two processes at most; it has its channel and the three standard descriptors",
    lambda s: (
        s["processes"] <= 2 and set(s["fds"]) <= {0, 1, 2, 3, s["channel"], s["channel"] + 1} and len(s["fds"]) == 5
    ),
)


@CHECKER.case("prints PASS and a verdict on stdout and stderr", "nothing of it is on the channel")
async def stdout_PASS_ignored(bench: Bench) -> None:
    done = await checked(bench, "import sys; print('PASS 1.0'); print('{\"C\": \"1\"}', file=sys.stderr)")
    assert (done.exit, done.channel, done.stdout) == (0, b"", b"PASS 1.0\n")


@CHECKER.case("a checker takes longer than it may", "no exit status, `time`; what it wrote before is no whole answer")
async def timeout_is_error(bench: Bench) -> None:
    mark = word()
    source = f"import os, sys, time\nos.write(int(sys.argv[2]), b'x\\n'); os.spawnv(os.P_NOWAIT, '/bin/sleep', ['sleep', '{mark}']); time.sleep(600)"
    done = await checked(bench, source, timeout_s=1)
    assert (done.exit, done.limit) == (None, "time")
    assert processes(mark) == []


@CHECKER.case("a checker leaves a process behind that holds its channel", "it is gone when the answer is there")
async def checker_leftover_ends(bench: Bench) -> None:
    mark = word()
    source = f"import os, subprocess, sys\nsubprocess.Popen(['setsid', 'sleep', '{mark}'], pass_fds=[int(sys.argv[2])])\nos.write(int(sys.argv[2]), b'done')"
    done = await checked(bench, source)
    assert (done.exit, done.channel) == (0, b"done")
    assert processes(mark) == []


@CHECKER.case("a checker writes without end to its channel", "bounded, and said")
async def channel_bounded(bench: Bench) -> None:
    done = await checked(bench, "import os, sys\nfor _ in range(3000): os.write(int(sys.argv[2]), b'x' * 65536)")
    assert done.channel_over and len(done.channel) <= 64 << 20


async def _job(bench: Bench, program: str, timeout_s: float = 60) -> Finished:
    """Run a program as that of a job: over a template, with the program laid over it."""
    argv = ("/usr/bin/python3", "tool.py")
    tree = bench.folder / f"tree{word()}"
    return await bench.backend.run_over(
        Program(argv, SMALL, timeout_s), Files(), {"tool.py": LaidFile(program.encode())}, tree
    )


@CHECKER.case(
    "a job's program lists its descriptors, and those of every process that it sees",
    "0, 1 and 2: no channel of a verdict",
)
async def verdict_fd_not_inherited(bench: Bench) -> None:
    program = """
import json, os, sys
held = {}
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        held[pid] = {fd: os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd") if os.path.lexists(f"/proc/{pid}/fd/{fd}")}
    except OSError:
        pass
own = sorted(map(int, held[str(os.getpid())]))
print(json.dumps({"own": own, "all": held}))
"""
    done = await _job(bench, program)
    assert done.exit == 0, done
    found = json.loads(done.stdout)
    assert set(found["own"]) <= {0, 1, 2, 3} and done.channel == b"", found


@CHECKER.case(
    "a job's arguments ask for a channel",
    "only checkers get one: the argument stays as it is",
    needs="channel for checkers only",
)
async def no_channel_for_jobs(bench: Bench) -> None:
    program = Program(("/bin/sh", "-c", 'echo "$0"; ls /proc/self/fd | wc -l', CHANNEL), SMALL, 30.0)
    done = await bench.backend.run_over(program, Files(), {}, bench.folder / "tree")
    assert (done.stdout.split(), done.channel) == ([CHANNEL.encode(), b"4"], b""), done


@CHECKER.case("a job's program writes a verdict to descriptors 3 to 1023", "none takes it")
async def forged_verdict(bench: Bench) -> None:
    program = """
import os
for fd in range(3, 1024):
    try:
        os.write(fd, b'{"C": "1", "V": "1"}\\n')
        print("TAKEN", fd)
    except OSError:
        pass
"""
    done = await _job(bench, program)
    assert (done.exit, done.stdout, done.channel) == (0, b"", b""), done


@CHECKER.case(
    "a job's program ends the interpreter with os._exit(0) before it has done anything",
    "exit 0 and no output, whatever it registered",
)
async def os_exit0(bench: Bench) -> None:
    done = await _job(bench, "import atexit, os\natexit.register(print, 'LATE')\nos._exit(0)\nprint('done')")
    assert (done.exit, done.stdout, done.channel, done.limit) == (0, b"", b"", "")


@CHECKER.case(
    "a job's program patches modules and registers functions for its end",
    "the next program starts from a fresh interpreter",
)
async def atexit_monkeypatch(bench: Bench) -> None:
    patch = "import atexit, builtins, json, os, sys\njson.dumps = os._exit\nbuiltins.print = None\natexit.register(os._exit, 0)\nsys.exit = None\nos.environ['X'] = 'y'\nos.umask(0o777)\nos.nice(5)\n"
    await _job(bench, patch)
    done = await _job(
        bench, "import json, os, sys\nprint(json.dumps([os.environ.get('X'), os.umask(0o22), os.nice(0)])); sys.exit(3)"
    )
    assert (done.exit, json.loads(done.stdout)) == (3, [None, 0o22, 0]), done


@CHECKER.case(
    "a job's program leaves processes behind that go on writing",
    "all have ended when its result is there, and the tree stands still",
)
async def job_leftovers_end(bench: Bench) -> None:
    mark = word()
    program = f"import subprocess\nsubprocess.Popen(['setsid', 'sh', '-c', 'while :; do echo {mark} >> /w/late; done'])\nprint('done')"
    tree = bench.folder / "tree"
    done = await bench.backend.run_over(
        Program(("/usr/bin/python3", "t.py"), SMALL, 60.0), Files(), {"t.py": LaidFile(program.encode())}, tree
    )
    assert done.stdout == b"done\n" and done.exit == 0
    await vanishes(mark)
    size = (tree / "late").stat().st_size if (tree / "late").exists() else 0
    assert size == ((tree / "late").stat().st_size if (tree / "late").exists() else 0)


@CHECKER.case("a job's program overwrites its inputs and itself", "the next job has them as they were")
async def jobs_start_fresh(bench: Bench) -> None:
    await _job(
        bench,
        "import os\nopen('in/data.txt', 'w').write('changed'); os.remove('in/tool'); open('tool.py', 'w').write('x'); open('/tmp/left', 'w')",
    )
    done = await _job(
        bench,
        "import os\nprint(open('in/data.txt').read(), os.path.exists('in/tool'), os.listdir('/tmp'), sorted(os.listdir('.')))",
    )
    assert done.stdout == b"data\n True [] ['in', 'tool.py']\n", done


@CHECKER.case("checkers and jobs run at once", "no job sees the folders of a checker")
async def jobs_beside_checkers(bench: Bench) -> None:
    secret = word()
    source = f"import time\nsecret = '{secret}'\ntime.sleep(1.5)"
    look = """
import os
found = [p for p in ("/check", "/jobs") if os.path.exists(p)]
for pid in filter(str.isdigit, os.listdir("/proc")):
    for path in (f"/proc/{pid}/root/check/check.py", f"/proc/{pid}/cwd/check.py"):
        if os.path.exists(path):
            found.append(path)
print(found, len([n for n in os.listdir("/proc") if n.isdigit()]) <= 4)
"""
    judging = asyncio.create_task(checked(bench, source))
    await asyncio.sleep(0.3)
    done = await _job(bench, look)
    assert (await judging).exit == 0
    assert done.stdout == b"[] True\n", done


@CHECKER.case(
    "a program starts in a folder that the agent has not made", "a result like any other, not a failure of the sandbox"
)
async def missing_cwd_is_a_result(bench: Bench) -> None:
    program = Program(("/bin/true",), SMALL, 30.0, cwd="/w/absent")
    done = await bench.backend.run_over(program, Files(), {}, bench.folder / "tree")
    assert done.exit not in (0, None) and done.limit == ""
    absent = Program(("no-such-program",), SMALL, 30.0)
    done = await bench.backend.run_over(absent, Files(), {}, bench.folder / "tree2")
    assert done.exit not in (0, None) and done.limit == ""


@CHECKER.case("a job's program uses too much memory, disk or time", "killed, the limit is named")
async def job_limits(bench: Bench) -> None:
    for name, program in (
        ("memory", "x = b'x' * (300 << 20)\nimport time; time.sleep(60)"),
        ("time", "while True: pass"),
    ):
        done = await _job(bench, program, timeout_s=1 if name == "time" else 60)
        assert (done.exit, done.limit) == (None, name), done
    assert os.listdir(bench.folder)
