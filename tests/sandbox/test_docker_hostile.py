"""What a stranger's image, another user of the machine, or somebody who kills by number may bring about with Docker's sandboxes: at
most that one of them does not start, or is told to have been lost."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.images.host import host_image
from clawc.runtime.sandbox.docker.backend import Docker
from clawc.runtime.sandbox.docker.labels import KIND, RUNNER, SANDBOX, STATE
from clawc.runtime.sandbox.docker.reaper import reap
from clawc.runtime.sandbox.interface import Program
from tests.descriptors import held
from tests.sandbox.bench import SMALL, Files, appears, sh, word

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to see what containers leave on this machine")


Images = Callable[..., str]


@pytest.fixture
def images(engine: Any) -> Iterator[Images]:
    """Makes images of this machine's: with further files (a text is a program, a tuple a link), and changes of what they say."""
    made: list[str] = []

    def make(files: Mapping[str, str | tuple[str]], changes: Sequence[str] = ()) -> str:
        body = {"Image": host_image(engine).id, "Cmd": ["/bin/true"], "HostConfig": {"NetworkMode": "none"}}
        container = engine.create_container_from_config(body)["Id"]
        try:
            engine.put_archive(container, "/", _archive(files))
            made.append(engine.commit(container, changes=list(changes))["Id"])
        finally:
            engine.remove_container(container, v=True)
        return made[-1]

    yield make
    for one in made:
        engine.remove_image(one, force=True)


def _archive(files: Mapping[str, str | tuple[str]]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.rstrip("/"))
            entry.mode = 0o755
            if name.endswith("/"):
                entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
                archive.addfile(entry)
            elif isinstance(content, tuple):
                entry.type, entry.linkname = tarfile.SYMTYPE, content[0]
                archive.addfile(entry)
            else:
                entry.size = len(content.encode())
                archive.addfile(entry, io.BytesIO(content.encode()))
    return data.getvalue()


def _volumes(engine: Any, state: Path) -> set[str]:
    """Of the runner in `state`; those that an image declares have no mark."""
    return {one["Name"] for one in engine.volumes()["Volumes"] or () if str(state) in str(one.get("Options"))}


def _ours(engine: Any, state: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = engine.containers(all=True, filters={"label": f"{KIND}={SANDBOX}"})
    names = {path.name for path in state.iterdir()}
    return [one for one in found if one["Labels"].get(RUNNER) in names]


def test_volumes_of_an_image_are_no_room(engine: Any, state: Path, images: Images) -> None:
    """They would be outside of all limits, on the engine's disk: empty folders stand there."""
    image = images(
        {"data/": "", "data/file": "", "var/data/": ""},
        [f"VOLUME {path}" for path in ("/data", "/var/data", "/w", "/tmp", "/etc/passwd")],
    )
    volumes: set[str] = set()

    async def main() -> None:
        backend = Docker(state, image=image)
        try:
            assert (await backend.probe()).ok, await backend.probe()
            sandbox = await backend.create(Files(), SMALL, {})
            tried = "for f in /data /var/data; do echo x > $f/new && echo written; done; ls -A /data /tmp /w"
            said = await sh(sandbox, tried)
            assert "written" not in said and "/data:\n\n/tmp:\n\n/w:\nin\n" in said, said
            (found,) = _ours(engine, state)
            volumes.update(
                one["Name"] for one in engine.inspect_container(found["Id"])["Mounts"] if one["Type"] == "volume"
            )
            await sandbox.close()
        finally:
            await backend.close()

    asyncio.run(main())
    assert volumes and not volumes & {one["Name"] for one in engine.volumes()["Volumes"] or ()}


def test_a_volume_inside_of_the_workspace_is_refused(state: Path, images: Images) -> None:
    async def main() -> None:
        backend = Docker(state, image=images({}, ["VOLUME /w/inner/"]))
        found = await backend.probe()
        await backend.close()
        assert not found.ok and "`/w/inner`" in found.reason and found.help

    asyncio.run(main())


_LINKS: tuple[tuple[str, str], ...] = (
    ("w", "/etc"), ("w", "/proc/self"), ("run", "/usr/share"), ("run/clawc", "/etc"), ("tmp", "/w"), ("etc/passwd", "/usr/lib/locale"),
    ("etc/hosts", "/proc/1/environ"), ("dev", "/etc"), ("w", "../../../../../../var/tmp"),
)  # fmt: skip


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("name", "target"), _LINKS)
def test_links_of_an_image_lead_nowhere(name: str, target: str, engine: Any, state: Path, images: Images) -> None:
    """A sandbox works, or does not start; nothing of this machine is met or changed."""
    image = images({name: (target,)})
    mark = f"clawc-{word()}"

    async def main() -> None:
        backend = Docker(state, image=image)
        try:
            found = await backend.probe()
            if not found.ok:
                assert found.reason and found.help
                return
            sandbox = await backend.create(Files(), SMALL, {})
            await sh(sandbox, f"for f in /w /tmp /etc /run /var/tmp; do touch $f/{mark}; done")
            await sandbox.close()
        finally:
            await backend.close()

    asyncio.run(main())
    assert not [folder for folder in ("/etc", "/tmp", "/run", "/var/tmp", "/w") if Path(folder, mark).exists()]
    assert not _volumes(engine, state) and not _ours(engine, state)


