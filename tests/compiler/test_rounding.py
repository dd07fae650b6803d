"""Ties of roundings: a table that holds one is found, and one without is not."""

from __future__ import annotations

import pytest

from clawc.compiler.pipeline import check

SPEC = """claw 1
task t {{
  title = "T"
  workspace {{ file f "f.csv" {{ content = "k,n,m\\nA,3,19.90\\nB,7,{price}\\n" }} }}
  let t = csv(f) | select k, p = round(n * m, 2) | sort k
  deliver r "r.csv" {{ columns = [k, p] }}
  instruction = "Read {{{{ path.f }}}}. Write {{{{ path.r }}}}: k and p (n times m, rounded to 2 decimals), sorted by k."
  verify {{ check e {{ expect rows(r) == t }} }}
}}
"""


@pytest.mark.parametrize(("price", "codes"), [("12.25", []), ("12.255", ["W0606"])])
def test_a_table_is_compared_by_its_rows(price: str, codes: list[str]) -> None:
    assert [d.code for d in check("spec.claw", SPEC.format(price=price)).diagnostics] == codes
