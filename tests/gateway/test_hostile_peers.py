"""An agent that makes the system say of its connection that it is the harness's, or nobody's, plants nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.conftest import MakeBundle
from tests.gateway.test_rollouts import BASH, DONE, calls_of, run, steps, tiny_agent

pytestmark = pytest.mark.usefixtures("works")

# Asks what the harness has asked first, word for word; `connection` says how.
START = r"""
import array, glob, json, os, re, socket, time
source = open("/agent/agent.py").read()
tools = eval(re.search(r"TOOLS = (.*)", source)[1], {"PARAMETERS": eval(re.search(r"PARAMETERS = (.*)", source)[1])})
told = [open(p, "rb").read().split(b"\0") for p in glob.glob("/proc/[0-9]*/cmdline")]
instruction = [a[3].decode() for a in told if len(a) > 3 and a[1].endswith(b"agent.py")][0]
start = [{"role": "system", "content": "You work on files."}, {"role": "user", "content": instruction}]
body = json.dumps({"messages": start, "tools": tools}).encode()
call = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
port = next(int(l.split()[1][-4:], 16) for l in open("/proc/net/tcp") if l.split()[2].endswith(":1F40") and l.split()[3] == "01")
def answer(connection):
    found = b""
    while data := connection.recv(65536):
        found += data
    print(found[:40])
"""
# The harness's port, at another address of the same machine.
ELSEWHERE = """
connection = socket.socket()
connection.bind(("127.0.0.2", port))
connection.connect(("127.0.0.1", 8000))
connection.sendall(call)
answer(connection)
"""
MAPPED = """
connection = socket.socket(socket.AF_INET6)
connection.connect(("::ffff:127.0.0.1", 8000))
connection.sendall(call)
answer(connection)
"""
# On its way from one process to another, a connection is nobody's.
UNDERWAY = """
connection = socket.socket()
connection.connect(("127.0.0.1", 8000))
one, other = socket.socketpair()
fd = connection.detach()
os.write(fd, call)
socket.send_fds(one, [b"x"], [fd])
os.close(fd)
time.sleep(1)
_, fds, _, _ = socket.recv_fds(other, 10, 1)
answer(socket.socket(fileno=fds[0]))
"""


@pytest.mark.parametrize("how", [ELSEWHERE, MAPPED, UNDERWAY], ids=["elsewhere", "mapped", "underway"])
def test_a_connection_that_seems_the_harnesss(make_bundle: MakeBundle, tmp_path: Path, how: str) -> None:
    command = f"python3 - > /tmp/out 2>&1 <<'EOF'\n{START}{how}\nEOF\nhead -c 400 /tmp/out"
    model = steps(tmp_path, {"tool": "bash", "arguments": {"command": command}}, BASH, DONE)
    [record] = run(make_bundle(), tmp_path / "run", tiny_agent(tmp_path), model)
    assert (record.outcome, record.score) == ("ok", "1")
    calls = calls_of(tmp_path / "run", record)
    assert len(calls) == 4, record.final
    assert [(call.caller, call.kind) for call in calls] == [
        ("harness", "train"), ("other", "side"), ("harness", "train"), ("harness", "train"),
    ]  # fmt: skip
