"""Random data of hold-out tasks, and the blocks of `.claw` that hold them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from tests.holdout.model import Answer, Instance

PEOPLE = (
    "Jörg Müller", "Ada Berg", "Zoë Ångström", "Bo Ito", "Chen Wei", "Dörte Groß", "Elif Şahin", "Finn O'Hara",
    "Gül Demir", "Hana Novák", "Ines Sá", "Jan de Vries", "Kim Larsen", "Lea Weiß", "Mia Rossi", "Nils Öberg",
)  # fmt: skip
TOWNS = ("Köln", "Bonn", "Zürich", "Malmö", "Graz", "Łódź", "Porto", "Århus")
TEAMS = ("north", "south", "east", "west", "harbour")
GOODS = (
    "lamp", "desk", "chair", "printer paper", "stapler", "Crème brûlée set", "whiteboard", "pen (blue)", "Ordner, A4",
    "cable 3 m", "hub", "mouse pad", "ink & toner", "label <small>", "clock", "shelf",
)  # fmt: skip
SERVICES = ("auth", "billing", "search", "mailer", "cache", "export", "ingest", "portal")


def pence(random: Random, low: int, high: int) -> Decimal:
    """An amount with two decimals, between two whole numbers."""
    return Decimal(random.randint(low * 100, high * 100)) / 100


def day(random: Random, first: str = "2026-01-01", span: int = 200) -> datetime.date:
    """A day in a span that begins on a date."""
    return datetime.date.fromisoformat(first) + datetime.timedelta(days=random.randrange(span))


def half_up(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Comma-separated text, quoted where it has to be."""
    return "".join(",".join(_quoted(str(cell)) for cell in row) + "\n" for row in [header, *rows])


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(sign in cell for sign in ',"\n') else cell


def block(text: str, depth: int) -> str:
    """A text between triple quotes, indented."""
    pad = " " * depth
    return (
        '"""\n' + "".join(pad + line + "\n" if line else "\n" for line in text.rstrip("\n").split("\n")) + pad + '"""'
    )


def task(
    family: str,
    seed: int,
    *,
    inputs: Mapping[str, tuple[str, str]],
    lets: str,
    delivers: str,
    instruction: str,
    checks: str,
    answers: Sequence[Answer],
    solution: str = "",
    edited: Sequence[str] = (),
) -> Instance:
    """A whole instance; `inputs` maps a name to path and text, `edited` are the paths that may change."""
    files = "\n".join(
        f'    file {name} "{path}" {{ content = {block(text, 6)} }}' for name, (path, text) in inputs.items()
    )
    delivered = [line.split()[1] for line in delivers.strip().splitlines() if "edits" in line]
    kept = f"only_changed([{', '.join(delivered)}])" if edited else "unchanged(workspace)"
    source = f"""claw 1

task {family} {{
  title = "{family.replace("_", " ").capitalize()}"
  workspace {{
{files}
  }}
{lets.strip(chr(10))}
{delivers.strip(chr(10))}
  instruction = {block(instruction, 4)}
  verify {{
{checks.strip(chr(10))}
    require inputs_kept {{ expect {kept} }}
  }}
{solution}}}
"""
    bodies = {path: (text.rstrip("\n") + "\n").encode() for path, text in inputs.values() if path not in edited}
    return Instance(family, seed, source, tuple(answers), bodies)
