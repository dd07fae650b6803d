"""Chooses the tasks of the suite out of sets that `clawc synth` made: `python benchmarks/office200/select_tasks.py COUNT SET...`.

The same sets give the same choice. Categories, archetypes, and the least frequent format and operation of each task are balanced; a family
(an archetype and its parts) gives at most four tasks.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from clawc.runtime.calibrate.selection import Candidate, Wishes, choose

OUT = Path(__file__).resolve().parent / "tasks"
PER_FAMILY = 4


class Row(NamedTuple):
    """A task of a set, as its `row.json` has it."""

    folder: Path
    id: str
    category: str
    archetype: str
    family: str
    formats: Sequence[str]
    operations: Sequence[str]


def rows(sets: Iterable[Path]) -> list[Row]:
    """The tasks whose cards are clean, in order."""
    found: list[Row] = []
    for path in sorted(path for folder in sets for path in folder.glob("tasks/*/*/row.json")):
        row = json.loads(path.read_text())
        if row["card"]["clean"]:
            told = (row["id"], row["category"], row["archetype"], row["family"], row["formats"], row["operations"])
            found.append(Row(path.parent, *told))
    return found


def chosen(pool: Sequence[Row], count: int) -> list[Row]:
    """Raises ValueError where the pool has too few."""
    formats = Counter(name for row in pool for name in row.formats)
    operations = Counter(name for row in pool for name in row.operations)
    by_name = {str(row.folder): row for row in pool}
    candidates = [
        Candidate(name, {
            "category": row.category, "archetype": row.archetype, "family": row.family, "id": row.id,
            "format": min(row.formats, key=lambda f: (formats[f], f), default=""),
            "operation": min(row.operations, key=lambda o: (operations[o], o), default=""),
        })
        for name, row in by_name.items()
    ]  # fmt: skip
    wishes = Wishes(
        count, balanced=("category", "archetype", "format", "operation"), most={"family": PER_FAMILY, "id": 1}
    )
    found = choose(candidates, wishes).items
    if len(found) < count:
        raise ValueError(f"only {len(found)} tasks fit")
    return sorted((by_name[name] for name in found), key=lambda row: row.id)


def main() -> None:
    count, *sets = sys.argv[1:]
    pool = rows(map(Path, sets))
    found = chosen(pool, int(count))
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.claw"):
        old.unlink()
    for row in found:
        (OUT / f"{row.id}.claw").write_bytes((row.folder / "task.claw").read_bytes())
    kinds = (
        {row.category for row in found}, {row.archetype for row in found}, {row.family for row in found},
        {name for row in found for name in row.formats}, {name for row in found for name in row.operations},
    )  # fmt: skip
    names = ("categories", "archetypes", "families", "formats", "operations")
    print(f"{len(found)} of {len(pool)} tasks:", ", ".join(f"{len(kind)} {name}" for kind, name in zip(kinds, names)))


if __name__ == "__main__":
    main()
