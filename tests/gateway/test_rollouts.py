"""Models through the agents `loop` and `command` in real sandboxes: what the records say, and whose fault a failure is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.bundle import load
from clawc.runtime.engine.choose import Wishes, model_named
from clawc.runtime.engine.settings import EngineSettings, engine_settings
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.calls import CallRecord, read_calls
from clawc.runtime.gateway.capture import CAPTURE
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.player import LocalPlayer
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.run import RunPlan, play_all
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.trajectory.read import read_trajectories
from tests.gateway.conftest import MakeBundle
from tests.gateway.upstream import Upstream, serving

pytestmark = pytest.mark.usefixtures("works")
HERE = Path(__file__).parent
ANSWER = "TRUTH-41d3c7\n"
WRITE: dict[str, object] = {"tool": "write", "arguments": {"path": "out/answer.txt", "content": ANSWER}}
BASH: dict[str, object] = {"tool": "bash", "arguments": {"command": "mkdir -p out; echo TRUTH-41d3c7 > out/answer.txt"}}
DONE: dict[str, object] = {"text": "done"}


def steps(folder: Path, *steps: Mapping[str, object]) -> str:
    path = folder / "model.json"
    path.write_text(json.dumps(steps))
    return f"scripted:{path}"


def settings_of(folder: Path, text: str, name: str = "agent.toml") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def tiny_agent(folder: Path, *more: str, final: str = "stdout") -> str:
    """The agent beside this file, as a command."""
    argv = json.dumps(["python3", "{home}/agent.py", "{url}", "{instruction}", *more])
    text = f'argv = {argv}\nfinal = "{final}"\n[files]\n"agent.py" = "{HERE}/agents/tiny_agent.py"\n'
    return f"command:{settings_of(folder, text)}"


def run(
    bundle: Path, out: Path, agent: str, model: str, *, episodes: int = 1, retries: int = 0, **options: object
) -> list[EpisodeRecord]:
    return asyncio.run(playing(bundle, out, agent, model, Wishes(**options), episodes, retries))  # type: ignore[arg-type]


async def playing(
    bundle: Path, out: Path, agent: str, model: str, wishes: Wishes, episodes: int = 1, retries: int = 0
) -> list[EpisodeRecord]:
    player = LocalPlayer(Bubblewrap(), out)
    plan = RunPlan([load(bundle)], harness_named(agent, model_named(model, wishes)), out, episodes, 2, retries=retries)
    try:
        return list((await play_all(plan, player)).records)
    finally:
        await player.close()


def calls_of(out: Path, record: EpisodeRecord) -> tuple[CallRecord, ...]:
    return read_calls(out / "episodes" / record.key / CAPTURE)


def events_of(out: Path, record: EpisodeRecord) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "episodes" / record.key / "trajectory.jsonl").read_text().splitlines()]


def test_loop(make_bundle: MakeBundle, tmp_path: Path) -> None:
    """Every tool, and every way in which a model uses them wrongly; none ends the episode."""
    model = steps(
        tmp_path,
        {"tool": "read", "arguments": {"path": "in/data.txt"}},
        {"tool": "nothing_like_it", "arguments": {}},
        {"tool": "read", "raw": "{not json"},
        {"tool": "read", "raw": "[1]"},
        {"tool": "write", "arguments": {"path": "out/answer.txt"}},
        {"calls": [{"tool": "write", "arguments": {"file_path": "out/answer.txt", "content": "wrong\n"}}, {"tool": "exec", "arguments": {"command": "cat out/answer.txt; exit 3"}}]},
        {"tool": "edit", "arguments": {"path": "out/answer.txt", "edits": [{"oldText": "wrong", "newText": "TRUTH-41d3c7"}]}},
        {"tool": "exec", "arguments": {"command": "echo up; sleep 60", "background": True}},
        {"tool": "process", "arguments": {"action": "poll", "sessionId": "p1", "timeout": 5}},
        {"tool": "process", "arguments": {"action": "kill", "sessionId": "p1"}},
        {"tool": "process", "arguments": {"action": "list"}},
        {"tool": "exec", "arguments": {"command": "pwd; echo $X", "workdir": "in", "env": {"X": "5"}}},
        DONE,
    )  # fmt: skip
    [record] = run(make_bundle(), tmp_path / "run", "loop", model)
    assert (record.outcome, record.score, record.final) == ("ok", "1", "done")
    assert record.agent.startswith("loop@scripted:model.json#")
    assert (record.usage.model_calls, record.usage.cost) == (13, None)
    results = [
        event["message"]["content"]
        for event in events_of(tmp_path / "run", record)
        if event["event"] == "message" and event["message"]["role"] == "tool"
    ]
    assert results[0] == "data\n"
    assert "there is no tool `nothing_like_it`; the tools are read, write, edit, exec, process" in results[1]
    assert "not JSON" in results[2]
    assert "not a JSON object" in results[3]
    assert "`content` is missing" in results[4]
    assert results[6] == "wrong\n[exit 3]"
    assert "runs in the background as p1" in results[8]
    assert "up" in results[9]
    assert results[12] == "/w/in\n5\n"
    calls = calls_of(tmp_path / "run", record)
    assert [call.kind for call in calls] == ["train"] * 13
    assert [call.parent for call in calls] == list(range(13))
    [(_, trajectory)] = read_trajectories(tmp_path / "run")
    assert trajectory is not None
    assert [m.role for m in trajectory.messages][:3] == ["system", "user", "assistant"]
    assert len(trajectory.tools) == 5


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("settings", "model", "outcome", "says"),
    [
        ("steps = 3", ({"tool": "exec", "arguments": {"command": "ls"}},), "truncated", "exceeded 3 steps"),
        ("context = 60", ({"tool": "exec", "arguments": {"command": "seq 100"}},), "truncated", "exceeded 60 tokens"),
        ("", ({"fail": "context"},), "truncated", "the script says `context`"),
        ("", ({"text": "so far", "finish": "length"},), "truncated", "cut off"),
        ("", ({"fail": "rejected"},), "agent_error", "no answer"),
    ],
    ids=["steps", "context", "too long", "cut", "rejected"],
)  # fmt: skip
def test_how_a_loop_ends(
    make_bundle: MakeBundle,
    tmp_path: Path,
    settings: str,
    model: tuple[dict[str, object], ...],
    outcome: str,
    says: str,
) -> None:
    agent = f"loop:{settings_of(tmp_path, settings)}" if settings else "loop"
    [record] = run(make_bundle(), tmp_path / "run", agent, steps(tmp_path, *model))
    assert (record.outcome, record.score) == (outcome, "0")
    assert says in record.evidence


def test_caps_end_a_loop(make_bundle: MakeBundle, tmp_path: Path) -> None:
    endless = steps(tmp_path, {"tool": "exec", "arguments": {"command": "date +%N"}})
    [record] = run(make_bundle(), tmp_path / "run", "loop", endless)
    assert (record.outcome, record.limits_hit) == ("truncated", ("repetition",))
    [record] = run(make_bundle(), tmp_path / "other", "loop", endless, calls=4)
    assert (record.outcome, record.limits_hit, record.usage.model_calls) == ("truncated", ("calls",), 4)


def test_turns(make_bundle: MakeBundle, tmp_path: Path) -> None:
    """Those of the task come first, then those of the agent's settings, while their conditions hold."""
    bundle = make_bundle(extra={"public/turns/1.md": "And now?"}, turns=["public/turns/1.md"])
    agent = settings_of(
        tmp_path,
        '[[turns]]\ntext = "You have done nothing."\nwhen = "idle"\ntimes = 9\n[[turns]]\ntext = "It is not there."\nwhen = "missing"\n',
    )
    model = steps(
        tmp_path,
        {"text": "one"},
        {"text": "two"},
        {"tool": "exec", "arguments": {"command": "true"}},
        {"text": "three"},
        WRITE,
        DONE,
    )
    [record] = run(bundle, tmp_path / "run", f"loop:{agent}", model)
    assert (record.outcome, record.score) == ("ok", "1")
    told = [
        e["message"]["content"]
        for e in events_of(tmp_path / "run", record)
        if e["event"] == "message" and e["message"]["role"] == "user"
    ]
    assert told == ["Write the answer to out/answer.txt.\n", "And now?", "You have done nothing.", "It is not there."]


