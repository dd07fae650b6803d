"""The tables of the specification and what stands behind them agree."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from clawc.compiler.passes.evaluate import COMPILE_TIME_ONLY
from clawc.spec.blocks import BY_KIND, TOP_LEVEL
from clawc.spec.blocks import TABLE as BLOCKS
from clawc.spec.diagnostics import BY_CODE
from clawc.spec.diagnostics import TABLE as DIAGNOSTICS
from clawc.spec.functions import AGGREGATES, BY_NAME, LATER, VERBS, Function
from clawc.spec.functions import TABLE as FUNCTIONS
from clawc.spec.types import LETTERS
from clawc.stdlib.build_index import index
from clawc.stdlib.checks import primitives
from clawc.stdlib.checks.values import Unmet

ROOT = Path(__file__).parents[2]
VENDOR = ROOT / "stdlib" / "vendor"
# Files that go into exports; they are none of our packages.
EXPORTED = ROOT / "compiler" / "targets" / "files"
LAID_BESIDE = ROOT / "compiler" / "importers" / "files"
# `asset` is answered by the compiler, and runs are jobs of the runtime.
ELSEWHERE = {"asset", "run_result"}


@pytest.mark.parametrize("function", [*FUNCTIONS, *AGGREGATES, *VERBS], ids=lambda f: f.name)
def test_every_function_has_its_primitive(function: Function) -> None:
    known = ELSEWHERE | set(primitives()) | set(COMPILE_TIME_ONLY) | {"passed", "score_of"}
    assert function.python in known


def test_the_index_of_primitives_is_up_to_date() -> None:
    written = (ROOT / "stdlib" / "index.py").read_text(encoding="utf-8")
    assert written == index(), "run `python -m clawc.stdlib.build_index`"


def test_what_is_imported_when_called_exists() -> None:
    for name, function in COMPILE_TIME_ONLY.items():
        with pytest.raises((TypeError, Unmet)):  # found, and called without its arguments
            function()
        assert function.__name__ == name


def test_names_of_functions_are_unique_and_none_is_still_to_come() -> None:
    assert len(BY_NAME) == len(FUNCTIONS) + len(AGGREGATES) + len(VERBS)
    assert not LATER & set(BY_NAME)


def test_signatures_use_the_letters_of_types() -> None:
    for function in BY_NAME.values():
        letters = {letter for p in function.parameters for letter in p.letters.split("|")}
        assert letters <= set(LETTERS), function.name
        assert function.result in {*LETTERS, "?"}, function.name


def test_diagnostics_are_in_order_and_explained() -> None:
    codes = [entry.code for entry in DIAGNOSTICS]
    assert codes == sorted(set(codes)) and len(BY_CODE) == len(codes)
    for entry in DIAGNOSTICS:
        assert entry.explanation.endswith(".") and entry.title[0].islower() and entry.bad, entry.code


def test_children_of_blocks_exist() -> None:
    assert len(BY_KIND) == len(BLOCKS)
    for row in BLOCKS:
        assert set(row.children) <= set(BY_KIND), row.kind
    inside = {child for row in BLOCKS for child in row.children}
    assert set(BY_KIND) == inside | set(TOP_LEVEL)


def test_every_package_is_declared() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = [ROOT / name for name in ("spec", "compiler", "runtime", "stdlib")]
    found = {
        ".".join(("clawc", *file.parent.relative_to(ROOT).parts))
        for folder in folders
        for file in folder.rglob("__init__.py")
        if VENDOR not in file.parents and EXPORTED not in file.parents
    }
    found |= {"clawc"} | {
        f"clawc.{f.parent.name}" for f in (ROOT / "clawc").glob("*/__init__.py") if not f.parent.is_symlink()
    }
    assert sorted(settings["packages"]) == sorted(found)
    for package, folder in settings["package-dir"].items():
        assert (ROOT / folder / "__init__.py").is_file(), package
    assert set(settings["package-dir"]) <= found


def test_every_folder_with_modules_is_a_package() -> None:
    for name in ("clawc", "spec", "compiler", "runtime", "stdlib"):
        for file in (ROOT / name).rglob("*.py"):
            beside = EXPORTED in file.parents or LAID_BESIDE in file.parents
            assert beside or (file.parent / "__init__.py").is_file(), file


def test_vendored_packages_are_unmodified() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    found = {
        f.relative_to(VENDOR).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in VENDOR.glob("*/**/*")
        if f.is_file() and "__pycache__" not in f.parts
    }
    assert found == listed
    assert all(f"{name.split('/')[0]}/LICENSE" in found for name in found)
