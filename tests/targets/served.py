"""What the exports of environment servers are tried with: small tasks, hostile texts, and the grader's own reward."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import build, check
from clawc.compiler.targets.export import BundleParts, Export
from clawc.compiler.targets.grader.bundle import Bundle
from clawc.compiler.targets.grader.programs import lay_inputs, lay_solution
from clawc.runtime.sandbox.probe import find_bwrap
from clawc.spec.bundle import Manifest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
HOSTILE = '\'"""\' \\ {{ x }} {% ${HOME} $(id) `id` \u2028\u2029\x85 \r\n---\n\\u0022 #: - & * ! | > %\x7f\x00'
SECRET = "7d1f0c"
SMALL = f"""claw 1
task small {{
  title = "Copy a word"
  workspace {{ file word "in/word.txt" {{ content = "{SECRET}" }} }}
  deliver copy "out/copy.txt"
  instruction = "Copy {{{{ path.word }}}} to {{{{ path.copy }}}}."
  verify {{ check right {{ expect text(copy) == text(word) }} }}
}}
"""
SPOKEN = """claw 1
task spoken {
  title = "Say it"
  workspace { file word "in/word.txt" { content = "fern" } }
  instruction = "Look into {{ path.word }}."
  turn { text = "Now say what is in it." }
  verify {
    check said { expect mentions(final_message, text(word)) }
    check looked { expect any(transcript.commands, contains(value, "word.txt")) }
  }
  solution {
    say = "fern"
    calls = [["exec", "cat in/word.txt"]]
  }
}
"""


def compiled(text: str, source: Path = HERE / "task.claw") -> BundleParts:
    checked = check(str(source), text, DiskAssets(source.parent))
    assert checked.ok, checked.diagnostics
    files = dict(build(checked.tasks[0]).files)
    return BundleParts(Manifest.model_validate_json(files["bundle.json"]), files)


def example(name: str) -> BundleParts:
    (source,) = (ROOT / "examples").glob(f"**/{name}.claw")
    return compiled(source.read_text(encoding="utf-8"), source)


def hostile() -> BundleParts:
    """A task whose texts want to be something else."""
    task = compiled(SMALL)
    manifest = task.manifest.model_copy(update={"title": HOSTILE, "category": HOSTILE})
    return BundleParts(manifest, {**task.files, "public/instruction.md": HOSTILE.encode() + b"\xff"})


def laid(export: Export, folder: Path) -> Path:
    for path, file in export.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
        target.chmod(file.mode)
    return folder


def grader_reward(bundle: Path, scratch: Path, solved: bool) -> float:
    """What the grader alone says of a workspace, untouched or solved."""
    workspace = scratch / f"{bundle.name}-{solved}"
    loaded = Bundle(str(bundle))
    if solved:
        assert lay_solution(loaded, str(workspace))
    else:
        lay_inputs(loaded, str(workspace), [])
    grade = ROOT / "compiler/targets/grade.py"
    command = [sys.executable, "-I", "-S", str(grade), str(bundle), str(workspace), "--bwrap", str(find_bwrap()[0])]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    return float(json.loads(done.stdout)["reward"])
