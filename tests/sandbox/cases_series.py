"""Several checkers one after another in one sandbox: each is judged by itself, whatever another one does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from clawc.runtime.sandbox.interface import CHANNEL, Finished, Program, ScriptRun
from tests.sandbox.bench import SMALL, Bench, processes, word
from tests.sandbox.case import Table

SERIES = Table()

# What a run says of itself: its number, its input, and what it finds of others.
_REPORT = """
import json, os, sys
number, fd = sys.argv[1], int(sys.argv[2])
nonce = sys.stdin.read().strip()
def found():
    seen = []
    for folder in ("/tmp", "/dev/shm"):
        for here, folders, files in os.walk(folder):
            for name in folders:
                try:
                    os.chmod(os.path.join(here, name), 0o700)
                except OSError:
                    pass
            seen += [os.path.join(here, name) for name in folders + files]
    return seen
report = {"number": number, "nonce": nonce, "found": found(), "fds": len(os.listdir("/proc/self/fd")) - 1,
          "processes": len([n for n in os.listdir("/proc") if n.isdigit()]), "umask": os.umask(0o22), "cwd": os.getcwd(),
          "env": sorted(os.environ), "path": "/w" in sys.path, "shadow": "poisoned" in sys.modules}
"""


async def _run(bench: Bench, source: str, count: int = 3, each_s: float = 20.0) -> list[Finished | None]:
    data = (_REPORT + source).encode()
    shelf = await bench.backend.shelf(hashlib.sha256(data).hexdigest(), {"check.py": data})
    program = Program(("/check/check.py",), SMALL, each_s, cwd="/check", script=True, output_limit=10_000)
    runs = [ScriptRun((str(number), CHANNEL), f"nonce{number}\n") for number in range(count)]
    return await bench.backend.run_series(program, runs, {"/check": shelf})


def _own(results: Sequence[Finished | None]) -> list[dict[str, object] | None]:
    """What each run reported on its channel; that it is its own report."""
    reports: list[dict[str, object] | None] = []
    for number, done in enumerate(results):
        report: dict[str, object] | None = json.loads(done.channel) if done is not None and done.channel else None
        assert report is None or (report["number"], report["nonce"]) == (str(number), f"nonce{number}"), report
        reports.append(report)
    return reports


_SAY = "os.write(fd, json.dumps(report).encode())\n"


@SERIES.case("judges three workspaces", "each has its own arguments, input, channel and outputs")
async def series_control(bench: Bench) -> None:
    results = await _run(
        bench, f"{_SAY}print('out', number); print('err', number, file=sys.stderr); sys.exit(int(number))"
    )
    assert [(d.exit, d.stdout, d.stderr, d.limit) for d in results if d] == [
        (n, f"out {n}\n".encode(), f"err {n}\n".encode(), "") for n in range(3)
    ]
    assert all(_own(results))


_POISON = """
import builtins, subprocess
if number == "0":
    open("/tmp/left", "w").write(nonce)
    os.makedirs("/tmp/a/b"); open("/tmp/a/b/c", "w").close(); os.symlink("/", "/tmp/link"); os.mkfifo("/tmp/fifo")
    sys.modules["poisoned"] = sys; os.environ["POISON"] = "1"; sys.path.insert(0, "/w"); os.umask(0o777); os.chdir("/tmp")
    builtins.print = None
    for fd2 in range(3, 200):
        try:
            os.write(fd2, b"") if fd2 == fd else os.write(fd2, b"FORGED\\n" * 100)
        except OSError:
            pass
    subprocess.Popen(["setsid", "sh", "-c", "trap '' TERM HUP; while :; do echo x > /tmp/late; done", "MARK"], pass_fds=[fd])
