"""How much processor time an emitted checker takes, beside the bare interpreter and a checker written by hand."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.machine import ROOT, machine
from bench.processes import Measured, measure
from clawc.commands.sources import check_file, find_sources
from clawc.compiler.pipeline import build
from clawc.runtime.scoring.bytecode import COMPILE, accepted
from clawc.spec import bundle as spec

PEER = ROOT / "bench" / "peers" / "plain_check.py"
PEER_TASK = "order_totals"
ISOLATED = ("-I", "-S")
STATES = ("oracle", "untouched")
# Milliseconds of processor time: the aim of the project for a checker without and with parsers from `vendor/`.
AIM_MS, AIM_VENDORED_MS = 12, 60


class Subject(NamedTuple):
    """An emitted checker on disk, with a workspace for each state."""

    task: str
    checker: Path
    vendored: bool
    jobs: int
    workspaces: dict[str, Path]


def lay_out(files: Mapping[str, bytes], folder: Path) -> Path:
    """Writes files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def subjects(examples: Path, folder: Path) -> list[Subject]:
    """Builds every example. Jobs are not run: a check that needs one fails, on every interpreter with one message."""
    found: list[Subject] = []
    for path in find_sources([examples]):
        for compiled in check_file(path).tasks:
            files = build(compiled).files
            script = {
                name: data for name, data in files.items() if name == spec.CHECKER or name.startswith(spec.VENDOR)
            }
            here = lay_out(script, folder / compiled.task.name / "bundle")
            states = {"oracle": compiled.witness.files, "untouched": {}}
            found.append(
                Subject(
                    compiled.task.name,
                    here / spec.CHECKER,
                    any("/vendor/" in name for name in files),
                    len(compiled.task.context.task.jobs),
                    {
                        state: lay_out({**compiled.trial.pristine, **made}, folder / compiled.task.name / state)
                        for state, made in states.items()
                    },
                )
            )
    return found


def compile_checker(python: str, checker: Path) -> Path:
    """The checker compiled as the runtime does it for a bundle that is scored more than once."""
    done = subprocess.run([python, *ISOLATED, "-c", COMPILE, str(checker.parent), "1"], capture_output=True, check=True)
    for name, data in accepted(done.stdout).items():
        path = checker.parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return checker.with_suffix(".pyc")


def _judged(python: str, subject: Subject, script: Path, state: str, times: int) -> Measured:
    """A checker over a workspace, measured."""
    measured = measure([python, *ISOLATED, str(script), str(subject.workspaces[state]), "--json"], times)
    if measured.status:
        raise SystemExit(f"{subject.task}: {measured.output.decode('utf-8', 'replace')}")
    return measured


def _run(python: str, subject: Subject, state: str, times: int, start_ms: float) -> tuple[dict[str, Any], bytes]:
    """A row of the result, and the verdict. From its text first, before there is any bytecode of its parsers."""
    for compiled in subject.checker.parent.rglob("*.pyc"):
        compiled.unlink()
    measured = _judged(python, subject, subject.checker, state, times)
    script = compile_checker(python, subject.checker)
    again = _judged(python, subject, script, state, times)
    if again.output != measured.output:
        raise SystemExit(f"{subject.task}: compiled, it gives another verdict")
    text = subject.checker.read_bytes()
    row = {
        "task": subject.task,
        "state": state,
        "python": python,
        "cpu_ms": round(measured.cpu_ms, 2),
        "compiled_cpu_ms": round(again.cpu_ms, 2),
        "over_start_ms": round(measured.cpu_ms - start_ms, 2),
        "times_start": round(measured.cpu_ms / start_ms, 2),
        "aim_ms": AIM_VENDORED_MS if subject.vendored else AIM_MS,
        "lines": text.count(b"\n"),
        "bytes": len(text),
        "vendored": subject.vendored,
        "jobs": subject.jobs,
        "score_checks": json.loads(measured.output)["score_checks"],
    }
    return row, measured.output


