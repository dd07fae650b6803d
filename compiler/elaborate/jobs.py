"""Programs that the checker wants run: `run`, `call`, `raises` and `made_by` become jobs of the runtime."""

from __future__ import annotations

import ast as syntax
import re
from datetime import timedelta
from typing import Any, NamedTuple

from clawc.compiler.elaborate import expressions, naming
from clawc.compiler.elaborate.context import Context, JobSpec, broken, is_error
from clawc.compiler.elaborate.literals import raw_text
from clawc.compiler.passes.evaluate import EvaluationFault, evaluate, report
from clawc.compiler.paths import path_problem
from clawc.compiler.render import bytes_of
from clawc.compiler.render_json import render_json
from clawc.spec import ast, core
from clawc.spec.ast import Span
from clawc.spec.core import Const, Core
from clawc.spec.functions import BY_NAME
from clawc.spec.types import ANY, BOOL, NUMBER, TEXT, TREE, FileType, ListType, RecordType
from clawc.stdlib.checks.values import Unmet

MAX_JOBS = 50

RUN = RecordType((("exit", NUMBER), ("stdout", TEXT), ("stderr", TEXT), ("timed_out", BOOL), ("files", TREE)))
RUN_ARGUMENTS: dict[str, type] = {
    "argv": list, "files": dict, "env": dict, "stdin": str, "timeout": timedelta, "cwd": str, "alone": bool,
}  # fmt: skip


def command(cx: Context, words: ast.ListOf) -> Core:
    """The words of a command line; the name of a file stands for its path."""
    return core.items([word(cx, item) for item in words.items], ListType(TEXT), words.span)


def word(cx: Context, item: ast.Expr) -> Core:
    """One word of a command line."""
    value = expressions.expression(cx, item)
    if isinstance(value.type, FileType):
        path = naming.path_of(cx, value, item.span)
        if path is not None:
            return path
    return value if is_error(value) or value.type is TEXT else core.call("as_text", [value], TEXT, item.span)


def command_job(cx: Context, node: ast.Expr, without: tuple[str, ...]) -> tuple[int, tuple[str, ...]] | None:
    """The job of `made_by = […]` and its words; None after a diagnostic. It does not find the files `without`."""
    if not isinstance(node, ast.ListOf):
        if not isinstance(node, ast.Broken):
            cx.error("E0203", node.span, '`made_by` is a command: `made_by = ["python3", script]`')
        return None
    made = run(cx, {"argv": command(cx, node)}, node.span, without)
    return (made.number, cx.task.jobs[made.number].argv) if isinstance(made, core.Run) else None


# Calls one function of a module in a process of its own. What the module prints goes to standard error, so that the
# answer stands alone on standard output.
DRIVER = """
import importlib.util, json, os, sys
answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
path, name, args = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
spec = importlib.util.spec_from_file_location(os.path.basename(path).split(".")[0], path)
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module
def plain(value):
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    return str(value)
try:
    spec.loader.exec_module(module)
    result = {"value": getattr(module, name)(*args)}
    text = json.dumps(result, default=plain)
except Exception as error:
    kinds = [kind.__name__ for kind in type(error).__mro__]
    text = json.dumps({"raised": kinds, "message": str(error)[:500]})
answer.write(text + chr(10))
answer.flush()
"""


def call_function(cx: Context, named: dict[str, Core], span: Span) -> Core:
    """`call(module, "f", [args])`: the value that a function of a Python file gives."""
    words = [Const(w, TEXT, span) for w in ("python3", "-c", DRIVER)]
    node = named["args"]
    if node.dynamic or node.free:
        return cx.error("E0412", node.span, "`args` of `call` must be known at compile time")
    try:
        given = Const(render_json(evaluate(node, cx.task), compact=True), TEXT, node.span)
    except EvaluationFault as fault:
        report(cx, fault)
        return broken(span)
    argv = core.items([*words, named["module"], named["function"], given], ListType(TEXT), span)
    arguments: dict[str, Core] = {"argv": argv} | ({"timeout": named["timeout"]} if "timeout" in named else {})
    made = run(cx, arguments, span)
    return made if is_error(made) else core.call("call_value", [made], ANY, span)


# Runs `check(workspace)` of a `python` block; the answer as of a call.
CHECK_DRIVER = """
import json, os, pathlib, sys
answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
try:
    names = {"__name__": "check"}
    exec(compile(sys.argv[1], "<check>", "exec"), names)
    value = names["check"](pathlib.Path("."))
    result = {"value": value if isinstance(value, (bool, int, float, str)) else bool(value)}
except Exception as error:
    kinds = [kind.__name__ for kind in type(error).__mro__]
    result = {"raised": kinds, "message": str(error)[:500]}
answer.write(json.dumps(result) + chr(10))
answer.flush()
"""
MAX_CODE = 64 << 10


class CodeProblem(NamedTuple):
    """Why a `python` block is none, and the line of its code, from 1, where that shows; 0 for none."""

    message: str
    line: int = 0
    name: str = ""  # of the one function that is there in place of `check`


def python_check(cx: Context, label: ast.Text) -> Core:
    """The condition of a `python` block: its function, run over the final workspace in a sandbox of its own."""
    code, span = raw_text(label), label.span
    problem = code_problem(code)
    if problem is not None:
        help = (
            f"call it `check`, not `{problem.name}`"
            if problem.name
            else "write `def check(workspace):`, with a `pathlib.Path`"
        )
        return cx.error("E0616", _line_of_code(cx, label, problem.line), f"this {problem.message}", help)
    words = [Const(word, TEXT, span) for word in ("python3", "-I", "-c", CHECK_DRIVER, code)]
    made = run(cx, {"argv": core.items(words, ListType(TEXT), span)}, span)
    return made if is_error(made) else core.call("code_holds", [made], BOOL, span)


