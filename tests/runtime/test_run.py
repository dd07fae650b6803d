"""Runs of episodes: records, continuation, interruption, and whose fault a failure is."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from clawc import cli, exits
from clawc.runtime.bundle import load
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.run import Progress, RunPlan, RunSummary, run
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.interface import Backend, Sandbox, Template
from clawc.runtime.sandbox.orphans import orphans
from clawc.runtime.store.run_folder import open_store, read_attempts, read_run
from clawc.spec.bundle import Limits

MakeBundle = Callable[..., Path]
HERE = Path(__file__).parent


def play(bundle: Path, agent: str, out: Path, seen: list[Progress] | None = None, **options: Any) -> RunSummary:
    plan = RunPlan([load(bundle)], harness_named(agent), out, **options)
    return run(plan, Bubblewrap(), None if seen is None else seen.append)


def script(folder: Path, *calls: dict[str, object]) -> str:
    path = folder / "script.json"
    path.write_text(json.dumps(calls))
    return f"scripted:{path}"


@pytest.mark.usefixtures("works")
def test_oracle_and_null(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    seen: list[Progress] = []
    oracle = play(bundle, "oracle", tmp_path / "oracle", seen, episodes=3, jobs=2)
    assert [(r.outcome, r.score, r.C, r.V) for r in oracle.records] == [("ok", "1", "1", "1")] * 3
    assert [(p.done, p.total, p.skipped) for p in seen] == [(1, 3, 0), (2, 3, 0), (3, 3, 0)]
    null = play(bundle, "null", tmp_path / "null")
    assert [(r.outcome, r.score) for r in null.records] == [("ok", "0")]
    assert len({record.seed for record in oracle.records}) == 3
    folder = tmp_path / "oracle/episodes" / oracle.records[0].key
    assert (folder / "workspace/out/answer.txt").read_text() == "TRUTH-41d3c7\n"
    assert json.loads((folder / "verdict.json").read_text())["C"] == "1"
    assert set(oracle.records[0].seconds) == {"create", "agent", "collect", "close", "score", "keep"}


@pytest.mark.usefixtures("works")
def test_a_scripted_agent_and_its_trajectory(make_bundle: MakeBundle, tmp_path: Path) -> None:
    agent = script(
        tmp_path,
        {"tool": "read", "path": "in/data.txt"},
        {"tool": "write", "path": "out/answer.txt", "content": "TRUTH-0\n"},
        {"tool": "edit", "path": "out/answer.txt", "old": "0", "new": "41d3c7"},
        {"tool": "edit", "path": "out/answer.txt", "old": "absent", "new": "x"},
        {"tool": "exec", "command": "cat out/answer.txt; false"},
        {"tool": "final", "text": "done"},
    )
    found = play(make_bundle(), agent, tmp_path / "run").records[0]
    assert (found.outcome, found.score, found.final) == ("ok", "1", "done")
    path = tmp_path / "run/episodes" / found.key / "trajectory.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["tool"] * 5 + ["final"]
    assert [line["result"]["ok"] for line in lines[:5]] == [True, True, True, False, False]
    assert lines[0]["result"]["text"] == "data\n"
    assert lines[4]["result"] == {"ok": False, "exit": 1, "text": "TRUTH-41d3c7\n"}


@pytest.mark.usefixtures("works")
def test_the_agent_sees_no_private_file(make_bundle: MakeBundle, tmp_path: Path) -> None:
    agent = script(
        tmp_path,
        {"tool": "write", "path": "/tmp/attack.py", "content": (HERE / "attack.py").read_text()},
        {"tool": "exec", "command": "python3 /tmp/attack.py"},
        {"tool": "read", "path": "/private/check.py"},
        {"tool": "read", "path": "../../../../etc/shadow"},
    )
    source = {"private/source/tiny.claw": "# TRUTH-41d3c7", "private/source.json": "TRUTH-41d3c7"}
    bundle = make_bundle(extra=source)
    (bundle / "card.json").write_text("TRUTH-41d3c7")
    found = play(bundle, agent, tmp_path / "run").records[0]
    path = tmp_path / "run/episodes" / found.key / "trajectory.jsonl"
    results = [json.loads(line)["result"] for line in path.read_text().splitlines()[:4]]
    # It may write to the pipes of its own output, at most.
    (said,) = [line for line in results[1]["text"].splitlines() if '"found"' in line]
    assert json.loads(said)["found"] == []
    assert [result["ok"] for result in results] == [True, True, False, False]
    assert "TRUTH-41d3c7" not in json.dumps(results)


@pytest.mark.usefixtures("works")
@pytest.mark.parametrize(
    ("command", "limits", "outcome", "hit"),
    [
        ("sleep 30", {"wall_s": 1}, "truncated", ("wall",)),
        (
            "python3 -c 'x = b\"x\" * (300 << 20); input()' < /dev/zero",
            {"memory_bytes": 64 << 20},
            "truncated",
            ("memory",),
        ),
        ("kill -9 -1", {}, "ok", ()),
        ("cd out && rm -r ../in; ln -s / root; mkfifo fifo; mkdir -p a/b/c; chmod 0 a", {}, "ok", ()),
    ],
)
def test_what_an_agent_breaks_is_scored(
    make_bundle: MakeBundle,
    tmp_path: Path,
    command: str,
    limits: dict[str, object],
    outcome: str,
    hit: tuple[str, ...],
) -> None:
    agent = script(
        tmp_path,
        {"tool": "write", "path": "out/answer.txt", "content": "half"},
        {"tool": "exec", "command": command},
    )
    found = play(make_bundle(limits=limits), agent, tmp_path / "run").records[0]
    assert (found.outcome, found.limits_hit) == (outcome, hit)
    assert found.score == ("0" if "rm -r" in command else "0.333333")


@pytest.mark.usefixtures("works")
def test_a_checker_that_fails_on_this_workspace_only(
    make_bundle: MakeBundle, tmp_path: Path, make_checker: Callable[..., str]
) -> None:
    check = make_checker(before="assert text('out/answer.txt') != 'bomb'")
    agent = script(tmp_path, {"tool": "write", "path": "out/answer.txt", "content": "bomb"})
    found = play(make_bundle(check=check), agent, tmp_path / "run").records[0]
    assert (found.outcome, found.score) == ("agent_error", "0")
    assert "AssertionError" in found.evidence


@pytest.mark.usefixtures("works")
def test_a_checker_that_always_fails(make_bundle: MakeBundle, tmp_path: Path) -> None:
    found = play(make_bundle(check="import nothing_like_it"), "null", tmp_path / "run").records[0]
    assert (found.outcome, found.score) == ("verifier_error", None)
    assert "nothing_like_it" in found.evidence


@pytest.mark.usefixtures("works")
def test_a_finished_run_is_not_run_again_and_more_episodes_are_added(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    first = play(bundle, "oracle", tmp_path / "run", episodes=2)
    before = (tmp_path / "run/episodes.jsonl").read_bytes()
    seen: list[Progress] = []
    again = play(bundle, "oracle", tmp_path / "run", seen, episodes=2)
    assert (again.records, again.skipped, seen) == (first.records, 2, [])
    assert (tmp_path / "run/episodes.jsonl").read_bytes() == before
    more = play(bundle, "oracle", tmp_path / "run", seen, episodes=3)
    assert more.info.run_id == first.info.run_id
    assert more.records[:2] == first.records
    assert [p.done for p in seen] == [3]
    with pytest.raises(RuntimeFault, match="another agent"):
        play(bundle, "null", tmp_path / "run")
    with pytest.raises(RuntimeFault, match="another task"):
        play(make_bundle(title="Other"), "oracle", tmp_path / "run")


@pytest.mark.sampled(3)
@pytest.mark.usefixtures("works")
@pytest.mark.parametrize(
    "torn", [b'{"format_version":1,"run', b'{"format_version":1,"key":"half"}\n', b"\0" * 40 + b"\n"]
)
def test_a_torn_last_record_is_replaced(make_bundle: MakeBundle, tmp_path: Path, torn: bytes) -> None:
    bundle = make_bundle()
    play(bundle, "oracle", tmp_path / "run", episodes=1)
    path = tmp_path / "run/episodes.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert len(read_run(tmp_path / "run")[1]) == 1
    assert len(play(bundle, "oracle", tmp_path / "run", episodes=2).records) == 2
    assert path.read_bytes().startswith(whole)
    assert path.read_bytes().count(b"\n") == 2
    path.write_bytes(torn.strip(b"\n") + b"\n" + whole)
    with pytest.raises(RuntimeFault, match="line 1"):
        read_run(tmp_path / "run")


@pytest.mark.usefixtures("works")
def test_one_writer_at_a_time(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    info = play(bundle, "null", tmp_path / "run").info
    store = open_store(tmp_path / "run", info)
    with pytest.raises(RuntimeFault, match="another process"):
        play(bundle, "null", tmp_path / "run", episodes=2)
    asyncio.run(store.close())


def test_a_full_disk_keeps_what_is_finished(tmp_path: Path) -> None:
    """A limit on the size of files stands for the end of the disk."""
    program = """
