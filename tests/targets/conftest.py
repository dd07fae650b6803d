"""What tests of the grader start from: a folder that every user may read, with the grader and bundles."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawc.commands.sources import check_file
from clawc.compiler.pipeline import build, check
from clawc.compiler.targets.grader.collect import remove
from clawc.compiler.targets.parts import grader_files
from clawc.runtime.sandbox.probe import find_bwrap, stage
from tests.targets.exported import laid
from tests.targets.graders import MODES, ROOT, SPEC, Ground, public_folder


@pytest.fixture
def open_path() -> Iterator[Path]:
    """As `tmp_path`, but every user may pass it."""
    folder = public_folder()
    yield folder
    remove(str(folder))


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    folder = public_folder()
    laid({path: file.data for path, file in grader_files("").items()}, folder / "grader")
    for tasks in (check("ask.claw", SPEC).tasks, check_file(ROOT / "tests/sandbox/tasks.claw").tasks):
        for compiled in tasks:
            files = build(compiled)
            laid(files.files, folder / "bundles" / files.manifest.task)
    stage(find_bwrap()[0], folder / "staged")
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() or "staged" in path.parts else 0o644)
    yield Ground(folder)
    remove(str(folder))


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """A name of `MODES` that can be had here."""
    name: str = request.param
    if os.geteuid() != 0 and MODES[name][0]:
        pytest.skip("the tests do not run as root")
    return name
