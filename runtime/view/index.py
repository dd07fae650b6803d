"""What is shown of the attempts of a run, in an SQLite file of this user's cache that grows with the run's journal.

The journal decides: the file is made anew where it does not fit to the journal's beginning, and may be deleted. No record is kept in
memory, so that a run of 100,000 episodes is opened in the room that one of 100 takes.
"""

from __future__ import annotations

import gc
import hashlib
import os
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar, cast

from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.judge.records import JudgementRecord
from clawc.runtime.judge.store import JUDGEMENTS, each_judgement, judgement_of, judgings
from clawc.runtime.records import EpisodeRecord, RunInfo, ScoreRecord
from clawc.runtime.store.decode import score_of
from clawc.runtime.store.index import Entry
from clawc.runtime.store.journal import open_to_read
from clawc.runtime.store.run_folder import EPISODES, attempts_from, read_info, records_at
from clawc.runtime.store.scores import SCORES, each_score, laid_over, scorings

LAYOUT = 3
_FOLDER = "view"
_BATCH = 1_000
_EDGE = 64 << 10
# Of a text that is searched, and of all texts of an attempt.
_TEXT = 400
_KEPT_DAYS = 30
_LARGEST = 2**62
_KEPT = 32
_T = TypeVar("_T")
# Seconds between two looks at whether the journal has grown.
_FRESH = 1.0

_COLUMNS = (
    "n INTEGER PRIMARY KEY, offset INTEGER NOT NULL, length INTEGER NOT NULL, key TEXT NOT NULL UNIQUE, episode TEXT NOT NULL,"
    " attempt INTEGER NOT NULL, counts INTEGER NOT NULL, task TEXT NOT NULL, template TEXT NOT NULL, category TEXT NOT NULL,"
    " seed TEXT NOT NULL, outcome TEXT NOT NULL, score REAL, seconds REAL NOT NULL, tool_calls INTEGER NOT NULL,"
    " model_calls INTEGER NOT NULL, tokens INTEGER, cost REAL, changed INTEGER, started TEXT NOT NULL, said TEXT NOT NULL"
)
_TABLES = (
    f"CREATE TABLE attempts ({_COLUMNS})",
    "CREATE TABLE failures (n INTEGER NOT NULL, name TEXT NOT NULL, counts INTEGER NOT NULL)",
    "CREATE TABLE scores (key TEXT PRIMARY KEY, judged TEXT NOT NULL, record BLOB NOT NULL)",
    "CREATE TABLE judgements (key TEXT PRIMARY KEY, judged TEXT NOT NULL, record BLOB NOT NULL)",
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    # Those by which an attempt that is taken in finds earlier ones.
    "CREATE INDEX by_episode ON attempts (episode)",
    "CREATE INDEX of_attempt ON failures (n)",
)
# Made when all is in, which is faster than keeping them while it gets in.
_INDEXES: Mapping[str, str] = {
    "in_order": "attempts (counts, n)",
    "by_task": "attempts (counts, task, n)",
    "of_task": "attempts (counts, task, category, score, seconds, tokens, cost)",
    "by_outcome": "attempts (counts, outcome, n)",
    "by_score": "attempts (counts, score, n)",
    "by_seconds": "attempts (counts, seconds, n)",
    "by_tokens": "attempts (counts, tokens, n)",
    "by_cost": "attempts (counts, cost, n)",
    "by_failure": "failures (name, n)",
    "counted": "failures (counts, name)",
}


class Place(NamedTuple):
    """Where the line of an attempt is in the journal, in bytes."""

    offset: int
    length: int


