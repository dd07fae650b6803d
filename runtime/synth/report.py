"""How a set is spread, as one JSON document and as one page that asks for nothing.

The page shows what the document says; both are functions of the rows, so that equal sets have equal reports.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Literal, NamedTuple

import jinja2

from clawc import __version__
from clawc.runtime.report.plots import Plot
from clawc.runtime.report.text import one_line
from clawc.runtime.synth import plots
from clawc.runtime.synth.diversity import Coverage, Diversity, diversity
from clawc.runtime.synth.published import CLAWGYM
from clawc.runtime.synth.rows import SPLITS, Count, Row, TaskRow
from clawc.runtime.synth.semantic import Encoder

UNKNOWN = "?"


class Named(Row):
    """How many of something there are."""

    name: str
    count: Count


class Report(Row):
    """The document. `dropped` are candidates that were not kept, by reason; `leaks` are tasks that were found in suites, None where none
    was compared with. `parted`: no family is in two splits. Of mutants the sums over all cards."""

    format_version: Literal[1] = 1
    name: str
    clawc: str
    seed: Count
    splits: tuple[Named, ...]
    archetypes: tuple[Named, ...]
    families: Count
    parted: bool
    personas: Count
    clean: Count
    wrong: Count
    survived: Count
    dropped: tuple[Named, ...]
    leaks: Count | None
    diversity: Diversity


class Card(NamedTuple):
    """A key figure."""

    name: str
    figure: str
    detail: str


class Table(NamedTuple):
    """Text by rows; every column but the first is of numbers."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def report(
    rows: Sequence[TaskRow], name: str, encode: Encoder | None, seed: int = 1, *, dropped: Mapping[str, int] | None = None,
    leaks: int | None = None,
) -> Report:  # fmt: skip
    """The document of a set. Raises ValueError for no rows."""
    return Report(
        name=name, clawc=__version__, seed=seed,
        splits=tuple(Named(name=split, count=n) for split in SPLITS if (n := sum(row.split == split for row in rows))),
        archetypes=_counted(row.archetype for row in rows),
        families=len({row.family for row in rows}),
        parted=len({(row.family, row.split) for row in rows}) == len({row.family for row in rows}), personas=len({row.persona for row in rows if row.persona}),
        clean=sum(row.card.clean for row in rows), wrong=sum(row.card.wrong for row in rows), survived=sum(row.card.survived for row in rows),
        dropped=tuple(Named(name=why, count=n) for why, n in sorted((dropped or {}).items())), leaks=leaks,
        diversity=diversity(rows, encode, seed),
    )  # fmt: skip


