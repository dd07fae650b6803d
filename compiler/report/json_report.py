"""Findings for programs: a versioned JSON document. Fields may be added under one version, never changed or removed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from clawc.compiler.finding import Finding, Place, findings

if TYPE_CHECKING:
    from clawc.compiler.source import Diagnostic

REPORT_FORMAT_VERSION = 1


def as_json(found: Iterable[Diagnostic | Finding], *, files: int, suppressed: Iterable[Finding] = ()) -> str:
    """A document with `format_version`; positions are 1-based lines and columns in code points, and offsets."""
    records = [_record(f) for f in findings(found)]
    errors = sum(r["severity"] == "error" for r in records)
    document = {
        "format_version": REPORT_FORMAT_VERSION,
        "files": files,
        "errors": errors,
        "warnings": len(records) - errors,
        "diagnostics": records,
        "suppressed": [{**_record(f), "reason": f.reason} for f in suppressed],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _record(f: Finding) -> dict[str, Any]:
    record: dict[str, Any] = {
        "code": f.code,
        "severity": f.severity,
        "title": f.title,
        "message": f.message,
        "file": f.path,
        "start": _position(f.start),
        "end": _position(f.end),
        "help": f.help,
    }
    if f.fix is not None:
        record["fix"] = {
            "title": f.fix.title, "start": f.fix.start, "end": f.fix.end, "replacement": f.fix.replacement,
        }  # fmt: skip
    return record


def _position(place: Place) -> dict[str, int]:
    return {"line": place.line, "column": place.column, "offset": place.offset}
