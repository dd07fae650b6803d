"""Makes a set of tasks: rounds of proposals are screened, proved and taken, until there are as many as were asked for.

A round is a file of the work folder that is written when it is over, so a batch that was interrupted goes on behind the last
one, with the same tasks as in a single go. What a round draws hangs on the rounds before it and on nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

from clawc import __version__
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.synth.leakage import Leakage
from clawc.runtime.synth.note import BRIEF, Note
from clawc.runtime.synth.rows import CardSummary, TaskFile, TaskRow
from clawc.runtime.synth.screen import Screen
from clawc.runtime.synth.semantic import Encoder
from clawc.stdlib.archetypes.archetype import Proposal
from clawc.stdlib.archetypes.draw import Balance
from clawc.stdlib.archetypes.propose import propose

ROUND = 400  # proposals that are proved together
SETTINGS = "settings.json"
SEED_OF_TASKS = 0
# Proposals in a row of which none is taken, after which a batch gives up.
FRUITLESS = 400
_MOST_DRAWN = 10 * ROUND


class Outcome(NamedTuple):
    """What came of proving one source: why it is not clean, or its card in short with what was noted. `solved` of `tried`
    seeds the reference solver solves."""

    path: Path
    why: str
    card: CardSummary | None = None
    bundle: str = ""
    note: Note | None = None
    solved: int = 0
    tried: int = 0


Prove = Callable[[Sequence[Path]], Iterator[Outcome]]


@dataclass(frozen=True, slots=True)
class Settings:
    """How many tasks, from which seed; `against` names suites that nothing may be taken from."""

    count: int
    seed: int
    against: tuple[str, ...] = ()

    def stored(self) -> dict[str, object]:
        """What a work folder remembers: a batch with another count goes on, one with another seed is another batch."""
        return {
            "format_version": 1,
            "clawc": __version__,
            "seed": self.seed,
            "count": self.count,
            "against": list(self.against),
        }


@dataclass(slots=True)
class Batch:
    """What there is so far: rows that were taken, and why others were not."""

    rows: list[TaskRow]
    dropped: Counter[str]
    proposed: int = 0
    leaks: int = 0


def synthesise(
    settings: Settings, work: Path, prove: Prove, encode: Encoder | None, leakage: Leakage | None = None,
    progress: Callable[[Batch], None] | None = None, screen: Screen | None = None,
) -> Batch:  # fmt: skip
    """All rows, without splits. `screen` is shared with what other providers make. Raises RuntimeFault R1004 for a work folder of another batch, R1005 where nothing more is taken,
    and what `prove` raises."""
    _claim(settings, work)
    batch, balance = Batch([], Counter()), Balance()
    screen = Screen(settings.count, encode) if screen is None else screen
    number = fruitless = 0
    # A round is drawn while the one before it is proved, so by the counts of the one before that.
    ahead, wanted = _Drawing(settings, balance, screen), 0
    held: list[tuple[tuple[str, str], ...]] = []
    while len(batch.rows) < settings.count:
        if fruitless >= FRUITLESS:
            raise _exhausted(settings, batch, fruitless)
        first, taken = batch.proposed, len(batch.rows)
        file = work / f"round-{number:04}.jsonl"
        lines = _read(file)
        if lines is None:
            ahead.begin(first, wanted)
            drawn = ahead.all()
            if not drawn:
                ahead.begin(first, _size(settings.count - taken))
                drawn = ahead.all()
            _count(balance, held)
            wanted = _size(settings.count - taken - sum(not one.refused for one in drawn))
            ahead.begin(first + len(drawn), wanted)
            lines = _round(settings, work / "sources", drawn, prove, screen, batch, leakage, ahead.some)
            ahead.all()
            _write(file, lines)
        else:
            _replay(lines, screen)
            _count(balance, held)
            wanted = _size(settings.count - taken - sum(bool(line.text) for line in lines))
        for line in lines:
            batch.proposed += 1
            if line.why:
                batch.dropped[line.why] += 1
            elif len(batch.rows) < settings.count:
                assert line.row is not None
                batch.rows.append(line.row)
                held.append(line.picks)
        if progress is not None:
            progress(batch)
        number += 1
        fruitless = fruitless + batch.proposed - first if len(batch.rows) == taken else 0
    return batch


def _count(balance: Balance, held: list[tuple[tuple[str, str], ...]]) -> None:
    for picks in held:
        balance.count(picks)
    held.clear()


def _exhausted(settings: Settings, batch: Batch, fruitless: int) -> RuntimeFault:
    why = ", ".join(f"{reason} ({count})" for reason, count in batch.dropped.most_common(3))
    return RuntimeFault(
        "R1005",
        f"none of the last {fruitless} proposals was taken; there are {len(batch.rows)} tasks of {settings.count}; most often: {why}",
        "ask for fewer tasks, or for more archetypes; what there is stays in the work folder",
    )


def _size(lacking: int) -> int:
    """Proposals that a round proves: some more than are lacking."""
    return min(ROUND, lacking + lacking // 5 + 8) if lacking > 0 else 0


class _Drawn(NamedTuple):
    """A proposal, and why its text alone speaks against it."""

    proposal: Proposal
    refused: str


class _Drawing:
    """The proposals of a round, drawn a few at a time, until so many have a text that is taken: the larger a set, the more texts are like
    one of it. Fewer where that takes long. What is drawn does not depend on when; the counts must stay as they are until it is all."""

    def __init__(self, settings: Settings, balance: Balance, screen: Screen) -> None:
        self._settings, self._balance, self._screen = settings, balance, screen
        self._first = -1
        self._wanted = self._refused = 0
        self._found: list[_Drawn] = []

    def begin(self, first: int, wanted: int) -> None:
        """From the proposal number `first` on; what was begun with the same number goes on."""
        if first != self._first or not self._found:
            self._first, self._wanted, self._refused, self._found = first, wanted, 0, []

    def some(self, count: int = 3) -> None:
        """Draws at most so many."""
        for _ in range(count):
            if self._wanted <= 0 or self._refused >= FRUITLESS or len(self._found) >= _MOST_DRAWN:
                return
            one = propose(self._settings.seed, self._first + len(self._found), self._balance)
            why = self._screen.text(one.name, one.category, one.source, one.instruction)
            self._found.append(_Drawn(one, why))
            self._wanted, self._refused = (self._wanted, self._refused + 1) if why else (self._wanted - 1, 0)

    def all(self) -> list[_Drawn]:
        """All of them."""
        self.some(_MOST_DRAWN)
        return self._found


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one proposal. `text` is its instruction where it passed the first screen."""

    name: str
    why: str
    category: str
    source: str
    text: str
    picks: tuple[tuple[str, str], ...]
    row: TaskRow | None


