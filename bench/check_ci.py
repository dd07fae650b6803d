"""A project of many specs as CI sees it: checked cold, unchanged, with one in a hundred changed, and since a revision of git."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.machine import ROOT, machine
from bench.specs import spec

AIM_CI_S = 300.0
_ASSET_EVERY = 10  # specs of which one reads its table from a file beside it
_CHANGED_EVERY = 100
_CONTENT = re.compile(r'(file \w+ "([^"]+)") \{\n +content = """\n(.*?) +"""\n +\}', re.DOTALL)


def lay_out(folder: Path, count: int) -> list[Path]:
    """So many different specs, 500 in a folder; some with an asset."""
    found: list[Path] = []
    for number in range(count):
        text, part = spec(number), folder / f"{number // 500:03}"
        if number % _ASSET_EVERY == 0:
            part = part / f"t{number}"
            match = _CONTENT.search(text)
            assert match is not None
            asset = part / match[2]
            asset.parent.mkdir(parents=True, exist_ok=True)
            asset.write_text(textwrap.dedent(match[3]), encoding="utf-8")
            text = text[: match.start()] + match[1] + text[match.end() :]
        part.mkdir(parents=True, exist_ok=True)
        found.append(part / f"t{number}.claw")
        found[-1].write_text(text, encoding="utf-8")
    return found


def change(specs: Sequence[Path]) -> int:
    """Another title for one spec in a hundred, and another cell in the table of some; how many specs that concerns."""
    concerned: set[Path] = set()
    for number in range(_CHANGED_EVERY // 2, len(specs), _CHANGED_EVERY):
        text = specs[number].read_text(encoding="utf-8")
        specs[number].write_text(text.replace('title      = "', 'title      = "Once more: ').replace(
            'title    = "', 'title    = "Once more: '), encoding="utf-8")  # fmt: skip
        concerned.add(specs[number])
    for number in range(_ASSET_EVERY, len(specs), _CHANGED_EVERY * _ASSET_EVERY):
        for asset in sorted(specs[number].parent.rglob("*.csv")):
            asset.write_text(asset.read_text(encoding="utf-8").replace("1000,", "1999,", 1), encoding="utf-8")
            concerned.add(specs[number])
    return len(concerned)


def measure(count: int, lark_ms: Callable[[Sequence[str]], float]) -> dict[str, Any]:
    """The part of the document. Raises SystemExit where a check says something else than it must."""
    with tempfile.TemporaryDirectory(prefix="clawc-bench-ci-") as name:
        folder = Path(name)
        project = folder / "project"
        specs = lay_out(project, count)
        subprocess.run([sys.executable, "-m", "clawc", "fmt", str(project)], cwd=ROOT, check=True, capture_output=True)
        _git(project, "init", "-q")
        _git(project, "add", "-A")
        _git(project, "commit", "-q", "-m", "all")
        lark = lark_ms([spec(number) for number in range(min(count, 1000))])
        seconds: dict[str, float] = {}
        seconds["cold"] = _check(project, folder / "cache", count)
        seconds["again"] = _check(project, folder / "cache", count)
        seconds["since_nothing"] = _check(project, folder / "fresh-0", 0, "--changed-since=HEAD")
        seconds["action_cold"] = _action(project, folder / "fresh-1", "")
        concerned = change(specs)
        seconds["changed"] = _check(project, folder / "cache", count)
        seconds["since"] = _check(project, folder / "fresh-2", concerned, "--changed-since=HEAD")
        seconds["action_since"] = _action(project, folder / "fresh-3", "HEAD")
    return {
        "machine": machine(),
        "files": count,
        "with_assets": -(-count // _ASSET_EVERY),
        "concerned": concerned,
        "cold_seconds": round(seconds["cold"], 2),
        "again_seconds": round(seconds["again"], 2),
        "changed_seconds": round(seconds["changed"], 2),
        "since_nothing_seconds": round(seconds["since_nothing"], 2),
        "since_seconds": round(seconds["since"], 2),
        "action_cold_seconds": round(seconds["action_cold"], 2),
        "action_since_seconds": round(seconds["action_since"], 2),
        "lark_parse_seconds": round(lark * count / 1000, 2),
        "cold_times_lark_parse": round(seconds["cold"] * 1000 / count / lark, 2),
        "cold_times_since": round(seconds["cold"] / seconds["since"], 1),
        "within_aim": seconds["action_cold"] <= AIM_CI_S,
    }


def ci_table(part: dict[str, Any]) -> str:
    """The result for people."""
    says = "met" if part["within_aim"] else "missed"
    return (
        f"a project of {part['files']} specs in git, {part['with_assets']} with an asset; a fresh process each time\n"
        f"  check, nothing kept            {part['cold_seconds']:>7} s  Lark's bare parse of them in one process"
        f" {part['lark_parse_seconds']} s: {part['cold_times_lark_parse']} times\n"
        f"  again, nothing changed         {part['again_seconds']:>7} s\n"
        f"  again, {part['concerned']:>5} concerned         {part['changed_seconds']:>7} s\n"
        f"  --changed-since, nothing kept  {part['since_seconds']:>7} s  {part['cold_times_since']} times faster than all;"
        f" with no change {part['since_nothing_seconds']} s\n"
        f"  the action: check in three formats and fmt, nothing kept {part['action_cold_seconds']} s (aim {AIM_CI_S:g}: {says}),"
        f" with changed-since {part['action_since_seconds']} s\n"
    )


def _git(folder: Path, *arguments: str) -> None:
    names = {f"GIT_{who}_{what}": "bench@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **names}, check=True, capture_output=True)


def _check(project: Path, cache: Path, expected: int, *options: str) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "clawc", "check", *options, str(project)],
        cwd=ROOT, env={**os.environ, "CLAWC_CACHE": str(cache)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    spent = time.perf_counter() - began
    if done.returncode or done.stdout != f"{expected} file{'' if expected == 1 else 's'} checked, nothing found\n":
        raise SystemExit(f"the check of {expected} specs says: {done.stdout[:2000]}{done.stderr[-2000:]}")
    return spent


def _action(project: Path, cache: Path, since: str) -> float:
    """The step of the action that checks, without tests of checkers."""
    bin = cache.parent / "bin"
    bin.mkdir(exist_ok=True)
    program = bin / "clawc"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -P -m clawc "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    said = {name: str(cache.parent / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    env = {
        **os.environ, **said, "CLAWC_CACHE": str(cache), "PATH": f"{bin}:{os.environ['PATH']}",
        "GITHUB_WORKSPACE": str(project), "INPUT_LEVEL": "none", "INPUT_CHANGED_SINCE": since,
        "INPUT_FMT": "true", "INPUT_SARIF": "clawc.sarif",
    }  # fmt: skip
    began = time.perf_counter()
    done = subprocess.run(
        ["bash", str(ROOT / "ci/github/run.sh"), "check"], env=env, capture_output=True, text=True, check=False
    )
    spent = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"the action says: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return spent
