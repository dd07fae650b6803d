"""Archetypes of delivery: release notes out of a history of commits."""

from __future__ import annotations

from datetime import date, timedelta

from clawc.stdlib.archetypes import outputs
from clawc.stdlib.archetypes.archetype import Archetype, take
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
    texts,
)
from clawc.stdlib.archetypes.state import State

_AUTHORS = ("Ada Lind", "Bo Reyes", "Chen Wu", "Dina Haas", "Emil Novak", "Fay Okoro", "Goran Ilic", "Hilde Berg")


def _address(name: str) -> str:
    """As git wants its authors."""
    return f"{name} <{_mail(name)}>"


def _mail(name: str) -> str:
    return f"{name.split()[0].lower()}@example.com"


def _repairs(draft: Draft) -> list[str]:
    d = draft.domain
    return [
        f"wrong total of the {d.quantity.say}", f"crash without {d.kind.say}", "memory leak in the import", "empty file is refused", "time zone of the log", "spelling of a button", f"{d.due.say} a day too early", "lost umlauts in names",
        f"double {d.many} after an import", "window too small for long names", f"rounding of the {d.amount.say}", "undo forgets a step",
    ]  # fmt: skip


def _novelties(draft: Draft) -> list[str]:
    d = draft.domain
    return [
        f"show the {d.due.say}", f"sort {d.many} by {d.amount.say}", f"filter by {d.group.say}", "faster start", "dark theme", "export as CSV", f"search for {d.id.say}", f"print the {d.one}", "new icon", "undo", f"colours for each {d.status.say}",
        "keys for all buttons", f"import {d.many} from a spreadsheet",
    ]  # fmt: skip


_CHORES = (
    "newer compiler",
    "tidy the tests",
    "licence of the fonts",
    "notes for new staff",
    "build on two machines",
    "names of variables",
    "rules for reviews",
    "pictures in the manual",
    "a longer README",
    "faster tests",
    "remove dead code",
    "move the examples",
)


# A log as text, an entry each, with holes for a row.
_FULL = "commit {{ hash }}\nAuthor: {{ author }} <{{ mail }}>\nDate:   {{ at }}\n\n    {{ kind }}: {{ subject }}\n"
_LINE = {
    "git log": _FULL,
    "git log with bars": "{{ hash }}|{{ at }}|{{ author }}|{{ kind }}: {{ subject }}",
    "git log in brackets": "{{ hash }} [{{ at }}] ({{ author }}) {{ kind }}: {{ subject }}",
}
_HEX = ("0a", "1f", "27", "3c", "4e", "58", "6b", "7d", "83", "95", "a4", "b9", "c2", "d6", "e1", "f7")


def _drawn_log(draft: Draft, kinds: tuple[str, ...]) -> tuple[str, str]:
    """A log that the source draws, as a file alone; gives its rows and the day from which on they count."""
    draw = draft.draw
    authors = draw.sample(_AUTHORS, draw.between(3, 5))
    hashes = ", ".join(f"pick({texts(_HEX)})" for _ in range(4))
    rows = data_block(draft, "log", draw.between(10, 14), (
        "place = n", "gap = integer_between(1, 6)", "minute = integer_between(490, 1080)", f'hash = join_text([{hashes}], "")', f"author = pick({texts(authors)})",
        f"kind = pick({texts([*kinds, *kinds[:2]])})", f"subject = pick(if kind == {quoted(kinds[0])} then {texts(_novelties(draft))} else if kind == {quoted(kinds[1])} then {texts(_repairs(draft))} else {texts(_CHORES)})",
    ), unique="subject")  # fmt: skip
    draft.taken |= {"at", "mail", "line", "message", "days", "kind", "subject", "author", "hash"}
    start = f"@{draft.when.first}T00:00Z"
    dated = f"{rows} | sort place | window days = running_sum(gap) | derive at = {start} + 1d * days + 1min * minute"
    log = let(draft, "history", dated + ', mail = lower(split(author, " ")[0]) + "@example.com" | sort -at')
    since = date.fromisoformat(draft.when.first) + timedelta(days=draw.between(8, 14))
    _log_file(draft, log, f'{log} | select hash, at, author, message = "{{{{ kind }}}}: {{{{ subject }}}}"', kinds[0])
    draft.admits.append(
        f"expect any({log}, at < @{since}T00:00Z) and any({log}, at >= @{since}T00:00Z and kind == {quoted(kinds[2])})"
    )
    return log, str(since)


