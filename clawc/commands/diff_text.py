"""What differs between two versions of tasks, for people: as text, as Markdown for a job summary, as notices of GitHub."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from clawc.compiler.report import clean
from clawc.compiler.report.github import notice
from clawc.runtime.change_parts import Field, Part
from clawc.runtime.report.markdown import escaped
from clawc.runtime.task_changes import Scores, TaskChange

# What the runs before are worth, by what was found.
WORTH = {
    "comparable": "scores stay comparable",
    "rescore": "scores must be made again by `clawc rescore`",
    "rerun": "episodes must be played again by `clawc run`",
    "new": "is new",
    "gone": "is gone",
}
_KINDS: tuple[tuple[Scores, str], ...] = (
    ("rerun", "to play again"), ("rescore", "to judge again"), ("comparable", "still comparable"), ("new", "new"),
    ("gone", "gone"),
)  # fmt: skip
_SHORT = 12  # digits of a hash that are shown
_SHOWN = 100  # tasks in text and Markdown
_MARKDOWN = 500_000  # characters; GitHub takes no summary over 1 MiB
_PARTS = ("instruction", "workspace", "deliverables", "checks", "rubrics", "scoring", "limits", "environment", "other")
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def summary(changes: Sequence[TaskChange]) -> str:
    """One line: how many tasks, and what they mean for scores."""
    differing = [change for change in changes if change.status != "same"]
    if not differing:
        return f"{_count(len(changes), 'task')}, nothing differs"
    counted = Counter(change.scores for change in differing)
    parts = [f"{counted[kind]} {short}" for kind, short in _KINDS if counted[kind]]
    return f"{_count(len(changes), 'task')}, {len(differing)} differ: {', '.join(parts)}"


def as_text(changes: Sequence[TaskChange]) -> str:
    """A paragraph for each task that differs, then the summary."""
    differing = _order(changes)
    parts = ["".join(f"{line}\n" for line in [headline(each), *_details(each)]) + "\n" for each in differing[:_SHOWN]]
    if len(differing) > _SHOWN:
        parts.append(f"and {len(differing) - _SHOWN} more; `--format json` has all\n\n")
    return "".join(parts) + summary(changes) + "\n"


def as_markdown(changes: Sequence[TaskChange]) -> str:
    """A table of tasks, and what differs in each as a block of code."""
    differing = _order(changes)
    text = [f"### Changes of tasks\n\n{escaped(summary(changes))}\n"]
    if differing:
        text.append("\n| task | runs before | why |\n|---|---|---|\n")
        text += [
            f"| {escaped(_named(each))} | {WORTH[each.scores]} | {escaped('; '.join(each.why))} |\n"
            for each in differing[:_SHOWN]
        ]
    size = sum(map(len, text))
    for each in differing[:_SHOWN]:
        # Indented by four, whatever it holds stays code.
        block = f"\n**{escaped(_named(each))}**\n\n" + "".join(f"    {line}\n" for line in _details(each))
        size += len(block)
        if size > _MARKDOWN:
            text.append("\nThe others are left out here.\n")
            break
        text.append(block)
    if len(differing) > _SHOWN:
        text.append(f"\nand {len(differing) - _SHOWN} more\n")
    return "".join(text)


def as_github(changes: Sequence[TaskChange]) -> str:
    """A workflow command for each task that differs: a warning where runs before lose their scores, else a notice."""
    return "".join(
        notice("warning" if each.scores in ("rerun", "rescore", "gone") else "notice", f"clawc diff: {_named(each)}",
               f"{WORTH[each.scores]}: {'; '.join(each.why) or 'nothing that is given or judged differs'}")
        for each in _order(changes)
    )  # fmt: skip


def headline(change: TaskChange) -> str:
    """The task, and what its runs are worth."""
    return f"{clean(_named(change))}: {WORTH[change.scores]}"


def _order(changes: Sequence[TaskChange]) -> list[TaskChange]:
    """Those that differ, first those that cost the most."""
    rank = {kind: place for place, (kind, _) in enumerate(_KINDS)}
    return sorted((c for c in changes if c.status != "same"), key=lambda c: (rank[c.scores], c.task))


def _named(change: TaskChange) -> str:
    return f"{change.was} → {change.task}" if change.was else change.task


def _details(change: TaskChange) -> Iterator[str]:
    for why in change.why:
        yield f"  {clean(why)}"
    hashes = [_hash(field) for field in change.hashes]
    if hashes:
        yield f"  hashes: {', '.join(hashes)}"
    for name in _PARTS:
        found: Sequence[Field | Part] = getattr(change, name)
        if found:
            yield f"  {name}"
        for each in found:
            if isinstance(each, Field):
                yield from _field(each, 4)
                continue
            yield f"    {_SIGNS[each.kind]} {clean(each.name)}"
            for field in each.fields:
                yield from _field(field, 8)
    if change.left_out:
        yield "  more differs than is listed here"


def _hash(field: Field) -> str:
    if field.before == field.after:
        return f"{field.name} {field.before[:_SHORT]}"
    return f"{field.name} {field.before[:_SHORT] or 'none'} → {field.after[:_SHORT] or 'none'}"


def _field(field: Field, indent: int) -> Iterator[str]:
    pad = " " * indent
    said = f": {field.before or 'none'} → {field.after or 'none'}" if field.before or field.after else ""
    if field.before and not field.after and field.name in ("expected", "query"):
        said = f": {field.before}"
    yield clean(f"{pad}{field.name}{said}")
    for line in field.lines:
        yield clean(f"{pad}  {line}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
