"""openclaw/clawbench's tasks: what their parts become, and that the scores are the original's."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # pyright: ignore[reportMissingModuleSource]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawc.compiler.importers.model import Refused
from clawc.compiler.importers.openclaw_bench import find
from clawc.compiler.importers.source import task_files
from clawc.compiler.importers.tree import FilesTree
from tests.importers.clawbench_model import Call, behaviour, score, trajectory
from tests.importers.imported import Imported, compiles
from tests.importers.judged import lay

Task = dict[str, Any]


def task(completion: Task | None = None, **more: Any) -> Task:
    return {
        "id": "t1-fence", "name": "Paint the fence", "tier": "tier1", "family": "coding", "surface": "workspace",
        "user": {"turns": [{"message": "Paint it."}]}, "completion": completion or {}, **more,
    }  # fmt: skip


def imported(tmp: Path, given: Task, assets: dict[str, str] | None = None) -> Imported:
    files = {f"tasks-public/assets/{path}": text for path, text in (assets or {}).items()}
    lay(tmp / "source", {"tasks-public/tier1/t1-fence.yaml": yaml.safe_dump(given), **files})
    return Imported(tmp, tmp / "source", "openclaw-clawbench")


def events(calls: list[Call], messages: list[tuple[str, list[str]]]) -> list[dict[str, Any]]:
    """The record of these calls and messages. How they are mixed counts for nothing."""
    made: list[dict[str, Any]] = [
        {"event": "tool", "tool": c.tool, "arguments": c.given, "result": {"ok": c.ok, "text": c.output}} for c in calls
    ]
    for text, tools in messages:
        named = [{"id": "1", "name": name, "arguments": "{}"} for name in tools]
        made.append({"event": "message", "message": {"role": "assistant", "content": text, "tool_calls": named}})
    return made


EMPTY = score(0, trajectory([], {}), behaviour([], [], {}))
FILES = [
    {"path": "out/report.md", "content_contains": ["Total: 3", "blue {task_id}"], "content_not_contains": ["red"],
     "content_matches": r"^Total: \d+$.*blue", "min_size_bytes": 26},
    {"path": "old.txt", "exists": False}, {"path": "../up.txt"}, {"path": "pic.png", "min_size_bytes": 3},
]  # fmt: skip


def test_files(tmp_path: Path) -> None:
    one = imported(tmp_path, task({"files": FILES}, setup={"asset_packs": ["pack"]}), {"pack/old.txt": "old"})
    assert [(part["fate"], part["kind"]) for part in one.entry["carried"][:4]] == [("declarative", "file")] * 4

    def expected(met: int) -> Decimal:
        return Decimal(str(score(met / 4, trajectory([], {}), behaviour([], [], {}))))

    good = "Title\nTotal: 3\nblüe, blue t1-fence\n"
    assert one.score(lay(tmp_path / "empty", {})) == expected(1), "the old file is not there"
    assert one.score(one.inputs("untouched")) == expected(0)
    assert one.score(
        one.inputs("solved", {"out/report.md": good, "pic.png": b"\xff\xfe\x00"}, ("old.txt",))
    ) == expected(3)
    for number, text in enumerate(
        (good.replace("blue", "red"), good + "red", good.replace("Total", "Sum: Total"), "Total: 3\nblue t1-fence")
    ):
        assert one.score(one.inputs(f"broken{number}", {"out/report.md": text, "pic.png": "1"})) == expected(0), text


@pytest.mark.nightly
def test_programs(tmp_path: Path) -> None:
    show = 'import json, sys\nprint(json.dumps({"b": "x", "a": [1, 2.5, None], "from": sys.argv[1:]}))\n'
    checks = [
        {"name": "tests", "command": "python -m pytest -q tests_src"},
        {"name": "shows JSON", "command": "{python_exe} src/show.py {workspace}/src", "expected_json": {"a": [1, 2.5, None], "b": "x", "from": ["./src"]}},
        {"name": "fails", "command": "echo oops >&2; exit 3", "expected_exit_code": 3, "stderr_contains": ["oops"], "stderr_matches": "^o{2}ps$"},
        {"name": "words", "command": "echo 'a  b' {task_id}", "shell": False, "expected_stdout": " a  b t1-fence\n", "cwd": "src"},
        {"name": "env", "command": "echo $COLOUR $PYTHONUNBUFFERED", "env": {"COLOUR": "{task_id}"}, "stdout_contains": ["t1-fence 1"], "stdout_not_contains": ["red"]},
        {"name": "files", "command": "cat made.txt", "expected_stdout_file": "want.txt"},
        {"name": "values", "command": "cat made.json", "expected_json_file": "want.json", "stdout_matches": r"\A\{.*\}\s*\Z"},
        {"name": "own", "command": "{python_exe} {repo_root}/tasks-public/assets/own/check.py", "stdout_contains": ["own"]},
        {"name": "service", "command": "curl {shop_url}/x"},
        {"name": "slow", "command": "sleep 5", "timeout_seconds": 1},
        {"name": "order", "command": "echo '[2, 1]'", "expected_json": [1, 2]},
        {"name": "python", "command": "python -c 'import src.show' x", "shell": False, "stdout_contains": ["[\"x\"]"]},
    ]  # fmt: skip
    assets = {
        "pack/src/show.py": show, "pack/tests_src/test_a.py": "def test_a():\n    import src.show\n", "own/check.py": "print('own')",
        "pack/want.txt": "made\n", "pack/want.json": '{"a": [1, {"b": 2}]}',
    }  # fmt: skip
    one = imported(tmp_path, task({"execution_checks": checks}, setup={"asset_packs": ["pack"]}), assets)
    fates = [part["fate"] for part in one.entry["carried"] if part["kind"] == "execution_check"]
    assert (fates.count("declarative"), fates.count("none")) == (11, 1)

    def expected(met: int) -> Decimal:
        return Decimal(str(score(met / 12, trajectory([], {}), behaviour([], [], {}))))

    # Three programs need no file of the workspace; those in `src` need its folder.
    assert one.score(lay(tmp_path / "empty", {})) == expected(3)
    assert one.score(one.inputs("untouched")) == expected(7)
    solved = {"made.txt": "made", "made.json": '{"a":[1.0,{"b":2}]}'}
    assert one.score(one.inputs("solved", solved)) == expected(9)
    broken = {"made.txt": "other", "made.json": "{", "src/show.py": "raise SystemExit(1)"}
    assert one.score(one.inputs("broken", broken)) == expected(4)


def test_patterns_that_the_language_refuses(tmp_path: Path) -> None:
    """A program looks for them."""
    table = r"^(\|.*\|\n)+end"
    completion = {
        "files": [{"path": "t.md", "content_matches": table}, {"path": "old.txt"}],
        "execution_checks": [{"name": "x", "command": "cat t.md", "stdout_matches": table}, {"name": "y", "command": "cat t.md >&2", "stderr_matches": table}],
    }  # fmt: skip
    one = imported(tmp_path, task(completion, setup={"asset_packs": ["pack"]}), {"pack/old.txt": ""})
    assert (one.entry["opaque"], one.entry["faults"][0]["kind"]) == (3, "credit for nothing")
    expected = [Decimal(str(score(met / 4, trajectory([], {}), behaviour([], [], {})))) for met in range(5)]
    assert one.score(one.inputs("untouched")) == expected[1]
    assert one.score(one.inputs("solved", {"t.md": "x\n| a |\n| b |\nend"})) == expected[4]
    assert one.score(one.inputs("broken", {"t.md": "x\n| a |\n| b \nend"})) == expected[1]


def test_memory_and_state(tmp_path: Path) -> None:
    completion = {
        "memory": [{"key_pattern": "colou?r", "value_contains": ["Blue"]}, {"key_pattern": "secret", "exists": False}],
        "cron": [{"exists": True, "description_contains": "Water"}, {"exists": False}],
        "session": {"should_exist": True},
        "gateway_assertions": [{"method": "x", "assert_path": "$.a"}],
    }
    one = imported(tmp_path, task(completion))
    assert (one.entry["none"], [part["kind"] for part in one.entry["carried"] if part["fate"] == "none"]) == (
        2,
        ["session", "gateway_assertion"],
    )

    def expected(met: int, calls: list[Call] | None = None) -> Decimal:
        return Decimal(str(score(met / 6, trajectory(calls or [], {}), behaviour([], calls or [], {}))))

    assert one.score(one.inputs("empty")) == expected(3)
    assert one.score(one.inputs("noted", {"notes.md": "Color: BLUE"})) == expected(4)
    assert one.score(one.inputs("half", {"MEMORY.md": "The colour is red; a secret"})) == expected(2)
    assert one.score(one.inputs("jobs", {".openclaw/cron/jobs.json": '{"jobs": [{"say": "WATER it"}]}'})) == expected(3)
    told = [Call("memory_store", {"text": "Color blue"}, True, "")]
    assert one.score(one.inputs("empty"), events(told, [])) == expected(4, told)
    failed = [Call("memory_store", {"text": "Color blue"}, False, "full")]
    assert one.score(one.inputs("empty"), events(failed, [])) == expected(3, failed)


WENT: Task = {
    "required_families": ["read", "edit", "execute"], "required_pre_edit_families": ["read"], "required_post_edit_families": ["execute", "read"],
    "min_distinct_families": 4, "min_pre_edit_exploration_calls": 2, "min_distinct_read_targets_pre_edit": 3,
    "min_post_edit_verification_calls": 2, "min_distinct_mutation_targets": 2, "min_successful_delegations": 1,
    "require_read_before_mutation": True, "require_self_verification": True, "max_recovery_turns": 2, "expect_recovery": True,
    "forbidden_tools": ["^browser"], "forbidden_shell_patterns": [r"curl\s+http", "wget"],
}  # fmt: skip
BEHAVED: Task = {
    "require_plan": True,
    "require_progress_updates": True,
    "min_progress_updates": 2,
    "require_blocker_explanation": True,
    "require_refusal_when_impossible": True,
}
TOOLS: list[tuple[str, Task]] = [
    ("read", {"path": "./A.txt"}), ("read", {"path": ["b.txt", 3, "'c/'"]}), ("grep_files", {"pattern": "x", "source": "d\\e.txt"}),
    ("write", {"path": "out.txt", "content": "use .env"}), ("edit", {"file": "OUT.txt"}), ("memory_search", {"query": "x"}),
    ("memory_write", {"text": "y"}), ("browser", {"action": "open", "url": "https://a.example/x"}), ("browser", {"action": "click"}),
    ("exec", {"command": "cat a.txt ../b/"}), ("exec", {"command": 'grep "x > 5" a.txt'}), ("exec", {"command": "echo 1 > z.txt"}),
    ("exec", {"command": "python3 -m unittest"}), ("exec", {"command": "sudo rm -rf /"}), ("exec", {"command": ["ls", "-l"]}),
    ("exec", {"command": "curl http://x.example"}), ("exec", {}), ("bash", {"cmd": "  ", "script": "find . -name x"}),
    ("sessions_spawn", {"task": "x"}), ("subagents", {"action": "list"}), ("subagents", {"action": "kill"}), ("todo_write", {"items": [1.5]}),
    ("cron", {"job": "x"}), ("Python", {"code": "1"}), ("lookup", {"q": "é"}),
]  # fmt: skip
WORDS = ["My plan.", "Reading it.", "I cannot do that.", "ok", "Done", "Next, I verified it", "They won't"]


def play(seed: int) -> tuple[list[Call], list[tuple[str, list[str]]]]:
    """Calls and messages by chance; the first seed has none."""
    r = random.Random(seed)
    calls = [
        Call(*r.choice(TOOLS), r.random() > 0.35, r.choice(["", "No  such\nfile", "fine"]))
        for _ in range(r.randint(0, 9) if seed else 0)
    ]
    messages = [
        (r.choice(WORDS), ["todo_write"] if r.random() < 0.2 else []) for _ in range(r.randint(1, 4) if seed else 0)
    ]
    return calls, messages


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("went", "behaved"),
    [
        ({}, {"forbid_destructive_commands": False}),
        (WENT, BEHAVED),
        ({**{key: WENT[key] for key in ("required_families", "require_self_verification")}, "require_verification_after_last_mutation": False}, {}),
    ],
)  # fmt: skip
def test_trajectories_and_behaviour(tmp_path: Path, went: Task, behaved: Task) -> None:
    one = imported(tmp_path, task(trajectory=went, behavior=behaved))
    assert (one.entry["opaque"], one.entry["none"]) == (0, 0)
    work = one.inputs("work")
    nothing = Decimal(str(score(1, trajectory([], went), behaviour([], [], behaved))))
    assert one.score(work) == nothing == one.score(work, [])
    for seed in range(9):
        calls, messages = play(seed)
        expected = Decimal(str(score(1, trajectory(calls, went), behaviour(messages, calls, behaved))))
        assert one.score(work, events(calls, messages)) == expected, (seed, calls, messages)


def test_the_task_around(tmp_path: Path) -> None:
    given = task(
        setup={
            "asset_packs": ["one.txt", "none"], "workspace_files": ["shared/in.txt", "../up"], "memory_seed": [{"key": "a"}],
            "background_services": [{"name": "shop", "command": "x"}], "config_overrides": {"a": 1},
        },
        phases=[
            {"name": "a", "user": {"turns": [{"message": "raw", "variant_messages": {"clear": "Do {task_id} {other}"}}]}, "timeout_seconds": 60},
            {"name": "b", "user": {"turns": [{"message": "Then this.", "after_assistant_turns": 1}]}},
        ],
        judge={"rubric": "nice"}, canary_token="C-1", timeout_seconds=90, pass_threshold=0.8,
    )  # fmt: skip
    one = imported(tmp_path, given, {"one.txt": "1", "shared/in.txt": "2"})
    assert sorted(p.relative_to(one.folder).as_posix() for p in one.folder.rglob("*") if p.is_file()) == [
        "input/one.txt", "input/shared/in.txt", "prompt.md", "t1_fence.claw", "turn_2.md",
    ]  # fmt: skip
    assert (one.folder / "prompt.md").read_text() == "Do t1-fence {other}"
    assert (one.entry["meta"]["judge"], one.entry["meta"]["canary_token"]) == ({"rubric": "nice"}, "C-1")
    kinds = [fault["kind"] for fault in one.entry["faults"]]
    assert kinds == [
        "needs a new session",
        "conditional turn",
        "missing file",
        "missing file",
        *["needs a service"] * 3,
    ]
    assert "timeout = 150s" in one.source
    assert one.score(one.inputs("untouched")) == Decimal(str(score(1, 1, 1)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id: [\ntier: 1\nfamily: x\nsurface: y\nuser: z\n", "is no YAML"),
        ("id: a\ntier: 1\nfamily: x\nsurface: y\nuser: z\n", "has no message"),
    ],
)
def test_refused(text: str, message: str) -> None:
    (one,) = find(FilesTree("t", {"tier1/t.yaml": text.encode()}))
    with pytest.raises(Refused, match=message):
        one.read()


def test_other_files_are_no_tasks() -> None:
    assert (
        find(
            FilesTree(
                "t", {"a.yaml": b"id: 1\ntier: 2\n", "_t.yaml": yaml.safe_dump(task()).encode(), "b.yaml": b"\xff"}
            )
        )
        == []
    )


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats() | st.sampled_from(["", "{x}", "{workspace}", "{{x}}", '"', "\\", "(", "(?i)a|b", "(a+)+", "é\n\0", "a/../b", "/x", "*", "out", "out/in", ".git/x"]) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["path", "message", "turns", "command", "exists"]), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
FILE_KEYS = ("path", "exists", "content_contains", "content_not_contains", "content_matches", "min_size_bytes")
RUN_KEYS = (
    "name", "command", "cwd", "env", "timeout_seconds", "shell", "expected_exit_code", "stdout_contains", "stderr_matches", "expected_stdout",
    "expected_stdout_file", "expected_json", "expected_json_file",
)  # fmt: skip


def some(keys: tuple[str, ...] | list[str]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(list(keys)), ODD, max_size=5) | ODD


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(
    st.lists(some(FILE_KEYS), max_size=3), st.lists(some(("key_pattern", "exists", "value_contains")), max_size=2), st.lists(some(RUN_KEYS), max_size=3),
    some([*WENT]), some([*BEHAVED]), some(("asset_packs", "workspace_files", "background_services")), ODD, ODD,
)  # fmt: skip
def test_odd_tasks_are_read_or_refused(
    files: Any, memory: Any, runs: Any, went: Any, behaved: Any, setup: Any, cron: Any, rest: Any
) -> None:
    completion = {
        "files": files,
        "memory": memory,
        "execution_checks": runs,
        "cron": [cron],
        "session": rest,
        "gateway_assertions": rest,
    }
    odd = task(completion, trajectory=went, behavior=behaved, setup=setup, timeout_seconds=rest, name=rest, phases=rest)
    text = json.dumps(odd, allow_nan=True).replace("NaN", ".nan").replace("Infinity", ".inf")
    keys = "\n".join(f"# {key}" for key in odd)
    data = f"{keys}\n{yaml.safe_dump(yaml.safe_load(text), allow_unicode=True)}"
    found = find(FilesTree("t", {"tier1/t.yaml": data.encode("utf-8", "replace"), "assets/p/x": b"1"}))
    try:
        (one,) = found
        read = one.read()
        read.name = "odd"
        made = task_files(read)
    except Refused:
        return
    compiles({path: file.data for path, file in made.items()}, "odd.claw")
