"""What a message says, whoever wrote it down: names of calls, the spacing of their arguments and lists of parts do not count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import cast

from clawc.runtime.engine.interface import Object
from clawc.runtime.engine.untyped import parsed


def meaning(message: Object) -> list[object]:
    """What a message says, whoever wrote it down."""
    role = message.get("role")
    said: list[object] = [role, message.get("content") or ""]
    if role == "assistant":
        calls = cast("Sequence[Mapping[str, object]]", message.get("tool_calls") or ())
        said.append([_call(cast("Mapping[str, object]", call.get("function") or {})) for call in calls])
    return said


def _call(function: Mapping[str, object]) -> list[object]:
    arguments = function.get("arguments", "")
    with suppress(ValueError):  # else compared as text
        arguments = parsed(str(arguments))
    return [function.get("name"), arguments]
