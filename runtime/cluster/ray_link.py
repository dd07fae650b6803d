"""A cluster of Ray. The only module that imports Ray, which it does late: it is an extra, and takes half a second.

Between command and nodes go strings, numbers and bytes; whatever they mean is checked where it arrives.
"""

from __future__ import annotations

import asyncio
import atexit
import importlib
import importlib.util
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar, cast

from clawc.runtime.cluster.link import Failed, Lost, Machine
from clawc.runtime.cluster.node import Node
from clawc.runtime.cluster.reach import require_address, require_reachable
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.finish import in_thread

CONNECT_S = 20.0
# Seconds in which the head has to say which nodes there are.
_ANSWER_S = 20.0
# Nobody counts on this bound: episodes are placed by how many a node may have.
_CONCURRENCY = 1_000
# Tokens are asked for, and nothing is written among the results: whatever else is said, Ray prints lost nodes to standard
# output, and only its filter of repeated lines can be told to drop them.
_ENVIRONMENT = {"RAY_AUTH_MODE": "token", "RAY_DEDUP_LOGS": "1", "RAY_DEDUP_LOGS_SKIP_REGEX": "^"}
# What the command line ends with where the machine lacks something.
_LACKING = 3

_Result = TypeVar("_Result")


class _Method(Protocol):
    def remote(self, *arguments: str | int | bool | bytes) -> asyncio.Future[object]: ...


class _Class(Protocol):
    def options(self, **options: object) -> _Class: ...

    def remote(self) -> object: ...


class _Ray(Protocol):
    """What is used of Ray, whose own types are partly unknown."""

    def init(self, address: str, *, log_to_driver: bool, configure_logging: bool) -> object: ...

    def nodes(self) -> list[dict[str, Any]]: ...

    def remote(self, of: type[Node]) -> _Class: ...

    def kill(self, actor: object) -> None: ...

    def shutdown(self) -> None: ...


def _ray() -> _Ray:
    return cast("_Ray", importlib.import_module("ray"))


def require_ray(address: str) -> None:
    """What can be told without a connection. Raises RuntimeFault R0701 for an address that is none, R0702 where tokens are
    turned off, R0704 where Ray is not installed."""
    require_address(address)
    if importlib.util.find_spec("ray") is None:
        raise RuntimeFault("R0704", "Ray is not installed", "Install it by `pip install 'clawc[ray]'`.")
    if os.environ.get("RAY_AUTH_MODE", "token").lower() != "token":
        raise RuntimeFault(
            "R0702",
            "RAY_AUTH_MODE turns the tokens of Ray off: whoever reaches such a cluster runs programs on it",
            "Unset it, and start all nodes with RAY_AUTH_MODE=token.",
        )


class RayLink:
    """A connection as a driver on one of the cluster's nodes. One for each process."""

    def __init__(self, address: str, connect_s: float = CONNECT_S) -> None:
        require_ray(address)
        self._address = address
        self._connect_s = connect_s
        self._connected = self._lost = False

    async def open(self) -> None:
        # Read when Ray is imported; the trials inherit them.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.update(_ENVIRONMENT)
        await in_thread(require_reachable, self._address, self._connect_s)
        # In a thread, since in the main one Ray would take SIGTERM for itself; and it waits without end for a head that is
        # gone by now.
        self._connected = self._lost = True
        try:
            await asyncio.wait_for(_aside(self._connect), self._connect_s)
        except TimeoutError:
            raise self._gone() from None
        self._lost = False
        _own_signals()

    async def machines(self) -> list[Machine]:
        """As the protocol says. A head that is gone does not answer, and Ray would wait for a minute, then end this process."""
        try:
            return await asyncio.wait_for(_aside(_machines), _ANSWER_S)
        except TimeoutError:
            raise self._gone() from None

    def start(self, machine: Machine) -> RayRemote:
        from ray.exceptions import RayError
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        where = NodeAffinitySchedulingStrategy(machine.id, soft=False)
        options = {"num_cpus": 0, "max_concurrency": _CONCURRENCY, "max_restarts": 0, "max_task_retries": 0}
        try:
            return RayRemote(_ray().remote(Node).options(**options, scheduling_strategy=where).remote())
        except RayError as error:
            raise Lost(_text(error)) from error

    async def close(self) -> None:
        if not self._connected:
            return
        self._connected = False
        try:
            if not self._lost:
                await asyncio.wait_for(_aside(_ray().shutdown), _ANSWER_S)
        except TimeoutError:
            self._lost = True
        if self._lost:
            atexit.register(_leave)

    def _connect(self) -> None:
        from ray.exceptions import RayError

        logging.getLogger("ray").setLevel(logging.ERROR)
        try:
            _ray().init(self._address, log_to_driver=False, configure_logging=False)
        except (OSError, RuntimeError, ValueError, RayError) as error:
            raise RuntimeFault("R0703", f"cannot use the cluster at `{self._address}`: {_text(error)}") from error

    def _gone(self) -> RuntimeFault:
        self._lost = True
        help = (
            "What is finished is kept; the same command goes on, when the cluster is there again or without --cluster."
        )
        return RuntimeFault("R0703", f"the head of the cluster at `{self._address}` is gone", help)


class RayRemote:
    """An actor that is a `Node`."""

    def __init__(self, actor: object) -> None:
        self._actor = actor

    async def call(self, name: str, *arguments: str | int | bool | bytes) -> bytes:
        from ray.exceptions import RayActorError, RayError, RayTaskError

        method = cast("_Method", getattr(self._actor, name))
        try:
            result = await method.remote(*arguments)
        except RayTaskError as error:
            raise Failed(_text(error)) from error
        except RayError as error:
            if isinstance(error, RayActorError) and error.actor_init_failed:
                raise Failed(_text(error)) from error  # clawc is not there, for example
            raise Lost(_text(error)) from error
        if not isinstance(result, bytes):
            raise Failed(f"it answers with {type(result).__name__}, not with bytes")
        return result

    def kill(self) -> None:
        from ray.exceptions import RayError

        with suppress(RayError):
            _ray().kill(self._actor)


async def _aside(work: Callable[[], _Result]) -> _Result:
    """The result of work in a thread that nobody has to wait for, not even the end of the process."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_Result] = loop.create_future()

    def tell(result: _Result | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(cast("_Result", result))
        else:
            done.set_exception(error)

    def run() -> None:
        result: _Result | None = None
        failed: BaseException | None = None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            failed = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(tell, result, failed)

    threading.Thread(target=run, name="cluster", daemon=True).start()
    return await done


def _leave() -> None:
    """End the process as one that lacks something. Without its head, Ray's own end waits for a minute, or crashes."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(_LACKING)


def _own_signals() -> None:
    """Ray's own code, below Python's, prints where the process stands at SIGTERM. Setting what was set takes that away."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if (handler := signal.getsignal(number)) is not None:
                signal.signal(number, handler)


def _machines() -> list[Machine]:
    from ray.exceptions import RayError

    try:
        nodes = _ray().nodes()
    except (OSError, RuntimeError, RayError) as error:
        raise RuntimeFault("R0703", f"the connection to the cluster is lost: {_text(error)}") from error
    return [
        Machine(
            str(node["NodeID"]),
            f"{node['NodeManagerAddress']} ({str(node['NodeID'])[:8]})",
            int(node.get("Resources", {}).get("CPU", 0)),
        )
        for node in nodes
        if node["Alive"]
    ]


def _text(error: BaseException) -> str:
    """The last line of what Ray says, which is the cause."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[-1][:500]
