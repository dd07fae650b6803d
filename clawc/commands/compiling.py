"""From sources to bundles on disk: each is compiled in a child within bounds, and appears whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from clawc import exits
from clawc.commands.check_cache import CheckCache, Kept, Source, thin_library_caches
from clawc.commands.checking import MAX_JOBS, overrun
from clawc.commands.processors import processors
from clawc.commands.selecting import require_each, selected, tasks_kept_as
from clawc.commands.sources import check_instances, project_root, read_source
from clawc.compiler.finding import Finding, restored
from clawc.exits import UserError
from clawc.runtime.bounded import Overrun, bounded
from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.sandbox.bounds import Bounds

if TYPE_CHECKING:  # the compiler is loaded where it works: in a child, or here when several share it
    from clawc.compiler.pipeline import Compiled
    from clawc.spec.bundle import Manifest

BOUNDS = Bounds()
# Instances that one child makes, one after the other; each may take what a source may.
_CHUNK = 8

# Bundles of a source that are kept for the next time, if they are small; in the names of what is kept.
_KEPT_BYTES = 256 << 10
_KEPT_AS = "bundles of "


class Lot(NamedTuple):
    """Which instances are made: that of the seed, or `many` of each task that draws something, of this seed and the following.
    `tasks` are the names of those that are meant, as `selected` reads them; `beside` are names that they may mean elsewhere."""

    seed: int = 0
    many: int | None = None
    tasks: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


class _Item(NamedTuple):
    """A source with the seeds of some of its instances, and the folder that gets their bundles. `first` is the number of
    the first instance, from 1; 0: there is one, under the name of the task."""

    shown: str
    folder: str
    root: str
    seed: int
    first: int = 0
    size: int = 1
    tasks: tuple[str, ...] = ()


class Built(NamedTuple):
    """What was found in all sources, and the manifests of their bundles: none when something is an error. `skipped` are
    instances that repeat an earlier one, each with that one. `sources` has the source of each task that is placed, by its name."""

    found: list[Finding]
    manifests: list[Manifest]
    skipped: list[tuple[str, str]] = []  # noqa: RUF012
    sources: Mapping[str, Path] = {}


def build_sources(
    sources: Sequence[Path],
    out: Path,
    meanwhile: Callable[[], object] | None = None,
    admit: Callable[[Sequence[Manifest]], bool] | None = None,
    lot: Lot | None = None,
) -> Built:
    """Compiles all sources into `out`, one folder a task or instance; an older bundle of the same task is replaced. `meanwhile` is called
    here while children compile, `admit` before anything is placed: nothing is if it raises, or returns true. Raises UserError."""
    staging = _staging(out)
    lot = lot or Lot()
    try:
        _make(staging)
        items = _items(sources, staging, lot)
        found: list[Finding] = []
        tasks: list[tuple[str, Path]] = []
        skipped: list[tuple[str, str]] = []
        drawn: dict[tuple[str, str], str] = {}
        origins: dict[str, Path] = {}
        names: set[str] = set()
        for item, reply in zip(items, _compiled(items, meanwhile)):
            if isinstance(reply, Finding):
                found.append(reply)
                continue
            found += [restored(f) for f in reply["found"]]
            names.update(map(str, reply.get("names", ())))
            for name, digest in reply["tasks"]:
                same = drawn.setdefault((item.shown + str(name).split("-")[0], str(digest)), str(name))
                if same == name:
                    tasks.append((str(name), Path(item.folder) / str(name)))
                    origins[str(name)] = Path(item.shown)
                else:
                    skipped.append((str(name), same))
        found = list(dict.fromkeys(found))
        if any(f.severity == "error" for f in found):
            return Built(found, [])
        require_each(lot.tasks, [*lot.beside, *names])
        _unique([name for name, _ in tasks])
        if admit is not None:
            manifests = [_manifest(staged) for _, staged in tasks]
            if admit(manifests):
                return Built(found, manifests, skipped)
        return Built(found, [_place(staged, out / name) for name, staged in tasks], skipped, origins)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):
            out.rmdir()  # one that holds nothing was made for nothing


def _items(sources: Sequence[Path], staging: Path, lot: Lot) -> list[_Item]:
    """One for each source, or some where there are many instances."""
    found: list[_Item] = []
    for number, path in enumerate(sources):
        shown, root = str(path), str(project_root(path))
        if lot.many is None:
            found.append(_Item(shown, str(staging / str(number)), root, lot.seed, tasks=lot.tasks))
        for first in range(0, lot.many or 0, _CHUNK):
            folder = str(staging / f"{number}-{first}")
            size = min(_CHUNK, (lot.many or 0) - first)
            found.append(_Item(shown, folder, root, lot.seed + first, first + 1, size, lot.tasks))
    return found


def _kept_as(item: _Item) -> Source:
    which = f"seeds {item.seed}+{item.size} as {item.first} of {tasks_kept_as(item.tasks)}"
    return Source(_KEPT_AS + which + item.shown, os.path.abspath(item.shown), item.root)


def _compiled(items: Sequence[_Item], meanwhile: Callable[[], object] | None) -> list[dict[str, Any] | Finding]:
    """The result of each item, with its bundles in its folder; a finding for one that took too long."""
    known = [_kept_as(item) for item in items]
    cache = CheckCache(cache_folder())
    try:
        results: dict[int, dict[str, Any] | Finding] = {}
        kept = cache.find(known)
        for number, source in enumerate(known):
            if source in kept and _lay_kept(kept[source], Path(items[number].folder)):
                results[number] = kept[source]
        missing = [number for number in range(len(items)) if number not in results]
        if len(missing) > 1:
            import_module("clawc.compiler.emit.bundle")  # before children are forked, so that they share it
        todo = [items[number] for number in missing]
        bounds = BOUNDS._replace(cpu_s=BOUNDS.cpu_s * max((item.size for item in items), default=1))
        jobs = min(processors(), MAX_JOBS)
        for number, reply in zip(
            missing, bounded(_build_one, todo, jobs=jobs, bounds=bounds, meanwhile=meanwhile if missing else None)
        ):
            if isinstance(reply, Overrun):
                results[number] = overrun(items[number].shown, reply, bounds)
                continue
            if "refused" in reply:
                raise UserError(*reply["refused"])
            results[number] = reply["result"]
            if "files" in reply["result"]:
                cache.put(known[number], Kept(reply["digest"], reply["reads"], reply["result"]), reply["began"])
        if missing:
            cache.trim()
            thin_library_caches()
        return [results[number] for number in range(len(items))]
    finally:
        cache.close()


def _lay_kept(result: Any, folder: Path) -> bool:
    """Write the bundles of a result that was kept; whether it was one."""
    try:
        files = {str(path): base64.b64decode(data, validate=True) for path, data in result["files"].items()}
        [restored(f) for f in result["found"]]
        [str(name) for name in result.get("names", ())]
        names = {str(name) for name, _ in result["tasks"]}
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    if not all(path.split("/", 1)[0] in names and ".." not in path.split("/") for path in files):
        return False
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return True


def build_all(tasks: Sequence[Compiled], out: Path) -> list[Manifest]:
    """Bundles of tasks that were checked in this process; as `build_sources`."""
    from clawc.compiler.pipeline import build, write

    _unique([t.task.name for t in tasks])
    staging = _staging(out)
    try:
        _make(staging)
        for compiled in tasks:
            write(build(compiled), staging / compiled.task.name)
        return [_place(staging / t.task.name, out / t.task.name) for t in tasks]
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):
            out.rmdir()  # one that holds nothing was made for nothing


def _build_one(item: _Item) -> dict[str, Any]:
    """In a child: checks a source, and writes the bundles of its sound instances below a folder. What it found, and read."""
    from clawc.commands.kept_library import open_library_cache
    from clawc.compiler.assets import DiskAssets
    from clawc.compiler.finding import finding
    from clawc.compiler.instances import drawn_digest, instance_name
    from clawc.compiler.pipeline import build, write

    kept = None
    files: dict[str, bytes] = {}
    found: list[Finding] = []
    tasks: list[tuple[str, str]] = []
    names: set[str] = set()
    sound = True
    began = time.time_ns()
    try:
        data = read_source(Path(item.shown))
        assets = DiskAssets(Path(item.root))
        seeds = range(item.seed, item.seed + item.size)
        for place, checked in enumerate(check_instances(item.shown, data, assets, seeds)):
            found += [_of_seed(finding(d), item, place) for d in checked.diagnostics]
            if not checked.ok:
                sound = False
                break
            kept = kept or open_library_cache()
            for compiled in checked.tasks:
                template = compiled.task.template or compiled.task.name
                names.add(template)
                if not selected(template, item.tasks):
                    continue
                number = item.first + place if item.first and compiled.task.drawn else 0
                if item.first + place > 1 and not number:
                    continue  # there is one instance of it
                if number:
                    compiled.task.name = instance_name(compiled.task.template, number)
                name = compiled.task.name
                bundle = build(compiled)
                write(bundle, Path(item.folder) / name)
                files |= {f"{name}/{path}": content for path, content in bundle.files.items()}
                tasks.append((name, drawn_digest(compiled.task)))
    except UserError as error:
        return {"refused": [error.message, error.help, error.code]}
    except OSError as error:
        return {
            "refused": [
                f"the bundle of `{item.shown}` cannot be written: {error.strerror}",
                "nothing was changed",
                exits.ENVIRONMENT,
            ]
        }
    finally:
        if kept is not None:
            kept.close()
    result: dict[str, Any] = {"found": [f.stored() for f in dict.fromkeys(found)], "tasks": tasks if sound else []}
    if item.tasks:
        result["names"] = sorted(names)
    if sound and sum(map(len, files.values())) <= _KEPT_BYTES:
        result["files"] = {path: base64.b64encode(content).decode("ascii") for path, content in files.items()}
    return {
        "began": began,
        "digest": hashlib.sha256(data).hexdigest(),
        "reads": [[kind, path, stamp] for (kind, path), stamp in assets.seen.items()],
        "result": result,
    }


def _of_seed(found: Finding, item: _Item, place: int) -> Finding:
    """A finding about an instance; an error of one that has a number names its seed."""
    if not item.first or found.severity != "error":
        return found
    return replace(found, message=f"{found.message} (seed {item.seed + place})")


def _unique(names: list[str]) -> None:
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise UserError(f"two tasks are called `{twice}`", "build them into different folders")


def _staging(out: Path) -> Path:
    """The name of a folder for what is at work; known before the folder is there, so that it is removed in any case."""
    return out / f".building-{secrets.token_hex(4)}"


def _make(staging: Path) -> None:
    try:
        staging.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir(mode=0o700)
    except OSError as error:
        raise UserError(f"`{staging.parent}` cannot be written: {error.strerror}", "nothing was changed",
                        exits.ENVIRONMENT) from error  # fmt: skip


def _manifest(bundle: Path) -> Manifest:
    from clawc.spec.bundle import MANIFEST, Manifest

    return Manifest.model_validate_json((bundle / MANIFEST).read_bytes())


def _place(staged: Path, target: Path) -> Manifest:
    """Moves a bundle to where it belongs."""
    from clawc.spec.bundle import MANIFEST

    if target.exists() and not (target / MANIFEST).is_file():
        raise UserError(f"`{target}` exists and is no bundle", "choose another folder by `--out`, or remove it")
    try:
        os.chmod(staged, 0o755)
        if target.exists():
            os.rename(target, staged.with_name(f"{staged.name}.old"))
        os.rename(staged, target)
        return _manifest(target)
    except OSError as error:
        raise UserError(f"`{target}` cannot be written: {error.strerror}", "the bundles before it are complete",
                        exits.ENVIRONMENT) from error  # fmt: skip
