"""Small suites for tests: three families, of which `parcels` and `stock` draw something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

TASK = """claw 1

task {name} {{
  title    = "Sum the {name}"
  category = office.records

  {drawn}

  workspace {{
    file given "in/{name}.csv" {{ content = {content} }}
  }}

  deliver made "out/{name}.csv" {{ columns = [item, amount] }}
  instruction = \"\"\"
    Read {{{{ path.given }}}} and write {{{{ path.made }}}}: of the rows with an amount over 50 the columns item and amount, in the
    order of the file.
    \"\"\"
  verify {{
    check right {{
      because = "of the rows with an amount over 50 the columns item and amount"
      expect rows(made) == (csv(given) | where amount > 50 | select item, amount)
    }}
  }}
}}
"""
SEED = 7_340_218_443_901_227


class Done(NamedTuple):
    code: int
    out: str
    err: str


def source(name: str, *, draws: bool) -> str:
    """A task that keeps the rows above a number, of data that are drawn or not."""
    if draws:
        drawn = 'data stock { count = 12; item = serial("P-{{ n }}"); amount = integer_between(1, 99) }'
        return TASK.format(name=name, drawn=drawn, content="csv(stock)")
    return TASK.format(name=name, drawn="", content='"item,amount\\npen,12\\nink,73\\ncap,51\\nbag,50\\n"')


class Project:
    """A folder with `suite.claw` and `tasks/`, and a cache of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / "suite.claw"
        (root / "tasks").mkdir(parents=True)
        self.task("parcels", draws=True)
        self.task("stock", draws=True)
        self.task("letters", draws=False)
        self.declare()

    def task(self, name: str, *, draws: bool) -> Path:
        path = self.root / "tasks" / f"{name}.claw"
        path.write_text(source(name, draws=draws))
        return path

    def declare(self, more: str = "", version: str = "1.0.0", tasks: str = '["tasks/*.claw"]') -> None:
        """Writes `suite.claw`."""
        release = f'release "{version}" {{ text = "What {version} brought." }}'
        self.file.write_text(
            f'claw 1\n\nsuite small {{\n  title = "Small sums"\n  version = "{version}"\n  tasks = {tasks}\n  {more}\n  {release}\n}}\n'
        )

    def seed(self, text: str = f"{SEED}\n") -> Path:
        path = self.root / "secret.seed"
        path.write_text(text)
        return path

    def clawc(self, *arguments: object) -> Done:
        command = [sys.executable, "-m", "clawc", *map(str, arguments)]
        done = subprocess.run(command, cwd=self.root, env=os.environ, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr and done.returncode != 70, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def build(self, out: str = "built", *more: object) -> Path:
        """The folder of the suite, not proved: tests of what proves stand elsewhere."""
        done = self.clawc("bench", "build", self.file, "--out", out, "--unproved", *more)
        assert done.code == 0, done.err
        return self.root / out
