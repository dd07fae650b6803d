"""Findings as SARIF 2.1.0, the format that code scanning services read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from clawc.compiler.finding import Finding, fingerprint
from clawc.spec.diagnostics import BY_CODE

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


# What GitHub's code scanning takes of one file: results of a run, and bytes when it is compressed.
MAX_RESULTS = 25_000
MAX_BYTES = 10_000_000


class SarifReport(NamedTuple):
    """`left_out`: results that would be more than a code scanning service takes."""

    text: str
    left_out: int


def as_sarif(
    found: Sequence[Finding], *, version: str, in_source: Sequence[Finding] = (), external: Sequence[Finding] = ()
) -> SarifReport:
    """One run with the rules that occur, and a result for each finding; those that are allowed, in the source or outside
    of it, are marked as suppressed. Where there are too many, errors go first, allowed findings last, and the run says how many it leaves out."""
    listed = [(f, "") for f in sorted(found, key=lambda f: f.severity != "error")]
    if len(listed) <= MAX_RESULTS:
        listed = [(f, "") for f in found]
    listed += [*((f, "inSource") for f in in_source), *((f, "external") for f in external)]
    kept = listed[:MAX_RESULTS]
    while True:
        text = _document(kept, version, len(listed) - len(kept))
        if len(text) <= MAX_BYTES or len(gzip.compress(text.encode(), 6, mtime=0)) <= MAX_BYTES:
            return SarifReport(text, len(listed) - len(kept))
        kept = kept[: len(kept) // 2]


def _document(listed: Sequence[tuple[Finding, str]], version: str, left_out: int) -> str:
    codes = sorted({f.code for f, _ in listed})
    rules = {code: index for index, code in enumerate(codes)}
    results: list[dict[str, Any]] = []
    for f, kind in listed:
        allowed = {"suppressions": [{"kind": kind, "justification": f.reason}]} if kind else {}
        results.append({**_result(f, rules), **allowed})
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "clawc", "version": version, "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    if left_out:
        says = f"{left_out} results are left out: code scanning services take no more"
        notification = {"level": "warning", "message": {"text": says}}
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": [notification]}]
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _rule(code: str) -> dict[str, Any]:
    row = BY_CODE[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in row.title.replace("-", " ").split()),
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": row.explanation},
        "help": {"text": f"{row.explanation} `clawc explain {code}` shows examples."},
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
