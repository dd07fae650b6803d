"""Plots of a set as SVG, styled by classes alone; every text is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from clawc.runtime.report.plots import Plot
from clawc.runtime.report.text import one_line
from clawc.runtime.synth.diversity import Coverage, Neighbours

_WIDTH = 560
_LEFT = 190
_ROW = 22
_NAME = 26


def bars(counts: Sequence[tuple[str, int]], title: str, caption: str, key: str, most: int = 40) -> Plot:
    """A bar for each name, longest first; the `most` longest if there are more."""
    ordered = sorted(counts, key=lambda pair: (-pair[1], pair[0]))
    if len(ordered) > most:
        caption += f" The {most} most frequent of {len(ordered)}."
    longest = max((n for _, n in ordered), default=0) or 1
    parts: list[str] = []
    for at, (name, n) in enumerate(ordered[:most]):
        y = 8 + _ROW * at
        wide = (_WIDTH - _LEFT - 60) * n / longest
        parts.append(_text(_LEFT - 10, y + 15, name, "name end"))
        parts.append(
            f'<rect class="bar" x="{_LEFT}" y="{y + 3}" width="{wide:.1f}" height="{_ROW - 6}"><title>{_short(name, 200)}: {n}</title></rect>'
        )
        parts.append(_text(_LEFT + wide + 6, y + 15, str(n), "value"))
    return Plot(title, caption, _svg(key, 16 + _ROW * len(ordered[:most]), title, caption, parts))


def heat(table: Coverage, title: str, caption: str, key: str, most: int = 40) -> Plot:
    """A square for each cell of a table of two features, darker the more tasks it has; empty ones have a frame."""
    counts = {cell.names: cell.count for cell in table.cells}
    down, across = (sorted({names[at] for names in counts})[:most] for at in (0, 1))
    largest = max(counts.values(), default=0) or 1
    wide = (_WIDTH - _LEFT - 10) / max(1, len(across))
    top = 96
    parts: list[str] = []
    for column, name in enumerate(across):
        x = _LEFT + wide * (column + 0.5)
        parts.append(f'<g transform="rotate(-60 {x:.1f} {top - 8})">{_text(x, top - 8, name, "name")}</g>')
    for row, one in enumerate(down):
        y = top + _ROW * row
        parts.append(_text(_LEFT - 10, y + 15, one, "name end"))
        for column, other in enumerate(across):
            n = counts.get((one, other), 0)
            kind, depth = ("heat", 0.15 + 0.85 * n / largest) if n else ("hole", 1.0)
            parts.append(
                f'<rect class="{kind}" x="{_LEFT + wide * column + 1:.1f}" y="{y + 1}" width="{wide - 2:.1f}" height="{_ROW - 2}" '
                f'fill-opacity="{depth:.3f}"><title>{_short(one, 100)}, {_short(other, 100)}: {n}</title></rect>'
            )
    return Plot(title, caption, _svg(key, top + _ROW * len(down) + 8, title, caption, parts))


def cosines(found: Neighbours, key: str) -> Plot:
    """How many tasks have their nearest neighbour at which cosine."""
    steps = len(found.histogram)
    most, tall, base = max(found.histogram, default=0) or 1, 150, 176
    step = (_WIDTH - 20) / steps
    parts: list[str] = []
    for at, n in enumerate(found.histogram):
        height, x = tall * n / most, 10 + at * step
        parts.append(
            f'<rect class="bar" x="{x + 1:.1f}" y="{base - height:.1f}" width="{step - 2:.1f}" height="{height:.1f}">'
            f"<title>{n} tasks from {at / steps:.2f} to {(at + 1) / steps:.2f}</title></rect>"
        )
    for at in range(0, steps + 1, 2):
        parts.append(_text(10 + at * step, base + 16, f"{at / steps:.1f}", "tick mid"))
    parts.append(f'<line class="axis" x1="10" x2="{_WIDTH - 10}" y1="{base}" y2="{base}"/>')
    title, caption = (
        "Cosine to the nearest neighbour",
        f"Median {found.median:.3f}, 99th percentile {found.p99:.3f}, greatest {found.most:.3f}.",
    )
    return Plot(title, caption, _svg(key, base + 24, title, caption, parts))


def _svg(key: str, height: float, title: str, description: str, parts: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-labelledby="{key}-t {key}-d">'
        f'<title id="{key}-t">{_short(title, 200)}</title><desc id="{key}-d">{_short(description, 400)}</desc>{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{_short(text, _NAME)}</text>'


def _short(text: str, most: int) -> str:
    return escape(one_line(text if len(text) <= most else text[: most - 1] + "…"))
