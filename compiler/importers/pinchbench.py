"""PinchBench and EvoClawBench: a task is a Markdown file with `grade()`, a rubric for a model, or both.

What the agent is told is the section Prompt, or the prompts of `sessions`. Inputs are laid from `workspace_files`, whose sources lie in
`assets/` or beside the task. `grade()` is kept and run as it is; its score is the mean of the numbers that it gives. A criterion of
the rubric asks whether its highest level is met: the levels between are lost, and so is what the authors' judge reads beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from clawc.compiler.importers.claw_text import name_of
from clawc.compiler.importers.faults import look_at, tools_of
from clawc.compiler.importers.grade_code import grade_code
from clawc.compiler.importers.json_text import items, number_in, record_in, text_in, texts
from clawc.compiler.importers.markdown_task import Document, document
from clawc.compiler.importers.model import Deliverable, Found, Grader, ImportedTask, InputFile, Refused, Rubric
from clawc.compiler.importers.rubric_text import criteria_of, files_named, from_list
from clawc.compiler.importers.tree import Tree

ORIGIN, EVO = "PinchBench", "EvoClawBench"
GRADER_S = 300
MAX_READ = 12  # files that a rubric is shown
# What the authors' runner removes from each workspace before the agent begins.
REMOVED = frozenset(("BOOTSTRAP.md", "SOUL.md", "USER.md", "IDENTITY.md"))
# A file of answers that the authors' runner puts where the agent does not look, under the name by which graders ask for it.
_KEY_NAME, _KEY_FILE = "_PINCHBENCH_PRIVATE_IMAGE_KEY_PATH", "image_classification_answer_key.json"
_HEADS = re.compile(
    r"(?im)^ {0,3}#{1,6}[ \t]+(?:prompt|automated checks|llm judge rubric|grading criteria|workspace path)\b"
)
_FRONT = re.compile(r"(?m)^(?:grading_type|workspace_files|timeout_seconds)[ \t]*:")
_MARKED = re.compile(r"\ufeff?\s*---\s*\n(?:[^\n]*\n){0,60}?(?:task_)?id[ \t]*:")
_WILD = re.compile(r"(?im)^ {0,3}#{1,6}[ \t]+(?:workspace path|warm-?up)[ \t]*#*[ \t]*\r?$")
_NETWORK = re.compile(
    r"https?://|\b(?:web search|search the (?:web|internet)|browse the|the internet|online search)\b", re.I
)


def find(tree: Tree) -> list[Found]:
    """All tasks that are no WildClawBench's."""
    return [Found(name, partial(_read, tree, name)) for name, wild in task_files_in(tree) if not wild]


@lru_cache(maxsize=1)
def task_files_in(tree: Tree) -> tuple[tuple[str, bool], ...]:
    """Files of Markdown that are tasks, and whether they are WildClawBench's. A file that is called as one and cannot be read is one
    beside others. Templates are none."""
    found: dict[str, bool] = {}
    unread: list[str] = []
    for name in [*tree.names, *tree.problems]:
        last = name.rsplit("/", 1)[-1]
        if not last.lower().endswith(".md") or "template" in last.lower():
            continue
        called = re.match(r"task[_-]\w", last) is not None
        try:
            text = tree.text(name)
        except Refused:
            unread += [name] if called else []
            continue
        heads = {head.split("#")[-1].strip().lower() for head in _HEADS.findall(text)}
        front = _FRONT.search(text[:4000]) is not None
        if called:
            looks = front or len(heads) > 1 or tree.names == [name]
        else:
            looks = _MARKED.match(text) is not None and (front or "prompt" in heads) and len(heads) > 1
        if looks:
            found[name] = _WILD.search(text) is not None
    folders = {name.rpartition("/")[0] for name in found}
    for name in unread:
        folder = name.rpartition("/")[0]
        if folder in folders or folder.rsplit("/", 1)[-1] == "tasks" or tree.names == [name]:
            found[name] = False
    return tuple(sorted(found.items()))


def _read(tree: Tree, place: str) -> ImportedTask:
    """One task. Raises Refused."""
    parts = document(tree.text(place), place)
    stem = place.rsplit("/", 1)[-1][:-3]
    id = text_in(parts.front, "id") or text_in(parts.front, "task_id") or stem
    if id == "task_XX_name" or "_XX_" in id:
        raise Refused(f"`{place}` is a template", place)
    evo = "sub_problems" in parts.sections or bool({"skill_category", "sub_problems"} & set(parts.front))
    task = ImportedTask(EVO if evo else ORIGIN, id, text_in(parts.front, "name") or id, _told(parts, place))
    notes(task, parts, place)
    inputs(tree, place, id, parts.front.get("workspace_files"), task)
    judge(task, parts, tree, place)
    return task


