"""What a campaign file may say, and that everything else is an error with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clawc.runtime.campaign.settings import MOST_BYTES, beside, campaign_settings, task_paths
from clawc.runtime.errors import RuntimeFault

WHOLE = 'tasks = ["t"]\n[[players]]\nmodel = "m"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "c.toml"
    path.write_text(text)
    return path


def test_a_whole_file(tmp_path: Path) -> None:
    text = """
tasks = ["a.claw", "bundles/"]
episodes = 4
budget = "25.00"
deadline_s = 60
[[players]]
agent = "loop"
model = "gpt"
temperature = 1
seeds = 2
[keep]
min_score = 0.9
outcomes = ["ok", "truncated"]
[output]
formats = ["chat", "atif"]
"""
    found = campaign_settings(write(tmp_path, text))
    assert (found.episodes, str(found.budget), found.deadline_s) == (4, "25.00", 60)
    assert (found.players[0].episodes, found.players[0].temperature, str(found.keep.min_score)) == (2, 1, "0.9")


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "R0973", "`tasks`: field required"),
        ('tasks = ["t"]', "R0973", "`players`: field required"),
        ("tasks = [", "R0972", "is not TOML"),
        ("tasks = " + "[" * 3000, "R0972", "is not TOML"),
        (WHOLE.replace('["t"]', '"t"'), "R0973", "`tasks`"),
        (WHOLE.replace('["t"]', "[]"), "R0973", "`tasks`"),
        (WHOLE.replace('"m"', "3"), "R0973", "`players[0].model`"),
        ('episodes = "4"\n' + WHOLE, "R0973", "`episodes`: input should be a valid integer"),
        ("episodes = true\n" + WHOLE, "R0973", "`episodes`"),
        ("episodes = 1\nseeds = 2\n" + WHOLE, "R0973", "`seeds` is another name"),
        ("jobs = 0\n" + WHOLE, "R0973", "`jobs`"),
        ("budget = true\n" + WHOLE, "R0973", "`budget` is no number"),
        ('budget = "NaN"\n' + WHOLE, "R0973", "`budget`"),
        ('budget = "-1"\n' + WHOLE, "R0973", "`budget`"),
        ("deadline_s = nan\n" + WHOLE, "R0973", "`deadline_s`"),
        ("seed = 1979-05-27\n" + WHOLE, "R0973", "`seed`"),
        ("sed = 1\n" + WHOLE, "R0973", "Did you mean `seed`?"),
        (WHOLE + "temprature = 1\n", "R0973", "`players[0].temprature`: nobody reads this"),
        (WHOLE + "temprature = 1\n", "R0973", "Did you mean `temperature`?"),
        (WHOLE + "temperature = inf\n", "R0973", "`players[0].temperature`"),
        (WHOLE + 'name = "../x"\n', "R0973", "`players[0].name`"),
        (WHOLE + "[keep]\nunique = 1\n", "R0973", "`keep.unique`"),
        (WHOLE + "[keep]\nmin_score = true\n", "R0973", "`min_score` is no number"),
        (WHOLE + "[keep]\nmin_score = 1.5\n", "R0973", "`keep.min_score`"),
        (WHOLE + '[keep]\noutcomes = ["infra_error"]\n', "R0973", "`keep.outcomes[0]`"),
        (WHOLE + '[output]\nformats = ["csv"]\n', "R0973", "`output.formats[0]`"),
        ("keep = 1\n" + WHOLE, "R0973", "`keep`"),
        ("players = 1\n" + WHOLE.split("[[")[0], "R0973", "`players`"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, code: str, words: str) -> None:
    with pytest.raises(RuntimeFault) as caught:
        campaign_settings(write(tmp_path, text))
    assert caught.value.code == code and words in str(caught.value), str(caught.value)


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/campaigns.md").read_text().split("```toml\n")[1].split("```")[0]
    found = campaign_settings(write(tmp_path, text))
    assert [player.episodes for player in found.players] == [None, 16] and found.keep.per_task == 8


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "huge.toml").write_bytes(b"#" * (MOST_BYTES + 1))
    (tmp_path / "binary.toml").write_bytes(b"\xff\x00")
    os.mkfifo(tmp_path / "fifo.toml")
    for name, code in (("huge", "R0971"), ("none", "R0971"), ("fifo", "R0971"), ("binary", "R0972")):
        with pytest.raises(RuntimeFault) as caught:
            campaign_settings(tmp_path / f"{name}.toml")
        assert caught.value.code == code, name
    with pytest.raises(RuntimeFault, match="R0971"):
        campaign_settings(tmp_path)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "with [brackets]"
    (folder / "tasks").mkdir(parents=True)
    for name in ("b.claw", "a.claw"):
        (folder / "tasks" / name).touch()
    (tmp_path / "outside.claw").touch()
    file = write(folder, WHOLE.replace('"t"', '"tasks/*.claw", "../outside.claw", "tasks/a.claw"'))
    names = [path.name for path in task_paths(file, campaign_settings(file))]
    assert names == ["a.claw", "b.claw", "outside.claw"]
    assert beside(file, "scripted:x.json") == f"scripted:{folder / 'x.json'}"
    assert beside(file, "http://h/v1#m") == "http://h/v1#m"
    for pattern in ("nothing/*.claw", "nothing.claw"):
        write(folder, WHOLE.replace('"t"', f'"tasks/*.claw", "{pattern}"'))
        with pytest.raises(RuntimeFault, match=r"`tasks\[1\]`: nothing is called") as caught:
            task_paths(file, campaign_settings(file))
        assert caught.value.code == "R0974"
