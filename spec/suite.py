"""A suite that was built: `suite.json` beside its bundles. It names each bundle exactly, so that what was scored can be said."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from clawc.spec.bundle import Name, RelPath, Sha256, Strict, TaskName

SUITE_FORMAT_VERSION = 1
SUITE = "suite.json"
BUNDLES = "bundles"  # the folder of the bundles, each under the name of its task
MAX_SUITE = 64 << 20  # bytes

Version = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+){0,3}([-+][0-9A-Za-z.-]{1,40})?$", max_length=64)]
Line = Annotated[str, Field(max_length=500)]


class SuiteMember(Strict):
    """A bundle of the suite. `verifier` is the hash of all that judges: scores of two are never mixed. `secret`: not published."""

    task: TaskName
    template: Name
    bundle_id: Sha256
    verifier: Sha256
    category: Line = ""
    operations: tuple[Line, ...] = ()
    split: str = ""
    secret: bool = False


class SuiteSplit(Strict):
    """`share` of the tasks, as decimal text. `secret` is the SHA-256 of the file with the seed of its instances, for who has it to know that
    it is the one; "" where seeds are public."""

    name: Name
    share: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$", max_length=40)]
    secret: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""


class SuiteRelease(Strict):
    version: Version
    text: Annotated[str, Field(max_length=10_000)]


class SuiteSource(Strict):
    """A source file of the suite, relative to the file that declares it."""

    path: RelPath
    sha256: Sha256


class Suite(Strict):
    """`suite.json`. `id` is the hash of everything else in it. Members are in the order of their tasks' names."""

    format_version: Literal[1] = 1
    id: Sha256
    name: Name
    title: Line = ""
    version: Version
    canary: Annotated[str, Field(min_length=8, max_length=200)]
    repeats: Annotated[int, Field(ge=1)] = 1
    compiler: Line
    sources: tuple[SuiteSource, ...]
    splits: tuple[SuiteSplit, ...] = ()
    releases: tuple[SuiteRelease, ...] = ()
    members: tuple[SuiteMember, ...]
