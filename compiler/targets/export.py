"""What an export is: files of another ecosystem's format, made from bundles, and what of them that ecosystem cannot honour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from clawc.spec.bundle import Manifest

EXPORT_FORMAT_VERSION = 1

# What a task may ask of a runner, in the words of reports.
Feature = Literal[
    "programs", "rubric", "record", "turns", "links", "modes", "memory", "disk", "processes", "time", "network",
    "tools", "variables", "separation", "solution", "checks", "bundle",
]  # fmt: skip


class BundleParts(NamedTuple):
    """A bundle in memory: its manifest, and its files by path, `bundle.json` included."""

    manifest: Manifest
    files: Mapping[str, bytes]


class ExportFile(NamedTuple):
    """One file of an export."""

    data: bytes
    mode: int = 0o644


class Weakness(NamedTuple):
    """What the runner does with a task less well than clawc: `weak` if it counts but holds less, `lost` if it is not there."""

    task: str
    feature: Feature
    level: Literal["weak", "lost"]
    text: str


@dataclass(frozen=True, slots=True)
class Export:
    """Files by path, relative to the folder of the export, and what is weak. `run` is the command that plays it."""

    files: dict[str, ExportFile]
    weak: list[Weakness] = field(default_factory=list[Weakness])
    run: str = ""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """`name` is that of the collection of tasks, of letters, digits, `_` and `-`; `image` a container image that has what
    the tasks need, empty if none is known; `canary` a text by which copies are found in what models learn from, of targets whose
    files have a place for it."""

    name: str
    image: str = ""
    canary: str = ""


class Target(Protocol):
    """Makes the export of some tasks, whose names differ. Pure."""

    def __call__(self, tasks: Sequence[BundleParts], options: ExportOptions) -> Export: ...
