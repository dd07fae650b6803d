"""`python -m bench.train_lessons --out DIR`: what `python -m bench train` learns from and is tried on, out of `bench/families`: `rows` of
lessons for each family but those that are held out whole, `held` rows and `bundles` of other seeds for all families."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.machine import ROOT
from bench.train_learning import AGENT
from clawc.commands.compiling import Lot, build_sources
from clawc.runtime.bundle import load
from clawc.runtime.engine.local.smollm2 import smollm2
from clawc.runtime.engine.local.template import Template
from clawc.runtime.harness.loop.settings import LoopSettings, loop_settings
from clawc.runtime.train.rows import Row, rows_of, write_rows
from clawc.runtime.train.teacher import lesson

FAMILIES = ROOT / "bench" / "families"
SEVEN = ("csv_to_json", "mail_of", "most_of", "open_tickets", "over_limit", "region_rows", "two_columns")
UNSEEN = ("open_tickets", "one_column")
_AT_ONCE = 250  # bundles that stand on the disk
_FIRST_TRAINED = 1001  # seed; those below are held out


def built(family: str, seed: int, count: int, out: Path) -> list[Path]:
    found = build_sources([FAMILIES / f"{family}.claw"], out, lot=Lot(seed, count))
    return [out / manifest.task for manifest in found.manifests]


def taught(bundles: Sequence[Path], template: Template, settings: LoopSettings) -> Iterator[Row]:
    for path in bundles:
        bundle = load(path)
        calls = asyncio.run(lesson(bundle, template, settings)).calls
        yield from rows_of(calls, bundle.manifest.id, bundle.manifest.template)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.train_lessons")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="whose tokens; SmolLM2-135M-Instruct unless given")
    parser.add_argument("--each", type=int, default=2000, help="lessons of each family")
    parser.add_argument("--held", type=int, default=36, help="instances of each family that are held out, below 1000")
    parser.add_argument("--families", nargs="*", default=SEVEN, help="those of `python -m bench train` unless given")
    given = parser.parse_args(arguments)
    out: Path = given.out
    for name in ("rows", "held", "bundles"):
        (out / name).mkdir(parents=True)
    (out / "settings.toml").write_text(AGENT, encoding="utf-8")
    template, settings = Template.of(given.model or smollm2()), loop_settings(out / "settings.toml")
    for family in given.families:
        held = built(family, 1, given.held, out / "bundles")
        write_rows(out / "held" / f"{family}.jsonl", taught(held, template, settings))
        rows: list[Row] = []
        for seed in range(0 if family not in UNSEEN else given.each, given.each, _AT_ONCE):
            with tempfile.TemporaryDirectory() as name:
                made = built(family, _FIRST_TRAINED + seed, min(_AT_ONCE, given.each - seed), Path(name))
                rows += taught(made, template, settings)
        if rows:
            write_rows(out / "rows" / f"{family}.jsonl", rows)
        print(f"{family}: {len(rows)} lessons, {len(held)} held out", flush=True)
    (out / "settings.toml").rename(out / "agent.toml")  # all is there
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
