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
    """Digests, the instruction as the agent gets it, and the files of the workspace (base64)."""

    structure: str
    data: str
    instruction: str
    files: dict[str, str]


def note(compiled: Compiled) -> Note:
    """What a row of the set needs and no card holds."""
    pristine = sorted(compiled.trial.pristine.items())
    return {
        "structure": structure(compiled), "data": data_hash(compiled), "instruction": compiled.task.told,
        "files": {path: b64encode(data).decode("ascii") for path, data in pristine},
    }  # fmt: skip


def solves(path: str, compiled: Compiled) -> bool:
    """Does the reference solver, from the facts of the instruction beside the source at this path, earn full credit?

    False also where it knows no way: what is expected of it is said by `solvable`.
    """
    from clawc.stdlib.archetypes.solvers import Unsolvable, solve

    brief = json.loads(Path(path).with_suffix(BRIEF).read_bytes())
    files = dict(compiled.trial.pristine)
    try:
        made = solve(brief, files)
    except Unsolvable:
        return False
    return bool(compiled.trial.judge(dict(made), [])["score_checks"] == "1")
