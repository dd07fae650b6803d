"""A project with a suite for each test, and one that was built once for all that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.suite.project import Project

SPLITS = 'instances = 2\n  split dev { share = 2 }\n  split held {\n    share = 1\n    seeds = "secret.seed"\n  }'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture(scope="session")
def secret_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """With two instances of what draws, a split `dev` and a secret split `held`; its suite stands in `built`."""
    made = Project(tmp_path_factory.mktemp("suite") / "project")
    made.declare(SPLITS)
    made.seed()
    made.build()
    return made


@pytest.fixture
def built(secret_project: Project) -> Path:
    """To be read only."""
    return secret_project.root / "built"
