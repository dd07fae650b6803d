"""The ports whose inputs leave most of their query untested: what is found, and that it is found again alike."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from clawc.compiler.adequacy import findings, query_mutants
from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import Compiled, check

PORTS = Path(__file__).parents[3] / "examples" / "clawgym"


def port(number: str) -> Compiled:
    path = PORTS / f"task_{number}" / f"task_{number}.claw"
    return check(str(path), path.read_text(encoding="utf-8"), DiskAssets(path.parent)).tasks[0]


def places(number: str) -> set[str]:
    task = port(number)
    found = findings(task.task, query_mutants(task.task, task.sealer))
    return {" ".join(f.source.slice(f.span).split()) for f in found}


def test_of_the_shortlist_budget_speed_body_style_and_number_are_untested() -> None:
    assert places("1670") >= {
        'body_style in members("allowed_body_styles")', 'base_msrp_usd <= limit("max_budget_usd")',
        'zero_to_60_mph_s <= limit("max_0_to_60_s")', 'combined_mpg >= limit("min_combined_mpg")',
        "take 3", "model", "variant", "dealer_name",
    }  # fmt: skip


def test_of_the_reminders_the_keys_of_the_order_are_untested() -> None:
    assert places("0000") >= {"due_by", "reminder_id"}


def test_of_the_products_the_last_key_and_the_number_are_untested() -> None:
    assert places("0242") == {"price", "take 10"}


def test_each_advice_names_a_row_of_the_file() -> None:
    task = port("1670")
    found = findings(task.task, query_mutants(task.task, task.sealer))
    budget = next(f for f in found if "max_budget" in f.source.slice(f.span))
    assert budget.message == ('the inputs do not distinguish `base_msrp_usd <= limit("max_budget_usd")` from '
                              '`base_msrp_usd < limit("max_budget_usd")`, nor from 2 other changes of it')  # fmt: skip
    assert (
        "a row with base_msrp_usd = 300000 to `input/models.csv`, such as `DB12,Coupe,2025,coupe,4,671,20,3.5,300000`"
        in budget.help
    )


SCRIPT = """
import sys
from pathlib import Path
from clawc.compiler.adequacy import query_mutants
from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import check
path = Path(sys.argv[1])
task = check(str(path), path.read_text(encoding="utf-8"), DiskAssets(path.parent)).tasks[0]
for m in query_mutants(task.task, task.sealer):
    print(m.operator, m.span, m.status, m.before, m.after, m.checks, m.reason, m.row)
"""


def test_two_processes_find_the_same() -> None:
    path = str(PORTS / "task_0435" / "task_0435.claw")
    said = [
        subprocess.run([sys.executable, "-P", "-c", SCRIPT, path], env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(PORTS.parents[1])},
                       capture_output=True, text=True, check=True).stdout
        for seed in ("1", "77")
    ]  # fmt: skip
    assert said[0] == said[1] and said[0].count("\n") > 20
