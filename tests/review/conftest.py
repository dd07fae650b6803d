"""Tasks that were compiled, proved and played once, and a review of them that a test may write into."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from clawc import cli
from clawc.runtime.bundle import Bundle, load
from clawc.runtime.review.ledger import Ledger
from clawc.runtime.review.rollouts import Rollout, read_rollouts
from clawc.runtime.review.rules import Viewer
from clawc.runtime.review.session import Board, Review
from clawc.runtime.review.subject import Subject, subject_of
from clawc.spec.bundle import CheckVerdict, ScoredCheck
from clawc.spec.review import Decision, Finding, Role, Seen, Verdict, Vote
from tests.runtime.conftest import works
from tests.web.conftest import chromium, tab

__all__ = ["chromium", "tab", "works"]

EXAMPLES = Path(__file__).parents[2] / "examples"
TASKS = ("order_totals", "outage_digest", "tighten_limits")
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tasks as bundles, two with the card of their proof beside them."""
    out = tmp_path_factory.mktemp("review") / "suite"
    assert cli.run(["build", *(str(EXAMPLES / f"{name}.claw") for name in TASKS), "-o", str(out)]) == 0
    proved = [str(out / "order_totals"), str(out / "tighten_limits")]
    assert cli.run(["test", *proved, "--attach", "--no-sandbox", "--mutants", "12", "-j", "1"]) in (0, 1)
    return out


@pytest.fixture(scope="session")
def bundles(built: Path) -> list[Bundle]:
    return [load(built / name) for name in TASKS]


def verdict_of(check: ScoredCheck, passed: bool) -> CheckVerdict:
    """Of an episode in which all checks but vetoes failed, unless it `passed`."""
    ok = passed or check.kind != "check"
    message = "" if ok else f"said of {check.name}"
    return CheckVerdict(
        name=check.name, kind=check.kind, weight=check.weight, passed=ok, credit=str(int(ok)), message=message
    )


def judged_run(folder: Path, bundle: Bundle) -> Path:
    """A run folder, as the runtime writes them, with one failed and one passed episode of a task, which a judge has judged."""
    from clawc.runtime.records import EpisodeRecord, RunInfo, RunTask, attempt_key, episode_id

    folder.mkdir(parents=True)
    task, id = bundle.manifest.task, bundle.manifest.id
    info = RunInfo(
        run_id="r1", created="2026-03-01T00:00:00Z", clawc="0", agent="loop", episodes=2, seed=0,
        tasks=(RunTask(task=task, bundle_id=id, path=str(bundle.path)),),
    )  # fmt: skip
    (folder / "run.json").write_text(info.model_dump_json(), encoding="utf-8")
    lines: list[str] = []
    for index, passed in enumerate((False, True)):
        episode = episode_id(task, id, "loop", index)
        record = EpisodeRecord(
            run_id="r1", key=attempt_key(episode, 1), episode=episode, attempt=1, task=task, template=task, bundle_id=id, agent="loop", index=index, seed=index,
            outcome="ok", score="0.8125" if passed else "0", score_checks="1" if passed else "0", C="1" if passed else "0", V="1",
            checks=tuple(verdict_of(check, passed) for check in bundle.manifest.scoring.checks),
            final="all done", started="2026-03-01T00:00:00Z", ended="2026-03-01T00:00:01Z", seconds={"agent": 1.0},
        )  # fmt: skip
        lines.append(record.model_dump_json())
    (folder / "episodes.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    last = json.loads(lines[-1])
    verdict = {
        "format_version": 1, "key": last["key"], "task": task, "bundle_id": id, "judge": "judge-of-gold", "asked": True, "R": "0.75", "G": "1",
        "rubrics": [{"name": "usefulness", "weight": "1", "share": "0.75", "criteria": [{"name": "causes", "points": "1", "verdict": "met"}],
                     "votes": [{"order": ["causes"], "tries": 1, "shown_bytes": 1, "criteria": {"causes": {"verdict": "met", "reasoning": "reason-of-judge"}}}]}],
        "judged": "2026-03-01T00:00:02Z", "seconds": 1.0,
    }  # fmt: skip
    (folder / "judgements").mkdir()
    (folder / "judgements" / ("0" * 16 + ".jsonl")).write_text(json.dumps(verdict) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def rollouts(bundles: list[Bundle], tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Rollout, ...]]:
    folder = judged_run(tmp_path_factory.mktemp("runs") / "played", bundles[1])
    return read_rollouts([folder], frozenset(b.manifest.id for b in bundles))


@pytest.fixture(scope="session")
def subjects(bundles: list[Bundle], rollouts: dict[str, tuple[Rollout, ...]]) -> dict[str, Subject]:
    return {b.manifest.id: subject_of(b, None, frozenset(), rollouts.get(b.manifest.id, ()), None) for b in bundles}


MakeReview = Callable[..., Review]
T = TypeVar("T")


@pytest.fixture
def review(subjects: dict[str, Subject], tmp_path: Path) -> Iterator[MakeReview]:
    """`review("Ada")`, `review("Cy", adjudicates=True)`: servers of one folder."""

    def made(
        name: str,
        *,
        adjudicates: bool = False,
        gold: dict[str, Vote] | None = None,
        of: dict[str, Subject] | None = None,
    ) -> Review:
        viewer = Viewer(name, "adjudicator" if adjudicates else "reviewer")
        return Review(subjects if of is None else of, Ledger(tmp_path / "review"), viewer, gold or {}, clock=lambda: AT)

    yield made


def said(
    bundle_id: str, reviewer: str, verdict: Verdict, *, role: Role = "reviewer", task: str = "t", findings: Sequence[Finding] = (), others: bool = False, note: str = "",
) -> Decision:  # fmt: skip
    """A decision as a server would have stored it."""
    key = hashlib.sha256(f"{bundle_id} {reviewer} {verdict} {role} {note} {others}".encode()).hexdigest()[:32]
    return Decision(
        key=key, task=task, bundle_id=bundle_id, verifier="0" * 64, reviewer=reviewer, role=role, verdict=verdict, findings=tuple(findings), notes=note,
        at="2026-03-01T12:00:00Z", seen=Seen(others=others),
    )  # fmt: skip


def apart(work: Coroutine[object, object, T]) -> T:
    """What a coroutine returns, also where the thread has an event loop, as that of playwright."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work)).result()


def stored(review: Review, *decisions: Decision) -> None:
    """Appends what others decided, as another process would."""

    async def work() -> None:
        ledger = Ledger(review.ledger.path.parent)
        for decision in decisions:
            await ledger.append(decision)

    apart(work())


def board_of(review: Review) -> Board:
    """The review as it stands on disk."""

    async def work() -> Board:
        return await Review(review.subjects, Ledger(review.ledger.path.parent), review.viewer, review.gold).board()

    return apart(work())


def version(number: int) -> str:
    """A hash of a version that is nobody's."""
    return hashlib.sha256(str(number).encode()).hexdigest()
