"""The path and the bytes of a block that stands for a file: `file`, `skill`, `change`."""

from __future__ import annotations

from clawc.compiler.elaborate.context import Context
from clawc.compiler.elaborate.expressions import expression
from clawc.compiler.elaborate.literals import plain_text, text_pieces
from clawc.compiler.passes import attributes as attr
from clawc.compiler.paths import path_problem
from clawc.compiler.render import bytes_of
from clawc.compiler.source import Fix
from clawc.spec import ast


def path_label(cx: Context, label: ast.Ident | ast.Text, pattern: bool = False) -> str | None:
    """The path, also one that was reported as unsafe: what is wrong behind it is still found."""
    if isinstance(label, ast.Ident):
        return None
    path = attr.template(cx, label, "a path")
    if path is None:
        return None
    problem = path_problem(path, pattern)
    if problem:
        mended = path.replace("\\", "/").removeprefix("./")
        sure = mended != path and not path_problem(mended, pattern) and '"' not in mended
        cx.error("E0701", label.span, f"the path `{path[:80]}` {problem}", "",
                 Fix(label.span, f'"{mended}"', f"write `{mended}`") if sure else None)  # fmt: skip
    return path


def stated(cx: Context, node: ast.Expr, what: str) -> str | None:
    """A text in quotes, or one that parameters decide; None after a diagnostic."""
    if isinstance(node, (ast.Attr, ast.If)) or (isinstance(node, ast.Text) and "{{" in node.raw):
        return attr.template(cx, node, what)
    return plain_text(cx, node, what)


def file_content(cx: Context, block: ast.Block, path: str) -> bytes | None:
    """The bytes of a `file` block; None after a diagnostic."""
    content, source = attr.attribute(block, "content"), attr.attribute(block, "from")
    if content is not None and source is not None:
        cx.error("E0206", source.name.span, "a file has either `content` or `from`, not both")
    if content is not None and isinstance(content.value, ast.Text):
        pieces = text_pieces(cx, content.value, template=False)
        return "".join(p.text for p in pieces).encode("utf-8", "surrogatepass")
    if content is not None:
        made = expression(cx, content.value)
        if cx.task.dirt and not cx.unsound(made):
            from clawc.compiler.dirt import with_dirt

            made = with_dirt(cx, made, path)
        value = attr.static(cx, made)
        return None if value is None else bytes_of(value)
    data: bytes | None = None
    if source is not None:
        asset = stated(cx, source.value, "`from`")
        data = None if asset is None else cx.task.assets.read(cx, asset, source.value.span)
    elif not path_problem(path) and not any(isinstance(i, ast.BrokenItem) for i in block.items):
        data = cx.task.assets.read(cx, path, block.labels[-1].span)
    return data
