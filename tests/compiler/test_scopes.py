"""Names are lexical: a `let` or `def` means the same wherever it is used."""

from __future__ import annotations

from clawc.compiler.pipeline import check

SOURCE = """claw 1
task scopes {
  title = "Scopes"
  workspace {
    file limits "in/limits.json" { content = "{\\"n\\": 2}" }
    file t "in/t.json" { content = "[{\\"n\\": 1, \\"limit\\": 9}, {\\"n\\": 3, \\"limit\\": 9}]" }
  }
  let found = table(json(t)) | where n > least | select n, more = over(n)
  let least = n
  let n = json(limits).n
  def over(x) = x - n
  deliver d "out/d.csv"
  instruction = "Read {{ path.t }} and {{ path.limits }}, write {{ path.d }}."
  verify { check c { expect rows(d) == found } }
}
"""


def test_a_let_first_used_in_a_row_expression_sees_no_columns() -> None:
    found = check("s.claw", SOURCE)
    assert found.ok and {d.code for d in found.diagnostics} <= {"W0303", "W0601"}, [
        d.message for d in found.diagnostics
    ]
    assert found.tasks[0].witness.files["out/d.csv"] == b"n,more\n3,1\n"


def test_an_unknown_name_in_a_let_is_no_column_of_where_it_is_used() -> None:
    found = check("s.claw", SOURCE.replace("  let n = json(limits).n\n", ""))
    assert {d.code for d in found.diagnostics} == {"E0301"}
