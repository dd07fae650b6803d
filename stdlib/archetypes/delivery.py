"""Archetypes of delivery: release notes out of a history of commits."""

from __future__ import annotations

from datetime import date, timedelta

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, take
from clawc.stdlib.archetypes.draft import Draft, hole, quoted
from clawc.stdlib.archetypes.pieces import Figure, column, deliver, figures_file, judge, keep, let, out_path, texts
from clawc.stdlib.archetypes.state import State

_AUTHORS = ("Ada Lind", "Bo Reyes", "Chen Wu", "Dina Haas", "Emil Novak", "Fay Okoro", "Goran Ilic", "Hilde Berg")


def _address(name: str) -> str:
    """As git wants its authors."""
    return f"{name} <{name.split()[0].lower()}@example.com>"


def _subjects(draft: Draft) -> list[str]:
    d = draft.domain
    return draft.draw.shuffled((
        f"show the {d.due.say}", f"sort {d.many} by {d.amount.say}", f"wrong total of the {d.quantity.say}", f"filter by {d.group.say}", f"crash without {d.kind.say}", "faster start", "spelling of a button", "dark theme", "export as CSV", f"search for {d.id.say}",
        "memory leak in the import", "empty file is refused", f"print the {d.one}", "new icon", "time zone of the log", "undo",
    ))  # fmt: skip


def changelog(draft: Draft) -> None:
    """Commits since a day to a changelog with sections and a list."""
    draw = draft.draw
    kinds = draw.pick((("feat", "fix", "docs"), ("add", "fix", "chore"), ("new", "bug", "internal")))
    subjects = _subjects(draft)
    count = draw.between(9, 13)
    day = date.fromisoformat(draft.when.first)
    commits: list[str] = []
    path = draw.pick(("app", "project", "code", "site"))
    days: list[date] = []
    authors = draw.sample(_AUTHORS, draw.between(3, 4))
    order = [
        kinds[2],
        kinds[0],
        kinds[2],
        *kinds[:2],
        *kinds[:2],
        *(draw.pick((*kinds, *kinds[:2])) for _ in range(count)),
    ][:count]
    for index, kind in enumerate([*order[:3], *draw.shuffled(order[3:])]):
        day += timedelta(days=draw.between(1, 6))
        days.append(day)
        content = f"part {index + 1}: {subjects[index]}"
        commits.append(
            f'commit {quoted(f"{kind}: {subjects[index]}")} {{\n  at = @{day}T{draw.between(8, 17):02}:{draw.between(10, 59)}Z\n  author = {quoted(_address(draw.pick(authors)))}\n  change "part_{index % 4 + 1}.txt" {{ content = {quoted(content)} }}\n}}'
        )
    since = days[draw.between(1, 2)]
    repo = draft.name("history")
    inner = "\n".join(commits)
    draft.files.append(f"repo {repo} {quoted(path)} {{\n{inner}\n}}")
    draft.formats_in.append("git")
    draft.say("source", draft.phrase("repo", (
        "The repository is the folder {path}; messages of commits look like \"{kind}: subject\".", "Look at the history of the git repository in {path}, where every message begins with its kind, as in \"{kind}: subject\".", "{path} is a git repository. Its commits are named \"{kind}: subject\" and so on.",
    ), path=path, kind=kinds[0]), {"do": "read", "path": path, "format": "git"})  # fmt: skip
    recent = let(
        draft,
        "recent",
        f'commits({repo})\n    | where at >= @{since}T00:00Z\n    | derive kind = capture(message, re"^([a-z]+):"), subject = trim(replace(message, re"^[a-z]+: ", ""))',
    )
    draft.say("rule", draft.phrase("since", (
        "Take the commits from {day} on (UTC, that day included).", "Only commits of {day} or later count, by UTC.", "The release starts with {day}: earlier commits are no part of it (UTC).",
    ), day=since), {"do": "keep", "column": "at", "compare": "from", "value": str(since)})  # fmt: skip
    heads = draw.pick((("Added", "Fixed"), ("New", "Repaired"), ("Features", "Bug fixes")))
    limit = draw.pick((120, 150, 200))
    name = deliver(
        draft,
        "notes",
        out_path(draft, draw.pick(("CHANGELOG", "release_notes", "whats_new")), "md"),
        f"sections = {texts(heads)}",
    )
    draft.say("output", draft.phrase("release notes", (
        "Write {file} with the sections {a} and {b}: one bullet per commit of the kind {x} in the first, one per {y} in the second, each with the subject. Other kinds are left out; {limit} words are the limit.",
        "{File} has two sections, {a} for commits of the kind {x} and {b} for {y}, with one bullet each that gives the subject. At most {limit} words, and nothing about other kinds.",
        "In {file}, list the subjects as bullets: {x} commits under {a}, {y} commits under {b}, one bullet each and no other kinds, in no more than {limit} words.",
    ), file=hole(name), a=heads[0], b=heads[1], x=kinds[0], y=kinds[1], limit=limit), {"do": "release notes", "sections": list(heads), "kinds": list(kinds[:2]), "words": limit})  # fmt: skip
    for head, kind in zip(heads, kinds, strict=False):
        these = let(draft, f"{kind}_commits", f'{recent} | where kind == "{kind}"')
        part = f"bullets(section({name}, {quoted(head)}))"
        judge(
            draft,
            f"{kind}_right",
            f"{these} | all any({part}, mentions(value, subject))",
            f"count({part}) == count({these})",
            *([f"words({name}) <= {limit}"] if kind == kinds[0] else []),
            weight=2,
        )
        draft.admits.append(f"expect count({these}) >= 1")
    draft.formats_out.append("markdown")
    if draw.chance(60):
        rows = State(
            f"({recent} | select author, kind, subject)",
            "commit",
            "commits",
            (column("author", "person"), column("kind", "class"), column("subject", "id")),
            draw.pick((("subject",), ("author", "subject"), ("kind", "subject"))),
        )
        draft.say(
            "rule",
            draft.phrase(
                "commit list",
                (
                    "There is also a list of all these commits, whatever their kind: author (the name), kind and subject.",
                    "List all commits of the release, too: the author's name as author, kind and subject.",
                    "A list of the commits has author (a name), kind (the word before the colon) and subject.",
                ),
                x=1,
            ),
            {"do": "commit list", "columns": ["author", "kind", "subject"]},
        )
        rows = take(draft, rows, "order", ("by_key",))
        outputs.table_file(draft, rows, formats=("csv", "json", "tsv", "markdown"))
    else:
        figures_file(
            draft,
            [
                Figure("commits", f"count({recent})", "the number of these commits of any kind", {"how": "count"}),
                Figure(
                    "authors",
                    f"count({recent} | distinct author)",
                    "how many people made them",
                    {"how": "count distinct", "column": "author"},
                ),
            ],
            ("release", "summary", "figures"),
        )
    keep(draft)
    draft.operation("code.inspect", "communication.report", "files.write")


ARCHETYPES = (
    Archetype("changelog", ("software.delivery", "systems.delivery"), (
        "We release soon and have no release notes.", "Write the changelog for me.", "What is new since our last release?", "Users ask what has changed.", "The release notes are still missing.", "Please turn our commits into a changelog.", "Before {purpose} we ship a new version.", "We want to tell people what is new in the program.",
    ), changelog, "Release notes"),
)  # fmt: skip
