"""The pages of a review as HTML. Each function gets a `Board` and puts on the page what the viewer may see: what is not revealed is not there."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import jinja2

from clawc.runtime.review.checklist import QUESTIONS, known_tags
from clawc.runtime.review.forms import ROWS, Draft, Row, draft_from
from clawc.runtime.review.rollouts import strips
from clawc.runtime.review.session import Board, new_key
from clawc.runtime.review.subject import Shown, ShownCheck, ShownFile, Subject
from clawc.runtime.selftest.card_page import percent, pieces
from clawc.runtime.web.shell import environment
from clawc.spec.review import SEVERITIES, VOTES

PAGE_ROWS = 200
SHOWS = ("all", "waiting", "mine", "closed")


class QueueRow(NamedTuple):
    """A task in the table. `state` and `outcome` are as the viewer may know them; `mine` is their own verdict, `place` that in their queue, from 1."""

    subject: Subject
    state: str
    outcome: str
    votes: int
    mine: str
    place: int
    passed: int
    rollouts: int
    why: tuple[str, ...]


class Segment(NamedTuple):
    """A part of the bar of progress, in thousandths of its width."""

    kind: str
    start: int
    width: int


class Find(NamedTuple):
    """What the table is narrowed to. `page` counts from 1."""

    words: str = ""
    show: str = "all"
    page: int = 1


def queue_page(board: Board, find: Find) -> str:
    """What waits, what is done, how far reviewers agree."""
    rows = _rows(board)
    hits = [row for row in rows if _fits(row, find)]
    pages = max(1, -(-len(hits) // PAGE_ROWS))
    at = min(max(1, find.page), pages)
    return _rendered(
        "queue.html.j2", board=board, rows=hits[(at - 1) * PAGE_ROWS : at * PAGE_ROWS], hits=len(hits), find=find._replace(page=at), pages=pages,
        shows=SHOWS, **_live(board),
    )  # fmt: skip


def live_part(board: Board) -> str:
    """The figures of the queue's page that change while one looks at them."""
    return _rendered("live.html.j2", board=board, **_live(board))


def task_page(
    board: Board,
    shown: Shown,
    *,
    draft: Draft | None = None,
    wrong: tuple[str, str] | None = None,
    stored: bool = False,
) -> str:
    """The review screen. `draft` is a form to show again, `wrong` what is wrong with it and what helps."""
    id = shown.subject.id
    own, revealed = board.own(id), board.revealed(id)
    form = draft or (Draft() if own is None else draft_from(own.verdict, own.findings, own.notes))
    older, olds = board.older(shown.subject)
    stands = board.standings[id]
    reasons = board.doubt(id)
    return _rendered(
        "task.html.j2", board=board, shown=shown, subject=shown.subject, own=own, revealed=revealed, others=board.others(id), older=older, olds=olds,
        stands=stands if revealed else None, votes=len(stands.votes), reasons=(*reasons.reasons, *([reasons.by_model] if revealed and reasons.by_model else [])),
        form=form, rows=(*form.rows, *[Row()] * max(1, ROWS - len(form.rows))), wrong=wrong, stored=stored, key=new_key(), why_not=board.why_not(id),
        questions=QUESTIONS, tags=known_tags(board.seen), severities=SEVERITIES, place=_place(board, id), left=len(board.queue),
        total=sum(len(strip.rollouts) for strip in shown.strips), numbers={c.check.name: c.number for c in shown.checks},
    )  # fmt: skip


def check_page(board: Board, shown: Shown, check: ShownCheck) -> str:
    """One check by itself, at an address that stays."""
    id = shown.subject.id
    findings = [
        (d, f)
        for d in (*([board.own(id)] if board.own(id) else []), *board.others(id))
        if d is not None
        for f in d.findings
        if f.check == check.check.name
    ]
    return _rendered(
        "check.html.j2", board=board, shown=shown, subject=shown.subject, check=check, findings=findings, revealed=board.revealed(id),
        numbers={c.check.name: c.number for c in shown.checks},
    )  # fmt: skip


