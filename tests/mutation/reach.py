"""Which tests run which lines of which primitives, measured once and kept in `build/mutation/reach.json`.

Lines are counted from the first of the function or class at the top of the module, and kept with the digest of its text:
a change elsewhere moves nothing, one inside falls back to all tests that reach the function. A test file is measured
anew when it changes.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.mutation.mutants import CHECKS, Mutant, modules
from tests.mutation.pool import RESULT, Job, played
from tests.mutation.trial import Chosen, pytest_run

ROOT = CHECKS.parents[1]
KEPT = ROOT / "build" / "mutation" / "reach.json"
# Test files beside `tests/checks/`: they judge by the primitives in this process, and quickly.
FURTHER = (
    "tests/compiler/test_render.py",
    "tests/compiler/test_render_markup.py",
    "tests/compiler/test_rounding.py",
    "tests/compiler/test_semantic_cases.py",
    "tests/compiler/test_windows.py",
)
# All tests that took less than the one run, and of those that took longer the quickest, up to the other in sum.
QUICK_SECONDS = 0.2
MOST_SECONDS = 20.0


class Definition(NamedTuple):
    """What a statement at the top of a module defines: its lines, the digest of its text, the names that it uses."""

    name: str
    first: int
    last: int
    digest: str
    uses: frozenset[str]
    is_called: bool


class Reached(NamedTuple):
    """What one test runs: the lines of each `module.function`, and the digests that those had."""

    seconds: float
    lines: Mapping[str, list[int]]
    digests: Mapping[str, str]


Reach = Mapping[str, Reached]


@cache
def definitions(module: str) -> tuple[Definition, ...]:
    text = (CHECKS / f"{module}.py").read_text(encoding="utf-8")
    lines = text.splitlines()
    found: list[Definition] = []
    for node in ast.parse(text).body:
        called = isinstance(node, (ast.FunctionDef, ast.ClassDef))
        names = [node.name] if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else []
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        names += [t.id for t in targets if isinstance(t, ast.Name)]
        last = node.end_lineno or node.lineno
        digest = hashlib.sha256("\n".join(lines[node.lineno - 1 : last]).encode()).hexdigest()[:16]
        uses = frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
        found += [Definition(name, node.lineno, last, digest, uses, called) for name in names]
    return tuple(found)


def users(name: str) -> set[str]:
    """The functions that use a name, straight or through constants, as `module.function`."""
    found: set[str] = set()
    names, left = {name}, [name]
    while left:
        wanted = left.pop()
        for module in modules():
            for d in definitions(module):
                if wanted in d.uses and d.is_called:
                    found.add(f"{module}.{d.name}")
                elif wanted in d.uses and d.name not in names:
                    names.add(d.name)
                    left.append(d.name)
    return found


def tests_for(mutant: Mutant, reach: Reach) -> list[Chosen]:
    """The tests that may see a mutant, the quickest first."""
    own = next((d for d in definitions(mutant.module) if d.name == mutant.scope), None)
    ids: set[str] = set()
    if own is not None and own.is_called:
        key = f"{mutant.module}.{own.name}"
        lines = set(range(mutant.statement.first - own.first, mutant.statement.last - own.first + 1))
        by_function = {n: t for n, t in reach.items() if key in t.lines}
        ids = {n for n, t in by_function.items() if t.digests[key] != own.digest or not lines.isdisjoint(t.lines[key])}
        ids = ids or set(by_function)
    if not ids:
        used = users(mutant.scope)
        ids = {n for n, t in reach.items() if not used.isdisjoint(t.lines)}
    quick = [name for name in ids if reach[name].seconds < QUICK_SECONDS]
    slow = sorted(ids.difference(quick), key=lambda n: (reach[n].seconds, n))
    spent = list(accumulate(reach[name].seconds for name in slow))
    affordable = [name for name, seconds in zip(slow, spent, strict=True) if seconds <= MOST_SECONDS]
    names = [*quick, *affordable] or slow[:1]
    return sorted((Chosen(n, reach[n].seconds) for n in names), key=lambda c: (c.seconds, c.test))


def test_files() -> list[str]:
    return [*sorted(str(p.relative_to(ROOT)) for p in (ROOT / "tests" / "checks").glob("test_*.py")), *FURTHER]


def _digest(name: str) -> str:
    """Of a test file, and of the tables that the semantic cases are read from."""
    pages = sorted((ROOT / "spec" / "cases").glob("*.md")) if name.endswith("test_semantic_cases.py") else []
    return hashlib.sha256(b"\0".join(p.read_bytes() for p in [ROOT / name, *pages])).hexdigest()[:16]


class _Recorder:
    """A plugin of pytest that tells coverage which test runs, and keeps how long each took and which passed."""

    def __init__(self, switch: Callable[[str], object]) -> None:
        self.switch = switch
        self.seconds: dict[str, float] = {}
        self.passed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.switch(item.nodeid)
        started = time.perf_counter()
        done = yield
        self.seconds[item.nodeid] = time.perf_counter() - started
        self.switch("")
        return done

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)


def _measuring(name: str) -> Job:
    def run(folder: Path) -> None:
        from coverage import Coverage

        measured = Coverage(data_file=None, include=[f"{CHECKS}/*"], config_file=False)
        measured.start()
        recorder = _Recorder(measured.switch_context)
        pytest_run([name], folder, recorder)
        measured.stop()
        data = measured.get_data()
        lines: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        digests: dict[str, str] = {}
        for path in sorted(data.measured_files()):
            module = Path(path).stem
            of_line = {n: d for d in definitions(module) if d.is_called for n in range(d.first, d.last + 1)}
            for line, tests in sorted(data.contexts_by_lineno(path).items()):
                for test in recorder.passed.intersection(tests) if line in of_line else ():
                    key = f"{module}.{of_line[line].name}"
                    lines[test][key].append(line - of_line[line].first)
                    digests[key] = of_line[line].digest
        found = {t: {"seconds": round(recorder.seconds[t], 4), "lines": lines[t]} for t in sorted(recorder.passed)}
        (folder / RESULT).write_text(json.dumps({"digests": digests, "tests": found}), encoding="utf-8")

    return Job(name, run, 600)


def measured_reach(names: Sequence[str], kept_in: Path, width: int) -> Reach:
    """Of these test files; a file that is new or has changed is measured, in a child. Tests that fail count as none."""
    files: dict[str, Any] = json.loads(kept_in.read_text(encoding="utf-8")) if kept_in.exists() else {}
    fresh = {name: _digest(name) for name in names}
    files = {name: kept for name, kept in files.items() if fresh.get(name) == kept["digest"]}
    missing = [name for name in fresh if name not in files]
    if missing:
        print(f"measuring what {len(missing)} test files reach …", file=sys.stderr, flush=True)
    for ended in played([_measuring(name) for name in missing], width):
        if ended.result is None:
            print(f"{ended.name}: {ended.why}", file=sys.stderr)
        else:
            files[ended.name] = {"digest": fresh[ended.name], **ended.result}
            kept_in.parent.mkdir(parents=True, exist_ok=True)
            kept_in.write_text(json.dumps(files, sort_keys=True), encoding="utf-8")
    return {
        test: Reached(found["seconds"], found["lines"], kept["digests"])
        for kept in files.values()
        for test, found in kept["tests"].items()
    }
