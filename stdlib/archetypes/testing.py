"""Archetypes of testing: the cases that a module is to be tested with, as a table whose every row the rules decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.brief import Fact
from clawc.stdlib.archetypes.draft import Draft, hole, listed, quoted
from clawc.stdlib.archetypes.pieces import Figure, column, data_block, figures_file, keep, let, text_file, texts
from clawc.stdlib.archetypes.state import Column, State

_FORMATS = ("csv", "json", "tsv", "jsonl", "markdown", "xlsx")
# How a module reads the table of its rules.
_LOADS = {
    "csv": 'import csv\n\nwith open("{path}", encoding="utf-8", newline="") as file:\n    TABLE = list(csv.DictReader(file))\n',
    "tsv": 'import csv\n\nwith open("{path}", encoding="utf-8", newline="") as file:\n    TABLE = list(csv.DictReader(file, delimiter="\\t"))\n',
    "json": 'import json\n\nwith open("{path}", encoding="utf-8") as file:\n    TABLE = json.load(file)\n',
}


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases of one kind of rule. `rows` is an expression of the columns and of `expected`; `slipped` is what the module gives
    where it has the slip, an expression over the same columns; `code` is its function, with SLIP where that goes."""

    rows: str
    slipped: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    function: str
    code: str
    right: str
    wrong: str
    module: str


def _table(draft: Draft, rows: str, stem: str) -> tuple[str, str, str]:
    """Writes a table of rules or inputs; gives the name of the file, its path and its format."""
    chosen = draft.balance.pick(draft.draw, "rules of tests", tuple(_LOADS))
    path = draft.path(draft.draw.pick(("rules", "config", "data", "settings", "spec")), stem, chosen)
    file = draft.name(f"{stem}_file")
    draft.files.append(f"file {file} {quoted(path)} {{ content = {chosen}({rows}) }}")
    draft.formats_in.append(chosen)
    draft.brief.append({"do": "read", "path": path, "format": chosen})
    return file, path, chosen


def _load(path: str, chosen: str) -> str:
    return _LOADS[chosen].replace("{path}", path)


# What is put into bands: function, what is measured, what it gives, the names of the bands, the step, a band's least width and greatest.
_BANDS: tuple[tuple[str, str, str, tuple[str, ...], str, int, int], ...] = (
    ("shipping_class", "weight_g", "class", ("letter", "flat", "parcel", "crate", "pallet"), "1", 40, 900), ("badge_of", "points", "badge", ("bronze", "silver", "gold", "platinum", "diamond"), "1", 20, 400),
    ("wind_level", "wind_kmh", "level", ("calm", "breeze", "strong", "gale", "storm"), "0.1", 8, 30), ("tariff_of", "kwh", "tariff", ("basic", "home", "family", "trade", "works"), "1", 100, 1500),
    ("reminder_for", "days_late", "reminder", ("none", "friendly", "first", "second", "final"), "1", 4, 21), ("noise_zone", "decibel", "zone", ("quiet", "calm", "busy", "loud", "harmful"), "0.5", 5, 25),
    ("size_of", "chest_cm", "size", ("S", "M", "L", "XL", "XXL"), "0.5", 4, 12), ("priority_of", "hours_open", "priority", ("P4", "P3", "P2", "P1", "P0"), "1", 4, 36), ("grade_of", "marks", "grade", ("poor", "fair", "good", "very good", "excellent"), "0.5", 6, 24),
    ("fare_zone", "distance_km", "fare", ("short", "city", "region", "long", "coach"), "0.1", 3, 40), ("stock_alarm", "pieces", "alarm", ("red", "orange", "yellow", "green", "blue"), "1", 5, 60), ("rain_label", "millimetres", "label", ("dry", "damp", "wet", "soaked", "flooded"), "0.1", 2, 20),
)  # fmt: skip