def test_command(make_bundle: MakeBundle, tmp_path: Path) -> None:
    """Its trajectory is told from what it asked its model, with its own tools."""
    model = steps(tmp_path, {"tool": "bash", "arguments": {"command": "cat in/data.txt"}}, BASH, DONE)
    [record] = run(make_bundle(), tmp_path / "run", tiny_agent(tmp_path), model)
    assert (record.outcome, record.score, record.final) == ("ok", "1", "done")
    assert (record.usage.tool_calls, record.usage.model_calls) == (2, 3)
    calls = calls_of(tmp_path / "run", record)
    assert [(call.kind, call.caller, call.parent) for call in calls] == [("train", "harness", n) for n in range(3)]
    events = events_of(tmp_path / "run", record)
    tools = [(e["tool"], e["arguments"]["command"], e["result"]["text"]) for e in events if e["event"] == "tool"]
    assert tools[0] == ("bash", "cat in/data.txt", "data\n")
    assert events[-1]["event"] == "final"


def test_a_command_that_is_started_again(make_bundle: MakeBundle, tmp_path: Path) -> None:
    """Its calls of a further turn are the harness's, those of what the first turn has left in the background are not."""
    argv = ["python3", "{home}/agent.py", "{url}", "{instruction}"]
    text = f'argv = {json.dumps(argv)}\nagain = {json.dumps(argv)}\nturns = ["And now?"]\n[files]\n"agent.py" = "{HERE}/agents/tiny_agent.py"\n'
    left = planting(
        "import os, time\nif os.fork() == 0:\n os.setsid()\n while True:\n  os.system('curl -s -d @/tmp/call http://127.0.0.1:8000/v1/chat/completions')\n"
    )
    (tmp_path / "model.json").write_text(json.dumps([left, BASH, DONE]))
    [record] = run(
        make_bundle(), tmp_path / "run", f"command:{settings_of(tmp_path, text)}", f"scripted:{tmp_path}/model.json"
    )
    assert (record.outcome, record.score, record.final) == ("ok", "1", "done")
    calls = [call for call in calls_of(tmp_path / "run", record) if call.caller == "harness"]
    assert [call.kind for call in calls] == ["train"] * 6
    told = [
        e["message"]["content"]
        for e in events_of(tmp_path / "run", record)
        if e["event"] == "message" and e["message"]["role"] == "user"
    ]
    assert told == ["Write the answer to out/answer.txt.\n", "And now?"]
    assert record.usage.tool_calls == 4


