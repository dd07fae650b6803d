"""What verifiers pay for answers that are none, for wrong ones, and for right ones in another form.

The answers are the recorded workspaces of `tests/fixtures/clawgym`. What the published checkers give stands there; ours are run here,
in sandboxes.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.machine import ROOT
from clawc.runtime.bundle import load
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.scoring.score import score
from clawc.runtime.stats.quantile import wilson

FIXTURES = ROOT / "tests" / "fixtures" / "clawgym"
CONTENT_FREE = ("empty", "placeholder", "echo")
# Whether a parser should take a byte order mark is open, and most mistakes with right answers are about it: a kind of its own.
MARKED = "fmt_bom"
KINDS = (*CONTENT_FREE, "wrong", "equivalent", MARKED, "solved")
_AT_ONCE = 2


class Recorded(NamedTuple):
    """A recorded workspace, and what the published reward gives it."""

    task: str
    name: str
    kind: str
    published: float


class Paid(NamedTuple):
    """What both give an answer."""

    answer: Recorded
    ours: float


def recorded(tasks: Sequence[str], names: Sequence[str] = ()) -> Iterator[Recorded]:
    """The workspaces of these tasks; only those of the given names if there are any."""
    for task in tasks:
        scores: dict[str, Any] = json.loads((FIXTURES / task / "scores.json").read_text(encoding="utf-8"))
        solved: dict[str, Any] = {
            "scores": scores["solved"],
            "equivalent": True,
            "own_reward": scores.get("solved_own_reward"),
        }
        for name, variant in [("solved", solved), *scores["variants"].items()]:
            if names and name not in names:
                continue
            kind = name if name in KINDS else "equivalent" if variant["equivalent"] else "wrong"
            yield Recorded(task, name, kind, published_reward(variant["scores"], variant.get("own_reward")))


def published_reward(criteria: dict[str, float], own: float | None) -> float:
    """As the published `reward.sh` has it: the mean of all that the checker prints, a reward of its own among it."""
    values = [*criteria.values(), *([] if own is None else [own])]
    return sum(values) / len(values) if values else 0.0


def lay(answer: Recorded, target: Path) -> Path:
    """The finished workspace: the inputs, with the files of the answer over them."""
    shutil.copytree(FIXTURES / answer.task / "input", target)
    source = FIXTURES / answer.task / ("solved" if answer.name == "solved" else f"variants/{answer.name}")
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("deleted.txt"))
        gone = source / "deleted.txt"
        for name in gone.read_text(encoding="utf-8").split() if gone.is_file() else ():
            (target / name).unlink()
    return target


def judged(answers: Sequence[Recorded], bundles: Path, scratch: Path) -> list[Paid]:
    """All of them judged by our checkers. Raises SystemExit if one has no verdict."""
    return asyncio.run(_judged(answers, bundles, scratch))


async def _judged(answers: Sequence[Recorded], bundles: Path, scratch: Path) -> list[Paid]:
    backend, places = Bubblewrap(), asyncio.Semaphore(_AT_ONCE)
    loaded = {task: load(bundles / task) for task in dict.fromkeys(answer.task for answer in answers)}
    probe = await backend.probe()
    if not probe.ok:
        raise SystemExit(f"no sandbox works here: {probe.reason}")

    async def one(number: int, answer: Recorded) -> Paid:
        async with places:
            workspace = lay(answer, scratch / str(number))
            found = await score(loaded[answer.task], workspace, backend)
            shutil.rmtree(workspace)
        if found.verdict is None:
            raise SystemExit(f"{answer.task}, {answer.name}: no verdict: {found.fault}")
        return Paid(answer, float(found.verdict.score_checks))

    try:
        return list(await asyncio.gather(*(one(number, answer) for number, answer in enumerate(answers))))
    finally:
        await backend.close()


def summary(paid: Sequence[Paid]) -> list[dict[str, Any]]:
    """A row for each kind: how many get what they should not, with a 95 % interval, and the mean."""
    found: list[dict[str, Any]] = []
    for kind in KINDS:
        of_kind = [one for one in paid if one.answer.kind == kind]
        if of_kind:
            found.append({
                "kind": kind, "n": len(of_kind), "tasks": len({one.answer.task for one in of_kind}),
                "published": _side(kind, [one.answer.published for one in of_kind]),
                "ours": _side(kind, [one.ours for one in of_kind]),
            })  # fmt: skip
    return found


def _side(kind: str, rewards: Sequence[float]) -> dict[str, Any]:
    mistakes = sum(mistaken(kind, reward) for reward in rewards)
    low, high = wilson(mistakes / len(rewards), len(rewards))
    return {
        "mistakes": mistakes, "share": round(mistakes / len(rewards), 4), "interval": [round(low, 4), round(high, 4)],
        "mean": round(sum(rewards) / len(rewards), 4), "max": round(max(rewards), 4),
    }  # fmt: skip


def mistaken(kind: str, reward: float) -> bool:
    """Content-free answers should get nothing, wrong ones less than all, right ones all."""
    full = reward > 1 - 1e-9
    if kind in CONTENT_FREE:
        return reward > 1e-9
    return full if kind == "wrong" else not full
