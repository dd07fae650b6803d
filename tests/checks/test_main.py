"""The command line of a checker: what it writes where, and how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawc.stdlib.checks.values import No
from clawc.stdlib.checks.verdict import Check, main
from clawc.stdlib.checks.workspace import Deliverable, Submission

OUT = Deliverable("out", "out.txt", "text")


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """The clock that the checker sets is stopped, and its signal means what it meant."""
    before = signal.getsignal(signal.SIGPROF)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)


def expects(ws: Submission) -> Iterator[tuple[int, str, Any]]:
    yield 1, "out", lambda: True if ws["out"].data == b"right" else No("it is not ‘right’", 0.25)


def judged(monkeypatch: pytest.MonkeyPatch, *arguments: str, encoding: str = "utf-8") -> tuple[int, str, str]:
    """The status and what was written to standard output and to standard error."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding=encoding), io.StringIO()
    monkeypatch.setattr(sys, "argv", ["check.py", *arguments])
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    status = main("t", [OUT], {}, [Check("right", expects)])
    out.flush()
    found = out.buffer
    assert isinstance(found, io.BytesIO)
    return status, found.getvalue().decode(encoding), err.getvalue()


def test_a_report_for_people(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_bytes(b"right")
    status, out, err = judged(monkeypatch, str(tmp_path))
    assert (status, err) == (0, "")
    assert "right" in out and "{" not in out
    (tmp_path / "out.txt").write_bytes(b"wrong")
    assert "it is not ‘right’" in judged(monkeypatch, str(tmp_path))[1]
    assert "it is not \\u2018right\\u2019" in judged(monkeypatch, str(tmp_path), encoding="ascii")[1]
    assert signal.getitimer(signal.ITIMER_PROF)[0] == 0


def test_a_verdict_as_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    status, out, _ = judged(monkeypatch, str(tmp_path), "--json")
    found = json.loads(out)
    assert (status, found["task"], found["nonce"], out.count("\n"), out[-1]) == (0, "t", "", 1, "\n")
    assert found["checks"][0]["passed"] is False


def test_a_verdict_on_a_descriptor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_bytes(b"right")
    read, write = os.pipe()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b" n1 \nrest\n")))
    assert judged(monkeypatch, str(tmp_path), "--verdict-fd", str(write)) == (0, "", "")
    with open(read, encoding="ascii") as stream:
        found = json.loads(stream.read())
    assert (found["nonce"], found["checks"][0]["passed"]) == ("n1", True)


def test_a_descriptor_that_is_not_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    status, out, err = judged(monkeypatch, str(tmp_path), "--verdict-fd", str(write))
    assert (status, out, err) == (2, "", f"cannot write the verdict to descriptor {write}: Bad file descriptor\n")


def test_a_wrong_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, err = judged(monkeypatch, "--ünknown")
    assert (status, out) == (2, "")
    assert err.endswith("\n") and err.isascii()
