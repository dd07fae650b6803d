"""TOML: values change at their place, keys and tables come and go with their lines."""

from __future__ import annotations

from typing import Any

from clawc.compiler.render_toml import header, inline, is_tables, key_text, table_lines
from clawc.compiler.witness.patch_flow import Dialect, edit_flow
from clawc.compiler.witness.spans import Edits, Node, Unpatchable, aligned, same
from clawc.compiler.witness.toml_nodes import Part, TomlPair, TomlTable, part_value, toml_tree
from clawc.stdlib.checks.kinds import list_in, record_in


def edit_toml(edits: Edits, wanted: Any) -> None:
    """Changes a TOML text to a wanted record."""
    record = record_in(wanted)
    if record is None:
        raise Unpatchable
    _edit_table(edits, toml_tree(edits.text), record)


def _edit_table(edits: Edits, table: TomlTable, wanted: dict[str, Any]) -> None:
    added = {key: value for key, value in wanted.items() if key not in table.parts}
    for key, part in table.parts.items():
        if key not in wanted:
            _remove(edits, part)
        elif not same(part_value(part), wanted[key]) and not _edit_part(edits, part, wanted[key]):
            _remove(edits, part)
            added[key] = wanted[key]
    if not wanted and table.parts and table.header is None and table.path:
        # Only what it held made it a table.
        lines = [f"{table.dotted[:-1]} = {{}}"] if table.dotted else ["", header(table.path, False)]
        edits.add_lines(table.statements()[-1][1], lines)
    sections = {k: v for k, v in added.items() if (record_in(v) or is_tables(v)) and not table.dotted}
    pairs = [f"{table.dotted}{key_text(k)} = {inline(v)}" for k, v in added.items() if k not in sections]
    if pairs:
        _add_pairs(edits, table, pairs)
    for key, value in sections.items():
        _add_section(edits, table, key, value)


def _edit_part(edits: Edits, part: Part, wanted: Any) -> bool:
    """Changes what a key stands for; False where that takes another kind of statement."""
    record = record_in(wanted)
    if isinstance(part, TomlPair):
        edit_flow(edits, part.node, wanted, DIALECT)
        return True
    if isinstance(part, TomlTable):
        if record is None:
            return False
        _edit_table(edits, part, record)
        return True
    if not is_tables(wanted):
        return False
    behind: int | None = None
    for old, new in aligned([t.value() for t in part], list_in(wanted) or []):
        value = None if new is None else (list_in(wanted) or [])[new]
        if old is not None:
            behind = part[old].statements()[-1][1]
            if value is None:
                _remove(edits, part[old])
            else:
                _edit_table(edits, part[old], value)
            continue
        lines = [header(part[0].path, True), *table_lines(record_in(value) or {}, part[0].path)]
        if behind is None:
            first = part[0].statements()[0][0]
            edits.insert(edits.line_start(first), "\n".join(lines) + "\n\n")
        else:
            edits.add_lines(behind, ["", *lines])
    return True


def _remove(edits: Edits, part: Part) -> None:
    if isinstance(part, TomlPair):
        edits.delete_lines(part.start, part.node.end)
        return
    for table in part if isinstance(part, list) else [part]:
        for start, end in table.statements():
            edits.delete_lines(start, end)


def _add_section(edits: Edits, table: TomlTable, key: str, value: Any) -> None:
    """A table or list of tables under its own headers, behind all that its parent holds."""
    statements = table.statements()
    text = edits.text.rstrip()
    at = len(text) if not table.path or not statements else statements[-1][1]
    lines = table_lines({key: value}, table.path)
    edits.add_lines(at, ["", *lines] if text else lines)


def _add_pairs(edits: Edits, table: TomlTable, lines: list[str]) -> None:
    """Keys behind the others of their table."""
    own = table.pairs or ([table.header] if table.header is not None else [])
    if own:
        start, end = own[-1]
        edits.add_lines(end, [(edits.indent(start) or "") + line for line in lines])
    elif table.path:
        edits.add_lines(len(edits.text.rstrip()), ["", header(table.path, False), *lines])
    else:
        first = min((start for start, _ in table.statements()), default=len(edits.text))
        gap = "\n\n" if table.statements() else "\n"
        edits.insert(edits.line_start(first), "\n".join(lines) + gap)


def _scalar(value: Any, node: Node) -> str:
    """A text keeps its quotes where it can."""
    plain_text = isinstance(value, str) and value.isprintable() and "'" not in value
    return f"'{value}'" if plain_text and node.style == "'" else inline(value)


def _block(value: Any, indent: str, unit: str) -> str:
    return inline(value)


def _key(key: str, sample: str) -> str:
    return key_text(key) + " = "


DIALECT = Dialect(inline, _scalar, _key, _block, "#")
