"""Programs that the solver writes by itself: a script that adds up a table, and functions that keep what their docstrings promise.

Nothing of the workspace is run here: files are read, and a file that holds a program is written.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Unsolvable
from clawc.stdlib.archetypes.solvers.work import Work

# A script that adds up.

_SCRIPT = '''\
"""Adds up a CSV file by groups: {call}"""

import csv
import os
import sys
from decimal import Decimal

LEFT_OUT = {left_out!r}
BY = {by!r}
SUMMED = {summed!r}
NAMES = {names!r}
ORDER = {order!r}


def text(value):
    if not isinstance(value, Decimal):
        return value
    shown = format(value, "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def figures(rows):
    made = dict(zip(BY, (rows[0][column] for column in BY)))
    for name, how, column in SUMMED:
        if how == "count":
            made[name] = Decimal(len(rows))
            continue
        cells = [Decimal(row[column]) for row in rows if row[column].strip()]
        if how == "sum":
            made[name] = sum(cells, Decimal(0))
        elif how == "min":
            made[name] = min(cells, default="")
        else:
            made[name] = max(cells, default="")
    return made


def main():
    source, target = sys.argv[1:3]
    if not os.path.exists(source):
        print("no such file: " + source, file=sys.stderr)
        return {status}
    with open(source, encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if all(row[column] not in values for column, values in LEFT_OUT)]
    groups = {{}}
    for row in rows:
        groups.setdefault(tuple(row[column] for column in BY), []).append(row)
    result = [figures(group) for group in groups.values()]
    for column, down in reversed(ORDER):
        result.sort(key=lambda row: row[column], reverse=down)
    with open(target, "w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\\n")
        writer.writerow(NAMES)
        writer.writerows([text(row[name]) for name in NAMES] for row in result)
    return 0


sys.exit(main())
'''


# What makes the table comes before the table, wherever the text says it.
_TURNS = ("read", "keep", "group", "having", "sort")


def in_turn(steps: Sequence[Asked]) -> list[Asked]:
    """The steps in the order in which they are to be taken: a text may tell of a program before it tells what it does."""
    if all(step.do != "script" for step in steps):
        return list(steps)
    return sorted(steps, key=lambda step: _TURNS.index(step.do) if step.do in _TURNS else len(_TURNS))


def script(work: Work, asked: Asked) -> None:
    """The program does what all other steps say."""
    groups, outputs = work.told("group"), work.told("write")
    if len(groups) != 1 or len(outputs) != 1:
        raise Unsolvable("script: one table of groups is all that is known")
    results = [(part.text("name"), part.text("how"), _column(part)) for part in groups[0].parts("results")]
    if any(how not in ("sum", "count", "min", "max") for _, how, _ in results):
        raise Unsolvable(f"script: unknown figures among {results}")
    order = [(key.removeprefix("-"), key.startswith("-")) for step in work.told("sort") for key in step.texts("by")]
    missing = work.told("missing input")
    work.made[asked.text("path")] = _SCRIPT.format(
        call=asked.text("call"), left_out=[_left_out(step) for step in work.told("keep")], by=groups[0].texts("by"),
        summed=results, names=outputs[0].texts("columns"), order=order, status=missing[0].whole("status") if missing else 1,
    ).encode()  # fmt: skip


def _column(result: Asked) -> str:
    return result.text("column") if result.has("column") else ""


def _left_out(step: Asked) -> tuple[str, list[str]]:
    if step.text("compare") != "not":
        raise Unsolvable(f"script: only rows with {step.text('compare')!r}")
    return step.text("column"), [step.text("value")]


def missing_input(work: Work, asked: Asked) -> None:
    """The program knows what to do then."""
    asked.whole("status")


# Functions by their promises.


@dataclass(frozen=True)
class _Promise:
    """A docstring, its numbers as groups; the parameters; the code that keeps it, with `{0}` for the first of the numbers."""

    said: str
    parameters: str
    code: str


_PROMISES = (
    _Promise(
        r"Price of `count` pieces: from (\d+) pieces on (\d+) % less, from (\d+) on (\d+) % less, for all of them; "
        r"rounded down to whole units\.",
        "count, price",
        """