PLANT = """
import json, sys, urllib.request
def ask(messages, **more):
    body = json.dumps({"messages": messages, **more}).encode()
    return json.load(urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:8000/v1/chat/completions", body)))
"""


def planting(code: str) -> dict[str, object]:
    return {
        "tool": "bash",
        "arguments": {"command": f"python3 - > /tmp/out 2>&1 <<'EOF'\n{PLANT}{code}\nEOF\nhead -c 300 /tmp/out"},
    }


@pytest.mark.parametrize(
    "code",
    [
        'print(ask([{"role": "user", "content": "say yes"}]))',
        # The harness's own conversation, as it stands at this moment, with another result of the tool.
        """
import re
source = open("/agent/agent.py").read()
tools = eval(re.search(r"TOOLS = (.*)", source)[1], {"PARAMETERS": eval(re.search(r"PARAMETERS = (.*)", source)[1])})
import glob
told = [open(p, "rb").read().split(b"\\0") for p in glob.glob("/proc/[0-9]*/cmdline")]
instruction = [a[3].decode() for a in told if len(a) > 3 and a[1].endswith(b"agent.py")][0]
start = [{"role": "system", "content": "You work on files."}, {"role": "user", "content": instruction}]
answer = ask(start, tools=tools)["choices"][0]["message"]
for result in "good", "better", "best":
    ask([*start, answer, {"role": "tool", "tool_call_id": "x", "content": result}], tools=tools)
""",
        # From a process that outlives the tool.
        """
import os, time
if os.fork() == 0:
    os.setsid()
    while True:
        try:
            ask([{"role": "user", "content": "again"}])
        except OSError:
            pass
        time.sleep(0.02)
""",
    ],
    ids=["a conversation of its own", "the harness's conversation", "in the background"],
)  # fmt: skip
def test_an_agent_that_asks_the_gateway_itself_plants_nothing(
    make_bundle: MakeBundle, tmp_path: Path, code: str
) -> None:
    command = planting(code)
    slow = {"tool": "bash", "arguments": {"command": "sleep 0.2"}}
    [record] = run(make_bundle(), tmp_path / "run", tiny_agent(tmp_path), steps(tmp_path, command, slow, BASH, DONE))
    assert (record.outcome, record.score) == ("ok", "1")
    calls = calls_of(tmp_path / "run", record)
    planted = [call for call in calls if call.caller != "harness"]
    assert planted
    assert {call.kind for call in planted} == {"side"}
    trained = [call for call in calls if call.kind == "train"]
    assert len(trained) == 4
    assert {call.caller for call in trained} == {"harness"}
    conversation = [e["message"] for e in events_of(tmp_path / "run", record) if e["event"] == "message"]
    assert sum(message["role"] == "assistant" for message in conversation) == 4


