"""Judgements that were made before, by all that they follow from: an SQLite file in the cache folder of the user.

What goes wrong with it costs calls, never a verdict: an entry is read as a stranger's, and one that does not fit its rubric
counts for nothing.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from clawc.runtime.cache_database import open_cache
from clawc.runtime.judge.records import RubricJudgement
from clawc.runtime.judge.rubric import Rubric
from clawc.runtime.judge.votes import decimal_share, final_verdict, rubric_share
from clawc.spec.rubric import Decision
from clawc.spec.scoring import score_text

LAYOUT = 1
_TABLE = "judgements (key text primary key, at integer, data text)"
MAX_ROWS = 100_000
_BYTES = 4 << 20


class JudgementCache:
    """Opened for one command, in `folder`; a folder of somebody else's is not used."""

    def __init__(self, folder: Path) -> None:
        self._database: sqlite3.Connection | None = None
        with suppress(OSError, sqlite3.Error):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
                return
            self._database = open_cache(folder / f"judgements-{LAYOUT}.sqlite", _TABLE, "normal")

    def find(self, key: str, rubric: Rubric) -> RubricJudgement | None:
        """The judgement, if it is one of this rubric."""
        if self._database is None:
            return None
        with suppress(sqlite3.Error, ValidationError, ValueError):
            row = self._database.execute(
                "select data from judgements where key = ? and length(data) <= ?", (key, _BYTES)
            ).fetchone()
            if row is not None:
                found = RubricJudgement.model_validate_json(row[0])
                return found if _fits(found, rubric) else None
        return None

    def put(self, key: str, judgement: RubricJudgement) -> None:
        """Keep a judgement; durable at once, so that a kill loses no answer."""
        if self._database is None:
            return
        with suppress(sqlite3.Error):
            self._database.execute(
                "insert or replace into judgements values (?, ?, ?)",
                (key, time.time_ns(), judgement.model_dump_json()),
            )
            self._database.commit()

    def close(self) -> None:
        """Drops the oldest beyond a bound; may be called twice."""
        if self._database is None:
            return
        with suppress(sqlite3.Error):
            self._database.execute(
                "delete from judgements where key in (select key from judgements order by at desc limit -1 offset ?)",
                (MAX_ROWS,),
            )
            self._database.commit()
        self._database.close()
        self._database = None


def _fits(found: RubricJudgement, rubric: Rubric) -> bool:
    """Whether it is a judgement of the rubric that agrees with itself."""
    criteria = rubric.criteria
    verdicts: dict[str, Decision] = {each.name: each.verdict for each in found.criteria}
    return (
        (found.name, found.weight) == (rubric.spec.name, rubric.spec.weight)
        and [(each.name, each.points) for each in found.criteria] == [(c.name, c.points) for c in rubric.spec.criteria]
        and len(found.votes) in (2, 3)
        and all(set(vote.criteria) == set(criteria) for vote in found.votes)
        and all(verdicts[name] == final_verdict([vote.criteria[name] for vote in found.votes]) for name in criteria)
        and found.share == score_text(decimal_share(rubric_share(rubric.spec, verdicts)))
    )
