"""Bundles with a rubric, as it should be or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clawc.runtime.bundle import Bundle, load
from clawc.spec.rubric import reply_schema
from tests.runtime.conftest import build_bundle

PROMPT = "# Rubric\n\n## Criteria\n\n1. `causes` (1 point): Why?\n2. `plain` (1 point): Is it?\n\n## Reply\n"


def described(**changes: object) -> dict[str, Any]:
    one = {
        "name": "u", "weight": "1", "reads": [{"name": "d0", "path": "out/answer.txt"}], "after": [],
        "criteria": [{"name": "causes", "points": "1", "text": "Why?"}, {"name": "plain", "points": "1", "text": "Is it?"}],
        "reply": reply_schema(["causes", "plain"]), **changes,
    }  # fmt: skip
    return {"format_version": 1, "share": "0.3", "rubrics": [one]}


def bundle_with(folder: Path, data: object, prompt: str | None = PROMPT, share: str = "0.3", **changes: Any) -> Bundle:
    text = data if isinstance(data, str) else json.dumps(data)
    extra = {"private/rubric/rubric.json": text} | ({} if prompt is None else {"private/rubric/u.md": prompt})
    checks = [{"name": "right", "kind": "check"}]
    return load(build_bundle(folder, extra=extra, scoring={"checks": checks, "rubric_share": share}, **changes))
