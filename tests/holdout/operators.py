"""What an operator is: a name, whether it makes an answer wrong, and how it alters one file of an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from tests.holdout.model import TABLES, TREES, Answer, Files, Grid, Instance, Kind, TableTruth, TreeTruth, Value
from tests.holdout.reading import grid_of, tree_of
from tests.holdout.writing import grid_bytes, tree_bytes

Apply = Callable[[Instance, Answer, bytes, Random], Iterator[Files]]
GridEdit = Callable[[Grid, Random], Iterator[Grid]]
TreeEdit = Callable[[Value, Random], Iterator[Value]]
TextEdit = Callable[[str, Random], Iterator[str]]


@dataclass(frozen=True)
class Operator:
    """`apply` gives the files that differ, each time another way; nothing where the operator does not fit."""

    name: str
    kind: Kind
    apply: Apply


def on_grids(name: str, edit: GridEdit, kind: Kind = "wrong") -> Operator:
    """An edit of the rows and columns of a table, whatever its format."""

    def apply(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
        if answer.form in TABLES and isinstance(answer.truth, TableTruth):
            grid = grid_of(answer.form, data, answer.truth.name)
            if grid is not None and grid.rows:
                for edited in edit(grid, random):
                    written = grid_bytes(answer.form, edited, answer.truth.name)
                    yield {answer.path: in_page(data, written) if answer.form == "html" else written}

    return Operator(name, kind, apply)


def on_trees(name: str, edit: TreeEdit, kind: Kind = "wrong") -> Operator:
    """An edit of a tree of values, whatever its format; what the format cannot hold is left out."""

    def apply(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
        if answer.form in TREES and isinstance(answer.truth, TreeTruth):
            for edited in edit(tree_of(answer.form, data), random):
                try:
                    yield {answer.path: tree_bytes(answer.form, edited)}
                except ValueError:
                    continue

    return Operator(name, kind, apply)


def on_texts(name: str, forms: tuple[str, ...], edit: TextEdit, kind: Kind = "wrong") -> Operator:
    """An edit of the text of a file of one of some formats."""

    def apply(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
        if answer.form in forms:
            text = data.decode("utf-8")
            for edited in edit(text, random):
                if edited != text:
                    yield {answer.path: edited.encode("utf-8", "surrogatepass")}

    return Operator(name, kind, apply)


def in_page(page: bytes, other: bytes) -> bytes:
    """A page with the table of another one in place of its own."""
    table = re.compile(rb"<table>.*?</table>", re.S)
    found = table.search(other)
    return page if found is None else table.sub(lambda _: found[0], page, count=1)
