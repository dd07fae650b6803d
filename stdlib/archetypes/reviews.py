"""Archetypes that look for what is not in order: accounts that nobody needs, totals that are not the sum of their lines."""

from __future__ import annotations

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.brief import Step
from clawc.stdlib.archetypes.draft import Draft, hole, quoted
from clawc.stdlib.archetypes.pieces import (
    Figure,
    column,
    data_block,
    deliver,
    figures_file,
    judge,
    keep,
    let,
    out_path,
    people_block,
    table_input,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.state import Column, State


def access_review(draft: Draft) -> None:
    """Accounts against leavers, long silence and approvals."""
    draw, today = draft.draw, draft.when.today
    people = people_block(draft, 14, 22)
    count = draw.between(14, 20)
    roles = draw.sample(("admin", "editor", "viewer", "billing", "auditor", "support", "operator"), 4)
    strong = roles[0]
    login, last, role, state_col = (
        draw.pick(("login", "account", "user_id")),
        draw.pick(("last_login", "last_seen", "last_active")),
        draw.pick(("role", "profile", "access_level")),
        draw.pick(("enabled", "active")),
    )
    systems = draw.pick(
        (
            ("system", (draft.domain.folders[0], "archive", "mail")),
            ("system", ("ledger", "wiki", "shop")),
            ("application", ("calendar", "intranet", draft.domain.files[0])),
        )
    )
    year = int(today[:4])
    accounts = data_block(draft, "accounts", count, (
        f'{login} = serial("{draw.pick(("u", "usr-", "acc"))}{{{{ pad(n + {draw.between(100, 700)}, 4) }}}}")', f"holder = pick({people}.name)", f"{systems[0]} = pick({texts(systems[1])})",
        f"{role} = pick({texts(roles)})", f"{last} = any_date(@{year - 1}-09-01, @{draft.when.last})", f"{state_col} = pick([\"yes\", \"yes\", \"yes\", \"no\"])",
    ))  # fmt: skip
    columns = (
        column(login, "id"),
        column("holder", "person"),
        column(systems[0], "group", values=systems[1]),
        column(role, "class", values=roles),
        column(last, "date", "date"),
        column(state_col, "text"),
    )
    table = table_input(
        draft,
        accounts,
        columns,
        draw.pick(("accounts", "users", "access_list")),
        "account",
        ("csv", "json", "tsv", "xlsx", "jsonl", "sqlite", "markdown"),
    )
    draft.say(
        "source",
        draft.phrase(
            "accounts",
            (
                "All accounts are in {file}.",
                "{File} lists the accounts with their {role} and {last}.",
                "Take the accounts from {file}, one a row.",
                "The accounts stand in {file}; {state} says yes or no.",
            ),
            file=hole(table.file),
            role=role,
            last=last,
            state=state_col,
        ),
    )
    left = data_block(
        draft,
        "leavers",
        draw.between(3, 5),
        (f"name = pick({people}.name)", f"left_on = any_date(@{draft.when.first}, @{year}-12-20)"),
        "name",
    )
    gone = table_input(
        draft,
        left,
        (column("name", "person"), column("left_on", "date", "date")),
        draw.pick(("leavers", "staff_changes", "departures")),
        "leaver",
        ("csv", "json", "markdown", "xlsx"),
    )
    draft.say(
        "source",
        draft.phrase(
            "leavers",
            (
                "Who leaves and when is in {file} (name and left_on).",
                "{File} has those who leave by name, with the day (left_on).",
                "HR keeps {file}: name and left_on of everybody who leaves.",
            ),
            file=hole(gone.file),
        ),
    )
    days = draw.pick((60, 90, 120, 100))
    word = draw.pick(("finding", "reason", "issue"))
    names = {
        "finding": ("leaver", "unused", "not approved"),
        "reason": ("has left", "silent", "no approval"),
        "issue": ("former staff", "dormant", "not signed off"),
    }[word]
    ours = let(draft, "open_accounts", f'{table.rows} | where {state_col} == "yes"')
    parts: list[tuple[str, str, Step]] = [
        (f"join {gone.rows} on holder == name | where left_on <= @{today}", draft.phrase("leaver rule", ("\"{name}\" if the holder left on {today} or before", "\"{name}\" where the holder has left by {today} (that day included)", "\"{name}\" when its holder's left_on is not after {today}"), name=names[0], today=today),
         {"do": "finding", "how": "left", "column": "holder", "on": ["name", "left_on"], "today": today, "path": gone.path, "name": names[0]}),
        (f"where {last} < @{today} - {days}d", draft.phrase("silent rule", ("\"{name}\" if {last} is more than {days} days before {today}", "\"{name}\" where more than {days} days lie between {last} and {today}", "\"{name}\" when nobody used it for more than {days} days up to {today} ({last})"), name=names[1], last=last, days=days, today=today),
         {"do": "finding", "how": "silent", "column": last, "days": days, "today": today, "name": names[1]}),
    ]  # fmt: skip
    if draw.chance(60):
        approved = data_block(draft, "approved", draw.between(3, 5), (f"name = pick({people}.name)",), "name")
        path = draft.path(
            draw.pick(draft.domain.folders), draw.pick(("approvals", "approved_people", "signed_off")), "txt"
        )
        file = draft.name("approvals_file")
        draft.files.append(f'file {file} {quoted(path)} {{ content = join_text({approved}.name, "\\n") + "\\n" }}')
        draft.formats_in.append("text")
        parts.append((f'where {role} == {quoted(strong)} | anti_join (table(lines({file})) | rename holder = value) on holder', draft.phrase("approval rule", (
            "\"{name}\" if the {role} is {strong} and the holder is not in {file}", "\"{name}\" where somebody has the {role} {strong} without standing in {file} (one name a line)", "\"{name}\" when the {role} {strong} belongs to a holder whom {file} does not list",
        ), name=names[2], role=role, strong=strong, file=hole(file)), {"do": "finding", "how": "not approved", "on": "holder", "column": role, "value": strong, "path": path, "name": names[2]}))  # fmt: skip
    joined = ", ".join(
        f"({ours} | {test} | select {login}, holder, {word} = {quoted(str(step['name']))})" for test, _, step in parts
    )
    found = let(draft, "review", f"union({joined})")
    draft.say("rule", draft.phrase("review", (
        "Only accounts with yes in {state} are reviewed. Each may have several findings, a row for each; {word} is {rules}.", "Accounts without a yes in {state} are left out. The {word} is {rules}; an account to which two of these apply has two rows.",
        "Look at those that have yes in {state}, and write a row for everything that applies: as {word} {rules}.",
    ), state=state_col, word=word, rules="; ".join(s for _, s, _ in parts)), {"do": "keep", "column": state_col, "compare": "in", "value": ["yes"]}, {"do": "review", "into": word}, *(s for _, _, s in parts))  # fmt: skip
    rows = State(
        found,
        "finding",
        "findings",
        (column(login, "id"), column("holder", "person"), column(word, "class")),
        draw.pick(((login, word), (word, login))),
    )
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows)
    if draw.chance(50):
        figures_file(
            draft,
            [
                Figure(
                    f"{str(step['how']).replace(' ', '_')}",
                    f"count({found} | where {word} == {quoted(str(step['name']))})",
                    f"the number of rows with '{step['name']}'",
                    {"how": "count", "column": word, "value": str(step["name"])},
                )
                for _, _, step in parts
            ],
            ("summary", "counts"),
        )
    if draw.chance(40):
        path = out_path(draft, draw.pick(("note", "memo", "to_managers")), "md")
        note = deliver(draft, "note", path)
        limit = draw.pick((90, 120, 140))
        draft.say("output", draft.phrase("review note", (
            "In {file}, at most {limit} words, name every {login} that is \"{name}\" and say how many rows the list has.", "Add {file} (up to {limit} words): the number of rows and each {login} with \"{name}\".",
            "Write {file} for the managers, no longer than {limit} words, with the number of rows and all {login} values that are \"{name}\".",
        ), file=hole(note), limit=limit, login=login, name=names[0]), {"do": "note on review", "path": path, "column": login, "words": limit, "name": names[0]})  # fmt: skip
        judge(
            draft,
            "note_right",
            f"mentions({note}, count({found}))",
            f"mentions_all({note}, ({found} | where {word} == {quoted(names[0])}).{login})",
            f"words({note}) <= {limit}",
            weight=2,
        )
        draft.formats_out.append("text")
        draft.operation("communication.report")
    keep(draft)
    draft.admits += [
        f"expect count({found} | where {word} == {quoted(str(step['name']))}) in 1..9" for _, _, step in parts
    ]
    draft.operation("data.join", "data.filter")


