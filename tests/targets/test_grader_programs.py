"""What programs of the agent try against the grader, in each way to isolate them that works here."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from clawc.compiler.targets.grader import isolate
from tests.sandbox.bench import processes, word
from tests.targets.graders import RIGHT, Ground, grade, tool

# What a program does before it gives its right answer.
HARMLESS: Mapping[str, str] = {
    "uses_devices": "open('/dev/null', 'w').write('x'); open('/dev/null').read(); open('/dev/urandom', 'rb').read(8)",
    "removes_everything": """
import os, shutil
word = os.path.exists("word.txt") and open("word.txt").read()
for name in os.listdir("."):
    shutil.rmtree(name, ignore_errors=True) if os.path.isdir(name) else os.unlink(name)
if word:
    print(word), sys.exit(0)
""",
    "shuts_its_folder": """
import os
word = os.path.exists("word.txt") and open("word.txt").read()
os.makedirs("a/b/c"); open("a/b/c/x", "w").close()
for name in ("a/b/c/x", "a/b/c", "a/b", "a", "tool.py", "."):
    os.chmod(name, 0)
print(word or "") if word else sys.exit(1)
sys.exit(0)
""",
    "deep": """
import os
start = os.open(".", os.O_RDONLY)
for number in range(150):
    os.mkdir("d" * 200); os.chdir("d" * 200)
os.chmod(".", 0)
os.fchdir(start)
""",
    "deeper_at_the_end": """
import os
def deep(status):
    # Deeper than Python recurses and than paths are long. A look at it in between may end what is too deep: so of pieces that are not, joined when all else is done.
    start, ends = os.open(".", os.O_RDONLY), []
    for piece in range(8):
        os.mkdir("p%d" % piece); os.chdir("p%d" % piece)
        for number in range(149):
            os.mkdir("long"); os.chdir("long")
        ends.append(os.open(".", os.O_RDONLY)); os.fchdir(start)
    os.fchdir(ends[-1]); os.chmod("..", 0)
    for piece in range(7, 0, -1):
        os.rename("p%d" % piece, "p", src_dir_fd=start, dst_dir_fd=ends[piece - 1])
    os._exit(status)
if not os.path.exists("word.txt"):
    deep(1)
print(open("word.txt").read().strip(), flush=True)
deep(0)
""",
    "odd_names": r"""
import os, socket
os.mkfifo("fifo"); os.symlink("/etc/passwd", "link"); os.symlink("/", "root"); os.symlink("loop", "loop")
open(b"\xff\xfe", "w"); open("new\nline", "w"); open("\u202e\\ '\"$x", "w"); open("n" * 255, "w")
socket.socket(socket.AF_UNIX).bind("socket")
open("sparse", "w").truncate(15 << 20)
os.link("tool.py", "twin")
""",
    "daemons": """
import os, subprocess
for number in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", MARK])
        os._exit(0)
subprocess.Popen(["sleep", MARK])
subprocess.Popen(["/bin/sh", "-c", "trap '' TERM HUP; while :; do sleep " + MARK + "; done"], start_new_session=True)
""",
    "says_much_on_the_other_stream": "import os; os.write(2, b'x' * 60000)\n",
}  # fmt: skip
# What a program does instead.
BOUNDED: Mapping[str, str] = {
    "memory": "x = bytearray(600 << 20)\nimport time; time.sleep(20)",
    "memory_without_outputs": "import os, time\nfor fd in (0, 1, 2): os.close(fd)\nx = bytearray(600 << 20)\ntime.sleep(20)",
    "disk": "import time\nfor n in range(8):\n    open(f'f{n}', 'wb').write(bytes(8 << 20))\ntime.sleep(20)",
    "one_file": "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nopen('f', 'wb').write(bytes(40 << 20))",
    "output": "import os\nwhile True: os.write(1, b'x' * 65536)",
    "time": "import time\nprint(open('word.txt').read(), flush=True); time.sleep(60)",
    "processes": "import os, time\nfor n in range(200):\n    if os.fork() == 0: time.sleep(20); os._exit(0)\ntime.sleep(20)",
    "stops_itself": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
}  # fmt: skip


SLOW = ("time", "stops_itself", "output")


@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", HARMLESS)
def test_what_a_program_leaves_is_no_obstacle(ground: Ground, open_path: Path, mode: str, name: str) -> None:
    """No reward at all would be better than 0 for who cheats."""
    if mode == "none" and name in ("deep", "odd_names", "says_much_on_the_other_stream"):
        pytest.skip("what copes with them is the same in all modes")
    mark = word()
    workspace = tool(open_path / "w", f"import sys\nMARK = {mark!r}\n{HARMLESS[name]}\n{RIGHT}")
    graded = grade(ground, ground.bundle("patient"), workspace, mode=mode)
    assert (graded.status, graded.reward) == (0, 1.0), graded
    assert processes(mark) == []
    assert os.listdir(open_path / "scratch") == []


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", BOUNDED)
def test_a_program_is_bounded(ground: Ground, open_path: Path, mode: str, name: str) -> None:
    if (name in SLOW and mode != "bwrap") or (mode == "none" and name not in ("memory_without_outputs", "processes")):
        pytest.skip("held by the same as in another mode")
    start = time.monotonic()
    workspace = tool(open_path / "w", f"import sys\nif len(sys.argv[0]) > 7: sys.exit(0)\n{BOUNDED[name]}")
    graded = grade(ground, ground.bundle("ask"), workspace, mode=mode)
    assert (graded.status, graded.reward) == (0, 0.0), graded
    if name not in SLOW:
        assert time.monotonic() - start < 15


def test_a_program_does_not_end_the_grader(ground: Ground, open_path: Path, mode: str) -> None:
    if mode == "none":
        pytest.skip("programs are not held back there")
    text = "import os, signal\nfor pid in (os.getppid(), -1, 0):\n    try: os.kill(pid, signal.SIGKILL)\n    except OSError: pass\n"
    graded = grade(ground, ground.bundle("ask"), tool(open_path / "w", text), mode=mode)
    assert (graded.status, graded.reward) == (0, 0.0), graded


def test_a_program_finds_neither_truth_nor_other_programs(ground: Ground, open_path: Path, mode: str) -> None:
    """The second run gets no credit by what the first one, which has the word, leaves for it."""
    if mode == "none":
        pytest.skip("programs are not held back there")
    bundle = open_path / "bundle"
    shutil.copytree(ground.bundle("ask"), bundle)
    text = f"""
