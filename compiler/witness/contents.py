"""The content of one file that satisfies its demands: a table, a tree of values, a document, or the old file edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from clawc.compiler.deferred import deferred
from clawc.compiler.model import DeliverDecl
from clawc.compiler.render_json import render_json
from clawc.compiler.witness.constraints import Demand
from clawc.compiler.witness.places import Place
from clawc.compiler.writers import WRITERS, spelled
from clawc.stdlib.checks import primitive
from clawc.stdlib.checks.tables import table
from clawc.stdlib.checks.values import File, Table, Unmet

if TYPE_CHECKING:
    from clawc.compiler.witness.documents import document
    from clawc.compiler.witness.patching import patched
else:
    document = deferred("witness.documents", "document")
    patched = deferred("witness.patching", "patched")

DOCUMENTS = ("markdown", "text")
TREES = ("json", "yaml", "toml", "ini")
PARSERS = {"json": "json_value", "yaml": "yaml_value", "toml": "toml_value", "ini": "ini_sections"}


def content(deliver: DeliverDecl, demands: list[Demand], title: str, base: bytes | None) -> bytes | None:
    """Bytes for one file, or None when nothing is known about it; `base` is the input that it edits."""
    if deliver.kind in DOCUMENTS:
        demands = _with_tables(deliver, demands, base is None)
    whole: object = next((d.value for d in demands if d.kind == "rows"), None)
    if whole is None and deliver.kind not in DOCUMENTS and any(d.kind == "column" for d in demands):
        whole = _columns(demands)
    if isinstance(whole, (Table, list)):
        return _rows(deliver, whole)  # pyright: ignore[reportUnknownArgumentType]
    tables = dict(d.value for d in demands if d.kind == "database")
    if tables:
        return spelled(deliver.kind, tables)
    exact = next((d.value for d in demands if d.kind == "text" and not d.place.section), None)
    if exact is not None:
        return str(exact).encode()
    if deliver.kind == "html" and demands:
        return _page(demands, title)
    if deliver.kind in TREES:
        return _tree(deliver, demands, base)
    if base is not None and not demands:
        return None
    if deliver.kind in DOCUMENTS and (demands or deliver.sections):
        before = None if base is None else base.decode("utf-8", "replace")
        return document(demands, deliver.sections, title, deliver.kind == "markdown", before).encode()
    lines = next((d.value for d in demands if d.kind == "lines"), None)
    return "".join(f"{line}\n" for line in lines).encode() if lines is not None else None


def _page(demands: list[Demand], title: str) -> bytes:
    """A page that says what is demanded, a paragraph for each block."""
    from html import escape

    blocks = document(demands, None, title, False).strip().split("\n\n")
    body = "".join(f"<p>{escape(block)}</p>\n" for block in blocks)
    return f"<!DOCTYPE html>\n<html>\n<body>\n{body}</body>\n</html>\n".encode()


def _rows(deliver: DeliverDecl, whole: Table | list[Any]) -> bytes:
    writer = WRITERS.get(deliver.kind, WRITERS["markdown"])
    made = writer(_declared(deliver, table(whole)))
    return made if isinstance(made, bytes) else made.encode()


def _with_tables(deliver: DeliverDecl, demands: list[Demand], new: bool) -> list[Demand]:
    """The demands on a document, those on columns as tables; the first table of a new one has the declared columns."""
    made: list[Demand] = []
    tables = {d.place for d in demands if d.kind == "table"}
    for demand in demands:
        if demand.kind == "column":
            whole = None if demand.place in tables else _columns([d for d in demands if d.place == demand.place])
            if whole is None:
                continue
            tables.add(demand.place)
            demand = demand._replace(kind="table", value=whole)
        if demand.kind == "table" and not demand.place.section:
            demand = demand._replace(value=_declared(deliver, table(demand.value)))
        made.append(demand)
    if new and deliver.columns and (made or deliver.sections) and not any(not place.section for place in tables):
        made.insert(0, Demand("table", Place(deliver.name), _declared(deliver, Table([], [])), ""))
    return made


def _declared(deliver: DeliverDecl, rows: Table) -> Table:
    """The declared columns of a table; all that it has where none are declared."""
    columns = list(deliver.columns or rows.columns)
    return Table(columns, [{c: r.get(c) for c in columns} for r in rows.rows])


def _columns(demands: list[Demand]) -> Table | None:
    """A table out of single columns, if they are equally long."""
    found: dict[str, list[Any]] = {}
    for demand in demands:
        if demand.kind == "column":
            found.setdefault(demand.value[0], list(demand.value[1]))
    if len({len(values) for values in found.values()}) != 1:
        return None
    height = len(next(iter(found.values())))
    for demand in demands:
        if demand.kind == "each":
            found.setdefault(demand.value[0], [demand.value[1]] * height)
    return Table(list(found), list(zip(*found.values())))


def _tree(deliver: DeliverDecl, demands: list[Demand], base: bytes | None) -> bytes | None:
    """A tree of values; of an edited file all that is not asked for stays as it is, comments and order too."""
    found: list[tuple[tuple[str, ...], Any]] = [d.value for d in demands if d.kind == "value"]
    if not found:
        return None
    root: Any = {}
    if base is not None:
        try:
            root = primitive(PARSERS[deliver.kind])(File(deliver.name, deliver.path, deliver.kind, base))
        except Unmet:
            return None
    for path, value in sorted(found, key=lambda f: len(f[0])):
        if not path:
            root = dict(cast(dict[str, Any], value)) if isinstance(value, dict) else value
            continue
        root = _with(root, path, value)
        if root is None:
            return None
    for key in deliver.keys or ():
        if isinstance(root, dict):
            root.setdefault(key, "" if deliver.kind == "toml" else None)  # TOML has no null  # pyright: ignore[reportUnknownMemberType]
    if base is not None:
        text = patched(deliver.kind, base.decode("utf-8-sig"), root)
        return None if text is None else text.encode()
    writer: Callable[[Any], Any] = WRITERS.get(deliver.kind, render_json)
    made = writer(root)
    return made if isinstance(made, bytes) else made.encode()


def _with(root: Any, path: tuple[str, ...], value: Any) -> Any:
    """The tree with a value at a path of keys; None where a list or scalar is in the way."""
    if not path:
        return value
    if isinstance(root, list) and path[0].isdigit() and int(path[0]) < len(root):  # pyright: ignore[reportUnknownArgumentType]
        copied: list[Any] = list(root)  # pyright: ignore[reportUnknownArgumentType]
        copied[int(path[0])] = _with(copied[int(path[0])], path[1:], value)
        return copied
    if not isinstance(root, dict):
        return None
    tree = dict(cast(dict[str, Any], root))
    inner = _with(tree.get(path[0], {}), path[1:], value)
    if inner is None and value is not None:
        return None
    tree[path[0]] = inner
    return tree
