"""A suite on the disk: `suite.json`, and below `bundles` a folder for each member that is there."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pydantic import ValidationError

from clawc.runtime.bundle import Bundle, load
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.suite.assemble import suite_id
from clawc.spec.suite import BUNDLES, MAX_SUITE, SUITE, Suite

UNPACKED = "suite"  # in the folder of a run, if an archive was played


def read_suite(folder: Path) -> Suite:
    """The record. Raises RuntimeFault R1101 for what is none, or was changed."""
    path = folder / SUITE
    try:
        if path.stat().st_size > MAX_SUITE:
            raise RuntimeFault("R1101", f"`{path}` is too large for the record of a suite")
        record = Suite.model_validate_json(path.read_bytes())
    except OSError as error:
        raise RuntimeFault(
            "R1101", f"there is no suite in `{folder}`: {error.strerror or error}", "`clawc bench build` makes one."
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise RuntimeFault("R1101", f"`{path}` is no record of a suite: {where}: {first['msg']}") from error
    if suite_id(record) != record.id:
        raise RuntimeFault(
            "R1101", f"`{path}` was changed: its id is not that of what it says", "Build the suite again."
        )
    names = [member.task for member in record.members]
    if len(set(names)) != len(names):
        raise RuntimeFault("R1101", f"`{path}` names a task twice")
    return record


def write_suite(record: Suite, folder: Path) -> None:
    """Whole or not at all."""
    part = folder / f".{SUITE}.part"
    part.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    part.replace(folder / SUITE)


def members_there(record: Suite, folder: Path, splits: Collection[str] = ()) -> list[Bundle]:
    """The bundles of the suite, each the one that the record names; of these splits alone, if any are given. Secret ones may be missing.
    Raises RuntimeFault R1102 for another one that is missing, and for one that is not the record's."""
    found: list[Bundle] = []
    for member in record.members:
        if splits and member.split not in splits:
            continue
        path = folder / BUNDLES / member.task
        if not path.is_dir():
            if member.secret:
                continue
            raise RuntimeFault("R1102", f"the bundle `{path}` is missing", "Build the suite again, or unpack it again.")
        bundle = load(path)
        if bundle.manifest.id != member.bundle_id:
            raise RuntimeFault(
                "R1102", f"`{path}` is another bundle than the suite's", "Scores of the two are not the suite's: build it again."
            )  # fmt: skip
        found.append(bundle)
    return found
