"""What a client, a workspace or a source may do to the server for agents, and must not be able to."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import pytest

from clawc.mcp.lines import BoundedLines
from clawc.mcp.places import Places, Refusal
from clawc.mcp.readers import Readers
from tests.cli.hostile_specs import chain
from tests.mcp.client import TOTALS, ask, environment, refused, served

# A value that doubles with each line.
ENDLESS = chain('"aaaaaaaaaaaaaaaa"', 'replace(V, "a", "aaaaaaaaaaaaaaaa")', 30)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A workspace `inside` with links that lead out of it."""
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.claw").write_text("claw 1\n# hunter2\nx = 1\n", encoding="utf-8")
    (tmp_path / "secret.csv").write_text("order,customer,amount\n1,hunter2,2\n", encoding="utf-8")
    (inside / "link.claw").symlink_to(tmp_path / "secret.claw")
    (inside / "folder").symlink_to(tmp_path)
    (inside / "input").mkdir()
    (inside / "input" / "orders.csv").symlink_to(tmp_path / "secret.csv")
    (inside / "loop.claw").symlink_to("loop.claw")
    (inside / "a.claw").mkdir()
    os.mkfifo(inside / "fifo.claw")
    (inside / "binary.claw").write_bytes(b"claw 1\n\xff\xfe")
    with open(inside / "huge.claw", "wb") as file:
        file.truncate(1 << 32)
    return inside


PATHS = {
    "../secret.claw": "outside of the workspace", "folder/secret.claw": "outside of the workspace", "link.claw": "outside of the workspace",
    "./x/../../secret.claw": "outside of the workspace", "/etc/passwd": "is no source", "input/orders.csv": "is no source",
    "a\0.claw": "no path", "\ud800.claw": "", "none.claw": "cannot be read", "a.claw": "cannot be read", "fifo.claw": "cannot be read",
    "loop.claw": "cannot be read", "huge.claw": "cannot be read", "binary.claw": "not UTF-8", "x" * 300 + ".claw": "cannot be read",
    "y" * 5000 + ".claw": "",
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(PATHS), ids=lambda path: ascii(path)[:30])
def test_no_path_leads_out(outside: Path, path: str) -> None:
    with pytest.raises(Refusal) as error:
        Places([outside]).source(path, None)
    assert PATHS[path] in str(error.value) and "hunter2" not in str(error.value)


@pytest.mark.asyncio
async def test_nothing_outside_is_told_by_any_tool(outside: Path) -> None:
    start, end = TOTALS.index("content = "), TOTALS.index("let totals")
    text = TOTALS[:start].rstrip().removesuffix("{").rstrip() + "\n  }\n\n  " + TOTALS[end:]
    async with served(outside) as client:
        for path in ("../secret.claw", "link.claw", "folder/secret.claw", "fifo.claw", "huge.claw", "loop.claw"):
            for tool in ("check", "format", "test"):
                assert "hunter2" not in await refused(client, tool, path=path)
            assert "hunter2" not in await refused(client, "complete", path=path, line=1, column=1)
        (found,) = (await ask(client, "check", text=text))["problems"][:1]
        assert found["code"] == "E0701" and "leaves the project" in found["message"]
        used = 'claw 1\nuse "folder/secret.claw" (x)\n'
        told = await ask(client, "check", text=used)
        assert not told["ok"] and "hunter2" not in json.dumps(told)
        at = text.index('"input/orders.csv"') + len('"')
        line, column = text.count("\n", 0, at) + 1, at - text.rindex("\n", 0, at)
        beyond = text[:at] + "folder/" + text[at:]
        offered = await ask(client, "complete", text=beyond, line=line, column=column + len("folder/"))
        assert "secret.claw" not in {o["label"] for o in offered["items"]}


@pytest.mark.asyncio
async def test_wrong_arguments_are_answered_and_the_server_goes_on(tmp_path: Path) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("check", {}), ("check", {"path": 3}), ("check", {"text": ["claw 1"]}), ("check", {"text": "x" * (2 << 20) + "y"}),
        ("complete", {"text": TOTALS}), ("complete", {"text": TOTALS, "line": 0, "column": 1}),
        ("complete", {"text": TOTALS, "line": 10**30, "column": 1}), ("complete", {"text": TOTALS, "line": "a", "column": 1}),
        ("explain", {}), ("explain", {"word": ""}), ("explain", {"word": "w" * 1000}), ("test", {"text": TOTALS, "seconds": 0}),
        ("test", {"text": TOTALS, "seconds": 1e9}), ("test", {"text": TOTALS, "seconds": float("1e308")}), ("levitate", {}), ("", {}),
    ]  # fmt: skip
    async with served(tmp_path) as client:
        for tool, arguments in wrong:
            told = await refused(client, tool, **arguments)
            assert told and "Traceback" not in told and len(told) < 5_000, tool
        assert (await ask(client, "check", text=TOTALS))["ok"]
        odd = await ask(client, "check", text="claw 1\n\u202e\x1b[31m\x00 = \U0010ffff")
        assert not odd["ok"] and all(p["message"].isprintable() for p in odd["problems"])


