"""`python -m tests.holdout [--seeds N] [--json FILE]`: rates of mistaken verdicts by operator."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from tests.holdout.measure import FAMILIES, OPERATORS, Verdict, kinds, subject, verdicts


def table(found: list[Verdict]) -> list[dict[str, object]]:
    """One row for each operator: how many answers it made, how many verdicts on them are mistaken."""
    all_of = Counter(v.altered.operator for v in found)
    mistaken = Counter(v.altered.operator for v in found if v.mistaken)
    return [
        {"operator": o.name, "kind": o.kind, "verdicts": all_of[o.name], "mistaken": mistaken[o.name]}
        for o in OPERATORS
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.holdout")
    parser.add_argument("--seeds", type=int, default=4, help="tasks of each family")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--json", type=Path, help="where the rates and the mistaken verdicts go")
    parser.add_argument("--shown", type=int, default=40, help="how many mistaken verdicts are printed")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    found = [v for family in FAMILIES for seed in seeds for v in verdicts(subject(family(seed)))]
    rows = table(found)
    for row in rows:
        print(f"{row['kind']!s:9} {row['verdicts']!s:>6} {row['mistaken']!s:>5}  {row['operator']}")
    for kind in kinds():
        own = [v for v in found if v.altered.kind == kind]
        wrong = sum(v.mistaken for v in own)
        print(f"{kind}: {len(own)} verdicts, {wrong} mistaken ({100 * wrong / max(1, len(own)):.2f} %)")
    mistaken = [v for v in found if v.mistaken]
    for v in mistaken[: options.shown]:
        print(f"{v.family} {v.seed} | {v.altered.kind}: {v.altered.operator} | {v.altered.variant} | {v.why}")
    disagreeing = [v for v in found if not v.agrees]
    for v in disagreeing[: options.shown]:
        print(f"not right by the truth: {v.family} {v.seed} | {v.altered.operator} | {v.altered.variant}")
    if options.json:
        named = [{"family": v.family, "seed": v.seed, "kind": v.altered.kind, "operator": v.altered.operator,
                  "variant": v.altered.variant, "why": v.why} for v in mistaken]  # fmt: skip
        options.json.write_text(json.dumps({"operators": rows, "mistaken": named}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
