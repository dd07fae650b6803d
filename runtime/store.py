"""A run's folder: `run.json`, `episodes.jsonl` (append-only) and `episodes/<key>/`.

A line is written by one call and synced before the episode counts as finished, so a kill loses at most the
episodes in flight. A torn last line is cut off when the run is continued. The last record of a key counts.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import TypeVar, cast

from pydantic import ValidationError

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import RECORD_FORMAT_VERSION, EpisodeRecord, RunInfo
from clawc.spec.bundle import Strict

_RUN = "run.json"
_EPISODES = "episodes.jsonl"
_FULL = {errno.ENOSPC, errno.EDQUOT}
_Model = TypeVar("_Model", bound=Strict)


class Store:
    """A run that is being written; made by `open_store`."""

    def __init__(self, folder: Path, info: RunInfo, fd: int, records: dict[str, EpisodeRecord]) -> None:
        self.folder = folder
        self.info = info
        self.records = records
        self._fd = fd

    def episode_folder(self, key: str) -> Path:
        """A new empty folder for an episode, in place of what an unfinished one left."""
        path = self.folder / "episodes" / key
        if path.exists():
            shutil.rmtree(path)
        path.mkdir(parents=True)
        return path

    def append(self, record: EpisodeRecord) -> None:
        """Durably add a record; on a full disk nothing is added and RuntimeFault R0203 raised."""
        line = record.model_dump_json().encode() + b"\n"
        before = os.lseek(self._fd, 0, os.SEEK_END)
        try:
            written = os.write(self._fd, line)
            os.fsync(self._fd)
            if written != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            os.ftruncate(self._fd, before)
            raise fault_of(error, self.folder) from error
        self.records[record.key] = record

    def close(self) -> None:
        os.close(self._fd)


def open_store(folder: Path, info: RunInfo) -> Store:
    """Create the run folder, or continue the run in it; raises RuntimeFault R0201 to R0206."""
    from clawc.runtime.sandbox.lock import lock_file  # Linux only, unlike reading a run

    try:
        folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(folder / _EPISODES, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise fault_of(error, folder) from error
    try:
        if not lock_file(fd):
            raise RuntimeFault(
                "R0202", f"another process is writing to `{folder}`", "Wait for it, or give another --out."
            )
        if (folder / _RUN).exists():
            info = _same_run(folder, _parsed(RunInfo, (folder / _RUN).read_bytes(), f"{folder / _RUN}"), info)
        elif os.fstat(fd).st_size:
            raise RuntimeFault("R0201", f"`{folder}` has episodes but no {_RUN}", "Give another --out.")
        else:
            _write_atomic(folder / _RUN, json.dumps(info.model_dump(mode="json"), indent=2).encode() + b"\n")
        records, whole = _records(folder / _EPISODES)
        if whole < os.fstat(fd).st_size:
            os.ftruncate(fd, whole)
    except OSError as error:
        os.close(fd)
        raise fault_of(error, folder) from error
    except BaseException:
        os.close(fd)
        raise
    return Store(folder, info, fd, records)


def read_run(folder: Path) -> tuple[RunInfo, list[EpisodeRecord]]:
    """A run as far as it has got, finished or not; raises RuntimeFault."""
    try:
        info = _parsed(RunInfo, (folder / _RUN).read_bytes(), f"{folder / _RUN}")
        records, _ = _records(folder / _EPISODES)
    except OSError as error:
        raise RuntimeFault("R0201", f"`{folder}` is not a run folder: {error.strerror}") from error
    return info, list(records.values())


def fault_of(error: OSError, folder: Path) -> RuntimeFault:
    """A failure to write a run, for people."""
    if error.errno in _FULL:
        return RuntimeFault(
            "R0203",
            f"no space left for `{folder}`",
            "Free some space and run again: finished episodes are kept.",
        )
    return RuntimeFault("R0207", f"cannot write to `{folder}`: {error.strerror}")


def _records(path: Path) -> tuple[dict[str, EpisodeRecord], int]:
    """The records by key, and how many bytes of the file are whole lines."""
    data = path.read_bytes() if path.exists() else b""
    found: dict[str, EpisodeRecord] = {}
    whole = 0
    lines = data.split(b"\n")
    for number, line in enumerate(lines[:-1], 1):
        try:
            record = _parsed(EpisodeRecord, line, f"{path}, line {number}")
        except RuntimeFault as fault:
            if fault.code == "R0206" and number == len(lines) - 1 and not lines[-1]:
                break  # written by a machine that then lost power
            raise
        found[record.key] = record
        whole += len(line) + 1
    return found, whole


def _parsed(model: type[_Model], data: bytes, where: str) -> _Model:
    try:
        raw: object = json.loads(data)
        version: object = cast("dict[str, object]", raw).get("format_version") if isinstance(raw, dict) else None
        if isinstance(version, int) and version > RECORD_FORMAT_VERSION:
            raise RuntimeFault(
                "R0205",
                f"`{where}` has format {version}, this installation reads up to {RECORD_FORMAT_VERSION}",
            )
        return model.model_validate_json(data)
    except (ValueError, ValidationError, RecursionError) as error:
        raise RuntimeFault("R0206", f"`{where}` is damaged", "Give another --out, or remove that line.") from error


def _same_run(folder: Path, stored: RunInfo, wanted: RunInfo) -> RunInfo:
    """The stored run with as many episodes as wanted now; anything else that differs is another run."""
    for what, old, new in (
        ("agent", stored.agent, wanted.agent),
        ("seed", stored.seed, wanted.seed),
        ("tasks", {task.bundle_id for task in stored.tasks}, {task.bundle_id for task in wanted.tasks}),
    ):
        if old != new:
            raise RuntimeFault(
                "R0201",
                f"`{folder}` holds a run with another {what.rstrip('s')}",
                "Give another --out, or the same arguments.",
            )
    merged = stored.model_copy(update={"episodes": max(stored.episodes, wanted.episodes)})
    if merged != stored:
        _write_atomic(folder / _RUN, json.dumps(merged.model_dump(mode="json"), indent=2).encode() + b"\n")
    return merged


def _write_atomic(path: Path, data: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    with open(fresh, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
