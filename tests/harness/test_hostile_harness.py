"""What programs of agents do that must not be believed, must not take the runner's time and memory, and must not be taken for our own
failures; and failures of our own that are none of theirs."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.gateway.differences import Account, Answer, told_otherwise
from clawc.runtime.harness import account
from clawc.runtime.records import EpisodeRecord
from tests.gateway.test_rollouts import DONE, run, settings_of, steps
from tests.harness.conftest import MakeBundle

ASKS = """import json, os, sys, time, urllib.request
body = json.dumps({"messages": [{"role": "user", "content": "x"}]}).encode()
urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:8000/v1/chat/completions", body)).read()
"""
DAEMON = """print("over", flush=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(100)
    os._exit(0)
"""
CHILD = """print("over", flush=True)
if os.fork() == 0:
    time.sleep(100)
"""


def played(make_bundle: MakeBundle, folder: Path, program: str, more: str = "", wall_s: int = 6) -> EpisodeRecord:
    """An episode of a program that has asked its model once."""
    (folder / "agent.py").write_text(ASKS + program)
    text = f'argv = ["python3", "{{home}}/agent.py"]\nfinal = "last_line"\n{more}\n[files]\n"agent.py" = "agent.py"\n'
    settings, model = settings_of(folder, text), steps(folder, DONE)
    [record] = run(make_bundle(limits={"wall_s": wall_s}), folder / "run", f"command:{settings}", model)
    return record


@pytest.mark.parametrize("left", [DAEMON, CHILD], ids=["a daemon", "a child"])
@pytest.mark.usefixtures("works")
def test_what_is_left_running(make_bundle: MakeBundle, tmp_path: Path, left: str) -> None:
    """It holds the program's output open, which ends with the program all the same."""
    record = played(make_bundle, tmp_path, left)
    assert (record.outcome, record.final) == ("ok", "over"), record.evidence


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("print('not read')", "not read"),
        ("print('x' * 3_000_000, flush=True); print(len(sys.stdin.read()), file=sys.stderr)", "x" * 1_000),
        ("print(len(sys.stdin.read()))", "900000"),
    ],
    ids=["never", "after a flood", "at once"],
)
@pytest.mark.usefixtures("works")
def test_long_input_is_read_when_the_program_likes(
    make_bundle: MakeBundle, tmp_path: Path, program: str, says: str
) -> None:
    record = played(make_bundle, tmp_path, program, f'stdin = "{"z" * 900_000}"')
    assert (record.outcome, record.final[:1_000]) == ("ok", says), record.evidence


# --- what a harness makes of the model's answers


def told(text: str, *arguments: str) -> dict[str, Any]:
    calls = [{"id": "a", "type": "function", "function": {"name": "write", "arguments": each}} for each in arguments]
    return {"role": "assistant", "content": text, "tool_calls": calls}


def test_a_long_conversation_takes_little_memory() -> None:
    """Each call brings all of its messages anew; they are not kept."""
    found = Account()
    messages: list[dict[str, Any]] = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    tracemalloc.start()
    try:
        for number in range(1, 101):
            found.asked(number, json.loads(json.dumps(messages)))
            said = told(f"{number}", '{"path": "a"}')
            found.answered(Answer(number, f"id-{number}", said))
            found.delivered(number)
            messages += [said, {"role": "tool", "tool_call_id": "a", "content": f"{number}" * 5_000}]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(found.answers), sum(found.counts.values())) == (100, 0)
    assert taken < 4 << 20  # of 75 MB that were asked


def test_calls_that_are_never_answered_are_forgotten() -> None:
    found = Account()
    for number in range(1_000):
        found.asked(number, [{"role": "user", "content": "u"}] * 3)
    assert len(found._asked) <= 16  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("was", "became", "kind"),
    [
        ('{"a": 1}', '{"a": true}', "arguments_changed"),
        ('{"a": [0]}', '{"a": [false]}', "arguments_changed"),
        ('{"a": 1.0}', '{"a":1}', "arguments_respelt"),
        ('{"a": [1, {"b": null}]}', '{"a":[1,{"b":null}]}', "arguments_respelt"),
        ('{"a": []}', '{"a": {}}', "arguments_changed"),
        ('{"a": [1]}', '{"a": [1, 2]}', "arguments_changed"),
    ],
)
def test_what_is_the_same_json(was: str, became: str, kind: str) -> None:
    [found] = told_otherwise(Answer(1, "id-1", told("", was)), told("", became))
    assert found.kind == kind


def test_many_calls_in_one_message_are_compared_in_one_go() -> None:
    """As many as a body can hold, against as many as a model may make: each is looked at once."""
    said, became = told("", *["{}"] * 2_000), told("", *["{}"] * 60_000)
    for number, call in enumerate(became["tool_calls"]):
        call["function"]["name"] = "write" if number >= 58_000 else f"other{number}"
    found = list(told_otherwise(Answer(1, "id-1", said), became))
    assert len(found) == 58_000 and {each.kind for each in found} == {"call_added"}
    assert found[0].became == "other0 {}"


# --- session files


HEADER = '{"type": "session", "version": 3, "id": "s", "timestamp": "2026-01-01T00:00:00Z", "cwd": "/w"}\n'


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"type":"custom","id":"a","parentId":null,"data":[' + "[]," * 1_500_000 + "[]]}", "2 MiB beside its texts"),
        ('{"type":"custom","id":"a","parentId":null,"data":[' + '"",' * 3_000_000 + '""]}', "2 MiB beside its texts"),
        ('{"a":' * 200_000, "line 2"),
        ('{"type":"message","id":"a","parentId":null,"message":' + "9" * 5_000 + "}", "line 2"),
        ("\0" * 100, "line 2"),
        ('"' + "x" * (17 << 20), "at most 16 MiB"),
    ],
    ids=["lists", "texts", "deep", "digits", "nul", "long"],
)
def test_session_files_that_would_take_long(tmp_path: Path, line: str, says: str) -> None:
    copied = tmp_path / "copied"
    copied.mkdir()
    (copied / "a\n\x1b[31m.jsonl").write_text(HEADER + line)
    document = account._read(tmp_path / "kept", copied, ())  # pyright: ignore[reportPrivateUsage]
    assert json.loads(json.dumps(document)) == document
    assert says in str(document["unreadable"])


def test_session_files_are_bounded_together(tmp_path: Path) -> None:
    copied, kept = tmp_path / "copied", tmp_path / "kept"
    copied.mkdir()
    for number in range(12):
        (copied / f"{number:02}.jsonl").write_text(HEADER + " " * (5 << 20))
    document = account._read(kept, copied, ())  # pyright: ignore[reportPrivateUsage]
    assert (document["files"], document["left_out"]) == (["1.jsonl", "2.jsonl", "3.jsonl"], 4)
    assert sum(file.stat().st_size for file in kept.iterdir()) <= 16 << 20
