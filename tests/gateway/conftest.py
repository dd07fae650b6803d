"""The bundles of `tests/runtime`, whether sandboxes work here, and lines to models without a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clawc.runtime.engine.interface import Engine
from clawc.runtime.engine.scripted import ScriptedEngine
from clawc.runtime.gateway.budget import Budget
from clawc.runtime.gateway.capture import CAPTURE, Capture
from clawc.runtime.gateway.limits import Caps
from clawc.runtime.gateway.line import Line, Rules
from tests.runtime.conftest import MakeBundle, make_bundle, make_checker, works

__all__ = ["MakeBundle", "MakeLine", "make_bundle", "make_checker", "works"]

MakeLine = Callable[..., Line]


@pytest.fixture
def make_line(tmp_path: Path) -> MakeLine:
    """A line whose capture stands in the temporary folder; without an engine it says the given steps."""

    def make(
        *steps: dict[str, object], engine: Engine | None = None, rules: Rules | None = None, **caps: float
    ) -> Line:
        return Line(
            "key", engine or scripted(tmp_path, *steps), rules or Rules(), Caps(**caps),  # type: ignore[arg-type]
            Capture(tmp_path / CAPTURE), Budget(),
        )  # fmt: skip

    return make


def scripted(folder: Path, *steps: dict[str, object]) -> ScriptedEngine:
    path = folder / "steps.json"
    path.write_text(json.dumps(steps))
    return ScriptedEngine.of_file(path)
