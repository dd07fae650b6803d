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

  {param}

  workspace {{
    file given "in/{name}.csv" {{ content = "item,n\\npen,12\\nink,3\\ncap,40\\n" }}
  }}

  deliver made "out/{name}.csv" {{ columns = [item, n] }}
  instruction = "Read {{{{ path.given }}}} and write the rows with n over {least}, item and n, to {{{{ path.made }}}}."
  verify {{ check right {{ expect rows(made) == (csv(given) | where n > {bare}) }} }}
}}
"""
SEED = 7_340_218_443_901_227


class Done(NamedTuple):
    code: int
    out: str
    err: str


def source(name: str, *, draws: bool) -> str:
    """A task that keeps the rows above a number, which is drawn or not."""
    param = "param least { int = 4..39 }" if draws else ""
    return TASK.format(
        name=name, param=param, least="{{ param.least }}" if draws else "5", bare="param.least" if draws else "5"
    )


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
