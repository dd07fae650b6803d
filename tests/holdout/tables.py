"""Families of tasks whose answer is a table: csv, tsv, json, jsonl, html, xlsx, sqlite."""

from __future__ import annotations

import datetime
from decimal import Decimal
from random import Random

from tests.holdout.draw import GOODS, PEOPLE, SERVICES, TEAMS, TOWNS, csv_text, day, half_up, pence, task
from tests.holdout.model import Answer, Instance, TableTruth

CENT = Decimal("0.005")


def totals(seed: int) -> Instance:
    """Orders to totals of each customer, highest first, as CSV."""
    random = Random(f"totals {seed}")
    customers = random.sample([*PEOPLE, "Weiß, Söhne & Co.", "Sá, Ltd"], 6)
    orders = [(1000 + n, random.choice(customers), pence(random, 1, 900)) for n in range(18)]
    wanted = [
        (who, Decimal(len(own)), sum(own, Decimal(0)))
        for who in customers
        if (own := [amount for _, buyer, amount in orders if buyer == who])
    ]
    wanted.sort(key=lambda row: (-row[2], row[0]))
    columns = ("customer", "orders", "total")
    return task(
        "totals", seed,
        inputs={"orders": ("input/orders.csv", csv_text(("order", "customer", "amount"), orders))},
        lets="  let totals = csv(orders) | group customer, orders = count(), total = sum(amount) | sort -total, customer",
        delivers='  deliver report "output/totals.csv" { columns = columns(totals) }',
        instruction=(
            "Read {{ path.orders }} and write {{ path.report }} with the columns customer, orders (how many) and total (the sum\n"
            "of the amounts in euros), one row for each customer, sorted by total, highest first, then by customer."
        ),
        checks="    check right { expect rows(report) == totals within 0.005 }",
        answers=[Answer("output/totals.csv", "csv", TableTruth(columns, tuple(wanted), True, CENT))],
    )  # fmt: skip


def late(seed: int) -> Instance:
    """Unpaid invoices that were due before a day, as TSV with dates."""
    random = Random(f"late {seed}")
    today = datetime.date(2026, 5, 1)
    invoices = [
        (f"{n:04d}", random.choice(PEOPLE), day(random), pence(random, 5, 3000), random.choice(["yes", "no", "no"]))
        for n in range(1, 25)
    ]
    wanted = [
        (number, client, due, amount, Decimal((today - due).days))
        for number, client, due, amount, paid in invoices
        if paid == "no" and due < today
    ]
    wanted.sort(key=lambda row: (row[2], row[0]))
    return task(
        "late", seed,
        inputs={"ledger": ("in/ledger.csv", csv_text(("invoice", "client", "due", "amount", "paid"), invoices))},
        lets="""  let late = csv(ledger) | where paid == "no" and due < @2026-05-01
    | derive days = days(@2026-05-01 - due) | select invoice, client, due, amount, days | sort due, invoice""",
        delivers='  deliver list "out/late.tsv" { columns = columns(late) }',
        instruction=(
            "Today is 2026-05-01. Write {{ path.list }} with the columns invoice, client, due, amount and days (days since it was\n"
            "due): every invoice of {{ path.ledger }} that is not paid and was due before today, sorted by due, then by invoice."
        ),
        checks="    check right { expect rows(list) == late }",
        answers=[Answer("out/late.tsv", "tsv", TableTruth(("invoice", "client", "due", "amount", "days"), tuple(wanted)))],
    )  # fmt: skip


