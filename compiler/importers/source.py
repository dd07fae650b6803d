"""An imported task as a source of ours with the files beside it."""

from __future__ import annotations

import re

from clawc.compiler.format.formatting import formatted
from clawc.compiler.importers.claw_text import listed, name_of, number, quoted
from clawc.compiler.importers.model import Check, Grader, ImportedTask, InputFile, Refused, Rubric
from clawc.compiler.paths import folded, path_problem
from clawc.spec.graders import BY_NAME

PROMPT = "prompt.md"
INPUT = "input"
SUGGESTED = "suggested.claw"
MAX_TITLE = 200
_WORD = re.compile(r"[A-Za-z_]\w*")
MAX_INPUTS = 5_000


def task_files(task: ImportedTask) -> dict[str, InputFile]:
    """The files of the task's folder, by path: `NAME.claw` and what it reads. `task.name` is set. Raises Refused."""
    if task.as_is is not None:
        return dict(task.as_is)
    if not any(told.strip() for told in task.told[:1]):
        raise Refused("it tells the agent nothing", "", "its prompt is empty")
    if not (task.checks or task.graders or task.rubrics):
        raise Refused("it has nothing that judges the result")
    made: dict[str, InputFile] = {}
    inputs = _inputs(task, made)
    body: list[str] = [
        *_head(task, made),
        "",
        *(["workspace {", *inputs, "}", ""] if inputs else []),
        *_environment(task),
    ]
    by_path = {path: name for name, path in _named_inputs(task).items()}
    for deliver in task.delivers:
        lines = ([f"edits = {by_path[deliver.path]}"] if deliver.path in by_path else []) + deliver.attributes
        head = f"deliver {deliver.name} {quoted(deliver.path)}"
        body += [head + " {", *lines, "}"] if lines else [head]
    for check in task.checks:
        check.lets = _used(check.lets, check.expects)
    texts = [text for check in task.checks for text in (*check.expects, *(value for _, value in check.lets))]
    task.lets = _used(task.lets, texts)
    task.defs = _used(task.defs, [*texts, *(value for _, value in task.lets)])
    body += [""] + [f"def {head} = {value}" for head, value in task.defs] + [""]
    body += [f"let {name} = {value}" for name, value in task.lets] + [""]
    body += ["verify {", f"imported = {quoted(_cut(f'{task.origin}, {task.id}', 300), template=False)}"]
    if task.rubric_share is not None and task.rubrics:
        body.append(f"rubric_share = {number(task.rubric_share)}")
    for check in task.checks:
        body += _check(check)
    for grader in task.graders:
        body += _grader(grader, made)
    for rubric in task.rubrics:
        body += _rubric(rubric)
    body += ["}", *_solution(task, made)]
    if task.suggested:
        made[SUGGESTED] = InputFile(formatted(SUGGESTED, task.suggested).text.encode())
    text = "claw 1\n\n" + f"task {task.name} {{\n" + "\n".join(body) + "\n}\n"
    text = re.sub(r"\n{3,}", "\n\n", text)
    made[f"{task.name}.claw"] = InputFile(formatted(f"{task.name}.claw", text).text.encode())
    return made


def _head(task: ImportedTask, made: dict[str, InputFile]) -> list[str]:
    title = " ".join(task.title.split()) or task.id
    lines = [f"title = {quoted(_cut(title, MAX_TITLE))}"]
    lines += [f"category = {task.category}"] if task.category else []
    made[PROMPT] = InputFile(task.told[0].encode())
    lines.append(f'instruction = from("{PROMPT}")')
    for count, text in enumerate(task.told[1:], 2):
        made[f"turn_{count}.md"] = InputFile(text.encode())
        lines += ["", "turn {", f'text = from("turn_{count}.md")', "}"]
    return lines


def _named_inputs(task: ImportedTask) -> dict[str, str]:
    """The names of the inputs, with their paths."""
    taken = {deliver.name for deliver in task.delivers} | {name for name, _ in task.lets}
    taken |= {head.split("(", 1)[0] for head, _ in task.defs}
    found: dict[str, str] = {}
    for path in sorted(task.files):
        found[name_of(path.rsplit("/", 1)[-1].replace(".", "_"), taken, prefix="file")] = path
    return found