@pytest.mark.asyncio
async def test_calls_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        found: dict[int, dict[str, Any]] = {}

        async def one(number: int) -> None:
            found[number] = await ask(client, "check", text=TOTALS.replace("sum(amount)", f"sum(amount{number})"))

        async with anyio.create_task_group() as group:
            for number in range(12):
                group.start_soon(one, number)
        for number in range(12):
            (problem,) = found[number]["problems"]
            assert f"`amount{number}`" in problem["message"]


def test_a_source_that_would_run_for_ever_is_given_up(tmp_path: Path) -> None:
    async def go() -> None:
        readers = Readers(wait_s=30.0, at_once=1)
        source = Places([tmp_path]).source(None, TOTALS)
        assert await readers.ask("check", source) == []
        for worker in readers._all:  # pyright: ignore[reportPrivateUsage]
            worker._wait_s = 0.0001  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(Refusal, match="it may ask for too much"):
            await readers.ask("check", source)
        for worker in readers._all:  # pyright: ignore[reportPrivateUsage]
            worker._wait_s = 30.0  # pyright: ignore[reportPrivateUsage]
        asked = asyncio.ensure_future(readers.ask("check", source))
        await asyncio.sleep(0.01)
        asked.cancel()
        assert await readers.ask("check", source) == []
        await readers.close()

    asyncio.run(go())


@pytest.mark.asyncio
async def test_a_bomb_is_answered_and_a_proof_ends_in_its_time(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        result = await client.call_tool("check", {"text": ENDLESS})
        assert result.is_error or not (result.structured_content or {})["ok"]
        began = time.monotonic()
        tested = await ask(client, "test", text=TOTALS, seconds=0.01)
        assert tested["outcome"] == "ended" and "0.01 s" in tested["why"] and time.monotonic() - began < 60
        assert (await ask(client, "check", text=TOTALS))["ok"]


def lines(*messages: dict[str, Any]) -> bytes:
    return b"".join(json.dumps({"jsonrpc": "2.0", **m}).encode() + b"\n" for m in messages)


HELLO = lines(
    {"id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}},
    {"method": "notifications/initialized"},
)  # fmt: skip


def call(number: int, tool: str, **arguments: Any) -> bytes:
    return lines({"id": number, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})


def start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "clawc", "mcp"], cwd=folder, env={**os.environ, **environment()}, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def working_in(folder: Path) -> list[str]:
    """Processes that still live in a folder, wherever their session is."""
    found: list[str] = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.readlink(f"/proc/{entry}/cwd") == os.path.realpath(folder):
                found.append(entry)
        except OSError:
            continue
    return found


@pytest.mark.sampled(2)
@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="processes are found by /proc")
@pytest.mark.parametrize("how", ["closed", "SIGTERM", "SIGINT", "killed"])
def test_a_client_that_goes_away_leaves_no_process(tmp_path: Path, how: str) -> None:
    with start(tmp_path) as server:
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(HELLO + call(1, "check", text=TOTALS))
        server.stdin.flush()
        assert [json.loads(server.stdout.readline())["id"] for _ in range(2)] == [0, 1]
        server.stdin.write(call(2, "check", text=ENDLESS) + call(3, "test", text=TOTALS))
        server.stdin.flush()
        time.sleep(0.3)
        assert len(working_in(tmp_path)) >= 3
        if how == "closed":
            server.stdin.close()
        elif how == "killed":
            server.kill()
        else:
            server.send_signal(signal.Signals[how])
        assert server.wait(30) == (-signal.SIGKILL if how == "killed" else 0)
        until = time.monotonic() + 30
        while working_in(tmp_path) and time.monotonic() < until:
            time.sleep(0.1)
        assert working_in(tmp_path) == []


def test_noise_and_messages_without_end_are_answered_and_passed_over(tmp_path: Path) -> None:
    with start(tmp_path) as server:
        assert server.stdin is not None and server.stdout is not None and server.stderr is not None
        server.stdin.write(HELLO + b"\n{]\n\xff\xfe\n[[[[\n" + b'{"a":' * 3000 + b"\n" + b"x" * (40 << 20) + b"\n")
        server.stdin.write(call(1, "check", text=TOTALS))
        server.stdin.flush()
        while (answer := json.loads(server.stdout.readline())).get("id") != 1:
            assert "error" in answer or answer.get("id") == 0 or "method" in answer
        assert answer["result"]["structuredContent"]["ok"] is True
        server.stdin.close()
        assert server.wait(30) == 0
        assert b"Traceback" not in server.stderr.read()


def test_of_a_long_line_only_the_beginning_is_kept() -> None:
    source, sink = os.pipe()
    os.write(sink, b"ab\n" + b"x" * 50 + b"\r\ncd\n" + b"y" * 50)
    os.close(sink)
    kept = io.BufferedReader(BoundedLines(source, 10)).read()
    os.close(source)
    assert kept == b"ab\n" + b"x" * 10 + b"\ncd\n" + b"y" * 10