def roster(seed: int) -> Instance:
    """People with the lead of their team, null where there is none, as an array of objects in any order."""
    random = Random(f"roster {seed}")
    people = random.sample(PEOPLE, 9)
    staff = [(f"P{n}", name, random.choice(TEAMS), random.randint(20, 40)) for n, name in enumerate(people, 1)]
    leads = {team: random.choice(PEOPLE) for team in random.sample(TEAMS, 4)}
    wanted = [(key, name, team, leads.get(team), Decimal(hours)) for key, name, team, hours in staff]
    return task(
        "roster", seed,
        inputs={
            "staff": ("input/staff.csv", csv_text(("id", "name", "team", "hours"), staff)),
            "leads": ("input/leads.csv", csv_text(("team", "lead"), leads.items())),
        },
        lets="  let roster = csv(staff) | left_join csv(leads) on team | select id, name, team, lead, hours",
        delivers='  deliver list "output/roster.json" { columns = [id, name, team, lead, hours] }',
        instruction=(
            "Write {{ path.list }}, a JSON array with one object for each person of {{ path.staff }}: id, name, team, lead (of the team,\n"
            "in {{ path.leads }}; null if it has none) and hours, a number."
        ),
        checks="    check right { expect rows(list) == roster }",
        answers=[
            Answer("output/roster.json", "json_rows", TableTruth(("id", "name", "team", "lead", "hours"), tuple(wanted), False))
        ],
    )  # fmt: skip


def errors(seed: int) -> Instance:
    """Errors of a log, in order of time, as JSON lines with times and codes."""
    random = Random(f"errors {seed}")
    moment = datetime.datetime(2026, 3, 2, 1, 0)
    entries: list[tuple[datetime.datetime, str, str, str, int]] = []
    for _ in range(24):
        moment += datetime.timedelta(seconds=random.randint(5, 3000))
        level = random.choice(["INFO", "WARN", "ERROR", "ERROR"])
        entries.append(
            (moment, level, random.choice(SERVICES), f"{random.randint(1, 60):03d}", random.randint(0, 5000))
        )
    log = "".join(f"{at.isoformat()} {level} {who} code={code} took={ms}\n" for at, level, who, code, ms in entries)
    wanted = [(at, who, code, Decimal(ms)) for at, level, who, code, ms in entries if level == "ERROR"]
    return task(
        "errors", seed,
        inputs={"log": ("logs/app.log", log)},
        lets="""  let bad = lines(log)
    | parse re"^(?P<at>\\\\S+) (?P<level>[A-Z]+) (?P<service>\\\\w+) code=(?P<code>[0-9]+) took=(?P<ms>[0-9]+)$"
    | where level == "ERROR" | derive at = datetime(at), ms = number(ms) | select at, service, code, ms | sort at""".replace("\\\\", "\\"),
        delivers='  deliver list "output/errors.jsonl" { columns = columns(bad) }',
        instruction=(
            "Write {{ path.list }}: one JSON object a line for every line of {{ path.log }} with the level ERROR: at (date and time as\n"
            "there), service, code (a text of three digits) and ms (a number), sorted by at."
        ),
        checks="    check right { expect rows(list) == bad }",
        answers=[Answer("output/errors.jsonl", "jsonl", TableTruth(("at", "service", "code", "ms"), tuple(wanted)))],
    )  # fmt: skip


def _stock(random: Random) -> list[tuple[str, Decimal, int, datetime.date]]:
    """Goods with price, how many are left, and the day on which they were counted."""
    return [(item, pence(random, 1, 1500), random.randint(0, 40), day(random)) for item in random.sample(GOODS, 12)]