def _inputs(task: ImportedTask, made: dict[str, InputFile]) -> list[str]:
    """The lines of `workspace`; inputs that no workspace of ours can hold are left out, and that is noted."""
    seen: dict[str, str] = {}
    for path in sorted(task.files):
        parents = ["/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 1)]
        why = path_problem(path)
        if not why and folded(path) in seen:
            why = f"differs from `{seen[folded(path)]}` in case alone"
        if not why and any(folded(parent) in seen for parent in parents):
            why = "lies below a file"
        if why:
            task.fault("input left out", f"the input `{path[:200]}` {why}")
            del task.files[path]
        else:
            seen[folded(path)] = path
    if len(task.files) > MAX_INPUTS:
        raise Refused(f"it has more than {MAX_INPUTS} inputs")
    lines: list[str] = []
    for name, path in _named_inputs(task).items():
        file = task.files[path]
        made[f"{INPUT}/{path}"] = file
        lines.append(f"file {name} {quoted(path)} {{")
        lines.append(f"from = {quoted(f'{INPUT}/{path}')}")
        lines += ["executable = true"] if file.executable else []
        lines.append("}")
    return lines


def _environment(task: ImportedTask) -> list[str]:
    tools = list(task.tools)
    for grader in task.graders:
        tools += [t for t in BY_NAME[grader.protocol].tools if t not in tools and t != "python3"]
    lines = [f"timeout = {min(task.timeout_s, 86_400)}s"] if task.timeout_s > 0 else []
    lines += [f"memory = {task.memory_mib}MiB"] if task.memory_mib > 0 else []
    lines += [f"tools = {listed(tools)}"] if tools else []
    return ["environment {", *lines, "}", ""] if lines else []


def _used(lets: list[tuple[str, str]], texts: list[str]) -> list[tuple[str, str]]:
    """The definitions that one of the texts names, or one that such a definition names. A function's name ends at its bracket."""
    kept: list[tuple[str, str]] = []
    words = set(_WORD.findall(" ".join(texts)))
    for name, value in reversed(lets):
        if name.partition("(")[0] in words:
            words |= set(_WORD.findall(value))
            kept.append((name, value))
    return kept[::-1]


def _check(check: Check) -> list[str]:
    lines = [f"## {check.doc}"] if check.doc else []
    lines.append(f"{check.kind} {check.name} {{")
    lines += [f"weight = {number(check.weight)}"] if check.kind == "check" and check.weight != 1 else []
    lines += ["partial = true"] if check.partial else []
    lines += [f"let {name} = {value}" for name, value in check.lets]
    return [*lines, *(f"expect {condition}" for condition in check.expects), "}"]


def _grader(grader: Grader, made: dict[str, InputFile]) -> list[str]:
    folder = "grader" if grader.name == "original" else f"grader_{grader.name}"
    for path, data in grader.files.items():
        if why := path_problem(path):
            raise Refused(f"the file `{path[:200]}` of its grader {why}")
        made[f"{folder}/{path}"] = InputFile(data)
    protocol = BY_NAME[grader.protocol]
    entry = grader.entry or protocol.entry
    if entry not in grader.files:
        raise Refused(f"its grader `{entry}` is not there", entry)
    lines = [f'files = "{folder}"', f'protocol = "{protocol.name}"']
    lines += [f"entry = {quoted(entry, template=False)}"] if entry != protocol.entry else []
    if grader.places:
        pairs = ", ".join(f"{quoted(k)}: {quoted(v)}" for k, v in sorted(grader.places.items()))
        lines.append(f"places = {{{pairs}}}")
    lines += [f"score = {quoted(grader.score, template=False)}"] if grader.score else []
    lines += [f"weight = {number(grader.weight)}"] if grader.weight != 1 else []
    lines += [f"timeout = {min(grader.timeout_s, 590)}s"] if grader.timeout_s > 0 else []
    return [f"grader {grader.name} {{", *lines, "}"]


def _rubric(rubric: Rubric) -> list[str]:
    lines = [f"rubric {rubric.name} {{", f"reads = [{', '.join(rubric.reads)}]"]
    lines += [f"weight = {number(rubric.weight)}"] if rubric.weight != 1 else []
    for criterion in rubric.criteria:
        lines += [f"criterion {criterion.name} {{", f"text = {quoted(criterion.text)}"]
        lines += [f"points = {number(criterion.points)}"] if criterion.points != 1 else []
        lines.append("}")
    return [*lines, "}"]


def _solution(task: ImportedTask, made: dict[str, InputFile]) -> list[str]:
    if task.solution is None:
        return []
    words, files = task.solution
    made.update({path: InputFile(data) for path, data in files.items()})
    shown = [f'from("{word}")' if word in files else quoted(word) for word in words]
    return ["", "solution {", f"run = [{', '.join(shown)}]", "}"]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
