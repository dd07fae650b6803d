"""`clawc synth` with models at the command line: what it refuses, a dry run, shares of providers, and the page of samples."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from clawc.commands.synth_shares import counts_of
from clawc.exits import UserError

pytest.importorskip("rensa", reason="the extra `synth` is not installed")

SKILLS = Path(__file__).parents[1] / "synth" / "skills" / "data"


def clawc(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "clawc", *arguments], cwd=folder, capture_output=True, text=True)


def test_shares() -> None:
    assert counts_of("archetypes", 7) == {"archetypes": 7}
    assert counts_of("persona=60,skills=10,archetypes=30", 10) == {"archetypes": 3, "persona": 6, "skills": 1}
    assert counts_of("persona,archetypes", 5) == {"archetypes": 2, "persona": 3}
    assert counts_of("persona=1,archetypes=0", 3) == {"persona": 3}
    assert sum(counts_of("persona=1,archetypes=1,skills=1", 100).values()) == 100
    for wrong in (
        "",
        "persona,persona",
        "models",
        "persona=x",
        "persona=-1",
        "persona=0",
        "persona;archetypes",
        "archetypes=99999999",
    ):
        with pytest.raises(UserError):
            counts_of(wrong, 5)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--provider", "persona", "-o", "set"), "--model"),
        (("--provider", "skills", "--model", "scripted:s.json", "-o", "set"), "--skills"),
        (("--provider", "skills", "--model", "scripted:s.json", "--skills", "nowhere", "-o", "set"), "R1008"),
        (("--provider", "persona", "--model", "nothing", "-o", "set"), "R0970"),
        (("--provider", "archetypes"), "--out"),
    ],
)
def test_what_is_refused(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    (tmp_path / "s.json").write_text('[{"text": "no"}]')
    made = clawc(tmp_path, "synth", "-n", "2", "--no-semantic", *arguments)
    assert made.returncode == 2 and said in made.stderr and "Traceback" not in made.stderr, made.stderr
    assert not (tmp_path / "set").exists()


def test_a_dry_run_asks_nobody(tmp_path: Path) -> None:
    """No model, no folder; the prompt is shown as it would be sent."""
    told = clawc(
        tmp_path,
        "synth",
        "--provider",
        "persona=1,skills=1,archetypes=2",
        "--skills",
        str(SKILLS),
        "-n",
        "8",
        "--dry-run",
    )
    assert told.returncode == 0, told.stderr
    assert (
        "archetypes: 4 tasks" in told.stdout and "persona: 2 tasks" in told.stdout and "skills: 2 tasks" in told.stdout
    )
    assert "You plan tasks for a personal assistant" in told.stdout and re.search(
        r"about [\d,]+ to [\d,]+ tokens", told.stdout
    )
    assert not list(tmp_path.iterdir())


def test_a_model_that_says_nothing_of_use(tmp_path: Path) -> None:
    """The batch ends with what to do, and every draft stands in the work folder with its reason."""
    (tmp_path / "s.json").write_text('[{"text": "I would rather talk about the weather."}]')
    made = clawc(
        tmp_path,
        "synth",
        "--provider",
        "persona",
        "--model",
        "scripted:s.json",
        "-n",
        "2",
        "--no-semantic",
        "-o",
        "set",
    )
    assert (
        made.returncode == 2
        and "R1005" in made.stderr
        and "stronger model" in made.stderr
        and "Traceback" not in made.stderr
    )
    records = [
        json.loads(line)
        for path in (tmp_path / "set.work/models").glob("persona-*.jsonl")
        for line in path.read_text().splitlines()
    ]
    assert len(records) >= 96 and {each["stage"] for each in records} == {"blueprint"}


@pytest.mark.nightly
def test_a_page_of_samples(tmp_path: Path) -> None:
    assert (
        clawc(tmp_path, "synth", "-n", "4", "--seed", "4", "--no-semantic", "--to", "jsonl", "-o", "set").returncode
        == 0
    )
    row = json.loads(next((tmp_path / "set/jsonl").iterdir()).read_text().splitlines()[0])
    record = {
        "name": "persona_00000",
        "stage": "review",
        "why": "<script>alert(1)</script>",
        "source": "</pre><script>alert(2)</script>",
    }
    (tmp_path / "set/dropped.jsonl").write_text(json.dumps(record) + "\n")
    told = clawc(tmp_path, "synth", "review", "set", "-n", "3", "-o", "page.html")
    assert told.returncode == 0 and "3 of 4 tasks and 1 of 1 dropped drafts" in told.stdout, told.stderr
    page = (tmp_path / "page.html").read_text()
    assert "<script" not in page and "&lt;script&gt;alert(2)" in page and row["category"].split(".")[0] in page
    assert clawc(tmp_path, "synth", "review", "set", "-n", "3", "-o", "other.html").returncode == 0
    assert (tmp_path / "other.html").read_text() == page
    (tmp_path / "set/dropped.jsonl").write_text("[]\n")
    for folder in ("set", "nowhere"):
        told = clawc(tmp_path, "synth", "review", folder, "-o", "page.html")
        assert told.returncode == 2 and "Traceback" not in told.stderr and folder in told.stderr
