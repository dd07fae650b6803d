"""The Docker engine for tests: where CLAWC_TEST_DOCKER is 1 there must be one, elsewhere tests of it are skipped without one."""

from __future__ import annotations

import os
from typing import Any

import pytest

from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.sandbox.docker.engine import connect


def engine_or_skip() -> Any:
    """A client of the engine, for the caller to close."""
    try:
        return connect()
    except SandboxUnavailable as error:
        reason = f"{error.message}. {error.help}"
    if os.environ.get("CLAWC_TEST_DOCKER") == "1":
        pytest.fail(f"CLAWC_TEST_DOCKER is 1 and there is no engine: {reason}", pytrace=False)
    pytest.skip(reason)
