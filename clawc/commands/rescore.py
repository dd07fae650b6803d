"""`clawc rescore`: what other checkers would have given, and what they change."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from clawc import exits
from clawc.commands.bundles import bundles_of
from clawc.commands.faults import stopping, user_errors
from clawc.commands.output import put
from clawc.commands.progress import ProgressLine
from clawc.commands.sources import require_format
from clawc.compiler.report import clean
from clawc.runtime.rescore import Rescored, RescorePlan, rescore
from clawc.runtime.run import run_closing
from clawc.runtime.store.scores import SCORES

_SHOWN = 20


def rescore_command(
    folder: Path, paths: Sequence[Path], jobs: int, format: str, sandbox: str = "bubblewrap", image: str = ""
) -> int:
    """Judges all stored workspaces; exit 1 when one of them could not be scored."""
    from clawc.runtime.sandbox.choose import SandboxChoice, backend_of

    require_format(format)
    with user_errors(), stopping(), tempfile.TemporaryDirectory(prefix="clawc-rescore-") as scratch:
        bundles = bundles_of(paths, Path(scratch))
        backend = backend_of(SandboxChoice(sandbox, image))
        line: list[ProgressLine] = []

        def progress(done: int, total: int, before: int) -> None:
            if not line:
                line.append(ProgressLine(total, "episodes"))
            line[0].report(done, before)

        plan = RescorePlan(folder, bundles, jobs)
        try:
            found = run_closing(rescore(plan, backend, progress), backend, "continue it by the same command")
        finally:
            for each in line:
                each.close()
    put(_as_json(found, folder) if format == "json" else _as_text(found, folder), None)
    failed = found.unscored or "the infrastructure failed" in found.left_out
    return exits.FINDINGS if failed else exits.OK


def _as_json(found: Rescored, folder: Path) -> str:
    document = {
        "format_version": 1,
        "run": str(folder),
        "scoring": found.id,
        "judged": found.judged,
        "judged_before": found.before,
        "left_out": found.left_out,
        "unscored": found.unscored,
        "changed": [
            {
                "key": c.key,
                "before": {"score": c.before[0], "score_checks": c.before[1]},
                "after": {"score": c.after[0], "score_checks": c.after[1]},
            }
            for c in found.changed
        ],
        "flips": [flip._asdict() for flip in found.flips],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _as_text(found: Rescored, folder: Path) -> str:
    up = sum(c.rise > 0 for c in found.changed)
    down = sum(c.rise < 0 for c in found.changed)
    text = [
        f"{found.judged} {'episode' if found.judged == 1 else 'episodes'} judged"
        + (f", {found.before} of them before" if found.before else "")
    ]
    text += [f"{count} left out: {why}" for why, count in found.left_out.items()]
    if found.unscored:
        text.append(f"{found.unscored} without a score: the checker fails")
    text.append(
        f"{len(found.changed)} {'score' if len(found.changed) == 1 else 'scores'} changed"
        + (f": {up} up, {down} down" if found.changed else "")
    )
    text += [f"  {c.key}: {_shown(c.before)} -> {_shown(c.after)}" for c in found.changed[:_SHOWN]]
    if len(found.changed) > _SHOWN:
        text.append(f"  and {len(found.changed) - _SHOWN} more")
    for flip in found.flips:
        text.append(f"check {clean(flip.task)}.{clean(flip.check)}: {flip.to_pass} now pass, {flip.to_fail} now fail")
    return "\n".join([*text, "", f"{folder / SCORES / found.id}.jsonl", ""])


def _shown(scores: tuple[str | None, str | None]) -> str:
    """The score, or that of the checks while a rubric is not judged."""
    score, checks = scores
    return score if score is not None else f"{checks} (checks)" if checks is not None else "none"
