"""A bundle as a grader needs it: its manifest, and its files, each proved by size and hash as it is read."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, NamedTuple

MANIFEST = "bundle.json"
CHECKER = "private/check.py"
VENDOR = "private/vendor/"
JOBS = "private/jobs/"
INPUTS = "public/workspace/"
SOLUTION = "private/solution/steps.json"
# How the source of a checker that reads what the agent did names the record of it.
TRAJECTORY = "trajectory.jsonl"


class BundleError(Exception):
    """The text says what is wrong with the bundle."""


class InputFile(NamedTuple):
    """A file of the workspace as the agent found it."""

    data: bytes
    mode: int


class Bundle:
    """All that grading may need, in memory, so that nothing of it has to stay on the disk beside programs of the agent."""

    def __init__(self, folder: str) -> None:
        """Reads the folder of a bundle. Raises BundleError."""
        self.folder = folder
        self.manifest = _manifest(os.path.join(folder, MANIFEST))
        self._files: dict[str, bytes] = {}
        for listed in self.manifest["files"]:
            self._files[listed["path"]] = _proved(folder, listed)
        if CHECKER not in self._files:
            raise BundleError("the bundle has no checker")

    def read(self, path: str) -> bytes:
        """The bytes of a listed file. Raises BundleError."""
        try:
            return self._files[path]
        except KeyError:
            raise BundleError("the bundle has no file `%s`" % path) from None

    def below(self, folder: str) -> dict[str, bytes]:
        """The files whose path starts so, by the rest of it."""
        return {path[len(folder) :]: data for path, data in self._files.items() if path.startswith(folder)}

    def inputs(self) -> dict[str, InputFile]:
        """The workspace as the agent found it, but for its links."""
        listed = self.manifest["workspace"]
        return {one["path"]: InputFile(self.read(INPUTS + one["path"]), one["mode"]) for one in listed}

    def steps(self) -> list[dict[str, Any]]:
        """The steps of the bundle's own solution; none where it has none."""
        if SOLUTION not in self._files:
            return []
        steps: list[dict[str, Any]] = json.loads(self.read(SOLUTION))["steps"]
        return steps


def safe(path: str) -> bool:
    """Relative, of plain parts: nothing that leads out of the folder it is taken in."""
    parts = path.split("/")
    return all(part not in ("", ".", "..") for part in parts) and "\0" not in path and "\\" not in path


def _manifest(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            manifest: dict[str, Any] = json.loads(file.read())
        if manifest["format_version"] != 1:
            raise BundleError("the bundle has format %s, this grader reads 1" % manifest["format_version"])
        named = [one["path"] for group in ("files", "workspace", "deliverables", "links") for one in manifest[group]]
        named += [one["to"] for one in manifest["links"]]
        named += [name for job in manifest["jobs"] for name in job["files"]]
        named += [job["cwd"] for job in manifest["jobs"] if job["cwd"] != "."]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError("%s cannot be read: %s" % (MANIFEST, error)) from error
    for name in named:
        if not safe(name):
            raise BundleError("%s: unsafe path %a" % (MANIFEST, name))
    return manifest


def _proved(folder: str, listed: dict[str, Any]) -> bytes:
    try:
        with open(os.path.join(folder, *listed["path"].split("/")), "rb") as file:
            data = file.read(listed["size"] + 1)
    except OSError as error:
        raise BundleError("cannot read `%s` of the bundle: %s" % (listed["path"], error.strerror)) from error
    if len(data) != listed["size"] or hashlib.sha256(data).hexdigest() != listed["sha256"]:
        raise BundleError("`%s` is not the file that was built" % listed["path"])
    return data
