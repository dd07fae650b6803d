"""The compiler's verdict and that of the emitted checker are the same on every workspace of a proof."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.specs import spec
from clawc.compiler.assets import NoAssets
from clawc.compiler.pipeline import build, check
from clawc.compiler.prove.plan import plan_of
from clawc.spec.bundle import CHECKER


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 100_000), places=st.lists(st.integers(0, 10_000), min_size=12, max_size=12))
def test_both_judges_agree(tmp_path_factory: Any, number: int, places: list[int]) -> None:
    compiled = check("t.claw", spec(number), NoAssets()).tasks[0]
    source = build(compiled).files[CHECKER].decode()
    checker: dict[str, Any] = {"__name__": "checker"}
    exec(compile(source, "check.py", "exec"), checker)
    cases = list(plan_of(compiled, "release", 200).cases())
    folder: Path = tmp_path_factory.mktemp("w")
    for turn, place in enumerate({0, 1, *(p % len(cases) for p in places)}):
        case = cases[place]
        root = folder / str(turn)
        root.mkdir()
        for path, data in {**compiled.trial.pristine, **case.files}.items():
            if data is not None:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(data)
        emitted = json.loads(checker["verdict_for"]([str(root), "--json"], ""))
        assert emitted == compiled.trial.judge(case.files, case.events)
