"""mini-swe-agent as it is published, by nothing but the settings in `examples/agents`: a real agent with a loop and a tool of its own.

It is installed once, from the example's own list, into a folder that sandboxes may read.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from clawc.runtime.engine.choose import Wishes
from clawc.runtime.sandbox.lock import alone
from clawc.runtime.trajectory.read import read_trajectories
from tests.gateway.test_rollouts import ANSWER, calls_of, events_of, steps
from tests.harness.conftest import EXAMPLES, MakeBundle, requests_of, solution
from tests.harness.test_command_mounts import play, sandbox

__all__ = ["sandbox"]

pytestmark = pytest.mark.nightly
AGENT = EXAMPLES / "agents/mini_swe_agent"
INSTALLED = "/opt/mini-swe-agent"
# What root installs must be where other users may pass.
CACHE = Path("/var/cache/clawc/tests") if os.geteuid() == 0 else Path(os.environ["CLAWC_TEST_FRAMEWORKS"]) / "agents"
SUBMIT = {"tool": "bash", "arguments": {"command": "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"}}


def install(folder: Path) -> None:
    """As its README says. Raises OSError or SubprocessError."""
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as name:
        made = Path(name) / "made"
        pip = [str(made / "bin/python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
        for command in (["/usr/bin/python3", "-m", "venv", str(made)], [*pip, "-r", str(AGENT / "requirements.txt")]):
            subprocess.run(command, check=True, capture_output=True, timeout=900, stdin=subprocess.DEVNULL, umask=0o022)
        made.rename(folder)


@pytest.fixture(scope="session")
def installed() -> Path:
    """The folder of its virtual environment; a test that cannot have it fails."""
    digest = hashlib.sha256((AGENT / "requirements.txt").read_bytes()).hexdigest()[:8]
    folder = CACHE / f"mini-swe-agent-{digest}"
    try:
        with alone(folder):
            if not folder.is_dir():
                sys.stderr.write(f"installing mini-swe-agent into {folder} (800 MB)\n")
                install(folder)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or b"").decode("utf-8", "replace").strip()
        pytest.fail(f"mini-swe-agent cannot be installed: {said[-500:] or error}", pytrace=False)
    return folder


@pytest.fixture
def agent(installed: Path, tmp_path: Path) -> str:
    """The example's settings, with the folder that it is installed in here."""
    folder = tmp_path / "agent"
    shutil.copytree(AGENT, folder)
    text = (folder / "agent.toml").read_text()
    assert text.count(f'"{INSTALLED}"') == 1
    (folder / "agent.toml").write_text(text.replace(INSTALLED, str(installed)))
    return f"command:{folder}/agent.toml"


def test_an_example(agent: str, order_totals: Path, tmp_path: Path, sandbox: str) -> None:
    """It solves an example by its own tool; every call is the harness's, each goes on from the one before, and what it did is told."""
    path, content = solution(order_totals)
    write = f"mkdir -p output && cat > {path} << 'EOF' && cat {path}\n{content}EOF"
    model = steps(
        tmp_path,
        {"text": "I look first.", "tool": "bash", "arguments": {"command": "wc -l input/orders.csv; exit 3"}},
        {"text": "Now I write.", "tool": "bash", "arguments": {"command": write}},
        {"text": "The totals are there.", **SUBMIT},
    )
    out = tmp_path / "run"
    record = play(sandbox, order_totals, out, agent, model)
    assert (record.outcome, record.score, record.final) == ("ok", "1", "The totals are there."), record.evidence
    assert record.agent.startswith("command:agent#")
    assert (record.usage.model_calls, record.usage.tool_calls) == (3, 2)
    calls = calls_of(out, record)
    assert [(call.caller, call.kind, call.parent, call.state) for call in calls] == [
        ("harness", "train", number, "answered") for number in range(3)
    ]
    requests = requests_of(out / "episodes" / record.key)
    assert [tool["function"]["name"] for tool in requests[0]["tools"]] == ["bash"]
    assert "Read input/orders.csv and write output/totals.csv" in requests[0]["messages"][1]["content"]
    assert requests[2]["messages"][:4] == requests[1]["messages"]
    tools = [event for event in events_of(out, record) if event["event"] == "tool"]
    assert [(tool["tool"], tool["arguments"]["command"]) for tool in tools] == [
        ("bash", "wc -l input/orders.csv; exit 3"), ("bash", write),
    ]  # fmt: skip
    assert '"returncode": 3' in tools[0]["result"]["text"] and "6 input/orders.csv" in tools[0]["result"]["text"]
    assert content.splitlines()[-1] in tools[1]["result"]["text"]
    [(_, trajectory)] = read_trajectories(out)
    assert trajectory is not None
    assert [message.role for message in trajectory.messages] == [
        "system",
        "user",
        *["assistant", "tool"] * 2,
        "assistant",
    ]


def test_an_upstream_that_always_fails(agent: str, order_totals: Path, tmp_path: Path, sandbox: str) -> None:
    """mini ends with status 1, but that is not its doing."""
    out = tmp_path / "run"
    record = play(sandbox, order_totals, out, agent, steps(tmp_path, {"fail": "unavailable"}))
    assert (record.outcome, record.score) == ("infra_error", None)
    assert "of the model failed" in record.evidence
    assert {call.kind for call in calls_of(out, record)} == {"side"}


@pytest.mark.parametrize(("calls", "hit"), [(200, "repetition"), (5, "calls")])
def test_a_model_that_never_finishes(
    agent: str, order_totals: Path, tmp_path: Path, sandbox: str, calls: int, hit: str
) -> None:
    endless = steps(tmp_path, {"tool": "bash", "arguments": {"command": "date +%N"}})
    record = play(sandbox, order_totals, tmp_path / "run", agent, endless, Wishes(calls=calls))
    assert (record.outcome, record.score, record.limits_hit) == ("truncated", "0", (hit,))
    assert record.usage.tool_calls == record.usage.model_calls - 1  # the last answer's has no result


def test_nothing_of_the_workspace_is_imported(agent: str, make_bundle: MakeBundle, tmp_path: Path) -> None:
    """Neither what a task has there, nor what the model puts there while mini runs."""
    bundle = make_bundle(inputs={f"{name}.py": "raise SystemExit(9)\n" for name in ("yaml", "json", "minisweagent")})
    plant = "mkdir openai litellm; echo 'raise SystemExit(9)' | tee openai/__init__.py litellm/__init__.py shlex.py"
    write = f"{plant} && mkdir out && printf %s '{ANSWER}' > out/answer.txt"
    model = steps(tmp_path, {"tool": "bash", "arguments": {"command": write}}, {"text": "Done.", **SUBMIT})
    record = play("bubblewrap", bundle, tmp_path / "run", agent, model)
    assert (record.outcome, record.score, record.final) == ("ok", "1", "Done."), record.evidence
