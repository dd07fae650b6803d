"""Which tasks of sources and bundles are meant: `--task`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from clawc.exits import UserError

_SHOWN = 12


def selected(task: str, wanted: Sequence[str]) -> bool:
    """Is a task of this name meant? In a wanted name, `*` stands for any letters and `?` for one; all are meant where none is named."""
    return not wanted or any(fnmatchcase(task, name) for name in wanted)


def tasks_kept_as(wanted: Sequence[str]) -> str:
    """What tells a selection from others in the names of what is kept; nothing where all are meant."""
    return f"tasks {sorted(set(wanted))!r} " if wanted else ""


def require_each(wanted: Sequence[str], tasks: Collection[str]) -> None:
    """Raises UserError for a wanted name that is that of none of these tasks."""
    for name in wanted:
        if not any(fnmatchcase(task, name) for task in tasks):
            from clawc.compiler.report.text import clean

            raise UserError(f"no task is called `{clean(name)}`", _help(name, sorted(set(tasks))))


def _help(name: str, tasks: Sequence[str]) -> str:
    if not tasks:
        return "there is no task at all"
    near = get_close_matches(name, tasks, 3)
    if near:
        return f"did you mean {' or '.join(f'`{one}`' for one in near)}?"
    more = f" and {len(tasks) - _SHOWN} more" if len(tasks) > _SHOWN else ""
    return f"tasks: {', '.join(tasks[:_SHOWN])}{more}"
