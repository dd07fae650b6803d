"""What the tools answer, as data; the schemas that clients see are made of these.

Lines and columns count from 1, columns in code points; an end is behind the last character.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Outcome = Literal["proved", "not_proved", "mistakes", "ended"]


class Answer(BaseModel):
    """Data that is not changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Edit(Answer):
    """A replacement that mends a mistake: `old_text`, which stands there now, becomes `new_text`."""

    title: str
    line: int
    column: int
    end_line: int
    end_column: int
    old_text: str
    new_text: str


class Problem(Answer):
    """One mistake or warning; `explain` tells more by its code."""

    code: str
    severity: Literal["error", "warning"]
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    help: str = ""
    fix: Edit | None = None


class Checked(Answer):
    """`ok`: there is no error. `more`: problems that are not listed."""

    path: str
    ok: bool
    errors: int
    warnings: int
    problems: list[Problem]
    more: int = 0


class Formatted(Answer):
    """`text` is the source in the one layout, whole; "" where nothing changes."""

    path: str
    changed: bool
    text: str


class Offer(Answer):
    """What can be written: `insert` replaces the word at the cursor; of a snippet, `$1` and `${1:word}` are left to fill in."""

    label: str
    kind: str
    insert: str
    detail: str = ""
    doc: str = ""


class Offered(Answer):
    """What fits at a place. `word` is what stands before the cursor and is replaced from `column` on; `more` is not listed."""

    path: str
    line: int
    column: int
    word: str
    items: list[Offer]
    more: int = 0


class Meaning(Answer):
    """One meaning of a word; `wrong` and `right` are examples of a diagnostic."""

    kind: str
    name: str
    head: str
    text: str
    wrong: str = ""
    right: str = ""


class Explained(Answer):
    """All meanings; none for an unknown word, with those that may be meant."""

    word: str
    meanings: list[Meaning]
    meant: list[str] = Field(default_factory=list[str])


class Changed(Answer):
    """An answer that was changed: what, where, which checks lost nothing or lost wrongly, and the difference to the right answer."""

    operator: str
    place: str
    what: str
    lost: list[str]
    difference: str


class Said(Answer):
    """What the proof says of a line of the source."""

    code: str
    line: int
    message: str
    help: str = ""
    allowed: str = ""


class Proof(Answer):
    """Of one task. `survivors` are wrong answers that lost nothing: the checks are too weak there. `rejected` are right ones
    that lost: the checks are too strict. `sandbox_runs` of the emitted checker, and where they `disagreed`."""

    task: str
    proved: bool
    reasons: list[str]
    oracle_score: str
    wrong: int
    killed: int
    survived: int
    rejected_count: int
    survivors: list[Changed]
    rejected: list[Changed]
    findings: list[Said]
    sandbox_runs: int
    disagreed: list[str]


class Tested(Answer):
    """`outcome`: `proved`, all tasks are; `not_proved`; `mistakes`, the source has errors, as `check` says; `ended`, see `why`."""

    path: str
    outcome: Outcome
    why: str
    tasks: list[Proof]
    check: Checked


class Card(Answer):
    """The language card: what is needed to write a source."""

    text: str
