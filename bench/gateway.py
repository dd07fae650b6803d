"""What the gateway adds to a call: the same calls straight to a model's server, and through the gateway with its capture.

Calls come at fixed times whatever the answers do, from as many open episodes as there are, each with a conversation that grows. Client,
gateway and server are processes of their own on this machine, and take turns on its processors.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from bench.machine import machine

AIM_MS = 5.0
_TOOLS = [
    {"type": "function", "function": {"name": name, "description": "Does something. " * 60, "parameters": {"type": "object"}}}
    for name in ("read", "write", "edit", "exec", "process")
]  # fmt: skip
_SYSTEM = "You are an agent that works on files. " * 180
_RESULT = "a line of output of a tool\n" * 40
_DONE = b"data: [DONE]"


class Call(NamedTuple):
    """Seconds until the first part of the answer, and until its end."""

    first: float
    whole: float


class Episode:
    """A conversation that grows by one answer and one result with each call, up to `most`, then begins anew."""

    def __init__(self, url: str, most: int = 30) -> None:
        self._url = f"{url}/chat/completions"
        self._most = most
        self._messages: list[Mapping[str, object]] = []

    def _body(self) -> bytes:
        if not self._messages or len(self._messages) > self._most * 2:
            self._messages = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": "Do the task."}]
        call = {
            "model": "m",
            "messages": self._messages,
            "tools": _TOOLS,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return json.dumps(call).encode()

    async def call(self, client: aiohttp.ClientSession) -> Call:
        """Raises RuntimeError for an answer that is not whole."""
        body = self._body()
        began, first, last = time.perf_counter(), 0.0, b""
        async with client.post(self._url, data=body, headers={"Content-Type": "application/json"}) as response:
            async for chunk in response.content.iter_any():
                if not first and b'"word ' in chunk:
                    first = time.perf_counter() - began
                last = (last + chunk)[-64:]
        whole = time.perf_counter() - began
        if response.status != 200 or _DONE not in last:
            raise RuntimeError(f"status {response.status}, the last of it {last!r}")
        self._messages += [{"role": "assistant", "content": "word " * 20}, {"role": "user", "content": _RESULT}]
        return Call(first, whole)


async def calls_at(rate: float, seconds: float, urls: Sequence[str]) -> list[Call]:
    """Calls at fixed times, the episodes taking turns; later where all of them are still busy."""
    found: list[Call] = []
    free: asyncio.Queue[Episode] = asyncio.Queue()
    for url in urls:
        free.put_nowait(Episode(url))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:

        async def one(episode: Episode) -> None:
            found.append(await episode.call(client))
            free.put_nowait(episode)

        began = time.perf_counter()
        async with asyncio.TaskGroup() as running:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
                running.create_task(one(await free.get()))
    return found


def figures(calls: Sequence[Call]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    found: dict[str, float] = {"calls": len(calls)}
    for name in Call._fields:
        values = sorted(getattr(call, name) for call in calls)
        for share in (50, 95, 99):
            found[f"{name}_p{share}_ms"] = round(values[min(len(values) - 1, len(values) * share // 100)] * 1000, 2)
    return found


def benchmark(episodes: int, rate: float, seconds: float, times: int, whole_s: float) -> dict[str, Any]:
    """The whole document."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as processes:
        server = _process(processes, "bench.model_server", str(whole_s / 5), str(whole_s), "20")
        direct = f"http://127.0.0.1:{int(_line(server))}/v1"
        gateway = _process(processes, "bench.gateway_server", direct, name, str(episodes))
        urls = {"direct": [direct] * episodes, "gateway": json.loads(_line(gateway))}
        calls: dict[str, list[Call]] = {"direct": [], "gateway": []}
        spent = 0.0
        for turn in range(times + 1):
            for where, targets in urls.items():
                before = _processor(gateway.pid)
                found = asyncio.run(calls_at(rate, seconds if turn else 2.0, targets))
                if turn:  # the first turn opens connections
                    calls[where] += found
                    spent += _processor(gateway.pid) - before if where == "gateway" else 0.0
        captured = sum(path.stat().st_size for path in Path(name).rglob("*.jsonl"))
    through = len(calls["gateway"])
    found_figures = {where: figures(each) for where, each in calls.items()}
    return {
        "format_version": 1,
        "name": "gateway",
        "machine": {**machine(), "load_after": round(os.getloadavg()[0], 2)},
        "episodes": episodes,
        "calls_a_second": rate,
        "engine_ms": whole_s * 1000,
        "engine_first_ms": whole_s * 200,
        **found_figures,
        "overhead_ms": _overhead(found_figures),
        "aim_p95_ms": AIM_MS,
        "gateway_cpu_ms_a_call": round(spent / through * 1000, 2),
        "captured_bytes_a_call": captured // (through + int(2 * rate)),
    }


def _overhead(found: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    names = [name for name in found["direct"] if name.endswith("_ms")]
    return {name.removesuffix("_ms"): round(found["gateway"][name] - found["direct"][name], 2) for name in names}


def _process(processes: ExitStack, module: str, *arguments: str) -> subprocess.Popen[bytes]:
    made = subprocess.Popen([sys.executable, "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def end() -> None:
        assert made.stdin is not None
        made.stdin.close()
        made.wait(20)

    processes.callback(end)
    return made


def _line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a process of the benchmark has ended")
    return line


def _processor(pid: int) -> float:
    """Seconds that a process has computed."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def table(document: dict[str, Any]) -> str:
    """The result for people."""
    rows = [
        f"{document['episodes']} open episodes, {document['calls_a_second']:g} calls a second, an engine that takes {document['engine_ms']:g} ms"
    ]
    for where in ("direct", "gateway"):
        found = document[where]
        rows.append(f"  {where:<8} first part {found['first_p50_ms']:>7} ms, p95 {found['first_p95_ms']:>7}; "
                    f"whole {found['whole_p50_ms']:>7} ms, p95 {found['whole_p95_ms']:>7}")  # fmt: skip
    more = document["overhead_ms"]
    rows.append(f"  added    first part {more['first_p50']:>7} ms, p95 {more['first_p95']:>7}; whole {more['whole_p50']:>7} ms, p95 "
                f"{more['whole_p95']:>7} (aim {document['aim_p95_ms']:g})")  # fmt: skip
    rows.append(
        f"  processor of the gateway {document['gateway_cpu_ms_a_call']} ms a call; {document['captured_bytes_a_call']} bytes captured"
    )
    return "\n".join(rows) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Prints a table; `--json` writes the document."""
    parser = argparse.ArgumentParser(prog="python -m bench gateway")
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--episodes", type=int, default=64)
    parser.add_argument("--rate", type=float, default=100.0, help="calls a second")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each turn")
    parser.add_argument("--times", type=int, default=3, help="turns")
    parser.add_argument("--engine", type=float, default=0.5, help="seconds that the engine takes for a whole answer")
    options = parser.parse_args(arguments)
    document = benchmark(options.episodes, options.rate, options.seconds, options.times, options.engine)
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(document))
    return 0
