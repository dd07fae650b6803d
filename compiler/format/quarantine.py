"""What cannot be read stays as it is: items with mistakes become broken items that own whole lines."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from clawc.compiler.format.stream import Stream
from clawc.compiler.format.writer import Unformattable
from clawc.compiler.source import Diagnostic
from clawc.spec import ast

# The braces are guessed at, or the end of a text is: what belongs to what is then uncertain.
_UNCERTAIN = ("E0106", "E0107")
_EDITION = "E0102"


def quarantined(items: Sequence[ast.Item], stream: Stream, errors: Sequence[Diagnostic]) -> tuple[ast.Item, ...]:
    """The items, with broken ones for those with mistakes. Raises Unformattable where no line divides the two."""
    for error in errors:
        if error.code in _UNCERTAIN or error.source.text.startswith('"""', error.span.start):
            raise Unformattable("it is uncertain what belongs to what")
    spans = [error.span for error in errors if error.code != _EDITION]
    kept = _quarantined(items, stream, spans)
    if kept is None or any(not _inside(span, kept) for span in spans):
        raise Unformattable("it is uncertain what belongs to what")
    return kept


def _quarantined(items: Sequence[ast.Item], stream: Stream, spans: Sequence[ast.Span]) -> tuple[ast.Item, ...] | None:
    """None where a broken item shares a line with something else."""
    kept: list[ast.Item] = []
    for item in items:
        first = bisect_left(stream.starts, item.span.start)
        end = bisect_left(stream.starts, item.span.end)
        if end == first:
            continue  # nothing is left of it
        wrong = [span for span in spans if span.end >= item.span.start and span.start <= item.span.end]
        if isinstance(item, ast.Block) and item.has_body and wrong:
            brace = first + 1 + len(item.labels)
            inside = _quarantined(item.items, stream, wrong)
            if inside is not None and all(stream.starts[brace] < span.start for span in wrong):
                if all(_inside(span, inside) for span in wrong):
                    kept.append(replace(item, items=inside))
                    continue
        if not wrong and not isinstance(item, ast.BrokenItem):
            kept.append(item)
            continue
        if (not stream.lines[end] and end < len(stream.starts)) or (not stream.lines[first] and first > 0):
            return None
        kept.append(ast.BrokenItem((), ast.Span(stream.starts[first], stream.ends[end - 1])))
    return tuple(kept)


def _inside(span: ast.Span, items: Sequence[ast.Item]) -> bool:
    """Does a mistake lie in a broken item?"""
    for item in items:
        if isinstance(item, ast.Block) and _inside(span, item.items):
            return True
        if isinstance(item, ast.BrokenItem) and item.span.start <= span.end and span.start <= item.span.end:
            return True
    return False