class RunIndex:
    """The attempts of the run in `folder`, made by `open_index`. Its methods may be called from several threads."""

    def __init__(self, folder: Path, info: RunInfo, database: sqlite3.Connection, path: Path | None) -> None:
        self.folder = folder
        self.info = info
        self.path = path
        # Grows with each change, for what is computed from the index and kept.
        self.version = 0
        self._database = database
        self._lock = threading.RLock()
        self._looked = 0.0
        self._kept: OrderedDict[Hashable, object] = OrderedDict()

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """What a query of ours gives."""
        with self._lock:
            return self._database.execute(query, tuple(values)).fetchall()

    def kept(self, name: Hashable, make: Callable[[], _T]) -> _T:
        """What `make` returns, made once for each state of the run; the last 32 are kept."""
        key = (self.version, name)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast("_T", self._kept[key])
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made

    def refresh(self, told: Callable[[int], None] | None = None, *, now: bool = False) -> None:
        """Take in what the run has since written; `told` gets the count of attempts now and then. A journal that was changed before
        its end is read again. Raises RuntimeFault R0201, R0205 and R0206."""
        with self._lock:
            if not now and time.monotonic() - self._looked < _FRESH:
                return
            self._looked = time.monotonic()
            found = _stamp(self.folder)
            if self._meta().get("stamp") == found and self.version:
                return
            # Another process may look at the same run: one of them takes in what is new.
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._take_in(found, told)
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self.version += 1

    def _take_in(self, found: str, told: Callable[[int], None] | None) -> None:
        known = self._meta()
        self.info = read_info(self.folder)
        scored = _scored(self.folder)
        edge = _edge(self.folder, int(known.get("covered", "0")))
        if known.get("run") != self.info.run_id or known.get("scores") != scored or known.get("edge") != edge:
            self._empty()
            self._take_scores()
        if "covered" not in self._meta():
            for name in _INDEXES:
                self._database.execute(f"DROP INDEX IF EXISTS {name}")
        collecting = gc.isenabled()
        gc.disable()  # records form no cycles; looking for some would take half of the time
        try:
            self._grow(told)
        finally:
            if collecting:
                gc.enable()
        for name, columns in _INDEXES.items():
            self._database.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")
        covered = int(self._meta().get("covered", "0"))
        self._set(run=self.info.run_id, scores=scored, edge=_edge(self.folder, covered), stamp=found)

    def record(self, key: str) -> EpisodeRecord | None:
        """The whole record of an attempt, as it is judged by now; None where the run has none of this key."""
        found = self.rows("SELECT offset, length FROM attempts WHERE key = ?", (key,))
        if not found:
            return None
        offset, length = found[0]
        entry = Entry(int(str(offset)), int(str(length)), key, "", 1, "", "ok", None, None, "[]")
        record = next(iter(records_at(self.folder, [entry])))
        return self._rescored(record)

    def judgement(self, key: str) -> JudgementRecord | None:
        """What a model said last of the rubrics of an attempt; None where none was asked."""
        found = self.rows("SELECT record FROM judgements WHERE key = ?", (key,))
        return judgement_of(str(found[0][0]).encode(), JUDGEMENTS) if found else None

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _rescored(self, record: EpisodeRecord) -> EpisodeRecord:
        found = self.rows("SELECT record FROM scores WHERE key = ?", (record.key,))
        return laid_over(record, score_of(str(found[0][0]).encode(), SCORES)) if found else record

    def _grow(self, told: Callable[[int], None] | None) -> None:
        known = self._meta()
        number, covered = int(known.get("lines", "0")), int(known.get("covered", "0"))
        batch: list[tuple[EpisodeRecord, Place]] = []
        rescored = bool(self.rows("SELECT 1 FROM scores LIMIT 1"))
        for record, line in attempts_from(self.folder, covered, number):
            batch.append((self._rescored(record) if rescored else record, Place(line.offset, len(line.data) + 1)))
            number, covered = line.number, line.offset + len(line.data) + 1
            if len(batch) >= _BATCH:
                self._add(batch, number - len(batch))
                batch = []
                if told is not None:
                    told(number)
        self._add(batch, number - len(batch))
        self._set(lines=str(number), covered=str(covered))

    def _add(self, batch: Sequence[tuple[EpisodeRecord, Place]], before: int) -> None:
        rows: list[tuple[object, ...]] = []
        for number, (record, place) in enumerate(batch, before + 1):
            if record.attempt > 1:
                self._insert(rows)
                rows = []
                earlier = "SELECT n FROM attempts WHERE episode = ?"
                self._database.execute(f"UPDATE failures SET counts = 0 WHERE n IN ({earlier})", (record.episode,))
                self._database.execute("UPDATE attempts SET counts = 0 WHERE episode = ?", (record.episode,))
            rows.append(_values(record, place, number))
        self._insert(rows)
        failed = (
            (number, check.name)
            for number, (record, _) in enumerate(batch, before + 1)
            for check in record.checks
            if not check.passed
        )
        self._database.executemany("INSERT INTO failures SELECT ?1, ?2, counts FROM attempts WHERE n = ?1", failed)

    def _insert(self, rows: Sequence[tuple[object, ...]]) -> None:
        if rows:
            self._database.executemany(
                f"INSERT OR REPLACE INTO attempts VALUES ({', '.join('?' * len(rows[0]))})", rows
            )

    def _take_scores(self) -> None:
        """The newest re-scoring and judgement of each attempt."""
        for id in scorings(self.folder):
            for score in each_score(self.folder, id):
                self._newest("scores", score)
        for id in judgings(self.folder):
            for judgement in each_judgement(self.folder, id):
                self._newest("judgements", judgement)

    def _newest(self, table: Literal["scores", "judgements"], record: ScoreRecord | JudgementRecord) -> None:
        self._database.execute(
            f"INSERT INTO {table} VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET judged = excluded.judged,"
            " record = excluded.record WHERE excluded.judged >= judged",
            (record.key, record.judged, record.model_dump_json()),
        )

    def _empty(self) -> None:
        for table in ("attempts", "failures", "scores", "judgements", "meta"):
            self._database.execute(f"DELETE FROM {table}")

    def _meta(self) -> dict[str, str]:
        return {str(name): str(value) for name, value in self.rows("SELECT name, value FROM meta")}

    def _set(self, **values: str) -> None:
        self._database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())


