"""What OpenClaw's command `agent --json` prints: in 2026.4.1 a JSON object on standard error, after lines of its log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from clawc.runtime.engine.untyped import parsed


def said(printed: str) -> tuple[str, ...]:
    """The texts that it has for its user; none where it printed no result. It may print a failure as if it were an answer."""
    before, _, rest = printed.partition("\n{\n")
    document = printed if before.lstrip().startswith("{") else "{\n" + rest
    try:
        found = parsed(document)
    except ValueError:
        return ()
    payloads = cast("Mapping[str, object]", found).get("payloads") if isinstance(found, dict) else None
    if not isinstance(payloads, list):
        return ()
    objects = [each for each in cast("Sequence[Mapping[str, object]]", payloads) if isinstance(each, dict)]
    texts = [each.get("text") for each in objects]
    return tuple(text for text in texts if isinstance(text, str))
