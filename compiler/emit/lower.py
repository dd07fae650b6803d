"""Sealed tasks to the intermediate representation, and values to tagged JSON."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, cast

from pydantic import JsonValue

from clawc.compiler.emit.python_source import job_id
from clawc.compiler.model import Task
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.passes.trace import Quotation
from clawc.spec import core, ir
from clawc.spec.core import Core
from clawc.stdlib.checks.compare import OneOf, Percent
from clawc.stdlib.checks.kinds import plain
from clawc.stdlib.checks.sets import Files
from clawc.stdlib.checks.values import MISSING, File, No, Range, Table, Unordered


def lower(task: Task, sealer: Sealer, quotations: list[Quotation]) -> str:
    """The text of ir.json."""
    document = ir.TaskIR(
        task=task.name, title=task.title, category=task.category, operations=task.operations, persona=task.persona,
        doc=task.doc, instruction=task.instruction,
        inputs=tuple(
            ir.InputIR(name=i.file.name, path=i.file.path, kind=i.file.kind, sha256=hashlib.sha256(i.data).hexdigest(),
                       mode=i.mode)
            for i in task.inputs
        ),
        deliverables=tuple(
            ir.DeliverableIR(name=d.name, path=d.path, kind=d.kind, columns=d.columns, keys=d.keys, sections=d.sections,
                             extra_columns=d.extra_columns, column_order=d.column_order, shape=d.shape, edits=d.edits,
                             made_by=d.made_by, members=d.members, only=d.only, least=d.least, most=d.most)
            for d in task.delivers
        ),
        checks=tuple(
            ir.CheckIR(
                kind=c.kind, name=c.name, weight=plain(c.weight), partial=c.partial, after=c.after, because=c.because,
                expects=tuple(
                    ir.ExpectIR(line=e.line, source=e.source, condition=node(sealer.seal(e.core))) for e in c.expects
                ),
            )
            for c in task.checks
        ),
        rubrics=tuple(
            ir.RubricIR(name=r.name, weight=plain(r.weight), reads=r.reads, after=r.after,
                        criteria=tuple(ir.CriterionIR(name=c.name, text=c.text, points=plain(c.points)) for c in r.criteria))
            for r in task.rubrics
        ),
        quotations=tuple(ir.QuotationIR(check=q.check, text=q.text, start=q.start, end=q.end) for q in quotations),
    )  # fmt: skip
    return json.dumps(document.model_dump(mode="json"), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def node(at: Core) -> ir.Node:
    """One expression."""
    if isinstance(at, core.Const):
        return ir.ConstNode(value=value(at.value), name=at.name)
    if isinstance(at, core.Deliverable):
        return ir.DeliverableNode(name=at.name, raw=at.raw, job=job_id(at.job) if at.job >= 0 else None)
    if isinstance(at, core.Run):
        return ir.RunNode(job=job_id(at.number))
    if isinstance(at, core.LetRef):
        return ir.LetNode(name=at.name, value=node(at.value))
    if isinstance(at, core.Var):
        return ir.RowNode(id=at.id)
    if isinstance(at, core.Col):
        return ir.ColumnNode(row=at.row, name=at.name)
    if isinstance(at, core.Call):
        kwargs = {name: node(v) for name, v in at.kwargs}
        return ir.CallNode(function=at.function, args=tuple(node(a) for a in at.args), kwargs=kwargs)
    if isinstance(at, core.Lambda):
        return ir.LambdaNode(row=at.param, body=node(at.body))
    if isinstance(at, core.Items):
        return ir.ListNode(op="tuple" if at.tuple else "list", items=tuple(node(i) for i in at.items))
    if isinstance(at, core.Record):
        return ir.RecordNode(entries=tuple((node(k), node(v)) for k, v in at.entries))
    if isinstance(at, core.Logic):
        return ir.LogicNode(
            op=cast(Literal["and", "or", "not", "if"], at.op), operands=tuple(node(o) for o in at.operands)
        )
    return ir.WorkspaceNode()


def value(of: Any) -> JsonValue:
    """A value as JSON; what JSON has no type for is an object with the one key `$…`."""
    if of is None or isinstance(of, (bool, str)):
        return None if of is None else str(of) if isinstance(of, str) else of
    if isinstance(of, No):
        return False
    if of is MISSING:
        return {"$missing": True}
    if isinstance(of, (int, Decimal)):
        return {"$number": plain(of)}
    if isinstance(of, datetime):
        return {"$datetime": of.isoformat()}
    if isinstance(of, date):
        return {"$date": of.isoformat()}
    if isinstance(of, timedelta):
        return {"$microseconds": str((of.days * 86400 + of.seconds) * 1_000_000 + of.microseconds)}
    if isinstance(of, re.Pattern):
        return {"$regex": str(of.pattern)}  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    if isinstance(of, bytes):
        return {"$bytes": of.hex()}
    if isinstance(of, Range):
        return {"$range": [value(of.low), value(of.high)]}
    if isinstance(of, Percent):
        return {"$percent": plain(of.value)}
    if isinstance(of, OneOf):
        return {"$one_of": [value(v) for v in of.values]}
    if isinstance(of, Table):
        rows: list[JsonValue] = [[value(r.get(c)) for c in of.columns] for r in of.rows]
        spare: list[JsonValue] = [[value(r.get(c)) for c in of.columns] for r in of.spare]
        return {"$table": {"columns": list(of.columns), "rows": rows, "spare": spare,
                           "blocks": None if of.blocks is None else list(of.blocks)}}  # fmt: skip
    if isinstance(of, Files):
        return {"$tree": of.folder}
    if isinstance(of, File):
        return {"$input": of.path}
    if isinstance(of, Unordered):
        return {"$unordered": [value(v) for v in of]}
    if isinstance(of, dict):
        return {"$record": [[value(k), value(v)] for k, v in of.items()]}  # pyright: ignore
    assert isinstance(of, (list, tuple)), f"no JSON for {type(of).__name__}"
    return [value(v) for v in of]  # pyright: ignore[reportUnknownVariableType]
