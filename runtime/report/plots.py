"""Plots as SVG. All styling is by classes, so that a page needs no inline styles; every text is escaped here.

Each figure has a title and a description for people who do not see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple, TypeVar

from clawc.runtime.report.document import Change, Group, Phase, Share
from clawc.runtime.report.tables import decimal, percent
from clawc.runtime.report.text import one_line

_WIDTH = 560
_LABEL = 190
_RIGHT = 72
_ROW = 22
_TOP = 8
_AXIS = 28
_NAME = 24
_END = 8  # of the last characters of a name
_T = TypeVar("_T")
OUTCOMES = ("ok", "truncated", "agent_error", "infra_error", "verifier_error")


@dataclass(frozen=True, slots=True)
class Plot:
    """`svg` is safe markup."""

    title: str
    caption: str
    svg: str


class Tick(NamedTuple):
    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to places across the figure."""

    low: float
    high: float
    ticks: tuple[Tick, ...]
    map: Callable[[float], float] = float

    def x(self, value: float) -> float:
        low, high = self.map(self.low), self.map(self.high)
        share = (self.map(min(max(value, self.low), self.high)) - low) / (high - low)
        return _LABEL + share * (_WIDTH - _LABEL - _RIGHT)


def distribution(counts: Sequence[int], quantity: str, key: str) -> Plot:
    """How many episodes have which score: at 0, in ten steps between, and at 1."""
    names = ["0", *(f"to {(n + 1) / 10:g}" for n in range(len(counts) - 2)), "1"]
    names[-2] = "below 1"
    most, height, base = max(counts, default=0) or 1, 170, 196
    step = (_WIDTH - 20) / len(counts)
    parts: list[str] = []
    for at, n in enumerate(counts):
        tall, x = height * n / most, 10 + at * step
        parts.append(
            f'<rect class="bar" x="{x + 4:.1f}" y="{base - tall:.1f}" width="{step - 8:.1f}" height="{tall:.1f}">'
            f"<title>{n} episodes at {names[at]}</title></rect>"
        )
        parts.append(_text(x + step / 2, base + 16, names[at], "tick mid"))
        if n:
            parts.append(_text(x + step / 2, base - tall - 5, str(n), "value mid"))
    parts.append(f'<line class="axis" x1="10" x2="{_WIDTH - 10}" y1="{base}" y2="{base}"/>')
    return Plot(
        f"Distribution of {quantity}",
        "Episodes at exactly 0, in ten steps between, and at exactly 1.",
        _svg(key, base + 24, f"Distribution of {quantity}", f"{sum(counts)} episodes in {len(counts)} steps", parts),
    )


def means(groups: Sequence[Group], title: str, caption: str, key: str, most: int) -> Plot:
    """Mean score and interval of each group, lowest first; the `most` lowest if there are more."""
    having = sorted((g for g in groups if g.score is not None), key=lambda g: (g.score or 0.0, g.name))
    shown = having[:most]
    scale = Scale(0, 1, tuple(Tick(n / 5, f"{n / 5:.1f}") for n in range(6)))

    def row(g: Group, y: float) -> Iterable[str]:
        value = g.score or 0.0
        says = f"{_short(g.name, 200)}: {value:.3f}"
        if g.interval:
            kind = "whisker" if g.trusted else "whisker doubtful"
            says += f", {g.interval.low:.3f} to {g.interval.high:.3f}"
            yield _line(kind, scale.x(g.interval.low), scale.x(g.interval.high), y)
        yield f'<circle class="dot" cx="{scale.x(value):.1f}" cy="{y:.1f}" r="4.5"><title>{says}</title></circle>'
        yield _text(_WIDTH - 6, y + 4, decimal(value).text, "value end")

    if len(having) > most:
        caption += f" The {most} lowest of {len(having)}."
    return _rows(key, title, caption, [(g.name, g) for g in shown], row, scale)


