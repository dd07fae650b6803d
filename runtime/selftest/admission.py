"""Which bundles count as proved: those with a clean card of exactly this bundle and this installation, which was proved here
or is signed by a trusted key. A card in the folder of a bundle is only a claim.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Literal

from clawc import __version__
from clawc.compiler.emit.shake import library_sha256
from clawc.compiler.mutants.operators import operators_sha256
from clawc.runtime.bundle import Bundle, claimed_card
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.selftest.card_file import CardFault, read_card
from clawc.runtime.selftest.card_store import CardStore
from clawc.runtime.selftest.signature import is_signed
from clawc.spec.card import CardKey, VerifierCard

Level = Literal["admit", "release"]
Why = Literal[
    "admitted", "no card", "damaged", "stale", "not clean", "unsigned", "unknown signer", "forged", "unchecked"
]
# Levels whose cards serve for a level, the strictest first.
_SERVES: dict[Level, tuple[Level, ...]] = {"admit": ("release", "admit"), "release": ("release",)}
_REASONS = 3


@dataclass(frozen=True, slots=True)
class Admission:
    """`card` is the one that admits the bundle, None where nothing does; `why` in a word, `reason` in a sentence."""

    card: VerifierCard | None
    why: Why
    reason: str


def admitted(bundle: Bundle, level: Level, store: CardStore | None, trusted: Set[str]) -> Admission:
    """Whether a bundle that was loaded counts as proved at a level. `trusted` are public keys in hexadecimal digits.

    A card that counts and is not clean speaks against the bundle, whatever other cards say.
    """
    made = bundle.manifest.provenance
    if made.compiler != __version__:
        return _refused("stale", f"it was built by clawc {made.compiler!a}, this is {__version__}")
    if made.library_sha256 != library_sha256():
        return _refused("stale", "it was built with another check library")
    keys = [key_here(bundle, serving) for serving in _SERVES[level]]
    counted = [card for key in keys if store is not None and (card := store.get(key)) is not None]
    claim = _claim(bundle, keys, trusted)
    if isinstance(claim, VerifierCard):
        counted.append(claim)
    for card in counted:
        if not card.clean or card.reasons:
            return _refused("not clean", "; ".join(card.reasons[:_REASONS]) or "its card says so")
    if counted:
        return Admission(counted[0], "admitted", f"proved at level {counted[0].key.level}" + _signer(counted[0]))
    assert isinstance(claim, Admission)
    return claim


def key_here(bundle: Bundle, level: Level) -> CardKey:
    """The key of the card that this installation would give the bundle."""
    return CardKey(bundle=bundle.manifest.id, compiler=__version__, library_sha256=library_sha256(),
                   operators_sha256=operators_sha256(), level=level)  # fmt: skip


def _claim(bundle: Bundle, keys: list[CardKey], trusted: Set[str]) -> VerifierCard | Admission:
    """The card in the folder of the bundle if it counts, else why it does not."""
    try:
        data = claimed_card(bundle)
        if data is None:
            return _refused("no card", "it has no card, and none was proved here; `clawc test` proves it")
        card = read_card(data)
    except (CardFault, RuntimeFault) as error:
        return _refused("damaged", f"its card is none: {error.message if isinstance(error, RuntimeFault) else error}")
    other = _other(card.key, keys[-1], {key.level for key in keys})
    if other:
        return _refused("stale", other)
    if card.task != bundle.manifest.task:
        return _refused("forged", "its card names another task")
    if card.signature is None:
        return _refused("unsigned", "its card is a claim: it is not signed, and no such card was proved here")
    if card.signature.key not in trusted:
        return _refused("unknown signer", f"its card is signed by {card.signature.key}, a key that is not trusted here")
    try:
        if not is_signed(card):
            return _refused("forged", f"the signature of its card is not one of {card.signature.key}")
    except RuntimeFault as error:
        return _refused("unchecked", f"{error.message}; {error.help}")
    return card


def _other(key: CardKey, here: CardKey, levels: Set[str]) -> str:
    """What a card of another key is about, or ""."""
    if key.bundle != here.bundle:
        return f"its card is about another bundle, {key.bundle[:12]}"
    if key.compiler != here.compiler:
        return f"its card was made by clawc {key.compiler!a}, this is {here.compiler}"
    if key.library_sha256 != here.library_sha256:
        return "its card was made with another check library"
    if key.operators_sha256 != here.operators_sha256:
        return "its card was made with other mutation operators"
    if key.level not in levels:
        return f"its card is of level {key.level}"
    return ""


def _signer(card: VerifierCard) -> str:
    return "" if card.signature is None else f", signed by {card.signature.key[:16]}"


def _refused(why: Why, reason: str) -> Admission:
    return Admission(None, why, reason)
