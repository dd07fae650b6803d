"""Every block of code of the documentation is run where it can be, and otherwise held against what it is for: command lines against the
command line, settings against their readers, Python against the modules that it names."""

from __future__ import annotations

import ast
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml  # type: ignore[import-untyped]
from typer.core import TyperGroup
from typer.exceptions import TyperException

from clawc.cli import app
from clawc.commands.allowed import project_rules
from clawc.commands.models import project_engines
from clawc.commands.trusted import trusted_keys
from clawc.compiler.pipeline import check, read
from clawc.runtime.campaign.settings import campaign_settings
from clawc.runtime.harness.command import CommandSettings
from clawc.runtime.harness.settings_file import read_settings
from tests.docs.blocks import ROOT, Block, all_blocks, commands

# Verbs that play no agent, load no model and build nothing large: their lines are run where what they name is there.
_RUN = ("check", "fmt", "build", "explain", "grammar", "schema", "card", "diff")
_PLACEHOLDER = re.compile(r"^[A-Z][A-Z_-]*$|…")


def _id(block: Block) -> str:
    return block.id


def _parsed(words: Sequence[str]) -> None:
    """Raises TyperException for a command line that there is not, and Exit for `--help` and `--version`."""
    command: Any = typer.main.get_command(app)
    context: Any = None
    arguments = list(words[1:])
    name: str | None = "clawc"
    while isinstance(command, TyperGroup):
        context = command.context_class(command, info_name=name, parent=context)
        if not arguments or arguments[0].startswith("-"):
            return
        name, command, arguments = command.resolve_command(context, arguments)
    command.make_context(name, arguments, parent=context)


def test_command_lines_that_there_are_not_are_found() -> None:
    for wrong in (
        "clawc chekc a.claw",
        "clawc check a.claw --formt json",
        "clawc bench nothing",
        "clawc explain",
        "clawc train grpo t --steps x",
    ):
        with pytest.raises(TyperException):
            _parsed(wrong.split())


@pytest.mark.parametrize("block", all_blocks("sh", "bash", "console"), ids=_id)
def test_command_lines_are_those_that_there_are(block: Block) -> None:
    if block.language != "console":
        done = subprocess.run(["bash", "-n"], input=block.code, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    for words in commands(block.code):
        if words[0] == "clawc":
            try:
                _parsed([w for w in words if w != "…"])
            except typer.Exit:
                continue
            except TyperException as error:
                pytest.fail(f"{' '.join(words)}: {error}")
        elif words[:2] in (["python", "-m"], ["python3", "-m"]) and words[2].split(".")[0] in (
            "clawc",
            "bench",
            "tests",
        ):
            assert find_spec(words[2]) is not None, words
            if words[2] == "bench":
                from bench.__main__ import BENCHMARKS

                assert words[3] in (*BENCHMARKS, "NAME"), words
        elif words[0] == "make":
            targets = re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
            assert {w for w in words[1:] if "=" not in w} <= set(targets), words
        elif words[0].startswith(("./", ".ci/")):
            assert (block.page.parent / words[0]).is_file() or (ROOT / words[0]).is_file(), words


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project such as the pages speak of: sources in `tasks` and `imported`, bundles in `suite` and `built`, the examples; under git."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "tasks").mkdir()
    source = (ROOT / "examples" / "order_totals.claw").read_text(encoding="utf-8")
    (folder / "tasks" / "order_totals.claw").write_text(source, encoding="utf-8")
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copytree(folder / "tasks", folder / "imported")
    for out in ("suite", "built/old", "built/new"):
        done = _run(["clawc", "build", "tasks", "-o", out], folder)
        assert done.returncode == 0, done.stderr
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "tasks"],
        ["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", "tasks"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    return folder


def _run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    expanded = [found for word in words[1:] for found in (sorted(glob.glob(word, root_dir=folder)) or [word])]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / ".cache")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "clawc", *expanded], cwd=folder, capture_output=True, text=True, timeout=250, check=False, env=environment
    )  # fmt: skip


