"""What a calibration recovers of simulated populations, beside the baseline that needs no model: the logit of the raw pass rate as difficulty,
and a raw point-biserial correlation below 0.1 as flag.

Each simulation draws a population with broken verifiers among its items. How well difficulties are recovered, and how often their intervals hold
them, is of the sound items, beside the broken ones. The aims are of the populations in `AIMED`; the others say where the limits are.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from math import log, sqrt
from pathlib import Path
from statistics import NormalDist, median
from typing import Any

from bench.machine import machine
from clawc.runtime.calibrate.calibration import Calibration, calibrate
from clawc.runtime.calibrate.irt import fit
from clawc.runtime.calibrate.simulate import Breakage, Population, Simulated, simulated

SIMULATIONS, PROCESSES, BROKEN = 1_000, 2, 0.1
COVERAGE = (0.93, 0.97)
AIMS = {"difficulty_error": 0.3, "broken_flagged": 0.95, "sound_flagged": 0.05, "fit_s": 0.5}
KINDS: tuple[Breakage, ...] = ("coin", "reversed", "accepts_all", "accepts_none", "flips")
_SLOPES = Population(discrimination_sd=0.2, broken=BROKEN, kinds=KINDS)
POPULATIONS = {
    "equal slopes": replace(_SLOPES, discrimination_sd=0.0),
    "slopes vary": replace(_SLOPES, difficulty_sd=1.3),
    "all sound": replace(_SLOPES, broken=0.0),
    "slopes vary much": replace(_SLOPES, discrimination_sd=0.4, ability_sd=1.3, difficulty_sd=1.5),
    "many broken": replace(_SLOPES, broken=0.25),
    "gaps": replace(_SLOPES, missing=0.3, unbalanced=True, difficulty_shape="bimodal"),
    "interaction": replace(_SLOPES, interaction=0.5),
    "few agents": replace(_SLOPES, agents=8),
    "half right": replace(_SLOPES, kinds=("accepts_wrong", "rejects_right")),
}
AIMED = ("equal slopes", "slopes vary")
_BATCH = 20
_FLAT = 0.1  # a point-biserial correlation below it is the baseline's flag


@dataclass
class Tally:
    """Sums over simulations, of one population."""

    simulations: int = 0
    sound: int = 0
    absolute: float = 0.0
    squared: float = 0.0
    signed: float = 0.0
    held: int = 0
    raw_absolute: float = 0.0
    raw_held: int = 0
    items: Counter[str] = field(default_factory=Counter[str])
    flagged: Counter[str] = field(default_factory=Counter[str])
    confirmed: Counter[str] = field(default_factory=Counter[str])
    raw_flagged: Counter[str] = field(default_factory=Counter[str])
    false_share: float = 0.0
    seconds: list[float] = field(default_factory=list[float])
    fit_seconds: list[float] = field(default_factory=list[float])

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


def tally(name: str, seed: int) -> Tally:
    """One simulation."""
    found = Tally(simulations=1)
    drawn = simulated(POPULATIONS[name], seed)
    began = time.process_time()
    result = calibrate(drawn.responses, drawn.features)
    found.seconds.append(time.process_time() - began)
    if seed % 10 == 0:
        began = time.process_time()
        fit(drawn.responses, "2pl", drawn.features)
        found.fit_seconds.append(time.process_time() - began)
    _recovery(found, drawn, result)
    for item in result.flags.items:
        kind = drawn.breakage[item.item] or "sound"
        correlation = item.figures.point_biserial if item.figures is not None else None
        found.items[kind] += 1
        found.flagged[kind] += item.flagged
        found.confirmed[kind] += item.confirmed
        found.raw_flagged[kind] += correlation is None or correlation < _FLAT
    found.false_share = result.flags.false_share or 0.0
    return found


def _recovery(found: Tally, drawn: Simulated, result: Calibration) -> None:
    """On the scale whose zero is the mean ability of the agents that were drawn."""
    assert result.fit is not None
    zero = sum(drawn.ability.values()) / len(drawn.ability)
    z = NormalDist().inv_cdf(0.975)
    for item in result.fit.items:
        if drawn.breakage[item.item] is not None:
            continue
        true = drawn.difficulty[item.item] - zero
        error = item.difficulty - true
        raw = -_logit(item.successes, item.trials)
        raw_error = sqrt(1 / (item.successes + 0.5) + 1 / (item.trials - item.successes + 0.5))
        found.sound += 1
        found.absolute += abs(error)
        found.squared += error * error
        found.signed += error
        found.held += item.low <= true <= item.high
        found.raw_absolute += abs(raw - true)
        found.raw_held += abs(raw - true) <= z * raw_error


def _logit(successes: int, trials: int) -> float:
    return log((successes + 0.5) / (trials - successes + 0.5))


def figures(whole: Tally) -> dict[str, Any]:
    """Of one population; shares are of items, seconds the medians of one fit and of a whole calibration, which fits three times."""

    def share(counts: Counter[str], kinds: Sequence[str]) -> float:
        items = sum(whole.items[kind] for kind in kinds)
        return round(sum(counts[kind] for kind in kinds) / items, 4) if items else 0.0

    kinds = [kind for kind in whole.items if kind != "sound"]
    return {
        "simulations": whole.simulations,
        "items": whole.sound,
        "difficulty_error": round(whole.absolute / whole.sound, 4),
        "difficulty_rmse": round(sqrt(whole.squared / whole.sound), 4),
        "difficulty_bias": round(whole.signed / whole.sound, 4),
        "coverage": round(whole.held / whole.sound, 4),
        "baseline_error": round(whole.raw_absolute / whole.sound, 4),
        "baseline_coverage": round(whole.raw_held / whole.sound, 4),
        "broken_flagged": share(whole.flagged, kinds),
        "broken_confirmed": share(whole.confirmed, kinds),
        "sound_flagged": share(whole.flagged, ["sound"]),
        "sound_confirmed": share(whole.confirmed, ["sound"]),
        "flagged_by_kind": {kind: share(whole.flagged, [kind]) for kind in sorted(kinds)},
        "false_share_said": round(whole.false_share / whole.simulations, 4),
        "false_share_true": round(whole.flagged["sound"] / max(1, sum(whole.flagged.values())), 4),
        "baseline_broken_flagged": share(whole.raw_flagged, kinds),
        "baseline_sound_flagged": share(whole.raw_flagged, ["sound"]),
        "baseline_by_kind": {kind: share(whole.raw_flagged, [kind]) for kind in sorted(kinds)},
        "fit_s": round(median(whole.fit_seconds), 4),
        "calibrate_s": round(median(whole.seconds), 4),
    }


def missed(found: dict[str, dict[str, Any]]) -> list[str]:
    """The aims that are not met, in words."""
    low, high = COVERAGE
    said: list[str] = []
    for name in AIMED:
        if name not in found:
            continue
        of = found[name]
        checks = {
            "difficulty_error": of["difficulty_error"] <= AIMS["difficulty_error"],
            "coverage": low <= of["coverage"] <= high,
            "broken_flagged": of["broken_flagged"] >= AIMS["broken_flagged"],
            "sound_flagged": of["sound_flagged"] <= AIMS["sound_flagged"],
            "fit_s": of["fit_s"] <= AIMS["fit_s"],
        }
        said += [f"{name}: {check} is {of[check]}" for check, met in checks.items() if not met]
    return said


def _keep(path: Path, tallies: dict[str, Tally]) -> None:
    document = {"commit": machine()["commit"], "tallies": {name: vars(whole) for name, whole in tallies.items()}}
    path.write_text(json.dumps(document), encoding="utf-8")


def _kept(path: Path) -> dict[str, Tally]:
    """What a run of this commit has counted so far."""
    if not path.exists():
        return {}
    document = json.loads(path.read_bytes())
    if document["commit"] != machine()["commit"]:
        return {}
    tallies = {name: Tally(**raw) for name, raw in document["tallies"].items()}
    for whole in tallies.values():
        for counts in ("items", "flagged", "confirmed", "raw_flagged"):
            setattr(whole, counts, Counter(getattr(whole, counts)))
    return tallies


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench calibrate")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--simulations", type=int, default=SIMULATIONS, help="of the populations with aims")
    parser.add_argument("--others", type=int, default=100, help="simulations of the other populations")
    parser.add_argument("--processes", type=int, default=PROCESSES, choices=(1, 2))
    parser.add_argument(
        "--populations",
        default=",".join(POPULATIONS),
        help="names, with commas between; in FILE, figures of others stay",
    )
    options = parser.parse_args(arguments)
    names = [name for name in options.populations.split(",") if name]
    if any(name not in POPULATIONS for name in names):
        parser.error(f"populations are: {', '.join(POPULATIONS)}")
    found: dict[str, dict[str, Any]] = {}
    part = options.json.with_suffix(".part") if options.json is not None else None
    kept = _kept(part) if part is not None else {}
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for name in names:
            count = options.simulations if name in AIMED else options.others
            if count < 1:
                continue
            whole = kept.get(name, Tally())
            while whole.simulations < count:
                seeds = range(whole.simulations, min(count, whole.simulations + _BATCH))
                whole = reduce(Tally.__add__, pool.starmap(tally, [(name, seed) for seed in seeds], chunksize=5), whole)
                kept[name] = whole
                if part is not None:
                    _keep(part, kept)
            found[name] = figures(whole)
            sys.stdout.write(f"{name}: {json.dumps(found[name])}\n")
            sys.stdout.flush()
    before: dict[str, dict[str, Any]] = {}
    if options.json is not None and options.json.exists():
        before = json.loads(options.json.read_bytes())["figures"]
    found = {**before, **found}
    wrong = missed(found)
    sys.stdout.write("".join(f"missed: {line}\n" for line in wrong) or "all aims are met\n")
    document = {
        "format_version": 1, "benchmark": "calibrate", "machine": machine(), "aims": {**AIMS, "coverage": COVERAGE}, "aimed": AIMED,
        "populations": {name: asdict(POPULATIONS[name]) for name in found if name in POPULATIONS}, "figures": found, "missed": wrong,
    }  # fmt: skip
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 1 if wrong else 0
