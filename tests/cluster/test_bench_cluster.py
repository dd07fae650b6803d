"""The benchmark of the cluster runs from end to end and gives one document; what it measures is not judged here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import cluster


@pytest.mark.nightly
def test_the_document_holds_both_and_what_lies_between(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cluster.json"
    options = ["--episodes", "8", "--jobs", "2", "--nodes", "2", "--times", "1", "--json", str(path)]

    assert cluster.main(options) == 0

    document = json.loads(path.read_text(encoding="utf-8"))
    assert (document["format_version"], document["name"], document["nodes"]) == (1, "cluster", 2)
    for part in ("at_once", "one_at_a_time"):
        for where in ("local", "cluster"):
            assert document[part][where]["a_second"] > 0 and len(document[part][where]["seconds"]) == 1
    assert document["nodes_start_s"] > 0 and isinstance(document["overhead_ms"], float)
    assert capsys.readouterr().out == cluster.table(document)