def differences(changes: Sequence[Change], title: str, key: str, most: int) -> Plot:
    """Difference of each task, largest first."""
    shown = [c for c in changes if abs(c.difference) > 1e-9][:most]
    scale = Scale(-1, 1, tuple(Tick(n / 2, f"{n / 2:+.1f}" if n else "0") for n in range(-2, 3)))

    def row(c: Change, y: float) -> Iterable[str]:
        x, zero = scale.x(c.difference), scale.x(0)
        kind = "better" if c.difference > 0 else "worse"
        says = f"{_short(c.task, 200)}: {c.baseline:.3f} to {c.other:.3f}"
        yield (
            f'<rect class="{kind}" x="{min(x, zero):.1f}" y="{y - 6:.1f}" width="{abs(x - zero):.1f}" height="12">'
            f"<title>{says}</title></rect>"
        )
        yield _text(_WIDTH - 6, y + 4, decimal(c.difference, signed=True).text, "value end")

    same = len([c for c in changes if abs(c.difference) <= 1e-9])
    caption = f"Run minus baseline by task, largest first; {same} of {len(changes)} tasks are the same."
    if len(changes) - same > most:
        caption += f" The {most} largest are shown."
    return _rows(key, title, caption, [(c.task, c) for c in shown], row, scale)


def scatter(changes: Sequence[Change], title: str, key: str) -> Plot:
    """Mean of each task in both runs; above the diagonal the run is better."""
    left, side, top = 60, 420, 12
    parts: list[str] = []
    for n in range(6):
        at, label = side * n / 5, f"{n / 5:.1f}"
        parts.append(f'<line class="grid" x1="{left + at:.1f}" x2="{left + at:.1f}" y1="{top}" y2="{top + side}"/>')
        parts.append(f'<line class="grid" x1="{left}" x2="{left + side}" y1="{top + at:.1f}" y2="{top + at:.1f}"/>')
        parts.append(_text(left + at, top + side + 17, label, "tick mid"))
        parts.append(_text(left - 8, top + side - at + 4, label, "tick end"))
    parts.append(f'<line class="axis" x1="{left}" x2="{left + side}" y1="{top + side}" y2="{top}"/>')
    parts.append(_text(left + side / 2, top + side + 36, "baseline", "tick mid"))
    parts.append(_text(left - 8, top + side / 2 + 4, "run", "tick end"))
    for c in changes:
        x, y = left + side * c.baseline, top + side * (1 - c.other)
        says = f"{_short(c.task, 200)}: {c.baseline:.3f} to {c.other:.3f}"
        parts.append(f'<circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="4.5"><title>{says}</title></circle>')
    caption = "A point for each task: baseline across, run upwards. On the line nothing changed."
    return Plot(title, caption, _svg(key, top + side + 44, title, caption, parts))


