"""Warnings that the author allows: `# allow W0302: reason` covers the item that it stands above, or on whose line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clawc.compiler.passes.lex import Comment
from clawc.compiler.source import MAX_DIAGNOSTICS, Diagnostic, Diagnostics, Source
from clawc.spec import ast
from clawc.spec.ast import Span
from clawc.spec.diagnostics import BY_CODE, is_of_test

# Only what names a code is meant for the compiler; `# allow a blank here` is a comment.
_ALLOW = re.compile(r"#+[ \t]*allow[ \t]+([EWew][0-9]+(?:[ \t]*,[ \t]*[EWew][0-9]+)*)[ \t]*(?::[ \t]*(.*))?")


class Allowance(NamedTuple):
    """Codes that are allowed within a span of the file, and why; `at` is the comment."""

    codes: tuple[str, ...]
    reason: str
    within: Span
    at: Span


class Sifted(NamedTuple):
    """Diagnostics that stay, and those that are allowed, each with its reason."""

    kept: list[Diagnostic]
    allowed: list[tuple[Diagnostic, str]]


def allowances(
    source: Source, file: ast.File, comments: list[Comment], diagnostics: Diagnostics
) -> tuple[Allowance, ...]:
    """The allowances of a file. One that cannot work is a mistake."""
    found: list[Allowance] = []
    for comment in comments:
        match = _ALLOW.match(comment.text) if "allow" in comment.text else None
        if match is None:
            continue
        at = Span(comment.start, comment.start + len(comment.text.rstrip()))
        codes = tuple(code.strip().upper() for code in match[1].split(","))
        reason = (match[2] or "").strip()
        problem, help = _problem(codes, reason)
        if problem:
            diagnostics.add("E0113", source, at, problem, help)
            continue
        within = _item_at(source, file.items, comment.start)
        if within is None:
            diagnostics.add("E0113", source, at, "there is nothing that this could allow",
                            "put it above the item that it is about, or behind it on its first line")  # fmt: skip
            continue
        found.append(Allowance(codes, reason, within, at))
    return tuple(found)


def sift(source: Source, given: tuple[Allowance, ...], diagnostics: Diagnostics) -> Sifted:
    """Takes out what is allowed. An allowance that nothing needs is a warning, unless errors hid what it is for."""
    kept: list[Diagnostic] = []
    allowed: list[tuple[Diagnostic, str]] = []
    needed: set[tuple[Span, str]] = set()
    for d in diagnostics.sorted():
        by = next((a for a in given if d.source is source and d.code in a.codes and _inside(d.span, a.within)), None)
        if by is None:
            kept.append(d)
        else:
            allowed.append((d, by.reason))
            needed.add((by.at, d.code))
    if diagnostics.has_errors:
        return Sifted(kept, allowed)
    idle = [(a, code) for a in given for code in a.codes if (a.at, code) not in needed and not is_of_test(code)]
    for a, code in idle[: max(0, MAX_DIAGNOSTICS - len(kept))]:
        kept.append(Diagnostic("W0101", f"nothing here is a `{code}`, so there is nothing to allow", source, a.at, "remove it"))  # fmt: skip
    return Sifted(sorted(kept, key=lambda d: d.sort_key) if idle else kept, allowed)


def split(
    said: Sequence[Diagnostic], given: tuple[Allowance, ...], source: Source
) -> tuple[list[Diagnostic], list[tuple[Diagnostic, str]]]:
    """Findings of a proof that stand, and those that are allowed, each with its reason."""
    kept: list[Diagnostic] = []
    allowed: list[tuple[Diagnostic, str]] = []
    for d in said:
        by = next((a for a in given if d.source is source and d.code in a.codes and _inside(d.span, a.within)), None)
        if by is None:
            kept.append(d)
        else:
            allowed.append((d, by.reason))
    return kept, allowed


def _problem(codes: tuple[str, ...], reason: str) -> tuple[str, str]:
    for code in codes:
        row = BY_CODE.get(code)
        if row is None:
            return f"there is no diagnostic `{code}`", "`clawc explain all` lists them"
        if row.severity == "error":
            return f"`{code}` is an error, and only warnings can be allowed", "mend what it says"
    return ("", "") if reason else ("an allowance needs a reason", f"write `# allow {', '.join(codes)}: why`")


def _inside(span: Span, within: Span) -> bool:
    return within.start <= span.start < within.end or span == within


def _item_at(source: Source, items: tuple[ast.Item, ...], at: int) -> Span | None:
    """The outermost item that begins on the line of the comment before it, else the next item in the same block."""
    line = source.line_starts[source.position(at)[0] - 1]
    starting = [item for item in _all(items) if line <= item.span.start < at]
    if starting:
        return starting[0].span
    around = items
    while (
        block := next((i for i in around if isinstance(i, ast.Block) and i.span.start < at < i.span.end), None)
    ) is not None:
        around = block.items
    return next((i.span for i in around if i.span.start > at), None)


def _all(items: tuple[ast.Item, ...]) -> Iterator[ast.Item]:
    for item in items:
        yield item
        if isinstance(item, ast.Block):
            yield from _all(item.items)
