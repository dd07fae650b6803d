"""A tiny random model whose answers end at different places, so that there is something to learn from their lengths."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.engine_local.conftest import tiny_model

__all__ = ["often_ending", "tiny_model"]


def often_ending(model: Path, to: Path) -> Path:
    """A copy of the model that ends an answer with any of many tokens, and takes longer prompts."""
    shutil.copytree(model, to)
    for name, more in (("config.json", {"max_position_embeddings": 2048}), ("generation_config.json", {})):
        settings = json.loads((to / name).read_text())
        (to / name).write_text(json.dumps({**settings, "eos_token_id": list(range(80)), **more}))
    return to
