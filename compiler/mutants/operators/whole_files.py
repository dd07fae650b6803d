"""Files that are missing, empty, stale, cut, elsewhere, or another one."""

from __future__ import annotations

from collections.abc import Iterator

from clawc.compiler.mutants.model import WHOLE, Answer, Operator, Variant
from clawc.compiler.passes.content_free import echo, placeholder


def _drop(answer: Answer) -> Iterator[Variant]:
    named = frozenset(d.check for d in answer.pins.of("names"))
    checks = (
        answer.readers if answer.deliver.shape != "set" else named | frozenset(d.check for d in answer.pins.demands)
    )
    what = f"`{answer.path}` is not written" if answer.base is None else f"`{answer.path}` is deleted"
    yield Variant(None, WHOLE, what, checks)


def _empty(answer: Answer) -> Iterator[Variant]:
    if answer.data.strip():
        yield Variant(b"", WHOLE, f"`{answer.path}` is empty", answer.readers)


def _garbage(answer: Answer) -> Iterator[Variant]:
    # Neither text nor any format.
    yield Variant(
        b"\x89\xff\x00\x13garbage\n" * 7,
        WHOLE,
        f"`{answer.path}` holds bytes that are no file of any format",
        answer.readers,
    )


def _placeholder(answer: Answer) -> Iterator[Variant]:
    made = placeholder(answer.task, answer.deliver)
    if made != answer.data:
        yield Variant(made, WHOLE, f"`{answer.path}` has the form that is asked for and no content", answer.readers)


def _echo(answer: Answer) -> Iterator[Variant]:
    made = echo(answer.task, answer.deliver)
    if made != answer.data:
        yield Variant(
            made,
            WHOLE,
            f"`{answer.path}` holds the inputs, or the request and the inputs",
            answer.readers,
            _is_new(answer),
        )


def _stale(answer: Answer) -> Iterator[Variant]:
    if answer.base is not None and answer.base != answer.data:
        yield Variant(answer.base, WHOLE, f"`{answer.path}` is left as it was", answer.readers)


def _renamed(answer: Answer) -> Iterator[Variant]:
    folder, _, name = answer.path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    wrong = f"{stem or extension}_final{dot}{extension if dot else ''}"
    path = f"{folder}/{wrong}" if folder else wrong
    checks = _of_name(answer)
    if checks:
        yield Variant(None, WHOLE, f"the file is called `{path}`", checks, also={path: answer.data})


def _of_name(answer: Answer) -> frozenset[str]:
    """Checks that see where the file lies: of a set only those that demand its names."""
    if answer.deliver.shape != "set":
        return answer.readers
    return frozenset(d.check for d in answer.pins.of("names"))


def _elsewhere(answer: Answer) -> Iterator[Variant]:
    path = f"elsewhere/{answer.path.rpartition('/')[2]}"
    checks = _of_name(answer)
    if checks:
        yield Variant(None, WHOLE, f"the file lies at `{path}`", checks, also={path: answer.data})


def _half(answer: Answer) -> Iterator[Variant]:
    if answer.text is None:
        return
    lines = answer.text.splitlines(keepends=True)
    if len(lines) >= 4:
        kept = "".join(lines[: len(lines) // 2])
        yield Variant(
            kept.encode(),
            WHOLE,
            f"only the first half of `{answer.path}` is written",
            answer.readers,
            not answer.is_document,
        )


def _exchanged(answer: Answer) -> Iterator[Variant]:
    """The contents of another file of the same deliverable, or of the same format."""
    task = answer.task
    same = [
        p
        for d in task.delivers
        if d.kind == answer.kind
        for p in answer.written
        if p in d.paths or d.name == answer.deliver.name
    ]
    for path in dict.fromkeys(same):
        data = answer.written.get(path)
        if path != answer.path and data is not None and data != answer.data:
            what = f"`{answer.path}` and `{path}` have each other's contents"
            yield Variant(data, WHOLE, what, frozenset(), also={path: answer.data})
            return


def _is_new(answer: Answer) -> bool:
    return answer.data not in answer.pristine.values()


OPERATORS = (
    Operator("drop_file", "wrong", _drop),
    Operator("empty_file", "wrong", _empty),
    Operator("garbage", "wrong", _garbage),
    Operator("placeholder", "wrong", _placeholder),
    Operator("input_echo", "wrong", _echo),
    Operator("stale_copy", "wrong", _stale),
    Operator("wrong_name", "wrong", _renamed),
    Operator("wrong_folder", "wrong", _elsewhere),
    Operator("half_written", "wrong", _half),
    Operator("exchanged_files", "wrong", _exchanged),
)
