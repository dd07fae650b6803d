"""What stands on a node: sandboxes of its own, what was shipped to it, and the attempts that it plays.

It keeps no results: an attempt's files are fetched once and forgotten. It knows nothing of Ray; every call takes and gives
bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from clawc import __version__
from clawc.runtime.bundle import Bundle
from clawc.runtime.cluster.fingerprint import python_version, sources
from clawc.runtime.cluster.messages import Answer, Fault, Hello, Order, Welcome, news, said_parts_of, sealed
from clawc.runtime.cluster.parcel import BadParcel, Laying, checked, listed
from clawc.runtime.cluster.relay import Relay
from clawc.runtime.cluster.ship import ATTEMPT, BUNDLE, PART_BYTES, arrived_bundle, harness_of
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.gateway.gateway import Gateway
from clawc.runtime.player import SHORT
from clawc.runtime.rollout import Controls, Episode, run_episode
from clawc.runtime.sandbox.choose import SandboxChoice, backend_of
from clawc.runtime.sandbox.finish import finish, in_thread
from clawc.runtime.sandbox.interface import Backend, Probe
from clawc.runtime.sandbox.remove import remove_tree
from clawc.runtime.sandbox.state import StateRoot

# A parcel up to this goes with the answer.
_AT_ONCE = 4 << 20
_PRIVATE = 0o700
# Seconds in which somebody who asks for calls of a model is told that there are none yet.
_ASK_S = 20.0


class _Place(NamedTuple):
    """Where sandboxes come from, and folders that go with this process."""

    backend: Backend
    controls: Controls
    state: StateRoot
    probe: Probe


class Node:
    """One machine's part in one run. Calls may overlap; `welcome` is the first. `state` is the folder for temporary files."""

    def __init__(self, state: Path | None = None) -> None:
        self._parent = state
        self._place: _Place | None = None
        self._shipped: dict[str, Bundle | Path] = {}
        self._arriving: dict[str, tuple[Laying, Path]] = {}
        self._scripts: dict[str, Path] = {}
        self._kept: dict[str, Path] = {}
        self._playing: dict[str, asyncio.Task[object]] = {}
        self._relays: dict[str, Relay] = {}

    async def welcome(self, said: bytes) -> bytes:
        """Start what makes sandboxes, and say what works."""
        wanted = Welcome.model_validate_json(said)
        missing: tuple[str, ...] = ()
        try:
            found = await self._open(SandboxChoice(wanted.sandbox, wanted.image))
            if found.probe.ok:
                missing = found.backend.missing(wanted.tools)
            probe = found.probe
        except RuntimeFault as fault:
            probe = Probe(False, fault.message, fault.help)
        hello = Hello(
            clawc=__version__,
            python=python_version(),
            sources=sources(),
            token=os.environ.get("RAY_AUTH_MODE", "").lower() not in ("", "disabled"),
            ok=probe.ok,
            reason=probe.reason,
            help=probe.help,
            missing=missing,
        )
        return hello.model_dump_json().encode()

    async def bundle(self, sha256: str, data: bytes, last: bool) -> bytes:
        """Take a part of the parcel of a bundle, the parts in order. Empty when all is well, else a Fault."""
        try:
            laying, folder = self._arriving.get(sha256) or self._begin(sha256)
            laying.feed(data)
            if last:
                laying.end()
                del self._arriving[sha256]
                self._shipped[sha256] = await in_thread(arrived_bundle, folder, sha256)
        except (BadParcel, OSError) as error:
            return _fault(RuntimeFault("R0705", f"a bundle did not arrive: {error}"))
        except RuntimeFault as fault:
            return _fault(fault)
        return b""

    async def script(self, sha256: str, file: str, data: bytes) -> bytes:
        """Take the script of an agent, under the name of its file. Empty when all is well, else a Fault."""
        if hashlib.sha256(data).hexdigest() != sha256 or file != os.path.basename(file) or file in ("", ".", ".."):
            return _fault(RuntimeFault("R0705", "another script has arrived than was announced"))
        try:
            path = self._opened.state.folder(_PRIVATE) / file
            path.write_bytes(data)
        except OSError as error:
            return _fault(RuntimeFault("R0705", f"a script did not arrive: {error.strerror}"))
        self._shipped[sha256] = path
        return b""

    async def play(self, said: bytes) -> bytes:
        """Play an attempt: an Answer with its parcel, or with what `part` gives under its key."""
        order = Order.model_validate_json(said)
        folder = await in_thread(self._opened.state.folder, _PRIVATE)
        key = ""
        try:
            episode = self._episode(order)
            key = episode.key
            self._playing[key] = _current()
            gateway = self._gateway(order, key)
            record = await run_episode(episode, self._opened.backend, folder, self._opened.controls, gateway)
            answer, parcel = await in_thread(self._packed, key, folder)
            return sealed(answer.model_copy(update={"record": record}), parcel)
        except RuntimeFault as fault:
            return sealed(Answer(fault=_fault_of(fault)))
        except (OSError, BadParcel) as error:
            # Another node may have what this one lacks, space for example.
            short = isinstance(error, OSError) and error.errno in SHORT
            why = f"{'the runner ran short' if short else 'the node failed'}: {error}"
            return sealed(Answer(short=why[:1_000]))
        finally:
            self._playing.pop(key, None)
            if (relay := self._relays.pop(key, None)) is not None:
                relay.end()
            await finish(asyncio.to_thread(_remove, folder))

    async def asks(self, key: str) -> bytes:
        """The calls of a model that an attempt has made since the last time, as soon as there are any, or none after a while. May be
        asked before the attempt begins."""
        relay = self._relays.setdefault(key, Relay(""))
        found = await relay.asks(_ASK_S)
        if not found and key not in self._playing and self._relays.get(key) is relay:
            del self._relays[key]
        return news(found)

    async def said(self, key: str, call: int, data: bytes) -> bytes:
        """Take parts of the answer to a call. Empty while somebody waits for more."""
        relay = self._relays.get(key)
        return b"" if relay is not None and relay.said(call, said_parts_of(data)) else b"gone"

    async def part(self, key: str, offset: int) -> bytes:
        """At most PART_BYTES of a parcel that was kept; empty if there is none."""
        path = self._kept.get(key)
        return b"" if path is None else await in_thread(_read, path, offset)

    async def forget(self, key: str) -> bytes:
        """Remove a parcel that was kept."""
        path = self._kept.pop(key, None)
        if path is not None:
            await in_thread(path.unlink)
        return b""

    async def stop(self, key: str) -> bytes:
        """End an attempt that nobody waits for any more."""
        if (task := self._playing.get(key)) is not None:
            task.cancel()
        return b""

    async def close(self) -> bytes:
        """End all attempts and sandboxes, and remove every trace."""
        tasks = list(self._playing.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._place is not None:
            place, self._place = self._place, None
            await place.backend.close()
            await asyncio.to_thread(place.state.remove)
        return b""

    @property
    def _opened(self) -> _Place:
        if self._place is None:
            raise SandboxUnavailable("the node is closed, or was never asked what it is")
        return self._place

    async def _open(self, choice: SandboxChoice) -> _Place:
        if self._place is None:
            backend = backend_of(choice, self._parent)
            probe = await backend.probe()
            self._place = _Place(backend, Controls(backend), StateRoot(self._parent), probe)
        return self._place

    def _begin(self, sha256: str) -> tuple[Laying, Path]:
        folder = self._opened.state.folder(_PRIVATE)
        self._arriving[sha256] = Laying(folder, BUNDLE), folder
        return self._arriving[sha256]

    def _episode(self, order: Order) -> Episode:
        bundle = self._shipped.get(order.bundle)
        script = None if order.script is None else self._shipped.get(order.script)
        if not isinstance(bundle, Bundle) or isinstance(script, Bundle) or (script is None) != (order.script is None):
            raise RuntimeFault("R0705", "an episode came before what it needs")
        return Episode(order.run_id, bundle, harness_of(order, script), order.index, order.seed, order.attempt)

    def _gateway(self, order: Order, key: str) -> Gateway | None:
        if order.model is None:
            return None
        relay = self._relays.setdefault(key, Relay(""))
        relay.name = order.model.model
        return Gateway(relay, order.model.rules, order.model.caps)

    def _packed(self, key: str, folder: Path) -> tuple[Answer, bytes]:
        """What an attempt has left, as the command will take it."""
        parcel = listed(folder)
        checked(parcel.index, ATTEMPT)
        if parcel.size <= _AT_ONCE:
            return Answer(size=parcel.size), b"".join(parcel.chunks())
        path = self._opened.state.folder(_PRIVATE) / "parcel"
        with open(path, "xb") as file:
            for chunk in parcel.chunks():
                file.write(chunk)
        self._kept[key] = path
        return Answer(key=key, size=parcel.size, kept=True), b""


def _current() -> asyncio.Task[object]:
    task = asyncio.current_task()
    if task is None:
        raise AssertionError("not in a task")
    return task


def _read(path: Path, offset: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(PART_BYTES)


def _remove(folder: Path) -> None:
    with suppress(OSError):
        remove_tree(folder)


def _fault_of(fault: RuntimeFault) -> Fault:
    unavailable = isinstance(fault, SandboxUnavailable)
    return Fault(code=fault.code, message=fault.message, help=fault.help, unavailable=unavailable)


def _fault(fault: RuntimeFault) -> bytes:
    return _fault_of(fault).model_dump_json().encode()
