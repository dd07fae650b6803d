"""Loads a bundle and proves it whole: exactly the listed files, each with its size and hash, and the right
id. A `card.json` beside the manifest is no part of it.

The bundle is untrusted. Nothing outside it is opened, no link is followed, and each later read is verified
again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from clawc.runtime.errors import RuntimeFault
from clawc.spec.bundle import BUNDLE_FORMAT_VERSION, CARD, JOBS, MANIFEST, MAX_CARD, WORKSPACE, BundleFile, Manifest
from clawc.spec.manifest_id import manifest_id

_MANIFEST_BYTES = 16 << 20
_FILE_BYTES = 1 << 30
_DEPTH = 64
# Decimals of the manifest, as text; bounded, since they are computed with.
WEIGHT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,40})?")
_REBUILD = "Build the bundle again; a bundle is never edited by hand."


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle; `path` is its folder."""

    path: Path
    manifest: Manifest
    files: dict[str, BundleFile]

    def read(self, name: str) -> bytes:
        """The bytes of a listed file, verified now: the folder may have changed since it was loaded."""
        listed = self.files.get(name)
        if listed is None:
            raise RuntimeFault("R0105", f"the bundle has no file `{name}`", _REBUILD)
        data = _read_inside(self.path, name, listed.size)
        if len(data) != listed.size or hashlib.sha256(data).hexdigest() != listed.sha256:
            raise RuntimeFault("R0104", f"edited bundle: `{name}` is not the file that was built", _REBUILD)
        return data


def load(path: Path) -> Bundle:
    """Read and verify the bundle in the folder `path`; raises RuntimeFault R0101 to R0107 naming the file."""
    if not path.is_dir():
        raise RuntimeFault("R0101", f"`{path}` is not a bundle folder", "Give the folder that holds bundle.json.")
    manifest = _manifest(_read_inside(path, MANIFEST, _MANIFEST_BYTES))
    bundle = Bundle(path.absolute(), manifest, {file.path: file for file in manifest.files})
    _check_names(bundle)
    _check_numbers(manifest)
    for name in _walk(path):
        if name not in (MANIFEST, CARD) and name not in bundle.files:
            raise RuntimeFault("R0105", f"edited bundle: `{name}` is not listed in {MANIFEST}", _REBUILD)
    for name in bundle.files:
        bundle.read(name)
    return bundle


def claimed_card(bundle: Bundle) -> bytes | None:
    """The bytes of the `card.json` in the folder of a bundle: a claim of whoever had the folder; None where there is none.

    Raises RuntimeFault R0101, R0104 or R0106 for one that cannot be read, is too large or no regular file.
    """
    if not os.path.lexists(bundle.path / CARD):
        return None
    return _read_inside(bundle.path, CARD, MAX_CARD)


