"""Weak and too strict specs, each caught by its code at its line, and sound ones, of which nothing is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.compiler.prove.card import ADVICE
from tests.prove.proofs import said_of, wanted_of

PLANTED = Path(__file__).with_name("planted")
WRONG = sorted([*PLANTED.glob("weak/*.claw"), *PLANTED.glob("strict/*.claw")])
SOUND = sorted(PLANTED.glob("sound/*.claw"))


@pytest.mark.parametrize("path", WRONG, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_is_caught_at_its_line(path: Path) -> None:
    said = said_of(path)
    found = {(d.code, d.source.position(d.span.start)[0]) for d in said}
    wanted = wanted_of(path)
    assert wanted and wanted <= found, [(d.code, d.source.position(d.span.start)[0], d.message) for d in said]


@pytest.mark.parametrize("path", SOUND, ids=lambda p: p.stem)
def test_of_a_sound_one_nothing_is_said(path: Path) -> None:
    assert [(d.code, d.message) for d in said_of(path) if d.code not in ADVICE] == []
