"""The seeds keep their own rules: what tasks are put together from has no clashes, no gaps and no copies."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal

import pytest

from clawc.spec.taxonomy import CATEGORIES, dotted
from clawc.stdlib.seeds.domains import Column, Domain, Measure, domains

NAME = re.compile(r"[a-z][a-z0-9_]*")
STEM = re.compile(r"[a-z0-9][a-z0-9_-]*")
FORBIDDEN = re.compile(r"[,|\"'\u2018\u2019\u201c\u201d`;]")
ALL = domains()


def folded(values: Iterable[str]) -> list[str]:
    return [value.casefold() for value in values]


def repeated(values: Iterable[str]) -> list[str]:
    return sorted(value for value, times in Counter(folded(values)).items() if times > 1)


def all_columns(domain: Domain) -> list[Column]:
    reference = domain.reference
    return [*domain.columns, reference.person, reference.label, reference.number, domain.rates.number]


def value_problems(domain: Domain) -> list[str]:
    """Clashes and marks in the values of the columns that have few."""
    lists = {
        "group": domain.group.values,
        "class": domain.kind.values,
        "status": domain.status.values,
        "label": domain.reference.label.values,
    }
    sizes = {"group": (4, 7), "class": (4, 7), "status": (3, 5), "label": (2, 4)}
    problems = [
        f"{name} has {len(values)} values, not {sizes[name]}"
        for name, values in lists.items()
        if not sizes[name][0] <= len(values) <= sizes[name][1]
    ]
    everything = [value for values in lists.values() for value in values]
    problems += [f"{value!r} stands twice among group, class, status, label" for value in repeated(everything)]
    problems += [f"{value!r} has a mark that breaks a file" for value in everything if FORBIDDEN.search(value)]
    for name in ("group", "class", "status"):
        for inner in lists[name]:
            word = re.compile(rf"\b{re.escape(inner)}\b", re.IGNORECASE)
            problems += [
                f"{name}: {inner!r} is a word of {outer!r}"
                for outer in lists[name]
                if inner != outer and word.search(outer)
            ]
    status = domain.status
    problems += [f"status {value!r} is unknown" for value in (status.void, status.open) if value not in status.values]
    if status.void == status.open:
        problems.append("void and open are the same")
    return problems


def column_problems(domain: Domain) -> list[str]:
    columns = [column.column for column in all_columns(domain)]
    problems = [f"column {name!r} stands twice" for name in repeated(columns)]
    problems += [f"column {name!r} is not in snake case" for name in columns if not NAME.fullmatch(name)]
    if domain.one in columns:
        problems.append(f"one={domain.one!r} is a column")
    form = domain.id.form
    if not re.search("[A-Za-z]", form) or form.count("#") < 3 or not re.fullmatch(r"[A-Za-z0-9#/.\-]+", form):
        problems.append(f"the form {form!r} needs a letter and three digits, and no odd mark")
    for article in ("a ", "an ", "the "):
        says = [domain.date.say, domain.due.say, *(column.say for column in all_columns(domain))]
        problems += [f"{say!r} has an article" for say in says if say.startswith(article)]
    return problems


def fits(measure: Measure) -> list[str]:
    step = Decimal(1).scaleb(-measure.decimals)
    ends = (measure.low, measure.high)
    return [f"{measure.column}: {end} has more than {measure.decimals} decimals" for end in ends if end % step]


def number_problems(domain: Domain) -> list[str]:
    amount, quantity, rate = domain.amount, domain.quantity, domain.rates.number
    limit, threshold = domain.reference.number, domain.threshold
    problems = [text for measure in (amount, quantity, rate, limit) for text in fits(measure)]
    if not amount.unit or not quantity.unit:
        problems.append("a unit is missing")
    if not 0 <= amount.low < amount.high or amount.decimals > 2:
        problems.append("amount: bounds or decimals")
    if quantity.low < 1 or quantity.high < quantity.low + 10:
        problems.append("quantity: bounds")
    if not rate.low < rate.high or (rate.high - rate.low).scaleb(rate.decimals) < 8:
        problems.append("rates: too few numbers between the bounds")
    for measure, value in ((amount, threshold.amount), (quantity, threshold.quantity)):
        part = (value - measure.low) / (measure.high - measure.low)
        if not Decimal("0.3") <= part <= Decimal("0.9"):
            problems.append(f"threshold {value} of {measure.column} stands at {part:.2f} of its range")
        if value % Decimal(1).scaleb(-measure.decimals):
            problems.append(f"threshold {value} has too many decimals")
    if domain.reference.number_of not in ("amount", "quantity"):
        return [*problems, "number_of is neither amount nor quantity"]
    limited = amount if domain.reference.number_of == "amount" else quantity
    eight = (limited.low + limited.high) * 4
    if not limit.low < limit.high or limit.low > eight * Decimal("1.5") or limit.high < eight * Decimal("0.5"):
        problems.append(f"reference number {limit.low}..{limit.high} never meets the sum of eight rows, about {eight}")
    return problems


def text_problems(domain: Domain) -> list[str]:
    problems: list[str] = []
    sizes = {
        "categories": (domain.categories, 2, 4),
        "roles": (domain.roles, 3, 5),
        "phrases": (domain.note.phrases, 8, 12),
        "files": (domain.files, 4, 8),
        "folders": (domain.folders, 4, 8),
        "results": (domain.results, 4, 8),
        "purposes": (domain.purposes, 6, 8),
    }
    for name, (values, least, most) in sizes.items():
        if not least <= len(values) <= most:
            problems.append(f"{name}: {len(values)}, not {least} to {most}")
        problems += [f"{name}: {value!r} stands twice" for value in repeated(values)]
    known = dotted(CATEGORIES)
    problems += [f"unknown category {name!r}" for name in domain.categories if name not in known]
    stems = [*domain.files, *domain.results, domain.reference.file, domain.rates.file]
    problems += [f"{stem!r} is no name of a file" for stem in (*stems, *domain.folders) if not STEM.fullmatch(stem)]
    problems += [f"file {stem!r} stands twice" for stem in repeated(stems)]
    for phrase in domain.note.phrases:
        if FORBIDDEN.search(phrase) or re.search(r"\d", phrase) or not 2 <= len(phrase.split()) <= 7:
            problems.append(f"phrase {phrase!r}: marks, digits or its length")
    opening = re.compile(r"(a|an|the|our|my|his|her|their|your|this|next|\S+['’]s|\S+s['’])\b ?.*", re.IGNORECASE)
    problems += [f"purpose {text!r} has no article" for text in domain.purposes if not opening.match(text)]
    problems += [f"purpose {text!r} ends with a stop" for text in domain.purposes if text.endswith(".")]
    lower = (domain.scene, domain.one, domain.many, *domain.roles)
    problems += [f"{text!r} does not start lower case" for text in lower if text[0] != text[0].lower()]
    if not re.match(r"(a|an|the|our|one|two|three|four) ", domain.scene):
        problems.append(f"scene {domain.scene!r} is no noun phrase with an article")
    if not NAME.fullmatch(domain.name):
        problems.append("the name is not in snake case")
    return problems


@pytest.mark.parametrize("domain", ALL, ids=lambda domain: domain.name)
def test_a_domain_keeps_the_rules(domain: Domain) -> None:
    found = [
        *value_problems(domain),
        *column_problems(domain),
        *number_problems(domain),
        *text_problems(domain),
    ]
    assert not found, f"{domain.field}.yaml, {domain.name}:\n" + "\n".join(found)


def test_there_are_many_domains() -> None:
    assert len(ALL) >= 110
    assert repeated(domain.name for domain in ALL) == []
    assert [domain.name for domain in ALL] == sorted(domain.name for domain in ALL)


def test_domains_do_not_copy_each_other() -> None:
    texts: dict[str, list[str]] = defaultdict(list)
    for domain in ALL:
        texts["scene"].append(domain.scene)
        texts["id form"].append(domain.id.form)
        texts["many"].append(domain.many)
        texts["main file"] += domain.files
        texts["result"] += domain.results
        texts["purpose"] += domain.purposes
        texts["phrase"] += domain.note.phrases
        texts["group values"].append("|".join(sorted(domain.group.values)))
        texts["class values"].append("|".join(sorted(domain.kind.values)))
        texts["status values"].append("|".join(sorted(domain.status.values)))
    copies = {name: repeated(values) for name, values in texts.items()}
    assert not any(copies.values()), {name: values for name, values in copies.items() if values}


def test_few_domains_share_a_word_of_their_own() -> None:
    uses: dict[str, list[str]] = defaultdict(list)
    for domain in ALL:
        for column in all_columns(domain):
            uses[f"column {column.column}"].append(domain.name)
        for value in (*domain.group.values, *domain.kind.values):
            uses[f"value {value.casefold()}"].append(domain.name)
        for role in domain.roles:
            uses[f"role {role}"].append(domain.name)
    crowded = {word: names for word, names in uses.items() if len(names) > 4}
    assert not crowded, crowded


def test_every_subcategory_is_served_twice() -> None:
    served = Counter(name for domain in ALL for name in domain.categories)
    assert not [name for name in dotted(CATEGORIES) if served[name] < 2]
