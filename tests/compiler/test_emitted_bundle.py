"""Bundles: the same bytes everywhere, nothing hidden in the public tree, a builder and a checker that need no package."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clawc.commands.sources import check_file
from clawc.compiler.emit.bundle import BundleFiles
from clawc.compiler.pipeline import build, check, write
from clawc.spec import bundle as spec
from clawc.spec.ir import TaskIR

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted([*ROOT.glob("examples/*.claw"), *ROOT.glob("examples/clawgym/*/*.claw")])


def built(path: Path) -> BundleFiles:
    checked = check_file(path)
    assert checked.ok, [d.message for d in checked.diagnostics]
    return build(checked.tasks[0])


@pytest.mark.sampled(4)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_two_builds_are_byte_equal(path: Path, tmp_path: Path) -> None:
    """Different processes, folders, hash seeds, locales, time zones."""
    here = built(path).files
    elsewhere = tmp_path / "elsewhere" / "deep"
    shutil.copytree(path.parent, elsewhere, ignore=shutil.ignore_patterns("runs", "build"))
    env = {
        **os.environ,
        "PYTHONHASHSEED": "12345",
        "LC_ALL": "C",
        "LANG": "C",
        "TZ": "Asia/Kathmandu",
        "PYTHONUTF8": "0",
    }
    command = [sys.executable, "-m", "clawc", "build", path.name, "-o", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=elsewhere, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = next((tmp_path / "out").iterdir())
    there = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert there == here


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_the_public_tree_holds_only_what_the_agent_may_see(path: Path) -> None:
    checked = check_file(path)
    task = checked.tasks[0].task
    files = build(checked.tasks[0]).files
    public = {name: data for name, data in files.items() if name.startswith("public/")}
    expected = {spec.INSTRUCTION, spec.BUILDER, *(f"{spec.WORKSPACE}/{i.file.path}" for i in task.inputs)}
    assert set(public) == expected
    assert set(files) - set(public) - {spec.MANIFEST} == {n for n in files if n.startswith("private/")}
    for content in checked.tasks[0].witness.files.values():
        assert not any(content in data for data in public.values())


@pytest.mark.sampled(3)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_the_builder_writes_the_workspace(path: Path, tmp_path: Path) -> None:
    files = built(path)
    write(files, tmp_path / "bundle")
    target = tmp_path / "w"
    command = [sys.executable, "-I", "-S", str(tmp_path / "bundle" / spec.BUILDER), str(target), "--seed", "3"]
    subprocess.run(command, check=True)
    made = {p.relative_to(target).as_posix(): p.read_bytes() for p in target.rglob("*") if p.is_file()}
    listed = {f.path: files.files[f"{spec.WORKSPACE}/{f.path}"] for f in files.manifest.workspace}
    assert made == listed
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 2 and "is not empty" in again.stderr


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_the_ir_fits_its_schema(path: Path) -> None:
    TaskIR.model_validate_json(built(path).files[spec.IR])


@pytest.mark.sampled(3)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_the_checker_imports_only_the_standard_library(path: Path) -> None:
    tree = ast.parse(built(path).files[spec.CHECKER])
    modules = {n.names[0].name for n in ast.walk(tree) if isinstance(n, ast.Import)}
    modules |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {m.split(".")[0] for m in modules} <= sys.stdlib_module_names


HOSTILE = [
    '"""', "'''", "\\", "\\n", "{{", "}}", "{% raw %}", "{{ 7*7 }}", "#", "\u2028", "\u202e", "\u0000x", "\r", "\x1b[31m",
    "';import os;os.system('x')#", '"""\nimport os\n"""', "%s%n", "</script>", "::error::", "$(id)", "`id`",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_a_spec_never_becomes_code(text: str) -> None:
    """The skeleton of the emitted programs is the same for every text; only literals differ."""
    plain, hostile = (_emitted(t) for t in ("harmless", text))
    for name in (spec.CHECKER, spec.BUILDER):
        assert _skeleton(plain[name]) == _skeleton(hostile[name])


def _emitted(text: str) -> dict[str, bytes]:
    escaped = json.dumps(text)[1:-1].replace("\\u0000", "\\u0000").replace("{{", "{{{{").replace("\\u001b", "\\u001b")
    content = (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\x1b", "").replace("\x00", "")
    )
    source = f'''claw 1

## {text.splitlines()[0] if text.splitlines() else ""}
task t {{
  title = "{escaped}"
  workspace {{ file a "in/a.txt" {{ content = "{content.replace(chr(10), chr(92) + "n")}" }} }}
  deliver d "out/d.json"
  instruction = "Write {{{{ path.d }}}} from {{{{ path.a }}}}. {escaped}"
  verify {{
    ## {text.splitlines()[0] if text.splitlines() else ""}
    check c {{ expect json(d).x == "{escaped}!" }}
  }}
}}
'''
    checked = check("t.claw", source)
    assert checked.ok, [d.message for d in checked.diagnostics]
    return build(checked.tasks[0]).files


def _skeleton(program: bytes) -> str:
    tree = ast.parse(program)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            node.value = ""
        if isinstance(node, ast.JoinedStr):
            node.values = []
    text = ast.dump(tree)
    # Concatenated pieces of one text are one constant for the parser, so the number of lines does not count.
    return text
