"""The judge: runs the checks over a submission and writes the verdict.

Credit is counted in decimals and rounded once. A check that cannot be judged has failed, with the reason.
"""

from __future__ import annotations

import os
import sys
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from clawc.stdlib.checks.kinds import cut, plain
from clawc.stdlib.checks.values import NUMBERS, No, Truth, Unmet
from clawc.stdlib.checks.workspace import Deliverable, Disk, Submission

MAX_MESSAGE = 500
MAX_NONCE = 1_000
MAX_CPU_S = 3
MICRO = Decimal("0.000001")

# The line in the task, the source of the `expect`, and what tells whether it holds.
Expect = Tuple[int, str, Callable[[], Any]]


class Check(NamedTuple):
    """One check of a task; `body` yields its expects.

    `kind` is `check` (weighted credit), `require` or `forbid` (veto). `partial` pays the mean share of the
    expects if that is above `floor`. A check named in `after` must have passed first.
    """

    name: str
    body: Callable[[Submission], Iterator[Expect]]
    weight: str = "1"
    kind: str = "check"
    partial: bool = False
    after: Sequence[str] = ()
    floor: str = "0"


class Outcome(NamedTuple):
    """One expect as evaluated; `share` from 0 to 1."""

    line: int
    source: str
    held: bool
    share: Decimal
    message: str


def _outcome(line: int, source: str, condition: Callable[[], Any]) -> Outcome:
    """Evaluates one expect."""
    try:
        truth: Truth = condition()
    except Unmet as unmet:
        return Outcome(line, source, False, Decimal(0), cut(str(unmet), MAX_MESSAGE))
    if isinstance(truth, No):
        # A false result never has the whole share, whatever it says.
        share = Decimal(repr(float(truth.share))) if 0 < truth.share < 1 else Decimal(0)
        return Outcome(
            line,
            source,
            False,
            share,
            cut(truth.reason, MAX_MESSAGE) or f"`{cut(source, MAX_MESSAGE)}`: is false",
        )
    if truth is True:
        return Outcome(line, source, True, Decimal(1), "")
    problem = "is false" if truth is False else "the condition has no value"
    return Outcome(line, source, False, Decimal(0), f"`{cut(source, MAX_MESSAGE)}`: {problem}")


def _outcomes(check: Check, submission: Submission) -> Tuple[List[Outcome], str]:
    """All expects of a check, and why it could not be judged to the end (empty: it could)."""
    outcomes: List[Outcome] = []
    try:
        Watch.may_end = True
        for line, source, condition in check.body(submission):
            outcomes.append(_outcome(line, source, condition))
            Watch.may_end = True
    except Unmet as problem:
        return outcomes, cut(str(problem), MAX_MESSAGE)
    finally:
        Watch.may_end = False
    return outcomes, "" if outcomes else "nothing is expected"


def _judge_check(check: Check, submission: Submission, missing: List[str]) -> Dict[str, Any]:
    """The verdict on one check; `missing` are the checks of `after` that did not pass."""
    outcomes: List[Outcome] = []
    if missing:
        problem = "is judged only after " + ", ".join(f"`{name}`" for name in missing)
    else:
        outcomes, problem = _outcomes(check, submission)
    forbid = check.kind == "forbid"
    failed = next((outcome for outcome in outcomes if outcome.held == forbid), None)
    passed = failed is None and (forbid or not problem)
    credit = Decimal(int(passed))
    if check.kind == "check" and check.partial and not passed and not problem:
        share = NUMBERS.divide(sum((outcome.share for outcome in outcomes), Decimal(0)), Decimal(len(outcomes)))
        credit = share if share > Decimal(check.floor) else Decimal(0)
    message = problem
    if failed is not None and not problem:
        message = f"`{cut(failed.source, MAX_MESSAGE)}`: is true" if forbid else failed.message
    return {
        "name": check.name,
        "kind": check.kind,
        "weight": check.weight if check.kind == "check" else "0",
        "passed": passed,
        "credit": plain(credit),
        "message": message,
        "expects": [_expect_verdict(outcome, forbid) for outcome in outcomes],
    }