import asyncio, resource, signal, sys
from pathlib import Path
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import EpisodeRecord, RunInfo, attempt_key
from clawc.runtime.store.run_folder import open_store
info = RunInfo(run_id="r", created="", clawc="", agent="a", episodes=1, seed=0, tasks=())
def record(episode):
    fixed = dict(run_id="r", attempt=1, task="t", template="t", bundle_id="0" * 64, agent="a", index=0, seed=0)
    return EpisodeRecord(**fixed, key=attempt_key(episode, 1), episode=episode, outcome="ok", started="", ended="",
                         seconds={})
async def main():
    store = open_store(Path(sys.argv[1]), info)
    await store.append(record("first"))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = (Path(sys.argv[1]) / "episodes.jsonl").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))
    try:
        await store.append(record("second"))
    except RuntimeFault as fault:
        print(fault.code)
    print(list(store.last))
    await store.close()
asyncio.run(main())
"""
    out = tmp_path / "run"
    done = subprocess.run([sys.executable, "-c", program, str(out)], capture_output=True, text=True)
    assert done.stdout.splitlines() in (["R0203", "['first']"], ["R0207", "['first']"]), done.stderr
    assert [record.key for record in read_run(out)[1]] == ["first-a1"]
    assert (out / "episodes.jsonl").read_bytes().count(b"\n") == 1


@pytest.mark.sampled(3)
@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_is_continued(make_bundle: MakeBundle, tmp_path: Path, number: signal.Signals) -> None:
    bundle = make_bundle()
    agent = script(tmp_path, {"tool": "exec", "command": "sleep 0.4"})
    out = tmp_path / "run"
    program = f"""
