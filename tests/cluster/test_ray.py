"""`clawc run --cluster` on a real cluster of two nodes on this machine: nodes and commands that are killed midway change no
record."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from bench.ray_nodes import Machines, free_port
from clawc import exits
from tests.cluster.test_player import kept
from tests.runtime.conftest import MakeBundle
from tests.runtime.test_kills import compared, lines

pytestmark = pytest.mark.usefixtures("works")
EPISODES = 40


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with Machines() as found:
        yield found


@pytest.fixture
def command(make_bundle: MakeBundle, make_checker: Callable[..., str], tmp_path: Path) -> list[str]:
    """`clawc run` of two tasks, with an agent that takes a while; the folder is to be appended."""
    script = tmp_path / "script.json"
    calls = [
        {"tool": "write", "path": "out/answer.txt", "content": "half"},
        {"tool": "exec", "command": "sleep 0.4; cat in/data.txt"},
        {"tool": "final", "text": "done"},
    ]
    script.write_text(json.dumps(calls))
    bundles: list[str] = []
    for task in ("one", "two"):
        check = make_checker().replace('"task": "tiny"', f'"task": "{task}"')
        bundles.append(str(make_bundle(task=task, check=check)))
    options = ["--agent", f"scripted:{script}", "-n", str(EPISODES // 2), "--retries", "0", "--out"]
    return [sys.executable, "-m", "clawc", "run", *bundles, *options]


def start(machines: Machines, command: Sequence[str], *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*command, *more], env=machines.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def events(out: Path) -> list[tuple[str, str]]:
    """What became of which node, by its address."""
    path = out / "cluster.jsonl"
    found = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    return [(line["event"], line["node"].partition(" ")[0]) for line in found]


def played(out: Path, wanted: int) -> Callable[[], bool]:
    """Whether so many records are there."""
    return lambda: lines(out) >= wanted


def undisturbed(machines: Machines, command: Sequence[str], out: Path) -> None:
    said = start(machines, command, str(out), "-j", "8").communicate(timeout=120)
    assert lines(out) == EPISODES, said


def test_a_node_that_is_killed_midway_changes_no_record(machines: Machines, command: list[str], tmp_path: Path) -> None:
    undisturbed(machines, command, tmp_path / "local")
    out, victim = tmp_path / "run", machines.join()
    running = start(machines, command, str(out), "--cluster", machines.address)
    machines.wait(lambda: ("joined", victim) in events(out) and lines(out) >= 3, "the node has not joined")
    machines.kill(victim)
    assert lines(out) < EPISODES
    said, errors = running.communicate(timeout=120)
    assert (said.splitlines()[-1], "(raylet)" in said + errors) == (str(out), False)
    assert running.returncode == exits.OK, said + errors + machines.said()
    assert ("lost", victim) in events(out) and f"node {victim}" in errors
    assert compared(out) == compared(tmp_path / "local")
    assert kept(out) == kept(tmp_path / "local")


@pytest.mark.nightly
def test_a_command_that_is_killed_is_continued_on_the_cluster_and_here(
    machines: Machines, command: list[str], tmp_path: Path
) -> None:
    undisturbed(machines, command, tmp_path / "local")
    out, other = tmp_path / "run", machines.join()
    for wanted in (3, 9):
        running = start(machines, command, str(out), "--cluster", machines.address)
        machines.wait(played(out, wanted), "nothing is played")
        running.send_signal(signal.SIGKILL)
        running.communicate()
        assert lines(out) < EPISODES
    assert ("joined", other) in events(out)
    machines.kill(other)
    before = (out / "episodes.jsonl").read_bytes()
    last = start(machines, command, str(out), "-j", "8")
    said, errors = last.communicate(timeout=120)
    assert last.returncode == exits.OK, said + errors
    assert (out / "episodes.jsonl").read_bytes().startswith(before.rpartition(b"\n")[0])
    assert compared(out) == compared(tmp_path / "local")
    assert kept(out) == kept(tmp_path / "local")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_leaves_nothing_on_the_nodes(
    machines: Machines, command: list[str], tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "run"
    running = start(machines, command, str(out), "--cluster", machines.address)
    machines.wait(played(out, 2), "nothing is played")
    running.send_signal(number)
    said, errors = running.communicate(timeout=60)
    assert (running.returncode, said) == (exits.INTERRUPTED, ""), errors
    assert "interrupted" in errors and "Traceback" not in errors and "***" not in errors
    state = machines.folder / "state"
    assert [path.name for path in state.glob("clawc-state-*")] == []
    assert 2 <= lines(out) < EPISODES


def test_what_does_not_reach_a_cluster_says_why(machines: Machines, command: list[str], tmp_path: Path) -> None:
    host = machines.address.partition(":")[0]
    wrong = machines.folder / "wrong"
    wrong.write_text("0" * 64)
    tries: list[tuple[str, dict[str, str], int, str]] = [
        (f"{host}:{free_port(host)}", {}, exits.ENVIRONMENT, "R0703: cannot reach a cluster"),
        (machines.address, {"RAY_AUTH_TOKEN_PATH": str(wrong)}, exits.ENVIRONMENT, "R0702: the cluster at"),
        (machines.address, {"RAY_AUTH_MODE": "disabled"}, exits.ENVIRONMENT, "R0702: RAY_AUTH_MODE turns"),
        (f"ray://{machines.address}", {}, exits.USAGE, "R0701"),
    ]
    for address, changes, status, why in tries:
        done = subprocess.run(
            [*command, str(tmp_path / "run"), "--cluster", address],
            env={**machines.environment, **changes}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (status, ""), done.stderr
        assert why in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "run/run.json").exists()


def test_a_cluster_that_asks_for_no_token_is_refused(command: list[str], tmp_path: Path) -> None:
    with Machines(token=False) as machines:
        out = tmp_path / "run"
        said, errors = start(machines, command, str(out), "--cluster", machines.address).communicate(timeout=60)
        assert "R0702" in errors and "asks for no token" in errors, said + errors
        assert not (out / "run.json").exists()


def test_without_ray_it_says_what_to_install(command: list[str], tmp_path: Path) -> None:
    hide = "import sys; sys.modules['ray'] = None; from clawc.__main__ import main; main()"
    program = [sys.executable, "-c", hide, *command[3:], str(tmp_path / "run"), "--cluster", "auto"]
    done = subprocess.run(program, capture_output=True, text=True, env={**os.environ})
    assert (done.returncode, done.stdout) == (exits.ENVIRONMENT, ""), done.stderr
    assert "R0704" in done.stderr and "pip install 'clawc[ray]'" in done.stderr


def test_nothing_of_ray_is_imported_for_a_run_on_this_machine(command: list[str], tmp_path: Path) -> None:
    program = (
        "import sys; from clawc import cli; code = cli.run(sys.argv[1:]);"
        "print([name for name in sys.modules if name == 'ray' or name.startswith('clawc.runtime.cluster')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command[3:], str(tmp_path / "run"), "-n", "1"], capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.mark.nightly
def test_a_node_that_stands_still_is_lost_in_the_end(machines: Machines, command: list[str], tmp_path: Path) -> None:
    undisturbed(machines, command, tmp_path / "local")
    out, victim = tmp_path / "run", machines.join()
    running = start(machines, command, str(out), "--cluster", machines.address)
    machines.wait(lambda: ("joined", victim) in events(out) and lines(out) >= 3, "the node has not joined")
    machines.halt(victim)
    began = time.monotonic()
    try:
        said, errors = running.communicate(timeout=150)
    finally:
        machines.kill(victim)
    print(f"lost after {time.monotonic() - began:.0f} s at most")
    assert running.returncode == exits.OK, said + errors + machines.said()
    assert ("lost", victim) in events(out)
    assert compared(out) == compared(tmp_path / "local")


@pytest.mark.nightly
def test_without_its_head_the_command_ends_and_is_continued_here(command: list[str], tmp_path: Path) -> None:
    out = tmp_path / "run"
    with Machines() as machines:
        machines.join()
        running = start(machines, [*command, str(out), "-n", "100"], "--cluster", machines.address)
        machines.wait(played(out, 4), "nothing is played")
        machines.kill(machines.head)
        said, errors = running.communicate(timeout=90)
        assert (running.returncode, said) == (exits.ENVIRONMENT, ""), errors
        assert "R0703: the head of the cluster" in errors and "Traceback" not in errors
        done = lines(out)
        assert 4 <= done < 200
        again = start(machines, [*command, str(out), "-n", "100"], "-j", "16")
        said, errors = again.communicate(timeout=120)
        assert (again.returncode, lines(out)) == (exits.OK, 200), said + errors