def _bands(draft: Draft) -> Cases:
    """A value falls into one of some bands; cases lie just below, at and just above each border."""
    draw = draft.draw
    function, value, result, names, step, low, high = draft.balance.pick(
        draw, "bands", _BANDS, {b: b[0] for b in _BANDS}
    )
    count = draw.between(3, 5)
    opens = draw.chance(50)
    border = draw.pick(("from", "starts_at", "at_least") if opens else ("above", "over", "more_than"))
    widths = data_block(
        draft,
        "widths",
        count,
        ("place = n", f"band = {texts(names[:count])}[n - 1]", f"width = integer_between({low}, {high})"),
    )
    draft.taken |= {value, result, border, "before"}
    bands = let(
        draft,
        "bands",
        f"{widths} | sort place | window before = running_sum(width) | select {border} = before - width, {result} = band",
    )
    file, path, chosen = _table(draft, bands, draw.pick(("bands", "borders", "levels", "steps", "classes")))
    compare, other = ("<=", "<") if opens else ("<", "<=")
    expected, slipped = (
        f"last(({bands} | where {border} {c} {value} | sort {border}).{result})" for c in (compare, other)
    )
    draft.say("source", draft.phrase("bands", (
        "`{function}` in {module} finds the {result} for a value of {value} in the bands of {file}.", "The function `{function}` ({module}) turns {value} into a {result}; its bands are in {file}.", "{file} lists the bands by which `{function}` in {module} gives each value of {value} its {result}.",
    ), function=function, module="{module}", result=result, value=value, file=hole(file)))  # fmt: skip
    draft.say("rule", draft.phrase(f"bands rule {opens}", (
        "A band begins at its {border}, which belongs to it, and ends where the next one begins.", "Each band holds the values from its own {border}, included, up to the next one's, excluded.", "A value that equals a {border} is in the band of that row already.",
    ) if opens else (
        "A band holds the values above its {border}, up to the next one's {border}, which still belongs to it.", "A value has to be greater than the {border} of a band to be in it; one that equals it is in the band before.", "Values that equal a {border} still belong to the band of the row before.",
    ), border=border, value=value), {"do": "bands", "column": border, "value": value, "take": result, "kind": "from" if opens else "above"})  # fmt: skip
    draft.say("rule", draft.phrase("bands cases", (
        "Test the {border} of every band but the first with three cases: {value} is {step} below it, exactly at it, or {step} above it.", "For each band but the first, give three cases around its {border}: {step} less, exactly that, and {step} more.", "Around each {border} except the first I want three cases: that value itself, {step} less and {step} more.",
    ), border=border, value=value, step=step), {"do": "test cases", "how": "around borders", "step": step, "column": border})  # fmt: skip
    code = f"for row in reversed(TABLE):\n        if {value} SLIP float(row[{border!r}]):\n            return row[{result!r}]\n    return None".replace(
        "'", '"'
    )
    return Cases(
        f"{bands} | where {border} > 0 | unnest {value} = [{border} - {step}, {border}, {border} + {step}] | sort {value} | derive expected = {expected}",
        slipped, (column(value, "measure", "number"),), (value,), f"{function}({value})", code,
        *((">=", ">") if opens else (">", ">=")), _load(path, chosen),
    )  # fmt: skip


_FIELDS = (
    ("quantity", 1, 20), ("age", 14, 30), ("guests", 2, 9), ("nights", 1, 6), ("copies", 1, 30), ("volume", 5, 40), ("pages", 2, 60), ("seats", 1, 12), ("priority", 1, 4), ("temperature", 3, 18), ("width_mm", 10, 90), ("retries", 1, 8), ("length", 3, 25), ("hours", 1, 12), ("rooms", 1, 8),
)  # fmt: skip


