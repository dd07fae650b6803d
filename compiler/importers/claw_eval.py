"""Claw-Eval and Claw-Eval-Live: a folder with `task.yaml`, `grader.py` and fixtures.

What scores is `grader.py`, a class of the benchmark's own framework; the checks in the YAML are for reading. So the grader is kept, with
those files of the framework that it imports, and a program beside it (`files/claw_eval/`) that gives it what the framework would: messages
and calls of tools from the record of the agent, the files and commands that the task wants to be seen, and no judge, as with the framework's
own `--no-judge`. Where the framework is not in what is imported, one of ours with the same names stands in for its base, and that is
a finding. What services would have recorded is empty: there are none. Where there is no `grader.py`, or it needs more of the framework than
is there, the checks and the rubric of the YAML become checks and a rubric of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from importlib.resources import files as resources
from typing import Any

from clawc.compiler.importers.claw_eval_checks import declarative
from clawc.compiler.importers.claw_eval_framework import Frameworks, Kept
from clawc.compiler.importers.faults import imports_of, look_at, tools_of
from clawc.compiler.importers.json_text import number_in, record, record_in, records, text_in, texts, yaml_value
from clawc.compiler.importers.model import Found, Grader, ImportedTask, InputFile, Refused
from clawc.compiler.importers.tree import Tree
from clawc.compiler.paths import path_problem

ORIGIN, LIVE = "Claw-Eval", "Claw-Eval-Live"
GRADER_S = 240
MAX_GRADER = 7 << 20  # bytes of all files of a grader
MAX_GRADER_FILES = 450
_NAMES = ("task.yaml", "task.yml")
_MENTIONS = re.compile(r"__file__|task_file|fixtures|tasks/|read_text|open\(")
_SERVICE_IN = re.compile(r"localhost|127\.0\.0\.1")


def find(tree: Tree) -> list[Found]:
    """All tasks."""
    frameworks = Frameworks(tree)
    found: list[Found] = []
    for name in [*tree.names, *tree.problems]:
        if name.rsplit("/", 1)[-1] not in _NAMES:
            continue
        folder = name.rpartition("/")[0]
        graded = (f"{folder}/" if folder else "") + "grader.py" in tree
        try:
            looks = re.search(r"(?m)^task_id[ \t]*:", tree.text(name)) is not None
        except Refused:
            looks = graded
        if looks or graded:
            found.append(Found(name, partial(_read, tree, name, frameworks)))
    return found


def _read(tree: Tree, place: str, frameworks: Frameworks) -> ImportedTask:
    """One task. Raises Refused."""
    folder = place.rpartition("/")[0]
    value = record(yaml_value(tree.text(place), place), place)
    id = text_in(value, "task_id") or folder.rsplit("/", 1)[-1] or "task"
    prompt = value.get("prompt")
    told = (
        prompt
        if isinstance(prompt, str)
        else text_in(record_in(value, "prompt"), "text") or text_in(record_in(value, "prompt"), "content")
    )
    if not told.strip():
        raise Refused(f"`{place}` has no `prompt.text`", place)
    task = ImportedTask(ORIGIN, id, text_in(value, "task_name") or id, [told.strip() + "\n"])
    environment = record_in(value, "environment")
    seconds = number_in(environment, "timeout_seconds")
    task.timeout_s = int(seconds) if 0 < seconds < 86_400 else 0
    for key in ("category", "difficulty", "tags", "version", "primary_dimensions"):
        if key in value:
            task.meta[key] = value[key]
    _inputs(tree, folder, value, task)
    _around(value, task, place)
    _verifier(tree, place, value, task, frameworks)
    return task


# --- inputs ----------------------------------------------------------------------------------------------------------


def _inputs(tree: Tree, folder: str, value: dict[str, Any], task: ImportedTask) -> None:
    """What the framework lays into a workspace: `sandbox_files`, else the fixtures; and what is attached to the prompt."""
    given = texts(value.get("sandbox_files")) or texts(record_in(value, "environment").get("fixtures"))
    given += texts(record_in(value, "prompt").get("attachments"))
    for path in dict.fromkeys(given):
        for inner, place in _resolved(tree, folder, path, task):
            try:
                task.files[inner] = InputFile(tree.read(place), tree.executable(place))
            except Refused as why:
                task.fault("input left out", why.message, place)


def _resolved(tree: Tree, folder: str, path: str, task: ImportedTask) -> Iterator[tuple[str, str]]:
    """The files of a path, or of the folder that it names: in the task's folder, or in one above. Paths of the container are those
    of its workspace."""
    path = path.strip().removeprefix("./").removeprefix("/workspace/").rstrip("/")
    parts = folder.split("/") if folder else []
    for depth in range(len(parts), -1, -1):
        at = "".join(f"{part}/" for part in parts[:depth]) + path
        if at in tree:
            yield path, at
            return
        if below := tree.below(at) if path else []:
            yield from ((f"{path}/{inner}", f"{at}/{inner}") for inner in below)
            return
        if at in tree.problems:
            task.fault("input left out", f"`{at[:200]}` {tree.problems[at]}", at)
            return
    task.fault("input missing", f"its file `{path[:200]}` is not in what was imported", folder)


def _around(value: dict[str, Any], task: ImportedTask, place: str) -> None:
    """What is not here: services with their tools, a user who answers, days that move."""
    services = [text_in(one, "name") or text_in(one, "command") for one in records(value.get("services"))]
    tools = [text_in(one, "name") for one in records(value.get("tools"))]
    if services:
        task.meta["services"] = services
        task.fault(
            "needs a service", f"it needs {', '.join(one[:40] for one in services[:10])}; their data are inputs", place
        )
        task.carry("none", "audit of a service", len(services), "there are no services; graders see empty audits")
    elif tools or _SERVICE_IN.search(json.dumps(value.get("tool_endpoints"), default=str)):
        task.fault("needs a service", f"it has tools of its own, such as `{(tools or ['?'])[0][:60]}`", place)
    if tools:
        task.meta["tools"] = tools
    if record_in(value, "user_agent").get("enabled") is True:
        task.meta["persona"] = text_in(record_in(value, "user_agent"), "persona")
        task.fault("simulated user", "a model answers the agent's questions; here nobody does", place)
    today = text_in(record_in(value, "environment"), "mock_today")
    if today:
        task.fault("moved days", f"its services take today for {today[:20]}", place)


# --- the verifier ----------------------------------------------------------------------------------------------------


def _verifier(tree: Tree, place: str, value: dict[str, Any], task: ImportedTask, frameworks: Frameworks) -> None:
    """The grader, or what the YAML says of it. Raises Refused where nothing judges."""
    folder = place.rpartition("/")[0]
    at = f"{folder}/" if folder else ""
    why = "there is no `grader.py`"
    if f"{at}grader.py" in tree:
        data = tree.read(f"{at}grader.py")
        look_at(task, f"{at}grader.py", data, averages=False)
        kept = frameworks.kept(f"{at}grader.py", imports_of(data))
        _faults_of_framework(task, kept, f"{at}grader.py")
        if kept.package:
            task.origin = LIVE if "live" in kept.package.lower() else ORIGIN
            _keep(tree, at, value, task, kept, data)
            return
        why = kept.problem
    task.fault("grader missing", why, place)
    task.carry("none", "grader.py", 1, why)
    declarative(value, task)
    if not task.rubrics and not any(check.kind == "check" for check in task.checks):
        raise Refused(f"`{place}` cannot be scored: {why}, and its YAML has no check of its own", place, kept_help(why))


def kept_help(why: str) -> str:
    """What to do about a grader that is not run."""
    return "import the whole repository, with its `src/`" if "framework" in why else "give it a `grader.py`"


def _faults_of_framework(task: ImportedTask, kept: Kept, place: str) -> None:
    task.faults[:] = [
        one for one in task.faults if not (one.kind == "needs a package" and f"`{kept.package}`" in one.message)
    ]
    if kept.package and kept.ours:
        task.fault(
            "framework missing", f"`{kept.package}` is not in what was imported; a base of ours stands in for it", place
        )
    for name in kept.lacking[:5]:
        task.fault("needs a package", f"its framework imports `{name}`, which is not here; what uses it fails", place)


def _keep(tree: Tree, at: str, value: dict[str, Any], task: ImportedTask, kept: Kept, data: bytes) -> None:
    name = at.rstrip("/").rsplit("/", 1)[-1] or "task"
    home = f"tasks/{name if not path_problem(name) and '/' not in name else 'task'}"
    told = {
        "package": kept.package,
        "folder": home.removeprefix("tasks/"),
        "task": {"task_id": task.id, "task_name": task.title, **value},
    }
    bridge = resources("clawc.compiler.importers") / "files" / "claw_eval"
    files = {name: (bridge / name).read_bytes() for name in ("grade.py", "models.py")}
    files["told.json"] = json.dumps(told, ensure_ascii=False, indent=1, default=str, skipkeys=True).encode(
        "utf-8", "replace"
    )
    files |= kept.files
    files[f"{home}/grader.py"] = data
    size = sum(map(len, files.values()))

    def add(path: str, source: str, kind: str) -> None:
        nonlocal size
        if path in files:
            return
        try:
            more = tree.read(source)
        except Refused as why:
            task.fault(f"{kind} left out", why.message, source)
            return
        if path_problem(path) or size + len(more) > MAX_GRADER or len(files) >= MAX_GRADER_FILES:
            task.fault(f"{kind} left out", f"`{source[:200]}` does not fit into what a grader may bring", source)
            return
        files[path] = more
        size += len(more)

    folder = at.rstrip("/")
    for rel in texts(value.get("sandbox_grader_files")):
        for inner, place in _resolved(tree, folder, rel, task):
            add(f"workspace_files/{inner}", place, "file of the grader")
    for rel in texts(value.get("local_grader_files")):
        for inner, place in _resolved(tree, folder, rel, task):
            add(f"{home}/{inner}", place, "file of the grader")
    below = tree.below(folder)
    for inner in below if folder else []:
        if inner.endswith(".py"):
            add(f"{home}/{inner}", at + inner, "file of the grader")
    if folder and _MENTIONS.search(data.decode("utf-8", "replace")):
        for inner in below:
            if not inner.endswith(_NAMES):
                add(f"{home}/{inner}", at + inner, "file of the grader")
    run = [
        code for path, code in files.items() if path.endswith(".py") and path.startswith(("tasks/", "workspace_files/"))
    ]
    run.append(json.dumps(value.get("env_snapshot_commands"), default=str).encode())
    task.tools += dict.fromkeys(tool for code in run for tool in tools_of(code))
    task.graders.append(Grader(files, "grade", score="score", timeout_s=GRADER_S))
    task.carry("opaque", "grader.py", 1, "a program decides; it is kept and run as it is, without a judge")
    if b"judge" in data:
        task.carry("none", "judge asked by grader.py", 1, "it goes by what it does without a judge")
    if text_in(value, "judge_rubric").strip():
        task.carry("none", "judge_rubric", 1, "the grader is what asks a judge; here there is none")