def outcome_shares(outcomes: Sequence[Share], key: str) -> Plot:
    """One bar of all episodes by outcome, with a legend."""
    parts: list[str] = []
    x, width = 10.0, _WIDTH - 20
    ordered = sorted(outcomes, key=lambda s: OUTCOMES.index(s.name) if s.name in OUTCOMES else len(OUTCOMES))
    for s in ordered:
        parts.append(
            f'<rect class="outcome-{OUTCOMES.index(s.name)}" x="{x:.1f}" y="8" width="{s.share * width:.1f}" height="30">'
            f"<title>{s.name}: {s.count}</title></rect>"
        )
        x += s.share * width
    for at, s in enumerate(ordered):
        left, top = 10 + at % 3 * width / 3, 52 + at // 3 * 20
        parts.append(
            f'<rect class="outcome-{OUTCOMES.index(s.name)}" x="{left:.1f}" y="{top}" width="11" height="11"/>'
        )
        parts.append(_text(left + 17, top + 10, f"{s.name} {s.count} ({percent(s.share).text})", "tick"))
    says = ", ".join(f"{s.name} {s.count}" for s in ordered)
    return Plot(
        "Outcomes",
        "Share of episodes by how they ended.",
        _svg(key, 74 + (len(ordered) - 1) // 3 * 20, "Outcomes", says, parts),
    )


def times(phases: Sequence[Phase], key: str) -> Plot:
    """Median to 99th percentile of each phase, on a logarithmic axis."""
    known = [p for p in phases if p.p99 > 0]
    least = min((p.p50 for p in known if p.p50 > 0), default=0.001)
    low, high = floor(log10(max(least, 1e-4))), ceil(log10(max((p.p99 for p in known), default=1.0)) + 1e-9)
    powers = range(low, max(high, low + 1) + 1)
    scale = Scale(
        10.0 ** powers[0], 10.0 ** powers[-1], tuple(Tick(10.0**n, _seconds(n)) for n in powers),
        lambda value: log10(max(value, 1e-9)),
    )  # fmt: skip

    def row(p: Phase, y: float) -> Iterable[str]:
        says = f"{_short(p.name, 80)}: p50 {p.p50:.4f} s, p90 {p.p90:.4f} s, p99 {p.p99:.4f} s"
        yield _line("whisker", scale.x(p.p50), scale.x(p.p99), y)
        yield f'<line class="mark" x1="{scale.x(p.p90):.1f}" x2="{scale.x(p.p90):.1f}" y1="{y - 5:.1f}" y2="{y + 5:.1f}"/>'
        yield f'<circle class="dot" cx="{scale.x(p.p50):.1f}" cy="{y:.1f}" r="4.5"><title>{says}</title></circle>'
        yield _text(_WIDTH - 6, y + 4, f"{p.p50:.3f} s", "value end")

    caption = "Dot: median; bar: 90th percentile; the line ends at the 99th. Logarithmic."
    return _rows(key, "Time by phase", caption, [(p.name, p) for p in known], row, scale)


class Spread(NamedTuple):
    """A value with the ends of its interval; `doubtful` ones are dashed."""

    name: str
    value: float
    low: float
    high: float
    doubtful: bool = False


def spreads(items: Sequence[Spread], title: str, caption: str, key: str, most: int, *, shares: bool = False) -> Plot:
    """Values and intervals in the given order, on an axis of whole numbers that holds all values, or of shares from 0 to 1; the first `most` if
    there are more."""
    shown = items[:most]
    low = floor(min((s.value for s in shown), default=0.0) - 1)
    high = ceil(max((s.value for s in shown), default=0.0) + 1)
    low, high = max(low, -1_000), min(high, 1_000)
    step = max(1, ceil((high - low) / 8))
    scale = Scale(low, high, tuple(Tick(float(n), f"{n:+d}" if n else "0") for n in range(low, high + 1, step)))
    if shares:
        scale = Scale(0, 1, tuple(Tick(n / 5, f"{n / 5:.1f}") for n in range(6)))

    def row(s: Spread, y: float) -> Iterable[str]:
        says = f"{_short(s.name, 200)}: {s.value:.2f}, {s.low:.2f} to {s.high:.2f}"
        yield _line("whisker doubtful" if s.doubtful else "whisker", scale.x(s.low), scale.x(s.high), y)
        yield f'<circle class="dot" cx="{scale.x(s.value):.1f}" cy="{y:.1f}" r="4.5"><title>{says}</title></circle>'
        yield _text(_WIDTH - 6, y + 4, decimal(s.value, 2, signed=not shares).text, "value end")

    if len(items) > most:
        caption += f" The first {most} of {len(items)}."
    return _rows(key, title, caption, [(s.name, s) for s in shown], row, scale)


def _rows(
    key: str, title: str, caption: str, items: Sequence[tuple[str, _T]], row: Callable[[_T, float], Iterable[str]],
    scale: Scale,
) -> Plot:  # fmt: skip
    bottom = _TOP + _ROW * len(items)
    parts: list[str] = []
    for tick in scale.ticks:
        x = scale.x(tick.at)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(_text(x, bottom + 17, tick.label, "tick mid"))
    for at, (name, item) in enumerate(items):
        y = _TOP + _ROW * (at + 0.5)
        parts.append(_text(_LABEL - 12, y + 4, name, "name end"))
        parts += row(item, y)
    return Plot(title, caption, _svg(key, bottom + _AXIS, title, caption, parts))


def _svg(key: str, height: float, title: str, description: str, parts: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-labelledby="{key}-t {key}-d">'
        f'<title id="{key}-t">{_short(title, 200)}</title><desc id="{key}-d">{_short(description, 400)}</desc>'
        + "".join(parts)
        + "</svg>"
    )


def _text(x: float, y: float, text: str, kind: str) -> str:
    shown = _short(text, 60) if "name" not in kind else _name(text)
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{shown}</text>'


def _line(kind: str, x1: float, x2: float, y: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _short(text: str, most: int) -> str:
    return escape(one_line(text if len(text) <= most else text[: most - 1] + "…"))


def _name(text: str) -> str:
    """With its end, by which instances of a task differ."""
    if len(text) <= _NAME:
        return _short(text, _NAME)
    return escape(one_line(f"{text[: _NAME - _END - 1]}…{text[-_END:]}"))


def _seconds(power: int) -> str:
    return f"{10**power} s" if power >= 0 else f"{10 ** (power + 3)} ms" if power >= -3 else "0.1 ms"
