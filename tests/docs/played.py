"""Plays a page: its files are written, its edits made, its commands run, and their outputs compared with what it shows.

A fence with a title is a file (```claw title="hours.claw"), or an edit of one (```diff title="hours.claw"). A `console` fence
holds commands after `$ ` and below each its output. In an output `…` stands for the rest of a word or line, and alone on a line for any
lines.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = frozenset({"clawc", "cat"})
ANY = "…"
SECONDS = 60

_FENCE = re.compile(r"```(\w*)(?: title=\"([^\"]*)\")?")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `line` is that of its first line, from 1."""

    language: str
    title: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a `console` block, the output that the page shows, and the line where it stands."""

    line: int
    command: str
    shown: str


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    language = title = ""
    begin = 0
    held: list[str] = []
    for number, line in enumerate(page.splitlines(), 1):
        if begin and line == "```":
            yield Block(language, title, begin, "".join(f"{text}\n" for text in held))
            begin = 0
        elif begin:
            held.append(line)
        elif line.startswith("```"):
            mark = _FENCE.fullmatch(line)
            assert mark, f"line {number}: no such fence is known: {line}"
            language, title, begin, held = mark[1], mark[2] or "", number + 1, []
    assert not begin, f"line {begin}: the block has no end"


def commands(block: Block) -> Iterator[Command]:
    """The commands of a `console` block."""
    assert block.text.startswith("$ "), f"line {block.line}: a console block begins with a command"
    parts = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)[1:]
    line = block.line
    for command, shown in zip(parts[::2], parts[1::2], strict=True):
        yield Command(line, command, shown)
        line += 1 + shown.count("\n")


def edited(text: str, edit: str) -> str:
    """The text with the edit made: its lines without `+` must stand there exactly once, and become those without `-`."""
    lines = edit.splitlines(keepends=True)
    assert all(line[0] in "+- " for line in lines), "a line of an edit begins with `+`, `-` or a space"
    before = [line[1:] for line in lines if line[0] != "+"]
    after = [line[1:] for line in lines if line[0] != "-"]
    assert before and before != after, "the edit changes nothing, or says not where"
    whole, size = text.splitlines(keepends=True), len(before)
    places = [at for at in range(len(whole)) if whole[at : at + size] == before]
    assert len(places) == 1, f"the lines that are edited stand there {len(places)} times"
    return "".join([*whole[: places[0]], *after, *whole[places[0] + size :]])


def misfit(shown: str, said: str) -> str:
    """Why an output is not the one shown: the first line that nothing fits, or nothing if it fits."""
    wanted, got = shown.rstrip("\n").split("\n"), said.rstrip("\n").split("\n")
    reached = {0}
    for number, line in enumerate(wanted):
        if line == ANY:
            following = set(range(min(reached), len(got) + 1))
        else:
            following = {at + 1 for at in reached if at < len(got) and _fits(line, got[at])}
        if not following:
            at = min(reached)
            return f"line {number + 1} of the output\n  shown: {line}\n  said:  {got[at] if at < len(got) else '(nothing more)'}"
        reached = following
    if len(got) in reached:
        return ""
    return f"the output goes on\n  said:  {got[max(reached)]}"


def _fits(shown: str, said: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in shown.split(ANY))
    return re.fullmatch(pattern, said.rstrip()) is not None


def play(page: str, folder: Path, environment: Mapping[str, str]) -> list[Command]:
    """Does what the page says in a folder; gives the commands that ran. AssertionError says which line no longer holds."""
    ran: list[Command] = []
    for block in blocks(page):
        where = f"line {block.line}"
        if block.language == "console":
            for command in commands(block):
                said = _run(command, folder, environment)
                wrong = misfit(command.shown, said)
                assert not wrong, f"line {command.line}: `{command.command}`: {wrong}\nthe whole output:\n{said}"
                ran.append(command)
        elif block.title:
            target = folder / block.title
            assert target.resolve().is_relative_to(folder.resolve()), (
                f"{where}: `{block.title}` leads out of the folder"
            )
            if block.language != "diff":
                target.write_text(block.text)
                continue
            try:
                target.write_text(edited(target.read_text(), block.text))
            except AssertionError as error:
                raise AssertionError(f"{where}: {error}") from None
        else:
            assert block.language == "sh", (
                f"{where}: a block without a title that is neither console nor sh: who plays it?"
            )
    return ran


def _run(command: Command, folder: Path, environment: Mapping[str, str]) -> str:
    words = shlex.split(command.command)
    assert words[0] in PROGRAMS, f"line {command.line}: `{words[0]}` is not among {sorted(PROGRAMS)}"
    done = subprocess.run(
        words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=SECONDS, check=False,
    )  # fmt: skip
    said = done.stdout.decode()
    assert done.returncode in (0, 1), f"line {command.line}: `{command.command}` ended with {done.returncode}:\n{said}"
    return said