import sys
from pathlib import Path
from clawc.runtime.bundle import load
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.run import RunPlan, run
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
backend = Bubblewrap()
bundles = [load(Path({str(bundle)!r}))]
plan = RunPlan(bundles, harness_named({agent!r}), Path({str(out)!r}), episodes=40, jobs=2)
try:
    run(plan, backend, lambda progress: print(progress.done, flush=True))
except RuntimeFault as fault:
    print(fault.code, fault.help)
"""
    runner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=os.environ)
    assert runner.stdout is not None
    for _ in range(3):
        runner.stdout.readline()
    runner.send_signal(number)
    rest = runner.stdout.read()
    runner.wait(timeout=30)
    runner.stdout.close()
    if number != signal.SIGKILL:
        assert "R0204" in rest and f"--out {out}" in rest
    finished = {record.key for record in read_run(out)[1]}
    assert 3 <= len(finished) < 40
    deadline = time.monotonic() + 20
    while left_over(runner.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left_over(runner.pid) == []
    # Of a killed runner a sandbox may be left that had not yet begun; the next runner ends it.
    assert number == signal.SIGKILL or orphans() == []
    summary = play(bundle, agent, out, episodes=len(finished) + 1)
    assert summary.skipped >= 3
    assert all(record.outcome == "ok" for record in summary.records)
    assert orphans() == []


def left_over(runner: int) -> list[str]:
    """Monitors of that runner's sandboxes, which it can no longer reap."""
    done = subprocess.run(["ps", "-eo", "ppid=,args="], capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if line.split()[0] == str(runner)]


