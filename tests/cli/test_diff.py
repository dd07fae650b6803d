"""`clawc diff`: what a change means for scores, and versions that want to lead somewhere else."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.repositories import HOURS, SPEC, clawc, commit, git, write

RUBRIC = """  verify {
    rubric_share = 0.25
    check totals_right { expect rows(totals) == wanted }
    rubric style {
      reads = totals
      criterion clear { text = "The names are written as they are in the input." }
    }
  }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, {"a/hours.claw": SPEC.format(name="hours", asset="input/hours.csv"), "a/input/hours.csv": HOURS})
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    return tmp_path


def diff(folder: Path, *arguments: str, code: int) -> list[dict[str, Any]]:
    done = clawc(folder, "diff", *arguments, "--format", "json")
    assert done.returncode == code, done.stderr + done.stdout
    tasks: list[dict[str, Any]] = json.loads(done.stdout)["tasks"]
    return tasks


def change(folder: Path, old: str, new: str) -> None:
    path = folder / "b/hours.claw"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def named(fields: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in fields}


def test_the_same_is_the_same(folder: Path) -> None:
    (task,) = diff(folder, "a", "b", code=0)
    assert (task["status"], task["scores"]) == ("same", "comparable")
    done = clawc(folder, "diff", "a/hours.claw", "b/hours.claw")
    assert done.stdout == "1 task, nothing differs\n"


def test_a_comment_has_no_meaning_and_another_hash(folder: Path) -> None:
    change(folder, "claw 1\n", "claw 1\n# why it is so\n")
    (task,) = diff(folder, "a", "b", code=0)
    assert (task["status"], task["scores"], task["meaning"]) == ("changed", "rescore", False)
    hashes = named(task["hashes"])
    assert hashes["verifier"]["before"] != hashes["verifier"]["after"]
    assert hashes["workspace"]["before"] == hashes["workspace"]["after"]
    assert "scores stay what they were" in task["why"][0]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("old", "new", "scores", "where"),
    [
        ("sorted by name.", "sorted by name, please.", "rerun", "instruction"),
        ("check totals_right {", "check totals_right { weight = 3", "rescore", "checks"),
        ("== wanted }", "== wanted within 0.5 }", "rescore", "checks"),
        ("check totals_right", "check totals_fine", "rescore", "checks"),
        ("output/totals.csv", "output/sums.csv", "rerun", "deliverables"),
        ("  workspace", "  environment { timeout = 3min }\n  workspace", "rerun", "limits"),
        ("Total the hours", "Sum the hours", "rescore", "other"),
    ],
    ids=["instruction", "weight", "query", "check", "deliverable", "limits", "title"],
)
def test_what_a_change_costs(folder: Path, old: str, new: str, scores: str, where: str) -> None:
    change(folder, old, new.replace("{ weight = 3", "{\n weight = 3\n"))
    (task,) = diff(folder, "a", "b", code=1 if where != "other" else 0)
    assert task["scores"] == scores, task["why"]
    assert task[where]


def test_an_input_changes_what_is_expected(folder: Path) -> None:
    write(folder, {"b/input/hours.csv": HOURS.replace("Bela,5", "Bela,6")})
    (task,) = diff(folder, "a", "b", code=1)
    assert task["scores"] == "rerun"
    (file,) = task["workspace"]
    assert {"-Bela,5", "+Bela,6"} <= set(file["fields"][0]["lines"])
    (check,) = task["checks"]
    assert {"-Bela, 5", "+Bela, 6"} <= set(check["fields"][0]["lines"]), check
    text = clawc(folder, "diff", "a", "b").stdout
    assert "+Bela, 6" in text and "episodes must be played again" in text


def test_rubrics_and_their_share(folder: Path) -> None:
    change(folder, "  verify {\n    check totals_right { expect rows(totals) == wanted }\n  }\n", RUBRIC)
    done = clawc(folder, "check", "b")
    assert done.returncode == 0, done.stdout
    (task,) = diff(folder, "a", "b", code=1)
    assert task["scores"] == "rescore" and task["rubrics"][0]["kind"] == "added"
    assert named(task["scoring"])["rubric_share"]["after"] == "0.25"


def test_added_removed_and_renamed(folder: Path) -> None:
    write(
        folder,
        {"b/more.claw": SPEC.format(name="more", asset="input/more.csv"), "b/input/more.csv": HOURS + "Dora,9\n"},
    )
    assert {t["task"]: t["scores"] for t in diff(folder, "a", "b", code=1)} == {"hours": "comparable", "more": "new"}
    assert {t["task"]: t["scores"] for t in diff(folder, "b", "a", code=1)} == {"hours": "comparable", "more": "gone"}
    change(folder, "task hours", "task sums")
    found = {t["task"]: t for t in diff(folder, "a", "b", code=1)}
    assert (found["sums"]["was"], found["sums"]["scores"]) == ("hours", "rerun")


