"""Declared columns and keys that no condition reads: any value passes in them."""

from __future__ import annotations

from clawc.compiler.model import DeliverDecl, Task
from clawc.compiler.passes.lints.facts import Facts, text_of
from clawc.spec import core
from clawc.spec.core import Core

# What gives the value of a file, or all of its rows or columns.
_ALL_OF_IT = frozenset(("json_value", "yaml_value", "toml_value", "rows", "csv_table", "tsv_table", "jsonl_table", "typed_table",
                        "table", "where", "derive", "sort", "take", "window", "unordered", "ordered", "numbered"))  # fmt: skip
# What reads those columns alone that stand in its row expressions, or none.
_BY_COLUMN = frozenset(
    ("any_row", "all_rows", "none_row", "group", "pivot", "select", "length_of", "count_all", "columns_of")
)


def unjudged_structure(task: Task, facts: list[Facts]) -> None:
    """Reports declared names that no condition reads, where every condition says by name what it reads."""
    if any(f.runs for f in facts):
        return
    for deliver in task.delivers:
        declared = deliver.columns or deliver.keys
        reading = [f for f in facts if deliver.name in f.reads]
        if not declared or not reading or deliver.edits or deliver.shape != "file":
            continue
        if any(deliver.name in r.reads for r in task.rubrics):
            continue
        read = _names_read(deliver, reading)
        unread = [n for n in declared if read is not None and n not in read]
        if unread:
            kind = "column" if deliver.columns else "key"
            shown = ", ".join(f"`{n}`" for n in unread[:6]) + (" …" if len(unread) > 6 else "")
            task.context.diagnostics.add(
                "W0612", task.source, deliver.span, f"no condition reads the {kind}{'s' if len(unread) > 1 else ''} {shown} of `{deliver.name}`",
                "judge it, or do not demand it",
            )  # fmt: skip


def _names_read(deliver: DeliverDecl, reading: list[Facts]) -> set[str] | None:
    """The columns and keys that conditions name; None where one takes the file as a whole."""
    named: set[str] = set()
    for fact in reading:
        parents: dict[int, list[Core]] = {}
        nodes = [n for e in fact.check.expects for n in core.walk(e.core)]
        for node in nodes:
            for child in core.children(node):
                parents.setdefault(id(child), []).append(node)
            if isinstance(node, core.Col):
                named.add(node.name)
        todo: list[Core] = [
            n for n in nodes if isinstance(n, core.Deliverable) and n.name == deliver.name and not n.raw
        ]
        seen: set[int] = set()
        while todo:
            node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            for parent in parents.get(id(node), ()):
                if isinstance(parent, core.LetRef) or (isinstance(parent, core.Call) and parent.function in _ALL_OF_IT):
                    todo.append(parent)
                elif isinstance(parent, core.Call) and parent.function in ("get", "column", "get_path"):
                    key = text_of(parent.args[1])
                    if key is None:
                        return None
                    named |= {key, key.split(".")[0]}
                elif not (isinstance(parent, core.Call) and parent.function in _BY_COLUMN):
                    return None
    return named
