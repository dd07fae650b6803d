"""Stored runs, judged: what is kept, what is left out, and what the same command goes on with."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clawc import cli
from clawc.runtime.bundle import Bundle, load
from clawc.runtime.engine.interface import EngineFailure
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.judge.cache import JudgementCache
from clawc.runtime.judge.judge import Judge
from clawc.runtime.judge.records import JudgementRecord
from clawc.runtime.judge.store import each_judgement, judgings
from clawc.runtime.judge.stored import JudgePlan, RunJudged, judge_run
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.store.run_folder import read_run
from clawc.runtime.store.scores import scorings
from tests.judge.judges import REPORT, Saying, asker, failing, opinion, reply
from tests.runtime.conftest import build_bundle
from tests.runtime.run_folders import INFO, write_run

GOOD = reply(causes=opinion("met", "Outages"), plain=opinion("not_met"))


def judge(folder: Path, engine: Saying | None = None, *bundles: Bundle, **options: object) -> RunJudged:
    made = Judge("saying#1", asker(engine or Saying(lambda prompt, number: GOOD)))
    return asyncio.run(judge_run(JudgePlan(folder, bundles, **options), made))  # type: ignore[arg-type]


def judgements(folder: Path, found: RunJudged) -> list[JudgementRecord]:
    return list(each_judgement(folder, found.id))


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def rewrite(folder: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Change each record of a run."""
    path = folder / "episodes.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        change(record)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    (folder / "index.sqlite").unlink(missing_ok=True)


def test_a_run_is_judged_and_its_readers_know(run: Path) -> None:
    before = files(run)
    found = judge(run)
    assert (found.judged, found.before, dict(found.left_out), dict(found.failures)) == (4, 0, {}, {})
    after = files(run)
    new = {f"scores/{found.id}.jsonl", f"judgements/{found.id}.jsonl"}
    assert set(after) - set(before) == new and {name: after[name] for name in before} == before
    assert [r.score for r in read_run(run, "original")[1]] == [None] * 4
    # C = 1, s = 0.3, and 2 of 3 points.
    assert [r.score for r in read_run(run)[1]] == ["0.9"] * 4
    assert [(r.C, r.V, r.outcome, len(r.checks)) for r in read_run(run)[1]] == [("1", "1", "ok", 5)] * 4
    first = judgements(run, found)[0]
    assert (first.R, first.G, first.asked, first.calls, first.judge) == (
        "0." + "6" * 33 + "7",
        "1",
        True,
        2,
        "saying#1",
    )
    assert first.rubrics[0].votes[0].criteria["causes"].evidence[0].quote == "Outages"


def test_the_same_again_asks_nothing(run: Path) -> None:
    first = judge(run)
    before = files(run)
    engine = Saying(lambda prompt, number: GOOD)
    again = judge(run, engine)
    assert (again.id, again.judged, again.before, engine.asked) == (first.id, 4, 4, [])
    assert files(run) == before


def test_more_episodes_are_judged_later(run: Path, built: Bundle) -> None:
    first = judge(run)
    assert cli.run(["run", str(built.path), "--agent", "oracle", "-n", "5", "-o", str(run)]) == 0
    again = judge(run)
    assert (again.id, again.judged, again.before) == (first.id, 5, 4)


def test_another_judge_lies_over_the_first(run: Path) -> None:
    first = judge(run)
    better = Judge("saying#2", asker(Saying(lambda prompt, number: GOOD.replace("not_met", "cannot_tell"))))
    second = asyncio.run(judge_run(JudgePlan(run), better))
    assert second.id != first.id and judgings(run) == scorings(run) == sorted([first.id, second.id])


@pytest.mark.parametrize("kind", ["unavailable", "broken"])
def test_an_unreachable_model_leaves_no_record(run: Path, kind: str) -> None:
    found = judge(run, Saying(failing(kind, "no route")))
    assert (found.judged, dict(found.failures)) == (0, {f"{kind}: no route": 4})
    assert (run / f"scores/{found.id}.jsonl").read_bytes() == b"" == (run / f"judgements/{found.id}.jsonl").read_bytes()
    assert [r.score for r in read_run(run)[1]] == [None] * 4
    again = judge(run)
    assert (again.id, again.judged, again.before) == (found.id, 4, 0)


def test_some_are_judged_although_others_fail(run: Path) -> None:
    def say(prompt: str, number: int) -> str:
        if len(engine.asked) in (3, 4):
            raise EngineFailure("unavailable", "no")
        return GOOD

    engine = Saying(say)
    found = judge(run, engine, jobs=1)
    assert found.judged == 2 and sum(found.failures.values()) == 2
    assert judge(run).before == 2


