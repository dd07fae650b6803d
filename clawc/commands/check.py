"""`clawc check`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from clawc import exits
from clawc.commands.allowed import Sieve, write_baseline
from clawc.commands.checking import check_files
from clawc.commands.output import put, sarif_text
from clawc.commands.progress import ProgressLine
from clawc.commands.sources import REPORT_FORMATS, changed_sources, require_format
from clawc.compiler.finding import Finding
from clawc.compiler.report import as_json, as_text
from clawc.exits import UserError

# Fewer files than this are checked before a line could be read.
MANY = 200


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """`jobs`: processes, 0 for as many as there are processors. `deny`: "warnings", or None. `since`: a revision
    of git, where only what changed is checked."""

    format: str = "text"
    deny: str | None = None
    baseline: Path | None = None
    write_baseline: Path | None = None
    jobs: int = 0
    cached: bool = True
    since: str | None = None


class Allowed(NamedTuple):
    """Warnings that are not shown: allowed by a comment, or by the project and the baseline."""

    in_source: list[Finding]
    outside: list[Finding]


def check_command(paths: Sequence[Path], options: CheckOptions) -> int:
    """Checks all files, then reports; exit 1 when something was found that is not allowed."""
    require_format(options.format, REPORT_FORMATS)
    if options.deny not in (None, "warnings"):
        raise UserError(f"`--deny {options.deny}` is unknown", "write `--deny warnings`")
    if options.write_baseline is not None and options.since is not None:
        raise UserError("a baseline is of all sources", "leave out `--changed-since` to write it")
    sieve = Sieve(options.baseline)
    sources = changed_sources(paths, options.since)
    line = ProgressLine(len(sources), "files")
    shown = len(sources) >= MANY
    reports = check_files(
        sources,
        jobs=options.jobs,
        cached=options.cached,
        progress=(line.report) if shown else None,
    )
    found, outside = sieve.sift(_once(f for r in reports for f in r.found))
    allowed = Allowed(_once(f for r in reports for f in r.allowed), outside)
    if options.write_baseline is not None:
        count = write_baseline(options.write_baseline, found)
        print(f"{options.write_baseline}: {count} warning{'' if count == 1 else 's'} kept", file=sys.stderr)
        found = [f for f in found if f.severity == "error"]
    elif options.since is None and sieve.gone():
        print(f"{sieve.gone()} of the baseline did not occur; `--write-baseline` drops them", file=sys.stderr)
    put(_report(found, allowed, [str(p) for p in sources], options), None)
    failed = any(f.severity == "error" or options.deny == "warnings" for f in found)
    return exits.FINDINGS if failed else exits.OK


def _once(found: Iterable[Finding]) -> list[Finding]:
    """What is wrong in a module is found by each of its users, and said once."""
    return list(dict.fromkeys(found))


def _report(found: list[Finding], allowed: Allowed, paths: list[str], options: CheckOptions) -> str:
    if options.format == "json":
        return as_json(found, files=len(paths), suppressed=[*allowed.in_source, *allowed.outside])
    if options.format == "sarif":
        return sarif_text(found, in_source=allowed.in_source, external=allowed.outside)
    if options.format == "github":
        from clawc.compiler.report.github import as_github

        return as_github(found)
    if options.format == "gitlab":
        from clawc.compiler.report.gitlab import as_gitlab

        return as_gitlab(found)
    if options.format == "junit":
        from clawc.compiler.report.junit import as_junit

        return as_junit(found, paths, deny_warnings=options.deny == "warnings")
    count = len(allowed.in_source) + len(allowed.outside)
    hidden = f", {count} allowed" if count else ""
    if not found:
        return f"{len(paths)} file{'' if len(paths) == 1 else 's'} checked, nothing found{hidden}\n"
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return as_text(found, colour=colour).removesuffix("\n") + f"{hidden}\n"
