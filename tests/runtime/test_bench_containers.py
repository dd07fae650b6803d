"""The benchmark's part about Docker gives its figures, or says why there are none; what it measures is not judged here."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import containers, rollouts
from bench.containers import BARE, BUBBLEWRAP, OURS
from bench.peers.peer import Case
from bench.runs import Clawc
from tests.engine import engine_or_skip


@pytest.mark.nightly
def test_the_part_holds_the_figures_of_all_that_take_turns(tmp_path: Path) -> None:
    engine_or_skip().close()
    case = Clawc(tmp_path).case(tmp_path / "built")

    part = containers.measured(tmp_path / "docker", case, [], (2, 2, 2), 1)

    for name in (OURS, BUBBLEWRAP):
        assert list(part[name]["jobs"]) == ["1", "8", "32"], part[name]
        assert {at["failed"] for at in part[name]["jobs"].values()} == {0}
    assert part[OURS]["isolation"].startswith("Docker") and part[BUBBLEWRAP]["isolation"].startswith("bubblewrap")
    for at in part[OURS]["jobs"].values():
        assert at["a_second"] > 0 and at["cpu_s_each"] > 0 and at["rss_mb"] > 0
    if "why" not in part[BARE]:
        assert list(part[BARE]["jobs"]) == ["1", "8"]
    assert list(part["bubblewrap_over_docker"]) == ["1", "8", "32"]
    met = containers.summary(part)
    assert met["docker_none_fail"] and all(isinstance(value, bool) for value in met.values())
    assert all(name in containers.table(part) for name in (OURS, BUBBLEWRAP, BARE))


def test_without_an_engine_the_part_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'none.sock'}")

    part = containers.measured(tmp_path / "docker", Case(tmp_path, (), ""), ["harbor"], (2, 2, 2), 1)

    assert "there is no Docker engine" in part["why"]
    assert containers.summary(part) == {}
    assert containers.table(part).startswith("over Docker: not measured: there is no Docker engine")


@pytest.mark.parametrize("text", ["", "8", "8,32", "1,2,3", "8,32,x", "8,32,100,", "8,-32,100"])
def test_other_than_three_numbers_is_a_wrong_command_line(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        rollouts.main(["--docker", text])
    assert ended.value.code == 2
    assert "three numbers" in capsys.readouterr().err


def test_episodes_without_a_record_count_as_failed(tmp_path: Path) -> None:
    assert containers.failures(tmp_path, 3) == 3
