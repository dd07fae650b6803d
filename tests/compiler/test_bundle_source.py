"""A bundle holds what it was compiled from: compiled again from itself it is the same, and nothing of it is public."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from clawc.commands.sources import check_file, check_instances
from clawc.compiler.assets import DiskAssets
from clawc.compiler.instances import instance_name
from clawc.compiler.pipeline import Compiled, build, write
from clawc.runtime.bundle import load
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.selftest.rebuild import rebuilt, source_of
from clawc.spec import bundle as spec
from clawc.spec.manifest_id import manifest_id

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(
    [*ROOT.glob("examples/*.claw"), *ROOT.glob("examples/*/*.claw"), *ROOT.glob("examples/clawgym/*/*.claw")]
)
DRAWN = ROOT / "examples" / "overdue_letters.claw"

SHARED = """claw 1

let limit = 3
workspace common { file rates "rates.csv" { from = "../data/rates.csv" } }
"""
TASK = """claw 1

use "../shared/common.claw" (limit)

task parts {
  title = "Count the parts"
  workspace {
    file log "input/log.csv" { from = "log.csv" }
    file same "input/copy.csv" { from = "log.csv" }
    tree docs "docs"
    file key "key.csv" { hidden = true }
  }
  let wanted = csv(log) | where n >= limit
  deliver out "out.csv" { columns = columns(csv(log)) }
  instruction = "Of {{ path.log }}, which {{ path.same }} repeats, with docs in {{ path.docs }}, write the rows with n of 3 or more to {{ path.out }}."
  verify { 
    check right { expect rows(out) == wanted }
    check agrees { expect rows(out) == csv(key) }
  }
}
"""


def laid(compiled: Compiled, folder: Path) -> Path:
    write(build(compiled), folder)
    return folder


def again(folder: Path) -> str:
    bundle = load(folder)
    [compiled] = rebuilt(bundle, source_of(bundle)).tasks
    return build(compiled).manifest.id


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_compiled_from_itself_it_is_the_same(path: Path, tmp_path: Path) -> None:
    for compiled in check_file(path).tasks:
        folder = laid(compiled, tmp_path / compiled.task.name)
        assert again(folder) == load(folder).manifest.id


def test_instances_too(tmp_path: Path) -> None:
    data = DRAWN.read_bytes()
    for number, checked in enumerate(check_instances(str(DRAWN), data, DiskAssets(DRAWN.parent), (11, 12)), 1):
        [compiled] = checked.tasks
        compiled.task.name = instance_name(compiled.task.template, number)
        folder = laid(compiled, tmp_path / str(number))
        index = json.loads((folder / spec.SOURCE_INDEX).read_text())
        assert index["seed"] == 10 + number
        assert again(folder) == load(folder).manifest.id


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A task whose module, tree and assets stand in several folders."""
    root = tmp_path / "project"
    for path, text in {
        "claw.toml": "", "tasks/parts.claw": TASK, "shared/common.claw": SHARED, "tasks/log.csv": "n,part\n1,a\n3,b\n5,c\n",
        "tasks/docs/a.md": "# A\n", "tasks/docs/run.sh": "#!/bin/sh\n", "tasks/key.csv": "n,part\n3,b\n5,c\n",
    }.items():  # fmt: skip
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "tasks/docs/run.sh").chmod(0o755)
    return root


def test_everything_that_was_read_is_there_once(project: Path, tmp_path: Path) -> None:
    checked = check_file(project / "tasks/parts.claw")
    assert checked.ok, [(d.code, d.message) for d in checked.diagnostics]
    files = build(checked.tasks[0]).files
    index = spec.SourceIndex.model_validate_json(files[spec.SOURCE_INDEX])
    assert index.main == "task/parts.claw" and index.programs == ("task/docs/run.sh",)
    assert index.files == {
        "shared/common.claw": "private/source/shared/common.claw",
        "task/docs/a.md": "public/workspace/docs/a.md",
        "task/docs/run.sh": "public/workspace/docs/run.sh",
        "task/key.csv": "private/source/task/key.csv",
        "task/log.csv": "public/workspace/input/copy.csv",
        "task/parts.claw": "private/source/task/parts.claw",
    }
    kept = {name for name in files if name.startswith(spec.SOURCE + "/")}
    assert kept == {at for at in index.files.values() if at.startswith("private/")}
    assert again(laid(checked.tasks[0], tmp_path / "bundle")) == load(tmp_path / "bundle").manifest.id


def test_it_does_not_tell_where_the_project_stands(project: Path, tmp_path: Path) -> None:
    here = build(check_file(project / "tasks/parts.claw").tasks[0]).files
    moved = tmp_path / "else" / "where"
    shutil.copytree(project / "tasks", moved / "a" / "other")
    shutil.copytree(project / "shared", moved / "a" / "shared")
    (moved / "claw.toml").write_text("")
    assert build(check_file(moved / "a/other/parts.claw").tasks[0]).files == here


