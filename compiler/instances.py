"""Instances of a task beside each other: how they are called, and which are the same."""

from __future__ import annotations

import hashlib

from clawc.compiler.model import Task


def instance_name(task: str, number: int) -> str:
    """`NAME-0001`: no task in a source can be called so."""
    return f"{task}-{number:04}"


def drawn_digest(task: Task) -> str:
    """Equal for instances that are the same to an agent: inputs, what it is told, and what it must leave (hex SHA-256)."""
    digest = hashlib.sha256()
    texts = [task.title, task.told, *(f"{d.name} {path}" for d in task.delivers for path in d.paths)]
    files = sorted((i.file.path, i.data) for i in (*task.inputs, *task.placed, *task.hidden))
    for part in (
        *(t.encode("utf-8", "surrogatepass") for t in texts),
        *(p for path, data in files for p in (path.encode(), data)),
    ):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