def file_page(subject: Subject, file: ShownFile) -> str:
    """A file as text with numbered lines."""
    lines = None if file.text is None else file.text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    return _rendered("file.html.j2", subject=subject, file=file, lines=lines)


def done_page(board: Board) -> str:
    """Nothing is left to read."""
    return _rendered("done.html.j2", board=board)


def _rows(board: Board) -> list[QueueRow]:
    """What waits for the viewer, in that order; then the rest by task."""
    places = {id: place for place, id in enumerate(board.queue, 1)}
    rest = sorted((id for id in board.subjects if id not in places), key=lambda id: (board.subjects[id].task, id))
    return [_row(board, id, places.get(id, 0)) for id in (*board.queue, *rest)]


def _row(board: Board, id: str, place: int) -> QueueRow:
    subject, stands, own = board.subjects[id], board.standings[id], board.own(id)
    # Even that a task is closed says that two agreed, so it is said to those who voted on it.
    if place:
        state = "yours"
    elif id in board.open_to and stands.state != "open":
        state = stands.state
    else:
        state = "with others"
    known = id in board.open_to
    parts = strips(subject.rollouts)
    return QueueRow(
        subject, state, (stands.outcome or "") if known else "", len(stands.votes), own.verdict if own else "", place,
        sum(s.passed for s in parts), sum(s.counted for s in parts), board.doubt(id).reasons,
    )  # fmt: skip


def _fits(row: QueueRow, find: Find) -> bool:
    manifest = row.subject.bundle.manifest
    text = f"{manifest.task} {manifest.title} {manifest.category} {manifest.id}".casefold()
    shows = {"waiting": row.place > 0, "mine": bool(row.mine), "closed": row.state == "closed"}
    return all(word in text for word in find.words.casefold().split()) and shows.get(find.show, True)


def _live(board: Board) -> dict[str, object]:
    states = [board.standings[id] for id in board.subjects]
    # How a task came out is shown where the viewer may know it; how many are still open tells nobody anything.
    counts = {
        "closed": sum(s.state == "closed" for s in states),
        "begun": sum(s.state != "closed" and bool(s.votes) for s in states),
        "new": sum(s.state != "closed" and not s.votes for s in states),
    }
    outcomes = [board.standings[id].outcome for id in board.subjects if id in board.open_to]
    return {
        "counts": counts,
        "segments": _segments(counts, max(1, len(states))),
        "disputed": sum(board.standings[id].state == "disputed" for id in board.subjects if id in board.open_to),
        "outcomes": {vote: outcomes.count(vote) for vote in VOTES},
        "mine": sum((own := board.own(id)) is not None and own.is_vote for id in board.subjects),
        "deferred": sum((own := board.own(id)) is not None and not own.is_vote for id in board.subjects),
        "agreement": board.agreement,
        "votes_in_order": VOTES,
    }


def _segments(counts: dict[str, int], whole: int) -> tuple[Segment, ...]:
    found: list[Segment] = []
    before = 0
    for kind, count in counts.items():
        start, end = round(1_000 * before / whole), round(1_000 * (before + count) / whole)
        found.append(Segment(kind, start, end - start))
        before += count
    return tuple(found)


def _place(board: Board, id: str) -> int:
    return board.queue.index(id) + 1 if id in board.queue else 0


def _rendered(name: str, **values: object) -> str:
    return _pages().get_template(name).render(values)


@cache
def _pages() -> jinja2.Environment:
    made = environment("clawc.runtime.review")
    made.filters["percent"] = percent
    made.filters["pieces"] = lambda text: pieces(str(text))
    made.filters["bytes"] = _bytes
    made.filters["figure"] = _figure
    made.filters["words"] = lambda tag: str(tag).replace("_", " ")
    return made


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _bytes(size: int) -> str:
    for unit, least in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= least:
            return f"{size / least:.1f} {unit}"
    return f"{size} B"
