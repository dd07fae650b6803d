"""What `clawc judge` says, as lines of text and as JSON data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clawc.compiler.report import clean
from clawc.runtime.judge.golden import GoldenResult
from clawc.runtime.judge.labels import Agreement, Comparison, Measured
from clawc.runtime.judge.stored import RunJudged
from clawc.runtime.judge.summary import RubricSummary, Summary
from clawc.runtime.store.scores import SCORES
from clawc.spec.rubric import DECISIONS

_SHOWN = 20
_WORDS = {"met": "met", "not_met": "not met", "cannot_tell": "cannot tell"}


def run_text(folder: Path, found: RunJudged, summary: Summary) -> list[str]:
    """A judging of a run."""
    text = [
        f"{_count(found.judged, 'episode')} judged"
        + (f", {found.before} of them before" if found.before else "")
        + (f"; {_count(summary.unasked, 'score')} did not hang on a rubric" if summary.unasked else "")
    ]
    text += [f"{count} left out: {why}" for why, count in sorted(found.left_out.items())]
    text += [f"{count} without a score: {clean(why)}" for why, count in sorted(found.failures.items())]
    for rubric in summary.rubrics:
        text += _rubric_text(rubric)
    if summary.spoke:
        keys = dict.fromkeys(spoke.key for spoke in summary.spoke)
        text.append(f"{_count(len(keys), 'episode')} with lines that speak to the judge:")
        text += [
            f"  {s.key}: {s.path!a}, {f'line {s.line}' if s.line else 'its name'} ({s.kind})"
            for s in summary.spoke[:_SHOWN]
        ]
        if len(summary.spoke) > _SHOWN:
            text.append(f"  and {len(summary.spoke) - _SHOWN} more")
    tally = found.tally
    cost = "" if tally.cost is None else f", {tally.cost:f} US dollars"
    tokens = (
        "" if tally.prompt_tokens is None else f", {tally.prompt_tokens} tokens read, {tally.completion_tokens} written"
    )
    text.append(f"{_count(tally.calls, 'call')} of the model{tokens}{cost}")
    return [*text, "", f"{folder / SCORES / found.id}.jsonl"]


def _rubric_text(rubric: RubricSummary) -> Iterator[str]:
    faulty = f", {rubric.faulty} with a vote that did not count" if rubric.faulty else ""
    third = f", {rubric.third} with a third vote" if rubric.third else ""
    yield f"rubric {clean(rubric.task)}.{rubric.name}: {rubric.share:.3f} of its points over {rubric.judged}{third}{faulty}"
    for name, counts in rubric.criteria.items():
        yield f"  {name}: " + ", ".join(f"{counts[each]} {_WORDS[each]}" for each in DECISIONS)


def run_data(folder: Path, found: RunJudged, summary: Summary) -> dict[str, object]:
    tally = found.tally
    return {
        "run": str(folder),
        "scoring": found.id,
        "judged": found.judged,
        "judged_before": found.before,
        "unasked": summary.unasked,
        "left_out": dict(found.left_out),
        "unscored": dict(found.failures),
        "rubrics": [
            {
                "task": rubric.task,
                "name": rubric.name,
                "judged": rubric.judged,
                "share": round(rubric.share, 6),
                "third_votes": rubric.third,
                "faulty": rubric.faulty,
                "criteria": {name: {each: counts[each] for each in DECISIONS} for name, counts in rubric.criteria.items()},
            }
            for rubric in summary.rubrics
        ],
        "injection": [spoke._asdict() for spoke in summary.spoke],
        "calls": tally.calls,
        "prompt_tokens": tally.prompt_tokens,
        "completion_tokens": tally.completion_tokens,
        "cost": None if tally.cost is None else format(tally.cost, "f"),
    }  # fmt: skip


def golden_text(found: GoldenResult, agree: float) -> list[str]:
    """A golden set."""
    enough = "enough" if found.agreement >= agree else f"less than {agree:g}"
    text = [
        f"golden set: {found.right} of {len(found.verdicts)} verdicts as expected, {enough} ({clean(found.identity)})"
    ]
    wrong = [each for each in found.verdicts if each.found != each.expected]
    text += [
        f"  {clean(w.case)}, {w.criterion}: {_WORDS[w.found]}, expected {_WORDS[w.expected]}" for w in wrong[:_SHOWN]
    ]
    if len(wrong) > _SHOWN:
        text.append(f"  and {len(wrong) - _SHOWN} more")
    if found.previous:
        text.append(f"{_count(len(found.changed), 'verdict')} other than by {clean(found.previous)}")
        text += [
            f"  {clean(c.case)}, {c.criterion}: {_WORDS[c.before or 'cannot_tell']} -> {_WORDS[c.found]}"
            for c in found.changed[:_SHOWN]
        ]
    return [*text, ""]


def golden_data(found: GoldenResult, agree: float) -> dict[str, object]:
    return {
        "judge": found.identity,
        "previous": found.previous or None,
        "agreement": round(found.agreement, 6),
        "enough": found.agreement >= agree,
        "verdicts": [each._asdict() for each in found.verdicts],
    }


def agreement_text(found: Comparison) -> list[str]:
    """Judge against labels."""
    raters = _count(found.raters, "rater")
    text = [
        "",
        f"against labels of {raters}: {found.whole.units} verdicts on {_count(found.whole.episodes, 'episode')}",
    ]
    if found.unjudged:
        text.append(f"{_count(found.unjudged, 'label')} of what was not judged")
    if found.whole.ties:
        text.append(f"{_count(found.whole.ties, 'verdict')} without a most frequent label, left out of all but alpha")
    text += [f"  {name:<26} {_shown(value)}" for name, value in _measures(found.whole)]
    text.append("  judge \\ label   " + " ".join(f"{_WORDS[each]:>11}" for each in DECISIONS))
    text += [
        f"  {_WORDS[each]:<14}  " + " ".join(f"{int(count):>11}" for count in row)
        for each, row in zip(DECISIONS, found.whole.table)
    ]
    for (rubric, criterion), each in found.criteria.items():
        text.append(f"{rubric}.{criterion}: " + ", ".join(f"{name} {_number(m.value)}" for name, m in _measures(each)))
    return text


def agreement_data(found: Comparison) -> dict[str, object]:
    return {
        "raters": found.raters,
        "unjudged": found.unjudged,
        "verdicts": list(DECISIONS),
        "whole": _agreement_data(found.whole),
        "criteria": [
            {"rubric": rubric, "criterion": criterion, **_agreement_data(each)}
            for (rubric, criterion), each in found.criteria.items()
        ],
    }


def _agreement_data(found: Agreement) -> dict[str, object]:
    return {
        "units": found.units,
        "episodes": found.episodes,
        "ties": found.ties,
        "table": [[int(count) for count in row] for row in found.table],
        **{name.replace(" ", "_"): _measured_data(measured) for name, measured in _measures(found)},
    }


def _measured_data(found: Measured) -> dict[str, object]:
    interval = found.interval
    ends = None if interval is None else [round(interval.low, 6), round(interval.high, 6)]
    return {"value": None if found.value is None else round(found.value, 6), "interval": ends}


def _measures(found: Agreement) -> list[tuple[str, Measured]]:
    named = [("agreement", found.raw), ("kappa", found.kappa), ("ac1", found.ac1), ("alpha", found.alpha)]
    return [*named, ("alpha of raters", found.raters_alpha)] if found.raters_alpha is not None else named


def _shown(found: Measured) -> str:
    if found.interval is None:
        return _number(found.value)
    return f"{_number(found.value)}   {found.interval.low:.3f} to {found.interval.high:.3f} (95 %)"


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else noun + 's'}"
