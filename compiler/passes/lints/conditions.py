"""Conditions that say less than they seem to: mentions that a list of all words would satisfy, checks given twice,
paths that are read as texts, files that nobody declares.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from clawc.compiler.elaborate.context import closest, nearest
from clawc.compiler.model import CheckDecl, ExpectDecl, Task
from clawc.compiler.passes.lints.facts import Facts, home, text_of, through
from clawc.compiler.source import Fix
from clawc.spec import core
from clawc.spec.ast import Span
from clawc.spec.core import Core
from clawc.stdlib.checks.values import File

MENTIONS = ("mentions", "mentions_all", "mentions_any", "mentions_in_order")
COUNTED = ("words", "sentences", "paragraphs", "bullets")
# What reads a file, or the text that it is given.
READING = frozenset((
    *MENTIONS, *COUNTED, "headings", "section", "split_at", "contains_lines", "contains", "lines_of", "field", "md_table",
    "csv_table", "tsv_table", "jsonl_table", "json_value", "yaml_value", "toml_value", "ini_sections", "xml_select", "html_select",
    "html_table", "log_table", "diff_table", "python_source", "defines", "imported_modules",
))  # fmt: skip
ENDINGS = "csv|tsv|json|jsonl|ya?ml|toml|ini|txt|md|markdown|html?|xml|py|sh|js|log|ics|eml|xlsx|db|sqlite|zip|pdf|docx"
_PATH = re.compile(rf"(?:[\w.-]+/)*[\w-][\w.-]*\.(?:{ENDINGS})|(?:[\w.-]+/)+[\w.-]+")
_INTERPRETERS = ("python", "python3", "sh", "bash", "node", "ruby", "perl")
_SCRIPT = re.compile(r"[\w./-]+\.(?:py|sh|js|rb|pl)")


def loose_mentions(task: Task, facts: list[Facts]) -> None:
    """Checks of weight that only look for words anywhere in a document of any length."""
    bounded = {f for fact in facts for call in fact.calls if call.function in COUNTED for f in fact.reads}
    for fact in facts:
        if fact.check.kind != "check" or fact.check.weight <= 1:
            continue
        said = [c for c in fact.calls if c.function in MENTIONS]
        loose = [c for c in said if isinstance(through(c.args[0]), core.Deliverable)]
        names = {n.name for c in loose for n in [through(c.args[0])] if isinstance(n, core.Deliverable)}
        others = [
            c
            for c in fact.calls
            if c.function in ("equal", "is_in", "at_most", "at_least", "contains_lines", "matches")
        ]
        if not loose or len(loose) < len(said) or others or names <= bounded or any(c.kwargs for c in loose):
            continue
        task.context.diagnostics.add(
            "W0609", home(task, fact.check), loose[-1].span, f"`{fact.check.name}` is passed by a list of all words that it looks for",
            "look in a `section`, say what must stand `near`, or limit the `words`",
        )  # fmt: skip


def conditions_given_twice(task: Task) -> None:
    """Conditions that stand twice, word for word and with the same meaning: in one check, or in two of a kind."""
    checks: dict[tuple[_Said, ...], str] = {}
    single: dict[tuple[str, _Said], str] = {}
    for check in task.checks:
        said = [_said(e) for e in check.expects]
        if not said or any(s.source == "python" for s in said):
            continue
        whole = checks.setdefault((*sorted(said),), check.name)
        if whole != check.name:
            task.context.diagnostics.add("W0611", home(task, check), check.span, f"`{check.name}` expects what `{whole}` expects",
                                         "keep one of them, with the weight of both")  # fmt: skip
            continue
        for expect, one in zip(check.expects, said):
            first = single.setdefault((check.kind, one), check.name)
            if said.index(one) < check.expects.index(expect):
                where = "the check"
            elif first != check.name:
                where = f"`{first}`"
            else:
                continue
            task.context.diagnostics.add("W0611", home(task, check), expect.span, f"this condition stands in {where} already",
                                         "keep one of them")  # fmt: skip


class _Said(NamedTuple):
    """A condition as it is written, and what it comes to: local names may give the same words another meaning."""

    source: str
    meaning: str


def _said(expect: ExpectDecl) -> _Said:
    parts: list[str] = []
    for node in core.walk(expect.core):
        if isinstance(node, core.Call):
            parts.append(node.function)
        elif isinstance(node, (core.Deliverable, core.Col)):
            parts.append(node.name)
        elif isinstance(node, core.Run):
            parts.append(f"run {node.number}")
        elif isinstance(node, core.Const):
            parts.append(node.value.name if isinstance(node.value, File) else repr(node.value)[:1000])
        elif isinstance(node, core.Logic):
            parts.append(node.op)
    return _Said(" ".join(expect.source.split()), " ".join(parts))


def undeclared_paths(task: Task, facts: list[Facts]) -> set[str]:
    """Texts that look like paths where a file is meant; programs and folders that the task does not know.

    Gives the checks that name such a folder.
    """
    blamed: set[str] = set()
    paths = {i.file.path: i.file.name for i in task.inputs} | {p: d.name for d in task.delivers for p in d.paths}
    for fact in facts:
        for call in fact.calls:
            if call.function in READING and call.args:
                _read_as_text(task, fact.check, paths, call.args[0])
            elif call.function == "only_under" and len(call.args) > 1:
                blamed |= {fact.check.name} if _unknown_folder(task, fact.check, call.args[1]) else set()
        _unknown_programs(task, paths, fact)
    return blamed


def _read_as_text(task: Task, check: CheckDecl, paths: dict[str, str], node: Core) -> None:
    path = text_of(node)
    if path is None or not _PATH.fullmatch(path):
        return
    name = paths.get(path, "")
    task.context.diagnostics.add(
        "W0603", home(task, check), node.span, f"this reads the text `{path}` itself, not a file",
        f"write `{name}` for the file" if name else "declare the file as an input or a deliverable, and use its name",
        Fix(node.span, name, f"write `{name}`") if name.isidentifier() else None,
    )  # fmt: skip


def _unknown_folder(task: Task, check: CheckDecl, node: Core) -> bool:
    folder = (text_of(node) or "").strip("/")
    places = [d.path for d in task.delivers]
    if not folder or any(p == folder or p.startswith(folder + "/") for p in places):
        return False
    folders = {p.rsplit("/", 1)[0] for p in places if "/" in p}
    meant = closest(folder, folders)
    task.context.diagnostics.add(
        "W0603", home(task, check), node.span, f"no deliverable lies under `{folder}`{nearest(folder, folders)}",
        "name the folder of the deliverables",
        Fix(node.span, f'"{meant[0]}"', f"write `{meant[0]}`") if len(meant) == 1 else None,
    )  # fmt: skip
    return True


def _unknown_programs(task: Task, paths: dict[str, str], fact: Facts) -> None:
    """Scripts that an interpreter is given, although nothing puts them there."""
    if not fact.runs:
        return
    for expect in fact.check.expects:
        for node in core.walk(expect.core):
            if isinstance(node, core.Run):
                job = task.context.task.jobs[node.number]
                script = next((w for w in job.argv[1:] if not w.startswith("-")), "")
                if (
                    job.argv[0] not in _INTERPRETERS
                    or "-c" in job.argv
                    or "-m" in job.argv
                    or not _SCRIPT.fullmatch(script)
                ):
                    continue
                placed = script if job.cwd in (".", "") else f"{job.cwd}/{script}"
                known = {*paths, *(name for name, _ in job.files)}
                folders = [d.path.split("*")[0] for d in task.delivers if "*" in d.path]
                if placed in known or script in known or any(placed.startswith(f) for f in folders):
                    continue
                task.context.diagnostics.add(
                    "W0603", home(task, fact.check), _shorter(node.span, expect.span), f"no input or deliverable is `{placed}`{nearest(placed, known)}",
                    "declare it, and name it in the command without quotes",
                )  # fmt: skip


def _shorter(span: Span, within: Span) -> Span:
    return span if within.start <= span.start and span.end <= within.end else within
