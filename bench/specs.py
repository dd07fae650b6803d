"""Specs made up for measurements: distinct, about 40 lines each, of five kinds, the same for the same number everywhere."""

from __future__ import annotations

import random
from collections.abc import Callable

THINGS = ("orders", "invoices", "shifts", "parcels", "tickets", "loans", "samples", "visits", "claims", "repairs")
KEYS = ("customer", "region", "team", "depot", "vendor", "branch", "project", "ward", "route", "crew")
MEASURES = ("amount", "weight", "hours", "price", "distance", "fee", "volume", "points", "duration", "cost")
WORDS = (
    "Ada",
    "Bela",
    "Chen",
    "Dara",
    "Emil",
    "Fay",
    "Gus",
    "Hana",
    "Ivo",
    "Jun",
    "Kira",
    "Leo",
    "Mina",
    "Nils",
    "Olga",
)


def spec(number: int) -> str:
    """The text of the spec with this number."""
    rng = random.Random(number)
    return KINDS[number % len(KINDS)](rng, f"t{number}")


def _rows(rng: random.Random, columns: int = 3) -> list[list[str]]:
    names = rng.sample(WORDS, 4)
    values = rng.sample(range(100, 9900), 12)
    return [[str(1000 + i), rng.choice(names), f"{values[i] / 100:.2f}"][:columns] for i in range(rng.randrange(6, 9))]


def _csv(header: str, rows: list[list[str]], indent: int) -> str:
    return "".join(f"{' ' * indent}{line}\n" for line in [header, *(",".join(r) for r in rows)])


def _totals(rng: random.Random, name: str) -> str:
    thing, key, measure = rng.choice(THINGS), rng.choice(KEYS), rng.choice(MEASURES)
    return f'''claw 1

## {thing} by {key}
task {name} {{
  title      = "Total the {thing} by {key}"
  category   = office.records
  operations = [files.extract, data.aggregate, files.write]

  workspace {{
    file {thing} "input/{thing}.csv" {{
      content = """
{_csv(f"number,{key},{measure}", _rows(rng), 8)}        """
    }}
  }}

  let totals = csv({thing})
    | group {key}, {thing} = count(), total = sum({measure})
    | sort -total, {key}

  deliver report "output/totals.csv" {{ columns = columns(totals) }}

  instruction = """
    Read {{{{ path.{thing} }}}} and write {{{{ path.report }}}}: one row for each {key} with the columns {key}, {thing}
    (how many) and total (the sum of the column {measure}), sorted by total, highest first; those with the same total
    are sorted by {key}.
    """

  verify {{
    check totals_right {{
      because = "sorted by total, highest first"
      expect rows(report) == totals within 0.005
    }}
    require inputs_kept {{ expect unchanged(workspace) }}
  }}
}}
'''


def _summary(rng: random.Random, name: str) -> str:
    thing, key, measure = rng.choice(THINGS), rng.choice(KEYS), rng.choice(MEASURES)
    least = rng.randrange(20, 60)
    return f'''claw 1

task {name} {{
  title      = "Sum up the large {thing}"
  category   = analysis.calculation
  operations = [files.extract, data.filter, files.write]

  workspace {{
    file {thing} "data/{thing}.csv" {{
      content = """
{_csv(f"number,{key},{measure}", _rows(rng), 8)}        """
    }}
  }}

  let large = csv({thing}) | where {measure} >= {least}

  deliver summary "out/summary.json" {{ keys = [large, largest] }}
  deliver note    "out/note.md" {{ sections = ["Summary"] }}

  instruction = """
    Of {{{{ path.{thing} }}}}, take the {thing} with a {measure} of at least {least}. Write {{{{ path.summary }}}} with the keys
    large (how many there are) and largest (the highest {measure} of all {thing}). Write {{{{ path.note }}}} with the
    section Summary, in at most 80 words, which names both numbers.
    """

  verify {{
    check summary_right {{
      weight = 2
      expect json(summary).large == count(large)
      expect json(summary).largest == max(csv({thing}).{measure})
    }}
    check note_right {{
      because = "which names both numbers"
      expect mentions(section(note, "Summary"), count(large))
      expect mentions(section(note, "Summary"), max(csv({thing}).{measure}))
      expect words(note) <= 80
    }}
  }}
}}
'''