_LIAR = """#!/usr/bin/python3.11 -IS
import array, os, socket, sys, time
control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
control.connect("/run/control/socket")
{act}
"""
_TAKE = "data, fds, _, _ = socket.recv_fds(control, 1 << 17, 8)\n"
_LIES: Mapping[str, str] = {
    "goes at once": "os._exit(0)",
    "hangs up for a while": "control.close(); time.sleep(6)",
    "hangs up": "control.close(); time.sleep(1000)",
    "says nothing": f"{_TAKE}os._exit(0)",
    "says much": f"{_TAKE}[os.write(fds[-1], b'x' * 65536) for _ in range(1000)]",
    "says no words": f"{_TAKE}os.write(fds[-1], b'\\xff\\0\\n' * 1000)",
    "claims a status": f"{_TAKE}os.write(fds[-1], b'ready\\n{{\"exit\": -7, \"cpu_s\": 0, \"peak_bytes\": 0}}\\n')",
    "claims a size": f"{_TAKE}os.write(fds[-1], b'ready\\n{{\"exit\": 0, \"cpu_s\": 0, \"peak_bytes\": ' + b'9' * 3000 + b'}}\\n')",
    "sends descriptors": f"{_TAKE}[socket.send_fds(control, [b'x'], fds) for _ in range(4)]",
    "breaks its channel": f"{_TAKE}os.write(fds[-1], b'ready'); os.write(fds[0], b'{{\"ready\": true}}\\n' + b'9' * 2000000)",
}  # fmt: skip


# Until the runner ends one that says nothing more, minutes pass.
@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "lie", [pytest.param(lie, marks=pytest.mark.nightly) if lie == "hangs up" else lie for lie in _LIES]
)
def test_an_interpreter_that_lies(lie: str, engine: Any, state: Path, images: Images) -> None:
    image = images({"usr/bin/python3": _LIAR.format(act=_LIES[lie])})

    async def main() -> None:
        backend = Docker(state, image=image)
        try:
            found = await backend.probe()
            assert not found.ok and found.reason and found.help
        finally:
            await backend.close()

    before = held()
    asyncio.run(main())
    assert not held() - before
    assert not _ours(engine, state)


def test_an_image_that_runs_all_else(engine: Any, state: Path, images: Images) -> None:
    """What an image wants to be started, or watched, is not; its words for us are no labels of ours."""
    image = images(
        {"evil": "#!/bin/sh\ntouch /w/evil; sleep 1000"},
        [
            'ENTRYPOINT ["/evil"]', 'CMD ["/evil"]', "USER root", "WORKDIR /usr", "HEALTHCHECK --interval=1s CMD /evil", "ONBUILD RUN /evil",
            "EXPOSE 80", f"LABEL {RUNNER}=another {STATE}=/ {KIND}=other", "ENV PYTHONPATH=/w LANG=x HOME=/usr PATH=/w",
        ],
    )  # fmt: skip

    async def main() -> None:
        backend = Docker(state, image=image)
        try:
            assert (await backend.probe()).ok
            sandbox = await backend.create(Files(), SMALL, {})
            (found,) = _ours(engine, state)
            seen = engine.inspect_container(found["Id"])
            assert "Health" not in seen["State"] and not seen["NetworkSettings"]["Ports"]
            said = await sh(sandbox, "id -u; ls; env; for p in /proc/[0-9]*; do cat $p/cmdline; done | tr '\\0' ' '")
            assert "evil" not in said and "HOME=/tmp" in said and not said.startswith("0\n"), said
            await sandbox.close()
        finally:
            await backend.close()

    asyncio.run(main())


