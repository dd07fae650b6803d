"""The tutorial, played from an empty folder as a reader would; and what the player itself refuses."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.docs.played import Block, blocks, commands, edited, misfit, play

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
DOES = ("new", "check", "fmt", "test", "run", "report", "build")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """One in which `clawc` is the one under test, with a cache of its own: nothing that a reader lacks helps."""
    program = tmp_path / "bin" / "clawc"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m clawc "$@"\n')
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLAWC_")}
    return {
        **kept,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }


def test_the_tutorial_holds_from_top_to_bottom(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    ran = play(PAGE.read_text(), folder, environment)
    said = [command.command.split()[1] for command in ran if command.command.startswith("clawc ")]
    assert set(DOES) <= set(said)
    assert "--agent null" in " ".join(command.command for command in ran)


def test_a_page_that_no_longer_holds_fails_at_its_line(tmp_path: Path, environment: dict[str, str]) -> None:
    page = "```console\n$ clawc new one\none.claw written; …\n$ clawc new two\nthree.claw written\n```\n"
    with pytest.raises(AssertionError, match=r"line 4: `clawc new two`: line 1 of the output\n  shown: three"):
        play(page, tmp_path, environment)


@pytest.mark.parametrize(
    ("shown", "said", "wrong"),
    [
        pytest.param("a\nb\n", "a\nb\n", "", id="equal"),
        pytest.param("runs/…\n", "runs/2026\n", "", id="rest of a line"),
        pytest.param("a … b …\n", "a 1 b 2\n", "", id="twice in a line"),
        pytest.param("a\n…\nd\n", "a\nb\nc\nd\n", "", id="lines between"),
        pytest.param("a\n…\nb\n", "a\nb\n", "", id="no line between"),
        pytest.param("…\nb\n…\n", "a\nb\nc\n", "", id="lines around"),
        pytest.param("a\n…\nd\n", "a\nd\nd\nd\n", "", id="the last of several"),
        pytest.param("a.c\n", "abc\n", "line 1", id="signs mean themselves"),
        pytest.param("a\n", "a\nb\n", "goes on", id="more is said"),
        pytest.param("a\nb\n", "a\n", "nothing more", id="less is said"),
        pytest.param("a\n…\nd\ne\n", "a\nd\nb\ne\n", "line 4", id="a gap is not in each place"),
        pytest.param("", "a\n", "line 1", id="nothing is shown"),
    ],
)
def test_outputs_fit_or_not(shown: str, said: str, wrong: str) -> None:
    assert (wrong in misfit(shown, said)) and (bool(wrong) == bool(misfit(shown, said)))


def test_edits_need_their_lines_exactly_once() -> None:
    assert edited("a\nb\nc\n", " a\n-b\n+B\n") == "a\nB\nc\n"
    for text, edit in [
        ("a\n", "-b\n+c\n"),
        ("a\na\n", "-a\n+b\n"),
        ("a\n", "+b\n"),
        ("a\n", " a\n"),
        ("xa\n", "-a\n+b\n"),
    ]:
        with pytest.raises(AssertionError):
            edited(text, edit)


@pytest.mark.parametrize(
    ("page", "why"),
    [
        pytest.param("```console\n$ rm -rf x\n```\n", "not among", id="another program"),
        pytest.param('```text title="../x"\na\n```\n', "leads out", id="a file elsewhere"),
        pytest.param("```console\na\n```\n", "begins with a command", id="an output of nothing"),
        pytest.param("```console\n$ cat x\n", "has no end", id="no end"),
        pytest.param("```claw\ntask\n```\n", "who plays it", id="a block that nobody plays"),
        pytest.param('```claw name="x"\ntask\n```\n', "no such fence", id="an attribute that is not known"),
        pytest.param("```console\n$ clawc nothing\n…\n```\n", "ended with 2", id="wrong usage"),
    ],
)
def test_pages_that_are_refused(page: str, why: str, tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match=why):
        play(page, tmp_path, environment)


def test_commands_know_their_lines() -> None:
    (block,) = blocks("x\n\n```console\n$ clawc a\n1\n2\n$ clawc b\n```\n")
    assert block == Block("console", "", 4, "$ clawc a\n1\n2\n$ clawc b\n")
    assert [(c.line, c.command, c.shown) for c in commands(block)] == [(4, "clawc a", "1\n2\n"), (7, "clawc b", "")]