def _limits(draft: Draft) -> Cases:
    """Fields of a form with the least and the greatest that is allowed; cases lie at both and just outside."""
    draw = draft.draw
    fields = draw.sample(_FIELDS, draw.between(3, 5))
    low, high = draw.pick((("min", "max"), ("least", "most"), ("lowest", "highest"), ("lower", "upper")))
    yes, no = draw.pick((("accepted", "rejected"), ("valid", "invalid"), ("pass", "error"), ("ok", "refused")))
    function = draw.pick(("check_field", "validate", "accepts", "judge_entry"))
    lows = ", ".join(str(f[1]) for f in fields)
    limits = data_block(draft, "limits", len(fields), (
        f"field = {texts([f[0] for f in fields])}[n - 1]", f"{low} = [{lows}][n - 1] + integer_between(0, 9)", f"{high} = {low} + integer_between(6, 90)",
    ))  # fmt: skip
    file, path, chosen = _table(draft, limits, draw.pick(("limits", "fields", "ranges", "allowed")))
    strict = draw.chance(35)
    draft.taken |= {"field", "value"}
    cells = f"[{low}, {low} + 1, {high} - 1, {high}]" if strict else f"[{low} - 1, {low}, {high}, {high} + 1]"
    inner, slip = (
        (f"value > {low} and value < {high}", f"value >= {low} and value < {high}")
        if strict
        else (f"value >= {low} and value <= {high}", f"value >= {low} and value < {high}")
    )
    draft.say("source", draft.phrase("limits", (
        "`{function}` in {module} answers for an entry of a form whether it is {yes} or {no}; {file} has the limits of each field.", "The limits of each field are in {file}, and `{function}` ({module}) calls a value {yes} or {no} by them.", "Entries of a form are {yes} or {no}: `{function}` in {module} decides by the limits in {file}.",
    ), function=function, module="{module}", yes=yes, no=no, file=hole(file)))  # fmt: skip
    draft.say("rule", draft.phrase(f"limits rule {strict}", (
        "A whole number is {yes} if it lies between {low} and {high} of its field; neither of the two limits is allowed itself.", "What lies strictly between {low} and {high} is {yes}, everything else, the two limits as well, is {no}.",
    ) if strict else (
        "A whole number is {yes} from {low} to {high} of its field, both included, and {no} otherwise.", "The two limits {low} and {high} are themselves {yes}, and so is all between them; all else is {no}.", "{low} and {high} both count as {yes}; below and above them everything is {no}.",
    ), low=low, high=high, yes=yes, no=no), {"do": "limits", "column": low, "columns": [high], "kind": "strict" if strict else "inclusive", "values": [yes, no]})  # fmt: skip
    draft.say("rule", draft.phrase(f"limits cases {strict}", (
        "For each field there are four cases: {low}, {low} plus 1, {high} minus 1 and {high}.", "Test every field with four values, namely {low}, the next greater whole number, the one before {high}, and {high}.",
    ) if strict else (
        "For each field there are four cases: {low} minus 1, {low}, {high} and {high} plus 1.", "Test every field with four values: the two limits, the whole number before {low} and the one after {high}.",
    ), low=low, high=high), {"do": "test cases", "how": "at limits", "column": low, "columns": [high], "kind": "strict" if strict else "inclusive"})  # fmt: skip
    code = f'row = next(row for row in TABLE if row["field"] == field)\n    low, high = int(row["{low}"]), int(row["{high}"])\n    return "{yes}" if SLIP else "{no}"'
    return Cases(
        f'{limits} | unnest value = {cells} | derive expected = if {inner} then "{yes}" else "{no}"',
        f'if {slip} then "{yes}" else "{no}"', (column("field", "class"), column("value", "measure", "number")), ("field", "value"), f"{function}(field, value)", code,
        "low < value < high" if strict else "low <= value <= high", "low <= value < high", _load(path, chosen),
    )  # fmt: skip


# Rates in percent and the decimals of amounts with which a third decimal of 5 comes often.
_RATES = (
    ("5", 1),
    ("2.5", 0),
    ("15", 1),
    ("0.5", 0),
    ("1.5", 0),
    ("3.5", 0),
    ("4.5", 0),
    ("6.5", 0),
    ("25", 1),
    ("35", 1),
)


