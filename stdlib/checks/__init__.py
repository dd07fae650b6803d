"""The primitives: pure functions over language values, used by the compiler and pasted into every checker."""

from __future__ import annotations

import ast
from functools import cache, lru_cache
from importlib import import_module
from importlib.resources import files
from types import ModuleType
from typing import Any, Callable, Dict, List, NamedTuple, Set, Tuple

from clawc.stdlib.index import PRIMITIVES

__all__ = ["PRIMITIVES", "Source", "module_texts", "primitive", "primitives", "sources"]


@cache
def primitive(name: str) -> Callable[..., Any]:
    """The function or class of this name, from the one module that holds it. Raises KeyError."""
    found: Callable[..., Any] = getattr(import_module("%s.%s" % (__name__, PRIMITIVES[name])), name)
    return found


def _names() -> List[str]:
    import pkgutil

    return sorted(info.name for info in pkgutil.iter_modules(__path__))


def _loaded() -> Dict[str, ModuleType]:
    return {name: import_module("%s.%s" % (__name__, name)) for name in _names()}


def module_texts() -> Dict[str, bytes]:
    """The modules of the library by name, as they stand in their files."""
    return {name: files(__name__).joinpath(name + ".py").read_bytes() for name in _names()}


class Source(NamedTuple):
    """A module of the library as text and as a tree."""

    module: str
    text: str
    tree: ast.Module


@lru_cache(maxsize=1)
def sources() -> Tuple[Source, ...]:
    """The modules of the library, each behind those that it imports: the order in which they stand in a checker. None is
    imported for it."""
    found: Dict[str, Source] = {}
    needs: Dict[str, Set[str]] = {}
    for name, data in module_texts().items():
        text = data.decode("utf-8")
        found[name] = Source("%s.%s" % (__name__, name), text, ast.parse(text))
        needs[name] = {
            str(node.module).rpartition(".")[2]
            for node in found[name].tree.body
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(__name__ + ".")
        }
    ordered: List[str] = []
    while len(ordered) < len(found):
        ready = [n for n in found if n not in ordered and needs[n] <= set(ordered)]
        if not ready:
            raise ImportError("the modules of the check library import each other in a circle")
        ordered.append(ready[0])
    return tuple(found[name] for name in ordered)


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
