"""A gateway that is killed in the middle of calls, with the whole runner: what was captured is whole, and the run goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clawc import cli, exits
from clawc.runtime.gateway.calls import read_calls
from clawc.runtime.gateway.capture import CAPTURE
from clawc.runtime.store.run_folder import read_run
from tests.gateway.conftest import MakeBundle

pytestmark = pytest.mark.usefixtures("works")
TRIES_S = 30.0


@pytest.mark.sampled(2)
@pytest.mark.parametrize("stream", [False, True])
def test_killed_and_continued(make_bundle: MakeBundle, tmp_path: Path, stream: bool) -> None:
    bundle = make_bundle()
    steps = [
        {"tool": "write", "arguments": {"path": "out/answer.txt", "content": "TRUTH-41d3c7\n"}},
        {"tool": "exec", "arguments": {"command": "cat out/answer.txt"}, "wait_s": 0.15},
        {"text": "done"},
    ]  # fmt: skip
    (tmp_path / "model.json").write_text(json.dumps(steps))
    (tmp_path / "agent.toml").write_text(f"stream = {str(stream).lower()}\n")
    out = tmp_path / "run"
    arguments = [
        "run",
        str(bundle),
        "--agent",
        f"loop:{tmp_path}/agent.toml",
        "--model",
        f"scripted:{tmp_path}/model.json",
        "-n",
        "12",
        "-j",
        "4",
        "--out",
        str(out),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "clawc", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + TRIES_S
    while len(captures(out)) < 6 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    killed = captures(out)
    assert len(killed) >= 6
    for path in killed:  # every line that there is says something, and what was asked is there whole
        for call in read_calls(path):
            assert call.state == "refused" or call.asked().messages[0]["role"] == "system"
    finished = {record.key: record for record in read_run(out)[1]} if (out / "episodes.jsonl").exists() else {}
    kept = {key: (out / "episodes" / key / CAPTURE).read_bytes() for key in finished}
    assert cli.run(arguments) == exits.OK
    _, records = read_run(out)
    assert [(record.outcome, record.score) for record in records] == [("ok", "1")] * 12
    assert {record.key: record for record in records}.items() >= finished.items()
    assert all((out / "episodes" / key / CAPTURE).read_bytes() == data for key, data in kept.items())
    for path in captures(out):
        assert [(call.state, call.kind) for call in read_calls(path)] == [("answered", "train")] * 3


def captures(out: Path) -> list[Path]:
    return sorted(out.glob(f"episodes/*/{CAPTURE}"))
