"""The language's contract: these specs compile without a word, and what follows from their queries is written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.commands.sources import check_file

VALID = Path(__file__).parent / "valid"


@pytest.mark.parametrize("path", sorted(VALID.glob("*.claw")), ids=lambda p: p.stem)
def test_valid(path: Path) -> None:
    checked = check_file(path)
    assert not checked.diagnostics, [d.message for d in checked.diagnostics]
    compiled = checked.tasks[0]
    assert compiled.trial.judge(compiled.witness.files)["score_checks"] == "1"
    for name, data in compiled.witness.files.items():
        written = VALID / f"{path.stem}.{Path(name).name}"
        if written.exists():
            assert data == written.read_bytes()
