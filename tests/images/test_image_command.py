"""`clawc image` from outside."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from clawc.cli import run
from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.images import api
from clawc.runtime.images.host import HostImage, host_reference
from tests.images.engine import Engine, some_bundle

Printed = pytest.CaptureFixture[str]


def test_build_save_and_list(engine: Engine, base: str, tmp_path: Path, capsys: Printed) -> None:
    bundle = some_bundle(tmp_path)
    assert run(["image", "build", str(bundle.path), "--base", base, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["format_version"] == 1
    (made,) = document["images"]
    try:
        assert (made["task"], made["bundle"], made["built"]) == ("tiny", bundle.manifest.id, True)
        save = ["image", "save", str(bundle.path), "--base", base, "-o", str(tmp_path / "x.tar")]
        assert run(save) == 0
        assert "docker load" in capsys.readouterr().out
        assert run(save) == 2
        assert "--replace" in capsys.readouterr().err
        assert run(["image", "list", "--format", "json"]) == 0
        listed = json.loads(capsys.readouterr().out)["images"]
        assert made["reference"] in [name for one in listed for name in one["references"]]
        assert run(["image", "list"]) == 0
        assert made["reference"] in capsys.readouterr().out
    finally:
        engine.forget(made["reference"])


def test_without_a_task_it_is_this_machine(host: HostImage, capsys: Printed) -> None:
    assert run(["image", "build"]) == 0
    assert capsys.readouterr().out.startswith(host_reference(host.key) + "  ")
    assert run(["image", "build", "--format", "json"]) == 0
    assert frozenset(json.loads(capsys.readouterr().out)["images"][0]["programs"]) == host.programs


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "--base", "x"], "--base"),
        (["build", "none.claw"], "none.claw"),
        (["list", "--format", "csv"], "csv"),
        (["save", "none.claw", "-o", "none/x.tar"], "R0803"),
    ],
)
def test_mistakes(engine: Engine, arguments: list[str], said: str, capsys: Printed) -> None:
    del engine
    assert run(["image", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_base_that_is_not_there(engine: Engine, tmp_path: Path, capsys: Printed) -> None:
    del engine
    assert run(["image", "build", str(some_bundle(tmp_path).path), "--base", "somebody/none:1"]) == 2
    assert "docker pull somebody/none:1" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["build"], ["list"], ["prune"], ["save", "x.claw", "-o", "x.tar"]])
@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("unix:///none/docker.sock", "there is no Docker engine"),
        ("tcp://203.0.113.1:2375", "is reached by network"),
        ("ssh://somebody@example.org", "is reached by network"),
    ],
)
def test_no_engine(verb: list[str], host: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    assert run(["image", *verb]) == 3
    error = capsys.readouterr().err
    assert said in error
    assert "help: " in error


def test_no_package(monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    assert run(["image", "list"]) == 3
    assert "clawc[docker]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "help"),
    [
        ("write /x: no space left on device", "Free space"),
        ("Read timed out.", "still runs"),
        ("something else\nin two lines", "docker info"),
    ],
)
def test_what_the_engine_says_comes_with_what_to_do(said: str, help: str) -> None:
    error = api.refused("does not take the image", said)
    assert isinstance(error, SandboxUnavailable)
    assert help in error.help
    assert "\n" not in error.message
