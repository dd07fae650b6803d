"""Each example is proved from both sides, with every mutant that its operators make."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.commands.sources import check_file
from clawc.compiler.mutants.operators import operators
from clawc.compiler.prove.card import ADVICE
from clawc.compiler.prove.evidence import LEAST_APPLIED
from tests.prove.proofs import EXAMPLES, proved, said_of

MOST = 250


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_nothing_speaks_against_it(path: Path) -> None:
    for compiled in check_file(path).tasks:
        proof = proved(compiled, MOST)
        assert proof.oracle_passes
        assert [o.mutant.what for o in proof.of("survived", "rejected")] == []
        assert not proof.complete or proof.applied >= LEAST_APPLIED
    assert [(d.code, d.message) for d in said_of(path) if d.code not in (*ADVICE, "W0402")] == []


def test_every_operator_makes_something_somewhere() -> None:
    used: set[str] = set()
    for path in EXAMPLES:
        for compiled in check_file(path).tasks:
            used |= {m.operator for m in proved(compiled, MOST).plan.mutants}
    # Those that need a task that invites the mistake, or a format that no example delivers, have tests of their own.
    assert {o.name for o in operators()} - used <= NOT_IN_EXAMPLES


NOT_IN_EXAMPLES = {
    "banned_message", "bullet_sign", "call_left_out", "claim_only", "declared_alternative", "extra_prose_unasked", "free_ties",
    "heading_case", "heading_level", "longer_number", "reworded", "silent_end", "stray_file", "unasked_column_order", "unasked_decimals", "unasked_length", "unasked_order", "untold_fact",
}  # fmt: skip
