"""Every emitted checker says the same, byte for byte, on every CPython that is at hand (3.9 to 3.14)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from clawc.commands.sources import check_file, find_sources
from clawc.compiler.pipeline import build
from clawc.spec import bundle as spec

ROOT = Path(__file__).resolve().parents[2]
SUPPORTED = [f"3.{minor}" for minor in range(9, 15)]
SOURCES = sorted(find_sources([ROOT / "examples"]))
# Bytes that no format takes for content, beside an empty file.
GARBAGE = {"garbage": b"\xff\xfe{[<\x00\n---\n\x1a" * 20, "empty": b""}


def interpreters() -> Iterator[tuple[str, str]]:
    """Version and path of every supported interpreter, the running one first."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    yield running, sys.executable
    for version in SUPPORTED:
        if version == running:
            continue
        places = [shutil.which(f"python{version}"), *Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
        found = next((str(place) for place in places if place and answers(str(place), version)), None)
        if found:
            yield version, found


def answers(python: str, version: str) -> bool:
    """Does it run, and as this version? A shim of a version manager may do neither."""
    command = [python, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() == version


class Subject(NamedTuple):
    name: str
    checker: Path
    workspaces: dict[str, Path]


def lay_out(files: Mapping[str, bytes], folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> list[Subject]:
    folder = tmp_path_factory.mktemp("subjects")
    found: list[Subject] = []
    for compiled in (task for source in SOURCES for task in check_file(source).tasks):
        name, pristine, right = compiled.task.name, compiled.trial.pristine, compiled.witness.files
        states = {"untouched": {}, "oracle": right} | {k: dict.fromkeys(right, v) for k, v in GARBAGE.items()}
        scripts = {path: data for path, data in build(compiled).files.items() if path.startswith("private/")}
        bundle = lay_out(scripts, folder / name / "bundle")
        spaces = {state: lay_out({**pristine, **made}, folder / name / state) for state, made in states.items()}
        found.append(Subject(name, bundle / spec.CHECKER, spaces))
    return found


@cache  # what this interpreter says is compared with what each other one says
def verdict(python: str, checker: Path, workspace: Path) -> bytes:
    command = [python, "-I", "-S", "-B", str(checker), str(workspace)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, (python, checker, done.stderr[-2000:])
    assert not done.stderr
    return done.stdout


def test_interpreters_that_are_not_at_hand_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    here = dict(interpreters())
    with capsys.disabled():
        missing = [version for version in SUPPORTED if version not in here]
        print(f"\ncheckers run on CPython {', '.join(here)}; not at hand: {', '.join(missing) or 'none'}")
    assert here


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("version", "python"), list(interpreters())[1:] or [("", "")])
def test_every_checker_says_the_same_on_every_interpreter(subjects: list[Subject], version: str, python: str) -> None:
    if not python:
        pytest.skip("this machine has one CPython only")
    assert len(subjects) >= len(SOURCES)
    for subject in subjects:
        for state, workspace in subject.workspaces.items():
            here = verdict(sys.executable, subject.checker, workspace)
            assert verdict(python, subject.checker, workspace) == here, (subject.name, state, version)
