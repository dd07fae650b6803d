"""What the agents of npm packages share: settings, and an episode as turns of a program that is started for each."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence, Set
from typing import Annotated

from pydantic import Field

from clawc.runtime.gateway.line import Line
from clawc.runtime.harness.interface import Final, Task
from clawc.runtime.harness.program import Ended
from clawc.runtime.sandbox.interface import FileProblem
from clawc.spec.bundle import Strict

# What the agents take the model for.
CONTEXT_WINDOW = 128_000
MAX_TOKENS = 8_192
# Of what a program prints in one turn; of so many texts that no model has said.
_SAID = 20_000
_UNHEARD = 50


class BlackBoxSettings(Strict):
    """`turns` is what the agent is told after its answers, before the turns of the task; `context_window` and `max_tokens`, in tokens, is
    what it takes the model for."""

    turns: tuple[str, ...] = ()
    context_window: Annotated[int, Field(ge=1_024, le=10_000_000)] = CONTEXT_WINDOW
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = MAX_TOKENS

    @property
    def tag(self) -> str:
        """Tells these settings from others in an agent's name; empty for those that hold unless something is set."""
        if self == type(self)():
            return ""
        return f"#{hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:8]}"


async def play_turns(
    task: Task,
    settings: BlackBoxSettings,
    turn: Callable[[str, int], Awaitable[Ended]],
    said: Callable[[Ended], Sequence[str]],
) -> Final:
    """Tell the agent all that it is to be told; its last message is what the model has said last. `turn` gets a text and its number,
    from 0; `said` are the texts that the program has printed for its user, which are noted, and which of them no model has said."""
    if task.line is None:
        return Final("", "error", "the agent has no model")
    try:
        for number, text in enumerate((task.instruction, *settings.turns, *task.turns)):
            ended = await turn(text, number)
            task.note("said", _noted(number, ended, said(ended), _answers(task.line)))
            if ended.code:
                return Final(task.line.last_text, "error", f"the agent ended with status {ended.code}: {ended.tail}")
    except FileProblem as problem:
        return Final(task.line.last_text, "error", str(problem))
    return Final(task.line.last_text)


def _noted(number: int, ended: Ended, texts: Sequence[str], answers: Set[str]) -> dict[str, object]:
    """What a program has printed for its user, within bounds; `answers` are what the model has said."""
    texts = [text for text in texts if text.strip()]
    note: dict[str, object] = {"turn": number + 1, "status": ended.code, "text": "\n\n".join(texts)[:_SAID]}
    unheard = [text for text in texts if text.strip() not in answers][:_UNHEARD]
    return {**note, "unheard": [text[: _SAID // len(unheard)] for text in unheard]} if unheard else note


def _answers(line: Line) -> set[str]:
    """All that the model has said to the harness."""
    messages = (message for _, conversation in line.conversations for message in conversation)
    return {str(message.get("content") or "").strip() for message in messages if message.get("role") == "assistant"}
