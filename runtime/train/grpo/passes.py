"""Rows in passes: those that begin alike go together, so that what they share is computed once; the others by their lengths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clawc.runtime.train.rows import Row

_WORTH = 16  # shared tokens from which on a pass in two parts is worth it


def passes(rows: Sequence[Row], tokens: int) -> Iterator[list[Row]]:
    """Each of at most so many tokens with what fills it up, what is shared counted once, or of one row."""
    alone: list[Row] = []
    for some in _families(rows, tokens):
        if len(some) > 1:
            yield some
        else:
            alone += some
    yield from by_length(alone, tokens)


def by_length(rows: Sequence[Row], tokens: int) -> Iterator[list[Row]]:
    """The rows in passes of like length, each of at most so many tokens with what fills it up, or of one row."""
    some: list[Row] = []
    for row in sorted(rows, key=lambda row: (len(row.input_ids), row.episode_id, row.row_index)):
        if some and len(row.input_ids) * (len(some) + 1) > tokens:
            yield some
            some = []
        some.append(row)
    if some:
        yield some


def shared_prefix(rows: Sequence[Row]) -> int:
    """How many leading tokens all of these rows share, up to the first that is trained in any; 0 if that is hardly any, or for one row."""
    if len(rows) < 2:
        return 0
    found = _shared(min(rows, key=_ids), max(rows, key=_ids))
    found = min(found, *(row.loss_mask.index(1) if 1 in row.loss_mask else len(row.input_ids) - 1 for row in rows))
    return found if found >= _WORTH else 0


def _families(rows: Sequence[Row], tokens: int) -> Iterator[list[Row]]:
    """Runs of rows in the order of their tokens, each as long as a row that joins costs no more than it does alone."""
    some: list[Row] = []
    for row in sorted(rows, key=lambda row: (row.input_ids, row.episode_id, row.row_index)):
        if some:
            cost = _cost([*some, row])
            if cost is None or cost > tokens or cost > (_cost(some) or len(some[0].input_ids)) + len(row.input_ids):
                yield some
                some = []
        some.append(row)
    if some:
        yield some


def _cost(rows: Sequence[Row]) -> int | None:
    """Tokens that a pass over these computes; None if they share nothing."""
    shared = shared_prefix(rows)
    return shared + len(rows) * (max(len(row.input_ids) for row in rows) - shared) if shared else None


def _shared(least: Row, greatest: Row) -> int:
    """What the first and the last in the order of tokens share is shared by all between them."""
    pairs = zip(least.input_ids, greatest.input_ids, strict=False)
    return next(
        (at for at, (one, other) in enumerate(pairs) if one != other),
        min(len(least.input_ids), len(greatest.input_ids)),
    )


def _ids(row: Row) -> tuple[int, ...]:
    return row.input_ids
