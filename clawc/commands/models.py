"""Which model a command line names, by what the project's `claw.toml` says of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.commands.sources import PROJECT_FILE, project_root, read_project
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.runtime.engine.settings import EngineSettings
    from clawc.runtime.gateway.choice import ModelChoice


@dataclass(frozen=True, slots=True)
class ModelWish:
    """What a command line says of a model. With `settings` it is of these, whatever the project's file says of the name."""

    name: str = ""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    calls: int | None = None
    budget: str | None = None
    record: Path | None = None
    settings: EngineSettings | None = None


def model_of(wish: ModelWish) -> ModelChoice | None:
    """The choice, None where no model is named. Raises RuntimeFault, and UserError for a file that is none."""
    if not wish.name:
        return None
    from clawc.runtime.engine.choose import Wishes, model_named

    root = project_root(Path(os.getcwd()) / PROJECT_FILE)
    wishes = Wishes(
        wish.temperature,
        wish.top_p,
        wish.max_tokens,
        wish.calls,
        _dollars(wish.budget),
        wish.record,
        project_engines(root) | ({wish.name: wish.settings} if wish.settings else {}),
        root,
    )
    return model_named(wish.name, wishes)


def project_engines(root: Path) -> dict[str, EngineSettings]:
    """The engines of a project. Raises RuntimeFault, and UserError for a file that is none."""
    from clawc.runtime.engine.settings import engine_settings

    path = root / PROJECT_FILE
    return engine_settings(path, read_project(path).get("engine", {}))


def _dollars(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal(-1)
    if not found.is_finite() or not 0 < found < 1_000_000_000:
        raise UserError(f"`{text}` is no sum of US dollars", "give a number greater than 0: --budget 2.50")
    return found
