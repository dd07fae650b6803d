"""A bundle compiled again from the source inside it: only a bundle that is exactly what its source gives is proved.

The bundle is untrusted: call this in a child within bounds of time and memory.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import NamedTuple, cast

from pydantic import ValidationError

from clawc import __version__
from clawc.compiler.assets import MAX_ASSET, KeptAssets
from clawc.compiler.emit.shake import library_sha256
from clawc.compiler.pipeline import Checked, build, check_instance, read
from clawc.runtime.bundle import Bundle, safe_path, without_duplicates
from clawc.runtime.errors import RuntimeFault
from clawc.spec.bundle import JOBS, SOURCE, SOURCE_INDEX, WORKSPACE, SourceIndex

MAX_INDEX = 8 << 20
MAX_SOURCE = 2 << 20
MAX_ALL = 256 << 20
_AGAIN = "build it again from its source by `clawc build`"


class KeptSource(NamedTuple):
    """The source of a bundle: the path that messages show, its bytes, what it reads, and the seed of the instance."""

    shown: str
    data: bytes
    assets: KeptAssets
    seed: int


def source_of(bundle: Bundle) -> KeptSource:
    """Raises RuntimeFault R0108 for a bundle without its source, R0109 for one of another compiler, R0110 for an index that
    cannot be true."""
    made = bundle.manifest.provenance
    if made.compiler != __version__:
        raise RuntimeFault(
            "R0109", f"`{bundle.path}` was built by clawc {made.compiler!a}, this is {__version__}", _AGAIN
        )
    if made.library_sha256 != library_sha256():
        raise RuntimeFault("R0109", f"`{bundle.path}` was built with another check library", _AGAIN)
    if SOURCE_INDEX not in bundle.files:
        raise RuntimeFault("R0108", f"`{bundle.path}` does not hold its source, so it cannot be proved", _AGAIN)
    index = _index(bundle)
    files = {path: (bundle.read(at), path in index.programs) for path, at in index.files.items()}
    data = files[index.main][0]
    shown = f"{bundle.path}/{SOURCE}/{index.main}"
    return KeptSource(shown, data, KeptAssets(shown, index.main, files, frozenset(index.folders)), index.seed)


def rebuilt(bundle: Bundle, source: KeptSource) -> Checked:
    """The check of the source, with the task of the bundle as its only one. Raises RuntimeFault R0110 unless it gives exactly
    this bundle."""
    try:
        text = source.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_its_source(bundle, f"its source is not UTF-8 text (byte {error.start})") from error
    checked = check_instance(read(source.shown, text), source.assets, source.seed)
    if not checked.ok:
        first = next(d for d in checked.diagnostics if d.severity == "error")
        raise _not_its_source(bundle, f"its source does not compile: {first.code}: {first.message}")
    name = bundle.manifest.task
    for compiled in checked.tasks:
        task = compiled.task
        if bundle.manifest.template != (task.template if task.drawn else task.name):
            continue
        if task.drawn and re.fullmatch(re.escape(task.template) + "-[0-9]{4,9}", name):
            task.name = name
        if task.name == name and build(compiled).manifest.id == bundle.manifest.id:
            return replace(checked, tasks=[compiled])
    raise _not_its_source(bundle, "its source gives another one")


def _not_its_source(bundle: Bundle, why: str) -> RuntimeFault:
    return RuntimeFault("R0110", f"`{bundle.path}` is not what its source gives: {why}", _AGAIN)


def _index(bundle: Bundle) -> SourceIndex:
    """The index, of which every path leads to a listed file that may be part of a source; raises RuntimeFault R0110."""
    if bundle.files[SOURCE_INDEX].size > MAX_INDEX:
        raise _not_its_source(bundle, f"`{SOURCE_INDEX}` is larger than {MAX_INDEX >> 20} MiB")
    try:
        raw: object = json.loads(bundle.read(SOURCE_INDEX), object_pairs_hook=without_duplicates)
        index = SourceIndex.model_validate(cast("dict[str, object]", raw))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _not_its_source(bundle, f"`{SOURCE_INDEX}`: {first['msg'].lower()}") from error
    except (ValueError, RecursionError) as error:
        raise _not_its_source(bundle, f"`{SOURCE_INDEX}` is not valid JSON") from error
    if index.main not in index.files:
        raise _not_its_source(bundle, f"`{SOURCE_INDEX}` does not list its main source")
    total = 0
    for path, at in index.files.items():
        listed = bundle.files.get(at)
        if listed is None or not at.startswith((f"{SOURCE}/", f"{WORKSPACE}/", f"{JOBS}/")) or not _relative(path):
            raise _not_its_source(bundle, f"`{SOURCE_INDEX}` lists {path!a} at {at!a}")
        total += listed.size
        if listed.size > (MAX_SOURCE if path == index.main else MAX_ASSET) or total > MAX_ALL:
            raise _not_its_source(bundle, f"{path!a} of its source is too large")
    return index


def _relative(path: str) -> bool:
    return safe_path(path.replace("\\", "/"))
