"""The benchmark of rollouts runs from end to end and gives one document; what it measures is not judged here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import rollouts
from bench.commands import CommandFailed, spent
from clawc.runtime.runners.installed import Framework, Unavailable, environment


@pytest.mark.nightly
def test_the_document_holds_our_figures_and_where_they_are_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rollouts.json"

    few = ["--episodes", "3", "--jobs", "2", "--times", "1", "--peers", "none", "--docker", "none"]
    assert rollouts.main([*few, "--json", str(path)]) == 0

    document = json.loads(path.read_text(encoding="utf-8"))
    assert (document["format_version"], document["name"], document["peers"]) == (1, "rollouts", {})
    assert {"load_before", "load_after", "processors", "commit"} <= set(document["machine"])
    ours = document["rollouts"]
    assert ours["episodes"] == 3 and len(ours["seconds"]) == len(ours["one_episode_seconds"]) == 1
    assert ours["a_second"] > 0 and ours["cpu_s_each"] > 0 and ours["rss_mb"] > 0
    assert ours["version"] and ours["isolation"].startswith("bubblewrap")
    assert document["rescore"]["judged"] == 8 * 3
    assert document["docker"] == {"why": "not asked for"}
    assert all(isinstance(met, bool) for met in document["summary"].values())
    assert capsys.readouterr().out == rollouts.table(document)


def test_a_peer_that_cannot_be_installed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAWC_CACHE", str(tmp_path))
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("", encoding="utf-8")

    with pytest.raises(Unavailable, match=r"needs Python 3\.99 or newer"):
        environment(Framework("none", "none", "1", 99, constraints), tmp_path)


def test_the_cost_of_a_command_is_its_own() -> None:
    cost = spent(["/bin/sh", "-c", "echo said"])
    assert cost.output == "said\n" and 0 < cost.rss_mb < 60


def test_a_command_that_fails_says_what_it_said() -> None:
    with pytest.raises(CommandFailed, match=r"ended with 3: wrong"):
        spent(["/bin/sh", "-c", "echo wrong; exit 3"])


def test_an_unknown_peer_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        rollouts.main(["--peers", "nobody"])
    assert ended.value.code == 2
    assert "there is no peer `nobody`" in capsys.readouterr().err


def test_what_a_command_left_without_a_parent_counts_too(tmp_path: Path) -> None:
    large = tmp_path / "large.py"
    large.write_text("held = b'x' * (100 << 20)\n", encoding="utf-8")

    cost = spent(["/bin/sh", "-c", f"/usr/bin/python3 -I -S {large} & exit 0"])

    assert cost.rss_mb > 100


def test_a_command_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.commands.LIMIT_S", 1)
    with pytest.raises(CommandFailed, match="ended with 124"):
        spent(["/bin/sh", "-c", "sleep 60"])
