"""Which files a source may read, told by its tokens alone: more than it reads, never fewer.

Every asset and module is named by a text in quotes. Where such a name is computed, only a check knows what is read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# No alternative gives back what it took, and a text without an end goes as far as it can: hostile sources cost no more than
# others.
_TOKEN = re.compile(
    r'(?=["#`|frt])(?:'
    r'(?P<triple>"""(?:[^"\\]+|\\.|"{1,2}(?!"))*+(?:""")?)|(?P<text>"(?:[^"\\\n]+|\\[^\n])*+"?)|(?P<skip>\#[^\n]*+|`[^`\n]++`)'
    r"|(?P<reader>\|\s*+from\b|\bfrom\s*+[(=]|\bfiles\s*+=)"
    r'|(?P<label>\b(?:file|tree|repo)[ \t]++\w++[ \t]++(?=")))',
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SIGNS = {"n": "\n", "t": "\t", "r": "\r"}
_MOST = 1_000  # characters of a path
_UNLIKE = re.compile(r"[\x00-\x1f\\]")  # in no path of a spec
# What may follow a name in quotes where no operator goes on with it.
_CALLED = re.compile(r"\s*\)")
_GIVEN = re.compile(r"[ \t]*(?:\r?\n|#|\}|\Z)")


class Mentions(NamedTuple):
    """Texts of a source that may be paths, as they stand there; `computed`: there are names that no text says."""

    paths: frozenset[str]
    computed: bool


def mentions(source: str) -> Mentions:
    """Of a whole source, sound or not."""
    paths: set[str] = set()
    computed = _scan(source, paths, graders="grader" in source, code=True)
    return Mentions(frozenset(paths), computed)


def _scan(text: str, paths: set[str], *, graders: bool, code: bool) -> bool:
    """Adds what may be a path; whether one is computed. Outside of `code` stand holes and prose."""
    computed = False
    wants: re.Pattern[str] | None = None  # what must follow the next text, since it is read
    labelled = False
    at = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "skip":
            continue
        if wants is not None and (kind not in ("text", "triple") or text[at : token.start()].strip()):
            computed, wants = True, None
        at = token.end()
        if kind == "reader":
            said = token.group()
            if (said.startswith("files") and not (graders and code)) or (said.endswith("=") and not code):
                continue
            computed |= said.startswith("|")
            wants = _CALLED if said.endswith("(") else _GIVEN if said.endswith("=") else None
        elif kind == "label":
            labelled = True
        else:
            quotes = 3 if kind == "triple" else 1
            said = token.group()
            if len(said) < 2 * quotes or not said.endswith('"' * quotes):
                return True  # a text without an end
            body = said[quotes:-quotes]
            holes = "{{" in body
            if wants is not None:
                computed |= holes or wants.match(text, token.end()) is None
            computed |= labelled and holes
            wants, labelled = None, False
            if holes:
                inside = body[body.index("{{") :].replace('\\"', '"')
                computed |= _scan(inside, paths, graders=graders, code=False)
            else:
                _add(body, paths)
    return computed or wants is not None


def _add(body: str, paths: set[str]) -> None:
    path = _ESCAPE.sub(_sign, body) if "\\" in body else body
    path = path.strip()
    if 0 < len(path) <= _MOST and path[0] != "/" and not _UNLIKE.search(path):
        paths.add(path)


def _sign(escape: re.Match[str]) -> str:
    said = escape.group(1)
    return chr(int(said[1:], 16)) if len(said) == 5 else _SIGNS.get(said, said)
