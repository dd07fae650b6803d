"""Runs on a cluster that loses nodes and has nodes that lie: their records are those of an undisturbed run on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clawc import cli, exits
from clawc.runtime.bundle import load
from clawc.runtime.cluster.events import EventFile
from clawc.runtime.cluster.link import Failed, Lost, Machine
from clawc.runtime.cluster.messages import Answer, Hello, opened, sealed
from clawc.runtime.cluster.player import ClusterPlayer, Event, Plan
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.player import NotPlayed
from clawc.runtime.rollout import Episode
from clawc.runtime.run import Progress, RunPlan, RunSummary, run, run_with
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from tests.cluster.nearby import Nearby, Twist, honest, machine
from tests.runtime.conftest import MakeBundle
from tests.runtime.test_kills import compared

pytestmark = pytest.mark.usefixtures("works")
QUICK = Plan(grace_s=1.5, watch_s=0.05)


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder for the temporary files of nodes, which must be empty when they have ended."""
    with tempfile.TemporaryDirectory(prefix="clawc-nodes-") as name:
        os.chmod(name, 0o711)
        yield Path(name)
        assert os.listdir(name) == []


@pytest.fixture
def slow(tmp_path: Path) -> str:
    """An agent that takes a while and leaves files."""
    calls = [
        {"tool": "write", "path": "out/answer.txt", "content": "half"},
        {"tool": "exec", "command": "sleep 0.2; mkdir -p 'deep/\n/er'; echo x > deep/tool; chmod +x deep/tool"},
        {"tool": "final", "text": "done"},
    ]
    path = tmp_path / "script.json"
    path.write_text(json.dumps(calls))
    return f"scripted:{path}"


def kept(out: Path) -> dict[str, object]:
    """The files of all attempts, but for times and nonces."""
    found: dict[str, object] = {}
    for path in sorted((out / "episodes").rglob("*")):
        name = str(path.relative_to(out))
        if path.is_dir():
            found[name] = None
        elif path.name == "trajectory.jsonl":
            found[name] = [{**json.loads(line), "t": 0} for line in path.read_text().splitlines()]
        elif path.name == "verdict.json":
            found[name] = {**json.loads(path.read_text()), "nonce": ""}
        else:
            found[name] = (path.stat().st_mode & 0o777, path.read_bytes())
    return found


def cluster_run(
    link: Nearby, plan: RunPlan, on: Plan = QUICK, progress: Callable[[Progress], None] | None = None
) -> tuple[RunSummary, list[Event]]:
    told: list[Event] = []
    return run_with(plan, ClusterPlayer(link, on, told.append), progress), told


def test_records_and_files_are_those_of_a_local_run(
    make_bundle: MakeBundle, slow: str, state: Path, tmp_path: Path
) -> None:
    bundles = [load(make_bundle()), load(make_bundle(title="Other"))]
    plan = RunPlan(bundles, harness_named(slow), tmp_path / "local", episodes=6, jobs=8)
    run(plan, Bubblewrap())
    link = Nearby(state, machine("one"), machine("two"), machine("none", 0))
    summary, told = cluster_run(link, replace(plan, out=tmp_path / "cluster"))
    assert compared(tmp_path / "cluster") == compared(tmp_path / "local")
    assert kept(tmp_path / "cluster") == kept(tmp_path / "local")
    assert (len(summary.entries), link.opened, link.closed) == (12, 1, 1)
    assert sorted((event.kind, event.node) for event in told) == [("joined", "one"), ("joined", "two")]
    # Each node played, and got the script and each bundle that it played once.
    for (remote,) in link.remotes.values():
        assert remote.called["bundle"] in (1, 2)
        assert (remote.called["script"], remote.called["close"]) == (1, 1)
        assert remote.called["play"] >= 3


