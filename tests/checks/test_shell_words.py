"""Command lines taken apart."""

from __future__ import annotations

import pytest

from clawc.stdlib.checks.shell_words import MAX_COMMAND, command_line
from clawc.stdlib.checks.values import Unmet


@pytest.mark.parametrize(
    ("line", "values", "program", "flags", "args"),
    [
        ("ls", [], "ls", {}, []),
        ("tar -czf out.tgz 'my dir'", [], "tar", {"-czf": True}, ["out.tgz", "my dir"]),
        ("tar -f out.tgz in", ["-f"], "tar", {"-f": "out.tgz"}, ["in"]),
        ("A=1 B='x y' env C=2", [], "env", {}, ["C=2"]),
        ("grep --color=auto -e -x -- -y --z", ["-e"], "grep", {"--color": "auto", "-e": "-x"}, ["-y", "--z"]),
        ("cat - --a= --a=2", [], "cat", {"--a": "2"}, ["-"]),
        ("curl \\\n  -X POST \\\n  \"http://x/$Y\"", ["-X"], "curl", {"-X": "POST"}, ["http://x/$Y"]),
        ("echo a\\ b \"c\\\"d\" ''", [], "echo", {}, ["a b", 'c"d', ""]),
        ("a | b > c", [], "a", {}, ["|", "b", ">", "c"]),
    ],
)  # fmt: skip
def test_parts(line: str, values: list[str], program: str, flags: dict[str, object], args: list[str]) -> None:
    assert command_line(line, values) == {"program": program, "flags": flags, "args": args}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "the command line names no program"),
        ("A=1 B=2", "the command line names no program"),
        ("echo 'a", "the command line opens a quote that is never closed: `echo 'a`"),
        ("echo a\\", "the command line ends in a backslash: `echo a\\`"),
        ("x -o", "the flag `-o` lacks its value"),
        ("a" * (MAX_COMMAND + 1), "the command line is longer than 64 KiB"),
        (None, "expected a command line, found null"),
    ],
)
def test_what_is_refused(line: object, message: str) -> None:
    with pytest.raises(Unmet) as caught:
        command_line(line, ["-o"])
    assert str(caught.value) == message
