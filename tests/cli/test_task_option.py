"""`--task`: some of the tasks of files and bundles, of `test`, `build`, `run` and `score`."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.repositories import clawc

HEAD = "claw 1\n"
TASK = """
task NAME {{
  title = "Copy a text"
{more}  workspace {{ file given "in/a.txt" {{ content = "{text}\\n" }} }}
  deliver copy "out/a.txt" {{ format = text }}
  instruction = "Copy {{{{ path.given }}}} to {{{{ path.copy }}}}."
  verify {{ check same {{ expect text(copy) == text(given) }} }}
  solution {{ write copy = text(given) }}
}}
"""
DRAWN = "  param drawn { int = 1000..9999 }\n"


def task(name: str, text: str, more: str = "") -> str:
    return TASK.format(text=text, more=more).replace("NAME", name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "two.claw").write_text(HEAD + task("first", "alpha") + task("second", "beta"), "utf-8")
    (tmp_path / "more.claw").write_text(HEAD + task("third", "number {{ drawn }}", DRAWN), "utf-8")
    return tmp_path


def proved(folder: Path, *words: str) -> list[str]:
    done = clawc(folder, "test", "--no-sandbox", "--format", "json", *words)
    assert done.returncode in (0, 1), done.stderr  # a card that is not clean is one, too
    cards: list[dict[str, Any]] = json.loads(done.stdout)["cards"]
    return [card["task"] for card in cards]


def told(folder: Path, *words: str) -> str:
    done = clawc(folder, *words)
    assert done.returncode == 2 and "Traceback" not in done.stderr, (done.returncode, done.stderr)
    return done.stderr


def test_one_of_a_file_is_proved(folder: Path) -> None:
    assert proved(folder, "two.claw", "--task", "second") == ["second"]
    assert proved(folder, "two.claw", "--task", "second") == ["second"], "what is kept is kept by what was asked for"
    assert proved(folder, "two.claw") == ["first", "second"]
    assert sorted(proved(folder, ".", "--task", "f*", "--task", "thir?")) == ["first", "third"]


def test_one_of_a_file_is_built_and_exported(folder: Path) -> None:
    for _ in range(2):  # the second time from what is kept
        shutil.rmtree(folder / "out", ignore_errors=True)
        assert clawc(folder, "build", "two.claw", "-o", "out", "--task", "first").returncode == 0
        assert os.listdir(folder / "out") == ["first"]
    assert clawc(folder, "build", ".", "-o", "many", "-n", "3", "--task", "third").returncode == 0
    assert {name.split("-")[0] for name in os.listdir(folder / "many")} == {"third"}
    done = clawc(
        folder, "build", "two.claw", "-o", "lines", "--target", "jsonl", "--task", "second", "--format", "json"
    )
    assert done.returncode == 0 and [t["task"] for t in json.loads(done.stdout)["tasks"]] == ["second"], done.stderr


def test_one_of_a_file_is_played(folder: Path) -> None:
    done = clawc(folder, "run", "two.claw", "-o", "run", "--task", "second", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert os.listdir(folder / "run/bundles") == ["second"]


def test_a_workspace_is_scored_by_one_of_a_file(folder: Path) -> None:
    (folder / "left/out").mkdir(parents=True)
    (folder / "left/out/a.txt").write_text("beta\n")
    assert "`two.claw` holds 2 tasks" in told(folder, "score", "two.claw", "left")
    assert clawc(folder, "score", "two.claw", "left", "--task", "second").returncode == 0
    assert clawc(folder, "score", "two.claw", "left", "--task", "first").returncode == 1


def test_of_bundles_and_sources_together(folder: Path) -> None:
    assert clawc(folder, "build", ".", "-o", "out", "-n", "2").returncode == 0
    assert sorted(proved(folder, "out", "--task", "third"))[0].startswith("third-")
    assert proved(folder, "out", "two.claw", "--task", "first") == ["first", "first"]
    assert (
        clawc(folder, "run", "out/first", "two.claw", "-o", "run", "--task", "first", "--task", "second").returncode
        == 2
    )
    done = clawc(folder, "run", "out", "more.claw", "-o", "run", "--task", "second")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("verb", ["test", "build", "run"])
def test_a_name_of_no_task_is_told(folder: Path, verb: str) -> None:
    out = [] if verb == "test" else ["-o", "out"]
    error = told(folder, verb, "two.claw", *out, "--task", "secnd", "--task", "first")
    assert "no task is called `secnd`" in error and "did you mean `second`?" in error
    assert not (folder / "out").exists()
    error = told(folder, verb, "two.claw", *out, "--task", "\x1b[31m\n*z" + "[" * 500)
    assert "\x1b" not in error and "tasks: first, second" in error


def test_what_has_mistakes_is_not_half_done(folder: Path) -> None:
    (folder / "two.claw").write_text(
        HEAD + task("first", "alpha") + task("second", "beta").replace("text(copy)", "text(nothing)")
    )
    for verb in (["test"], ["build", "-o", "out"], ["run", "-o", "out"]):
        done = clawc(folder, verb[0], "two.claw", *verb[1:], "--task", "first")
        assert done.returncode == 1 and "nothing" in done.stdout + done.stderr
    assert not (folder / "out").exists()


def test_where_it_means_nothing(folder: Path) -> None:
    assert "`--task` goes with proofs" in told(folder, "test", "--admitted", "two.claw", "--task", "first")
    for verb in (["test"], ["build", "-o", "out"]):
        error = told(folder, *verb, "two.claw", "--task", "first", "--changed-since", "HEAD")
        assert "`--task` and `--changed-since` both choose" in error
    (folder / "suite.claw").write_text(
        HEAD + 'suite both { title = "Both"; version = "1.0.0"; tasks = ["two.claw"] }\n'
    )
    assert clawc(folder, "bench", "build", "suite.claw", "-o", "built").returncode == 0
    assert "`--task` is not for suites" in told(folder, "run", "built", "-o", "run", "--task", "first")
