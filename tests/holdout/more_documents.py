"""Families with labelled lines, dates and shares in prose, sets of files, nested lists, a workbook of two sheets."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from tests.holdout.draw import PEOPLE, TEAMS, TOWNS, csv_text, day, half_up, pence, task
from tests.holdout.model import Answer, Instance, LabelsTruth, Part, ProseTruth, TableTruth, TreeTruth, Value

PLAIN = tuple(name for name in PEOPLE if name.isascii() and "'" not in name)


def slip(seed: int) -> Instance:
    """A text of labelled lines: a number, a date, a name."""
    random = Random(f"slip {seed}")
    rows = [(f"R{n:02d}", random.choice(PEOPLE), pence(random, 5, 400), day(random)) for n in range(9)]
    total = sum((r[2] for r in rows), Decimal(0))
    top = max(rows, key=lambda r: r[2])
    fields = (
        ("Total", total),
        ("First day", min(r[3] for r in rows)),
        ("Largest", top[1]),
        ("Receipts", Decimal(len(rows))),
    )
    return task(
        "slip", seed,
        inputs={"receipts": ("input/receipts.csv", csv_text(("id", "buyer", "amount", "day"), rows))},
        lets="  let top = csv(receipts) | sort -amount, id | take 1",
        delivers='  deliver slip "output/slip.txt"',
        instruction=(
            'Write {{ path.slip }} about {{ path.receipts }} with the lines "Total: ", the sum of the amounts as a number, "First day: ",\n'
            'the earliest day as YYYY-MM-DD, "Largest: ", the buyer of the largest amount, and "Receipts: ", how many there are.'
        ),
        checks="""    check right {
      expect number(field(slip, "Total")) == sum(csv(receipts).amount)
      expect date(field(slip, "First day")) == min(csv(receipts).day)
      expect field(slip, "Largest") == only(top).buyer
      expect number(field(slip, "Receipts")) == count(csv(receipts))
    }""",
        solution="""  solution {
    write slip = join_text([
      "Total: {{ sum(csv(receipts).amount) }}", "First day: {{ min(csv(receipts).day) }}", "Largest: {{ only(top).buyer }}",
      "Receipts: {{ count(csv(receipts)) }}"
    ], "\\n")
  }
""",
        answers=[Answer("output/slip.txt", "labels", LabelsTruth(fields))],
    )  # fmt: skip


def review(seed: int) -> Instance:
    """A report with days, a share and a count in sentences."""
    random = Random(f"review {seed}")
    rows = [
        (name, random.choice(TEAMS), day(random, "2026-02-03", 150), random.choice(["passed", "failed"]))
        for name in random.sample(PLAIN, 6)
    ]
    passed = sum(r[3] == "passed" for r in rows)
    share = half_up(Decimal(100 * passed) / len(rows), 1)
    last = sorted(rows, key=lambda r: (r[2], r[0]))[-1]
    parts = (
        Part("Result", ((f"{share}%",), (str(len(rows)), "people"))),
        Part("Last review", ((last[0], last[2].isoformat()),), tuple(r[0] for r in rows if r != last)),
    )
    return task(
        "review", seed,
        inputs={"reviews": ("input/reviews.csv", csv_text(("name", "team", "day", "result"), rows))},
        lets="""  let passed = csv(reviews) | where result == "passed"
  let percent = "{{ format_number(count(passed) * 100 / count(csv(reviews)), 1) }} %"
  let last = only(csv(reviews) | sort -day, -name | take 1)""",
        delivers='  deliver report "out/review.md" { sections = ["Result", "Last review"] }',
        instruction=(
            "Write {{ path.report }} about {{ path.reviews }} with two sections. Result says what percentage passed, with one decimal, and how\n"
            "many people there are. Last review says in one sentence who was reviewed last (of equal days the last name) and on\n"
            "which day, and names nobody else."
        ),
        checks="""    check result {
      expect mentions(section(report, "Result"), percent)
      expect mentions(section(report, "Result"), count(csv(reviews)), near = "people")
    }
    check latest {
      expect mentions(section(report, "Last review"), last.day, near = last.name)
      expect csv(reviews) | where name != last.name | none mentions(section(report, "Last review"), name)
    }""",
        answers=[Answer("out/review.md", "markdown", ProseTruth(parts))],
    )  # fmt: skip


def cards(seed: int) -> Instance:
    """A set of files of which the task names none: two or three cards, each about one town."""
    random = Random(f"cards {seed}")
    towns = sorted(random.sample([t for t in TOWNS if t.isascii()], 3))
    rows = [(town, name, random.randint(11, 99)) for town in towns for name in random.sample(PLAIN, 2)]
    answers = [
        Answer(f"cards/{t.lower()}.txt", "text", ProseTruth((Part("", ((t,), *((r[1], str(r[2])) for r in rows if r[0] == t)), tuple(x for x in towns if x != t)),)))
        for t in towns
    ]  # fmt: skip
    return task(
        "cards", seed,
        inputs={"desks": ("input/desks.csv", csv_text(("town", "name", "desk"), rows))},
        lets="  let towns = csv(desks) | group town, n = count() | derive file = \"{{ lower(town) }}.txt\" | sort town",
        delivers='  deliver cards "cards/*.txt" { min_files = 3; max_files = 3 }',
        instruction=(
            "For each town of {{ path.desks }} write a file into the folder {{ path.cards }}, named by the town in lower case with .txt:\n"
            "the town, and for each of its people one sentence with the name and the desk. No card names another town."
        ),
        checks="""    check cards_right {
      expect names(cards) == set(towns.file)
      expect towns | all mentions(cards[file], town)
      expect csv(desks) | all mentions(cards["{{ lower(town) }}.txt"], desk, near = name)
      expect towns | none mentions_any(cards[file], except(towns.town, [town]))
    }""",
        solution="""  solution {
    write cards = record(towns | select file, said = "{{ town }}\\n" + join_text((csv(desks) | where lower(town) + ".txt" == file
      | select said = "- {{ name }}: desk {{ desk }}").said, "\\n"))
  }
