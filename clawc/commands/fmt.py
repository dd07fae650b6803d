"""`clawc fmt`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from clawc import exits
from clawc.commands.processors import processors
from clawc.commands.rewrite import decoded, diff_lines, read_bytes, replace_text
from clawc.commands.sources import MAX_SOURCE, changed_sources
from clawc.compiler.finding import Finding, findings
from clawc.compiler.format.formatting import Formatted, formatted
from clawc.compiler.report import as_text
from clawc.exits import UserError

Mode = Literal["write", "check", "diff"]
STDIN = Path("-")
# Fewer files than this are done before other processes have started.
PARALLEL_FROM = 64
MOST_WORKERS = 8


class Outcome(NamedTuple):
    """What became of one file: what it is to say on standard output, its mistakes, and why it was left alone."""

    path: str
    changed: bool = False
    shown: str = ""
    found: tuple[Finding, ...] = ()
    left: str = ""
    fault: bool = False
    failure: UserError | None = None


def fmt_command(paths: Sequence[Path], check: bool, diff: bool, since: str | None = None) -> int:
    """Formats files; with `check` or `diff` nothing is written, and exit 1 says that something would be."""
    mode: Mode = "diff" if diff else "check" if check else "write"
    if STDIN in paths:
        if len(paths) > 1:
            raise UserError("`-` stands for standard input and goes with no other path")
        if since is not None:
            raise UserError("`-` stands for standard input, which git knows nothing of")
        return _report([_standard_input(mode)], mode)
    return _report(_outcomes(changed_sources(paths, since, readers=False), mode), mode)


def _outcomes(sources: Sequence[Path], mode: Mode) -> list[Outcome]:
    """In the order of the sources, however many processes work on them."""
    work = partial(format_file, mode)
    workers = min(processors(), MOST_WORKERS)
    if len(sources) < PARALLEL_FROM or workers < 2:
        return [work(path) for path in sources]
    share = max(1, min(64, len(sources) // (workers * 4)))
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(work, sources, chunksize=share))


def format_file(mode: Mode, path: Path) -> Outcome:
    """Formats one file, and writes it back unless the mode says otherwise."""
    name = str(path)
    try:
        text = decoded(path, read_bytes(path))
        result = formatted(name, text)
        outcome = _outcome(name, text, result, mode)
        if outcome.changed and mode == "write":
            replace_text(path, result.text)
    except UserError as failure:
        return Outcome(name, failure=failure)
    return outcome


def _outcome(name: str, old: str, result: Formatted, mode: Mode) -> Outcome:
    changed = not result.left and result.text != old
    shown = ""
    if changed and mode == "check":
        shown = f"{name}\n"
    elif changed and mode == "diff":
        shown = "".join(diff_lines(name, old, result.text))
    return Outcome(name, changed, shown, tuple(findings(result.diagnostics)), result.left, result.fault)


def _standard_input(mode: Mode) -> Outcome:
    data = sys.stdin.buffer.read(MAX_SOURCE + 1)
    if len(data) > MAX_SOURCE:
        raise UserError(f"standard input is larger than {MAX_SOURCE >> 20} MiB")
    text = decoded(STDIN, data)
    result = formatted("-", text)
    outcome = _outcome("-", text, result, mode)
    if mode == "write":
        sys.stdout.buffer.write(result.text.encode())
        sys.stdout.buffer.flush()
    return outcome


def _report(outcomes: Sequence[Outcome], mode: Mode) -> int:
    """Names or diffs on standard output, all else on standard error. The exit code."""
    _write(outcome.shown for outcome in outcomes)
    found = [finding for outcome in outcomes for finding in outcome.found]
    if found:
        sys.stderr.write(as_text(found))
    for outcome in outcomes:
        if outcome.failure is not None:
            help = f"\n  help: {outcome.failure.help}" if outcome.failure.help else ""
            print(f"clawc: {outcome.failure.message}{help}", file=sys.stderr)
        elif outcome.fault:
            print(f"clawc: internal error: `{outcome.path}` is left as it is: {outcome.left}", file=sys.stderr)
        elif outcome.left:
            print(f"clawc: `{outcome.path}` is left as it is: {outcome.left}", file=sys.stderr)
    changed = sum(outcome.changed for outcome in outcomes)
    count = f"{len(outcomes)} file{'' if len(outcomes) == 1 else 's'}"
    print(f"{count}, {changed} {'changed' if mode == 'write' else 'to change'}", file=sys.stderr)
    if any(outcome.fault for outcome in outcomes):
        return exits.INTERNAL
    if any(outcome.failure for outcome in outcomes):
        return exits.USAGE
    return exits.FINDINGS if found or (changed and mode != "write") else exits.OK


def _write(texts: Iterable[str]) -> None:
    """Bytes, so that line ends and names go out as they are."""
    sys.stdout.flush()
    for text in texts:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()