"""


@SERIES.case("leaves files, processes, patches and settings behind", "the next finds nothing of it")
async def series_leaves_nothing(bench: Bench) -> None:
    mark = word()
    results = await _run(bench, _POISON.replace("MARK", mark) + _SAY)
    first, second, third = _own(results)
    assert processes(mark) == []
    assert first and second and third and second == {**third, "number": "1", "nonce": "nonce1"}
    assert (second["found"], second["shadow"], second["path"]) == ([], False, False), second
    assert second["umask"] == first["umask"] and second["cwd"] == "/check" and "POISON" not in str(second["env"])


@SERIES.case(
    "leaves a folder without rights, with something in it",
    "the next finds nothing of it",
    needs="series without leftovers",
)
async def series_shut_folder(bench: Bench) -> None:
    shut = "if number == '0':\n    os.makedirs('/tmp/shut'); open('/tmp/shut/note', 'w').write(nonce); os.chmod('/tmp/shut', 0)\n"
    results = await _run(bench, shut + _SAY)
    assert [report is None or report["found"] == [] for report in _own(results)] == [True] * 3, _own(results)


@SERIES.case(
    "one of them hangs, stops, or never ends to print",
    "it has exceeded its time, or is cut; the others are judged, or left for another try",
)
async def series_one_hangs(bench: Bench) -> None:
    for attack in (
        "while True: pass",
        "os.kill(os.getpid(), 19)",
        "while True: os.write(1, b'x' * 65536)",
        "os.close(1); os.close(2); os.close(fd); import time; time.sleep(99)",
    ):
        results = await _run(bench, f"if number == '1':\n    {attack}\n{_SAY}", each_s=0.5)
        reports = _own(results)
        assert reports[0] is not None and reports[1] is None, (attack, results)
        assert results[1] is None or results[1].limit == "time", (attack, results[1])
        assert results[2] is None or reports[2] is not None, (attack, results[2])


@SERIES.case(
    "one of them kills all that it can reach, or fills memory and processes",
    "its own result is none that counts; no other is forged",
)
async def series_one_attacks(bench: Bench) -> None:
    attacks = (
        "for pid in (os.getppid(), 1, -1, os.getpid()):\n        try: os.kill(pid, 9)\n        except OSError: pass",
        "held = [b'x' * (20 << 20) for _ in range(40)]; import time; time.sleep(60)",
        "import time\n    try:\n        while True:\n            if os.fork() == 0: time.sleep(60)\n    except OSError: os._exit(7)",
        "for pid in (os.getppid(), 1):\n        for name in ('mem', *('fd/%d' % n for n in range(64))):\n            try: os.write(os.open('/proc/%d/%s' % (pid, name), os.O_WRONLY | os.O_NONBLOCK), b'{\"exit\": 0, \"sizes\": [0, 0, 3]}\\nABC')\n            except OSError: pass\n    os._exit(9)",
        "open('/tmp/x', 'wb').write(b'x' * (60 << 20)); os.chmod('/tmp', 0); os._exit(9)",
    )  # fmt: skip
    for attack in attacks:
        results = await _run(bench, f"if number == '1':\n    {attack}\n{_SAY}")
        reports = _own(results)
        assert reports[1] is None, (attack, results)
        assert results[1] is None or results[1].exit != 0, (attack, results[1])
        assert results[2] is None or reports[2] is not None, (attack, results[2])


@SERIES.case("prints much, and writes much to its channel", "bounded for each")
async def series_bounded(bench: Bench) -> None:
    results = await _run(bench, "for out in (1, 2, fd):\n    for _ in range(400): os.write(out, b'x' * 65536)\n")
    for done in results:
        assert done is not None and done.truncated and len(done.stdout) <= 10_000 and len(done.stderr) <= 10_000, done
        assert done.channel_over


@SERIES.case("takes more than a minute longer than one of its runs may", "each is judged", nightly=True)
async def series_longer_than_a_run(bench: Bench) -> None:
    found = await _run(bench, "import time; time.sleep(0.9); os.write(fd, b'done\\n')", count=80, each_s=10.0)
    assert [one.channel if one else None for one in found] == [b"done\n"] * 80
