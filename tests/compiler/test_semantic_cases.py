"""Every row of `spec/cases/*.md`: at compile time, in the evaluator that judges trials, and in the emitted checker."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import build, check
from clawc.spec.bundle import CHECKER, VENDOR
from clawc.spec.cases import Case, CasesError, Page, over, pages, read


def source(page: Page) -> str:
    """One task for a page: the files of its rows as inputs and as deliverables, one check for each row."""
    inputs: list[str] = []
    delivers: list[str] = []
    checks: list[str] = []
    solution: list[str] = []
    paths: list[str] = []
    for case in page.cases:
        n, asset = case.line, f'"{case.line}.{case.suffix}"'
        if case.kind != "answer":
            if case.suffix:
                inputs.append(f'file in_{n} "in/{n}.{case.suffix}" {{ from = {asset} }}')
            checks.append(
                f"check static_{n} {{ expect json(answers).case_{n} == ({over(case.expression, f'in_{n}')}) }}"
            )
            checks.append(f"check stated_{n} {{ expect json(values).case_{n} == {case.expected} }}")
        if case.kind != "input":
            delivers.append(f'deliver d_{n} "out/{n}.{case.suffix}" {{ {case.declared} }}')
            paths.append(f"{{{{ path.d_{n} }}}}")
            condition = over(case.expression, f"d_{n}")
            if case.kind == "file":
                condition = f"({condition}) == {case.expected}"
            checks.append(f"check case_{n} {{ {case.check}; expect {condition} }}".replace("{ ;", "{"))
            right = next((c for c in page.cases if same_check(c, case) and c.expected == "passes"), case)
            if case.kind == "file" or right.expected == "passes":
                solution.append(f'write d_{n} = from("{right.line}.{right.suffix}")')
    if any(c.kind != "answer" for c in page.cases):
        for name in ("answers", "values"):
            delivers.append(f'deliver {name} "out/{name}.json"')
            paths.append(f"{{{{ path.{name} }}}}")
    lines = [
        "claw 1", f"task cases_of_{page.name} {{", 'title = "Cases"', "category = office.records", "operations = [files.write]",
        "workspace {", 'file note "note.txt" { content = "A note." }', *inputs, "}", page.definitions, *delivers,
        f'instruction = "Write {" ".join(paths)}."',
        "verify {", *checks, "}", "solution {", *solution, "}", "}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def same_check(a: Case, b: Case) -> bool:
    return (a.expression, a.declared, a.check, a.suffix, a.kind) == (
        b.expression,
        b.declared,
        b.check,
        b.suffix,
        b.kind,
    )


class Judged(NamedTuple):
    """What the three judges of a page said."""

    static: dict[str, Any]
    stated: dict[str, Any]
    trial: dict[str, Any]
    emitted: dict[str, Any]


def judged(page: Page, folder: Path) -> Judged:
    for case in filter(lambda c: c.suffix, page.cases):
        (folder / f"{case.line}.{case.suffix}").write_bytes(case.content.encode())
    path = folder / f"{page.name}.claw"
    found = check(str(path), source(page), DiskAssets(folder))
    wrong = [d for d in found.diagnostics if d.severity == "error"]
    assert not wrong, "\n".join(f"{d.code} {d.message}: {found.source.text[d.span.start : d.span.end]}" for d in wrong)
    compiled = found.tasks[0]
    answers = {n: json.loads(compiled.witness.files.get(f"out/{n}.json", b"{}")) for n in ("answers", "values")}
    written = {f"out/{c.line}.{c.suffix}": c.content.encode() for c in page.cases if c.kind != "input"}
    written |= {f"out/{n}.json": json.dumps(answers["values"]).encode() for n in answers}
    trial = compiled.trial.judge(dict(written))
    workspace, bundle = folder / "workspace", folder / "bundle"
    parts = {CHECKER, VENDOR}
    for name, data in build(compiled).files.items():
        if any(name.startswith(part) for part in parts):
            put(bundle / name, data)
    for name, data in {**compiled.trial.pristine, **written}.items():
        put(workspace / name, data)
    command = [sys.executable, "-I", "-S", "-B", str(bundle / CHECKER), str(workspace), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0 and done.stdout, done.stderr
    return Judged(answers["answers"], answers["values"], trial, json.loads(done.stdout))


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def credit(verdict: dict[str, Any], name: str) -> tuple[Decimal, str]:
    row = next(c for c in verdict["checks"] if c["name"] == name)
    return Decimal(row["credit"]), str(row)


@pytest.mark.parametrize("page", pages(), ids=lambda p: p.name)
def test_every_row_holds_at_compile_time_and_in_the_checker(page: Page, tmp_path: Path) -> None:
    said = judged(page, tmp_path)
    wrong: list[str] = []
    for case in page.cases:
        where, name = f"{page.name}.md:{case.line} `{case.expression}`", f"case_{case.line}"
        if case.kind != "answer" and said.static.get(name) != said.stated.get(name):
            wrong.append(f"{where}: at compile time {said.static.get(name)!r}")
        outcome = {"passes": "1", "fails": "0"}.get(case.expected, case.expected) if case.kind == "answer" else "1"
        names = {"file": [name, f"static_{case.line}"], "input": [f"static_{case.line}"], "answer": [name]}[case.kind]
        for judge, verdict in (("the evaluator", said.trial), ("the checker", said.emitted)):
            for check_name in names:
                got, shown = credit(verdict, check_name)
                if got != Decimal(outcome):
                    wrong.append(f"{where}: {judge}: {shown}")
    assert not wrong, "\n".join(wrong)


def test_a_page_out_of_form_is_refused_with_its_line() -> None:
    with pytest.raises(CasesError, match=r"x\.md:3: 1 cells under 2 headings"):
        read("x", "| json file | expression |\n|---|---|\n| `{}` |\n")
    with pytest.raises(CasesError, match=r"x\.md:3: a table of a answer has a column 'condition'"):
        read("x", "| csv answer | expression |\n|---|---|\n| `a` | `b` |\n")
