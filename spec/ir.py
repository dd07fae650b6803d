"""The intermediate representation on disk (`private/ir.json`): a compiled task with every static part sealed.

Expressions are trees of primitives; values are tagged where JSON has no type for them (spec/values.py).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from clawc.spec.bundle import Name, RelPath, Sha256, Strict, TaskName

IR_FORMAT_VERSION = 1


class ConstNode(Strict):
    op: Literal["const"] = "const"
    value: JsonValue
    name: str = ""


class DeliverableNode(Strict):
    op: Literal["deliverable"] = "deliverable"
    name: Name
    raw: bool = False
    job: Name | None = None


class WorkspaceNode(Strict):
    op: Literal["workspace"] = "workspace"


class RunNode(Strict):
    op: Literal["run"] = "run"
    job: Name


class LetNode(Strict):
    """A name that stays in the checker."""

    op: Literal["let"] = "let"
    name: Name
    value: Node


class RowNode(Strict):
    """The parameter of a lambda."""

    op: Literal["row"] = "row"
    id: int


class ColumnNode(Strict):
    op: Literal["column"] = "column"
    row: int
    name: str


class CallNode(Strict):
    op: Literal["call"] = "call"
    function: Name
    args: tuple[Node, ...] = ()
    kwargs: dict[str, Node] = Field(default={})


class LambdaNode(Strict):
    op: Literal["lambda"] = "lambda"
    row: int
    body: Node


class ListNode(Strict):
    op: Literal["list", "tuple"]
    items: tuple[Node, ...]


class RecordNode(Strict):
    op: Literal["record"] = "record"
    entries: tuple[tuple[Node, Node], ...]


class LogicNode(Strict):
    op: Literal["and", "or", "not", "if"]
    operands: tuple[Node, ...]


Node = Annotated[
    ConstNode | DeliverableNode | WorkspaceNode | RunNode | LetNode | RowNode | ColumnNode | CallNode | LambdaNode | ListNode | RecordNode | LogicNode,
    Field(discriminator="op"),
]  # fmt: skip


class ExpectIR(Strict):
    line: int
    source: str
    condition: Node


class CheckIR(Strict):
    kind: Literal["check", "require", "forbid"]
    name: Name
    weight: str
    partial: bool
    after: tuple[Name, ...]
    because: str
    expects: tuple[ExpectIR, ...]


class DeliverableIR(Strict):
    name: Name
    path: RelPath
    kind: str
    columns: tuple[str, ...] | None
    keys: tuple[str, ...] | None
    sections: tuple[str, ...] | None
    extra_columns: bool
    column_order: bool
    shape: Literal["file", "set", "family"] = "file"
    edits: str = ""
    made_by: tuple[str, ...] = ()
    members: tuple[tuple[tuple[str, ...], RelPath], ...] = ()
    only: bool = False
    least: int = 0
    most: int | None = None


class CriterionIR(Strict):
    name: Name
    text: str
    points: str


class RubricIR(Strict):
    name: Name
    weight: str
    reads: tuple[Name, ...]
    after: tuple[Name, ...]
    criteria: tuple[CriterionIR, ...]


class QuotationIR(Strict):
    """A `because` and where it stands in the instruction (offsets in code points)."""

    check: Name
    text: str
    start: int
    end: int


class InputIR(Strict):
    name: str
    path: RelPath
    kind: str
    sha256: Sha256
    mode: int


class TaskIR(Strict):
    """One compiled task. Version 1 has room for sessions, turns, services and transcripts by further fields."""

    format_version: Literal[1] = 1
    task: TaskName
    title: str
    category: str
    operations: tuple[str, ...]
    persona: str
    doc: str
    instruction: str
    inputs: tuple[InputIR, ...]
    deliverables: tuple[DeliverableIR, ...]
    checks: tuple[CheckIR, ...]
    rubrics: tuple[RubricIR, ...]
    quotations: tuple[QuotationIR, ...]


for _model in (LetNode, CallNode, LambdaNode, ListNode, RecordNode, LogicNode, ExpectIR, CheckIR, TaskIR):
    _model.model_rebuild()


def schema() -> dict[str, Any]:
    """The JSON Schema of the representation."""
    return TaskIR.model_json_schema()