def _expect_verdict(outcome: Outcome, forbid: bool) -> Dict[str, Any]:
    """An expect as the verdict shows it: of a `forbid`, the one that does not hold has passed."""
    return {
        "line": outcome.line,
        "source": outcome.source,
        "passed": outcome.held != forbid,
        "share": float(int(not outcome.held) if forbid else outcome.share),
        "message": "is true" if forbid and outcome.held else outcome.message,
    }


def judge(task: str, checks: Sequence[Check], submission: Submission, nonce: str) -> Dict[str, Any]:
    """The verdict on a submission, as a value of JSON: `score_checks` is C * V."""
    verdicts: Dict[str, Dict[str, Any]] = {}
    waiting = list(checks)
    while waiting:
        # If each waits for another, none can be judged: the next one then fails as judged too early.
        check = next((one for one in waiting if all(name in verdicts for name in one.after)), waiting[0])
        waiting.remove(check)
        missing = [name for name in check.after if not verdicts.get(name, {}).get("passed")]
        verdicts[check.name] = _judge_check(check, submission, missing)
    paid = [check for check in checks if check.kind == "check"]
    weight = sum((Decimal(check.weight) for check in paid), Decimal(0))
    earned = Decimal(0)
    for check in paid:
        credit = NUMBERS.multiply(Decimal(check.weight), Decimal(verdicts[check.name]["credit"]))
        earned = NUMBERS.add(earned, credit)
    share = NUMBERS.divide(earned, weight) if weight else Decimal(0)
    veto = any(check.kind != "check" and not verdicts[check.name]["passed"] for check in checks)
    score = Decimal(0) if veto else share.quantize(MICRO, rounding=ROUND_HALF_EVEN, context=NUMBERS)
    return {
        "format_version": 1,
        "nonce": nonce,
        "task": task,
        "C": plain(share),
        "V": "0" if veto else "1",
        "score_checks": plain(score),
        "checks": [verdicts[check.name] for check in checks],
    }


def verdict_line(verdict: Dict[str, Any]) -> str:
    """The verdict as one line of ASCII."""
    return json_text(verdict) + "\n"


def json_text(v: Any) -> str:
    """A value of a verdict as JSON in ASCII, keys in order and no blanks."""
    if isinstance(v, str):
        return json_quoted(v)
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, dict):
        members: Dict[str, Any] = v  # pyright: ignore[reportUnknownVariableType]
        return "{" + ",".join([f"{json_quoted(key)}:{json_text(members[key])}" for key in sorted(members)]) + "}"
    if isinstance(v, list):
        parts: List[Any] = v  # pyright: ignore[reportUnknownVariableType]
        return "[" + ",".join([json_text(part) for part in parts]) + "]"
    return repr(v)


def json_quoted(text: str) -> str:
    """A text as JSON in ASCII."""
    if not (text.isascii() and text.isprintable()) or '"' in text or "\\" in text:
        text = "".join([_json_sign(sign) for sign in text])
    return f'"{text}"'


def _json_sign(sign: str) -> str:
    """One character of a text in JSON; beyond 16 bits it takes two escapes."""
    code = ord(sign)
    if sign in '"\\':
        return "\\" + sign
    if 32 <= code < 127:
        return sign
    if sign in "\n\r\t\f\b":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\b": "\\b"}[sign]
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def report(verdict: Dict[str, Any]) -> str:
    """The verdict for people: one line for each check, then the score."""
    lines: List[str] = []
    for check in verdict["checks"]:
        mark = "PASS" if check["passed"] else "FAIL"
        kind = f"weight {check['weight']}" if check["kind"] == "check" else check["kind"]
        credit = f", credit {check['credit']}" if check["credit"] not in ("0", "1") else ""
        message = f": {check['message']}" if check["message"] else ""
        lines.append(f"{mark} {check['name']} ({kind}{credit}){message}")
    lines.append(f"score of the checks: {verdict['score_checks']} (C = {verdict['C']}, V = {verdict['V']})")
    return "\n".join(lines) + "\n"