def _rounding(draft: Draft) -> Cases:
    """A share of amounts, rounded in one of three ways; cases are the amounts of a list."""
    draw = draft.draw
    rate, decimals = draw.pick(_RATES)
    function, result = draw.pick(
        (
            ("commission", "commission"),
            ("service_fee", "fee"),
            ("tip_share", "share"),
            ("deposit", "deposit"),
            ("rebate", "rebate"),
            ("levy", "levy"),
            ("late_interest", "interest"),
        )
    )
    amount = draw.pick(("amount", "net", "price", "turnover", "total", "value"))
    how = draft.balance.pick(draw, "rounding", ("half up", "half even", "down"))
    data = data_block(draft, "samples", draw.between(8, 14), (
        f"{amount} = {f'round(uniform(1, 90), {decimals})' if decimals else 'integer_between(1, 399)'}",
    ), unique=amount)  # fmt: skip
    file, _, _ = _table(draft, data, draw.pick(("samples", "amounts", "inputs", "values")))
    exact = f"{amount} * {Decimal(rate) / 100}"
    ways = {
        "half up": (f"round({exact}, 2)", "ROUND_HALF_UP"), "half even": (f'round({exact}, 2, half = "even")', "ROUND_HALF_EVEN"),
        "down": (f"floor({exact} * 100) / 100", "ROUND_DOWN"),
    }  # fmt: skip
    other = "half even" if how == "down" else draw.pick([w for w in ways if w != how])
    draft.taken |= {amount}
    draft.say("source", draft.phrase("rounding", (
        "`{function}` in {module} works out the {result} on an {amount_word}; {file} lists what it is to be tested with.", "The function `{function}` ({module}) gives the {result}, and the inputs for its tests are in {file}.", "{file} has the values with which `{function}` of {module} is to be tested; it gives a {result}.",
    ), function=function, module="{module}", result=result, amount_word="amount", file=hole(file)))  # fmt: skip
    draft.say("rule", draft.phrase(f"rounding rule {how}", {
        "half up": ("It is {rate} % of {amount}, rounded half up to two decimals.", "The result is {rate} % of {amount} to two decimals; what lies exactly between two is rounded half up."),
        "half even": ("It is {rate} % of {amount}, rounded half-even to two decimals.", "The result is {rate} % of {amount} to two decimals, with bankers' rounding: a half goes to the even digit."),
        "down": ("It is {rate} % of {amount}, always rounded down to two decimals.", "The result is {rate} % of {amount} with two decimals, and whatever stands behind them is cut off."),
    }[how], rate=rate, amount=amount), {"do": "share", "percent": int(rate) if rate.isdigit() else float(rate), "column": amount, "as": "expected", "how": how})  # fmt: skip
    draft.say("rule", draft.phrase("rounding cases", (
        "Make one case of each {amount} in that file.", "There is one case for every {amount} of the list.", "Each row of the list becomes a case.",
    ), amount=amount), {"do": "test cases", "how": "listed", "column": amount})  # fmt: skip
    code = f'exact = Decimal(str({amount})) * Decimal("{Decimal(rate) / 100}")\n    return exact.quantize(Decimal("0.01"), rounding=decimal.SLIP)'
    return Cases(
        f"{data} | derive expected = {ways[how][0]}", ways[other][0], (column(amount, "measure", "number"),), (amount,),
        f"{function}({amount})", code, ways[how][1], ways[other][1], "import decimal\nfrom decimal import Decimal\n",
    )  # fmt: skip


_OPTIONS = (
    ("express", "sent by express"), ("insured", "insured"), ("weekend", "on a weekend"), ("framed", "framed"), ("engraved", "engraved"), ("gift_wrap", "wrapped as a gift"), ("assembly", "assembled by us"), ("night", "at night"),
)  # fmt: skip
_CLIENTS = (
    ("member", "members"),
    ("student", "students"),
    ("staff", "staff"),
    ("regular", "regular customers"),
    ("reseller", "resellers"),
)


