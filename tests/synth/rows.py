"""Rows for tests: every field follows from a number, unless given."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from clawc.runtime.synth.rows import CardSummary, Split, TaskFile, TaskRow

OPERATIONS = ("data.join", "data.filter", "files.edit", "communication.draft")
FORMATS = ("csv", "json", "yaml")
CATEGORIES = ("office.records", "analysis.finance")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def row(n: int, split: Split = "train", instruction: str = "", family: str = "") -> TaskRow:
    return TaskRow(
        id=f"task-{n:04}", split=split, family=family or f"family {n % 7}", archetype=f"archetype {n % 3}", category=CATEGORIES[n % 2],
        operations=tuple(sorted({OPERATIONS[n % 4], OPERATIONS[n // 4 % 4]})), formats=(FORMATS[n % 3],), shape=("one table", "tree")[n // 2 % 2],
        instruction=instruction or f"Read table {n} and write what it says of {n * 7} clients, für alle.", source=f"claw 1\n# {n}\n", seed=n,
        bundle=digest(f"bundle {n}"), structure=digest(f"structure {n % 5}"), data=digest(f"data {n}"),
        card=CardSummary(level="admit", clean=True, wrong=40, killed=40, survived=0, equivalent=9, rejected=0, open=1, probes=4, bound="0.075"),
        files=(TaskFile(path="input/a.csv", bytes=b"a,b\n1,\xff\n"), TaskFile(path="input/b.txt", bytes=b"")),
    )  # fmt: skip


def rows(n: int) -> list[TaskRow]:
    splits: Sequence[Split] = ("train", "train", "train", "test", "validation")
    return [row(i, splits[i % 7 % 5]) for i in range(n)]
