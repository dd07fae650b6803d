"""Command lines of a POSIX shell as records."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Set

from clawc.stdlib.checks.kinds import cut, list_in
from clawc.stdlib.checks.values import Unmet

MAX_COMMAND = 65_536
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


def command_line(s: Any, values: Any = ()) -> Dict[str, Any]:
    """A command as {program, flags, args}: flags by name, each with its text, or true.

    `values` names the flags whose value is the next word; `--name=value` needs no naming. Behind `--` all are args.
    """
    if not isinstance(s, str):
        raise Unmet("there is no command line to read")
    words = shell_words(s)
    while words and _ASSIGNMENT.match(words[0]):
        words.pop(0)
    if not words:
        raise Unmet("the command line is empty")
    taking: Set[str] = set(list_in(values) or ())
    flags: Dict[str, Any] = {}
    args: List[str] = []
    rest = iter(words[1:])
    for word in rest:
        name, equals, value = word.partition("=")
        if word == "--":
            args.extend(rest)
        elif not word.startswith("-") or word == "-":
            args.append(word)
        elif word in taking:
            following = next(rest, None)
            if following is None:
                raise Unmet(f"the flag `{cut(word, 60)}` lacks its value")
            flags[word] = following
        elif word.startswith("--") and equals:
            flags[name] = value
        else:
            flags[word] = True
    return {"program": words[0], "flags": flags, "args": args}


def shell_words(s: str) -> List[str]:
    """The words of a command, quotes and backslashes taken away; raises Unmet where a quote stays open."""
    if len(s) > MAX_COMMAND:
        raise Unmet(f"the command line is longer than {MAX_COMMAND} characters")
    import shlex

    try:
        return shlex.split(s, comments=False)
    except ValueError as error:
        raise Unmet(f"the command line cannot be read: {str(error).lower()}") from None
