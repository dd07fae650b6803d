"""What a campaign came to: `campaign.json`, and the table of it. Costs and scores are decimals as text, costs in US dollars.

Both say the same of the same run folders, whenever they are made: there is no time in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from clawc.compiler.report import clean
from clawc.spec.bundle import Strict

State = Literal["complete", "incomplete", "budget", "deadline", "fault"]
_CENTS = Decimal("0.000001")


class Fault(Strict):
    """Why a player could not play, for people."""

    code: str
    message: str
    help: str = ""


class Tally(Strict):
    """Episodes that were asked for (`planned`) and that have a record; those of `missing` have none. `yield_` is the share of these that
    is kept, `left` counts the others by reason. Cost is of all calls, also for what is not kept; null without a price."""

    planned: int
    episodes: int
    missing: int
    outcomes: dict[str, int]
    score_mean: str | None
    scored: int
    kept: int
    yield_: Annotated[str | None, Field(alias="yield")]
    left: dict[str, int]
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: str | None
    cost_per_kept: str | None

    model_config = ConfigDict(populate_by_name=True)


class PlayerResult(Strict):
    """One player: the name of its run folder, of its agent in records, and its model as the file has it."""

    name: str
    folder: str
    agent: str
    model: str
    state: State
    fault: Fault | None = None
    tally: Tally


class TaskResult(Strict):
    task: str
    bundle_id: str
    kept: int


class Output(Strict):
    """A file or folder in that of the campaign."""

    format: str
    path: str
    trajectories: int


class CampaignResult(Strict):
    """`campaign.json`. `spent` is what all calls of the campaign have cost, also those of players that the file no longer names."""

    format_version: Literal[1] = 1
    clawc: str
    state: State
    seed: int
    budget: str | None
    spent: str | None
    tasks: tuple[TaskResult, ...]
    players: tuple[PlayerResult, ...]
    total: Tally
    outputs: tuple[Output, ...]


def dollars(amount: Decimal | None) -> str | None:
    """A sum as a decimal without an exponent."""
    if amount is None:
        return None
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def tally(
    planned: int,
    outcomes: dict[str, int],
    scores: tuple[str | None, int],
    kept: int,
    left: dict[str, int],
    tokens: tuple[int | None, int | None],
    cost: Decimal | None,
) -> Tally:
    """`scores` are their mean and how many there are."""
    episodes = sum(outcomes.values())
    return Tally(
        planned=planned,
        episodes=episodes,
        missing=planned - episodes,
        outcomes=outcomes,
        score_mean=scores[0],
        scored=scores[1],
        kept=kept,
        yield_=f"{Decimal(kept) / episodes:.6f}" if episodes else None,
        left=left,
        prompt_tokens=tokens[0],
        completion_tokens=tokens[1],
        cost=dollars(cost),
        cost_per_kept=dollars((cost / kept).quantize(_CENTS)) if cost is not None and kept else None,
    )


def total(tallies: Sequence[Tally]) -> Tally:
    """All players together. What only some of them know is the sum of what is known."""
    outcomes, left = Counter[str](), Counter[str]()
    for each in tallies:
        outcomes.update(each.outcomes)
        left.update(each.left)
    scored = sum(each.scored for each in tallies)
    points = sum(
        (Decimal(each.score_mean) * each.scored for each in tallies if each.score_mean is not None), Decimal(0)
    )
    costs = [Decimal(each.cost) for each in tallies if each.cost is not None]
    return tally(
        sum(each.planned for each in tallies),
        dict(sorted(outcomes.items())),
        (f"{points / scored:.6f}" if scored else None, scored),
        sum(each.kept for each in tallies),
        dict(left),
        (_sum([each.prompt_tokens for each in tallies]), _sum([each.completion_tokens for each in tallies])),
        sum(costs, Decimal(0)) if costs else None,
    )


def table(result: CampaignResult) -> str:
    """A row for each player and one for all, then why not all was played, then what was written."""
    rows: list[tuple[str, ...]] = [
        ("player", "episodes", "outcomes", "score", "kept", "yield", "left out", "tokens", "cost", "per kept")
    ]
    rows += [_row(player.name, player.tally) for player in result.players]
    if len(result.players) > 1:
        rows.append(_row("all", result.total))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    for player in result.players:
        if player.fault is not None:
            help = f" {clean(player.fault.help)}" if player.fault.help else ""
            lines.append(f"{player.name}: {player.fault.code}: {clean(player.fault.message)[:500]}.{help}")
        elif player.state == "incomplete":
            failed = player.tally.outcomes.get("infra_error", 0)
            lines.append(
                f"{player.name}: {failed} episodes failed for reasons outside the sandbox; run the same again to try them again"
            )
    if any(player.state == "budget" for player in result.players):
        lines.append(
            f"the budget of {result.budget} US dollars is spent ({result.spent}); run the same with a greater one to go on"
        )
    if any(player.state == "deadline" for player in result.players):
        lines.append("the time was over before all was played; run the same again to go on")
    lines += [f"{output.path}  {output.trajectories} trajectories" for output in result.outputs]
    return "\n".join(lines) + "\n"


def _row(name: str, found: Tally) -> tuple[str, ...]:
    tokens = None
    if found.prompt_tokens is not None or found.completion_tokens is not None:
        tokens = (found.prompt_tokens or 0) + (found.completion_tokens or 0)
    return (
        name,
        str(found.episodes) if not found.missing else f"{found.episodes}/{found.planned}",
        _counts(found.outcomes),
        "-" if found.score_mean is None else f"{float(found.score_mean):.3f}",
        str(found.kept),
        "-" if found.yield_ is None else f"{100 * Decimal(found.yield_):.1f}%",
        _counts(found.left),
        "-" if tokens is None else str(tokens),
        "-" if found.cost is None else f"${found.cost}",
        "-" if found.cost_per_kept is None else f"${found.cost_per_kept}",
    )


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "-"


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