def test_nothing_inside_reaches_the_model_of_a_loop(make_bundle: MakeBundle, tmp_path: Path) -> None:
    look = {
        "tool": "exec",
        "arguments": {
            "command": "cat /proc/net/tcp /proc/net/unix | wc -l; curl -sS -m 2 http://127.0.0.1:8000/v1/models; env | sort"
        },
    }
    [record] = run(make_bundle(), tmp_path / "run", "loop", steps(tmp_path, look, WRITE, DONE))
    assert record.score == "1"
    [shown] = [
        e["result"]["text"] for e in events_of(tmp_path / "run", record) if e["event"] == "tool" and e["tool"] == "exec"
    ]
    assert "policy" not in shown
    assert "Connection refused" in shown or "Couldn't connect" in shown or "Failed to connect" in shown


def upstream_engine(upstream: Upstream, **more: object) -> dict[str, EngineSettings]:
    table = {
        "url": upstream.url,
        "model": "m",
        "first_s": 0.3,
        "idle_s": 0.3,
        "patience": {"tries": 2, "first_s": 0.001},
        **more,
    }
    return engine_settings(Path("claw.toml"), {"real": table})


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("doing", "loops", "commands"),
    [
        ("status:500", "infra_error", "infra_error"),
        ("status:429", "infra_error", "infra_error"),
        ("stall:9", "infra_error", "infra_error"),
        ("close", "infra_error", "infra_error"),
        ("half", "ok", "infra_error"),  # the loop does not stream
        ('body:{"error": {"message": "overloaded"}}', "infra_error", "infra_error"),
        ("body:500 boom", "infra_error", "infra_error"),
        ("body:{", "infra_error", "infra_error"),
        ("status:400", "truncated", "truncated"),
        ("status:422", "agent_error", "ok"),
    ],
)  # fmt: skip
def test_an_upstream_that_misbehaves(
    make_bundle: MakeBundle, tmp_path: Path, doing: str, loops: str, commands: str
) -> None:
    """The outcome follows from what the gateway saw, though the harness says `500 boom` and ends well; captured calls are whole."""

    async def main() -> None:
        async with serving(doing) as upstream:
            upstream.steps = [DONE]
            wishes = Wishes(engines=upstream_engine(upstream))
            for agent, outcome in (("loop", loops), (tiny_agent(tmp_path), commands)):
                out = tmp_path / agent.partition(":")[0]
                [record] = await playing(make_bundle(), out, agent, "real", wishes)
                assert record.outcome == outcome, record.evidence
                assert (record.score is None) == (outcome == "infra_error")
                if outcome == "infra_error":
                    assert "call 1 of the model failed" in record.evidence
                [call] = calls_of(out, record)
                assert call.asked().messages[-1]["role"] == "user"
                assert call.state == ("answered" if outcome == "ok" and doing == "half" else "failed")

    asyncio.run(main())


def test_calls_of_a_model_that_make_no_sense_over_real_http(make_bundle: MakeBundle, tmp_path: Path) -> None:
    """Arguments that are no JSON, a tool that there is not, and a loop that does not end."""

    async def main() -> None:
        async with serving() as upstream:
            wishes = Wishes(engines=upstream_engine(upstream))
            upstream.steps = [{"tool": "read", "raw": '{"path": '}, {"tool": "no_such_tool"}, WRITE, DONE]
            [record] = await playing(make_bundle(), tmp_path / "sense", "loop", "real", wishes)
            assert (record.outcome, record.score) == ("ok", "1")
            upstream.steps = [{"tool": "exec", "arguments": {"command": "true"}}]
            [record] = await playing(make_bundle(), tmp_path / "endless", "loop", "real", wishes)
            assert (record.outcome, record.limits_hit) == ("truncated", ("repetition",))

    asyncio.run(main())


