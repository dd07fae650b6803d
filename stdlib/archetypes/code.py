"""Archetypes over small Python programs: a bug to fix, a script to write, a review."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clawc.stdlib.archetypes.archetype import Archetype, Unfit, take
from clawc.stdlib.archetypes.brief import Fact
from clawc.stdlib.archetypes.draft import Draft, hole, listed, quoted
from clawc.stdlib.archetypes.draw import Draw
from clawc.stdlib.archetypes.pieces import (
    Figure,
    amount_cell,
    column,
    data_block,
    deliver,
    figures_file,
    judge,
    keep,
    let,
    out_path,
    outputs,
    text_file,
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.sources import main_table
from clawc.stdlib.archetypes.state import Column, State

Args = tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Flawed:
    """A function with slips that somebody may have made: its text, what replaces what, and arguments to try it with."""

    name: str
    source: str
    slips: tuple[tuple[str, str], ...]
    arguments: Callable[[Draw], Args]


def _numbers(draw: Draw, low: int, high: int, most: int = 7) -> list[Fact]:
    return [draw.between(low, high) for _ in range(draw.between(0 if draw.chance(15) else 2, most))]


def _span(draw: Draw) -> list[Fact]:
    start = draw.between(0, 20)
    return [start, start + draw.between(1, 8)]


def _rate(draw: Draw) -> Args:
    return (draw.pick((0, 1, 9, 10, 11, 19, 20, 21, 35, 50)), draw.between(1, 9) * 5)


_FLAWED = (
    Flawed("charge", '''def charge(count, price):
    """Price of `count` pieces: from 10 pieces on 10 % less, from 20 on 20 % less, for all of them; rounded down to whole units."""
    total = count * price
    if count >= 20:
        total = total * 80 // 100
    elif count >= 10:
        total = total * 90 // 100
    return total
''', (("count >= 20", "count > 20"), ("count >= 10", "count > 10"), ("* 90 //", "* 95 //"), ("elif count", "if count")), _rate),
    Flawed("gaps", '''def gaps(numbers):
    """The whole numbers between the least and the greatest of `numbers` that are missing there, ascending; [] for no numbers."""
    if not numbers:
        return []
    have = set(numbers)
    return [n for n in range(min(have), max(have) + 1) if n not in have]
''', (("min(have)", "0"), ("if not numbers:\n        return []\n    have", "have"), ("if n not in have", "if n + 1 not in have")), lambda draw: (_numbers(draw, 1, 14),)),
    Flawed("longest_run", '''def longest_run(values):
    """How many equal values stand in a row at most; 0 for an empty list."""
    best = current = 0
    previous = None
    for value in values:
        current = current + 1 if value == previous else 1
        previous = value
        best = max(best, current)
    return best
''', (("else 1\n", "else 0\n"), ("        best = max(best, current)\n    return best", "    best = max(best, current)\n    return best"), ("        previous = value\n        best", "        best")), lambda draw: (_numbers(draw, 1, 2, 9),)),
    Flawed("merge_spans", '''def merge_spans(spans):
    """Spans [start, end] in any order, joined where they overlap or touch, sorted by start."""
    merged = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged
''', (("start <= merged", "start < merged"), ("max(merged[-1][1], end)", "end"), ("in sorted(spans)", "in spans")), lambda draw: ([_span(draw) for _ in range(draw.between(0, 5))],)),
    Flawed("weighted_mean", '''def weighted_mean(pairs):
    """Mean of the values of [value, weight] pairs, weighted and rounded down; None if the weights add up to nothing."""
    total = sum(weight for _, weight in pairs)
    if total == 0:
        return None
    return sum(value * weight for value, weight in pairs) // total
''', (("// total", "// len(pairs)"), ("    if total == 0:\n        return None\n", ""), ("sum(value * weight for value, weight in pairs)", "sum(value for value, _ in pairs)")), lambda draw: ([[draw.between(1, 30), draw.between(0, 4)] for _ in range(draw.between(0, 4))],)),
    Flawed("page_of", '''def page_of(items, number, size):
    """The items of page `number`, counted from 1, with `size` items a page; [] for pages that there are not."""
    if number < 1:
        return []
    first = (number - 1) * size
    return items[first:first + size]
''', (("(number - 1) * size", "number * size"), ("first:first + size", "first:first + size - 1"), ("    if number < 1:\n        return []\n", "")), lambda draw: (_numbers(draw, 1, 40, 9), draw.between(-1, 4), draw.between(2, 4))),
    Flawed("top_two", '''def top_two(scores):
    """The two greatest different scores, the greater one first; fewer if there are not so many."""
    return sorted(set(scores), reverse=True)[:2]
''', (("set(scores)", "scores"), (", reverse=True", ""), ("[:2]", "[:1]")), lambda draw: (_numbers(draw, 1, 9),)),
    Flawed("spell_time", '''def spell_time(minutes):
    """Minutes as text: 75 is "1 h 15 min", 60 is "1 h", 20 is "20 min", 0 is "0 min"."""
    hours, rest = divmod(minutes, 60)
    if hours and rest:
        return f"{hours} h {rest} min"
    return f"{hours} h" if hours else f"{rest} min"
''', (("divmod(minutes, 60)", "divmod(minutes, 100)"), ("if hours and rest", "if hours"), ("if hours else", "if hours > 1 else")), lambda draw: (draw.pick((0, 1, 20, 59, 60, 61, 75, 100, 119, 120, 121, 180, 200, draw.between(62, 400))),)),
)  # fmt: skip


def _value(source: str, name: str, arguments: Args) -> Fact | Exception:
    """What a function of this module's own tables gives."""
    space: dict[str, Callable[..., Fact]] = {}
    exec(source, space)
    copied = [[list(x) if isinstance(x, list) else x for x in a] if isinstance(a, list) else a for a in arguments]
    try:
        return space[name](*copied)
    except (ArithmeticError, ValueError, LookupError, TypeError) as error:
        return error


