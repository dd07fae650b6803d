"""WildClawBench: Markdown tasks as PinchBench's, whose inputs and ground truth lie in a folder that the section Workspace Path names.

`exec/` of that folder is the workspace, `tmp/` becomes `tmp/` in it. `gt/` is laid into the workspace when the agent has ended: it
travels with the grader, and the driver puts it there. The score is `overall_score` of what `grade(**kwargs)` gives, or the mean of its
numbers where it gives none. `/tmp_workspace` leads to the workspace. Skills become `skills/NAME` in the workspace. What Warmup runs
and the variables of Env are not there, nor the models that many graders ask.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from clawc.compiler.importers.faults import look_at, tools_of
from clawc.compiler.importers.grade_code import GradeCode, grade_code
from clawc.compiler.importers.json_text import text_in
from clawc.compiler.importers.markdown_task import Document, document, unfenced
from clawc.compiler.importers.model import Found, Grader, ImportedTask, InputFile, Refused
from clawc.compiler.importers.pinchbench import inputs, judge, notes, prompt_above, task_files_in
from clawc.compiler.importers.tree import Tree
from clawc.compiler.paths import path_problem

ORIGIN = "WildClawBench"
GRADER_S = 120  # the authors' own limit
MAX_TRUTH = 6 << 20  # bytes of ground truth; a grader has at most 8 MiB of files
MAX_TRUTH_FILES = 450
HOMES = ("/tmp_workspace", "/root/workspace")
# Files of a grader below this folder are laid into the workspace before it runs.
LAID = "workspace_files"


def find(tree: Tree) -> list[Found]:
    """All tasks."""
    return [Found(name, partial(_read, tree, name)) for name, wild in task_files_in(tree) if wild]


def _read(tree: Tree, place: str) -> ImportedTask:
    """One task. Raises Refused."""
    parts = document(tree.text(place), place)
    stem = place.rsplit("/", 1)[-1][:-3]
    id = text_in(parts.front, "id") or stem
    prompt = parts.sections.get("prompt", "") or text_in(parts.front, "prompt") or prompt_above(parts.before)
    if not prompt.strip():
        raise Refused(f"`{place}` tells the agent nothing: it has no prompt", place)
    task = ImportedTask(ORIGIN, id, text_in(parts.front, "name") or id, [prompt.strip() + "\n"])
    notes(task, parts, place)
    folder = place.rpartition("/")[0].rpartition("/")[2]
    if folder and folder != "tasks":
        task.meta.setdefault("category", folder)
    home = _workspace(tree, place, parts, task)
    inputs(tree, place, id, parts.front.get("workspace_files"), task)
    _skills(tree, place, parts, task)
    _around(parts, task, place)
    code = grade_code(parts.sections.get("checks", ""))
    if code.code:
        _keep(tree, task, code, home, place)
    elif parts.sections.get("rubric", "").strip() or "judge" in text_in(parts.front, "grading_type"):
        judge(task, parts, tree, place)
    else:
        raise Refused(
            f"`{place}` has no automated checks: {code.problem}", place, "its authors do not score such a task"
        )
    return task


def _workspace(tree: Tree, place: str, parts: Document, task: ImportedTask) -> str:
    """Lays the inputs. Gives the folder of the workspace with its slash, "" where it is not there."""
    named = unfenced(parts.sections.get("workspace", "")).split("\n")[0].strip(" `'\"").removeprefix("./").strip("/")
    named = named.removesuffix("/exec")
    if not named or path_problem(named):
        task.fault("workspace missing", f"`{named[:200]}` names no folder of inputs", place)
        return ""
    folders = place.split("/")[:-1]
    for depth in range(len(folders), -1, -1):
        home = "".join(f"{part}/" for part in folders[:depth]) + named
        if tree.below(home):
            break
    else:
        task.fault(
            "workspace missing",
            f"its inputs and its ground truth, `{named[:200]}`, are not in what was imported",
            place,
        )
        return ""
    home += "/"
    below = tree.below(home[:-1])
    split = any(inner.startswith(("exec/", "gt/", "tmp/")) for inner in below)
    for inner in below:
        top, _, rest = inner.partition("/")
        path = rest if split and top == "exec" else inner if not split or top == "tmp" else ""
        if path and (file := _file(tree, home + inner, task)) is not None:
            task.files[path] = file
    for problem, why in tree.problems.items():
        if problem.startswith(home):
            task.fault("input left out", f"`{problem[:200]}` {why}", place)
    return home


def _file(tree: Tree, path: str, task: ImportedTask) -> InputFile | None:
    try:
        return InputFile(tree.read(path), tree.executable(path))
    except Refused as why:
        task.fault("input left out", why.message, path)
        return None


def _skills(tree: Tree, place: str, parts: Document, task: ImportedTask) -> None:
    """The skills that it names, each a folder below `skills/`."""
    for line in unfenced(parts.sections.get("skills", "")).split("\n"):
        named = line.strip().lstrip("-*").strip(" `").replace("\\", "/").strip("/")
        if not named or named.startswith("#") or path_problem(named):
            continue
        name = named.rsplit("/", 1)[-1]
        roots = [""] + ["/".join(place.split("/")[:depth]) + "/" for depth in range(1, place.count("/") + 1)]
        home = next((f"{root}skills/{named}" for root in reversed(roots) if tree.below(f"{root}skills/{named}")), "")
        if not home:
            task.fault("skill missing", f"the skill `{named[:100]}` is not in what was imported", place)
        for inner in tree.below(home) if home else []:
            if (file := _file(tree, f"{home}/{inner}", task)) is not None:
                task.files.setdefault(f"skills/{name}/{inner}", file)


def _around(parts: Document, task: ImportedTask, place: str) -> None:
    """What the container would have had."""
    names = [line.strip(" -*`") for line in unfenced(parts.sections.get("env", "")).split("\n")]
    names = [name for name in names if re.match(r"[A-Za-z_]\w*\Z", name)]
    if names:
        task.meta["env"] = names
        task.fault("needs a service", f"it is given {', '.join(names[:8])}: keys of services that are not here", place)
    warmup = [line.strip() for line in unfenced(parts.sections.get("warmup", "")).split("\n")]
    warmup = [line for line in warmup if line and not line.startswith("#")]
    if warmup:
        task.meta["warmup"] = warmup
        task.fault(
            "warmup left out",
            f"{len(warmup)} commands prepare its container, such as `{warmup[0][:100]}`; they are not run",
            place,
        )


def _keep(tree: Tree, task: ImportedTask, code: GradeCode, home: str, place: str) -> None:
    """`grade(**kwargs)` with its ground truth."""
    files: dict[str, bytes] = {"grade.py": code.code.encode("utf-8", "replace")}
    size = 0
    for inner in tree.below(home + "gt") if home else []:
        file: Any = _file(tree, f"{home}gt/{inner}", task)
        size += 0 if file is None else len(file.data)
        if file is not None and (size > MAX_TRUTH or len(files) > MAX_TRUTH_FILES):
            task.fault(
                "ground truth left out", f"`gt/` has more than {MAX_TRUTH >> 20} MiB or {MAX_TRUTH_FILES} files", place
            )
            break
        if file is not None and not path_problem(inner):
            files[f"{LAID}/gt/{inner}"] = file.data
    look_at(task, place, files["grade.py"], averages=False)
    task.tools += tools_of(files["grade.py"])
    if code.note:
        task.fault("code not fenced", code.note, place)
    if code.problem:
        task.fault("grader missing", code.problem, place)
    score = "overall_score" if "overall_score" in code.code else ""
    task.graders.append(Grader(files, "grade", score=score, timeout_s=GRADER_S, places=dict.fromkeys(HOMES, ".")))
    task.carry("opaque", "grade()", 1, "a program decides; it is kept and run as it is")
    if re.search(r"\b(?:openai|OPENROUTER|chat/completions|JUDGE_MODEL|litellm)\b", code.code):
        task.carry(
            "none",
            "model asked by grade()",
            1,
            "it asks a model over the network; what it then gives is its own answer to none",
        )