def _round(
    settings: Settings, folder: Path, drawn: Sequence[_Drawn], prove: Prove, screen: Screen, batch: Batch, leakage: Leakage | None,
    meanwhile: Callable[[], None],
) -> list[Line]:  # fmt: skip
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    left = [one for one, refused in drawn if not refused]
    for one in left:
        (folder / f"{one.name}.claw").write_text(one.source, encoding="utf-8")
        (folder / f"{one.name}{BRIEF}").write_text(json.dumps(one.brief), encoding="utf-8")
    # Sandboxes of tasks with programs are at work longest, so these are proved first.
    left.sort(key=lambda one: " = run(" not in one.source)
    outcomes: dict[str, Outcome] = {}
    for outcome in prove([folder / f"{one.name}.claw" for one in left]):
        outcomes[outcome.path.stem] = outcome
        meanwhile()
    lines: list[Line] = []
    taken = len(batch.rows)
    for one, refused in drawn:
        why, row = refused, None
        if not why:
            why, row = _judged(one, outcomes[one.name], screen, leakage)
            if row is not None and taken >= settings.count:
                why, row = "not needed any more", None
            taken += row is not None
        text = "" if refused else one.instruction
        lines.append(
            Line(
                one.name, why, one.category, one.source if text else "", text, one.picks if row is not None else (), row
            )
        )
    shutil.rmtree(folder, ignore_errors=True)
    return lines


