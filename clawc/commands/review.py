"""`clawc review`: tasks read by people, and by a model as one of them."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from clawc import exits
from clawc.commands.bundles import bundles_of
from clawc.commands.faults import stopping, user_errors
from clawc.commands.models import ModelWish, model_of
from clawc.commands.output import put
from clawc.commands.progress import ProgressLine
from clawc.commands.suites_played import suite_played
from clawc.commands.trusted import trusted_keys
from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.runtime.cache_folder import cache_folder

if TYPE_CHECKING:
    from clawc.runtime.bundle import Bundle
    from clawc.runtime.review.ledger import Ledger
    from clawc.runtime.review.session import Board, Review
    from clawc.runtime.review.subject import Subject
    from clawc.spec.review import Gold, Vote

_SUITE = "suite.json"
_PACKED = (".tar.gz", ".tgz")


@dataclass(frozen=True, slots=True)
class ReviewOptions:
    """What a command line says beside the tasks."""

    name: str = ""
    adjudicate: bool = False
    runs: Sequence[Path] = ()
    calibration: Path | None = None
    gold: Path | None = None
    out: Path = Path("review")
    port: int = 0
    browse: bool = False
    model: ModelWish = field(default_factory=ModelWish)
    model_only: bool = False
    export: bool = False


def review_command(paths: Sequence[Path], options: ReviewOptions) -> int:
    """Serve until interrupted; or ask the model alone, or print decisions. Exit 1 when the model left a task without a vote."""
    _require_sense(paths, options)
    with user_errors(), stopping(), tempfile.TemporaryDirectory(prefix="clawc-review-") as scratch:
        if options.export:
            return _export(paths, options, Path(scratch))
        review, notes = _review(paths, options, Path(scratch))
        for note in notes:
            print(note, file=sys.stderr)
        failed = _by_model(review, options) if options.model.name else 0
        if options.model_only:
            return exits.FINDINGS if failed else exits.OK
        from clawc.runtime.review.app import review_app
        from clawc.runtime.web.serve import serve

        serve(lambda: review_app(review), options.port, browse=options.browse)
    return exits.OK


def _require_sense(paths: Sequence[Path], options: ReviewOptions) -> None:
    if not paths and not options.export:
        raise UserError("there is nothing to review", "give bundles, suites or `.claw` sources")
    if options.model_only and not options.model.name:
        raise UserError("no model is named", "say which one reviews: --model NAME")
    if not options.export and not options.model_only:
        if not options.name.strip():
            raise UserError("nobody is named who reviews", "say who you are: --as NAME")
        from clawc.runtime.web.serve import require_aiohttp

        require_aiohttp()


def _review(paths: Sequence[Path], options: ReviewOptions, scratch: Path) -> tuple[Review, list[str]]:
    """The review of these tasks, and what is to be said about it."""
    from clawc.runtime.review.ledger import Ledger
    from clawc.runtime.review.rules import Viewer
    from clawc.runtime.review.session import Review, known

    golds = [] if options.gold is None else read_gold(options.gold)
    viewer = Viewer(_name(options.name or "export"), "adjudicator" if options.adjudicate else "reviewer")
    subjects, gold, strange = known(golds, _subjects(paths, options, scratch))
    notes = [f"{strange} known verdicts are of versions that are not here"] if strange else []
    ledger = Ledger(options.out)
    ledger.refresh()
    return Review(subjects, ledger, viewer, gold), notes


def _subjects(paths: Sequence[Path], options: ReviewOptions, scratch: Path) -> dict[str, Subject]:
    from clawc.runtime.review.rollouts import read_rollouts
    from clawc.runtime.review.subject import subject_of
    from clawc.runtime.selftest.card_store import CardStore
    from clawc.runtime.suite.calibration_file import read_calibration

    items = {} if options.calibration is None else {i.bundle_id: i for i in read_calibration(options.calibration).items}
    bundles = {bundle.manifest.id: bundle for bundle in _bundles(paths, scratch)}
    rollouts = read_rollouts(options.runs, frozenset(bundles))
    store, trusted = CardStore(cache_folder()), trusted_keys(Path.cwd())
    return {
        id: subject_of(bundle, store, trusted, rollouts.get(id, ()), items.get(id)) for id, bundle in bundles.items()
    }


def _bundles(paths: Sequence[Path], scratch: Path) -> list[Bundle]:
    """Suites as they are, the rest as bundles or sources."""
    found: list[Bundle] = []
    rest: list[Path] = []
    for number, path in enumerate(paths):
        if (path / _SUITE).is_file() or (path.name.lower().endswith(_PACKED) and path.is_file()):
            played = suite_played([path], (), scratch / f"suite{number}")
            found += played.bundles if played is not None else []
        else:
            rest.append(path)
    return [*found, *(bundles_of(rest, scratch / "bundles") if rest else [])]


def read_gold(path: Path) -> list[Gold]:
    """The known verdicts of a file, a line each; of a version that comes twice the last counts. Raises UserError for what is none."""
    from clawc.runtime.store.journal import lines, open_to_read
    from clawc.spec.review import Gold

    found: dict[str, Gold] = {}
    try:
        with open_to_read(path) as file:
            for line in lines(file, path):
                if line.data.strip():
                    gold = Gold.model_validate_json(line.data)
                    found[gold.bundle_id] = gold
    except FileNotFoundError as error:
        raise UserError(f"there is no file `{path}`", "give known verdicts as JSONL") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "start"
        raise UserError(
            f"`{path}` has a line that is no known verdict: at `{clean(where)}`: {first['msg'].lower()}",
            'a line is {"task": NAME, "bundle_id": HASH, "verdict": "accept", "revise" or "reject"}',
        ) from error
    return list(found.values())


def _by_model(review: Review, options: ReviewOptions) -> int:
    """How many tasks the model left without a vote."""
    from clawc.runtime.engine.interface import constrains
    from clawc.runtime.gateway.budget import Budget
    from clawc.runtime.judge.ask import Asker
    from clawc.runtime.judge.identity import judge_sampling
    from clawc.runtime.review.model import ModelReviewer, Reviewed, review_all
    from clawc.runtime.review.summary import counted
    from clawc.runtime.run import run_closing

    choice = model_of(options.model)
    assert choice is not None
    engine, sampling = choice.make(), judge_sampling(choice)
    asker = Asker(engine, sampling, Budget(choice.budget, options.out / "costs.jsonl"))
    reviewer = ModelReviewer(
        _name(choice.name), asker, sampling, "schema" in constrains(engine), lambda: datetime.now(UTC), time.monotonic
    )
    line: list[ProgressLine] = []

    def progress(done: int, of: int) -> None:
        if not line:
            line.append(ProgressLine(of, "tasks"))
        line[0].report(done, 0)

    async def work() -> None:
        await asker.open()
        found.append(await review_all(reviewer, list(review.subjects.values()), review.ledger, progress))

    found: list[Reviewed] = []
    try:
        run_closing(work(), asker, "continue it by the same command")
    finally:
        for each in line:
            each.close()
    reviewed = found[0]
    before = f", {reviewed.before} before" if reviewed.before else ""
    print(f"{clean(reviewer.name)} voted on {counted(reviewed.voted, 'task')}{before}", file=sys.stderr)
    for why in reviewed.whys:
        print(f"no vote on {clean(why)}", file=sys.stderr)
    return reviewed.failed


def _export(paths: Sequence[Path], options: ReviewOptions, scratch: Path) -> int:
    """All decisions to standard output, and where things stand to standard error."""
    from clawc.runtime.review.ledger import read_ledger

    ledger = read_ledger(options.out)
    put("".join(decision.model_dump_json() + "\n" for decision in ledger.decisions), None)
    sys.stderr.write(_summary(paths, options, scratch, ledger))
    return exits.OK


def _summary(paths: Sequence[Path], options: ReviewOptions, scratch: Path, ledger: Ledger) -> str:
    from clawc.runtime.review.agreement import agreement
    from clawc.runtime.review.summary import agreement_text, board_text

    if not paths:
        versions = frozenset(decision.bundle_id for decision in ledger.decisions)
        golds = [] if options.gold is None else read_gold(options.gold)
        gold: dict[str, Vote] = {g.bundle_id: g.verdict for g in golds}
        return "\n".join([*agreement_text(agreement(ledger.decisions, versions, gold)), ""])
    review, notes = _review(paths, options, scratch)
    board = _whole_board(review)
    return "\n".join([*notes, *board_text(board), *agreement_text(board.agreement), ""])


def _whole_board(review: Review) -> Board:
    """As an adjudicator sees it: all of it."""
    from clawc.runtime.review.rules import Viewer
    from clawc.runtime.review.session import Board

    return Board(
        review.subjects, review.gold, tuple(review.ledger.decisions), Viewer(review.viewer.name, "adjudicator")
    )


def _name(text: str) -> str:
    """A name as decisions hold it. Raises UserError for one that they cannot."""
    from pydantic import TypeAdapter

    from clawc.spec.review import Reviewer

    try:
        return TypeAdapter[str](Reviewer).validate_python(text.strip())
    except ValidationError as error:
        raise UserError("that is no name of a reviewer", "give 1 to 120 characters in one line: --as NAME") from error
