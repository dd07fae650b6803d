"""Tasks compiled, altered and judged: how many wrong answers are accepted, how many right ones rejected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from random import Random

from clawc.compiler.pipeline import Compiled, check
from tests.holdout.documents import DOCUMENT_FAMILIES
from tests.holdout.model import Altered, Answer, Files, Instance, Kind
from tests.holdout.more_documents import MORE_FAMILIES
from tests.holdout.operators import Operator
from tests.holdout.phrases import STYLES, document
from tests.holdout.right_documents import RIGHT_DOCUMENTS, written
from tests.holdout.right_tables import RIGHT_TABLES
from tests.holdout.right_trees import RIGHT_TREES
from tests.holdout.tables import TABLE_FAMILIES
from tests.holdout.trees import TREE_FAMILIES
from tests.holdout.truth import is_right
from tests.holdout.wrong_documents import WRONG_DOCUMENTS
from tests.holdout.wrong_files import WRONG_FILES
from tests.holdout.wrong_tables import WRONG_TABLES
from tests.holdout.wrong_trees import WRONG_TREES

FAMILIES: tuple[Callable[[int], Instance], ...] = (
    *TABLE_FAMILIES, *TREE_FAMILIES, *DOCUMENT_FAMILIES, *MORE_FAMILIES
)  # fmt: skip
OPERATORS: tuple[Operator, ...] = (
    *WRONG_TABLES, *WRONG_TREES, *WRONG_DOCUMENTS, *WRONG_FILES, *RIGHT_TABLES, *RIGHT_TREES, *RIGHT_DOCUMENTS
)  # fmt: skip
MOST = 16


@dataclass(frozen=True)
class Verdict:
    """What became of one altered answer. `agrees` is false where the plain reading of a right answer does not find it right."""

    family: str
    seed: int
    altered: Altered
    accepted: bool
    agrees: bool
    why: str

    @property
    def mistaken(self) -> bool:
        return self.accepted == (self.altered.kind == "wrong")


@dataclass(frozen=True)
class Subject:
    """A task that was compiled, with the files of right answers: the derived one, and some in words of our own."""

    task: Instance
    compiled: Compiled
    bases: tuple[tuple[str, dict[str, bytes]], ...]


def subject(task: Instance) -> Subject:
    """Compiles a task; raises ValueError where it has errors or where the derived answer is not the truth."""
    checked = check(f"{task.family}.claw", task.source)
    if not checked.tasks or checked.diagnostics:
        raise ValueError(f"{task.family} {task.seed}: {[(d.code, d.message) for d in checked.diagnostics]}")
    compiled = checked.tasks[0]
    derived = compiled.witness.files
    if not is_right(task, derived) or score(compiled, derived)[0] != 1:
        raise ValueError(f"{task.family} {task.seed}: the derived answer is not right")
    bases = [("derived", derived)]
    for name in ("plain", "introduction and closing", "wrapped"):
        random = Random(f"{task.family} {task.seed} {name}")
        texts = {a.path: document(a, STYLES[name], random) for a in task.answers}
        own = {a.path: written(a, text) for a in task.answers if (text := texts[a.path]) is not None}
        if own:
            bases.append((name, {**derived, **own}))
    return Subject(task, compiled, tuple(bases))


def score(compiled: Compiled, files: Files) -> tuple[Decimal, str]:
    """The score of the checks, and the first thing that is said against the answer."""
    verdict = compiled.trial.judge(files)
    failed = [f"{c['name']}: {c['message']}" for c in verdict["checks"] if not c["passed"]]
    return Decimal(verdict["score_checks"]), failed[0] if failed else ""


def altered(
    of: Subject, operators: Iterable[Operator] = OPERATORS
) -> Iterator[tuple[Altered, dict[str, bytes | None]]]:
    """Every alteration of an answer, with all files of the answer. Alterations that fit prose also start from own words."""
    for operator in operators:
        for base, files in of.bases:
            for answer in of.task.answers:
                if base != "derived" and (files[answer.path] == of.bases[0][1].get(answer.path)):
                    continue
                yield from _altered(of.task, operator, base, files, answer)


def _altered(
    task: Instance, operator: Operator, base: str, files: dict[str, bytes], answer: Answer
) -> Iterator[tuple[Altered, dict[str, bytes | None]]]:
    random = Random(f"{task.family} {task.seed} {operator.name} {answer.path}")
    seen: list[Files] = []
    for number, changed in enumerate(islice(operator.apply(task, answer, files[answer.path], random), MOST)):
        if changed not in seen:
            seen.append(changed)
            name = f"{answer.path}, {base}, {number}"
            yield Altered(operator.name, name, operator.kind, changed), {**files, **changed}


def verdicts(of: Subject, operators: Iterable[Operator] = OPERATORS) -> Iterator[Verdict]:
    """Judges every alteration; a wrong one that is still right by the truth does not apply and is left out."""
    for change, files in altered(of, operators):
        right = is_right(of.task, files)
        if change.kind == "wrong" and right:
            continue
        points, why = score(of.compiled, files)
        yield Verdict(of.task.family, of.task.seed, change, points == 1, right or change.kind == "wrong", why)


def kinds() -> tuple[Kind, ...]:
    return ("wrong", "promised", "sensible")
