"""What a black-box harness says of an attempt, held against what the gateway has seen: its transcripts are kept beside the capture, and where
it differs is noted in the trajectory. All of it comes out of the sandbox, so it is bounded, and nothing follows from it."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.differences import Account, Answer, Difference
from clawc.runtime.sandbox.finish import in_thread
from clawc.runtime.sandbox.interface import FileProblem, Sandbox
from clawc.runtime.trajectory.openclaw import read_openclaw
from clawc.runtime.trajectory.records import TrajectoryRecord
from clawc.runtime.trajectory.strangers import open_inside
from clawc.runtime.trajectory.transcript import joined

TRANSCRIPTS = "transcripts"
_FILES = 8
_BYTES = 16 << 20
_LISTED = 200

Note = Callable[[str, Mapping[str, object]], None]


async def note_account(note: Note, account: Account, folder: Path, sandbox: Sandbox, at: str) -> None:
    """Note how the harness has told the model's answers otherwise and, if it keeps transcripts in the folder `at` of the sandbox, what these
    say; they are kept in the folder of the attempt. Raises OSError where they cannot be kept."""
    if account.counts:
        note("differences", _listed(account.counts, account.listed))
    if at:
        note("transcript", await _transcript(folder, sandbox, at, tuple(account.answers.values())))


async def _transcript(folder: Path, sandbox: Sandbox, at: str, answers: Sequence[Answer]) -> Mapping[str, object]:
    with tempfile.TemporaryDirectory(prefix=".transcripts-", dir=folder) as scratch:
        copied = Path(scratch) / "copied"
        try:
            await sandbox.copy(at, copied)
        except FileProblem as problem:
            return {"missing": str(problem)[:500]}
        return await in_thread(_read, folder / TRANSCRIPTS, copied, answers)


def _read(kept: Path, copied: Path, answers: Sequence[Answer]) -> Mapping[str, object]:
    """Keep the session files of a copied folder, and say what is in them."""
    names = sorted(name for name in os.listdir(copied) if name.endswith(".jsonl") and not name.startswith("."))
    files, unreadable, records = list[str](), dict[str, str](), list[TrajectoryRecord]()
    kept.mkdir()
    for name in names[-_FILES:]:
        source = copied / name
        if not source.is_file() or source.stat().st_size > _BYTES:
            unreadable[name] = f"it is no file of at most {_BYTES >> 20} MiB"
            continue
        number = f"{len(files) + 1}.jsonl"  # its own name is the agent's
        os.rename(source, kept / number)
        files.append(number)
        stored = open_inside(kept, number)
        with suppress(OSError):
            (kept / number).chmod(0o644)
        if stored is None:
            continue
        try:
            with stored.file:
                records.append(read_openclaw(stored))
        except RuntimeFault as fault:
            unreadable[name] = fault.message.replace(f"{kept}/", "")[:500]
    told = joined(records, answers)
    document: dict[str, object] = {
        "files": files, "answers": told.answers, "joined": told.joined, "untold": list(told.untold[:_LISTED]),
        "unheard": list(told.unheard), "errors": list(told.errors),
    }  # fmt: skip
    if told.differences:
        counts: Counter[str] = Counter(each.kind for each in told.differences)
        document["differences"] = _listed(counts, told.differences[:_LISTED])
    if unreadable or len(names) > _FILES:
        document["unreadable"] = unreadable
        document["left_out"] = max(0, len(names) - _FILES)
    return document


def _listed(counts: Mapping[str, int], found: Sequence[Difference]) -> Mapping[str, object]:
    """How many of each kind there are, and the first of them."""
    return {"counts": dict(sorted(counts.items())), "listed": [each.document() for each in found]}
