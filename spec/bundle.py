"""The bundle on disk: what a compiled task consists of, and the manifest `bundle.json` that binds it together.

`public/` is all that an agent may see, `private/` all that only the checker may see. A file that the manifest does not
list, or whose hash differs, makes the bundle invalid; only `card.json` may stand beside the manifest unlisted.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

BUNDLE_FORMAT_VERSION = 1

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
RelPath = Annotated[str, Field(min_length=1, max_length=1024)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]


# An instance of a task is called by the task and its number.
TaskName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(-[0-9]{4,9})?$", max_length=210)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BundleFile(Strict):
    """One file of the bundle; `path` is relative to the bundle, with `/`."""

    path: RelPath
    sha256: Sha256
    size: Annotated[int, Field(ge=0)]


class WorkspaceFile(Strict):
    """One input file as the agent finds it; `path` is relative to the workspace, content in `public/workspace/`."""

    path: RelPath
    sha256: Sha256
    size: Annotated[int, Field(ge=0)]
    mode: Annotated[int, Field(ge=0o400, le=0o777)] = 0o644


class WorkspaceLink(Strict):
    """A symbolic link in the workspace to a file or folder of it; both paths are relative to the workspace."""

    path: RelPath
    to: RelPath


class Limits(Strict):
    """Bounds of one episode. Times in seconds, sizes in bytes."""

    wall_s: Annotated[float, Field(gt=0)] = 600.0
    memory_bytes: Annotated[int, Field(gt=0)] = 512 << 20
    disk_bytes: Annotated[int, Field(gt=0)] = 256 << 20
    processes: Annotated[int, Field(gt=0)] = 128
    check_s: Annotated[float, Field(gt=0)] = 60.0


class Environment(Strict):
    """What the sandbox of the agent and of jobs offers."""

    tools: tuple[str, ...] = ()
    env: dict[str, str] = {}
    network: Literal["none"] = "none"


class DeliverableRef(Strict):
    """A file that the agent must create: its name in the task, path in the workspace and format.

    `path` is a pattern for a set or family: `*` stands for a part of a name, `**` for any folders. `edits` is the path of
    the input, file or folder, that is changed in place.
    """

    name: Name
    path: RelPath
    kind: str
    shape: Literal["file", "set", "family"] = "file"
    edits: str = ""


class Job(Strict):
    """A program of the agent that the checker wants run: executed by the runtime in a sandbox of its own, over the
    pristine inputs, the deliverables and `files` (path in the workspace to file in the bundle). What it has to write
    itself, `without`, is not there.

    `alone`: of the deliverables it finds those that `argv` names, and all else as it was at the beginning. `whole`: it finds the
    workspace as the agent left it, all of it and nothing else. `transcript`: behind `stdin` it reads
    the record of what the agent did, a line of JSON for each event."""

    id: Name
    argv: tuple[str, ...]
    files: dict[RelPath, RelPath] = {}
    env: dict[str, str] = {}
    stdin: str = ""
    cwd: str = "."
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    without: tuple[RelPath, ...] = ()
    alone: bool = False
    whole: bool = False
    transcript: bool = False


class ScoredCheck(Strict):
    """How one check counts; `veto` checks have weight 0."""

    name: Name
    kind: Literal["check", "require", "forbid"]
    weight: str = "1"
    partial: bool = False
    after: tuple[Name, ...] = ()


class Scoring(Strict):
    """`score = V * ((1 - s) * C + s * R * G)`; decimals as text. `rubric_gated`: `G` asks for checks, else it is 1."""

    checks: tuple[ScoredCheck, ...]
    rubric_share: str = "0"
    rubric_after: tuple[Name, ...] = ()
    rubric_gated: bool = True


class Provenance(Strict):
    """What the bundle was compiled from, and by what."""

    source: str
    source_sha256: Sha256
    compiler: str
    library_sha256: Sha256


class Instance(Strict):
    """Which instance of a task this is: the task's name, the seed, how often it was drawn until `admit` held, and the
    values of its parameters as text."""

    template: Name
    seed: Annotated[int, Field(ge=0)]
    draws: Annotated[int, Field(ge=1)]
    params: dict[str, str] = {}


class Manifest(Strict):
    """`bundle.json`. `id` is the hash of everything else in the manifest, so it names the exact bundle."""

    format_version: Literal[1] = 1
    id: Sha256
    task: TaskName
    title: str
    category: str = ""
    operations: tuple[str, ...] = ()
    edition: int
    provenance: Provenance
    instance: Instance | None = None
    limits: Limits
    environment: Environment
    scoring: Scoring
    workspace: tuple[WorkspaceFile, ...]
    links: tuple[WorkspaceLink, ...] = ()
    turns: tuple[RelPath, ...] = ()
    deliverables: tuple[DeliverableRef, ...]
    jobs: tuple[Job, ...] = ()
    oracle: Literal["derived", "authored", "mixed", "none"]
    imported: Annotated[str, Field(max_length=500)] = ""  # where the verifier comes from, if it is kept as it was
    files: tuple[BundleFile, ...]

    @property
    def template(self) -> str:
        """The name of the task that this is an instance of."""
        return self.task if self.instance is None else self.instance.template


# Where things stand inside a bundle.
MANIFEST = "bundle.json"
CARD = "card.json"  # beside the manifest, no part of the bundle: spec/card.py
MAX_CARD = 8 << 20  # bytes
INSTRUCTION = "public/instruction.md"
TURNS = "public/turns"
BUILDER = "public/build.py"
WORKSPACE = "public/workspace"
CHECKER = "private/check.py"
VENDOR = "private/vendor"
IR = "private/ir.json"
RUBRIC = "private/rubric"
SOLUTION_STEPS = "private/solution/steps.json"
SOLUTION_FILES = "private/solution/files"
JOBS = "private/jobs"
SOURCE = "private/source"
SOURCE_INDEX = "private/source.json"


class SourceIndex(Strict):
    """`private/source.json`: all that compiling the bundle read, so that it can be compiled again from itself.

    `files` leads from the path of a file, seen from the folder that holds them all, to where its bytes stand in the bundle;
    `main` is one of these paths. `programs` are those that may be run, `folders` are trees without a file. `seed` is that of
    the instance, 0 where nothing is drawn.
    """

    format_version: Literal[1] = 1
    main: RelPath
    seed: Annotated[int, Field(ge=0)]
    files: dict[RelPath, RelPath]
    programs: tuple[RelPath, ...] = ()
    folders: tuple[RelPath, ...] = ()


class SolutionStep(Strict):
    """One step of the oracle: write `path` in the workspace with the content of `source` in the bundle, delete or read
    it, run a command, or end with the message `text`."""

    op: Literal["write", "delete", "run", "read", "say"]
    path: RelPath | None = None
    source: RelPath | None = None
    argv: tuple[str, ...] = ()
    text: str = ""


class Solution(Strict):
    """`private/solution/steps.json`."""

    format_version: Literal[1] = 1
    steps: tuple[SolutionStep, ...]


class ExpectVerdict(Strict):
    """One `expect` of a check as judged; `line` is the line in the source."""

    line: int
    source: str
    passed: bool
    share: Annotated[float, Field(ge=0, le=1)]
    message: str = ""


class CheckVerdict(Strict):
    """One check as judged. `credit` is in [0, 1], as decimal text; for `require` and `forbid` 1 means: no veto."""

    name: Name
    kind: Literal["check", "require", "forbid"]
    weight: str
    passed: bool
    credit: str
    message: str = ""
    expects: tuple[ExpectVerdict, ...] = ()


class Verdict(Strict):
    """The one line of JSON that `check.py` writes. `C` and `V` as in spec/scoring.md; `score_checks` = C * V."""

    format_version: Literal[1] = 1
    nonce: str
    task: TaskName
    C: str
    V: Literal["0", "1"]
    score_checks: str
    checks: tuple[CheckVerdict, ...]
