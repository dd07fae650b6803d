"""Whole campaigns: yield and cost, going on after a kill, a budget, players that cannot play, files that have changed."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from clawc.commands.campaign import campaign_command
from clawc.exits import UserError
from clawc.runtime.store.run_folder import read_attempts
from tests.campaign.conftest import GOOD, Project
from tests.gateway.upstream import Upstream
from tests.runtime.test_run_command import SOURCE

pytestmark = pytest.mark.usefixtures("works")


def run(project: Project, code: int = 0) -> dict[str, Any]:
    assert campaign_command(project.file, project.out, "json", "bubblewrap", "") == code
    found: dict[str, Any] = json.loads((project.out / "campaign.json").read_text())
    return found


def refused(project: Project) -> str:
    with pytest.raises(UserError) as caught:
        campaign_command(project.file, project.out, "json", "bubblewrap", "")
    assert caught.value.code == 2
    return f"{caught.value.message} {caught.value.help}"


def tallies(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {player["name"]: player["tally"] for player in result["players"]}


def attempts(project: Project) -> dict[str, int]:
    runs = sorted((project.out / "players").iterdir())
    return {folder.name: len(read_attempts(folder)[1]) for folder in runs}


def unnamed(project: Project) -> dict[str, object]:
    """The files of a campaign without times and the names of runs."""
    found: dict[str, object] = {"campaign": (project.out / "campaign.json").read_text()}
    for name in ("trajectories.chat", "trajectories.jsonl"):
        text = (project.out / name).read_text()
        text = re.sub(r'"(at|started|ended|run_id|call_id)": "[^"]*"', "", text)
        found[name] = re.sub(r'"id": "[0-9a-f]{16}/', '"id": "', text)
    return found


def test_yield_and_cost(project: Project, upstream: Upstream, capsys: pytest.CaptureFixture[str]) -> None:
    project.write(
        "gpt", "scripted:bad.json", "nobody", "scripted:good.json",
        rest='[keep]\nmin_score = 1\nper_task = 3\n[output]\nformats = ["chat", "jsonl", "inspect", "atif"]\n',
    )  # fmt: skip
    result = run(project, 1)
    assert json.loads(capsys.readouterr().out) == result
    found = tallies(result)
    gpt = found["loop-gpt"]
    assert (gpt["episodes"], gpt["kept"], gpt["yield"], gpt["cost"], gpt["cost_per_kept"]) == (
        4,
        4,
        "1.000000",
        "0.08",
        "0.02",
    )
    assert (gpt["prompt_tokens"], gpt["completion_tokens"]) == (80, 40) and len(upstream.asked) == 8
    bad = found["loop-scripted-bad"]
    assert (bad["kept"], bad["left"], bad["score_mean"], bad["cost"]) == (0, {"score": 4}, "0.000000", None)
    good = found["loop-scripted-good"]
    assert (good["kept"], good["left"]) == (2, {"per_task": 2})
    nobody = next(player for player in result["players"] if player["name"] == "loop-nobody")
    assert nobody["state"] == "fault" and nobody["fault"]["code"] == "R0970"
    total = result["total"]
    assert (total["planned"], total["episodes"], total["kept"], total["cost"]) == (16, 12, 6, "0.08")
    assert result["spent"] == "0.08" and [task["kept"] for task in result["tasks"]] == [3, 3]
    lines = [json.loads(line) for line in (project.out / "trajectories.jsonl").read_text().splitlines()]
    assert [line["task"] for line in lines] == ["one"] * 3 + ["two"] * 3
    assert all(line["score"] == "1" for line in lines)
    assert len((project.out / "trajectories.chat").read_text().splitlines()) == 6
    logs = {path.name for path in (project.out / "trajectories.inspect").iterdir()}
    assert logs == {"loop-gpt.json", "loop-scripted-good.json"}
    assert len(list((project.out / "trajectories.atif").glob("*/*.json"))) == 6
    # Once more: nothing is played, and what was written is the same to the last byte.
    before = {
        path: path.read_bytes() for path in project.out.rglob("*") if path.is_file() and ".sqlite" not in path.name
    }
    assert run(project, 1) == result and len(upstream.asked) == 8
    assert before == {path: path.read_bytes() for path in before}
    assert campaign_command(project.file, project.out, "text", "bubblewrap", "") == 1
    text = capsys.readouterr().out
    assert "loop-gpt" in text and "$0.02" in text and "loop-nobody: R0970: unknown model `nobody`" in text


def test_a_budget_ends_a_campaign_that_goes_on_with_a_greater_one(project: Project, upstream: Upstream) -> None:
    players = 'model = "gpt"', 'model = "gpt"\ntemperature = 0.5', 'model = "scripted:good.json"'
    project.write(*players, head='budget = "0.05"\njobs = 1')
    result = run(project, 1)
    assert (result["state"], result["spent"], len(upstream.asked)) == ("budget", "0.05", 5)
    found = tallies(result)
    assert [found[name]["episodes"] for name in ("loop-gpt", "loop-gpt+2", "loop-scripted-good")] == [2, 0, 4]
    assert run(project, 1) == result and len(upstream.asked) == 5
    project.write(*players, head='budget = "0.12"\njobs = 2')
    result = run(project, 1)
    assert result["state"] == "budget" and tallies(result)["loop-gpt"]["missing"] == 0
    assert 0.12 <= float(result["spent"]) <= 0.13  # calls at the same time are not known of one another
    project.write(*players, head="budget = 1")
    result = run(project)
    assert result["state"] == "complete" and tallies(result)["loop-gpt+2"]["kept"] == 4
    assert upstream.asked[-1]["temperature"] == 0.5 and "temperature" not in upstream.asked[0]


def test_a_model_that_refuses_or_is_away_does_not_stop_others(project: Project, upstream: Upstream) -> None:
    with (project.root / "claw.toml").open("a") as file:
        file.write(f'[engine.keyless]\nurl = "{upstream.url}"\nmodel = "m"\nkey_env = "CLAWC_NO_SUCH_KEY"\n')
        file.write("price = { prompt = 1, completion = 1 }\n")
        file.write('[engine.unpriced]\nurl = "http://127.0.0.1:9/v1"\nmodel = "m"\n')
    upstream.always = "status:401"
    project.write(
        "gpt", "keyless", "unpriced", "scripted:none.json", "scripted:good.json", head="budget = 1\nretries = 0"
    )
    result = run(project, 1)
    codes = [player["fault"] and player["fault"]["code"] for player in result["players"]]
    assert codes == ["R0967", "R0961", "R0964", "R0962", None]
    assert result["state"] == "fault" and result["total"]["kept"] == 4
    upstream.always = "good"  # the key is good again
    assert tallies(run(project, 1))["loop-gpt"]["kept"] == 4


def test_nothing_but_failures_is_given_up(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("clawc.runtime.campaign.play.HOPELESS", 3)
    project.model("away", [{"fail": "unavailable"}])
    project.write("scripted:away.json", head="retries = 0\njobs = 1")
    result = run(project, 1)
    assert result["players"][0]["fault"]["code"] == "R0978"
    assert tallies(result)["loop-scripted-away"]["outcomes"] == {"infra_error": 3}
    assert tallies(result)["loop-scripted-away"]["left"] == {"outcome": 3}
    assert (project.out / "trajectories.chat").read_bytes() == b""


def test_killed_and_continued_it_is_as_undisturbed(project: Project) -> None:
    project.model("slow", [{"wait_s": 0.2, **GOOD[0]}, {"text": "done"}])
    project.write("scripted:good.json", "scripted:slow.json", head="jobs = 1")
    code = (
        "import sys; from pathlib import Path; from clawc.commands.campaign import campaign_command;"
        "campaign_command(Path(sys.argv[1]), Path(sys.argv[2]), 'json', 'bubblewrap', '')"
    )
    journals = [project.out / "players" / f"loop-scripted-{name}" / "episodes.jsonl" for name in ("good", "slow")]
    said = ""
    for journal, least, number in zip(journals, (1, 2), (signal.SIGKILL, signal.SIGINT)):
        command = [sys.executable, "-c", code, str(project.file), str(project.out)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 60
        while not (journal.exists() and journal.read_bytes().count(b"\n") >= least) and time.monotonic() < end:
            time.sleep(0.01)
        os.kill(process.pid, number)
        said = process.communicate(timeout=60)[1]
    assert "UserError: interrupted; what was finished is kept" in said
    before = [journal.read_bytes() for journal in journals]
    run(project)
    assert all(journal.read_bytes().startswith(was) for journal, was in zip(journals, before))
    assert attempts(project) == {"loop-scripted-good": 4, "loop-scripted-slow": 4}
    continued = unnamed(project)
    shutil.rmtree(project.out)
    run(project)
    assert unnamed(project) == continued


def test_what_was_added_is_played_and_what_was_removed_left_alone(project: Project) -> None:
    project.write("scripted:good.json", "scripted:bad.json")
    run(project)
    bad = project.out / "players/loop-scripted-bad"
    before = {path: path.read_bytes() for path in bad.rglob("*") if path.is_file()}
    shutil.move(project.root / "bundles/two", project.root / "two")
    project.bundle("three")
    project.model("other", GOOD)
    project.write("scripted:other.json", 'model = "scripted:good.json"\nepisodes = 3')
    result = run(project)
    assert [task["task"] for task in result["tasks"]] == ["one", "three"]
    assert {name: found["episodes"] for name, found in tallies(result).items()} == {
        "loop-scripted-other": 4, "loop-scripted-good": 6,
    }  # fmt: skip
    assert attempts(project) == {"loop-scripted-good": 8, "loop-scripted-bad": 4, "loop-scripted-other": 4}
    assert before == {path: path.read_bytes() for path in bad.rglob("*") if path.is_file()}
    # What comes back is not played again.
    shutil.move(project.root / "two", project.root / "bundles/two")
    project.write("scripted:good.json", "scripted:bad.json")
    shutil.rmtree(project.root / "bundles/three")
    result = run(project)
    assert result["total"]["episodes"] == 8 and attempts(project)["loop-scripted-good"] == 8


def test_what_makes_another_run_is_refused(project: Project) -> None:
    project.write("scripted:good.json", head="jobs = 4")
    run(project)
    before = {path: path.read_bytes() for path in project.out.rglob("*") if path.is_file()}
    project.write('model = "scripted:good.json"\ntemperature = 0.5')
    assert re.search(r"R0976: .*`players\[0\]`: .*other parameters.* `name`", refused(project))
    project.write("scripted:good.json", head="seed = 7")
    assert re.search(r"R0976: .*`seed`: .*seed 0.*`seed = 0`", refused(project))
    project.write("scripted:good.json", "scripted:good.json")
    assert re.search(r"R0973: .*`players\[1\]`: it is the same as `players\[0\]`", refused(project))
    shutil.rmtree(project.root / "bundles/two")
    project.bundle("two", title="Changed")
    project.write("scripted:good.json")
    assert re.search(r"R0976: .*`tasks`: `two` is another task", refused(project))
    assert before == {path: path.read_bytes() for path in project.out.rglob("*") if path.is_file()}


def test_sources_are_compiled_once_and_a_refused_campaign_leaves_nothing(project: Project) -> None:
    shutil.rmtree(project.root / "bundles")
    source = project.root / "bundles" / "sums.claw"
    source.parent.mkdir()
    source.write_text(SOURCE.replace("within 0.005", "withn 0.005"))
    project.write('agent = "oracle"', 'agent = "null"', rest="[keep]\nmin_score = 1\n")
    with pytest.raises(UserError, match="has mistakes"):
        campaign_command(project.file, project.out, "json", "bubblewrap", "")
    assert not project.out.exists()
    source.write_text(SOURCE)
    result = run(project)
    assert {name: found["kept"] for name, found in tallies(result).items()} == {"oracle": 2, "null": 0}
    line = json.loads((project.out / "trajectories.chat").read_text().splitlines()[0])
    assert line["messages"][0]["role"] == "user" and "customer and total" in line["messages"][0]["content"]
    manifest = (project.out / "bundles/sums/bundle.json").read_bytes()
    source.write_text(SOURCE.replace("0.005", "0.05"))
    assert "`sums` is another task" in refused(project)
    source.write_text(SOURCE)
    shutil.rmtree(project.out / "bundles")
    assert run(project) == result and (project.out / "bundles/sums/bundle.json").read_bytes() == manifest


def test_a_deadline_and_another_process(project: Project) -> None:
    project.write("scripted:good.json", head="deadline_s = 0")
    result = run(project, 1)
    assert result["state"] == "deadline" and result["total"]["missing"] == 4
    with open(project.out / "campaign.lock") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "R0977" in refused(project)
    project.write("scripted:good.json", head="jobs = 4")
    assert run(project)["state"] == "complete"


def test_links_and_folders_of_others_are_refused(project: Project, tmp_path: Path) -> None:
    project.write("scripted:good.json")
    outside = tmp_path / "outside"
    outside.mkdir()
    players = project.out / "players"
    (project.out / "campaign.lock").parent.mkdir()
    (project.out / "campaign.lock").touch()
    players.symlink_to(outside)
    assert "is not a folder" in refused(project)
    players.unlink()
    players.mkdir()
    (players / "loop-scripted-good").symlink_to(outside)
    assert "R0206" in refused(project)
    (players / "loop-scripted-good").unlink()
    (project.out / "bundles").symlink_to(outside)
    assert "is not a folder" in refused(project)
    assert list(outside.iterdir()) == []
    shutil.rmtree(project.out)
    project.out.mkdir()
    (project.out / "thesis.txt").touch()
    assert "R0975" in refused(project)
    project.out = project.out / "thesis.txt"
    assert "R0975" in refused(project)


def test_outputs_replace_links_and_do_not_follow_them(project: Project, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    project.out.mkdir()
    (project.out / "campaign.lock").touch()
    for name in ("trajectories.chat", "campaign.json", ".trajectories.jsonl.new", "trajectories.atif"):
        (project.out / name).symlink_to(precious)
    project.write("scripted:bad.json", head="jobs = 4", rest='[output]\nformats = ["chat", "jsonl", "atif"]\n')
    run(project)
    assert precious.read_text() == "mine"
    assert not any(path.is_symlink() for path in project.out.iterdir())
