"""What programs of the workspace did: answers of calls, and files that a program has to have written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clawc.stdlib.checks.programs import call_raises, call_value, code_holds, made
from clawc.stdlib.checks.readers import json_value
from clawc.stdlib.checks.values import No, Unmet
from clawc.stdlib.checks.workspace import Deliverable, Memory, Submission


def ran(answer: Any = None, **other: Any) -> dict[str, Any]:
    """A run as it is recorded."""
    written = answer if isinstance(answer, str) else json.dumps(answer)
    return {"exit": 0, "timed_out": False, "stdout": written, "stderr": "  some\nerror \n", **other}


def refusal(action: Any, *arguments: Any) -> str:
    with pytest.raises(Unmet) as caught:
        action(*arguments)
    return str(caught.value)


def raised(*kinds: str, message: Any = "why") -> dict[str, Any]:
    return ran({"raised": list(kinds), "message": message})


def test_the_value_of_a_call() -> None:
    assert call_value(ran({"value": [1, "a"]})) == [1, "a"]
    assert call_value(ran({"value": None})) is None
    assert refusal(call_value, raised("KeyError", "LookupError")) == "the call raised KeyError: why"
    assert refusal(call_value, raised(message="m")) == "the call raised an exception: m"


def test_calls_without_an_answer() -> None:
    assert refusal(call_value, ran({"value": 1}, timed_out=True)) == "the call took too long"
    assert refusal(call_value, ran({"value": 1}, exit=3)) == "the call gave no answer (exit 3): some\\nerror"
    assert refusal(call_value, ran("{")) == "the call gave no answer (exit 0): some\\nerror"
    long = ran("{", stderr="a" * 50 + "b" * 200)
    assert refusal(call_value, long) == "the call gave no answer (exit 0): " + "b" * 200
    long = ran({}, exit=1, stderr="a" * 50 + "b" * 200)
    assert refusal(call_value, long) == "the call gave no answer (exit 1): " + "b" * 200
    for odd in ("[]", "{}", '{"values": 1}', "5"):
        assert refusal(call_value, ran(odd)) == "the call gave no answer"


def test_a_call_that_raises() -> None:
    assert call_raises(raised("KeyError", "LookupError"), "LookupError") is True
    assert call_raises(raised("KeyError", "LookupError"), "ValueError") is False
    assert call_raises(ran({"value": 1}), "KeyError") is False


@pytest.mark.parametrize("value", [True, 1, "", "  ", 2])
def test_code_that_holds(value: Any) -> None:
    assert code_holds(ran({"value": value})) is True


@pytest.mark.parametrize(
    ("run", "reason", "share"),
    [
        (ran({"value": False}), "the check says no", 0.0),
        (ran({"value": 0.25}), "the check says no", 0.25),
        (ran({"value": -3}), "the check says no", 0.0),
        (ran({"value": "too short"}), "too short", 0.0),
        (ran({"value": "x" * 250}), "x" * 199 + "…", 0.0),
        (raised("AssertionError", message="no total"), "no total", 0.0),
        (raised("Derived", "AssertionError", message=""), "an assertion failed", 0.0),
        (raised("AssertionError", message="x" * 250), "x" * 199 + "…", 0.0),
    ],
)
def test_code_that_does_not_hold(run: Any, reason: str, share: float) -> None:
    found = code_holds(run)
    assert isinstance(found, No)
    assert (found.reason, found.share) == (reason, share)


def test_code_that_gives_no_verdict() -> None:
    assert refusal(code_holds, raised("KeyError")) == "the call raised KeyError: why"
    for odd in (None, [1]):
        message = "the check gave neither a condition nor a share nor a text"
        assert refusal(code_holds, ran({"value": odd})) == message


@pytest.mark.parametrize(
    ("left", "again", "parsed", "same"),
    [
        (b'{"a": 1}', b'{"a": 1}', False, True),
        (b'{"a": 1}\n\n', b'{"a": 1}', False, True),
        (b'{"a": 1}', b'{"a": 1}\r\n', False, True),
        (b'{"a": 1}', b'{"a":1}', False, False),
        (b'{"a": 1}', b'{"a":1}', True, True),
        (b'{"a": 1}', b'{"a":2}', True, False),
        (b'{"a": 1}', None, True, None),
    ],
)
def test_what_a_program_has_made(
    left: bytes, again: bytes | None, parsed: bool, same: bool | None, tmp_path: Path
) -> None:
    (tmp_path / "j/tree/out").mkdir(parents=True)
    (tmp_path / "j/result.json").write_text('{"exit": 0, "timed_out": false}')
    if again is not None:
        (tmp_path / "j/tree/out/a.json").write_bytes(again)
    ws = Submission(Memory({"out/a.json": left}), [Deliverable("a", "out/a.json", "json")], {}, str(tmp_path))
    parse = json_value if parsed else None
    if same:
        assert made(ws, "a", "j", parse) is ws["a"]
    else:
        said = "is not what the program writes" if same is False else "is not written by the program"
        assert refusal(made, ws, "a", "j", parse) == f"`out/a.json` {said} when it is run again"