def _told(parts: Document, place: str) -> list[str]:
    """The messages of the user. Raises Refused where there is none."""
    told: list[str] = []
    for session in items(parts.front.get("sessions")):
        text = (
            session
            if isinstance(session, str)
            else text_in(_record(session), "prompt") or text_in(_record(session), "message")
        )
        if text.strip():
            told.append(text.strip() + "\n")
    prompt = parts.sections.get("prompt", "") or text_in(parts.front, "prompt") or text_in(parts.front, "instruction")
    if not told and not prompt.strip() and "prompt" not in parts.sections:
        prompt = prompt_above(parts.before)
    told = told or [prompt.strip() + "\n"]
    if not told[0].strip():
        raise Refused(f"`{place}` has no section `## Prompt`, or an empty one", place)
    return told


def prompt_above(text: str) -> str:
    """A prompt that stands above all sections, without the title and a label."""
    lines = text.split("\n")
    while lines and (
        not lines[0].strip() or re.match(r"#{1,6}\s", lines[0]) or re.match(r"\W*prompt\W*\Z", lines[0][:80], re.I)
    ):
        lines.pop(0)
    return "\n".join(lines).strip()


def _record(value: Any) -> dict[str, Any]:
    return record_in({"": value}, "")


def notes(task: ImportedTask, parts: Document, place: str) -> None:
    """What is known of a task beyond its verifier, and what is wrong with its text."""
    front = parts.front
    task.timeout_s = max(0, min(int(_finite(number_in(front, "timeout_seconds", 0))), 86_400))
    for key in ("category", "grading_type", "skill_category", "modality", "difficulty", "tags"):
        if key in front:
            task.meta[key] = front[key]
    if not parts.marked:
        task.fault(
            "front matter unmarked", "its YAML stands without the lines `---`, so the authors' loader refuses it", place
        )
    for title in parts.inside:
        task.fault(
            "prompt cut",
            f"what stands under `## {title[:60]}` after the prompt is told to nobody, as with the authors",
            place,
        )
    sessions = [_record(one) for one in items(front.get("sessions"))]
    if any(session.get("new_session") for session in sessions):
        which = [str(n) for n, session in enumerate(sessions, 1) if session.get("new_session")]
        task.fault("new session", f"message {', '.join(which)} begins a conversation anew; here all are one", place)
    needs = texts(front.get("prerequisites")) + texts(front.get("services"))
    if needs:
        task.fault(
            "needs a service", f"it needs {', '.join(need[:60] for need in needs[:8])}, which is not here", place
        )
    if any(_NETWORK.search(told) for told in task.told):
        task.fault("needs the network", "its prompt speaks of the web; there is no network here", place)


def _finite(number: float) -> float:
    return number if abs(number) < 1e9 else 0.0


# --- inputs ----------------------------------------------------------------------------------------------------------


def inputs(tree: Tree, place: str, id: str, given: Any, task: ImportedTask) -> None:
    """The inputs as `workspace_files` gives them: texts, or objects with `path` and `content`, or with `source` and `dest`."""
    if isinstance(given, dict):
        given = [{"path": key, "content": value} for key, value in _record(given).items()]
    for one in items(given):
        if isinstance(one, str):
            _lay(tree, place, id, one, one, task)
            continue
        entry = _record(one)
        dest = text_in(entry, "dest") or text_in(entry, "dst") or text_in(entry, "path") or text_in(entry, "target")
        source = text_in(entry, "source") or text_in(entry, "src") or text_in(entry, "from")
        if "content" in entry and dest:
            content = entry["content"]
            _put(task, dest, InputFile(("" if content is None else str(content)).encode("utf-8", "replace")), place)
        elif source or dest:
            _lay(tree, place, id, source or dest, dest or source, task)
        else:
            task.fault("input left out", "an entry of `workspace_files` names no path", place)


def _lay(tree: Tree, place: str, id: str, source: str, dest: str, task: ImportedTask) -> None:
    """A file, or all files of a folder, where the authors or their contributors keep it."""
    for path in _places(place, id, source.strip().removeprefix("./").strip("/")):
        try:
            if path in tree:
                _put(task, dest, InputFile(tree.read(path), tree.executable(path)), place)
                return
            below = tree.below(path)
            for inner in below:
                file = InputFile(tree.read(f"{path}/{inner}"), tree.executable(f"{path}/{inner}"))
                _put(task, f"{dest.rstrip('/')}/{inner}", file, place)
        except Refused as why:
            task.fault("input left out", why.message, path)
            return
        if below:
            return
        if path in tree.problems:
            task.fault("input left out", f"`{path[:200]}` {tree.problems[path]}", place)
            return
    task.fault("input missing", f"its input `{source[:200]}` is not in what was imported", place)


def _places(place: str, id: str, source: str) -> Iterator[str]:
    folders = _ancestors(place)
    for folder in folders:
        yield f"{folder}assets/{source}"
    for name in dict.fromkeys((place.rsplit("/", 1)[-1][:-3], id)):
        yield f"{folders[0]}{name}/{source}"
    for folder in folders:
        yield f"{folder}{source}"


