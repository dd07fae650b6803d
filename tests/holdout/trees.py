"""Families of tasks whose answer is a tree of values: json, yaml, toml, ini, and such files edited in place."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random

from tests.holdout.draw import SERVICES, TEAMS, csv_text, half_up, pence, task
from tests.holdout.model import Answer, Instance, TreeTruth, Value


def _tickets(random: Random) -> list[tuple[str, str, int, str]]:
    return [
        (f"{random.randint(1, 999):04d}", random.choice(TEAMS), random.randint(1, 90), random.choice(["open", "done"]))
        for _ in range(20)
    ]


def _digest(family: str, seed: int, form: str) -> Instance:
    """Counts of tickets as a tree with nested records, a list, a condition and a text of digits."""
    random = Random(f"{family} {seed}")
    tickets = _tickets(random)
    waiting = [t for t in tickets if t[3] == "open"]
    teams = {team: Decimal(sum(t[1] == team for t in waiting)) for team in sorted({t[1] for t in tickets})}
    longest = max(t[2] for t in tickets)
    value: dict[str, Value] = {
        "total": Decimal(len(tickets)),
        "open": Decimal(len(waiting)),
        "share": half_up(Decimal(len(waiting)) / len(tickets), 2),
        "overdue": longest > 80,
        "first": tickets[0][0],
        "teams": dict(teams.items()),
        "busy": [key for key, n in teams.items() if n >= 2],
    }
    return task(
        family, seed,
        inputs={"tickets": ("input/tickets.csv", csv_text(("ticket", "team", "hours", "state"), tickets))},
        lets="""  let open = csv(tickets) | where state == "open"
  let teams = csv(tickets) | group team, n = count_if(state == "open") | sort team""",
        delivers=f'  deliver digest "output/digest.{form}"',
        instruction=(
            "Sum up {{ path.tickets }} in {{ path.digest }}: total (tickets), open (of them in state open), share (open of total, two\n"
            "decimals), overdue (is one longer than 80 hours?), first (the number of the first ticket, a text), teams (open\n"
            "tickets of each team) and busy (a list of the teams with two or more open tickets, sorted)."
        ),
        checks=f"""    check right {{
      expect {form}(digest) == {{
        total: count(csv(tickets)), open: count(open), share: round(count(open) / count(csv(tickets)), 2),
        overdue: max(csv(tickets).hours) > 80, first: first(csv(tickets).ticket), teams: record(teams),
        busy: (teams | where n >= 2).team
      }}
    }}""",
        answers=[Answer(f"output/digest.{form}", form, TreeTruth(value))],
    )  # fmt: skip


def digest_json(seed: int) -> Instance:
    return _digest("digest_json", seed, "json")


def digest_yaml(seed: int) -> Instance:
    return _digest("digest_yaml", seed, "yaml")


def digest_toml(seed: int) -> Instance:
    return _digest("digest_toml", seed, "toml")


def hosts(seed: int) -> Instance:
    """One section for each service, as INI."""
    random = Random(f"hosts {seed}")
    rows = [
        (name, random.randint(1024, 9999), random.choice(TEAMS), random.choice(["true", "false"]), pence(random, 1, 90))
        for name in random.sample(SERVICES, 5)
    ]
    value: Value = {
        name: {"port": Decimal(port), "zone": zone, "public": public == "true", "quota": quota}
        for name, port, zone, public, quota in rows
    }
    return task(
        "hosts", seed,
        inputs={"plan": ("input/plan.csv", csv_text(("name", "port", "zone", "public", "quota"), rows))},
        lets="  let wanted = record(csv(plan) | select name, part = {port: port, zone: zone, public: public, quota: quota})",
        delivers='  deliver conf "etc/hosts.ini"',
        instruction=(
            "Write {{ path.conf }}: one section for each row of {{ path.plan }}, named by its name, with the keys port, zone, public\n"
            "and quota."
        ),
        checks="    check right { expect ini(conf) == wanted }",
        answers=[Answer("etc/hosts.ini", "ini", TreeTruth(value))],
    )  # fmt: skip


_FORMS: dict[str, Callable[[list[tuple[str, str, int, Decimal]]], str]] = {
    "yaml": lambda rows: "# Owned by the platform team.\nservices:\n" + "".join(
        f"  {name}:\n    image: shop/{name}:{tag}\n    limits: {{memory: {memory}, cpu: {cpu}}}   # note {name}\n"
        for name, tag, memory, cpu in rows),
    "json": lambda rows: '{\n  "services": {\n' + ",\n".join(
        f'    "{name}": {{"image": "shop/{name}:{tag}", "limits": {{"memory": {memory}, "cpu": {cpu}}}}}'
        for name, tag, memory, cpu in rows) + "\n  }\n}\n",
    "toml": lambda rows: "# Owned by the platform team.\n" + "".join(
        f'\n[services.{name}]\nimage = "shop/{name}:{tag}"\nlimits = {{ memory = {memory}, cpu = {cpu} }}  # note {name}\n'
        for name, tag, memory, cpu in rows),
    "ini": lambda rows: "# Owned by the platform team.\n" + "".join(
        f"\n[{name}]\n; note {name}\nimage = shop/{name}:{tag}\nmemory = {memory}\ncpu = {cpu}\n"
        for name, tag, memory, cpu in rows),
}  # fmt: skip


def _limits(form: str, seed: int) -> Instance:
    """The memory of some services set anew in a file that is edited in place; comments must stay."""
    random = Random(f"limits {form} {seed}")
    names = random.sample(SERVICES, 5)
    rows = [
        (name, f"{random.randint(1, 9)}.{random.randint(0, 9)}", 64 * random.randint(4, 60), pence(random, 1, 8))
        for name in names
    ]
    usage = [(name, 32 * random.randint(1, 90)) for name in sorted(names)[:4]]
    usage[0] = (usage[0][0], next(memory for name, _, memory, _ in rows if name == usage[0][0]) // 4)
    new = {name: min(memory, 2 * dict(usage).get(name, memory)) for name, _, memory, _ in rows}
    services: dict[str, Value] = {}
    for name, tag, _, cpu in rows:
        limits: dict[str, Value] = {"memory": Decimal(new[name]), "cpu": cpu}
        image: dict[str, Value] = {"image": f"shop/{name}:{tag}"}
        services[name] = {**image, **limits} if form == "ini" else {**image, "limits": limits}
    place = "{{ service }}.memory" if form == "ini" else "services.{{ service }}.limits.memory"
    old = f'get({form}(conf_0), "{place}")'
    old = f"number({old})" if form == "ini" else old
    comments = () if form == "json" else ("Owned by the platform team.", *(f"note {name}" for name in names))
    return task(
        f"limits_{form}", seed,
        inputs={
            "conf_0": (f"deploy/services.{form}", _FORMS[form](rows)),
            "usage": ("input/usage.csv", csv_text(("service", "peak"), usage)),
        },
        lets=f"  let wanted = csv(usage) | derive new = min([{old}, peak * 2])",
        delivers=f'  deliver conf "deploy/services.{form}" {{ edits = conf_0 }}',
        instruction=(
            "Set the memory of every service of {{ path.usage }} in {{ path.conf }} to twice its peak, editing the file in place; where\n"
            "that would raise it, leave it as it is. Change nothing else: comments and all other values stay."
        ),
        checks=f"""    check limits {{
      expect {form}(conf) == patch({form}(conf_0), record(wanted | select path = "{place}", value = new))
    }}
    check nothing_else {{
      after = [limits]
      expect replace(text(conf), re"[0-9]+", "N") == replace(text(conf_0), re"[0-9]+", "N")
    }}""",
        answers=[Answer(f"deploy/services.{form}", form, TreeTruth(services if form == "ini" else {"services": services}, comments))],
        edited=[f"deploy/services.{form}"],
    )  # fmt: skip


def limits_yaml(seed: int) -> Instance:
    return _limits("yaml", seed)


def limits_json(seed: int) -> Instance:
    return _limits("json", seed)


def limits_toml(seed: int) -> Instance:
    return _limits("toml", seed)


def limits_ini(seed: int) -> Instance:
    return _limits("ini", seed)


TREE_FAMILIES = (digest_json, digest_yaml, digest_toml, hosts, limits_yaml, limits_json, limits_toml, limits_ini)
