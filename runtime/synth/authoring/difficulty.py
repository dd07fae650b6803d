"""How hard a task will be, estimated from what it is made of. No run of any agent stands behind the weights yet: they order tasks, and
are fitted anew once there are runs to fit them to; `VERSION` says which ones an estimate is of."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import Field

from clawc.compiler.pipeline import Compiled
from clawc.spec.bundle import Strict

VERSION = "features-1"
_VERB = re.compile(
    r"\|\s*(?:where|derive|join|left_join|semi_join|anti_join|group|sort|take|select|window|pivot|unpivot|concat|distinct|explode)\b"
)
_HARD = re.compile(r"\|\s*(?:join|left_join|semi_join|anti_join|group|window|pivot|explode)\b")
_RULE = re.compile(
    r"\b(?:only|except|unless|otherwise|ties?|rounded?|ignore|twice|duplicates?|at (?:least|most)|without|never|before|after)\b",
    re.IGNORECASE,
)

Count = Annotated[int, Field(ge=0)]


class Features(Strict):
    """Counts, of files and their kilobytes, of verbs of queries and of those that bring rows together, of checks, and of words of the
    instruction and of those that state a rule."""

    inputs: Count
    kilobytes: Count
    formats: Count
    deliverables: Count
    checks: Count
    verbs: Count
    joining: Count
    words: Count
    rules: Count


class Difficulty(Strict):
    """`estimate` from 1, a minute's work, to 5."""

    version: Annotated[str, Field(max_length=40)] = VERSION
    estimate: Annotated[float, Field(ge=1, le=5)]
    features: Features


_WEIGHTS = {
    "inputs": 0.25, "kilobytes": 0.15, "formats": 0.2, "deliverables": 0.3, "checks": 0.2, "verbs": 0.35, "joining": 0.35, "words": 0.1, "rules": 0.3,
}  # fmt: skip


def features_of(compiled: Compiled, source: str) -> Features:
    """Counted from a compiled task and its source."""
    task = compiled.task
    return Features(
        inputs=len(task.inputs),
        kilobytes=sum(len(each.data) for each in task.inputs) // 1024,
        formats=len({each.file.path.rpartition(".")[2] for each in task.inputs} | {d.path.rpartition(".")[2] for d in task.delivers}),
        deliverables=len(task.delivers),
        checks=sum(len(each.expects) for each in task.checks),
        verbs=len(_VERB.findall(source)),
        joining=len(_HARD.findall(source)),
        words=len(task.told.split()),
        rules=len(_RULE.findall(task.told)),
    )  # fmt: skip


def difficulty(features: Features) -> Difficulty:
    """The estimate: a weighted sum of logarithms, from 1 to 5, to one decimal."""
    total = sum(weight * math.log1p(getattr(features, name)) for name, weight in _WEIGHTS.items())
    return Difficulty(estimate=round(min(5.0, max(1.0, total)), 1), features=features)
