"""`clawc report`: statistics of runs, alone and against the first."""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

from clawc import exits
from clawc.commands.faults import user_errors
from clawc.commands.output import put
from clawc.commands.sources import require_format
from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.report.build import Settings, build_report, suite_named
from clawc.runtime.report.document import Report
from clawc.runtime.report.rows import BY, episodes_csv, groups_csv
from clawc.runtime.report.sample import RunInput
from clawc.runtime.store.run_folder import each_attempt, read_run
from clawc.runtime.store.scores import judged

FORMATS = ("text", "json", "csv", "markdown", "junit", "html")


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What the options of the verb say."""

    format: str = "text"
    by: str | None = None
    out: Path | None = None
    settings: Settings = field(default_factory=Settings)
    fail_under: float | None = None
    fail_on_regression: bool = False
    compare: bool = False


def report_command(folders: Sequence[Path], options: ReportOptions) -> int:
    """Writes the report; exit 1 where `--fail-under` or `--fail-on-regression` says so."""
    _require(folders, options)
    with user_errors(), _no_collection():
        runs = [_read(folder, label, options.settings.scoring) for folder, label in zip(folders, _labels(folders))]
        _require_one_suite(runs)
        report = build_report(runs, options.settings)
    put(_formatted(report, runs, options), options.out)
    failures = [*_under(report, options.fail_under), *(_regressions(report) if options.fail_on_regression else ())]
    for failure in failures:
        print(f"clawc: {failure}", file=sys.stderr)
    return exits.FINDINGS if failures else exits.OK


@contextmanager
def _no_collection() -> Generator[None]:
    """Records form no cycles; looking for some would take most of the time that a large run takes."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _require(folders: Sequence[Path], options: ReportOptions) -> None:
    require_format(options.format, FORMATS)
    numbers = {
        "--threshold": options.settings.threshold,
        "--level": options.settings.resampling.level,
        "--fail-under": options.fail_under or 0.0,
    }
    for option, number in numbers.items():
        if not isfinite(number):
            raise UserError(f"`nan` is nothing for `{option}`", "give a number between 0 and 1")
    if options.by is not None and options.format != "csv":
        raise UserError("`--by` is for `--format csv`", "the other formats have every group")
    if options.by is not None and options.by not in BY:
        raise UserError(f"`--by {clean(options.by)}` is unknown", f"groups: {', '.join(BY)}")
    for wanted, option in ((options.fail_on_regression, "--fail-on-regression"), (options.compare, "--compare")):
        if wanted and len(folders) < 2:
            raise UserError(f"`{option}` needs two runs", "give the baseline first")


def _require_one_suite(runs: Sequence[RunInput]) -> None:
    """Raises UserError where runs are of suites that differ, in version or otherwise."""
    played = [run for run in runs if run.info.suite is not None]
    for run in played[1:]:
        first, other = played[0].info.suite, run.info.suite
        if first is not None and other is not None and first.id != other.id:
            raise UserError(
                f"scores of different suites are never mixed: `{clean(played[0].label)}` is of {suite_named(played[0].info)}, "
                f"`{clean(run.label)}` of {suite_named(run.info)}",
                "report each by itself, or play both on one version",
            )


def _labels(folders: Sequence[Path]) -> list[str]:
    """The folders as given; the same one twice is numbered."""
    labels: list[str] = []
    for folder in folders:
        label = str(folder)
        labels.append(f"{label} ({labels.count(label) + 1})" if label in labels else label)
    return labels


def _read(folder: Path, label: str, scoring: str) -> RunInput:
    info, played = read_run(folder, scoring="original")
    records, judged_by = judged(folder, played, scoring)
    replaced: list[EpisodeRecord] = []
    # Only a retried episode has other attempts than its last.
    if any(record.attempt > 1 for record in records):
        counted = {record.key for record in records}
        replaced = [record for record in each_attempt(folder) if record.key not in counted]
    return RunInput(label, info, records, [*records, *replaced], judged_by)


def _formatted(report: Report, runs: Sequence[RunInput], options: ReportOptions) -> str:
    match options.format:
        case "json":
            from clawc.runtime.report.json_document import as_json

            return as_json(report)
        case "csv":
            return groups_csv(report, options.by) if options.by else episodes_csv(runs)
        case "markdown":
            from clawc.runtime.report.markdown import as_markdown

            return as_markdown(report)
        case "junit":
            from clawc.runtime.report.junit import as_junit

            return as_junit(report)
        case "html":
            from clawc.runtime.report.page import as_html

            return as_html(report)
        case _:
            from clawc.runtime.report.text import as_text

            return as_text(report)


def _under(report: Report, least: float | None) -> list[str]:
    if least is None:
        return []
    return [
        f"`{clean(run.label)}` has no score"
        if run.score.mean is None
        else f"`{clean(run.label)}` has the mean score {run.score.mean:.6g}, below {least:g}"
        for run in report.runs
        if run.score.mean is None or run.score.mean < least
    ]


def _regressions(report: Report) -> list[str]:
    return [
        f"`{clean(c.other)}` is significantly worse than `{clean(c.baseline)}`: {c.quantity} {c.difference:+.3f}, "
        f"p = {c.p_corrected:.2g}"
        for c in report.comparisons
        if c.significant and c.difference is not None and c.difference < 0 and c.p_corrected is not None
    ]
