"""Inspect as a runner: one evaluation for all answers of one name, each played by the exported module's own solver, in our
sandboxes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clawc.compiler.targets.export import ExportOptions
from clawc.compiler.targets.inspect import MODULE, inspect
from clawc.runtime.runners.installed import INSPECT
from clawc.runtime.runners.interface import Answer, Judged, RunnerFailed
from clawc.runtime.runners.parts import parts_of
from clawc.runtime.runners.processes import run, write_export

_OPTIONS = ("--model", "none", "--display", "none", "--no-log-realtime", "--ctl-server", "false", "--no-fail-on-error")
_READER = Path(__file__).with_name("inspect_scores.py")
_JOBS = "4"


class Inspect:
    """`environment` is the folder of its virtual environment."""

    name = INSPECT.name
    version = INSPECT.version
    isolation = "clawc's plugin: a sandbox for the agent, one for the grader, one for each program that it wants run"

    def __init__(self, environment: Path) -> None:
        self._bin = environment / "bin"

    def play(self, answers: Sequence[Answer], folder: Path) -> dict[tuple[str, str], Judged]:
        bundles = {answer.task: answer.bundle for answer in answers}
        export = inspect([parts_of(bundle) for bundle in bundles.values()], ExportOptions("clawc"))
        write_export(export.files, folder / "export")
        found: dict[tuple[str, str], Judged] = {}
        for name in dict.fromkeys(answer.name for answer in answers):
            found |= self._one(name, [answer for answer in answers if answer.name == name], folder)
        return found

    def _one(self, name: str, answers: Sequence[Answer], folder: Path) -> dict[tuple[str, str], Judged]:
        stored, logs = folder / "answers" / name, folder / "logs" / name
        for answer in answers:
            answer.write(stored / answer.task)
        tasks = ",".join(answer.task for answer in answers)
        run(
            [str(self._bin / "inspect"), "eval", MODULE, "-T", f"replay={stored}", "-T",
             f"tasks={tasks}", "--sandbox", "clawc", *_OPTIONS, "--max-samples", _JOBS, "--log-dir", str(logs)],
            folder, cwd=folder / "export",
        )  # fmt: skip
        read: Any = json.loads(run([str(self._bin / "python"), "-P", str(_READER), str(logs)], folder))
        if read["status"] != "success":
            raise RunnerFailed(f"the evaluation of `{name}` ended with the status `{read['status']}`: {read['error']}")
        samples: dict[str, Any] = read["samples"]
        if set(samples) != {answer.task for answer in answers}:
            raise RunnerFailed(f"Inspect has results of {len(samples)} samples, not of {len(answers)}")
        return {(task, name): Judged(one["value"], one["error"]) for task, one in samples.items()}