import glob, os, sys
LEFT = "left-{open_path.name}"
PLACES = ["/tmp", "/var/tmp", "/dev/shm", "/run/lock", "..", "../.."]
if os.path.exists("word.txt"):
    word = open("word.txt").read()
    for place in PLACES:
        try:
            open(os.path.join(place, LEFT), "w").write(word)
        except OSError:
            continue
    print(word)
    sys.exit(0)
found = [(place, None, os.listdir(place)) for place in PLACES if os.access(place, os.R_OK)]
for top in [{str(bundle)!r}, *glob.glob({str(open_path)!r} + "/scratch/*"), *glob.glob({str(open_path)!r} + "/scratch/*/*"), *(glob.glob("../../*") if os.getcwd() != "/w" else []), "/proc/%d/cwd" % os.getppid()]:
    found += os.walk(top)
for folder, _, names in found[:5000]:
    for name in names:
        try:
            if name.startswith((LEFT, "stdout", "check", "bundle", "word")) and "k7f3a" in open(os.path.join(folder, name), errors="replace").read():
                print("k7f3a", folder, name)
        except OSError:
            continue
sys.exit(1)
"""
    graded = grade(ground, bundle, tool(open_path / "w", text), "--disposable", mode=mode)
    assert graded.reward == 1.0, graded
    assert bundle.exists() == (mode != "user")
    assert not [
        place
        for place in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")
        if os.path.lexists(f"{place}/left-{open_path.name}")
    ]


def test_a_bundle_that_another_user_could_read_is_shut(ground: Ground, open_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("the tests do not run as root")
    assert grade(ground, ground.bundle("ask"), tool(open_path / "w", RIGHT), mode="user").reward == 1.0
    [bundle] = open_path.glob("bundle-*")
    assert bundle.stat().st_mode & 0o077 == 0


def test_a_program_does_not_reach_settings_of_the_kernel(ground: Ground, open_path: Path, mode: str) -> None:
    """To the kernel, root without any right still owns its settings and devices."""
    text = """
import os, sys
for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sys/kernel/hostname", "/dev/null", "/usr/bin/env"):
    try:
        if path == "/dev/null":
            os.chmod(path, 0o666)
        else:
            os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
    except OSError:
        continue
    sys.exit(7)
"""
    graded = grade(ground, ground.bundle("ask"), tool(open_path / "w", text + RIGHT), mode=mode)
    assert graded.reward == 1.0, graded


def test_whether_bubblewrap_works_may_be_asked_anywhere(ground: Ground) -> None:
    """A runner may ask, which has other children."""
    other = subprocess.Popen(["sleep", "60"])
    try:
        assert isolate.Bubblewrap(str(ground.folder / "staged" / "p" / "b" / "bwrap"), "").works()
        assert not isolate.Bubblewrap("/nowhere", "").works()
        assert not isolate.Bubblewrap("/bin/false", "").works()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