def price_page(seed: int) -> Instance:
    """What is short in stock, as a table of a page with a title."""
    random = Random(f"price_page {seed}")
    stock = _stock(random)
    least = random.randint(12, 25)
    wanted = sorted((item, Decimal(left), price) for item, price, left, _ in stock if left < least)
    town = random.choice(TOWNS)
    title = f"Short in {town}"
    return task(
        "price_page", seed,
        inputs={"stock": ("input/stock.csv", csv_text(("item", "price", "left", "counted"), stock))},
        lets=f"  let short = csv(stock) | where left < {least} | select item, left, price | sort item",
        delivers='  deliver page "site/short.html"',
        instruction=(
            f'Write {{{{ path.page }}}}, a page with the heading (h1) "{title}" and one table with the columns item, left and price of all\n'
            f"rows of {{{{ path.stock }}}} of which fewer than {least} are left, sorted by item."
        ),
        checks=f"""    check right {{
      expect html_table(page) == short
      expect columns(html_table(page)) == set(columns(short))
    }}
    check titled {{ expect html_select(page, "h1").text == ["{title}"] }}""",
        solution=f"""  solution {{
    write page = html({{tag: "html", children: [
      {{tag: "h1", text: "{title}"}},
      {{tag: "table", children: [
        {{tag: "tr", children: [{{tag: "th", text: "item"}}, {{tag: "th", text: "left"}}, {{tag: "th", text: "price"}}]}}
      ] + list((short | select row = {{tag: "tr", children: [
        {{tag: "td", text: item}}, {{tag: "td", text: text(left)}}, {{tag: "td", text: text(price)}}
      ]}}).row)}}
    ]}})
  }}
""",
        answers=[Answer("site/short.html", "html", TableTruth(("item", "left", "price"), tuple(wanted)))],
    )  # fmt: skip


def book(seed: int) -> Instance:
    """Values of stock by month of the count, as a workbook."""
    random = Random(f"book {seed}")
    stock = _stock(random)
    wanted = [
        (item, counted, Decimal(left), half_up(price * left, 2)) for item, price, left, counted in stock if left > 0
    ]
    wanted.sort(key=lambda row: (-row[3], row[0]))
    return task(
        "book", seed,
        inputs={"stock": ("input/stock.csv", csv_text(("item", "price", "left", "counted"), stock))},
        lets="""  let worth = csv(stock) | where left > 0 | derive value = round(price * left, 2)
    | select item, counted, left, value | sort -value, item""",
        delivers='  deliver book "output/worth.xlsx" { columns = columns(worth) }',
        instruction=(
            "Write the workbook {{ path.book }}: for each item of {{ path.stock }} of which more than 0 are left the columns item,\n"
            "counted (a date), left and value (price times left), sorted by value, highest first, then by item."
        ),
        checks="    check right { expect rows(book) == worth within 0.005 }",
        answers=[
            Answer("output/worth.xlsx", "xlsx", TableTruth(("item", "counted", "left", "value"), tuple(wanted), True, CENT))
        ],
    )  # fmt: skip


def store(seed: int) -> Instance:
    """Orders with the town of the customer, as a table of a database."""
    random = Random(f"store {seed}")
    people = {f"K{n:02d}": (name, random.choice(TOWNS)) for n, name in enumerate(random.sample(PEOPLE, 6), 1)}
    orders = [(n, random.choice([*people, "K77"]), pence(random, 1, 500)) for n in range(1, 16)]
    wanted = [
        (Decimal(n), *people[key], amount) for n, key, amount in orders if key in people and amount >= Decimal(50)
    ]
    return task(
        "store", seed,
        inputs={
            "orders": ("input/orders.csv", csv_text(("order", "customer", "amount"), orders)),
            "people": ("input/people.csv", csv_text(("customer", "name", "town"), [(k, *v) for k, v in people.items()])),
        },
        lets="""  let sold = csv(orders) | where amount >= 50 | join csv(people) on customer
    | select order, name, town, amount""",
        delivers='  deliver base "output/shop.sqlite"',
        instruction=(
            "Write the SQLite database {{ path.base }} with a table sold: order, name, town and amount of every order of {{ path.orders }}\n"
            "of at least 50 whose customer stands in {{ path.people }}."
        ),
        checks="""    check right {
      expect sqlite(base, "sold") == sold
      expect columns(sqlite(base, "sold")) == set(columns(sold))
    }""",
        answers=[
            Answer("output/shop.sqlite", "sqlite",
                   TableTruth(("order", "name", "town", "amount"), tuple(wanted), False, name="sold"))
        ],
    )  # fmt: skip


TABLE_FAMILIES = (totals, late, roster, errors, price_page, book, store)
