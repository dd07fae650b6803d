"""The history of a git repository, read from its loose objects or from an exported log, and notes on a release."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime

from clawc.stdlib.archetypes.solvers.asked import Asked
from clawc.stdlib.archetypes.solvers.values import Row, Rows, Unsolvable, shown
from clawc.stdlib.archetypes.solvers.work import Work
from clawc.stdlib.archetypes.solvers.writing import cell

_PERSON = re.compile(r"(?P<name>.*) <[^>]*> (?P<seconds>\d+) [+-]\d{4}")


def commits(work: Work, asked: Asked) -> Rows:
    """The commits of the branch that is checked out, the oldest first, with the parts of a message "kind: subject"."""
    folder = f"{asked.text('path')}/.git"
    head = work.text(f"{folder}/HEAD").strip()
    name = work.text(f"{folder}/{head.removeprefix('ref: ')}").strip() if head.startswith("ref: ") else head
    made: list[Row] = []
    while name:
        fields, message = _commit(work.file(f"{folder}/objects/{name[:2]}/{name[2:]}"))
        by = _PERSON.fullmatch(fields.get("author", ""))
        if by is None:
            raise Unsolvable(f"read: who made the commit {name}?")
        made.append(_row(by["name"], datetime.fromtimestamp(int(by["seconds"]), UTC), message))
        name = fields.get("parent", "")
    return made[::-1]


def _row(author: str, at: datetime, message: str) -> Row:
    kind, colon, subject = message.strip().split("\n")[0].partition(":")
    if not colon:
        raise Unsolvable(f"read: of what kind is {message!r}?")
    day = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return {"author": author, "at": day, "kind": kind, "subject": subject.strip()}


# A log, one commit a line or with its fields on lines of their own; a table has the same fields as columns.
_LOGS = {
    "git log": re.compile(
        r"^commit \w+\nAuthor: +(?P<author>.+) <.*>\nDate: +(?P<at>\S+)\n\n    (?P<message>.+)$", re.MULTILINE
    ),
    "git log with bars": re.compile(r"^\w+\|(?P<at>[^|]+)\|(?P<author>[^|]+)\|(?P<message>.+)$", re.MULTILINE),
    "git log in brackets": re.compile(r"^\w+ \[(?P<at>[^]]+)\] \((?P<author>[^)]+)\) (?P<message>.+)$", re.MULTILINE),
}


def exported(work: Work, asked: Asked) -> Rows:
    """The commits of a log, in its order."""
    path, form = asked.text("path"), asked.text("format")
    if form in _LOGS:
        found: Rows = [each.groupdict() for each in _LOGS[form].finditer(work.text(path))]
        lines = [line for line in work.text(path).splitlines() if line.strip()]
        if len(found) != (sum(line.startswith("commit ") for line in lines) if form == "git log" else len(lines)):
            raise Unsolvable(f"read: only {len(found)} commits of {path} are understood")
    else:
        found = work.table(path)
    return [
        _row(shown(cell(row, "author")), datetime.fromisoformat(shown(cell(row, "at"))), shown(cell(row, "message")))
        for row in found
    ]


def _commit(data: bytes) -> tuple[dict[str, str], str]:
    """The fields of a commit, and its message."""
    kind, text = zlib.decompress(data).split(b"\0", 1)
    if not kind.startswith(b"commit "):
        raise Unsolvable("read: an object of the history that is no commit")
    head, message = text.decode("utf-8").split("\n\n", 1)
    pairs = [line.split(" ", 1) for line in head.split("\n")]
    if sum(pair[0] == "parent" for pair in pairs) > 1:
        raise Unsolvable("read: a commit with several parents")
    return {pair[0]: pair[1] for pair in pairs}, message


def release_notes(work: Work, asked: Asked) -> None:
    """A section for each kind, a bullet for each commit of it."""
    text = "\n".join(
        f"## {section}\n\n"
        + "".join(f"- {shown(cell(row, 'subject'))}\n" for row in work.rows if cell(row, "kind") == kind)
        for section, kind in zip(asked.texts("sections"), asked.texts("kinds"))
    )
    if len(text.split()) > asked.whole("words"):
        raise Unsolvable("release notes: more words than allowed")
    work.made[work.target(asked)] = text.encode()


def commit_list(work: Work, asked: Asked) -> None:
    """What a list of commits may tell of each."""
    for column in asked.texts("columns"):
        if column not in ("author", "kind", "subject"):
            raise Unsolvable(f"commit list: unknown column {column}")
