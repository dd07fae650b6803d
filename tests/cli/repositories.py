"""Repositories of git for tests: a folder with a history, made without the settings of who runs the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SPEC = """claw 1

task {name} {{
  title = "Total the hours"
  workspace {{ file hours "{asset}" }}
  let wanted = csv(hours) | sort name
  deliver totals "output/totals.csv" {{ columns = [name, hours] }}
  instruction = "Read {{{{ path.hours }}}} and write {{{{ path.totals }}}}: the columns name and hours, sorted by name."
  verify {{
    check totals_right {{ expect rows(totals) == wanted }}
  }}
}}
"""
HOURS = "name,hours\nAda,3\nBela,5\nChen,1\n"


def git(folder: Path, *arguments: str) -> str:
    """What git says; as one fixed author, in the shape that a new repository has."""
    names = {f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments], cwd=folder, check=True, capture_output=True, text=True,
        env={**os.environ, **names, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
    ).stdout  # fmt: skip


def commit(folder: Path, message: str = "a change") -> str:
    """Everything there, committed; its id."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD").strip()


def write(folder: Path, files: dict[str, str]) -> None:
    """Files by their paths, with the folders that they need."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def clawc(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clawc", *arguments], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, **env}, errors="surrogateescape",
    )  # fmt: skip
