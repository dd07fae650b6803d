"""From the trials of a ladder to the record of a calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from clawc import __version__
from clawc.runtime.calibrate.calibration import calibrate
from clawc.runtime.calibrate.flags import ItemFlags, Reference
from clawc.runtime.calibrate.irt import ItemFit
from clawc.runtime.calibrate.posteriors import Escalation, decision, pass_rate
from clawc.runtime.calibrate.responses import Responses, Trial, table_of
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.suite.features import features_of, usable
from clawc.runtime.suite.trials import Pool, has_rubric
from clawc.spec.calibration import (
    Ability,
    CalibratedItem,
    CalibratedSuite,
    Calibration,
    Estimate,
    ItemFlag,
    LadderRung,
    NeverSolved,
    PassRateOf,
    Tier,
)
from clawc.spec.suite import Suite

WINDOW = (0.1, 0.9)  # of pass rates that are worth training on
TIERS: tuple[tuple[Tier, float, float], ...] = (("hard", 0.0, 0.3), ("middle", 0.3, 0.7), ("easy", 0.7, 1.0))
AUDIT_TRIALS = 16  # of the strongest rung, before "nobody solves it" says something
_NAMED = 5


def calibration_of(
    pool: Pool,
    ladder: Sequence[LadderRung],
    trials: Sequence[Trial],
    rule: Escalation,
    *,
    suite: Suite | None = None,
    split: str = "",
    dropped: Mapping[str, int] | None = None,
    failed: Mapping[str, int] | None = None,
) -> Calibration:
    """The record. `dropped` counts trials by other verifiers, by task, `failed` those that the verifier gave no verdict of. Raises RuntimeFault R1012 without any trial."""
    table = table_of(trials)
    if not table.items:
        raise RuntimeFault("R1012", "no task was played")
    bundles = pool.tasks
    told = {task: features_of(bundle) for task, bundle in bundles.items()}
    names = usable({item: told[item] for item in table.items})
    features = {item: [told[item][name] for name in names] for item in table.items} if names else None
    synthetic = any(rung.synthetic for rung in ladder)
    references: dict[str, Reference] = {r.name: r.role for r in ladder if r.role != "rung"}
    found = calibrate(table, features, references=references, synthetic=synthetic)
    fits = {} if found.fit is None else {fit.item: fit for fit in found.fit.items}
    flags = {item.item: item for item in found.flags.items}
    splits = {} if suite is None else {member.task: member.split for member in suite.members}
    rungs = [r.name for r in ladder if r.role == "rung"]
    items = tuple(
        _item(pool, table, task, ladder, rule, told[task], fits.get(task), flags.get(task), splits.get(task, ""), rungs[-1])
        for task in table.items
    )  # fmt: skip
    notes = [*found.flags.notes, *_notes(pool, names, dropped or {}, len(table.items))]
    if absent := len(bundles) - len(table.items):
        notes.append(f"{absent} tasks have no trial")
    items = tuple(_failing(item, (failed or {}).get(item.task, 0)) for item in items)
    return Calibration(
        clawc=__version__,
        suite=None if suite is None else CalibratedSuite(id=suite.id, name=suite.name, version=suite.version, title=suite.title),
        split=split, synthetic=synthetic, ladder=tuple(ladder), first=rule.first, most=rule.most,
        abilities=() if found.fit is None else tuple(
            Ability(rung=a.agent, ability=a.ability, error=a.error, successes=a.successes, trials=a.trials)
            for a in sorted(found.fit.agents, key=lambda a: rungs.index(a.agent))
        ),
        features=names, excluded_share=found.excluded_share, broken_share=_share(found.flags.broken_share),
        false_share=_share(found.flags.false_share), notes=tuple(notes), items=items,
        never_solved=tuple(audit for item in items if (audit := _audit(item, rungs)) is not None),
    )  # fmt: skip


def _item(
    pool: Pool, table: Responses, task: str, ladder: Sequence[LadderRung], rule: Escalation, features: Mapping[str, float],
    fit: ItemFit | None, flags: ItemFlags | None, split: str, strongest: str,
) -> CalibratedItem:  # fmt: skip
    manifest = pool.tasks[task].manifest
    row = table.items.index(task)
    rates = tuple(
        _rate(table, row, table.agents.index(rung.name), rung, rule) for rung in ladder if rung.name in table.agents
    )
    best = next((rate for rate in rates if rate.rung == strongest and rate.trials), None)
    tier, chance = _tier(best)
    return CalibratedItem(
        task=task, template=manifest.template, category=manifest.category, operations=manifest.operations, split=split,
        bundle_id=manifest.id, verifier=pool.verifiers[manifest.id], features=dict(features), rates=rates,
        difficulty=None if fit is None else Estimate(value=fit.difficulty, low=fit.low, high=fit.high),
        slope=None if fit is None else Estimate(value=fit.slope, low=fit.slope_low, high=fit.slope_high),
        expected=None if fit is None else fit.expected,
        tier=tier, tier_chance=chance, window=0.0 if best is None else best.window,
        broken=None if flags is None else _share(flags.broken),
        flagged=flags is not None and flags.flagged, confirmed=flags is not None and flags.confirmed,
        flags=() if flags is None else tuple(ItemFlag(kind=flag.kind, reason=flag.reason[:4_000]) for flag in flags.flags),
    )  # fmt: skip


def _failing(item: CalibratedItem, failed: int) -> CalibratedItem:
    """A verifier that gives no verdict is broken whatever the statistics say."""
    if not failed:
        return item
    trials = sum(rate.trials + rate.excluded for rate in item.rates)
    flag = ItemFlag(kind="verifier_fails", reason=f"the verifier gives no verdict in {failed} of {trials} trials")
    return item.model_copy(update={"flagged": True, "confirmed": True, "flags": (flag, *item.flags)})


def _rate(table: Responses, row: int, column: int, rung: LadderRung, rule: Escalation) -> PassRateOf:
    successes, trials = table.successes[row][column], table.trials[row][column]
    rate = pass_rate(successes, trials)
    decided = rung.role != "rung" or decision("", "", successes, trials, rule).decided
    return PassRateOf(
        rung=rung.name, successes=successes, trials=trials, excluded=table.excluded[row][column], mean=rate.mean,
        low=rate.low, high=rate.high, window=min(1.0, rate.within(*WINDOW)), decided=decided and trials > 0,
    )  # fmt: skip


def _tier(rate: PassRateOf | None) -> tuple[Tier | None, float]:
    """The most likely region of the pass rate, and its chance."""
    if rate is None:
        return None, 0.0
    known = pass_rate(rate.successes, rate.trials)
    chances = [known.within(low, high) for _, low, high in TIERS]
    at = max(range(len(TIERS)), key=lambda n: (chances[n], -n))
    return TIERS[at][0], min(1.0, chances[at])


def _audit(item: CalibratedItem, rungs: Sequence[str]) -> NeverSolved | None:
    rates = {rate.rung: rate for rate in item.rates}
    played = [rates[name] for name in rungs if name in rates]
    trials = sum(rate.trials for rate in played)
    if not trials or any(rate.successes for rate in played):
        return None
    strongest = rates.get(rungs[-1])
    missing: list[str] = []
    if strongest is None or strongest.trials < AUDIT_TRIALS:
        missing.append(f"{AUDIT_TRIALS - (strongest.trials if strongest else 0)} more trials of `{rungs[-1]}`")
    oracle = rates.get("oracle")
    if oracle is None or not oracle.trials:
        missing.append("an oracle that passes: the task has no solution that was played")
    elif oracle.successes < oracle.trials:
        missing.append(f"an oracle that passes: it fails {oracle.trials - oracle.successes} of {oracle.trials}")
    return NeverSolved(
        task=item.task, trials=trials, bound=strongest.high if strongest else 1.0, missing=tuple(missing)
    )


def _notes(pool: Pool, names: Sequence[str], dropped: Mapping[str, int], tasks: int) -> list[str]:
    said: list[str] = []
    if dropped:
        shown = ", ".join(f"`{task[:80]}` ({n})" for task, n in sorted(dropped.items())[:_NAMED])
        rest = f" and {len(dropped) - _NAMED} tasks more" if len(dropped) > _NAMED else ""
        said.append(
            f"{sum(dropped.values())} trials of other bundles or by other verifiers are left out: {shown}{rest}"
        )
    rubrics = sum(has_rubric(bundle) for bundle in pool.bundles.values())
    if rubrics:
        said.append(f"{rubrics} tasks have a rubric, which nobody judges here: their checks alone decide")
    secret = Counter(bundle.manifest.oracle for bundle in pool.bundles.values())["none"]
    if secret:
        said.append(f"{secret} tasks have no solution, so no oracle vouches for their verifiers")
    if not names:
        said.append(f"{tasks} tasks are too few, or too alike, for their features to tell anything of difficulty")
    return said


def _share(value: float | None) -> float | None:
    return None if value is None else min(1.0, max(0.0, value))
