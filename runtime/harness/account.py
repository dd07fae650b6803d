"""What a black-box harness says of an attempt, held against what the gateway has seen: its transcripts are kept beside the capture, and where
it differs is noted in the trajectory. All of it comes out of the sandbox, so it is bounded, and nothing follows from it."""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.differences import Account, Answer, Difference
from clawc.runtime.sandbox.finish import in_thread
from clawc.runtime.sandbox.interface import FileProblem, Sandbox
from clawc.runtime.sandbox.remove import remove_tree
from clawc.runtime.trajectory.openclaw import read_openclaw
from clawc.runtime.trajectory.records import TrajectoryRecord
from clawc.runtime.trajectory.strangers import Stored, open_file
from clawc.runtime.trajectory.transcript import joined

TRANSCRIPTS = "transcripts"
_FILES = 8
_BYTES = 16 << 20
_LISTED = 200
# Values take far more memory and time than texts.
_BESIDE = 2 << 20
_VALUES = 300_000
_MARKS = (b",", b"[", b"{")
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)

Note = Callable[[str, Mapping[str, object]], None]


async def note_account(note: Note, account: Account, folder: Path, sandbox: Sandbox, at: str) -> None:
    """Note how the harness has told the model's answers otherwise and, if it keeps transcripts in the folder `at` of the sandbox, what these
    say; they are kept in the folder of the attempt. Raises OSError where they cannot be kept."""
    if account.counts:
        note("differences", _listed(account.counts, account.listed))
    if at:
        note("transcript", await _transcript(folder, sandbox, at, tuple(account.answers.values())))


async def _transcript(folder: Path, sandbox: Sandbox, at: str, answers: Sequence[Answer]) -> Mapping[str, object]:
    scratch = Path(tempfile.mkdtemp(prefix=".transcripts-", dir=folder))
    try:
        copied = await sandbox.copy(at, scratch / "copied")
        found = await in_thread(_read, folder / TRANSCRIPTS, scratch / "copied", answers)
        return {**found, "over": copied.over} if copied.over else found
    except FileProblem as problem:
        return {"missing": str(problem)[:500]}
    finally:
        await in_thread(remove_tree, scratch)


def _read(kept: Path, copied: Path, answers: Sequence[Answer]) -> Mapping[str, object]:
    """Keep the session files of a copied folder, and say what is in them."""
    names = sorted(name for name in os.listdir(copied) if name.endswith(".jsonl") and not name.startswith("."))
    files, unreadable = list[str](), dict[str, str]()
    left = _BYTES

    def records() -> Iterator[TrajectoryRecord]:
        """One after the other, since each may take much memory."""
        nonlocal left
        for name in names[-_FILES:]:
            source = copied / name
            size = source.stat().st_size
            if not source.is_file() or size > _BYTES:
                unreadable[name] = f"it is no file of at most {_BYTES >> 20} MiB"
                continue
            if size > left:
                unreadable[name] = f"together they have more than {_BYTES >> 20} MiB"
                continue
            left -= size
            number = f"{len(files) + 1}.jsonl"  # its own name is the agent's
            os.rename(source, kept / number)
            files.append(number)
            with suppress(OSError):
                (kept / number).chmod(0o644)
            try:
                stored = _opened(kept, number)
                with stored.file:
                    yield read_openclaw(stored)
            except RuntimeFault as fault:
                unreadable[name] = fault.message.replace(f"{kept}/", "")[:500]

    kept.mkdir()
    told = joined(records(), answers)
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


def _opened(kept: Path, number: str) -> Stored:
    """A session file, to read. Raises RuntimeFault R0901, R0902 for one that holds so much beside its texts that reading it would take too
    long."""
    stored = open_file(kept / number)
    data = stored.file.read()
    stored.file.seek(0)
    if sum(map(data.count, _MARKS)) > _VALUES:
        beside = at = 0
        for text in _TEXT.finditer(data):
            beside, at = beside + text.start() - at, text.end()
            if beside > _BESIDE:
                break
        if beside + len(data) - at > _BESIDE:
            stored.file.close()
            raise RuntimeFault("R0902", f"`{stored.name}`: more than {_BESIDE >> 20} MiB beside its texts")
    return stored


def _listed(counts: Mapping[str, int], found: Sequence[Difference]) -> Mapping[str, object]:
    """How many of each kind there are, and the first of them."""
    return {"counts": dict(sorted(counts.items())), "listed": [each.document() for each in found]}
