"""Families of tasks whose answer is prose, lines, XML, a calendar, a mail, a set or a family of files, or an edited table."""

from __future__ import annotations

import datetime
from decimal import Decimal
from random import Random

from tests.holdout.draw import GOODS, PEOPLE, SERVICES, TEAMS, TOWNS, csv_text, day, pence, task
from tests.holdout.model import (
    Answer,
    EventsTruth,
    Instance,
    LinesTruth,
    MailTruth,
    Part,
    ProseTruth,
    TableTruth,
    XmlTruth,
)


def brief(seed: int) -> Instance:
    """A report in Markdown: figures, a table, one bullet for each incident."""
    random = Random(f"brief {seed}")
    rows = [
        (
            f"IN-{random.randint(100, 999)}{n:02d}",
            random.choice(SERVICES[:5]),
            random.randint(2, 240),
            random.choice(PEOPLE),
        )
        for n in range(14)
    ]
    minutes = {s: sum(r[2] for r in rows if r[1] == s) for s in sorted({r[1] for r in rows})}
    table = sorted(
        ((s, Decimal(sum(r[1] == s for r in rows)), Decimal(m)) for s, m in minutes.items()),
        key=lambda r: (-r[2], r[0]),
    )
    worst = sorted(rows, key=lambda r: (-r[2], r[0]))[:3]
    parts = (
        Part("Summary", ((str(len(rows)), "incidents"), (str(sum(minutes.values())), "minutes"))),
        Part("Services", table=TableTruth(("service", "incidents", "minutes"), tuple(table))),
        Part("Worst incidents", tuple((key, who, str(m)) for key, _, m, who in worst), bullets=3),
    )
    return task(
        "brief", seed,
        inputs={"log": ("input/incidents.csv", csv_text(("id", "service", "minutes", "owner"), rows))},
        lets="""  let by_service = csv(log) | group service, incidents = count(), minutes = sum(minutes) | sort -minutes, service
  let worst = csv(log) | sort -minutes, id | take 3""",
        delivers='  deliver report "out/report.md" { sections = ["Summary", "Services", "Worst incidents"] }',
        instruction=(
            "Write {{ path.report }} about {{ path.log }} with the sections Summary, Services and Worst incidents, in this order. Summary\n"
            "states how many incidents there were and how many minutes they took together. Services is a table: service, incidents\n"
            "and minutes, sorted by minutes, highest first, then by service. Worst incidents has one bullet for each of the three\n"
            "longest incidents (equal ones by id): its id, owner and minutes. At most 250 words."
        ),
        checks="""    check summary {
      expect mentions(section(report, "Summary"), count(csv(log)), near = "incidents")
      expect mentions(section(report, "Summary"), sum(csv(log).minutes), near = "minutes")
    }
    check services { expect md_table(section(report, "Services")) == by_service }
    check worst_right {
      let items = bullets(section(report, "Worst incidents"))
      expect count(items) == 3
      expect worst | all any(items, mentions_all(value, [id, owner, minutes]))
    }
    check form {
      after = [summary, services, worst_right]
      expect words(report) <= 250
      expect mentions_in_order(headings(report), ["Summary", "Services", "Worst incidents"])
    }""",
        answers=[Answer("out/report.md", "markdown", ProseTruth(parts, most=250, headings=("summary", "services", "worst incidents")))],
    )  # fmt: skip


