"""How many drafts reach and leave each stage, and why the others did not: as a table and as a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import escape

from clawc.runtime.synth.authoring.drafts import STAGES, DraftRecord, Stage

_SAYS: dict[Stage, str] = {
    "blueprint": "planned by a model",
    "write": "written by a model",
    "test": "compiled and proved",
    "screen": "unlike the others",
    "review": "reviewed by models",
    "rubric": "given a rubric",
    "taken": "taken into the set",
}
_ROW, _LEFT, _WIDE, _REASONS = 44, 150, 560, 4


class Yield(NamedTuple):
    """`entered` drafts were there when the stage began, `left` went on; `reasons` are those of the others, most frequent first."""

    stage: Stage
    entered: int
    left: int
    reasons: tuple[tuple[str, int], ...]

    @property
    def share(self) -> float:
        return self.left / self.entered if self.entered else 0.0


def yields(records: Sequence[DraftRecord]) -> tuple[Yield, ...]:
    """One for each stage, in their order. A draft that the screen refused before it was written counts where it ended."""
    ended = Counter(each.stage for each in records if each.row is None)
    reasons: dict[Stage, Counter[str]] = {stage: Counter() for stage in STAGES}
    for each in records:
        if each.row is None:
            reasons[each.stage][each.why] += 1
    found: list[Yield] = []
    there = len(records)
    for stage in STAGES:
        left = there - ended[stage]
        found.append(Yield(stage, there, left, tuple(reasons[stage].most_common())))
        there = left
    return tuple(found)


def as_text(found: Sequence[Yield]) -> str:
    """A table for people, with the most frequent reasons."""
    lines = [f"{'stage':<12}{'entered':>8}{'left':>8}{'share':>8}"]
    for each in found:
        lines.append(f"{each.stage:<12}{each.entered:>8}{each.left:>8}{each.share:>8.1%}")
        lines += [f"    {count:>5}  {reason}" for reason, count in each.reasons[:_REASONS]]
    return "\n".join(lines) + "\n"


def as_json(found: Sequence[Yield]) -> list[dict[str, object]]:
    """The same as data."""
    return [
        {"stage": each.stage, "entered": each.entered, "left": each.left, "reasons": [list(reason) for reason in each.reasons]}
        for each in found
    ]  # fmt: skip


def as_svg(found: Sequence[Yield]) -> str:
    """The funnel: a bar for what left each stage, in front of one for what entered it."""
    most = max((each.entered for each in found), default=0) or 1
    height = _ROW * len(found) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDE + 110} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13"><title>Drafts by stage</title>'
    ]
    for number, each in enumerate(found):
        y = 10 + number * _ROW
        entered, left = (_WIDE * count / most for count in (each.entered, each.left))
        why = f"{each.reasons[0][0][:70]} ({each.reasons[0][1]})" if each.reasons else ""
        parts += [
            f'<text x="{_LEFT - 10}" y="{y + 17}" text-anchor="end">{escape(_SAYS[each.stage])}</text>',
            f'<rect x="{_LEFT}" y="{y}" width="{entered:.1f}" height="24" fill="#d9dee5"/>',
            f'<rect x="{_LEFT}" y="{y}" width="{left:.1f}" height="24" fill="#2f6f9f"/>',
            f'<text x="{_LEFT + entered + 8:.1f}" y="{y + 17}">{each.left} of {each.entered}</text>',
            f'<text x="{_LEFT}" y="{y + 37}" font-size="10" fill="#666">{escape(why)}</text>',
        ]
    return "".join([*parts, "</svg>\n"])
