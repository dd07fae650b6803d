"""What reviewers of tasks leave behind: a line of `decisions.jsonl` each, which binds a verdict to exactly one version of a task; and the file of
tasks whose verdict is known beforehand."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from clawc.spec.bundle import Name, Sha256, Strict, TaskName

REVIEW_FORMAT_VERSION = 1
MOST_FINDINGS = 40
MAX_NOTES = 10_000  # characters
MAX_SECONDS = 86_400.0
MOST_LINE = 500  # characters
MOST_RUNS = 100

Role = Literal["reviewer", "adjudicator", "model"]
Verdict = Literal["accept", "revise", "reject", "defer"]
# Verdicts that say something of a task, in the order in which tables count them; `defer` leaves it to others.
Vote = Literal["accept", "revise", "reject"]
VOTES: tuple[Vote, ...] = ("accept", "revise", "reject")
Severity = Literal["low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high")

# One line, as a person types it: no control characters.
Reviewer = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,120}$")]
Tag = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
_At = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
_Key = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_Line = Annotated[str, Field(max_length=MOST_LINE)]


class Finding(Strict):
    """What speaks against a task. `check` is the one that it is about, "" for the task as a whole."""

    severity: Severity
    tag: Tag
    check: Name | Literal[""] = ""
    note: Annotated[str, Field(max_length=2_000)] = ""


class Seen(Strict):
    """What a reviewer had before the eyes. `card` is how much its card counts, "" without one; `others`: decisions of others on this version were
    shown, so that the vote is no independent one."""

    card: _Line = ""
    runs: Annotated[tuple[_Line, ...], Field(max_length=MOST_RUNS)] = ()
    rollouts: Annotated[int, Field(ge=0)] = 0
    calibration: bool = False
    others: bool = False


class Decision(Strict):
    """One line: what `reviewer` says of the version `bundle_id` of a task. `verifier` is the hash of what judges it. `key` names the decision, `at` is
    UTC, `seconds` is how long the page was before the reviewer; `notes` are for people. Raises ValueError for an acceptance that the
    findings contradict."""

    kind: Literal["decision"] = "decision"
    format_version: Literal[1] = 1
    key: _Key
    task: TaskName
    bundle_id: Sha256
    verifier: Sha256
    reviewer: Reviewer
    role: Role
    verdict: Verdict
    findings: Annotated[tuple[Finding, ...], Field(max_length=MOST_FINDINGS)] = ()
    notes: Annotated[str, Field(max_length=MAX_NOTES)] = ""
    seconds: Annotated[float, Field(ge=0, le=MAX_SECONDS)] = 0.0
    at: _At
    seen: Seen = Seen()

    model_config = ConfigDict(allow_inf_nan=False)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Decision:
        against = contradiction(self.verdict, self.findings)
        if against:
            raise ValueError(against)
        return self

    @property
    def is_vote(self) -> bool:
        return self.verdict != "defer"

    @property
    def blind(self) -> bool:
        """Whether it was made without knowing what others say."""
        return not self.seen.others and self.role != "adjudicator"


class ModelFailure(Strict):
    """One line: a model that was asked to review and gave no answer that counts. It is no vote; `why` says what was wrong."""

    kind: Literal["failure"] = "failure"
    format_version: Literal[1] = 1
    key: _Key
    task: TaskName
    bundle_id: Sha256
    reviewer: Reviewer
    why: Annotated[str, Field(max_length=1_000)]
    at: _At


class Gold(Strict):
    """One line of a file of known verdicts: of the version `bundle_id` of a task."""

    task: TaskName
    bundle_id: Sha256
    verdict: Vote
    note: Annotated[str, Field(max_length=2_000)] = ""


def must_revise(findings: tuple[Finding, ...]) -> bool:
    """Whether findings forbid to accept: one of high or two of medium severity."""
    return any(f.severity == "high" for f in findings) or sum(f.severity == "medium" for f in findings) > 1


def contradiction(verdict: Verdict, findings: tuple[Finding, ...]) -> str:
    """Why a verdict cannot stand beside these findings; "" if it can."""
    if verdict == "accept" and must_revise(findings):
        return "one finding of high or two of medium severity mean `revise` at least, so the task cannot be accepted with them"
    return ""