def letters(seed: int) -> Instance:
    """A text letter for each client who owes something: address, amount with two decimals, references, nobody else's."""
    random = Random(f"letters {seed}")
    clients = [
        (f"C-{n}", name, f"{name.split()[0].lower()}.{n}@example.com")
        for n, name in enumerate(random.sample([p for p in PEOPLE if p.isascii()], 5), 1)
    ]
    invoices = [(f"INV-{n:04d}", random.choice(clients)[0], pence(random, 20, 4000)) for n in range(1, 10)]
    refs = {key: [(i, a) for i, who, a in invoices if who == key] for key, _, _ in clients}
    answers = [
        Answer(
            f"outbox/{key}.txt", "text",
            ProseTruth(
                (Part("", ((f"{sum((a for _, a in own), Decimal(0)):.2f}",), *((i,) for i, _ in own)),
                      tuple(i for i, who, _ in invoices if who != key)),),
                f"To: {mail}", 80,
            ),
        )
        for key, _, mail in clients if (own := refs[key])
    ]  # fmt: skip
    return task(
        "letters", seed,
        inputs={
            "clients": ("input/clients.csv", csv_text(("client", "name", "mail"), clients)),
            "ledger": ("input/ledger.csv", csv_text(("invoice", "client", "amount"), invoices)),
        },
        lets="""  let owing = csv(ledger) | group client, owed = sum(amount), refs = list(invoice)
    | join csv(clients) on client | sort client""",
        delivers='  deliver letters "outbox/{{ client }}.txt" { each = owing; only = true }',
        instruction=(
            "For each client with invoices in {{ path.ledger }} write {{ path.letters }}, where client is the id; mails stand in\n"
            '{{ path.clients }}. The first line is "To: " and the mail. It names the sum of the amounts, with two decimals, and each of\n'
            "the client's invoices, and no invoice of others, in at most 80 words. Write no other file into outbox."
        ),
        checks="""    check letters_right {
      expect owing | all starts_with(text(letters[client]), "To: {{ mail }}\\n")
      expect owing | all mentions(letters[client], owed, decimals = 2) and mentions_all(letters[client], refs)
      expect owing | all words(letters[client]) <= 80
      expect owing | none mentions_any(letters[client], except(csv(ledger).invoice, refs))
    }""",
        answers=answers,
    )  # fmt: skip


def queue(seed: int) -> Instance:
    """A list of names in order, one a line."""
    random = Random(f"queue {seed}")
    rows = [(f"{name}", random.randint(1, 9), day(random)) for name in random.sample(PEOPLE, 10)]
    wanted = [r[0] for r in sorted(rows, key=lambda r: (-r[1], r[2], r[0])) if r[1] >= 3]
    return task(
        "queue", seed,
        inputs={"people": ("input/people.csv", csv_text(("name", "points", "since"), rows))},
        lets="  let queue = csv(people) | where points >= 3 | sort -points, since, name",
        delivers='  deliver list "output/queue.txt"',
        instruction=(
            "Write {{ path.list }}: the names of everybody in {{ path.people }} with at least 3 points, one a line, sorted by points,\n"
            "highest first, then by since, then by name."
        ),
        checks="    check right { expect lines(list) == queue.name }",
        answers=[Answer("output/queue.txt", "lines", LinesTruth(tuple(wanted)))],
    )  # fmt: skip


def catalog(seed: int) -> Instance:
    """Goods below a price as an XML document."""
    random = Random(f"catalog {seed}")
    rows = [
        (f"S{random.randint(10, 99)}{n:02d}", item, pence(random, 1, 200), random.choice(TOWNS))
        for n, item in enumerate(random.sample(GOODS, 10))
    ]
    least = Decimal(random.randint(60, 140))
    wanted = sorted((r for r in rows if r[2] < least), key=lambda r: r[0])
    truth = XmlTruth(
        "catalog", "item", tuple(((("sku", s), ("town", t)), (("name", i), ("price", p))) for s, i, p, t in wanted)
    )
    return task(
        "catalog", seed,
        inputs={"goods": ("input/goods.csv", csv_text(("sku", "name", "price", "town"), rows))},
        lets=f"  let cheap = csv(goods) | where price < {least} | sort sku",
        delivers='  deliver list "out/catalog.xml"',
        instruction=(
            f"Write {{{{ path.list }}}}: an element catalog with one element item for each row of {{{{ path.goods }}}} with a price below {least},\n"
            "sorted by sku; sku and town are its attributes, name and price elements in it."
        ),
        checks="""    check right {
      expect xml(list).tag == "catalog"
      expect xml_select(list, "*").tag == (cheap | derive tag = "item").tag
      expect xml_select(list, "item") | all count(attr) == 2 or true
      expect (xml_select(list, "item") | select sku = attr.sku, town = attr.town) == (cheap | select sku, town)
      expect xml_select(list, "item/name").text == cheap.name
      expect (xml_select(list, "item/price") | select price = number(text)) == (cheap | select price)
      expect count(xml_select(list, "item/*")) == 2 * count(cheap)
    }""".replace('      expect xml_select(list, "item") | all count(attr) == 2 or true\n', ""),
        solution="""  solution {
    write list = xml({tag: "catalog", children: (cheap | select tag = "item", attr = {sku: sku, town: town}, children = [
      {tag: "name", text: name}, {tag: "price", text: text(price)}
    ])})
  }
""",
        answers=[Answer("out/catalog.xml", "xml", truth)],
    )  # fmt: skip


