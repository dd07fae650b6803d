"""Archetypes over programs as a whole: a script to write, modules to review."""

from __future__ import annotations

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.brief import Fact
from clawc.stdlib.archetypes.draft import Draft, hole, listed, quoted
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
    texts,
)  # fmt: skip
from clawc.stdlib.archetypes.sources import main_table
from clawc.stdlib.archetypes.state import Column, State

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

# What the script does without its input, which not everybody asks for.
_GONE = """    if not os.path.isfile(source):
        print(source + ": no such file", file=sys.stderr)
        return 2
"""
_TRIED = 'python3 -S "$0" a.csv o.csv; python3 -S "$0" gone.csv p.csv 2> said.txt'


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
    gone = draw.chance(55)
    if gone:
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
    # Both calls are one program: what takes time is the start of a sandbox.
    command = f'["sh", "-c", {quoted(_TRIED)}, {script}]' if gone else f'["python3", "-S", {script}, "a.csv", "o.csv"]'
    tried = let(draft, "tried", f'run({command}, files = {{"a.csv": csv({extra})}}, timeout = 10s, alone = true)')
    judge(draft, "unseen_right", f'csv({tried}.files["o.csv"]) == totals_of({extra}) within 0.005', weight=4)
    said = f'{tried}.files["said.txt"]'
    if gone:
        judge(
            draft,
            "missing_input",
            f'{tried}.exit == {status_code} and count(lines({said})) == 1 and mentions({said}, "gone.csv")',
        )
    solution = (
        (_SCRIPT if gone else _SCRIPT.replace(_GONE, "").replace("import os\n", ""))
        .replace("return 2", f"return {status_code}")
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

_DEFINED = "\n\ndef {{ name }}({{ args }}):\n{{ doc }}    {{ body }}\n"
_DOCS = (
    '    """Does what its name says."""\n',
    '    """Used all over the place."""\n',
    '    """Please keep it short."""\n',
    "",
)


def review(draft: Draft) -> None:
    """Modules held against a few rules of a team."""
    draw = draft.draw
    folder, count = draw.pick(("src", "app", "lib", "tools")), draw.between(3, 4)
    stems = draw.sample(("report", "mailer", "storage", "labels", "imports", "jobs", "views", "stock"), count)
    modules = draw.sample(
        ("os", "json", "csv", "re", "datetime", "pickle", "telnetlib", "shutil", "random", "subprocess"), 7
    )
    banned = draw.sample([m for m in modules if m in ("pickle", "telnetlib", "subprocess", "shutil", "random")], 2)
    known_pieces = (
        f"{{name: {quoted(n)}, args: {quoted(', '.join(args))}, body: {quoted(body)}}}" for n, args, body in _PIECES
    )
    pieces = let(draft, "pieces", f"table([{', '.join(known_pieces)}])")
    draft.taken |= {"name", "args", "body", "doc", "line", "imported", "place"}
    parts: list[str] = []
    for index, stem in enumerate(stems):
        others = [m for m in modules if index or m != banned[0]]  # the first file has one that is banned in any case
        imports = data_block(
            draft, f"imports_{stem}", draw.between(1, 3), (f"imported = pick({texts(others)})",), "imported"
        )
        functions = data_block(draft, f"functions_{stem}", draw.between(3, 4), (
            "place = n", f"name = pick({texts([n for n, _, _ in _PIECES])})", f"doc = pick({texts(['', *_DOCS])})",
        ), "name")  # fmt: skip
        head = f'"""Functions for {stem}."""\n' + ("" if index else f"import {banned[0]}\n")
        content = (
            f'{quoted(head)} + join_text(({imports} | sort imported | select line = "import {{{{ imported }}}}\\n").line, "")'
            f' + join_text(({functions} | join {pieces} on name | sort place | select line = {quoted(_DEFINED)}).line, "")'
        )
        file = draft.name(f"module_{stem}")
        path = draft.path(folder, stem, "py")
        draft.files.append(f"file {file} {quoted(path)} {{ content = {content} }}")
        parts.append(f'{{file: "{stem}.py", parsed: python({file})}}')
    draft.formats_in.append("python")
    most = draw.pick((3, 4))
    calls = draw.pick(("print", "eval", "exec", "open"))
    known = let(draft, "modules", f"table([{', '.join(parts)}])")
    word = draw.pick(("finding", "problem", "remark"))
    known_rules: tuple[tuple[str, str, str, dict[str, Fact]], ...] = (
        ("no docstring", f"({known} | unnest f = parsed.functions | where f.doc == null | select file, name = f.name, {word} = \"no docstring\")", "a function without a docstring (name: the function)", {"how": "no docstring"}),
        ("too many arguments", f"({known} | unnest f = parsed.functions | where count(f.args) > {most} | select file, name = f.name, {word} = \"too many arguments\")", f"a function with more than {most} arguments (name: the function)", {"how": "arguments above", "value": most}),
        ("banned import", f"({known} | unnest m = parsed.imports | where m in {texts(banned)} | select file, name = m, {word} = \"banned import\")", f"an import of {listed(banned, 'or')} (name: the module)", {"how": "imports", "value": banned}),
        ("banned call", f"({known} | where {quoted(calls)} in parsed.calls | select file, name = {quoted(calls)}, {word} = \"banned call\")", f"a file that calls {calls}, once per file (name: {calls})", {"how": "calls", "value": calls}),
    )  # fmt: skip
    rules = draw.sample(known_rules, draw.between(2, 3))
    if not any(r[0] == "no docstring" for r in rules):
        rules[0] = known_rules[0]
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
    Archetype("write_script", ("software.implementation", "reasoning.algorithms"), (
        "Every month I add up the {many} by hand.", "I want a small program for our {many}.", "Please automate a sum for me.", "We need a script that totals {many}.", "Write a little tool for {purpose}.", "The spreadsheet is too slow, so I want a program.", "Somebody at {scene} asked for a script.", "Adding up {many} is boring; let a program do it.",
    ), write_script, "A script that adds up {many}"),
    Archetype("review", ("software.review", "professional.security"), (
        "Please review our code.", "Our team has a few rules for code; are they kept?", "Before we merge this I want a review.", "Check the code of our little tools.", "A review of some Python files, please.", "I inherited some modules; what is wrong with them?", "Somebody left us this code.", "Hold our modules against the rules of the team.",
    ), review, "A review of Python files"),
)  # fmt: skip
