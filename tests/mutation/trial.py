"""Runs chosen tests against one mutated module, in a process that has not imported the primitives yet."""

from __future__ import annotations

import importlib
import json
import signal
import sys
from collections.abc import Generator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import pytest

from tests.mutation.pool import RESULT, Ended, Job

PACKAGE = "clawc.stdlib.checks"
# Imported before the fork, so that no child has to: none of them imports the primitives.
PRELOADED = (
    "_pytest.assertion.rewrite", "_pytest.fixtures", "_pytest.python", "_pytest.terminal", "clawc.spec.bundle",
    "clawc.spec.functions", "hypothesis.extra", "hypothesis.strategies", "jinja2", "pydantic", "sqlite3", "zipfile",
)  # fmt: skip
# What a test may use beyond ten times the processor time that it needed when it was measured.
SPARE_SECONDS = 10.0


class Mutated(NamedTuple):
    """A module of the primitives, and its text with the change."""

    module: str
    text: str


class Chosen(NamedTuple):
    """A test by its id, and the seconds that it took."""

    test: str
    seconds: float


class _Loader(SourceFileLoader):
    """Loads a module from a text in memory; its file is neither read nor written."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = compile(self.text, self.path, "exec", dont_inherit=True)
        return code


class _Finder(MetaPathFinder):
    def __init__(self, mutated: Mutated) -> None:
        self.mutated = mutated

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != f"{PACKAGE}.{self.mutated.module}":
            return None
        spec = PathFinder.find_spec(fullname, path)
        assert spec is not None and spec.origin is not None
        loader: Loader = _Loader(fullname, spec.origin, self.mutated.text)
        return ModuleSpec(fullname, loader, origin=spec.origin)


def install(mutated: Mutated) -> None:
    """From here on the module is the mutated one: where it is imported, and where its text goes into checkers."""
    loaded = [name for name in sys.modules if name.startswith(PACKAGE + ".")]
    assert not loaded, f"imported before the mutant: {loaded}"
    sys.meta_path.insert(0, _Finder(mutated))
    package: Any = importlib.import_module(PACKAGE)
    texts = package.module_texts
    package.module_texts = lambda: {**texts(), mutated.module: mutated.text.encode("utf-8")}


def prepare() -> None:
    """Imports what the tests need of others."""
    for name in PRELOADED:
        importlib.import_module(name)


class _Plugin:
    """Keeps the chosen tests, in their order, each under a limit of processor time; remembers which failed."""

    def __init__(self, chosen: Sequence[Chosen], spare: float) -> None:
        self.spare = spare
        self.chosen = {c.test: (place, c.seconds) for place, c in enumerate(chosen)}
        self.failed: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self.chosen), key=lambda i: self.chosen[i.nodeid][0])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        # The clock of this process alone, so that neighbours do not count; its signal ends the process.
        signal.setitimer(signal.ITIMER_VIRTUAL, self.spare + 10 * self.chosen[item.nodeid][1])
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


def pytest_run(arguments: Sequence[str], folder: Path, plugin: object) -> int:
    """One session of pytest that leaves nothing but in the folder, and does not shrink what hypothesis finds."""
    from hypothesis import Phase, settings

    settings.register_profile(
        "mutation", database=None, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate]
    )
    settings.load_profile("mutation")
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=no", f"--basetemp={folder / 'pytest'}"]
    return int(pytest.main([*options, *arguments], plugins=[plugin]))


def trial(
    name: str, mutated: Mutated | None, chosen: Sequence[Chosen], first_only: bool = True, spare: float = SPARE_SECONDS
) -> Job:
    """A job whose result is the list of tests that fail: at most one, if the first is enough. `None` mutates nothing."""
    files = sorted({c.test.partition("::")[0] for c in chosen})

    def run(folder: Path) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, 6 * SPARE_SECONDS)
        if mutated is not None:
            install(mutated)
        plugin = _Plugin(chosen, spare)
        code = pytest_run([*files, *(["-x"] if first_only else [])], folder, plugin)
        ended_oddly = code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
        failed = plugin.failed or ([f"pytest ended with {code}"] if ended_oddly else [])
        (folder / RESULT).write_text(json.dumps(failed), encoding="utf-8")

    return Job(name, run, 60 + 20 * sum(c.seconds for c in chosen))


def killed_by(ended: Ended) -> str:
    """The test that failed, or why there is no result; nothing for a mutant that survived."""
    if ended.result is None:
        return ended.why
    return str(ended.result[0]) if ended.result else ""