def _log_file(draft: Draft, log: str, table: str, kind: str) -> None:
    """The log as git prints it, or as a table of four columns."""
    draw = draft.draw
    chosen = draft.balance.pick(draw, "log", (*_LINE, "csv"))
    ending = "csv" if chosen == "csv" else draw.pick(("txt", "log"))
    path = draft.path(
        draw.pick(("", "history", "repo", "git", "export")),
        draw.pick(("commits", "history", "git_log", "changes")),
        ending,
    )
    file = draft.name("log_file")
    line = quoted(_LINE[chosen]) if chosen in _LINE else ""
    content = f"csv({table})" if chosen == "csv" else f'join_text(({log} | select line = {line}).line, "\\n") + "\\n"'
    draft.files.append(f"file {file} {quoted(path)} {{ content = {content} }}")
    draft.formats_in.append(chosen)
    draft.say("source", draft.phrase("log", (
        "{file} is the log of the repository; messages look like \"{kind}: subject\".", "The history is in {file}, as git logs it, and every message begins with its kind, as in \"{kind}: subject\".", "I have exported the git log to {file}. Its commits are named \"{kind}: subject\" and so on.", "Read the commits out of {file} (an export of git log), where messages have the form \"{kind}: subject\".",
    ), file=hole(file), kind=kind), {"do": "read", "path": path, "format": chosen})  # fmt: skip


def _repository(draft: Draft, kinds: tuple[str, ...]) -> tuple[str, str]:
    """A repository as git keeps it; gives its commits and the day from which on they count."""
    draw = draft.draw
    subjects = {
        kind: iter(draw.shuffled(of))
        for kind, of in zip(kinds, (_novelties(draft), _repairs(draft), _CHORES), strict=True)
    }
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
        subject = next(subjects[kind])
        content = f"part {index + 1}: {subject}"
        commits.append(
            f'commit {quoted(f"{kind}: {subject}")} {{\n  at = @{day}T{draw.between(8, 17):02}:{draw.between(10, 59)}Z\n  author = {quoted(_address(draw.pick(authors)))}\n  change "part_{index % 4 + 1}.txt" {{ content = {quoted(content)} }}\n}}'
        )
    repo = draft.name("repository")
    inner = "\n".join(commits)
    draft.files.append(f"repo {repo} {quoted(path)} {{\n{inner}\n}}")
    draft.formats_in.append("git")
    draft.say("source", draft.phrase("repo", (
        "The repository is the folder {path}; messages of commits look like \"{kind}: subject\".", "Look at the history of the git repository in {path}, where every message begins with its kind, as in \"{kind}: subject\".", "{path} is a git repository. Its commits are named \"{kind}: subject\" and so on.",
    ), path=path, kind=kinds[0]), {"do": "read", "path": path, "format": "git"})  # fmt: skip
    derived = 'kind = capture(message, re"^([a-z]+):"), subject = trim(replace(message, re"^[a-z]+: ", ""))'
    return let(draft, "history", f"commits({repo})\n    | derive {derived}"), str(days[draw.between(1, 2)])


def changelog(draft: Draft) -> None:
    """Commits since a day to a changelog with sections and a list."""
    draw = draft.draw
    kinds = draw.pick((("feat", "fix", "docs"), ("add", "fix", "chore"), ("new", "bug", "internal")))
    log, since = (_repository if draw.chance(20) else _drawn_log)(draft, kinds)
    recent = let(draft, "recent", f"{log} | where at >= @{since}T00:00Z")
    draft.say("rule", draft.phrase("since", (
        "Take the commits from {day} on (UTC, that day included).", "Only commits of {day} or later count, by UTC.", "The release starts with {day}: earlier commits are no part of it (UTC).",
    ), day=since), {"do": "keep", "column": "at", "compare": "from", "value": since})  # fmt: skip
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
