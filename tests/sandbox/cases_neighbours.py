"""Two sandboxes at once, and a sandbox beside the host: neither notices the other in any way that is listed here."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import socket
import subprocess
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.sandbox.bench import INSIDE, PYTHON, Bench, Files, report, sh, word
from tests.sandbox.case import Case, Table

NEIGHBOURS = Table()

# What the prowler found, and what the holder noticed; `Any`: JSON of programs inside.
Meeting = dict[str, Any]
_MEETINGS: dict[int, asyncio.Task[Meeting]] = {}


async def _meet(bench: Bench) -> Meeting:
    """Two sandboxes with one template: one sets everything up, the other looks for it."""
    marker = f"holder{word()}"
    async with bench.sandbox() as holder, bench.sandbox() as prowler:
        await holder.put("/tmp/holder.py", (INSIDE / "holder.py").read_bytes())
        holding = asyncio.create_task(holder.exec([*PYTHON, "/tmp/holder.py", marker], timeout_s=100))
        await sh(holder, "while [ ! -e /w/ready ]; do sleep 0.02; done")
        found = await report(prowler, "prowler.py", marker, "prowler")
        again = await report(holder, "prowler.py", marker, "prowler-itself")
        await sh(holder, "touch /w/done")
        done = await holding
        assert done.exit == 0, done.stderr
    # Within the holder's own sandbox all of it is found, so it would be found by a neighbour.
    return {"found": found, "own": again, "noticed": json.loads(done.stdout)}


async def _meeting(bench: Bench) -> Meeting:
    key = id(bench.backend)
    if key not in _MEETINGS:
        _MEETINGS[key] = asyncio.create_task(_meet(bench))
    return await asyncio.shield(_MEETINGS[key])


def _meets(
    name: str, tries: str, expects: str, holds: Callable[[Meeting], object], shown: Callable[[Meeting], object]
) -> None:
    async def play(bench: Bench) -> None:
        meeting = await _meeting(bench)
        assert holds(meeting), f"{expects}; found {shown(meeting)!r}"

    NEIGHBOURS.add(Case(name, tries, expects, play))


_meets(
    "other_ws_invisible",
    "looks for the files of a neighbour, by name and content, everywhere",
    "finds none; in the neighbour itself they are found",
    lambda m: m["found"]["files"] == [] and len(m["own"]["files"]) >= 3,
    lambda m: (m["found"]["files"], m["own"]["files"]),
)
_meets(
    "neighbour_processes",
    "looks for the processes of a neighbour",
    "finds none; in the neighbour itself they are found",
    lambda m: m["found"]["processes"] == [] and m["own"]["processes"] != [],
    lambda m: (m["found"]["processes"], m["own"]["processes"]),
)
_meets(
    "neighbour_signals",
    "sends signals to every number up to 70,000",
    "none arrives",
    lambda m: m["found"]["signals"] == 0,
    lambda m: m["found"]["signals"],
)
_meets(
    "neighbour_shm",
    "looks into /dev/shm and /tmp for what a neighbour has put there",
    "finds nothing",
    lambda m: not any(path.startswith(("/dev/shm", "/tmp")) for path in m["found"]["files"]),
    lambda m: m["found"]["files"],
)
_meets(
    "neighbour_abstract_socket",
    "connects to an abstract socket of a neighbour, and to one with a path",
    "refused; in the neighbour itself it is reached",
    lambda m: (
        (m["found"]["abstract"], m["found"]["path socket"], m["own"]["abstract"])
        == ("ECONNREFUSED", "ENOENT", "reached")
    ),
    lambda m: (m["found"], m["own"]["abstract"]),
)
_meets(
    "neighbour_loopback",
    "connects to ports of a neighbour on 127.0.0.1",
    "refused; the neighbour sees no connection but its own",
    lambda m: (
        m["found"]["loopback"] == m["found"]["any address"] == "ECONNREFUSED"
        and m["own"]["loopback"] == "reached"
        and "prowler" not in m["noticed"]["connections"]
        and "prowler-itself" in m["noticed"]["connections"]
    ),
    lambda m: (m["found"], m["noticed"]),
)
_meets(
    "neighbour_sysv_ipc",
    "looks for System V memory, semaphores and queues of a neighbour, by key and in lists",
    "finds none, or cannot make any",
    lambda m: (
        "found" not in m["found"]["system v"].values()
        and all(
            text in {"empty", "ENOENT", "EACCES"}
            for name, text in m["found"]["system v"].items()
            if name.startswith("list")
        )
    ),
    lambda m: m["found"]["system v"],
)
_meets(
    "neighbour_posix_mq",
    "opens a POSIX queue of a neighbour",
    "there is none",
    lambda m: m["found"]["posix queue"] == "none",
    lambda m: m["found"]["posix queue"],
)
_meets(
    "neighbour_pty",
    "writes to the terminals of others",
    "there are none; nothing arrives",
    lambda m: m["found"]["terminals"] == [] and m["noticed"]["lines"].split() in ([], ["prowler-itself"]),
    lambda m: (m["found"]["terminals"], m["noticed"]["lines"]),
)
_meets(
    "neighbour_keyring",
    "reads the lists of keys",
    "none is told",
    lambda m: m["found"]["keyring"] in {"", "ENOENT", "EACCES", "EPERM"},
    lambda m: m["found"]["keyring"],
)
_meets(
    "neighbour_inotify",
    "makes files where a neighbour watches folders of the same names",
    "the neighbour is told of its own only",
    lambda m: set(m["noticed"]["events"]) - {"prowler.py"} == {"prowler-itself"},
    lambda m: m["noticed"]["events"],
)


@asynccontextmanager
async def _listening(family: int, address: Any) -> AsyncGenerator[tuple[Any, list[bytes]]]:
    """A server of the host: its address, and what it has heard."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))
        writer.close()

    server = socket.socket(family, socket.SOCK_STREAM)
    server.bind(address)
    listening = (
        await asyncio.start_server(hear, sock=server)
        if family != socket.AF_UNIX
        else await asyncio.start_unix_server(hear, sock=server)
    )
    try:
        yield server.getsockname(), heard
    finally:
        listening.close()


