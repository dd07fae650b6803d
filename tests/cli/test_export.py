"""`clawc build --target` from outside: files, report, what is replaced and kept, and messages for wrong calls."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

from clawc.compiler.targets.export import Feature
from clawc.compiler.targets.table import TARGETS
from clawc.spec.manifest_id import manifest_id

ROOT = Path(__file__).resolve().parents[2]
GOOD = ROOT / "examples" / "order_totals.claw"
PROGRAMS = ROOT / "examples" / "discount_script.claw"
DICE = """claw 1

task dice {
  title = "Add up the throws"
  param sides { int = 2..30 }
  data throws { count = 2; throw = n; points = param.sides }
  workspace { file log "input/throws.csv" { content = csv(throws) } }
  let wanted = csv(log) | group total = sum(points)
  deliver sums "output/sums.csv" { columns = [total] }
  instruction = "Write the sum of the points in {{ path.log }} to {{ path.sums }} with the column total."
  verify { check right { expect rows(sums) == wanted } }
}
"""


class Done(NamedTuple):
    code: int
    out: str
    err: str


def clawc(folder: Path, *arguments: object) -> Done:
    command = [sys.executable, "-m", "clawc", *map(str, arguments)]
    env = {**os.environ, "CLAWC_CACHE": str(folder / "cache")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr and done.returncode != 70, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def exported(folder: Path, target: str, out: str, *arguments: object) -> Done:
    done = clawc(folder, "build", *(arguments or (GOOD,)), "--target", target, "-o", out)
    assert done.code == 0, done.err
    return done


def report(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "export.json").read_bytes())
    return document


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mode)
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(folder: Path, *arguments: object) -> str:
    """What a call says that must change nothing."""
    before = sorted(path for path in folder.rglob("*") if "cache" not in path.parts)
    done = clawc(folder, "build", *arguments)
    assert (done.code, done.out) == (2, ""), done
    assert sorted(path for path in folder.rglob("*") if "cache" not in path.parts) == before
    return done.err


@pytest.mark.sampled(3)
@pytest.mark.parametrize("target", TARGETS)
def test_every_target_says_what_it_is_and_what_it_cannot_honour(tmp_path: Path, target: str) -> None:
    done = exported(tmp_path, target, "out", GOOD, PROGRAMS)
    document = report(tmp_path / "out")
    assert done.out.startswith(f"out  {TARGETS[target].title}, 2 tasks\n")
    assert (document["clawc_export"], document["target"], document["name"]) == (1, target, "out")
    assert [task["task"] for task in document["tasks"]] == ["order_totals", "discount_script"]
    assert document["entries"] == sorted(path.name for path in (tmp_path / "out").iterdir())
    levels = {weak["level"] for task in document["tasks"] for weak in task["weak"]}
    assert levels <= {"weak", "lost"}
    for task in document["tasks"]:
        for weak in task["weak"]:
            assert f"  {weak['level']}: {weak['feature']} (" in done.out
    if document["run"] is not None:
        assert f"  next, in that folder: {document['run']}\n" in done.out
    assert not list(tmp_path.glob(".exporting*"))


def test_the_report_is_what_json_output_is(tmp_path: Path) -> None:
    done = clawc(tmp_path, "build", GOOD, "--target", "jsonl", "-o", "out", "--format", "json")
    assert json.loads(done.out) == report(tmp_path / "out")


def test_bundles_and_sources_give_the_same_files(tmp_path: Path) -> None:
    assert clawc(tmp_path, "build", GOOD, "-o", "suite").code == 0
    exported(tmp_path, "harbor", "a", "suite", "--name", "x")
    exported(tmp_path, "harbor", "b", GOOD, "--name", "x")
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_instances_of_a_source(tmp_path: Path) -> None:
    (tmp_path / "dice.claw").write_text(DICE, encoding="utf-8")
    exported(tmp_path, "jsonl", "out", "dice.claw", "-n", 3, "--seed", 1)
    assert [task["task"] for task in report(tmp_path / "out")["tasks"]] == ["dice-0001", "dice-0002", "dice-0003"]


def test_an_older_export_is_replaced_and_results_beside_it_stay(tmp_path: Path) -> None:
    exported(tmp_path, "harbor", "out")
    out = tmp_path / "out"
    (out / "jobs" / "first").mkdir(parents=True)
    (out / "jobs" / "first" / "result.json").write_text("{}")
    (out / "order_totals" / "own.txt").write_text("of an older export")
    exported(tmp_path, "inspect", "out", PROGRAMS)
    assert report(out)["target"] == "inspect"
    assert (out / "jobs" / "first" / "result.json").read_text() == "{}"
    assert not (out / "order_totals").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "out"]


def test_what_is_no_part_of_an_export_is_never_overwritten(tmp_path: Path) -> None:
    exported(tmp_path, "inspect", "out")
    (tmp_path / "out" / "order_totals").mkdir()
    said = refused(tmp_path, GOOD, "--target", "harbor", "-o", "out")
    assert "`out/order_totals` is in the way" in said


@pytest.mark.parametrize("content", [None, "{}", "[]", '"clawc_export"', '{"clawc_export": 1}', '{"clawc_export": 2}'])
def test_a_foreign_folder_is_not_replaced(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    if content is not None:
        (tmp_path / "out" / "export.json").write_text(content)
    said = refused(tmp_path, GOOD, "--target", "harbor", "-o", "out")
    assert "`out` is there, and no export of clawc" in said and "--out" in said


def test_places(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    exported(tmp_path, "jsonl", "link")
    assert (tmp_path / "link").is_symlink() and report(tmp_path / "empty")["name"] == "link"
    exported(tmp_path, "jsonl", "deep/er")
    (tmp_path / "file").write_text("")
    assert "no export of clawc" in refused(tmp_path, GOOD, "--target", "jsonl", "-o", "file")
    assert "the folder that you are in" in refused(tmp_path, GOOD, "--target", "jsonl", "-o", ".")
    assert "or above it" in refused(tmp_path, GOOD, "--target", "jsonl", "-o", "..")
    done = clawc(tmp_path, "build", GOOD, "--target", "jsonl", "-o", "file/below")
    assert done.code == 3 and "nothing was changed" in done.err


def test_names(tmp_path: Path) -> None:
    exported(tmp_path, "verifiers", "a b", GOOD)
    assert report(tmp_path / "a b")["name"] == "a-b" and (tmp_path / "a b" / "claw_a_b").is_dir()
    assert "`a b` is no name for an export" in refused(
        tmp_path, GOOD, "--target", "harbor", "--name", "a b", "-o", "out"
    )


def test_an_image_is_named_where_a_target_can(tmp_path: Path) -> None:
    exported(tmp_path, "inspect", "out", GOOD, "--image", "registry.example:5000/tools:1")
    assert report(tmp_path / "out")["image"] == "registry.example:5000/tools:1"
    assert "registry.example:5000/tools:1" in (tmp_path / "out" / "compose.yaml").read_text()
    for image in ("a b", "a\nUSER x", "-v", "${HOME}"):
        said = refused(tmp_path, GOOD, "--target", "openenv", f"--image={image}", "-o", "new")
        assert "is no name of an image" in said and len(said.splitlines()) == 2
    for target in ("jsonl", "clawgym", "pinchbench", "nemo-gym"):
        said = refused(tmp_path, GOOD, "--target", target, "--image", "tools", "-o", "new")
        assert f"an export to {target} names no image" in said


def test_wrong_calls(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    unknown = refused(tmp_path, GOOD, "--target", "Harbor", "-o", "out")
    assert "unknown target `Harbor`" in unknown and "harbor, inspect, verifiers" in unknown
    assert "there is no `.claw` file in `empty`" in refused(tmp_path, "empty", "--target", "harbor", "-o", "out")
    assert "there is no file `nowhere`" in refused(tmp_path, "nowhere", "--target", "harbor", "-o", "out")
    assert "say which by `--target`" in refused(tmp_path, GOOD, "--image", "tools", "-o", "out")
    assert "say which by `--target`" in refused(tmp_path, GOOD, "--name", "x", "-o", "out")
    assert "text, json" in refused(tmp_path, GOOD, "--target", "harbor", "--format", "yaml", "-o", "out")


def test_two_tasks_of_one_name(tmp_path: Path) -> None:
    assert clawc(tmp_path, "build", GOOD, "-o", "suite").code == 0
    said = refused(tmp_path, "suite", GOOD, "--target", "harbor", "-o", "out")
    assert "two tasks are called `order_totals`" in said


def test_instances_of_bundles_are_refused(tmp_path: Path) -> None:
    assert clawc(tmp_path, "build", GOOD, "-o", "suite").code == 0
    for option in (("-n", 2), ("--seed", 2)):
        said = refused(tmp_path, "suite", "--target", "harbor", "-o", "out", *option)
        assert "these are bundles" in said


def test_bundles_that_are_none(tmp_path: Path) -> None:
    assert clawc(tmp_path, "build", GOOD, "-o", "suite").code == 0
    older, edited = tmp_path / "older", tmp_path / "edited"
    shutil.copytree(tmp_path / "suite" / "order_totals", older)
    shutil.copytree(tmp_path / "suite" / "order_totals", edited)
    manifest: dict[str, Any] = json.loads((older / "bundle.json").read_bytes())
    manifest["format_version"] = 0
    manifest["id"] = manifest_id({key: value for key, value in manifest.items() if key != "id"})
    (older / "bundle.json").write_text(json.dumps(manifest))
    with open(edited / "private" / "check.py", "a", encoding="utf-8") as file:
        file.write("# more\n")
    said = refused(tmp_path, "older", "--target", "harbor", "-o", "out")
    assert "R0103" in said and "`format_version`" in said and "Build the bundle again" in said
    said = refused(tmp_path, "edited", "--target", "harbor", "-o", "out")
    assert "R0104" in said and "private/check.py" in said


def test_a_mistake_exports_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.claw").write_text(DICE.replace("sum(points)", "sum(pints)"), encoding="utf-8")
    done = clawc(tmp_path, "build", "bad.claw", "--target", "harbor", "-o", "out")
    assert done.code == 1 and "pints" in done.err and not (tmp_path / "out").exists()


def test_an_interrupted_export_leaves_the_older_one(tmp_path: Path) -> None:
    exported(tmp_path, "harbor", "out")
    before = tree(tmp_path / "out")
    code = (
        "import os, signal\n"
        "from clawc.commands import export\n"
        "from clawc.cli import run\n"
        "rename = os.rename\n"
        "def stop(source, target):\n"
        "    rename(source, target)\n"
        f"    os.kill(os.getpid(), {int(signal.SIGTERM)})\n"
        "export.os.rename = stop\n"
        f"raise SystemExit(run(['build', {str(GOOD)!r}, '--target', 'inspect', '-o', 'out']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 130 and "Traceback" not in done.stderr, done.stderr
    assert tree(tmp_path / "out") == before
    assert not list(tmp_path.glob(".exporting*"))


def test_the_documentation_says_what_targets_do_not_honour() -> None:
    lines = (ROOT / "docs" / "exports.md").read_text("utf-8").splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("| feature |"))
    names = [cell.strip() for cell in lines[head].strip("|").split("|")][2:]
    assert names == list(TARGETS)
    said: dict[str, dict[str, str]] = {name: {} for name in names}
    for line in itertools.takewhile(lambda line: line.startswith("|"), lines[head + 2 :]):
        feature, _, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        for name, cell in zip(names, cells, strict=True):
            said[name][feature.strip("`")] = cell
    assert set(get_args(Feature)) - {"binary"} <= set(said["jsonl"])
    for name in names:
        module = import_module(f"clawc.compiler.targets.{name.replace('-', '_')}")
        weak: dict[str, tuple[str, str]] = vars(module).get("_WEAK", {})
        for feature, cell in said[name].items():
            if feature in weak:
                assert cell == weak[feature][0], (name, feature)
            else:
                assert cell == "" or cell.endswith("*") or feature == "checks", (name, feature)
