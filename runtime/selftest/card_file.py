"""A verifier card as bytes: how it is read from hostile files, written, and signed over."""

from __future__ import annotations

import json
from typing import cast

from pydantic import ValidationError

from clawc.runtime.bundle import without_duplicates
from clawc.spec.bundle import MAX_CARD
from clawc.spec.card import CARD_FORMAT_VERSION, VerifierCard
from clawc.spec.manifest_id import canonical_json


class CardFault(ValueError):
    """Bytes that are no card; the message says why."""


def read_card(data: bytes) -> VerifierCard:
    """The card in a file; raises CardFault for anything that is not exactly one."""
    if len(data) > MAX_CARD:
        raise CardFault(f"larger than {MAX_CARD >> 20} MiB")
    try:
        raw: object = json.loads(data.decode("utf-8"), object_pairs_hook=without_duplicates, parse_constant=_no_number)
        if not isinstance(raw, dict):
            raise CardFault("not a JSON object")
        fields = cast("dict[str, object]", raw)
        version = fields.get("format_version")
        if isinstance(version, int) and version > CARD_FORMAT_VERSION:
            raise CardFault(f"of format {version}; this installation reads up to {CARD_FORMAT_VERSION}")
        card = VerifierCard.model_validate(fields)
        canonical_bytes(card)
        return card
    except CardFault:
        raise
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:100]
        raise CardFault(f"{where!a}: {first['msg'].lower()}") from error
    except UnicodeError as error:
        raise CardFault("not UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        raise CardFault(f"not valid JSON: {str(error)[:200]}") from error


def card_json(card: VerifierCard) -> str:
    """A card as it stands in a file."""
    return json.dumps(card.model_dump(mode="json"), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def canonical_bytes(card: VerifierCard) -> bytes:
    """What is signed: the card without its signature as sorted compact JSON; the same for all spellings of one card. Raises
    ValueError for a text that has no UTF-8 form."""
    return canonical_json(card.model_dump(mode="json", exclude={"signature"}))


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")
