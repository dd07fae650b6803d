"""Every file in `mistakes/` gets exactly the diagnostics that are planted in it, each at its line.

A planted mistake is a comment `#! CODE` at the end of its line; where no comment can stand, `#^ CODE` on a later line,
with as many `^` as lines to go up. Files that a spec uses are marked likewise. `NAME.size` stands for an asset of that many bytes.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import check
from clawc.compiler.report import as_text
from clawc.spec.diagnostics import BY_CODE, is_of_test

FOLDER = Path(__file__).parent / "mistakes"
FILES = sorted(FOLDER.glob("[0-9]*.claw"))
OTHERS = Path(__file__).parent
MARK = re.compile(r"#(!|\^+) ([EW]\d{4})")


def marks(path: str, text: str) -> list[str]:
    """`file:line code` of every mark in a text."""
    return [
        f"{path}:{number - up.count('^')} {code}"
        for number, line in enumerate(text.split("\n"), 1)
        for up, code in MARK.findall(line)
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mistakes") / "project"
    shutil.copytree(FOLDER, folder)
    for size in sorted(folder.rglob("*.size")):
        with open(size.with_suffix(""), "wb") as asset:
            asset.truncate(int(size.read_text(encoding="ascii")))
    return folder


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_exactly_what_is_planted(file: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    text = file.read_text(encoding="utf-8")
    result = check(file.name, text, DiskAssets(project))
    found = [f"{d.source.path}:{d.source.position(d.span.start)[0]} {d.code}" for d in result.diagnostics]
    planted = marks(file.name, text)
    for name in re.findall(r'^use "([^"]+)"', text, re.M):
        planted += _of_module(project, name)
    missing, extra = sorted(set(planted) - set(found)), sorted(set(found) - set(planted))
    assert sorted(found) == sorted(planted), f"missing {missing}\nextra {extra}\n{as_text(result.diagnostics)}"


def _of_module(project: Path, name: str) -> list[str]:
    """The marks of a used file, and of those that it uses beside itself."""
    path = project / name
    if not path.is_file() or path.suffix != ".claw":
        return []
    text = path.read_text(encoding="utf-8")
    found = marks(name, text)
    for other in re.findall(r'^use "([^"]+)"', text, re.M):
        folder = Path(name).parent
        if (project / folder / other).is_file() and f'use "{Path(name).name}"' in (project / folder / other).read_text(
            encoding="utf-8"
        ):
            found += marks((folder / other).as_posix(), (project / folder / other).read_text(encoding="utf-8"))
    return found


def test_enough_is_planted() -> None:
    assert len(FILES) >= 20
    counts = {file.name: len(MARK.findall(file.read_text(encoding="utf-8"))) for file in FILES}
    assert sum(5 <= n <= 20 for n in counts.values()) >= 20, counts


def test_every_code_is_planted() -> None:
    texts = [p.read_text(encoding="utf-8") for p in [*FOLDER.rglob("*.claw"), OTHERS / "test_many_mistakes.py"]]
    planted = {code for text in texts for _, code in MARK.findall(text)}
    # E0503 is a bound of the worker that checks; what a proof finds is planted in tests/prove.
    wanted = {code for code in BY_CODE if code != "E0503" and not is_of_test(code)}
    assert planted >= wanted, sorted(wanted - planted)
