"""A set of tasks as a folder: sources by split, JSON lines and Parquet, and what is given besides (card, report).

Equal rows give equal bytes, whatever their order; Parquet under one version of pyarrow, which names itself in its files. The folder
appears whole or not at all, and is not touched when it holds exactly this already.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Literal

from clawc.runtime.bundle import safe_path
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.synth.rows import ROW_FORMAT_VERSION, SPLITS, TaskRow
from clawc.runtime.synth.untyped import Schema, arrow, parquet

Form = Literal["folder", "jsonl", "parquet"]
FORMS: tuple[Form, ...] = ("folder", "jsonl", "parquet")
INDEX = "dataset.json"
_GROUP = 1_000  # rows of a row group
_LEVEL = 9  # of zstd


def export(
    rows: Sequence[TaskRow], folder: Path, forms: Sequence[Form] = FORMS, extra: Mapping[str, bytes] | None = None
) -> bool:
    """Writes `tasks/SPLIT/ID/…`, `jsonl/SPLIT.jsonl`, `data/SPLIT.parquet`, the files of `extra` by relative path, and `dataset.json`, which lists
    all of them with their digests; False if they are there already and nothing was written.

    Every row has a split, and no id is there twice (ValueError). Raises RuntimeFault R1002 for a folder that holds something else,
    or cannot be written; SynthUnavailable without pyarrow.
    """
    ordered = sorted(rows, key=lambda row: row.id)
    _refuse(ordered, extra or {})
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return _export(ordered, folder, forms, extra or {})
    except OSError as error:
        raise RuntimeFault(
            "R1002", f"`{folder}` cannot be written: {error.strerror or error}", "give another folder"
        ) from error


def _refuse(rows: Sequence[TaskRow], extra: Mapping[str, bytes]) -> None:
    if any(one.id == other.id for one, other in pairwise(rows)):
        raise ValueError("an id is there twice")
    if any(not row.split for row in rows):
        raise ValueError("a row has no split")
    for path in extra:
        if not safe_path(path) or path == INDEX or PurePosixPath(path).parts[0] in ("tasks", "jsonl", "data"):
            raise ValueError(f"{path!a} is no path for what is given besides")


def _export(rows: Sequence[TaskRow], folder: Path, forms: Sequence[Form], extra: Mapping[str, bytes]) -> bool:
    if os.path.lexists(folder) and not _ours(folder):
        raise RuntimeFault(
            "R1002",
            f"`{folder}` is there and holds no set of tasks",
            "give a folder that is not there, or an empty one",
        )
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
    try:
        os.chmod(made, 0o755)
        _lay(rows, made, forms, extra)
        if folder.is_dir() and _files(folder) == _files(made):
            return False
        if folder.is_dir():
            old = made.with_name(made.name + "-old")
            os.rename(folder, old)
            os.rename(made, folder)
            shutil.rmtree(old)
        else:
            os.rename(made, folder)
        return True
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _ours(folder: Path) -> bool:
    """Is it a folder, no link, that is empty or was written here?"""
    return stat.S_ISDIR(os.lstat(folder).st_mode) and ((folder / INDEX).is_file() or not os.listdir(folder))


def _files(folder: Path) -> dict[str, str]:
    """The digest of every file below, by its path."""
    return {
        str(p.relative_to(folder)): _digest(p) for p in sorted(folder.rglob("*")) if p.is_symlink() or not p.is_dir()
    }


def _digest(path: Path) -> str:
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return "no file"
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lay(rows: Sequence[TaskRow], folder: Path, forms: Sequence[Form], extra: Mapping[str, bytes]) -> None:
    counts = {split: sum(row.split == split for row in rows) for split in SPLITS}
    for split in (name for name, count in counts.items() if count):
        of = [row for row in rows if row.split == split]
        if "folder" in forms:
            for row in of:
                _task(row, folder / "tasks" / split / row.id)
        if "jsonl" in forms:
            (folder / "jsonl").mkdir(exist_ok=True)
            with open(folder / "jsonl" / f"{split}.jsonl", "w", encoding="utf-8", newline="\n") as file:
                file.writelines(row.model_dump_json() + "\n" for row in of)
        if "parquet" in forms:
            (folder / "data").mkdir(exist_ok=True)
            _parquet(of, folder / "data" / f"{split}.parquet")
    for path, data in sorted(extra.items()):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    index = {"format_version": ROW_FORMAT_VERSION, "splits": counts, "files": _files(folder)}
    (folder / INDEX).write_text(json.dumps(index, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _task(row: TaskRow, folder: Path) -> None:
    """The source, what the agent is told, and the rest of the row as JSON; the workspace is built from the source."""
    folder.mkdir(parents=True)
    (folder / "task.claw").write_text(row.source, encoding="utf-8", newline="\n")
    (folder / "instruction.md").write_text(row.instruction, encoding="utf-8", newline="\n")
    rest = row.model_dump(mode="json", exclude={"source", "instruction", "files"})
    (folder / "row.json").write_text(
        json.dumps(rest, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
    )


def schema() -> Schema:
    """The columns of Parquet, as Arrow has them. Raises SynthUnavailable."""
    pa = arrow()
    text, count, texts = pa.string(), pa.int64(), pa.list_(pa.string())
    card = [
        (name, count)
        for name in ("wrong", "killed", "survived", "equivalent", "rejected", "open", "probes", "independent")
    ]
    return pa.schema([
        ("format_version", count), ("id", text), ("split", text), ("family", text), ("archetype", text), ("category", text),
        ("operations", texts), ("formats", texts), ("shape", text), ("instruction", text), ("source", text), ("persona", text), ("seed", count),
        ("bundle", text), ("structure", text), ("data", text),
        ("card", pa.struct([("level", text), ("clean", pa.bool_()), *card, ("bound", text)])),
        ("files", pa.list_(pa.struct([("path", text), ("bytes", pa.binary())]))),
        ("provenance", pa.struct([
            ("provider", text), ("seed", count), ("number", count), ("model", text), ("reviewer", text), ("prompts", texts), ("skills", texts),
            ("rounds", count), ("calls", count), ("answers", text), ("prompt_tokens", count), ("completion_tokens", count),
            ("votes", pa.list_(pa.struct([("question", text), ("found", count), ("votes", count)]))),
        ])),
        ("difficulty", pa.float64()),
    ])  # fmt: skip


def _parquet(rows: Sequence[TaskRow], path: Path) -> None:
    """No dictionaries and no threads that could come in another order; times are nowhere in the file."""
    table = arrow().Table.from_pylist([row.model_dump(mode="python") for row in rows], schema=schema())
    parquet().write_table(
        table, str(path), compression="zstd", compression_level=_LEVEL, row_group_size=_GROUP, store_schema=True, version="2.6",
        use_dictionary=False, write_statistics=True,
    )  # fmt: skip


def read_jsonl(path: Path) -> list[TaskRow]:
    """The rows of a file of ours. Raises OSError, and ValueError for what is no row."""
    with open(path, encoding="utf-8") as file:
        return [TaskRow.model_validate_json(line) for line in file]
