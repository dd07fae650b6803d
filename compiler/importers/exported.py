"""Exports of ours, and bundles: they hold the source that they were compiled from, which comes back byte for byte."""

from __future__ import annotations

import base64
import binascii
import bz2
import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from clawc.compiler.importers.json_text import json_value, record, record_in, records, text_in
from clawc.compiler.importers.model import Found, ImportedTask, InputFile, Refused
from clawc.compiler.importers.tree import FilesTree, Tree
from clawc.compiler.paths import path_problem
from clawc.spec.bundle import MANIFEST, SOURCE_INDEX, WORKSPACE, SourceIndex

ORIGIN = "clawc"
MAX_SOURCES = 5_000
# The part of an export to PinchBench that holds the bundle, as an archive in base64.
_ARCHIVE = re.compile(r'ARCHIVE = \(\n((?:    "[A-Za-z0-9+/=]+"\n)+)\)')
MAX_ARCHIVE = 64 << 20


def find(tree: Tree) -> list[Found]:
    """All bundles, wherever they lie, and those that are packed into Markdown or lines of JSON."""
    found: list[Found] = []
    for name in tree.names:
        folder = name.removesuffix(MANIFEST)
        if name in (MANIFEST, folder + MANIFEST) and name.endswith(MANIFEST) and f"{folder}{SOURCE_INDEX}" in tree:
            read: Callable[[str], bytes] = partial(_below, tree, folder)
            found.append(Found(name, partial(_restored, name, read)))
        elif name.endswith(".jsonl"):
            found += _rows(tree, name)
        elif name.endswith(".md") and b"ARCHIVE = (" in (data := _peek(tree, name)):
            found += _packed(name, data)
    return found


def covers(found: list[Found], place: str) -> bool:
    """Does one of the exports hold the task at a place, so that no other format should claim it?"""
    for one in found:
        folder = one.place.rsplit(":", 1)[0]
        if place == folder or place == one.place or place.rsplit(":", 1)[0] == folder:
            return True
        top = _top(folder)
        if folder.endswith(MANIFEST) and (not top or place.startswith(top + "/")):
            return True
    return False


def _top(place: str) -> str:
    """The folder of an exported task, from the manifest in it: it is called like the bundle's folder, or stands above."""
    parts = place.split("/")[:-1]
    while parts and parts[-1] in ("bundle", "reward", "tests", "bundles"):
        parts.pop()
    return "/".join(parts)


def _below(tree: Tree, folder: str, path: str) -> bytes:
    return tree.read(folder + path)


def _peek(tree: Tree, name: str) -> bytes:
    try:
        return tree.read(name)
    except Refused:
        return b""


def _restored(place: str, read: Callable[[str], bytes]) -> ImportedTask:
    """The source of a bundle. Raises Refused for one that was edited."""
    manifest = record(json_value(_text(read(MANIFEST), place), place), place)
    sums = {text_in(one, "path"): text_in(one, "sha256") for one in records(manifest.get("files"))}
    try:
        index = SourceIndex.model_validate_json(_proved(read, sums, SOURCE_INDEX, place))
    except ValidationError as error:
        raise Refused(f"`{place}`: its index of sources is none: {error.errors()[0]['msg']}", place) from None
    if len(index.files) > MAX_SOURCES or index.main not in index.files:
        raise Refused(f"`{place}`: its index of sources cannot be true", place)
    name = text_in(record_in(manifest, "instance"), "template") or text_in(manifest, "task")
    files: dict[str, InputFile] = {}
    for path, at in index.files.items():
        if why := path_problem(path):
            raise Refused(f"`{place}`: the path `{path[:100]}` of a source {why}", place)
        files[path] = InputFile(_proved(read, sums, at, place), path in index.programs)
    task = ImportedTask(ORIGIN, name, text_in(manifest, "title"), [""])
    task.as_is = files
    return task


def _proved(read: Callable[[str], bytes], sums: Mapping[str, str], path: str, place: str) -> bytes:
    data = read(path)
    if sums.get(path) != hashlib.sha256(data).hexdigest():
        raise Refused(f"`{place}`: `{path}` is not the file that was built", place, "export it again")
    return data


def _text(data: bytes, place: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"`{place}` is not UTF-8 (byte {error.start})", place) from None


def _packed(name: str, data: bytes) -> list[Found]:
    """The bundle in a Markdown file, an archive in base64."""
    found = _ARCHIVE.search(data.decode("utf-8", "replace"))
    if found is None:
        return []
    try:
        unpacker = bz2.BZ2Decompressor()
        packed = unpacker.decompress(base64.b64decode(re.sub(r'[\s"]', "", found[1]), validate=True), MAX_ARCHIVE)
        if not unpacker.eof:
            return []
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_ARCHIVE:
                return []
            files = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    except (
        binascii.Error,
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        OSError,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ):
        return []
    inner = next((path for path in files if path.rsplit("/", 1)[-1] == MANIFEST), None)
    if inner is None:
        return []
    tree = FilesTree(name, files)
    return [Found(name, partial(_restored, name, partial(_below, tree, inner.removesuffix(MANIFEST))))]


def _rows(tree: Tree, name: str) -> list[Found]:
    """The bundles in lines of JSON that we wrote."""
    found: list[Found] = []
    try:
        lines = tree.large_text(name).split("\n")
    except Refused:
        return []
    for number, line in enumerate(lines, 1):
        if SOURCE_INDEX not in line:
            continue
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError):
            continue
        files = _files_of(row)
        if MANIFEST in files and SOURCE_INDEX in files:
            place = f"{name}:{number}"
            found.append(Found(place, partial(_restored, place, partial(_one, files, place))))
    return found


def _one(files: Mapping[str, bytes], place: str, path: str) -> bytes:
    if path not in files:
        raise Refused(f"`{place}` does not hold `{path}`", place)
    return files[path]


def _files_of(row: Any) -> dict[str, bytes]:
    """The files of a bundle in one line."""
    whole = record_in({"row": row}, "row")
    pairs: list[tuple[str, Any]] = list(record_in(whole, "files").items())
    pairs += [(f"{WORKSPACE}/{text_in(one, 'path')}", one.get("content")) for one in records(whole.get("inputs"))]
    found: dict[str, bytes] = {}
    for path, content in pairs:
        one = record_in({"content": content}, "content")
        if isinstance(one.get("text"), str):
            found[str(path)] = one["text"].encode("utf-8", "surrogatepass")
        elif isinstance(one.get("base64"), str):
            try:
                found[str(path)] = base64.b64decode(one["base64"], validate=True)
            except (binascii.Error, ValueError):
                continue
    return found
