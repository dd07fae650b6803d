"""Proofs of sources that may become tasks of a set: of the instance at seed 0, and of four others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from clawc.commands.proving import Beside, Wanted, prove_each
from clawc.compiler.finding import Finding

if TYPE_CHECKING:
    from clawc.spec.card import VerifierCard

# Other seeds that each task is tried with, and its reference solution compared on.
OTHERS = 4
_NO_FAULT = "W0811"


class ProvedTask(NamedTuple):
    """`against` are the findings for which a task is not taken; `card` is None with any of them, and where nothing was compiled."""

    path: Path
    against: Sequence[Finding]
    card: VerifierCard | None = None
    note: Any = None


def proved_tasks(paths: Sequence[Path], jobs: int, beside: Beside) -> Iterator[ProvedTask]:
    """The proof of the one task of each source, as soon as it is there. Raises as `prove_each`."""
    wanted = Wanted(seed=0, others=OTHERS, advice=False, beside=beside)
    for place, proved in prove_each(paths, wanted, jobs=jobs):
        against = [finding for finding in proved.found if finding.code != _NO_FAULT]
        if against or not proved.cards:
            yield ProvedTask(paths[place], against)
        else:
            yield ProvedTask(paths[place], (), proved.cards[0], proved.notes[0])
