"""Agents that want to be paid without doing the work, and bundles with a strange checker, each through a whole episode."""

from __future__ import annotations

import pytest

from tests.sandbox.backends import BACKENDS
from tests.sandbox.cases import FORGERIES, STRANGE
from tests.sandbox.conftest import Holds, User, parameters

NAMES = [case.name for table in FORGERIES for case in table.cases]
STRANGERS = [case.name for table in STRANGE for case in table.cases]


@pytest.mark.sampled(6)
@pytest.mark.parametrize(("backend", "user", "case"), parameters(tuple(BACKENDS), NAMES))
def test_forgery(backend: str, user: User, case: str, holds: Holds) -> None:
    holds(backend, user, case)


@pytest.mark.sampled(7)
@pytest.mark.parametrize(("backend", "user", "case"), parameters(tuple(BACKENDS), STRANGERS))
def test_bundle(backend: str, user: User, case: str, holds: Holds) -> None:
    holds(backend, user, case)
