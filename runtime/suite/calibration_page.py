"""A calibration for people: what to doubt first, then how hard each task is."""

from __future__ import annotations

from collections import Counter

from clawc.runtime.report.page import Card
from clawc.runtime.report.plots import Plot, Spread, spreads
from clawc.runtime.report.tables import UNKNOWN, Cell, Column, Table, between, count, decimal, named, percent
from clawc.runtime.report.text import laid_out, plain
from clawc.runtime.suite.page import Page, Part, html_of
from clawc.spec.calibration import CalibratedItem, Calibration, Estimate, PassRateOf, Tier

SYNTHETIC = (
    "Synthetic ladder: the agents are oracles that make mistakes, and no models. This shows which verifiers to doubt and how long solutions "
    "are, not how hard tasks are for models."
)
_ROWS = 2_000
_PLOTTED = 200
_SHOWN = 10
_TIERS: tuple[Tier, ...] = ("easy", "middle", "hard")


def as_html(record: Calibration) -> str:
    """The page: flags, audits, the ladder, difficulties, and a table of all tasks that can be sorted."""
    fitted = [item for item in record.items if item.difficulty is not None]
    return html_of(
        Page(
            f"Calibration of {_suite_name(record)}",
            _lead(record),
            _alarms(record),
            _cards(record),
            (
                Part("flags", "Verifiers to doubt", _flag_notes(record), (_flag_table(record),)),
                Part("audits", "Solved by none", _audit_notes(record), (_audit_table(record),)),
                Part("ladder", "The ladder", record.notes, (_ladder_table(record),), _ability_plot(record)),
                Part("difficulty", "Difficulty", (), (), _difficulty_plot(fitted)),
                Part("tasks", "Tasks", (), (_item_table(record),)),
            ),
            _footer(record),
        )
    )


def as_text(record: Calibration) -> str:
    """The most important of it."""
    tiers = Counter(item.tier for item in record.items)
    lines = [f"{plain(_suite_name(record))}: {plain(_lead(record))}\n"]
    lines += [f"{plain(alarm)}\n" for alarm in _alarms(record)]
    lines.append(laid_out(_ladder_table(record)))
    shown = _flag_table(record, _SHOWN)
    lines.append(laid_out(shown) or "No verifier is flagged.\n")
    lines.append(laid_out(_audit_table(record, _SHOWN)))
    strongest = record.rungs[-1].name if record.rungs else UNKNOWN
    lines.append(
        f"tiers by `{plain(strongest)}`: " + ", ".join(f"{tier} {tiers[tier]}" for tier in _TIERS)
        + (f", unknown {tiers[None]}" if tiers[None] else "") + "\n"
    )  # fmt: skip
    lines.append("".join(f"note: {plain(note)}\n" for note in record.notes))
    return "\n".join(line for line in lines if line)


def _suite_name(record: Calibration) -> str:
    if record.suite is None:
        return "a folder of bundles"
    return f"{record.suite.title or record.suite.name} {record.suite.version}" + (
        f", {record.split}" if record.split else ""
    )


def _alarms(record: Calibration) -> tuple[str, ...]:
    """What figures do not speak of, where not all rungs are models."""
    if not record.synthetic:
        return ()
    if not record.modelled:
        return (SYNTHETIC,)
    names = ", ".join(f"`{rung.name}`" for rung in record.rungs if rung.synthetic)
    tiers = "no model" if record.rungs[-1].synthetic else f"`{record.rungs[-1].name}`, which is none of them"
    return (
        f"Partly synthetic ladder: {names} are oracles that make mistakes, and no models. Pass rates of the other rungs are their own; "
        f"abilities and difficulties are on a scale that all rungs make. Tiers are by the strongest rung, {tiers}.",
    )


def _lead(record: Calibration) -> str:
    trials = sum(rate.trials for item in record.items for rate in item.rates)
    identity = "" if record.suite is None else f", suite {record.suite.id[:12]}"
    return f"{len(record.items)} tasks, {len(record.rungs)} rungs, {trials} trials{identity}"


def _cards(record: Calibration) -> tuple[Card, ...]:
    confirmed = sum(item.confirmed for item in record.items)
    ready = sum(not audit.missing for audit in record.never_solved)
    tiers = Counter(item.tier for item in record.items)
    return (
        Card("Flagged", str(len(record.flagged)), f"{confirmed} of them confirmed"),
        Card("Solved by none", str(len(record.never_solved)), f"{ready} can be audited"),
        Card("Easy, middle, hard", ", ".join(str(tiers[tier]) for tier in _TIERS), "by the strongest rung"),
        Card("Left out", percent(record.excluded_share).text, "trials that the infrastructure failed"),
        Card("Broken, estimated", UNKNOWN if record.broken_share is None else percent(record.broken_share).text, "share of all verifiers"),
    )  # fmt: skip


def _flag_notes(record: Calibration) -> tuple[str, ...]:
    if not record.flagged:
        return ("No verifier is flagged. That is no proof of any.",)
    if record.false_share is None:
        return ("A flag asks to look, it is no verdict.",)
    return (
        f"A flag asks to look, it is no verdict: {percent(record.false_share).text} of those by the model are expected to be sound.",
    )


def _flag_table(record: Calibration, most: int = _ROWS) -> Table:
    ordered = sorted(record.flagged, key=lambda item: (not item.confirmed, -(item.broken or 0.0), item.task))
    rows = [
        (
            named(item.task),
            Cell(flag.kind),
            Cell("yes" if item.confirmed else "no"),
            decimal(item.broken, 2),
            Cell(flag.reason),
        )
        for item in ordered[:most]
        for flag in item.flags
    ]
    columns = (Column("task"), Column("flag"), Column("confirmed"), Column("broken", True), Column("reason"))
    return Table("flags", "Flags", columns, tuple(rows), max(0, len(ordered) - most))


