"""The ladder of agents that calibrates a suite: given by a file, or oracles that make mistakes."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from clawc.runtime.errors import RuntimeFault
from clawc.spec.bundle import Strict
from clawc.spec.calibration import IMPERFECT, LadderRung, RungName

_MOST_BYTES = 1 << 20
_HELP = 'A table for each rung, the weakest first: [[rungs]] name = "mid", agent = "loop", model = "policy".'
SYNTHETIC_RATES = (0.7, 0.5, 0.3, 0.15, 0.05)
REFERENCES = (
    LadderRung(name="null", agent="null", role="null"),
    LadderRung(name="oracle", agent="oracle", role="oracle"),
)


@dataclass(frozen=True, slots=True)
class Ladder:
    """`rungs` from weak to strong, then the references; `temperatures` by the name of a rung that has one."""

    rungs: tuple[LadderRung, ...]
    temperatures: dict[str, float]


class _Rung(Strict):
    name: RungName
    agent: Annotated[str, Field(min_length=1, max_length=500)]
    model: Annotated[str, Field(max_length=500)] = ""
    temperature: Annotated[float, Field(ge=0, le=10)] | None = None


class _File(Strict):
    rungs: Annotated[tuple[_Rung, ...], Field(min_length=2, max_length=64)]


def synthetic_ladder() -> Ladder:
    """Imperfect oracles, and the references."""
    rungs = tuple(LadderRung(name=f"imperfect-{rate:g}", agent=f"{IMPERFECT}{rate:g}") for rate in SYNTHETIC_RATES)
    return Ladder((*rungs, *REFERENCES), {})


def read_ladder(path: Path) -> Ladder:
    """The ladder of a TOML file, with the references. Raises RuntimeFault R1011 for what is none."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise RuntimeFault("R1011", f"`{path}` is too large for a ladder", _HELP)
        found = _File.model_validate(tomllib.loads(data.decode("utf-8")))
    except OSError as error:
        raise RuntimeFault("R1011", f"the ladder `{path}` cannot be read: {error.strerror}", _HELP) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise RuntimeFault("R1011", f"`{path}` is no ladder: `{where}`: {first['msg'].lower()}", _HELP) from error
    except (ValueError, RecursionError) as error:
        raise RuntimeFault("R1011", f"`{path}` is no TOML: {error}", _HELP) from error
    _refuse(path, found.rungs)
    rungs = tuple(LadderRung(name=rung.name, agent=rung.agent, model=rung.model) for rung in found.rungs)
    temperatures = {rung.name: rung.temperature for rung in found.rungs if rung.temperature is not None}
    return Ladder((*rungs, *REFERENCES), temperatures)


def _refuse(path: Path, rungs: Sequence[_Rung]) -> None:
    taken = {reference.name for reference in REFERENCES}
    for rung in rungs:
        if rung.agent in ("null", "oracle"):
            raise RuntimeFault(
                "R1011", f"`{path}`: `{rung.agent}` is no rung: it is played beside the ladder anyway", _HELP
            )
        if rung.name in taken:
            raise RuntimeFault(
                "R1011", f"`{path}`: the name `{rung.name}` is taken", "Give each rung a name of its own."
            )
        if rung.temperature is not None and not rung.model:
            raise RuntimeFault("R1011", f"`{path}`: `{rung.name}` has a temperature and no model", _HELP)
        taken.add(rung.name)
