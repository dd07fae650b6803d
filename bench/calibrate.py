"""What a calibration recovers of simulated populations, beside the baseline that needs no model: the logit of the raw pass rate as difficulty,
and a raw point-biserial correlation below 0.1 as flag.

Each simulation draws a population of sound items, which shows how well difficulties are recovered and how often their intervals hold them, and one with
broken verifiers among them. The aims are of the populations named in `AIMED`; the others say where the limits are.
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
from clawc.runtime.calibrate.simulate import Breakage, Population, Simulated, simulated

SIMULATIONS, PROCESSES, BROKEN = 1_000, 2, 0.1
AIMS = {"difficulty_error": 0.3, "coverage": (0.93, 0.97), "broken_flagged": 0.95, "sound_flagged": 0.05, "fit_s": 0.5}
KINDS: tuple[Breakage, ...] = ("coin", "reversed", "accepts_all", "accepts_none", "flips")
POPULATIONS = {
    "equal slopes": Population(kinds=KINDS),
    "slopes vary": Population(discrimination_sd=0.2, difficulty_sd=1.3, kinds=KINDS),
    "slopes vary much": Population(discrimination_sd=0.4, ability_sd=1.3, difficulty_sd=1.5, kinds=KINDS),
    "gaps": Population(discrimination_sd=0.2, missing=0.3, unbalanced=True, difficulty_shape="bimodal", kinds=KINDS),
    "interaction": Population(discrimination_sd=0.2, interaction=0.5, kinds=KINDS),
    "few agents": Population(agents=8, discrimination_sd=0.2, kinds=KINDS),
    "half right": Population(discrimination_sd=0.2, kinds=("accepts_wrong", "rejects_right")),
}  # fmt: skip
AIMED = ("equal slopes", "slopes vary")
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

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


def tally(name: str, seed: int) -> Tally:
    """One simulation."""
    population = POPULATIONS[name]
    found = Tally(simulations=1)
    sound = simulated(population, 2 * seed)
    began = time.process_time()
    result = calibrate(sound.responses, sound.features)
    found.seconds.append(time.process_time() - began)
    _recovery(found, sound, result)
    broken = simulated(replace(population, broken=BROKEN), 2 * seed + 1)
    result = calibrate(broken.responses, broken.features)
    for item in result.flags.items:
        kind = broken.breakage[item.item] or "sound"
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
    """Of one population; shares are of items, seconds the median of a whole calibration with three fits."""

    def share(counts: Counter[str], kinds: Sequence[str]) -> float:
        items = sum(whole.items[kind] for kind in kinds)
        return round(sum(counts[kind] for kind in kinds) / items, 4) if items else 0.0

    kinds = [kind for kind in whole.items if kind != "sound"]
    return {
        "simulations": whole.simulations,
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
        "calibrate_s": round(median(whole.seconds), 4),
    }


def missed(found: dict[str, dict[str, Any]]) -> list[str]:
    """The aims that are not met, in words."""
    low, high = (0.93, 0.97)
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
            "calibrate_s": of["calibrate_s"] <= AIMS["fit_s"],
        }
        said += [f"{name}: {check} is {of[check]}" for check, met in checks.items() if not met]
    return said


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench calibrate")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--simulations", type=int, default=SIMULATIONS, help="of the populations with aims")
    parser.add_argument("--others", type=int, default=100, help="simulations of the other populations")
    parser.add_argument("--processes", type=int, default=PROCESSES, choices=(1, 2))
    parser.add_argument("--populations", default=",".join(POPULATIONS), help="names, with commas between")
    options = parser.parse_args(arguments)
    names = [name for name in options.populations.split(",") if name]
    if any(name not in POPULATIONS for name in names):
        parser.error(f"populations are: {', '.join(POPULATIONS)}")
    found: dict[str, dict[str, Any]] = {}
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for name in names:
            count = options.simulations if name in AIMED else options.others
            if count < 1:
                continue
            tallies = pool.starmap(tally, [(name, seed) for seed in range(count)], chunksize=10)
            found[name] = figures(reduce(Tally.__add__, tallies))
            sys.stdout.write(f"{name}: {json.dumps(found[name])}\n")
            sys.stdout.flush()
    wrong = missed(found)
    sys.stdout.write("".join(f"missed: {line}\n" for line in wrong) or "all aims are met\n")
    document = {
        "format_version": 1, "benchmark": "calibrate", "machine": machine(), "aims": AIMS, "aimed": AIMED, "broken_share": BROKEN,
        "populations": {name: asdict(POPULATIONS[name]) for name in found}, "figures": found, "missed": wrong,
    }  # fmt: skip
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 1 if wrong else 0