def _other_slips(flawed: Flawed, broken: str) -> list[str]:
    """The function with each of the slips that it does not have here."""
    made = [flawed.source.replace(old, new, 1) for old, new in flawed.slips]
    return [text for text in made if text != broken]


def _code(value: Fact) -> str:
    """A value in the language."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_code, value))}]"
    return str(value)


def _cases(draw: Draw, flawed: Flawed, broken: str) -> tuple[list[tuple[Args, Fact]], list[tuple[Args, Fact]]]:
    """Arguments with what is right for them: those for which the broken function gives something else, and the others."""
    telling: list[tuple[Args, Fact]] = []
    others: list[tuple[Args, Fact]] = []
    for _ in range(120):
        arguments = flawed.arguments(draw)
        right, wrong = _value(flawed.source, flawed.name, arguments), _value(broken, flawed.name, arguments)
        if isinstance(right, Exception) or any(arguments == a for a, _ in [*others, *telling]):
            continue
        (telling if isinstance(wrong, Exception) or wrong != right else others).append((arguments, right))
    return telling, others


def fix_bug(draft: Draft) -> None:
    """A module with a bug and tests of which some fail."""
    draw = draft.draw
    flawed: Flawed = draft.balance.pick(draw, "bug", _FLAWED, {f: f.name for f in _FLAWED})
    others = draw.sample([f for f in _FLAWED if f is not flawed], draw.between(1, 2))
    for old, new in draw.shuffled(flawed.slips):
        broken = flawed.source.replace(old, new, 1)
        telling, cases = _cases(draw, flawed, broken)
        if len(telling) >= 3 and len(cases) >= 2:
            break
    else:
        raise Unfit("no slip shows often enough")
    shown, hidden = [telling[0], *cases[:2]], [*telling[1:6], *cases[2:6]]
    folder, module = (
        draw.pick(("tools", "lib", "app", "shop", "planner", "stats")),
        draw.pick(("helpers", "figures", "rules", "core", "calc", "utils")),
    )
    parts = draw.shuffled([broken, *(o.source for o in others)])
    head = f'"""Small functions for {draft.domain.many}."""\n\n\n'
    text = head + "\n\n".join(parts)
    path, tests_path = f"{folder}/{module}.py", f"{folder}/test_{module}.py"
    file = text_file(draft, "module_0", path, text)
    tests = [
        f"    def test_{flawed.name}_{i + 1}(self):\n        self.assertEqual({flawed.name}({', '.join(map(repr, a))}), {r!r})\n"
        for i, (a, r) in enumerate(draw.shuffled(shown))
    ]
    for other in others:
        for _ in range(20):
            arguments = other.arguments(draw)
            right = _value(other.source, other.name, arguments)
            if not isinstance(right, Exception):
                tests.append(
                    f"    def test_{other.name}(self):\n        self.assertEqual({other.name}({', '.join(map(repr, arguments))}), {right!r})\n"
                )
                break
    imported = ", ".join(sorted([flawed.name, *(o.name for o in others)]))
    test_text = (
        f"import unittest\n\nfrom {module} import {imported}\n\n\nclass Tests(unittest.TestCase):\n"
        + "\n".join(tests)
        + '\n\nif __name__ == "__main__":\n    unittest.main()\n'
    )
    suite = text_file(draft, "tests", tests_path, test_text)
    fixed = deliver(draft, "module", path, f"edits = {file}")
    draft.formats_in.append("python")
    draft.say("source", draft.phrase("bug", (
        "A test of {tests} fails: run `python3 -m unittest` in the folder {folder}.", "In the folder {folder} `python3 -m unittest` runs {tests}, and not all of it passes.", "The tests are in {tests}; `python3 -m unittest` in {folder} shows a failure.",
    ), tests=hole(suite), folder=folder))  # fmt: skip
    draft.say("output", draft.phrase("fix", (
        "Fix {file} so that all tests pass and {name} does what its docstring promises, for other arguments too. Change no other file.", "Find the mistake in {file} and correct it there: all tests pass then, and {name} keeps the promise of its docstring in every case. Leave the other files alone.",
        "Mend {file} itself. All tests have to pass afterwards, and {name} has to follow its docstring for whatever it is called with. No other file changes.",
    ), file=hole(fixed), name=f"`{flawed.name}`"), {"do": "fix", "path": path, "function": flawed.name})  # fmt: skip
    judge(
        draft, "suite_passes", f'run(["python3", "-m", "unittest", "-q"], cwd = {quoted(folder)}).exit == 0', weight=2
    )
    judge(
        draft,
        "other_arguments",
        *(f"call(path.{fixed}, {quoted(flawed.name)}, [{', '.join(map(_code, a))}]) == {_code(r)}" for a, r in hidden),
        weight=3,
    )
    if draw.chance(55):
        limit = draw.pick((50, 60, 80))
        note = deliver(draft, "note", out_path(draft, draw.pick(("fix", "what_was_wrong", "note")), "md"))
        draft.say(
            "output",
            draft.phrase(
                "fix note",
                (
                    "Say in {file}, in at most {limit} words, what was wrong in {name}.",
                    "Write {file} about what was wrong in {name}, {limit} words at most.",
                    "Explain the mistake of {name} in {file} (no more than {limit} words).",
                ),
                file=hole(note),
                limit=limit,
                name=f"`{flawed.name}`",
            ),
            {"do": "note on fix", "words": limit},
        )
        judge(
            draft, "said", f"mentions({note}, {quoted(flawed.name)})", f"words({note}) <= {limit}", after="suite_passes"
        )
    draft.rest.append("environment { tools = [python3] }")
    draft.rest.append(
        f"solution {{ write {fixed} = {quoted(head + (chr(10) * 2).join(flawed.source if p is broken else p for p in parts))} }}"
    )
    wrong = next(
        iter(
            w for w in _other_slips(flawed, broken) if any(_value(w, flawed.name, a) != r for a, r in [*shown, *hidden])
        ),
        broken,
    )
    draft.rest.append(f"mutant another_slip {{\n  replace {fixed} = {quoted(text.replace(broken, wrong))}\n}}")
    keep(draft, f"only_changed([{fixed}])")
    draft.formats_out.append("python")
    draft.operation("code.inspect", "code.modify", "code.test")


_SCRIPT = """import csv
import os
import sys
from decimal import Decimal


