"""What is noted of a task where it is proved, and whether the reference solver of its archetype solves it."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import TypedDict

from clawc.compiler.pipeline import Compiled
from clawc.runtime.synth.structure import data_hash, structure

BRIEF = ".brief.json"


class Note(TypedDict):
    """Digests, the instruction as the agent gets it, the files of the workspace (base64), and whether the reference solver knows
    all that is asked for."""

    structure: str
    data: str
    instruction: str
    files: dict[str, str]
    solvable: bool


def note(path: str, compiled: Compiled) -> Note:
    """What a row of the set needs and no card holds, of the task whose source is at this path."""
    pristine = sorted(compiled.trial.pristine.items())
    return {
        "structure": structure(compiled), "data": data_hash(compiled), "instruction": compiled.task.told,
        "files": {name: b64encode(data).decode("ascii") for name, data in pristine}, "solvable": _agrees(path, compiled) is not None,
    }  # fmt: skip


def solves(path: str, compiled: Compiled) -> bool:
    """Does the reference solver, from the facts of the instruction beside the source at this path, earn full credit?"""
    return _agrees(path, compiled) is True


def _agrees(path: str, compiled: Compiled) -> bool | None:
    """None where the solver does not know what is asked for. One that fails at its work does not agree."""
    from clawc.stdlib.archetypes.solvers import Unsolvable, solve

    brief = json.loads(Path(path).with_suffix(BRIEF).read_bytes())
    try:
        made = solve(brief, dict(compiled.trial.pristine))
    except Unsolvable:
        return None
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return False
    return bool(compiled.trial.judge(dict(made), [])["score_checks"] == "1")
