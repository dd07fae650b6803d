"""Text out of tokens as they come: never half a character, and in all the text of the tokens at once."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence


class Detokeniser:
    """`bytes_of` says what each token stands for. Bytes that are no UTF-8 become U+FFFD."""

    def __init__(self, bytes_of: Callable[[int], bytes]) -> None:
        self._bytes_of = bytes_of
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, ids: Sequence[int]) -> str:
        """The text that is certain by now."""
        return self._decoder.decode(b"".join(map(self._bytes_of, ids)))

    def end(self) -> str:
        """The rest."""
        return self._decoder.decode(b"", final=True)


class Stopper:
    """Cuts text before the first of some strings. What could be the beginning of one is held back."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """The text that is certain by now; nothing more once `stopped`."""
        if self.stopped:
            return ""
        text = self._held + text
        found = [at for at in map(text.find, self._stops) if at >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        keep = max((beginning(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def end(self) -> str:
        """The rest."""
        held, self._held = self._held, ""
        return held


def beginning(text: str, word: str) -> int:
    """How many of the last characters of `text` are the first of `word`, but not all of it."""
    for size in range(min(len(text), len(word) - 1), 0, -1):
        if text.endswith(word[:size]):
            return size
    return 0
