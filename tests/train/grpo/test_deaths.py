"""What dies under a training: the engine's process, sandboxes, bundles, the disk. It goes on, or ends with a word and goes on later."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clawc.commands.train_grpo import GrpoOptions, grpo_command, settings_of
from clawc.exits import OK, UserError
from clawc.runtime.bundle import Bundle
from clawc.runtime.engine.local.packages import TOKENS
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.harness.interface import Harness
from clawc.runtime.player import LocalPlayer, Player
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.rollout import Episode
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.probe import find_bwrap
from clawc.runtime.sandbox.session import Session
from clawc.runtime.train.grpo.engines import LocalWeights
from clawc.runtime.train.grpo.run import GrpoResult, grpo
from clawc.runtime.train.records import METRICS
from clawc.runtime.train.trainer import TRAINER
from tests.campaign.conftest import Project, project, works
from tests.engine_local.conftest import skip_without, tiny_model
from tests.train.grpo.conftest import often_ending
from tests.train.grpo.test_sandboxes import lines, options

__all__ = ["options", "project", "tiny_model", "works"]
skip_without(*TOKENS, *TRAINER, extra="train")
pytestmark = pytest.mark.usefixtures("works")


def engines() -> list[int]:
    """Processes of engines that this one has started."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"clawc.runtime.engine.local" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
        except (OSError, ValueError):
            continue
    return found


def asked(out: Path, step: int) -> bool:
    """Whether an episode of the step has asked its model for something that it has not got."""
    for path in out.glob(f"rollouts/step-{step:06d}-*/episodes/*/capture.jsonl"):
        text = path.read_text()
        if '"asked"' in text and '"answered"' not in text and '"failed"' not in text:
            return True
    return False


@contextmanager
def killing(when: Callable[[], bool], most: int) -> Generator[list[int]]:
    """Kills engines as soon as `when` holds, so many; gives those that were."""
    killed: list[int] = []
    over = threading.Event()

    def look() -> None:
        while len(killed) < most and not over.wait(0.02):
            if when():
                for pid in set(engines()) - set(killed):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join(10)


def outcomes(out: Path, step: int) -> list[str]:
    return [
        json.loads(line)["outcome"]
        for path in sorted(out.glob(f"rollouts/step-{step:06d}-*/episodes.jsonl"))
        for line in path.read_text().splitlines()
    ]


@pytest.fixture
def long(options: GrpoOptions, tiny_model: Path, project: Project) -> GrpoOptions:
    """Answers take a while."""
    model = often_ending(tiny_model, project.root / "longer")
    for name in ("config.json", "generation_config.json"):
        settings = json.loads((model / name).read_text())
        (model / name).write_text(json.dumps({**settings, "eos_token_id": list(range(8))}))
    return replace(options, model=model, max_tokens=300, longest=1400)


def test_an_engine_that_is_killed_is_started_with_the_weights_of_now(project: Project, long: GrpoOptions) -> None:
    """Its episodes are the infrastructure's, and are played again by another one: the gap is small, so its weights are those of now."""
    with killing(lambda: asked(project.out, 1), 1) as killed:
        assert grpo_command([project.root / "bundles"], long) == OK
    assert len(killed) == 1
    found = lines(project.out)
    assert [line["version"] for line in found] == [0, 1]
    assert all(0 <= float(str(line["gap"])) < 1e-4 and line["unscored"] == 0 for line in found), found
    assert "infra_error" in outcomes(project.out, 1) and "infra_error" not in outcomes(project.out, 0)


@pytest.mark.nightly
def test_engines_that_are_killed_again_and_again_end_the_training_with_a_word(
    project: Project, long: GrpoOptions
) -> None:
    bundles = [project.root / "bundles"]
    with killing(lambda: asked(project.out, 1), 100), pytest.raises(UserError) as told:
        grpo_command(bundles, replace(long, save_every=1))
    assert "processes in a row are gone" in str(told.value) or "R0953" in str(told.value), told.value
    assert len(lines(project.out)) == 1
    assert grpo_command(bundles, replace(long, save_every=1, resume=True)) == OK
    found = lines(project.out)
    assert [line["version"] for line in found] == [0, 1] and 0 <= float(str(found[1]["gap"])) < 1e-4


@pytest.mark.nightly
@pytest.mark.parametrize("sound", [True, False])
def test_an_engine_that_is_killed_while_it_loads_weights_is_started_with_them(
    tiny_model: Path, tmp_path: Path, sound: bool
) -> None:
    """Unless another one does not load them, either."""
    weights = LocalWeights(tiny_model, dtype="float32", device="cpu", adapters=False)
    other = shutil.copytree(tiny_model, tmp_path / "other")
    if not sound:
        (other / "model.safetensors").write_bytes(b"nothing")

    async def main() -> None:
        await weights.engine.open()
        pid = weights.engine.tokens.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        loading = asyncio.ensure_future(weights.load(other, 3))
        await asyncio.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        try:
            if sound:
                await loading
                assert (weights.version, weights.engine.tokens.pid != pid) == (3, True)
            else:
                with pytest.raises(RuntimeFault, match="cannot be loaded") as told:
                    await loading
                assert told.value.code == "R0953"
        finally:
            await weights.engine.close()

    asyncio.run(main())


class Broken(Bubblewrap):
    """No sandbox starts."""

    async def create(self, *_: Any, **__: Any) -> Session:
        raise RuntimeFault("R0302", "the sandbox did not start: no room for another one")