def test_what_a_harness_gets_over_is_no_failure(make_bundle: MakeBundle, tmp_path: Path) -> None:
    async def main() -> None:
        async with serving("good", "half", "status:500", "status:500", "good") as upstream:
            upstream.steps = [BASH, DONE]
            [record] = await playing(
                make_bundle(), tmp_path / "run", tiny_agent(tmp_path, "retry"), "real", Wishes(engines=upstream_engine(upstream))
            )  # fmt: skip
            assert (record.outcome, record.score) == ("ok", "1")
            calls = calls_of(tmp_path / "run", record)
            assert [call.state for call in calls] == ["failed", "failed", "answered", "answered"]
            assert [call.kind for call in calls] == ["side", "side", "train", "train"]

    asyncio.run(main())


def test_an_infrastructure_failure_is_played_again(make_bundle: MakeBundle, tmp_path: Path) -> None:
    async def main() -> None:
        async with serving("good", "status:500", "status:500", "good") as upstream:
            upstream.steps = [WRITE, DONE]
            records = await playing(
                make_bundle(), tmp_path / "run", "loop", "real", Wishes(engines=upstream_engine(upstream)), 1, 2
            )
            assert [(record.outcome, record.attempt) for record in records] == [("ok", 2)]

    asyncio.run(main())


def test_a_wrong_key_ends_the_run_with_a_reason(make_bundle: MakeBundle, tmp_path: Path) -> None:
    async def main() -> None:
        async with serving("status:401") as upstream:
            with pytest.raises(RuntimeFault, match="R0967") as fault:
                await playing(
                    make_bundle(), tmp_path / "run", "loop", "real", Wishes(engines=upstream_engine(upstream)), 5
                )
            assert "HTTP 401" in str(fault.value)
            assert len(upstream.asked) <= 2

    asyncio.run(main())


def test_a_budget_ends_the_run_and_a_greater_one_goes_on(make_bundle: MakeBundle, tmp_path: Path) -> None:
    async def main() -> None:
        async with serving() as upstream:
            upstream.steps = [WRITE, DONE]
            engines = upstream_engine(upstream, price={"prompt": 1, "completion": 2})  # 0.00002 a call
            bundle = make_bundle()
            from decimal import Decimal

            for budget, score in (("0.00005", None), ("0.001", "1")):
                wishes = Wishes(engines=engines, budget=Decimal(budget))
                if score is None:
                    with pytest.raises(RuntimeFault, match="R0967") as fault:
                        await playing(bundle, tmp_path / "run", "loop", "real", wishes, 3)
                    assert "budget of 0.00005 US dollars is spent" in str(fault.value)
                else:
                    records = await playing(bundle, tmp_path / "run", "loop", "real", wishes, 3)
                    assert [(r.score, r.usage.cost) for r in records] == [("1", "0.00004")] * 3

    asyncio.run(main())


def test_a_budget_needs_prices(make_bundle: MakeBundle, tmp_path: Path) -> None:
    from decimal import Decimal

    with pytest.raises(RuntimeFault, match="R0964"):
        run(make_bundle(), tmp_path / "run", "loop", steps(tmp_path, DONE), budget=Decimal(1))


def test_a_cassette_says_what_the_model_said(make_bundle: MakeBundle, tmp_path: Path) -> None:
    async def main() -> None:
        bundle = make_bundle()
        async with serving() as upstream:
            upstream.steps = [WRITE, DONE]
            wishes = Wishes(engines=upstream_engine(upstream), record=tmp_path / "tape.jsonl")
            [first] = await playing(bundle, tmp_path / "recorded", "loop", "real", wishes)
        [again] = await playing(bundle, tmp_path / "replayed", "loop", f"cassette:{tmp_path}/tape.jsonl", Wishes())
        assert (first.score, again.score) == ("1", "1")
        said = [
            [call.message for call in calls_of(tmp_path / name, r)]
            for name, r in (("recorded", first), ("replayed", again))
        ]
        assert said[0] == said[1]
        other = make_bundle(inputs={"in/more.txt": "x"}, title="Other")
        (tmp_path / "tape.jsonl").write_text("")
        with pytest.raises(RuntimeFault, match="holds no answer"):
            await playing(other, tmp_path / "missing", "loop", f"cassette:{tmp_path}/tape.jsonl", Wishes())

    asyncio.run(main())
