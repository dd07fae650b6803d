"""`clawc new`: a task to start from, which compiles and runs as it is: the same for all, by what one says of it, or as another."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path

from clawc import exits
from clawc.commands.starter import CATEGORY, DELIVERS, FINDS, Wanted, starter
from clawc.commands.wizard import asked, require_category, require_name
from clawc.compiler.format.formatting import formatted
from clawc.exits import UserError

TEMPLATE = '''claw 1

## One line that says what this task is about.
task {name} {{
  title = "Total the orders by customer"

  workspace {{
    file orders "input/orders.csv" {{
      content = """
        order,customer,amount
        1,Ada,12.50
        2,Bela,3.20
        3,Ada,7.00
        """
    }}
  }}

  let totals = csv(orders) | group customer, total = sum(amount) | sort -total, customer

  deliver report "output/totals.csv" {{ columns = columns(totals) }}

  instruction = """
    Read {{{{ path.orders }}}} and write {{{{ path.report }}}}: one row for each customer with the columns customer and
    total, the sum of the amounts, sorted by total, highest first.
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


@dataclass(frozen=True, slots=True)
class NewOptions:
    """What is said on the command line; None and False where nothing is. `like` is a name that `--list` shows."""

    name: str | None = None
    folder: Path = Path(".")
    ask: bool = False
    like: str = ""
    finds: str | None = None
    delivers: str | None = None
    category: str | None = None
    generated: bool = False
    instances: bool = False

    @property
    def described(self) -> bool:
        """Is anything said of what the task is about?"""
        given = (self.finds, self.delivers, self.category)
        return any(g is not None for g in given) or self.generated or self.instances


def new_command(options: NewOptions) -> int:
    """Writes `NAME.claw`; refuses to replace a file. Asks for what is not said, where that is wanted or there is no name on a terminal."""
    name, wanted = options.name, _wanted(options)
    if name is not None:
        require_name(name)
    if options.like and (options.described or options.ask):
        raise UserError("`--like` takes a task as it is", "leave out what else is said of it")
    if options.ask or (name is None and not options.like and sys.stdin.isatty()):
        wanted = asked(wanted, name is None)
        name = wanted.name
    elif name is None and options.like:
        name = options.like
    elif name is None:
        raise UserError("a task needs a name", "`clawc new NAME`, or `clawc new --ask`, which asks")
    if options.like:
        text = _like(options.like, name)
    elif options.ask or options.described or options.name is None:
        text = starter(wanted._replace(name=name))
    else:
        text = TEMPLATE.format(name=name)
    return _write(options.folder, name, text)


def list_command() -> int:
    """Prints what `--like` takes."""
    for example in _examples():
        print(example)
    return exits.OK


def _wanted(options: NewOptions) -> Wanted:
    """Raises UserError for a word that is none of those that can be chosen."""
    finds, delivers, category = options.finds or "csv", options.delivers or "csv", options.category or CATEGORY
    for option, word, words in (("--finds", finds, FINDS), ("--delivers", delivers, DELIVERS)):
        if word not in words:
            raise UserError(f"`{option} {word}` is not known", f"one of {', '.join(words)}")
    require_category(category)
    return Wanted(options.name or "my_task", finds, delivers, category, options.generated, options.instances)


def _write(folder: Path, name: str, text: str) -> int:
    target = folder / f"{name}.claw"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(target, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(f"`{target}` exists already") from None
    except OSError as error:
        raise UserError(f"`{target}` cannot be written: {error.strerror}", code=exits.ENVIRONMENT) from error
    print(f"{target} written; try `clawc run {target}`")
    return exits.OK


def _examples() -> dict[str, Callable[[], str]]:
    """Tasks that travel with clawc, by name: the example of the language card, and one of each archetype."""
    from clawc.runtime.playground.examples import examples
    from clawc.spec.export.card import EXAMPLE

    def example() -> str:
        return (resources.files("clawc.spec.export") / EXAMPLE).read_text(encoding="utf-8")

    drawn = {e.key: partial(e.text, 0) for e in examples(())}
    return {"order_totals": example, **drawn}


def _like(like: str, name: str) -> str:
    found = _examples()
    if like not in found:
        raise UserError(f"there is no task `{like}` to take", "`clawc new --list` lists them")
    text = re.sub(r"^task \w+", f"task {name}", found[like](), count=1, flags=re.MULTILINE)
    return formatted(f"{name}.claw", text).text
