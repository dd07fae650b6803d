"""`clawc explain`."""

from __future__ import annotations

from clawc import exits
from clawc.exits import UserError
from clawc.spec import taxonomy
from clawc.spec.diagnostics import BY_CODE, TABLE


def explain_command(code: str) -> int:
    """Prints the row of the table."""
    if code == "all":
        for row in TABLE:
            print(f"{row.code}  {row.severity:<7}  {row.title}")
        return exits.OK
    entry = BY_CODE.get(code.upper())
    if entry is None:
        raise UserError(f"there is no diagnostic `{code}`", "`clawc explain all` lists them")
    explanation = entry.explanation.replace("{categories}", ", ".join(taxonomy.dotted(taxonomy.CATEGORIES))).replace(
        "{operations}", ", ".join(taxonomy.dotted(taxonomy.OPERATIONS))
    )
    print(f"{entry.code} ({entry.severity}): {entry.title}\n\n{explanation}")
    for title, example in (("Wrong", entry.bad), ("Right", entry.good)):
        if example:
            print(f"\n{title}:\n    {example}")
    return exits.OK
