"""A table of responses and the features of its items as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clawc.runtime.calibrate.responses import ResponseError, Responses

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Design:
    """`successes` and `trials` of shape (I, J); `features` of shape (I, P), the first column 1, the others of mean 0 and variance 1."""

    successes: Floats
    trials: Floats
    features: Floats


def design_of(responses: Responses, features: Mapping[str, Sequence[float]] | None = None) -> Design:
    """Raises ResponseError without any trial, and for features that are missing, of several lengths, or not finite."""
    shape = (len(responses.items), len(responses.agents))
    trials = np.asarray(responses.trials, dtype=np.float64).reshape(shape)
    if not trials.sum():
        raise ResponseError("no trial has a verdict, so nothing can be said of items")
    successes = np.asarray(responses.successes, dtype=np.float64).reshape(shape)
    return Design(successes, trials, _features(responses.items, features or {}))


def _features(items: Sequence[str], features: Mapping[str, Sequence[float]]) -> Floats:
    ones = np.ones((len(items), 1))
    if not features:
        return ones
    missing = [item for item in items if item not in features]
    if missing:
        raise ResponseError(f"`{missing[0]}` has no features; give them for all items or for none")
    if len({len(features[item]) for item in items}) != 1:
        raise ResponseError("items have different numbers of features")
    raw = np.asarray([list(features[item]) for item in items], dtype=np.float64).reshape(len(items), -1)
    if not np.isfinite(raw).all():
        raise ResponseError("a feature is not a finite number")
    spread = raw.std(axis=0)
    told = spread > 1e-9 * np.maximum(1.0, np.abs(raw).max(axis=0))
    scaled = (raw[:, told] - raw[:, told].mean(axis=0)) / spread[told]
    return np.hstack([ones, scaled])
