"""Archetypes over two sources that should agree: differences, a merged register, claims to be checked, conflicts."""

from __future__ import annotations

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, maybe, take
from clawc.stdlib.archetypes.draft import Draft, hole
from clawc.stdlib.archetypes.pieces import (
    Figure,
    amount_cell,
    column,
    data_block,
    deliver,
    figures_file,
    identifier,
    judge,
    keep,
    let,
    main_data,
    out_path,
    table_input,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.sources import main_table
from clawc.stdlib.archetypes.state import Column, State

_OTHER = (
    ("partner", "the partner's statement", "statement"), ("office", "the head office's list", "head_office"), ("export", "the export of the second system", "system_export"),
    ("paper", "the typed-up paper lists", "paper_list"), ("mirror", "the auditors' copy", "audit_copy"), ("backup", "the list from the backup", "from_backup"),
)  # fmt: skip


def _second_source(draft: Draft, state: State, number: Column, differs: int) -> tuple[str, str, str]:
    """A second file about the same things, with some rows missing, some added and some numbers changed."""
    draw, ident = draft.draw, state.columns[0]
    main = main_data(draft)
    short, said, stem = draw.pick(_OTHER)
    steps = [0] * differs + [1, 2, -1, 3]
    scale = "0.5" if number.decimals else "1"
    count = draw.between(11, 13)
    data = data_block(draft, f"{short}_data", count + 2, (
        f"_row = {main}[n + 1]", f"{ident.name} = if n > {count} then {identifier(draft)} else _row.{ident.name}",
        f"{number.name} = if n > {count} then {amount_cell(number)} else _row.{number.name} + pick([{', '.join(map(str, steps))}]) * {scale}", "here = n != 4 and n != 7",
    ))  # fmt: skip
    other = table_input(draft, f"({data} | where here | drop here)", (ident, number), stem, state.one)
    text = draft.phrase("second source", (
        "{File} is {said}, with {id} and {amount} alone.", "Compare that with {said} in {file}.", "On the other side there is {file}: {said}.", "{Said} came as {file}.",
        "What the others have is {file}, {said}.", "{Said} ({file}) ought to agree with it.",
    ), file=hole(other.file), said=said, id=ident.name, amount=number.name)  # fmt: skip
    draft.say("source", text)
    draft.operation("data.join")
    return other.rows, short, said


def reconcile(draft: Draft) -> None:
    """Two lists that should agree: what is missing on either side, and what differs."""
    draw = draft.draw
    state = main_table(draft, (draw.pick(("amount", "quantity")), "status"), least=18)
    ident = state.columns[0]
    number = state.those("amount", "quantity")[0]
    theirs, short, said = _second_source(draft, state, number, draw.between(5, 7))
    narrowed = maybe(draft, state, "narrow", 40, 1, ("without_void",))
    if narrowed is not state:
        draft.say("rule", draft.phrase("void here", (
            "Treat those as if our list did not have them.", "What is left out that way counts as missing from our list, even if the other side has it.", "For the comparison, our list is without those rows.",
        )))  # fmt: skip
    state = narrowed
    ours = let(draft, "ours", state.expression)
    names = draw.pick(
        (
            ("missing there", "missing here", "different"),
            ("only ours", "only theirs", "differs"),
            ("not in theirs", "not in ours", "unequal"),
            (f"no {short} row", "no own row", "value differs"),
        )
    )
    mine, yours, word = (
        f"our_{number.name}",
        f"their_{number.name}",
        draw.pick(("finding", "trouble", "problem", "remark")),
    )
    slack = draw.pick((0, 0, 1))
    test = f"abs({mine} - {yours}) > {slack}" if slack else f"{mine} != {yours}"
    found = let(draft, "found", (
        f"union(({ours} | select {ident.name}), ({theirs} | select {ident.name})) | distinct {ident.name}\n"
        f"    | left_join ({ours} | select {ident.name}, {mine} = {number.name}) on {ident.name}\n    | left_join ({theirs} | select {ident.name}, {yours} = {number.name}) on {ident.name}\n"
        f'    | derive {word} = if {yours} == null then "{names[0]}" else if {mine} == null then "{names[1]}" else if {test} then "{names[2]}" else "equal"\n    | where {word} != "equal"'
    ))  # fmt: skip
    small = f" by more than {slack}" if slack else ""
    text = draft.phrase(f"reconcile {bool(slack)}", (
        "{A_id} of our list that {said} lacks is \"{a}\", one that only stands there is \"{b}\", and where both have it but {number} differs{small} it is \"{c}\".",
        "List three sorts of trouble, with these words as {word}: \"{a}\" for {a_id} that is in our list alone, \"{b}\" for one that is in {said} alone, \"{c}\" where the two {number} values differ{small}.",
        "The {word} is \"{a}\" if {said} does not have our {id}, \"{b}\" if we lack theirs, \"{c}\" if {number} is not the same{but}.",
        "Match by {id}. Unmatched rows of ours get the {word} \"{a}\", unmatched ones of {said} \"{b}\", and pairs whose {number} differs{small} \"{c}\".",
    ), id=ident.name, said=said, number=number.name, small=small, word=word, a=names[0], b=names[1], c=names[2], but=f" (a difference of up to {slack} is fine)" if slack else "")  # fmt: skip
    draft.say(
        "rule",
        text,
        {
            "do": "reconcile",
            "on": ident.name,
            "column": number.name,
            "into": word,
            "names": list(names),
            **({"slack": slack} if slack else {}),
        },
    )
    draft.say("rule", draft.phrase("both amounts", (
        "{mine} and {yours} are the two values; leave the one that does not exist empty.", "Give both values as {mine} and {yours}, empty where a side has none.",
        "Our value goes into {mine}, theirs into {yours}; a side without the row stays empty.",
    ), mine=mine, yours=yours), {"do": "both values", "column": number.name, "into": [mine, yours]})  # fmt: skip
    columns = (
        Column(word, "class", "text", word),
        ident,
        Column(mine, "text", "number", mine),
        Column(yours, "text", "number", yours),
    )
    key = (word, ident.name) if draw.chance(50) else (ident.name,)
    rows = take(draft, State(found, state.one, state.many, columns, key), "order", ("by_key",))
    outputs.table_file(draft, rows, formats=("csv", "tsv", "xlsx", "markdown"))
    if draw.chance(60):
        figures_file(draft, [
            Figure(f"{name.replace(' ', '_').lower()}_count", f'count({found} | where {word} == "{name}")', f"how many are '{name}'", {"how": "count", "column": word, "value": name}) for name in draw.sample(names, draw.between(2, 3))
        ], ("counts", "summary", "overview", "tally"))  # fmt: skip
    keep(draft)
    draft.admits += [f'expect count({found} | where {word} == "{name}") >= 1' for name in names] + [
        f"expect count({ours}) > count({found}) / 2"
    ]


def merge_registers(draft: Draft) -> None:
    """Two registers with entries in both; the newer entry counts."""
    draw, domain = draft.draw, draft.domain
    state = main_table(
        draft,
        ("status", "date", draw.pick(("group", "class"))),
        ("csv", "json", "tsv", "xlsx", "sqlite", "yaml", "jsonl", "html"),
        least=18,
    )
    ident, date, status = state.columns[0], state.column("date"), state.column("status")
    shown = [ident, *state.those("group", "class")[:1], status, date]
    main = main_data(draft)
    count = draw.between(8, 11)
    last = shown[1]
    data = data_block(draft, "later_data", count + 3, (
        f"_row = {main}[n + 2]", f"{ident.name} = if n > {count} then {identifier(draft)} else _row.{ident.name}", f"{last.name} = _row.{last.name}",
        f"{status.name} = pick({texts(domain.status.values)})", f"{date.name} = if chance(0.35) then _row.{date.name} - {draw.between(2, 9)}d else _row.{date.name} + {draw.between(2, 9)}d",
    ))  # fmt: skip
    _, _, stem = draw.pick(_OTHER)
    other = table_input(draft, data, shown, f"{stem}_register", state.one)
    draft.say("source", draft.phrase("register", (
        "A second register, {file}, covers some of the same {many}.", "{File} is another register of {many}, kept by somebody else.", "Part of the {many} stand in {file} as well, and some only there.", "There is {file} too, with its own entries on {many}.",
    ), file=hole(other.file), many=state.many))  # fmt: skip
    names = ", ".join(c.name for c in shown)
    mark = draw.chance(50)
    labels = draw.pick((("first", "second"), ("A", "B"), ("ours", "theirs"), ("old", "new")))
    source = draw.pick(("source", "origin", "register")) if mark else ""
    first, second = (f', {source} = "{label}"' if mark else "" for label in labels)
    merged = let(draft, "merged", (
        f"union(({state.expression}\n    | select {names}{first}), ({other.rows} | select {names}{second}))\n    | sort -{date.name}\n    | distinct {ident.name}"
    ))  # fmt: skip
    draft.say("rule", draft.phrase("merge", (
        "Merge the two into one register: each {id} once, and where both have it the entry with the later {date} wins.", "Every {id} of either file appears once; if it stands in both, keep the row with the newer {date} as a whole.",
        "Put both together. Of two entries for one {id} only the one with the later {date} survives.", "The result has one row per {id}, taken from the file whose {date} is later if both know it.",
    ), id=ident.name, date=date.name), {"do": "merge", "on": ident.name, "newest": date.name})  # fmt: skip
    if mark:
        draft.say("rule", draft.phrase("origin", (
            "{column} says where the row is from: {a} for the first file, {b} for {file}.", "Add {column}, which is {a} for rows of the list named first and {b} for rows of {file}.", "Mark each row in {column} with {a} (first register) or {b} ({file}).",
        ), column=source, a=labels[0], b=labels[1], file=hole(other.file)), {"do": "origin", "into": source, "names": list(labels)})  # fmt: skip
    columns = (*shown, *((Column(source, "class", "text", source),) if mark else ()))
    rows = State(merged, state.one, state.many, columns, (ident.name,))
    if draw.chance(40):
        rows = maybe(draft, rows, "narrow", 100, 1, ("without_void", "only_status"))
    rows = take(draft, rows, "order", ("by_key", "by_date"))
    outputs.table_file(draft, rows, formats=("csv", "tsv", "json", "jsonl", "markdown"))
    if mark and draw.chance(60):
        figures_file(
            draft,
            [
                Figure(
                    f"from_{name.lower()}",
                    f'count({draft.last} | where {source} == "{name}")',
                    f"how many rows of the result are marked {name}",
                    {"how": "count", "column": source, "value": name},
                )
                for name in labels
            ],
            ("origins", "summary", "sources"),
        )
    keep(draft)
    draft.admits.append(f"expect count({draft.last}) >= 4")
    draft.admits.append(f"expect count({state.start} | semi_join {other.rows} on {ident.name}) == {count}")
    draft.operation("data.join", "data.clean")


def fact_check(draft: Draft) -> None:
    """Claims against a table: a verdict for each."""
    draw = draft.draw
    state = main_table(draft, (draw.pick(("amount", "quantity")), "group"))
    number, group = state.those("amount", "quantity")[0], state.column("group")
    main = main_data(draft)
    claims_of = draw.pick(("count", "sum", "max"))
    word = {
        "count": f"the number of {state.many}",
        "sum": f"the sum of {number.name}",
        "max": f"the largest value of {number.name}",
    }[claims_of]
    of = {"count": "count()", "sum": f"sum({number.name})", "max": f"max({number.name})"}[claims_of]
    known = let(draft, "places", f"table({texts(draw.shuffled(group.values))})")
    many = len(group.values)
    truth = {
        "count": f"count({main} | where {group.name} == _of)",
        "sum": f"sum(({main} | where {group.name} == _of).{number.name})",
        "max": f"max(({main} | where {group.name} == _of).{number.name})",
    }[claims_of]
    offs = draw.pick(("[0, 0, 1, -1]", "[0, 0, 0, 2, -1]", "[0, 0, 1, 2]"))
    letter = draw.pick(("C", "S", "K", "Q"))
    value = draw.pick(("stated", "claimed", "value", "figure"))
    tag = draw.pick(("claim", "no", "statement", "ref"))
    data = data_block(draft, "claims", many + 1, (
        f'{tag} = serial("{letter}{{{{ n }}}}")', f'_of = if n > {many} then "{_unknown(draft, group)}" else {known}.value[n - 1]', f"{group.name} = _of",
        f"{value} = if n > {many} then 7 else ({truth} ?? 0) + pick({offs})",
    ))  # fmt: skip
    claim = table_input(
        draft,
        data,
        (column(tag, "id"), group, column(value, "measure", "number")),
        draw.pick(("claims", "statements", "press_claims", "draft_figures")),
        "claim",
        ("json", "jsonl", "yaml", "csv", "markdown"),
    )
    draft.say("source", draft.phrase("claims", (
        "{File} has claims: each gives {a_group} and, as {value}, {word} there.", "The claims are in {file}; {value} is supposed to be {word} of that {group}.", "In {file} somebody states {word} per {group} ({value}).",
        "{File} lists what was claimed: for {a_group}, {word} is said to be {value}.",
    ), file=hole(claim.file), group=group.name, value=value, word=word))  # fmt: skip
    state = maybe(draft, state, "narrow", 35, 1, ("without_void", "only_class"))
    truths = let(draft, "truths", state.expression + f"\n    | group {group.name}, actual = {of}")
    verdict, right, wrong, none = draw.pick(
        (
            ("verdict", "true", "false", "no data"),
            ("verdict", "confirmed", "refuted", "unknown"),
            ("status", "ok", "wrong", "not in the table"),
            ("judgement", "holds", "fails", "cannot tell"),
            ("rating", "correct", "incorrect", "no rows"),
        )
    )
    if (right, wrong) == ("true", "false"):
        right, wrong = "correct", "false claim"
    shown = draw.pick(("actual", "computed", "real_value"))
    renamed = f"\n    | rename {shown} = actual" if shown != "actual" else ""
    judged = let(draft, "judged", (
        f"{claim.rows}\n    | left_join {truths} on {group.name}\n"
        f'    | derive {verdict} = if actual == null then "{none}" else if abs(actual - {value}) < 0.005 then "{right}" else "{wrong}"{renamed}'
    ))  # fmt: skip
    draft.say("rule", draft.phrase("fact check", (
        "Work out {word} for the {group} of each claim from the {many} that count and compare: \"{right}\" if it is what was claimed, \"{wrong}\" if not, and \"{none}\" if no such {one} counts.",
        "Check every claim. The {verdict} is \"{right}\" where {word} is exactly {value}, \"{wrong}\" where it is something else, \"{none}\" where there is no {one} to check it with.",
        "A claim is \"{right}\" when {value} equals {word}, else \"{wrong}\"; where no {one} of that {group} counts, it is \"{none}\".",
    ), word=word, group=group.name, many=state.many, one=state.one, right=right, wrong=wrong, none=none, verdict=verdict, value=value),
        {"do": "verify", "by": group.name, "how": claims_of, **({} if claims_of == "count" else {"column": number.name}), "claim": value, "into": verdict, "names": [right, wrong, none]})  # fmt: skip
    draft.say("rule", draft.phrase("actual", (
        "{shown} is the number that you worked out, empty where there is none.", "Also give your own number as {shown}; it stays empty if there is none.", "Your number goes into {shown}, which is left empty where nothing can be worked out.",
    ), shown=shown), {"do": "shown", "into": shown})  # fmt: skip
    columns = (
        column(tag, "id"),
        group,
        column(value, "text", "number"),
        column(shown, "text", "number"),
        column(verdict, "class"),
    )
    rows = take(draft, State(judged, "claim", "claims", columns, (tag,)), "order", ("by_key",))
    outputs.table_file(
        draft,
        rows,
        [columns[0], columns[4], columns[3]] if draw.chance(50) else None,
        ("csv", "xlsx", "tsv", "markdown"),
    )
    if draw.chance(60):
        figures_file(
            draft,
            [
                Figure(
                    f"{name.replace(' ', '_')}",
                    f'count({judged} | where {verdict} == "{name}")',
                    f"the number of claims with '{name}'",
                    {"how": "count", "column": verdict, "value": name},
                )
                for name in (right, wrong)
            ],
            ("scores", "summary", "tally"),
        )
    keep(draft)
    draft.admits.append(
        f'expect count({judged} | where {verdict} == "{right}") >= 1 and count({judged} | where {verdict} == "{wrong}") >= 1'
    )
    draft.operation("data.aggregate", "data.join")


def _unknown(draft: Draft, group: Column) -> str:
    """A value of the group that no row has."""
    return next((v for v in draft.domain.group.values if v not in group.values), f"Other {draft.domain.group.say}")


def conflicts(draft: Draft) -> None:
    """Where two sources say different things about the same one, field by field."""
    draw, domain = draft.draw, draft.domain
    state = main_table(
        draft,
        ("status", "group", "class"),
        ("csv", "json", "tsv", "xlsx", "sqlite", "yaml", "jsonl", "markdown"),
        least=14,
    )
    ident = state.columns[0]
    fields = draw.sample(state.those("status", "group", "class"), draw.between(2, 3))
    main = main_data(draft)
    count = draw.between(10, 14)
    cells = [f"{f.name} = if chance(0.25) then pick({texts(f.values)}) else _row.{f.name}" for f in fields]
    data = data_block(
        draft,
        "other_data",
        count,
        (f"_row = {main}[n - 1]", f"{ident.name} = _row.{ident.name}", *cells),
        dirt=draw.pick(("shuffle_rows()", "")),
    )
    _, said, stem = draw.pick(_OTHER)
    other = table_input(draft, data, (ident, *fields), stem, state.one, ("csv", "json", "tsv", "xlsx", "yaml", "jsonl"))
    draft.say("source", draft.phrase("conflict source", (
        "{File} is {said} and tells about some of the same {many}.", "Hold it against {said}, {file}.", "The second source is {file} ({said}).", "{Said} ({file}) has a row for part of them.",
    ), file=hole(other.file), said=said, many=state.many))  # fmt: skip
    what, mine, yours = draw.pick(
        (
            ("field", "first", "second"),
            ("field", "value_a", "value_b"),
            ("column", "here", "there"),
            ("item", "one_says", "other_says"),
        )
    )
    what = "field" if what == "column" else what
    parts = [f'({other.rows} | select {ident.name}, {what} = "{f.name}", {yours} = {f.name})' for f in fields]
    ours = [
        f'({let_name} | select {ident.name}, {what} = "{f.name}", {mine} = {f.name})'
        for let_name in [let(draft, "ours", state.expression)]
        for f in fields
    ]
    here, there = ", ".join(ours), ", ".join(parts)
    found = let(
        draft,
        "differing",
        f"union({here})\n    | join union({there}) on {ident.name}, {what}\n    | where {mine} != {yours}",
    )
    draft.say("rule", draft.phrase("conflicts", (
        "For each {id} that stands in both, compare {fields}. Every field that differs is a row: {id}, {what} (the name of the column), {mine} (from the list named first) and {yours} (from {file}).",
        "A conflict is {a_id} in both files with different values in one of {fields}. One row per conflict, with the column's name as {what}, our value as {mine} and that of {file} as {yours}.",
        "Compare {fields} of the {many} that both files have, by {id}. Write a row for each difference: {what} names the column, {mine} has the value of the first list, {yours} that of {file}.",
    ), id=ident.name, fields=_and([f.name for f in fields]), what=what, mine=mine, yours=yours, many=state.many, file=hole(other.file)),
        {"do": "conflicts", "on": ident.name, "columns": [f.name for f in fields], "into": [what, mine, yours]})  # fmt: skip
    columns = (ident, column(what, "class"), column(mine, "text"), column(yours, "text"))
    key = (ident.name, what) if draw.chance(60) else (what, ident.name)
    rows = take(draft, State(found, "conflict", "conflicts", columns, key), "order", ("by_key",))
    outputs.table_file(draft, rows)
    if draw.chance(60):
        figures_file(draft, [
            Figure(f"{f.name}_conflicts", f'count({found} | where {what} == "{f.name}")', f"how many conflicts are about {f.name}", {"how": "count", "column": what, "value": f.name}) for f in fields
        ], ("per_field", "counts", "summary"))  # fmt: skip
    if draw.chance(40):
        path = out_path(draft, draw.pick(("clean", "agreed", "undisputed")), "txt")
        agreed = let(
            draft,
            "agreed",
            f"{other.rows} | semi_join {ours[0].split()[0][1:]} on {ident.name} | anti_join {found} on {ident.name} | sort {ident.name}",
        )
        name = deliver(draft, "listing", path)
        draft.say("output", draft.phrase("agreed", (
            "List in {file} the {id} values of both files without any conflict, one per line and sorted.", "{File} gets one {id} a line, sorted: those that are in both files and free of conflicts.", "Those in both files that have no conflict go into {file}, one {id} per line in ascending order.",
        ), file=hole(name), id=ident.name), {"do": "lines of agreed", "path": path, "column": ident.name})  # fmt: skip
        judge(draft, "agreed_right", f"lines({name}) == {agreed}.{ident.name}", weight=1)
        draft.admits.append(f"expect count({agreed}) >= 1")
        draft.formats_out.append("text")
    keep(draft)
    draft.admits += [
        f"expect count({found}) >= 2",
        *(f'expect count({found} | where {what} == "{f.name}") >= 1' for f in fields[:1]),
    ]
    draft.operation("data.join", "data.filter")
    draft.shape.append(f"{len(fields)} fields of {domain.name[:1]}")


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


ARCHETYPES = (
    Archetype("reconcile", ("analysis.finance", "information.verification", "professional.finance"), (
        "Two lists of our {many} ought to say the same, and they differ.", "Before {purpose} the two lists of {many} need reconciling.", "Find out where our {many} and the other side's fail to match.", "Reconcile the {many} for me.",
        "We cannot sign anything until the {many} agree with the other list.", "We need the two lists of {many} compared line by line.", "Do both sides have the same {many}? I doubt it.", "For {purpose}: please check our {many} against the other list.",
    ), reconcile, "{Many} of two lists compared"),
    Archetype("merge_registers", ("office.records", "information.synthesis"), (
        "We keep two registers of {many} and want one.", "Please merge the registers of {many}.", "Two people kept lists of the same {many}; make one out of them.", "One register of {many} is enough, but there are two.",
        "For {purpose} we want to make the two lists of {many} one.", "After the move there are two files with {many}. Bring them together.", "Our {many} are spread over two lists that overlap.", "I want a single, current list of {many}.",
    ), merge_registers, "One register of {many}"),
    Archetype("fact_check", ("information.verification", "reasoning.critique"), (
        "Some figures about our {many} are going round; are they right?", "Check these statements about our {many}.", "Before {purpose} we check every number about the {many}.", "Somebody made claims about the {many} of {scene}.",
        "Please verify what was said about our {many}.", "Fact check, please: it is about the {many}.", "I doubt the figures on {many} that I was sent.", "Which of the claims about our {many} hold up?",
    ), fact_check, "Claims about {many} checked"),
    Archetype("conflicts", ("information.synthesis", "information.verification", "office.records"), (
        "Two sources tell different things about the same {many}.", "Where do our two sources on {many} contradict each other?", "I need the contradictions between two lists of {many}.", "Please find the conflicts in what we know of the {many}.",
        "Both files describe the same {many}, but not always in the same way.", "For {purpose} I want to know where the sources on {many} disagree.", "List every contradiction about our {many}.", "Somebody changed entries of the {many} in one list and not in the other.",
    ), conflicts, "Contradictions about {many}"),
)  # fmt: skip
