"""What is wrong with the code of a verifier, as far as reading it tells. Nothing is run."""

from __future__ import annotations

import ast
import re
import sys
import warnings

from clawc.compiler.importers.model import ImportedTask

MAX_CODE = 1 << 20
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
    try:
        text = data.decode("utf-8")
        if len(text) > MAX_CODE:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        task.fault(
            "does not compile",
            f"it is no Python: {getattr(error, 'msg', None) or error}",
            path,
            getattr(error, "lineno", 0) or 0,
        )
        return
    seen: dict[str, int] = {}

    def note(kind: str, message: str, line: int) -> None:
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= _MOST:
            task.fault(kind, message, path, line)

    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            _import(node, note)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, (ast.Name, ast.Attribute))
        ):
            owner = node.func.value
            called = (owner.id if isinstance(owner, ast.Name) else owner.attr, node.func.attr)
            if called in _NOW:
                note("depends on today", f"`{called[0]}.{called[1]}()` gives another answer each day", node.lineno)
            elif called in _RUNS:
                note(
                    "runs programs",
                    f"`{called[0]}.{called[1]}` runs something beside the verifier, which can then speak for it",
                    node.lineno,
                )
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and _ABSOLUTE.match(node.value)
            and "\n" not in node.value
        ):
            note("absolute path", f"the path `{node.value[:80]}` is of the original's machine", node.lineno)
    if averages and (line := _averaged(tree)):
        note(
            "reward averaged with its parts",
            "`reward` stands beside the parts that it is made of, and the mean of all is the score",
            line,
        )


def _import(node: ast.Import | ast.ImportFrom, note: object) -> None:
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
            note("uses the network", f"it imports `{name}`; there is no network here", node.lineno)  # type: ignore[operator]
        elif top and top not in sys.stdlib_module_names and top not in _LENT:
            note("needs a package", f"it imports `{top}`, which is not of the standard library", node.lineno)  # type: ignore[operator]


def _averaged(tree: ast.Module) -> int:
    """Where `reward` is given beside other values; 0 for nowhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = [k.value for k in node.keys if isinstance(k, ast.Constant)]
            if "reward" in keys and (len(node.keys) > 1):
                return node.lineno
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if (
                isinstance(target, ast.Subscript)
                and isinstance(target.slice, ast.Constant)
                and target.slice.value == "reward"
            ):
                return node.lineno
    return 0


def imports_of(data: bytes) -> set[str]:
    """The top modules that a file of Python imports; none where it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
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
    imported = imports_of(data)
    tools = ["pyyaml"] if "yaml" in imported else []
    return tools + (["pytest"] if "pytest" in imported or re.search(rb"[\"' ]pytest[\"' ]", data) else [])
