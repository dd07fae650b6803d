"""Domains: a place of work with its tables, its words and the reasons why somebody asks there."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from clawc.stdlib.seeds.reading import Entry, SeedError, seed_lists


@dataclass(frozen=True, slots=True)
class Column:
    """A column and what people call it."""

    column: str
    say: str


@dataclass(frozen=True, slots=True)
class Identifier(Column):
    """The column that names a row; each `#` of the form is a digit."""

    form: str


@dataclass(frozen=True, slots=True)
class People(Column):
    """A column of names of people."""

    many: str


@dataclass(frozen=True, slots=True)
class Choice(Column):
    """A column with few values."""

    many: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status(Column):
    """How a row stands: rows that are `void` do not count in totals, those that are `open` wait for somebody."""

    values: tuple[str, ...]
    void: str
    open: str


@dataclass(frozen=True, slots=True)
class Measure(Column):
    """A column of numbers between two bounds; the unit is empty where the number has none of its own."""

    unit: str
    low: Decimal
    high: Decimal
    decimals: int


@dataclass(frozen=True, slots=True)
class Note(Column):
    """A column of short remarks."""

    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A second file with facts about each group; its number limits what `number_of` says (amount or quantity)."""

    file: str
    one: str
    person: Column
    label: Choice
    number: Measure
    number_of: str


@dataclass(frozen=True, slots=True)
class Rates:
    """A third file with a number for each class, and what the number stands for."""

    file: str
    number: Measure
    say: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """From where on somebody there would look twice."""

    amount: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain; `kind` is what the files call `class`."""

    name: str
    field: str
    scene: str
    categories: tuple[str, ...]
    roles: tuple[str, ...]
    one: str
    many: str
    id: Identifier
    person: People
    group: Choice
    kind: Choice
    status: Status
    date: Column
    due: Column
    amount: Measure
    quantity: Measure
    note: Note
    reference: Reference
    rates: Rates
    threshold: Threshold
    files: tuple[str, ...]
    folders: tuple[str, ...]
    results: tuple[str, ...]
    purposes: tuple[str, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the main table, in the order of the file."""
        return (
            self.id,
            self.person,
            self.group,
            self.kind,
            self.status,
            self.date,
            self.due,
            self.amount,
            self.quantity,
            self.note,
        )


_FIELDS = (
    *("name", "scene", "categories", "roles", "one", "many", "id", "person", "group", "class", "status", "date", "due"),
    *("amount", "quantity", "note", "reference", "rates", "threshold", "files", "folders", "results", "purposes"),
)


@cache
def domains() -> tuple[Domain, ...]:
    """All domains, by name."""
    return tuple(sorted((_domain(entry) for entry in seed_lists("domains")), key=lambda domain: domain.name))


def _domain(top: Entry) -> Domain:
    """A record of a file; its errors name the domain as well."""
    entry = Entry(f"{top.place} {top.text('name')}", top.fields).only(*_FIELDS)
    return Domain(
        name=entry.text("name"),
        field=entry.place.partition(".")[0],
        scene=entry.text("scene"),
        categories=entry.texts("categories"),
        roles=entry.texts("roles"),
        one=entry.text("one"),
        many=entry.text("many"),
        id=_identifier(entry.entry("id").only("column", "say", "form")),
        person=_people(entry.entry("person").only("column", "say", "many")),
        group=_choice(entry.entry("group")),
        kind=_choice(entry.entry("class")),
        status=_status(entry.entry("status").only("column", "say", "values", "void", "open")),
        date=_column(entry.entry("date")),
        due=_column(entry.entry("due")),
        amount=_measure(entry.entry("amount").only("column", "say", "unit", "low", "high", "decimals")),
        quantity=_measure(entry.entry("quantity").only("column", "say", "unit", "low", "high")),
        note=_note(entry.entry("note").only("column", "say", "phrases")),
        reference=_reference(entry.entry("reference").only("file", "one", "person", "label", "number", "number_of")),
        rates=_rates(entry.entry("rates").only("file", "number", "say")),
        threshold=_threshold(entry.entry("threshold").only("amount", "quantity")),
        files=entry.texts("files"),
        folders=entry.texts("folders"),
        results=entry.texts("results"),
        purposes=entry.texts("purposes"),
    )


def _column(entry: Entry) -> Column:
    entry.only("column", "say")
    return Column(entry.text("column"), entry.text("say"))


def _identifier(entry: Entry) -> Identifier:
    return Identifier(entry.text("column"), entry.text("say"), entry.text("form"))


def _people(entry: Entry) -> People:
    return People(entry.text("column"), entry.text("say"), entry.text("many"))


def _choice(entry: Entry) -> Choice:
    entry.only("column", "say", "many", "values")
    return Choice(entry.text("column"), entry.text("say"), entry.text("many"), entry.texts("values"))


def _status(entry: Entry) -> Status:
    values = entry.texts("values")
    return Status(entry.text("column"), entry.text("say"), values, entry.text("void"), entry.text("open"))


def _measure(entry: Entry) -> Measure:
    """A measure; one without a number of decimals is whole."""
    unit = entry.text("unit") if "unit" in entry.fields else ""
    decimals = entry.whole("decimals") if "decimals" in entry.fields else 0
    if decimals not in (0, 1, 2, 3):
        raise SeedError(f"{entry.place}: {decimals} decimals")
    low, high = entry.number("low"), entry.number("high")
    return Measure(entry.text("column"), entry.text("say"), unit, low, high, decimals)


def _note(entry: Entry) -> Note:
    return Note(entry.text("column"), entry.text("say"), entry.texts("phrases"))


def _reference(entry: Entry) -> Reference:
    return Reference(
        file=entry.text("file"),
        one=entry.text("one"),
        person=_column(entry.entry("person")),
        label=_choice(entry.entry("label")),
        number=_measure(entry.entry("number").only("column", "say", "low", "high")),
        number_of=entry.text("number_of"),
    )


def _rates(entry: Entry) -> Rates:
    number = _measure(entry.entry("number").only("column", "say", "low", "high", "decimals"))
    return Rates(entry.text("file"), number, entry.text("say"))


def _threshold(entry: Entry) -> Threshold:
    return Threshold(entry.number("amount"), entry.number("quantity"))