def wrong_sums(draft: Draft) -> None:
    """Documents with lines whose total is not the sum of the lines."""
    draw, domain = draft.draw, draft.domain
    count = draw.between(8, 13)
    form = domain.id.form
    digits = form.count("#")
    ident = Column(domain.id.column, "id", "text", domain.id.say)
    first = draw.between(1, 8) * 10 ** (digits - 1) if digits > 1 else 0
    kinds = draw.sample(domain.kind.values, draw.between(3, 5))
    units, price = draw.pick((("units", "price"), ("pieces", "unit_price"), ("hours", "rate"), ("quantity", "each")))
    total, items = draw.pick(("total", "stated_total", "sum_given")), draw.pick(("lines", "items", "positions"))
    docs = data_block(
        draft,
        "docs",
        count,
        (
            f'{ident.name} = serial("{form[: form.index("#")]}{{{{ pad(n + {first}, {digits}) }}}}{form[form.rindex("#") + 1 :]}")',
        ),
    )
    lines = data_block(
        draft,
        "doc_lines",
        count * 3,
        (
            f"{ident.name} = if n <= {count} then {docs}.{ident.name}[n - 1] else pick({docs}.{ident.name})",
            f"{domain.kind.column} = pick({texts(kinds)})",
            f"{units} = integer_between(1, 12)",
            f"{price} = round(uniform({draw.pick((2, 5, 11))}, {draw.pick((40, 75, 90))}), 2)",
        ),
    )
    per = f"round(sum(({lines} | where {ident.name} == _doc | derive worth = {units} * {price}).worth), 2)"
    stated = data_block(
        draft,
        "stated",
        count,
        (
            f"_doc = {docs}.{ident.name}[n - 1]",
            f"{ident.name} = _doc",
            f"{total} = {per} + pick([0, 0, 0, 0, 0.9, -1, 10, -0.09, 100])",
        ),
    )
    chosen = draft.balance.pick(draw, "nested", ("json", "yaml"))
    path = draft.path(draw.pick(domain.folders), draw.pick(domain.files), chosen)
    file = draft.name("docs_file")
    draft.files.append(
        f"file {file} {quoted(path)} {{ content = {chosen}({stated} | nest_join {items} = ({lines}) on {ident.name}) }}"
    )
    draft.formats_in.append(chosen)
    draft.operation("files.extract")
    draft.say("source", draft.phrase("documents", (
        "{File} has the {many}, each with {total} and a list of {items} ({units} and {price}).", "The {many} are in {file}. Each has {items} with {units} and {price}, and {a_total}.", "Every {one} in {file} states {a_total} beside its {items}.",
        "Read {file}: per {one} there are {items}, with {units} and {price}, and the {total} that somebody typed in.",
    ), file=hole(file), many=domain.many, one=domain.one, total=total, items=items, units=units, price=price), {"do": "read", "path": path, "format": chosen, "one": domain.one, "items": items})  # fmt: skip
    right, diff = (
        draw.pick(("right_total", "correct", "computed_total")),
        draw.pick(("difference", "error", "too_much")),
    )
    fee, limit, percent = "", 0, 0
    fee_step: Step | None = None
    if draw.chance(45):
        limit, percent = draw.pick((100, 200, 250, 300)), draw.pick((2, 3, 5, 10))
        fee, fee_step = (
            f" | derive worth = round(if worth > {limit} then worth * {100 - percent} / 100 else worth, 2)",
            {"do": "discount", "above": limit, "percent": percent},
        )
    found = let(draft, "wrong", (
        f"table({chosen}({file}))\n    | unnest line = {items}\n    | derive worth = line.{units} * line.{price}{fee}\n    | group {ident.name}, {total}, {right} = sum(worth)\n"
        f"    | derive {diff} = {total} - {right}\n    | where abs({diff}) > 0.005"
    ))  # fmt: skip
    draft.say("rule", draft.phrase("wrong sums", (
        "The right total is the sum of {units} times {price} over its {items}. List each {one} whose {total} is wrong, with {right} and {diff} ({total} minus {right}).",
        "Add up {units} x {price} for all {items} of {a_one}; that is {right}. Where {total} is not the same, list the {one} with {diff}, that is {total} minus {right}.",
        "Check every {total} against the sum of {units} times {price} ({right}). Only the wrong ones belong into the result; {diff} is {total} minus {right}.",
    ), units=units, price=price, items=items, one=domain.one, total=total, right=right, diff=diff), {"do": "wrong sums", "items": items, "column": [units, price], "stated": total, "into": [right, diff]})  # fmt: skip
    if fee_step is not None:
        draft.say("rule", draft.phrase("discount", (
            "For one of the {items} that comes to more than {limit}, {percent} % are taken off before adding, rounded half up to two decimals.", "Before you add, anything in {items} above {limit} ({units} times {price}) is reduced by {percent} % and rounded half up to two decimals.",
            "Mind the discount: {units} times {price} of more than {limit} counts {percent} % less, rounded half up to two decimals.",
        ), items=items, limit=limit, percent=percent, units=units, price=price), fee_step)  # fmt: skip
    columns = (ident, *(column(c, "amount", "number") for c in (total, right)), column(diff, "measure", "number"))
    rows = State(found, domain.one, domain.many, columns, (ident.name,))
    rows = take(draft, rows, "order", ("by_key", "by_measure"))
    outputs.table_file(draft, rows)
    if draw.chance(40):
        figures_file(
            draft,
            [
                Figure(
                    "checked",
                    f"count({chosen}({file}))",
                    f"the number of {domain.many} in the file",
                    {"how": "count all"},
                ),
                Figure("wrong", f"count({found})", "how many totals are wrong", {"how": "count"}),
                Figure("net_error", f"sum({found}.{diff})", f"the sum of {diff}", {"how": "sum", "column": diff}, True),
            ],
            ("summary", "check_figures"),
        )
    keep(draft)
    draft.admits.append(
        f"expect count({found}) >= 3" + ("" if not fee_step else f" and any({found}, {total} > {limit})")
    )
    draft.operation("data.aggregate", "data.filter")


ARCHETYPES = (
    Archetype("access_review", ("professional.security", "systems.inspection"), (
        "Our access review is due.", "Who still has access without a reason?", "Please review the accounts of {scene}.", "Before {purpose} we clean up the accounts.", "I am sure that some accounts are out of date.",
        "Check who can log in here.", "The auditors want a review of all accounts.", "Some people left, but did their accounts?",
    ), access_review, "Access review"),
    Archetype("wrong_sums", ("reasoning.critique", "professional.finance", "information.verification"), (
        "Somebody added up the {many} by hand, and not always well.", "Which totals of our {many} are wrong?", "Please recalculate the {many}.", "I found one wrong total among the {many}, and I fear there are more.", "Check the sums of the {many} before {purpose}.",
        "The totals of the {many} need checking.", "Do the totals of our {many} add up?", "For {purpose}: find the {many} with wrong totals.",
    ), wrong_sums, "Wrong totals of {many}"),
)  # fmt: skip
