"""What a proof says to the author: the line of the check that is too weak or too strict, with what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from clawc.compiler.adequacy import findings
from clawc.compiler.model import CheckDecl, Task
from clawc.compiler.mutants.derive import COVERAGE
from clawc.compiler.mutants.model import FROM_INPUTS, MADE_UP, MORE
from clawc.compiler.mutants.operators.trajectory import OTHER_NUMBER
from clawc.compiler.prove.difference import difference
from clawc.compiler.prove.evidence import weak_evidence
from clawc.compiler.prove.plan import QUERY
from clawc.compiler.prove.proof import Outcome, Proof
from clawc.compiler.prove.tests import outcome_of
from clawc.compiler.source import Diagnostic
from clawc.spec import core
from clawc.spec.ast import Span

# Findings of each kind that are shown; the card counts them all.
MAX_EACH = 8
# These touch more than one column, or the form of the table: what they lose tells nothing of one column's values.
_FORM = (
    "swap_fields",
    "drop_column",
    "rename_column",
    "shifted_column",
    "swap_leaves",
    "drop_key",
    "rename_section",
    "drop_section",
)
_NAMED = 6
_PHRASE = 3  # words from which on a forbidden phrase is unlikely to be said by chance
_COUNTING = ("count_all", "words", "exists", "length")
_ABOUT_ELEMENTS = (
    "any_row",
    "all_rows",
    "none_row",
    "mentions",
    "mentions_all",
    "mentions_any",
    "mentions_in_order",
    "contains",
    "matches",
)
_ASPECTS = (
    "the headings",
    "a denial",
    "the number of words",
    "the file",
    "the steps",
    "the inputs",
    "the files",
    "the form",
    "the query",
    "the trajectory",
    "the order of the rows",
)


def findings_of(proof: Proof) -> list[Diagnostic]:
    """All findings, in the order of the source."""
    task = proof.plan.compiled.task
    makers: tuple[Callable[[Proof], Iterator[Diagnostic]], ...] = (
        _unproved, _paid_for_nothing, _accepted, _refused, _neighbours, _unread, _idle, _untested, _tests, _unsaid, weak_evidence,
    )  # fmt: skip
    if not proof.oracle_passes:
        makers = (_unproved,)  # nothing else says anything then
    found = [d for make in makers for d in list(make(proof))[:MAX_EACH]]
    return sorted(found, key=lambda d: (d.source is not task.source, d.span.start, d.code, d.message))


def _at(task: Task, check: CheckDecl, span: Span | None, code: str, message: str, help: str) -> Diagnostic:
    return Diagnostic(code, message, check.home or task.source, span or check.span, help)


def _unproved(proof: Proof) -> Iterator[Diagnostic]:
    """The oracle itself."""
    task = proof.plan.compiled.task
    for verdict in proof.oracle["checks"]:
        if verdict["name"] in proof.known and not verdict["passed"]:
            check = _check(task, verdict["name"])
            yield _at(task, check, _failed_expect(task, check, verdict), "W0801", f"the oracle fails `{check.name}`: {verdict['message']}",
                      "mend the check or the `solution`")  # fmt: skip


def _paid_for_nothing(proof: Proof) -> Iterator[Diagnostic]:
    task = proof.plan.compiled.task
    reported: set[str] = set()
    for probed in proof.probed:
        if probed.good:
            continue
        names = list(probed.passed) or [c.name for c in task.checks if c.kind == "check"][:1]
        for name in names:
            if name not in reported:
                reported.add(name)
                check = _check(task, name)
                yield _at(task, check, None, "W0802", f"`{name}` pays for an answer without content ({probed.probe.name}: {_short(probed.score)})",
                          "ask for a fact that stands neither in the request nor in the inputs")  # fmt: skip


def _accepted(proof: Proof) -> Iterator[Diagnostic]:
    """Wrong answers that lost nothing; one finding for each check and place."""
    task = proof.plan.compiled.task
    seen: set[tuple[str, str]] = set()
    paid = {name for p in proof.probed if not p.good for name in p.passed}
    for o in proof.of("survived"):
        if o.mutant.operator.startswith(f"{QUERY}_"):
            continue
        if o.mutant.operator in ("input_echo", "placeholder") and o.mutant.targets & paid:
            continue  # the probe says it
        check = _to_blame(task, o)
        if o.mutant.operator == "authored" and o.mutant.span is not None:
            yield Diagnostic("W0801", f"{o.mutant.what} loses nothing", task.source, o.mutant.span,
                             "add a check that it fails, or take it out" + _shown(proof, o))  # fmt: skip
            continue
        mark = (check.name, o.mutant.place)
        if mark not in seen:
            seen.add(mark)
            yield _at(task, check, _reading_expect(check, o.mutant.deliverable), "W0801",
                      f"a wrong answer passes `{check.name}`: {o.mutant.what}", _advice(o) + _shown(proof, o))  # fmt: skip


def _refused(proof: Proof) -> Iterator[Diagnostic]:
    """Right answers that lost something; one finding for each check and operator."""
    task = proof.plan.compiled.task
    seen: set[tuple[str, str]] = set()
    for o in proof.of("rejected"):
        for verdict in o.verdict["checks"]:
            # One that waits for another check has no opinion of its own.
            waits = any(gate in o.lost for gate in _check(task, verdict["name"]).after)
            mark = (verdict["name"], "form" if o.mutant.place == "the form" else o.mutant.operator)
            if verdict["name"] not in o.lost or waits or mark in seen:
                continue
            seen.add(mark)
            check = _check(task, verdict["name"])
            help = "the rule is stricter than what the agent is told: loosen it, or say it in the instruction" + _shown(
                proof, o
            )
            if o.mutant.span is not None:
                yield Diagnostic(
                    "W0803", f"a right answer fails `{check.name}`: {o.mutant.what}", task.source, o.mutant.span, help
                )
                continue
            yield _at(task, check, _failed_expect(task, check, verdict), "W0803",
                      f"a right answer fails `{check.name}`: {o.mutant.what} ({verdict['message']})", help)  # fmt: skip


def _neighbours(proof: Proof) -> Iterator[Diagnostic]:
    """Answers of a mutated query that are accepted: something hides the difference."""
    task = proof.plan.compiled.task
    seen: set[tuple[str, Span]] = set()
    for query, name in proof.plan.hidden:
        check = _check(task, name)
        if (name, query.span) not in seen:
            seen.add((name, query.span))
            shown = (
                f"`{query.after}` instead of `{query.before}`" if query.after else f"the query without `{query.before}`"
            )
            yield _at(task, check, _tolerant_expect(check), "W0804", f"the tolerance of `{name}` accepts the answer of {shown}",
                      "a narrower tolerance would tell the two apart")  # fmt: skip
    for o in proof.of("survived"):
        if id(o.mutant) in proof.plan.asked:
            query = proof.plan.queries[proof.plan.asked[id(o.mutant)]]
            missed = sorted((o.mutant.targets & proof.known) - o.lost)
            names = missed or [c for c in query.checks if c in proof.known] or [c.name for c in task.checks]
            name = names[0]
            check = _check(task, name)
            if (name, query.span) in seen:
                continue
            seen.add((name, query.span))
            yield _at(task, check, _reading_expect(check, ""), "W0804", f"`{check.name}` accepts the answer of `{query.after}` instead of `{query.before}`",
                      "a narrower tolerance, or inputs that tell the two further apart, would do" + _shown(proof, o))  # fmt: skip


def _unsaid(proof: Proof) -> Iterator[Diagnostic]:
    """Numbers of the last message that nothing judges, beside others that are judged."""
    task = proof.plan.compiled.task
    said = [o for o in proof.outcomes if o.mutant.operator == OTHER_NUMBER]
    blind = [o for o in said if o.status == "open"]
    check = next((c for c in task.checks if any(_asks_message(e.core) for e in c.expects)), None)
    if blind and len(blind) < len(said) and check is not None:
        span = next(e.span for e in check.expects if _asks_message(e.core))
        shown = ", ".join(o.mutant.place for o in blind[:_NAMED])
        yield _at(
            task,
            check,
            span,
            "W0805",
            f"nothing judges {shown}: {blind[0].mutant.what}",
            "judge each number that is asked for",
        )


def _asks_message(node: core.Core) -> bool:
    return any(isinstance(n, core.Call) and n.function == "final_text" for n in core.walk(node))


def _tests(proof: Proof) -> Iterator[Diagnostic]:
    """Tests of the author that come out otherwise."""
    compiled = proof.plan.compiled
    for tested, verdict in proof.tested:
        said = outcome_of(compiled.task, compiled.trial, tested, verdict)
        if said is not None:
            yield said


def _untested(proof: Proof) -> Iterator[Diagnostic]:
    """Queries that the inputs do not tell from their neighbours."""
    yield from (f.diagnostic for f in findings(proof.plan.compiled.task, proof.plan.queries))


def _unread(proof: Proof) -> Iterator[Diagnostic]:
    """Columns, keys and sections of a deliverable whose change moves no check."""
    task = proof.plan.compiled.task
    judged = {name for r in task.rubrics for name in r.reads}
    places: dict[tuple[str, str], list[Outcome]] = {}
    for o in proof.outcomes:
        if (
            o.mutant.kind == "wrong"
            and o.mutant.deliverable
            and o.mutant.place not in _ASPECTS
            and o.mutant.operator not in _FORM
        ):
            places.setdefault((o.mutant.deliverable, o.mutant.place), []).append(o)
    blind = {key: found for key, found in places.items() if all(o.status == "open" for o in found)}
    grouped: dict[tuple[str, str, str], list[tuple[str, Outcome]]] = {}
    for (name, place), found in blind.items():
        deliver = task.deliver(name)
        if (
            deliver is None
            or name in judged
            or _unasked(proof, name)
            or (place == "the text" and _text_is_read(proof, name))
        ):
            continue
        touched = [o for o in found if o.mutant.operator in (*COVERAGE, "type_flip", "leaf_type_flip")]
        if place.startswith(("column", "key")) and not touched:
            continue
        if any(
            f"{place} left out" == p or f"{place} added" == p for d, p in places if d == name and (d, p) not in blind
        ):
            continue
        if place.startswith("all bullets "):
            continue  # they may say anything
        if place.startswith("bullet ") and not _siblings_judged(
            place, {p for d, p in places if d == name and (d, p) not in blind}
        ):
            continue
        if " in column `" in place and (name, place[place.index("column `") :]) in blind:
            continue  # nothing of the column is judged
        if place in (MADE_UP, FROM_INPUTS) and (name, MORE) in blind:
            continue  # no row more is
        grouped.setdefault((name, place.split(" ", 1)[0], _help(place)), []).append((place, found[0]))
    for (name, _, help), listed in grouped.items():
        deliver = task.deliver(name)
        assert deliver is not None
        shown = ", ".join(place for place, _ in listed[:_NAMED])
        shown += f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
        check = next((c for c in task.checks if c.kind == "check" and _reads(c, name)), None)
        at = None if check is None else _expect_about(task, name, listed[0][0])
        if check is None or listed[0][0].startswith("section"):
            yield Diagnostic("W0805", f"nothing judges {shown} of `{name}`", task.source, deliver.span, help)
        else:
            first = listed[0][1]
            check, span = at or (check, _reading_expect(check, name))
            yield _at(task, check, span, "W0805", f"nothing judges {shown} of `{name}`: {first.mutant.what}",
                      help + _shown(proof, first))  # fmt: skip


def _siblings_judged(place: str, read: set[str]) -> bool:
    """Is another bullet of the same section judged, or are all of them together?"""
    section = place.split(" in ", 1)[1]
    return any(p.startswith(("bullet ", "all bullets ")) and p.split(" in ", 1)[1] == section for p in read)


def _unasked(proof: Proof, name: str) -> bool:
    """Is the deliverable judged by checks that were not asked?"""
    return not proof.complete and any(
        c.name not in proof.known
        and (_reads(c, name) or any(isinstance(n, core.Run) for e in c.expects for n in core.walk(e.core)))
        for c in proof.plan.compiled.task.checks
    )


def _help(place: str) -> str:
    if place.startswith("rows left out"):
        return "compare the rows as a whole, or their number"
    if place.startswith("bullet "):
        return "judge each bullet, not only some of them"
    if " in column `" in place:
        return "compare the column as a whole, row by row"
    if place == "the comments":
        return "compare the comments too: `expect contains_lines(d, …)`"
    if place.startswith((MORE, MADE_UP, FROM_INPUTS)):
        return "compare the rows as a whole, or forbid what does not belong there"
    if place == "the text" or place.startswith("section"):
        return "add an `expect` on what has to stand there, or a rubric that reads it"
    return "compare it with what the inputs say, or do not ask for it"


def _text_is_read(proof: Proof, name: str) -> bool:
    return any(o.lost and o.mutant.deliverable == name and o.mutant.place not in _ASPECTS for o in proof.outcomes)


def _idle(proof: Proof) -> Iterator[Diagnostic]:
    """Checks that no wrong answer has failed."""
    task = proof.plan.compiled.task
    for check in task.checks:
        if check.name not in proof.known:
            continue
        if _unheard(proof, check):
            yield _at(task, check, _reading_expect(check, ""), "W0806", f"`{check.name}` forbids words that no answer has a reason to say",
                      "forbid what the request, the inputs or a likely mistake would make an agent say")  # fmt: skip
        elif not any(check.name in o.lost for o in proof.outcomes if o.mutant.kind == "wrong"):
            yield _at(task, check, None, "W0806", f"no wrong answer fails `{check.name}`", _idle_help(check))


def _unheard(proof: Proof, check: CheckDecl) -> bool:
    """Does a veto forbid a phrase alone, no word of which stands in the request, the inputs or the oracle's answer?"""
    banned = [
        d.value for d in proof.plan.compiled.witness.demands.found if d.kind == "banned" and d.check == check.name
    ]
    if check.kind != "forbid" or not banned or not all(isinstance(b, str) for b in banned):
        return False
    compiled = proof.plan.compiled
    texts = [compiled.task.told.encode(), *compiled.trial.pristine.values(), *compiled.witness.files.values()]
    known = set(re.findall(r"[^\W\d_]{4,}", b"\n".join(texts).decode("utf-8", "replace").casefold()))
    words = [re.findall(r"[^\W\d_]{4,}", str(b).casefold()) for b in banned]
    return all(len(w) >= _PHRASE and not known & set(w) for w in words)