percent = 100 - ({3} if count >= {2} else {1} if count >= {0} else 0)
return count * price * percent // 100
""",
    ),
    _Promise(
        r"The whole numbers between the least and the greatest of `numbers` that are missing there, ascending; "
        r"\[\] for no numbers\.",
        "numbers",
        """
known = set(numbers)
return [number for number in range(min(known, default=0), max(known, default=0)) if number not in known]
""",
    ),
    _Promise(
        r"How many equal values stand in a row at most; 0 for an empty list\.",
        "values",
        """
longest = length = 0
for at, value in enumerate(values):
    length = length + 1 if at and values[at - 1] == value else 1
    longest = max(longest, length)
return longest
""",
    ),
    _Promise(
        r"Spans \[start, end\] in any order, joined where they overlap or touch, sorted by start\.",
        "spans",
        """
joined = []
for start, end in sorted(spans):
    if not joined or start > joined[-1][1]:
        joined.append([start, end])
    elif end > joined[-1][1]:
        joined[-1][1] = end
return joined
""",
    ),
    _Promise(
        r"The items of page `number`, counted from 1, with `size` items a page; \[\] for pages that there are not\.",
        "items, number, size",
        """
return items[(number - 1) * size : number * size] if number >= 1 else []
""",
    ),
    _Promise(
        r'Minutes as text: 75 is "1 h 15 min", 60 is "1 h", 20 is "20 min", 0 is "0 min"\.',
        "minutes",
        """
parts = [f"{{minutes // 60}} h"] if minutes >= 60 else []
if minutes % 60 or not parts:
    parts.append(f"{{minutes % 60}} min")
return " ".join(parts)
""",
    ),
    _Promise(
        r"The two greatest different scores, the greater one first; fewer if there are not so many\.",
        "scores",
        """
return sorted(set(scores))[::-1][:2]
""",
    ),
    _Promise(
        r"Mean of the values of \[value, weight\] pairs, weighted and rounded down; None if the weights add up to nothing\.",
        "pairs",
        """
weights = sum(pair[1] for pair in pairs)
return sum(pair[0] * pair[1] for pair in pairs) // weights if weights else None
""",
    ),
)  # fmt: skip


def fix(work: Work, asked: Asked) -> None:
    """The whole module again, with a body of the function that is written from its docstring alone."""
    work.begun = asked
    path, name = asked.text("path"), asked.text("function")
    text = work.text(path)
    found = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == name]
    if len(found) != 1 or found[0].end_lineno is None:
        raise Unsolvable(f"fix: there is no single function {name}")
    function, lines = found[0], text.split("\n")
    # The head and the docstring stay as they are.
    start, end = function.body[0].end_lineno or 0, found[0].end_lineno
    body = [f"    {line}" if line else "" for line in _kept(function).strip().split("\n")]
    work.made[path] = "\n".join([*lines[:start], *body, *lines[end:]]).encode()


def _kept(function: ast.FunctionDef) -> str:
    said = " ".join((ast.get_docstring(function) or "").split())
    for promise in _PROMISES:
        numbers = re.fullmatch(promise.said, said)
        if numbers is not None and ast.unparse(function.args) == promise.parameters:
            return promise.code.format(*numbers.groups())
    raise Unsolvable(f"fix: no code for {said!r}")


def note_on_fix(work: Work, asked: Asked) -> None:
    name = work.asked().text("function")
    text = f"`{name}` did not do what its docstring promises. Its body is written anew, so that the promise holds for all arguments.\n"
    if len(text.split()) > asked.whole("words"):
        raise Unsolvable("note on fix: more words than allowed")
    work.made[work.target(asked)] = text.encode()