def test_a_lost_node_changes_no_record(make_bundle: MakeBundle, slow: str, state: Path, tmp_path: Path) -> None:
    plan = RunPlan([load(make_bundle())], harness_named(slow), tmp_path / "local", episodes=16, jobs=8, retries=0)
    run(plan, Bubblewrap())
    link = Nearby(state, machine("one"), machine("two"))

    def lose(progress: Progress) -> None:
        if progress.done == 4:
            link.lose("two")
        elif progress.done == 8:
            link.there.append(machine("three"))

    _, told = cluster_run(link, replace(plan, out=tmp_path / "cluster"), progress=lose)
    assert compared(tmp_path / "cluster") == compared(tmp_path / "local")
    assert kept(tmp_path / "cluster") == kept(tmp_path / "local")
    assert [(event.kind, event.node) for event in told[2:]] == [("lost", "two"), ("joined", "three")]


def test_a_node_that_comes_back_is_used_again(make_bundle: MakeBundle, slow: str, state: Path, tmp_path: Path) -> None:
    plan = RunPlan([load(make_bundle())], harness_named(slow), tmp_path / "run", episodes=8, jobs=8, retries=0)
    link = Nearby(state, machine("one"))

    def crash(progress: Progress) -> None:
        if progress.done == 2:
            link.remotes["one"][-1].kill()  # what was started there is gone, the machine is not

    summary, told = cluster_run(link, plan, replace(QUICK, grace_s=30), crash)
    assert [event.kind for event in told] == ["joined", "lost", "joined"]
    assert [(record.attempt, record.outcome) for record in summary.records] == [(1, "ok")] * 8


def test_without_any_node_the_run_ends_and_can_be_continued_here(
    make_bundle: MakeBundle, slow: str, state: Path, tmp_path: Path
) -> None:
    plan = RunPlan([load(make_bundle())], harness_named(slow), tmp_path / "run", episodes=8, jobs=2)
    link = Nearby(state, machine("one"))

    def lose(progress: Progress) -> None:
        if progress.done == 3:
            link.lose("one")

    with pytest.raises(RuntimeFault, match="no node of the cluster is left") as found:
        cluster_run(link, plan, progress=lose)
    assert found.value.code == "R0707" and "without --cluster" in found.value.help
    begun = compared(tmp_path / "run")
    assert 3 <= len(begun) < 8
    summary = run(plan, Bubblewrap())
    assert (summary.skipped, len(summary.entries)) == (len(begun), 8)
    assert [record for record in compared(tmp_path / "run") if record in begun] == begun


def never(name: str, said: bytes) -> bytes:
    """Takes every episode with it."""
    if name == "play":
        raise Lost("killed by what it played")
    return honest(name, said)


def test_an_episode_that_every_node_is_lost_with_is_taken_for_the_cause(
    make_bundle: MakeBundle, state: Path, tmp_path: Path
) -> None:
    plan = RunPlan([load(make_bundle())], harness_named("null"), tmp_path / "run", retries=0)
    names = ("one", "two", "three", "four", "five")
    link = Nearby(state, *map(machine, names), twists=dict.fromkeys(names, never))
    summary, _ = cluster_run(link, plan)
    (record,) = summary.records
    assert (record.outcome, record.attempt) == ("infra_error", 1)
    assert "each of 4 nodes was lost while it played this episode" in record.evidence