class Flaky:
    """A backend of which the first sandboxes of each template cannot be made."""

    def __init__(self, failures: int, fault: Exception) -> None:
        self._backend = Bubblewrap()
        self._failures = failures
        self._fault = fault
        self._tried: dict[str, int] = {}

    def __getattr__(self, name: str) -> object:
        return getattr(self._backend, name)

    async def create(
        self,
        template: Template,
        limits: Limits,
        env: Mapping[str, str],
        folders: Sequence[str] = (),
        port: int | None = None,
        mounts: Mapping[str, Path] | None = None,
    ) -> Sandbox:
        self._tried[template.key] = self._tried.get(template.key, 0) + 1
        if self._tried[template.key] <= self._failures:
            raise self._fault
        return await self._backend.create(template, limits, env, folders, port, mounts)


def flaky(failures: int, fault: Exception) -> Backend:
    return cast("Backend", Flaky(failures, fault))


@pytest.mark.sampled(2)
@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("fault", [RuntimeFault("R0302", "it did not start"), OSError(errno.EMFILE, "too many files")])
def test_failures_of_the_infrastructure_are_tried_again(
    make_bundle: MakeBundle, tmp_path: Path, fault: Exception
) -> None:
    bundle, out, seen = load(make_bundle()), tmp_path / "run", list[Progress]()
    summary = run(RunPlan([bundle], harness_named("oracle"), out), flaky(2, fault), seen.append)
    assert [(r.attempt, r.outcome, r.score) for r in summary.records] == [(3, "ok", "1")]
    attempts = read_attempts(out)[1]
    assert [(r.attempt, r.outcome) for r in attempts] == [(1, "infra_error"), (2, "infra_error"), (3, "ok")]
    assert (len({r.key for r in attempts}), len({r.episode for r in attempts}), len(seen)) == (3, 1, 1)
    assert "did not start" in attempts[0].evidence or "too many files" in attempts[0].evidence


