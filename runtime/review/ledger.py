"""The decisions of a review: `decisions.jsonl` in its folder, which only grows and is the truth.

Several processes may share the folder. Each writes under a lock that it holds for one line, after it has read what others appended; a line
that a kill has torn is cut off then.
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from pathlib import Path

from clawc.runtime.engine.untyped import mapping
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.store.decode import record_of
from clawc.runtime.store.journal import Journal, fault_of, lines, open_journal, open_to_read, sync_folder
from clawc.spec.review import REVIEW_FORMAT_VERSION, Decision, ModelFailure

DECISIONS = "decisions.jsonl"
_LOCKED = "R0202"
_DAMAGED = "R0206"
_WAITS = 100  # times _WAIT_S
_WAIT_S = 0.05


class Ledger:
    """The decisions in a folder, in the order in which they were made. Used from one event loop at a time."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder; raises RuntimeFault R0203 or R0207 where that cannot be."""
        self.path = folder / DECISIONS
        self.decisions: list[Decision] = []
        self.failures: list[ModelFailure] = []
        self._keys: set[str] = set()
        self._offset = 0
        self._number = 0
        self._turn = asyncio.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise fault_of(error, folder) from error

    def refresh(self) -> None:
        """Read what was appended since. Raises RuntimeFault R0205 for lines of a newer format, R0206 for a damaged one that is not the last."""
        try:
            file = open_to_read(self.path)
        except FileNotFoundError:
            self._forget()
            return
        with file:
            if os.fstat(file.fileno()).st_size < self._offset:
                self._forget()  # somebody replaced the file
            for line in lines(file, self.path, self._offset, self._number):
                where = f"{self.path}, line {line.number}"
                try:
                    entry = _entry(line.data, where)
                except RuntimeFault as fault:
                    if fault.code == _DAMAGED and line.last:
                        return  # written by a machine that then lost power
                    raise
                self._offset, self._number = line.offset + len(line.data) + 1, line.number
                if entry.key in self._keys:
                    continue
                self._keys.add(entry.key)
                if isinstance(entry, Decision):
                    self.decisions.append(entry)
                else:
                    self.failures.append(entry)

    async def update(self) -> None:
        """`refresh` without holding up others."""
        async with self._turn:
            await asyncio.to_thread(self.refresh)

    async def append(self, entry: Decision | ModelFailure) -> bool:
        """Add a line; done once it is durable. False where a line with its key is there already: a form that was sent twice. Raises RuntimeFault R0202 if
        another process keeps the lock, R0203 or R0207 if nothing can be written, and as `refresh`."""
        async with self._turn:
            journal = await self._locked()
            try:
                self.refresh()
                if entry.key in self._keys:
                    return False
                if self._offset < journal.end:
                    journal.cut(self._offset)
                new = self._offset == 0
                await journal.write(entry.model_dump_json().encode() + b"\n")
                if new:
                    sync_folder(self.path.parent)
                self.refresh()
                return True
            except OSError as error:
                raise fault_of(error, self.path.parent) from error
            finally:
                await journal.close()

    async def _locked(self) -> Journal:
        for _ in range(_WAITS):
            try:
                return open_journal(self.path)
            except RuntimeFault as fault:
                if fault.code != _LOCKED:
                    raise
            await asyncio.sleep(_WAIT_S)
        return open_journal(self.path)

    def _forget(self) -> None:
        self.decisions.clear()
        self.failures.clear()
        self._keys.clear()
        self._offset = self._number = 0


def read_ledger(folder: Path) -> Ledger:
    """The decisions that are in a folder. Raises RuntimeFault R1201 where there are none, and as `Ledger.refresh`."""
    if not (folder / DECISIONS).is_file():
        raise RuntimeFault("R1201", f"there are no decisions in `{folder}`", "Give the folder of a review: --out DIR.")
    found = Ledger(folder)
    found.refresh()
    return found


def _entry(line: bytes, where: str) -> Decision | ModelFailure:
    failed = False
    with suppress(ValueError, RecursionError):
        failed = mapping(json.loads(line)).get("kind") == "failure"
    if failed:
        return record_of(ModelFailure, REVIEW_FORMAT_VERSION, line, where)
    return record_of(Decision, REVIEW_FORMAT_VERSION, line, where)
