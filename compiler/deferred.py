"""Functions whose module is imported when they are first called: a check of one small file needs few of them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def deferred(module: str, name: str) -> Callable[..., Any]:
    """The function `name` of `clawc.compiler.MODULE`, or of a module with its full name."""
    found: list[Callable[..., Any]] = []
    path = module if module.startswith("clawc.") else f"clawc.compiler.{module}"

    def call(*args: Any, **kwargs: Any) -> Any:
        if not found:
            found.append(getattr(import_module(path), name))
        return found[0](*args, **kwargs)

    call.__name__ = name
    return call
