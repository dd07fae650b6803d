"""Trees, sets, families, edits, files made by programs, calls and transcripts, judged by the emitted checker."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clawc.commands.compiling import build_all
from clawc.commands.sources import check_file
from clawc.runtime.bundle import Bundle, load
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.run import RunPlan, run, run_closing
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.scoring.score import score

VALID = Path(__file__).resolve().parents[1] / "conformance" / "valid"


def built(name: str, folder: Path) -> Bundle:
    checked = check_file(VALID / f"{name}.claw")
    assert checked.ok, [d.message for d in checked.diagnostics]
    build_all(checked.tasks, folder)
    return load(folder / checked.tasks[0].task.name)


def played(bundle: Bundle, agent: str, out: Path) -> EpisodeRecord:
    return run(RunPlan((bundle,), harness_named(agent), out), Bubblewrap(), None).records[0]


def failed(bundle: Bundle, workspace: Path) -> set[str]:
    backend = Bubblewrap()
    found = run_closing(score(bundle, workspace, backend), backend, "again")
    assert found.verdict is not None, found.fault
    return {c.name for c in found.verdict.checks if not c.passed}


def test_oracle_and_null(tmp_path: Path) -> None:
    bundle = built("many_files", tmp_path / "b")
    record = played(bundle, "oracle", tmp_path / "oracle")
    assert record.score == "1", [(c.name, c.message) for c in record.checks if not c.passed]
    assert played(bundle, "null", tmp_path / "null").score == "0"


WRONG: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "a letter is missing": (lambda w: (w / "out/letters/P1.txt").unlink(), {"letters_right", "count_right"}),
    "a letter too many": (lambda w: (w / "out/letters/P9.txt").write_text("x"), {"letters_right", "count_right"}),
    "too few notes": (lambda w: (w / "out/notes/a.md").unlink(), {"notes_right"}),
    "made by hand": (lambda w: (w / "out/count.json").write_text('{"letters": 2, "by": "hand"}'), {"count_right"}),
    "the old module": (lambda w: (w / "src/stats.py").write_text("def mean(xs):\n    return 0\n"), {"fixed_right"}),
    "not moved": (lambda w: (w / "input/proj/notes.md").write_text("x"), {"moved"}),
    "an input changed": (lambda w: (w / "input/people.csv").write_text("id\n"), {"kept"}),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("case", WRONG)
def test_wrong_workspaces(case: str, tmp_path: Path) -> None:
    bundle = built("many_files", tmp_path / "b")
    record = played(bundle, "oracle", tmp_path / "run")
    workspace = next((tmp_path / "run").rglob("workspace"))
    assert record.score == "1"
    change, expected = WRONG[case]
    change(workspace)
    assert failed(bundle, workspace) == expected


def test_transcripts(tmp_path: Path) -> None:
    bundle = built("transcript", tmp_path / "b")
    assert played(bundle, "oracle", tmp_path / "oracle").score == "1"
    calls = [
        {"tool": "exec", "command": "echo 1 > out.txt; rm -f log2.txt"},
        {"tool": "final", "text": "There is 1 error."},
    ]
    script = tmp_path / "script.json"
    script.write_text(json.dumps(calls))
    record = played(bundle, f"scripted:{script}", tmp_path / "scripted")
    assert {c.name for c in record.checks if not c.passed} == {"looked", "deleting"}


def test_without_a_record_nothing_is_known_of_the_agent(tmp_path: Path) -> None:
    bundle = built("transcript", tmp_path / "b")
    workspace = tmp_path / "w"
    workspace.mkdir()
    (workspace / "out.txt").write_text("1\n")
    (workspace / "log.txt").write_text("a\nb\nERROR c\n")
    assert failed(bundle, workspace) == {"told", "looked"}


def test_commits_of_the_agent_are_read_by_a_program(tmp_path: Path) -> None:
    bundle = built("git_history", tmp_path / "build")
    record = played(bundle, "oracle", tmp_path / "run")
    assert record.score == "1", [(c.name, c.message) for c in record.checks if not c.passed]
    assert played(bundle, "null", tmp_path / "null").score == "0"
    workspace = next((tmp_path / "run").rglob("workspace"))
    # A history that makes git run a program of the agent's: in the sandbox of the job, where there is nothing to win.
    (workspace / "app/.git/config").write_text(
        "[core]\n\tpager = touch /tmp/owned\n\tfsmonitor = touch ../answer.json\n"
    )
    (workspace / "app/.git/refs/heads/main").write_text("0" * 40 + "\n")
    assert failed(bundle, workspace) == {"committed"}
