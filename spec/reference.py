"""Generates the language reference and the JSON Schema of the IR from the tables: `python -m clawc.spec.reference`."""

from __future__ import annotations

import json
from pathlib import Path

from clawc.spec import blocks, diagnostics, functions, ir, taxonomy

HERE = Path(__file__).resolve().parent


def reference() -> str:
    """The text of reference.md."""
    parts = [
        "# The .claw language: reference",
        "Generated from the tables in this folder and `semantics.md`; `python -m clawc.spec.reference` rebuilds it.",
        (HERE / "semantics.md")
        .read_text(encoding="utf-8")
        .replace("\n## ", "\n### ")
        .replace("# Semantics", "## Semantics", 1),
        "## Blocks",
        *[_block(row) for row in blocks.TABLE if not row.later],
        "## Functions",
        "T table, L list, R record, S text, N number, B condition, D date, U duration, V any value, F file, G range, "
        "P regex, X row expression; `=` marks what may be left out. `x | f a` is `f(x, a)`.",
        _functions(),
        "## Categories and operations",
        "Categories: " + ", ".join(f"`{c}`" for c in taxonomy.dotted(taxonomy.CATEGORIES)) + ".",
        "Operations: " + ", ".join(f"`{o}`" for o in taxonomy.dotted(taxonomy.OPERATIONS)) + ".",
        "## Diagnostics",
        _diagnostics(),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _block(row: blocks.BlockKind) -> str:
    labels = " ".join(
        {"name": "NAME", "path": '"path"', "title": '"title"', "code": '"""…"""'}[label] for label in row.labels
    )
    lines = [f"### `{row.kind}{' ' + labels if labels else ''}`", "", row.doc[0].upper() + row.doc[1:] + "."]
    rows = [(n, a) for n, a in (row.attributes or {}).items() if not a.later]
    if rows:
        lines += ["", "| attribute | value | meaning |", "|---|---|---|"]
        lines += [f"| `{n}`{' (needed)' if a.required else ''} | {a.type} | {a.doc} |" for n, a in rows]
    inside = [c for c in row.children if not blocks.BY_KIND[c].later]
    if inside or row.statements:
        lines += ["", "Inside: " + ", ".join(f"`{name}`" for name in (*inside, *row.statements)) + "."]
    return "\n".join(lines)


def _functions() -> str:
    lines: list[str] = []
    group = ""
    for row in (*functions.TABLE, *functions.AGGREGATES, *functions.VERBS):
        if row.group != group:
            group = row.group
            lines += ["", f"### {group.capitalize()}", "", "| signature | meaning |", "|---|---|"]
        signature = row.signature.replace("|", "\\|").replace(" -> ?", "")
        lines.append(f"| `{signature}` | {row.doc} |")
    return "\n".join(lines)


def _diagnostics() -> str:
    lines = ["| code | title | meaning |", "|---|---|---|"]
    for row in diagnostics.TABLE:
        text = (
            row.explanation.replace("{categories}", "see above")
            .replace("{operations}", "see above")
            .replace("|", "\\|")
        )
        lines.append(f"| {row.code} | {row.title} | {text} |")
    return "\n".join(lines)


def schema() -> str:
    """The text of ir.schema.json."""
    return json.dumps(ir.schema(), indent=2, sort_keys=True) + "\n"


def main() -> None:
    """Rewrites both files."""
    (HERE / "reference.md").write_text(reference(), encoding="utf-8")
    (HERE / "ir.schema.json").write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
