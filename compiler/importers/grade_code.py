"""The function `grade` of a Markdown task: found in its section, whether fenced, cut short or bare."""

from __future__ import annotations

import ast
import re
import textwrap
from typing import NamedTuple

from clawc.compiler.importers.markdown_task import blocks
from clawc.compiler.importers.python_code import MAX_CODE, NotPython, parsed

# What the authors' loader takes: up to the first three backticks, wherever they stand.
_AUTHORS = re.compile(r"```python\s*(.*?)\s*```", re.S)
_CODE_BEGINS = re.compile(r"(?m)^(?:def|class|import|from|async|@|[A-Za-z_]\w*[ \t]*=)[^\n]*$")


class GradeCode(NamedTuple):
    """`code` is the program, "" for none. `problem` says why it gives no score, "" where it may; `note` what is odd about it."""

    code: str
    problem: str = ""
    note: str = ""


def grade_code(section: str) -> GradeCode:
    """The program of a section that defines `grade`; else what comes nearest."""
    if not section.strip():
        return GradeCode("", "there is no code")
    if len(section) > MAX_CODE:
        return GradeCode("", f"its code is longer than {MAX_CODE >> 10} KiB")
    authors = _AUTHORS.search(section)
    candidates: list[tuple[str, str]] = [(authors[1], "")] if authors else []
    told = "" if authors else "its code stands in no fence of Python, where the authors' loader looks for it"
    fenced = blocks(section)
    python = [code for word, code in fenced if word in ("python", "py", "python3")]
    rest = [
        code for word, code in fenced if word not in ("python", "py", "python3", "bash", "sh", "json", "yaml", "text")
    ]
    candidates += [(code, told or "three backticks in it end it for the authors' loader") for code in [*python, *rest]]
    if not fenced:
        begins = _CODE_BEGINS.search(section)
        candidates.append((section[begins.start() :] if begins else section, told))
    broken = GradeCode("", "there is no code")
    for code, note in candidates:
        code = textwrap.dedent(code).strip("\n") + "\n"
        tree = _parsed(code)
        if isinstance(tree, ast.Module):
            if defines_grade(tree):
                return GradeCode(code, "", note)
            if code.strip() and not broken.code:
                broken = GradeCode(code, "it defines no function `grade`", note)
        elif code.strip() and (not broken.code or broken.problem.startswith("it defines")):
            broken = GradeCode(code, tree, note)
    return broken


def defines_grade(tree: ast.Module) -> bool:
    """Is there a `grade` after the module has run?"""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == "grade":
            return True
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "grade" for to in node.targets):
            return True
        if isinstance(node, (ast.Import, ast.ImportFrom)) and any((a.asname or a.name) == "grade" for a in node.names):
            return True
    return False


def _parsed(code: str) -> ast.Module | str:
    """The tree, or why there is none."""
    try:
        return parsed(code)
    except NotPython as why:
        return f"it is no Python: {why}"