def _judged(one: Proposal, outcome: Outcome, screen: Screen, leakage: Leakage | None) -> tuple[str, TaskRow | None]:
    if outcome.why or outcome.card is None or outcome.note is None:
        return outcome.why or "not proved", None
    if outcome.note["solvable"] and outcome.solved != outcome.tried:
        return "the reference solver disagrees", None
    made = _row(one, outcome.card, outcome.bundle, outcome.note)
    if leakage is not None and leakage.check([made]):
        return "leaks from a suite", None
    why = screen.structure(made.structure, made.data)
    return (why, None) if why else ("", made)


def _row(one: Proposal, card: CardSummary, bundle: str, noted: Note) -> TaskRow:
    from base64 import b64decode

    return TaskRow(
        id=one.name, family=_family(one), archetype=one.archetype, category=one.category, operations=tuple(sorted(one.operations)),
        formats=tuple(sorted(set(one.formats) - {">"})), shape=one.shape[0] if one.shape else "one", instruction=noted["instruction"], source=one.source,
        persona=one.persona, seed=SEED_OF_TASKS, bundle=bundle, structure=noted["structure"], data=noted["data"], card=card,
        files=tuple(TaskFile(path=path, bytes=b64decode(data)) for path, data in noted["files"].items()),
    )  # fmt: skip


def _family(one: Proposal) -> str:
    """Tasks of one archetype whose parts are the same, whatever they are about."""
    return f"{one.archetype}: {' '.join(one.parts)}"[:200]


def _claim(settings: Settings, work: Path) -> None:
    path = work / SETTINGS
    try:
        work.mkdir(parents=True, exist_ok=True)
        if path.exists():
            before = cast("dict[str, object]", json.loads(path.read_bytes()))
            wanted = settings.stored()
            other = [key for key in ("clawc", "seed", "against") if before.get(key) != wanted[key]]
            if other:
                raise RuntimeFault("R1004", f"`{work}` holds a batch with another {other[0]}: {before.get(other[0])}",
                                   "give another folder, or remove this one")  # fmt: skip
        whole_file(path, json.dumps(settings.stored(), indent=1).encode())
    except (OSError, ValueError) as error:
        raise RuntimeFault("R1004", f"`{work}` is no work folder of a batch: {error}", "give another folder") from error


def _replay(lines: Sequence[Line], screen: Screen) -> None:
    """Brings the screen to where it was when the round was over."""
    for line in lines:
        if line.text:
            screen.text(line.name, line.category, line.source, line.text)
    for line in lines:
        if line.row is not None:
            screen.structure(line.row.structure, line.row.data)


def _read(file: Path) -> list[Line] | None:
    """The lines of a round that is over; None before that."""
    if not file.exists():
        return None
    found: list[Line] = []
    with open(file, encoding="utf-8") as stream:
        for text in stream:
            d = json.loads(text)
            row = TaskRow.model_validate(d["row"]) if d["row"] is not None else None
            found.append(
                Line(
                    d["name"],
                    d["why"],
                    d["category"],
                    d["source"],
                    d["text"],
                    tuple((a, b) for a, b in d["picks"]),
                    row,
                )
            )
    return found


def _write(file: Path, lines: Sequence[Line]) -> None:
    parts = [
        json.dumps({
            "name": line.name, "why": line.why, "category": line.category, "source": line.source, "text": line.text, "picks": list(line.picks),
            "row": None if line.row is None else line.row.model_dump(mode="json"),
        }, ensure_ascii=False)
        for line in lines
    ]  # fmt: skip
    whole_file(file, "".join(f"{part}\n" for part in parts).encode())


def whole_file(path: Path, data: bytes) -> None:
    """All of it or nothing, also when the machine stops."""
    there = path.with_name(f".{path.name}.new")
    with open(there, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(there, path)
