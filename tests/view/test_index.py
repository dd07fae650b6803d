"""The index of a run holds what its journal says, whatever happens to either."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import ScoreRecord
from clawc.runtime.report.sample import RunInput
from clawc.runtime.store.run_folder import read_run
from clawc.runtime.view.index import RunIndex, open_index
from clawc.runtime.view.query import (
    SCORES,
    SORTS,
    Wanted,
    attempts_of,
    count_of,
    failures_of,
    neighbours,
    page_of,
    row_of,
    tasks_of,
    totals_of,
    wanted_of,
)
from tests.runtime.generated_runs import Made, generated
from tests.runtime.run_folders import INFO, record, write_run


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLAWC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "view"


def written(folder: Path, made: Made) -> RunInput:
    run = generated("x", made)
    write_run(folder, run.attempts, run.info)
    return run


def keys(index: RunIndex, wanted: Wanted) -> list[str]:
    return [row.key for row in page_of(index, wanted, 10_000)]


def test_it_holds_what_the_journal_says(tmp_path: Path) -> None:
    run = written(tmp_path / "run", Made(tasks=9, episodes=7, faults=0.2))
    index = open_index(tmp_path / "run")
    assert keys(index, Wanted(every=True)) == [each.key for each in run.attempts]
    assert set(keys(index, Wanted())) == {each.key for each in run.records}
    total = totals_of(index)
    scores = [float(each.score) for each in run.records if each.score is not None]
    assert (total.episodes, total.scored, total.tries, total.tasks) == (
        len(run.records),
        len(scores),
        len(run.attempts),
        9,
    )
    assert total.passed == sum(score >= 1 for score in scores) and total.mean == pytest.approx(
        sum(scores) / len(scores)
    )
    assert total.cost == pytest.approx(sum(float(each.usage.cost or 0) for each in run.records))
    by_task = {task.task: task for task in tasks_of(index)}
    assert {name: task.episodes for name, task in by_task.items()} == dict.fromkeys((t.task for t in run.info.tasks), 7)
    failed: dict[str, int] = {}
    for each in run.records:
        for check in each.checks:
            failed[check.name] = failed.get(check.name, 0) + (not check.passed)
    assert dict(failures_of(index)) == {name: count for name, count in failed.items() if count}
    for each in run.attempts:
        assert index.record(each.key) == each


def test_filters_and_sorts_are_those_of_the_records(tmp_path: Path) -> None:
    run = written(tmp_path / "run", Made(tasks=6, episodes=8, faults=0.3, shift=0.3))
    index = open_index(tmp_path / "run")
    some = run.records[0]
    for outcome in {each.outcome for each in run.records}:
        assert set(keys(index, Wanted(outcome=outcome))) == {r.key for r in run.records if r.outcome == outcome}
    kinds = {
        r.key: "none" if r.score is None else {0.0: "zero", 1.0: "full"}.get(float(r.score), "part")
        for r in run.records
    }
    for kind in SCORES:
        assert set(keys(index, Wanted(score=kind))) == {key for key, of in kinds.items() if of == kind}
    check = next(c.name for r in run.records for c in r.checks if not c.passed)
    assert set(keys(index, Wanted(check=check))) == {
        r.key for r in run.records if any(c.name == check and not c.passed for c in r.checks)
    }
    assert set(keys(index, Wanted(task=some.task))) == {r.key for r in run.records if r.task == some.task}
    assert set(keys(index, Wanted(text=f"{some.task.upper()} {check}"))) == set(
        keys(index, Wanted(task=some.task))
    ) & set(keys(index, Wanted(check=check)))
    assert keys(index, Wanted(text="%")) == keys(index, Wanted(text="_' OR 1=1")) == []
    assert keys(index, Wanted(check="' OR 1=1 --")) == keys(index, Wanted(task="x' OR '1'='1")) == []
    for sort in SORTS:
        up, down = keys(index, Wanted(sort=sort)), keys(index, Wanted(sort=sort, down=True))
        assert sorted(up) == sorted(down) and len(set(up)) == len(up) == len(run.records)
    by_time = [
        sum(r.seconds.values())
        for key in keys(index, Wanted(sort="seconds", down=True))
        for r in run.records
        if r.key == key
    ]
    assert by_time == sorted(by_time, reverse=True)
    last = [row.score for row in page_of(index, Wanted(sort="score"), 1_000)]
    assert last == sorted(s for s in last if s is not None) + [None] * last.count(None)


def test_pages_part_what_is_asked_for(tmp_path: Path) -> None:
    written(tmp_path / "run", Made(tasks=5, episodes=5))
    index = open_index(tmp_path / "run")
    for sort in SORTS:
        whole = keys(index, Wanted(sort=sort))
        parts = [row.key for at in range(1, 6) for row in page_of(index, Wanted(sort=sort, page=at), 6)]
        assert parts == whole
    assert page_of(index, Wanted(page=9), 6) == [] and count_of(index, Wanted()) == 25


def test_neighbours_stay_among_what_is_asked_for(tmp_path: Path) -> None:
    run = written(tmp_path / "run", Made(tasks=4, episodes=6))
    index = open_index(tmp_path / "run")
    wanted = Wanted(task=run.records[0].task)
    among = keys(index, wanted)
    for at, key in enumerate(among):
        row = row_of(index, key)
        assert row is not None
        assert neighbours(index, wanted, row) == (
            among[at - 1] if at else "",
            among[at + 1] if at + 1 < len(among) else "",
        )


def test_it_grows_with_the_journal(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    write_run(folder, [record("a", 1, "infra_error"), record("b")])
    index = open_index(folder)
    assert {row.key: row.counts for row in page_of(index, Wanted(every=True))} == {"a-a1": True, "b-a1": True}
    write_run(folder, [record("a", 2, passed=(True, False)), record("c")])
    index.refresh(now=True)
    assert {row.key: row.counts for row in page_of(index, Wanted(every=True))} == {
        "a-a1": False,
        "b-a1": True,
        "a-a2": True,
        "c-a1": True,
    }
    assert [row.key for row in attempts_of(index, "a-a2")] == ["a-a1", "a-a2"]
    version = index.version
    index.refresh(now=True)
    assert index.version == version


def test_a_line_that_is_being_written_is_left_for_later(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    write_run(folder, [record("a")])
    whole = (folder / "episodes.jsonl").read_bytes()
    line = record("b").model_dump_json().encode() + b"\n"
    (folder / "episodes.jsonl").write_bytes(whole + line[:40])
    index = open_index(folder)
    assert keys(index, Wanted()) == ["a-a1"]
    (folder / "episodes.jsonl").write_bytes(whole + line)
    index.refresh(now=True)
    assert keys(index, Wanted()) == ["a-a1", "b-a1"]


def test_another_journal_in_its_place_is_read_anew(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    write_run(folder, [record("a"), record("b")])
    open_index(folder).close()
    os.remove(folder / "episodes.jsonl")
    write_run(folder, [record("c"), record("d"), record("e")])
    assert keys(open_index(folder), Wanted()) == ["c-a1", "d-a1", "e-a1"]
    os.remove(folder / "episodes.jsonl")
    index = open_index(folder)
    assert keys(index, Wanted()) == [] and totals_of(index).low is None


def test_re_scorings_count_as_they_are_the_newest(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    write_run(folder, [record("a"), record("b", passed=(False,))])
    index = open_index(folder)
    assert [row.score for row in page_of(index, Wanted())] == [1.0, 0.0]
    (folder / "scores").mkdir()
    for id, score, when in (
        ("0" * 16, "0.25", "2026-01-02T00:00:00+00:00"),
        ("1" * 16, "0.5", "2026-01-01T00:00:00+00:00"),
    ):
        other = ScoreRecord(key="a-a1", task="t", bundle_id="1" * 64, outcome="ok", score=score, score_checks=score, C=score, V="1", judged=when,
                            seconds={})  # fmt: skip
        (folder / "scores" / f"{id}.jsonl").write_text(other.model_dump_json() + "\n", encoding="utf-8")
    index.refresh(now=True)
    assert [row.score for row in page_of(index, Wanted())] == [0.25, 0.0]
    assert {each.key: each.score for each in read_run(folder)[1]} == {"a-a1": "0.25", "b-a1": "0"}
    found = index.record("a-a1")
    assert found is not None and found.score == "0.25"


def test_a_cache_that_is_no_index_is_made_anew(tmp_path: Path, cache: Path) -> None:
    write_run(tmp_path / "run", [record("a")])
    index = open_index(tmp_path / "run")
    path = index.path
    index.close()
    assert (
        path is not None
        and path.parent == cache
        and (path.stat().st_mode & 0o77, cache.stat().st_mode & 0o77) == (0, 0)
    )
    other_tables = tmp_path / "other.sqlite"
    with sqlite3.connect(other_tables) as database:
        database.execute("CREATE TABLE attempts (x)")
    database.close()
    for content in (b"nothing of the kind" * 300, b"", other_tables.read_bytes()):
        path.write_bytes(content)
        other = open_index(tmp_path / "run")
        assert keys(other, Wanted()) == ["a-a1"] and other.path == path
        other.close()


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(tmp_path / "run", [record("a")])
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLAWC_CACHE", str(tmp_path / "file"))
    index = open_index(tmp_path / "run")
    assert index.path is None and keys(index, Wanted()) == ["a-a1"]


def test_numbers_that_no_database_holds(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    large = record("a").model_copy(update={"seed": 2**200, "index": 2**70, "usage": record("a").usage.model_copy(
        update={"tool_calls": 2**90, "prompt_tokens": 2**80, "completion_tokens": 1, "cost": "9" * 500})})  # fmt: skip
    write_run(folder, [large, record("b").model_copy(update={"key": "b-a1"})])
    index = open_index(folder)
    row = row_of(index, "a-a1")
    assert row is not None and row.seed == str(2**200) and row.cost is None
    assert totals_of(index).episodes == 2


def test_a_record_that_is_none_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    write_run(folder, [record("a")], INFO)
    with open(folder / "episodes.jsonl", "ab") as file:
        file.write(b'{"format_version": 2}\n' + record("b").model_dump_json().encode() + b"\n")
    with pytest.raises(RuntimeFault) as caught:
        open_index(folder)
    assert caught.value.code == "R0206" and "line 2" in caught.value.message


@pytest.mark.parametrize(
    "query",
    [{"page": "0"}, {"page": "-1"}, {"page": "９"}, {"page": "1e9"}, {"page": "9" * 40}, {"sort": "n; DROP TABLE attempts"}, {"outcome": "x"},
     {"score": "1 OR 1"}, {"down": "yes"}],
)  # fmt: skip
def test_what_an_address_cannot_ask_counts_as_not_given(query: dict[str, str]) -> None:
    assert wanted_of(query) == Wanted()


def test_an_address_asks_for_what_it_was_made_of() -> None:
    wanted = Wanted("t&x=1", "ok", "part", "a b", "x y", "cost", True, True, 3)
    from urllib.parse import parse_qsl

    assert wanted_of(dict(parse_qsl(wanted.address(page=3)[1:]))) == wanted
    assert wanted_of(dict(parse_qsl(wanted.address()[1:]))).page == 1 and Wanted().address() == "?"
