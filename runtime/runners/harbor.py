"""Harbor as a runner: a job over a dataset with one folder for each answer, whose solution Harbor's oracle agent plays, in our
environment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clawc.compiler.targets.export import BundleParts, ExportFile, ExportOptions
from clawc.compiler.targets.harbor import harbor
from clawc.compiler.targets.parts import solution_files, solve_script
from clawc.runtime.runners.installed import HARBOR
from clawc.runtime.runners.interface import Answer, Judged, RunnerFailed
from clawc.runtime.runners.parts import parts_of
from clawc.runtime.runners.processes import run, write_export
from clawc.spec.bundle import SOLUTION_STEPS

_JOBS = 4
_SEPARATOR = "--"


class Harbor:
    """`environment` is the folder of its virtual environment."""

    name = HARBOR.name
    version = HARBOR.version
    isolation = (
        "clawc's environment: a sandbox for the agent, one for the verifier, one for each program that it wants run"
    )

    def __init__(self, environment: Path) -> None:
        self._command = environment / "bin" / "harbor"

    def play(self, answers: Sequence[Answer], folder: Path) -> dict[tuple[str, str], Judged]:
        tasks = folder / "tasks"
        for answer in answers:
            self._lay(answer, tasks)
        found = {
            (name.partition(_SEPARATOR)[0], name.partition(_SEPARATOR)[2]): judged
            for name, judged in self.rewards(tasks, folder).items()
        }
        if len(found) != len(answers):
            raise RunnerFailed(f"Harbor has results of {len(found)} trials, not of {len(answers)}")
        return found

    def rewards(self, tasks: Path, folder: Path) -> dict[str, Judged]:
        """What Harbor says of the solution of each task in the folder `tasks`, by the names of their folders. Raises
        RunnerFailed."""
        job = {
            "job_name": "job", "jobs_dir": str(folder / "jobs"), "n_attempts": 1, "n_concurrent_trials": _JOBS, "quiet": True,
            "environment": {"import_path": "clawc.runtime.adapters.harbor:BubblewrapEnvironment"},
            "agents": [{"name": "oracle"}],
            "tasks": [{"path": str(path)} for path in sorted(tasks.iterdir())],
        }  # fmt: skip
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        run([str(self._command), "run", "-c", str(folder / "job.json"), "-y"], folder, {"HARBOR_TELEMETRY": "0"})
        found: dict[str, Judged] = {}
        for path in sorted((folder / "jobs").glob("job/*/result.json")):
            trial: Any = json.loads(path.read_text(encoding="utf-8"))
            said = path.parent / "verifier" / "test-stdout.txt"
            found[Path(trial["config"]["task"]["path"]).name] = _judged(trial, said)
        return found

    def _lay(self, answer: Answer, tasks: Path) -> None:
        """The export of the task, with this answer as its solution."""
        parts = parts_of(answer.bundle)
        files = {
            path.partition("/")[2]: file
            for path, file in harbor([parts], ExportOptions("clawc")).files.items()
            if not path.partition("/")[2].startswith("solution/")
        }
        played = BundleParts(
            parts.manifest,
            {**parts.files, **answer.files, SOLUTION_STEPS: answer.solution.model_dump_json().encode()},
        )
        prefix = "steps/turn-1/solution" if answer.bundle.manifest.turns else "solution"
        files |= solution_files(played, f"{prefix}/files")
        files[f"{prefix}/solve.sh"] = ExportFile(solve_script(played, "/solution/files").encode(), 0o755)
        write_export(files, tasks / f"{answer.task}{_SEPARATOR}{answer.name}")


def _judged(trial: Any, said: Path) -> Judged:
    """The reward of a trial by its `result.json`; `said` is what its verifier printed."""
    problem = trial["exception_info"]
    if problem is not None:
        tail = said.read_text("utf-8", "replace")[-1000:] if said.is_file() else ""
        return Judged(None, f"{tail}{problem['exception_type']}: {problem['exception_message']}"[:2000])
    verified: Any = trial["verifier_result"] or {"rewards": None}
    rewards: dict[str, float] = verified["rewards"] or {}
    return Judged(rewards.get("reward"), "" if "reward" in rewards else "the trial has no reward")
