"""Re-scoring: what the stored workspaces are worth to other checkers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from clawc import cli, exits
from clawc.runtime.bundle import load
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.rescore import Changed, Flip, Rescored, RescorePlan, ended_as, rescore
from clawc.runtime.run import RunPlan, RunSummary, run, run_closing
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.store.run_folder import read_run
from clawc.runtime.store.scores import judged

pytestmark = pytest.mark.usefixtures("works")
MakeBundle = Callable[..., Path]
MakeChecker = Callable[..., str]


def play(bundle: Path, agent: str, out: Path, episodes: int = 2) -> RunSummary:
    return run(RunPlan([load(bundle)], harness_named(agent), out, episodes, jobs=2), Bubblewrap())


def judge(folder: Path, *bundles: Path) -> Rescored:
    backend = Bubblewrap()
    plan = RescorePlan(folder, [load(bundle) for bundle in bundles], jobs=2)
    return run_closing(rescore(plan, backend), backend, "again")


def script(folder: Path, *calls: dict[str, object]) -> str:
    path = folder / "script.json"
    path.write_text(json.dumps(calls))
    return f"scripted:{path}"


def half(folder: Path) -> str:
    """An agent whose answer is short, and wrong."""
    return script(folder, {"tool": "write", "path": "out/answer.txt", "content": "half"})


def lenient(make_checker: MakeChecker) -> str:
    """A checker that takes `half` for an answer, and finds nothing short."""
    changed = "results = [(n, k, w, {'right': text('out/answer.txt') == 'half', 'short': False}.get(n, ok))"
    return make_checker(after=f"{changed} for n, k, w, ok in results]")


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_same_bundles_give_the_same(make_bundle: MakeBundle, tmp_path: Path) -> None:
    first = play(make_bundle(), half(tmp_path), tmp_path / "run")
    before = files(tmp_path / "run")
    found = judge(tmp_path / "run")
    assert (found.judged, found.before, found.left_out, found.unscored) == (2, 0, {}, 0)
    assert (found.changed, found.flips) == ((), ())
    after = files(tmp_path / "run")
    assert set(after) - set(before) == {f"scores/{found.id}.jsonl"}
    assert {name: after[name] for name in before} == before
    latest = read_run(tmp_path / "run")[1]
    assert [(r.outcome, r.score, r.checks) for r in latest] == [(r.outcome, r.score, r.checks) for r in first.records]


def test_another_checker_changes_scores_and_flips_checks(
    make_bundle: MakeBundle, tmp_path: Path, make_checker: MakeChecker
) -> None:
    play(make_bundle(), half(tmp_path), tmp_path / "run")
    newer = make_bundle(check=lenient(make_checker))
    found = judge(tmp_path / "run", newer)
    assert found.flips == (Flip("tiny", "right", 2, 0), Flip("tiny", "short", 0, 2))
    assert [(c.before, c.after, c.rise) for c in found.changed] == [
        (("0.333333", "0.333333"), ("0.666667", "0.666667"), 1)
    ] * 2
    assert [r.score for r in read_run(tmp_path / "run")[1]] == ["0.666667"] * 2
    assert [r.score for r in read_run(tmp_path / "run", "original")[1]] == ["0.333333"] * 2
    assert [r.score for r in read_run(tmp_path / "run", found.id)[1]] == ["0.666667"] * 2


def test_a_report_says_that_a_rescoring_is_a_part(
    make_bundle: MakeBundle, tmp_path: Path, make_checker: MakeChecker, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mean over verdicts of two checkers is never shown without a word."""
    play(make_bundle(), half(tmp_path), tmp_path / "run", episodes=3)
    id = judge(tmp_path / "run", make_bundle(check=lenient(make_checker))).id
    said = f"note: the scores come from different judgements: 2 by the re-scoring {id}, 1 at first"
    path = tmp_path / "run/scores" / f"{id}.jsonl"
    for part, scoring, noted in ((3, "latest", False), (2, "latest", True), (2, id, True), (2, "original", False)):
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:part]))
        assert cli.run(["report", str(tmp_path / "run"), "--scoring", scoring]) == 0
        assert (said in capsys.readouterr().out) == noted
    assert judged(tmp_path / "run", read_run(tmp_path / "run", "original")[1], "latest").by == {id: 2, "original": 1}


def test_it_is_continued(make_bundle: MakeBundle, tmp_path: Path, make_checker: MakeChecker) -> None:
    bundle, newer = make_bundle(), make_bundle(check=lenient(make_checker))
    play(bundle, half(tmp_path), tmp_path / "run", episodes=3)
    id = judge(tmp_path / "run", newer).id
    path = tmp_path / "run/scores" / f"{id}.jsonl"
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(whole[0] + whole[1][:50])
    again = judge(tmp_path / "run", newer)
    assert (again.id, again.judged, again.before, len(again.changed)) == (id, 3, 1, 3)
    assert path.read_bytes().startswith(whole[0])
    assert path.read_bytes().count(b"\n") == 3
    play(bundle, half(tmp_path), tmp_path / "run", episodes=4)
    assert judge(tmp_path / "run", newer).before == 3


def test_a_checker_that_failed_is_replaced(make_bundle: MakeBundle, tmp_path: Path) -> None:
    play(make_bundle(check="import nothing_like_it"), half(tmp_path), tmp_path / "run")
    assert [r.outcome for r in read_run(tmp_path / "run")[1]] == ["verifier_error"] * 2
    found = judge(tmp_path / "run", make_bundle())
    assert [(c.before, c.after, c.rise) for c in found.changed] == [((None, None), ("0.333333", "0.333333"), 0)] * 2
    assert [(r.outcome, r.score) for r in read_run(tmp_path / "run")[1]] == [("ok", "0.333333")] * 2


