"""`clawc test` from outside: what it says, what it leaves, hostile programs, instances, what is kept of earlier proofs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = """claw 1

## Total orders.
task sums {
  title = "Total the orders"
  workspace {
    file orders "input/orders.csv" { content = "customer,amount\\nAda,12.50\\nBela,3.20\\nAda,7.00\\nCleo,30.00\\n" }
  }
  let totals = csv(orders) | group customer, total = sum(amount) | sort -total, customer
  deliver report "output/totals.csv" { columns = columns(totals) }
  instruction = "Read {{ path.orders }} and write {{ path.report }}: customer and total, sorted by total, highest first, then by customer."
  verify {
    check right { expect rows(report) == totals within 0.005 }
    require kept { expect unchanged(workspace) }
  }
}
"""
JUDGED_BY_CODE = """claw 1

## Total orders.
task sums {
  title = "Total the orders"
  workspace {
    file orders "input/orders.csv" { content = "customer,amount\\nAda,12.50\\nBela,3.20\\nAda,7.00\\n" }
  }
  deliver report "output/totals.csv" { columns = [customer, total] }
  instruction = "Read {{ path.orders }} and write {{ path.report }} with the columns customer and total."
  verify {
    check right {
      python \"\"\"
        def check(workspace):
            BODY
        \"\"\"
    }
  }
  solution { write report = "customer,total\\nAda,19.50\\nBela,3.20\\n" }
  mutant half { replace report = "customer,total\\nAda,19.50\\n" }
}
"""
INSTANCES = """claw 1