_CONNECT = """
import socket
for address in {addresses!r}:
    with socket.socket({family}) as peer:
        peer.settimeout(2)
        try:
            peer.connect(address)
            peer.send(b"inside")
            print("REACHED", address)
        except OSError as error:
            print(type(error).__name__)
"""


@NEIGHBOURS.case(
    "connects to a port that the host serves on 127.0.0.1, and on its other addresses", "refused, nothing arrives"
)
async def host_loopback_denied(bench: Bench) -> None:
    async with _listening(socket.AF_INET, ("0.0.0.0", 0)) as (address, heard), bench.sandbox() as sandbox:
        hosts = ["127.0.0.1", "127.1.2.3", "0.0.0.0", *_own_addresses()]
        program = _CONNECT.format(addresses=[(host, address[1]) for host in hosts], family=int(socket.AF_INET))
        said = await sandbox.exec([*PYTHON, "-c", program], timeout_s=60)
        assert said.exit == 0 and b"REACHED" not in said.stdout, said
        assert heard == []


@NEIGHBOURS.case("connects to an abstract socket of the host", "refused, nothing arrives")
async def abstract_socket_denied(bench: Bench) -> None:
    async with _listening(socket.AF_UNIX, "\0" + word()) as (address, heard), bench.sandbox() as sandbox:
        program = _CONNECT.format(addresses=[address], family=int(socket.AF_UNIX))
        said = await sandbox.exec([*PYTHON, "-c", program], timeout_s=60)
        assert said.exit == 0 and b"REACHED" not in said.stdout, said
        assert heard == []


@NEIGHBOURS.case("connects to a socket of the host at a path in /tmp, and lists the abstract ones", "there is none")
async def path_socket_denied(bench: Bench) -> None:
    path = str(bench.folder / "s")
    async with _listening(socket.AF_UNIX, path) as (_, heard), bench.sandbox() as sandbox:
        program = _CONNECT.format(addresses=[path], family=int(socket.AF_UNIX))
        said = await sandbox.exec([*PYTHON, "-c", program], timeout_s=60)
        assert said.exit == 0 and b"REACHED" not in said.stdout, said
        listed = await sh(sandbox, "cat /proc/net/unix")
        assert path not in listed and len(listed.splitlines()) <= 4, listed
        assert heard == []


@NEIGHBOURS.case("looks for System V memory of the host", "finds none")
async def host_sysv_invisible(bench: Bench) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    block = libc.shmget(ctypes.c_int(0), ctypes.c_size_t(4096), ctypes.c_int(0o1666))
    try:
        async with bench.sandbox() as sandbox:
            listed = await sh(sandbox, "cat /proc/sysvipc/shm")
            assert len(listed.splitlines()) <= 1 or "No such file" in listed, listed
    finally:
        libc.shmctl(ctypes.c_int(block), ctypes.c_int(0), None)


@NEIGHBOURS.case("has a sandbox of the same template beside it, and one after it", "no file of one is seen by another")
async def sandboxes_start_fresh(bench: Bench) -> None:
    mark = word()
    spoil = f"for d in /w /w/in /tmp /dev/shm; do echo {mark} > $d/{mark}; done; echo {mark} >> in/data.txt"
    look = f"ls -aR /w /tmp /dev/shm; cat in/data.txt; grep -r {mark} /w /tmp /dev/shm /run /etc"
    async with bench.sandbox() as one, bench.sandbox() as two:
        await sh(one, spoil)
        assert mark not in await sh(two, look)
    async with bench.sandbox() as three, bench.sandbox(template=Files("another")) as four:
        assert mark not in await sh(three, look)
        assert mark not in await sh(four, look)


@NEIGHBOURS.case("mounts, as far as it can", "nothing is mounted on a folder of the backend's, or from one")
async def host_mounts_unchanged(bench: Bench) -> None:
    def mounts() -> list[str]:
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            lines = list(file)
        # Docker's engine mounts workspaces for its containers on folders of its own.
        seen = [line.partition(" - ")[0] if bench.name == "docker" else line for line in lines]
        return [line for line in seen if str(bench.state) in line]

    before = mounts()
    async with bench.sandbox() as sandbox:
        await sh(sandbox, "mount -t tmpfs x /tmp; mount --bind / /w; unshare -Urm true; umount -l /usr")
        assert mounts() == before
    assert mounts() == before


def _own_addresses() -> list[str]:
    """Addresses of this host that are not the loopback's."""
    done = (
        subprocess.run(["hostname", "-I"], capture_output=True, text=True) if os.path.exists("/bin/hostname") else None
    )
    return [text for text in (done.stdout.split() if done else []) if "." in text]
