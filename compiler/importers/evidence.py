"""What the conditions of an imported verifier read: files of the workspace and the transcript, each declared once.

Where nothing was recorded, the agent has said and done nothing.
"""

from __future__ import annotations

import posixpath
import re

from clawc.compiler.importers.claw_text import listed, name_of, quoted
from clawc.compiler.importers.model import Deliverable, ImportedTask
from clawc.compiler.paths import folded, path_problem

MOST_RUNS = 40
# Looks for a regex that the language refuses, in a file or in what a program prints; exit 0 where it is found.
_SEARCH = """import re, subprocess, sys
pattern, flags, source = sys.argv[1:4]
if source in ("stdout", "stderr"):
    ran = subprocess.run(sys.argv[4:], capture_output=True)
    text = getattr(ran, source).decode("utf-8", "replace")
else:
    text = open(sys.argv[4], encoding="utf-8", errors="replace").read()
text = text.strip() if source == "stripped" else text
sys.exit(0 if text and re.search(pattern, text, int(flags)) else 1)
"""


class Evidence:
    """Declares deliverables and lets of a task as they are asked for; what it gives are expressions."""

    def __init__(self, task: ImportedTask) -> None:
        self.task = task
        self._taken: set[str] = {"score", "original"}
        self._lets: dict[str, str] = {}
        self._files: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        self._runs = 0

    def let(self, name: str, expression: str) -> str:
        """A name for an expression; the same one for the same expression."""
        if expression not in self._lets:
            self._lets[expression] = name_of(name, self._taken, prefix="value")
            self.task.lets.append((self._lets[expression], expression))
        return self._lets[expression]

    def define(self, name: str, parameters: str, expression: str) -> str:
        """A function by its name, which has to be free; given once."""
        head = f"{name}({parameters})"
        if (head, expression) not in self.task.defs:
            self._taken.add(name)
            self.task.defs.append((head, expression))
        return name

    def run(self, name: str, arguments: str) -> str | None:
        """A program that is run over the workspace; None where there are too many."""
        expression = f"run({arguments})"
        if expression not in self._lets:
            if self._runs >= MOST_RUNS:
                return None
            self._runs += 1
        return self.let(name, expression)

    def searched(self, pattern: str, flags: str, source: str, words: list[str], more: str = "") -> str | None:
        """The condition that a program finds a regex in a `file`, `stripped` or not, or in the `stdout` or `stderr` of a
        command; `words` are the path or the command. None where there are too many programs."""
        value = sum(int(re.RegexFlag[flag.upper()]) for flag in flags)
        argv = ["python3", "-c", _SEARCH, pattern, str(value), source, *words]
        if any("\0" in word for word in argv):
            return None
        ran = self.run("searched", f"[{', '.join(quoted(word) for word in argv)}]{more}")
        return f"{ran}.exit == 0" if ran else None

    def _deliver(self, name: str, path: str, *attributes: str) -> str:
        made = name_of(name, self._taken, prefix="file")
        self.task.delivers.append(Deliverable(made, path, list(attributes)))
        return made

    def _file(self, path: str) -> str | None:
        """A deliverable at a path; None where none can stand there."""
        if path in self._files:
            return self._files[path]
        low = folded(path)
        if path_problem(path) or low in self._paths or any(_nested(low, other) for other in self._paths):
            return None
        if any(_nested(low, folded(other)) or (low == folded(other) and path != other) for other in self.task.files):
            return None
        self._paths[low] = path
        self._files[path] = self._deliver(path.rsplit("/", 1)[-1].replace(".", "_"), path, 'format = "program"')
        return self._files[path]

    def exists(self, path: str) -> str:
        """The condition that a regular file is at a path."""
        name = self._file(path)
        return f"holds(exists({name}))" if name else f"{self._cat(path)}.exit == 0"

    def stands(self, path: str) -> str:
        """The condition that something is at a path, a file or a folder that holds files."""
        name = self._file(path)
        if name is None:
            ran = self.run("there", f'["test", "-e", {quoted(path)}]')
            return f"{ran}.exit == 0" if ran else "false"
        if "." in path.rsplit("/", 1)[-1].strip("."):
            return f"holds(exists({name}))"
        return f"holds(exists({name})) or holds(count(names({self.files(path + '/**')})) > 0)"

    def text(self, path: str) -> str:
        """The text of a file; empty where there is none."""
        name = self._file(path)
        if name is None:
            ran = self._cat(path)
            return self.let("content", f'if {ran}.exit == 0 then {ran}.stdout else ""')
        return self.let(f"{name}_text", f'if exists({name}) then text({name}) else ""')

    def size(self, path: str) -> str | None:
        """The size of a file in bytes; null where there is none."""
        name = self._file(path)
        return f"file_size({name})" if name else None

    def _cat(self, path: str) -> str:
        ran = self.run("read", f'["cat", {quoted(path)}]')
        return ran or self.let("nothing", '{exit: 1, stdout: ""}')

    def files(self, pattern: str) -> str:
        """The set of files whose paths match a pattern."""
        if pattern not in self._files:
            name = "workspace_files" if pattern == "**" else pattern.replace("*", "").strip("/") + "_files"
            self._files[pattern] = self._deliver(name, pattern, 'format = "program"', "min_files = 0")
        return self._files[pattern]

    # --- the transcript ----------------------------------------------------------------------------------------------

    @property
    def recorded(self) -> str:
        """The condition that there is a transcript."""
        return self.let("recorded", "holds(count(transcript.calls) >= 0)")

    def said(self, first: int = 0, last: int = 0) -> str:
        """All that the agent said, or in the turns from the first to the last, counted from 1."""
        what = "transcript.said"
        if first:
            turns = f"turn == {first}" if first == last else f"turn >= {first} and turn <= {last}"
            what = f'(transcript.messages | where {turns} and text != "").text'
        name = f"said_{first}" if first else "said"
        return self.let(name, f'if {self.recorded} then join_text({what}, "\\n") else ""')

    @property
    def call_texts(self) -> str:
        """The names and arguments of all calls of tools, as one text."""
        lines = self.let("call_lines", 'transcript.calls | derive line = tool + "\\n" + arguments')
        return self.let("called", f'if {self.recorded} then join_text({lines}.line, "\\n") else ""')

    def new_files(self, pattern: str, but: list[str]) -> str:
        """The rows of the files that are no inputs and none of `but`, whose paths match a regex and are text."""
        known = sorted({*self.task.files, *but})
        without = f" and path not in {listed(known)}" if known else ""
        return self.let("new_files", f"files({self.files('**')}) | where text != null and {pattern}{without}")


def _nested(one: str, other: str) -> bool:
    return one.startswith(other + "/") or other.startswith(one + "/")


def inside(path: str) -> str | None:
    """A path made plain; None where it leads out."""
    plain = posixpath.normpath(re.sub(r"/+", "/", path)) if path else "."
    if plain.startswith(("/", "../")) or plain == "..":
        return None
    return plain
