"""A suite that was calibrated: `calibration.json`. It says of each task how often which agent solves it, how hard it is, and why its verifier
is doubted. Chances and rates are in [0, 1], difficulties and abilities in logits; null means that nothing is known."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from clawc.spec.bundle import Name, Sha256, Strict, TaskName

CALIBRATION_FORMAT_VERSION = 1
CALIBRATION = "calibration.json"
MAX_CALIBRATION = 64 << 20  # bytes
IMPERFECT = "imperfect:"

RungName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}$")]
Tier = Literal["easy", "middle", "hard"]
Role = Literal["rung", "null", "oracle"]
_Line = Annotated[str, Field(max_length=500)]
_Reason = Annotated[str, Field(max_length=4_000)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0, le=10_000_000)]


class Finite(Strict):
    model_config = ConfigDict(allow_inf_nan=False)


class LadderRung(Finite):
    """An agent of the ladder. Those whose role is `rung` are in the order of their strength, the weakest first; `null` does nothing, `oracle`
    all that is asked."""

    name: RungName
    agent: _Line
    model: _Line = ""
    role: Role = "rung"

    @property
    def synthetic(self) -> bool:
        """Whether it is an oracle that makes mistakes, no model."""
        return self.agent.startswith(IMPERFECT)


class PassRateOf(Finite):
    """Of one task and one agent: counts, and the pass rate by its posterior under Jeffreys' prior: mean, and the bounds of 95 %. `window` is the
    chance that the rate is above 0.1 and below 0.9. `excluded` trials had no verdict. `decided`: more trials would tell little."""

    rung: RungName
    successes: _Count
    trials: _Count
    excluded: _Count
    mean: _Share
    low: _Share
    high: _Share
    window: _Share
    decided: bool


class Estimate(Finite):
    value: float
    low: float
    high: float


class ItemFlag(Finite):
    kind: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    reason: _Reason


class CalibratedItem(Finite):
    """`verifier` is the hash of what judged all trials. `tier` and `window` are by the strongest rung; `tier_chance` is that of the tier. `broken` is
    the chance of a broken verifier; `flagged` asks to look at it, `confirmed` are flagged ones of whom few are sound."""

    task: TaskName
    template: Name
    category: _Line = ""
    operations: tuple[_Line, ...] = ()
    split: _Line = ""
    bundle_id: Sha256
    verifier: Sha256
    features: dict[str, float]
    rates: tuple[PassRateOf, ...]
    difficulty: Estimate | None = None
    slope: Estimate | None = None
    expected: float | None = None
    tier: Tier | None = None
    tier_chance: _Share = 0.0
    window: _Share = 0.0
    broken: _Share | None = None
    flagged: bool = False
    confirmed: bool = False
    flags: tuple[ItemFlag, ...] = ()


class Ability(Finite):
    rung: RungName
    ability: float
    error: Annotated[float, Field(ge=0)]
    successes: _Count
    trials: _Count


class NeverSolved(Finite):
    """A task that no rung solved in so many trials. `missing` says what its audit lacks: empty where a person can tell whether it is hard or
    broken. `bound` is the upper end of 95 % of the strongest rung's pass rate."""

    task: TaskName
    trials: _Count
    bound: _Share
    missing: tuple[_Line, ...] = ()


class CalibratedSuite(Finite):
    id: Sha256
    name: Name
    version: _Line
    title: _Line = ""


class Calibration(Finite):
    """`calibration.json`. `synthetic`: some rungs, or all, are oracles that make mistakes, no models, so that figures speak of
    verifiers and of the length of solutions: those whose agent is `imperfect:RATE`. `suite` is null for bundles that stand in none; `split`
    is "" for all."""

    format_version: Literal[1] = 1
    clawc: _Line
    suite: CalibratedSuite | None = None
    split: _Line = ""
    synthetic: bool
    ladder: tuple[LadderRung, ...]
    first: Annotated[int, Field(ge=1)]
    most: Annotated[int, Field(ge=1)]
    abilities: tuple[Ability, ...] = ()
    features: tuple[_Line, ...] = ()
    excluded_share: _Share = 0.0
    broken_share: _Share | None = None
    false_share: _Share | None = None
    notes: tuple[_Reason, ...] = ()
    items: tuple[CalibratedItem, ...]
    never_solved: tuple[NeverSolved, ...] = ()

    @property
    def rungs(self) -> tuple[LadderRung, ...]:
        """The ladder without its references."""
        return tuple(rung for rung in self.ladder if rung.role == "rung")

    @property
    def modelled(self) -> tuple[LadderRung, ...]:
        """The rungs that are no oracles that make mistakes."""
        return tuple(rung for rung in self.rungs if not rung.synthetic)

    @property
    def flagged(self) -> tuple[CalibratedItem, ...]:
        return tuple(item for item in self.items if item.flagged)