def test_a_dead_model_is_not_asked_for_ever(run: Path) -> None:
    path = run / "episodes.jsonl"
    record = json.loads(path.read_text().splitlines()[0])
    info = json.loads((run / "run.json").read_text())
    shutil.rmtree(run)
    run.mkdir()
    many: list[EpisodeRecord] = []
    for number in range(30):
        key = f"e{number:02}"
        many.append(EpisodeRecord.model_validate_json(json.dumps({**record, "episode": key, "key": f"{key}-a1"})))
        place = run / "episodes" / f"{key}-a1" / "workspace" / REPORT
        place.parent.mkdir(parents=True)
        place.write_text("# Outages\n")
    write_run(run, many, INFO.model_validate_json(json.dumps(info)))
    engine = Saying(failing("unavailable"))
    found = judge(run, engine, jobs=1)
    assert len(engine.asked) == 8 and sum(found.failures.values()) == 30


def test_a_wrong_key_ends_it(run: Path) -> None:
    with pytest.raises(RuntimeFault) as failed:
        judge(run, Saying(failing("refused", "401")))
    assert failed.value.code == "R0967"


def lost(record: dict[str, object]) -> None:
    record.update(outcome="agent_error", score="0", score_checks="0", C=None, V=None, checks=[])


def test_where_the_score_does_not_hang_on_the_rubric_nothing_is_asked(run: Path) -> None:
    records = iter(range(4))

    def change(record: dict[str, object]) -> None:
        number = next(records)
        checks = record["checks"]
        assert isinstance(checks, list)
        if number == 0:  # the gate is shut
            checks[0]["passed"] = False
            record.update(C="0.5", score_checks="0.5")
        elif number == 1:  # a veto
            record.update(V="0", score_checks="0")
        elif number == 2:
            lost(record)
        else:
            record.update(outcome="verifier_error", C=None, V=None, checks=[], score_checks=None)

    rewrite(run, change)
    engine = Saying(lambda prompt, number: GOOD)
    found = judge(run, engine)
    assert engine.asked == [] and dict(found.left_out) == {"its checker gave no verdict": 1}
    assert [r.score for r in read_run(run)[1]] == ["0.35", "0", "0", None]
    assert [(r.asked, r.R, r.G) for r in judgements(run, found)] == [(False, "0", "0"), (False, "0", "1")]
    shutil.rmtree(run / "judgements")
    shutil.rmtree(run / "scores")
    found = judge(run, engine, all=True)
    assert len(engine.asked) == 4 and [r.score for r in read_run(run)[1]] == ["0.35", "0", "0", None]
    assert sorted((r.asked, r.G) for r in judgements(run, found)) == [(True, "0"), (True, "1")]


def test_what_cannot_be_judged_is_counted(run: Path, tmp_path: Path) -> None:
    keys = [record.key for record in read_run(run)[1]]
    shutil.rmtree(run / "episodes" / keys[0] / "workspace")
    shutil.rmtree(run / "episodes" / keys[1])
    outside = tmp_path / "outside"
    shutil.copytree(run / "episodes" / keys[2], outside)
    (run / "episodes" / keys[1]).symlink_to(outside)
    rewrite(run, lambda record: record.update(outcome="infra_error") if record["key"] == keys[2] else None)
    found = judge(run)
    assert found.judged == 1
    assert dict(found.left_out) == {"no workspace": 2, "it was not played to its end": 1}


def test_other_checks_than_those_of_the_bundle(run: Path) -> None:
    rewrite(run, lambda record: record.update(checks=record["checks"][:-1]))  # type: ignore[index]
    found = judge(run)
    assert dict(found.left_out) == {"its checks are not those of the bundle; `clawc rescore` judges them": 4}


def test_a_judging_follows_the_checks_of_a_newer_scoring(run: Path) -> None:
    """A judging never builds upon another one, and after a re-scoring it is another judging."""
    first = judge(run)
    assert cli.run(["rescore", str(run)]) == 0
    assert [r.score for r in read_run(run)[1]] == [None] * 4  # newer, and without a judge
    second = judge(run)
    assert second.id != first.id and second.before == 0
    assert [r.score for r in read_run(run)[1]] == ["0.9"] * 4
    assert judge(run).before == 4


def test_a_task_without_a_rubric_is_covered(tmp_path: Path) -> None:
    bundle = load(build_bundle(tmp_path / "tiny"))
    out = tmp_path / "run"
    assert cli.run(["run", str(bundle.path), "--agent", "oracle", "-n", "1", "-o", str(out)]) == 0
    engine = Saying(lambda prompt, number: GOOD)
    found = judge(out, engine, all=True)
    assert (found.judged, engine.asked, judgements(out, found)) == (1, [], [])
    assert [r.score for r in read_run(out, found.id)[1]] == ["1"]


