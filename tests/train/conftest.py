"""A tiny random model, and rows for it."""

from __future__ import annotations

from tests.engine_local.conftest import template, tiny_model

__all__ = ["template", "tiny_model"]
