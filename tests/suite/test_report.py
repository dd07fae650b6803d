"""`clawc bench report`: leaderboards, and the runs that do not stand side by side."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from clawc.cli import run as clawc
from clawc.exits import OK, USAGE
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import RunSuite
from clawc.runtime.report.sample import RunInput
from clawc.runtime.stats.bootstrap import Resampling
from clawc.runtime.stats.signflip import holm
from clawc.runtime.suite.leaderboard import Leaderboard, leaderboard, read_played
from clawc.runtime.suite.leaderboard_page import as_html, as_text
from clawc.spec.suite import Suite
from tests.runtime.generated_runs import Made, generated, written
from tests.suite.suites import suite
from tests.suite.test_calibrate import Links

GOLDEN = Path(__file__).parents[1] / "golden" / "suite"
TASKS = [f"t{n:02}" for n in range(12)]
QUICK = Resampling(resamples=200)


def run_of(
    folder: Path, record: Suite, at: Path, agent: str, scores: Mapping[str, Sequence[str | None]], *, named: bool = True
) -> Path:
    """A run of the suite in the folder `at`: scores by task, None for an episode that the infrastructure failed. Not `named`: its
    bundles were played one by one."""
    base = generated(agent, Made(tasks=1, episodes=1))
    members = {member.task: member for member in record.members}
    records = [
        base.records[0].model_copy(
            update={
                "run_id": agent, "agent": agent, "task": task, "template": members[task].template, "category": "", "operations": (),
                "bundle_id": members[task].bundle_id, "episode": f"{task}-{n}", "key": f"{task}-{n}-a1", "attempt": 1, "index": n,
                "seed": n, "outcome": "infra_error" if score is None else "ok", "score": score, "score_checks": score, "checks": (),
            }
        )
        for task, values in scores.items()
        for n, score in enumerate(values)
    ]  # fmt: skip
    tasks = tuple(
        base.info.tasks[0].model_copy(update={"task": task, "bundle_id": members[task].bundle_id, "path": str(at / "bundles" / task)})
        for task in scores
    )  # fmt: skip
    info = base.info.model_copy(
        update={
            "run_id": agent, "agent": agent, "tasks": tasks, "episodes": max(map(len, scores.values())),
            "suite": RunSuite(name=record.name, version=record.version, id=record.id) if named else None,
        }
    )  # fmt: skip
    return written(folder, RunInput(agent, info, records, records))


def drawn(rate: float, seed: int, episodes: int = 2) -> dict[str, list[str | None]]:
    rng = random.Random(seed)
    return {task: [("1" if rng.random() < rate else "0") for _ in range(episodes)] for task in TASKS}


@pytest.fixture
def small(tmp_path: Path) -> Suite:
    return suite(tmp_path / "suite", dict.fromkeys(TASKS, ""), {task: "public" if n % 2 else "private" for n, task in enumerate(TASKS)})  # fmt: skip


@pytest.fixture
def runs(small: Suite, tmp_path: Path) -> list[Path]:
    weak = drawn(0.3, 1)
    weak["t00"] = [None, "1"]
    return [
        run_of(tmp_path / "weak", small, tmp_path / "suite", "weak", weak),
        run_of(tmp_path / "strong", small, tmp_path / "suite", "strong", drawn(0.95, 2)),
        run_of(tmp_path / "mid", small, tmp_path / "suite", "mid", drawn(0.6, 3)),
    ]


def board_of(folders: Sequence[Path]) -> Leaderboard:
    return leaderboard([read_played(folder, folder.name) for folder in folders], QUICK)


def test_what_is_said(runs: list[Path], update_goldens: bool) -> None:
    found, file = as_text(board_of(runs)), GOLDEN / "leaderboard.txt"
    if update_goldens:
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8")


def test_figures(runs: list[Path], small: Suite) -> None:
    board = board_of(runs)
    whole = board.groups[0]
    assert [group.name for group in board.groups] == ["all", "private", "public"] and board.suite_id == small.id
    assert [s.label for s in whole.standings] == ["strong", "mid", "weak"]
    weak = whole.standings[2]
    assert (weak.valid, weak.infrastructure, weak.missing, weak.tasks, weak.of) == (23, 1, 0, 12, 12)
    assert [(c.other, c.baseline) for c in whole.pairs] == [("strong", "mid"), ("strong", "weak"), ("mid", "weak")]
    values = [c.p for c in whole.pairs if c.p is not None]
    assert [c.p_corrected for c in whole.pairs] == list(holm(values))
    assert [group.tasks for group in board.groups] == [12, 6, 6]
    text = as_text(board)
    assert text.count("Minimum detectable effect") == 2 * len(board.groups)


def test_all_of_k(runs: list[Path]) -> None:
    whole = board_of(runs[1:]).groups[0]
    strong = next(s for s in whole.standings if s.label == "strong")
    both = sum(values == ["1", "1"] for values in drawn(0.95, 2).values())
    assert strong.k == 2 and strong.pass_hat_k == both / 12


def test_one_run_tells_what_usual_variances_show(runs: list[Path]) -> None:
    whole = board_of(runs[:1]).groups[0]
    assert whole.pairs == () and whole.assumed and whole.detectable is not None
    assert "with usual variances" in as_text(board_of(runs[:1]))


def test_tasks_that_were_not_played_are_told(small: Suite, tmp_path: Path) -> None:
    some = run_of(tmp_path / "some", small, tmp_path / "suite", "some", {"t00": ["1"], "t01": ["0"]})
    board = board_of([some])
    assert board.groups[0].standings[0].of == 12 and any("2 of 12 tasks" in note for note in board.notes)


def test_two_versions_of_a_suite_are_refused(runs: list[Path], tmp_path: Path) -> None:
    other = suite(tmp_path / "second", dict.fromkeys(TASKS, ""), version="1.1.0")
    run = run_of(tmp_path / "new", other, tmp_path / "second", "new", drawn(0.5, 4))
    with pytest.raises(RuntimeFault, match=r"`small` 1\.0\.0 .*`small` 1\.1\.0"):
        board_of([runs[0], run])


CHANGED = {**dict.fromkeys(TASKS, ""), "t03": "results = list(results)"}


def test_the_suite_is_that_of_the_run_whatever_stands_there_by_now(
    runs: list[Path], tmp_path: Path, small: Suite
) -> None:
    shutil.rmtree(tmp_path / "suite")
    other = suite(tmp_path / "suite", CHANGED, version="1.1.0")
    board = board_of(runs)
    assert (board.version, board.suite_id) == ("1.0.0", small.id) and [group.name for group in board.groups] == ["all"]
    assert any("the record of `small` 1.0.0" in note and "`--suite`" in note for note in board.notes)
    with pytest.raises(RuntimeFault, match="so its splits are not known"):
        leaderboard([read_played(runs[0], "weak")], QUICK, splits=["public"])
    new = run_of(tmp_path / "new", other, tmp_path / "suite", "new", drawn(0.5, 4))
    with pytest.raises(RuntimeFault, match=r"`small` 1\.0\.0 .*`small` 1\.1\.0"):
        board_of([runs[0], new])


def test_a_suite_is_given_where_it_is_not_where_it_was(runs: list[Path], tmp_path: Path, small: Suite) -> None:
    (tmp_path / "suite").rename(tmp_path / "moved")
    assert (
        clawc(
            ["bench", "report", *map(str, runs), "--suite", str(tmp_path / "moved"), "--out", str(tmp_path / "b.json")]
        )
        == OK
    )
    found = json.loads((tmp_path / "b.json").read_text())
    assert found["suite_id"] == small.id and [group["name"] for group in found["groups"]] == [
        "all",
        "private",
        "public",
    ]
    # One run that still has the record is enough.
    here = run_of(tmp_path / "here", small, tmp_path / "moved", "here", drawn(0.5, 4))
    assert [group.name for group in board_of([runs[0], here]).groups] == ["all", "private", "public"]


def test_the_record_of_an_archive_stands_in_the_run(runs: list[Path], tmp_path: Path) -> None:
    (tmp_path / "suite").rename(runs[0] / "suite")
    assert [group.name for group in board_of(runs[:1]).groups] == ["all", "private", "public"]


@pytest.mark.parametrize("tasks", [dict.fromkeys(TASKS, ""), CHANGED], ids=["version", "verifier"])
def test_another_suite_than_that_of_the_run_is_refused(
    runs: list[Path], tmp_path: Path, tasks: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    version = "1.1.0" if tasks is not CHANGED else "1.0.0"
    other = suite(tmp_path / "second", tasks, version=version)
    assert clawc(["bench", "report", str(runs[0]), "--suite", str(tmp_path / "second")]) == USAGE
    said = capsys.readouterr().err
    assert "`weak` is a run of `small` 1.0.0" in said and f"`small` {version} ({other.id[:12]}) is given" in said


def test_what_was_played_one_by_one_is_of_the_suite_only_by_its_bundles(tmp_path: Path, small: Suite) -> None:
    alone = run_of(tmp_path / "alone", small, tmp_path / "suite", "alone", drawn(0.5, 4), named=False)
    assert board_of([alone]).suite_id == small.id
    was = next(member.verifier for member in small.members if member.task == "t03")
    shutil.rmtree(tmp_path / "suite")
    other = suite(tmp_path / "suite", CHANGED)
    now = next(member for member in other.members if member.task == "t03")
    assert now.verifier != was
    with pytest.raises(RuntimeFault, match=f"`t03` .* in `alone` and .*{now.verifier[:12]}.* of `small`"):
        board_of([alone])


def test_scores_by_another_bundle_than_that_of_the_suite_are_refused(runs: list[Path], tmp_path: Path) -> None:
    for run in runs[:2]:
        lines = (run / "episodes.jsonl").read_text().splitlines()
        records = [json.loads(line) for line in lines]
        for record in records:
            record["bundle_id"] = "f" * 64 if record["task"] == "t03" else record["bundle_id"]
        (run / "episodes.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    with pytest.raises(
        RuntimeFault, match=r"`t03` was judged by the verifier `ffffffffffff` in `weak` and by .* of `small`"
    ):
        board_of(runs[:2])


def test_two_verifiers_of_a_task_are_refused(tmp_path: Path, small: Suite) -> None:
    first = run_of(tmp_path / "old", small, tmp_path / "suite", "old", drawn(0.3, 1), named=False)
    other = suite(tmp_path / "second", CHANGED)
    run = run_of(tmp_path / "new", other, tmp_path / "second", "new", drawn(0.5, 4), named=False)
    for folder in ("suite", "second"):
        (tmp_path / folder / "suite.json").unlink()  # bundles alone
    hashes = [next(m.verifier for m in record.members if m.task == "t03") for record in (small, other)]
    with pytest.raises(RuntimeFault, match=f"`t03` was judged by the verifier `{hashes[0][:12]}` .*`{hashes[1][:12]}`"):
        board_of([first, run])


def test_a_task_of_another_suite_is_refused(runs: list[Path], tmp_path: Path) -> None:
    other = suite(tmp_path / "second", {"stranger": ""})
    (tmp_path / "second" / "suite.json").unlink()
    run = run_of(tmp_path / "new", other, tmp_path / "second", "new", {"stranger": ["1"]}, named=False)
    with pytest.raises(RuntimeFault, match="`stranger`, which is not in"):
        board_of([runs[0], run])


def test_the_verb_writes_all_formats(runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verb = ["bench", "report", *map(str, runs), "--resamples", "200"]
    assert clawc([*verb, "--out", str(tmp_path / "page.html"), "--split", "public"]) == OK
    page = (tmp_path / "page.html").read_text()
    assert page.startswith("<!DOCTYPE html>") and "Split public" in page and "Split private" not in page
    assert clawc([*verb, "--format", "json"]) == OK
    found = json.loads(capsys.readouterr().out)
    assert found["format_version"] == 1 and found["groups"][0]["standings"][0]["label"] == "strong"
    assert clawc([*verb, "--split", "nowhere"]) == USAGE
    assert clawc([*verb, "--format", "csv"]) == USAGE
    assert clawc([*verb, str(runs[0])]) == USAGE
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[]", b"[" * 50_000])
def test_garbage_is_no_run(runs: list[Path], data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("run.json", "episodes.jsonl"):
        kept = (runs[0] / name).read_bytes()
        (runs[0] / name).write_bytes(data + b"\n" + data + b"\n" if name != "run.json" else data)
        status = clawc(["bench", "report", *map(str, runs)])
        assert status == USAGE or (name == "episodes.jsonl" and not data)
        (runs[0] / name).write_bytes(kept)
    (tmp_path / "suite" / "suite.json").write_bytes(data)
    assert clawc(["bench", "report", *map(str, runs)]) == USAGE
    assert "Traceback" not in capsys.readouterr().err


def test_the_page_asks_for_nothing_and_escapes(small: Suite, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    run = run_of(tmp_path / "run", small, tmp_path / "suite", hostile, drawn(0.5, 1))
    other = run_of(tmp_path / "other", small, tmp_path / "suite", "\x1b[2J", drawn(0.7, 2))
    board = leaderboard([read_played(run, hostile), read_played(other, "\x1b[2J")], QUICK)
    page, links = as_html(board), Links()
    links.feed(page)
    assert links.found == [] and links.scripts == 1 and "<script>alert" not in page
    assert '<th scope="col"' in page and not re.search(r"<th[^>]*></th>", page)
    assert "\x1b" not in as_text(board) and "\x1b" not in page
