"""What is noted of a task where it is proved, and what the reference solver of its archetype makes of it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from clawc.compiler.pipeline import Compiled
from clawc.runtime.synth.structure import data_hash, structure

BRIEF = ".brief.json"


class Note(TypedDict):
    """Digests, the instruction as the agent gets it, the files of the workspace (base64), whether the reference solver knows all
    that is asked for, and whether checks run programs."""

    structure: str
    data: str
    instruction: str
    files: dict[str, str]
    solvable: bool
    programs: bool


def note(compiled: Compiled, solution: Mapping[str, bytes | None] | None) -> Note:
    """What a row of the set needs and no card holds, of a task and what the reference solver made of it."""
    from clawc.compiler.prove.plan import needs_run

    pristine = sorted(compiled.trial.pristine.items())
    return {
        "structure": structure(compiled), "data": data_hash(compiled), "instruction": compiled.task.told,
        "files": {name: b64encode(data).decode("ascii") for name, data in pristine}, "solvable": solution is not None,
        "programs": bool(needs_run(compiled)),
    }  # fmt: skip


def solution(path: str, compiled: Compiled) -> dict[str, bytes] | None:
    """What the reference solver makes of the facts of the instruction beside the source at this path, and of the workspace; None
    where it does not know what is asked for. One that fails at its work delivers nothing."""
    from clawc.stdlib.archetypes.solvers import Unsolvable, solve

    brief = json.loads(Path(path).with_suffix(BRIEF).read_bytes())
    try:
        # A history is there, but it is no input.
        return solve(brief, {**compiled.trial.pristine, **{f.file.path: f.data for f in compiled.task.placed}})
    except Unsolvable:
        return None
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return {}
