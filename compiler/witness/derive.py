"""The derived oracle: for each deliverable a content that its checks accept, proved by judging the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from clawc.compiler.deferred import deferred
from clawc.compiler.elaborate.context import nearest
from clawc.compiler.model import DeliverDecl, Task, WriteDecl
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate, report
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.passes.trial import Trial, uses_run
from clawc.compiler.witness.constraints import Demand, Demands, demands_of
from clawc.compiler.witness.contents import content
from clawc.compiler.witness.places import FINAL
from clawc.compiler.writers import spelled
from clawc.spec import core
from clawc.spec.ast import Span
from clawc.stdlib.checks.equality import equal
from clawc.stdlib.checks.sets import family_key, pattern_folder
from clawc.stdlib.checks.values import MISSING, Table, Unmet

Origin = Literal["derived", "authored", "mixed", "none"]


class Step(NamedTuple):
    """One step of the oracle: `write`, `delete` or `read` a path, `run` a command, `say` the last message."""

    op: Literal["write", "delete", "run", "read", "say"]
    path: str = ""
    argv: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """What the oracle does: path to bytes (None: deleted), the steps, and where it comes from.

    `derived` names deliverables, `derived_checks` the checks that read nothing else.
    """

    written: dict[str, bytes | None]
    steps: tuple[Step, ...]
    origin: Origin
    derived: tuple[str, ...]
    derived_checks: tuple[str, ...]
    demands: Demands

    @property
    def files(self) -> dict[str, bytes]:
        """What is written, without what is deleted."""
        return {path: data for path, data in self.written.items() if data is not None}


class _Maker:
    """Collects the contents of all deliverables."""

    def __init__(self, task: Task, trial: Trial, demands: Demands) -> None:
        self.task = task
        self.trial = trial
        self.demands = demands
        self.written: dict[str, bytes | None] = {}
        self.derived: list[str] = []
        self.missing: list[str] = []
        self.wrong: set[str] = set()  # deliverables about which something was reported

    def make(self, deliver: DeliverDecl) -> None:
        """Derives one deliverable."""
        own = [d for d in self.demands.found if d.place.deliverable == deliver.name]
        if deliver.shape == "file":
            self._file(deliver, deliver.path, own)
        elif deliver.shape == "family":
            for key, path in deliver.members:
                self._file(deliver, path, [d for d in own if d.place.key == (key[0] if len(key) == 1 else key)])
        else:
            self._set(deliver, own)

    def _file(self, deliver: DeliverDecl, path: str, demands: list[Demand]) -> None:
        if _conflicts(self.task, deliver, demands):
            self.wrong.add(deliver.name)
        base = self.trial.pristine.get(path) if deliver.edits else None
        made: bytes | None = None
        try:
            made = content(deliver, demands, self.task.title or deliver.name, base)
        except Unmet as problem:
            check = next(c for c in self.task.checks if not demands or c.name == demands[0].check)
            self.wrong.add(deliver.name)
            self.task.blame(check, "E0611", f"`{deliver.name}` cannot hold what `{check.name}` expects: {problem}",
                                    f"it is a file of format {deliver.kind}")  # fmt: skip
        if made is None:
            self.missing.append(deliver.name)
        else:
            self.written[path] = made
            self.derived.append(deliver.name)

    def _set(self, deliver: DeliverDecl, demands: list[Demand]) -> None:
        folder = pattern_folder(deliver.path)
        prefix = folder + "/" if folder else ""
        base = {p[len(prefix) :] for p in self.trial.pristine if deliver.edits and p.startswith(prefix)}
        names = next((list(d.value) for d in demands if d.kind == "names"), None)
        keys = {str(d.place.key): None for d in demands if d.place.key is not None}
        for key in [*keys, *(n for n in names or () if n not in keys and n not in base)]:
            self._file(deliver, prefix + key, [d for d in demands if d.place.key == key])
        for gone in sorted(base - set(names)) if names is not None else ():
            self.written[prefix + gone] = None
        if not demands:
            self.missing.append(deliver.name)


def derive(task: Task, sealer: Sealer, trial: Trial, *, complete: bool = True) -> Witness:
    """Derives what no `solution` writes, and judges the result; a failing witness is an error, and a missing one is
    where the task is `complete`: no mistake may have taken something from it.
    """
    if task.imported:
        return _kept(task)
    conditions = [(c.name, c.kind != "forbid", node) for c in task.checks for _, _, node in trial.sealed[c.name]]
    demands = demands_of(conditions, task.context.task)
    maker = _Maker(task, trial, demands)
    authored = {w.name for w in task.writes}
    for write in task.writes:
        made = written(task, write)
        maker.written |= made or {}
        maker.wrong |= {write.name} if made is None else set()
    runs = [d for d in task.delivers if d.made_by]
    for deliver in task.delivers:
        if deliver.name not in authored and not deliver.made_by:
            maker.make(deliver)
    steps = _steps(task, maker, demands)
    _prove(task, trial, maker, authored, events_of(steps), complete)
    derived = tuple(dict.fromkeys([*(n for n in maker.derived if n not in maker.missing), *(d.name for d in runs)]))
    origin: Origin = "mixed" if authored and derived else "authored" if authored else "derived" if derived else "none"
    return Witness(maker.written, steps, origin, derived, _derived_checks(task, set(derived)), demands)


def _kept(task: Task) -> Witness:
    """What solves a task whose verifier is kept as it was: what its `solution` says; nothing is derived."""
    made: dict[str, bytes | None] = {}
    for write in task.writes:
        made |= written(task, write) or {}
    steps = [Step("delete" if data is None else "write", path) for path, data in sorted(made.items())]
    steps += [Step("run", argv=task.solved_by)] if task.solved_by else []
    steps += [Step("say", text=task.said)] if task.said else []
    return Witness(made, tuple(steps), "authored" if steps else "none", (), (), Demands([], {}))


def written(task: Task, write: WriteDecl) -> dict[str, bytes | None] | None:
    """What a `write` or `replace` gives: path to bytes, None for a file that it removes. None after a diagnostic."""
    deliver = task.deliver(write.name)
    if deliver is None:
        return {}
    try:
        value = evaluate(write.core, task.context.task)
    except EvaluationFault as fault:
        report(task.context, fault)
        return None
    return contents_of(task, deliver, value, write.span)


def contents_of(task: Task, deliver: DeliverDecl, value: Any, span: Span) -> dict[str, bytes | None] | None:
    """What an authored value writes: a content, or contents by path or key of a set or family; null removes a file.

    None after a diagnostic.
    """
    try:
        return _contents_of(task, deliver, value, span)
    except Unmet as problem:
        task.context.error("E0501", span, f"this cannot be written as `{deliver.name}`: {problem}",
                           f"it is a file of format {deliver.kind}; a text is written as it is")  # fmt: skip
        return None


def _contents_of(task: Task, deliver: DeliverDecl, value: Any, span: Span) -> dict[str, bytes | None] | None:
    if deliver.shape == "file":
        return {deliver.path: spelled(deliver.kind, _declared_columns(deliver, value))}
    parts = _parts(value)
    if parts is None:
        task.context.error("E0614", span, f"`{deliver.name}` is many files: write a record of path or key to content",
                           f'such as `write {deliver.name} = {{"{_some_key(deliver)}": …}}`')  # fmt: skip
        return None
    found: dict[str, bytes | None] = {}
    good = True
    for key, part in parts.items():
        path = _path_of(deliver, key)
        if path is None:
            keys = [str(k[0]) for k, _ in deliver.members if len(k) == 1]
            task.context.error("E0614", span, f"`{deliver.name}` has no file `{key}`{nearest(str(key), keys)}",
                               "its files: " + ", ".join(keys[:12]) if keys else "")  # fmt: skip
            good = False
        else:
            found[path] = spelled(deliver.kind, part)
    return found if good else None


def _declared_columns(deliver: DeliverDecl, value: Any) -> Any:
    """A table without the columns that the deliverable does not declare, as where its rows are compared with one."""
    wanted = deliver.columns
    if wanted is None or deliver.extra_columns or not isinstance(value, Table) or not set(wanted) < set(value.columns):
        return value
    return Table(list(wanted), [{c: row[c] for c in wanted} for row in value.rows], value.blocks)


def _some_key(deliver: DeliverDecl) -> str:
    return str(deliver.members[0][0][0]) if deliver.members else "a.txt"


def _steps(task: Task, maker: _Maker, demands: Demands) -> tuple[Step, ...]:
    """What the oracle does: what it has to look at, its files, the programs that make files, its last message."""
    steps: list[Step] = []
    called = [tuple(d.value) for d in demands.found if d.kind == "call"]
    for tool, what in dict.fromkeys([*task.calls, *called]):
        steps.append(Step("run", argv=("sh", "-c", what)) if tool == "exec" else Step("read", what))
    steps += [Step("delete" if data is None else "write", path) for path, data in sorted(maker.written.items())]
    steps += [Step("run", argv=d.made_by) for d in task.delivers if d.made_by]
    said = [d for d in demands.found if d.place.deliverable == FINAL]
    text = task.said or (deferred("witness.documents", "document")(said, None, "", False) if said else "")
    return (*steps, Step("say", text=text)) if text else tuple(steps)


def events_of(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    """The trajectory that the steps leave, as far as checks can know it."""
    events: list[dict[str, Any]] = []
    for step in steps:
        if step.op == "say":
            continue
        tool = {"delete": "exec", "run": "exec"}.get(step.op, step.op)
        arguments: dict[str, Any] = {"path": step.path}
        if tool == "exec":
            arguments = {"command": list(step.argv) if step.argv else ["rm", "-f", "--", step.path]}
        events.append({"event": "tool", "tool": tool, "arguments": arguments, "result": {"ok": True, "text": ""}})
    text = next((step.text for step in steps if step.op == "say"), "")
    return [*events, {"event": "final", "text": text}]


def _derived_checks(task: Task, derived: set[str]) -> tuple[str, ...]:
    """Checks that read deliverables which are all derived; those of a run need the programs of the task, too."""
    found: list[str] = []
    programs = {d.name for d in task.delivers if d.kind == "program"}
    for check in task.checks:
        nodes = [n for e in check.expects for n in core.walk(e.core)]
        reads = {n.name for n in nodes if isinstance(n, core.Deliverable)}
        if any(isinstance(n, core.Run) for n in nodes):
            reads |= programs
        if reads <= derived:
            found.append(check.name)
    return tuple(found)


def _parts(value: Any) -> dict[Any, Any] | None:
    """Contents by path or key, out of a record or a table of two columns."""
    if isinstance(value, dict):
        return {family_key(k): v for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, Table) and len(value.columns) >= 2:
        *keys, last = value.columns
        return {family_key(row[keys[0]] if len(keys) == 1 else [row[k] for k in keys]): row[last] for row in value.rows}
    return None


def _path_of(deliver: DeliverDecl, key: Any) -> str | None:
    """The path of one file of a set or family."""
    if deliver.shape == "family":
        return {(k[0] if len(k) == 1 else k): path for k, path in deliver.members}.get(key)
    folder = pattern_folder(deliver.path)
    return f"{folder}/{key}" if folder else str(key)


def _conflicts(task: Task, deliver: DeliverDecl, demands: list[Demand]) -> bool:
    """Do two checks ask for different values at the same place? Each such pair is reported."""
    reported = False
    seen: dict[Any, Demand] = {}
    keyed = ("value", "field", "column", "headings", "database")
    for demand in demands:
        if demand.kind not in ("rows", "text", "lines", "table", *keyed):
            continue
        key: Any = (demand.kind, demand.place)
        value = demand.value
        if demand.kind in keyed:
            key, value = (demand.kind, demand.place, demand.value[0]), demand.value[1]
        other = seen.setdefault(key, demand)
        if other is demand:
            continue
        before = other.value[1] if demand.kind in keyed else other.value
        if not _same(before, value) and not _same(value, before):
            check = next(c for c in task.checks if c.name == demand.check)
            reported = True
            task.blame(check, "E0610", f"`{other.check}` and `{demand.check}` ask for different contents of `{deliver.name}`",
                               "no answer can satisfy both")  # fmt: skip
    return reported


def _same(a: Any, b: Any) -> bool:
    if a is MISSING or b is MISSING:
        return a is b
    try:
        return bool(equal(a, b))
    except Unmet:
        return False


def _prove(task: Task, trial: Trial, maker: _Maker, authored: set[str], events: list[dict[str, Any]],
           complete: bool) -> None:  # fmt: skip
    """Every check that can be judged here must accept the witness."""
    verdict = trial.judge(maker.written, events)
    failed = {c["name"]: c for c in verdict["checks"] if not c["passed"]}
    by_name = {c.name: c for c in task.checks}
    missing = set(maker.missing)
    unknown: dict[str, set[str]] = {}
    for name, result in failed.items():
        check = by_name[name]
        if any(gate in failed for gate in check.after):
            continue  # it was not judged
        nodes = [n for e in check.expects for n in core.walk(e.core)]
        reads = {n.name for n in nodes if isinstance(n, core.Deliverable)}
        if reads & maker.wrong:
            continue
        if any(uses_run(e.core) for e in check.expects) or any(_waits_for_run(task, g) for g in check.after):
            reads |= {d.name for d in task.delivers if d.kind == "program"}
            reads -= authored
            if reads & missing:
                unknown[name] = reads & missing
            continue
        if missing & reads or name in maker.demands.opaque:
            needed = (reads & missing) | (maker.demands.opaque.get(name, set()) - authored)
            if needed:
                unknown[name] = needed
                continue
        if reads <= authored and reads:
            task.blame(check, "E0613", f"the solution fails `{name}`: {_reason(result)}")
        else:
            task.blame(check, "E0611", f"the derived answer fails `{name}`: {_reason(result)}",
                               "the checks cannot hold together, or a `solution` must write the deliverable")  # fmt: skip
    if unknown and complete:
        names = ", ".join(f"`{n}`" for n in sorted({d for needed in unknown.values() for d in needed}))
        checks = ", ".join(f"`{c}`" for c in unknown)
        first = by_name[next(iter(unknown))]
        task.blame(first, "E0612", f"no answer can be derived for {checks}",
                           f"add a `solution` that writes {names}; the rest stays derived")  # fmt: skip


def _waits_for_run(task: Task, gate: str) -> bool:
    check = next((c for c in task.checks if c.name == gate), None)
    return check is not None and (
        any(uses_run(e.core) for e in check.expects) or any(_waits_for_run(task, g) for g in check.after)
    )


def _reason(result: dict[str, Any]) -> str:
    bad = next((e for e in result["expects"] if not e["passed"]), None)
    return str(bad["message"] if bad and bad["message"] else result["message"])
