"""Requests out of a verifier's sandbox, written by hostile hands: what they may not reach, and that the next one is answered."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.adapters.programs import FOLDER, answer_requests
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.interface import FileProblem
from clawc.runtime.sandbox.session import Session
from clawc.spec.bundle import Limits

LIMITS = Limits(wall_s=60, memory_bytes=256 << 20, disk_bytes=400 << 20, processes=40)
SMALL = {"wall_s": 10, "memory_bytes": 128 << 20, "disk_bytes": 16 << 20, "processes": 20, "check_s": 10}
_PATIENCE_S = 30


class _Nothing:
    key = "nothing"

    def write(self, dest: Path) -> None:
        return


class Verifier:
    """The inside of a verifier's sandbox, as far as requests go."""

    def __init__(self, session: Session, answering: asyncio.Task[None]) -> None:
        self.session = session
        self.answering = answering
        self._number = 0

    async def ask(self, argv: list[str], files: Mapping[str, bytes] | None = None, **other: object) -> dict[str, Any]:
        """The answer to a request; `other` are further fields of it."""
        self._number += 1
        for path, data in {"in.txt": b"in\n", **(files or {})}.items():
            await self.session.put(f"{FOLDER}/{self._number}.tree/{path}", data)
        fields: dict[str, object] = {
            "argv": argv, "env": {"PATH": "/usr/bin:/bin"}, "cwd": ".", "timeout_s": 5, "stdin": "", "limits": SMALL, **other,
        }  # fmt: skip
        return await self.send(json.dumps(fields).encode())

    async def send(self, data: bytes) -> dict[str, Any]:
        """The answer to the bytes of a request, whose number is the present one."""
        await self.sh(
            f"cat > {FOLDER}/{self._number}.new; mv {FOLDER}/{self._number}.new {FOLDER}/{self._number}.json", data
        )
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                try:
                    await self.session.get(f"{FOLDER}/{self._number}.done")
                    break
                except FileProblem:
                    await asyncio.sleep(0.01)
        found: dict[str, Any] = json.loads(await self.session.get(f"{FOLDER}/{self._number}.result"))
        return found

    async def sh(self, command: str, stdin: bytes = b"") -> str:
        done = await self.session.exec(["/bin/sh", "-c", command], timeout_s=20, stdin=stdin)
        return done.stdout.decode()

    async def after(self) -> list[str]:
        """What the last program has left."""
        return (await self.sh(f"cd {FOLDER}/{self._number}.after && find . -type f | sort")).split()

    def skip(self) -> int:
        """The number of a request that is made by hand."""
        self._number += 1
        return self._number


def play(folder: Path, attack: Callable[[Verifier], Awaitable[None]]) -> None:
    """Play an attack in a sandbox of its own; a request afterwards must be answered as if nothing had been."""

    async def all_of_it() -> None:
        backend = Bubblewrap(folder)
        try:
            probe = await backend.probe()
            if not probe.ok:
                pytest.skip(probe.reason)
            session = await backend.create(_Nothing(), LIMITS, {}, (FOLDER,))
            answering = asyncio.create_task(answer_requests(session, backend))
            verifier = Verifier(session, answering)
            await attack(verifier)
            assert (await verifier.ask(["cat", "in.txt"]))["stdout"] == base64.b64encode(b"in\n").decode()
            assert not answering.done()
            answering.cancel()
            await session.close()
        finally:
            await backend.close()

    asyncio.run(all_of_it())


