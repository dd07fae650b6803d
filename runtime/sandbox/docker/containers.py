"""Starts boxes as containers: one for each, removed by the engine when its first process ends."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.images.host import HostImage
from clawc.runtime.sandbox.command import Descriptors
from clawc.runtime.sandbox.docker import plan
from clawc.runtime.sandbox.docker.box import ContainerBox
from clawc.runtime.sandbox.docker.events import Event, Events
from clawc.runtime.sandbox.docker.labels import RUNNER, labels
from clawc.runtime.sandbox.docker.ours import lay_etc, lay_inside
from clawc.runtime.sandbox.docker.requests import Requests
from clawc.runtime.sandbox.finish import finish, in_thread
from clawc.runtime.sandbox.ground import Area, Role
from clawc.runtime.sandbox.inside.contained import CONTROL
from clawc.runtime.sandbox.pipes import PipeReader
from clawc.runtime.sandbox.remove import remove_tree
from clawc.runtime.sandbox.start import START_S, Start
from clawc.runtime.sandbox.state import StateRoot, own

# Containers that the engine starts at once: more of them only make each slower.
_AT_ONCE = 4
# Containers that may exist, with those that are being removed.
_MOST = 256
_END_S = 60.0
# What the first process takes in one message; a longer request goes in a file.
_REQUEST = 1 << 16
_LOST = "the Docker engine has ended, or does not tell any more what happens"


class Containers:
    """A Starter. `image` gives the image for the next box, `plain` one in which nothing is a stranger's. `begin` comes first."""

    enforcers: Mapping[str, str] = MappingProxyType({
        "wall": "runner", "memory": "watchdog+cgroup", "disk": "watchdog", "processes": "cgroup", "file": "rlimit",
        "open_files": "rlimit",
    })  # fmt: skip

    def __init__(
        self,
        requests: Requests,
        root: StateRoot,
        machine: str,
        image: Callable[[], Awaitable[HostImage]],
        plain: Callable[[], Awaitable[HostImage]],
    ) -> None:
        self._requests = requests
        self._root = root
        self._machine = machine
        self._image = image
        self._plain = plain
        self._boxes: dict[str, ContainerBox] = {}
        self._frames: dict[Role, plan.Frame] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._room = asyncio.Semaphore(_MOST)
        self._listening = asyncio.Lock()
        self._events: Events | None = None
        self._ours = root.folder()
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        """Raises OSError, or RuntimeFault where the engine does not answer."""
        await in_thread(lay_inside, self._ours, self._machine)
        await self._listen()
        left = await in_thread(self._root.left_behind)
        if left:
            await self.clear(left)

    def expect(self, area: Area) -> None:
        """Nothing is kept ready: a container is for one box, whose folders it must know."""

    async def start(self, area: Area, start: Start, fds: Sequence[int]) -> ContainerBox:
        await self._room.acquire()
        try:
            async with self._turns:
                box = await self._start(area, start, fds)
        except BaseException:
            self._room.release()
            raise
        self._later(self._forget(box))
        return box

    async def _start(self, area: Area, start: Start, fds: Sequence[int]) -> ContainerBox:
        await self._listen()
        frame = await self._frame(area)
        folder = self._root.folder(0o700, area.path)
        with Descriptors() as held, _listener(folder, area.user) as listener:
            reading, writing = os.pipe()
            held.hold(writing)
            word = PipeReader(reading, 1 << 12)
            box: ContainerBox | None = None
            try:
                body = plan.container(frame, start, folder)
                box = ContainerBox(
                    await self._requests.create(body),
                    word,
                    session=start.kind == "session",
                    mounted=start.workspace is not None and bool(start.workspace.lower),
                    remove=self._requests.remove,
                )
                self._boxes[box.id] = box
                await self._requests.start(box.id)
                control = await _first(listener, box, frame.user)
                _tell(control, start, [*fds, writing], held)
            except BaseException as error:
                word.close()
                if box is not None:
                    await self._abandon(box)
                if not isinstance(error, (OSError, TimeoutError)):
                    raise
                raise RuntimeFault("R0302", f"cannot start a sandbox: {error or 'no answer in time'}") from error
            finally:
                await in_thread(remove_tree, folder)
        return box

    async def _abandon(self, box: ContainerBox) -> None:
        """End a container that has not become a box."""
        self._boxes.pop(box.id, None)
        box.kill_now()
        await self._requests.remove(box.id)
        box.forget()

    async def _frame(self, area: Area) -> plan.Frame:
        # Whoever made the image of a user has no say in verdicts.
        image = await (self._plain() if area.role == "check" else self._image())
        frame = self._frames.get(area.role)
        if frame is None or frame.image != image.id:
            user = os.geteuid() if area.user is None else area.user
            etc = self._root.folder()
            await in_thread(lay_etc, etc, user)
            known = self._labels(area.role)
            frame = self._frames[area.role] = plan.Frame(image.id, image.volumes, user, self._ours, etc, known)
        return frame

    def _labels(self, role: str) -> Mapping[str, str]:
        return labels(self._root.path.name, str(self._root.path), role)

    async def _listen(self) -> None:
        """See to it that what happens to containers is heard of."""
        async with self._listening:
            if self._events is None or self._events.ended:
                label = f"{RUNNER}={self._root.path.name}"
                loop = asyncio.get_running_loop()
                self._events = await self._requests.run(
                    lambda client: Events(client, loop, label, self._told, self._deaf)
                )

    def _told(self, event: Event) -> None:
        box = self._boxes.get(event.container)
        if box is not None:
            box.happened(event.action)

    def _deaf(self) -> None:
        for box in self._boxes.values():
            box.lose()

    async def _forget(self, box: ContainerBox) -> None:
        """Wait until the engine has removed a box that has ended."""
        await box.over.wait()
        try:
            async with asyncio.timeout(_END_S):
                await box.removed.wait()
        except TimeoutError:
            await self._requests.remove(box.id)
            box.forget()
        self._boxes.pop(box.id, None)
        self._room.release()

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def clear(self, folders: Sequence[Path]) -> None:
        """The engine mounts workspaces as root, and what the system needs for that is root's. So is the container that removes it,
        with no other right."""
        places = {f"/remove/{n}": folder for n, folder in enumerate(folders)}
        container = ""
        with suppress(RuntimeFault):  # the next runner tries again
            image = await self._plain()
            container = await self._requests.create(plan.cleaner(image.id, places, self._labels("clean")))
            await self._requests.start(container)
            await self._requests.run(lambda client: client.wait(container, timeout=_END_S))
        if container:
            await self._requests.remove(container)
        for folder in folders:
            with suppress(OSError):
                await in_thread(remove_tree, folder)

    async def end(self) -> None:
        await asyncio.gather(*(box.kill() for box in list(self._boxes.values())))
        if self._tasks:
            await finish(asyncio.wait(set(self._tasks)))

    async def close(self) -> None:
        if self._events is not None:
            self._events.close()

    def end_now(self) -> None:
        for box in list(self._boxes.values()):
            with suppress(OSError, RuntimeError):
                box.kill_now()


