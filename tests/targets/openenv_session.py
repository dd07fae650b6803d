"""Plays episodes through the client of an exported package: `openenv_session.py URL`, episodes on standard input."""

# OpenEnv and the package are not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json
import sys

from client import WorkspaceEnv
from models import WorkspaceAction


def main(url: str) -> None:
    found = []
    for episode in json.load(sys.stdin):
        with WorkspaceEnv(base_url=url).sync() as env:
            results = [env.reset(**episode["reset"])]
            results += [env.step(WorkspaceAction(**action)) for action in episode["actions"]]
        found.append(
            [{"observation": one.observation.model_dump(), "reward": one.reward, "done": one.done} for one in results]
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