def another(field: str, value: object) -> Twist:
    def twist(name: str, said: bytes) -> bytes:
        said = honest(name, said)
        if name == "welcome":
            return Hello.model_validate_json(said).model_copy(update={field: value}).model_dump_json().encode()
        return said

    return twist


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("clawc", "9.9", "it has clawc 9.9"),
        ("python", "3.99.1", "with Python 3.99.1"),
        ("sources", "0" * 64, "the same version, but other files"),
        ("token", False, "asks for no token"),
        ("ok", False, "no sandbox works on it"),
        ("missing", ("gcc",), "it lacks `gcc`"),
    ],
)
def test_a_node_that_does_not_fit_is_left_out(
    field: str, value: object, why: str, make_bundle: MakeBundle, state: Path, tmp_path: Path
) -> None:
    plan = RunPlan([load(make_bundle())], harness_named("oracle"), tmp_path / "run", episodes=4, jobs=4)
    link = Nearby(state, machine("odd"), machine("good"), twists={"odd": another(field, value)})
    summary, told = cluster_run(link, plan)
    assert [record.score for record in summary.records] == ["1"] * 4
    assert [event.node for event in told if event.kind == "left out" and why in event.detail] == ["odd"]
    with pytest.raises(SandboxUnavailable, match=r"no node of the cluster can play"):
        alone = Nearby(state, machine("odd"), twists={"odd": another(field, value)})
        cluster_run(alone, replace(plan, out=tmp_path / "alone"))
    assert not (tmp_path / "alone").exists()


def absent(name: str, said: bytes) -> bytes:
    """As Ray tells of an actor whose module cannot be imported."""
    raise Failed("ModuleNotFoundError: No module named 'clawc'")


def broken(name: str, said: bytes) -> bytes:
    """Meets an error that nobody foresaw, at every episode."""
    if name == "play":
        raise Failed("ZeroDivisionError: division by zero")
    return honest(name, said)


def test_a_node_without_clawc_is_left_out(make_bundle: MakeBundle, state: Path, tmp_path: Path) -> None:
    plan = RunPlan([load(make_bundle())], harness_named("oracle"), tmp_path / "run", episodes=2, jobs=4)
    link = Nearby(state, machine("bare"), machine("good"), twists={"bare": absent})
    summary, told = cluster_run(link, plan)
    assert [record.score for record in summary.records] == ["1"] * 2
    (why,) = [event.detail for event in told if event.kind == "left out"]
    assert "No module named 'clawc'" in why and "Install the same clawc on all nodes." in why


def test_an_error_of_a_node_is_one_of_the_infrastructure(make_bundle: MakeBundle, state: Path, tmp_path: Path) -> None:
    plan = RunPlan([load(make_bundle())], harness_named("oracle"), tmp_path / "run", retries=1)
    summary, _ = cluster_run(Nearby(state, machine("one"), twists={"one": broken}), plan)
    (record,) = summary.records
    assert (record.outcome, record.attempt) == ("infra_error", 2)
    assert record.evidence == "the node failed: ZeroDivisionError: division by zero (on one)"


def lying(change: Callable[[Answer, bytes], bytes]) -> Twist:
    def twist(name: str, said: bytes) -> bytes:
        if name != "play":
            return honest(name, said)
        answer, rest = opened(said)
        return change(answer, bytes(rest))

    return twist


def forged(**changes: object) -> Twist:
    """Answers with a record that is another one."""

    def change(answer: Answer, rest: bytes) -> bytes:
        assert answer.record is not None
        return sealed(answer.model_copy(update={"record": answer.record.model_copy(update=changes)}), rest)

    return lying(change)


def index(*rows: list[object]) -> bytes:
    text = json.dumps(rows).encode()
    return b"clawc-parcel-1\n" + len(text).to_bytes(8, "big") + text


def carrying(parcel: bytes) -> Twist:
    return lying(lambda answer, rest: sealed(answer.model_copy(update={"size": len(parcel)}), parcel))


