"""ClawGym: a folder for each task (`data_entry.json`, `input_files/`, `reward/`), or one task a line of JSON."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import partial
from typing import Any

from clawc.compiler.importers.claw_text import name_of
from clawc.compiler.importers.faults import look_at, tools_of
from clawc.compiler.importers.json_text import json_of, json_value, record, record_in, records, text_in
from clawc.compiler.importers.model import (
    Criterion,
    Deliverable,
    Found,
    Grader,
    ImportedTask,
    InputFile,
    Refused,
    Rubric,
)
from clawc.compiler.importers.tree import Tree
from clawc.compiler.paths import path_problem

ORIGIN = "ClawGym"
ENTRY = "data_entry.json"
# The script that all published tasks share: the mean of what check.py prints. The protocol `clawgym` does the same.
_PIPE = re.compile(r"check\.py\b[^|\n]*\|\s*python3?\s+-c\s+'(?P<code>[^'\n]*)'")
_AVERAGES = re.compile(r"sum\(float\(v\)\s*for\s+v\s+in\s+data\.values\(\)\)\s*/\s*len\(data\)")
_RUBRIC_SHARE = Decimal("0.3")


def find(tree: Tree) -> list[Found]:
    """All tasks in folders."""
    names = [name for name in tree.names if name == ENTRY or name.endswith("/" + ENTRY)]
    return [Found(name, partial(_read, tree, name)) for name in names]


def _read(tree: Tree, place: str) -> ImportedTask:
    """The task of one folder. Raises Refused."""
    folder = place.rpartition("/")[0]
    at = folder + "/" if folder else ""
    entry = record(json_of(tree, place), place)
    id = text_in(entry, "task_id") or folder.rsplit("/", 1)[-1] or "task"
    query = text_in(entry, "user_query") or text_in(entry, "prompt") or text_in(entry, "question")
    if not query.strip():
        raise Refused(f"`{place}` has no `user_query`", place)
    task = ImportedTask(ORIGIN, id, _title(query), [query])
    mount = _inputs_folder(tree, at, text_in(entry, "input_mount_dir"))
    for inner in tree.require_below(at + mount):
        path = f"{at}{mount}/{inner}"
        task.files[inner] = InputFile(tree.read(path), tree.executable(path))
    metadata = entry.get("metadata")
    task.meta["metadata"] = metadata if isinstance(metadata, dict) else {}
    _reward(tree, at, task)
    return task


def _inputs_folder(tree: Tree, at: str, mount: str) -> str:
    """The folder with the inputs. `input_mount_dir` says where they go on the original's machine; only where a folder beside the
    entry is called so, it is that."""
    beside = mount.removeprefix("./").rstrip("/")
    return beside if beside and not path_problem(beside) and tree.below(at + beside) else "input_files"


def _reward(tree: Tree, at: str, task: ImportedTask) -> None:
    folder = at + "reward"
    files = {inner: tree.read(f"{folder}/{inner}") for inner in tree.require_below(folder)}
    if "check.py" not in files and "reward.sh" not in files:
        raise Refused(
            f"`{folder}` holds neither `check.py` nor `reward.sh`", folder, "a task of ClawGym brings its verifier"
        )
    script = files.get("reward.sh", b"").decode("utf-8", "replace")
    mean = "check.py" in files and (not script.strip() or _is_mean(script))
    task.graders.append(Grader(files, "clawgym" if mean else "shell", timeout_s=120))
    task.carry("opaque", "check.py" if mean else "reward.sh", 1, "a program decides; it is kept and run as it is")
    for path in sorted(files):
        if path.endswith(".py"):
            look_at(task, f"{folder}/{path}", files[path], averages=mean)
            task.tools += [tool for tool in tools_of(files[path]) if tool not in task.tools]
    for name in files:
        if name.rsplit(".", 1)[0] in _SHADOWING and name.endswith(".py"):
            task.fault(
                "shadowed module",
                f"`reward/{name}` stands in the way of a module of the standard library",
                f"{folder}/{name}",
            )
    if not mean and "/root/" in script:
        task.fault(
            "absolute path",
            "`reward.sh` names paths of the original's machine; here they are led to the workspace",
            folder,
        )


_SHADOWING = frozenset(
    [
        "json",
        "re",
        "os",
        "sys",
        "csv",
        "io",
        "math",
        "random",
        "datetime",
        "pathlib",
        "collections",
        "typing",
        "subprocess",
        "hashlib",
    ]
)


def _is_mean(script: str) -> bool:
    """Does the script print the mean of what check.py prints, and nothing else?"""
    pipe = _PIPE.search(script)
    rest = [line for line in script.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return pipe is not None and _AVERAGES.search(pipe["code"]) is not None and len(rest) <= 2


def find_rows(tree: Tree) -> list[Found]:
    """All tasks that are lines of JSON."""
    found: list[Found] = []
    for name in tree.names:
        if not name.endswith((".jsonl", ".ndjson")):
            continue
        lines = tree.large_text(name).split("\n")
        first = next((line for line in lines if line.strip()), "")
        if not _is_row(first):
            continue
        for number, line in enumerate(lines, 1):
            if line.strip():
                found.append(Found(f"{name}:{number}", partial(_read_row, name, number, line)))
    return found


def _is_row(line: str) -> bool:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and "prompt" in row and ("hook_code" in row or "rules" in row)


def _read_row(name: str, number: int, line: str) -> ImportedTask:
    """The task of one line. Raises Refused."""
    value: Any = json_value(line, f"{name}:{number}")
    row = record(value, f"{name}:{number}")
    prompt = text_in(row, "prompt") or text_in(row, "user_query")
    if not prompt.strip():
        raise Refused(f"line {number} has no `prompt`", name)
    id = text_in(row, "task_id") or text_in(row, "id") or f"{name.rsplit('/', 1)[-1].split('.', 1)[0]}_{number:05d}"
    task = ImportedTask(ORIGIN, id, _title(prompt), [prompt])
    task.meta.update({key: row[key] for key in ("category", "macro_category", "action", "hook_lang") if key in row})
    for file in records(row.get("input_files")):
        path, content = text_in(file, "file_path") or text_in(file, "path"), file.get("content")
        if path:
            text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
            task.files[path.removeprefix("./").lstrip("/")] = InputFile(text.encode())
    code = text_in(row, "hook_code")
    if code.strip():
        lang = text_in(row, "hook_lang").lower()
        if lang in ("", "python", "py", "python3"):
            task.graders.append(Grader({"grade.py": code.encode()}, "grade", timeout_s=120))
        elif lang in ("bash", "sh", "shell"):
            task.graders.append(Grader({"reward.sh": code.encode()}, "shell", timeout_s=120))
        else:
            raise Refused(f"line {number}: nothing here runs `{lang[:40]}`", name)
        task.carry("opaque", "hook_code", 1, "a program decides; it is kept and run as it is")
        look_at(task, f"{name}:{number}", code.encode(), averages=True)
        task.tools += tools_of(code.encode())
    _rules(task, row.get("rules"))
    if task.rubrics:
        task.rubric_share = _RUBRIC_SHARE if task.graders else Decimal(1)
    if not task.graders and not task.rubrics:
        raise Refused(f"line {number} has neither `hook_code` nor `rules`", name)
    return task


def _rules(task: ImportedTask, rules: Any) -> None:
    """Rules with five anchored levels become criteria that ask for the highest."""
    if isinstance(rules, str):
        try:
            rules = json.loads(rules)
        except (ValueError, RecursionError):
            rules = None
    inner: Any = rules.get("rules") if isinstance(rules, dict) else rules  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    taken, reads, criteria = set[str](), list[str](), list[Criterion]()
    by_path: dict[str, str] = {}
    for rule in records(inner):
        path, title = text_in(rule, "file_path").removeprefix("./"), text_in(rule, "name")
        levels = record_in(rule, "scores")
        best = (
            str(levels.get("1.0") or levels.get("1") or next(reversed(levels.values()), ""))
            if levels
            else text_in(rule, "description")
        )
        if not (title or best):
            continue
        criteria.append(
            Criterion(name_of(title or "rule", taken, prefix="rule"), ": ".join(t for t in (title, best) if t))
        )
        if path and not path_problem(path) and path not in by_path:
            by_path[path] = name_of(path.rsplit("/", 1)[-1].replace(".", "_"), set(by_path.values()), prefix="file")
            task.delivers.append(Deliverable(by_path[path], path, ['format = "text"']))
            reads.append(by_path[path])
    if criteria:
        task.rubrics.append(Rubric("rules", criteria, reads))
        task.carry("declarative", "rule", len(criteria), "five anchored levels became one question, is the highest met")


def _title(query: str) -> str:
    """The first line or sentence that says something."""
    line = next((line.strip(" #*") for line in query.splitlines() if line.strip(" #*")), "")
    sentence = re.split(r"(?<=[.!?])\s", line, maxsplit=1)[0]
    return sentence if len(sentence) <= 120 else sentence[:119] + "…"
