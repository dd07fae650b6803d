"""The arithmetic of verdicts, and what the checker's process writes where."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clawc.spec.bundle import Verdict
from clawc.stdlib.checks.values import MISSING, No, Unmet
from clawc.stdlib.checks.verdict import Check, Expect, Watch, json_text, judge, report, verdict_line
from clawc.stdlib.checks.workspace import Memory, Submission

NOTHING = Submission(Memory({}), [], {})


def body(*truths: Any) -> Callable[[Submission], Iterator[Expect]]:
    def expects(ws: Submission) -> Iterator[Expect]:
        for line, truth in enumerate(truths, 1):
            yield line, f"source {line}", functools.partial(raised, truth)

    return expects


def raised(truth: Any) -> Any:
    if isinstance(truth, Unmet):
        raise truth
    return truth


def verdict(*checks: Check) -> dict[str, Any]:
    value = judge("t", checks, NOTHING, "n0")
    Verdict.model_validate(json.loads(verdict_line(value)))
    return value


def one(check: Check) -> dict[str, Any]:
    found: dict[str, Any] = verdict(check)["checks"][0]
    return found


def test_weights() -> None:
    value = verdict(Check("a", body(True), "2"), Check("b", body(True, False), "1"))
    assert (value["C"], value["V"], value["score_checks"]) == ("0." + "6" * 33 + "7", "1", "0.666667")
    assert (value["nonce"], value["task"]) == ("n0", "t")
    assert [check["passed"] for check in value["checks"]] == [True, False]
    assert verdict(Check("a", body(True), "0.10"))["score_checks"] == "1"
    assert verdict(Check("a", body(True), kind="require"))["score_checks"] == "0"


def test_rounding_is_half_even() -> None:
    value = verdict(Check("a", body(True), "0.0000005"), Check("b", body(False), "0.9999995"))
    assert value["score_checks"] == "0"
    value = verdict(Check("a", body(True), "0.0000015"), Check("b", body(False), "0.9999985"))
    assert value["score_checks"] == "0.000002"


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        (False, "`source 1`: is false"),
        (No("expected 8, found 7"), "expected 8, found 7"),
        (No(""), "`source 1`: is false"),
        (Unmet("`o.csv` does not exist"), "`o.csv` does not exist"),
        (None, "`source 1`: the condition has no value"),
        (MISSING, "`source 1`: the condition has no value"),
        (1, "`source 1`: the condition has no value"),
        ("true", "`source 1`: the condition has no value"),
        (No("a\n\x1b[31m\u202e\ud800"), "a\\n\\x1b[31m\\u202e\\ud800"),
    ],
)
def test_what_is_not_true_is_false(truth: Any, message: str) -> None:
    check = one(Check("a", body(truth, True)))
    assert (check["passed"], check["credit"], check["message"]) == (False, "0", message)
    assert [expect["passed"] for expect in check["expects"]] == [False, True]
    assert check["expects"][0]["message"] == message


def test_long_messages_are_cut() -> None:
    assert len(one(Check("a", body(No("x" * 10_000))))["message"]) == 500


def test_partial_credit() -> None:
    assert one(Check("a", body(True, No("", 0.5)), partial=True))["credit"] == "0.75"
    assert one(Check("a", body(True, No("", 0.5)), partial=True, floor="0.75"))["credit"] == "0"
    assert one(Check("a", body(True, Unmet("x")), partial=True))["credit"] == "0.5"
    assert one(Check("a", body(True, True), partial=True, floor="0.99"))["credit"] == "1"
    assert one(Check("a", body(No("", 1.0), No("", float("nan")), No("", -3)), partial=True))["credit"] == "0"


def test_a_body_that_cannot_be_judged() -> None:
    def broken(ws: Submission) -> Iterator[Expect]:
        yield 1, "first", lambda: True
        raise Unmet("`o.csv` does not exist")

    for partial in (False, True):
        check = one(Check("a", broken, partial=partial))
        assert (check["passed"], check["credit"], check["message"]) == (False, "0", "`o.csv` does not exist")
        assert len(check["expects"]) == 1
    assert verdict(Check("a", broken, kind="require"))["V"] == "0"
    assert one(Check("a", body()))["message"] == "nothing is expected"


@pytest.mark.parametrize(
    ("kind", "truths", "veto"),
    [
        ("require", [True, True], "1"),
        ("require", [True, False], "0"),
        ("require", [Unmet("x")], "0"),
        ("require", [None], "0"),
        ("forbid", [False, No("x")], "1"),
        ("forbid", [False, True], "0"),
        ("forbid", [Unmet("x")], "1"),
        ("forbid", [Unmet("x"), True], "0"),
        ("forbid", [None], "1"),
    ],
)
def test_veto(kind: str, truths: list[Any], veto: str) -> None:
    value = verdict(Check("a", body(True)), Check("v", body(*truths), kind=kind))
    assert (value["C"], value["V"], value["score_checks"]) == ("1", veto, veto)
    assert value["checks"][1]["passed"] is (veto == "1")
    assert value["checks"][1]["credit"] == veto
    assert value["checks"][1]["weight"] == "0"


def test_after() -> None:
    value = verdict(
        Check("c", body(True), after=["b"]),
        Check("b", body(True), after=["a"]),
        Check("a", body(False)),
        Check("d", body(True)),
    )
    assert [check["name"] for check in value["checks"]] == ["c", "b", "a", "d"]
    assert [check["passed"] for check in value["checks"]] == [False, False, False, True]
    assert value["checks"][1]["message"] == "is judged only after `a`"
    assert value["checks"][1]["expects"] == []
    assert all(
        check["passed"] for check in verdict(Check("b", body(True), after=["a"]), Check("a", body(True)))["checks"]
    )
    ring = verdict(Check("a", body(True), after=["b"]), Check("b", body(True), after=["a"]))
    assert ring["score_checks"] == "0"


def test_report() -> None:
    checks = [
        Check("a", body(True), "2"),
        Check("b", body(True, No("found 7")), partial=True),
        Check("v", body(True), kind="forbid"),
    ]
    assert report(judge("t", checks, NOTHING, "")) == (
        "PASS a (weight 2)\n"
        "FAIL b (weight 1, credit 0.5): found 7\n"
        "FAIL v (forbid): `source 1`: is true\n"
        "score of the checks: 0 (C = 0.8333333333333333333333333333333333, V = 0)\n"
    )


SCRIPT = """
import sys
import threading
import time
from clawc.stdlib.checks.values import No
from clawc.stdlib.checks.verdict import Check, main
from clawc.stdlib.checks.workspace import Deliverable