def _combinations(draft: Draft) -> Cases:
    """A price of a class with a surcharge and a discount; cases are all combinations."""
    draw, domain = draft.draw, draft.domain
    option, option_say = draw.pick(_OPTIONS)
    client, clients = draw.pick(_CLIENTS)
    kinds = draw.sample(domain.kind.values, draw.between(2, 4))
    kind = domain.kind.column
    base = draw.pick(("base", "list_price", "start_price", "basic_fee"))
    function = draw.pick(("quote", "price_of", "fee_for", "final_price"))
    more, less = draw.between(2, 9) * 5, draw.pick((10, 20, 25, 30, 40, 50))
    data = data_block(
        draft, "prices", len(kinds), (f"{kind} = {texts(kinds)}[n - 1]", f"{base} = integer_between(2, 40) * 10")
    )
    file, path, chosen = _table(draft, data, draw.pick(("prices", "price_list", "fees", "rates")))
    first = draw.chance(50)  # the discount comes before the surcharge, which is paid in full
    draft.taken |= {kind, base, option, client, "share", "extra"}
    share, extra = (
        f'(if {client} == "yes" then {100 - less} else 100) / 100',
        f'(if {option} == "yes" then {more} else 0)',
    )
    before, behind = f"{base} * {share} + {extra}", f"({base} + {extra}) * {share}"
    draft.say("source", draft.phrase("combinations", (
        "`{function}` in {module} gives a price by {kind}, {option} and {client}; {file} has the {base} of each {kind}.", "The {base} of each {kind} is in {file}; `{function}` ({module}) makes a price of it, by {option} and {client} as well.", "{file} lists the {base} by {kind}, from which `{function}` of {module} works out a price; {option} and {client} matter, too.",
    ), function=function, module="{module}", kind=kind, option=option, client=client, base=base, file=hole(file)))  # fmt: skip
    draft.say("rule", draft.phrase(f"combinations rule {first}", (
        "{less} % of {base} are taken off for {clients} ({client} is yes), then {more} are added for what is {say} ({option} is yes), on which there is no discount.", "What is {say} ({option} is yes) costs {more} on top, always in full; for {clients} ({client} is yes) {base} alone is {less} % lower.",
    ) if first else (
        "What is {say} ({option} is yes) costs {more} on top of {base}; for {clients} ({client} is yes) the sum of both is {less} % lower.", "First {more} are added to {base} if it is {say} ({option} is yes), then {less} % of all that are taken off for {clients} ({client} is yes).",
    ), less=less, more=more, base=base, client=client, clients=clients, option=option, say=option_say), {"do": "price", "base": base, "option": option, "more": more, "client": client, "percent": less, "kind": "base only" if first else "sum"})  # fmt: skip
    draft.say("rule", draft.phrase("combinations cases", (
        "Cover every combination: each {kind} with {option} yes and no and {client} yes and no.", "There is one case for each combination of {kind}, {option} (yes or no) and {client} (yes or no).", "Test all combinations of the three, where {option} and {client} are yes or no.",
    ), kind=kind, option=option, client=client), {"do": "test cases", "how": "combinations", "columns": [kind], "options": [option, client], "values": ["yes", "no"]})  # fmt: skip
    arguments = f"{kind}, {option}, {client}"
    code = f'row = next(row for row in TABLE if row["{kind}"] == {kind})\n    base = float(row["{base}"])\n    share = {100 - less} / 100 if {client} == "yes" else 1\n    extra = {more} if {option} == "yes" else 0\n    return round(SLIP, 2)'
    either = 'table([{{{0}: "yes"}}, {{{0}: "no"}}])'
    return Cases(
        f"{data} | cross_join {either.format(option)} | cross_join {either.format(client)} | derive expected = {before if first else behind}", behind if first else before,
        (column(kind, "class"), column(option, "flag"), column(client, "flag")), (kind, option, client), f"{function}({arguments})", code,
        *(("base * share + extra", "(base + extra) * share") if first else ("(base + extra) * share", "base * share + extra")), _load(path, chosen),
    )  # fmt: skip


