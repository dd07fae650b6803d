"""What a checker leaves out of the library: types, branches for what nothing makes, parameters that nothing passes."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from clawc.compiler.emit.prune import NOTHING_REACHED, Pruner, Reached
from clawc.compiler.emit.shake import global_names, library, shake
from clawc.compiler.emit.strip import stripped

TESTABLE = frozenset({"Range", "Table", "datetime", "DATE", "TIME", "MISSING"})


def pruned(source: str, *made: str, passed: tuple[tuple[str, str], ...] = (), attributes: tuple[str, ...] = ()) -> str:
    reached = Reached(frozenset(made), frozenset(passed), frozenset(attributes))
    return Pruner(dedent(source).strip(), reached, TESTABLE).pruned()


def body(source: str) -> str:
    """A function around some lines, to prune them, and the lines that are left."""
    lines = dedent(source).strip().split("\n")
    found = pruned("def f(v, x):\n" + "\n".join("    " + line for line in lines), "Table")
    return dedent(found.partition("\n")[2])


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("if isinstance(v, Range):\n    return 1\nreturn 2", "return 2"),
        ("if isinstance(v, Table):\n    return 1\nreturn 2", "if isinstance(v, Table):\n    return 1\nreturn 2"),
        ("# a range\nif isinstance(v, Range):\n    return 1\nreturn 2", "return 2"),
        ("if not isinstance(v, Range):\n    return 1\nreturn 2", "return 1"),
        ("if x:\n    a()\nelif isinstance(v, Range):\n    b()\nelse:\n    c()", "if x:\n    a()\nelse:\n    c()"),
        ("if isinstance(v, Range):\n    a()\nelif x:\n    b()\nelse:\n    c()", "if x:\n    b()\nelse:\n    c()"),
        ("if isinstance(v, Range):\n    a()\nelse:\n    b()\n    c()", "b()\nc()"),
        ("if x:\n    a()\nelif x is not DATE:\n    b()\nelse:\n    c()", "if x:\n    a()\nelse:\n    b()"),
        ("if x:\n    if isinstance(v, Range):\n        a()", "if x:\n    pass"),
        ("for y in (v, x):\n    if isinstance(y, Range):\n        a()\nb()", "b()"),
        ("return x is DATE or x == 1", "return x == 1"),
        ("return x == 1 or x is DATE", "return x == 1"),
        ("return v or x is DATE", "return v or x is DATE"),  # its value could be that of either
        ("return (x or v is DATE or v) and 1", "return (x or v) and 1"),
        ("return x in (DATE, TIME, v)", "return x in (v,)"),
        ("return isinstance(v, (Range, Table, datetime.date))", "return isinstance(v, Table)"),
        ("return 1 if isinstance(v, Range) else 2 + x", "return 2 + x"),
        ("return 1 + x if x is not TIME else 2", "return 1 + x"),
        ("if g(v) and x is DATE:\n    return 1", "if g(v) and x is DATE:\n    return 1"),  # `g` may raise
        ("if len(v) == 1 and x is DATE:\n    return 1\nreturn x", "return x"),
        ("return [y for y in v if isinstance(y, (Range, Table))]", "return [y for y in v if isinstance(y, Table)]"),
    ],
)
def test_branches(source: str, left: str) -> None:
    assert body(source) == left


def test_parameters_that_no_call_passes_have_their_default() -> None:
    source = """
        def f(a, within=None, ignore=()):
            if ignore:
                a = fold(a, ignore)
            return a if within is None else near(a, within)
    """
    assert pruned(source) == "def f(a, within=None, ignore=()):\n    return a"
    assert "near" in pruned(source, passed=(("f", "within"),))
    assert pruned(source, passed=(("f", "*"),)) == dedent(source).strip()
    assert "if ignore" in pruned(source.replace("if ignore:", "ignore = a\n            if ignore:"))


def test_methods_that_nothing_calls() -> None:
    source = """
        class Disk:
            def __init__(self):
                self.root = 1

            def read(self):
                return 1

            def paths(self):
                return 2
    """
    left = pruned(source, attributes=("read",))
    assert "def read" in left and "def __init__" in left and "paths" not in left


def test_types_are_taken_out() -> None:
    source = """
        @cache
        def f(
            a: List[int], *rest: str, key: Optional[int] = None, **more: Any
        ) -> Dict[str, int]:
            # A reason.
            found: Dict[str, int] = {}
            later: int
            return cast(Row, found or {})
    """
    assert (
        stripped(dedent(source).strip())
        == dedent("""
        @cache
        def f(a, *rest, key=None, **more):
            # A reason.
            found = {}
            return (found or {})
    """).strip()
    )
    assert stripped("class A(List[Any]):\n    x = 1") == "class A(List):\n    x = 1"
    assert stripped('class A(NamedTuple):\n    """Doc."""\n\n    x: int\n    y: str = ""') == (
        '# Doc.\nA = namedtuple("A", "x y", defaults=("",))'
    )


def test_every_definition_survives_with_everything_reached() -> None:
    """Nothing is lost of a definition when all that it tests for is made: the code is that of the library."""
    lib = library()
    everything = Reached(lib.testable, frozenset((name, "*") for name in lib.functions), frozenset(_attributes()))
    for name, definition in lib.definitions.items():
        assert Pruner(definition.source, everything, lib.testable).pruned() == definition.source, name
        Pruner(definition.source, NOTHING_REACHED, lib.testable).pruned()


def _attributes() -> set[str]:
    trees = [ast.parse(definition.source) for definition in library().definitions.values()]
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", sorted(library().functions))
def test_what_a_primitive_needs_is_there(name: str) -> None:
    """Alone with its callers' worst case, each primitive compiles and names nothing that is neither here nor built in."""
    shaken = shake(f"SEEN = [{name}]")
    text = "\n\n".join([*shaken.imports, *shaken.sources])
    tree = ast.parse(text)
    here = {n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    here |= {t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    here |= {a.asname or a.name for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names}
    builtin = set(__builtins__ if isinstance(__builtins__, dict) else vars(__builtins__))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    assert global_names(text) - here - builtin <= {"__file__"}
    assert "typing" not in text.split("\n\n")[0]