def _idle_help(check: CheckDecl) -> str:
    if check.kind == "check":
        return "it pays whatever the agent leaves: compare a value that has to be worked out"
    return "nothing shows that it can be broken: write a `mutant` that breaks it, or take it out"


def _advice(o: Outcome) -> str:
    if o.mutant.place == "the inputs":
        return "name the input in `unchanged(…)`"
    if o.mutant.operator in ("outside_tolerance", "wrong_rounding", "near_miss"):
        return "narrow the tolerance"
    return f"compare {o.mutant.place} with what is expected"


def _shown(proof: Proof, o: Outcome) -> str:
    before = {**proof.plan.oracle.files}
    text = difference(
        {p: before.get(p, proof.plan.compiled.trial.pristine.get(p)) for p in o.mutant.files}, o.mutant.files
    )
    return f"\n{text}" if text else ""


def _to_blame(task: Task, o: Outcome) -> CheckDecl:
    """The check that should have caught it."""
    named = [c for c in task.checks if c.name in o.mutant.targets]
    reading = [c for c in task.checks if o.mutant.deliverable and _reads(c, o.mutant.deliverable)]
    return next(iter([*named, *(c for c in reading if c.kind == "check"), *reading, *task.checks]))


def _check(task: Task, name: str) -> CheckDecl:
    return next(c for c in task.checks if c.name == name)