def _deadlines(draft: Draft) -> Cases:
    """A deadline so many days after a day, moved if it falls on a weekend; cases are the days of a list."""
    draw = draft.draw
    after = draw.pick((7, 10, 14, 21, 28, 30, 45, 60))
    function = draw.pick(("due_date", "deadline", "answer_by", "return_by", "pay_by"))
    day = draw.pick(("start", "received", "ordered", "signed", "sent", "issued"))
    back = draw.chance(40)
    data = data_block(
        draft,
        "starts",
        draw.between(8, 14),
        (f"{day} = any_date(@{draft.when.first}, @{draft.when.last})",),
        unique=day,
    )
    # Days before those: one that comes to a Friday, one to a Saturday, one to a Sunday.
    first = date.fromisoformat(draft.when.first)
    edges = [
        first - timedelta(days=(first.weekday() + after - weekday) % 7 + 1 + 7 * draw.below(3)) for weekday in (5, 6, 7)
    ]
    data = let(
        draft, "days_of_tests", f"union({data}, table([{', '.join(f'{{{day}: @{d}}}' for d in draw.shuffled(edges))}]))"
    )
    file, _, _ = _table(draft, data, draw.pick(("starts", "dates", "inputs", "days")))
    draft.taken |= {day, "end"}
    end = f"{day} + {after}d"
    moved = (
        f"{end} - 1d * (if weekday({end}) > 5 then weekday({end}) - 5 else 0)",
        f"{end} + 1d * (if weekday({end}) > 5 then 8 - weekday({end}) else 0)",
    )
    slips = (
        f"{end} - 1d * (if weekday({end}) > 5 then 1 else 0)",
        f"{end} + 1d * (if weekday({end}) > 5 then 1 else 0)",
    )
    draft.say("source", draft.phrase("deadlines", (
        "`{function}` in {module} works out a deadline; {file} lists the days that it is to be tested with.", "The function `{function}` ({module}) gives a deadline for each day, and {file} has the days for its tests.", "{file} has the days with which `{function}` of {module} is to be tested, which gives a deadline.",
    ), function=function, module="{module}", file=hole(file)))  # fmt: skip
    draft.say("rule", draft.phrase(f"deadlines rule {back}", (
        "The deadline is {after} days after {day}; if that is a Saturday or Sunday, it is the Friday before.", "It ends {after} days after {day}, and on the Friday before where this would be a Saturday or Sunday.",
    ) if back else (
        "The deadline is {after} days after {day}; if that is a Saturday or Sunday, it is the Monday behind it.", "It ends {after} days after {day}, and on the Monday behind it where this would be a Saturday or Sunday.",
    ), after=after, day=day), {"do": "deadline", "days": after, "column": day, "as": "expected", "kind": "Friday before" if back else "Monday after"})  # fmt: skip
    draft.say("rule", draft.phrase("deadlines cases", (
        "Make one case of each {day} in that file.", "There is one case for every {day} of the list.", "Each {day} of the list becomes a case; dates are written as YYYY-MM-DD.",
    ), day=day), {"do": "test cases", "how": "listed", "column": day})  # fmt: skip
    sign = "-" if back else "+"
    code = f"end = date.fromisoformat({day}) + timedelta(days={after})\n    if end.isoweekday() > 5:\n        end {sign}= timedelta(days=SLIP)\n    return end.isoformat()"
    return Cases(
        f"{data} | derive expected = {moved[0 if back else 1]}", slips[0 if back else 1], (column(day, "date", "date"),), (day,), f"{function}({day})",
        code, "end.isoweekday() - 5" if back else "8 - end.isoweekday()", "1", "from datetime import date, timedelta\n",
    )  # fmt: skip


_KINDS: dict[str, Callable[[Draft], Cases]] = {
    "bands": _bands, "limits": _limits, "rounding": _rounding, "combinations": _combinations, "deadlines": _deadlines,
}  # fmt: skip


