"""Dirt: in the file and not in the table, exactly as much as was asked for, and undone by what the language reads."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from clawc.compiler.pipeline import Compiled, check

GOLDEN = Path(__file__).parents[1] / "golden" / "instances" / "dirt.csv"
SPEC = """claw 1

task clean {
  title = "Clean the ledger"

  data ledger {
    count  = ROWS
    id     = serial("R{{ pad(n, 3) }}")
    name   = pick(["Ada Berg", "Bo Lind", "Cy Holm"])
    due    = any_date(@2026-01-01, @2026-12-31)
    amount = round(uniform(5, 50), 2)
    dirt   = [DIRT]
  }

  workspace { file found "input/ledger.csv" { content = csv(ledger) } }

  let wanted = WANTED

  deliver cleaned "output/clean.csv" { columns = columns(wanted) }

  instruction = "Clean {{ path.found }}, write it to {{ path.cleaned }} with the columns id, name, due, amount, sorted by id."

  verify { check right { expect rows(cleaned) == wanted } }
}
"""
CLEAN = "ledger | sort id"


def compiled(dirt: str, wanted: str = "csv(found) | sort id", rows: int = 40, seed: int = 0) -> Compiled:
    text = SPEC.replace("DIRT", dirt).replace("WANTED", wanted).replace("ROWS", str(rows))
    checked = check("spec.claw", text, None, seed)
    assert checked.tasks, [d.message for d in checked.diagnostics]
    return checked.tasks[0]


def cells(one: Compiled) -> list[list[str]]:
    return list(csv.reader(one.task.inputs[0].data.decode().splitlines()))[1:]


def column(dirt: str, place: int, seed: int = 0, rows: int = 40) -> list[tuple[str, str]]:
    """Cells as they are clean, and as they are written."""
    clean, dirty = (
        cells(compiled("duplicate_rows(0)", seed=seed, rows=rows)),
        cells(compiled(dirt, seed=seed, rows=rows)),
    )
    assert [row[0] for row in clean] == [row[0] for row in dirty]
    return [(a[place], b[place]) for a, b in zip(clean, dirty, strict=True)]


SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_some_rows_stand_twice(seed: int) -> None:
    clean, dirty = cells(compiled("duplicate_rows(0)", seed=seed)), cells(compiled("duplicate_rows(4)", seed=seed))
    assert Counter(map(tuple, dirty)) - Counter(map(tuple, clean)) == Counter(
        set(map(tuple, dirty)) & {r for r, n in Counter(map(tuple, dirty)).items() if n == 2}
    )
    assert len(dirty) == len(clean) + 4
    first = list(dict.fromkeys(map(tuple, dirty)))
    assert first == list(map(tuple, clean))  # a copy stands below what it copies


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("share", "count"), [("0", 0), ("0.001", 1), ("0.1", 4), ("0.5", 20), ("1", 40)])
def test_a_share_is_a_number_of_cells(seed: int, share: str, count: int) -> None:
    for dirt in (f"blank(name, {share})", f"garble(name, {share})", f"stray_spaces(name, {share})"):
        assert sum(a != b for a, b in column(dirt, 1, seed)) == count, dirt


def test_a_slip_changes_one_letter_or_two() -> None:
    for clean, dirty in column("garble(name, 1)", 1):
        assert clean != dirty and abs(len(clean) - len(dirty)) <= 1
        assert sum((Counter(clean) - Counter(dirty)).values()) <= 1


def test_spaces_and_case_are_undone_by_trim_and_lower() -> None:
    for clean, dirty in column("stray_spaces(name, 1)", 1):
        assert " ".join(dirty.split()) == clean
    pairs = column("mixed_case(name)", 1)
    assert all(a.casefold() == b.casefold() for a, b in pairs) and any(a != b for a, b in pairs)


@pytest.mark.parametrize("seed", SEEDS)
def test_dates_in_five_spellings_are_read_as_they_were(seed: int) -> None:
    read = compiled("mixed_date_formats(due)", "csv(found) | derive due = date(due) | sort id", seed=seed)
    clean = compiled("duplicate_rows(0)", seed=seed)
    assert read.witness.files == clean.witness.files
    shapes = {"".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in row[2]) for row in cells(read)}
    assert len({s.replace("9", "").replace("a", "") + str("a" in s) for s in shapes}) == 5


def test_two_rows_have_two_spellings() -> None:
    for seed in range(20):
        (_, first), (_, second) = column("mixed_date_formats(due)", 2, seed, rows=2)
        assert first.count("-") != second.count("-") or first[4] != second[4]


def test_outliers_are_as_many_and_as_large_as_was_said() -> None:
    factors = [float(b) / float(a) for a, b in column("outlier(amount, 3)", 3) if a != b]
    assert len(factors) == 3 and all(round(f) in (100, 1000) for f in factors)


def test_rows_in_any_order() -> None:
    clean, dirty = cells(compiled("duplicate_rows(0)")), cells(compiled("shuffle_rows()"))
    assert clean != dirty and sorted(clean) == sorted(dirty)


def test_the_name_of_the_table_stands_for_the_clean_rows() -> None:
    dirty = compiled("duplicate_rows(2), garble(name, 0.5), mixed_date_formats(due)", CLEAN)
    clean = compiled("duplicate_rows(0)")
    assert dirty.witness.files == clean.witness.files
    assert dirty.task.inputs[0].data != clean.task.inputs[0].data


def test_dirt_comes_into_parts_of_a_record_and_through_a_let() -> None:
    text = (
        SPEC.replace("DIRT", "duplicate_rows(2)")
        .replace("WANTED", "table(json(found).rows) | distinct id | sort id")
        .replace("ROWS", "9")
    )
    text = text.replace("ledger.csv", "ledger.json").replace("csv(ledger)", "json({rows: all_of_it, note: 1})")
    text = text.replace("  workspace", "  let all_of_it = ledger\n\n  workspace")
    checked = check("spec.claw", text)
    assert checked.tasks, [d.message for d in checked.diagnostics]
    assert checked.tasks[0].task.inputs[0].data.count(b'"id"') == 11


def test_what_is_written_is_pinned(update_goldens: bool) -> None:
    one = compiled("duplicate_rows(2), blank(amount, 0.1), garble(name, 0.2), mixed_case(name), stray_spaces(id, 0.2), "
                   "mixed_date_formats(due), outlier(amount, 1)", rows=20)  # fmt: skip
    data = one.task.inputs[0].data
    if update_goldens:
        GOLDEN.write_bytes(data)
    assert data == GOLDEN.read_bytes()
