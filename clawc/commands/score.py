"""`clawc score`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from clawc import exits
from clawc.commands.bundles import bundles_of
from clawc.commands.faults import user_errors
from clawc.commands.sources import require_format
from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.stdlib.checks.kinds import plain


def score_command(bundle: Path, workspace: Path, format: str, trajectory: Path | None = None) -> int:
    """Judges one workspace; exit 1 when it does not earn everything."""
    from clawc.runtime.run import run_closing
    from clawc.runtime.sandbox.bubblewrap import Bubblewrap
    from clawc.runtime.scoring.score import Scored, score

    require_format(format)
    with user_errors(), tempfile.TemporaryDirectory(prefix="clawc-score-") as scratch:
        bundles = bundles_of([bundle], Path(scratch))
        if len(bundles) != 1:
            raise UserError(f"`{bundle}` holds {len(bundles)} tasks", "name the bundle of one")
        backend = Bubblewrap()
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
        sys.stdout.write(json.dumps(document, indent=2, sort_keys=True) + "\n")
    else:
        for c in verdict.checks:
            weight = f"weight {c.weight}" if c.kind == "check" else c.kind
            print(
                f"{'PASS' if c.passed else 'FAIL'}  {c.name} ({weight})"
                + (f": {clean(c.message)}" if c.message else "")
            )
        print(f"checks {verdict.score_checks}" + ("" if total is None else f", score {plain(total)}")
              + (" (rubrics need a judge)" if total is None else ""))  # fmt: skip
    return exits.OK if verdict.score_checks == "1" else exits.FINDINGS
