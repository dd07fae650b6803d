"""Judgements of a run: `judgements/<id>.jsonl`, beside the re-scoring `scores/<id>.jsonl` that they led to."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from clawc.runtime.bundle import Bundle
from clawc.runtime.judge.records import JUDGEMENT_FORMAT_VERSION, JudgementRecord
from clawc.runtime.store.decode import record_of
from clawc.runtime.store.journal import LINE_BYTES, Journal
from clawc.runtime.store.keyed import journal_ids, keyed, open_keyed

JUDGEMENTS = "judgements"
# What the model has cost, over all starts; beside the judgements.
COSTS = "costs.jsonl"


def judging_id(bundles: Sequence[Bundle], identity: str, base: Collection[str]) -> str:
    """Names the judging of a run by these bundles and this judge over the checks of the scorings `base`: 16 hexadecimal digits."""
    parts = [sorted((b.manifest.task, b.manifest.id) for b in bundles), identity, sorted(base)]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def judgings(folder: Path) -> list[str]:
    """The ids of the judgings of a run."""
    return journal_ids(folder / JUDGEMENTS)


def judgement_of(line: bytes, where: str) -> JudgementRecord:
    """A line; raises RuntimeFault R0205 for a newer format, R0206 for anything that is no record."""
    return record_of(JudgementRecord, JUDGEMENT_FORMAT_VERSION, line, where)


def each_judgement(folder: Path, id: str) -> Iterator[JudgementRecord]:
    """The records of one judging; raises RuntimeFault R0205 and R0206."""
    for record, _ in keyed(folder / JUDGEMENTS / f"{id}.jsonl", judgement_of):
        yield record


class JudgementStore:
    """A judging that is being written; made by `open_judgements`. `shares` has `R` of each attempt that it holds."""

    def __init__(self, journal: Journal, shares: dict[str, str]) -> None:
        self.shares = shares
        self._journal = journal

    async def append(self, record: JudgementRecord) -> None:
        """Add a record; done once it is durable. One that no reader would take for its length is kept without its votes. Raises
        RuntimeFault R0203 on a full disk, and nothing is added."""
        line = record.model_dump_json().encode()
        if len(line) >= LINE_BYTES:
            bare = [rubric.model_copy(update={"votes": (), "notes": ()}) for rubric in record.rubrics]
            line = record.model_copy(update={"rubrics": tuple(bare)}).model_dump_json().encode()
        await self._journal.write(line + b"\n")
        self.shares[record.key] = record.R

    async def close(self) -> None:
        await self._journal.close()


def open_judgements(folder: Path, id: str) -> JudgementStore:
    """Begin or continue a judging; raises as `open_keyed`."""
    shares: dict[str, str] = {}

    def known(record: JudgementRecord) -> None:
        shares[record.key] = record.R

    return JudgementStore(open_keyed(folder / JUDGEMENTS / f"{id}.jsonl", judgement_of, known), shares)
