"""Re-scorings of a run: `scores/<id>.jsonl`, one journal for each set of bundles that judged. What the episodes were given
when they were played is never changed; a re-scoring lies over it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import EpisodeRecord, ScoreRecord
from clawc.runtime.store.decode import score_of
from clawc.runtime.store.journal import Journal
from clawc.runtime.store.keyed import journal_ids, keyed, open_keyed
from clawc.spec.bundle import CHECKER

SCORES = "scores"
ORIGINAL = "original"


def scoring_id(bundles: Sequence[Bundle]) -> str:
    """Names the re-scoring by these bundles: 16 hexadecimal digits of the hash of their ids and checkers."""
    judges = sorted((b.manifest.task, b.manifest.id, b.files[CHECKER].sha256) for b in bundles)
    return hashlib.sha256(repr(judges).encode()).hexdigest()[:16]


def scorings(folder: Path) -> list[str]:
    """The ids of the re-scorings of a run."""
    return journal_ids(folder / SCORES)


def each_score(folder: Path, id: str) -> Iterator[ScoreRecord]:
    """The records of one re-scoring; raises RuntimeFault R0205 and R0206."""
    for record, _ in keyed(folder / SCORES / f"{id}.jsonl", score_of):
        yield record


class Judged(NamedTuple):
    """Records as a scoring has them. `by` counts those of each judgement: the id of a re-scoring, or "original";
    what the infrastructure failed was never judged."""

    records: list[EpisodeRecord]
    by: dict[str, int]


def rescored(folder: Path, records: Iterable[EpisodeRecord], scoring: str) -> list[EpisodeRecord]:
    """Records as `scoring` judges them; as `judged`."""
    return judged(folder, records, scoring).records


def judged(folder: Path, records: Iterable[EpisodeRecord], scoring: str, without: Collection[str] = ()) -> Judged:
    """Records as `scoring` judges them: "original", "latest" (of each attempt), or the id of a re-scoring; as if those of
    `without` were not there. Raises RuntimeFault R0209 for an unknown one."""
    known = [] if scoring == "original" else [id for id in scorings(folder) if id not in without]
    if scoring not in ("original", "latest", *known):
        there = "There are " + ", ".join(f"`{id}`" for id in known) + "." if known else "The run has none."
        raise RuntimeFault("R0209", f"the run has no re-scoring `{scoring}`", f"{there} `original` is what was first.")
    newest: dict[str, tuple[str, ScoreRecord]] = {}
    for id in known if scoring == "latest" else [scoring] if known else []:
        for score in each_score(folder, id):
            before = newest.get(score.key)
            if before is None or score.judged >= before[1].judged:
                newest[score.key] = id, score
    found = Judged([], {})
    for record in records:
        id, last = newest.get(record.key, (ORIGINAL, None))
        other = laid_over(record, last)
        found.records.append(other)
        if other.outcome != "infra_error":
            by = ORIGINAL if other is record else id
            found.by[by] = found.by.get(by, 0) + 1
    return found


def laid_over(record: EpisodeRecord, score: ScoreRecord | None) -> EpisodeRecord:
    """The record as judged again; as it is if the score is none of its own."""
    if score is None or score.task != record.task:
        return record
    fields = ("outcome", "score", "score_checks", "C", "V", "checks", "evidence")
    return record.model_copy(update={name: getattr(score, name) for name in fields})


class ScoreStore:
    """A re-scoring that is being written; made by `open_scores`. `done` are the keys that it has."""

    def __init__(self, journal: Journal, done: set[str]) -> None:
        self.done = done
        self._journal = journal

    async def append(self, record: ScoreRecord) -> None:
        """Add a record; done once it is durable. Raises RuntimeFault R0203 on a full disk, and nothing is added."""
        await self._journal.write(record.model_dump_json().encode() + b"\n")
        self.done.add(record.key)

    async def close(self) -> None:
        await self._journal.close()


def open_scores(folder: Path, id: str) -> ScoreStore:
    """Begin or continue a re-scoring; raises as `open_journal`, and what `each_score` raises."""
    done = set[str]()
    journal = open_keyed(folder / SCORES / f"{id}.jsonl", score_of, lambda record: done.add(record.key))
    return ScoreStore(journal, done)
