"""Parsers that travel with a checker: unmodified packages in a folder `vendor`, beside the checker or the library."""

from __future__ import annotations

import importlib
import os
import sys
import types
from typing import Any


def vendor_folder() -> str:
    """The folder `vendor` beside this file, or beside the folder that this file stands in."""
    here = os.path.dirname(os.path.abspath(__file__))
    beside = os.path.join(here, "vendor")
    return beside if os.path.isdir(beside) else os.path.join(os.path.dirname(here), "vendor")


def vendored(package: str, module: str) -> Any:
    """A module of a vendored package, without what the package's `__init__` would import besides.

    The package gets a name of its own here: an installed package of the same name is neither used nor hidden, and
    the search path stays as it is.
    """
    name = "vendored_" + package
    if name not in sys.modules:
        holder = types.ModuleType(name)
        vars(holder)["__path__"] = [os.path.join(vendor_folder(), package)]
        sys.modules[name] = holder
    # Compiled files would be strangers in a bundle, which holds exactly the files of its manifest.
    writes_none, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        return importlib.import_module(name + "." + module)
    finally:
        sys.dont_write_bytecode = writes_none
