"""`python -m tests.mutation.planted`: a few changes of one primitive whose end is known; prints what killed each, as JSON.

The runner is tried with them: a process of its own is needed, since a mutant cannot be put where a primitive has been
imported.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from tests.mutation.mutants import CHECKS
from tests.mutation.pool import played
from tests.mutation.trial import Chosen, Mutated, prepare, trial

MODULE = "shell_words"
TESTS = (
    "tests/checks/test_shell_words.py::test_parts[ls-values0-ls-flags0-args0]",
    "tests/checks/test_shell_words.py::test_parts[A=1 B='x y' env C=2-values3-env-flags3-args3]",
    "tests/checks/test_shell_words.py::test_parts[cat - --a= --a=2-values5-cat-flags5-args5]",
    "tests/checks/test_shell_words.py::test_what_is_refused[x -o-the flag `-o` lacks its value]",
)


class Planted(NamedTuple):
    """A change by name: a text of the module, and what stands there instead."""

    name: str
    old: str
    new: str


CHANGES = (
    Planted("nothing", "words.pop(0)", "words.pop(0)"),
    Planted("a flag without a value", "value is None", "value is not None"),
    Planted("another value", "word[0] !=", "word[0] =="),
    Planted("a constant", 'A-Za-z0-9_]*="', 'A-Za-z0-9_]*:"'),
    Planted("a limit that is not there", "> MAX_COMMAND:", "> MAX_LINE:"),
    Planted("no module", "import shlex\n", "import no_such_module\n"),
    Planted("no end", "words.pop(0)", "pass"),
    Planted("the end of the process", "words = _shell_words(line)", "words = __import__('os').abort()"),
    Planted("a text for people", "lacks its value", "lacks a value"),
    Planted("unseen", "MAX_COMMAND = 64", "MAX_COMMAND = 65"),
)


def main() -> None:
    prepare()
    text = (CHECKS / f"{MODULE}.py").read_text(encoding="utf-8")
    chosen = [Chosen(test, 0.01) for test in TESTS]
    jobs = [trial(p.name, Mutated(MODULE, text.replace(p.old, p.new)), chosen, spare=0.5) for p in CHANGES]
    print(json.dumps({ended.name: ended.why or ended.result for ended in played(jobs, 2)}))


if __name__ == "__main__":
    main()
