"""Other frameworks for tests: installed from PyPI once, in the user's cache folder."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.runners.installed import HARBOR, INSPECT, OPENENV, VERIFIERS, Framework, Unavailable, environment


def framework(wanted: Framework) -> Path:
    """The folder of its virtual environment; a test that cannot have it fails."""
    try:
        return environment(wanted, Path(os.environ["CLAWC_TEST_FRAMEWORKS"]))
    except Unavailable as error:
        pytest.fail(str(error))


def main() -> None:
    """`python -m tests.frameworks`: install those that tests outside the nightly ones need, so that they need not wait."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # they wait for pip
        made = [pool.submit(environment, wanted, cache_folder()) for wanted in (HARBOR, INSPECT, VERIFIERS, OPENENV)]
    for one in made:
        one.result()


if __name__ == "__main__":
    main()
