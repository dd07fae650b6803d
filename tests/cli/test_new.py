"""`clawc new`: what it writes compiles, is in the one layout and proves, by options, by questions and as another task."""

from __future__ import annotations

import itertools
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.commands.new import list_command
from clawc.commands.starter import DELIVERS, FINDS, Wanted, starter
from clawc.compiler.assets import NoAssets
from clawc.compiler.format.formatting import formatted
from clawc.compiler.pipeline import check
from clawc.spec import taxonomy
from tests.cli.test_cli import clawc

ALL = list(itertools.product(FINDS, DELIVERS, (False, True), (False, True)))
CATEGORIES = taxonomy.dotted(taxonomy.CATEGORIES)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(ALL), st.sampled_from(CATEGORIES), st.from_regex(r"[a-z_][a-z0-9_]{0,20}x", fullmatch=True))
def test_any_combination_is_sound_and_laid_out(kind: tuple[str, str, bool, bool], category: str, name: str) -> None:
    finds, delivers, generated, instances = kind
    sound(starter(Wanted(name, finds, delivers, category, generated, instances)))


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: "-".join(map(str, kind)))
def test_every_combination_is_sound_and_laid_out(kind: tuple[str, str, bool, bool]) -> None:
    finds, delivers, generated, instances = kind
    sound(starter(Wanted("mine", finds, delivers, CATEGORIES[0], generated, instances)))


def sound(text: str) -> None:
    assert formatted("t.claw", text) == formatted("t.claw", formatted("t.claw", text).text)
    assert formatted("t.claw", text).text == text and max(map(len, text.splitlines())) <= 120
    checked = check("t.claw", text, NoAssets())
    assert not checked.diagnostics and len(checked.tasks) == 1


def written(folder: Path, kinds: list[tuple[str, str, bool, bool]]) -> None:
    for finds, delivers, generated, instances in kinds:
        name = f"{finds}_{delivers}_{generated:d}{instances:d}"
        text = starter(Wanted(name, finds, delivers, CATEGORIES[0], generated, instances))
        (folder / f"{name}.claw").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "kinds", [pytest.param(ALL[1::9], id="some"), pytest.param(ALL, id="all", marks=pytest.mark.nightly)]
)
def test_what_is_written_proves(tmp_path: Path, kinds: list[tuple[str, str, bool, bool]]) -> None:
    written(tmp_path, kinds)
    done = clawc("test", tmp_path, "--no-cache")
    assert done.returncode == 0 and f"{len(kinds)} of {len(kinds)} cards are clean" in done.stdout, done.stdout


def test_a_generated_program_is_one(tmp_path: Path) -> None:
    for generated in (False, True):
        written(tmp_path, [("program", "csv", generated, False)])
    assert clawc("build", tmp_path, "-o", tmp_path / "out").returncode == 0
    programs = list((tmp_path / "out").glob("*/public/workspace/tools/hours.py"))
    assert len(programs) == 2
    for program in programs:
        done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True)
        assert int(done.stdout) > 10


def test_it_is_told_by_options_and_replaces_nothing(tmp_path: Path) -> None:
    options = ("--finds", "git", "--delivers", "json", "--category", "analysis.finance", "--generated", "--instances")
    assert clawc("new", "mine", "--in", tmp_path, *options).returncode == 0
    text = (tmp_path / "mine.claw").read_text(encoding="utf-8")
    assert text == starter(Wanted("mine", "git", "json", "analysis.finance", True, True))
    done = clawc("new", "mine", "--in", tmp_path)
    assert done.returncode == 2 and "exists already" in done.stderr
    assert (tmp_path / "mine.claw").read_text(encoding="utf-8") == text
    (tmp_path / "link.claw").symlink_to(tmp_path / "elsewhere")
    assert clawc("new", "link", "--in", tmp_path).returncode == 2 and not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a b",), "is no name"), (("../a",), "is no name"), (("let",), "is no name"), (("a", "--finds", "video"), "`--finds video`"),
        (("a", "--delivers", "song"), "`--delivers song`"), (("a", "--category", "x.y"), "no category"), (("a", "--like", "nothing"), "no task `nothing`"),
        (("a", "--like", "order_totals", "--generated"), "takes a task as it is"), ((), "needs a name"),
    ],
    ids=str,
)  # fmt: skip
def test_what_it_cannot_write(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clawc", "new", "--in", str(tmp_path), *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and words in done.stderr and list(tmp_path.iterdir()) == []


def test_tasks_that_travel_with_clawc_are_listed_and_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list_command() == 0
    names = capsys.readouterr().out.split()
    assert names[0] == "order_totals" and len(names) == len(set(names)) > 20
    for name in names[::15]:
        assert clawc("new", f"my_{name}", "--in", tmp_path, "--like", name).returncode == 0
    assert clawc("check", tmp_path).returncode == 0 and clawc("fmt", "--check", tmp_path).returncode == 0
    assert "task my_order_totals {" in (tmp_path / "my_order_totals.claw").read_text(encoding="utf-8")


@pytest.mark.nightly
def test_each_task_that_travels_with_clawc_proves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    list_command()
    for name in capsys.readouterr().out.split():
        assert clawc("new", f"my_{name}", "--in", tmp_path, "--like", name).returncode == 0
    assert clawc("test", tmp_path).returncode == 0


def asked(folder: Path, answers: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clawc", "new", "--ask", "--in", str(folder)], input=answers, capture_output=True, text=True, check=False
    )  # fmt: skip


def test_questions_have_defaults_and_bear_mistakes(tmp_path: Path) -> None:
    assert asked(tmp_path, "\n" * 6).returncode == 0
    assert (tmp_path / "my_task.claw").read_text(encoding="utf-8") == starter(Wanted("my_task"))
    done = asked(tmp_path, "not a name\nmine\nvideo\nProg\nm\nnowhere\noffice.meetings\nYES\nn\n")
    assert done.returncode == 0 and "is no name" in done.stderr and "no category" in done.stderr
    expected = starter(Wanted("mine", "program", "markdown", "office.meetings", True, False))
    assert (tmp_path / "mine.claw").read_text(encoding="utf-8") == expected


@pytest.mark.parametrize("answers", ["", "a\n", "a\nx\n" + "x\n" * 30, "\0\n" * 40, "n" * 100_000], ids=range(5))
def test_nothing_is_written_before_all_is_answered(tmp_path: Path, answers: str) -> None:
    done = asked(tmp_path, answers)
    assert done.returncode == 2 and "nothing was written" in done.stderr and list(tmp_path.iterdir()) == []


def test_on_a_terminal_it_asks_and_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    ours, its = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "clawc", "new"], cwd=tmp_path, stdin=its, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert process.stderr.read(len("Name of the task")) == b"Name of the task"
        os.write(ours, b"mine\n")
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        rest = process.stderr.read()
    os.close(ours)
    os.close(its)
    assert b"interrupted" in rest and b"Traceback" not in rest and list(tmp_path.iterdir()) == []
