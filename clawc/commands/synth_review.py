"""`clawc synth review`."""

from __future__ import annotations

import sys
from pathlib import Path

from clawc import exits
from clawc.commands.faults import user_errors
from clawc.exits import UserError

DROPPED = "dropped.jsonl"


def review_command(path: Path, out: Path, count: int, dropped: int, seed: int) -> int:
    """Writes the page and says what stands on it."""
    with user_errors():
        from pydantic import ValidationError

        from clawc.runtime.store.journal import lines, open_to_read
        from clawc.runtime.synth.authoring.drafts import DraftRecord
        from clawc.runtime.synth.authoring.sampled import page, read_rows, sample_drafts, sample_rows

        help = "give a folder that `clawc synth` made with `--to jsonl`"
        try:
            rows = read_rows(path)
            records: list[DraftRecord] = []
            if (path / DROPPED).exists():
                with open_to_read(path / DROPPED) as file:
                    records = [DraftRecord.model_validate_json(line.data) for line in lines(file, path / DROPPED)]
        except (OSError, ValidationError, ValueError) as error:
            raise UserError(f"`{path}` is no set of tasks: {type(error).__name__}", help) from error
        if not rows and not records:
            raise UserError(f"`{path}` has no tasks as JSONL", help)
        shown, refused = sample_rows(rows, count, seed), sample_drafts(records, dropped, seed)
        try:
            out.write_text(page(path.name, shown, refused, len(rows), len(records)), encoding="utf-8")
        except OSError as error:
            raise UserError(f"`{out}` cannot be written: {error.strerror}") from error
    sys.stdout.write(
        f"{len(shown)} of {len(rows)} tasks and {len(refused)} of {len(records)} dropped drafts in {out}\n"
    )
    return exits.OK
