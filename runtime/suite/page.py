"""Pages and texts about a suite: cards, notes, plots and tables, laid out as the report's are. jinja2 escapes every text."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from clawc import __version__
from clawc.runtime.report.page import Card, rendered
from clawc.runtime.report.plots import Plot
from clawc.runtime.report.tables import Table
from clawc.runtime.report.text import laid_out, plain


@dataclass(frozen=True, slots=True)
class Part:
    """A section; `key` is unique on the page."""

    key: str
    title: str
    notes: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """`alarms` stand at the top."""

    title: str
    lead: str
    alarms: tuple[str, ...]
    cards: tuple[Card, ...]
    parts: tuple[Part, ...]
    footer: str


def html_of(page: Page) -> str:
    """The page as one document that asks for nothing."""
    template = (resources.files("clawc.runtime.suite") / "page.html.j2").read_text(encoding="utf-8")
    return rendered(template, page=page, clawc=__version__)


def text_of(page: Page) -> str:
    """The same for a terminal, without plots."""
    parts = [f"{plain(page.title)}\n" + "".join(f"{plain(alarm)}\n" for alarm in page.alarms)]
    for part in page.parts:
        parts.append("".join(f"note: {plain(note)}\n" for note in part.notes))
        for table in part.tables:
            parts.append(laid_out(table) + (f"  {plain(table.note)}\n" if table.note and table.rows else ""))
    return "\n".join([*(part for part in parts if part), f"{plain(page.footer)}\n"])