def main(source, target):
    if not os.path.isfile(source):
        print(source + ": no such file", file=sys.stderr)
        return 2
    totals, counts = {}, {}
    with open(source, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            FILTER
            key = row["KEY"]
            totals[key] = totals.get(key, Decimal(0)) + Decimal(row["NUMBER"])
            counts[key] = counts.get(key, 0) + 1
    with open(target, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\\n")
        writer.writerow(["KEY", "TOTAL"COUNT_HEAD])
        for key in sorted(totals, key=ORDER):
            writer.writerow([key, totals[key]COUNT_CELL])
    return 0


sys.exit(main(sys.argv[1], sys.argv[2]))
"""


def write_script(draft: Draft) -> None:
    """A program that adds up any file of this shape."""
    draw, domain = draft.draw, draft.domain
    state = main_table(draft, (draw.pick(("amount", "quantity")), "group", "class", "status"), ("csv",))
    number, key, status = (
        state.those("amount", "quantity")[0],
        draw.pick(state.those("group", "class")),
        state.column("status"),
    )
    file = draft.files[-1].split()[1]
    total, count = f"total_{number.name}", draw.pick(("", f"{domain.many.replace(' ', '_').replace('-', '_')}_count"))
    drop, down = draw.chance(70), draw.chance(50)
    void = domain.status.void
    extra = data_block(draft, "unseen", draw.between(20, 34), (
        f"{key.name} = pick({texts([*key.values, 'Somewhere else', 'zzz'])})", f"{status.name} = pick({texts(status.values)})", f"{number.name} = {amount_cell(number)}",
    ))  # fmt: skip
    where = f" | where {status.name} != {quoted(void)}" if drop else ""
    order = f"-{total}, {key.name}" if down else key.name
    draft.lets.append(
        f"def totals_of(t) = t{where} | group {key.name}, {total} = sum({number.name})"
        + (f", {count} = count()" if count else "")
        + f" | sort {order}"
    )
    script_name = draw.pick(("totals.py", "sum_up.py", "add_up.py", "group_totals.py"))
    script = deliver(draft, "script", script_name, "kind = program")
    path = out_path(draft, draw.pick(domain.results), "csv")
    names = [key.name, total, *([count] if count else [])]
    result = deliver(draft, "result", path, f"columns = [{', '.join(names)}]")
    draft.say("output", draft.phrase("script", (
        "Write {script} (Python, standard library) and run it: `python3 {name} INPUT.csv OUTPUT.csv`. Save its result for the file above as {result}; it must also work for other files with the same columns.",
        "I want a program {script} in plain Python that is started as `python3 {name} INPUT.csv OUTPUT.csv` and also works for other files of the same shape, and {result}, which is its output for our file.",
        "Please deliver {script}, to be called as `python3 {name} INPUT.csv OUTPUT.csv`, standard library only, for any file with these columns. Its output for the file above belongs in {result}.",
    ), script=hole(script), name=script_name, result=hole(result)), {"do": "script", "path": script_name, "call": f"python3 {script_name} INPUT.csv OUTPUT.csv"}, {"do": "write", "path": path, "format": "csv", "columns": names})  # fmt: skip
    draft.say("rule", draft.phrase(f"script rule {bool(count)} {down}", (
        "The output has one row per {key}: {key}, {total} (the sum of {number}){count}, sorted by {order}.", "OUTPUT.csv gets a row for each {key} with {key}, {total}, the sum of {number}{count}; it is sorted by {order}.", "It adds up {number} by {key} and writes {key}, {total} (that sum){count}, sorted by {order}.",
    ), key=key.name, total=total, number=number.name, count=f" and {count} (the number of rows)" if count else "", order=f"{total}, highest first, then by {key.name}" if down else key.name), {
        "do": "group", "by": [key.name], "results": [{"name": total, "how": "sum", "column": number.name}, *([{"name": count, "how": "count"}] if count else [])]}, {"do": "sort", "by": [f"-{total}", key.name] if down else [key.name]})  # fmt: skip
    if drop:
        draft.say(
            "rule",
            draft.phrase(
                "script drop",
                (
                    "Rows whose {status} is {void} do not count.",
                    "It skips rows with {status} {void}.",
                    "Everything with {status} {void} is left out.",
                ),
                status=status.name,
                void=void,
            ),
            {"do": "keep", "column": status.name, "compare": "not", "value": void},
        )
    status_code = draw.pick((2, 2, 3, 4))
    draft.say(
        "limit",
        draft.phrase(
            "no input",
            (
                "If INPUT.csv does not exist, it ends with the exit status {code} and writes one line with the file's name to standard error.",
                "Without its input it must exit with status {code} and name the file in one line on standard error.",
                "Where INPUT.csv is missing, one line on standard error names it and the exit status is {code}.",
            ),
            code=status_code,
        ),
        {"do": "missing input", "status": status_code},
    )
    judge(draft, "result_right", f"rows({result}) == totals_of(csv({file})) within 0.005", weight=2)
    judge(
        draft,
        "unseen_right",
        f'let other = run(["python3", {script}, "a.csv", "o.csv"], files = {{"a.csv": csv({extra})}}, timeout = 10s)',
        f'csv(other.files["o.csv"]) == totals_of({extra}) within 0.005',
        weight=4,
    )
    judge(
        draft,
        "missing_input",
        f'let gone = run(["python3", {script}, "gone.csv", "o.csv"], timeout = 10s)',
        f'gone.exit == {status_code} and count(lines(gone.stderr)) == 1 and mentions(gone.stderr, "gone.csv")',
    )
    solution = (
        _SCRIPT.replace("return 2", f"return {status_code}")
        .replace("NUMBER", number.name)
        .replace("TOTAL", total)
        .replace("COUNT_HEAD", f', "{count}"' if count else "")
        .replace("COUNT_CELL", ", counts[key]" if count else "")
        .replace('"KEY"', f'"{key.name}"')
        .replace("ORDER", "lambda k: (-totals[k], k)" if down else "str")
    )
    kept = f'if row["{status.name}"] == {void!r}:\n                continue'
    draft.rest.append("environment { tools = [python3] }")
    draft.rest.append(
        f"solution {{ write {script} = {quoted(solution.replace('            FILTER' + chr(10), '            ' + kept + chr(10) if drop else ''))} }}"
    )
    wrong = (
        solution.replace("            FILTER\n", "")
        if drop
        else solution.replace("            FILTER\n", "").replace(
            ".get(key, Decimal(0)) + Decimal", ".get(key, Decimal(1)) + Decimal"
        )
    )
    draft.rest.append(f"mutant slip {{\n  edit {script} = {quoted(wrong)}\n}}")
    keep(draft)
    draft.admits.append(f"expect count(totals_of(csv({file}))) >= 3")
    if drop:
        draft.admits.append(
            f"expect any({extra}, {status.name} == {quoted(void)}) and any(csv({file}), {status.name} == {quoted(void)})"
        )
    draft.formats_out += ["program", "csv"]
    draft.operation("code.write", "code.run", "files.write")


_PIECES = (
    ("load", ("path",), "with open(path) as file:\n        return file.read()"), ("save", ("path", "text"), "with open(path, 'w') as file:\n        file.write(text)"), ("total", ("rows",), "return sum(row[1] for row in rows)"),
    ("label", ("name", "size", "unit", "colour", "mark"), "return f'{name} {size}{unit} {colour}{mark}'"), ("ask", ("text",), "return eval(text)"), ("show", ("rows",), "for row in rows:\n        print(row)"), ("pick", ("rows", "n"), "return rows[:n]"),
    ("send", ("host", "port", "user", "text", "retries", "wait"), "return (host, port, user, text, retries, wait)"), ("clean", ("text",), "return text.strip().lower()"), ("started", (), "print('started')\n    return True"), ("merge", ("a", "b"), "return {**a, **b}"),
    ("run", ("code",), "exec(code)\n    return None"), ("split", ("text", "mark"), "return text.split(mark)"), ("rate", ("value", "low", "high", "steps"), "return (value - low) * steps // (high - low)"),
)  # fmt: skip


def review(draft: Draft) -> None:
    """Modules held against a few rules of a team."""
    draw = draft.draw
    folder, count = draw.pick(("src", "app", "lib", "tools")), draw.between(3, 4)
    stems = draw.sample(("report", "mailer", "storage", "labels", "imports", "jobs", "views", "stock"), count)
    modules = draw.sample(
        ("os", "json", "csv", "re", "datetime", "pickle", "telnetlib", "shutil", "random", "subprocess"), 7
    )
    banned = draw.sample([m for m in modules if m in ("pickle", "telnetlib", "subprocess", "shutil", "random")], 2)
    pieces = draw.sample(_PIECES, count * 3)
    parts: list[str] = []
    for index, stem in enumerate(stems):
        imported = sorted(draw.sample(modules, draw.between(1, 3)) + ([banned[0]] if index == 0 else []))
        text = f'"""Functions for {stem}."""\n' + "".join(f"import {m}\n" for m in dict.fromkeys(imported))
        for name, args, body in pieces[index * 3 : index * 3 + 3]:
            doc = f'    """Does what {name} says."""\n' if draw.chance(55) else ""
            text += f"\n\ndef {name}({', '.join(args)}):\n{doc}    {body}\n"
        file = text_file(draft, f"module_{stem}", f"{folder}/{stem}.py", text)
        parts.append(f'{{file: "{stem}.py", parsed: python({file})}}')
    draft.formats_in.append("python")
    most = draw.pick((3, 4))
    calls = draw.pick(("print", "eval", "exec", "open"))
    known = let(draft, "modules", f"table([{', '.join(parts)}])")
    word = draw.pick(("finding", "problem", "remark"))
    rules = draw.sample((
        ("no docstring", f"({known} | unnest f = parsed.functions | where f.doc == null | select file, name = f.name, {word} = \"no docstring\")", "a function without a docstring (name: the function)", {"how": "no docstring"}),
        ("too many arguments", f"({known} | unnest f = parsed.functions | where count(f.args) > {most} | select file, name = f.name, {word} = \"too many arguments\")", f"a function with more than {most} arguments (name: the function)", {"how": "arguments above", "value": most}),
        ("banned import", f"({known} | unnest m = parsed.imports | where m in {texts(banned)} | select file, name = m, {word} = \"banned import\")", f"an import of {listed(banned, 'or')} (name: the module)", {"how": "imports", "value": banned}),
        ("banned call", f"({known} | where {quoted(calls)} in parsed.calls | select file, name = {quoted(calls)}, {word} = \"banned call\")", f"a file that calls {calls}, once per file (name: {calls})", {"how": "calls", "value": calls}),
    ), draw.between(2, 3))  # fmt: skip
    if not any(r[0] == "no docstring" for r in rules):
        rules[0] = (
            "no docstring",
            f'({known} | unnest f = parsed.functions | where f.doc == null | select file, name = f.name, {word} = "no docstring")',
            "a function without a docstring (name: the function)",
            {"how": "no docstring"},
        )
    found = let(draft, "findings", f"union({', '.join(r[1] for r in rules)})")
    draft.say(
        "source",
        draft.phrase(
            "modules",
            (
                "The modules are the .py files in {folder}.",
                "Review every .py file in {folder}.",
                "The folder {folder} holds the Python files in question.",
            ),
            folder=folder,
        ),
        {"do": "read", "path": folder, "format": "python"},
    )
    draft.say("rule", draft.phrase("review rules", (
        "Each {word} is a row with file (without the folder), name and {word}: {rules}.", "Write a row for every {word}, with the file's name as file, name and {word}, which is {rules}.", "We look for {rules}. Give file (the bare file name), name and, as {word}, these words.",
    ), word=word, rules="; ".join(f'"{r[0]}" for {r[2]}' for r in rules)), {"do": "code review", "into": word, "rules": [{"name": r[0], **r[3]} for r in rules]})  # fmt: skip
    columns: tuple[Column, ...] = (column("file", "group"), column("name", "id"), column(word, "class"))
    rows = State(found, word, f"{word}s", columns, draw.pick((("file", word, "name"), (word, "file", "name"))))
    rows = take(draft, rows, "order", ("by_key",))
    outputs.table_file(draft, rows)
    if draw.chance(60):
        figures_file(
            draft,
            [
                Figure(
                    "functions",
                    f"count({known} | unnest f = parsed.functions)",
                    "how many functions there are",
                    {"how": "count functions"},
                ),
                Figure(f"{word}s", f"count({found})", "how many rows the list has", {"how": "count"}),
            ],
            ("summary", "review_figures"),
        )
    keep(draft)
    draft.admits.append(f"expect count({found}) >= 3")
    draft.operation("code.inspect", "code.analyse", "files.write")


ARCHETYPES = (
    Archetype("fix_bug", ("software.debugging",), (
        "One of our tests fails and nobody knows why.", "There is a bug in a small module of ours.", "Please fix a bug.", "Our figures are wrong and the code is to blame.", "A colleague changed something and now a test is red.", "The build is red.", "I need help with a Python module for {many}.", "Something in our code for {many} is broken.",
    ), fix_bug, "A bug in a module"),
    Archetype("write_script", ("software.implementation", "reasoning.algorithms"), (
        "Every month I add up the {many} by hand.", "I want a small program for our {many}.", "Please automate a sum for me.", "We need a script that totals {many}.", "Write a little tool for {purpose}.", "The spreadsheet is too slow, so I want a program.", "Somebody at {scene} asked for a script.", "Adding up {many} is boring; let a program do it.",
    ), write_script, "A script that adds up {many}"),
    Archetype("review", ("software.review", "professional.security"), (
        "Please review our code.", "Our team has a few rules for code; are they kept?", "Before we merge this I want a review.", "Check the code of our little tools.", "A review of some Python files, please.", "I inherited some modules; what is wrong with them?", "Somebody left us this code.", "Hold our modules against the rules of the team.",
    ), review, "A review of Python files"),
)  # fmt: skip
