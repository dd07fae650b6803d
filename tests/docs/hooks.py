"""The module `docs/site_hooks.py`, which MkDocs loads by its path, loaded in the same way."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

_FILE = Path(__file__).parents[2] / "docs" / "site_hooks.py"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_hooks", _FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hooks = _load()