@pytest.fixture
def state() -> Iterator[Path]:
    """For sandboxes, which are other users' where the tests run as root: those pass no folder of pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="clawc-state-")).resolve()
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_program_is_answered(state: Path) -> None:
    async def attack(verifier: Verifier) -> None:
        said = await verifier.ask(
            ["/bin/sh", "-c", "cat; echo err >&2; echo $A; pwd; ls -l tool; mkdir -p a/b; echo x > a/b/x; exit 3"],
            {"d/tool": b"x"}, cwd="d", stdin=base64.b64encode(b"in ").decode(), env={"A": "a"},
        )  # fmt: skip
        assert (said["exit"], said["limit"], said["truncated"]) == (3, "", False)
        assert base64.b64decode(said["stdout"]).split()[:3] == [b"in", b"a", b"/w/d"]
        assert base64.b64decode(said["stderr"]) == b"err\n"
        assert await verifier.after() == ["./d/a/b/x", "./d/tool", "./in.txt"]

    play(state, attack)


LINKS: tuple[dict[str, str], ...] = (
    {"a": "{out}", "a/b": "in.txt"},
    {"../../../../../../../../{out}/b": "in.txt"},
    {"{out}/b": "in.txt"},
    {"d": "{out}", "d/b": "in.txt"},
    {"a": "..", "a/escaped": "in.txt"},
    {"in.txt": "{out}/b"},
    {"": "{out}"},
    {"n\0ul": "x"},
    {"a": "n\0ul"},
    {"\ud800": "x"},
)


def test_links_stay_in_the_tree(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o777)

    async def attack(verifier: Verifier) -> None:
        for links in LINKS:
            filled = {path.replace("{out}", str(out)): to.replace("{out}", str(out)) for path, to in links.items()}
            await verifier.ask(["ls"], {"d/x": b""}, links=filled)

    play(state, attack)
    assert list(out.iterdir()) == []
    assert not list(tmp_path.rglob("escaped")) and not list(state.parent.glob("escaped"))


def test_a_link_between_files_works(state: Path) -> None:
    async def attack(verifier: Verifier) -> None:
        said = await verifier.ask(
            ["cat", "l/x", "deep/k"], {"d/x": b"x", "deep/y": b"y"}, links={"l": "d", "deep/k": "../in.txt"}
        )
        assert base64.b64decode(said["stdout"]) == b"xin\n"

    play(state, attack)


def test_links_in_place_of_files_lead_nowhere(state: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir(mode=0o755)
    (secret / "s").write_text("secret")

    async def attack(verifier: Verifier) -> None:
        number = verifier.skip()
        await verifier.sh(f"ln -s {secret} {FOLDER}/{number}.tree; ln -s /etc {FOLDER}/{number}.after")
        fields = {"argv": ["cat", "s"], "env": {}, "cwd": ".", "timeout_s": 5, "stdin": "", "limits": SMALL}
        assert "fault" in await verifier.send(json.dumps(fields).encode())
        number = verifier.skip()
        await verifier.sh(
            f"mkdir {FOLDER}/{number}.tree; ln -s {secret} {FOLDER}/{number}.after; ln -s {secret}/d {FOLDER}/{number}.done"
        )
        fields["argv"] = ["/bin/sh", "-c", "echo x > x"]
        await verifier.sh(f"cat > {FOLDER}/{number}.json", json.dumps(fields).encode())
        # What the folder is a link to is not there inside, so this one can not be answered at all.

    play(state, attack)
    assert os.listdir(secret) == ["s"]


def test_places_of_answers_that_are_taken(state: Path) -> None:
    async def attack(verifier: Verifier) -> None:
        for kind in ("mkdir", "mkfifo"):
            for name in ("done", "result"):
                number = verifier.skip()
                await verifier.sh(
                    f"{kind} {FOLDER}/{number}.{name}; mkdir {FOLDER}/{number}.tree; echo {{}} > {FOLDER}/{number}.json"
                )

    play(state, attack)


NONSENSE = (b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"argv": []}')
WRONG: tuple[dict[str, Any], ...] = (
    {"cwd": "../.."}, {"cwd": "/etc"}, {"timeout_s": 1e9}, {"timeout_s": -1}, {"stdin": "abc"}, {"argv": [1]}, {"more": 1},
    {"limits": {"memory_bytes": -1}}, {"argv": []}, {"argv": ["x"] * 10_001}, {"env": {"a": 1}}, {"links": {"a": 1}},
)  # fmt: skip


def test_malformed_requests_are_faults(state: Path) -> None:
    fields = {"argv": ["true"], "env": {}, "cwd": ".", "timeout_s": 5, "stdin": "", "limits": SMALL}

    async def attack(verifier: Verifier) -> None:
        for data in (*NONSENSE, *(json.dumps({**fields, **wrong}).encode() for wrong in WRONG)):
            number = verifier.skip()
            await verifier.sh(f"mkdir {FOLDER}/{number}.tree")
            said = await verifier.send(data)
            assert "fault" in said, data[:200]

    play(state, attack)


def test_words_that_no_program_can_be_started_with(state: Path) -> None:
    async def attack(verifier: Verifier) -> None:
        assert (await verifier.ask(["cat", "a\0b"]))["exit"] == 126
        assert (await verifier.ask(["cat"], env={"A\0B": "x"}))["exit"] == 126
        assert (await verifier.ask(["/nowhere"]))["exit"] == 127
        assert (await verifier.ask(["x" * 300_000]))["exit"] in (126, 127)
        assert (await verifier.ask(["true"], cwd="not/there"))["exit"] == 2

    play(state, attack)


def test_limits_of_a_request_bound_it(state: Path) -> None:
    async def attack(verifier: Verifier) -> None:
        said = await verifier.ask(["/usr/bin/python3", "-c", "x = bytearray(400 << 20); import time; time.sleep(20)"])
        assert said["limit"] == "memory"
        assert (await verifier.ask(["sleep", "60"], timeout_s=0.3))["limit"] == "time"
        said = await verifier.ask(["/bin/sh", "-c", "yes | head -c 20000000"])
        assert said["truncated"] and len(said["stdout"]) < 12 << 20

    play(state, attack)


def test_whatever_a_program_leaves_there_is_an_answer(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that fails is no verdict, and so a way to have no reward."""
    # The first look at a sandbox comes after its program: what it leaves is judged, not what it is seen doing.
    monkeypatch.setattr("clawc.runtime.sandbox.watchdog.POLL_S", 3.0)

    async def attack(verifier: Verifier) -> None:
        said = await verifier.ask(["/bin/sh", "-c", "rm -rf -- * .[!.]*; exit 0"])
        assert said["exit"] == 0 and "fault" not in said
        left = r"""
import os
os.mkfifo("fifo"); os.symlink("/etc/passwd", "link"); os.mkdir("shut"); open("shut/x", "w"); os.chmod("shut", 0)
open(b"\xff\xfe", "w"); open("new\nline", "w"); open("\u202e\\ '\"$x", "w"); open("s", "w").truncate(1 << 40) if 0 else None
# Deeper than a path may be long: of two pieces.
for piece in ("p", "q"):
    os.makedirs(piece + ("/" + "d" * 10) * 149)
os.rename("q", "p" + ("/" + "d" * 10) * 149 + "/q")
os.chmod(".", 0)
os._exit(0)
"""
        said = await verifier.ask(["/usr/bin/python3", "-c", left])
        assert said["exit"] == 0 and "fault" not in said, said
        assert "./in.txt" in await verifier.after()
        limits = {**SMALL, "disk_bytes": 300 << 20}
        said = await verifier.ask(["/bin/sh", "-c", "head -c 150000000 /dev/zero > big"], limits=limits)
        assert said["exit"] == 0 and "./big" in await verifier.after()

    play(state, attack)
