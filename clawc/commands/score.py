"""`clawc score`."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from clawc import exits
from clawc.commands.bundles import bundles_of
from clawc.commands.compiling import Lot
from clawc.commands.faults import stopping, user_errors
from clawc.commands.output import put
from clawc.commands.sources import require_format
from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.spec.bundle import CheckVerdict
from clawc.stdlib.checks.kinds import plain


def score_command(
    bundle: Path,
    workspace: Path,
    format: str,
    trajectory: Path | None = None,
    sandbox: str = "bubblewrap",
    image: str = "",
    task: str = "",
) -> int:
    """Judges one workspace, by the only task of the bundle or source, or that of the name; exit 1 when it does not earn everything."""
    from clawc.runtime.run import run_closing
    from clawc.runtime.sandbox.choose import SandboxChoice, backend_of
    from clawc.runtime.scoring.score import Scored, score

    require_format(format)
    if trajectory is not None and not os.path.isfile(trajectory):
        raise UserError(f"there is no file `{trajectory}`", "give the `trajectory.jsonl` of the episode")
    with user_errors(), stopping(), tempfile.TemporaryDirectory(prefix="clawc-score-") as scratch:
        bundles = bundles_of([bundle], Path(scratch), lot=Lot(tasks=(task,) if task else ()))
        if len(bundles) != 1:
            raise UserError(f"`{bundle}` holds {len(bundles)} tasks", "name one by `--task`, or give the bundle of one")
        backend = backend_of(SandboxChoice(sandbox, image))
        found: Scored = run_closing(
            score(bundles[0], workspace, backend, trajectory=trajectory), backend, "score it again"
        )
    verdict = found.verdict
    if verdict is None:
        raise UserError(f"there is no verdict: {clean(found.fault)}", clean(found.stderr[-500:]), exits.ENVIRONMENT)
    total = found.score if found.score is not None else None
    if format == "json":
        document = verdict.model_dump(mode="json", exclude={"nonce"})
        document["score"] = None if total is None else plain(total)
        text = json.dumps(document, indent=2, sort_keys=True) + "\n"
    else:
        text = "".join(map(_line, verdict.checks)) + f"checks {verdict.score_checks}"
        text += " (rubrics need a judge)\n" if total is None else f", score {plain(total)}\n"
    put(text, None)
    return exits.OK if verdict.score_checks == "1" else exits.FINDINGS


def _line(check: CheckVerdict) -> str:
    what = f"weight {check.weight}" if check.kind == "check" else check.kind
    message = f": {clean(check.message)}" if check.message else ""
    return f"{'PASS' if check.passed else 'FAIL'}  {clean(check.name)} ({what}){message}\n"
