"""What is bubblewrap's alone: workspaces without an overlay, and sandboxes that lost their monitor."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.interface import LaidFile, Program
from clawc.runtime.sandbox.orphans import end_orphans, orphans
from clawc.runtime.sandbox.probe import find_bwrap
from tests.sandbox.bench import SMALL, Files, sh


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder that every user may pass through, unlike those of pytest."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def test_old_bwrap_copy_fallback(state: Path, tmp_path: Path) -> None:
    """A bwrap without overlays, or a file system that has none, costs time and changes nothing else."""

    async def main() -> None:
        backend = Bubblewrap(state)
        try:
            found = await backend.probe()
            if not found.ok:
                pytest.skip(f"no sandbox here: {found.reason}. {found.help}")
            backend._ground.overlay = False  # type: ignore[union-attr] # pyright: ignore
            for _ in range(2):
                sandbox = await backend.create(Files(), SMALL, {})
                assert await sh(sandbox, "echo more >> in/data.txt; rm in/tool; cat in/data.txt") == "data\nmore\n"
                dest = Path(tempfile.mkdtemp(dir=tmp_path)) / "dest"
                await sandbox.collect(dest)
                await sandbox.close()
                assert (dest / "in/data.txt").read_text() == "data\nmore\n" and not (dest / "in/tool").exists()
            program = Program(("/bin/sh", "-c", "cat in/data.txt in/data.txt/x"), SMALL, 20.0)
            done = await backend.run_over(program, Files(), {"in/data.txt/x": LaidFile(b"laid")}, tmp_path / "tree")
            assert done.stdout == b"laid"
        finally:
            await backend.close()

    asyncio.run(main())
    assert os.listdir(state) == []


def test_a_sandbox_that_lost_its_monitor_before_it_began_is_ended() -> None:
    """The monitor is killed at the sign that it gives before it lets the sandbox begin."""
    status, writing = os.pipe()
    held = os.open("/dev/null", os.O_RDWR)
    # Known as one of ours by the first argument and by what it would start.
    command = (
        f"exec -a bwrap {find_bwrap()[0]} --args {held} --unshare-all --ro-bind /usr /usr"
        f" --json-status-fd {writing} -- /usr/bin/true clawc.runtime.sandbox.inside.zygote"
    )
    for _ in range(200):
        bwrap = subprocess.Popen(["/bin/bash", "-c", command], pass_fds=(writing, held), stderr=subprocess.DEVNULL)
        os.read(status, 1)
        bwrap.kill()
        bwrap.wait()
        if orphans():
            break
    for fd in (status, writing, held):
        os.close(fd)
    if not orphans():
        pytest.skip("no monitor could be killed at that instant")
    end_orphans()
    deadline = time.monotonic() + 60
    while orphans() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert orphans() == []