LIES: dict[str, Twist] = {
    "nothing": lying(lambda answer, rest: b""),
    "garbage": lying(lambda answer, rest: b"\x80\x05garbage" * 100),
    "a length that is not there": lying(lambda answer, rest: b"\xff" * 8),
    "no record": lying(lambda answer, rest: sealed(Answer())),
    "another run": forged(run_id="other"),
    "another episode": forged(episode="other", key="other-a1"),
    "another attempt": forged(attempt=7),
    "another agent": forged(agent="oracle#2"),
    "another task": forged(task="other"),
    "another bundle": forged(bundle_id="f" * 64),
    "another seed": forged(seed=1),
    "a score that is none": forged(score="2"),
    "a key that is a path": forged(key="../../x"),
    "less than it says": lying(lambda answer, rest: sealed(answer, rest[:-1])),
    "more than it says": lying(lambda answer, rest: sealed(answer, rest + b"x")),
    "what is never there": lying(lambda answer, rest: sealed(answer.model_copy(update={"kept": True, "key": "x"}))),
    "a path upwards": carrying(index(["..", "d", 0], ["../up", "f", 0])),
    "a record of the run": carrying(index(["run.json", "f", 0])),
    "a link": carrying(index(["workspace", "l", 0])),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("lie", LIES)
def test_a_node_that_lies_is_left_out(lie: str, make_bundle: MakeBundle, state: Path, tmp_path: Path) -> None:
    plan = RunPlan([load(make_bundle())], harness_named("oracle"), tmp_path / "run", episodes=4, jobs=4, retries=0)
    link = Nearby(state, machine("liar"), machine("good"), twists={"liar": LIES[lie]})
    summary, told = cluster_run(link, plan)
    assert [(record.score, record.attempt) for record in summary.records] == [("1", 1)] * 4
    assert [event.node for event in told if "what it answers cannot be" in event.detail] == ["liar"]
    assert {path.name for path in tmp_path.iterdir()} == {"run", "bundle1"}
    for record in summary.records:
        names = {path.name for path in (tmp_path / "run/episodes" / record.key).iterdir()}
        assert names == {"trajectory.jsonl", "verdict.json", "workspace"}


def test_what_is_large_comes_in_parts(make_bundle: MakeBundle, state: Path, tmp_path: Path) -> None:
    command = "mkdir out; head -c 20000000 /dev/urandom > out/large; for i in $(seq 500); do echo $i > $i; done"
    path = tmp_path / "script.json"
    path.write_text(json.dumps([{"tool": "exec", "command": command}]))
    plan = RunPlan([load(make_bundle())], harness_named(f"scripted:{path}"), tmp_path / "run")
    link = Nearby(state, machine("one"))
    summary, _ = cluster_run(link, plan)
    folder = tmp_path / "run/episodes" / summary.records[0].key / "workspace"
    assert (folder / "out/large").stat().st_size == 20_000_000
    assert (folder / "500").read_text() == "500\n"
    assert (link.remotes["one"][0].called["part"], link.remotes["one"][0].called["forget"]) == (3, 1)


def test_a_large_bundle_goes_in_parts(make_bundle: MakeBundle, state: Path, tmp_path: Path) -> None:
    bundle = load(make_bundle(inputs={f"in/{n}.txt": "x" * 3_000_000 for n in range(5)}))
    link = Nearby(state, machine("one"))
    summary, _ = cluster_run(link, RunPlan([bundle], harness_named("oracle"), tmp_path / "run", episodes=3, jobs=3))
    assert [record.score for record in summary.records] == ["1"] * 3
    assert link.remotes["one"][0].called["bundle"] == 2


def test_a_bundle_that_was_edited_after_all(make_bundle: MakeBundle, state: Path, tmp_path: Path) -> None:
    bundle = load(make_bundle())
    (bundle.path / "public/workspace/in/data.txt").write_text("other, and longer")
    with pytest.raises(RuntimeFault, match="edited bundle"):
        cluster_run(Nearby(state, machine("one")), RunPlan([bundle], harness_named("null"), tmp_path / "run"))


def test_places_follow_the_processors_and_the_wish(make_bundle: MakeBundle, state: Path, tmp_path: Path) -> None:
    async def rooms(jobs: int | None) -> tuple[int, list[str]]:
        told: list[Event] = []
        link = Nearby(state, machine("small", 1), machine("large", 3))
        player = ClusterPlayer(link, replace(QUICK, jobs=jobs), told.append)
        try:
            await player.require([load(make_bundle())], harness_named("null"))
            return player.room(), sorted(f"{event.node}: {event.detail}" for event in told)
        finally:
            await player.close()

    assert asyncio.run(rooms(None)) == (4, ["large: 3 at once", "small: 1 at once"])
    assert asyncio.run(rooms(2)) == (2, ["large: 3 at once", "small: 1 at once"])
    assert asyncio.run(rooms(8)) == (8, ["large: 6 at once", "small: 2 at once"])


def test_an_interrupted_run_leaves_nothing(make_bundle: MakeBundle, state: Path, tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(json.dumps([{"tool": "exec", "command": "sleep 60"}]))
    plan = RunPlan([load(make_bundle())], harness_named(f"scripted:{path}"), tmp_path / "run", 3, jobs=2, deadline_s=1)
    began = time.monotonic()
    summary, _ = cluster_run(Nearby(state, machine("one"), machine("two")), plan)
    assert (summary.missing, summary.ending.out_of_time) == (3, True)
    assert time.monotonic() - began < 20


def test_an_attempt_that_takes_too_long_is_ended_on_its_node(
    make_bundle: MakeBundle, state: Path, tmp_path: Path
) -> None:
    path = tmp_path / "script.json"
    path.write_text(json.dumps([{"tool": "exec", "command": "sleep 60"}]))
    bundle, harness = load(make_bundle()), harness_named(f"scripted:{path}")

    async def tried() -> None:
        link = Nearby(state, machine("one"))
        player = ClusterPlayer(link, QUICK)
        try:
            await player.require([bundle], harness)
            with pytest.raises(NotPlayed, match="did not finish it within"):
                await player.play(Episode("run", bundle, harness, 0, 0), tmp_path, 0.5)
            (remote,) = link.remotes["one"]
            while remote.calling("play"):
                await asyncio.sleep(0.01)
            assert remote.called["stop"] == 1
        finally:
            await player.close()

    asyncio.run(asyncio.wait_for(tried(), 20))


def test_a_program_error_of_the_watching_ends_the_run(make_bundle: MakeBundle, state: Path, tmp_path: Path) -> None:
    class Wrong(Nearby):
        async def machines(self) -> list[Machine]:
            if self.remotes:
                raise ZeroDivisionError
            return await super().machines()

    path = tmp_path / "script.json"
    path.write_text(json.dumps([{"tool": "exec", "command": "sleep 0.5"}]))
    plan = RunPlan([load(make_bundle())], harness_named(f"scripted:{path}"), tmp_path / "run", episodes=9, jobs=1)
    with pytest.raises(ZeroDivisionError):
        cluster_run(Wrong(state, machine("one")), plan)


def test_what_was_kept_of_events_stands_in_the_run_folder(tmp_path: Path) -> None:
    file = EventFile(tmp_path)
    file.add(Event("joined", "one"))
    assert not (tmp_path / "cluster.jsonl").exists()
    (tmp_path / "run.json").write_text("{}")
    file.add(Event("lost", "one", "why"))
    file.write()
    found = [json.loads(line) for line in (tmp_path / "cluster.jsonl").read_text().splitlines()]
    assert [(line["event"], line["node"], line["detail"]) for line in found] == [
        ("joined", "one", ""),
        ("lost", "one", "why"),
    ]
    (tmp_path / "cluster.jsonl").unlink()
    (tmp_path / "cluster.jsonl").symlink_to(tmp_path / "elsewhere")
    file.add(Event("lost", "one"))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["-j", "257"], "at most 256 episodes at once on one machine"),
        (["--sandbox", "none"], "R0305: there is no sandbox `none`"),
        (["--image", "alpine"], "R0305: bubblewrap has no images"),
        (["--cluster", "nowhere"], "R0701: `nowhere` is no address of a cluster"),
    ],
)
def test_what_the_command_refuses(
    options: list[str], why: str, make_bundle: MakeBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["run", str(make_bundle()), "--out", str(tmp_path / "run"), *options]) in (
        exits.USAGE, exits.ENVIRONMENT)  # fmt: skip
    assert why in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
