"""All kinds of steps by name: those on rows of a table, and those of all other themes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clawc.stdlib.archetypes.solvers import (
    beside,
    calendars,
    cases,
    code,
    crashes,
    history,
    letters,
    lookups,
    pages,
    papers,
    programs,
    records,
    rules,
    settings,
    sides,
    spread,
    units,
)
from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.steps import ROWS
from clawc.stdlib.archetypes.solvers.work import Work


def _share(work: Work, asked: Asked) -> None:
    """A column of the result, or the rule of a function to be tested."""
    (cases.rule if asked.has("percent") else ROWS["share"])(work, asked)


def _record(work: Work, asked: Asked) -> None:
    """Key figures; of a lookup they are about values as they are shown."""
    (lookups.record if work.told("lookup") else records.record)(work, asked)


DOES: Mapping[str, Callable[[Work, Asked], None]] = {
    **ROWS,
    "file": beside.named,
    "record": _record,
    "describe": spread.describe,
    "keep groups": spread.keep_groups,
    "reconcile": sides.reconcile,
    "both values": sides.both_values,
    "merge": sides.merge,
    "origin": sides.origin,
    "conflicts": sides.conflicts,
    "verify": sides.verify,
    "shown": sides.shown_value,
    "audit": rules.begin,
    "breach": rules.breach,
    "review": rules.begin,
    "finding": rules.finding,
    "note on review": rules.note_on_review,
    "outside": rules.outside,
    "distance": rules.distance,
    "wrong sums": rules.wrong_sums,
    "discount": rules.discount,
    "device rules": rules.device_rules,
    "only changes": rules.only_changes,
    "command columns": rules.command_columns,
    "code review": code.code_review,
    "count by": beside.count_by,
    "clashes by": beside.clashes_by,
    "lines without clash": beside.lines_without_clash,
    "lines without breach": beside.lines_without_breach,
    "lines of clean pages": beside.lines_of_clean_pages,
    "count replaced": beside.count_replaced,
    "minutes": beside.minutes,
    "letter list": beside.letter_list,
    "lines of agreed": beside.lines_of_agreed,
    "announcement": letters.announcement,
    "leave out": letters.leave_out,
    "translate": beside.translate,
    "no entry": beside.no_entry,
    "lines of missing": beside.lines_of_missing,
    "convert": units.convert,
    "replace words": letters.replace_words,
    "clashes": calendars.clashes,
    "free slots": calendars.free_slots,
    "slot columns": calendars.slot_columns,
    "timeline": calendars.timeline,
    "cron": calendars.cron,
    "index": papers.index,
    "answer": papers.answer,
    "route": papers.route,
    "flag": papers.flag,
    "capture": papers.capture,
    "mail columns": papers.mail_columns,
    "manifest": papers.manifest,
    "file copies": papers.file_copies,
    "parse lines": papers.parse_lines,
    "incidents": papers.incidents,
    "crash lines": crashes.crash_lines,
    "crashes": crashes.crashes,
    "open questions": papers.open_questions,
    "page audit": papers.page_audit,
    "fetch": pages.fetch,
    "page facts": pages.page_facts,
    "release notes": history.release_notes,
    "commit list": history.commit_list,
    "posts": letters.posts,
    "ban": letters.ban,
    "letters": letters.letters,
    "letter lines": letters.letter_lines,
    "script": programs.script,
    "missing input": programs.missing_input,
    "fix": programs.fix,
    "note on fix": programs.note_on_fix,
    "limits": cases.rule,
    "bands": cases.rule,
    "deadline": cases.rule,
    "price": cases.rule,
    "share": _share,
    "test cases": cases.test_cases,
    "expected": cases.expected,
    "try cases": cases.try_cases,
    "drift": settings.drift,
    "only": lookups.only,
    "lookup": lookups.lookup,
    "set": settings.set_values,
    "edit": settings.edit,
    "log changes": settings.log_changes,
}
