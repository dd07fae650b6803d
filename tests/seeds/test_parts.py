"""Personas and scenarios are complete, and seed files that are not well formed are refused with their place."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from clawc.spec.taxonomy import CATEGORIES, OPERATIONS, dotted
from clawc.stdlib.seeds.domains import domains
from clawc.stdlib.seeds.personas import Persona, persona_parts
from clawc.stdlib.seeds.reading import Entry, SeedError
from clawc.stdlib.seeds.taxonomy import taxonomy

VERB = re.compile(r"(only |never )?([a-z]+s|took|lost|will|must|cannot) .+")


def copies(values: list[str]) -> list[str]:
    return [value for value, times in Counter(value.casefold() for value in values).items() if times > 1]


def test_there_are_enough_parts_of_personas() -> None:
    parts = persona_parts()
    assert len(parts.constraints) >= 70
    assert len(parts.habits) >= 60
    assert len(parts.places) >= 120
    assert [tone.name for tone in parts.tones] == (
        ["terse", "warm", "formal", "chatty", "hurried", "meticulous", "apologetic", "matter-of-fact"]
    )


def test_parts_of_personas_are_distinct() -> None:
    parts = persona_parts()
    assert copies(list(parts.constraints + parts.habits)) == []
    assert copies([place.town for place in parts.places]) == []


def test_constraints_and_habits_follow_a_subject() -> None:
    parts = persona_parts()
    odd = [text for text in parts.constraints + parts.habits if not VERB.fullmatch(text) or text.endswith(".")]
    assert odd == []


def test_places_are_spread() -> None:
    places = persona_parts().places
    countries = Counter(place.country for place in places)
    assert len(countries) >= 70
    assert max(countries.values()) <= 8


def test_a_persona_is_put_together() -> None:
    parts, domain = persona_parts(), domains()[0]
    one = Persona(domain.roles[0], domain, parts.places[0], parts.constraints[0], parts.habits[0], parts.tones[0])
    assert one.role in one.domain.roles


def test_every_subcategory_has_a_scenario() -> None:
    assert [one.name for one in taxonomy().scenarios] == dotted(CATEGORIES)
    assert all(len(one.examples) == 3 for one in taxonomy().scenarios)
    assert copies([text for one in taxonomy().scenarios for text in one.examples]) == []
    lines = [text for one in taxonomy().scenarios for text in (one.says, *one.examples)]
    assert [text for text in lines if "\n" in text or text[-1] not in ".?"] == []


def test_every_operation_is_explained() -> None:
    assert [one.name for one in taxonomy().operations] == dotted(OPERATIONS)


def test_what_the_web_offers_is_mirrored_or_uncovered() -> None:
    assert list(taxonomy().mirrored) == [f"web.{name}" for name in OPERATIONS["web"]]
    assert taxonomy().mirrored_how == "sealed page mirrors in a folder, read by a local command"
    assert "live web search" in [one.name for one in taxonomy().uncovered]


@pytest.mark.parametrize(
    ("value", "read"),
    [(True, "text"), (" a ", "text"), ("", "text"), (True, "whole"), (1.5, "whole"), ("1", "number"), ([], "texts")],
)
def test_a_value_of_another_kind_is_refused(value: object, read: str) -> None:
    entry = Entry("file.yaml[3]", {"field": value})
    readers = {"text": entry.text, "whole": entry.whole, "number": entry.number, "texts": entry.texts}
    with pytest.raises(SeedError, match=r"^file\.yaml\[3\]\.field: "):
        readers[read]("field")


def test_unknown_and_missing_fields_are_named() -> None:
    with pytest.raises(SeedError, match=r"^here: missing or unknown: bad, good$"):
        Entry("here", {"bad": 1}).only("good")
