"""One node as the command sees it: what was shipped to it, and how an episode is played there.

What comes back is checked: the record must be of the attempt that was asked for, and its files are laid by `parcel.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from clawc import __version__
from clawc.runtime.bundle import Bundle
from clawc.runtime.cluster.answering import Answering
from clawc.runtime.cluster.fingerprint import python_version, sources
from clawc.runtime.cluster.link import Failed, Lost, Machine, Remote
from clawc.runtime.cluster.messages import Answer, BadAnswer, Fault, Hello, Welcome, greeted, opened, record_for
from clawc.runtime.cluster.parcel import BadParcel, Laying
from clawc.runtime.cluster.ship import ATTEMPT, Script, bundle_parts, order_of, script_of
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.gateway.gateway import Gateway
from clawc.runtime.player import NotPlayed
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.rollout import Episode
from clawc.runtime.sandbox.choose import SandboxChoice
from clawc.runtime.sandbox.finish import in_thread

# What an agent needs is not installed there.
_LACKING = ("R0407", "R0408", "R0960")
# Seconds for the end of what an attempt or a node has begun.
_END_S = 15.0


class Unfit(Exception):
    """No episode can be played on a node, now or later; the text says why, `help` what to do."""

    def __init__(self, why: str, help: str = "") -> None:
        super().__init__(why)
        self.help = help


class Host:
    """A node with what was started on it. `slots` is how many episodes it may have, `load` how many it has."""

    def __init__(self, machine: Machine, remote: Remote, slots: int) -> None:
        self.machine = machine
        self.slots = slots
        self.load = 0
        self._remote = remote
        self._shipped: dict[str, asyncio.Task[None]] = {}
        self._calls: set[asyncio.Task[Any]] = set()
        self._gone = False

    async def welcome(self, choice: SandboxChoice, tools: Sequence[str]) -> None:
        """Ask what the node is. Raises Unfit with the reason if no episode can be played there, and Lost."""
        said = Welcome(sandbox=choice.name, image=choice.image, tools=tuple(sorted(set(tools))))
        try:
            hello = greeted(await self._call("welcome", said.model_dump_json().encode()))
        except (BadAnswer, Failed) as error:
            raise Unfit(f"it cannot be used: {error}", "Install the same clawc on all nodes.") from error
        _require_fit(hello)

    async def play(self, episode: Episode, folder: Path, gateway: Gateway | None = None) -> EpisodeRecord:
        """Play an attempt into the empty folder; its calls of a model are answered by `gateway`. Raises Lost and Unfit, after which the folder may hold something; NotPlayed
        where the node ran short; RuntimeFault for what every node would meet."""
        try:
            await self._ship(episode.bundle.manifest.id, self._send_bundle(episode.bundle))
            if (script := script_of(episode.harness)) is not None:
                await self._ship(script.sha256, self._send_script(script))
            answer, rest = opened(await self._play(episode, gateway))
            if answer.fault is not None:
                raise _raised(answer.fault)
            if answer.short:
                raise NotPlayed(f"{answer.short} (on {self.machine.name})")
            record = record_for(episode, answer)
            await self._lay(answer, rest, folder)
        except (BadAnswer, BadParcel) as error:
            raise Unfit(f"what it answers cannot be: {error}") from error
        except Failed as error:
            raise NotPlayed(f"the node failed: {error} (on {self.machine.name})") from error
        return record

    def lose(self) -> None:
        """The node is gone: what waits for it meets Lost, now and later."""
        self._gone = True
        for call in self._calls:
            call.cancel()
        self._remote.kill()

    async def close(self) -> None:
        """End everything on the node, gently if it answers."""
        if not self._gone:
            with suppress(Lost, Failed, TimeoutError):
                async with asyncio.timeout(_END_S):
                    await self._call("close")
            self.lose()

    async def _play(self, episode: Episode, gateway: Gateway | None) -> bytes:
        playing = asyncio.ensure_future(self._call("play", order_of(episode).model_dump_json().encode()))
        tasks: list[asyncio.Future[Any]] = [playing]
        if gateway is not None:
            tasks.append(asyncio.ensure_future(Answering(self._call, episode.key, gateway).run()))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                await tasks[-1]  # has failed, or the attempt is about to end
            return await playing
        except BaseException:
            if not self._gone and not playing.done():
                # Nobody waits for this answer: the node ends the attempt, or is ended itself.
                stop = asyncio.ensure_future(self._quietly("stop", episode.key))
                self._calls.add(stop)
                stop.add_done_callback(self._calls.discard)
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _quietly(self, name: str, *arguments: str | int | bool | bytes) -> None:
        with suppress(Lost, Failed):
            await self._remote.call(name, *arguments)

    async def _ship(self, sha256: str, sending: Coroutine[Any, Any, None]) -> None:
        """Send something that is not there yet; several may wait for one sending."""
        task = self._shipped.get(sha256)
        if task is None:
            task = self._shipped[sha256] = asyncio.ensure_future(sending)
            task.add_done_callback(_seen)
        else:
            sending.close()
        await asyncio.shield(task)

    async def _send_bundle(self, bundle: Bundle) -> None:
        coming = bundle_parts(bundle)
        while (part := await in_thread(next, coming, None)) is not None:
            _took(await self._call("bundle", bundle.manifest.id, part.data, part.last))

    async def _send_script(self, script: Script) -> None:
        _took(await self._call("script", script.sha256, script.file, script.data))

    async def _lay(self, answer: Answer, rest: memoryview, folder: Path) -> None:
        laying = Laying(folder, ATTEMPT)
        try:
            if not answer.kept:
                if len(rest) != answer.size:
                    raise BadAnswer("an answer has another size than it says")
                await in_thread(laying.feed, bytes(rest))
            else:
                await self._fetch(answer, laying)
            laying.end()
        finally:
            laying.abandon()

    async def _fetch(self, answer: Answer, laying: Laying) -> None:
        """Lay what is too large for one message part by part; each is dropped before the next comes."""
        key, have = answer.key or "", 0
        while have < answer.size:
            data = await self._call("part", key, have)
            have += len(data)
            if not data or have > answer.size:
                raise BadAnswer("an answer has another size than it says")
            await in_thread(laying.feed, data)
        await self._call("forget", key)

    async def _call(self, name: str, *arguments: str | int | bool | bytes) -> bytes:
        """Call the node. Raises Failed, and Lost also when the cluster says that the node is gone."""
        if self._gone:
            raise Lost("the node is gone")
        call = asyncio.ensure_future(self._remote.call(name, *arguments))
        self._calls.add(call)
        try:
            return await call
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._gone and not (task and task.cancelling()):
                raise Lost("the node is gone") from None
            raise
        finally:
            self._calls.discard(call)


def _seen(task: asyncio.Task[None]) -> None:
    """Whoever waited may have been cancelled; an error of the sending is then nobody's."""
    if not task.cancelled():
        task.exception()


