"""No spec, however hostile, costs more than 5 s of processor time or 512 MB, shows a traceback, or reaches out of its project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from clawc.commands.checking import check_files
from tests.cli.hostile_specs import every
from tests.runtime.hostile_files import HARMLESS, NASTIEST, PATHS, attacks
from tests.runtime.hostile_tasks import FORMATS

MAX_CPU_S = 5.0
MAX_RSS_MIB = 512.0
MEASURED = Path(__file__).parents[1] / "runtime" / "measured.py"
WAS_HERE = Path("/tmp/clawc-was-here")
HOSTILE = every()
# Searches without end: each is ended at the same bound, after all the time that this gives. The usual run tries others of each
# kind (choices, repeats side by side, names that are near), the nightly run these too.
SEARCHES = ("choices of choices", "dots", "a class of everything", "long near names")


def cost(folder: Path, *arguments: str) -> dict[str, Any]:
    """What a run of clawc cost, with all its children, and what it wrote."""
    python = [sys.executable, "-m", "clawc", *arguments]
    command = [sys.executable, "-I", "-S", str(MEASURED), *python]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.sampled(7)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.nightly] if name in SEARCHES else []) for name in HOSTILE]
)
def test_refused_or_harmless(name: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    HOSTILE[name](project)
    for verb in (("check", "--no-cache"), ("build", "-o", "out")):
        spent = cost(project, *verb, "spec.claw")
        assert spent["status"] in (0, 1, 2), spent
        assert "Traceback" not in spent["stdout"] + spent["stderr"], spent
        assert spent["cpu_s"] <= MAX_CPU_S and spent["rss_mib"] <= MAX_RSS_MIB, spent
        assert "root:" not in spent["stdout"] + spent["stderr"]
        if spent["status"]:
            break
    assert not WAS_HERE.exists()
    assert os.listdir(tmp_path) == ["project"]


def as_input(name: str, folder: Path, put: Callable[[Path], Any]) -> Path:
    """A project whose input is a hostile file that its query reads as a deliverable would be read."""
    asset = Path(FORMATS[name].path).name
    folder.mkdir(parents=True)
    expects = " and ".join(f"({e.removeprefix('expect ').replace('made', 'given')})" for e in FORMATS[name].expects)
    (folder / "spec.claw").write_text(
        'claw 1\ntask t {\n  title = "T"\n  workspace {\n    file given "' + asset + '"\n'
        '    file rows "in.csv" { content = "item,n\\npen,12\\nink,3\\n" }\n  }\n'
        f"  let found = if {expects.replace('(csv(given)', '(csv(rows)')} then 1 else 2\n"
        '  deliver d "d.json" { keys = [x] }\n  instruction = "From {{ path.given }} make {{ path.d }} with the key x."\n'
        "  verify { check c { expect json(d).x == found } }\n}\n",
        encoding="utf-8",
    )
    put(folder / asset)
    return folder / "spec.claw"


def written(make: Callable[[], bytes], path: Path) -> None:
    path.write_bytes(make())


def _tried(name: str, chosen: list[str], tmp_path: Path) -> None:
    made = attacks(name, FORMATS[name].right)
    paths: list[Path] = []
    for number, attack in enumerate(chosen):
        put = PATHS[attack] if attack in PATHS else partial(written, made[attack])
        paths.append(as_input(name, tmp_path / "x" / "y" / str(number), put))
    for attack, report in zip(chosen, check_files(paths, cached=False, jobs=2)):
        codes = [f.code for f in report.found]
        ended = [f.message for f in report.found if "ended the checker" in f.message]
        assert not ended, (attack, ended)
        assert codes or (name, attack) in HARMLESS or report.tasks, (attack, codes)


@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", FORMATS)
def test_hostile_inputs(name: str, tmp_path: Path) -> None:
    _tried(name, [a for a in NASTIEST.get(name, ()) if a not in PATHS], tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("name", FORMATS)
def test_every_hostile_input(name: str, tmp_path: Path) -> None:
    _tried(name, list(attacks(name, FORMATS[name].right)), tmp_path)