def test_bundles_that_are_given_judge(run: Path, built: Bundle, tmp_path: Path) -> None:
    source = tmp_path / "outage_digest.claw"
    text = (Path(__file__).parents[2] / "examples/outage_digest.claw").read_text()
    source.write_text(text.replace("points = 2", "points = 8"))
    assert cli.run(["build", str(source), "-o", str(tmp_path / "out")]) == 0
    newer = load(tmp_path / "out/outage_digest")
    found = judge(run, None, newer)
    assert [record.R for record in judgements(run, found)] == ["0." + "8" * 33 + "9"] * 4
    assert found.id != judge(run).id
    with pytest.raises(RuntimeFault, match="no task of"):
        judge(run, None, load(build_bundle(tmp_path / "tiny")))


def test_it_is_continued_where_it_was_torn(run: Path) -> None:
    """A judgement is durable before its score; neither is asked for or written twice."""
    found = judge(run, jobs=1)
    scores, said = run / f"scores/{found.id}.jsonl", run / f"judgements/{found.id}.jsonl"
    whole, judged = scores.read_bytes().splitlines(keepends=True), said.read_bytes().splitlines(keepends=True)
    scores.write_bytes(whole[0] + whole[1][:40])
    said.write_bytes(b"".join(judged[:3]) + judged[3][:100])
    engine = Saying(lambda prompt, number: GOOD)
    again = judge(run, engine)
    assert (again.judged, again.before, len(engine.asked)) == (4, 1, 2)
    assert scores.read_bytes().startswith(whole[0]) and said.read_bytes().startswith(b"".join(judged[:3]))
    assert [r.score for r in read_run(run, found.id)[1]] == ["0.9"] * 4


def test_a_judgement_that_is_too_long_is_kept_in_short(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clawc.runtime.judge.store.LINE_BYTES", 800)
    found = judge(run)
    assert [(r.rubrics[0].votes, r.rubrics[0].share[:4]) for r in judgements(run, found)] == [((), "0.66")] * 4


@pytest.mark.parametrize("name", ["judgements", "scores"])
def test_a_folder_of_somebody_elses(run: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").mkdir()
    (run / name).symlink_to(tmp_path / "outside")
    with pytest.raises(RuntimeFault) as failed:
        judge(run)
    assert failed.value.code == "R0206" and list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{}\n{}\n", "R0206"),
        (b'{"format_version": 9}\n{}\n', "R0205"),
        (b"\xff\n\n", "R0206"),
        (b"[" * 100_000 + b"\n\n", "R0206"),
    ],
)
def test_damaged_judgements(run: Path, line: bytes, code: str) -> None:
    found = judge(run)
    (run / f"judgements/{found.id}.jsonl").write_bytes(line)
    with pytest.raises(RuntimeFault) as failed:
        judge(run)
    assert failed.value.code == code


def test_a_hostile_workspace_changes_nothing_but_itself(run: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("SECRET # Outages")
    keys = [record.key for record in read_run(run)[1]]
    reports = [run / "episodes" / key / "workspace" / REPORT for key in keys]
    reports[0].unlink()
    reports[0].symlink_to(secret)
    reports[1].unlink()
    os.mkfifo(reports[1])
    reports[2].write_bytes(b"# Outages\n" + b"x" * 10_000_000)
    engine = Saying(lambda prompt, number: GOOD)
    found = judge(run, engine)
    assert found.judged == 4 and not any("SECRET" in prompt for prompt in engine.asked)
    assert [r.score for r in read_run(run)[1]] == ["0.7", "0.7", "0.9", "0.9"]
    assert max(map(len, engine.asked)) < 210_000


def test_judgements_of_the_same_content_come_from_the_cache(run: Path, own_cache: Path) -> None:
    engine = Saying(lambda prompt, number: GOOD)
    cache = JudgementCache(own_cache)
    made = Judge("saying#1", asker(engine), 3, cache)
    found = asyncio.run(judge_run(JudgePlan(run, jobs=1), made))
    assert len(engine.asked) == 2 and found.tally.calls == 2
    assert [record.rubrics[0].cached for record in judgements(run, found)] == [False, True, True, True]


def test_a_killed_judging_goes_on(run: Path, tmp_path: Path) -> None:
    steps = tmp_path / "steps.json"
    steps.write_text(json.dumps([{"text": GOOD, "wait_s": 0.15}]))
    command = [sys.executable, "-m", "clawc", "judge", str(run), "-m", f"scripted:{steps}", "-j", "1", "--no-cache"]
    for number in (signal.SIGKILL, signal.SIGINT):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            end = time.monotonic() + 20
            before = _lines(run)
            while _lines(run) == before and time.monotonic() < end and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(number)
            said = process.communicate()[1]
        assert process.returncode == (-9 if number == signal.SIGKILL else 130), said
    assert "interrupted" in said
    steps_done = _lines(run)
    assert 2 <= steps_done < 4
    assert cli.run(command[3:]) == 0
    assert _lines(run) == 4 and [r.score for r in read_run(run)[1]] == ["0.9"] * 4


def _lines(run: Path) -> int:
    return (
        sum(path.read_bytes().count(b"\n") for path in (run / "scores").glob("*.jsonl"))
        if (run / "scores").exists()
        else 0
    )
