"""Repositories that are made without git, read by git."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random

import pytest

from clawc.commands.sources import check_file
from clawc.compiler.git_objects import Commit, History, history
from clawc.compiler.pipeline import build, check
from clawc.compiler.source import Diagnostic

VALID = Path(__file__).parents[1] / "conformance" / "valid" / "git_history.claw"
START = datetime(2026, 1, 5, 9, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))


def laid_out(made: History, commits: list[Commit], folder: Path) -> Path:
    files = {f".git/{path}": data for path, data in made.files.items()}
    files |= {path: data for path, (data, _) in commits[-1].files.items()}
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    for path, (_, executable) in commits[-1].files.items():
        (folder / path).chmod(0o755 if executable else 0o644)
    return folder


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "safe.directory=*", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_git_reads_any_history(tmp_path: Path) -> None:
    rng = Random(5)
    names = ["a", "a.b", "a-b", "d/x", "d/a/y.txt", "d.txt", "é/ü", "z" * 200, "d/a.txt", "deep/er/and/deeper"]
    files: dict[str, tuple[bytes, bool]] = {}
    commits: list[Commit] = []
    for number in range(12):
        for name in rng.sample(names, 4):
            files[name] = (rng.randbytes(rng.choice([0, 10, 70_000])), rng.random() < 0.3)
        gone = rng.choice(sorted(files))
        if len(files) > 3:
            del files[gone]
        commits.append(
            Commit(f"Change {number}\n\nWhy", "Ana Übel", "a@b.c", START + timedelta(days=number), dict(files))
        )
    made = history(commits)
    folder = laid_out(made, commits, tmp_path)
    assert git(folder, "fsck", "--strict", "--no-dangling") == ""
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "log", "--reverse", "--format=%H").split() == list(made.ids)
    assert git(folder, "log", "-1", "--format=%an|%ae|%aI|%s") == "Ana Übel|a@b.c|2026-01-16T09:00:00-03:30|Change 11\n"
    for commit, id in zip(commits, made.ids, strict=True):
        listed = git(folder, "-c", "core.quotepath=off", "ls-tree", "-r", "--name-only", id).splitlines()
        assert sorted(listed) == sorted(commit.files)
    assert history(commits).files == made.files


def test_the_history_is_there_but_no_input() -> None:
    compiled = check_file(VALID).tasks[0]
    files = build(compiled).files
    assert "public/workspace/app/.git/HEAD" in files
    assert not any("/.git/" in path for path in compiled.trial.pristine)
    workspace = {"app/.git/HEAD": b"x", "app/.git/new": b"y"}
    verdict = compiled.trial.judge({**compiled.witness.written, **workspace})
    assert [c["name"] for c in verdict["checks"] if not c["passed"]] == ["committed"]


def mistakes(commits: str) -> list[Diagnostic]:
    source = VALID.read_text(encoding="utf-8")
    start, end = source.index("      commit "), source.index("  let guilty")
    return check("x.claw", source[:start] + commits + "\n    }\n  }\n" + source[end:]).diagnostics


@pytest.mark.parametrize(
    ("commits", "code"),
    [
        ("", "E0208"),
        ('commit "a" { change "lib/sums.py" { content = "x" } }', "E0208"),
        ('commit "a" { at = @2026-01-05; change "lib/sums.py" { content = "x" } }', "E0203"),
        ('commit "a" { at = @2026-01-05T09:00; author = "Ana a@b"; change "x" { content = "x" } }', "E0203"),
        ('commit "a" { at = @2026-01-05T09:00; change "../x" { content = "x" } }', "E0701"),
        ('commit "a" { at = @2026-01-05T09:00; change ".git/config" { content = "x" } }', "E0701"),
        ('commit "a" { at = @2026-01-05T09:00; change ".GIT/hooks/post-checkout" { content = "x" } }', "E0701"),
        (
            'commit "a" { at = @2026-01-05T09:00; change "x" { content = "x" }; change "x/y" { content = "x" } }',
            "E0706",
        ),
        ('commit "a" { at = @2026-01-05T09:00; remove = ["x"] }', "E0703"),
    ],
)
def test_mistakes_in_a_history(commits: str, code: str) -> None:
    assert code in {d.code for d in mistakes(commits)}