def _ancestors(place: str) -> list[str]:
    """The folders above a file, the nearest first, each with its slash; the last is the whole."""
    parts = place.split("/")[:-1]
    return ["".join(f"{part}/" for part in parts[:depth]) for depth in range(len(parts), -1, -1)]


def _put(task: ImportedTask, dest: str, file: InputFile, place: str) -> None:
    path = dest.strip().removeprefix("./")
    if path in REMOVED:
        task.fault("input left out", f"the authors' runner removes `{path}` from each workspace", place)
    elif path:
        task.files[path] = file


# --- the verifier ----------------------------------------------------------------------------------------------------


def judge(task: ImportedTask, parts: Document, tree: Tree, place: str) -> None:
    """`grade()`, the rubric, or both. Raises Refused where nothing judges."""
    wanted = text_in(parts.front, "grading_type").strip().lower().replace("-", "_")
    code = grade_code(parts.sections.get("checks", ""))
    rubric = parts.sections.get("rubric", "").strip()
    automated = wanted not in ("llm_judge", "llm", "judge") if wanted else bool(code.code)
    judged = wanted in ("llm_judge", "llm", "judge", "hybrid") or (not wanted and bool(rubric or not code.code))
    if automated and not code.code and not judged:
        raise Refused(
            f"`{place}` has no automated checks: {code.problem}",
            place,
            "such a task always scores 0 with the authors, too",
        )
    if automated and code.code:
        _keep(task, code.code, tree, place)
        if code.note:
            task.fault("code not fenced", code.note, place)
        if code.problem and not code.problem.startswith("it is no Python"):
            task.fault("grader missing", code.problem, place)
    elif automated:
        task.fault("grader missing", f"its part of the score is 0: {code.problem}", place)
    if judged:
        _rubric(task, parts, rubric, place)
    share = _share(parts.front) if automated else Decimal(1)
    if task.rubrics:
        task.rubric_share = share
    elif judged and not task.graders:
        raise Refused(f"`{place}` has neither a rubric nor criteria nor a grader", place)


def _keep(task: ImportedTask, code: str, tree: Tree, place: str) -> None:
    """`grade()` as a grader."""
    files: dict[str, bytes] = {}
    look_at(task, place, code.encode("utf-8", "replace"), averages=False)
    if _KEY_NAME in code:
        key = next(
            (f"{folder}assets/{_KEY_FILE}" for folder in _ancestors(place) if f"{folder}assets/{_KEY_FILE}" in tree), ""
        )
        if key:
            files[_KEY_FILE] = tree.read(key)
            code += f'\n{_KEY_NAME} = __file__.rsplit("/", 1)[0] + "/{_KEY_FILE}"\n'
        else:
            task.fault("answers missing", f"it asks for `{_KEY_FILE}`, which is not in what was imported", place)
    files["grade.py"] = code.encode("utf-8", "replace")
    task.tools += tools_of(files["grade.py"])
    task.graders.append(Grader(files, "grade", timeout_s=GRADER_S))
    task.carry("opaque", "grade()", 1, "a program decides; it is kept and run as it is")


def _share(front: dict[str, Any]) -> Decimal:
    """What of the score the model decides."""
    weights = record_in(front, "grading_weights")
    automated, judge = number_in(weights, "automated", 0.5), number_in(weights, "llm_judge", 0.5)
    if not (0 <= automated < 1e9 and 0 <= judge < 1e9) or automated + judge <= 0:
        return Decimal("0.5")
    return round(Decimal(str(judge)) / (Decimal(str(automated)) + Decimal(str(judge))), 12)


def _rubric(task: ImportedTask, parts: Document, rubric: str, place: str) -> None:
    criteria = criteria_of(rubric) if rubric else []
    kind = "criterion of the rubric"
    why = "the levels between became one question, is the highest met"
    if not criteria or not any(one.points > 0 for one in criteria):
        criteria = from_list(parts.sections.get("criteria", ""))
        kind, why = "grading criterion", "without a rubric the model goes by the list"
    if not criteria:
        task.fault(
            "rubric missing", "a model is to judge it, and there is neither a rubric nor a list of criteria", place
        )
        return
    told = [*task.told, parts.sections.get("criteria", ""), rubric]
    reads: list[str] = []
    taken: set[str] = set()
    for path in files_named(told, set(task.files))[:MAX_READ]:
        name = name_of(path.rsplit("/", 1)[-1].replace(".", "_"), taken, prefix="file")
        task.delivers.append(Deliverable(name, path, ['format = "text"']))
        reads.append(name)
    task.rubrics.append(Rubric("rubric", criteria, reads))
    task.carry("declarative", kind, len(criteria), why)
    if parts.sections.get("expected", "").strip():
        task.carry(
            "none",
            "Expected Behavior",
            1,
            "the authors' judge reads it beside the rubric; here a rubric is its criteria alone",
        )
