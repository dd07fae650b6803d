"""Where nothing can be isolated, nothing runs, and the reason is given."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clawc.runtime.doctor import checks
from clawc.runtime.sandbox.interface import Probe
from clawc.runtime.sandbox.probe import missing_tools

PROGRAM = """
import asyncio
from clawc.runtime.doctor import checks
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.errors import SandboxUnavailable
from clawc.spec.bundle import Limits
class Files:
    key = "k"
    def write(self, dest): pass
async def main():
    backend = Bubblewrap()
    try:
        await backend.create(Files(), Limits(), {})
    except SandboxUnavailable as error:
        print(error)
    finally:
        await backend.close()
asyncio.run(main())
print([(row.name, row.ok) for row in checks()])
"""


def test_doctor_where_it_works(works: Probe) -> None:
    rows = {row.name: row for row in checks()}
    assert rows["sandbox"].ok and rows["bubblewrap"].ok
    assert "calls:seccomp" in works.enforcers


def without_namespaces(prepare: str) -> str:
    """What the program says in a user namespace of its own in which no further ones are allowed."""
    unshare = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--keep-caps"]
    command = f'{prepare} exec "$0" -c "$1"'
    if shutil.which("unshare") is None or subprocess.run([*unshare, "true"], capture_output=True).returncode:
        pytest.skip("user namespaces cannot be made here")
    done = subprocess.run([*unshare, "sh", "-c", command, sys.executable, PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_forbidden_user_namespaces_are_named() -> None:
    said = without_namespaces("echo 0 > /proc/sys/user/max_user_namespaces &&")
    assert said.startswith("R0301: the kernel forbids user namespaces (user.max_user_namespaces = 0)")
    assert "sysctl -w user.max_user_namespaces" in said
    assert "('sandbox', False)" in said


def test_tools_are_looked_for_on_the_path_of_sandboxes(tmp_path: Path) -> None:
    assert missing_tools(["python", "sh", "no-such-tool"]) == ("no-such-tool",)
