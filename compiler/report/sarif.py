"""Findings as SARIF 2.1.0, the format that code scanning services read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from clawc.compiler.finding import Finding, fingerprint
from clawc.spec.diagnostics import BY_CODE

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_sarif(
    found: Sequence[Finding], *, version: str, in_source: Sequence[Finding] = (), external: Sequence[Finding] = ()
) -> str:
    """One run with the rules that occur, and a result for each finding; those that are allowed, in the source or outside
    of it, are marked as suppressed."""
    codes = sorted({f.code for f in (*found, *in_source, *external)})
    rules = {code: index for index, code in enumerate(codes)}
    results = [_result(f, rules) for f in found]
    for f, kind in [*((f, "inSource") for f in in_source), *((f, "external") for f in external)]:
        results.append({**_result(f, rules), "suppressions": [{"kind": kind, "justification": f.reason}]})
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "clawc", "version": version, "rules": [_rule(code) for code in codes]}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _rule(code: str) -> dict[str, Any]:
    row = BY_CODE[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in row.title.replace("-", " ").split()),
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": row.explanation},
        "defaultConfiguration": {"level": row.severity},
    }


def _result(f: Finding, rules: dict[str, int]) -> dict[str, Any]:
    where = {"artifactLocation": {"uri": uri(f.path)}, "region": _region(f)}
    message = f.message if not f.help else f"{f.message}. {f.help}"
    result: dict[str, Any] = {
        "ruleId": f.code,
        "ruleIndex": rules[f.code],
        "level": f.severity,
        "message": {"text": message},
        "locations": [{"physicalLocation": where}],
        "partialFingerprints": {"clawcFinding/v1": fingerprint(f)},
    }
    if f.fix is not None:
        change = {
            "deletedRegion": {"charOffset": f.fix.start, "charLength": f.fix.end - f.fix.start},
            "insertedContent": {"text": f.fix.replacement},
        }
        result["fixes"] = [
            {
                "description": {"text": f.fix.title},
                "artifactChanges": [{"artifactLocation": where["artifactLocation"], "replacements": [change]}],
            }
        ]
    return result


def _region(f: Finding) -> dict[str, int]:
    return {
        "startLine": f.start.line,
        "startColumn": f.start.column,
        "endLine": f.end.line,
        "endColumn": max(f.end.column, 1),
    }


def uri(path: str) -> str:
    """A path as a reference relative to the root of the repository; absolute ones as `file:`."""
    parts = path.replace("\\", "/")
    quoted = quote(parts.encode("utf-8", "surrogateescape"))
    return f"file://{quoted}" if parts.startswith("/") else quoted
