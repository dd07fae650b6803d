"""What programs of the workspace did: values of calls, and files that a program has to have written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Callable, Optional

from clawc.stdlib.checks.equality import equal
from clawc.stdlib.checks.kinds import because, cut, listed, record_in
from clawc.stdlib.checks.readers import json_value, text_of
from clawc.stdlib.checks.values import File, No, Truth, Unmet, require_bytes
from clawc.stdlib.checks.workspace import Submission, file_in, job


def _called(run: Any) -> Any:
    """The answer of a call: a record with `value`, or with `raised` and `message`."""
    if run["timed_out"]:
        raise Unmet("the call took too long")
    if run["exit"] != 0:  # what was written may then be somebody else's word
        raise Unmet(f"the call gave no answer (exit {run['exit']}): {cut(run['stderr'].strip()[-200:], 200)}")
    try:
        answer = record_in(json_value(run["stdout"]))
    except Unmet:
        raise Unmet(f"the call gave no answer (exit {run['exit']}): {cut(run['stderr'].strip()[-200:], 200)}") from None
    if answer is None or not ("value" in answer or "raised" in answer):
        raise Unmet("the call gave no answer")
    return answer


def call_value(run: Any) -> Any:
    """The value that a called function gave; raises Unmet if it raised an exception."""
    answer = _called(run)
    if "raised" in answer:
        kinds = listed(answer["raised"])
        raise Unmet(
            f"the call raised {cut(str(kinds[0] if kinds else 'an exception'), 60)}: {cut(str(answer.get('message')), 200)}"
        )
    return answer["value"]


def code_holds(run: Any) -> Truth:
    """What `check(workspace)` of a `python` block gave: a condition, a share from 0 to 1, or a text that says what is
    wrong. An assertion that failed says it, too."""
    answer = _called(run)
    if "AssertionError" in listed(answer.get("raised", [])):
        return because(cut(str(answer.get("message")) or "an assertion failed", 200))
    value = call_value(run)
    if isinstance(value, str):
        return because(cut(value, 200)) if value.strip() else True
    if not isinstance(value, (bool, int, Decimal)):
        raise Unmet("the check gave neither a condition nor a share nor a text")
    share = max(0.0, min(1.0, float(value)))
    return True if share == 1 else No("the check says no", share)


def grader_score(run: Any) -> Truth:
    """What somebody else's grader gave, from 0 to 1; values outside are cut, and what it gave by name is told."""
    answer = record_in(call_value(run))
    score = None if answer is None else answer.get("score")
    if answer is None or isinstance(score, bool) or not isinstance(score, (int, Decimal)):
        raise Unmet("the grader gave no score")
    problem = answer.get("problem")
    if isinstance(problem, str) and problem:
        return No("the grader gave no score: " + cut(problem, 300), 0.0)
    share = max(0.0, min(1.0, float(score)))
    if share == 1:
        return True
    parts = record_in(answer.get("parts")) or {}
    low = [name for name, value in parts.items() if isinstance(value, (int, Decimal)) and value < 1]
    shown = ", ".join(low[:12]) + (" …" if len(low) > 12 else "")
    outside = f" (it gave {float(score):g})" if share != float(score) else ""
    return No(f"the grader gives {share:g}{outside}" + (f"; less than all for {shown}" if low else ""), share)


def call_raises(run: Any, kind: str) -> bool:
    """Whether a called function raised an exception of this kind, or of one derived from it."""
    return kind in listed(_called(run).get("raised", []))


def made(ws: Submission, name: str, id: str, parse: Optional[Callable[[File], Any]] = None) -> File:
    """A deliverable that a program has to have written: the same as what the program writes when it is run again.

    With `parse` the values are compared, otherwise the texts.
    """
    file = ws[name]
    again = file_in(job(ws, id)["files"], file.path)
    if again.data is None:
        raise Unmet(f"`{file.path}` is not written by the program when it is run again")
    if require_bytes(again) == require_bytes(file):
        return file
    if parse is None:
        same = text_of(file).rstrip() == text_of(again).rstrip()
    else:
        same = bool(equal(parse(file), parse(again)))
    if not same:
        raise Unmet(f"`{file.path}` is not what the program writes when it is run again")
    return file
