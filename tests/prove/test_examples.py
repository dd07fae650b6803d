"""Each example is proved from both sides, with every mutant that its operators make."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.commands.sources import check_file
from clawc.compiler.mutants.operators import operators
from clawc.compiler.prove.card import ADVICE
from clawc.compiler.prove.evidence import LEAST_APPLIED
from clawc.compiler.prove.plan import plan_of
from tests.prove.proofs import EXAMPLES, proved, said_of
from tests.prove.test_operators import ALSO, SPECS

MOST = 250
PLANTED = sorted(Path(__file__).with_name("planted").glob("*/*.claw"))


@pytest.mark.sampled(5)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_nothing_speaks_against_it(path: Path) -> None:
    for compiled in check_file(path).tasks:
        proof = proved(compiled, MOST)
        assert proof.oracle_passes
        assert [o.mutant.what for o in proof.of("survived", "rejected")] == []
        assert not proof.complete or proof.applied >= LEAST_APPLIED
    assert [(d.code, d.message) for d in said_of(path) if d.code not in (*ADVICE, "W0402")] == []


@pytest.mark.nightly
def test_every_operator_makes_something_somewhere() -> None:
    used: set[str] = set()
    for path in [*EXAMPLES, *PLANTED]:
        for compiled in check_file(path).tasks:
            used |= {m.operator for m in plan_of(compiled, "admit", MOST).mutants}
    # Those that are left have tasks of their own.
    assert {o.name for o in operators()} - used <= set(SPECS) | {name for names in ALSO.values() for name in names}
