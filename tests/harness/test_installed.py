"""Agents of npm that are not there, cannot be had, or are asked for wrongly; what OpenClaw prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clawc.runtime.doctor import install_agent
from clawc.runtime.engine.choose import Wishes, model_named
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.harness.npm import install
from clawc.runtime.harness.npm.install import NODE, PI, agents_folder
from clawc.runtime.harness.openclaw.output import said
from clawc.runtime.harness.openclaw.settings import OpenClawSettings, configuration
from tests.gateway.test_rollouts import DONE, settings_of, steps


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No agent is installed."""
    monkeypatch.setenv("CLAWC_AGENTS", str(tmp_path / "agents"))
    monkeypatch.setattr(install, "_FOR_ALL", tmp_path / "all")
    return tmp_path / "agents"


@pytest.mark.parametrize("name", ["pi", "openclaw"])
def test_an_agent_that_is_not_there(nothing: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(RuntimeFault, match="R0407") as fault:
        harness_named(name, model_named(steps(tmp_path, DONE), Wishes()))
    assert fault.value.help == f"Install it: clawc doctor --install {name}"


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("pi", 'tools = ["rm"]', "tools.0"),
        ("pi", "tools = []", "tools"),
        ("pi", "context_window = 1", "context_window"),
        ("openclaw", 'tools = ["Read Write"]', "tools.0"),
        ("openclaw", 'thinking = "deep"', "thinking"),
        ("openclaw", "unknown = 1", "unknown"),
    ],
)
def test_settings_that_are_none(tmp_path: Path, name: str, text: str, where: str) -> None:
    with pytest.raises(RuntimeFault, match=f"R0404.*`{where}`"):
        harness_named(f"{name}:{settings_of(tmp_path, text)}", model_named(steps(tmp_path, DONE), Wishes()))


def test_no_npm(nothing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(RuntimeFault, match="R0408: npm is not there"):
        install_agent("pi")
    with pytest.raises(RuntimeFault, match="R0403: there is no agent"):
        install_agent("node")


def test_npm_fails(nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says is told, nothing half is left, and the next try begins anew."""
    fake = tmp_path / "bin/npm"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nmkdir -p node_modules/x; echo 'npm error code ECONNREFUSED' >&2; exit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    with pytest.raises(RuntimeFault, match=r"R0408.*ECONNREFUSED"):
        install.install(PI)
    assert [name for name in os.listdir(nothing) if not name.endswith(".lock")] == []
    fake.write_text("#!/bin/sh\nexit 0\n")  # says that all is well, and has done nothing
    with pytest.raises(RuntimeFault, match=r"R0408.*has put no"):
        install.install(NODE)
    assert install.installed(NODE) is None


def test_lockfiles_pin_all_by_hash() -> None:
    import json

    for name in ("node", "pi", "openclaw"):
        lock = json.loads((Path(install.__file__).parent / name / "package-lock.json").read_text())
        packages = {path: each for path, each in lock["packages"].items() if path}
        assert packages
        assert [path for path, each in packages.items() if not each.get("integrity", "").startswith("sha512-")] == []
        assert [path for path, each in packages.items() if "resolved" in each] == []


def test_root_installs_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAWC_AGENTS", raising=False)
    assert (agents_folder() == Path("/var/cache/clawc/agents")) == (os.geteuid() == 0)


@pytest.mark.parametrize(
    ("printed", "texts"),
    [
        ('[log] a line\n[log] {"x": 1}\n{\n  "payloads": [{"text": "Hello"}, {"text": 3}, 4, {"text": "You"}]\n}\n', ("Hello", "You")),
        ('{"payloads": [{"text": "One line"}]}', ("One line",)),
        ("{\n  \"payloads\": null\n}", ()),
        ("[log] nothing\n", ()),
        ('{\n  "payloads": [{"text": "cut', ()),
        ("", ()),
        ("[" * 100_000, ()),
        ("\n{\n" + '"a":{' * 5_000, ()),
    ],
)  # fmt: skip
def test_what_openclaw_prints(printed: str, texts: tuple[str, ...]) -> None:
    assert said(printed) == texts


def test_configuration_of_openclaw() -> None:
    found = configuration(OpenClawSettings(bootstrap=True), "http://127.0.0.1:8000/v1", "policy", 600)
    assert found["agents"]["defaults"]["skipBootstrap"] is False  # type: ignore[index]
    assert found["agents"]["defaults"]["workspace"] == "/w"  # type: ignore[index]


def test_the_command_line(nothing: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clawc", "doctor", "--install", "nosuch"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "") and "R0403" in done.stderr and "Traceback" not in done.stderr
