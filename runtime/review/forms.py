"""What a page sends back: bounded, checked and turned into findings. A form is a stranger's text until it is read here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from clawc.exits import UserError
from clawc.runtime.review.checklist import question
from clawc.spec.review import MAX_NOTES, MOST_FINDINGS, SEVERITIES, Finding, Severity, Verdict

ROWS = 3  # of findings that a page without scripts offers beyond those that are filled
_VERDICTS: Mapping[str, Verdict] = {"accept": "accept", "revise": "revise", "reject": "reject", "defer": "defer"}
_SEVERITIES: Mapping[str, Severity] = {each: each for each in SEVERITIES}
_NOTE = 2_000
_KEY = re.compile(r"[0-9a-f]{32}")
_UNWORD = re.compile(r"[^a-z0-9_]+")


# The fields of a form, each with what was sent for it, in order.
Form: TypeAlias = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Row:
    """A finding as it was typed."""

    severity: str = "medium"
    tag: str = ""
    check: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A form as it was filled in, to be shown again where it cannot be taken. `listed` are the tags that are ticked."""

    verdict: str = ""
    listed: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    notes: str = ""
    key: str = ""


def draft_of(form: Form) -> Draft:
    """What was sent, cut to what may be."""
    columns = [_texts(form, name) for name in ("severity", "tag", "check", "note")]
    # Rows that the page did not send whole are not rows.
    rows = tuple(Row(*each) for each in zip(*columns))
    return Draft(
        _text(_first(form, "verdict"), 20),
        tuple(_texts(form, "listed")),
        tuple(row for row in rows if row.tag.strip() or row.note.strip())[:MOST_FINDINGS],
        _text(_first(form, "notes"), MAX_NOTES),
        _text(_first(form, "key"), 32),
    )


def draft_from(verdict: str, findings: Sequence[Finding], notes: str) -> Draft:
    """A form that is filled in as a decision was."""
    plain = [f for f in findings if not f.check and not f.note and _listed(f)]
    rest = tuple(Row(f.severity, f.tag, f.check, f.note) for f in findings if f not in plain)
    return Draft(verdict, tuple(f.tag for f in plain), rest, notes)


def verdict_of(draft: Draft) -> Verdict:
    """Raises UserError for none."""
    found = _VERDICTS.get(draft.verdict)
    if found is None:
        raise UserError("no verdict is chosen", "choose accept, revise, reject or defer")
    return found


def key_of(draft: Draft) -> str:
    """Raises UserError where the page did not send its own."""
    if not _KEY.fullmatch(draft.key):
        raise UserError("the form has no key", "load the page again")
    return draft.key


def findings_of(draft: Draft, checks: Sequence[str]) -> tuple[Finding, ...]:
    """The findings of a form about a task with these checks. Raises UserError that says which row is wrong."""
    found: list[Finding] = []
    for tag in dict.fromkeys(draft.listed):
        listed = question(tag)
        if listed is None:
            raise UserError(f"`{tag[:40]}` is not on the checklist", "load the page again")
        found.append(Finding(severity=listed.severity, tag=tag))
    for number, row in enumerate(draft.rows, 1):
        tag = tag_of(row.tag) or "other"
        if row.check and row.check not in checks:
            raise UserError(
                f"finding {number}: the task has no check `{row.check[:80]}`", "choose one of the list, or none"
            )
        found.append(Finding(severity=_severity(row.severity, number), tag=tag, check=row.check, note=row.note.strip()))
    if len(found) > MOST_FINDINGS:
        raise UserError(f"{len(found)} findings are too many", f"give at most {MOST_FINDINGS}")
    return tuple(found)


def tag_of(text: str) -> str:
    """A tag as it is typed in its one spelling: `Hidden requirement` is hidden_requirement."""
    return _UNWORD.sub("_", text.strip().lower()).strip("_").lstrip("0123456789_")[:40].rstrip("_")


def _listed(finding: Finding) -> bool:
    listed = question(finding.tag)
    return listed is not None and listed.severity == finding.severity


def _severity(text: str, number: int) -> Severity:
    found = _SEVERITIES.get(text)
    if found is None:
        raise UserError(f"finding {number}: `{text[:20]}` is no severity", "choose low, medium or high")
    return found


def _texts(form: Form, name: str) -> list[str]:
    return [_text(each, _NOTE) for each in form.get(name, ())[: 2 * MOST_FINDINGS]]


def _first(form: Form, name: str) -> str:
    return next(iter(form.get(name, ())), "")


def _text(text: str, most: int) -> str:
    """Without halves of characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\0", "\ufffd")[:most]
