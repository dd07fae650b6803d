"""`clawc new`: a small task that compiles and runs as it is."""

from __future__ import annotations

import re
from pathlib import Path

from clawc import exits
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


def new_command(name: str, folder: Path) -> int:
    """Writes `NAME.claw`; refuses to replace a file."""
    if not re.fullmatch(r"[A-Za-z_]\w{0,99}", name, re.ASCII):
        raise UserError(f"`{name}` is no name for a task", "letters, digits and `_`, beginning with a letter")
    target = folder / f"{name}.claw"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(target, "x", encoding="utf-8") as file:
            file.write(TEMPLATE.format(name=name))
    except FileExistsError:
        raise UserError(f"`{target}` exists already") from None
    except OSError as error:
        raise UserError(f"`{target}` cannot be written: {error.strerror}", code=exits.ENVIRONMENT) from error
    print(f"{target} written; try `clawc run {target}`")
    return exits.OK
