"""The bundles of `tests/runtime`, and whether sandboxes work here."""

from __future__ import annotations

from tests.runtime.conftest import MakeBundle, make_bundle, make_checker, works

__all__ = ["MakeBundle", "make_bundle", "make_checker", "works"]