def _line_of_code(cx: Context, label: ast.Text, line: int) -> Span:
    """A line of a `python` block in the source; the whole text for line 0."""
    text, quote = cx.source.text, 3 if label.triple else 1
    start = label.span.start + quote
    skipped = line - 1 + (label.triple and text[start : start + 2].lstrip("\r").startswith("\n"))
    for _ in range(skipped if line else 0):
        start = text.find("\n", start, label.span.end) + 1 or label.span.end
    end = text.find("\n", start, label.span.end - quote)
    end = label.span.end - quote if end < 0 else end
    found = Span(start + len(text[start:end]) - len(text[start:end].lstrip()), start + len(text[start:end].rstrip()))
    return found if line and found.start < found.end else label.span


def code_problem(code: str) -> CodeProblem | None:
    """Why this is no `python` block, or None. It is parsed, never run."""
    if len(code.encode("utf-8", "replace")) > MAX_CODE:
        return CodeProblem(f"Python is longer than {MAX_CODE >> 10} KiB")
    try:
        tree = syntax.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = error.lineno or 0 if isinstance(error, SyntaxError) else 0
        return CodeProblem(f"is no Python: {getattr(error, 'msg', None) or 'too deep'}", line)
    functions = [n for n in tree.body if isinstance(n, syntax.FunctionDef)]
    checks = [n for n in functions if n.name == "check"]
    if len(checks) == 1 and len(checks[0].args.args) == 1:
        return None
    shown = [*checks[-1:], *functions]
    sure = len(functions) == 1 and not checks and len(functions[0].args.args) == 1
    return CodeProblem("Python does not define one function `check(workspace)`",
                       shown[0].lineno if shown else 0, functions[0].name if sure else "")  # fmt: skip


def raises(cx: Context, named: dict[str, Core], span: Span) -> Core:
    """`raises(call(…), "ValueError")`: does the call end in an exception of this kind?"""
    call = named["of"]
    if not isinstance(call, core.Call) or call.function != "call_value":
        return cx.error("E0401", call.span, "`raises` wants a `call(…)`", BY_NAME["raises"].signature)
    return core.call("call_raises", [call.args[0], named["kind"]], BOOL, span)


def run(cx: Context, named: dict[str, Core], span: Span, without: tuple[str, ...] = ()) -> Core:
    """A job: all that it is started with is static, so that the runtime can run it before the checker starts."""
    values: dict[str, Any] = {}
    for name, node in named.items():
        if node.dynamic or node.free:
            return cx.error("E0412", node.span, f"`{name}` of `run` must be known at compile time",
                            "use inputs, params and texts; deliverables stand for their path")  # fmt: skip
        try:
            values[name] = evaluate(node, cx.task)
        except EvaluationFault as fault:
            report(cx, fault)
            return broken(span)
        if not isinstance(values[name], RUN_ARGUMENTS[name]):  # a type that is only known by evaluation
            return cx.error("E0401", node.span, f"`run` cannot use this as `{name}`", BY_NAME["run"].signature)
    job = _job(cx, values, named, span, without)
    if job is None:
        return broken(span)
    if job not in cx.task.jobs:
        if len(cx.task.jobs) >= MAX_JOBS:
            return cx.error("E0412", span, f"more than {MAX_JOBS} different runs in one task")
        cx.task.jobs.append(job)
    return core.Run(cx.task.jobs.index(job), RUN, span)


def _job(
    cx: Context, values: dict[str, Any], named: dict[str, Core], span: Span, without: tuple[str, ...]
) -> JobSpec | None:
    """The job of evaluated arguments; None after a diagnostic."""
    timeout = values.get("timeout")
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else 10.0
    argv = [str(word) for word in values["argv"]]
    problem, where = "", "argv"
    if not 0 < seconds <= 600:
        problem, where = "a program gets more than 0 and at most 600 seconds", "timeout"
    elif not argv or not argv[0]:
        problem = "the command is empty"
    elif any("\0" in word for word in argv):
        problem = "a word of the command holds a NUL"
    files: dict[str, bytes] = {}
    for path, content in sorted(values.get("files", {}).items(), key=lambda entry: str(entry[0])):
        try:
            files[str(path)] = bytes_of(content)
        except Unmet as unmet:
            problem, where = f"`{path}` cannot be written: {unmet}", "files"
        if path_problem(str(path)):
            problem, where = f"the path `{path}` {path_problem(str(path))}", "files"
    cwd = str(values.get("cwd", "."))
    if cwd != "." and path_problem(cwd):
        problem, where = f"the path `{cwd}` {path_problem(cwd)}", "cwd"
    env = {str(name): str(value) for name, value in values.get("env", {}).items()}
    for name, value in sorted(env.items()):
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            problem, where = (
                f"`{name[:60]}` is no name of an environment variable: these are letters, digits and `_`",
                "env",
            )
        elif "\0" in value:
            problem, where = f"the value of the environment variable `{name}` holds a NUL", "env"
    if problem:
        cx.error("E0412", named[where].span if where in named else span, problem)
        return None
    stdin = str(values.get("stdin", ""))
    whole = cx.task.imported and not without  # verifiers of others run in the workspace itself
    alone = bool(values.get("alone", False)) and not whole
    return JobSpec(
        tuple(argv), tuple(files.items()), tuple(sorted(env.items())), stdin, seconds, cwd, without, alone, whole
    )
