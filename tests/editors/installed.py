"""The npm packages of the VS Code extension and of its tests, installed once from its lockfile into the user's cache folder.

`python -m tests.editors.installed` installs them. Where CLAWC_TEST_EDITORS is 1 a test that lacks them fails.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from clawc.runtime.cache_folder import cache_folder

EXTENSION = Path(__file__).resolve().parents[2] / "editors" / "vscode"
_FILES = ("package.json", "package-lock.json")
_NPM = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
_PATIENCE_S = 300


def packages() -> Path | None:
    """Their folder `node_modules`; None if they are not installed. It is seen only when it is whole."""
    found = _folder() / "node_modules"
    return found if found.is_dir() else None


def packages_or_skip() -> Path:
    """As `packages`; skips with the reason, where CLAWC_TEST_EDITORS is 1 fails."""
    found = packages()
    if found is None or node() is None:
        lacking = "node is not there" if node() is None else "the packages of npm are not installed"
        reason = f"{lacking}; run `python -m tests.editors.installed`"
        if os.environ.get("CLAWC_TEST_EDITORS") == "1":
            pytest.fail(f"CLAWC_TEST_EDITORS is 1: {reason}", pytrace=False)
        pytest.skip(reason)
    return found


@cache
def node() -> str | None:
    return shutil.which("node") or shutil.which("nodejs")


def install() -> Path:
    """Raises OSError or CalledProcessError where npm cannot do it."""
    folder = _folder()
    if (folder / "node_modules").is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(mkdtemp(dir=folder.parent))
    try:
        for name in _FILES:
            shutil.copyfile(EXTENSION / name, made / name)
        subprocess.run(["npm", *_NPM], cwd=made, check=True, timeout=_PATIENCE_S, stdout=sys.stderr)
        with suppress(OSError):  # another one was first
            made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def _folder() -> Path:
    named = os.environ.get(
        "CLAWC_TEST_FRAMEWORKS"
    )  # what tests keep between runs, set before they change the cache folder
    digest = hashlib.sha256(b"".join((EXTENSION / name).read_bytes() for name in _FILES)).hexdigest()
    return (Path(named) if named else cache_folder()).absolute() / "editors" / digest[:12]


if __name__ == "__main__":
    print(install())
