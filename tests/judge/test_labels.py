"""Agreement beyond chance by published examples and by other libraries, and labels of people that may be anything."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as draw
from hypothesis import settings
from hypothesis import strategies as st

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.judge.labels import Label, Unit, compare, read_labels
from clawc.runtime.judge.records import CriterionJudgement, JudgementRecord, RubricJudgement
from clawc.runtime.stats.agreement import (
    cohen_kappa,
    coincidences,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
    resampled_interval,
    table_of,
)
from clawc.runtime.stats.bootstrap import Resampling
from clawc.spec.rubric import DECISIONS, Decision

# Made with the libraries that the file names.
VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "agreement_vectors.json").read_text())
HOW = Resampling(resamples=300)


@pytest.mark.parametrize("row", VECTORS["two_raters"])
def test_two_raters_as_by_other_libraries(row: dict[str, Any]) -> None:
    pairs = list(zip(row["first"], row["second"]))
    table = table_of(pairs, row["categories"])
    assert cohen_kappa(table) == pytest.approx(row["kappa"], abs=1e-9)
    assert gwet_ac1(table) == pytest.approx(row["ac1"], abs=1e-5)
    assert krippendorff_alpha(coincidences(pairs, row["categories"])) == pytest.approx(row["alpha"], abs=1e-9)


@pytest.mark.parametrize("row", VECTORS["several_raters"])
def test_several_raters_as_by_another_library(row: dict[str, Any]) -> None:
    units = [[value for value in unit if value is not None] for unit in zip(*row["raters"])]
    assert krippendorff_alpha(coincidences(units, row["categories"])) == pytest.approx(row["alpha"], abs=1e-9)


def test_published_examples() -> None:
    """Cohen's kappa of a table of 50; Gwet 2002, "Kappa Statistic is not Satisfactory", his table of 125 subjects; Krippendorff 2011,
    sections A and C."""
    assert cohen_kappa([[20, 5], [10, 15]]) == pytest.approx(0.4)
    assert cohen_kappa([[118, 5], [2, 0]]) == pytest.approx(-0.0234, abs=5e-5)
    assert gwet_ac1([[118, 5], [2, 0]]) == pytest.approx(0.9408, abs=5e-5)
    meg, owen = (0, 1, 0, 0, 0, 0, 0, 0, 1, 0), (1, 1, 1, 0, 0, 1, 0, 0, 0, 0)
    assert krippendorff_alpha(coincidences(list(zip(meg, owen)), 2)) == pytest.approx(0.095, abs=5e-4)
    observers = [
        "123321412...",
        "1233224125.3",
        ".3332342251.",
        "12332441251.",
    ]
    units = [[int(value) for value in unit if value != "."] for unit in zip(*observers)]
    assert krippendorff_alpha(coincidences(units, 6)) == pytest.approx(0.743, abs=5e-4)


def test_what_is_not_defined() -> None:
    alike = [[5.0, 0.0], [0.0, 0.0]]
    assert raw_agreement(alike) == 1 and cohen_kappa(alike) is None and gwet_ac1(alike) == 1
    assert krippendorff_alpha(coincidences([(0, 0)] * 5, 2)) is None
    none = [[0.0, 0.0], [0.0, 0.0]]
    assert raw_agreement(none) is cohen_kappa(none) is gwet_ac1(none) is krippendorff_alpha(none) is None
    assert resampled_interval([alike], raw_agreement, HOW) is None
    assert resampled_interval([alike] * 9, cohen_kappa, HOW) is None


@settings(max_examples=100, deadline=None)
@draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=40))
def test_coefficients_are_bounded_and_do_not_know_who_is_first(pairs: list[tuple[int, int]]) -> None:
    table, turned = table_of(pairs, 3), table_of([(b, a) for a, b in pairs], 3)
    for statistic in (raw_agreement, cohen_kappa, gwet_ac1):
        found, other = statistic(table), statistic(turned)
        assert (found is None) == (other is None)
        assert found is None or other is None or (-1.0001 <= found <= 1.0001 and found == pytest.approx(other))
    if all(a == b for a, b in pairs):
        assert raw_agreement(table) == gwet_ac1(table) == pytest.approx(1)


def test_an_interval_holds_its_value_and_is_the_same_again() -> None:
    row = VECTORS["two_raters"][3]
    tables = [table_of([pair], 3) for pair in zip(row["first"], row["second"])]
    total = table_of(list(zip(row["first"], row["second"])), 3)
    for statistic in (raw_agreement, cohen_kappa, gwet_ac1):
        found, value = resampled_interval(tables, statistic, HOW), statistic(total)
        assert found is not None and value is not None and found.low < value < found.high
        assert found == resampled_interval(tables, statistic, HOW)


def record(key: str, **verdicts: Decision) -> JudgementRecord:
    criteria = tuple(CriterionJudgement(name=name, points="1", verdict=verdict) for name, verdict in verdicts.items())
    judged = RubricJudgement(name="r", weight="1", share="0", criteria=criteria, votes=())
    return JudgementRecord(
        key=key, task="t", bundle_id="0" * 64, judge="j", asked=True, R="0", G="1", rubrics=(judged,), judged="", seconds=0
    )  # fmt: skip


def test_judge_against_several_raters_with_holes() -> None:
    verdicts: list[Decision] = ["met", "met", "not_met", "cannot_tell", "met", "not_met"]
    records = [record(f"k{n}", a=verdict, b="met") for n, verdict in enumerate(verdicts)]
    said: dict[Unit, dict[str, Decision]] = {
        Unit("k0", "r", "a"): {"x": "met", "y": "met", "z": "not_met"},
        Unit("k1", "r", "a"): {"x": "not_met", "y": "not_met"},
        Unit("k2", "r", "a"): {"x": "not_met"},
        Unit("k3", "r", "a"): {"x": "met", "y": "not_met"},  # a tie
        Unit("k4", "r", "b"): {"x": "met"},
        Unit("k9", "r", "a"): {"x": "met"},  # not judged
    }
    found = compare(records, said, HOW)
    assert (found.unjudged, found.raters) == (1, 3)
    whole = found.whole
    assert (whole.units, whole.episodes, whole.ties) == (5, 5, 1)
    assert whole.table == [[2, 1, 0], [0, 1, 0], [0, 0, 0]] and whole.raw.value == 0.75
    assert whole.raters_alpha is not None and whole.raters_alpha.value is not None
    assert whole.raw.interval is not None and set(found.criteria) == {("r", "a"), ("r", "b")}
    assert found.criteria["r", "b"].raters_alpha is None and found.criteria["r", "b"].kappa.value is None
    with pytest.raises(RuntimeFault, match="R0985"):
        compare(records, {Unit("k", "r", "a"): {"": "met"}}, HOW)


def test_labels_of_attempts_and_of_episodes(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(
        '{"key": "e1-a2", "rubric": "r", "criterion": "c", "verdict": "met", "rater": "x"}\n\n'
        '{"episode": "e1", "rubric": "r", "criterion": "c", "verdict": "not_met", "rater": "y"}\r\n'
        '{"episode": "e2", "rubric": "r", "criterion": "c", "verdict": "cannot_tell"}'
    )
    found = read_labels(path, {"e1": "e1-a2"})
    assert found == {
        Unit("e1-a2", "r", "c"): {"x": "met", "y": "not_met"},
        Unit("e2", "r", "c"): {"": "cannot_tell"},
    }


GOOD = {"key": "k", "rubric": "r", "criterion": "c", "verdict": "met"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no label"),
        (b"\n \n", "no label"),
        (b"[]", "line 1: at `start`"),
        (b"{", "line 1: at `start`"),
        (b"\xff\xfe", "line 1"),
        (b"[" * 100_000, "line 1"),
        (json.dumps({**GOOD, "verdict": "yes"}).encode(), "at `verdict`"),
        (json.dumps({**GOOD, "more": 1}).encode(), "at `more`"),
        (json.dumps({**GOOD, "episode": "e"}).encode(), "give `key` or `episode`"),
        (json.dumps({**GOOD, "key": "../x"}).encode(), "at `key`"),
        (json.dumps({**GOOD, "rubric": "\u202e" * 500}).encode(), "at `rubric`"),
        (json.dumps({**GOOD, "key": None}).encode(), "give `key` or `episode`"),
        (b"\n".join([json.dumps(GOOD).encode()] * 2), "line 2: the same rater"),
        (b"\n" * 1_000_001, "more than 1000000 lines"),
    ],
)
def test_what_is_no_file_of_labels(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_bytes(data)
    with pytest.raises(RuntimeFault) as failed:
        read_labels(path, {})
    assert failed.value.code == "R0982" and why in failed.value.message and failed.value.message.isprintable()


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo", tmp_path / "none"):
        with pytest.raises(RuntimeFault, match="cannot read"):
            read_labels(path, {})


@settings(max_examples=100, deadline=None)
@draw(st.lists(st.tuples(st.sampled_from(["k0", "k1", "k2"]), st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from(DECISIONS)), min_size=1, max_size=20))  # fmt: skip
def test_any_labels_can_be_compared(rows: list[tuple[str, str, str, Decision]]) -> None:
    said: dict[Unit, dict[str, Decision]] = {}
    for key, criterion, rater, verdict in rows:
        Label(key=key, rubric="r", criterion=criterion, verdict=verdict, rater=rater)
        said.setdefault(Unit(key, "r", criterion), {})[rater] = verdict
    found = compare([record("k0", a="met", b="met"), record("k1", a="not_met"), record("k2", b="met")], {**said, Unit("k0", "r", "a"): {"x": "met"}}, Resampling(resamples=20))  # fmt: skip
    assert found.whole.units >= 1