def _audit_notes(record: Calibration) -> tuple[str, ...]:
    if not record.never_solved:
        return ("Each task was solved by some rung.",)
    return ("Look at these before they count as hard: a task that nobody solves is as often broken.",)


def _audit_table(record: Calibration, most: int = _ROWS) -> Table:
    rows = [
        (named(a.task), count(a.trials), decimal(a.bound, 2), Cell("; ".join(a.missing) or "nothing: audit it"))
        for a in record.never_solved[:most]
    ]
    columns = (Column("task"), Column("trials", True), Column("rate below", True), Column("missing"))
    return Table("audits", "Solved by none", columns, tuple(rows), max(0, len(record.never_solved) - most))


def _ladder_table(record: Calibration) -> Table:
    abilities = {ability.rung: ability for ability in record.abilities}
    rates: dict[str, list[PassRateOf]] = {rung.name: [] for rung in record.ladder}
    for item in record.items:
        for rate in item.rates:
            rates[rate.rung].append(rate)
    rows: list[tuple[Cell, ...]] = []
    for rung in record.ladder:
        found, known = rates[rung.name], abilities.get(rung.name)
        trials = sum(rate.trials for rate in found)
        passed = sum(rate.successes for rate in found) / trials if trials else None
        rows.append((
            named(rung.name), named(rung.agent + (f" @ {rung.model}" if rung.model else "")),
            Cell("synthetic rung" if rung.synthetic else rung.role), count(trials),
            count(sum(rate.excluded for rate in found)), decimal(passed, 2),
            decimal(known.ability if known else None, 2, signed=True), decimal(known.error if known else None, 2),
        ))  # fmt: skip
    columns = (
        Column("rung"),
        Column("agent"),
        Column("role"),
        *(Column(c, True) for c in ("trials", "left out", "passed", "ability", "±")),
    )
    return Table("ladder", "Ladder, from weak to strong", columns, tuple(rows))


def _ability_plot(record: Calibration) -> tuple[Plot, ...]:
    items = [
        Spread(a.rung, a.ability, a.ability - 1.96 * a.error, a.ability + 1.96 * a.error) for a in record.abilities
    ]
    if not items:
        return ()
    return (spreads(items, "Abilities", "In logits, with intervals of 95 %.", "abilities", _PLOTTED),)


def _difficulty_plot(items: list[CalibratedItem]) -> tuple[Plot, ...]:
    found = [
        Spread(item.task, item.difficulty.value, item.difficulty.low, item.difficulty.high, item.flagged)
        for item in items
        if item.difficulty is not None
    ]
    if not found:
        return ()
    found.sort(key=lambda s: (-s.value, s.name))
    caption = "In logits, hardest first, with intervals of 95 %; dashed: the verifier is flagged. 0 is the mean ability of the ladder."
    return (spreads(found, "Difficulty of tasks", caption, "difficulties", _PLOTTED),)


def _item_table(record: Calibration) -> Table:
    strongest = record.rungs[-1].name if record.rungs else ""
    rows: list[tuple[Cell, ...]] = []
    for item in record.items[:_ROWS]:
        by_rung = {rate.rung: rate for rate in item.rates}
        best = by_rung.get(strongest)
        rows.append((
            named(item.task), named(item.template), named(item.category), named(item.split or UNKNOWN),
            *(_rate_cell(by_rung.get(rung.name)) for rung in record.ladder), _pair(best),
            decimal(item.difficulty.value if item.difficulty else None, 2, signed=True), _bounds(item.difficulty, signed=True),
            decimal(item.slope.value if item.slope else None, 2), Cell(item.tier or UNKNOWN), decimal(item.tier_chance, 2),
            decimal(item.window, 2), Cell(", ".join(flag.kind for flag in item.flags) or UNKNOWN), Cell(item.verifier[:12]),
        ))  # fmt: skip
    columns = (
        *(Column(c) for c in ("task", "family", "category", "split")), *(Column(rung.name, True) for rung in record.ladder),
        Column("rate of the strongest", True), Column("difficulty", True), Column("95 %", True), Column("slope", True), Column("tier"),
        Column("chance of it", True), Column("0.1 to 0.9", True), Column("flags"), Column("verifier"),
    )  # fmt: skip
    return Table("items", "Pass rates, difficulties and flags", columns, tuple(rows), max(0, len(record.items) - _ROWS))


def _rate_cell(rate: PassRateOf | None) -> Cell:
    return Cell(UNKNOWN) if rate is None or not rate.trials else Cell(f"{rate.successes}/{rate.trials}", rate.mean)


def _pair(rate: PassRateOf | None) -> Cell:
    return Cell(UNKNOWN) if rate is None or not rate.trials else between(rate.low, rate.high)


def _bounds(estimate: Estimate | None, *, signed: bool = False) -> Cell:
    return Cell(UNKNOWN) if estimate is None else Cell(
        f"{decimal(estimate.low, 2, signed=signed).text} to {decimal(estimate.high, 2, signed=signed).text}", estimate.low
    )  # fmt: skip


def _footer(record: Calibration) -> str:
    features = f" with {', '.join(record.features)} as a prior" if record.features else ""
    return (
        f"clawc {record.clawc}. Pass rates: posterior under Jeffreys' prior, {record.first} trials first, up to {record.most} where these leave open "
        f"whether a rate is below 0.1, between, or above 0.9. Difficulty: two-parameter logistic model{features}."
    )
