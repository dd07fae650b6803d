"""Figures of what others have published, to stand beside ours."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """Shares in [0, 1]; `pairs` at a cosine of at least so much, among `prompts`; `lexical_pairs` at a Jaccard similarity of word
    3-grams of at least 0.3."""

    name: str
    source: str
    prompts: int
    opening_share: float
    vendi: float
    vendi_n: int
    pairs: tuple[tuple[float, int], ...]
    lexical_pairs: int


# Static pooled vectors of the same weights; how common parts were removed is not recorded, so cosines compare roughly.
CLAWGYM = Published(
    name="ClawGym", source="measured on the 2,200 published prompts", prompts=2_200, opening_share=0.10, vendi=121.7, vendi_n=2_000,
    pairs=((0.7, 231), (0.8, 53), (0.9, 6)), lexical_pairs=0,
)  # fmt: skip