def test_revisions_and_bundles(folder: Path) -> None:
    commit(folder)
    write(folder, {"b/input/hours.csv": HOURS + "Dora,9\n"})
    (task,) = diff(folder, "HEAD:b/hours.claw", "b/hours.claw", code=1)
    assert task["scores"] == "rerun"
    (task,) = diff(folder, "HEAD:./b", "HEAD:a", code=0)
    assert task["status"] == "same"
    assert clawc(folder, "build", "b", "-o", "built").returncode == 0
    (task,) = diff(folder, "built", "b", code=0)
    assert task["status"] == "same"
    (task,) = diff(folder / "b", "HEAD:./hours.claw", "../built/hours", code=1)
    assert task["scores"] == "rerun"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nowhere.claw", "no file"),
        ("nowhere:a", "no revision"),
        ("HEAD:nowhere", "there is no"),
        ("HEAD:../a", "there is no"),
        ("HEAD:/etc/passwd", "there is no"),
        ("--output=x:a", ""),
        ("-x:a", ""),
    ],
    ids=range(7),
)
def test_what_cannot_be_compared(folder: Path, text: str, says: str) -> None:
    commit(folder)
    done = clawc(folder, "diff", "--", text, "b")
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_mistakes_are_said_where_they_were_written(folder: Path) -> None:
    change(folder, "csv(hours)", "csv(hurs)")
    commit(folder)
    done = clawc(folder, "diff", "HEAD:a", "HEAD:b")
    assert done.returncode == 2
    assert "--> HEAD:b/hours.claw:" in done.stderr and "clawc-diff-" not in done.stderr


def test_links_of_a_revision_lead_nowhere_else(folder: Path) -> None:
    secret = folder / "secret.csv"
    secret.write_text("name,hours\nsecret,1\n")
    repo = folder / "b"
    (repo / "input/hours.csv").unlink()
    (repo / "input/hours.csv").symlink_to(secret)
    (repo / "up").symlink_to("../../..")
    (repo / "loop").symlink_to("loop")
    (repo / "chain").symlink_to("up/secret.csv")
    commit(repo)
    done = clawc(repo, "diff", "HEAD:hours.claw", "../a")
    assert done.returncode == 2 and "E0703" in done.stderr and "secret,1" not in done.stderr + done.stdout


def test_a_repository_whose_tree_leaves_it(folder: Path) -> None:
    repo = folder / "b"
    commit(repo)
    blob = git(repo, "rev-parse", "HEAD:hours.claw").strip()
    for name in ("..", ".git", "."):
        entry = f"100644 blob {blob}\t{name}\n100644 blob {blob}\thours.claw\n"
        listing = folder / "listing"
        listing.write_text(entry)
        tree = _mktree(repo, entry)
        made = git(repo, "commit-tree", tree, "-m", "x").strip()
        done = clawc(repo, "diff", f"{made}:hours.claw", "../a")
        assert done.returncode in (1, 2) and "Traceback" not in done.stderr
        assert "no repository should have" in done.stderr or "there is no file `input" in done.stderr, done.stderr
    inner = _mktree(repo, f"100644 blob {blob}\tevil.claw\n")
    tree = _mktree(repo, f"040000 tree {inner}\t..\n100644 blob {blob}\thours.claw\n")
    made = git(repo, "commit-tree", tree, "-m", "x").strip()
    assert clawc(repo, "diff", f"{made}:hours.claw", "../a").returncode == 2
    assert not (folder / "evil.claw").exists()


def _mktree(repo: Path, entries: str) -> str:
    """A tree object, written without git's own checks of names."""
    import hashlib
    import zlib

    data = b""
    for line in entries.splitlines():
        head, _, name = line.partition("\t")
        mode, _, id = head.split()
        data += f"{mode.lstrip('0')} {name}\0".encode() + bytes.fromhex(id)
    whole = b"tree %d\0" % len(data) + data
    id = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
    target = repo / ".git/objects" / id[:2] / id[2:]
    target.parent.mkdir(exist_ok=True)
    if not target.exists():
        target.write_bytes(zlib.compress(whole))
    return id


def test_hostile_texts_stay_texts(folder: Path) -> None:
    change(folder, "sorted by name.", "sorted by name.\\n```\\n::error::owned\\n<img src=x>|\\u001b[31m")
    done = clawc(folder, "diff", "a", "b", "--format", "markdown")
    assert done.returncode == 1, done.stderr
    held = [line for line in done.stdout.splitlines() if "owned" in line or "<img" in line or "```" in line]
    assert held and all(line.startswith("    ") for line in held)
    for format in ("text", "markdown", "github"):
        done = clawc(folder, "diff", "a", "b", "--format", format)
        assert "\x1b" not in done.stdout
    assert done.stdout.startswith("::warning title=clawc diff%3A hours::") and done.stdout.count("\n") == 1


def test_a_bundle_that_lies(folder: Path) -> None:
    assert clawc(folder, "build", "a", "-o", "built").returncode == 0
    path = folder / "built/hours/private/ir.json"
    path.write_text("[" * 100_000)
    done = clawc(folder, "diff", "built", "a")
    assert done.returncode == 2 and "R0104" in done.stderr
    os.unlink(path)
    assert clawc(folder, "diff", "built", "a").returncode == 2
