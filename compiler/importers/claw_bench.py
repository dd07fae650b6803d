"""claw-bench: a folder for each task (`task.toml`, `instruction.md`, `environment/`, `verifier/test_output.py`, `solution/`).

Its inputs are made by a script, and its verifier is pytest with weights, so both are kept; the script is run once, at import.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from clawc.compiler.importers.faults import look_at
from clawc.compiler.importers.json_text import number_in, record_in, text_in, texts, toml_of
from clawc.compiler.importers.model import Found, Grader, ImportedTask, InputFile, Refused, Setup
from clawc.compiler.importers.tree import Tree

ORIGIN = "claw-bench"
TESTS = "verifier/test_output.py"
SETUP = "environment/setup.sh"
DATA = "environment/data"
SOLVE = "solution/solve.sh"
_WORKSPACE = re.compile(r"(?<![\w/.$-])workspace/")


def find(tree: Tree) -> list[Found]:
    """All folders with a `task.toml` and pytest, or the half of it that is there."""
    found: list[Found] = []
    for name in tree.names:
        if name == "task.toml" or name.endswith("/task.toml"):
            at = name.removesuffix("task.toml")
            ours = at + TESTS in tree or at + SETUP in tree
            if ours and at + "tests/test.sh" not in tree and at + "environment/Dockerfile" not in tree:
                found.append(Found(name, partial(_read, tree, at)))
    return found


def _read(tree: Tree, at: str) -> ImportedTask:
    """The task of one folder. Raises Refused."""
    below = tree.require_below(at.rstrip("/"))
    given = toml_of(tree, at + "task.toml")
    head: dict[str, Any] = {**given, **record_in(given, "task")}
    id = text_in(head, "id") or at.rstrip("/").rsplit("/", 1)[-1]
    if at + TESTS not in tree:
        raise Refused(f"`{at}{TESTS}` is not there", at + TESTS, "a task of claw-bench is judged by pytest")
    told = tree.text(at + "instruction.md") if at + "instruction.md" in tree else text_in(head, "description")
    told = _WORKSPACE.sub("", told)
    task = ImportedTask(ORIGIN, id, text_in(head, "title") or id, [told])
    task.timeout_s = int(min(max(number_in(head, "timeout"), 0), 86_400))
    for key in ("domain", "level", "track", "description"):
        if text_in(head, key):
            task.meta[key] = text_in(head, key)
    for key in ("tags", "capabilities", "capability_types", "required_actions"):
        if texts(head.get(key)):
            task.meta[key] = texts(head.get(key))
    for inner in tree.below(at + DATA):
        if inner.rsplit("/", 1)[-1] != ".gitkeep":
            path = f"{at}{DATA}/{inner}"
            task.files[inner] = InputFile(tree.read(path), tree.executable(path))
    if at + SETUP in tree:
        script = {p: InputFile(tree.read(at + p), True) for p in below if p.startswith("environment/")}
        task.setup = Setup(("bash", SETUP, "{workspace}"), script, 60)
    _verifier(tree, at, below, task)
    if at + SOLVE in tree:
        words = ("bash", "-c", SOLVE, "solve.sh", ".")
        task.solution = (words, {SOLVE: tree.read(at + SOLVE)})
        beside = [p for p in below if p.startswith("solution/") and p != SOLVE]
        if beside:
            task.fault("solution in parts", f"`{SOLVE}` may read `{beside[0]}`, which is not carried along", at + SOLVE)
    return task


def _verifier(tree: Tree, at: str, below: list[str], task: ImportedTask) -> None:
    """The tests with all that they may read, where they stood, and what pytest finds above them."""
    kept = [p for p in below if p.startswith(("verifier/", "environment/")) or p == "task.toml"]
    files = {path: tree.read(at + path) for path in kept if path.rsplit("/", 1)[-1] != ".gitkeep"}
    folder = at
    while folder:
        folder = folder.rstrip("/").rpartition("/")[0]
        folder += "/" if folder else ""
        if folder + "conftest.py" in tree:
            files.setdefault("conftest.py", tree.read(folder + "conftest.py"))
    task.graders.append(Grader(files, "pytest", TESTS, timeout_s=300))
    source = files[TESTS]
    tests = len(re.findall(rb"^\s*(?:async\s+)?def test_", source, re.M)) or 1
    task.carry("opaque", "pytest test", tests, "a function of Python decides; pytest is run as it is, by its weights")
    look_at(task, at + TESTS, source, averages=False)
