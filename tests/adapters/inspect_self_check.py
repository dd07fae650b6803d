"""Inspect's own conformance checks of sandbox providers, over our plugin. Runs in the environment that Inspect is installed in:
`python -P -m pytest -p anyio FILE`."""

# Inspect is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc,no-redef"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from inspect_ai.util._sandbox.registry import registry_find_sandboxenv
from inspect_ai.util._sandbox.self_check import *  # noqa: F403

pytestmark = pytest.mark.anyio
# What a sandbox without root, other users or changes to the system cannot do.
CANNOT = {"test_exec_as_user": "there is one user inside, and no root that could add another"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def sandbox_env(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[object]:
    reason = CANNOT.get(request.node.originalname)
    if reason:
        request.node.add_marker(pytest.mark.xfail(reason=reason, strict=True))
    provider = registry_find_sandboxenv("clawc")
    found = await provider.sample_init("self_check", None, {})
    yield found["default"]
    await provider.sample_cleanup("self_check", None, found, False)