def _reads(check: CheckDecl, deliverable: str) -> bool:
    return any(
        isinstance(n, core.Deliverable) and n.name == deliverable for e in check.expects for n in core.walk(e.core)
    )


def _reading_expect(check: CheckDecl, deliverable: str) -> Span | None:
    """The condition that reads the deliverable, one that does more than count where there is one."""
    found = [
        e
        for e in check.expects
        if not deliverable or any(isinstance(n, core.Deliverable) and n.name == deliverable for n in core.walk(e.core))
    ]
    more = [e for e in found if not _counts(e.core)]
    return next((e.span for e in (*more, *found)), None)


def _counts(node: core.Core) -> bool:
    """Does a condition only look at a number of things?"""
    calls = [n for n in _dynamic(node) if isinstance(n, core.Call)]
    return bool(calls) and any(isinstance(a, core.Call) and a.function in _COUNTING for a in calls[0].args)


def _tolerant_expect(check: CheckDecl) -> Span | None:
    """The condition that has a tolerance."""
    for expect in check.expects:
        if any(isinstance(n, core.Call) and any(k == "within" for k, _ in n.kwargs) for n in core.walk(expect.core)):
            return expect.span
    return None


def _expect_about(task: Task, deliverable: str, place: str) -> tuple[CheckDecl, Span] | None:
    """The condition that names the column or key of a place, of a check that reads the deliverable."""
    named = re.search(r"`(?:[^`]*\.)?([^`.]+?)(?:\[\])?`", place)
    bullets = place.startswith("bullet ")
    if named is None and not bullets:
        return None
    for check in task.checks:
        if check.kind != "check" or not _reads(check, deliverable):
            continue
        for expect in check.expects:
            nodes = _dynamic(expect.core)
            if not any(isinstance(n, core.Deliverable) and n.name == deliverable for n in nodes):
                continue
            if bullets:
                if any(isinstance(n, core.Call) and n.function in _ABOUT_ELEMENTS for n in nodes):
                    return check, expect.span
                continue
            assert named is not None
            if any(
                (isinstance(n, core.Col) and n.name == named[1]) or (isinstance(n, core.Const) and n.value == named[1])
                for n in nodes
            ):
                return check, expect.span
    return None


def _dynamic(node: core.Core) -> list[core.Core]:
    """The nodes of a condition that are no part of a query over the inputs."""
    found: list[core.Core] = []
    stack, seen = [node], set[int]()
    while stack:
        at = stack.pop()
        if id(at) in seen or (isinstance(at, (core.LetRef, core.Call)) and not at.dynamic and not at.free):
            continue
        seen.add(id(at))
        found.append(at)
        stack.extend(core.children(at))
    return found


def _failed_expect(task: Task, check: CheckDecl, verdict: dict[str, object]) -> Span | None:
    expects = verdict.get("expects")
    lines = [e["line"] for e in expects if not e["passed"]] if isinstance(expects, list) else []  # pyright: ignore[reportUnknownVariableType]
    return next((e.span for e in check.expects if e.line in lines), None)


def _short(score: str) -> str:
    return f"{Decimal(score):.4f}".rstrip("0").rstrip(".")
