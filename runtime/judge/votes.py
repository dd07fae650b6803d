"""How votes become a verdict, and verdicts a share: `R` of spec/scoring.md."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal
from fractions import Fraction

from clawc.runtime.judge.records import VoteOnCriterion
from clawc.spec.rubric import Decision, RubricSpec

_EXACT = Context(prec=34)
_PLACES = 60
_LEAST = Decimal(1).scaleb(-_PLACES)


def order_of(count: int, vote: int, digest: str) -> tuple[int, ...]:
    """In which order a vote gets `count` criteria: by lot from the number of the vote and the hash of the evidence; the second
    vote has never the order of the first."""
    drawn = _drawn(count, vote, digest)
    return drawn[::-1] if vote == 1 and drawn == _drawn(count, 0, digest) else drawn


def _drawn(count: int, vote: int, digest: str) -> tuple[int, ...]:
    lots = [hashlib.sha256(f"{vote}:{digest}:{index}".encode()).digest() for index in range(count)]
    return tuple(sorted(range(count), key=lots.__getitem__))


def differing(first: Mapping[str, Decision], second: Mapping[str, Decision]) -> frozenset[str]:
    """The criteria about which two votes do not agree."""
    return frozenset(name for name in first if first[name] != second[name])


def decided(votes: Sequence[Decision]) -> Decision:
    """What most votes say; `cannot_tell` where no verdict has more than half of them."""
    verdict, count = Counter(votes).most_common(1)[0]
    return verdict if 2 * count > len(votes) else "cannot_tell"


def final_verdict(votes: Sequence[VoteOnCriterion]) -> Decision:
    """What the votes on a criterion come to. Who saw a line that others did not, and says by its words that the criterion is not
    met, is right: nobody hides what speaks against him by an order to the judge beside it."""
    if any(vote.verdict == "not_met" and vote.spoken for vote in votes):
        return "not_met"
    return decided([vote.verdict for vote in votes])


def rubric_share(spec: RubricSpec, verdicts: Mapping[str, Decision]) -> Fraction:
    """The part of a rubric's points that is earned, 0 to 1: only `met` earns any."""
    return _mean((Fraction(each.points), Fraction(verdicts[each.name] == "met")) for each in spec.criteria)


def rubrics_share(parts: Iterable[tuple[RubricSpec, Mapping[str, Decision]]]) -> Decimal:
    """`R`: the mean of the rubrics' shares by their weights, divided once."""
    return decimal_share(_mean((Fraction(spec.weight), rubric_share(spec, verdicts)) for spec, verdicts in parts))


def decimal_share(share: Fraction) -> Decimal:
    """A share to 34 digits, none of them behind the 60th place: so much a record has room for."""
    found = _EXACT.divide(Decimal(share.numerator), Decimal(share.denominator))
    exponent = found.as_tuple().exponent
    return found if isinstance(exponent, int) and exponent >= -_PLACES else found.quantize(_LEAST, context=_EXACT)


def _mean(parts: Iterable[tuple[Fraction, Fraction]]) -> Fraction:
    total = credit = Fraction(0)
    for weight, share in parts:
        total += weight
        credit += weight * share
    return credit / total if total else Fraction(0)
