"""The comparison with others: each part on small inputs, and a page that says what was measured."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import compare, compare_answers, compare_page, compare_runners, compare_sizes
from bench.commands import CommandFailed, Spent
from bench.compare_answers import Paid, Recorded
from clawc.compiler.targets.table import TARGETS

COST = Spent(2.0, 1.0, 50.0, "")
FEW = ["--ports", "1", "--answers", "empty,echo,solved", "--times", "1", "--targets", "jsonl", "--made-up", "2"]


def kinds(path: Path) -> dict[str, dict[str, Any]]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return {row["kind"]: row for row in document["answers"]}


def test_the_page_says_what_was_measured() -> None:
    text = compare_page.PAGE.read_text(encoding="utf-8")
    document = json.loads(compare_page.RESULT.read_text(encoding="utf-8"))
    assert document["format_version"] == compare.FORMAT_VERSION
    made = compare_page.page(text, compare_page.tables(document))
    assert made == text, "python -m bench.compare_page writes it anew"


def test_a_page_without_a_place_for_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="there are tables for"):
        compare_page.page("<!-- measured: sizes -->\n<!-- end -->\n", {"sizes": "a", "answers": "b"})


def test_the_result_is_of_all_tasks_answers_and_targets() -> None:
    document = json.loads(compare_page.RESULT.read_text(encoding="utf-8"))
    answers = list(compare_answers.recorded(list(compare_sizes.PUBLISHED)))
    assert [row["task"] for row in document["sizes"]["tasks"]] == list(compare_sizes.PUBLISHED)
    assert sum(row["n"] for row in document["answers"]) == len(answers)
    assert list(document["runners"]["players"]) == [compare_runners.OURS, *compare_runners.NAMES]
    assert [row["target"] for row in document["round_trip"]] == list(TARGETS)
    verifiers = [compare_sizes.verifier_lines(compare_sizes.port(task)) for task in compare_sizes.PUBLISHED]
    assert document["sizes"]["sums"]["verifier"] == sum(verifiers), "sources have changed: run the benchmark again"


@pytest.mark.nightly
def test_a_small_run_holds_every_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "compare.json"
    assert compare.main([*FEW, "--peers", "none", "--json", str(out)]) == 0
    document = json.loads(out.read_text(encoding="utf-8"))
    assert capsys.readouterr().out.startswith(compare_page.tables(document)["machine"])
    found = kinds(out)
    assert set(found) == {"empty", "echo", "solved"}
    assert found["echo"]["published"]["mean"] == pytest.approx(1 / 6, abs=1e-4)
    assert [found[kind]["ours"]["mean"] for kind in ("empty", "echo", "solved")] == [0, 0, 1]
    ours = document["runners"]["players"][compare_runners.OURS]
    assert ours["episodes"] == len(document["runners"]["tasks"]) > 1 and ours["cpu_s_each"] > 0
    (trip,) = document["round_trip"]
    assert trip["same"] == trip["n"] == len(compare.sources(["task_0000"]))
    assert document["import"]["formats"]["clawgym"]["imported"] == 2
    assert document["import"]["fidelity"]["largest_difference"] < 1e-6


@pytest.mark.nightly
def test_the_frameworks_play_every_solution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_runners, "cache_folder", _frameworks)
    out = tmp_path / "compare.json"
    assert compare.main([*FEW, "--json", str(out)]) == 0
    players = json.loads(out.read_text(encoding="utf-8"))["runners"]["players"]
    assert list(players) == [compare_runners.OURS, *compare_runners.NAMES]
    assert not [one["why"] for one in players.values() if "why" in one]


def _frameworks() -> Path:
    return Path(os.environ["CLAWC_TEST_FRAMEWORKS"])


@pytest.mark.parametrize(
    "words",
    [
        ["--peers", "nobody"],
        ["--targets", "paper"],
        ["--times", "0"],
        ["--ports", "13"],
        ["--answers", "none_such"],
        ["--made-up", "0"],
    ],
    ids=["peers", "targets", "times", "ports", "answers", "made-up"],
)
def test_a_wrong_command_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        compare.main(words)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "reward", "wrong"),
    [
        ("empty", 0.0, False), ("echo", 0.001, True), ("placeholder", 1.0, True), ("wrong", 0.99, False),
        ("wrong", 1.0, True), ("equivalent", 1.0, False), ("equivalent", 0.99, True), ("fmt_bom", 0.5, True), ("solved", 0.0, True),
    ],
)  # fmt: skip
def test_what_is_a_mistake(kind: str, reward: float, wrong: bool) -> None:
    assert compare_answers.mistaken(kind, reward) is wrong


def test_the_published_reward_averages_its_own() -> None:
    assert compare_answers.published_reward({"a": 1.0, "b": 0.0}, None) == 0.5
    assert compare_answers.published_reward({"a": 1.0, "b": 0.0}, 0.0) == pytest.approx(1 / 3)
    assert compare_answers.published_reward({}, None) == 0.0


def test_shares_and_intervals_of_a_kind() -> None:
    paid = [Paid(Recorded("t", "echo", "echo", 0.5 * (n < 4)), 0.0) for n in range(8)]
    (row,) = compare_answers.summary(paid)
    assert (row["n"], row["tasks"]) == (8, 1)
    published = row["published"]
    assert (published["mistakes"], published["share"], published["mean"], published["max"]) == (4, 0.5, 0.25, 0.5)
    assert published["interval"] == [0.2152, 0.7848]  # Wilson's, worked out by hand
    assert row["ours"]["mistakes"] == 0 and row["ours"]["interval"][0] == 0.0


def player(*right: int) -> compare_runners.Player:
    found = iter(right)

    def play(folder: Path) -> tuple[Spent, int]:
        return COST, next(found)

    return compare_runners.Player("1", "none", play)


def stand_in(
    monkeypatch: pytest.MonkeyPatch, players: dict[str, compare_runners.Player], missing: dict[str, str]
) -> None:
    def found(names: Sequence[str], folder: Path) -> tuple[dict[str, compare_runners.Player], dict[str, str]]:
        return players, missing

    monkeypatch.setattr(compare_runners, "players", found)


def test_a_framework_that_fails_or_is_not_there_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    players = {"clawc": player(1, 3, 1, 3), "harbor": player(1, 2)}
    stand_in(monkeypatch, players, {"inspect": "no network"})
    both = (tmp_path, tmp_path)
    places = {"clawc": both, "harbor": both, "inspect": both}
    found = compare_runners.measured(["harbor", "inspect"], places, 3, 2, tmp_path)
    assert found["harbor"] == {"why": "of 3 solutions, 2 got the reward 1"}
    assert found["inspect"] == {"why": "no network"}
    assert (found["clawc"]["seconds"], found["clawc"]["net_s_each"], found["clawc"]["cpu_s_each"]) == ([2, 2], 0, 0.333)


def test_what_a_framework_says_stays_one_cell() -> None:
    why = "line\nof | text\x1b[31m" + "x" * 1000
    runners = {"jobs": 4, "tasks": ["a"], "players": {"harbor": {"why": why}}}
    document = json.loads(compare_page.RESULT.read_text(encoding="utf-8"))
    table = compare_page.tables({**document, "runners": runners})["runners"]
    (row,) = [line for line in table.split("\n") if line.startswith("| harbor")]
    assert row.count("|") == 8 and "\ufffd[31m" in row and "\x1b" not in row and len(row) < 400
    assert table.split("\n")[-1] == row


def test_ours_has_to_get_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, {"clawc": player(0)}, {})
    with pytest.raises(SystemExit, match="of 1 solutions, 0 got"):
        compare_runners.measured([], {"clawc": (tmp_path, tmp_path)}, 3, 1, tmp_path)


def test_a_command_that_counts_is_one_with_every_reward(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="of 2 solutions"):
        compare_runners.measured_once(player(1), tmp_path, 2)
