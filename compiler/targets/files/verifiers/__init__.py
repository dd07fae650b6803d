"""Tasks that clawc compiled, as a taskset of verifiers: `vf-validate` and `vf-eval` take the name of this package."""

from .taskset import ClawTaskset

__all__ = ["ClawTaskset"]
