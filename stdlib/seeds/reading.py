"""Reads seed files with types: what is not what was expected raises `SeedError` with the place in the file."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import cast

import yaml  # type: ignore[import-untyped]  # pyright: ignore[reportMissingModuleSource]

HERE = Path(__file__).parent


class SeedError(ValueError):
    """A seed file does not have the agreed shape."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A mapping of a seed file and where it stands."""

    place: str
    fields: dict[str, object]

    def only(self, *names: str) -> Entry:
        """Itself; an error unless these are exactly its fields."""
        odd = sorted(set(self.fields) ^ set(names))
        if odd:
            raise SeedError(f"{self.place}: missing or unknown: {', '.join(odd)}")
        return self

    def text(self, name: str) -> str:
        """A text that is not empty."""
        return text_in(self.value(name), f"{self.place}.{name}")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        place = f"{self.place}.{name}"
        return tuple(text_in(value, f"{place}[{at}]") for at, value in enumerate(items_of(self.value(name), place)))

    def whole(self, name: str) -> int:
        """A whole number."""
        value = self.value(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise SeedError(f"{self.place}.{name}: {value!r} is not a whole number")
        return value

    def number(self, name: str) -> Decimal:
        """A number as it is written, save for zeros at its end."""
        value = self.value(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise SeedError(f"{self.place}.{name}: {value!r} is not a number")
        return Decimal(str(value))

    def entry(self, name: str) -> Entry:
        """A mapping inside this one."""
        return entry_in(self.value(name), f"{self.place}.{name}")

    def entries(self, name: str) -> tuple[Entry, ...]:
        """A list of mappings."""
        place = f"{self.place}.{name}"
        return tuple(entry_in(value, f"{place}[{at}]") for at, value in enumerate(items_of(self.value(name), place)))

    def value(self, name: str) -> object:
        """Whatever stands under the name."""
        if name not in self.fields:
            raise SeedError(f"{self.place}: {name} is missing")
        return self.fields[name]


def text_in(value: object, place: str) -> str:
    """A text without space around it; YAML's own yes, no and 12:30 are none."""
    if not isinstance(value, str) or not value or value != value.strip():
        raise SeedError(f"{place}: {value!r} is not a text")
    return value


def items_of(value: object, place: str) -> list[object]:
    """The items of a list that is not empty."""
    if not isinstance(value, list) or not value:
        raise SeedError(f"{place}: not a list")
    return cast("list[object]", value)


def entry_in(value: object, place: str) -> Entry:
    """A mapping whose keys are texts."""
    if not isinstance(value, dict):
        raise SeedError(f"{place}: not a mapping")
    fields = cast("dict[object, object]", value)
    return Entry(place, {text_in(key, place): inner for key, inner in fields.items()})


def seed_file(name: str) -> Entry:
    """A seed file whose top is a mapping."""
    return entry_in(loaded(HERE / name), name)


def seed_lists(folder: str) -> tuple[Entry, ...]:
    """All records of the files of a folder, each file a list."""
    found: list[Entry] = []
    for file in sorted((HERE / folder).glob("*.yaml")):
        for at, value in enumerate(items_of(loaded(file), file.name)):
            found.append(entry_in(value, f"{file.name}[{at}]"))
    return tuple(found)


def loaded(file: Path) -> object:
    """A YAML file, by the fast reader where there is one."""
    loader: object = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return cast("object", yaml.load(file.read_text(encoding="utf-8"), Loader=loader))  # pyright: ignore
