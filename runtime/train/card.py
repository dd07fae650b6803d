"""The card of an exported model: `README.md` beside its weights. All that others have named is text in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files

import jinja2

from clawc.runtime.train.records import TrainingRecord
from clawc.runtime.train.scores import Bounds, RunScore

_MOST_TASKS = 40
_NO_NAME = re.compile(r"[^0-9A-Za-z._/-]+")


def model_card(record: TrainingRecord, form: str, dtype: str, scores: Sequence[RunScore] = ()) -> str:
    """Markdown with a head of YAML, as hubs of models read it."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False
    )  # fmt: skip
    environment.filters |= {"code": _code, "plain": _plain, "share": _share, "interval": _interval, "number": _number}
    text = files("clawc.runtime.train").joinpath("card.md.j2").read_text("utf-8")
    lora = record.settings.get("lora")
    return environment.from_string(text).render(
        training=record,
        base=_plain(record.base.name),
        form=form,
        dtype=dtype,
        lora=lora if isinstance(lora, dict) else None,
        settings=[
            (name, value)
            for name, value in sorted(record.settings.items())
            if value is not None and name not in ("lora", "trackers")
        ],
        tasks=record.tasks[:_MOST_TASKS],
        families=len({task.template for task in record.tasks if task.template}),
        scores=scores,
        seen=sum(group.tasks for score in scores for group in score.familiarity if group.name == "seen"),
    )


def _code(text: object) -> str:
    """As code of Markdown: no backtick, bar or line break can end it."""
    return "`" + " ".join(str(text).replace("`", "'").replace("|", "/").split())[:120] + "`"


def _plain(text: object) -> str:
    """What may stand in YAML and in text without a sign that means something there."""
    return _NO_NAME.sub("-", str(text))[:120] or "model"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _interval(bounds: Bounds | None) -> str:
    return "–" if bounds is None else f"{100 * bounds.low:.1f} to {100 * bounds.high:.1f} %"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}" if isinstance(value, float) else f"{value:,}"
