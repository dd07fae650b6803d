"""A call that is being answered: whose it is, and what has come of its answer, which is never more than the capture can hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from clawc.runtime.engine.interface import EngineFailure, Finish, Piece, Sampled, TokenUsage
from clawc.runtime.gateway.lineage import Place
from clawc.runtime.gateway.rules import Caller
from clawc.runtime.gateway.wire import Asked, Gathered, Head
from clawc.runtime.store.journal import LINE_BYTES

_ANSWER = LINE_BYTES - (1 << 20)
# At most so many bytes stand in a capture for a letter, a token, and a token with its log probability.
_LETTER, _TOKEN, _DRAWN = 12, 11, 36


@dataclass(slots=True)
class Underway:
    """The call `number`, of `size` bytes. `main` says that it is of the harness's own conversation; `began` is of the monotonic clock."""

    number: int
    head: Head
    caller: Caller
    place: Place
    main: bool
    asked: Asked
    began: float
    size: int = 0
    gathered: Gathered = field(default_factory=Gathered)
    finish: Finish | None = None
    usage: TokenUsage | None = None
    sampled: Sampled | None = None
    model: str = ""

    def take(self, piece: Piece) -> Piece:
        """Note a part of the answer; gives it back as a client gets it. Raises EngineFailure for one too many."""
        piece = self.gathered.add(piece, f"call{self.number}x")
        tokens = piece.sampled or Sampled((), (), ())
        size = self.gathered.size * _LETTER + len(tokens.prompt_ids) * _TOKEN + len(tokens.output_ids) * _DRAWN
        if size > _ANSWER:
            raise EngineFailure("broken", "the answer is too long for a line of the capture")
        self.finish = piece.finish or self.finish
        self.usage = piece.usage or self.usage
        self.sampled = piece.sampled or self.sampled
        self.model = piece.model or self.model
        return piece
