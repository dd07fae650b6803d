"""The engine of this machine, or the printed reason why there is none; where CLAWC_TEST_DOCKER is 1 that is a failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.images.host import HostImage, host_image
from clawc.runtime.sandbox.docker.engine import connect
from tests.images.engine import Engine, tiny_base


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    try:
        client = connect()
    except SandboxUnavailable as error:
        if os.environ.get("CLAWC_TEST_DOCKER") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
    yield Engine(client)
    client.close()


@pytest.fixture(scope="session")
def host(engine: Engine) -> HostImage:
    return host_image(engine.client)


@pytest.fixture
def base(engine: Engine, tmp_path: Path) -> Iterator[str]:
    """An image of a few bytes that somebody else could have made, by its name."""
    name = tiny_base(engine, tmp_path)
    yield name
    engine.forget(name)
