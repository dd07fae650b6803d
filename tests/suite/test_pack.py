"""`clawc bench pack`, and `clawc run` of what was built and packed."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
import tomllib
from pathlib import Path

import pytest

from clawc.runtime.suite.folder import read_suite, write_suite
from clawc.runtime.suite.unpack import unpack
from tests.suite.project import Project


@pytest.fixture(scope="module")
def archive(secret_project: Project) -> Path:
    done = secret_project.clawc("bench", "pack", "built", "--out", "small.tar.gz", "--license", "CC0-1.0")
    assert done.code == 0, done.err
    assert "bundles of secret splits are left out" in done.err
    return secret_project.root / "small.tar.gz"


@pytest.fixture(scope="module")
def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(archive, tmp_path_factory.mktemp("unpacked") / "out")


def test_the_same_suite_gives_the_same_bytes(secret_project: Project, archive: Path) -> None:
    assert secret_project.clawc("bench", "pack", "built", "--out", "again.tar.gz", "--license", "CC0-1.0").code == 0
    assert (secret_project.root / "again.tar.gz").read_bytes() == archive.read_bytes()
    with tarfile.open(archive) as tar:
        found = tar.getmembers()
    assert [one.name for one in found if one.isfile()] == sorted(one.name for one in found if one.isfile())
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname) for one in found} == {(0, 0, 0, "", "")}
    assert all(one.isfile() or one.isdir() for one in found)


def test_everything_is_there_and_sums_are_right(unpacked: Path, built: Path) -> None:
    assert unpacked.name == "small-1.0.0"
    assert {path.name for path in unpacked.iterdir()} == {
        "README.md", "CANARY.txt", "SHA256SUMS", "suite.json", "bundles", "harbor",
    }  # fmt: skip
    assert (unpacked / "suite.json").read_bytes() == (built / "suite.json").read_bytes()
    sums = dict(line.split("  ", 1)[::-1] for line in (unpacked / "SHA256SUMS").read_text().splitlines())
    there = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert set(sums) == there - {"SHA256SUMS"}
    assert all(hashlib.sha256((unpacked / path).read_bytes()).hexdigest() == digest for path, digest in sums.items())


def test_secret_tasks_are_nowhere_in_it(unpacked: Path, secret_project: Project, built: Path) -> None:
    secret = {member.task for member in read_suite(built).members if member.secret}
    assert secret
    for folder in ("bundles", "harbor"):
        assert not secret & {path.name for path in (unpacked / folder).iterdir()}
    seed = (secret_project.root / "secret.seed").read_text().strip().encode()
    assert not any(seed in path.read_bytes() for path in unpacked.rglob("*") if path.is_file())


def test_the_canary_stands_in_what_is_scraped_and_changes_no_bundle(unpacked: Path, built: Path) -> None:
    canary = read_suite(built).canary
    for name in ("README.md", "CANARY.txt", "harbor/README.md"):
        assert canary in (unpacked / name).read_text()
    tasks = list((unpacked / "harbor").glob("*/task.toml"))
    assert tasks and all(tomllib.loads(path.read_text())["metadata"]["canary"] == canary for path in tasks)
    for path in (unpacked / "bundles").iterdir():
        assert (path / "bundle.json").read_bytes() == (built / "bundles" / path.name / "bundle.json").read_bytes()


def test_the_readme_says_what_one_needs(unpacked: Path, built: Path) -> None:
    text, record = (unpacked / "README.md").read_text(), read_suite(built)
    for part in ("CC0-1.0", record.id, "What 1.0.0 brought.", "clawc run", "harbor run", "are secret"):
        assert part in text


def test_with_secret_says_not_to_publish(secret_project: Project, built: Path, tmp_path: Path) -> None:
    done = secret_project.clawc("bench", "pack", "built", "--out", tmp_path / "all.tar.gz", "--with-secret")
    assert done.code == 0 and "do not publish it" in done.err
    top = unpack(tmp_path / "all.tar.gz", tmp_path / "out")
    assert {path.name for path in (top / "bundles").iterdir()} == {member.task for member in read_suite(built).members}


def test_what_cannot_be_packed(secret_project: Project, tmp_path: Path) -> None:
    for arguments, message in (
        (("built", "--out", "a.zip"), "does not end in `.tar.gz`"),
        (("tasks", "--out", "a.tar.gz"), "there is no suite"),
        (("built", "--out", "none/a.tar.gz"), "cannot be written"),
    ):
        done = secret_project.clawc("bench", "pack", *arguments)
        assert done.code in (2, 3) and message in done.err
    assert not list(secret_project.root.glob("**/*.part"))


def test_an_archive_is_run_as_it_is_from_another_folder(archive: Path, tmp_path: Path) -> None:
    elsewhere = Project(tmp_path / "elsewhere")
    shutil.copy(archive, elsewhere.root / "small.tar.gz")
    for agent, score in (("oracle", 1.0), ("null", 0.0)):
        done = elsewhere.clawc("run", "small.tar.gz", "--agent", agent, "--out", agent, "--format", "json")
        assert done.code == 0, done.err
        episodes = json.loads(done.out)["episodes"]
        assert episodes and {float(one["score"]) for one in episodes} == {score}
        assert "secret tasks of small are not here" in done.err
    info = json.loads((elsewhere.root / "oracle" / "run.json").read_text())
    assert info["suite"] == {"name": "small", "version": "1.0.0", "id": info["suite"]["id"], "splits": []}
    again = elsewhere.clawc("run", "small.tar.gz", "--out", "oracle")
    assert again.code == 0 and again.err.count("episodes") <= 1
    said = elsewhere.clawc("report", "oracle").out
    assert f"suite small 1.0.0 ({info['suite']['id'][:12]})" in said
    assert elsewhere.clawc("rescore", "oracle").code == 0


def test_a_hostile_archive_leaves_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    with tarfile.open(project.root / "bad.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo("s/../../out")
        tar.addfile(info)
    before = sorted(project.root.rglob("*"))
    done = project.clawc("run", "bad.tar.gz", "--out", "run")
    assert done.code == 2 and "leads elsewhere" in done.err
    assert sorted(project.root.rglob("*")) == before


def test_splits_are_parts_of_a_run(secret_project: Project, built: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = secret_project.clawc("run", "built", "--split", "held", "--out", run, "--format", "json")
    assert done.code == 0, done.err
    played = {one["task"] for one in json.loads(done.out)["episodes"]}
    assert played == {member.task for member in read_suite(built).members if member.split == "held"}
    assert json.loads((run / "run.json").read_text())["suite"]["splits"] == ["held"]
    for arguments, message in (
        (("built", "--split", "none"), "has no split `none`"),
        (("tasks", "--split", "dev"), "`--split` is for suites"),
        (("built", "tasks"), "is played alone"),
        (("built", "--out", run), "holds a run with another task"),
    ):
        refused = secret_project.clawc("run", *arguments)
        assert refused.code == 2 and message in refused.err


def test_a_swapped_bundle_is_not_played(built: Path, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    shutil.copytree(built, project.root / "copy")
    one, two = sorted((project.root / "copy" / "bundles").glob("parcels-*"))
    shutil.rmtree(two)
    shutil.copytree(one, two)
    done = project.clawc("run", "copy", "--out", "run")
    assert done.code == 2 and "is another bundle" in done.err


def test_versions_are_never_mixed(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    project.declare("repeats = 2", tasks='["tasks/letters.claw"]')
    project.build("one")
    record = read_suite(project.root / "one")
    shutil.copytree(project.root / "one", project.root / "two")
    project.declare("repeats = 2", version="1.1.0", tasks='["tasks/letters.claw"]')
    project.build("two")
    assert read_suite(project.root / "two").members == record.members
    for name in ("one", "two"):
        done = project.clawc("run", name, "--out", f"run-{name}", "--format", "json")
        assert len(json.loads(done.out)["episodes"]) == 2  # as the suite says
    done = project.clawc("report", "run-one", "run-two")
    assert done.code == 2 and "never mixed" in done.err and "small 1.1.0" in done.err
    assert project.clawc("report", "run-one", "run-one").code == 0
    done = project.clawc("run", "two", "--out", "run-one")
    assert done.code == 2 and "holds a run of small 1.0.0" in done.err
    write_suite(record, project.root / "two")
    assert project.clawc("run", "two", "-n", 1, "--out", "run-one").code == 0