def open_index(folder: Path, told: Callable[[int], None] | None = None) -> RunIndex:
    """The index of the run in `folder`, as far as the run has got; in memory where the cache cannot be written. Raises RuntimeFault
    R0201, R0205 and R0206."""
    folder = folder.resolve()
    info = read_info(folder)
    path = cache_folder() / _FOLDER / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:32]}-{LAYOUT}.sqlite"
    for where in (path, path, None):  # made anew where it is none, in memory where it cannot be written
        try:
            index = RunIndex(folder, info, _connect(where), where)
            index.refresh(told, now=True)
            return index
        except sqlite3.Error:
            if where is not None:
                _drop(where)
                continue
            raise
        except OSError:
            if where is None:
                raise
    raise AssertionError("an index in memory can be made")


def _connect(path: Path | None) -> sqlite3.Connection:
    """The file, or a database in memory, with its tables."""
    if path is not None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _tidy(path)
        # It holds what agents have said: nobody else's to read.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
    database = sqlite3.connect(path or ":memory:", check_same_thread=False, timeout=60, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA cache_size = -32000")
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'of_attempt'").fetchall():
        for table in _TABLES:
            database.execute(table)
    return database


def _drop(path: Path) -> None:
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        with suppress(OSError):
            name.unlink()


def _tidy(kept: Path) -> None:
    """Remove what nobody has opened for a month."""
    for path in kept.parent.glob("*.sqlite"):
        with suppress(OSError):
            if path != kept and time.time() - path.stat().st_mtime > _KEPT_DAYS * 86_400:
                _drop(path)


def _values(record: EpisodeRecord, place: Place, number: int) -> tuple[object, ...]:
    usage, changes = record.usage, record.changes
    tokens = None if usage.prompt_tokens is None else usage.prompt_tokens + (usage.completion_tokens or 0)
    failed = (check.name for check in record.checks if not check.passed)
    said = " ".join((record.key, record.category, *failed, record.final[:_TEXT], record.evidence[:_TEXT])).lower()
    return (
        number, *place, record.key, record.episode, record.attempt, 1, record.task, record.template, record.category, str(record.seed),
        record.outcome, _real(record.score), sum(record.seconds.values()), _whole(usage.tool_calls), _whole(usage.model_calls),
        None if tokens is None else _whole(tokens), _real(usage.cost),
        None if changes is None else _whole(changes.added + changes.changed + changes.removed), record.started,
        said.encode("utf-8", "replace").decode(),
    )  # fmt: skip


def _whole(number: int) -> int:
    """What SQLite can hold."""
    return max(-_LARGEST, min(_LARGEST, number))


def _real(text: str | None) -> float | None:
    try:
        number = None if text is None else float(text)
    except ValueError:
        return None
    return number if number is not None and isfinite(number) else None


def _stamp(folder: Path) -> str:
    """Differs once the journal or a re-scoring has."""
    try:
        found = os.stat(folder / EPISODES)
        stamp = f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns}"
    except OSError:
        stamp = ""
    return f"{stamp} {_scored(folder)}"


def _scored(folder: Path) -> str:
    return " ".join((*_sizes(folder / SCORES), *_sizes(folder / JUDGEMENTS)))


def _sizes(folder: Path) -> Iterator[str]:
    with suppress(OSError):
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            found = entry.stat(follow_symlinks=False)
            yield f"{entry.name}:{found.st_size}:{found.st_mtime_ns}"


def _edge(folder: Path, covered: int) -> str:
    """A hash of the first and the last bytes of what is covered of the journal."""
    if covered == 0:
        return ""
    try:
        with open_to_read(folder / EPISODES) as file:
            first = file.read(min(_EDGE, covered))
            file.seek(max(0, covered - _EDGE))
            return hashlib.sha256(first + file.read(min(_EDGE, covered))).hexdigest()
    except FileNotFoundError:
        return ""
