"""The language's contract: these specs compile without a word, and what follows from their queries is written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.commands.sources import check_file
from clawc.compiler.passes.trial import uses_run
from clawc.compiler.witness.derive import events_of

VALID = Path(__file__).parent / "valid"


@pytest.mark.parametrize("path", sorted(VALID.glob("*.claw")), ids=lambda p: p.stem)
def test_valid(path: Path) -> None:
    checked = check_file(path)
    assert not checked.diagnostics, [d.message for d in checked.diagnostics]
    compiled = checked.tasks[0]
    # What needs a program is judged in tests/runtime.
    runs = {c.name for c in compiled.task.checks if any(uses_run(e.core) for e in c.expects)}
    verdict = compiled.trial.judge(compiled.witness.written, events_of(compiled.witness.steps))
    assert not [c["name"] for c in verdict["checks"] if not c["passed"] and c["name"] not in runs]
    for name, data in compiled.witness.files.items():
        written = VALID / f"{path.stem}.{Path(name).name}"
        if written.exists():
            assert data == written.read_bytes()