@pytest.mark.usefixtures("works")
def test_retries_are_counted_for_each_start(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle, out, seen = load(make_bundle()), tmp_path / "run", list[Progress]()
    plan = RunPlan([bundle], harness_named("oracle"), out, retries=1)
    fault = RuntimeFault("R0302", "it did not start")
    spent = run(plan, flaky(99, fault), seen.append)
    assert [(e.attempt, e.outcome) for e in spent.entries] == [(2, "infra_error")]
    assert (spent.ending.spent, [p.done for p in seen]) == (1, [1])
    again = run(plan, flaky(1, fault), seen.append)
    assert [(e.attempt, e.outcome) for e in again.entries] == [(4, "ok")]
    assert (again.skipped, [p.done for p in seen]) == (0, [1, 1])


@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("fault", [SandboxUnavailable("nothing works"), OSError(errno.ENOSPC, "no space left")])
def test_what_would_fail_every_episode_ends_the_run(make_bundle: MakeBundle, tmp_path: Path, fault: Exception) -> None:
    with pytest.raises(RuntimeFault, match=r"nothing works|no space left"):
        run(RunPlan([load(make_bundle())], harness_named("oracle"), tmp_path / "run", 9), flaky(99, fault))
    assert read_attempts(tmp_path / "run")[1] == []


@pytest.mark.usefixtures("works")
def test_a_run_has_a_deadline(make_bundle: MakeBundle, tmp_path: Path) -> None:
    agent = script(tmp_path, {"tool": "exec", "command": "sleep 60"})
    plan = RunPlan([load(make_bundle())], harness_named(agent), tmp_path / "run", 3, deadline_s=0.5)
    summary = run(plan, Bubblewrap())
    assert (summary.missing, summary.entries, summary.ending.out_of_time) == (3, (), True)
    assert orphans() == []


@pytest.mark.usefixtures("works")
def test_what_the_command_says(make_bundle: MakeBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle, slow = str(make_bundle()), script(tmp_path, {"tool": "exec", "command": "sleep 60"})
    arguments = ["run", bundle, "--out", str(tmp_path / "run"), "-n", "3"]
    assert cli.run(arguments) == exits.OK
    assert "tiny  3         3       1.000   1.000  -" in capsys.readouterr().out
    assert cli.run([*arguments, "--format", "json"]) == exits.OK
    found = json.loads(capsys.readouterr().out)
    assert [EpisodeRecord.model_validate(each).score for each in found["episodes"]] == ["1"] * 3
    assert (found["format_version"], found["missing"], found["run"]) == (1, 0, str(tmp_path / "run"))
    late = ["run", bundle, "--out", str(tmp_path / "late"), "--agent", slow, "--deadline", "0.3"]
    assert cli.run(late) == exits.FINDINGS
    assert "1 episode was not played before the deadline" in capsys.readouterr().out
    assert cli.run([*late, "--format", "json"]) == exits.FINDINGS
    assert json.loads(capsys.readouterr().out) | {"run": ""} == {
        "episodes": [], "format_version": 1, "missing": 1, "run": ""}  # fmt: skip
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/bundles").symlink_to(tmp_path)
    assert cli.run(["run", bundle, "--out", str(tmp_path / "linked")]) == exits.USAGE


@pytest.mark.usefixtures("works")
def test_the_command_says_that_the_infrastructure_failed(
    make_bundle: MakeBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, out = load(make_bundle()), tmp_path / "run"
    run(RunPlan([bundle], harness_named("null"), out, 2, retries=0), flaky(1, RuntimeFault("R0302", "\x1b[2Jno")))
    program = ["run", str(bundle.path), "--agent", "null", "--out", str(out), "-n", "2", "--deadline", "0"]
    assert cli.run(program) == exits.FINDINGS
    said = capsys.readouterr().out
    assert "1 of 2 episodes failed for reasons outside the sandbox" in said
    assert "infra_error: R0302" in said and "\x1b" not in said


@pytest.mark.usefixtures("works")
def test_what_a_task_needs_is_there_before_the_first_episode(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle(environment={"tools": ["python", "no-such-tool"]})
    with pytest.raises(SandboxUnavailable, match="no-such-tool"):
        play(bundle, "null", tmp_path / "run")
    with pytest.raises(RuntimeFault, match="nothing to run"):
        play(make_bundle(), "null", tmp_path / "run", episodes=0)


@pytest.mark.parametrize(
    ("name", "message"),
    [("other", "unknown agent"), ("scripted:", "unknown agent"), ("scripted:/absent.json", "cannot read")],
)
def test_unknown_agents(name: str, message: str) -> None:
    with pytest.raises(RuntimeFault, match=message):
        harness_named(name)


def test_a_script_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match="is not a script: at `0"):
        harness_named(script(tmp_path, {"tool": "exec", "cmd": "x"}))


@pytest.mark.usefixtures("works")
def test_a_task_without_a_solution(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle(extra={"private/solution/steps.json": "[]"})
    with pytest.raises(RuntimeFault, match="not a solution"):
        play(bundle, "oracle", tmp_path / "run")
