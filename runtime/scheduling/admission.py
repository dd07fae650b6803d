"""How many items may be in flight: fewer at once when the machine fails or runs short, more again little by little.

Additive increase, multiplicative decrease, as in congestion control (Chiu and Jain, 1989): after a decrease nothing
changes until what was in flight has ended, since its failures have the cause that was already answered.
"""

from __future__ import annotations

from dataclasses import dataclass

_CUT = 0.5


@dataclass(frozen=True, slots=True)
class Admission:
    """`allowed` may be in flight (its whole part), from 1 to `bound`; the next `settling` ends change nothing."""

    bound: int
    allowed: float
    settling: int = 0

    @property
    def slots(self) -> int:
        return max(1, int(self.allowed))


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen since the last one: items that ended well and those that the infrastructure failed, how many are
    still in flight, and whether the machine runs short of something."""

    in_flight: int
    succeeded: int = 0
    failed: int = 0
    pressed: bool = False


def open_admission(bound: int) -> Admission:
    """Everything that was asked for is allowed until something is seen."""
    return Admission(max(1, bound), float(max(1, bound)))


def adapted(state: Admission, seen: Observation) -> Admission:
    """The state after an observation. A failure or pressure halves what was in flight; each item that ends well adds its
    share of one, so that `allowed` grows by one while as many end."""
    ended = seen.succeeded + seen.failed
    if state.settling:
        return Admission(state.bound, state.allowed, max(0, state.settling - ended))
    if seen.failed or seen.pressed:
        reached = min(state.allowed, float(seen.in_flight + ended))
        return Admission(state.bound, max(1.0, reached * _CUT), seen.in_flight)
    grown = state.allowed + seen.succeeded / state.allowed
    return Admission(state.bound, min(float(state.bound), grown))
