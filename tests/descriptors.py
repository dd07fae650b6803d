"""Open descriptors of this process, for tests that show that none is left."""

from __future__ import annotations

import gc
import os
from collections import Counter


def held() -> Counter[str]:
    """What the open descriptors stand for (`socket:[…]`, a path, …), each with its number of descriptors.

    What earlier tests left to the garbage collector is closed first: it may go at any moment, and tells nothing of this test.
    So `held() - before` is empty when nothing is left, whatever else was closed meanwhile.
    """
    gc.collect()
    open_now: Counter[str] = Counter()
    for number in os.listdir("/proc/self/fd"):
        try:
            open_now[os.readlink(f"/proc/self/fd/{number}")] += 1
        except FileNotFoundError:  # The listing's own.
            continue
    return open_now
