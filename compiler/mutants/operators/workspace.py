"""Changes beside the deliverables: inputs edited or deleted, files where none may be, files nobody minds."""

from __future__ import annotations

from collections.abc import Iterator

from clawc.compiler.mutants.model import Change, Result, WorkspaceOperator
from clawc.compiler.mutants.protected import guards
from clawc.stdlib.checks.sets import path_pattern

_INPUTS = "the inputs"
_FILES = "the files"
_ONLY = ("only", "nothing else", "no other", "nowhere else", "any other", "anything else", "outside")


def _edited(result: Result) -> Iterator[Change]:
    for guard in guards(result):
        for path in guard.inputs[:2] + guard.inputs[2:][-1:]:
            data = result.now(path)
            if data is not None:
                yield Change(
                    {path: data + b"\n# looked at\n"},
                    _INPUTS,
                    f"the input `{path}` has a line more",
                    frozenset({guard.check}),
                )


def _touched(result: Result) -> Iterator[Change]:
    """One byte less, or another one."""
    for guard in guards(result):
        for path in guard.inputs[:1]:
            data = result.now(path)
            if data:
                yield Change(
                    {path: data[:-1]}, _INPUTS, f"the input `{path}` has lost its last byte", frozenset({guard.check})
                )


def _emptied(result: Result) -> Iterator[Change]:
    for guard in guards(result):
        for path in guard.inputs[-1:]:
            if result.now(path):
                yield Change({path: b""}, _INPUTS, f"the input `{path}` is empty", frozenset({guard.check}))


def _deleted(result: Result) -> Iterator[Change]:
    for guard in guards(result):
        for path in guard.inputs[:1] + guard.inputs[1:][-1:]:
            yield Change({path: None}, _INPUTS, f"the input `{path}` is deleted", frozenset({guard.check}))


def _stray(result: Result) -> Iterator[Change]:
    """A file where a check allows none."""
    for guard in guards(result):
        if guard.folder is not None:
            for path in ("stray/notes.txt", "notes.txt", "stray.tmp"):
                if not path.startswith(f"{guard.folder}/") and path not in result.pristine:
                    yield Change(
                        {path: b"notes\n"}, _FILES, f"`{path}` lies outside `{guard.folder}`", frozenset({guard.check})
                    )


def _one_more(result: Result) -> Iterator[Change]:
    """Another file of a family that has only its own, or of a set that is full."""
    for deliver in result.task.delivers:
        named = frozenset(d.check for d in result.demands if d.kind == "names" and d.place.deliverable == deliver.name)
        if not (deliver.shape == "family" and deliver.only) and deliver.most is None and not named:
            continue
        name = deliver.path.replace("**/", "").replace("*", "zz_one_more")
        like = next((d for p, d in result.written.items() if d is not None and p in deliver.paths), b"one more\n")
        if name not in result.written and path_pattern(deliver.path).match(name):
            checks = named or result.readers(deliver.name)
            yield Change(
                {name: like},
                _FILES,
                f"`{name}` is one more of `{deliver.name}`",
                checks,
                bool(named) or deliver.shape == "family",
            )


def _free_file(result: Result) -> Iterator[Change]:
    """Notes of the agent beside what it delivers, unless the request forbids them."""
    told = result.task.told.lower()
    folders = [g.folder for g in guards(result) if g.folder is not None]
    patterns = [path_pattern(d.path) for d in result.task.delivers if d.shape != "file"]
    for path in ("scratch/notes.tmp", "notes.tmp"):
        if any(p.match(path) for p in patterns) or (folders and any(word in told for word in _ONLY)):
            continue
        trees = [g for g in guards(result) if g.folder is None and g.whole]
        if not trees:
            yield Change({path: b"remember the milk\n"}, _FILES, f"`{path}` lies beside the deliverables")


def _unasked_only(result: Result) -> Iterator[Change]:
    """Another file where a family allows its own alone, although nobody forbids others."""
    told = " ".join(result.task.told.lower().split())
    for deliver in result.task.delivers:
        if deliver.shape == "family" and deliver.only and not any(word in told for word in _ONLY):
            name = deliver.path.replace("**/", "").replace("*", "overview")
            if name not in result.written and path_pattern(deliver.path).match(name):
                yield Change({name: b"An overview.\n"}, _FILES, f"`{name}` lies beside the files of `{deliver.name}`, and nobody forbids it",
                             result.readers(deliver.name), span=deliver.span)  # fmt: skip


OPERATORS = (
    WorkspaceOperator("edited_input", "wrong", _edited),
    WorkspaceOperator("cut_input", "wrong", _touched),
    WorkspaceOperator("emptied_input", "wrong", _emptied),
    WorkspaceOperator("deleted_input", "wrong", _deleted),
    WorkspaceOperator("stray_file", "wrong", _stray),
    WorkspaceOperator("one_file_more", "wrong", _one_more),
    WorkspaceOperator("unasked_only", "equivalent", _unasked_only),
    WorkspaceOperator("extra_file", "equivalent", _free_file),
)
