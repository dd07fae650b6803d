"""Findings as GitLab's code quality report, a subset of Code Climate's: shown beside the lines of a merge request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from clawc.compiler.finding import Finding, fingerprint
from clawc.compiler.report.text import clean

_SEVERITY = {"error": "major", "warning": "minor"}


def as_gitlab(found: Sequence[Finding]) -> str:
    """One object a finding; findings that look the same keep fingerprints of their own, as GitLab wants them."""
    seen: dict[str, int] = {}
    return json.dumps([_issue(f, seen) for f in found], indent=2, ensure_ascii=True) + "\n"


def _issue(f: Finding, seen: dict[str, int]) -> dict[str, Any]:
    path = f.path.replace("\\", "/").removeprefix("./").encode("utf-8", "backslashreplace").decode()
    mark = hashlib.sha256(f"{path}\0{fingerprint(f)}".encode()).hexdigest()[:32]
    seen[mark] = seen.get(mark, 0) + 1
    return {
        "description": clean(f"{f.code} {f.message}" if not f.help else f"{f.code} {f.message}. {f.help}"),
        "check_name": f.code,
        "fingerprint": mark if seen[mark] == 1 else f"{mark}-{seen[mark]}",
        "severity": _SEVERITY.get(f.severity, "info"),
        "location": {
            "path": path,
            "lines": {"begin": f.start.line, "end": f.end.line},
        },
    }
