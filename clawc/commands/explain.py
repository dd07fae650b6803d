"""`clawc explain`."""

from __future__ import annotations

from clawc import exits
from clawc.compiler.service.explained import Explanation, explained, meant
from clawc.exits import UserError
from clawc.spec.diagnostics import TABLE


def explain_command(word: str) -> int:
    """Prints what the tables say of a code or a word. Raises UserError for one that they do not have."""
    if word == "all":
        for row in TABLE:
            print(f"{row.code}  {row.severity:<7}  {row.title}")
        return exits.OK
    found = explained(word)
    if not found:
        near = f"did you mean {', '.join(f'`{m}`' for m in meant(word))}? " if meant(word) else ""
        raise UserError(f"there is no diagnostic or word `{word}`", f"{near}`clawc explain all` lists the diagnostics")
    print("\n\n".join(map(_text, found)))
    return exits.OK


def _text(e: Explanation) -> str:
    head = f"{e.name} ({e.kind}): {e.head}"
    if e.kind == "diagnostic":
        severity, _, title = e.head.partition(": ")
        head = f"{e.name} ({severity}): {title}"
    examples = [f"\n{title}:\n    {x}" for title, x in (("Wrong", e.wrong), ("Right", e.right)) if x]
    return "\n".join([f"{head}\n\n{e.text}", *examples])
