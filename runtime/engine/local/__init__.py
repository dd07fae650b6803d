"""Models on this machine. `build.py` makes engines of them."""

from clawc.runtime.engine.local.build import local_engine, smollm2_engine

__all__ = ["local_engine", "smollm2_engine"]
