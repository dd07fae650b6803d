"""Scores a workspace: the agent's programs first, each in its own sandbox, then the checker in another one.

The agent's sandbox must be closed before. A verdict counts only if it is exactly one line on the channel that
the checker alone holds, carries the nonce that it was started with, and agrees with the manifest and itself.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
from contextlib import nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from clawc.runtime.bundle import WEIGHT, Bundle
from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.sandbox.collect import collect
from clawc.runtime.sandbox.finish import finish, in_thread
from clawc.runtime.sandbox.interface import Backend, Finished, Refused
from clawc.runtime.scoring.bytecode import TRAJECTORY, Bytecode
from clawc.runtime.scoring.checking import COLLECTED, JOBS, Series, checker_arguments, checker_folders, checker_program
from clawc.runtime.scoring.job_results import JobResults
from clawc.runtime.scoring.jobs import run_jobs
from clawc.spec.bundle import CheckVerdict, Manifest, ScoredCheck, Verdict
from clawc.spec.scoring import final_score, gate, round_score, weighted

_SHARE = re.compile(r"[01](\.[0-9]{1,60})?")
# C is recomputed from the credits, which a checker may have rounded.
_SLACK = Decimal("0.000001")
_TAIL = 2_000


@dataclass(frozen=True, slots=True)
class Scored:
    """A verdict and what it is worth, or `fault`: why there is none. `score` is None without a verdict,
    and while a rubric that counts has not been judged."""

    verdict: Verdict | None
    score: Decimal | None = None
    score_checks: Decimal | None = None
    fault: str = ""
    stderr: str = ""
    refused: tuple[Refused, ...] = ()


async def score(
    bundle: Bundle,
    workspace: Path,
    backend: Backend,
    rubric: Decimal | None = None,
    trajectory: Path | None = None,
    bytecode: Bytecode | None = None,
    series: Series | None = None,
) -> Scored:
    """Judge the folder `workspace`, which is only read; `rubric` is R if a judge has given it, `trajectory` the record
    of what the agent did, for checks that ask for it. `bytecode` remembers compiled checkers from one call to the next;
    a `series` judges workspaces of one bundle that wait at the same time one after another in one sandbox.

    Raises RuntimeFault for the runner's own failures; a checker that fails gives a Scored with `fault`.
    """
    if not workspace.is_dir():
        raise RuntimeFault("R0501", f"`{workspace}` is not a folder", "Give the folder of the finished workspace.")
    found = await backend.probe()
    if not found.ok:
        raise SandboxUnavailable(found.reason, found.help)
    scratch = backend.scratch()
    try:
        # A copy without links and special files, readable by the checker's user.
        copied = await in_thread(collect, (workspace.resolve(),), scratch / COLLECTED, base=False, mend=False)
        scored = await judge(bundle, scratch, backend, rubric, trajectory, bytecode, series)
        return replace(scored, refused=copied.refused)
    finally:
        await finish(backend.discard(scratch))


async def judge(
    bundle: Bundle,
    scratch: Path,
    backend: Backend,
    rubric: Decimal | None = None,
    trajectory: Path | None = None,
    bytecode: Bytecode | None = None,
    series: Series | None = None,
    known: JobResults | None = None,
    room: asyncio.Semaphore | None = None,
) -> Scored:
    """As `score`, of the workspace that was collected to COLLECTED in `scratch`, a folder of the backend. Jobs that `known`
    remembers are not run again; others wait for `room`."""
    jobs = scratch / JOBS
    async with room or nullcontext():
        await run_jobs(bundle, scratch / COLLECTED, backend, jobs, trajectory, known)
    script = await (bytecode or Bytecode()).of(bundle, backend)
    if script.watches and trajectory is not None and trajectory.is_file():
        (jobs / TRAJECTORY).write_bytes(trajectory.read_bytes())
        (jobs / TRAJECTORY).chmod(0o644)
    nonce = secrets.token_hex(16)
    finished = await series.run(bundle, scratch, nonce) if series is not None else None
    if finished is None:
        finished = await backend.run_reading(
            checker_program(bundle, script, checker_arguments("/"), nonce),
            {**checker_folders("/", scratch), **script.at()},
        )
    stderr = finished.stderr[-_TAIL:].decode("utf-8", "replace")
    try:
        verdict = read_verdict(finished, nonce, bundle.manifest)
    except _NoVerdict as why:
        return Scored(None, fault=str(why), stderr=stderr)
    weight, veto = Decimal(verdict.C), int(verdict.V)
    scoring = bundle.manifest.scoring
    opened = gate(
        {check.name: check.passed for check in verdict.checks}, scoring.rubric_after, gated=scoring.rubric_gated
    )
    value = final_score(weight, veto, Decimal(scoring.rubric_share), rubric, opened)
    return Scored(verdict, value, round_score(weight * veto), stderr=stderr)


class _NoVerdict(Exception):
    """The text says what the checker did instead of giving a verdict."""


def read_verdict(finished: Finished, nonce: str, manifest: Manifest) -> Verdict:
    """The verdict that a finished checker gave; raises _NoVerdict."""
    if finished.limit:
        raise _NoVerdict(f"the checker exceeded its {finished.limit} limit")
    if finished.exit != 0:
        raise _NoVerdict(f"the checker ended with exit status {finished.exit}")
    if finished.channel_over or finished.channel.count(b"\n") != 1 or not finished.channel.endswith(b"\n"):
        lines = finished.channel.count(b"\n")
        raise _NoVerdict(
            f"the checker wrote {lines} whole lines and {len(finished.channel)} bytes; one line is a verdict"
        )
    try:
        verdict = Verdict.model_validate_json(finished.channel)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _NoVerdict(f"the verdict is malformed at `{where}`: {first['msg'].lower()}") from error
    if not hmac.compare_digest(verdict.nonce.encode("utf-8", "replace"), nonce.encode()):
        raise _NoVerdict("the verdict carries a wrong nonce")
    if problem := _contradiction(verdict, manifest):
        raise _NoVerdict(f"the verdict contradicts {problem}")
    return verdict


def _counted(check: CheckVerdict | ScoredCheck) -> tuple[str, str, Decimal]:
    """How a check counts; a veto has no weight, whatever is written."""
    return check.name, check.kind, Decimal(check.weight) if check.kind == "check" else Decimal(0)


def _contradiction(verdict: Verdict, manifest: Manifest) -> str:
    """What a verdict contradicts: the manifest or itself."""
    if verdict.task != manifest.task:
        return "the manifest: it is of another task"
    if not all(WEIGHT.fullmatch(check.weight) for check in verdict.checks):
        return "itself: a weight is not a number"
    if sorted(map(_counted, verdict.checks)) != sorted(map(_counted, manifest.scoring.checks)):
        return "the manifest: it judges other checks, or by other weights"
    texts = [verdict.C, verdict.score_checks, *(check.credit for check in verdict.checks)]
    if not all(_SHARE.fullmatch(text) and Decimal(text) <= 1 for text in texts):
        return "itself: a credit is not a share"
    credits = [(Decimal(c.weight), Decimal(c.credit)) for c in verdict.checks if c.kind == "check"]
    if abs(weighted(credits) - Decimal(verdict.C)) > _SLACK:
        return "itself: C is not the weighted mean of the credits"
    vetoed = any(not check.passed for check in verdict.checks if check.kind != "check")
    if vetoed and verdict.V == "1" and Decimal(verdict.C) > 0:
        return "itself: a veto was not applied"
    if round_score(Decimal(verdict.C) * int(verdict.V)) != Decimal(verdict.score_checks):
        return "itself: score_checks is not C * V"
    return ""
