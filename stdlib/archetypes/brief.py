"""What an instruction says, as facts: all that a reference solver gets beside the files of the workspace.

A solver is written from instructions and these facts alone. `unsaid` shows that nothing stands here that the text does not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

Fact = str | int | float | bool | None | Sequence["Fact"] | Mapping[str, "Fact"]
# A step: `do` names what is asked for, all else are its particulars.
Step = Mapping[str, Fact]

# Particulars that name one of a few meanings, which the text says in words of its own.
WORDED = frozenset({"do", "format", "as", "how", "dir", "compare", "of_table", "into", "from", "kind"})


def unsaid(brief: Sequence[Step], instruction: str, files: Mapping[str, bytes]) -> list[str]:
    """Values of the facts that stand neither in the text of the instruction nor, as names of columns, in a file's first line."""
    text = _plain(instruction)
    heads = " ".join(data[:2000].decode("utf-8", "replace") for data in files.values())
    return [
        f"{step['do']}: {key} {value!r}"
        for step in brief
        for key, value in _leaves(step)
        if key not in WORDED and not _said(value, text) and not (key in ("column", "columns", "by") and str(value) in heads)
    ]


def _leaves(step: Step) -> Iterator[tuple[str, str | int | float]]:
    def walk(key: str, value: Fact) -> Iterator[tuple[str, str | int | float]]:
        if isinstance(value, bool) or value is None:
            return
        if isinstance(value, (str, int, float)):
            yield key, value
        elif isinstance(value, Mapping):
            for name, part in value.items():
                yield from walk(name, part)
        else:
            for part in value:
                yield from walk(key, part)

    for key, value in step.items():
        yield from walk(key, value)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold()


def _said(value: str | int | float, text: str) -> bool:
    return _plain(str(value)) in text