def benchmark(pythons: Sequence[str], examples: Path, times: int) -> dict[str, Any]:
    """The whole document. Raises SystemExit when interpreters disagree on a verdict."""
    rows: list[dict[str, Any]] = []
    baselines: list[dict[str, Any]] = []
    verdicts: dict[tuple[str, str], bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        built = subjects(examples, Path(folder))
        peer = next((s for s in built if s.task == PEER_TASK), None)
        for python in pythons:
            start = measure([python, *ISOLATED, "-c", "pass"], times)
            version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout.split()[-1]
            baseline = {"python": python, "version": version, "start_ms": round(start.cpu_ms, 2)}
            if peer is not None:
                for state in STATES:
                    by_hand = measure([python, *ISOLATED, str(PEER), str(peer.workspaces[state])], times)
                    baseline[f"peer_{state}_ms"] = round(by_hand.cpu_ms, 2)
            baselines.append(baseline)
            for subject in built:
                for state in STATES:
                    row, verdict = _run(python, subject, state, times, start.cpu_ms)
                    if verdicts.setdefault((subject.task, state), verdict) != verdict:
                        raise SystemExit(f"{subject.task}, {state}: {python} gives another verdict than {pythons[0]}")
                    if f"peer_{state}_ms" in baseline:
                        row["times_peer"] = round(row["cpu_ms"] / baseline[f"peer_{state}_ms"], 2)
                    rows.append(row)
    ours = [row for row in rows if not row["vendored"]]
    return {
        "format_version": 1,
        "name": "checkers",
        "machine": {**machine(), "runs": times},
        "rows": rows,
        "summary": {
            "baselines": baselines,
            "verdicts_equal": len(pythons) > 1 or None,
            "within_aim": sum(row["cpu_ms"] <= row["aim_ms"] for row in rows),
            "within_aim_compiled": sum(row["compiled_cpu_ms"] <= row["aim_ms"] for row in rows),
            "within_aim_over_start": sum(row["over_start_ms"] <= row["aim_ms"] for row in rows),
            "measured": len(rows),
            "largest_compiled_ms": max((row["compiled_cpu_ms"] for row in ours), default=None),
            "largest_compiled_vendored_ms": max(
                (row["compiled_cpu_ms"] for row in rows if row["vendored"]), default=None
            ),
            "largest_ms": max((row["cpu_ms"] for row in ours), default=None),
            "largest_over_start_ms": max((row["over_start_ms"] for row in ours), default=None),
        },
    }


def table(document: dict[str, Any]) -> str:
    """The result for people."""
    lines: list[str] = []
    for baseline in document["summary"]["baselines"]:
        peer = f", by hand {baseline['peer_oracle_ms']} ms" if "peer_oracle_ms" in baseline else ""
        lines.append(f"{baseline['python']} ({baseline['version']}): bare start {baseline['start_ms']} ms{peer}")
        lines.append(
            "  task               state       lines  bytes  cpu ms  compiled  over start  / start  / by hand  score"
        )
        for row in document["rows"]:
            if row["python"] == baseline["python"]:
                lines.append(
                    f"  {row['task']:<18} {row['state']:<10} {row['lines']:>6} {row['bytes']:>6} {row['cpu_ms']:>7} {row['compiled_cpu_ms']:>9}"
                    f" {row['over_start_ms']:>11} {row['times_start']:>8} {row.get('times_peer', ''):>10}"
                    f"  {row['score_checks']}"
                )
    summary = document["summary"]
    if summary["verdicts_equal"]:
        lines.append("all interpreters give the same verdicts, byte for byte")
    lines.append(
        f"within the aim: {summary['within_aim']} of {summary['measured']} from the text,"
        f" {summary['within_aim_compiled']} compiled, {summary['within_aim_over_start']} from the text without the"
        f" start of the interpreter"
    )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Prints a table; `--json` writes the document."""
    parser = argparse.ArgumentParser(prog="python -m bench checkers")
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--python", action="append", help="an interpreter; repeat it to compare verdicts")
    parser.add_argument("--examples", type=Path, default=ROOT / "examples")
    parser.add_argument("--times", type=int, default=11)
    options = parser.parse_args(arguments)
    document = benchmark(options.python or [sys.executable], options.examples, options.times)
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(document))
    return 0