""",
        answers=answers,
    )  # fmt: skip


def plan(seed: int) -> Instance:
    """Records in lists in a record: an order with its lines, where the order of the lines counts."""
    random = Random(f"plan {seed}")
    rows = [(f"O{1 + n % 3}", f"part {n}", random.randint(1, 9), pence(random, 1, 50)) for n in range(9)]
    keys = sorted({r[0] for r in rows})
    orders: list[Value] = []
    for key in keys:
        own = sorted((r for r in rows if r[0] == key), key=lambda r: (-r[3], r[1]))
        lines: list[Value] = [{"part": r[1], "count": Decimal(r[2]), "price": r[3]} for r in own]
        orders.append({"order": key, "sum": sum((r[2] * r[3] for r in own), Decimal(0)), "lines": lines})
    return task(
        "plan", seed,
        inputs={"parts": ("input/parts.csv", csv_text(("order", "part", "count", "price"), rows))},
        lets="""  let orders = csv(parts) | group order, sum = sum(count * price)
    | nest_join lines = (csv(parts) | sort -price, part) on order | sort order""",
        delivers='  deliver plan "output/plan.json" { keys = [orders] }',
        instruction=(
            "Write {{ path.plan }}: an object with the key orders, a list with one object for each order of {{ path.parts }}, sorted by\n"
            "order: order, sum (of count times price) and lines, a list of its parts (part, count and price), highest price first,\n"
            "then by part."
        ),
        checks="""    check right {
      expect json(plan) == {orders: (orders | select order, sum, lines = (lines | select part, count, price))}
    }""",
        answers=[Answer("output/plan.json", "json", TreeTruth({"orders": orders}))],
    )  # fmt: skip


def shares(seed: int) -> Instance:
    """Shares with a relative tolerance and a fixed order of columns, as CSV."""
    random = Random(f"shares {seed}")
    rows = [(team, n, pence(random, 100, 9000)) for n in range(1, 4) for team in TEAMS]
    whole = sum((r[2] for r in rows), Decimal(0))
    wanted = [(t, own, own / whole) for t in TEAMS if (own := sum((r[2] for r in rows if r[0] == t), Decimal(0)))]
    wanted.sort(key=lambda r: -r[2])
    return task(
        "shares", seed,
        inputs={"costs": ("input/costs.csv", csv_text(("team", "month", "cost"), rows))},
        lets="""  let whole = sum(csv(costs).cost)
  let shares = csv(costs) | group team, cost = sum(cost) | derive share = cost / whole | sort -share, team""",
        delivers='  deliver table "output/shares.csv" { columns = columns(shares); column_order = true }',
        instruction=(
            "Write {{ path.table }} with the columns team, cost (its sum) and share (of all costs in {{ path.costs }}, as a fraction with at\n"
            "least four decimals), in this order, one row for each team, sorted by share, highest first, then by team."
        ),
        checks="    check right { expect rows(table) == shares within 0.0001 }",
        answers=[Answer("output/shares.csv", "csv", TableTruth(("team", "cost", "share"), tuple(wanted), True, Decimal("0.0001"), fixed=True))],
    )  # fmt: skip


MORE_FAMILIES = (slip, review, cards, plan, shares)
