"""The engine of this machine, or the printed reason why there is none; where CLAWC_TEST_DOCKER is 1 that is a failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clawc.runtime.images.host import HostImage, host_image
from tests.engine import engine_or_skip
from tests.images.engine import Engine, tiny_base


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    client = engine_or_skip()
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
