"""The figures of docs/method.md are those of bench/results."""

from __future__ import annotations

import json
import re
from functools import reduce

from tests.docs.blocks import ROOT

ROW = re.compile(r"^\| .* \| ([^|]+) \| `(\w+\.json): ([^`]+)` \|$", re.MULTILINE)


def test_figures_are_those_that_were_measured() -> None:
    text = (ROOT / "docs/method.md").read_text(encoding="utf-8")
    rows = ROW.findall(text)
    assert len(rows) == text.count(".json: ") >= 10
    for figure, file, path in rows:
        document = json.loads((ROOT / "bench/results" / file).read_text(encoding="utf-8"))
        assert float(figure) == reduce(lambda value, key: value[key], path.split("."), document), path
