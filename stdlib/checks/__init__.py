"""The primitives: pure functions over language values, used by the compiler and pasted into every checker."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any, Callable, Dict, List, Set, Tuple

from clawc.stdlib.index import PRIMITIVES

__all__ = ["PRIMITIVES", "modules", "primitive", "primitives"]


@cache
def primitive(name: str) -> Callable[..., Any]:
    """The function or class of this name, from the one module that holds it. Raises KeyError."""
    found: Callable[..., Any] = getattr(import_module("%s.%s" % (__name__, PRIMITIVES[name])), name)
    return found


def _loaded() -> Dict[str, ModuleType]:
    import pkgutil

    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    return {name: import_module("%s.%s" % (__name__, name)) for name in names}


@lru_cache(maxsize=1)
def modules() -> Tuple[ModuleType, ...]:
    """The modules of the library, each behind those that it imports: the order in which they stand in a checker."""
    import ast
    import inspect

    loaded = _loaded()
    names = list(loaded)
    needs: Dict[str, Set[str]] = {}
    for name, module in loaded.items():
        found: Set[str] = set()
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(__name__ + "."):
                found.add(str(node.module).rpartition(".")[2])
        needs[name] = found
    ordered: List[str] = []
    while len(ordered) < len(names):
        ready = [n for n in names if n not in ordered and needs[n] <= set(ordered)]
        if not ready:
            raise ImportError("the modules of the check library import each other in a circle")
        ordered.append(ready[0])
    return tuple(loaded[name] for name in ordered)


@lru_cache(maxsize=1)
def primitives() -> Dict[str, Callable[..., Any]]:
    """All functions and classes of the library by name."""
    import inspect

    found: Dict[str, Callable[..., Any]] = {}
    for module in _loaded().values():
        for name, value in vars(module).items():
            if not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
                if value.__module__ == module.__name__:
                    found[name] = value
    return found
