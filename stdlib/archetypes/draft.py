"""One task in the making: parts add data, files, queries, deliverables, checks and sentences; `source` writes it as `.claw`."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from clawc.stdlib.archetypes.brief import Step
from clawc.stdlib.archetypes.draw import Balance, Draw
from clawc.stdlib.archetypes.people import described
from clawc.stdlib.seeds.domains import Domain
from clawc.stdlib.seeds.personas import Persona

Say = Literal["source", "rule", "output", "limit"]
WIDTH = 110


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the instruction and what it is about."""

    about: Say
    text: str


@dataclass(frozen=True, slots=True)
class Period:
    """The days that a task is about, both included, as ISO texts, and the day on which it is given."""

    first: str
    last: str
    today: str


def any_period(draw: Draw) -> Period:
    """Two to four months of one year, and a day soon after them."""
    year, month, length = draw.between(2024, 2026), draw.between(1, 8), draw.between(2, 4)
    end = month + length - 1
    return Period(f"{year}-{month:02}-01", f"{year}-{end:02}-28", f"{year}-{end + 1:02}-{draw.between(3, 12):02}")


@dataclass(slots=True)
class Draft:
    """What is known of a task so far. Names of blocks are unique: `name` gives free ones."""

    draw: Draw
    balance: Balance
    domain: Domain
    persona: Persona
    category: str
    archetype: str
    when: Period
    uses: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    blocks: list[str] = field(default_factory=list[str])  # `data`
    files: list[str] = field(default_factory=list[str])
    lets: list[str] = field(default_factory=list[str])
    delivers: list[str] = field(default_factory=list[str])
    checks: list[str] = field(default_factory=list[str])
    requires: list[str] = field(default_factory=list[str])
    admits: list[str] = field(default_factory=list[str])
    rest: list[str] = field(default_factory=list[str])  # `solution`, `mutant`, `environment`
    sentences: list[Sentence] = field(default_factory=list[Sentence])
    brief: list[Step] = field(default_factory=list[Step])
    operations: list[str] = field(default_factory=list[str])
    formats_in: list[str] = field(default_factory=list[str])
    formats_out: list[str] = field(default_factory=list[str])
    shape: list[str] = field(default_factory=list[str])
    parts: list[str] = field(default_factory=list[str])  # of the chain, in their order
    taken: set[str] = field(default_factory=set[str])
    paths: set[str] = field(default_factory=set[str])
    title: str = ""
    introduced: bool = False  # the opening says who asks
    falling: bool = False  # the highest comes first, whatever is sorted by
    words: dict[str, str] = field(default_factory=dict[str, str])  # further slots of openings
    places: dict[str, str] = field(default_factory=dict[str, str])  # paths of deliverables, by their names
    outbox: str = ""  # the folder of what is to be written
    last: str = ""  # the `let` of the rows that were written last

    def name(self, wish: str) -> str:
        """A name for a block or a `let` that nothing has yet."""
        plain = re.sub(r"\W+", "_", wish.lower()).strip("_") or "it"
        if plain[0].isdigit() or plain in _RESERVED:
            plain = f"the_{plain}"
        number, found = 1, plain
        while found in self.taken:
            number += 1
            found = f"{plain}_{number}"
        self.taken.add(found)
        return found

    def path(self, folder: str, stem: str, ending: str) -> str:
        """A path that nothing has yet."""
        number, found = 1, f"{folder}/{stem}.{ending}" if folder else f"{stem}.{ending}"
        while found.casefold() in self.paths:
            number += 1
            found = f"{folder}/{stem}_{number}.{ending}" if folder else f"{stem}_{number}.{ending}"
        self.paths.add(found.casefold())
        return found

    def use(self, module: str, name: str) -> None:
        """A function of a module of `std`."""
        names = self.uses.setdefault(module, [])
        if name not in names:
            names.append(name)

    def operation(self, *names: str) -> None:
        """Basic operations of the taxonomy that the task asks for."""
        self.operations += [name for name in names if name not in self.operations]

    def say(self, about: Say, text: str, *steps: Step) -> str:
        """One more sentence, with the facts that it states; gives the sentence, to be quoted."""
        self.sentences.append(Sentence(about, text))
        self.brief += steps
        return text

    def retold(self, since: int, about: Say) -> None:
        """What was said from that sentence on is about something else: rules of a second file stand behind what asks for it."""
        self.sentences[since:] = [Sentence(about, sentence.text) for sentence in self.sentences[since:]]

    def phrase(self, dimension: str, options: Sequence[str], **slots: object) -> str:
        """One of several phrasings, those used seldom first, with its slots filled; `<path.x>` stands for a hole."""
        number = self.balance.pick(self.draw, f"phrase {dimension}", range(len(options)))
        return filled(options[number], **slots)

    def source(self, name: str, instruction: str) -> str:
        """The whole spec, not yet in the one layout."""
        uses = "".join(f"use {module} ({', '.join(names)})\n" for module, names in sorted(self.uses.items()))
        body = [
            f"title = {quoted(self.title)}\ncategory = {self.category}\noperations = [{', '.join(self.operations)}]\n"
            f"persona = {quoted(described(self.persona))}",
            *self.blocks,
            "workspace {\n" + textwrap.indent("\n".join(self.files), "  ") + "\n}",
            *self.lets,
            *self.delivers,
            'instruction = """\n' + textwrap.indent(instruction, "  ") + '\n  """',
            "verify {\n" + textwrap.indent("\n".join([*self.checks, *self.requires]), "  ") + "\n}",
            *self.rest,
            *(["admit {\n" + textwrap.indent("\n".join(self.admits), "  ") + "\n}"] if self.admits else []),
        ]
        return f"claw 1\n\n{uses}\ntask {name} {{\n" + textwrap.indent("\n\n".join(body), "  ") + "\n}\n"


