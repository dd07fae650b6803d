"""`path.NAME`, and names in command lines, where the name is a parameter or a `let` that holds a file."""

from __future__ import annotations

from clawc.compiler.pipeline import check

SOURCE = """claw 1
task paths {
  title = "Paths"
  workspace { file data "in/data.txt" { content = "4" } }
  deliver script "s.py" { kind = program }
  instruction = "Write {{ path.script }} for {{ path.data }}."
  def says(program, file) = run(["python3", program, file]).stdout
  def named(file) = path.file
  let here = data
  verify {
    check c { expect says(script, here) == "2" and contains(script, named(data)) and contains(script, path.here) }
  }
  solution { write script = "print(2) # in/data.txt" }
}
"""


def test_parameters_and_lets_stand_for_the_paths_of_their_files() -> None:
    found = check("p.claw", SOURCE)
    assert not found.diagnostics, [d.message for d in found.diagnostics]
    assert [job.argv for job in found.tasks[0].task.context.task.jobs] == [("python3", "s.py", "in/data.txt")]


def test_what_is_no_file_has_no_path() -> None:
    found = check("p.claw", SOURCE.replace("let here = data", 'let here = "x"'))
    assert "E0301" in {d.code for d in found.diagnostics}
