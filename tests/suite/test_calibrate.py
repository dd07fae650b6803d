"""`clawc bench calibrate`: a small suite that is really played, what its record says, kills, changed verifiers, hostile files."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from clawc.cli import run as clawc
from clawc.commands.bench_calibrate import CalibrateOptions, calibrate_command
from clawc.exits import FINDINGS, INTERRUPTED, OK, USAGE, UserError
from clawc.runtime.calibrate.posteriors import Escalation
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.report.plots import Spread, spreads
from clawc.runtime.store.run_folder import each_attempt, read_info
from clawc.runtime.suite.calibrated import calibration_of
from clawc.runtime.suite.calibration_file import read_calibration
from clawc.runtime.suite.calibration_page import SYNTHETIC, as_html, as_text
from clawc.runtime.suite.features import FEATURES, usable
from clawc.runtime.suite.ladder import synthetic_ladder
from clawc.runtime.suite.trials import Stored, batches, stored_runs, trials_of
from clawc.spec.calibration import Calibration
from tests.runtime.conftest import works
from tests.runtime.generated_runs import Made, generated
from tests.suite.suites import ACCEPTS_ALL, LADDER, SIX, calibrated, counts, ladder_file, pool_of, suite, trials

__all__ = ["works"]
GOLDEN = Path(__file__).parents[1] / "golden" / "suite"
RULE = Escalation(2, 3)


def options(folder: Path, **changes: object) -> CalibrateOptions:
    return CalibrateOptions(folder / "out", ladder_file(folder / "ladder.toml"), 2, 3, 2, **changes)  # type: ignore[arg-type]


def journals(out: Path) -> dict[str, list[str]]:
    """The keys of all attempts by run folder."""
    return {
        path.parent.relative_to(out).as_posix(): [record.key for record in each_attempt(path.parent)]
        for path in sorted(out.glob("runs/*/*/run.json"))
    }


@pytest.fixture(scope="module")
def played(works: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of three sound verifiers and one that accepts everything, calibrated; tests do not change it."""
    folder = tmp_path_factory.mktemp("calibrated")
    suite(folder / "suite", {"one": "", "two": "", "three": "", "wrong": ACCEPTS_ALL}, {"one": "public"})
    assert calibrate_command(folder / "suite", options(folder, fail_on_flags=True)) == FINDINGS
    return folder


def test_a_verifier_that_accepts_everything_is_flagged(played: Path) -> None:
    record = read_calibration(played / "out")
    by_task = {item.task: item for item in record.items}
    assert record.synthetic and record.suite is not None and record.suite.name == "small"
    assert [item.task for item in record.flagged] == ["wrong"] and by_task["wrong"].confirmed
    assert "null_passes" in [flag.kind for flag in by_task["wrong"].flags]
    for item in record.items:
        rates = {rate.rung: rate for rate in item.rates}
        assert rates["oracle"].successes == rates["oracle"].trials == 2
        assert all(2 <= rates[rung.name].trials <= 3 for rung in LADDER if rung.role == "rung")
        assert len(item.verifier) == 64 and item.tier is not None
    page = (played / "out" / "calibration.html").read_text()
    assert SYNTHETIC in page and page.index("Verifiers to doubt") < page.index("The ladder") < page.index(
        "Difficulty of tasks"
    )


