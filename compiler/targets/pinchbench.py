"""Export to PinchBench's Markdown: a file for each task, whose grading function carries the bundle and the grader.

The format takes every line that begins with `## ` for a section, wherever it stands; what a task says is written so that it
begins no line with that.
"""

from __future__ import annotations

import base64
import bz2
import io
import json
import math
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from importlib.resources import files
from typing import Any

from clawc.compiler.emit.rubric import block_quote, code_span, one_paragraph
from clawc.compiler.render_yaml import render_yaml
from clawc.compiler.targets import parts
from clawc.compiler.targets.export import BundleParts, Export, ExportFile, ExportOptions, Weakness
from clawc.spec import bundle as spec

_LINE = 120
_SLOT = 'ARCHIVE = ""\n'
# What the runner removes from each workspace before the agent begins.
_REMOVED = frozenset(("BOOTSTRAP.md", "SOUL.md", "USER.md", "IDENTITY.md"))
# A line that may begin something in Markdown, or that some reader may take for several.
_NOT_PLAIN = re.compile(
    r"(?m)^ {0,3}(?:[#<=]|---|```|~~~)|[^\n\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\U0010ffff]|<!--"
)
_WEAK: parts.Weak = {
    "separation": ("weak", "judged beside the workspace, after the agent has ended; what it has left running is not ended"),
    "network": ("weak", "the runner's network is open to the agent"),
    "memory": ("weak", "no limit for the agent; programs are held as a whole"),
    "disk": ("weak", "no limit for the agent"),
    "processes": ("weak", "no limit for the agent"),
    "time": ("weak", "the agent's time includes that of the model"),
    "programs": ("weak", "the programs {} run in bubblewrap where it works there, else as another user if the grader is root, else beside it"),
    "rubric": ("weak", "share {}: the runner's own judge reads the criteria; no veto and no `after` holds it back: (1-s)VC + sR"),
    "record": ("lost", parts.RECORD_WEAK),
    "links": ("lost", "the links {} are not there"),
    "variables": ("lost", "the agent does not get {}"),
    "solution": ("weak", "there is none to try the checks with"),
}  # fmt: skip


def pinchbench(tasks: Sequence[BundleParts], options: ExportOptions) -> Export:
    """Files of `tasks/` and `assets/` of a checkout of PinchBench."""
    function = (files("clawc.compiler.targets") / "files" / "pinchbench" / "grade_function.py").read_text("utf-8")
    names = {"tasks": [task_id(task) for task in tasks]}
    found = {"tasks/manifest.yaml": ExportFile(render_yaml(names).encode())}
    weak: list[Weakness] = []
    for task in tasks:
        found[f"tasks/{task_id(task)}.md"] = ExportFile(_document(task, function).encode())
        for one in task.manifest.workspace:
            data = task.files[f"{spec.WORKSPACE}/{one.path}"]
            if _text(data) is None:
                found[f"assets/{task.manifest.task}/{one.path}"] = ExportFile(data)
        weak += [*parts.weaknesses(task, _WEAK), *_differences(task)]
    return Export(found, weak)


def task_id(task: BundleParts) -> str:
    """The runner reads files whose names begin so."""
    return f"task_{task.manifest.task}"


def _document(task: BundleParts, function: str) -> str:
    said = [parts.instruction(task), *parts.turns(task)]
    plain = len(said) == 1 and not _NOT_PLAIN.search(said[0]) and said[0].strip() != ""
    sections = {
        "Prompt": said[0].strip("\n") if plain else "\n\n---\n\n".join(map(block_quote, said)),
        "Expected Behavior": "\n".join(_expected(task)),
        "Grading Criteria": "\n".join(_criteria(task)),
        "Automated Checks": f"```python\n{function.replace(_SLOT, _literal(task))}```",
    }
    rubric = "\n".join(_rubric(task))
    if rubric:
        sections["LLM Judge Rubric"] = rubric
    body = "\n".join(f"## {name}\n\n{text}\n" for name, text in sections.items())
    return f"---\n{render_yaml(_front(task, [] if plain else said))}---\n\n{body}"


