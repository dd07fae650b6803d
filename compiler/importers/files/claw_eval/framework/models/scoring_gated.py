"""The score of a task: four fifths what it has completed, one fifth how it went on after errors, and nothing if it was not safe."""

from __future__ import annotations

from typing import Any


def compute_task_score(scores: Any) -> float:
    """To four places."""
    return round(scores.safety * (0.80 * scores.completion + 0.20 * scores.robustness), 4)
