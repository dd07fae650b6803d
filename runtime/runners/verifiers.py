"""verifiers as a runner: the exported taskset scored without an agent (`vf-validate --only-noop`), over stored answers, in its
runtime of plain processes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clawc.compiler.targets.export import ExportOptions
from clawc.compiler.targets.verifiers import module_name, verifiers
from clawc.runtime.runners.installed import VERIFIERS
from clawc.runtime.runners.interface import Answer, Judged, RunnerFailed
from clawc.runtime.runners.parts import parts_of
from clawc.runtime.runners.processes import run, write_export

_NAME = "clawc"
_JOBS = "4"


class Verifiers:
    """`environment` is the folder of its virtual environment."""

    name = VERIFIERS.name
    version = VERIFIERS.version
    isolation = (
        "none for the agent: processes of the same user; the grader isolates programs by bubblewrap where that works"
    )

    def __init__(self, environment: Path) -> None:
        self._command = environment / "bin" / "vf-validate"

    def play(self, answers: Sequence[Answer], folder: Path) -> dict[tuple[str, str], Judged]:
        bundles = {answer.task: answer.bundle for answer in answers}
        export = verifiers([parts_of(bundle) for bundle in bundles.values()], ExportOptions(_NAME))
        write_export(export.files, folder / "staged")
        found: dict[tuple[str, str], Judged] = {}
        for name in dict.fromkeys(answer.name for answer in answers):
            found |= self._one(name, [answer for answer in answers if answer.name == name], folder)
        return found

    def _one(self, name: str, answers: Sequence[Answer], folder: Path) -> dict[tuple[str, str], Judged]:
        stored, out = folder / "answers" / name, folder / "out" / name
        for answer in answers:
            answer.write(stored / answer.task)
        run(
            [str(self._command), module_name(_NAME), "--only-noop", "--runtime.type", "subprocess", "--taskset.replay", str(stored),
             "--max-concurrent", _JOBS, "--output-dir", str(out), "--rich", "false"],
            folder,
        )  # fmt: skip
        results = sorted(out.rglob("results.jsonl"))
        rows: list[Any] = [json.loads(line) for path in results for line in path.read_text("utf-8").splitlines()]
        found = {(str(row["name"]), name): Judged(row["reward"], row["error"] or "") for row in rows}
        if len(found) != len(answers):
            raise RunnerFailed(f"verifiers has results of {len(found)} tasks for `{name}`, not of {len(answers)}")
        return found
