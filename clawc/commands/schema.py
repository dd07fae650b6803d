"""`clawc schema`."""

from __future__ import annotations

from pathlib import Path

from clawc import exits
from clawc.commands.output import put
from clawc.exits import UserError
from clawc.spec.export.schemas import SUBJECTS, schema_text


def schema_command(subject: str, out: Path | None) -> int:
    """Prints the JSON Schema of one kind of document."""
    if subject not in SUBJECTS:
        raise UserError(f"there is no schema for `{subject}`", f"schemas: {', '.join(SUBJECTS)}")
    put(schema_text(subject), out)
    return exits.OK