## Count the rows of a region.
task counted {
  title = "Count"
  param region { choice = ["EU", "US"] }
  data sales {
    count = 12
    id = serial("S-{{ n }}")
    region = pick({EU: 3, US: 2, APAC: 1})
    amount = round(uniform(1, 90), 2)
  }
  workspace { file all "input/sales.csv" { content = csv(sales) } }
  let mine = csv(all) | where region == param.region | sort -amount, id
  deliver report "output/mine.csv" { columns = [id, amount] }
  instruction = "Write the sales of {{ param.region }} in {{ path.all }} to {{ path.report }} with the columns id and amount, sorted by amount, highest first."
  verify { check right { expect rows(report) == mine } }
  admit { expect count(mine) in 3..7 and unique(mine.amount) }
}
"""


def clawc(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clawc", "test", *map(str, arguments)]
    env = {**os.environ, "CLAWC_CACHE": str(folder / "cache")}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=env, timeout=120)


def cards(folder: Path, *arguments: object) -> list[dict[str, Any]]:
    done = clawc(folder, *arguments, "--format", "json")
    assert done.returncode in (0, 1), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["cards"]
    return found


@pytest.mark.sampled(2)
@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("level", ["admit", "release"])
def test_a_sound_source_has_a_clean_card(tmp_path: Path, level: str) -> None:
    (tmp_path / "sums.claw").write_text(SOURCE)
    [card] = cards(tmp_path, "sums.claw", "--level", level)
    assert card["clean"] and card["oracle_score"] == "1" and card["key"]["level"] == level
    counts = card["counts"]
    assert counts["survived"] == counts["rejected"] == 0 and counts["killed"] == counts["wrong"] >= 25
    real = card["real"]
    assert real["disagreed"] == [] and real["credited"] == []
    if level == "release":
        assert real["runs"] >= counts["wrong"] + counts["equivalent"] and real["tampered"] > 10
        assert len(real["environments"]) == 20 and all(e["same"] for e in real["environments"])


@pytest.mark.sampled(6)
@pytest.mark.usefixtures("works")
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("while True: pass", "took too long"),
        ("import os; os._exit(0)", "gave no answer"),
        ("print('x' * 10**8)", "could not be run"),
        ("raise SystemExit('no')", "gave no answer"),
        ("import os; os.kill(1, 9); os.kill(os.getppid(), 9)", "rows_right|right"),
        ("open('output/totals.csv', 'w').write('mine'); return False", "right"),
    ],
)
def test_code_that_misbehaves_is_a_finding(tmp_path: Path, body: str, words: str) -> None:
    (tmp_path / "sums.claw").write_text(JUDGED_BY_CODE.replace("BODY", body))
    done = clawc(tmp_path, "sums.claw", "--no-cache")
    assert done.returncode == 1 and "Traceback" not in done.stderr + done.stdout
    assert "W0801" in done.stdout and any(word in done.stdout for word in words.split("|")), done.stdout


@pytest.mark.usefixtures("works")
def test_code_that_always_agrees_is_caught(tmp_path: Path) -> None:
    (tmp_path / "sums.claw").write_text(JUDGED_BY_CODE.replace("BODY", "return True"))
    done = clawc(tmp_path, "sums.claw")
    assert done.returncode == 1 and "the mutant `half` of the task loses nothing" in done.stdout


def test_an_oracle_that_cannot_be_derived_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "sums.claw").write_text(
        SOURCE.replace("rows(report) == totals within 0.005", "count(rows(report)) == 3")
    )
    done = clawc(tmp_path, "sums.claw", "--no-sandbox")
    assert done.returncode == 1 and "E0612" in done.stdout and "no task" not in done.stdout


@pytest.mark.nightly
def test_a_large_answer_has_few_mutants(tmp_path: Path) -> None:
    rows = "".join(f"c{n},{n}.25\\n" for n in range(3_000))
    large = SOURCE.replace("Ada,12.50\\nBela,3.20\\nAda,7.00\\nCleo,30.00\\n", rows)
    (tmp_path / "sums.claw").write_text(large)
    [card] = cards(tmp_path, "sums.claw", "--no-sandbox")
    assert card["clean"] and card["counts"]["survived"] == 0


@pytest.mark.usefixtures("works")
def test_instances_are_proved_each(tmp_path: Path) -> None:
    (tmp_path / "counted.claw").write_text(INSTANCES)
    found = cards(tmp_path, "counted.claw", "-n", "12")
    assert [c["task"] for c in found] == [f"counted-{n:04}" for n in range(1, 13)]
    assert all(c["clean"] for c in found) and {c["instance"]["seed"] for c in found} == set(range(12))
    assert found[0]["instance"]["others"] == 5 and found[0]["instance"]["accepted_foreign"] == 0
    assert sum(c["real"]["runs"] for c in found) >= 4


def test_an_answer_that_fits_every_seed_is_found(tmp_path: Path) -> None:
    same = INSTANCES.replace("where region == param.region", 'where id == "S-1"').replace("in 3..7", "== 1")
    same = (
        same.replace("amount = round(uniform(1, 90), 2)", "amount = 5")
        .replace("{{ param.region }}", "S-1")
        .replace("region = pick({EU: 3, US: 2, APAC: 1})", "region = param.region")
    )
    (tmp_path / "counted.claw").write_text(same)
    done = clawc(tmp_path, "counted.claw", "--no-sandbox")
    assert done.returncode == 1 and "W0809" in done.stdout, done.stdout


@pytest.mark.usefixtures("works")
def test_what_was_proved_is_not_proved_again(tmp_path: Path) -> None:
    (tmp_path / "sums.claw").write_text(SOURCE)
    first, second = cards(tmp_path, "sums.claw"), cards(tmp_path, "sums.claw")
    assert first == second  # also the processor time that it took
    (tmp_path / "sums.claw").write_text(SOURCE.replace("0.005", "0.006"))
    assert cards(tmp_path, "sums.claw")[0]["key"]["bundle"] != first[0]["key"]["bundle"]


@pytest.mark.usefixtures("works")
def test_an_allowed_finding_stays_on_the_card(tmp_path: Path) -> None:
    weak = SOURCE.replace("rows(report) == totals within 0.005", "rows(report) == totals within 90%")
    (tmp_path / "sums.claw").write_text(weak)
    assert clawc(tmp_path, "sums.claw").returncode == 1
    (tmp_path / "sums.claw").write_text(
        weak.replace("    check right", "    # allow W0804: rough on purpose\n    check right")
    )
    [card] = cards(tmp_path, "sums.claw")
    assert card["clean"] and [f["allowed"] for f in card["findings"] if f["code"] == "W0804"] == [
        "rough on purpose"
    ] * len([f for f in card["findings"] if f["code"] == "W0804"])
    checked = subprocess.run(
        [sys.executable, "-m", "clawc", "check", "sums.claw"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "W0101" not in checked.stdout


@pytest.mark.sampled(6)
@pytest.mark.parametrize("format", ["text", "json", "html", "sarif", "github", "junit"])
def test_formats(tmp_path: Path, format: str) -> None:
    (tmp_path / "sums.claw").write_text(SOURCE.replace("within 0.005", "within 90%"))
    done = clawc(tmp_path, "sums.claw", "--no-sandbox", "--format", format, "-o", "out")
    assert done.returncode == 1 and "W0804" in (tmp_path / "out").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sums.claw", "--level", "lax"], "the level `lax` is unknown"),
        (["absent.claw"], "there is no file"),
        (["sums.claw", "--format", "xml"], "is unknown"),
    ],
)
def test_refusals(tmp_path: Path, arguments: list[str], words: str) -> None:
    (tmp_path / "sums.claw").write_text(SOURCE)
    done = clawc(tmp_path, *arguments)
    assert done.returncode == 2 and words in done.stderr