def visits(seed: int) -> Instance:
    """Visits as events of a calendar."""
    random = Random(f"visits {seed}")
    rows: list[tuple[str, datetime.datetime, int, str, str]] = []
    for n in range(9):
        start = datetime.datetime(2026, 6, 1 + random.randrange(20), random.randint(8, 16), 15 * random.randrange(4))
        rows.append(
            (
                f"Visit {n} by {random.choice(PEOPLE)}",
                start,
                random.choice([30, 45, 90]),
                f"{random.choice(TOWNS)}, room {n}",
                random.choice(["yes", "no", "yes"]),
            )
        )
    events = tuple(
        (what, start, start + datetime.timedelta(minutes=m), where) for what, start, m, where, ok in rows if ok == "yes"
    )
    return task(
        "visits", seed,
        inputs={"plan": ("input/plan.csv", csv_text(("what", "start", "minutes", "place", "confirmed"), [(w, f"{s:%Y-%m-%dT%H:%M}", m, p, c) for w, s, m, p, c in rows]))},
        lets="""  let visits = csv(plan) | where confirmed == "yes"
    | select summary = what, start, end = start + 1min * minutes, location = place""",
        delivers='  deliver calendar "out/visits.ics"',
        instruction=(
            "Write the calendar {{ path.calendar }} with an event for each confirmed visit of {{ path.plan }}: summary (what), start, end\n"
            "(minutes later) and location (place), in local time without a zone."
        ),
        checks="    check right { expect ics(calendar) == visits }",
        answers=[Answer("out/visits.ics", "ics", EventsTruth(events))],
    )  # fmt: skip


def answer_mail(seed: int) -> Instance:
    """A mail with a subject and figures in its body."""
    random = Random(f"answer_mail {seed}")
    name = random.choice([p for p in PEOPLE if p.isascii() and "'" not in p])
    mail = f"{name.split()[0].lower()}@example.org"
    parts = [
        (item, random.randint(1, 60), pence(random, 1, 90))
        for item in random.sample(
            [g for g in GOODS if g.isascii() and "," not in g and "<" not in g and "&" not in g and "(" not in g], 5
        )
    ]
    short = [(i, n) for i, n, _ in parts if n < 40]
    town = random.choice(TOWNS)
    body = ProseTruth(
        (Part("", tuple((i, str(n)) for i, n in short), tuple(i for i, n, _ in parts if n >= 40)),), most=120
    )
    return task(
        "answer_mail", seed,
        inputs={
            "stock": ("input/stock.csv", csv_text(("item", "left", "price"), parts)),
            "ask": ("input/request.txt", f"From: {mail}\nName: {name}\n\nWhat is short in {town}?\n"),
        },
        lets="  let short = csv(stock) | where left < 40",
        delivers='  deliver reply "out/reply.eml"',
        instruction=(
            f"{{{{ path.ask }}}} asks what is short. Reply with the mail {{{{ path.reply }}}} to the sender, subject \"Short in {town}\", in at most 120\n"
            "words. Name each item of {{ path.stock }} of which fewer than 40 are left, with how many are left, in one sentence or\n"
            "bullet each, and no other item."
        ),
        checks=f"""    check headers {{
      expect email(reply).to == [field(ask, "From")]
      expect email(reply).subject == "Short in {town}"
    }}
    check figures {{
      expect short | all mentions(email(reply).body, left, near = item)
      expect csv(stock) | where left >= 40 | none mentions(email(reply).body, item)
    }}
    check short_enough {{ after = [figures]; expect words(email(reply).body) <= 120 }}""",
        solution=f"""  solution {{
    write reply = email({{
      to: [field(ask, "From")], subject: "Short in {town}", body: join_text((short | select line = "{{{{ left }}}} {{{{ item }}}}.").line, "\\n")
    }})
  }}
""",
        answers=[Answer("out/reply.eml", "email", MailTruth(mail, f"Short in {town}", body))],
    )  # fmt: skip


