"""A first task of one's own, by what it is about: every combination of answers compiles, is in the one layout, and proves."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import NamedTuple

from clawc.compiler.format.formatting import formatted

FINDS = {
    "csv": "a table", "json": "a JSON file", "text": "a text", "notes": "a folder of notes", "git": "a git repository", "program": "a program",
}  # fmt: skip
DELIVERS = {"csv": "a table", "json": "a JSON file", "markdown": "a report with a table"}
CATEGORY = "office.records"

_ROWS = (("north", 5), ("south", 2), ("west", 4), ("north", 1), ("south", 3), ("west", 2), ("south", 4), ("east", 3))
_COUNT = 14  # rows that are generated
_NOTES = len(_ROWS)


class Wanted(NamedTuple):
    """What a task is to be: keys of FINDS and DELIVERS, a category of the taxonomy; `generated` rows instead of literal ones,
    several `instances` by a parameter."""

    name: str
    finds: str = "csv"
    delivers: str = "csv"
    category: str = CATEGORY
    generated: bool = False
    instances: bool = False


class _Found(NamedTuple):
    """Of one kind of input: the blocks of the workspace, the rows that are read from it, how the instruction names it, and a column
    that generated rows have besides."""

    blocks: str
    rows: str
    told: str
    line: str = ""


def starter(wanted: Wanted) -> str:
    """The source, in the one layout."""
    found = _FOUND[wanted.finds](wanted.generated)
    total = "round(sum(hours) * param.rate, 2)" if wanted.instances else "sum(hours)"
    close = " within 0.005" if wanted.instances else ""
    paid = ", times the rate {{ param.rate }} and rounded to two decimals," if wanted.instances else ""
    told = textwrap.fill(
        f"{found.told} Add up the hours of each team over all entries{paid or ','} and write {{{{ path.report }}}}: "
        f"{_TOLD[wanted.delivers]} sorted by total, highest first, then by team.",
        width=110, break_on_hyphens=False,
    )  # fmt: skip
    parts = [
        f'claw 1\n\n## Say in one line what this task is about.\ntask {wanted.name} {{\ntitle = "Total the hours of each team"\n'
        f"category = {wanted.category}",
    ]
    if wanted.instances:
        parts.append(
            "# Each instance has another value: `clawc build -n 20` makes twenty.\nparam rate { number = 10..99 }"
        )
    if wanted.generated:
        parts.append(_data(found.line, _NOTES if wanted.finds == "notes" else _COUNT))
    parts += [
        f"workspace {{\n{found.blocks}\n}}",
        f"let entries = {found.rows}\n",
        f"let totals = entries | group team, total = {total} | sort -total, team\n",
        f'deliver report "output/totals.{_ENDING[wanted.delivers]}" {{ columns = columns(totals) }}',
        f'instruction = """\n{told}\n"""',
        'verify {\ncheck totals_right {\nbecause = "sorted by total, highest first, then by team"\n'
        f"expect rows(report) == totals{close}\n}}\n"
        "require inputs_kept { expect unchanged(workspace) }\n}\n}\n",
    ]
    return formatted(f"{wanted.name}.claw", "\n\n".join(parts)).text


_ENDING = {"csv": "csv", "json": "json", "markdown": "md"}
_TOLD = {
    "csv": "a table with the columns team and total,",
    "json": "a list of objects with the keys team and total,",
    "markdown": "a report with a table that has the columns team and total,",
}


def _data(line: str, count: int) -> str:
    column = f"\nline = {line}" if line else ""
    return (
        "# Each seed draws other rows.\n"
        f'data work {{\ncount = {count}\nteam = pick(["north", "south", "west", "east"])\nhours = integer_between(1, 6){column}\n}}'
    )


def _literal(lines: list[str]) -> str:
    """A content as it is written."""
    return '"""\n' + "\n".join(lines) + '\n"""'


def _csv(generated: bool) -> _Found:
    content = "csv(work)" if generated else _literal(["team,hours", *(f"{t},{h}" for t, h in _ROWS)])
    return _Found(
        f'file log "input/hours.csv" {{ content = {content} }}',
        "csv(log)",
        "{{ path.log }} has an entry in each row: a team and its hours.",
    )


def _json(generated: bool) -> _Found:
    rows = [f'{{"team": "{t}", "hours": {h}}}' for t, h in _ROWS]
    content = "json(work)" if generated else _literal(["[", *(f"  {r}," for r in rows[:-1]), f"  {rows[-1]}", "]"])
    return _Found(
        f'file log "input/hours.json" {{ content = {content} }}',
        "json(log)",
        "{{ path.log }} has a list of entries: the team and its hours.",
    )


def _text(generated: bool) -> _Found:
    content = 'join_text(work.line, "\\n")' if generated else _literal([f"{t}: {h} h" for t, h in _ROWS])
    return _Found(
        f'file log "input/hours.txt" {{ content = {content} }}',
        'lines(log) | select team = capture(value, re"^(\\w+): "), hours = number(capture(value, re": (\\d+) h$"))',
        '{{ path.log }} has an entry in each line, such as "north: 5 h".',
        '"{{ team }}: {{ hours }} h"',
    )


def _notes(generated: bool) -> _Found:
    blocks: list[str] = []
    for number, (team, hours) in enumerate(_ROWS):
        content = (
            f"work.line[{number}]"
            if generated
            else _literal([f"# Note {number + 1}", "", f"Team: {team}", f"Hours: {hours}"])
        )
        blocks.append(f'file note_{number + 1} "notes/note_{number + 1}.md" {{ content = {content} }}')
    names = [f"note_{number + 1}" for number in range(len(blocks))]
    rows = ",\n".join(f'{{team: field({n}, "Team"), hours: number(field({n}, "Hours"))}}' for n in names)
    return _Found(
        "\n".join(blocks),
        f"table([\n{rows},\n])",
        "The folder `notes` has one entry in each of its notes, with the lines Team and Hours.",
        '"# Note {{ n }}\\n\\nTeam: {{ team }}\\nHours: {{ hours }}\\n"',
    )


def _git(generated: bool) -> _Found:
    content = "csv(work)" if generated else _literal(["team,hours", *(f"{t},{h}" for t, h in _ROWS)])
    return _Found(
        'repo project "project" {\n'
        'commit "Begin" {\nat = @2026-05-04T09:00Z\nauthor = "Ada Berg <ada@example.org>"\nchange "README.md" { content = "Hours of all teams.\\n" }\n}\n'
        f'commit "Enter the hours" {{\nat = @2026-05-05T16:30Z\nauthor = "Bo Lind <bo@example.org>"\nchange "hours.csv" {{ content = {content} }}\n}}\n}}',
        'csv(only(files(project) | where path == "hours.csv").text)',
        "`{{ path.project }}` is a git repository; its file `hours.csv` has an entry in each row: a team and its hours.",
    )


def _program(generated: bool) -> _Found:
    head = ["hours = {}", "", "", "def add(team, count):", "    hours[team] = hours.get(team, 0) + count", "", ""]
    tail = ["", "print(sum(hours.values()))"]
    literal = _literal([*head, *(f'add("{t}", {h})' for t, h in _ROWS), *tail])
    parts = f'[{_literal(head)}, join_text(work.line, "\\n"), {_literal(tail)}]'
    content = f'join_text({parts}, "\\n")' if generated else literal
    return _Found(
        f'file tool "tools/hours.py" {{ content = {content} }}',
        'lines(tool) | where starts_with(value, "add(") '
        '| select team = capture(value, re"\\"(\\w+)\\""), hours = number(capture(value, re", (\\d+)"))',
        "The program {{ path.tool }} has an entry in each line that calls `add`: a team and its hours. It prints only the sum of all.",
        '"add(\\"{{ team }}\\", {{ hours }})"',
    )


_FOUND: dict[str, Callable[[bool], _Found]] = {
    "csv": _csv, "json": _json, "text": _text, "notes": _notes, "git": _git, "program": _program,
}  # fmt: skip