def write_tests(draft: Draft) -> None:
    """Cases for a function with what is right for each, and perhaps what the function makes of them."""
    draw = draft.draw
    kind = draft.balance.pick(draw, "tests of", list(_KINDS))
    made = _KINDS[kind](draft)
    tried = draw.chance(45)
    slip = made.wrong if tried or draw.chance(50) else made.right
    folder, stem = draw.pick(("app", "src", "lib", "core", "shop", "engine")), made.function.split("(")[0]
    text = f'"""{stem.replace("_", " ").capitalize()} for {draft.domain.many}."""\n\n{made.module}\n\ndef {made.function}:\n    {made.code.replace("SLIP", slip)}\n'
    module = text_file(draft, "module", draft.path(folder, draw.pick((stem, "rules", "calc", "logic")), "py"), text)
    draft.sentences[0] = type(draft.sentences[0])("source", draft.sentences[0].text.replace("{module}", hole(module)))
    draft.formats_in.append("python")
    draft.shape += [kind, "tried" if tried else "expected"]
    draft.say("rule", draft.phrase("tests expected", (
        "A case has the columns {columns}; expected is what these rules give, even where the code does something else.", "Columns are {columns}, and expected follows the rules above, not the code, which may be wrong.", "Each case consists of {columns}. Take expected from the rules and not from the code: nobody knows whether that is right.",
    ), columns=listed([*(c.name for c in made.columns), "expected"])), {"do": "expected", "columns": [*(c.name for c in made.columns), "expected"]})  # fmt: skip
    number = "number" if kind in ("rounding", "combinations") else "date" if kind == "deadlines" else "text"
    columns: list[Column] = [*made.columns, column("expected", "total" if number == "number" else "label", number)]
    cases = let(draft, "cases", made.rows)
    verdict = good = bad = ""
    if tried:
        verdict, good, bad = draw.pick(
            (
                ("outcome", "pass", "fail"),
                ("result", "passed", "failed"),
                ("verdict", "green", "red"),
                ("status", "ok", "broken"),
            )
        )
        draft.taken.add(verdict)
        draft.say("rule", draft.phrase("tests tried", (
            "Try every case, too: {verdict} is {good} where the code gives what is expected, else {bad}.", "A last column, {verdict}, says {good} or {bad}: whether the code as it is gives what is expected.", "Add the column {verdict} with {good} for cases in which the code gives the expected value, and {bad} for the others.",
        ), verdict=verdict, good=good, bad=bad), {"do": "try cases", "into": verdict, "values": [good, bad]})  # fmt: skip
        cases = let(
            draft,
            "tried",
            f"{cases} | derive {verdict} = if ({made.slipped}) == expected then {quoted(good)} else {quoted(bad)}",
        )
        columns.append(column(verdict, "class"))
        draft.admits.append(
            f"expect any({cases}, {verdict} == {quoted(bad)}) and any({cases}, {verdict} == {quoted(good)})"
        )
        draft.operation("code.run")
    names = ", ".join(c.name for c in columns)
    rows = State(f"({cases} | select {names})", "case", "cases", tuple(columns), made.key)
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows, formats=_FORMATS)
    figures = [Figure("cases", f"count({cases})", "the number of cases", {"how": "count"})]
    if tried:
        step: dict[str, Fact] = {"how": "count where", "column": verdict, "value": bad}
        figures.append(
            Figure(
                bad if bad not in draft.taken else f"{bad}_cases",
                f"count({cases} | where {verdict} == {quoted(bad)})",
                f"how many of them are {bad}",
                step,
            )
        )
    if draw.chance(60 if tried else 25):
        figures_file(draft, figures, ("summary", "test_figures", "coverage", "overview"))
    keep(draft)
    draft.operation("code.inspect", "code.test", "files.write")


ARCHETYPES = (
    Archetype("write_tests", ("software.testing",), (
        "Our code has no tests yet.", "Please write test cases for me.", "Before we change this code I want a table of test cases.", "The testers need cases for one of our functions.", "It is still open how this function gets tested.", "Nobody has ever tested this function properly.", "Please prepare the tests of a small Python module.", "We lack test cases at the edges.", "Somebody has to write down the test cases for {purpose}.", "The code for {many} goes live soon and needs test cases.", "A release was stopped because tests are missing.", "Draw up test cases, please.",
    ), write_tests, "Test cases for a function"),
)  # fmt: skip