def test_whose_fault_it_is_that_a_checker_fails(
    make_bundle: MakeBundle, tmp_path: Path, make_checker: MakeChecker
) -> None:
    play(make_bundle(), half(tmp_path), tmp_path / "run")
    found = judge(tmp_path / "run", make_bundle(check="import nothing_like_it"))
    assert found.unscored == 2
    records = read_run(tmp_path / "run", found.id)[1]
    assert [(r.outcome, r.score, r.checks) for r in records] == [("verifier_error", None, ())] * 2
    assert "nothing_like_it" in records[0].evidence
    found = judge(tmp_path / "run", make_bundle(check=make_checker(before="assert text('out/answer.txt') != 'half'")))
    assert found.unscored == 0
    assert [(r.outcome, r.score) for r in read_run(tmp_path / "run", found.id)[1]] == [("agent_error", "0")] * 2
    back = judge(tmp_path / "run")
    assert [(r.outcome, r.score) for r in read_run(tmp_path / "run", back.id)[1]] == [("ok", "0.333333")] * 2


def test_what_cannot_be_judged_is_counted(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    run_folder = tmp_path / "run"
    keys = [r.key for r in play(bundle, half(tmp_path), run_folder, episodes=4).records]
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "workspace").mkdir()
    shutil.rmtree(run_folder / "episodes" / keys[0])
    shutil.rmtree(run_folder / "episodes" / keys[1])
    (run_folder / "episodes" / keys[1]).symlink_to(outside)
    shutil.rmtree(run_folder / "episodes" / keys[2] / "workspace")
    (run_folder / "episodes" / keys[2] / "workspace").symlink_to("/etc")
    found = judge(run_folder)
    assert (found.judged, found.left_out) == (1, {"no workspace": 3})


def test_bundles_that_do_not_fit(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    play(bundle, "null", tmp_path / "run", episodes=1)
    with pytest.raises(RuntimeFault, match="has a bundle of its name") as fault:
        judge(tmp_path / "run", make_bundle(task="other"))
    assert fault.value.code == "R0208"
    with pytest.raises(RuntimeFault, match="of the same task"):
        judge(tmp_path / "run", bundle, make_bundle(title="Other"))
    shutil.rmtree(bundle)
    with pytest.raises(RuntimeFault, match="is not where it was"):
        judge(tmp_path / "run")
    with pytest.raises(RuntimeFault, match="not a run folder"):
        judge(tmp_path)
    assert not (tmp_path / "scores").exists()


def test_a_moved_run_has_its_bundles_with_it(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    play(bundle, "null", tmp_path / "run", episodes=1)
    os.makedirs(tmp_path / "run/bundles")
    shutil.move(bundle, tmp_path / "run/bundles/tiny")
    shutil.move(tmp_path / "run", tmp_path / "moved")
    assert judge(tmp_path / "moved").judged == 1


@pytest.mark.parametrize(
    ("outcome", "limited", "stop", "then"),
    [
        ("ok", False, None, "ok"),
        ("truncated", True, None, "truncated"),
        ("verifier_error", False, "done", "ok"),
        ("verifier_error", False, None, "ok"),
        ("verifier_error", True, "done", "truncated"),
        ("verifier_error", False, "truncated", "truncated"),
        ("verifier_error", False, "error", "agent_error"),
        ("agent_error", False, "error", "agent_error"),
        ("agent_error", False, "done", "ok"),
        ("agent_error", False, None, "agent_error"),
    ],
)
def test_how_an_agent_ended(tmp_path: Path, outcome: str, limited: bool, stop: str | None, then: str) -> None:
    path = tmp_path / "trajectory.jsonl"
    lines = [json.dumps({"event": "tool"}), json.dumps({"event": "final", "stop": stop})]
    path.write_text("\n".join(lines) + "\n" if stop else "[" * 9000)
    assert ended_as(outcome, limited, path) == then  # type: ignore[arg-type]


def test_the_command(
    make_bundle: MakeBundle, tmp_path: Path, make_checker: MakeChecker, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, newer = make_bundle(), make_bundle(check=lenient(make_checker))
    play(bundle, half(tmp_path), tmp_path / "run")
    assert cli.run(["rescore", str(tmp_path / "run"), str(newer), "-j", "2"]) == exits.OK
    text = capsys.readouterr().out
    assert "2 episodes judged\n2 scores changed: 2 up, 0 down\n" in text
    assert "check tiny.right: 2 now pass, 0 now fail\n" in text
    assert "0.333333 -> 0.666667" in text
    assert cli.run(["rescore", str(tmp_path / "run"), str(newer), "--format", "json"]) == exits.OK
    found = json.loads(capsys.readouterr().out)
    assert (found["judged"], found["judged_before"], len(found["changed"])) == (2, 2, 2)
    assert found["flips"][0] == {"task": "tiny", "check": "right", "to_pass": 2, "to_fail": 0}
    broken = make_bundle(check="import nothing_like_it")
    assert cli.run(["rescore", str(tmp_path / "run"), str(broken)]) == exits.FINDINGS
    assert "2 without a score: the checker fails" in capsys.readouterr().out
    assert cli.run(["rescore", str(tmp_path / "absent")]) == exits.USAGE
    assert "R0201" in capsys.readouterr().err


def test_the_direction_of_a_change() -> None:
    assert Changed("k", ("1", "1"), ("0.5", "0.5")).rise == -1
    assert Changed("k", (None, "0.5"), (None, "0.50")).rise == 0
