"""Other seeds of the same source: each has an oracle of its own, and its answer must not pass here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clawc.compiler.assets import Assets
from clawc.compiler.pipeline import Compiled, check_instance, read
from clawc.compiler.source import Diagnostic
from clawc.compiler.witness.derive import events_of


@dataclass(frozen=True, slots=True)
class Foreign:
    """`tried` seeds, of which `accepted` have an answer that passes here although it is another one. `solved` of these an
    independent solution solves."""

    tried: int
    accepted: int
    findings: tuple[Diagnostic, ...]
    solved: int = 0


def foreign_answers(
    path: str,
    data: bytes,
    assets: Assets,
    compiled: Compiled,
    count: int,
    solves: Callable[[Compiled], bool] | None = None,
) -> Foreign:
    """Tries the seeds behind that of an instance. That the oracle *program* works for each is shown by compiling it: a
    source without an oracle for some seed is a mistake there."""
    task, trial = compiled.task, compiled.trial
    template = task.template
    parsed = read(path, data.decode("utf-8-sig"))
    accepted = 0
    solved = 0
    found: list[Diagnostic] = []
    for seed in range(task.seed + 1, task.seed + 1 + count):
        checked = check_instance(parsed, assets, seed, advice=False)
        other = next((c for c in checked.tasks if c.task.template == template), None)
        if other is None:
            message = next((d.message for d in checked.diagnostics if d.severity == "error"), "it does not compile")
            found.append(Diagnostic("W0809", f"seed {seed} makes no sound task: {message}", task.source, task.span,
                                    "exclude such data by `admit`"))  # fmt: skip
            continue
        solved += int(solves is not None and solves(other))
        verdict = trial.judge(other.witness.written, events_of(other.witness.steps))
        if verdict["score_checks"] == "1":
            accepted += 1
    if accepted:
        found.append(Diagnostic("W0809", f"the answers of {accepted} of {count} other seeds pass here", task.source, task.span,
                                "let the parameters and the data change what is asked for"))  # fmt: skip
    return Foreign(count, accepted, tuple(found), solved)
