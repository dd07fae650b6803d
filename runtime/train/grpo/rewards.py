"""What an episode is rewarded with: its score, less penalties; nothing where the infrastructure has failed it."""

from __future__ import annotations

from collections.abc import Sequence

from clawc.runtime.gateway.calls import CallRecord
from clawc.runtime.records import UNSCORED, EpisodeRecord
from clawc.runtime.train.grpo.settings import RewardSettings
from clawc.runtime.train.rows import Row


def reward_of(
    record: EpisodeRecord, calls: Sequence[CallRecord], rows: Sequence[Row], settings: RewardSettings
) -> float | None:
    """None for an episode without a score, which is not one of 0, and for one that is not the model's: none of its calls was sampled with
    log probabilities."""
    score = record.score if record.score is not None else record.score_checks
    if record.outcome in UNSCORED or score is None or not any(row.old_logprobs is not None for row in rows):
        return None
    return float(score) - _parse(calls, settings) - _overlong(rows, settings)


def _parse(calls: Sequence[CallRecord], settings: RewardSettings) -> float:
    answers = [call.sampled for call in calls if call.kind == "train" and call.sampled is not None]
    if not settings.parse or not answers:
        return 0.0
    return settings.parse * sum(bool(each.parse_error) for each in answers) / len(answers)


def _overlong(rows: Sequence[Row], settings: RewardSettings) -> float:
    longest = max((len(row.input_ids) for row in rows), default=0)
    into = longest - (settings.limit - settings.margin)
    return settings.overlong * min(1.0, max(0.0, into / settings.margin)) if settings.overlong else 0.0
