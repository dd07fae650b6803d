"""What a training says where its device has not the memory for a pass."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from clawc.runtime.errors import RuntimeFault

_MOST = 300  # characters of what torch says


def memory_is_full(error: BaseException) -> bool:
    """Whether the error, or one that it came from, says so of a device. Torch is imported only where something has failed."""
    import torch

    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, torch.OutOfMemoryError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


@contextmanager
def on_full_memory(option: str, value: int) -> Generator[None]:
    """Makes R0999 of what a full device raises; `option` is that which makes passes smaller, and `value` what it was given."""
    try:
        yield
    except RuntimeFault:
        raise
    except Exception as error:
        if not memory_is_full(error):
            raise
        why = " ".join(str(error).split())[:_MOST]
        raise RuntimeFault(
            "R0999", f"the device has not the memory for a pass of the training: {why}",
            f"Give the same command with `--resume` and a smaller `{option}` than {value}, or shorter rows in a new folder.",
        ) from error  # fmt: skip
