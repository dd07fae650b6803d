"""Where small trees are laid: in memory only where there is enough of it, and nothing of them is left after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clawc.runtime.sandbox import memory_folder as module
from clawc.runtime.sandbox.memory_folder import SHARED_MEMORY, memory_folder, scratch_folder

in_memory = pytest.mark.skipif(
    memory_folder() is None and not os.environ.get("TMPDIR"), reason="no 4 GiB of memory for files here"
)


def test_other_folders_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    assert memory_folder(tmp_path) is None  # on a disk, or no mount of its own
    assert memory_folder(tmp_path / "nowhere") is None
    assert memory_folder(Path("/proc")) is None


def test_what_the_user_names_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert memory_folder() is None


@in_memory
def test_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    assert memory_folder() == SHARED_MEMORY
    monkeypatch.setattr(module, "LEAST_BYTES", 1 << 60)
    assert memory_folder() is None


def test_it_goes_at_the_end() -> None:
    with scratch_folder("clawc-scratch-") as folder:
        assert folder.is_dir() and not list(folder.iterdir()) and folder.stat().st_mode & 0o777 == 0o700
        (folder / "a").write_text("x")
    assert not folder.exists()


@in_memory
def test_it_goes_after_a_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    code = (
        "import sys, time; from clawc.runtime.sandbox.memory_folder import scratch_folder\n"
        "with scratch_folder('x') as folder: print(folder, flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    left = Path(child.stdout.readline().strip())
    assert left.is_dir() and left.is_relative_to(SHARED_MEMORY)
    child.send_signal(signal.SIGKILL)
    child.wait()
    with scratch_folder("x"):
        assert not left.exists()