def _joined(rng: random.Random, name: str) -> str:
    thing, key, measure = rng.choice(THINGS), rng.choice(KEYS), rng.choice(MEASURES)
    rows = _rows(rng)
    people = sorted({r[1] for r in rows})
    cities = [[p, rng.choice(("Bern", "Oslo", "Riga", "Turin"))] for p in people]
    return f'''claw 1

task {name} {{
  title    = "Find the {thing} without a place"
  category = office.records

  workspace {{
    file {thing} "in/{thing}.csv" {{
      content = """
{_csv(f"number,{key},{measure}", [*rows, ["2000", "Zoe", "1.25"]], 8)}        """
    }}
    file places "in/places.csv" {{
      content = """
{_csv(f"{key},city", cities, 8)}        """
    }}
  }}

  let missing = csv({thing}) | anti_join csv(places) on {key} | select number, {key}
  let placed  = csv({thing}) | join csv(places) on {key} | group city, total = sum({measure}) | sort city

  deliver gaps   "out/gaps.csv" {{ columns = [number, {key}] }}
  deliver cities "out/cities.csv" {{ columns = columns(placed) }}

  instruction = """
    {{{{ path.places }}}} says where each {key} is. Write {{{{ path.gaps }}}} with number and {key} of the rows of {{{{ path.{thing} }}}} whose
    {key} it lacks, and {{{{ path.cities }}}} with city and total (the sum of {measure}), sorted by city.
    """

  verify {{
    check gaps_right   {{ expect rows(gaps) == unordered(missing) }}
    check cities_right {{ expect rows(cities) == placed within 0.005 }}
  }}
}}
'''


def _edited(rng: random.Random, name: str) -> str:
    first, second = rng.sample(MEASURES, 2)
    old, new = rng.sample(range(10, 99), 2)
    return f'''claw 1

task {name} {{
  title      = "Raise a limit"
  category   = systems.configuration
  operations = [files.edit]

  workspace {{
    file settings_0 "config/limits.yaml" {{
      content = """
        # limits of the service
        limits:
          {first}: {old}
          {second}: {rng.randrange(100, 999)}
        owner: {rng.choice(WORDS)}
        """
    }}
    file readme "README.md" {{
      content = """
        The service reads config/limits.yaml when it starts.
        """
    }}
  }}

  deliver settings "config/limits.yaml" {{ edits = settings_0 }}

  instruction = """
    {{{{ path.readme }}}} says what reads {{{{ path.settings }}}}. Set the limit {first} in it to {new}. Change nothing else.
    """

  verify {{
    check limit_set {{ expect yaml(settings) == patch(yaml(settings_0), {{"limits.{first}": {new}}}) }}
    check nothing_else {{
      after   = [limit_set]
      because = "Change nothing else"
      expect only_changed([settings])
    }}
  }}
}}
'''


def _logged(rng: random.Random, name: str) -> str:
    services = rng.sample(("auth", "billing", "search", "mail", "queue"), 3)
    lines = [
        f"2026-03-{1 + i:02} {rng.choice(('INFO', 'WARN', 'ERROR'))} {rng.choice(services)} job {rng.randrange(100, 999)}"
        for i in range(8)
    ]
    log = "".join(f"        {line}\n" for line in [*lines, f"2026-03-20 ERROR {services[0]} job 99"])
    return f'''claw 1

task {name} {{
  title      = "Count the errors of each service"
  category   = systems.incidents
  operations = [files.extract, data.aggregate]

  workspace {{
    file log "logs/service.log" {{
      content = """
{log}        """
    }}
  }}

  let entries = lines(log) | parse re"^(?P<day>\\S+) (?P<level>[A-Z]+) (?P<service>\\w+) job (?P<job>\\d+)$"
  let errors  = entries
    | where level == "ERROR"
    | group service, errors = count(), last = max(day)
    | sort service

  deliver counts "out/errors.csv" {{ columns = columns(errors) }}

  instruction = """
    Entries of {{{{ path.log }}}} have a day, a level, a service and a job. Write {{{{ path.counts }}}} with the columns service,
    errors (how many entries of the level ERROR) and last (the day of the last of them), sorted by service.
    """

  verify {{
    check counts_right {{
      because = "sorted by service"
      expect rows(counts) == errors
    }}
  }}
}}
'''


KINDS: tuple[Callable[[random.Random, str], str], ...] = (_totals, _summary, _joined, _edited, _logged)