class Options(NamedTuple):
    """The command line of a checker."""

    workspace: str
    jobs: Optional[str] = None
    verdict_fd: Optional[int] = None
    as_json: bool = False


def parse_options(arguments: Sequence[str]) -> Options:
    """Reads the command line; raises ValueError with one line for the user."""
    workspace: List[str] = []
    options = Options("")
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--json":
            options = options._replace(as_json=True)
        elif argument in ("--jobs", "--verdict-fd"):
            given = next(remaining, None)
            if given is None:
                raise ValueError(f"`{argument}` needs a value")
            if argument == "--jobs":
                options = options._replace(jobs=given)
            elif given.isdigit() and given.isascii() and len(given) < 6:
                options = options._replace(verdict_fd=int(given))
            else:
                raise ValueError(f"`--verdict-fd` needs a number, not `{cut(given, MAX_MESSAGE)}`")
        elif argument.startswith("-"):
            raise ValueError(f"unknown option `{cut(argument, MAX_MESSAGE)}`")
        else:
            workspace.append(argument)
    if len(workspace) != 1:
        raise ValueError("usage: check.py WORKSPACE [--jobs DIR] [--verdict-fd N] [--json]")
    if not os.path.isdir(workspace[0]):
        raise ValueError(f"`{cut(workspace[0], MAX_MESSAGE)}` is not a folder")
    return options._replace(workspace=workspace[0])


class Watch:
    """Ends what a check does when all checks together have taken too long, so that there is a verdict.

    Readers are linear, but a regex of a task need not be: a hostile text can cost it the square of its length.
    """

    may_end = False

    @staticmethod
    def end(*_: Any) -> None:
        """What the clock calls: once for each expect, as the next may be quick."""
        if Watch.may_end:
            Watch.may_end = False
            raise Unmet(f"the files take too long to be judged: more than {MAX_CPU_S} s")

    @staticmethod
    def begin(seconds: float) -> None:
        """Starts the clock, which counts the time of the CPU and rings again and again; 0 stops it."""
        try:
            clock: Any = __import__("_signal")  # the core of `signal`, which takes longer to import
            clock.signal(clock.SIGPROF, Watch.end)
            clock.setitimer(clock.ITIMER_PROF, seconds, seconds / 100)
        except (ImportError, AttributeError, ValueError):  # no such clock, or not the main thread
            return


def leave(status: int) -> None:
    """Ends the process at once: taking the interpreter apart costs more than judging most workspaces."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main(task: str, deliverables: List[Deliverable], inputs: Dict[str, str], checks: Sequence[Check]) -> int:
    """Judges the workspace on the command line. Gives 0 with a verdict, 2 when the command line is wrong.

    With `--verdict-fd` the nonce is the first line of standard input, the verdict a line on that descriptor.
    """
    try:
        options = parse_options(sys.argv[1:])
    except ValueError as error:
        sys.stderr.write(f"{error}\n".encode("ascii", "backslashreplace").decode("ascii"))
        return 2
    nonce = ""
    if options.verdict_fd is not None:
        nonce = sys.stdin.buffer.readline(MAX_NONCE).decode("ascii", "replace").strip()
    submission = Submission(Disk(options.workspace), deliverables, inputs, options.jobs)
    Watch.begin(MAX_CPU_S)
    verdict = judge(task, checks, submission, nonce)
    Watch.begin(0)
    if options.verdict_fd is not None:
        try:
            with open(options.verdict_fd, "w", encoding="ascii") as stream:
                stream.write(verdict_line(verdict))
        except OSError as error:
            sys.stderr.write(f"cannot write the verdict to descriptor {options.verdict_fd}: {error.strerror}\n")
            return 2
    elif options.as_json:
        sys.stdout.write(verdict_line(verdict))
    else:
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(report(verdict).encode(encoding, "backslashreplace").decode(encoding))
    return 0