def test_containers_of_an_image_with_our_labels_are_anothers(engine: Any, state: Path, images: Images) -> None:
    """Labels of an image are inherited by whatever somebody starts from it."""
    image = images({}, [f"LABEL {KIND}={SANDBOX} {RUNNER}=gone {STATE}={state}/gone"])
    body = {"Image": image, "Cmd": ["/bin/true"], "HostConfig": {"NetworkMode": "none"}}
    container = engine.create_container_from_config(body)["Id"]
    try:
        reap(engine)
        assert container in {one["Id"] for one in engine.containers(all=True)}
    finally:
        engine.remove_container(container)


def test_what_is_removed_is_removed_by_no_strangers_program(engine: Any, state: Path, images: Images) -> None:
    image = images({"usr/bin/find": "#!/bin/sh\ncp /bin/sh /remove/0/shell; chmod 4755 /remove/0/shell; sleep 1"})
    remains = state / "remains"
    shells: list[Path] = []

    async def look() -> None:
        while True:
            shells.extend(remains.glob("shell"))
            await asyncio.sleep(0.01)

    async def main() -> None:
        backend = Docker(state, image=image)
        try:
            assert (await backend.probe()).ok
            (remains / "a").mkdir(parents=True)
            looking = asyncio.create_task(look())
            await backend._prepared().starter.clear([remains])  # pyright: ignore[reportPrivateUsage]
            looking.cancel()
        finally:
            await backend.close()
        assert not remains.exists() and not shells

    asyncio.run(main())


def test_strangers_at_the_door(state: Path, engine: Any) -> None:
    """Another user who finds the socket of a container cannot connect; another process that may is not taken for its first."""
    over = threading.Event()
    held: list[socket.socket] = []
    modes: set[int] = set()

    def knock() -> None:
        while not over.is_set():
            stranger = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                for path in state.glob("clawc-state-*/*/*/socket"):
                    stranger.connect(str(path))
                    held.append(stranger)
                    modes.add(path.parent.stat().st_mode & 0o777)
            except OSError:
                continue
            finally:
                if stranger not in held:
                    stranger.close()

    async def main() -> None:
        backend = Docker(state)
        try:
            assert (await backend.probe()).ok
            for _ in range(3):
                sandbox = await backend.create(Files(), SMALL, {})
                assert await sh(sandbox, "echo alive") == "alive\n"
                await sandbox.close()
        finally:
            await backend.close()

    knocking = threading.Thread(target=knock)
    knocking.start()
    try:
        asyncio.run(main())
    finally:
        over.set()
        knocking.join()
    assert held and all(mode & 0o077 == 0 for mode in modes), modes
    for stranger in held:
        stranger.settimeout(1)
        with suppress(ConnectionResetError):
            assert stranger.recv(1) == b""
        stranger.close()


def test_a_job_that_is_killed_by_number_is_lost(state: Path, engine: Any, tmp_path: Path) -> None:
    """No engine tells of it; nothing inside can bring it about."""
    mark = word()

    async def main() -> None:
        backend = Docker(state)
        try:
            assert (await backend.probe()).ok
            job = Program(("/bin/sleep", mark), SMALL, 60.0)
            running = asyncio.create_task(backend.run_over(job, Files(), {}, tmp_path / "tree"))
            await appears(mark)
            (found,) = _ours(engine, state)
            os.kill(int(engine.inspect_container(found["Id"])["State"]["Pid"]), signal.SIGKILL)
            with pytest.raises(RuntimeFault, match="from outside"):
                await running
        finally:
            await backend.close()

    asyncio.run(main())


def test_checkers_do_not_run_in_an_image_of_a_user(state: Path, images: Images, tmp_path: Path) -> None:
    """Agents and jobs do; what a checker has is this machine's."""
    image = images({"usr/bin/marked": "#!/bin/sh\necho marked"})

    async def main() -> None:
        backend = Docker(state, image=image)
        try:
            assert (await backend.probe()).ok
            sandbox = await backend.create(Files(), SMALL, {})
            assert await sh(sandbox, "marked") == "marked\n"
            await sandbox.close()
            look = ("/bin/sh", "-c", "marked || echo absent")
            job = await backend.run_over(Program(look, SMALL, 30.0), Files(), {}, tmp_path / "tree")
            checker = await backend.run_reading(Program(look, SMALL, 30.0, cwd="/"), {})
            assert (job.stdout, checker.stdout) == (b"marked\n", b"absent\n"), (job, checker)
        finally:
            await backend.close()

    asyncio.run(main())