def _runnable(folder: Path, words: list[str]) -> bool:
    """Does a line name nothing that a reader has to put in, and nothing that is not there?"""
    if words[0] != "clawc" or len(words) < 2 or words[1] not in _RUN or any(_PLACEHOLDER.search(w) for w in words):
        return False
    named = [w for before, w in pairwise(words) if w.endswith((".claw", "/")) and before not in ("-o", "--out")]
    return all(glob.glob(w, root_dir=folder) for w in named)


def _run_lines() -> Iterator[object]:
    for block in all_blocks("sh", "bash"):
        for number, words in enumerate(commands(block.code)):
            if words[0] == "clawc" and len(words) > 1 and words[1] in _RUN:
                yield pytest.param(block, words, id=f"{block.id}+{number}")


@pytest.mark.parametrize(("block", "words"), list(_run_lines()))
def test_lines_that_need_nothing_else_run(project: Path, block: Block, words: list[str]) -> None:
    if not _runnable(project, words):
        pytest.skip(f"{block.id}: names what a reader has and this project has not: {' '.join(words)}")
    done = _run(words, project)
    assert done.returncode in (0, 1), (block.id, words, done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("block", all_blocks("toml"), ids=_id)
def test_settings_are_read(block: Block, tmp_path: Path) -> None:
    settings = tomllib.loads(block.code)
    (tmp_path / "claw.toml").write_text(block.code, encoding="utf-8")
    if "engine" in settings:
        assert set(project_engines(tmp_path)) == set(settings["engine"])
    if "check" in settings:
        assert len(project_rules(tmp_path)) == len(settings["check"]["allow"])
    if "players" in settings:
        (tmp_path / "tasks").mkdir()
        assert len(campaign_settings(tmp_path / "claw.toml").players) == len(settings["players"])
    if "argv" in settings:
        assert list(read_settings(tmp_path / "claw.toml", CommandSettings).argv) == settings["argv"]
    if "cards" in settings:
        assert trusted_keys(tmp_path) >= set(settings["cards"]["trusted"])


@pytest.mark.parametrize("block", all_blocks("json", "yaml"), ids=_id)
def test_documents_are_documents(block: Block) -> None:
    if block.language == "yaml":
        assert yaml.safe_load(block.code)
        return
    try:
        json.loads(block.code)
    except ValueError:
        decoder, at = json.JSONDecoder(), 0
        while block.code[at:].strip():  # one after the other
            at += len(block.code[at:]) - len(block.code[at:].lstrip())
            _, at = decoder.raw_decode(block.code, at)


@pytest.mark.parametrize("block", all_blocks("python"), ids=_id)
def test_python_compiles_and_what_it_imports_is_there(block: Block) -> None:
    tree = compile(block.code, block.id, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            module = import_module(node.module)
            for name in node.names:
                assert hasattr(module, name.name), f"{node.module} has no {name.name}"


@pytest.mark.parametrize("block", all_blocks("lua"), ids=_id)
def test_lua_parses(block: Block) -> None:
    lua = shutil.which("luac") or shutil.which("luac5.4") or shutil.which("luac5.1") or shutil.which("nvim")
    if lua is None:
        pytest.skip("neither luac nor nvim is installed")
    arguments = (
        ["-p", "-"] if "luac" in lua else ["--clean", "--headless", "-c", "lua assert(load(io.read('*a')))", "-c", "q"]
    )
    done = subprocess.run([lua, *arguments], input=block.code, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0 and "E5108" not in done.stderr, done.stderr


# Files with a title are written, with their mistakes, where the tutorial is played.
@pytest.mark.parametrize("block", [b for b in all_blocks("claw") if "title=" not in b.info], ids=_id)
def test_sources_are_sound(block: Block) -> None:
    """Whole files check; pieces of one parse, with what is around them."""
    if block.code.startswith("claw "):
        found = [d for d in check("page.claw", block.code).diagnostics if d.severity == "error"]
        assert not found, [(d.code, d.message) for d in found]
        return
    for around in (
        "claw 1\n{}",
        "claw 1\ntask t {{\n{}\n}}",
        "claw 1\ntask t {{\nverify {{\n{}\n}}\n}}",
        "claw 1\ntask t {{\nlet x = {}\n}}",
    ):
        source = around.format(block.code)
        if not [d for d in read("page.claw", source).diagnostics.sorted() if d.code < "E02"]:
            return
    pytest.fail(f"{block.id} is no piece of a source")
