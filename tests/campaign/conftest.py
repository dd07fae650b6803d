"""A project with two tasks and scripted models, and a model behind real HTTP whose calls have a price."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.upstream import Upstream, serving
from tests.runtime.conftest import MakeBundle, build_bundle, checker, make_bundle, works

__all__ = ["GOOD", "MakeBundle", "Project", "make_bundle", "project", "upstream", "works"]

GOOD: list[dict[str, object]] = [
    {"tool": "write", "arguments": {"path": "out/answer.txt", "content": "TRUTH-41d3c7\n"}},
    {"text": "done"},
]
BAD: list[dict[str, object]] = [{"tool": "read", "arguments": {"path": "nowhere"}}, {"text": "no idea"}]


class Project:
    """A folder with `bundles/one` and `bundles/two`, `good.json` and `bad.json`, and a campaign that is written anew at will."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / "campaign.toml"
        self.out = root / "out"
        for task in ("one", "two"):
            self.bundle(task)
        self.model("good", GOOD)
        self.model("bad", BAD)

    def bundle(self, task: str, **changes: object) -> None:
        check = checker().replace('"task": "tiny"', f'"task": "{task}"')
        build_bundle(self.root / "bundles" / task, task=task, check=check, **changes)  # type: ignore[arg-type]

    def model(self, name: str, steps: list[dict[str, object]]) -> None:
        (self.root / f"{name}.json").write_text(json.dumps(steps))

    def write(self, *players: str, head: str = "", rest: str = "") -> Path:
        """A campaign of these players; each is the lines of its table, or only the name of its model."""
        tables = [f"[[players]]\n{p if '=' in p else f'model = {json.dumps(p)}'}\n" for p in players]
        self.file.write_text('tasks = ["bundles/*"]\nseeds = 2\n' + head + "\n" + "".join(tables) + rest)
        return self.file


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project")


@pytest.fixture
def upstream(project: Project) -> Iterator[Upstream]:
    """A server that answers as the good model does, a cent a call; the project calls it `gpt`."""
    found: list[Upstream] = []
    ready, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        async with serving() as server:
            server.steps = GOOD
            found.append(server)
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    (project.root / "claw.toml").write_text(
        f'[engine.gpt]\nurl = "{found[0].url}"\nmodel = "real-model"\nprice = {{ prompt = 1000, completion = 0 }}\n'
    )
    yield found[0]
    stop.set()
    thread.join(10)
