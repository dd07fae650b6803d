"""What a record says of an episode besides its score: files that changed, and what each limit saw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clawc.runtime.bundle import load
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.run import RunPlan, run
from clawc.runtime.sandbox.bubblewrap import Bubblewrap

pytestmark = pytest.mark.usefixtures("works")
MakeBundle = Callable[..., Path]


def played(bundle: Path, folder: Path, *commands: str) -> EpisodeRecord:
    calls = [{"tool": "exec", "command": command} for command in commands]
    script = folder / "script.json"
    script.write_text(json.dumps([*calls, {"tool": "final", "text": ""}]))
    plan = RunPlan([load(bundle)], harness_named(f"scripted:{script}"), folder / "run")
    return run(plan, Bubblewrap()).records[0]


def test_added_changed_removed(make_bundle: MakeBundle, tmp_path: Path) -> None:
    found = played(
        make_bundle(), tmp_path, "mkdir -p out/deep; echo x > out/deep/a; echo y > b; rm in/data.txt; ln -s b link"
    ).changes
    assert found is not None
    assert (found.added, found.changed, found.removed) == (2, 0, 1)
    assert [(c.path, c.kind, c.after) for c in found.listed] == [
        ("b", "added", 2), ("in/data.txt", "removed", None), ("out/deep/a", "added", 2),
    ]  # fmt: skip
    assert found.listed[0].sha256 == hashlib.sha256(b"y\n").hexdigest()
    assert found.listed[1].before == len("data\n")


def test_the_same_content_is_no_change(make_bundle: MakeBundle, tmp_path: Path) -> None:
    found = played(make_bundle(), tmp_path, "cp in/data.txt /tmp/x; rm -r in; mkdir in; cp /tmp/x in/data.txt").changes
    assert found is not None and (found.added, found.changed, found.removed, found.listed) == (0, 0, 0, ())


def test_a_changed_input(make_bundle: MakeBundle, tmp_path: Path) -> None:
    found = played(make_bundle(), tmp_path, "echo more >> in/data.txt").changes
    assert found is not None
    assert [(c.path, c.kind, c.before, c.after) for c in found.listed] == [("in/data.txt", "changed", 5, 10)]


def test_an_input_hidden_by_something_else_is_removed(make_bundle: MakeBundle, tmp_path: Path) -> None:
    found = played(make_bundle(), tmp_path, "rm in/data.txt; ln -s /etc/passwd in/data.txt").changes
    assert found is not None and [(c.path, c.kind) for c in found.listed] == [("in/data.txt", "removed")]


def test_many_files_are_counted_and_some_named(make_bundle: MakeBundle, tmp_path: Path) -> None:
    found = played(make_bundle(), tmp_path, "for i in $(seq 300); do echo $i > f$i; done").changes
    assert found is not None and (found.added, len(found.listed)) == (300, 200)


def test_each_limit_says_what_it_saw(make_bundle: MakeBundle, tmp_path: Path) -> None:
    record = played(make_bundle(), tmp_path, "head -c 3000000 /dev/zero > big")
    limits = {limit.name: limit for limit in record.limits}
    assert set(limits) == {"wall", "memory", "disk", "processes", "file", "open_files"}
    assert {limit.enforcer for limit in record.limits} <= {"runner", "watchdog", "rlimit"}
    assert not any(limit.hit for limit in record.limits) and record.limits_hit == ()
    assert (limits["disk"].used or 0) >= 3_000_000 and (limits["memory"].used or 0) > 1 << 20
    assert 0 < (limits["wall"].used or 0) < limits["wall"].allowed


def test_a_limit_that_was_hit_says_by_how_much(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle(limits={"memory_bytes": 64 << 20})
    record = played(bundle, tmp_path, "python3 -c 'x = b\"x\" * (200 << 20); import time; time.sleep(30)'")
    memory = next(limit for limit in record.limits if limit.name == "memory")
    assert (record.outcome, record.limits_hit) == ("truncated", ("memory",))
    assert memory.hit and memory.allowed == 64 << 20 and (memory.used or 0) > 64 << 20
