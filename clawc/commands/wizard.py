"""`clawc new --ask`: the few questions about a task. Nothing is written before the last of them is answered."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping

from clawc.commands.starter import DELIVERS, FINDS, Wanted
from clawc.exits import UserError
from clawc.spec import taxonomy
from clawc.spec.export.prepare import RESERVED

_TRIES = 10  # wrong answers to one question
_YES = {"yes": "", "no": ""}


def require_name(name: str) -> None:
    """Only names that a task can have. Raises UserError."""
    if not re.fullmatch(r"[A-Za-z_]\w{0,99}", name, re.ASCII) or name in RESERVED:
        raise UserError(f"`{name}` is no name for a task", "letters, digits and `_`, beginning with a letter")


def require_category(name: str) -> None:
    """Only categories of the taxonomy. Raises UserError."""
    if name not in taxonomy.dotted(taxonomy.CATEGORIES):
        groups = ", ".join(f"{g}.({' '.join(members)})" for g, members in taxonomy.CATEGORIES.items())
        raise UserError(f"there is no category `{name}`", f"categories: {groups}")


def asked(wanted: Wanted, name: bool) -> Wanted:
    """What the answers say; what was said before is what an empty answer means. Raises UserError where input ends."""
    if name:
        wanted = wanted._replace(name=_ask("Name of the task", wanted.name, require_name))
    return wanted._replace(
        finds=_choice("What does the agent find?", FINDS, wanted.finds),
        delivers=_choice("What must it deliver?", DELIVERS, wanted.delivers),
        category=_ask("Category, such as analysis.calculation", wanted.category, require_category),
        generated=_choice("Generate its data anew for each seed?", _YES, _yes(wanted.generated)) == "yes",
        instances=_choice("Several instances, by a parameter?", _YES, _yes(wanted.instances)) == "yes",
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _choice(question: str, words: Mapping[str, str], default: str) -> str:
    """One of some words, which may be shortened as long as it is clear which is meant."""

    def meant(answer: str) -> str:
        found = [answer] if answer in words else [w for w in words if w.startswith(answer)]
        if len(found) != 1:
            raise UserError(f"`{answer}` is none of them", f"one of {', '.join(words)}")
        return found[0]

    def require(answer: str) -> None:
        meant(answer.lower())

    offered = ", ".join(f"{word} ({text})" if text else word for word, text in words.items())
    return meant(_ask(f"{question} {offered}", default, require).lower())


def _ask(question: str, default: str, require: Callable[[str], None]) -> str:
    """An answer that is right. Raises UserError where input ends, or no answer is right."""
    for _ in range(_TRIES):
        print(f"{question} [{default}]: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline(1000)
        if not line:
            print(file=sys.stderr)
            raise UserError("the questions were not answered", "nothing was written")
        answer = line.strip() or default
        try:
            require(answer)
        except UserError as error:
            print(f"{error.message}; {error.help}", file=sys.stderr)
            continue
        return answer
    raise UserError("none of the answers was right", "nothing was written")
