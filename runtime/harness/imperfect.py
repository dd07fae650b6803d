"""The agent that plays a bundle's own solution with mistakes: the rungs of a ladder that needs no model."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.interface import Final, Task, Tools
from clawc.runtime.harness.oracle import solution_of
from clawc.runtime.harness.replayed import ReplayedAgent
from clawc.spec.bundle import Solution, SolutionStep

_DIGITS = re.compile(rb"[0-9]+")


@dataclass(frozen=True, slots=True)
class Imperfect:
    """Each step of the solution goes wrong with the chance `rate`: half of these are left out, the others done wrong. What goes wrong
    follows from the episode's seed."""

    rate: float
    endpoint: Literal["none"] = "none"

    @property
    def name(self) -> str:
        return f"imperfect:{self.rate:g}"

    def agent(self, bundle: Bundle) -> ImperfectAgent:
        """Raises RuntimeFault R0402 if the bundle has no solution that can be played."""
        return ImperfectAgent(solution_of(bundle), bundle.read, self.rate)


class ImperfectAgent:
    def __init__(self, solution: Solution, read: Callable[[str], bytes], rate: float) -> None:
        self._solution = solution
        self._read = read
        self._rate = rate

    async def run(self, task: Task, tools: Tools) -> Final:
        drawn = random.Random(f"imperfect {task.seed}")
        steps: list[SolutionStep] = []
        contents: dict[str, bytes] = {}
        for number, step in enumerate(self._solution.steps):
            fate = drawn.random()  # one number for each step, so that a smaller rate makes fewer of the same mistakes
            other = random.Random(f"imperfect {task.seed} {number}")
            if fate < self._rate / 2:
                continue
            if fate < self._rate and step.op == "write" and step.source is not None:
                name = f"{number}"
                contents[name] = spoiled(self._read(step.source), other)
                step = step.model_copy(update={"source": name})
            elif fate < self._rate and step.op == "say":
                step = step.model_copy(update={"text": spoiled(step.text.encode(), other).decode(errors="replace")})
            elif fate < self._rate:
                continue  # a command, or a deletion, that is wrong is as one that is left out
            steps.append(step)
        done = ReplayedAgent(
            Solution(steps=tuple(steps)), lambda source: contents[source] if source in contents else self._read(source)
        )
        found = await done.run(task, tools)
        # A later step may fail for want of an earlier one: who has made a mistake ends there.
        return Final("") if found.stop == "error" and tuple(steps) != self._solution.steps else found


def spoiled(content: bytes, drawn: random.Random) -> bytes:
    """Other bytes than `content`, if there is any way: a number that is off, a line that is missing or stands twice, or an end that is
    missing."""
    ways = [_off_by_one, _line_missing, _line_twice, _cut]
    drawn.shuffle(ways)
    for way in ways:
        found = way(content, drawn)
        if found != content:
            return found
    return b"" if content else b"?"


def _off_by_one(content: bytes, drawn: random.Random) -> bytes:
    numbers = list(_DIGITS.finditer(content))
    if not numbers:
        return content
    chosen = drawn.choice(numbers)
    number = int(chosen[0][-15:]) + drawn.choice((1, -1, 10))
    return content[: chosen.start()] + chosen[0][:-15] + str(abs(number)).encode() + content[chosen.end() :]


def _line_missing(content: bytes, drawn: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    if len(lines) < 2:
        return content
    del lines[drawn.randrange(1, len(lines))]
    return b"".join(lines)


def _line_twice(content: bytes, drawn: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    if len(lines) < 3:
        return content
    at = drawn.randrange(1, len(lines) - 1)
    return b"".join([*lines[:at], lines[at], *lines[at:]])


def _cut(content: bytes, drawn: random.Random) -> bytes:
    return content[: drawn.randrange(len(content) // 2, len(content))] if len(content) > 1 else b""


def imperfect_named(rate: str) -> Imperfect:
    """The agent of `imperfect:RATE`. Raises RuntimeFault R0403 for what is no rate."""
    try:
        found = float(rate)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise RuntimeFault("R0403", f"`imperfect:{rate}`: a rate is a number from 0 to 1", "As in `imperfect:0.2`.")
    return Imperfect(found)
