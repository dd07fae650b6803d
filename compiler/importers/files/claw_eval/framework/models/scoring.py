"""The score of a task: what it has completed."""

from __future__ import annotations

from typing import Any


def compute_task_score(scores: Any) -> float:
    """To four places."""
    return round(scores.completion, 4)
