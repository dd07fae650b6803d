"""Comments that allow a warning: what they cover, and what they cannot do."""

from __future__ import annotations

import pytest

from clawc.compiler.pipeline import check

TASK = """claw 1

{before}task totals {{
  title = "Total the hours"
  workspace {{
    {above}
    file rates "input/rates.csv" {{ content = "rate\\n1\\n" }}{behind}
    file hours "input/hours.csv" {{ content = "name,hours\\nAda,3\\nBo,4\\n" }}
  }}
  let wanted = csv(hours) | sort name
  deliver totals "output/totals.csv" {{ columns = [name, hours] }}
  instruction = "Read {{{{ path.hours }}}} and write {{{{ path.totals }}}}: its rows, sorted by name."
  verify {{ check totals_right {{ expect rows(totals) == wanted }} }}
}}
"""


def found(before: str = "", above: str = "", behind: str = "") -> tuple[list[str], list[tuple[str, str]]]:
    result = check("spec.claw", TASK.format(before=before, above=above, behind=behind))
    return [d.code for d in result.diagnostics], [(d.code, reason) for d, reason in result.allowed]


@pytest.mark.parametrize("comment", ["# allow W0302: by hand", "## allow W0302: by hand", "#allow w0302 :by hand"])
def test_above_the_item(comment: str) -> None:
    assert found(above=comment) == ([], [("W0302", "by hand")])


def test_behind_the_item() -> None:
    assert found(behind=" # allow W0302: by hand") == ([], [("W0302", "by hand")])


def test_above_the_task() -> None:
    assert found(before="# allow W0302: by hand\n# and more\n\n") == ([], [("W0302", "by hand")])


def test_several_codes_one_of_them_idle() -> None:
    assert found(above="# allow W0302, W0403: by hand") == (["W0101"], [("W0302", "by hand")])


def test_without_one() -> None:
    assert found() == (["W0302"], [])


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        ("# allow a blank file here", ["W0302"]),
        ("# allow W0302", ["E0113"]),
        ("# allow W0302:  ", ["E0113"]),
        ("# allow E0301: why", ["E0113"]),
        ("# allow W9999: why", ["E0113"]),
    ],
)
def test_what_allows_nothing(comment: str, codes: list[str]) -> None:
    kept, allowed = found(above=comment)
    assert set(codes) <= set(kept) and not allowed


def test_at_the_end_of_a_block_nothing_follows() -> None:
    text = TASK.format(before="", above="", behind="").replace('Bo,4\\n" }\n', 'Bo,4\\n" }\n    # allow W0302: late\n')
    assert "E0113" in [d.code for d in check("spec.claw", text).diagnostics]


def test_errors_hide_what_an_allowance_is_for() -> None:
    text = TASK.format(before="", above="# allow W0403: ties", behind="").replace("sort name", "sort nam")
    assert "W0101" not in [d.code for d in check("spec.claw", text).diagnostics]
