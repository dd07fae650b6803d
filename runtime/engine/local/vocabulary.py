"""The tokens of a model as bytes, as they are needed to hold answers to a grammar."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from llguidance import LLTokenizer, TokenizerWrapper
from numpy.typing import NDArray

from clawc.runtime.engine.interface import EngineFailure
from clawc.runtime.engine.local.shapes import as_list, as_object

# The token of `BYTES` that stands for the end of a text; the others are bytes.
END = 256


class _Bytes:
    """A tokenizer as llguidance takes it."""

    bos_token_id = None
    eos_token_id = END
    special_token_ids = (END,)
    tokens = (*(bytes((value,)) for value in range(256)), b"<end>")

    def __call__(self, text: str | bytes) -> list[int]:
        return list(text if isinstance(text, bytes) else text.encode())


def byte_tokenizer() -> LLTokenizer:
    """Each byte is a token."""
    return LLTokenizer(TokenizerWrapper(_Bytes()), slices=[])


class Vocabulary:
    """`size` tokens that a model has scores of, spelled as `tokenizer.json` of its folder has it. `ends` are those that end an answer."""

    def __init__(self, folder: Path, size: int, ends: Sequence[int]) -> None:
        """Raises EngineFailure."""
        self.ends = tuple(end for end in ends if 0 <= end < size)
        if not self.ends:
            raise EngineFailure("rejected", "the model has no token that ends an answer")
        try:
            text = (folder / "tokenizer.json").read_text(encoding="utf-8")
            self.tokenizer = LLTokenizer(text, eos_token=self.ends[0])
            count = min(size, self.tokenizer.vocab_size)
            special = _special(text, count, self.tokenizer.is_special_token)
            self.spelled = [self.tokenizer.decode_bytes([token]) for token in range(count)]
        except (OSError, ValueError) as error:
            raise EngineFailure("rejected", f"the model's `tokenizer.json` cannot be used: {error}") from error
        self.size = size
        self.plain: NDArray[np.bool_] = np.zeros(size, dtype=np.bool_)
        self.plain[:count] = True
        self.plain[[*special, *self.ends]] = False
        self.plain[[token for token, data in enumerate(self.spelled) if not data]] = False
        self._tokens = {data: token for token, data in reversed(list(enumerate(self.spelled))) if self.plain[token]}
        self._longest = max(map(len, self._tokens), default=0)

    def tokens(self, text: bytes) -> list[int] | None:
        """The longest token first, then that of what is left, and so on; None if there are none for it."""
        found: list[int] = []
        at = 0
        while at < len(text):
            tries = (self._tokens.get(text[at : at + size]) for size in range(self._longest, 0, -1))
            token = next((token for token in tries if token is not None), None)
            if token is None:
                return None
            found.append(token)
            at += len(self.spelled[token])
        return found


def _special(text: str, count: int, is_special: Callable[[int], bool]) -> list[int]:
    """Control tokens."""
    added = [as_object(each) for each in as_list(as_object(json.loads(text)).get("added_tokens"))]
    ids = {each.get("id") for each in added if each.get("special") is True}
    return [token for token in range(count) if token in ids or is_special(token)]
