"""From what stands in a run folder to records. The folder may be edited or a stranger's: text that is no record is a
RuntimeFault, whatever it is; records of the format before are brought to the present one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TypeVar, cast

from pydantic import ValidationError

from clawc.runtime.bundle import WEIGHT
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import (
    RECORD_FORMAT_VERSION,
    RUN_FORMAT_VERSION,
    SCORE_FORMAT_VERSION,
    EpisodeRecord,
    RunInfo,
    ScoreRecord,
    attempt_key,
    episode_id,
)
from clawc.spec.bundle import CheckVerdict, Strict

_Model = TypeVar("_Model", bound=Strict)
_CREDIT = re.compile(r"[01](\.[0-9]{1,60})?")


class _Unsound(ValueError):
    """A record that contradicts itself."""


def episode_of(line: bytes, where: str) -> EpisodeRecord:
    """A line of `episodes.jsonl`. `where` names it in messages. Raises RuntimeFault R0205 for a newer format, R0206 for
    anything that is no record."""
    return record_of(EpisodeRecord, RECORD_FORMAT_VERSION, line, where, _sound_episode, _upgraded)


def score_of(line: bytes, where: str) -> ScoreRecord:
    """A line of `scores/<id>.jsonl`; raises as `episode_of`."""
    return record_of(ScoreRecord, SCORE_FORMAT_VERSION, line, where, _sound_score)


def run_of(data: bytes, where: str) -> RunInfo:
    """The content of `run.json`; raises as `episode_of`."""
    return record_of(RunInfo, RUN_FORMAT_VERSION, data, where)


def record_of(
    model: type[_Model],
    newest: int,
    data: bytes,
    where: str,
    sound: Callable[[_Model], None] | None = None,
    upgrade: Callable[[dict[str, object]], dict[str, object]] | None = None,
) -> _Model:
    """A line as a record of formats up to `newest`, of which `sound` has nothing to say; raises as `episode_of`."""
    try:
        try:
            found = model.model_validate_json(data)
        except ValidationError as error:
            raw: object = json.loads(data)
            if not isinstance(raw, dict):
                raise
            fields = cast("dict[str, object]", raw)
            version = fields.get("format_version")
            if isinstance(version, int) and version > newest:
                raise RuntimeFault(
                    "R0205",
                    f"`{where}` has format {version:.0f}, this installation reads up to {newest}",
                    "Install a newer clawc.",
                ) from error
            if upgrade is None or version != 1:
                raise
            # As text again, because the model is more lenient with JSON than with Python's values.
            found = model.model_validate_json(json.dumps(upgrade(fields)))
        if sound is not None:
            sound(found)
    except (ValueError, OverflowError, RecursionError) as error:
        help = "Give another run folder." if model is RunInfo else "Give another run folder, or remove that line."
        raise RuntimeFault("R0206", f"`{where}` is damaged", help) from error
    return found


def _upgraded(old: dict[str, object]) -> dict[str, object]:
    """Format 1 knew one record for each episode, under the key that its folder has to this day."""
    task, bundle, agent, seed = (old.get(name) for name in ("task", "bundle_id", "agent", "seed"))
    if not (isinstance(task, str) and isinstance(bundle, str) and isinstance(agent, str) and isinstance(seed, int)):
        raise _Unsound
    episode = episode_id(task, bundle, agent, seed)
    return {**old, "format_version": RECORD_FORMAT_VERSION, "episode": episode, "attempt": 1, "template": task}


def _sound_episode(record: EpisodeRecord) -> None:
    # Records of format 1 have keys of another form.
    if record.attempt != 1 and record.key != attempt_key(record.episode, record.attempt):
        raise _Unsound
    _sound_checks(record.checks)


def _sound_score(record: ScoreRecord) -> None:
    _sound_checks(record.checks)


def _sound_checks(checks: tuple[CheckVerdict, ...]) -> None:
    """Credits and weights are computed with."""
    for check in checks:
        if not _CREDIT.fullmatch(check.credit) or not WEIGHT.fullmatch(check.weight):
            raise _Unsound