def test_nothing_of_it_is_public(project: Path) -> None:
    files = build(check_file(project / "tasks/parts.claw").tasks[0]).files
    public = [data for name, data in files.items() if name.startswith("public/")]
    for name, data in files.items():
        if name.startswith(spec.SOURCE):
            assert not any(data in other for other in public), name
    manifest = spec.Manifest.model_validate_json(files[spec.MANIFEST])
    assert not any(name.startswith(spec.SOURCE) for job in manifest.jobs for name in job.files.values())


def refused(folder: Path) -> RuntimeFault:
    with pytest.raises(RuntimeFault) as caught:
        again(folder)
    return caught.value


def changed(folder: Path, name: str, data: bytes | None) -> None:
    """A hostile bundle, which is whole and has the id of what it holds."""
    import hashlib

    manifest = json.loads((folder / spec.MANIFEST).read_text())
    manifest["files"] = [f for f in manifest["files"] if f["path"] != name]
    if data is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(data)
        manifest["files"].append({"path": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)})
    manifest["id"] = manifest_id(manifest)
    (folder / spec.MANIFEST).write_text(json.dumps(manifest))


@pytest.fixture
def bundle(project: Path, tmp_path: Path) -> Path:
    return laid(check_file(project / "tasks/parts.claw").tasks[0], tmp_path / "bundle")


def test_another_checker_is_not_what_the_source_gives(bundle: Path) -> None:
    changed(bundle, spec.CHECKER, (bundle / spec.CHECKER).read_bytes() + b"\n# better\n")
    assert refused(bundle).code == "R0110"


@pytest.mark.parametrize("source", ["", "claw 1\n", "claw 1\ntask parts {", "\0", "claw 1\n" + "let a = (" * 5_000])
def test_another_source(bundle: Path, source: str) -> None:
    changed(bundle, f"{spec.SOURCE}/task/parts.claw", source.encode())
    assert refused(bundle).code == "R0110"


def test_a_source_that_is_no_text(bundle: Path) -> None:
    changed(bundle, f"{spec.SOURCE}/task/parts.claw", b"\xff\xfe")
    assert refused(bundle).code == "R0110"


def test_without_its_source(bundle: Path) -> None:
    changed(bundle, spec.SOURCE_INDEX, None)
    fault = refused(bundle)
    assert fault.code == "R0108" and "does not hold its source" in fault.message


@pytest.mark.parametrize(
    ("field", "value"),
    [("compiler", "0.0.1"), ("compiler", "\x1b[2J" * 10_000), ("library_sha256", "0" * 64)],
)  # fmt: skip
def test_of_another_compiler(bundle: Path, field: str, value: str) -> None:
    manifest = json.loads((bundle / spec.MANIFEST).read_text())
    manifest["provenance"][field] = value
    manifest["id"] = manifest_id(manifest)
    (bundle / spec.MANIFEST).write_text(json.dumps(manifest))
    fault = refused(bundle)
    assert fault.code == "R0109" and "build it again" in fault.help and "\x1b" not in fault.message


@pytest.mark.parametrize(
    "index",
    [
        b"", b"[]", b"{", b'{"main":1}', b"[" * 100_000, b'{"seed":0,"seed":1}', b"\xff",
        b'{"main":"task/parts.claw","seed":0,"files":{}}',
        b'{"main":"a","seed":0,"files":{"a":"private/check.py"}}',
        b'{"main":"a","seed":0,"files":{"a":"/etc/passwd"}}',
        b'{"main":"a","seed":0,"files":{"a":"private/source/../../../etc/passwd"}}',
        b'{"main":"a","seed":0,"files":{"a":"private/source/task/key.csv","../x":"private/source/task/key.csv"}}',
        b'{"main":"a","seed":-1,"files":{"a":"private/source/task/key.csv"}}',
        b'{"main":"a","seed":1e999,"files":{"a":"private/source/task/key.csv"}}',
        b'{"main":"a","seed":0,"files":{"a":"private/source/task/key.csv"},"more":1}',
        b'{"main":"\\ud800","seed":0,"files":{"\\ud800":"private/source/task/key.csv"}}',
    ],
)  # fmt: skip
def test_an_index_that_cannot_be_true(bundle: Path, index: bytes) -> None:
    changed(bundle, spec.SOURCE_INDEX, index)
    assert refused(bundle).code == "R0110"


def test_a_source_that_is_too_large(bundle: Path) -> None:
    changed(bundle, f"{spec.SOURCE}/task/parts.claw", b"#" * (3 << 20))
    assert refused(bundle).code == "R0110"
