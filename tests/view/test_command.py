"""`clawc view` as a program: an address, an end by Ctrl-C, mistakes as messages."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.runtime.run_folders import record, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_run(tmp_path / "run", [record("a"), record("b", passed=(False,))])
    return tmp_path / "run"


def start(*arguments: object, **more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "clawc", "view", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | more)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_interrupted(run: Path, number: signal.Signals) -> None:
    process = start(run)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert process.stdout.readline() == "Ctrl-C ends it.\n"
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}", address)
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        assert "2 episodes" in opener.open(address.replace("/?", "/run/0/episodes?"), timeout=10).read().decode()
        process.send_signal(number)
        assert process.communicate(timeout=20) == ("", "") and process.returncode == 0
    finally:
        process.kill()
        process.wait()


def test_mistakes_are_messages(run: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        cases = [
            ((run, "--port", taken.getsockname()[1]), "cannot be had"),
            ((tmp_path / "none",), "not a run folder"),
            ((run, "--out", run), "is not empty"),
        ]
        for arguments, said in cases:
            process = start(*arguments)
            _, errors = process.communicate(timeout=30)
            assert process.returncode == 2 and said in errors and "help: " in errors and "Traceback" not in errors


def test_a_folder_is_written(run: Path, tmp_path: Path) -> None:
    process = start(run, "--out", tmp_path / "out")
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "") and "index.html" in out
    assert (tmp_path / "out" / "run-1" / "episode" / "2.html").is_file()
