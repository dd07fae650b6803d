"""One command line of a POSIX shell, taken apart into program, flags and arguments. Nothing is expanded or run."""

from __future__ import annotations

import re
import shlex
from typing import Any, Dict, List, Sequence

from clawc.stdlib.checks.kinds import cut, shown
from clawc.stdlib.checks.values import Row, Unmet

MAX_COMMAND = 64 << 10

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


def command_line(line: Any, values: Sequence[Any] = ()) -> Row:
    """The program, flags and other arguments of a command line.

    A flag keeps its dashes. Its value is true, or the text behind `=`, or, for those that `values` lists, the next
    word; of a flag that is given twice the last one counts. Assignments before the program are left out, and behind
    `--` everything is an argument.
    """
    words = _shell_words(line)
    while words and _ASSIGNMENT.match(words[0]):
        words.pop(0)
    if not words:
        raise Unmet("the command line names no program")
    flags: Dict[str, Any] = {}
    args: List[str] = []
    rest = iter(words[1:])
    for word in rest:
        if word == "--":
            args.extend(rest)
        elif len(word) < 2 or word[0] != "-":
            args.append(word)
        elif word in values:
            value = next(rest, None)
            if value is None:
                raise Unmet(f"the flag `{cut(word, 60)}` lacks its value")
            flags[word] = value
        elif word.startswith("--") and "=" in word:
            name, _, value = word.partition("=")
            flags[name] = value
        else:
            flags[word] = True
    return {"program": words[0], "flags": flags, "args": args}


def _shell_words(line: Any) -> List[str]:
    """The words of a command line; a line that ends in a backslash goes on in the next."""
    if not isinstance(line, str):
        raise Unmet(f"expected a command line, found {shown(line)}")
    if len(line) > MAX_COMMAND:
        raise Unmet(f"the command line is longer than {MAX_COMMAND >> 10} KiB")
    try:
        return shlex.split(line.replace("\\\n", ""))
    except ValueError as error:
        problem = str(error)
        said = "ends in a backslash" if "escape" in problem else "opens a quote that is never closed"
        raise Unmet(f"the command line {said}: `{cut(line, 80)}`") from None
