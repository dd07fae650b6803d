"""Archetypes of implementation: the table that a program looks up instead of working it out, made by the rule of an algorithm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.brief import Fact
from clawc.stdlib.archetypes.draft import Draft, hole, listed, quoted
from clawc.stdlib.archetypes.pieces import (
    Figure,
    Table,
    column,
    data_block,
    figures_file,
    keep,
    kind_of,
    let,
    table_input,
    texts,
)
from clawc.stdlib.archetypes.state import Column, State

_FORMATS = ("csv", "json", "tsv", "jsonl", "markdown", "xlsx")


@dataclass(frozen=True, slots=True)
class Looked:
    """A table to be looked up: its rows, an expression, its columns and key; `counted` is a column with a value to count."""

    rows: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    counted: tuple[str, str] | None = None


def _input(draft: Draft, rows: str, columns: Sequence[Column], stems: Sequence[str], one: str) -> Table:
    return table_input(
        draft, rows, columns, draft.draw.pick(stems), one, folder=draft.draw.pick(("config", "data", "spec", "setup"))
    )


_ENTRIES = (
    ("tenant", "tenants", "tenant_no"), ("device", "devices", "device_no"), ("customer", "customers", "customer_no"), ("job", "jobs", "job_no"), ("ticket", "tickets", "ticket_no"), ("parcel", "parcels", "parcel_no"),
    ("sensor", "sensors", "sensor_no"), ("account", "accounts", "account_no"), ("article", "articles", "article_no"), ("seat", "seats", "seat_no"), ("route", "routes", "route_no"), ("member", "members", "member_no"),
)  # fmt: skip
_FLAGS = ("active", "enabled", "in_use", "live", "open")


def _entries(draft: Draft) -> tuple[str, str, str]:
    """Writes numbered entries, some of which may have to be left out; gives the rows that count, the column of the number and what
    one is called."""
    draw = draft.draw
    one, many, key = draft.balance.pick(draw, "entries", _ENTRIES, {e: e[0] for e in _ENTRIES})
    kind, flag = draft.domain.kind.column, draw.pick(_FLAGS)
    left_out = draw.chance(45)
    cells = [f"{key} = integer_between(100, 9899)", f"{kind} = pick({texts(draft.domain.kind.values)})"]
    columns = [column(key, "id", "number"), column(kind, "class")]
    if left_out:
        cells.append(f'{flag} = pick(["yes", "yes", "yes", "no"])')
        columns.append(column(flag, "flag"))
    data = data_block(draft, many, draw.between(11, 20), cells, unique=key)
    table = _input(draft, data, columns, (many, f"{one}_list", "entries", "numbers"), one)
    draft.say("source", draft.phrase("entries", (
        "{file} ({kind}) lists the {many} with their {key}.", "The {many} are in {file} ({kind}); each has its {key}.", "You find all {many} and their {key} in {file} ({kind}).",
    ), file=hole(table.file), kind=kind_of(table), many=many, key=key))  # fmt: skip
    rows = table.rows
    if left_out:
        draft.say("rule", draft.phrase("entries left out", (
            "Leave out all {many} but those whose {flag} is yes.", "Only {many} with {flag} = yes are looked up; ignore the others from the start.", "{Many} that do not have yes under {flag} do not count at all.",
        ), many=many, flag=flag), {"do": "only", "column": flag, "value": "yes"})  # fmt: skip
        rows = let(draft, f"{flag}_{many}", f'{rows} | where {flag} == "yes"')
        draft.admits.append(f'expect count({rows}) > 6 and any({table.rows}, {flag} == "no")')
        draft.operation("data.filter")
        draft.shape.append("filtered")
    return rows, key, one


def _remainder(draft: Draft) -> Looked:
    """A shard for each number: what is left when it is divided."""
    draw = draft.draw
    rows, key, one = _entries(draft)
    into = draw.pick(("shard", "bucket", "partition", "lane", "segment", "cluster"))
    count, first = draw.between(3, 9), int(draw.chance(40))
    draft.taken.add(into)
    draft.say("rule", draft.phrase(f"remainder {first}", (
        "The {into} of {a_one} is 1 plus the remainder of {key} divided by {count}, so there are the numbers 1 to {count}.", "Divide {key} by {count}; the remainder plus 1 is the {into}.", "There are {count} numbers of {into}, from 1: the remainder of {key} by {count}, plus 1.",
    ) if first else (
        "The {into} of {a_one} is the remainder of {key} divided by {count}.", "Divide {key} by {count}: what remains (0 to {last}) is the {into}.", "There are {count} numbers of {into}, from 0: {key} modulo {count}.",
    ), into=into, one=one, key=key, count=count, last=count - 1), {"do": "lookup", "how": "remainder", "column": key, "divisor": count, **({"first": first} if first else {}), "into": into})  # fmt: skip
    made = let(draft, f"{into}_rows", f"{rows} | derive {into} = {key} - {count} * floor({key} / {count}) + {first}")
    draft.admits.append(f"expect count(distinct({made}.{into})) > 2")
    return Looked(made, (column(key, "id", "number"), column(into, "label", "number")), (key,), (into, str(first)))


_TAKERS = (
    ("worker", ("w1", "w2", "w3", "w4", "w5")), ("printer", ("ground", "first", "attic", "annex", "hall")), ("server", ("alder", "birch", "cedar", "elder", "fir")), ("queue", ("red", "green", "blue", "amber", "white")),
    ("gate", ("A", "B", "C", "D", "E")), ("mirror", ("north", "east", "south", "west", "centre")), ("reviewer", ("ida", "jon", "kim", "lea", "max")), ("channel", ("alpha", "beta", "gamma", "delta", "omega")),
)  # fmt: skip


def _turns(draft: Draft) -> Looked:
    """Who gets what in turn, round and round or there and back."""
    draw = draft.draw
    rows, key, _ = _entries(draft)
    into, all_takers = draft.balance.pick(draw, "takers", _TAKERS, {t: t[0] for t in _TAKERS})
    takers = draw.sample(all_takers, draw.between(3, 4))
    back, count = draw.chance(40), len(takers)
    draft.taken |= {into, "turn", "place"}
    draft.say("rule", draft.phrase(f"turns {back}", (
        "Go through them by ascending {key} and give each one a {into} in the order {takers}, then back again: the last {into} gets the next one as well, then the one before it, and at the first it turns in the same way.",
        "By ascending {key}, the {into}s take one each in the order {takers}, and then in the opposite order, and so on; at both ends the same {into} takes two in a row.",
    ) if back else (
        "Go through them by ascending {key} and give each one the next {into} in turn: {takers}, then from the beginning again.", "The {into}s take turns in the order {takers}, again and again, by ascending {key}.", "Sorted by ascending {key}, the first goes to the first {into}, the second to the second, and so on; after the last it begins anew. The order is {takers}.",
    ), key=key, into=into, takers=listed(takers)), {"do": "lookup", "how": "turns", "column": key, "values": takers, "kind": "there and back" if back else "around", "into": into})  # fmt: skip
    size = 2 * count if back else count
    order = [*takers, *reversed(takers)] if back else takers
    made = let(
        draft,
        f"{into}_rows",
        f"{rows} | sort {key} | window turn = row_number() | derive place = turn - 1 - {size} * floor((turn - 1) / {size}) | derive {into} = {texts(order)}[place]",
    )
    return Looked(made, (column(key, "id", "number"), column(into, "label")), (key,), (into, takers[0]))


_RECORDS = (
    ("payment", ("account", "name", "amount", "currency", "purpose", "date", "bank", "batch")), ("delivery", ("parcel", "street", "town", "postcode", "weight", "carrier", "day", "window")), ("reading", ("meter", "value", "unit", "date", "reader", "status", "building", "floor")),
    ("booking", ("guest", "room", "arrival", "nights", "rate", "board", "source", "remark")), ("order", ("article", "quantity", "price", "discount", "tax", "customer", "clerk", "branch")), ("membership", ("member", "surname", "first_name", "birth", "joined", "fee", "section", "mail")),
)  # fmt: skip


def _layout(draft: Draft) -> Looked:
    """Where each field of a record of fixed width begins and ends."""
    draw = draft.draw
    record, all_fields = draft.balance.pick(draw, "records", _RECORDS, {r: r[0] for r in _RECORDS})
    fields = draw.sample(all_fields, draw.between(5, 8))
    position, width = draw.pick(("position", "no", "rank", "seq")), draw.pick(("width", "length", "chars", "size"))
    begins, ends = draw.pick((("start", "end"), ("from", "to"), ("first", "last"), ("begins", "ends")))
    gap, first, inclusive = draw.pick((0, 0, 1)), int(draw.chance(55)), draw.chance(60)
    draft.taken |= {position, width, begins, ends, "behind", "field"}
    data = data_block(draft, "fields", len(fields), (
        f"{position} = {draw.shuffled(range(1, len(fields) + 1))}[n - 1]", f"field = {texts(fields)}[n - 1]", f"{width} = integer_between(1, 24)",
    ))  # fmt: skip
    columns = (
        column(position, "quantity", "number"), column("field", "label"), column(width, "quantity", "number"),
    )  # fmt: skip
    table = _input(draft, data, columns, ("fields", "record", f"{record}_record", "layout"), "field")
    draft.say("source", draft.phrase("layout", (
        "A line of our {record} file is a record of fixed width; {file} ({kind}) has the {width} of its fields.", "{file} ({kind}) describes the fields of {a_record} record of fixed width.", "The fields of {a_record} record and their {width} are in {file} ({kind}).",
    ), file=hole(table.file), kind=kind_of(table), record=record, width=width))  # fmt: skip
    draft.say("rule", draft.phrase(f"layout rule {gap} {first}", (
        "The fields stand in the order of {position}, each {width} characters wide{gap}; the first character of a line has the number {first}.", "Put them one behind the other by {position}{gap}, each with its {width} in characters, and count characters from {first}.",
    ), position=position, width=width, first=first, gap=", with 1 separator between two fields" if gap else ", nothing between them"), {"do": "lookup", "how": "layout", "column": position, "width": width, **({"gap": gap} if gap else {}), "first": first, "kind": "inclusive" if inclusive else "exclusive", "columns": [begins, ends]})  # fmt: skip
    draft.say("rule", draft.phrase(f"layout ends {inclusive}", (
        "For each field give {begins}, the number of its first character, and {ends}, that of its last one.", "{begins} is the number of a field's first character, {ends} that of its last.",
    ) if inclusive else (
        "For each field give {begins}, the number of its first character, and {ends}, the number just behind its last one, as slices need it.", "{begins} is the number of a field's first character; {ends} is one more than that of its last.",
    ), begins=begins, ends=ends))  # fmt: skip
    start = f"behind - {width} - {gap} + {first}"
    made = let(
        draft,
        "placed",
        f"{table.rows} | sort {position} | window behind = running_sum({width} + {gap}) | derive {begins} = {start}, {ends} = {start} + {width}{' - 1' if inclusive else ''}",
    )
    return Looked(
        made, (column("field", "label"), column(begins, "quantity", "number"), column(ends, "quantity", "number")), ("field",)
    )  # fmt: skip


_SERVICES = ("mail", "search", "billing", "maps", "weather", "archive", "printing", "backup", "login", "catalogue", "stock", "ledger")  # fmt: skip


def _retries(draft: Draft) -> Looked:
    """How long to wait before each further try, growing up to a cap."""
    draw = draft.draw
    services = draw.sample(_SERVICES, draw.between(4, 7))
    tries, factor = draw.between(4, 6), draw.pick((2, 2, 3))
    base, cap = draw.pick((("base_s", "cap_s"), ("first_wait", "longest_wait"), ("start_ms", "max_ms"), ("initial", "limit")))  # fmt: skip
    number, wait = draw.pick((("attempt", "wait"), ("retry", "delay"), ("try", "pause"), ("round", "backoff")))
    draft.taken |= {base, cap, number, wait, "service", "grown"}
    data = data_block(draft, "services", len(services), (
        f"service = {texts(services)}[n - 1]", f"{base} = integer_between(1, 12) * 5", f"{cap} = {base} * integer_between(3, 20) + integer_between(0, 4)",
    ))  # fmt: skip
    columns = (column("service", "label"), column(base, "quantity", "number"), column(cap, "quantity", "number"))
    table = _input(draft, data, columns, ("services", "retries", "limits", "timeouts"), "service")
    draft.say("source", draft.phrase("retries", (
        "{file} ({kind}) has {base} and {cap} of each service that we call.", "For every service we call, {file} ({kind}) gives {base} and {cap}.", "See {file} ({kind}) for the services with their {base} and {cap}.",
    ), file=hole(table.file), kind=kind_of(table), base=base, cap=cap))  # fmt: skip
    draft.say("rule", draft.phrase("retries rule", (
        "Before {number} 1 the {wait} is {base}; it is {factor} times as long before each further one, but never more than {cap}.", "The {wait} begins with {base} for {number} 1 and is {factor} times as long for each further {number}, up to {cap} at most.", "{wait} is {base} times {factor} to the power of ({number} - 1), cut off at {cap}.",
    ), number=number, wait=wait, base=base, cap=cap, factor=factor), {"do": "lookup", "how": "retries", "base": base, "cap": cap, "factor": factor, "count": tries, "columns": [number, wait]})  # fmt: skip
    draft.say("rule", draft.phrase("retries rows", (
        "Give one row for each service and each {number} from 1 to {tries}.", "Every service has {tries} rows, {number} 1 to {tries}.", "There are {tries} rows for a service, one for each {number} (1 to {tries}).",
    ), number=number, tries=tries))  # fmt: skip
    powers = [factor**n for n in range(tries)]
    made = let(
        draft,
        "waits",
        f"{table.rows} | unnest {number} = {list(range(1, tries + 1))} | derive grown = {base} * {powers}[{number} - 1] | derive {wait} = if grown > {cap} then {cap} else grown",
    )
    draft.admits.append(f"expect any({made}, grown > {cap}) and any({made}, grown < {cap} and {number} > 1)")
    return Looked(
        made,
        (column("service", "label"), column(number, "quantity", "number"), column(wait, "quantity", "number")),
        ("service", number),
    )


_ROLES = ("guest", "reader", "clerk", "editor", "auditor", "planner", "keeper", "manager", "admin", "owner")
_ACTIONS = ("view", "comment", "print", "export", "upload", "edit", "approve", "archive", "delete", "invite", "restore", "publish")  # fmt: skip


def _rights(draft: Draft) -> Looked:
    """Which role may do what: a level for each role, a least level for each action."""
    draw = draft.draw
    roles, actions = draw.sample(_ROLES, draw.between(3, 5)), draw.sample(_ACTIONS, draw.between(4, 6))
    level, least = draw.pick(
        (("level", "least_level"), ("rank", "lowest_rank"), ("grade", "min_grade"), ("tier", "from_tier"))
    )
    into, yes, no = draw.pick((("allowed", "yes", "no"), ("access", "granted", "denied"), ("may", "true", "false"), ("permission", "allow", "deny")))  # fmt: skip
    strict = draw.chance(30)
    draft.taken |= {"role", "action", level, least, into}
    first = data_block(
        draft, "roles", len(roles), (f"role = {texts(roles)}[n - 1]", f"{level} = integer_between(1, 6)")
    )
    second = data_block(
        draft, "actions", len(actions), (f"action = {texts(actions)}[n - 1]", f"{least} = integer_between(1, 6)")
    )
    held = _input(draft, first, (column("role", "label"), column(level, "quantity", "number")), ("roles", "staff_roles", "levels"), "role")  # fmt: skip
    asked = _input(draft, second, (column("action", "label"), column(least, "quantity", "number")), ("actions", "operations", "functions"), "action")  # fmt: skip
    draft.say("source", draft.phrase("rights", (
        "{first} ({kind}) has the {level} of each role, {second} the {least} of each action.", "Roles with their {level} are in {first} ({kind}) and actions with their {least} in {second}.", "Each role has a {level} ({first}), each action a {least} ({second}).",
    ), first=hole(held.file), second=hole(asked.file), kind=kind_of(held), level=level, least=least))  # fmt: skip
    draft.say("rule", draft.phrase(f"rights rule {strict}", (
        "For every role and every action, {into} is {yes} if the role's {level} is greater than the action's {least}, else {no}; equal is not enough.", "Write {yes} under {into} where {level} is above {least}, and {no} where it is equal or below, for all pairs of role and action.",
    ) if strict else (
        "For every role and every action, {into} is {yes} if the role's {level} is at least the action's {least}, else {no}.", "Write {yes} under {into} where {level} reaches {least} (equal is enough), and {no} otherwise, for all pairs of role and action.",
    ), into=into, yes=yes, no=no, level=level, least=least), {"do": "lookup", "how": "rights", "column": level, "least": least, "kind": "above" if strict else "at least", "into": into, "values": [yes, no]})  # fmt: skip
    made = let(
        draft,
        "pairs",
        f"{held.rows} | cross_join {asked.rows} | derive {into} = if {level} {'>' if strict else '>='} {least} then {quoted(yes)} else {quoted(no)}",
    )
    draft.admits.append(
        f"expect any({made}, {into} == {quoted(yes)}) and any({made}, {into} == {quoted(no)}) and any({made}, {level} == {least})"
    )
    return Looked(
        made,
        (column("role", "label"), column("action", "label"), column(into, "flag")),
        ("role", "action"),
        (into, yes),
    )


_KINDS: dict[str, Callable[[Draft], Looked]] = {
    "remainder": _remainder, "turns": _turns, "layout": _layout, "retries": _retries, "rights": _rights,
}  # fmt: skip


def lookup_table(draft: Draft) -> None:
    """A table that a program reads, made by a rule, and perhaps figures about it."""
    draw = draft.draw
    kind = draft.balance.pick(draw, "lookups", list(_KINDS))
    made = _KINDS[kind](draft)
    draft.shape.append(kind)
    names = ", ".join(c.name for c in made.columns)
    rows = State(f"({made.rows} | select {names})", "row", "rows", made.columns, made.key)
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows, formats=_FORMATS)
    figures = [Figure("entries", f"count({made.rows})", "the number of rows", {"how": "count"})]
    if made.counted is not None:
        name, value = made.counted
        number = next(c.kind for c in made.columns if c.name == name) == "number"
        step: dict[str, Fact] = {"how": "count where", "column": name, "value": value}
        figures.append(
            Figure(
                f"{name}_{value}",
                f"count({made.rows} | where {name} == {value if number else quoted(value)})",
                f"how many of them have {value} under {name}",
                step,
            )
        )
    if draw.chance(45):
        figures_file(draft, figures, ("summary", "counts", "figures", "overview"))
    keep(draft)
    draft.operation("code.write", "files.write")


ARCHETYPES = (
    Archetype("lookup_table", ("software.implementation", "reasoning.algorithms"), (
        "Our program should look this up instead of working it out each time.", "Please prepare the table that our code is going to read.", "I am writing a small tool for {purpose} and need a table worked out beforehand.", "The next version reads a finished table, and nobody has made it yet.", "Before I write any code, I want the table behind it.", "Could you work out a table for our software?", "For {scene} we are replacing a calculation by a table.",
        "One of our scripts is too slow, so it will get a table to look up.", "The developers asked for a table that their code can load.", "This table is part of the program for {many}.", "Please do by hand once what our program will read from a table later.", "We need the following table as a file for our code.",
    ), lookup_table, "A table that code looks up"),
)  # fmt: skip
