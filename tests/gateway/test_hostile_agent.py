"""An agent that misuses what it has, in a real sandbox: its tools say so, and the runner and other episodes go on."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from tests.gateway.conftest import MakeBundle
from tests.gateway.test_rollouts import BASH, DONE, WRITE, calls_of, run, steps, tiny_agent

pytestmark = pytest.mark.usefixtures("works")

# Connections without end, half heads, large bodies and pipelines, from many threads.
FLOOD = r"""
import os, socket, threading, time
end = time.time() + 1.5
body = b'{"messages":[{"role":"user","content":"' + os.urandom(1000000).hex().encode() + b'"}]}'
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
def idle():
    held = []
    while time.time() < end:
        try:
            held.append(socket.create_connection(("127.0.0.1", 8000), 1))
            held[-1].sendall(HEAD + b"Content-Le")
        except OSError:
            time.sleep(0.01)
        if len(held) > 800:
            held = held[400:]
def sends(data, times):
    while time.time() < end:
        try:
            connection = socket.create_connection(("127.0.0.1", 8000), 1)
            for _ in range(times):
                connection.sendall(data)
            connection.settimeout(1)
            connection.recv(100)
        except OSError:
            pass
large = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
pipe = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
threads = [threading.Thread(target=f, args=a, daemon=True) for f, a in [(idle, ())] * 2 + [(sends, (large, 1))] * 3 + [(sends, (pipe, 100))] * 2]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_a_flood_of_connections(make_bundle: MakeBundle, tmp_path: Path) -> None:
    """Of descriptors only few are taken. What it asks counts against its own caps, and how it ends is its own doing."""
    command = f"python3 - > /tmp/out 2>&1 <<'EOF'\n{FLOOD}\nEOF\nhead -c 300 /tmp/out"
    model = steps(tmp_path, {"tool": "bash", "arguments": {"command": command}}, BASH, DONE)
    most, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            most[0] = max(most[0], len(os.listdir("/proc/self/fd")))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        records = run(make_bundle(), tmp_path / "run", tiny_agent(tmp_path), model, episodes=2)
    finally:
        over.set()
        watching.join()
    for record in records:
        assert (record.outcome, record.score) == ("ok", "1") or record.limits_hit == ("tokens",), record.evidence
    assert most[0] < 250
    for record in records:
        calls = calls_of(tmp_path / "run", record)
        assert [call.caller for call in calls if call.kind == "train"] == ["harness"] * (
            3 if record.outcome == "ok" else 1
        )


ODD: list[tuple[str, dict[str, object]]] = [
    ("read", {"path": "\ud800"}), ("read", {"path": "a\0"}), ("read", {"path": "x" * 100_000}),
    ("read", {"path": "in/data.txt", "offset": 10**30, "limit": -5}), ("write", {"path": "o\ud800", "content": "\ud800\0"}),
    ("edit", {"path": "in/data.txt", "edits": [{"oldText": "\ud800", "newText": "\udfff"}]}), ("edit", {"path": "x", "edits": [[]]}),
    ("exec", {"command": "echo \ud800; printf '\\377\\000\\033[2J'"}), ("exec", {"command": "x" * 300_000}),
    ("exec", {"command": "true", "env": {"A=B": "x"}}), ("exec", {"command": "true", "env": {"A": "\0"}}), ("exec", {"command": "true", "env": {"\ud800": "x"}}),
    ("exec", {"command": "true", "workdir": "\0"}), ("exec", {"command": "true", "workdir": "x" * 5_000}), ("exec", {"command": "true", "timeout": 1e308}),
    ("exec", {"command": "true", "timeout": 1e-300}), ("exec", {"command": "true", "background": True, "workdir": "\ud800"}),
    ("exec", {"command": "cat", "background": True}), ("process", {"action": "write", "sessionId": "p1", "data": "\ud800\0"}),
    ("process", {"action": "poll", "sessionId": "p1", "timeout": 1e-9}), ("process", {"action": ["\ud800"], "sessionId": {"a": 1}}),
]  # fmt: skip
RAW = [
    '{"path": ' + "[" * 980 + "]" * 980 + "}",
    '{"path": NaN}',
    '{"command": "true", "timeout": 1e999}',
    "\ufeff{}",
    '{"path": "\\ud800"}' * 2,
]


def test_arguments_that_no_tool_takes(make_bundle: MakeBundle, tmp_path: Path) -> None:
    said = [{"tool": name, "raw": json.dumps(arguments)} for name, arguments in ODD]
    said += [{"tool": "read", "raw": raw} for raw in RAW]
    [record] = run(make_bundle(), tmp_path / "run", "loop", steps(tmp_path, *said, WRITE, DONE))
    assert (record.outcome, record.score, record.evidence) == ("ok", "1", "")
    assert record.usage.model_calls == len(said) + 2
    calls = calls_of(tmp_path / "run", record)
    assert [call.parent for call in calls] == list(range(len(calls)))
