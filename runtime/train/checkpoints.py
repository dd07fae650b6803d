"""Checkpoints of a training, and what a full disk leaves of them."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from clawc.runtime.errors import RuntimeFault

PREFIX = "checkpoint-"
_WRITTEN_LAST = "trainer_state.json"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# What libraries that write in other languages say instead of an errno.
_SAID = ("No space left on device", "os error 28", "Disk quota exceeded", "os error 122")
_TORCH_WRITER = ("PytorchStreamWriter", "unexpected pos", "inline_container")
_STATE_BYTES = 8  # what the optimizer keeps of a trained number: two moments in float32
_WEIGHT_BYTES = 4


def last_checkpoint(out: Path) -> Path | None:
    """That with the greatest number of those that were written to their end."""
    numbers = [path.name.removeprefix(PREFIX) for path in out.glob(f"{PREFIX}*") if (path / _WRITTEN_LAST).is_file()]
    steps = [int(number) for number in numbers if number.isdigit()]
    return out / f"{PREFIX}{max(steps)}" if steps else None


def remove_unfinished(out: Path) -> None:
    """Checkpoints that a kill or a full disk has cut off."""
    for path in out.glob(f"{PREFIX}*"):
        if path.is_dir() and not (path / _WRITTEN_LAST).is_file():
            shutil.rmtree(path, ignore_errors=True)


def require_space(out: Path, parameters: int, trained: int, checkpoints: bool) -> None:
    """Raises RuntimeFault R0994 where the end of the training, or one checkpoint beside it, does not fit. `parameters` are all numbers of
    the model that are saved, `trained` those of them that the optimizer keeps state of."""
    needed = parameters * _WEIGHT_BYTES * (2 if checkpoints else 1) + (trained * _STATE_BYTES if checkpoints else 0)
    free = shutil.disk_usage(out).free
    if free < needed:
        raise RuntimeFault(
            "R0994", f"the disk of `{out}` has {_size(free)} left, and what is saved takes {_size(needed)}",
            "Make room, give another `--out`, or train an adapter: `--lora 16`.",
        )  # fmt: skip


@contextmanager
def on_full_disk(out: Path) -> Generator[None]:
    """Makes R0994 of what a full disk raises, and removes the checkpoint that it has cut off."""
    try:
        yield
    except Exception as error:
        if not disk_is_full(error, out):
            raise
        remove_unfinished(out)
        last = last_checkpoint(out)
        kept = f"`{last}` is kept" if last else "nothing was saved before"
        raise RuntimeFault(
            "R0994", f"the disk of `{out}` is full; {kept}",
            "Make room, then give the same command with `--resume`.",
        ) from error  # fmt: skip


def disk_is_full(error: BaseException, out: Path) -> bool:
    """Whether the error, or one that it came from, says so. Torch's writer does not say why it could not write."""
    seen: BaseException | None = error
    while seen is not None:
        text = str(seen)
        if (isinstance(seen, OSError) and seen.errno in _FULL) or any(said in text for said in _SAID):
            return True
        if any(said in text for said in _TORCH_WRITER) and shutil.disk_usage(out).free < 64 << 20:
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _size(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB" if count >= 1 << 30 else f"{count / (1 << 20):.1f} MiB"