def _front(task: BundleParts, said: Sequence[str]) -> dict[str, Any]:
    """`said` is what does not stand in the section of the prompt."""
    manifest = task.manifest
    share = Decimal(manifest.scoring.rubric_share)
    front: dict[str, Any] = {
        "id": task_id(task),
        "name": manifest.title,
        "category": manifest.category,
        "grading_type": "hybrid" if share > 0 else "automated",
        "workspace_files": list(_inputs(task)),
    }
    if share > 0:
        front["grading_weights"] = {"automated": 1 - share, "llm_judge": share}
    if said:
        front["multi_session"] = True
        front["sessions"] = [{"id": f"turn_{n}", "prompt": text} for n, text in enumerate(said, 1)]
    # The last line: the runner leaves out its end, which may be part of a text.
    front["timeout_seconds"] = math.ceil(manifest.limits.wall_s)
    return front


def _inputs(task: BundleParts) -> Iterator[dict[str, str]]:
    for one in task.manifest.workspace:
        text = _text(task.files[f"{spec.WORKSPACE}/{one.path}"])
        if text is None:
            yield {"source": f"{task.manifest.task}/{one.path}", "dest": one.path}
        else:
            yield {"path": one.path, "content": text}


def _text(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _expected(task: BundleParts) -> Iterator[str]:
    yield "The agent delivers:"
    yield ""
    for one in task.manifest.deliverables:
        yield f"- {code_span(one.path)} ({one.kind})"


def _criteria(task: BundleParts) -> Iterator[str]:
    for check in task.manifest.scoring.checks:
        counts = f"weight {check.weight}" if check.kind == "check" else f"{check.kind}: else the score is 0"
        yield f"- [ ] {check.name} ({counts})"


def _rubric(task: BundleParts) -> Iterator[str]:
    data = task.files.get(f"{spec.RUBRIC}/rubric.json")
    rubrics: list[Mapping[str, Any]] = json.loads(data)["rubrics"] if data else []
    total = sum(Decimal(rubric["weight"]) for rubric in rubrics)
    number = 0
    for rubric in rubrics:
        points = sum(Decimal(criterion["points"]) for criterion in rubric["criteria"])
        for criterion in rubric["criteria"]:
            number += 1
            share = 100 * Decimal(rubric["weight"]) * Decimal(criterion["points"]) / (total * points or 1)
            yield f"### Criterion {number}: {criterion['name']} (Weight: {_percent(share)}%)"
            yield ""
            yield block_quote(one_paragraph(criterion["text"]))
            yield ""
            yield "**Score 1.0**: it is met."
            yield "**Score 0.0**: it is not met, or that cannot be told."
            yield ""


def _percent(share: Decimal) -> str:
    text = format(share.quantize(Decimal("0.01")), "f")
    return text.rstrip("0").rstrip(".")


def _literal(task: BundleParts) -> str:
    """The line of the function that holds the archive: base64, which ends no literal and no block."""
    text = base64.b64encode(_archive(task)).decode("ascii")
    lines = [f'    "{text[at : at + _LINE]}"\n' for at in range(0, len(text), _LINE)]
    return f"ARCHIVE = (\n{''.join(lines)})\n"


def _archive(task: BundleParts) -> bytes:
    """The grader, and below `bundle/` the bundle. Packed by bzip2, of which there is one version."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, file in sorted((parts.grader_files("") | parts.bundle_files(task, "bundle")).items()):
            entry = zipfile.ZipInfo(path)
            entry.create_system = 3
            entry.external_attr = (0o100000 | file.mode) << 16
            archive.writestr(entry, file.data)
    return bz2.compress(packed.getvalue(), 9)


def _differences(task: BundleParts) -> Iterator[Weakness]:
    """What depends on what the workspace holds."""
    manifest = task.manifest
    name = manifest.task
    yield Weakness(name, "checks", "weak", "the runner's own files in the workspace are taken for the agent's")
    tools = [tool for tool in manifest.environment.tools if tool not in ("python", "python3")]
    if tools:
        text = f"where the agent works and is judged must be {', '.join(tools)}: without, programs fail"
        yield Weakness(name, "tools", "weak", text)
    removed = sorted({one.path for one in manifest.workspace} & _REMOVED)
    if removed:
        yield Weakness(name, "checks", "lost", f"the runner removes {', '.join(removed)} from the workspace")
    modes = sorted(one.path for one in manifest.workspace if one.mode != 0o644)
    if modes:
        yield Weakness(name, "modes", "lost", f"not those of {', '.join(modes)}: the runner writes what is in them")