class SomeBroken(LocalPlayer):
    """The first episode of each task never starts."""

    def __init__(self) -> None:
        super().__init__(Bubblewrap())
        self._backend_that_fails = Broken()
        self._broken = LocalPlayer(self._backend_that_fails)

    async def require(self, bundles: Sequence[Bundle], harness: Harness) -> None:
        await self._backend_that_fails.probe()
        await super().require(bundles, harness)

    async def play(self, episode: Episode, folder: Path, limit_s: float) -> EpisodeRecord:
        if episode.index == 0:
            return await self._broken.play(episode, folder, limit_s)
        return await super().play(episode, folder, limit_s)

    async def close(self) -> None:
        await self._broken.close()
        await super().close()


def trained(project: Project, options: GrpoOptions, player: Player, *, resume: bool = False) -> GrpoResult:
    bundles = [project.root / "bundles" / name for name in ("one", "two")]
    return grpo(options.model, bundles, project.out, settings_of(options), options.agent, player, resume=resume)


def test_sandboxes_that_do_not_start_are_not_in_the_group(project: Project, options: GrpoOptions) -> None:
    done = trained(project, options, SomeBroken())
    found = lines(project.out)
    assert [(line["episodes"], line["unscored"]) for line in found] == [(4, 2), (4, 2)] and done.steps == 2
    assert all(0 <= float(str(line["gap"])) < 1e-4 for line in found), found


@pytest.mark.nightly
def test_where_no_sandbox_starts_it_ends_and_goes_on_later(project: Project, options: GrpoOptions) -> None:
    with pytest.raises(RuntimeFault, match=r"no episode of step 0 could be scored: .*no room for another one") as told:
        trained(project, options, LocalPlayer(Broken()))
    assert told.value.code == "R0998"
    assert trained(project, options, LocalPlayer(Bubblewrap()), resume=True).steps == 2
    assert [line["unscored"] for line in lines(project.out)] == [0, 0]


class Deleting(LocalPlayer):
    """Someone deletes what stands at a path before the first episode of the second step."""

    def __init__(self, path: Path, out: Path) -> None:
        super().__init__(Bubblewrap())
        self._path = path
        self._out = out

    async def play(self, episode: Episode, folder: Path, limit_s: float) -> EpisodeRecord:
        if self._path.exists() and (self._out / METRICS).is_file():
            shutil.rmtree(self._path)
        return await super().play(episode, folder, limit_s)


@pytest.mark.nightly
@pytest.mark.parametrize("part", ["", pytest.param("private", marks=pytest.mark.nightly)])
def test_bundles_that_are_deleted_meanwhile(project: Project, options: GrpoOptions, part: str) -> None:
    """The word names what is missing; with it in its place again, the training goes on."""
    place = project.root / "bundles" / "one"
    kept = shutil.copytree(place, project.root / "kept")
    with pytest.raises(RuntimeFault, match=str(place)) as told:
        trained(project, replace(options, steps=4), Deleting(place / part, project.out))
    assert told.value.code in ("R0101", "R0102", "R0103", "R0104", "R0998"), told.value
    shutil.rmtree(place, ignore_errors=True)
    shutil.move(kept, place)
    assert trained(project, replace(options, steps=4), LocalPlayer(Bubblewrap()), resume=True).steps == 4
    assert [line["step"] for line in lines(project.out)] == [1, 2, 3, 4]


FULL = """
"$@" --steps=2 || exit 90
left=$(($(stat -f -c %a*%S .) - $LEFT))
head -c $left /dev/zero > ballast
"$@" --steps=4 --resume
echo "status $?" >&2
rm ballast
exec "$@" --steps=4 --resume
"""


@pytest.mark.nightly
@pytest.mark.parametrize("left", [4_096, 200_000])
def test_on_a_full_disk_it_ends_and_goes_on_later(
    project: Project, options: GrpoOptions, tmp_path: Path, left: int
) -> None:
    """A real one, in memory: there is no room for what episodes leave, or none for weights."""
    try:
        bwrap = find_bwrap()[0]
    except SandboxUnavailable as why:
        pytest.skip(f"no bubblewrap, which mounts the small disk: {why}")
    place = tmp_path / "small"
    place.mkdir()
    fields = {
        "model": options.model, "out": place / "out", "agent": options.agent, "group": 3, "tasks": 2, "jobs": 6, "max-tokens": 6,
        "dtype": "float32", "device": "cpu", "rate": 1e-3, "save-every": 1, "refills": 0, "overlong-penalty": 1.0, "longest": 900,
    }  # fmt: skip
    train = [sys.executable, "-m", "clawc", "train", "grpo", str(project.root / "bundles")]
    train += [f"--{name}={value}" for name, value in fields.items()]
    command = [str(bwrap), "--dev-bind", "/", "/", "--size", str(8 << 20), "--tmpfs", str(place), "--chdir", str(place)]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "LEFT": str(left)}
    done = subprocess.run([*command, "/bin/sh", "-c", FULL, "sh", *train], env=env, capture_output=True, text=True)
    assert done.returncode == OK and "Traceback" not in done.stderr, done.stderr[-3000:]
    assert "status 2" in done.stderr or "status 3" in done.stderr, done.stderr[-3000:]
    assert "R0994" in done.stderr and "then give the same command with `--resume`" in done.stderr, done.stderr[-2000:]
    assert "4 steps in" in done.stdout
