"""Test cases that are asked for: what the query calls a slip is one of the module that the agent sees."""

from __future__ import annotations

import csv
import importlib.util
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from clawc.compiler.pipeline import Compiled, check
from clawc.stdlib.archetypes.archetype import Proposal
from clawc.stdlib.archetypes.brief import unsaid
from clawc.stdlib.archetypes.catalogue import ARCHETYPES as CATALOGUE
from clawc.stdlib.archetypes.draw import Balance
from clawc.stdlib.archetypes.propose import propose
from clawc.stdlib.archetypes.testing import ARCHETYPES

DRAWN = 24


@pytest.fixture(scope="module")
def compiled() -> list[tuple[Proposal, Compiled]]:
    found: list[tuple[Proposal, Compiled]] = []
    balance = Balance()
    for number in range(DRAWN):
        one = propose(17, number, balance, ARCHETYPES)
        balance.count(one.picks)
        checked = check(f"{one.name}.claw", one.source, None, 1)
        if not checked.diagnostics:  # a number of the text may be an answer by chance
            found.append((one, checked.tasks[0]))
    assert len(found) >= DRAWN - 1
    return found


def test_facts_are_said(compiled: list[tuple[Proposal, Compiled]]) -> None:
    for one, task in compiled:
        assert unsaid(one.brief, task.task.told, task.trial.pristine) == [], one.name


def test_modules_do_what_the_query_says(
    compiled: list[tuple[Proposal, Compiled]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each case is tried with the module as an agent would; where the answer has a verdict, it is the one found here."""
    tried = 0
    for one, task in compiled:
        answer = next((d for p, d in task.witness.written.items() if p.endswith(".csv") and d), None)
        if answer is None:
            continue
        rows = list(csv.DictReader(io.StringIO(answer.decode("utf-8"))))
        names = list(rows[0])
        at = names.index("expected")
        folder = tmp_path / one.name
        for path, data in task.trial.pristine.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        monkeypatch.chdir(folder)
        path = next(p for p in task.trial.pristine if p.endswith(".py"))
        spec = importlib.util.spec_from_file_location("tested", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        function = next(value for name, value in vars(module).items() if f"def {name}(" in Path(path).read_text())
        same = [_alike(function(*map(_typed, list(row.values())[:at])), row["expected"]) for row in rows]
        if names[-1] == "expected":
            assert any(same), one.name
            continue
        verdicts = {row[names[-1]]: right for row, right in zip(rows, same, strict=True)}
        assert len(verdicts) == 2 and sorted(verdicts.values()) == [False, True], one.name
        assert [row[names[-1]] for row in rows] == [{v: k for k, v in verdicts.items()}[right] for right in same]
        tried += 1
    assert tried


def _typed(cell: str) -> str | int | float | Decimal:
    try:
        return int(cell)
    except ValueError:
        pass
    try:
        return float(cell)
    except ValueError:
        return cell


def _alike(given: object, expected: str) -> bool:
    if isinstance(given, (int, float, Decimal)):
        return abs(Decimal(str(given)) - Decimal(expected)) < Decimal("0.001")
    return (given.isoformat() if isinstance(given, date) else given) == expected


@pytest.mark.parametrize("name", ["review", "write_tests", "write_script"])
def test_another_seed_is_another_task(name: str) -> None:
    """What these hold is drawn by the source."""
    one = propose(3, 0, Balance(), [a for a in CATALOGUE if a.name == name])
    first, second = (check("one.claw", one.source, None, seed).tasks[0].trial.pristine for seed in (1, 2))
    assert first.keys() == second.keys() and first != second


def test_logs_are_drawn_by_the_source() -> None:
    """A fifth has a repository, which is the same for all seeds."""
    changelog = [a for a in CATALOGUE if a.name == "changelog"]
    balance = Balance()
    differ = 0
    for number in range(6):
        one = propose(3, number, balance, changelog)
        first, second = (check("one.claw", one.source, None, seed).tasks[0].trial.pristine for seed in (1, 2))
        differ += first != second
        assert (first != second) == ("data log" in one.source)
    assert differ >= 3
