"""Options of the whole test suite."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from clawc.runtime.cache_folder import cache_folder

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background by a shell without job control: programs that tests interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Frameworks that tests install stay where the user's own do: they take minutes to get.
os.environ.setdefault("CLAWC_TEST_FRAMEWORKS", str(cache_folder()))  # workers of a run inherit it
# Results of checks that tests keep are no business of the user's own cache.
os.environ["CLAWC_CACHE"] = tempfile.mkdtemp(prefix="clawc-test-cache-")
atexit.register(shutil.rmtree, os.environ["CLAWC_CACHE"], ignore_errors=True)
# Two workers share two processors: threads of one model would wait for those of another.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens", action="store_true", help="Write what is found into the golden files instead of comparing."
    )


@pytest.hookimpl(tryfirst=True)  # before what is for the night is left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test that is `sampled(n)`, each n-th case runs always, all of them at night; a case that is named alone runs."""
    seen: Counter[str] = Counter()
    for item in items:
        marker = item.get_closest_marker("sampled")
        if marker is not None:
            test = item.nodeid.partition("[")[0]
            if seen[test] % int(marker.args[0]):
                item.add_marker("nightly")
            seen[test] += 1


@pytest.fixture
def update_goldens(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-goldens"))


@pytest.fixture
def engine() -> Iterator[Any]:
    """A client of the Docker engine; skips where there is none."""
    from tests.engine import engine_or_skip

    client = engine_or_skip()
    yield client
    client.close()
