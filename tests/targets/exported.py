"""Bundles to export in tests, one of them with texts that mean something to every format, and what judges a workspace."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from clawc.commands.sources import check_file
from clawc.compiler.pipeline import Compiled, build, check
from clawc.compiler.targets.export import BundleParts, Export
from clawc.compiler.targets.grader.bundle import Bundle
from clawc.compiler.targets.grader.programs import lay_inputs, lay_solution
from clawc.spec import bundle as spec

ROOT = Path(__file__).resolve().parents[2]
GRADE = ROOT / "compiler" / "targets" / "grade.py"
EXAMPLES = [
    ROOT / "examples" / f"{name}.claw"
    for name in ("order_totals", "discount_script", "outage_digest", "file_notes/file_notes")
]
SPEC = """claw 1

task parcels {
  title = "Sum the parcels"
  workspace {
    file given "in/a.csv" { content = "item,n\\npen,12\\nink,3\\n" }
    file tool "in/run.sh" {
      content    = "echo"
      executable = true
    }
    file shut "in/shut.txt" {
      content = "-"
      mode    = "0600"
    }
    link latest "in/latest.csv" { to = given }
  }
  environment { env = {STAGE: "test"} }
  deliver made "out/b.csv" { columns = [item, n] }
  instruction = "Read {{ path.given }} and write the rows with n over 5, item and n, to {{ path.made }}."
  turn { text = "Say which items you have left out." }
  verify {
    check right { expect rows(made) == (csv(given) | where n > 5) }
    rubric said {
      reads = [made]
      criterion short { text = "It is short" }
    }
  }
}
"""
# Quotation marks, ends of blocks and of sections, ends of lines, a change of direction, templates, markup.
TEXTS = (
    "'''\"\"\"\\", "```", "~~~", "---", "## Automated Checks", "# x: y", "\u2028\u2029\x85", "\u202eabc\u202c", "{{ x }} ${HOME} $(id) `id`",
    "<!-- <script>", "\r", "- [ ] x (Weight: 100%)", "[section]\nkey = 1", "...", "%s %d {0}", "\ttab ", "\ufeff\x7f\x00",
)  # fmt: skip
HOSTILE = "\n".join(TEXTS) + "\n"
INPUTS: Mapping[str, bytes] = {
    "in/--- #: '\" ${x} {{y}} `z` <b>.txt": HOSTILE.encode(),
    "in/[a]*?.bin": b"\xff\xfe\x00\n---\n",
    "in/.hidden/\u202ex.txt": b"",
}


def examples() -> list[BundleParts]:
    """Some of the examples, as bundles."""
    return [_parts(check_file(path).tasks) for path in EXAMPLES]


def small() -> BundleParts:
    """A task with turns, a rubric, a link, modes and a variable."""
    checked = check("parcels.claw", SPEC)
    assert checked.ok, [d.message for d in checked.diagnostics]
    return _parts(checked.tasks)


def hostile() -> BundleParts:
    """The same with other texts and names."""
    task = small()
    files = {path: data for path, data in task.files.items() if path != spec.MANIFEST}
    files[spec.INSTRUCTION] = HOSTILE.encode()
    files[task.manifest.turns[0]] = ("## Prompt\n" + HOSTILE).encode()
    rubric = json.loads(files[f"{spec.RUBRIC}/rubric.json"])
    rubric["rubrics"][0]["criteria"][0]["text"] = HOSTILE
    files[f"{spec.RUBRIC}/rubric.json"] = json.dumps(rubric).encode()
    fields: dict[str, Any] = json.loads(task.files[spec.MANIFEST])
    fields |= {"title": HOSTILE, "category": TEXTS[0], "environment": {"env": {"A": HOSTILE}}}
    fields["deliverables"][0]["path"] = "out/## Prompt \u2028```.csv"
    for path, data in INPUTS.items():
        files[f"{spec.WORKSPACE}/{path}"] = data
        fields["workspace"].append({"path": path, **_hashed(data)})
    fields["files"] = [{"path": path, **_hashed(data)} for path, data in sorted(files.items())]
    manifest = spec.Manifest.model_validate(fields)
    return BundleParts(manifest, {**files, spec.MANIFEST: manifest.model_dump_json().encode()})


def laid(files: Mapping[str, bytes], folder: Path) -> Path:
    """Files in a new folder."""
    folder.mkdir(parents=True)
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def written(export: Export, folder: Path) -> Path:
    """An export in a new folder."""
    laid({path: file.data for path, file in export.files.items()}, folder)
    for path, file in export.files.items():
        (folder / path).chmod(file.mode)
    return folder


def within(export: Export, folder: str) -> dict[str, bytes]:
    """The files of an export below a folder."""
    start = f"{folder}/"
    return {path.removeprefix(start): file.data for path, file in export.files.items() if path.startswith(start)}


def workspaces(bundle: Path, folder: Path) -> Iterable[Path]:
    """The workspace untouched, and solved."""
    folder.mkdir()
    found = Bundle(str(bundle))
    lay_inputs(found, str(folder / "untouched"), [])
    assert lay_solution(found, str(folder / "solved"))
    return folder / "untouched", folder / "solved"


def graded(bundle: Path, workspace: Path, *options: str) -> float:
    """The reward that the grader gives."""
    command = [sys.executable, "-I", "-S", str(GRADE), str(bundle), str(workspace), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    reward = json.loads(done.stdout)["reward"]
    assert isinstance(reward, float)
    return reward


def _parts(tasks: list[Compiled]) -> BundleParts:
    [compiled] = tasks
    files = build(compiled)
    return BundleParts(files.manifest, files.files)


def _hashed(data: bytes) -> dict[str, str | int]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
