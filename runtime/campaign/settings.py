"""The file of a campaign: which players play which tasks, what may be spent, what is kept, and as what it is written.

What a file says is checked whole before anything is played; whatever is wrong is named with its place in the file.
"""

from __future__ import annotations

import glob
import os
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, ConfigDict, Field, ValidationError, model_validator

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.regular_file import read_regular
from clawc.spec.bundle import Strict

MOST_BYTES = 1 << 20
Format = Literal["chat", "jsonl", "atif", "inspect"]
KeptOutcome = Literal["ok", "truncated", "agent_error"]

_Text = Annotated[str, Field(min_length=1, max_length=4_096)]
_Flag = Annotated[bool, Field(strict=True)]
_Episodes = Annotated[int, Field(strict=True, ge=1, le=100_000)]
_EPISODES = AliasChoices("episodes", "seeds")
_Count = Annotated[int, Field(strict=True, ge=1)]
_WITH_FILE = ("loop", "command", "pi", "openclaw", "scripted", "cassette", "local")
_HELP = "See docs/campaigns.md."


class PlayerSettings(Strict):
    """An agent with its model. `name` is that of its run folder; without one it is named for agent and model. `episodes`, of each task,
    are the campaign's unless given."""

    agent: _Text = "loop"
    model: Annotated[str, Field(max_length=4_096)] = ""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")] | None = None
    episodes: _Episodes | None = Field(default=None, validation_alias=_EPISODES)
    temperature: Annotated[float, Field(strict=True, ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(strict=True, gt=0, le=1)] | None = None
    max_tokens: _Count | None = None
    calls: _Count | None = None

    model_config = ConfigDict(allow_inf_nan=False)


class KeepSettings(Strict):
    """Which trajectories are kept. `per_task` is the most of one task, `per_task_and_model` that of one player; `unique`: of those with
    the same messages one; `sound`: none with a call of a tool that failed or has no result."""

    outcomes: Annotated[tuple[KeptOutcome, ...], Field(min_length=1)] = ("ok",)
    min_score: Annotated[Decimal, Field(ge=0, le=1)] | None = None
    per_task: _Count | None = None
    per_task_and_model: _Count | None = None
    unique: _Flag = False
    sound: _Flag = False


class OutputSettings(Strict):
    """As what is written; `metadata`: lines of `chat` with what the format has no place for."""

    formats: Annotated[tuple[Format, ...], Field(min_length=1)] = ("chat", "jsonl")
    metadata: _Flag = False


class CampaignSettings(Strict):
    """A whole file. `budget` is in US dollars for all players and starts together, `deadline_s` seconds for one start."""

    tasks: Annotated[tuple[_Text, ...], Field(min_length=1, max_length=10_000)]
    episodes: _Episodes = Field(default=1, validation_alias=_EPISODES)
    seed: Annotated[int, Field(strict=True, ge=0, le=2**63)] = 0
    jobs: Annotated[int, Field(strict=True, ge=1, le=256)] = 2
    retries: Annotated[int, Field(strict=True, ge=0, le=100)] = 2
    deadline_s: Annotated[float, Field(strict=True, ge=0)] | None = None
    budget: Annotated[Decimal, Field(gt=0, lt=1_000_000_000)] | None = None
    players: Annotated[tuple[PlayerSettings, ...], Field(min_length=1, max_length=1_000)]
    keep: KeepSettings = KeepSettings()
    output: OutputSettings = OutputSettings()

    model_config = ConfigDict(allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, given: object) -> object:
        """Booleans are numbers to Python, not to a person."""
        if isinstance(given, dict):
            for name, table in (("budget", given), ("min_score", given.get("keep"))):  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
                if isinstance(table, dict) and isinstance(table.get(name), bool):  # pyright: ignore[reportUnknownMemberType]
                    raise ValueError(f"`{name}` is no number")
        return given  # pyright: ignore[reportUnknownVariableType]


def campaign_settings(path: Path) -> CampaignSettings:
    """Raises RuntimeFault R0971 for a file that cannot be read, R0972 for one that is not TOML, R0973 for what it may not say."""
    import tomllib

    try:
        data = read_regular(path, MOST_BYTES).data
    except OSError as error:
        raise RuntimeFault("R0971", f"cannot read `{path}`: {error.strerror}") from error
    try:
        return CampaignSettings.model_validate(tomllib.loads(data.decode("utf-8")))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        message = first["msg"].removeprefix("Value error, ")
        help = _HELP
        if first["type"] == "extra_forbidden":
            message, help = "nobody reads this", _meant(first["loc"])
        where = f": `{_place(first['loc'])}`" if first["loc"] else ""
        raise RuntimeFault("R0973", f"`{path}`{where}: {message[:1].lower()}{message[1:]}", help) from error
    except (ValueError, RecursionError) as error:
        raise RuntimeFault("R0972", f"`{path}` is not TOML: {error}") from error


def task_paths(file: Path, settings: CampaignSettings) -> list[Path]:
    """What `tasks` stands for, relative to the file, patterns in the order of names. Raises RuntimeFault R0974 for one that stands for
    nothing."""
    base = file.parent
    found: dict[str, Path] = {}
    for number, pattern in enumerate(settings.tasks):
        whole = os.path.join(glob.escape(str(base)), pattern)
        paths = sorted(glob.glob(whole, recursive=True)) if glob.has_magic(pattern) else [str(base / pattern)]
        paths = [path for path in paths if os.path.lexists(path)]
        if not paths:
            raise RuntimeFault(
                "R0974", f"`{file}`: `tasks[{number}]`: nothing is called `{pattern[:200]}`",
                f"Paths are relative to the file, so this is looked for in `{base}`.",
            )  # fmt: skip
        for path in paths:
            found.setdefault(os.path.realpath(path), Path(path))
    return list(found.values())


def beside(file: Path, name: str) -> str:
    """The name of an agent or a model; a file or folder in it is relative to that of the campaign."""
    kind, colon, rest = name.partition(":")
    return f"{kind}:{file.parent / rest}" if colon and kind in _WITH_FILE and rest else name


def _place(parts: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")[:200]


def _meant(parts: tuple[int | str, ...]) -> str:
    """What can be set there, and what was perhaps meant."""
    name = str(parts[-1]) if parts else ""
    if name in ("episodes", "seeds"):
        return "`seeds` is another name for `episodes`: give one of them."
    table = str(parts[0]) if len(parts) > 1 else ""
    names = list(_TABLES.get(table, CampaignSettings).model_fields)
    close = get_close_matches(name, names, 1)
    return f"Did you mean `{close[0]}`?" if close else f"What can be set: {', '.join(f'`{one}`' for one in names)}."


_TABLES: dict[str, type[Strict]] = {"players": PlayerSettings, "keep": KeepSettings, "output": OutputSettings}
