"""What the checks of a task do, gathered in one walk over what depends on the agent; static parts are leaves."""

from __future__ import annotations

from dataclasses import dataclass, field

from clawc.compiler.model import CheckDecl, Task
from clawc.compiler.source import Source
from clawc.spec import core
from clawc.spec.core import Core


@dataclass(slots=True)
class Facts:
    """Of one check: its dynamic calls, the static operands beside them, and the deliverables that it reads."""

    check: CheckDecl
    calls: list[core.Call] = field(default_factory=list[core.Call])
    statics: list[Core] = field(default_factory=list[Core])
    reads: set[str] = field(default_factory=set[str])
    runs: bool = False


def facts_of(task: Task) -> list[Facts]:
    """The facts of every check, in order."""
    return [_of(check) for check in task.checks]


def _of(check: CheckDecl) -> Facts:
    found = Facts(check)
    seen: set[int] = set()
    stack: list[Core] = [e.core for e in check.expects]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if not node.dynamic and not node.free:
            found.statics.append(node)
            continue
        if isinstance(node, core.Call):
            found.calls.append(node)
        elif isinstance(node, core.Deliverable):
            found.reads.add(node.name)
        elif isinstance(node, core.Run):
            found.runs = True
        stack.extend(core.children(node))
    return found


def home(task: Task, check: CheckDecl) -> Source:
    """The file in which a check stands; it may be taken in from another one."""
    return check.home or task.source


def through(node: Core) -> Core:
    """What a `let` stands for."""
    while isinstance(node, core.LetRef):
        node = node.value
    return node


def text_of(node: Core) -> str | None:
    """The text of a constant, else None."""
    node = through(node)
    return node.value if isinstance(node, core.Const) and isinstance(node.value, str) else None


def whole_file(node: Core) -> str:
    """The name of the deliverable of which a node is the whole value or text, else ""."""
    node = through(node)
    while isinstance(node, core.Call) and node.function in WHOLE and node.args:
        node = through(node.args[0])
    return node.name if isinstance(node, core.Deliverable) else ""


WHOLE = ("json_value", "yaml_value", "toml_value", "ini_sections", "text_of", "lines_of", "rows", "table", "member", "file_at",
         "unordered", "ordered")  # fmt: skip
