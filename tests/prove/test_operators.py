"""Operators that no example calls for, each on a small task, and what all of them have in common."""

from __future__ import annotations

import pytest

from clawc.compiler.assets import NoAssets
from clawc.compiler.mutants.operators import operators
from clawc.compiler.pipeline import Compiled, check
from clawc.compiler.prove.proof import Outcome
from tests.prove.proofs import proved

HEAD = """claw 1

## Total orders.
task sums {
  title = "Total the orders"
  workspace {
    file orders "input/orders.csv" {
      content = "customer,amount,day\\nAda,12.50,2026-01-05\\nBela,3.20,2026-01-06\\nAda,7.00,2026-02-01\\nCleo,30.00,2026-02-03\\n"
    }
  }
  let totals = csv(orders) | group customer, total = sum(amount) | sort -total, customer
"""
TABLE = """
  deliver report "output/totals.csv" { columns = [customer, total] %s }
  instruction = "Read {{ path.orders }} and write {{ path.report }} with the columns customer and total%s. %s"
  verify {
    check right { expect rows(report) == %s }
    %s
  }
}
"""
SPECS = {
    "unasked_column_order": HEAD + TABLE % ("; column_order = true", "", "", "unordered(totals)", ""),
    "unasked_order": HEAD + TABLE % ("", "", "", "totals", ""),
    "stray_file": HEAD + TABLE % ("", ", sorted by total, highest first", "Write nothing else.", "totals",
                                  'require neat { expect only_under("output") }'),
    "free_ties": HEAD + TABLE % ("", ", sorted by the number of orders, most first", "",
                                 "(csv(orders) | group customer, total = count() | sort -total)", ""),
    "declared_alternative": HEAD + """
  deliver best "output/best.json" { keys = [name] }
  instruction = "Read {{ path.orders }} and write {{ path.best }} with the name of a customer with one order."
  verify { check right { expect json(best).name in ["Cleo", "Bela"] } }
}
""",
    "silent_end": HEAD + """
  deliver report "output/totals.csv" { columns = [customer, total] }
  instruction = "Read {{ path.orders }} and write {{ path.report }} with the columns customer and total. Say the best total at the end, and not whose it is."
  verify {
    check right { expect rows(report) == unordered(totals) }
    check told { expect mentions(final_message, first(totals).total) }
    forbid whose { expect mentions(final_message, first(totals).customer) }
    check looked { expect transcript.calls | any tool == "read" and path == path.orders }
  }
}
""",
    "extra_prose_unasked": HEAD + """
  deliver note "output/note.md"
  instruction = "Read {{ path.orders }} and tell in {{ path.note }} who has the highest total, and what it is."
  verify { check right { expect text(note) == "{{ first(totals).customer }}, {{ first(totals).total }}" } }
}
""",
    "reworded": HEAD + """
  deliver note "output/note.md"
  instruction = "Read {{ path.orders }} and tell in {{ path.note }} who has the highest total, and what it is."
  verify { check right { expect contains(note, "Our champion: {{ first(totals).customer }} with {{ first(totals).total }}") } }
}
""",
    "heading_level": HEAD + """
  deliver note "output/note.md" { sections = [Best, Steps] }
  instruction = "Read {{ path.orders }} and write {{ path.note }} with the sections Best (who has the highest total, and what it is) and Steps (two or three bullets)."
  verify {
    check right { expect mentions(section(note, "Best"), first(totals).customer) and mentions(section(note, "Best"), first(totals).total) }
    check steps { expect count(bullets(section(note, "Steps"))) in 2..3 }
  }
}
""",
    "longer_number": HEAD + """
  deliver note "output/note.md"
  instruction = "Read {{ path.orders }} and tell in {{ path.note }} how many orders there are, in the form Orders: n."
  verify { check right { expect mentions(note, count(csv(orders)), near = "Orders") } }
}
""",
}  # fmt: skip
ALSO = {
    "silent_end": ("claim_only", "untold_fact", "banned_message", "call_left_out"),
    "heading_level": ("bullet_sign",),
}
# The task is too strict: a right answer has to fail.
REFUSED = ("unasked_column_order", "unasked_order", "extra_prose_unasked", "reworded")


def compiled(text: str) -> Compiled:
    checked = check("t.claw", text, NoAssets())
    assert checked.ok, [(d.code, d.message) for d in checked.diagnostics]
    return checked.tasks[0]


@pytest.mark.parametrize("name", SPECS)
def test_operator(name: str) -> None:
    outcomes: dict[str, list[Outcome]] = {}
    for o in proved(compiled(SPECS[name]), 400).outcomes:
        outcomes.setdefault(o.mutant.operator, []).append(o)
    kinds = {o.name: o.kind for o in operators()}
    for operator in (name, *ALSO.get(name, ())):
        assert operator in outcomes, sorted(outcomes)
        wanted = "killed" if kinds[operator] == "wrong" else "rejected" if operator in REFUSED else "kept"
        assert {o.status for o in outcomes[operator]} == {wanted}, [
            (o.mutant.what, o.status) for o in outcomes[operator]
        ]
    assert [o.mutant.what for os in outcomes.values() for o in os if o.status == "survived"] == []


def test_mutants_are_the_same_in_every_run() -> None:
    texts = [SPECS["heading_level"], SPECS["silent_end"]]
    runs = [[m for t in texts for m in proved(compiled(t), 60).plan.mutants] for _ in range(2)]
    assert [(m.operator, m.what, dict(m.files)) for m in runs[0]] == [
        (m.operator, m.what, dict(m.files)) for m in runs[1]
    ]


def test_names_and_kinds() -> None:
    listed = operators()
    assert len(listed) > 70 and {o.kind for o in listed} == {"wrong", "equivalent"}
