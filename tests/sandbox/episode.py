"""Plays whole episodes for cases: a compiled task, an agent that follows a script, and the record that comes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clawc.runtime.bundle import load
from clawc.runtime.harness.interface import Harness
from clawc.runtime.harness.scripted import Scripted
from clawc.runtime.records import EpisodeRecord, Outcome
from clawc.runtime.rollout import Controls, Episode, run_episode
from clawc.runtime.sandbox.interface import Backend
from tests.sandbox.bench import Bench
from tests.sandbox.case import Case, Table

HONEST_NUMBER: Mapping[str, str] = {"output/number.txt": "5\n"}


@dataclass(frozen=True, slots=True)
class Forgery:
    """What an agent does: files that it writes, then commands, then its last message. `score` is what the honest part of
    it earns; `refused` are entries that must have been left behind, `hit` the limits that must have ended it."""

    name: str
    task: str
    tries: str
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    commands: Sequence[str] = ()
    final: str = ""
    score: str = "0"
    outcome: Outcome = "ok"
    hit: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    evidence: str = ""
    needs: str = ""
    nightly: bool = False


def script(forgery: Forgery, folder: Path) -> Harness:
    """The agent of a forgery; its script goes to the new file `script.json`."""
    calls: list[dict[str, object]] = []
    for file, content in forgery.files.items():
        calls.append({"tool": "write", "path": file, "content": content})
    for command in forgery.commands:
        calls.append({"tool": "exec", "command": command, "timeout_s": 25.0})
    calls.append({"tool": "final", "text": forgery.final})
    path = folder / "script.json"
    path.write_text(json.dumps(calls), encoding="utf-8")
    return Scripted(path)


async def played(
    bundle: Path, harness: Harness, backend: Backend, folder: Path, controls: Controls | None = None
) -> EpisodeRecord:
    """One episode of a bundle into the new folder `folder`."""
    folder.mkdir()
    episode = Episode("run", load(bundle), harness, 0, 1)
    return await run_episode(episode, backend, folder, controls or Controls(backend))


def enter(table: Table, *forgeries: Forgery) -> None:
    """Make a case of each forgery: it earns what its honest part earns, and the record says how it ended."""
    for forgery in forgeries:
        table.add(_case(forgery))


def _case(forgery: Forgery) -> Case:
    async def play(bench: Bench) -> None:
        found = await played(
            bench.bundles / forgery.task, script(forgery, bench.folder), bench.backend, bench.folder / "episode"
        )
        said = [(check.name, check.credit, check.message) for check in found.checks]
        assert (found.score, found.outcome) == (forgery.score, forgery.outcome), (
            found.score,
            found.outcome,
            found.evidence,
            said,
        )
        assert found.limits_hit == forgery.hit, found.limits_hit
        assert set(forgery.refused) <= {entry.path for entry in found.refused}, found.refused
        assert forgery.evidence in found.evidence, found.evidence
        assert found.score_checks == forgery.score, found.score_checks

    expects = f"earns {forgery.score}, {forgery.outcome}"
    return Case(forgery.name, forgery.tries, expects, play, forgery.needs, forgery.nightly)
