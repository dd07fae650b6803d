"""Small tasks around one query, and the mutants of it by operator and what is written instead."""

from __future__ import annotations

import textwrap

from clawc.compiler.adequacy import QueryMutant, query_mutants
from clawc.compiler.pipeline import Compiled, check

TASK = """claw 1

task small {{
  title      = "Answer a question about a table"
  category   = office.records
  operations = [files.extract, data.filter, files.write]

  workspace {{
{files}  }}

  let wanted = {query}

  deliver answer "output/answer.{kind}"{columns}

  instruction = "{told}"

  verify {{
    check right {{ expect {condition} }}
  }}
}}
"""
FILE = """    file {name} "input/{name}.{kind}" {{
      content = \"\"\"
{content}
        \"\"\"
    }}
"""


def task_of(query: str, files: dict[str, str], condition: str = "", told: str = "") -> str:
    """The source of a task; `files` by their names, `t.csv` and the like, which are those of the inputs."""
    blocks = "".join(
        FILE.format(
            name=name.split(".")[0], kind=name.split(".")[1], content=textwrap.indent(text.strip("\n"), " " * 8)
        )
        for name, text in files.items()
    )
    names = ", ".join(f"{{{{ path.{name.split('.')[0]} }}}}" for name in files)
    text = told or f"Read {names} and write {{{{ path.answer }}}} with the columns that are asked for, sorted."
    return TASK.format(
        files=blocks,
        query=query,
        kind="json" if condition.startswith("json") else "csv",
        columns="" if condition.startswith("json") else " { columns = columns(wanted) }",
        told=text,
        condition=condition or "rows(answer) == wanted",
    )


def compiled(source: str) -> Compiled:
    """The one task of a source without errors."""
    checked = check("small.claw", source)
    assert checked.ok, [f"{d.code} {d.message}" for d in checked.diagnostics]
    return checked.tasks[0]


def mutants_of(source: str) -> dict[tuple[str, str], QueryMutant]:
    """The mutants by operator and by what is written instead."""
    task = compiled(source)
    return {(m.operator, m.after): m for m in query_mutants(task.task, task.sealer)}


def with_rows(files: dict[str, str], mutant: QueryMutant) -> dict[str, str]:
    """The files with the rows that the mutant asks for."""
    assert mutant.row is not None
    name = mutant.row.path.removeprefix("input/")
    lines = list(mutant.row.rows)
    if name.endswith(".json"):
        text = files[name].rstrip().removesuffix("]").rstrip()
        return {**files, name: text + "".join(f",\n{line}" for line in lines) + "\n]\n"}
    return {**files, name: "\n".join([files[name].strip("\n"), *lines]) + "\n"}
