"""The task of the comparison, and `clawc run` as the one that plays it: the counterpart of `peers/`."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from bench.commands import CommandFailed, Spent, spent
from bench.peers.peer import Case
from clawc import __version__
from clawc.runtime.sandbox.probe import find_bwrap

COMMAND = (sys.executable, "-m", "clawc")
ISOLATION = {
    "bubblewrap": "bubblewrap: a sandbox for the agent, another one for the checker after its end",
    "docker": "Docker: a container for the agent, another one for the checker after its end",
}
# Write a file, search it: small enough that what is measured is the framework.
TASK = """claw 1

task copy_list {
  title      = "Copy a list"
  category   = office.records
  operations = [files.write]

  workspace {
    file people "people.txt" { content = "Ada\\nBela\\n" }
  }

  deliver note "copy.txt"

  instruction = "Write the names in {{ path.people }} to {{ path.note }}, one a line, in reverse order."

  let names = lines(people) | sort -value

  verify {
    check copied { expect lines(note) == names.value }
  }
}
"""
SHELL_COMMANDS = ("sort -r people.txt > copy.txt", "grep -c Ada copy.txt")


class Clawc:
    """Plays the task in `folder`, from its source, as `run` compiles it, in sandboxes of bubblewrap or docker. `last` is the
    folder of the last run."""

    version = __version__

    def __init__(self, folder: Path, sandbox: str = "bubblewrap") -> None:
        self.isolation = ISOLATION[sandbox]
        self._sandbox = sandbox
        self.source = folder / "copy.claw"
        self.last = folder / "run"
        self.script = folder / "script.json"
        self.source.write_text(TASK, encoding="utf-8")
        calls = [{"tool": "exec", "command": command} for command in SHELL_COMMANDS]
        self.script.write_text(json.dumps([*calls, {"tool": "final", "text": "done"}]), encoding="utf-8")

    def play(self, episodes: int, jobs: int) -> Spent:
        """One whole command. Raises CommandFailed, also when not every episode scored 1."""
        shutil.rmtree(self.last, ignore_errors=True)
        result = spent(
            [*COMMAND, "run", str(self.source), "--agent", f"scripted:{self.script}", "-n", str(episodes),
             "-j", str(jobs), "--out", str(self.last), "--format", "json", "--sandbox", self._sandbox]
        )  # fmt: skip
        scores = [episode["score"] for episode in json.loads(result.output)["episodes"]]
        if scores != ["1"] * episodes:
            raise CommandFailed(
                f"of {len(scores)} records of {episodes} episodes, {scores.count('1')} have the score 1"
            )
        return result

    def case(self, folder: Path) -> Case:
        """The same for other frameworks: the bundle of the task, built into the new folder `folder`."""
        spent([*COMMAND, "build", str(self.source), "-o", str(folder)])
        return Case(folder / "copy_list", SHELL_COMMANDS, str(find_bwrap()[0]))
