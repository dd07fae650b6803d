"""Proofs of sources in this process, and where a planted spec says that a finding belongs."""

from __future__ import annotations

import re
from pathlib import Path

from clawc.commands.sources import check_file
from clawc.compiler.passes.allow import split
from clawc.compiler.pipeline import Compiled
from clawc.compiler.prove.findings import findings_of
from clawc.compiler.prove.plan import judge_here, plan_of
from clawc.compiler.prove.proof import Proof, conclude
from clawc.compiler.source import Diagnostic

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(
    [*ROOT.glob("examples/*.claw"), *ROOT.glob("examples/*/*.claw"), *ROOT.glob("examples/clawgym/*/*.claw")]
)
_WANTED = re.compile(r"#!.*?((?:[EW]\d{4}[ ,]*)+)")


def proved(compiled: Compiled, limit: int = 0) -> Proof:
    """The proof without programs; `limit` is the number of mutants."""
    plan = plan_of(compiled, "admit", limit)
    return conclude(plan, judge_here(plan))


def said_of(path: Path, limit: int = 0) -> list[Diagnostic]:
    """What a check and a proof say of a source, without what it allows."""
    checked = check_file(path)
    found = list(checked.diagnostics)
    for compiled in checked.tasks:
        kept, _ = split(findings_of(proved(compiled, limit)), checked.allowances, checked.source)
        found += kept
    return found


def wanted_of(path: Path) -> set[tuple[str, int]]:
    """Code and line of each finding that a planted spec wants: `#! W0805` stands at the end of its line."""
    found: set[tuple[str, int]] = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = _WANTED.search(line)
        if match:
            found |= {(code, number) for code in re.findall(r"[EW]\d{4}", match[1])}
    return found
