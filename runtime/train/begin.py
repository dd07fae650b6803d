"""Whether a folder is of the training that is asked for, and what is left there of an end before the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.checkpoints import last_checkpoint, remove_unfinished
from clawc.runtime.train.records import METRICS, TRAINING, TrainingRecord, read_training, write_training
from clawc.runtime.train.reporting import drop_after


def begin(out: Path, record: TrainingRecord, free: frozenset[str], rows: str, *, resume: bool) -> None:
    """Says in `out` what is trained there, and takes away what goes on from no checkpoint. `free` settings may differ when a training is gone
    on with; `rows` is what the hash of the rows is called. Raises RuntimeFault R0995 if `out` holds another training, or this one and
    it is not gone on with."""
    out.mkdir(parents=True, exist_ok=True)
    last = last_checkpoint(out)
    if (out / TRAINING).is_file():
        _require_same(out, record, free, rows, resume)
    elif last is not None:
        help = f"give another `--out`, or take `{out}` away"
        raise RuntimeFault("R0995", f"`{out}` has checkpoints, and no `{TRAINING}` that says of what", help)
    remove_unfinished(out)
    drop_after(out / METRICS, 0 if last is None else int(last.name.rpartition("-")[2]))
    write_training(out, record)


def _require_same(out: Path, record: TrainingRecord, free: frozenset[str], rows: str, resume: bool) -> None:
    before = read_training(out)
    if not resume:
        help = "go on with it by `--resume`, or give another `--out`"
        raise RuntimeFault("R0995", f"`{out}` holds a training already", help)
    pairs = (
        ("method", before.method != record.method),
        ("model", before.base.sha256 != record.base.sha256),
        (rows, before.rows_sha256 != record.rows_sha256),
    )
    other = [what for what, differs in pairs if differs] + _differing(before.settings, record.settings, free)
    if other:
        help = "give what it was begun with, or another `--out`"
        raise RuntimeFault("R0995", f"`{out}` holds a training with another {', another '.join(other)}", help)


def _differing(before: Mapping[str, JsonValue], now: Mapping[str, JsonValue], free: frozenset[str]) -> list[str]:
    return sorted(name for name in now if name not in free and before.get(name) != now[name])
