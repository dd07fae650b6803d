"""All operators: every module here has a tuple `OPERATORS`; a file put beside them is found by itself."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import import_module
from importlib.resources import files
from pkgutil import iter_modules

from clawc.compiler.mutants.model import Operator, WorkspaceOperator


@cache
def operators() -> tuple[Operator | WorkspaceOperator, ...]:
    """Every operator, by name."""
    found: list[Operator | WorkspaceOperator] = []
    for info in iter_modules(__path__):
        module = import_module(f"{__name__}.{info.name}")
        found += module.OPERATORS
    names = [o.name for o in found]
    twice = [n for n in names if names.count(n) > 1]
    if twice:
        raise ImportError(f"two operators are called `{twice[0]}`")
    return tuple(sorted(found, key=lambda o: o.name))


@cache
def operators_sha256() -> str:
    """Changes with every operator, so that what was proved by others is proved again."""
    digest = hashlib.sha256()
    for folder in ("mutants", "mutants/operators", "prove", "adequacy", "adequacy/operators"):
        listed = [f for f in files("clawc.compiler").joinpath(folder).iterdir() if f.name.endswith(".py")]
        for file in sorted(listed, key=lambda f: f.name):
            digest.update(f"{folder}/{file.name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()
