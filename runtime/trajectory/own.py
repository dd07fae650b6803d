"""Files of trajectories in our own form: a `TrajectoryRecord` a line, whole, without the fields that have their defaults."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from pydantic import ValidationError

from clawc.runtime.trajectory.records import TRAJECTORY_FORMAT_VERSION, Document, TrajectoryRecord, given
from clawc.runtime.trajectory.strangers import Given, Stored, each_record
from clawc.runtime.trajectory.values import as_json


def record_of(line: Given) -> TrajectoryRecord:
    """Raises RuntimeFault R0904 for what is no record, and for one of a newer format."""
    version = line.number("format_version")
    if version is not None and version > TRAJECTORY_FORMAT_VERSION:
        line.refuse(
            f"it has format {version}, this installation reads up to {TRAJECTORY_FORMAT_VERSION}",
            "Install a newer clawc.",
        )
    return validated(line, line.fields)


def validated(given: Given, fields: Document) -> TrajectoryRecord:
    """The record with these fields; raises RuntimeFault R0904 that names where they were given."""
    try:
        # As JSON, because the model is stricter with values of Python.
        return TrajectoryRecord.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        given.refuse(f"`{place[:80]}`: {first['msg'].lower()}")


def read_records(stored: Stored) -> Iterator[TrajectoryRecord]:
    """The records of a file, one at a time; raises RuntimeFault R0902 to R0904."""
    for line in each_record(stored):
        yield record_of(line)


def write_records(records: Iterable[TrajectoryRecord], file: BinaryIO) -> None:
    """A line for each record."""
    for record in records:
        file.write(as_json({"format_version": TRAJECTORY_FORMAT_VERSION, **given(record)}).encode() + b"\n")
