"""Takes the types out of a definition: annotations, casts and typed tuples say nothing to a checker that runs."""

from __future__ import annotations

import ast
from itertools import zip_longest

from clawc.compiler.emit.edits import Edits
from clawc.compiler.emit.walk import walk

WIDTH = 108
NAMED_TUPLE = "NamedTuple"


def stripped(source: str) -> str:
    """The same definition without types."""
    edits = Edits(source)
    for node in walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            _strip_signature(edits, node)
        elif isinstance(node, ast.AnnAssign):
            if node.value is None:
                edits.drop_lines(node.lineno, node.end_lineno or node.lineno)
            else:
                edits.replace(edits.end(node.target), edits.end(node.annotation))
        elif isinstance(node, ast.ClassDef):
            _strip_class(edits, node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cast":
            value = node.args[1]
            alone = isinstance(value, (ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.Constant))
            edits.replace(edits.start(node), edits.start(value), "" if alone else "(")
            edits.replace(edits.end(value), edits.end(node), "" if alone else ")")
    return edits.result()


def _strip_signature(edits: Edits, node: ast.FunctionDef) -> None:
    body = node.body[0]
    decorators = body.decorator_list if isinstance(body, (ast.FunctionDef, ast.ClassDef)) else []
    below = edits.comment_above(min([body.lineno, *(d.lineno for d in decorators)]))
    if below <= node.lineno:
        return  # `def f(): ...`, which only a protocol has
    params = _parameters(edits, node.args)
    indent = " " * node.col_offset
    header = f"def {node.name}({', '.join(params)}):"
    if len(indent) + len(header) > WIDTH:
        header = f"def {node.name}(\n{indent}    {', '.join(params)}\n{indent}):"
    edits.replace(edits.start(node), edits.at(below) - 1, header)


def _parameters(edits: Edits, args: ast.arguments) -> list[str]:
    named = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [*[None] * (len(named) - len(args.defaults)), *args.defaults]
    params = [_parameter(edits, a, d) for a, d in zip(named, defaults)]
    if args.posonlyargs:
        params.insert(len(args.posonlyargs), "/")
    if args.vararg:
        params.append("*" + args.vararg.arg)
    elif args.kwonlyargs:
        params.append("*")
    params += [_parameter(edits, a, d) for a, d in zip_longest(args.kwonlyargs, args.kw_defaults) if a is not None]
    return [*params, "**" + args.kwarg.arg] if args.kwarg else params


def _parameter(edits: Edits, arg: ast.arg, default: ast.expr | None) -> str:
    return arg.arg if default is None else f"{arg.arg}={edits.text(default)}"


def _strip_class(edits: Edits, node: ast.ClassDef) -> None:
    """A base loses its type arguments; a typed tuple becomes a plain one with the same fields."""
    for base in node.bases:
        if isinstance(base, ast.Subscript):
            edits.replace(edits.end(base.value), edits.end(base))
        elif isinstance(base, ast.Name) and base.id == NAMED_TUPLE:
            _strip_tuple(edits, node)


def _strip_tuple(edits: Edits, node: ast.ClassDef) -> None:
    fields = [f for f in node.body if isinstance(f, ast.AnnAssign) and isinstance(f.target, ast.Name)]
    names = " ".join(f.target.id for f in fields if isinstance(f.target, ast.Name))
    defaults = [edits.text(f.value) for f in fields if f.value is not None]
    given = "" if not defaults else f", defaults=({', '.join(defaults)}{',' if len(defaults) == 1 else ''})"
    made = f'namedtuple("{node.name}", "{names}"{given})'
    if any(isinstance(member, ast.FunctionDef) for member in node.body):
        for field in fields:
            edits.drop_lines(field.lineno, field.end_lineno or field.lineno)
        edits.replace(edits.start(node), edits.at(node.lineno, len(edits.lines[node.lineno - 1])),
                      f"class {node.name}({made}):")  # fmt: skip
        return
    doc = (ast.get_docstring(node) or "").split("\n")
    comment = "".join(f"# {line}\n" if line else "#\n" for line in doc)
    edits.replace(edits.start(node), edits.end(node), f"{comment}{node.name} = {made}")
