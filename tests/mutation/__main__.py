"""`python -m tests.mutation --sample N --seed S [--module NAME] [--json FILE]`: how many mutants of the primitives die."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from tests.mutation.draw import Fate, again, drawn, fates
from tests.mutation.equivalent import listed
from tests.mutation.mutants import modules
from tests.mutation.reach import KEPT, measured_reach, test_files
from tests.mutation.trial import prepare


def rates(found: Sequence[Fate], of: str) -> list[tuple[str, int, int]]:
    """For each module, or each operator: its name, how many were drawn, how many were killed."""
    every = Counter(str(getattr(fate.mutant, of)) for fate in found)
    killed = Counter(str(getattr(fate.mutant, of)) for fate in found if not fate.survived)
    return [(name, every[name], killed[name]) for name in sorted(every)]


def percent(killed: int, of: int) -> float:
    return 100 * killed / of if of else 100.0


def record(fate: Fate) -> dict[str, object]:
    m = fate.mutant
    return {
        "module": m.module, "scope": m.scope, "line": m.line, "operator": m.operator, "diff": str(m.diff),
        "killed_by": fate.killed_by, "tests": fate.tests, "seconds": round(fate.seconds, 2),
    }  # fmt: skip


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--sample", type=int, default=250, help="how many mutants are drawn; 0 takes all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--module", action="append", choices=modules(), help="only mutants of this module; may be repeated"
    )
    parser.add_argument("--json", type=Path, help="where every mutant of the sample goes, with what killed it")
    parser.add_argument("--least", type=float, default=0.0, help="fail if fewer of a hundred mutants are killed")
    parser.add_argument("--jobs", type=int, default=2, help="how many run at once")
    parser.add_argument("--again", type=Path, help="only the survivors of an earlier run, from its --json")
    parser.add_argument("--tests", action="append", help="only the tests of this file; may be repeated")
    parser.add_argument("--reach", type=Path, default=KEPT, help="where it is kept which tests reach what")
    return parser.parse_args()


def _end(number: int, frame: FrameType | None) -> None:
    """Leaves by an exception, so that the children are ended, too."""
    sys.exit(128 + number)


def main() -> int:
    chosen = options()
    signal.signal(signal.SIGTERM, _end)
    prepare()
    if chosen.again:
        mutants = again(json.loads(chosen.again.read_text(encoding="utf-8"))["mutants"])
    else:
        mutants = drawn(chosen.module or modules(), chosen.sample or sys.maxsize, chosen.seed, listed())
    reach = measured_reach(chosen.tests or test_files(), chosen.reach, chosen.jobs)
    found: list[Fate] = []
    for fate in fates(mutants, reach, chosen.jobs):
        found.append(fate)
        if fate.survived:
            m = fate.mutant
            print(
                f"survived {fate.tests} tests: {m.module}.py:{m.line} {m.scope} ({m.operator})\n{m.diff}\n", flush=True
            )
    killed = sum(not fate.survived for fate in found)
    for of in ("module", "operator"):
        print(f"{of:34} drawn killed")
        for name, every, dead in rates(found, of):
            print(f"  {name:32} {every:5} {dead:6}  {percent(dead, every):5.1f} %")
    print(f"{killed} of {len(found)} mutants are killed: {percent(killed, len(found)):.1f} %")
    if chosen.json:
        told = {"sample": len(found), "seed": chosen.seed, "killed": killed, "mutants": [record(f) for f in found]}
        chosen.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return int(percent(killed, len(found)) < chosen.least)


if __name__ == "__main__":
    sys.exit(main())
