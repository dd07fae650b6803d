"""All mutants of a task up to a number: content first, then each operator in turn, so that few show much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clawc.compiler.generate import Source
from clawc.compiler.model import DeliverDecl
from clawc.compiler.mutants.model import Answer, Change, Mutant, Operator, Result, Variant, WorkspaceOperator
from clawc.compiler.mutants.operators import operators
from clawc.compiler.mutants.pins import pins_of, tolerances
from clawc.compiler.passes.trial import Trial
from clawc.compiler.witness.derive import Witness, events_of

# Each shows of one column or key whether any check reads it.
COVERAGE = ("other_value", "other_leaf", "other_words", "empty_section", "spoiled_bullet", "other_number_said")
# Made only where the task invites a mistake, so none of them may be left out.
TELLING = (
    "authored", "unasked_column_order", "unasked_order", "extra_prose_unasked", "reworded", "declared_alternative", "unasked_decimals",
    "heading_case", "unasked_length", "row_from_inputs", "day_off", "last_decimal", "other_case", "middle_row", "compensated",
    "heading_level", "unasked_only", "date_in_words", "comments_lost", "longer_literal", "extra_row", "other_number_said",
)  # fmt: skip
_BYTES, _FEWEST = 32 << 20, 12  # what all mutants hold together, and how many there are in any case
_MEMBERS = 3  # files of a family or set that are changed
# Wrong mutants that each check is to be targeted by, their operators, and how many are looked at for it.
_ENOUGH, _OPERATORS, _LOOKED = 7, 5, 600


def result_of(trial: Trial, witness: Witness) -> Result:
    """What the oracle leaves."""
    return Result(trial.task, trial, witness.written, events_of(witness.steps), tuple(witness.demands.found))


def answers_of(result: Result, witness: Witness) -> list[Answer]:
    """The files that the oracle writes, as operators see them; of many only the first, middle and last."""
    task = result.task
    within = tolerances(result.trial)
    found: list[Answer] = []
    for deliver in task.delivers:
        paths = [p for p in _paths(deliver, result.written) if result.written.get(p) is not None]
        if len(paths) > _MEMBERS:
            paths = [paths[0], paths[len(paths) // 2], paths[-1]]
        for path in paths:
            data = result.written[path]
            assert data is not None
            base = result.pristine.get(path) if deliver.edits else None
            pins = pins_of(task, deliver, path, result.demands, within, witness.demands.opaque)
            # A `forbid` is not violated by a file that is missing or wrong.
            readers = result.readers(deliver.name) - {c.name for c in task.checks if c.kind == "forbid"}
            chance = Source(task.name, "mutants", path)
            found.append(
                Answer(task, deliver, path, data, pins, result.written, result.pristine, base, readers, chance)
            )
    return found


def mutants_of(trial: Trial, witness: Witness, limit: int) -> list[Mutant]:
    """Up to `limit` mutants; the same for the same task."""
    result = result_of(trial, witness)
    answers = answers_of(result, witness)
    size = sum(len(a.data) for a in answers)
    limit = max(_FEWEST, min(limit, _BYTES // max(size, 1)))  # of large answers fewer are made
    made: list[Mutant] = []
    seen: set[object] = set()
    waiting: list[Iterator[Mutant]] = []
    for operator in sorted(operators(), key=lambda o: o.name not in TELLING):
        if isinstance(operator, WorkspaceOperator):
            waiting.append(_of_workspace(operator, result))
        else:
            waiting += [_of_file(operator, answer) for answer in answers]
    first: list[Iterator[Mutant]] = []
    for operator in operators():
        if operator.name in COVERAGE:
            if isinstance(operator, WorkspaceOperator):
                first.append(_of_workspace(operator, result))
            else:
                first += [_of_file(operator, answer) for answer in answers]
    for each in first:
        _take(each, made, seen, limit // 2)
    # Room is kept for checks that few of the first ones target.
    waiting = _in_turn(waiting, made, seen, limit - min(limit // 3, 3 * len(trial.task.checks)))
    found, spare = _for_the_thin(trial, made, waiting, seen)
    made += found
    made += spare[: max(0, limit - len(made))]
    _in_turn(waiting, made, seen, limit)
    return made


def _in_turn(
    waiting: list[Iterator[Mutant]], made: list[Mutant], seen: set[object], limit: int
) -> list[Iterator[Mutant]]:
    """Takes one mutant of each source in turn, until there are `limit`; the sources that may have more."""
    while waiting and len(made) < limit:
        left: list[Iterator[Mutant]] = []
        for number, each in enumerate(waiting):
            if len(made) >= limit:
                return [*waiting[number:], *left]
            if _take(each, made, seen, len(made) + 1):
                left.append(each)
        waiting = left
    return waiting


def _for_the_thin(
    trial: Trial, made: list[Mutant], waiting: list[Iterator[Mutant]], seen: set[object]
) -> tuple[list[Mutant], list[Mutant]]:
    """More wrong mutants for checks that few of them target, and those that were looked at and target others."""
    few = {c.name for c in trial.task.checks if not _is_targeted(c.name, made)}
    found: list[Mutant] = []
    spare: list[Mutant] = []
    looked = 0
    while few and waiting and looked < _LOOKED:
        left: list[Iterator[Mutant]] = []
        for number, each in enumerate(waiting):
            drawn: list[Mutant] = []
            if _take(each, drawn, seen, 1):
                left.append(each)
            looked += 1
            if drawn and drawn[0].kind == "wrong" and drawn[0].targets & few:
                found += drawn
                few = {name for name in few if not _is_targeted(name, [*made, *found])}
            else:
                spare += drawn
            if not few:
                left += waiting[number + 1 :]
                break
        waiting = left
    return found, spare


def _is_targeted(check: str, mutants: list[Mutant]) -> bool:
    aimed = [m.operator for m in mutants if m.kind == "wrong" and check in m.targets]
    return len(aimed) >= _ENOUGH and len(set(aimed)) >= _OPERATORS


def _take(source: Iterator[Mutant], made: list[Mutant], seen: set[object], limit: int) -> bool:
    """Adds what is new of `source` while there are less than `limit`; whether there may be more."""
    while len(made) < limit:
        mutant = next(source, None)
        if mutant is None:
            return False
        mark = (mutant.kind, tuple(sorted((p, d) for p, d in mutant.files.items() if d is not None)),
                tuple(sorted(p for p, d in mutant.files.items() if d is None)), repr(mutant.events))  # fmt: skip
        if mark not in seen:
            seen.add(mark)
            made.append(mutant)
    return True


def _of_file(operator: Operator, answer: Answer) -> Iterator[Mutant]:
    for v in operator.make(answer):
        if v.data != answer.data or v.also:
            yield _mutant(operator, answer, v)


def _mutant(operator: Operator, answer: Answer, v: Variant) -> Mutant:
    files: dict[str, bytes | None] = {answer.path: v.data, **v.also}
    return Mutant(
        operator.name,
        operator.kind,
        answer.deliver.name,
        v.place,
        v.what,
        files,
        v.checks,
        v.certain and bool(v.checks),
    )


def _of_workspace(operator: WorkspaceOperator, result: Result) -> Iterator[Mutant]:
    for c in operator.make(result):
        if any(result.now(path) != data for path, data in c.files.items()) or c.events is not None:
            yield _changed(operator, c)


def _changed(operator: WorkspaceOperator, c: Change) -> Mutant:
    events: tuple[dict[str, Any], ...] | None = c.events
    return Mutant(operator.name, operator.kind, "", c.place, c.what, c.files, c.checks, c.certain, events, c.span)


def _paths(deliver: DeliverDecl, written: Mapping[str, bytes | None]) -> list[str]:
    if deliver.shape != "set":
        return list(deliver.paths)
    from clawc.stdlib.checks.sets import path_pattern

    pattern = path_pattern(deliver.path)
    return [path for path in written if pattern.match(path)]
