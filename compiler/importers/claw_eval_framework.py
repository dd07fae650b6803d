"""Which files of Claw-Eval's framework a grader needs: those that it imports, and those that they import. Nothing is run."""

from __future__ import annotations

import ast
import re
import sys
from importlib.resources import files as resources
from typing import NamedTuple

from clawc.compiler.importers.model import Refused
from clawc.compiler.importers.python_code import NotPython, parsed
from clawc.compiler.importers.tree import Tree
from clawc.compiler.paths import path_problem

MAX_MODULES = 200
# What our program beside the grader asks the framework for.
_ALWAYS = ("models.task", "models.trace", "models.scoring", "graders.base")
_OURS = ("models.task", "models.trace", "models.message", "models.content", "models.tool", "models.scoring", "graders.base",
         "graders", "models")  # fmt: skip
_PEER = re.compile(r"load_peer_grader\(\s*[\"']([\w.-]{1,200})[\"']")
# Enough stands in for these.
_STANDS_IN = frozenset(("pydantic",))


class Kept(NamedTuple):
    """The framework of a grader. `package` is its name, "" where it cannot be run and `problem` says why; `files` are to lie beside
    the grader, `lacking` what they import and is nowhere; `ours`: a base of ours stands in for the authors'."""

    package: str
    files: dict[str, bytes]
    lacking: list[str]
    ours: bool = False
    problem: str = ""


class Frameworks:
    """The frameworks in a tree, read once for all of its tasks."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._imports: dict[str, list[str]] = {}
        # Name of the package to the folders that it lies in, each with its slash.
        self._roots: dict[str, list[str]] = {}
        for name in tree.names:
            if name == "graders/base.py" or not name.endswith("/graders/base.py"):
                continue
            package = name.removesuffix("/graders/base.py")
            if (
                f"{package}/models/trace.py" in tree
                or f"{package}/models/task.py" in tree
                or f"{package}/models/scoring.py" in tree
            ):
                root, _, last = package.rpartition("/")
                self._roots.setdefault(last, []).append(f"{root}/" if root else "")

    def kept(self, grader: str, imported: set[str]) -> Kept:
        """What the grader at a path needs, which imports these."""
        named = [name for name in sorted(imported) if name in self._roots]
        if named:
            kept = self._collected(grader, named[0], self._nearest(named[0], grader))
            if kept is not None:
                return kept
        foreign = sorted(one for one in imported if one not in sys.stdlib_module_names and one not in _STANDS_IN)
        package = next((one for one in foreign if "claw" in one.lower()), "")
        if not package:
            return Kept("", {}, [], problem="`grader.py` is none of the framework's, which alone could start it")
        return self._stood_in(grader, package)

    def _nearest(self, package: str, grader: str) -> str:
        """The root that shares most with the path of the grader."""
        return max(self._roots[package], key=lambda root: (grader.startswith(root.removesuffix("src/")), len(root)))

    def _collected(self, grader: str, package: str, root: str) -> Kept | None:
        """The files of the package that are needed; None where its core is not whole."""
        top = root.removesuffix("src/")
        tasks = grader.rpartition("/")[0].rpartition("/")[0]
        files: dict[str, bytes] = {}
        lacking: list[str] = []
        waiting = [f"{package}.{name}" for name in (*_ALWAYS, "graders.registry")]
        waiting += self._needs(grader, "")
        seen: set[str] = set()
        peers: list[str] = [grader]
        while waiting and len(seen) < MAX_MODULES:
            module = waiting.pop()
            if module in seen or not module:
                continue
            seen.add(module)
            head = module.split(".", 1)[0]
            at, laid = (root, "src/") if head == package else (top, "")
            path = self._path(at, module)
            if not path:
                if head == package or head in sys.stdlib_module_names or head in _STANDS_IN or head == "yaml":
                    continue
                if head not in lacking and not self._tree.below(f"{top}{head}"):
                    lacking.append(head)
                continue
            inner = laid + path[len(at) :]
            if path_problem(inner):
                continue
            try:
                files[inner] = self._tree.read(path)
            except Refused:
                continue
            waiting += self._needs(path, module)
            parts = module.split(".")
            waiting += [".".join(parts[:depth]) for depth in range(1, len(parts))]
        if not all(self._path(root, f"{package}.{name}") for name in _ALWAYS):
            return None
        while peers:
            for peer in self._peers(peers.pop()):
                path = f"{tasks}/{peer}/grader.py" if tasks else f"{peer}/grader.py"
                inner = f"tasks/{peer}/grader.py"
                if path in self._tree and inner not in files and not path_problem(inner) and len(files) < MAX_MODULES:
                    files[inner] = self._tree.read(path)
                    peers.append(path)
        return Kept(package, files, sorted(lacking))

    def _stood_in(self, grader: str, package: str) -> Kept:
        """A base of ours under the name of the package, if the grader asks for no more."""
        wanted = {module for module in self._needs(grader, "") if module.split(".", 1)[0] == package}
        beyond = sorted(one for one in wanted if one != package and one.removeprefix(package + ".") not in _OURS
                        and one.removeprefix(package + ".").rpartition(".")[0] not in _OURS[:7])  # fmt: skip
        if beyond or path_problem(package):
            what = beyond[0] if beyond else package
            return Kept("", {}, [], problem=f"it imports `{what}` of its framework, which is not in what was imported")
        ours = resources("clawc.compiler.importers") / "files" / "claw_eval" / "framework"
        files: dict[str, bytes] = {}
        for name in _OURS[:7]:
            part = name.replace(".", "/") + ".py"
            files[f"src/{package}/{part}"] = (ours / part).read_bytes()
        if "live" not in package.lower():
            files[f"src/{package}/models/scoring.py"] = (ours / "models" / "scoring_gated.py").read_bytes()
        return Kept(package, files, [], ours=True)

    def _path(self, root: str, module: str) -> str:
        """The file of a module below a root, "" where there is none."""
        at = root + module.replace(".", "/")
        return next((path for path in (f"{at}.py", f"{at}/__init__.py") if path in self._tree), "")

    def _peers(self, path: str) -> list[str]:
        try:
            return _PEER.findall(self._tree.text(path))
        except Refused:
            return []

    def _needs(self, path: str, module: str) -> list[str]:
        """The modules that a file imports, those of its own package by their whole names."""
        if path not in self._imports:
            try:
                self._imports[path] = _imports(self._tree.read(path), module, path.endswith("/__init__.py"))
            except Refused:
                self._imports[path] = []
        return self._imports[path]


def _imports(data: bytes, module: str, package: bool) -> list[str]:
    """Names that a file imports, as far as they may be modules; none of what is no Python."""
    try:
        tree = parsed(data)
    except NotPython:
        return []
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                parts = parts[: len(parts) - node.level + (1 if package else 0)]
                base = ".".join([*parts, base] if base else parts)
            if base:
                found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return list(dict.fromkeys(found))