def fine(ws):
    data = ws["o"].data
    yield 1, "x", lambda: data == b"1" or No("é \\ud800 \\x1b")

sys.exit(main("t", [Deliverable("o", "o.txt", "text")], {}, [Check("fine", fine)]))
"""


def run(
    *arguments: str, input: bytes = b"", env: dict[str, str] | None = None, pass_fds: tuple[int, ...] = ()
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, check=False, input=input, env=env, pass_fds=pass_fds)


def test_process_reports_to_people(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"FAIL fine (weight 1): `o.txt` does not exist\n")
    (tmp_path / "o.txt").write_bytes(b"2")
    done = run(str(tmp_path), env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"FAIL fine (weight 1): \\xe9 \\ud800 \\x1b\n")
    (tmp_path / "o.txt").write_bytes(b"1")
    assert json.loads(run(str(tmp_path), "--json").stdout)["score_checks"] == "1"


def test_process_writes_the_verdict_to_a_descriptor(tmp_path: Path) -> None:
    read, write = os.pipe()
    done = run(str(tmp_path), "--verdict-fd", str(write), input=b"abc123\nrest", pass_fds=(write,))
    os.close(write)
    with open(read, "rb") as stream:
        line = stream.read()
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert Verdict.model_validate_json(line).nonce == "abc123"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], b"usage: check.py WORKSPACE"),
        (["a", "b"], b"usage: check.py WORKSPACE"),
        (["/none"], b"`/none` is not a folder"),
        (["--frob"], b"unknown option `--frob`"),
        (["/", "--jobs"], b"`--jobs` needs a value"),
        (["/", "--verdict-fd", "x"], b"`--verdict-fd` needs a number, not `x`"),
        (["/", "--verdict-fd", "77"], b"cannot write the verdict to descriptor 77"),
    ],
)
def test_wrong_command_lines(arguments: list[str], message: bytes) -> None:
    done = run(*arguments, input=b"n\n")
    assert done.returncode == 2
    assert done.stderr.startswith(message)
    assert done.stderr.count(b"\n") == 1


def endless(seconds: float) -> Callable[[], Any]:
    def condition() -> Any:
        start = time.process_time()
        while time.process_time() - start < seconds:
            pass
        return True

    return condition


def two_expects(first: Callable[[], Any], second: Callable[[], Any]) -> Callable[[Submission], Iterator[Expect]]:
    def expects(ws: Submission) -> Iterator[Expect]:
        yield 1, "first", first
        yield 2, "second", second

    return expects


@pytest.fixture
def clock() -> Iterator[None]:
    """A clock that rings after a twentieth of a second of the processor, and is stopped at the end."""
    before = signal.getsignal(signal.SIGPROF)
    Watch.begin(0.05)
    yield
    Watch.begin(0)
    signal.signal(signal.SIGPROF, before)


def test_the_watch_ends_what_takes_too_long_and_the_rest_is_judged(clock: None) -> None:
    slow = Check("slow", two_expects(endless(20), lambda: True))
    also = Check("also", two_expects(endless(20), endless(20)), partial=True)
    start = time.process_time()
    verdict = judge("t", [slow, also], NOTHING, "n")
    assert time.process_time() - start < 5
    assert [check["passed"] for check in verdict["checks"]] == [False, False]
    for check in verdict["checks"]:
        assert "take too long to be judged" in check["message"]
    assert [expect["passed"] for expect in verdict["checks"][0]["expects"]] == [False, True]


def test_the_watch_never_ends_what_is_not_a_check(clock: None) -> None:
    assert Watch.may_end is False
    assert endless(0.2)() is True
    assert Watch.may_end is False
    verdict = judge("t", [Check("quick", body(True))], NOTHING, "n")
    assert verdict["checks"][0]["passed"]
    assert endless(0.2)() is True


def test_without_its_clock_a_check_is_judged_all_the_same() -> None:
    """A thread that is not the main one cannot set the clock."""
    begun: list[bool] = []

    def begin() -> None:
        Watch.begin(1)
        begun.append(True)

    thread = threading.Thread(target=begin)
    thread.start()
    thread.join()
    assert begun


def test_json_of_any_text() -> None:
    text = "".join(map(chr, (*range(0x300), 0x2028, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF)))
    value: dict[str, Any] = {"b": [text, True, False, 7], "a": {}, text: []}
    written = json_text(value)
    assert json.loads(written) == value
    assert written.isascii() and written.isprintable()
    assert written[1:-1] == json.dumps(value, sort_keys=True, separators=(",", ":")).replace("\x7f", "\\u007f")[1:-1]
