"""`clawc train export`: what was trained as a folder for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

from clawc import exits
from clawc.commands.faults import stopping, user_errors
from clawc.compiler.report import clean
from clawc.exits import UserError

FORMS = ("merged", "adapter")
DTYPES = ("bfloat16", "float32")


def export_command(folder: Path, to: Path, form: str, base: Path | None, dtype: str, runs: Sequence[Path]) -> int:
    for name, given, choices in (("--form", form, FORMS), ("--dtype", dtype, DTYPES)):
        if given not in choices:
            raise UserError(f"`{clean(given)}` is nothing for `{name}`", f"one of {', '.join(choices)}")
    with user_errors(), stopping():
        from clawc.runtime.train.exporting import export_model
        from clawc.runtime.train.records import read_training
        from clawc.runtime.train.scores import Known, score_of

        known = Known.of(read_training(folder))
        record = export_model(
            folder,
            to,
            cast(Literal["merged", "adapter"], form),
            base=base,
            dtype=cast(Literal["bfloat16", "float32"], dtype),
            scores=[score_of(run, known) for run in runs],
        )
    print(f"{to}: {form} from {clean(record.base.name)}, {len(record.tasks)} tasks in its card")
    return exits.OK
