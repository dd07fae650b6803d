"""A bundle as a grader needs it: its manifest, and its files, each proved by size and hash as it is read."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from typing import Any, NamedTuple

MANIFEST = "bundle.json"
CHECKER = "private/check.py"
VENDOR = "private/vendor/"
JOBS = "private/jobs/"
INPUTS = "public/workspace/"
SOLUTION = "private/solution/steps.json"
# How the source of a checker that reads what the agent did names the record of it.
TRAJECTORY = "trajectory.jsonl"
_MANIFEST_BYTES = 16 << 20
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# What a document of another shape than ours leads to where it is read.
_MISSHAPEN = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


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
        self.manifest = _manifest(_content(folder, MANIFEST, _MANIFEST_BYTES))
        self._files: dict[str, bytes] = {}
        for listed in self.manifest["files"]:
            self._files[listed["path"]] = _proved(folder, listed)
        if CHECKER not in self._files:
            raise BundleError("the bundle has no checker")
        self._steps = _steps(self._files[SOLUTION]) if SOLUTION in self._files else []

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
        return self._steps


def safe(path: str) -> bool:
    """Relative, of plain parts: nothing that leads out of the folder it is taken in."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    parts = path.split("/")
    return all(part not in ("", ".", "..") for part in parts) and "\0" not in path and "\\" not in path


def _manifest(data: bytes) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(data)
        if manifest["format_version"] != 1:
            raise BundleError("the bundle has format %s, this grader reads 1" % manifest["format_version"])
        jobs, links = manifest["jobs"], [one["path"] for one in manifest["links"]]
        named = [one["path"] for group in ("files", "workspace", "deliverables") for one in manifest[group]]
        named += links
        named += [one["to"] for one in manifest["links"]]
        named += [one["edits"] for one in manifest["deliverables"] if one["edits"]]
        named += [name for job in jobs for name in (*job["files"], *job["files"].values(), *job["without"])]
        named += [job["cwd"] for job in jobs if job["cwd"] != "."]
        bad = next((name for name in named if not safe(name)), None)
        # A link may lead anywhere in the workspace: what is laid through it is somewhere else than it seems.
        through = next((path for path in links for other in links if path.startswith(other + "/")), None)
        nameless = next((job["id"] for job in jobs if not _NAME.match(job["id"])), None)
        sizes = [int(one["size"]) for one in manifest["files"]]
    except _MISSHAPEN as error:
        raise BundleError("%s cannot be read: %s: %s" % (MANIFEST, type(error).__name__, error)) from error
    if bad is not None:
        raise BundleError("%s: unsafe path %a" % (MANIFEST, bad))
    if through is not None:
        raise BundleError("%s: the link %a stands below another one" % (MANIFEST, through))
    if nameless is not None:
        raise BundleError("%s: %a is no name of a job" % (MANIFEST, nameless))
    if any(size < 0 for size in sizes):
        raise BundleError("%s: a file has less than no bytes" % MANIFEST)
    return manifest


def _steps(data: bytes) -> list[dict[str, Any]]:
    try:
        steps: list[dict[str, Any]] = json.loads(data)["steps"]
        bad = [one["path"] for one in steps if one["op"] in ("write", "delete") and not safe(one["path"])]
    except _MISSHAPEN as error:
        raise BundleError("%s cannot be read: %s: %s" % (SOLUTION, type(error).__name__, error)) from error
    if bad:
        raise BundleError("%s: unsafe path %a" % (SOLUTION, bad[0]))
    return steps


def _proved(folder: str, listed: dict[str, Any]) -> bytes:
    data = _content(folder, listed["path"], int(listed["size"]))
    if len(data) != listed["size"] or hashlib.sha256(data).hexdigest() != listed["sha256"]:
        raise BundleError("`%s` is not the file that was built" % listed["path"])
    return data


def _content(folder: str, path: str, most: int) -> bytes:
    """A regular file of a bundle; neither link nor FIFO is opened for it."""
    try:
        fd = os.open(os.path.join(folder, *path.split("/")), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            seen = os.fstat(fd)
            if not stat.S_ISREG(seen.st_mode):
                raise BundleError("`%s` of the bundle is not a regular file" % path)
            if seen.st_size > most:
                raise BundleError("`%s` of the bundle has %d bytes" % (path, seen.st_size))
            return file.read(seen.st_size + 1)
    except OSError as error:
        raise BundleError("cannot read `%s` of the bundle: %s" % (path, error.strerror)) from error