def as_json(document: Report) -> str:
    """All of it, ASCII only."""
    return json.dumps(document.model_dump(mode="json"), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def as_html(document: Report) -> str:
    """The page: styles and plots stand in it; it has no script."""
    css = _asset("clawc.runtime.report", "page.css") + _asset("clawc.runtime.synth", "report.css")
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = one_line
    page = environment.from_string(_asset("clawc.runtime.synth", "report.html.j2")).render(
        report=document, css=css, cards=_cards(document), notes=_notes(document), plots=_plots(document), tables=_tables(document),
        policy=f"default-src 'none'; style-src '{_hash(css)}'; base-uri 'none'; form-action 'none'",
    )  # fmt: skip
    return page.lstrip() + "\n"


def figures(d: Diversity) -> Table:
    """The figures of a set beside those of a published one."""
    theirs = CLAWGYM
    rows = [
        ("tasks", str(d.tasks), str(theirs.prompts)),
        (f"Vendi score, n = {theirs.vendi_n}", _vendi(d), f"{theirs.vendi:g}"),
        (
            "share of the most frequent opening",
            percent(d.openings[0].share if d.openings else 0),
            percent(theirs.opening_share),
        ),
    ]
    for at, (level, pairs) in enumerate(theirs.pairs):
        ours = (
            UNKNOWN
            if d.neighbours is None
            else f"{d.neighbours.at_least[at].sampled_pairs} (of {d.neighbours.sample} tasks)"
        )
        rows.append((f"pairs at a cosine of {level:g} or more", ours, str(pairs)))
    return Table(f"Beside {theirs.name}, {theirs.source}", ("figure", "this set", theirs.name), tuple(rows))


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _vendi(d: Diversity) -> str:
    if d.vendi is None:
        return UNKNOWN
    return f"{d.vendi.score:.1f}" + ("" if d.vendi.n == CLAWGYM.vendi_n else f" (n = {d.vendi.n})")


def _cards(r: Report) -> tuple[Card, ...]:
    d = r.diversity
    return (
        Card("Tasks", str(d.tasks), ", ".join(f"{s.name} {s.count}" for s in r.splits)),
        Card("Families", str(r.families), f"{len(r.archetypes)} archetypes"),
        Card("Structures", str(d.structures.distinct), f"largest share {percent(d.structures.largest_share)}"),
        Card("Vendi score", _vendi(d), f"{CLAWGYM.name}: {CLAWGYM.vendi:g}"),
        Card("Median neighbour", UNKNOWN if d.neighbours is None else f"{d.neighbours.median:.3f}", "cosine"),
        Card("Clean cards", str(r.clean), f"of {d.tasks}; {r.survived} survivors of {r.wrong} wrong answers"),
        Card(
            "Leaks",
            UNKNOWN if r.leaks is None else str(r.leaks),
            "no suite was compared with" if r.leaks is None else "into named suites",
        ),
    )


def _notes(r: Report) -> tuple[str, ...]:
    notes = [f"{n.count} candidates were not kept: {n.name}." for n in r.dropped]
    if not r.parted:
        notes.append("Families are in more than one split.")
    if r.diversity.neighbours is None:
        notes.append("The weights of vectors are not installed, so nothing is said of cosines.")
    return tuple(notes)


def _plots(r: Report) -> tuple[Plot, ...]:
    d = r.diversity
    made = [] if d.neighbours is None else [plots.cosines(d.neighbours, "cosines")]
    for c in d.coverage:
        says = f"{c.filled} of {c.possible} cells are filled, the least with {c.filled_floor}; entropy {c.entropy:.3f} of 1."
        if len(c.features) == 1:
            made.append(
                plots.bars(
                    [(cell.names[0], cell.count) for cell in c.cells],
                    f"Tasks by {c.features[0]}",
                    says,
                    f"by-{c.features[0]}",
                )
            )
        elif len(c.features) == 2:
            made.append(plots.heat(c, f"Tasks by {c.features[0]} and {c.features[1]}", says, "-".join(c.features)))
    made.append(
        plots.bars(
            [(n.name, n.count) for n in r.archetypes],
            "Tasks by archetype",
            f"{len(r.archetypes)} archetypes.",
            "archetypes",
        )
    )
    return tuple(made)


def _tables(r: Report) -> tuple[Table, ...]:
    d = r.diversity
    tables = [figures(d), Table("Coverage", ("features", "possible", "filled", "floor", "floor of filled", "entropy"),
                                tuple(_covered(c) for c in d.coverage))]  # fmt: skip
    if d.neighbours is not None:
        tables.append(Table("Neighbours", ("cosine of at least", "tasks", "pairs"),
                            tuple((f"{a.cosine:g}", str(a.tasks), str(a.pairs)) for a in d.neighbours.at_least)))  # fmt: skip
    tables.append(
        Table(
            "Most frequent openings",
            ("words", "tasks", "share"),
            tuple((o.words, str(o.count), percent(o.share)) for o in d.openings),
        )
    )
    return tuple(tables)


def _covered(c: Coverage) -> tuple[str, ...]:
    return (
        " × ".join(c.features),
        str(c.possible),
        str(c.filled),
        str(c.floor),
        str(c.filled_floor),
        f"{c.entropy:.3f}",
    )


def _counted(names: Iterable[str]) -> tuple[Named, ...]:
    return tuple(Named(name=name, count=n) for name, n in sorted(Counter(names).items()))


def _asset(package: str, name: str) -> str:
    return (resources.files(package) / name).read_text(encoding="utf-8")


def _hash(inline: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}"
