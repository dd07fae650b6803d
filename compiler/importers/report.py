"""The loss report of an import: what became of each part of the originals' verifiers, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from clawc.compiler.importers.model import ImportedTask

IMPORT_FORMAT_VERSION = 1
REPORT = "import.json"
_MOST = 60  # rows of a table for people


def task_entry(task: ImportedTask, source: str, place: str, format: str) -> dict[str, Any]:
    """What is said of one task. `declarative`, `opaque` and `none` count parts of its verifier."""
    counts: Counter[str] = Counter()
    for part in task.carried:
        counts[part.fate] += part.many
    return {
        "name": task.name, "id": task.id, "origin": task.origin, "format": format, "source": source, "place": place,
        "declarative": counts["declarative"], "opaque": counts["opaque"], "none": counts["none"],
        "carried": [{"fate": c.fate, "kind": c.kind, "count": c.many, "why": c.why} for c in task.carried],
        "faults": [{"kind": f.kind, "message": f.message, "path": f.path, "line": f.line} for f in task.faults],
        "suggested": task.suggested.count("\n  check "), "solution": task.solution is not None, "meta": task.meta,
    }  # fmt: skip


def report_of(entries: list[dict[str, Any]], refused: list[dict[str, Any]], version: str) -> dict[str, Any]:
    """The whole report, as JSON data."""
    formats: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(one["format"] for one in [*entries, *refused]):
        mine = [one for one in entries if one["format"] == name]
        counts = {fate: sum(one[fate] for one in mine) for fate in ("declarative", "opaque", "none")}
        parts = sum(counts.values())
        formats[name] = {
            "imported": len(mine), "refused": sum(one["format"] == name for one in refused), "parts": parts, **counts,
            "declarative_share": round(counts["declarative"] / parts, 6) if parts else None,
        }  # fmt: skip
    return {
        "clawc_import": IMPORT_FORMAT_VERSION,
        "clawc": version,
        "formats": formats,
        "tasks": entries,
        "refused": refused,
    }


def as_markdown(document: dict[str, Any]) -> str:
    """The report for people."""
    lines = ["# Imported tasks", "", "| format | imported | refused | parts | declarative | opaque | no counterpart |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, row in document["formats"].items():
        share = "" if row["declarative_share"] is None else f" ({100 * row['declarative_share']:.0f} %)"
        lines.append(
            f"| {name} | {row['imported']} | {row['refused']} | {row['parts']} | {row['declarative']}{share} | {row['opaque']} | {row['none']} |"
        )
    for title, fate in (
        ("Became checks or criteria", "declarative"),
        ("Stay programs", "opaque"),
        ("Have no counterpart", "none"),
    ):
        kinds: Counter[tuple[str, str]] = Counter()
        for task in document["tasks"]:
            for part in task["carried"]:
                if part["fate"] == fate:
                    kinds[part["kind"], part["why"]] += part["count"]
        if kinds:
            lines += ["", f"## {title}", "", "| original | how many | why |", "|---|---|---|"]
            lines += [f"| {_cell(kind)} | {count} | {_cell(why)} |" for (kind, why), count in kinds.most_common(_MOST)]
    faults = Counter(fault["kind"] for task in document["tasks"] for fault in task["faults"])
    if faults:
        lines += ["", "## Wrong with the originals", "", "| what | how often | for instance |", "|---|---|---|"]
        for kind, count in faults.most_common(_MOST):
            task, first = next((t, f) for t in document["tasks"] for f in t["faults"] if f["kind"] == kind)
            where = first["path"] + (f":{first['line']}" if first["line"] else "")
            lines.append(
                f"| {_cell(kind)} | {count} | {_cell(task['name'])}: {_cell(first['message'])} {_cell(where)} |"
            )
    if document["refused"]:
        lines += ["", "## Refused", "", "| where | why |", "|---|---|"]
        lines += [f"| {_cell(one['place'])} | {_cell(one['message'])} |" for one in document["refused"][:_MOST]]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    shown = " ".join(text.replace("|", "\\|").split())
    return "".join(c if c.isprintable() else "\ufffd" for c in shown)[:300].replace("<", "&lt;").replace("`", "'")
