"""The blocks of code of the documentation, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
# Pages that people read; those under docs/reference are made from tables, with tests of their own.
PAGES = sorted(
    {
        *ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("examples/*/README.md"),
        *ROOT.glob("benchmarks/*/README.md"), *ROOT.glob("runtime/*/README.md"),
    }
)  # fmt: skip
_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """`line` is that of the first line of code, from 1."""

    page: Path
    line: int
    language: str
    info: str
    code: str

    @property
    def id(self) -> str:
        """For tests."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page that name a language, in its order."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        words = match.group("info").split(maxsplit=1)
        if words:
            line = text.count("\n", 0, match.start()) + 2
            yield Block(page, line, words[0], words[1] if len(words) > 1 else "", match.group("code"))


def all_blocks(*languages: str) -> list[Block]:
    """Those of some languages, of all pages."""
    return [block for page in PAGES for block in blocks(page) if block.language in languages]


def commands(code: str) -> Iterator[list[str]]:
    """The simple commands of a shell script: words without redirections, variables that are set before them left out. A prompt `$ ` is none."""
    joined = re.sub(r"\\\n\s*", " ", code)
    for line in joined.splitlines():
        line = re.sub(r"^\$ ", "", line)
        try:
            lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
            lexer.wordchars += "{}=:,@%^+!$"
            words = list(lexer)
        except ValueError:  # a quotation over several lines is no command of ours
            continue
        command: list[str] = []
        skip = False
        for word in [*words, ";"]:
            if set(word) <= set("|&;()"):
                if command:
                    yield command
                command = []
            elif set(word) <= set("<>"):
                skip = True
            elif skip:
                skip = False
            elif command or not re.match(r"[A-Za-z_]\w*=", word):
                command.append(word)
