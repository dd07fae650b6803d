"""`use`: names out of other files of the project, or of the standard library."""

from __future__ import annotations

import os

from clawc.compiler.elaborate.context import (
    BlockBinding,
    BrokenBinding,
    Context,
    DefBinding,
    LetBinding,
    ProviderBinding,
    closest,
    nearest,
    nearest_fix,
)
from clawc.compiler.elaborate.literals import text_pieces
from clawc.compiler.passes.bind import bind, bind_statements
from clawc.compiler.passes.parse import parse
from clawc.compiler.passes.reusable import bind_blocks
from clawc.compiler.passes.shape import check_shape
from clawc.compiler.passes.spelling import corrected
from clawc.compiler.source import Source
from clawc.spec import ast
from clawc.spec.ast import Span
from clawc.spec.functions import PROVIDERS

MAX_CHAIN = 20


def bind_uses(cx: Context, file: ast.File, chain: tuple[str, ...] = ()) -> None:
    """Binds the names of every `use` of a file."""
    for item in file.items:
        if isinstance(item, ast.Use):
            _use(cx, item, chain or (os.path.normpath(cx.source.path),))


def _use(cx: Context, item: ast.Use, chain: tuple[str, ...]) -> None:
    module = _module(cx, item, chain)
    for name in item.names:
        if module is None:
            cx.names.setdefault(name.text, BrokenBinding())
            continue
        binding = module.names.get(name.text)
        if binding is None:
            cx.error("E0308", name.span, f"`{item.source}` has no `{name.text}`{nearest(name.text, module.names)}",
                     "it has " + ", ".join(sorted(module.names)[:12]),
                     nearest_fix(name.text, module.names, name.span))  # fmt: skip
            cx.names.setdefault(name.text, BrokenBinding())
            for near in closest(name.text, module.names):  # used below under the name that it has
                cx.names.setdefault(near, module.names[near])
        elif isinstance(binding, (LetBinding, DefBinding, BlockBinding, ProviderBinding, BrokenBinding)):
            bind(cx, name, binding)


def _module(cx: Context, item: ast.Use, chain: tuple[str, ...]) -> Context | None:
    """The context of the module, with its own names bound."""
    loaded = _file(cx, item) if item.source.startswith('"') else _standard(cx, item)
    if loaded is None:
        return None
    path, text = loaded
    key = os.path.normpath(path)
    if key in chain:
        cycle = " → ".join([*(os.path.basename(c) for c in chain[chain.index(key) :]), os.path.basename(key)])
        cx.error("E0309", item.source_span, f"this import leads back to itself: {cycle}")
        return None
    if len(chain) >= MAX_CHAIN:
        cx.error("E0309", item.source_span, f"imports are nested more than {MAX_CHAIN} deep")
        return None
    if not text:
        inner = Context(Source.of(path, ""), cx.diagnostics, cx.task)
        _provide(inner, item.source)
        return inner
    source = Source.of(path, text)
    file = parse(source, cx.diagnostics).file
    file = corrected(source, file, cx.diagnostics)
    check_shape(source, file, cx.diagnostics)
    inner = Context(source, cx.diagnostics, cx.task)
    bind_statements(inner, file.items)
    bind_blocks(inner, file.items)
    bind_uses(inner, file, (*chain, key))
    _provide(inner, item.source)
    return inner


def _provide(cx: Context, module: str) -> None:
    """Binds what the compiler carries out for a module of `std`."""
    for row in PROVIDERS:
        if module == f"std.{row.group}":
            cx.names.setdefault(row.name, ProviderBinding(row))


def _file(cx: Context, item: ast.Use) -> tuple[str, str] | None:
    node = ast.Text(item.source, item.source_span)
    path = "".join(p.text for p in text_pieces(cx, node, template=False))
    if not path.endswith(".claw"):
        cx.error("E0308", item.source_span, f"`{path}` is no `.claw` file", 'write `use "shared.claw" (name)`')
        return None
    data = cx.task.assets.read(cx, path, item.source_span)
    if data is None:
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cx.error("E0702", item.source_span, f"`{path}` is not UTF-8 text (byte {error.start})")
        return None
    return os.path.join(os.path.dirname(cx.source.path), path), text


def _standard(cx: Context, item: ast.Use) -> tuple[str, str] | None:
    from importlib import resources

    parts = item.source.split(".")
    written = {
        entry.name.removesuffix(".claw")
        for entry in resources.files("clawc.stdlib").iterdir()
        if entry.name.endswith(".claw")
    }
    modules = sorted(written | {row.group for row in PROVIDERS})
    if len(parts) != 2 or parts[0] != "std" or parts[1] not in modules:
        known = [f"std.{m}" for m in modules]
        cx.error("E0308", Span(*item.source_span), f"unknown module `{item.source}`{nearest(item.source, known)}",
                 "modules: " + ", ".join(known), nearest_fix(item.source, known, item.source_span))  # fmt: skip
        return None
    if parts[1] not in written:
        return f"std/{parts[1]}.claw", ""
    text = (resources.files("clawc.stdlib") / f"{parts[1]}.claw").read_text(encoding="utf-8")
    return f"std/{parts[1]}.claw", text
