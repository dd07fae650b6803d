"""What is said of a skill without a model: formats, contents and verbs that its description names, and its text where that names none.

A word is looked up, and whether it stands for a file that is there before or afterwards is what the last verb before it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from clawc.runtime.synth.skills.annotation import (
    MAX_OPERATIONS,
    MAX_STATES,
    MAX_WHY,
    Annotation,
    Need,
    gated,
)
from clawc.runtime.synth.skills.skill import Skill
from clawc.runtime.synth.skills.states import FileState, Holds

_WORD = re.compile(r"\.?[a-z][a-z0-9+-]*")
_SENTENCE = re.compile(r"[.;:!?](?=\s|\Z)|\n")
# A sentence that says when a skill is used, not what is done.
_WHEN = re.compile(r"\s*use (?:it |this (?:skill )?)?(?:when|whenever|before|after|for)\b", re.IGNORECASE)
_NEAR = 3  # words between a format and the content that belongs to it
_LINES, _WIDTH = 400, 2_000  # of a text that is looked through

# What files of a format hold where nothing else is said.
_FORMATS: dict[str, tuple[str, Holds]] = {
    "csv": ("csv", "rows"), "tsv": ("tsv", "rows"), "json": ("json", "record"), "jsonl": ("jsonl", "rows"),
    "ndjson": ("jsonl", "rows"), "yaml": ("yaml", "config"), "yml": ("yaml", "config"), "toml": ("toml", "config"),
    "ini": ("ini", "config"), "diff": ("diff", "code"), "patch": ("diff", "code"), "markdown": ("markdown", "prose"),
    "md": ("markdown", "prose"), "xml": ("xml", "record"), "html": ("html", "page"), "eml": ("email", "messages"),
    "ics": ("ics", "calendar"), "icalendar": ("ics", "calendar"), "sqlite": ("sqlite", "rows"), "xlsx": ("xlsx", "rows"),
    "excel": ("xlsx", "rows"), "zip": ("zip", "tree"), "txt": ("text", "prose"), "plaintext": ("text", "prose"),
    "python": ("program", "code"), "py": ("program", "code"), "bash": ("program", "code"),
}  # fmt: skip
# What is in files of a content where no format is named.
_CONTENTS: dict[str, tuple[str, Holds]] = {
    "table": ("csv", "rows"), "tables": ("csv", "rows"), "rows": ("csv", "rows"), "ledger": ("csv", "rows"),
    "ledgers": ("csv", "rows"), "spreadsheet": ("xlsx", "rows"), "spreadsheets": ("xlsx", "rows"), "workbook": ("xlsx", "rows"),
    "database": ("sqlite", "rows"), "invoices": ("csv", "rows"), "transactions": ("csv", "rows"),
    "report": ("markdown", "prose"), "summary": ("markdown", "prose"), "minutes": ("markdown", "prose"),
    "changelog": ("markdown", "prose"), "notes": ("text", "prose"), "letter": ("text", "prose"), "letters": ("text", "prose"),
    "article": ("markdown", "prose"), "readme": ("markdown", "prose"), "document": ("markdown", "prose"),
    "documents": ("markdown", "prose"), "digest": ("markdown", "prose"), "transcript": ("text", "prose"),
    "commits": ("text", "log"), "log": ("text", "log"), "logs": ("text", "log"),
    "email": ("email", "messages"), "emails": ("email", "messages"), "mails": ("email", "messages"), "inbox": ("email", "messages"),
    "calendar": ("ics", "calendar"), "invitation": ("ics", "calendar"),
    "script": ("program", "code"), "scripts": ("program", "code"), "program": ("program", "code"), "function": ("program", "code"),
    "codebase": ("any", "tree"), "repository": ("any", "tree"), "folder": ("any", "tree"), "directory": ("any", "tree"),
    "config": ("any", "config"), "configuration": ("any", "config"), "settings": ("any", "config"),
    "webpage": ("html", "page"), "website": ("html", "page"),
}  # fmt: skip
_GIVES = frozenset((
    "write", "writes", "writing", "written", "produce", "produces", "producing", "save", "saves", "saving", "output", "outputs",
    "generate", "generates", "generating", "create", "creates", "creating", "make", "makes", "making", "draft", "drafts", "drafting",
    "compose", "composes", "export", "exports", "exporting", "emit", "emits", "deliver", "delivers", "list", "lists", "build", "builds",
    "into", "return", "returns", "render", "renders", "to",
))  # fmt: skip
_TAKES = frozenset((
    "read", "reads", "reading", "from", "given", "parse", "parses", "parsing", "load", "loads", "loading", "open", "opens", "take",
    "takes", "taking", "input", "inputs", "analyse", "analyze", "clean", "cleans", "cleaning", "summarise", "summarises", "summarize",
    "summarizes", "summarising", "summarizing", "convert", "converts", "converting", "turn", "turns", "turning", "match", "matches",
    "matching", "reconcile", "reconciles", "compare", "compares", "check", "checks", "inspect", "inspects", "review", "reviews",
    "use", "uses", "when", "of",
))  # fmt: skip
# Formats that hold one thing, whatever it is about: a CSV report is rows.
_FIXED = frozenset(("csv", "tsv", "xlsx", "sqlite", "ics", "zip", "diff", "program", "email"))
_OPERATIONS: dict[str, str] = {
    "clean": "data.clean", "normalise": "data.clean", "normalize": "data.clean", "deduplicate": "data.clean", "tidy": "data.clean",
    "extract": "data.extract", "parse": "data.extract", "join": "data.join", "merge": "data.join", "match": "data.join",
    "reconcile": "data.join", "filter": "data.filter", "select": "data.filter", "rank": "data.rank", "sort": "data.rank",
    "total": "data.aggregate", "sum": "data.aggregate", "count": "data.aggregate", "group": "data.aggregate",
    "aggregate": "data.aggregate", "average": "data.aggregate", "summarise": "communication.report",
    "summarize": "communication.report", "report": "communication.report", "draft": "communication.draft",
    "rewrite": "communication.rewrite", "minutes": "communication.minutes", "implement": "code.write", "refactor": "code.modify",
    "test": "code.test", "debug": "code.inspect", "organise": "files.edit", "organize": "files.edit", "rename": "files.edit",
    "edit": "files.edit", "write": "files.write", "convert": "files.write", "search": "web.search", "download": "web.download",
}  # fmt: skip
# The first that a description names is the category.
_CATEGORIES: tuple[tuple[str, str], ...] = (
    ("minutes|meetings?|agenda", "office.meetings"),
    ("ledgers?|reconcil\\w+|invoices?|payments?|accounts?|budget", "analysis.finance"),
    ("changelog|release|commits?|deploy\\w*", "software.delivery"),
    ("logs?|incidents?|outages?", "systems.incidents"),
    ("tests?|testing", "software.testing"),
    ("debug\\w*|bugs?", "software.debugging"),
    ("code|scripts?|programs?|functions?", "software.implementation"),
    ("config\\w*|settings", "systems.configuration"),
    ("calendar|schedul\\w+|shifts?", "office.scheduling"),
    ("emails?|inbox|mails?|letters?", "content.correspondence"),
    ("translat\\w+|glossary", "office.translation"),
    ("rank\\w*|top", "analysis.ranking"),
    ("trends?|forecast\\w*", "analysis.trends"),
    ("clean\\w*|tables?|rows|csv|spreadsheets?|register", "office.records"),
    ("write|article|post|readme", "content.writing"),
    ("summar\\w+|synthes\\w+|digest", "information.synthesis"),
)
_OTHERWISE = "office.documents"
_NEEDED: dict[Need, str] = {
    "network": r"\b(?:curl|wget)\s|\brequests\.(?:get|post)\b|\b(?:search|browse) the web\b|\bweb search\b|\bcall(?:s|ing)? the \w+ api\b"
    r"|\b(?:rest|http) api\b|\bfetch(?:es)? (?:the |a )?(?:url|page|website)\b",
    "auth": r"\bapi[ _-]?keys?\b|\boauth\b|\baccess tokens?\b|\blog ?in to\b|\bcredentials\b|\bbearer\b",
    "device": r"\bmicrophone\b|\bcamera\b|\bbluetooth\b|\bsmart ?home\b|\bimessage\b|\bapplescript\b|\bosascript\b",
    "program": r"\b(?:brew|pip|pip3|npm|cargo|go|apt|apt-get|uv tool) install\b|\bnpx\s|\bdocker run\b|\buvx\s",
}


class _Mention(NamedTuple):
    """A file that a text names: `explicit` if its format is, `at` which word of the sentence it is."""

    state: FileState
    gives: bool
    explicit: bool
    at: int


def by_rule(skill: Skill) -> Annotation:
    """The annotation of a skill by its words: the same for the same skill. Where no file is named that is there afterwards, it is not
    usable; so it is where a rule forbids it."""
    told = [*_mentions(skill.description)]
    if not all(any(each.gives is gives for each in told) for gives in (True, False)):
        told += [each for each in _mentions(_shortened(skill.body)) if not _has(told, each.gives)]
    needs: tuple[Need, ...] = tuple(need for need, pattern in _NEEDED.items() if _finds(pattern, skill))
    pre, post = _states(told, False), _states(told, True)
    why = f"by rule, from its words: takes {_said(pre)}, gives {_said(post)}"
    return gated(
        Annotation(
            why=why[:MAX_WHY],
            pre=pre,
            post=post,
            operations=_operations(skill),
            category=_category(skill),
            needs=needs or ("nothing",),
            usable=True,
        ),
        skill,
    )


def _mentions(text: str) -> Iterator[_Mention]:
    for sentence in _SENTENCE.split(text):
        if _WHEN.match(sentence):
            continue
        gives = False
        last: _Mention | None = None
        for at, found in enumerate(_WORD.finditer(sentence[:_WIDTH].lower())):
            word = found[0].lstrip(".").rstrip("+-")
            if word in _GIVES or word in _TAKES:
                gives = word in _GIVES
                continue
            mention = _mention(word, gives, at)
            if mention is None:
                continue
            if last is not None and _together(last, mention):
                mention = _joined(last, mention)
            elif last is not None:
                yield last
            last = mention
        if last is not None:
            yield last


def _mention(word: str, gives: bool, at: int) -> _Mention | None:
    explicit = word in _FORMATS
    found = _FORMATS.get(word) or _CONTENTS.get(word)
    return None if found is None else _Mention(FileState(format=found[0], holds=found[1]), gives, explicit, at)


def _together(first: _Mention, second: _Mention) -> bool:
    return first.explicit != second.explicit and first.gives is second.gives and second.at - first.at <= _NEAR


def _joined(first: _Mention, second: _Mention) -> _Mention:
    """`a CSV ledger`, or `minutes in Markdown`: the format of one and the content of the other are one file."""
    file, content = (first, second) if first.explicit else (second, first)
    holds = file.state.holds if file.state.format in _FIXED else content.state.holds
    return _Mention(FileState(format=file.state.format, holds=holds), first.gives, True, second.at)


def _has(told: Iterable[_Mention], gives: bool) -> bool:
    return any(each.gives is gives for each in told)


def _states(told: Iterable[_Mention], gives: bool) -> tuple[FileState, ...]:
    return tuple(dict.fromkeys(each.state for each in told if each.gives is gives))[:MAX_STATES]


def _operations(skill: Skill) -> tuple[str, ...]:
    words = [word for found in _WORD.finditer(skill.description.lower()) for word in _stems(found[0])]
    return tuple(dict.fromkeys(_OPERATIONS[word] for word in words if word in _OPERATIONS))[:MAX_OPERATIONS]


def _stems(word: str) -> Iterator[str]:
    """A verb as it stands in the table, from `cleans` and `cleaning`, too."""
    yield word
    if word.endswith("s"):
        yield word[:-1]
    if word.endswith("ing"):
        yield word[:-3]
        yield f"{word[:-3]}e"


def _category(skill: Skill) -> str:
    told = f"{skill.name.replace('-', ' ')} {skill.description}".lower()
    return next((name for words, name in _CATEGORIES if re.search(rf"\b(?:{words})\b", told)), _OTHERWISE)


def _finds(pattern: str, skill: Skill) -> bool:
    return re.search(pattern, f"{skill.description}\n{skill.body}", re.IGNORECASE) is not None


def _shortened(text: str) -> str:
    return "\n".join(line[:_WIDTH] for line in text.split("\n")[:_LINES])


def _said(states: tuple[FileState, ...]) -> str:
    return ", ".join(f"{state.format} ({state.holds})" for state in states) or "nothing"