def test_what_was_played_is_not_played_again(played: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, text = journals(played / "out"), (played / "out" / "calibration.json").read_text()
    assert calibrate_command(played / "suite", options(played)) == OK
    assert journals(played / "out") == before and (played / "out" / "calibration.json").read_text() == text
    assert SYNTHETIC in capsys.readouterr().out


def test_another_agent_under_the_name_of_a_rung_is_refused(played: Path, tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(played / "out")
    other = [LADDER[0].model_copy(update={"agent": "imperfect:0.9"}), *LADDER[1:]]
    wish = CalibrateOptions(tmp_path / "out", ladder_file(tmp_path / "ladder.toml", other), 2, 3)
    with pytest.raises(UserError, match=r"imperfect:0\.8"):
        calibrate_command(played / "suite", wish)


def test_trials_of_a_changed_verifier_are_left_out(works: object, tmp_path: Path) -> None:
    rungs = LADDER[1:3]
    wish = CalibrateOptions(tmp_path / "out", ladder_file(tmp_path / "ladder.toml", rungs), 1, 1, 2)
    suite(tmp_path / "first", {"one": "", "two": ""})
    assert calibrate_command(tmp_path / "first", wish) == OK
    suite(tmp_path / "second", {"one": "", "two": "results = list(results)"})
    assert calibrate_command(tmp_path / "second", wish) == OK
    record = read_calibration(tmp_path / "out")
    assert all(rate.trials == 1 for item in record.items for rate in item.rates)
    assert any(
        "4 trials of other bundles or by other verifiers are left out: `two` (4)" in note for note in record.notes
    )
    assert [len(keys) for run, keys in journals(tmp_path / "out").items() if run.startswith("runs/mid")] == [2, 1]


def test_a_kill_costs_nothing_that_was_finished(works: object, tmp_path: Path) -> None:
    suite(tmp_path / "suite", {"one": "", "two": ""})
    rungs = LADDER[1:3]
    command = [
        sys.executable,
        "-m",
        "clawc",
        "bench",
        "calibrate",
        str(tmp_path / "suite"),
        "--out",
        str(tmp_path / "out"),
    ]
    command += ["--agents", str(ladder_file(tmp_path / "ladder.toml", rungs)), "--first", "6", "--most", "6", "-j", "1"]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    journal = tmp_path / "out" / "runs" / "mid" / "001" / "episodes.jsonl"
    while child.poll() is None and not (journal.is_file() and journal.read_bytes().count(b"\n") >= 2):
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGTERM)
    said = child.communicate()[1]
    assert child.returncode == INTERRUPTED and "The same command goes on with it" in said and "Traceback" not in said
    before = journals(tmp_path / "out")["runs/mid/001"]
    assert before
    assert clawc(command[3:]) == OK
    after = journals(tmp_path / "out")
    assert after["runs/mid/001"][: len(before)] == before
    assert {run: len(keys) for run, keys in after.items()} == dict.fromkeys(
        ("runs/mid/001", "runs/null/001", "runs/oracle/001", "runs/strong/001"), 12
    )


def test_a_folder_of_bundles_has_no_splits(tmp_path: Path) -> None:
    suite(tmp_path / "suite", {"one": ""})
    with pytest.raises(UserError, match="is no suite"):
        calibrate_command(tmp_path / "suite" / "bundles", options(tmp_path, split="public"))
    with pytest.raises(UserError, match="has no split `public`"):
        calibrate_command(tmp_path / "suite", options(tmp_path, split="public"))


# Without a sandbox.


@pytest.fixture
def six(tmp_path: Path) -> Calibration:
    return calibrated(tmp_path, SIX)


def test_what_is_said_of_six_tasks(six: Calibration, update_goldens: bool) -> None:
    found, file = as_text(six), GOLDEN / "calibration.txt"
    if update_goldens:
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8")


def test_tiers_and_audits(six: Calibration) -> None:
    tiers = {item.task: item.tier for item in six.items}
    assert tiers == {
        "an_easy": "easy", "b_easy": "easy", "c_middle": "middle", "d_hard": "hard", "e_never": "hard", "f_broken": "easy"
    }  # fmt: skip
    (never,) = six.never_solved
    assert (never.task, never.missing) == ("e_never", ()) and never.bound < 0.2
    hardest = max(six.items, key=lambda item: item.difficulty.value if item.difficulty else -9.0)
    assert hardest.task == "e_never"
    assert [item.task for item in six.flagged] == ["f_broken"]


def test_an_audit_says_what_it_lacks(tmp_path: Path) -> None:
    record = calibrated(tmp_path, {"a": counts(0, 0, 0, oracle=3, n=4), "b": counts(1, 2, 3, n=4)})
    (never,) = record.never_solved
    assert never.missing == ("12 more trials of `strong`", "an oracle that passes: it fails 1 of 4")


def test_what_the_infrastructure_failed_is_no_zero(tmp_path: Path) -> None:
    record = calibrated(tmp_path, {"a": counts(4, 4, 4, n=4), "b": counts(1, 2, 3, n=4)}, lost=3)
    rate = record.items[0].rates[0]
    assert (rate.successes, rate.trials, rate.excluded) == (4, 4, 3) and record.excluded_share > 0.3


def test_a_verifier_without_verdicts_is_flagged(tmp_path: Path) -> None:
    record = suite(tmp_path, {"a": "", "b": ""})
    pool = pool_of(tmp_path / "bundles")
    some = list(trials({"a": counts(1, 2, 3, n=4), "b": counts(1, 2, 3, n=4)}, pool))
    found = calibration_of(pool, LADDER, some, Escalation(), suite=record, failed={"b": 5})
    assert [(item.task, item.flags[0].kind) for item in found.flagged] == [("b", "verifier_fails")]


def test_what_is_played_next(tmp_path: Path) -> None:
    suite(tmp_path, {"a": "", "b": ""})
    pool = pool_of(tmp_path / "bundles")
    (first,) = batches(tmp_path / "runs", LADDER[0], [], pool, Escalation(), 0)
    assert (first.folder.name, first.episodes, len(first.bundles)) == ("001", 4, 2)
    assert batches(tmp_path / "runs", LADDER[1], [], pool, Escalation(), 0)[0].seed != first.seed
    base = generated("run", Made(tasks=2, episodes=4))
    ids = {task: b.manifest.id for task, b in pool.tasks.items()}
    passed = {"a": [1, 1, 0, 0], "b": [0, 0, 0, 0]}
    records = [
        base.records[0].model_copy(
            update={
                "task": task, "bundle_id": ids[task], "episode": f"{task}{n}", "outcome": "ok", "score": str(won), "score_checks": str(won)
            }
        )
        for task, wins in passed.items()
        for n, won in enumerate(wins)
    ]  # fmt: skip
    tasks = tuple(t.model_copy(update={"task": n, "bundle_id": ids[n]}) for t, n in zip(base.info.tasks, ids))
    stored = Stored(tmp_path / "runs" / "001", base.info.model_copy(update={"tasks": tasks, "episodes": 4}), records)
    (more,) = batches(tmp_path / "runs", LADDER[0], [stored], pool, Escalation(), 0)
    assert (more.episodes, [b.manifest.task for b in more.bundles]) == (12, ["b"])
    assert batches(tmp_path / "runs", LADDER[4], [stored], pool, Escalation(), 0) == []
    unjudged = Stored(stored.folder, stored.info, [records[0].model_copy(update={"score": None})])
    with pytest.raises(RuntimeFault, match="judge its rubric"):
        trials_of(LADDER[0], [unjudged], pool)


def test_features_that_tell_the_same_are_taken_once() -> None:
    rows = {f"t{n:02}": dict.fromkeys(FEATURES, float(n)) for n in range(40)}
    assert usable(rows) == ("steps",)
    for n, row in enumerate(rows.values()):
        row["checks"] = float(n * n % 7)
    assert usable(rows) == ("steps", "checks")
    assert usable(dict(list(rows.items())[:9])) == ()


class Links(HTMLParser):
    """Whatever a page would load or go to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.found += [
            f"{tag} {name}={value}" for name, value in attrs
            if (name in ("src", "href", "action", "data", "srcset") and not (value or "").startswith("#")) or name.startswith("on")
        ]  # fmt: skip


def test_the_page_asks_for_nothing_and_escapes(tmp_path: Path) -> None:
    hostile = '<script>alert(1)</script><img src="https://example.org/x">'
    page = as_html(calibrated(tmp_path, SIX, title=hostile))
    links = Links()
    links.feed(page)
    assert links.found == [] and links.scripts == 1
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert "@import" not in page and "url(" not in page


def test_plots_tell_instances_of_a_long_name_apart() -> None:
    names = [f"invoices_of_the_last_quarter-{n:04}" for n in (1, 2)]
    plot = spreads([Spread(name, 0.0, -1.0, 1.0) for name in (*names, "<" * 40)], "Difficulty", "", "d", 9)
    assert ">invoices_of_the…ter-0001</text>" in plot.svg and ">invoices_of_the…ter-0002</text>" in plot.svg
    assert "&lt;" * 15 + "…" + "&lt;" * 8 + "</text>" in plot.svg and "<<" not in plot.svg


def test_each_column_of_a_page_has_a_heading(six: Calibration) -> None:
    assert '<th scope="col"' in as_html(six) and not re.search(r"<th[^>]*></th>", as_html(six))


def test_text_holds_no_control_characters(tmp_path: Path) -> None:
    assert "\x1b" not in as_text(calibrated(tmp_path, SIX, title="\x1b[2Jx"))


GARBAGE = [b"", b"{", b"[]", b"\xff\xfe", b'{"format_version": 1}', b"[" * 50_000, b'{"format_version": NaN}']


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_no_calibration(tmp_path: Path, data: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "calibration.json").write_bytes(data)
    for verb in (
        ["select", str(tmp_path), "--size", "1", "--out", str(tmp_path / "set.json")],
        ["plan", str(tmp_path)],
    ):
        assert clawc(["bench", *verb]) == USAGE
    assert "Traceback" not in capsys.readouterr().err


def test_a_calibration_that_contradicts_itself_is_refused(six: Calibration, tmp_path: Path) -> None:
    raw = json.loads(six.model_dump_json())
    for change in ("twice", "rung", "more"):
        other = json.loads(json.dumps(raw))
        if change == "twice":
            other["items"].append(other["items"][0])
        elif change == "rung":
            other["items"][0]["rates"][0]["rung"] = "stranger"
        else:
            other["items"][0]["rates"][0]["successes"] = 17
        (tmp_path / "calibration.json").write_text(json.dumps(other))
        with pytest.raises(RuntimeFault, match="R1013"):
            read_calibration(tmp_path)


RUNG = '[[rungs]]\nname = "a"\nagent = "imperfect:0.1"\n'
LADDERS = {
    "toml": "[[", "empty": "", "one": RUNG, "twice": RUNG + RUNG, "reference": RUNG + '[[rungs]]\nname = "b"\nagent = "oracle"\n',
    "name": RUNG + '[[rungs]]\nname = "../b"\nagent = "imperfect:0.2"\n', "key": RUNG + '[[rungs]]\nname = "b"\nagent = "loop"\nextra = 1\n',
    "taken": RUNG + '[[rungs]]\nname = "null"\nagent = "imperfect:0.2"\n', "deep": "a = " + "[" * 5_000,
    "agent": RUNG.replace("imperfect:0.1", "nobody") + '[[rungs]]\nname = "b"\nagent = "imperfect:0.1"\n',
}  # fmt: skip


@pytest.mark.parametrize("name", LADDERS)
def test_garbage_is_no_ladder(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    suite(tmp_path / "suite", {"one": ""})
    (tmp_path / "ladder.toml").write_text(LADDERS[name])
    verb = [
        "bench",
        "calibrate",
        str(tmp_path / "suite"),
        "--out",
        str(tmp_path / "out"),
        "--agents",
        str(tmp_path / "ladder.toml"),
    ]
    assert clawc(verb) == USAGE
    assert "Traceback" not in capsys.readouterr().err


def test_garbage_in_a_run_folder_is_told(tmp_path: Path) -> None:
    suite(tmp_path / "suite", {"one": ""})
    run = tmp_path / "out" / "runs" / "weak" / "001"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{")
    with pytest.raises(UserError, match="R020"):
        calibrate_command(tmp_path / "suite", options(tmp_path))
    (run / "run.json").unlink()
    assert stored_runs(run.parent, "imperfect:0.8") == []
    with pytest.raises(RuntimeFault):
        read_info(run)


def test_runs_that_are_a_link_are_refused(tmp_path: Path) -> None:
    suite(tmp_path / "suite", {"one": ""})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "runs").symlink_to(tmp_path)
    with pytest.raises(UserError, match="is a link"):
        calibrate_command(tmp_path / "suite", options(tmp_path))


def test_the_ladder_that_is_there_without_a_file() -> None:
    found = synthetic_ladder()
    assert [rung.role for rung in found.rungs if rung.synthetic] == ["rung"] * 5
    assert [rung.name for rung in found.rungs if not rung.synthetic] == ["null", "oracle"]
    assert found.rungs[0].agent == "imperfect:0.7"  # the weakest first
