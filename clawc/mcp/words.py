"""Answers as short text, for clients that show a model nothing else: enough to go on by."""

from __future__ import annotations

from clawc.mcp.answers import Changed, Checked, Edit, Explained, Formatted, Offered, Problem, Proof, Tested

_LISTED = 20
_QUOTED = 200


def of_check(checked: Checked) -> str:
    """Each problem in a few lines."""
    if not checked.problems:
        return f"{checked.path}: nothing found"
    lines = [line for p in checked.problems for line in _problem(checked.path, p)]
    lines += [f"and {checked.more} more"] if checked.more else []
    return "\n".join([*lines, f"{checked.errors} errors, {checked.warnings} warnings"])


def _problem(path: str, p: Problem) -> list[str]:
    lines = [f"{path}:{p.line}:{p.column}: {p.severity} {p.code}: {p.message}"]
    lines += [f"  help: {p.help}"] if p.help else []
    return lines + ([f"  fix: {_edit(p.fix)}"] if p.fix is not None else [])


def _edit(fix: Edit) -> str:
    place = f"{fix.line}:{fix.column} to {fix.end_line}:{fix.end_column}"
    return f"{fix.title}; at {place} {_quoted(fix.old_text)} becomes {_quoted(fix.new_text)}"


def _quoted(text: str) -> str:
    return f'"{text if len(text) <= _QUOTED else text[:_QUOTED] + "…"}"'


def of_format(formatted: Formatted) -> str:
    """The new text, or that there is none."""
    return formatted.text if formatted.changed else f"{formatted.path}: nothing to change"


def of_offers(offered: Offered) -> str:
    """A line for each."""
    lines = [f"{o.label} ({o.kind})" + (f": {o.detail}" if o.detail else "") for o in offered.items[:_LISTED]]
    more = len(offered.items) - len(lines) + offered.more
    return "\n".join(lines + ([f"and {more} more"] if more else [])) or "nothing fits here"


def of_explanation(explained: Explained) -> str:
    """All meanings."""
    if not explained.meanings:
        meant = f"; did you mean {', '.join(explained.meant)}?" if explained.meant else ""
        return f"the language has no word or code `{explained.word}`{meant}"
    parts: list[str] = []
    for m in explained.meanings:
        examples = [f"{title}:\n{text}" for title, text in (("Wrong", m.wrong), ("Right", m.right)) if text]
        parts.append("\n".join([f"{m.name} ({m.kind}): {m.head}", m.text, *examples]))
    return "\n\n".join(parts)


def of_test(tested: Tested) -> str:
    """The outcome, what speaks against each checker, and what survived."""
    if tested.outcome == "mistakes":
        return f"{tested.path}: not tested, it has mistakes\n{of_check(tested.check)}"
    lines = [f"{tested.path}: {tested.outcome.replace('_', ' ')}" + (f": {tested.why}" if tested.why else "")]
    for task in tested.tasks:
        lines += _proof(task)
    warnings = [line for p in tested.check.problems for line in _problem(tested.path, p)]
    return "\n".join(lines + warnings)


def _proof(task: Proof) -> list[str]:
    lines = [
        f"{task.task}: {'proved' if task.proved else 'not proved'}; {task.killed} of {task.wrong} wrong answers caught, the right "
        f"one earns {task.oracle_score}, {task.sandbox_runs} runs in sandboxes"
    ]
    lines += [f"  {reason}" for reason in task.reasons]
    lines += [
        f"  line {f.line}: {f.code}: {f.message}" + (f"\n    help: {f.help}" if f.help else "") for f in task.findings
    ]
    lines += [line for m in task.survivors for line in _changed("a wrong answer lost nothing", m)]
    return lines + [line for m in task.rejected for line in _changed(f"a right answer lost {', '.join(m.lost)}", m)]


def _changed(said: str, m: Changed) -> list[str]:
    return [f"  {said}: {m.what} ({m.place})", *(f"    {line}" for line in m.difference.splitlines()[:_LISTED])]
