"""What is Docker's alone: how containers are set up, what ends them from outside, what is left by runners that were killed, and the
words for engines that cannot be used."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest

from clawc.runtime.bundle import load
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.run import RunPlan, run_episodes
from clawc.runtime.sandbox.choose import SandboxChoice, backend_of
from clawc.runtime.sandbox.docker.backend import Docker
from clawc.runtime.sandbox.docker.engine import connect
from clawc.runtime.sandbox.docker.labels import KIND, NAME, ROLE, RUNNER, SANDBOX, STATE, labels
from clawc.runtime.sandbox.docker.reaper import reap
from clawc.runtime.sandbox.interface import CHANNEL, Probe, Program
from clawc.runtime.store.run_folder import read_attempts
from tests.sandbox.bench import SMALL, Files, appears, sh, vanishes, word
from tests.sandbox.episode import HONEST_NUMBER, Forgery, script

ROOT = Path(__file__).resolve().parents[2]


def _ours(engine: Any, state: Path, role: str = "") -> list[dict[str, Any]]:
    """Containers of the runner in `state`."""
    wanted = [f"{KIND}={SANDBOX}", *([f"{ROLE}={role}"] if role else [])]
    found: list[dict[str, Any]] = engine.containers(all=True, filters={"label": wanted})
    names = {path.name for path in state.iterdir()}
    return [one for one in found if one["Labels"][RUNNER] in names]


def _volumes(engine: Any) -> set[str]:
    return {one["Name"] for one in engine.volumes()["Volumes"] or ()}


def _of(engine: Any, state: Path) -> set[str]:
    """Volumes whose options name the folder."""
    return {one["Name"] for one in engine.volumes()["Volumes"] or () if str(state) in str(one.get("Options"))}


def test_containers_have_no_rights(engine: Any, state: Path) -> None:
    async def main() -> None:
        backend = Docker(state)
        try:
            assert (await backend.probe()).ok
            sandbox = await backend.create(Files(), SMALL, {})
            (found,) = _ours(engine, state)
            seen = engine.inspect_container(found["Id"])
            host, config = seen["HostConfig"], seen["Config"]
            assert host["NetworkMode"] == "none" and host["ReadonlyRootfs"] and not host["Privileged"]
            assert host["CapDrop"] == ["ALL"] and not host["CapAdd"] and host["SecurityOpt"] == ["no-new-privileges"]
            assert host["AutoRemove"] and host["PidsLimit"] == SMALL.processes
            assert SMALL.memory_bytes < host["Memory"] == host["MemorySwap"] <= SMALL.memory_bytes + (160 << 20)
            assert not host["Devices"] and not host["Binds"] and host["PidMode"] == "" and host["IpcMode"] == "private"
            assert set(seen["NetworkSettings"]["Networks"]) <= {"none"}
            assert config["Env"] in (None, [], ["PATH=/usr/bin:/bin"]) or all("=" in one for one in config["Env"])
            for mount in seen["Mounts"]:
                inside = mount["Source"].startswith((str(state), "/var/lib/docker")) or mount["Type"] == "volume"
                assert inside and "docker.sock" not in mount["Source"], mount
                assert mount["RW"] is (mount["Destination"] in ("/w", "/dev/pts")), mount
            await sandbox.close()
        finally:
            await backend.close()

    asyncio.run(main())


def test_nothing_is_left(engine: Any, state: Path) -> None:
    """Neither containers nor volumes, whatever became of a sandbox."""

    async def main() -> None:
        backend = Docker(state)
        try:
            assert (await backend.probe()).ok
            several = [await backend.create(Files(), SMALL, {}) for _ in range(3)]
            await sh(several[0], "rm in/tool; rm -r in/deep")
            await several[1].stop()
            await several[0].close()
            fork = await several[2].fork()
            assert len(_of(engine, state)) == 2, _volumes(engine)
            assert await sh(fork, "echo alive") == "alive\n"
        finally:
            await backend.close()
        assert _of(engine, state) == set()

    asyncio.run(main())
    assert not [
        one for one in engine.containers(all=True, filters={"label": f"{KIND}={SANDBOX}"}) if str(state) in str(one)
    ]


def _kill(engine: Any, id: str) -> None:
    engine.kill(id)


def _remove(engine: Any, id: str) -> None:
    engine.remove_container(id, force=True)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("end", [_kill, _remove])
def test_an_end_from_outside_is_a_fault_of_the_runner(
    end: Callable[[Any, str], None], engine: Any, state: Path, tmp_path: Path
) -> None:
    """Neither of the agent nor a verdict."""
    marks = [word() for _ in range(3)]

    async def main() -> None:
        backend = Docker(state)
        try:
            assert (await backend.probe()).ok
            sandbox = await backend.create(Files(), SMALL, {})
            job = Program(("/bin/sleep", marks[1]), SMALL, 60.0)
            checker = Program(("/bin/sh", "-c", f"sleep {marks[2]}", CHANNEL), SMALL, 60.0, cwd="/")
            calls: list[Awaitable[object]] = [
                asyncio.create_task(sh(sandbox, f"sleep {marks[0]}")),
                asyncio.create_task(backend.run_over(job, Files(), {}, tmp_path / "tree")),
                asyncio.create_task(backend.run_reading(checker, {})),
            ]
            for mark in marks:
                await appears(mark)
            for one in await asyncio.to_thread(_ours, engine, state):
                await asyncio.to_thread(end, engine, one["Id"])
            for found in await asyncio.gather(*calls, return_exceptions=True):
                assert isinstance(found, RuntimeFault) and found.code == "R0302", found
            again = await backend.create(Files(), SMALL, {})
            assert await sh(again, "echo alive") == "alive\n"
            await sandbox.close()
        finally:
            await backend.close()

    asyncio.run(main())


def test_episodes_whose_container_is_removed_are_tried_again(
    engine: Any, state: Path, tmp_path: Path, bundles: Path
) -> None:
    mark = f"1.7{word()[1:10]}"
    agent = script(Forgery("slow", "tables", "", files=HONEST_NUMBER, commands=[f"sleep {mark}"]), tmp_path)
    plan = RunPlan([load(bundles / "tables")], agent, tmp_path / "out", episodes=3, jobs=3)

    async def main() -> list[tuple[str, str | None]]:
        backend = Docker(state)
        try:
            assert (await backend.probe()).ok
            running = asyncio.create_task(run_episodes(plan, backend))
            await appears(mark, 2)
            for one in await asyncio.to_thread(_ours, engine, state, "agent"):
                await asyncio.to_thread(_kill, engine, one["Id"])
            return [(record.outcome, record.score) for record in (await running).records]
        finally:
            await backend.close()

    assert asyncio.run(main()) == [("ok", "0.25")] * 3
    outcomes = [record.outcome for record in read_attempts(tmp_path / "out")[1]]
    assert set(outcomes) == {"ok", "infra_error"} and outcomes.count("ok") == 3, outcomes


def test_a_paused_container_can_be_ended(engine: Any, state: Path) -> None:
    async def main() -> None:
        backend = Docker(state)
        try:
            assert (await backend.probe()).ok
            sandbox = await backend.create(Files(), SMALL, {})
            (found,) = _ours(engine, state)
            await asyncio.to_thread(engine.pause, found["Id"])
            await sandbox.close()
        finally:
            await backend.close()
        assert _of(engine, state) == set()

    asyncio.run(main())


def test_a_killed_runner_leaves_no_container(engine: Any, state: Path) -> None:
    mark = word()
    argv = [sys.executable, "-m", "tests.sandbox.runner", "docker", str(state), mark]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT) as runner:
        assert runner.stdout is not None and runner.stdout.readline() == b"running\n"
        asyncio.run(_until(lambda: len(_ours(engine, state)) == 2))
        runner.send_signal(signal.SIGKILL)
    asyncio.run(vanishes(mark))
    asyncio.run(_until(lambda: not _ours(engine, state) and not _of(engine, state)))

    async def next_one() -> None:
        backend = Docker(state)
        assert (await backend.probe()).ok
        await backend.close()

    asyncio.run(next_one())


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.05)


def test_containers_of_runners_that_are_gone_are_removed(engine: Any, state: Path) -> None:
    """Those of a runner that is there stay, and so do all that are not ours."""
    held = state / "held"
    held.mkdir()
    lock = os.open(held / "lock", os.O_RDWR | os.O_CREAT)
    import fcntl

    fcntl.flock(lock, fcntl.LOCK_EX)

    async def image() -> str:
        backend = Docker(state)
        await backend.probe()
        sandbox = await backend.create(Files(), SMALL, {})
        found = _ours(engine, state)[0]["ImageID"]
        await sandbox.close()
        await backend.close()
        return str(found)

    used = asyncio.run(image())
    made = {
        name: engine.create_container_from_config({
            "Image": used, "Cmd": ["/bin/true"], "Labels": dict(given), "HostConfig": {"NetworkMode": "none"},
        }, NAME + word())["Id"]
        for name, given in (
            ("gone", labels("gone", str(state / "gone"), "agent")), ("held", labels("held", str(held), "agent")),
            ("other", {"purpose": "another"}),
        )
    }  # fmt: skip
    try:
        assert reap(engine) >= 1
        there = {one["Id"] for one in engine.containers(all=True)}
        assert [name for name, id in made.items() if id in there] == ["held", "other"]
    finally:
        for id in made.values():
            if any(one["Id"] == id for one in engine.containers(all=True)):
                engine.remove_container(id, force=True)
        os.close(lock)
        shutil.rmtree(held)


def test_volumes_of_runners_that_are_gone_are_removed(engine: Any, state: Path) -> None:
    """An engine that was killed forgets containers, and keeps these."""
    made: dict[str, str] = {}

    async def main() -> None:
        backend = Docker(state)
        try:
            assert (await backend.probe()).ok
            sandbox = await backend.create(Files(), SMALL, {})
            (found,) = _ours(engine, state)
            mine = [m["Name"] for m in engine.inspect_container(found["Id"])["Mounts"] if m["Type"] == "volume"]
            given = [engine.inspect_volume(name)["Labels"] for name in mine]
            assert len(mine) == 2 and given == [{k: found["Labels"][k] for k in given[0]}] * 2
            for name, about in (("held", given[0]), ("gone", {**given[0], STATE: str(state / "gone")}), ("other", {})):
                made[name] = engine.create_volume(labels=about)["Name"]
            reap(engine)
            assert [name for name, volume in made.items() if volume in _volumes(engine)] == ["held", "other"]
            assert await sh(sandbox, "echo alive") == "alive\n"
            await sandbox.close()
        finally:
            await backend.close()

    try:
        asyncio.run(main())
        reap(engine)
        assert [name for name, volume in made.items() if volume in _volumes(engine)] == ["other"]
    finally:
        for volume in set(made.values()) & _volumes(engine):
            engine.remove_volume(volume)


def _reason(monkeypatch: pytest.MonkeyPatch, host: str) -> SandboxUnavailable:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(SandboxUnavailable) as caught:
        connect()

    async def probed() -> None:
        backend = Docker()
        found = await backend.probe()
        assert (found.ok, found.reason, found.help) == (False, caught.value.message, caught.value.help)
        with pytest.raises(SandboxUnavailable):
            await backend.create(Files(), SMALL, {})
        await backend.close()

    asyncio.run(probed())
    return caught.value


def test_engines_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    absent = _reason(monkeypatch, f"unix://{tmp_path}/absent.sock")
    assert "is not there" in absent.message and "start it" in absent.help
    remote = _reason(monkeypatch, "tcp://127.0.0.1:1")
    assert "reached by network" in remote.message and "DOCKER_HOST" in remote.help
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        deaf = _reason(monkeypatch, f"unix://{tmp_path}/s")
    assert "does not answer" in deaf.message


class _Ill(BaseHTTPRequestHandler):
    """An engine that tells its version, and fails in all else."""

    def address_string(self) -> str:
        return ""

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        ok = self.path.endswith("/version")
        body = json.dumps({"ApiVersion": "1.41", "Os": "linux", "message": "no such disk"}).encode()
        self.send_response(200 if ok else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def test_an_engine_that_is_ill(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with ThreadingUnixStreamServer(str(tmp_path / "s"), _Ill) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/s")

        async def main() -> Probe:
            backend = Docker()
            try:
                return await backend.probe()
            finally:
                await backend.close()

        try:
            found = asyncio.run(main())
        finally:
            server.shutdown()
    assert not found.ok and "no such disk" in found.reason and found.help


def test_images_that_cannot_be_used(engine: Any, state: Path) -> None:
    async def reason(image: str) -> str:
        backend = backend_of(SandboxChoice("docker", image), state)
        found = await backend.probe()
        await backend.close()
        assert not found.ok and found.help
        return found.reason

    assert "no-such-image" in asyncio.run(reason("no-such-image:1"))
    empty = engine.import_image_from_data(b"\0" * 10240, repository="clawc-test/empty", tag="1")
    assert "sha256" in empty
    try:
        assert "python3" in asyncio.run(reason("clawc-test/empty:1"))
    finally:
        engine.remove_image("clawc-test/empty:1", force=True)


def test_only_docker_has_images() -> None:
    with pytest.raises(RuntimeFault, match="has no images"):
        backend_of(SandboxChoice("bubblewrap", "x"))
    with pytest.raises(RuntimeFault, match="no sandbox `podman`"):
        backend_of(SandboxChoice("podman"))