_RESERVED = frozenset({"let", "def", "use", "expect", "if", "then", "else", "and", "or", "not", "in", "true", "false", "null", "path", "param",
                       "on", "within", "workspace", "solution", "inputs", "transcript", "final_message", "n"})  # fmt: skip


def filled(text: str, **slots: object) -> str:
    """A phrasing with its slots: `{x}`, or `{a_x}` with its article; a slot at the beginning of a sentence gets a capital letter with `{X}`, but for names
    of columns, which stay as files have them."""
    known = dict(slots)
    for key, value in slots.items():
        if isinstance(value, str):
            known.setdefault(f"a_{key}", article(value))
            known.setdefault(f"A_{key}", capital(article(value)))
        known.setdefault(key[:1].upper() + key[1:], str(value) if key in _CODE else capital(str(value)))
    return text.format(**known)


# Slots that hold names of columns.
_CODE = frozenset(
    {
        "column",
        "result",
        "total",
        "target",
        "by",
        "date",
        "due",
        "mark",
        "key_column",
        "amount_column",
        "rate_column",
        "tie",
    }
)


def capital(text: str) -> str:
    """With a capital letter at its beginning; a path stays as it is."""
    return text if text.startswith("{{") else text[:1].upper() + text[1:]


def quoted(text: str) -> str:
    """A text of the language, on one line."""
    return json.dumps(text, ensure_ascii=False)


def hole(name: str) -> str:
    """The path of an input or deliverable, in an instruction."""
    return f"{{{{ path.{name} }}}}"


def listed(words: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


# Nouns that begin with a vowel and not with its sound.
_CONSONANT = re.compile(r"(?i)(uni(?!n[a-z]|m)|us(e|a)|euro|one\b)")
_SILENT = re.compile(r"(?i)(hour|heir|honest|honour|x-)")


def article(noun: str) -> str:
    """`a visit`, `an order`, `a unit`."""
    vowel = _SILENT.match(noun) is not None or (noun[:1].lower() in "aeiou" and _CONSONANT.match(noun) is None)
    return f"{'an' if vowel else 'a'} {noun}"