class _listener:
    """A socket in `folder` that containers of `user` may connect to, and no other user."""

    def __init__(self, folder: Path, user: int | None) -> None:
        self._folder = folder
        self._user = user
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def __enter__(self) -> socket.socket:
        # Its path may be longer than an address can be.
        held = os.open(self._folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.socket.bind(f"/proc/self/fd/{held}/{Path(CONTROL).name}")
        finally:
            os.close(held)
        (self._folder / Path(CONTROL).name).chmod(0o600)
        own(self._folder, self._user)
        self.socket.listen(1)
        self.socket.setblocking(False)
        return self.socket

    def __exit__(self, *_: object) -> None:
        self.socket.close()


async def _first(listener: socket.socket, box: ContainerBox, user: int) -> socket.socket:
    """The first process of the container, which asks what to do, and with which the box begins; whoever else comes is turned away.
    Raises RuntimeFault if it ends before, TimeoutError."""
    async with asyncio.timeout(START_S):
        while True:
            control = await _accepted(listener, box)
            try:
                if _begun(control, box, user):
                    return control
            except BaseException:
                control.close()
                raise
            control.close()


async def _accepted(listener: socket.socket, box: ContainerBox) -> socket.socket:
    """Whoever connects. Raises RuntimeFault if the container ends before."""
    coming = asyncio.ensure_future(asyncio.get_running_loop().sock_accept(listener))
    ending = asyncio.ensure_future(box.died.wait())
    try:
        await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            return coming.result()[0]
        raise RuntimeFault("R0302", "the sandbox did not start: its container has ended before it gave a sign")
    finally:
        coming.cancel()
        ending.cancel()


def _begun(control: socket.socket, box: ContainerBox, user: int) -> bool:
    """Whether the other end is the first process of the container, so that the box has begun."""
    pid, owner, _ = struct.unpack("3i", control.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if pid <= 0:
        raise RuntimeFault(
            "R0302",
            "the engine's processes cannot be seen from here",
            "Run outside of a container, or in its process namespace.",
        )
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    if not _is_first(pid, box.id):  # looked at while `pidfd` keeps its number from meaning another
        os.close(pidfd)
        return False
    box.begin(pid, pidfd, control)
    if owner != user:
        raise RuntimeFault(
            "R0302", f"the sandbox runs as user {owner} instead of {user}", "Turn user remapping off in the engine."
        )
    return True


def _is_first(pid: int, container: str) -> bool:
    """Whether a process is in the control group of a container, and the first of its process namespace."""
    try:
        groups = Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace")
        status = Path(f"/proc/{pid}/status").read_text("utf-8", "replace")
    except OSError:
        return False
    numbers = next((line.split() for line in status.splitlines() if line.startswith("NSpid:")), list[str]())
    return container in groups and len(numbers) > 2 and numbers[-1] == "1"


def _tell(control: socket.socket, start: Start, fds: Sequence[int], held: Descriptors) -> None:
    """Say what to do, and hand over the descriptors."""
    limits = {
        name: value for name, value in start.limits.items() if name != "nproc"
    }  # which would count other containers'
    message = json.dumps({**start.program(), "limits": limits, "ttl_s": plan.ttl_s(start)}).encode()
    given = list(fds)
    if len(message) > _REQUEST:
        given.append(held.holding(message))
        message = b"{}"
    socket.send_fds(control, [message], given)