def safe_path(path: str) -> bool:
    """Relative, `/`-separated, no empty, `.` or `..` part, no control character, writable as UTF-8."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    parts = path.split("/")
    return all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in parts) and not any(
        ord(char) < 32 or ord(char) == 127 or char == "\\" for char in path
    )


def _manifest(data: bytes) -> Manifest:
    try:
        raw: object = json.loads(data, object_pairs_hook=without_duplicates)
    except (ValueError, RecursionError) as error:
        raise RuntimeFault("R0103", f"{MANIFEST} is not valid JSON: {error}", _REBUILD) from error
    if not isinstance(raw, dict):
        raise RuntimeFault("R0103", f"{MANIFEST} is not a JSON object", _REBUILD)
    fields = cast("dict[str, object]", raw)
    version = fields.get("format_version")
    if isinstance(version, int) and version > BUNDLE_FORMAT_VERSION:
        raise RuntimeFault(
            "R0102",
            f"the bundle has format {version}, this installation reads up to {BUNDLE_FORMAT_VERSION}",
            "Install a newer clawc, or build the bundle with this one.",
        )
    try:
        manifest = Manifest.model_validate(fields)
        expected = manifest_id(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RuntimeFault("R0103", f"{MANIFEST}: `{where}`: {first['msg'].lower()}", _REBUILD) from error
    except ValueError as error:
        raise RuntimeFault("R0103", f"{MANIFEST} has no canonical form: {error}", _REBUILD) from error
    if manifest.id != expected:
        raise RuntimeFault("R0104", f"edited bundle: `{MANIFEST}` does not match its id", _REBUILD)
    return manifest


def without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The object of a JSON document; raises ValueError for one with a key twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a key twice")
    return found


def _check_names(bundle: Bundle) -> None:
    manifest = bundle.manifest
    inside = [file.path for file in manifest.files]
    outside = [file.path for file in manifest.workspace] + [ref.path for ref in manifest.deliverables]
    outside += [name for job in manifest.jobs for name in job.files]
    outside += [job.cwd for job in manifest.jobs if job.cwd != "."]
    outside += [name for job in manifest.jobs for name in job.without]
    outside += [ref.edits for ref in manifest.deliverables if ref.edits]
    outside += [name for link in manifest.links for name in (link.path, link.to)]
    inside += manifest.turns
    for name in inside + outside:
        if not safe_path(name):
            raise RuntimeFault("R0106", f"{MANIFEST}: unsafe path `{name!a}`", _REBUILD)
    links = {link.path for link in manifest.links}
    for path in links:
        # What is laid through a link stands somewhere else than its path says.
        if any("/".join(path.split("/")[:depth]) in links for depth in range(1, path.count("/") + 1)):
            raise RuntimeFault("R0106", f"{MANIFEST}: the link `{path}` stands below another one", _REBUILD)
    if len(bundle.files) != len(manifest.files) or MANIFEST in bundle.files or CARD in bundle.files:
        raise RuntimeFault("R0103", f"{MANIFEST} lists a file twice, itself or {CARD}", _REBUILD)
    for file in manifest.workspace:
        listed = bundle.files.get(f"{WORKSPACE}/{file.path}")
        if listed is None or (listed.sha256, listed.size) != (file.sha256, file.size):
            raise RuntimeFault("R0103", f"{MANIFEST}: the input `{file.path}` is not a file of it", _REBUILD)
    if len({file.path for file in manifest.workspace}) != len(manifest.workspace):
        raise RuntimeFault("R0103", f"{MANIFEST} lists an input twice", _REBUILD)
    if len({job.id for job in manifest.jobs}) != len(manifest.jobs):
        raise RuntimeFault("R0103", f"{MANIFEST} lists a job twice", _REBUILD)
    for job in manifest.jobs:
        for source in job.files.values():
            # A job runs code of the agent: giving it another private file would leak the checker or the
            # truth.
            if source not in bundle.files or not source.startswith((f"{JOBS}/", "public/")):
                raise RuntimeFault("R0103", f"{MANIFEST}: job `{job.id}` may not have `{source}`", _REBUILD)
        if not job.argv:
            raise RuntimeFault("R0103", f"{MANIFEST}: job `{job.id}` has no command", _REBUILD)
    texts = [text for job in manifest.jobs for text in (*job.argv, *job.env, *job.env.values())]
    texts += [text for pair in manifest.environment.env.items() for text in pair]
    # A NUL would end an argument of the sandbox's command line and start another one.
    if any("\0" in text for text in texts) or any("=" in name for name in manifest.environment.env):
        raise RuntimeFault("R0103", f"{MANIFEST}: a command or environment variable holds NUL or `=`", _REBUILD)


def _check_numbers(manifest: Manifest) -> None:
    scoring = manifest.scoring
    for text in (scoring.rubric_share, *(check.weight for check in scoring.checks)):
        if not WEIGHT.fullmatch(text):
            raise RuntimeFault("R0103", f"{MANIFEST}: `{text!a}` is not a weight", _REBUILD)
    if Decimal(scoring.rubric_share) > 1:
        raise RuntimeFault("R0103", f"{MANIFEST}: the share of the rubric is more than 1", _REBUILD)


def _open_folder(name: str, parent: int | None = None) -> int:
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)


def _read_inside(root: Path, name: str, limit: int) -> bytes:
    """The regular file `name` below `root`, opened part by part without following a link."""
    *folders, last = name.split("/")
    held: list[int] = []
    try:
        held.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        for folder in folders:
            held.append(_open_folder(folder, held[-1]))
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        held.append(os.open(last, flags, dir_fd=held[-1]))
        found = os.fstat(held[-1])
        if not stat.S_ISREG(found.st_mode):
            raise RuntimeFault("R0106", f"edited bundle: `{name}` is not a regular file", _REBUILD)
        if found.st_size > min(limit, _FILE_BYTES):
            raise RuntimeFault("R0104", f"edited bundle: `{name}` has {found.st_size} bytes", _REBUILD)
        with open(held.pop(), "rb") as file:
            return file.read(found.st_size + 1)
    except OSError as error:
        raise RuntimeFault(
            "R0101", f"cannot read `{name}` of the bundle `{root}`: {error.strerror}", _REBUILD
        ) from error
    finally:
        for fd in held:
            os.close(fd)


def _walk(root: Path) -> list[str]:
    """Paths of all files; a link or special file is an error."""
    found: list[str] = []

    def visit(folder: int, prefix: str, depth: int) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = prefix + entry.name
                if entry.is_dir(follow_symlinks=False) and depth < _DEPTH:
                    inner = _open_folder(entry.name, folder)
                    try:
                        visit(inner, path + "/", depth + 1)
                    finally:
                        os.close(inner)
                elif entry.is_file(follow_symlinks=False):
                    found.append(path)
                else:
                    raise RuntimeFault("R0106", f"edited bundle: `{path!a}` is not a regular file", _REBUILD)

    top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        visit(top, "", 0)
    except OSError as error:
        raise RuntimeFault("R0101", f"cannot read the bundle: {error.strerror}") from error
    finally:
        os.close(top)
    return sorted(found)