def team_notes(seed: int) -> Instance:
    """A set of Markdown files, one for each team, with the hours and the members."""
    random = Random(f"team_notes {seed}")
    rows = [(name, random.choice(TEAMS[:3]), random.randint(10, 45)) for name in random.sample(PEOPLE, 9)]
    teams = sorted({r[1] for r in rows})
    answers = [
        Answer(f"notes/{t}.md", "markdown", ProseTruth(
            (Part("Members", tuple((r[0],) for r in rows if r[1] == t), tuple(r[0] for r in rows if r[1] != t), sum(r[1] == t for r in rows)),
             Part("Hours", ((str(sum(r[2] for r in rows if r[1] == t)),),)))))
        for t in teams
    ]  # fmt: skip
    return task(
        "team_notes", seed,
        inputs={"staff": ("input/staff.csv", csv_text(("name", "team", "hours"), rows))},
        lets="""  let teams = csv(staff) | group team, members = list(name), hours = sum(hours) | sort team""",
        delivers='  deliver notes "notes/{{ team }}.md" { each = teams; only = true; sections = ["Members", "Hours"] }',
        instruction=(
            "For each team of {{ path.staff }} write {{ path.notes }} with the sections Members, one bullet for each member and nobody of\n"
            "another team, and Hours, with the sum of their hours. Write no other file there."
        ),
        checks="""    check members_right {
      expect teams | all mentions_all(section(notes[team], "Members"), members)
      expect teams | all count(bullets(section(notes[team], "Members"))) == length(members)
      expect teams | none mentions_any(section(notes[team], "Members"), except(csv(staff).name, members))
    }
    check hours_right { expect teams | all mentions(section(notes[team], "Hours"), hours) }""",
        answers=answers,
    )  # fmt: skip


def prices(seed: int) -> Instance:
    """A CSV edited in place: prices of some goods raised, all other rows and columns as they were."""
    random = Random(f"prices {seed}")
    rows = [
        (f"A{n:03d}", item, random.choice(TOWNS), pence(random, 1, 900))
        for n, item in enumerate(random.sample(GOODS, 10), 7)
    ]
    raised = [(r[0], r[3] + Decimal(random.randint(1, 300)) / 100) for r in random.sample(rows, 4)]
    new = dict(raised)
    wanted = tuple((k, i, t, new.get(k, p)) for k, i, t, p in rows)
    return task(
        "prices", seed,
        inputs={
            "list_0": ("data/prices.csv", csv_text(("sku", "item", "town", "price"), rows)),
            "news": ("input/new.csv", csv_text(("sku", "new"), raised)),
        },
        lets="""  let wanted = ordered(csv(list_0) | left_join csv(news) on sku | select sku, item, town, price = new ?? price)""",
        delivers='  deliver list "data/prices.csv" { edits = list_0; columns = [sku, item, town, price] }',
        instruction=(
            "Put the new prices of {{ path.news }} into the column price of {{ path.list }}, in place. All other rows, their order and the\n"
            "columns sku, item and town stay as they are."
        ),
        checks="    check right { expect rows(list) == wanted }",
        answers=[Answer("data/prices.csv", "csv", TableTruth(("sku", "item", "town", "price"), wanted))],
        edited=["data/prices.csv"],
    )  # fmt: skip


DOCUMENT_FAMILIES = (brief, letters, queue, catalog, visits, answer_mail, team_notes, prices)
