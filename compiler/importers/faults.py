"""What is wrong with the code of a verifier, as far as reading it tells. Nothing is run."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from clawc.compiler.importers.model import ImportedTask
from clawc.compiler.importers.python_code import MAX_CODE, NotPython, parsed

_ABSOLUTE = re.compile(r"/(root|home|Users|tmp|workspace|app|mnt|data)(/|\Z)")
_NETWORK = frozenset(("requests", "urllib", "http", "socket", "aiohttp", "httpx", "smtplib", "ftplib"))
_LENT = frozenset(("pytest", "yaml"))  # beyond the standard library, what a sandbox can have
_NOW = frozenset(
    (("datetime", "now"), ("datetime", "today"), ("datetime", "utcnow"), ("date", "today"), ("time", "time"))
)
_RUNS = frozenset((("subprocess", "run"), ("subprocess", "Popen"), ("subprocess", "check_output"), ("subprocess", "call"),
                   ("subprocess", "check_call"), ("os", "system"), ("os", "popen"), ("runpy", "run_path")))  # fmt: skip
_MOST = 5  # of one kind in one file


def look_at(task: ImportedTask, path: str, data: bytes, *, averages: bool) -> None:
    """Notes the faults of one file of Python. `averages`: the score is the mean of all that it gives by name."""
    if len(data) > MAX_CODE:
        return
    try:
        tree = parsed(data)
    except NotPython as why:
        task.fault("does not compile", f"it is no Python: {why}", path, why.line)
        return
    seen: dict[str, int] = {}

    def note(kind: str, message: str, line: int) -> None:
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= _MOST:
            task.fault(kind, message, path, line)

    averaged = 0
    for node in _nodes(tree):
        kind = node.__class__
        if kind is ast.Constant:
            value = node.value
            if isinstance(value, str) and value.startswith("/") and "\n" not in value and _ABSOLUTE.match(value):
                note("absolute path", f"the path `{value[:80]}` is of the original's machine", node.lineno)
        elif isinstance(node, ast.Call):
            called = _called(node)
            if called in _NOW:
                note("depends on today", f"`{'.'.join(called)}()` gives another answer each day", node.lineno)
            elif called in _RUNS:
                what = f"`{'.'.join(called)}` runs something beside the verifier, which can then speak for it"
                note("runs programs", what, node.lineno)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            _import(node, note)
        elif averages and not averaged and isinstance(node, (ast.Dict, ast.Assign)):
            averaged = _averaged(node)
    if averaged:
        what = "`reward` stands beside the parts that it is made of, and the mean of all is the score"
        note("reward averaged with its parts", what, averaged)


def _nodes(tree: ast.Module) -> Iterator[Any]:
    """All nodes in any order, those without a place left out; three times as fast as `ast.walk`."""
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)  # pyright: ignore[reportUnknownArgumentType]
            continue
        yield node
        for value in node.__dict__.values():
            kind = value.__class__
            if kind is list or (kind.__module__ == "ast" and kind.__name__ not in ("Load", "Store", "Del")):
                stack.append(value)


def _called(node: ast.Call) -> tuple[str, str]:
    """`datetime.datetime.now(…)` as ("datetime", "now"); two empty texts for another form."""
    function = node.func
    if not isinstance(function, ast.Attribute):
        return "", ""
    owner = function.value
    name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return name, function.attr


def _import(node: ast.Import | ast.ImportFrom, note: Callable[[str, str, int], None]) -> None:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    if isinstance(node, ast.ImportFrom) and node.level:
        return
    for name in names:
        top = name.split(".", 1)[0]
        if (
            top in _NETWORK
            and not (top == "urllib" and "parse" in name)
            and not (top == "http" and "server" not in name)
        ):
            note("uses the network", f"it imports `{name}`; there is no network here", node.lineno)
        elif top and top not in sys.stdlib_module_names and top not in _LENT:
            note("needs a package", f"it imports `{top}`, which is not of the standard library", node.lineno)


def _averaged(node: ast.Dict | ast.Assign) -> int:
    """Where `reward` is given beside other values; 0 for nowhere."""
    if isinstance(node, ast.Dict):
        keys = [k.value for k in node.keys if isinstance(k, ast.Constant)]
        return node.lineno if "reward" in keys and len(node.keys) > 1 else 0
    target = node.targets[0]
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant) and target.slice.value == "reward":
        return node.lineno
    return 0


def imports_of(data: bytes) -> set[str]:
    """The top modules that a file of Python imports; none where it is no Python."""
    try:
        tree = parsed(data)
    except NotPython:
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".", 1)[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".", 1)[0])
    return found


def tools_of(data: bytes) -> list[str]:
    """What a sandbox has to lend to a file of Python, which imports it or runs it."""
    if b"yaml" not in data and b"pytest" not in data:
        return []
    imported = imports_of(data)
    tools = ["pyyaml"] if "yaml" in imported else []
    return tools + (["pytest"] if "pytest" in imported or re.search(rb"[\"' ]pytest[\"' ]", data) else [])
