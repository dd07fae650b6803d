"""Which providers make how many tasks of a set: `archetypes`, or `persona=60,archetypes=40`."""

from __future__ import annotations

import re

from clawc.exits import UserError

PROVIDERS = ("archetypes", "persona", "skills")
_PART = re.compile(r"([a-z]+)(?:=([0-9]{1,6}))?")


def counts_of(text: str, count: int) -> dict[str, int]:
    """Tasks of each provider, which together are `count`; those with no task are left out. Raises UserError."""
    weights: dict[str, int] = {}
    for part in text.split(","):
        found = _PART.fullmatch(part.strip())
        if found is None or found[1] not in PROVIDERS:
            raise UserError(
                f"the provider `{part.strip()[:60]}` is unknown",
                f"providers: {', '.join(PROVIDERS)}; several with their shares: persona=60,archetypes=40",
            )
        if found[1] in weights:
            raise UserError(f"the provider `{found[1]}` is named twice", "give each once")
        weights[found[1]] = int(found[2] or 1)
    total = sum(weights.values())
    if not total:
        raise UserError("no provider has a share", "give at least one of them a share above 0")
    # By largest remainder, ties in the order in which they were named.
    exact = {name: count * weight / total for name, weight in weights.items()}
    counts = {name: int(share) for name, share in exact.items()}
    order = sorted(weights, key=lambda name: -(exact[name] - counts[name]))
    for name in order[: count - sum(counts.values())]:
        counts[name] += 1
    return {name: counts[name] for name in PROVIDERS if counts.get(name)}
