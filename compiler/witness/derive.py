"""The derived oracle: for each deliverable a content that its checks accept, proved by judging the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

from clawc.compiler.model import DeliverDecl, Task
from clawc.compiler.passes.evaluate import evaluate
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.passes.trial import Trial
from clawc.compiler.render import bytes_of, render_csv, render_json, render_jsonl, render_md_table, render_tsv
from clawc.compiler.render_files import render_sqlite, render_xlsx
from clawc.compiler.render_markup import render_html, render_ics
from clawc.compiler.witness.constraints import Demand, Demands, demands_of
from clawc.compiler.witness.documents import document
from clawc.spec import core
from clawc.stdlib.checks.equality import equal
from clawc.stdlib.checks.tables import table
from clawc.stdlib.checks.values import Table, Unmet

Origin = Literal["derived", "authored", "mixed", "none"]


@dataclass(frozen=True, slots=True)
class Witness:
    """What the oracle writes: path to bytes, and where it comes from. `derived` names deliverables."""

    files: dict[str, bytes]
    origin: Origin
    derived: tuple[str, ...]


def derive(task: Task, sealer: Sealer, trial: Trial) -> Witness:
    """Derives what no `solution` writes, and judges the result; a missing or failing witness is an error."""
    authored = {w.name: bytes_of(evaluate(w.core, task.context.task)) for w in task.writes}
    conditions = [(c.name, c.kind != "forbid", node) for c in task.checks for _, _, node in trial.sealed[c.name]]
    demands = demands_of(conditions, task.context.task)
    files: dict[str, bytes] = {}
    derived: list[str] = []
    missing: list[str] = []
    for deliver in task.delivers:
        if deliver.name in authored:
            files[deliver.path] = authored[deliver.name]
            continue
        own = [d for d in demands.found if d.place.deliverable == deliver.name]
        content = _content(task, deliver, own)
        if content is None:
            missing.append(deliver.name)
        else:
            files[deliver.path] = content
            derived.append(deliver.name)
    if not task.context.diagnostics.has_errors:
        _prove(task, trial, files, demands, missing, set(authored))
    origin: Origin = "none" if not files else "mixed" if authored and derived else "authored" if authored else "derived"
    return Witness(files, origin, tuple(derived))


def _content(task: Task, deliver: DeliverDecl, demands: list[Demand]) -> bytes | None:
    """Bytes for one deliverable, or None when nothing is known about it."""
    _conflicts(task, deliver, demands)
    whole: object = next((d.value for d in demands if d.kind == "rows"), None)
    if isinstance(whole, (Table, list)):
        rows = table(whole)
        columns = list(deliver.columns or rows.columns)
        rows = Table(columns, [{c: r.get(c) for c in columns} for r in rows.rows])
        packed = {"xlsx": render_xlsx, "html": render_html, "ics": render_ics}.get(deliver.kind)
        if packed is not None:
            return bytes_of(packed(rows))
        writer = {"csv": render_csv, "tsv": render_tsv, "jsonl": render_jsonl, "json": render_json}.get(
            deliver.kind, render_md_table
        )
        return writer(rows).encode()
    if deliver.kind == "sqlite":
        tables = dict(d.value for d in demands if d.kind == "table of database")
        return render_sqlite(tables) if tables else None
    if deliver.kind == "json":
        return _json(deliver, demands)
    if deliver.kind in ("markdown", "text") and (demands or deliver.sections):
        text = document(demands, deliver.sections, task.title or deliver.name, deliver.kind == "markdown")
        return text.encode()
    if deliver.kind == "html" and demands and all(d.kind in ("mention", "contains") for d in demands):
        text = document(demands, None, task.title or deliver.name, False)
        return f"<!DOCTYPE html>\n<html>\n<body>\n<p>{text}</p>\n</body>\n</html>\n".encode()
    exact = next((d.value for d in demands if d.kind == "text"), None)
    return str(exact).encode() if exact is not None else None


def _json(deliver: DeliverDecl, demands: list[Demand]) -> bytes | None:
    found: list[tuple[tuple[str, ...], Any]] = [d.value for d in demands if d.kind == "json"]
    if not found:
        return None
    document_: Any = {}
    for path, value in sorted(found, key=lambda f: len(f[0])):
        if not path:
            document_ = dict(cast(dict[str, Any], value)) if isinstance(value, dict) else value
            continue
        at: Any = document_
        for key in path[:-1]:
            if not isinstance(at, dict):
                return None
            at = at.setdefault(key, {})  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        if not isinstance(at, dict):
            return None
        at[path[-1]] = value
    for key in deliver.keys or ():
        if isinstance(document_, dict):
            document_.setdefault(key, None)  # pyright: ignore[reportUnknownMemberType]
    return render_json(document_).encode()


def _conflicts(task: Task, deliver: DeliverDecl, demands: list[Demand]) -> None:
    """Two checks that ask for different values at the same place."""
    seen: dict[Any, Demand] = {}
    for demand in demands:
        if demand.kind not in ("rows", "json", "text", "lines", "table", "field", "table of database"):
            continue
        key: Any = (demand.kind, demand.place)
        value = demand.value
        if demand.kind in ("json", "field", "table of database"):
            key, value = (demand.kind, demand.place, demand.value[0]), demand.value[1]
        other = seen.setdefault(key, demand)
        if other is demand:
            continue
        before = other.value[1] if demand.kind in ("json", "field", "table of database") else other.value
        if not _same(before, value) and not _same(value, before):
            check = next(c for c in task.checks if c.name == demand.check)
            task.context.error("E0610", check.span,
                               f"`{other.check}` and `{demand.check}` ask for different contents of `{deliver.name}`",
                               "no answer can satisfy both")  # fmt: skip


def _same(a: Any, b: Any) -> bool:
    try:
        return bool(equal(a, b))
    except Unmet:
        return False


def _prove(
    task: Task,
    trial: Trial,
    files: dict[str, bytes],
    demands: Demands,
    missing: list[str],
    authored: set[str],
) -> None:
    """Every check that can be judged here must accept the witness."""
    verdict = trial.judge(files)
    failed = {c["name"]: c for c in verdict["checks"] if not c["passed"]}
    by_name = {c.name: c for c in task.checks}
    unknown: dict[str, set[str]] = {}
    for name, result in failed.items():
        check = by_name[name]
        nodes = [n for e in check.expects for n in core.walk(e.core)]
        reads = {n.name for n in nodes if isinstance(n, core.Deliverable)}
        if any(isinstance(n, core.Run) for n in nodes) or any(_waits_for_run(task, g) for g in check.after):
            reads |= {d.name for d in task.delivers if d.kind == "program"}
            reads -= authored
            if reads & set(missing):
                unknown[name] = reads & set(missing)
            continue
        if set(missing) & reads or name in demands.opaque:
            needed = (reads & set(missing)) | (demands.opaque.get(name, set()) - authored)
            if needed:
                unknown[name] = needed
                continue
        if reads <= authored and reads:
            task.context.error("E0613", check.span, f"the solution fails `{name}`: {_reason(result)}")
        else:
            task.context.error("E0611", check.span, f"the derived answer fails `{name}`: {_reason(result)}",
                               "the checks cannot hold together, or a `solution` must write the deliverable")  # fmt: skip
    if unknown:
        names = ", ".join(f"`{n}`" for n in sorted({d for needed in unknown.values() for d in needed}))
        checks = ", ".join(f"`{c}`" for c in unknown)
        first = by_name[next(iter(unknown))]
        task.context.error("E0612", first.span, f"no answer can be derived for {checks}",
                           f"add a `solution` that writes {names}; the rest stays derived")  # fmt: skip


def _waits_for_run(task: Task, gate: str) -> bool:
    check = next((c for c in task.checks if c.name == gate), None)
    return check is not None and any(isinstance(n, core.Run) for e in check.expects for n in core.walk(e.core))


def _reason(result: dict[str, Any]) -> str:
    bad = next((e for e in result["expects"] if not e["passed"]), None)
    return str(bad["message"] if bad and bad["message"] else result["message"])
