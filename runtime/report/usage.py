"""What a run took: time by phase, tokens, cost, attempts, and entries that were not collected.

What nobody reports stays unknown: sums name the number of episodes that they are of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import fsum

from clawc.runtime.records import EpisodeRecord
from clawc.runtime.report.breakdown import shares
from clawc.runtime.report.document import Amount, Attempts, Phase, Refused
from clawc.runtime.report.sample import cost_of, seconds_of
from clawc.runtime.stats.quantile import quantile
from clawc.spec.scoring import score_text

WHOLE = "all"
_KNOWN = ("create", "agent", "collect", "close", "score")
_REASON = 200


def phases(records: Iterable[EpisodeRecord]) -> tuple[Phase, ...]:
    """The phases in the order in which an episode goes through them, others by name, then the whole episode."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    whole: list[float] = []
    for record in records:
        seconds = seconds_of(record)
        for name, value in seconds.items():
            found[name].append(value)
        if seconds:
            whole.append(fsum(seconds.values()))
    names = [name for name in _KNOWN if name in found] + sorted(found.keys() - set(_KNOWN))
    return tuple(_phase(name, found[name]) for name in names) + ((_phase(WHOLE, whole),) if whole else ())


def _phase(name: str, values: list[float]) -> Phase:
    values.sort()
    p50, p90, p99 = (quantile(values, share) for share in (0.5, 0.9, 0.99))
    return Phase(name, len(values), p50, p90, p99, fsum(values))


def amounts(records: Sequence[EpisodeRecord]) -> tuple[Amount, ...]:
    """Calls, tokens and dollars over all given records."""
    costs = [cost for cost in map(cost_of, records) if cost is not None]
    return (
        _amount("tool_calls", [r.usage.tool_calls for r in records]),
        _amount("model_calls", [r.usage.model_calls for r in records]),
        _amount("prompt_tokens", [r.usage.prompt_tokens for r in records]),
        _amount("completion_tokens", [r.usage.completion_tokens for r in records]),
        Amount("cost", score_text(sum(costs, Decimal(0))) if costs else None, len(costs)),
    )


def _amount(name: str, values: Sequence[int | None]) -> Amount:
    known = [v for v in values if v is not None]
    return Amount(name, str(sum(known)) if known else None, len(known))


def attempts(records: Sequence[EpisodeRecord], all_of_them: Sequence[EpisodeRecord]) -> Attempts:
    """`records` are the attempts that count, `all_of_them` includes these."""
    counted = {record.key for record in records}
    replaced = [record.outcome for record in all_of_them if record.key not in counted]
    total = len(records) + len(replaced)
    return Attempts(
        attempts=total,
        episodes=len(records),
        retries=len(replaced),
        retried=sum(record.attempt > 1 for record in records),
        replaced=shares(replaced, max(total, 1)),
    )


def refused(records: Sequence[EpisodeRecord]) -> Refused:
    """Entries by the reason for which they were left out."""
    reasons = [entry.reason[:_REASON] for record in records for entry in record.refused]
    return Refused(len(reasons), sum(bool(record.refused) for record in records), shares(reasons, max(len(reasons), 1)))
