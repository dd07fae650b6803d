"""Mistakes with whole files: cut, doubled, garbled, elsewhere, with inputs edited."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tests.holdout.model import Answer, Files, Instance
from tests.holdout.operators import Operator


def _cut(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
    for place in (len(data) // 3, len(data) * 2 // 3, len(data) - random.randint(2, 8)):
        yield {answer.path: data[:place]}


def _doubled(_: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
    yield {answer.path: data + data}
    yield {answer.path: data.rstrip(b"\n") + b"\n\n" + data}


def _garbled(_: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
    """Umlauts in another encoding, or encoded twice."""
    if answer.form not in ("xlsx", "sqlite") and not data.isascii():
        text = data.decode()
        yield {answer.path: text.encode("latin-1", "replace")}
        yield {answer.path: text.encode("cp1252", "ignore")}
        yield {answer.path: data.decode("latin-1").encode()}
        yield {answer.path: text.encode("ascii", "replace")}


def _elsewhere(_: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
    folder, name = answer.path.rsplit("/", 1)
    stem, ending = name.rsplit(".", 1)
    for path in (
        name,
        f"{folder}/new/{name}",
        f"{folder}/{name}.txt",
        f"{folder}/{stem}_final.{ending}",
        f"{folder}/{name.upper()}",
    ):
        if path != answer.path:
            yield {answer.path: None, path: data}


def _nothing(task: Instance, answer: Answer, _: bytes, __: Random) -> Iterator[Files]:
    yield {answer.path: b""}
    yield {answer.path: b"TODO\n"}
    yield {answer.path: None}
    for data in task.inputs.values():
        yield {answer.path: data}


def _inputs_edited(task: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
    for path, kept in task.inputs.items():
        lines = kept.splitlines(keepends=True)
        yield {path: b"".join(lines[:-1])}
        yield {path: None}
        yield {path: kept + b"\n"}
        yield {path: kept.replace(b"\n", b"\r\n")}


WRONG_FILES = (
    Operator("file cut", "wrong", _cut),
    Operator("file doubled", "wrong", _doubled),
    Operator("umlauts garbled", "wrong", _garbled),
    Operator("file elsewhere", "wrong", _elsewhere),
    Operator("nothing done", "wrong", _nothing),
    Operator("input edited", "wrong", _inputs_edited),
)
