"""What a model said of rubrics stands on the page of the episode that it judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.runtime.judge.records import (
    CriterionJudgement,
    JudgementRecord,
    Quoted,
    RubricJudgement,
    SpokenLine,
    Vote,
    VoteOnCriterion,
)
from clawc.runtime.view.app import view_app
from clawc.runtime.view.index import open_index
from clawc.runtime.view.shelf import open_shelf
from tests.runtime.run_folders import record, write_run
from tests.view.conftest import LIVE
from tests.view.test_pages import Reader
from tests.web.conftest import served


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAWC_CACHE", str(tmp_path / "cache"))


def judgement(key: str, reasoning: str, judged: str = "2026-01-01T00:00:00+00:00") -> JudgementRecord:
    said = VoteOnCriterion(
        verdict="not_met", reasoning=reasoning, evidence=(Quoted(path="out/a.md", quote=reasoning[:400]),)
    )
    vote = Vote(order=("tone",), tries=1, shown_bytes=10, criteria={"tone": said})
    rubric = RubricJudgement(
        name="style", weight="2", share="0.5", criteria=(CriterionJudgement(name="tone", points="3", verdict="not_met"),), votes=(vote,),
        injection=(SpokenLine(path="out/a.md", line=3, kind="order"),),
    )  # fmt: skip
    return JudgementRecord(
        key=key,
        task="t",
        bundle_id="0" * 64,
        judge="model-j",
        asked=True,
        R="0.5",
        G="1",
        rubrics=(rubric,),
        judged=judged,
        seconds=1.0,
    )


def test_the_last_judgement_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    write_run(folder, [record("a"), record("b")])
    (folder / "judgements").mkdir()
    for id, text, judged in (
        ("0" * 16, LIVE, "2026-01-02T00:00:00+00:00"),
        ("1" * 16, "older", "2026-01-01T00:00:00+00:00"),
    ):
        (folder / "judgements" / f"{id}.jsonl").write_text(
            judgement("a-a1", text[:900], judged).model_dump_json() + "\n", encoding="utf-8"
        )
    index = open_index(folder)
    found = index.judgement("a-a1")
    assert found is not None and found.judged.startswith("2026-01-02") and index.judgement("b-a1") is None
    shelf = open_shelf([folder])
    with served(lambda: view_app(shelf)) as guard:
        reader = Reader(guard)
        page, other = reader.text("/run/0/episode/a-a1"), reader.text("/run/0/episode/b-a1")
    assert (
        "model-j" in page and "not met, 3 points" in page and "speaks to the judge" in page and "&lt;script&gt;" in page
    )
    assert "<script>document" not in page and 'id="rubrics"' not in other