def _require_fit(hello: Hello) -> None:
    same = "Install the same clawc on all nodes."
    if hello.clawc != __version__ or hello.python != python_version():
        ours = f"clawc {__version__} with Python {python_version()}"
        raise Unfit(f"it has clawc {hello.clawc} with Python {hello.python}, this machine has {ours}"[:500], same)
    if hello.sources != sources():
        raise Unfit("its clawc has the same version, but other files", same)
    if not hello.token:
        raise Unfit(
            "it takes programs from everybody: its Ray asks for no token", "Start all nodes with RAY_AUTH_MODE=token."
        )
    if not hello.ok:
        raise Unfit(f"no sandbox works on it: {hello.reason}"[:1_000], hello.help[:500])
    if hello.missing:
        raise Unfit(f"it lacks `{'`, `'.join(hello.missing)}`, which tasks need"[:500], "Install it under /usr there.")


def _took(said: bytes) -> None:
    """Raises Unfit unless the node has taken what was sent."""
    if said:
        try:
            fault = Fault.model_validate_json(said)
        except ValidationError as error:
            raise Unfit("what it answers cannot be") from error
        raise Unfit(f"it did not take what was sent: {fault.message}"[:1_000])


def _raised(fault: Fault) -> Exception:
    """What a fault on one node means: some say that nothing works there, others that nothing works anywhere."""
    if fault.unavailable or fault.code == "R0705" or fault.code in _LACKING:
        return Unfit(fault.message[:1_000], fault.help[:500])
    return RuntimeFault(fault.code, fault.message, fault.help)


def unavailable(reasons: Sequence[Unfit]) -> SandboxUnavailable:
    """No node is fit, for these reasons."""
    first = reasons[0]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return SandboxUnavailable(f"no node of the cluster can play: {first}{more}", first.help)
