"""From a declaration and its bundles to the record of a suite."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clawc import __version__
from clawc.runtime.bundle import Bundle
from clawc.runtime.calibrate.splits import Member, split_families
from clawc.runtime.regular_file import read_regular
from clawc.spec.bundle import CHECKER, JOBS, RUBRIC, VENDOR
from clawc.spec.suite import Suite, SuiteMember, SuiteRelease, SuiteSource, SuiteSplit

if TYPE_CHECKING:
    from clawc.compiler.passes.suites import SuiteDeclaration

LEAST_SEED = 2**40
_JUDGES = (CHECKER, f"{VENDOR}/", f"{RUBRIC}/", f"{RUBRIC}.json", f"{JOBS}/")
_CANARIES = uuid.UUID("b3ad3e0c-5d06-4f2a-9b0e-7d3f63a1c9d2")


def verifier_hash(bundle: Bundle) -> str:
    """SHA-256 of all that decides a score: the checker with what it needs, jobs, rubrics, and how checks count. Instances of a task may
    share one."""
    digest = hashlib.sha256()
    for file in sorted(bundle.manifest.files, key=lambda file: file.path):
        if file.path.startswith(_JUDGES):
            digest.update(f"{file.path}\0{file.sha256}\n".encode())
    told = {
        "scoring": bundle.manifest.scoring.model_dump(mode="json"),
        "jobs": [job.model_dump(mode="json") for job in bundle.manifest.jobs],
    }
    digest.update(json.dumps(told, sort_keys=True).encode())
    return digest.hexdigest()


def split_of_templates(declaration: SuiteDeclaration, categories: Mapping[str, str]) -> dict[str, str]:
    """The split of each task by its name, the same in each version as far as shares allow; `categories` are theirs, which each split has in
    its share. Empty without splits."""
    if not declaration.splits:
        return {}
    whole = sum(split.share for split in declaration.splits)
    shares = {split.name: float(split.share / whole) for split in declaration.splits}
    shares[declaration.splits[-1].name] += 1.0 - sum(shares.values())
    members = [Member(template, template, category) for template, category in categories.items()]
    return split_families(members, shares).of


def canary_of(declaration: SuiteDeclaration) -> str:
    """What was declared, or a text that follows from the name and the version and stands nowhere else."""
    made = uuid.uuid5(_CANARIES, f"{declaration.name}\0{declaration.version}")
    return declaration.canary or f"canary {declaration.name} {made}"


def assemble(
    declaration: SuiteDeclaration,
    bundles: Sequence[Bundle],
    splits: Mapping[str, str],
    sources: Mapping[str, bytes],
    secrets: Mapping[str, str],
) -> Suite:
    """The record. `splits` by template, `sources` by their paths, `secrets` the SHA-256 of the seed file by split. Raises ValueError for a
    task that two bundles have."""
    members: dict[str, SuiteMember] = {}
    for bundle in sorted(bundles, key=lambda each: each.manifest.task):
        manifest = bundle.manifest
        if manifest.task in members:
            raise ValueError(f"two tasks are called `{manifest.task}`")
        split = splits.get(manifest.template, "")
        members[manifest.task] = SuiteMember(
            task=manifest.task, template=manifest.template, bundle_id=manifest.id, verifier=verifier_hash(bundle), category=manifest.category,
            operations=manifest.operations, split=split, secret=bool(secrets.get(split)),
        )  # fmt: skip
    record = Suite(
        id="0" * 64, name=declaration.name, title=declaration.title, version=declaration.version, canary=canary_of(declaration),
        repeats=declaration.repeats, compiler=__version__,
        sources=tuple(SuiteSource(path=path, sha256=hashlib.sha256(data).hexdigest()) for path, data in sorted(sources.items())),
        splits=tuple(
            SuiteSplit(name=split.name, share=format(split.share, "f"), secret=secrets.get(split.name, "")) for split in declaration.splits
        ),
        releases=tuple(SuiteRelease(version=each.version, text=each.text) for each in declaration.releases),
        members=tuple(members.values()),
    )  # fmt: skip
    return record.model_copy(update={"id": suite_id(record)})


def suite_id(record: Suite) -> str:
    """SHA-256 of the record without its id."""
    told = record.model_dump(mode="json", exclude={"id"})
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def seed_in(path: Path) -> tuple[int, str]:
    """The seed that a file gives, and the file's SHA-256, which is published: a small seed could be found by trying. Raises ValueError for what
    is no such number, OSError."""
    data = read_regular(path, 1000).data
    text = data.strip()
    if not text.isdigit() or not LEAST_SEED <= int(text) < 2**62:
        raise ValueError(f"`{path}` must hold one whole number, drawn at random, from 2^40 to below 2^62")
    return int(text), hashlib.sha256(data).hexdigest()
