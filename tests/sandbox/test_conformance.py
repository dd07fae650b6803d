"""The sandbox's promises, case by case, for each backend, as root and as an ordinary user."""

from __future__ import annotations

import pytest

from tests.sandbox.backends import BACKENDS
from tests.sandbox.cases import CONFORMANCE
from tests.sandbox.conftest import Holds, User, parameters

NAMES = [case.name for table in CONFORMANCE for case in table.cases]


@pytest.mark.sampled(8)
@pytest.mark.parametrize(("backend", "user", "case"), parameters(tuple(BACKENDS), NAMES))
def test_case(backend: str, user: User, case: str, holds: Holds) -> None:
    holds(backend, user, case)
