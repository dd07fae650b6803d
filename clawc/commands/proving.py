"""From sources to verifier cards: each task is compiled and proved in a child within bounds, then its checker runs in sandboxes."""

from __future__ import annotations

import gc
import hashlib
import json
import locale
import os
import shutil
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from clawc import exits
from clawc.commands.check_cache import CheckCache, Kept, Source
from clawc.commands.checking import MAX_JOBS, overrun
from clawc.commands.emitted import CASES, THERE, EmittedRuns, Seen, add_seen, settled
from clawc.commands.faults import user_errors
from clawc.commands.processors import processors
from clawc.commands.selecting import selected, tasks_kept_as
from clawc.commands.sources import check_instances, project_root, read_source
from clawc.compiler.finding import Finding, finding, restored
from clawc.exits import UserError
from clawc.runtime.bounded import Overrun, bounded
from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.sandbox.bounds import Bounds
from clawc.runtime.sandbox.memory_folder import scratch_folder
from clawc.spec.bundle import CHECKER, MANIFEST

if TYPE_CHECKING:  # loaded where it works
    from clawc.compiler.assets import Assets
    from clawc.compiler.pipeline import Checked, Compiled
    from clawc.compiler.prove.plan import Case, Level, Plan
    from clawc.runtime.bundle import Bundle
    from clawc.spec.card import VerifierCard

# Of one source; proving judges some hundreds of workspaces.
BOUNDS = Bounds(cpu_s=60.0, memory_bytes=1 << 30)
# Workspaces of a template that its emitted checker judges at level admit, besides the oracle's and the untouched one.
SAMPLE = 2
# Other seeds that a template is tried with, and instances that one child proves.
OTHER_SEEDS = 5
_CHUNK = 8
# Items whose emitted checkers run, or wait for it, before more are proved.
_WAITING = 48
# Items whose kept results are looked up together.
_BATCH = 64
_KEPT_AS = "proof of "
# Items after which a child is replaced, and pages of garbage that it holds at most before one.
_RENEWED = 48
_GARBAGE = (160 << 20) // 4096
# Shapes of checkers that were given to a sandbox by this process.
_RUN: set[str] = set()


Files = Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Beside:
    """What is done with each sound task, at the path of its source, where it is proved. `solution` gives the files of an
    independent solution, None where there is none; it is judged as mutants are, in a sandbox where programs are run. `note`
    gives JSON data that come with the proof; it gets the solution too. `name` tells one from others in what is kept."""

    name: str
    note: Callable[[Compiled, Files | None], Any]
    solution: Callable[[str, Compiled], Files | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be proved: the level, the number of mutants (0: that of the level), and the instances: `count` of each task
    that draws something, from seed `seed` on; None: one. `real`: also in sandboxes. `others`: seeds that a template is tried
    with besides. `advice`: rows are looked for that would tell changed queries apart. `beside`: what else is done with a task.
    `tasks`: the names of those that are meant, as `selected` reads them."""

    level: Level = "admit"
    mutants: int = 0
    seed: int = 0
    count: int | None = None
    real: bool = True
    others: int = OTHER_SEEDS
    advice: bool = True
    beside: Beside | None = None
    tasks: tuple[str, ...] = ()


class _Item(NamedTuple):
    """Instances of one source, and the folder that gets what has to be run for real. `first`: the number of the first
    instance, 0 where there is one. `ran`: the verdicts of the sandboxes by task, once there are any. `bundle`: one that is
    proved from the source inside it."""

    shown: str
    root: str
    folder: str
    wanted: Wanted
    seed: int
    first: int = 0
    size: int = 1
    ran: str = ""
    bundle: Bundle | None = None


@dataclass(slots=True)
class Proved:
    """What came of one source: its findings, those that are allowed, and the cards of its tasks; where tasks were selected,
    the names of all."""

    path: str
    found: list[Finding] = field(default_factory=list[Finding])
    allowed: list[Finding] = field(default_factory=list[Finding])
    cards: list[VerifierCard] = field(default_factory=list["VerifierCard"])
    notes: list[Any] = field(default_factory=list[Any])
    names: list[str] = field(default_factory=list[str])


def prove_each(
    sources: Sequence[Path], wanted: Wanted, *, bundles: Sequence[Bundle] = (), jobs: int = 0, cached: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[tuple[int, Proved]]:  # fmt: skip
    """The proof of each source, of some instances of one, or of a bundle, as soon as it is there, with its place in the order
    of all. Nothing is held here once it was given away.

    Raises UserError for a source that cannot be read and a bundle that is not what its source gives, and what a sandbox
    raises that does not work here.
    """
    from clawc.spec.card import VerifierCard

    with scratch_folder("clawc-test-") as work:
        items = _items(sources, wanted, work)
        items += [
            _Item(str(b.path), str(b.path), str(work / f"bundle-{n}"), wanted, 0, bundle=b)
            for n, b in enumerate(bundles)
        ]
        for number, result in _results(items, wanted, jobs or min(processors(), MAX_JOBS), cached, progress):
            proved = Proved(items[number].shown)
            if isinstance(result, Finding):
                proved.found.append(result)
            else:
                proved.found += [restored(f) for f in result["found"]]
                proved.allowed += [restored(f) for f in result["allowed"]]
                proved.cards += [VerifierCard.model_validate(t["card"]) for t in result["tasks"]]
                proved.names += map(str, result.get("names", ()))
                proved.notes += [t.get("note") for t in result["tasks"]]
            yield number, proved


def chunks(count: int) -> int:
    """How many items make so many instances of one source."""
    return -(-count // _CHUNK)


def _items(sources: Sequence[Path], wanted: Wanted, work: Path) -> list[_Item]:
    items: list[_Item] = []
    for number, path in enumerate(sources):
        shown, root = str(path), str(project_root(path))
        for first in range(0, wanted.count or 1, _CHUNK):
            size = min(_CHUNK, (wanted.count or 1) - first)
            folder = str(work / f"{number}-{first}")
            items.append(
                _Item(shown, root, folder, wanted, wanted.seed + first, first + 1 if wanted.count else 0, size)
            )
    return items


def _results(
    items: Sequence[_Item], wanted: Wanted, jobs: int, cached: bool, progress: Callable[[int, int], None] | None
) -> Iterator[tuple[int, dict[str, Any] | Finding]]:
    """The result of each item by its place: those that were kept first."""
    cache = CheckCache(cache_folder()) if cached else None
    try:
        missing: list[int] = []
        for first in range(0, len(items), _BATCH):
            known = {_kept_as(item): first + n for n, item in enumerate(items[first : first + _BATCH])}
            kept = cache.find(list(known)) if cache is not None else {}
            for source, n in known.items():
                if source in kept and _is_result(kept[source]):
                    yield n, kept[source]
                else:
                    missing.append(n)
        if not missing:
            return
        _load_shared()
        before = len(items) - len(missing)
        done = 0

        def step() -> None:
            nonlocal done
            done += 1
            if progress is not None:
                progress(before + done, before)

        for place, reply in _proved([items[n] for n in missing], jobs, step):
            n = missing[place]
            if isinstance(reply, Overrun):
                yield n, overrun(items[n].shown, reply, _bounds(items))
                continue
            if "refused" in reply:
                raise UserError(*reply["refused"])
            _RUN.update(task["card"]["real"]["shape"] for task in reply["result"]["tasks"])
            if cache is not None:
                kept_now = Kept(reply["digest"], reply["reads"], reply["result"])
                cache.put(_kept_as(items[n]), kept_now, reply["began"])
            yield n, reply["result"]
        if cache is not None:
            cache.trim()
    finally:
        if cache is not None:
            cache.close()


def _load_shared() -> None:
    """What every proof needs, before children are forked, so that they share it."""
    from clawc.commands.kept_library import open_library_cache
    from clawc.compiler.emit.shake import library

    import_module("clawc.compiler.prove.card")
    import_module("clawc.compiler.emit.bundle")
    kept = open_library_cache()
    library()
    if kept is not None:
        kept.close()


def _proved(items: Sequence[_Item], jobs: int, step: Callable[[], None]) -> Iterator[tuple[int, Any]]:
    """The reply to each item by its place. Emitted checkers run while others are proved; what programs did is concluded from at
    the end."""
    waiting: deque[tuple[int, Any, Future[list[Seen]]]] = deque()
    again: list[tuple[int, Any, list[Seen]]] = []

    def finished(most: int) -> Iterator[tuple[int, Any]]:
        while len(waiting) > most:
            n, reply, future = waiting.popleft()
            seen = settled(future, step)
            if any(s.again for s in seen):
                again.append((n, reply, seen))
                continue
            _add_all(items[n], reply, seen)
            shutil.rmtree(items[n].folder, ignore_errors=True)
            yield n, reply

    with EmittedRuns() as runs:
        for n, reply in enumerate(bounded(_prove_one, items, jobs=jobs, bounds=_bounds(items), renew=_RENEWED)):
            folders = _laid(items[n], reply)
            if folders:
                waiting.append((n, reply, runs.run(folders)))
                yield from finished(_WAITING)
            else:
                step()
                yield n, reply
        yield from finished(0)
    second = [items[n]._replace(ran=items[n].folder) for n, _, _ in again]
    for (n, first, seen), reply in zip(again, bounded(_prove_one, second, jobs=jobs, bounds=_bounds(items))):
        if not isinstance(reply, Overrun) and "result" in reply:
            _add_all(items[n], reply, seen)
            reply["began"] = first["began"]
        yield n, reply


def _laid(item: _Item, reply: Any) -> list[Path]:
    """The folders of the tasks of a reply whose emitted checkers are to run."""
    if isinstance(reply, Overrun) or "result" not in reply:
        return []
    return [Path(item.folder) / task["name"] for task in reply["result"]["tasks"] if task.pop("real", False)]


def _add_all(item: _Item, reply: Any, seen: Sequence[Seen]) -> None:
    by_name = {s.name: s for s in seen}
    for task in reply["result"]["tasks"]:
        if task["name"] in by_name:
            add_seen(task, reply["result"], by_name[task["name"]], item.shown)


def _bounds(items: Sequence[_Item]) -> Bounds:
    return BOUNDS._replace(cpu_s=BOUNDS.cpu_s * max((item.size for item in items), default=1))


def _kept_as(item: _Item) -> Source:
    w = item.wanted
    how = "" if w.beside is None else f"beside {w.beside.name} others {w.others} advice {w.advice} "
    if item.bundle is not None:
        which = f"{w.level} {w.mutants} {w.real} bundle {item.bundle.manifest.id} at "
        return Source(_KEPT_AS + which + item.shown, os.path.join(item.shown, MANIFEST), item.root)
    which = (
        f"{how}{w.level} {w.mutants} {w.real} seeds {item.seed}+{item.size} as {item.first} of {tasks_kept_as(w.tasks)}"
    )
    return Source(_KEPT_AS + which + item.shown, os.path.abspath(item.shown), item.root)


def _is_result(result: Any) -> bool:
    from clawc.spec.card import VerifierCard

    try:
        [restored(f) for f in (*result["found"], *result["allowed"])]
        for task in result["tasks"]:
            VerifierCard.model_validate(task["card"])
    except (ValueError, TypeError, KeyError):
        return False
    return True


def _prove_one(item: _Item) -> dict[str, Any]:
    """In a child: compiles the instances of a source and proves each."""
    from clawc.commands.kept_library import open_library_cache
    from clawc.compiler.assets import DiskAssets

    began = time.time_ns()
    _vary()
    _sweep()
    assets: Assets
    reads: Mapping[tuple[str, str], str] = {}
    try:
        with user_errors():
            if item.bundle is None:
                read = data = read_source(Path(item.shown))
                assets = disk = DiskAssets(Path(item.root))
                reads = disk.seen
                instances = check_instances(item.shown, data, disk, range(item.seed, item.seed + item.size))
            else:
                from clawc.runtime.selftest.rebuild import rebuilt, source_of

                source = source_of(item.bundle)
                data, assets = source.data, source.assets
                read = (item.bundle.path / MANIFEST).read_bytes()
                instances = iter((rebuilt(item.bundle, source),))
                item = item._replace(shown=source.shown)
    except UserError as error:
        return {"refused": [error.message, error.help, error.code]}
    except OSError as error:
        return {"refused": [f"`{item.shown}` cannot be read: {error.strerror}", "", exits.ENVIRONMENT]}
    found: list[Finding] = []
    allowed: list[Finding] = []
    tasks: list[dict[str, Any]] = []
    names: set[str] = set()
    library = open_library_cache()
    try:
        for place, checked in enumerate(instances):
            found += [finding(d) for d in checked.diagnostics]
            allowed += [finding(d, reason) for d, reason in checked.allowed]
            if not checked.ok:
                break
            for compiled in checked.tasks:
                template = compiled.task.template or compiled.task.name
                names.add(template)
                if item.bundle is None and not selected(template, item.wanted.tasks):
                    continue
                if place and not compiled.task.drawn:
                    continue  # there is one instance of it
                tasks.append(_prove_task(item, place, data, assets, checked, compiled))
    finally:
        if library is not None:
            library.close()
    for task in tasks:
        found += [restored(f) for f in task.pop("found")]
        allowed += [restored(f) for f in task.pop("allowed")]
    chosen = {"names": sorted(names)} if item.wanted.tasks else {}
    return {
        "began": began,
        "digest": hashlib.sha256(read).hexdigest(),
        "reads": [[kind, path, stamp] for (kind, path), stamp in reads.items()],
        "result": {
            "found": [f.stored() for f in dict.fromkeys(found)], "allowed": [f.stored() for f in dict.fromkeys(allowed)],
            "tasks": tasks, **chosen,
        },
    }  # fmt: skip


_BEGUN = count()
_HELD: list[int] = [0]


def _sweep() -> None:
    """A task and all that was remembered of it hold each other. To free that takes a tenth of the time of a task, so it waits
    until it is much, which it seldom is before the process is replaced. What the first one left is what all others use."""
    begun, held = next(_BEGUN), _pages()
    if begun < 2 or held > _HELD[0] + _GARBAGE or not held:
        gc.collect()
        _HELD[0] = _pages()
    if begun == 1:
        gc.freeze()


def _pages() -> int:
    """Pages of memory that this process has; 0 where that is not told."""
    try:
        with open("/proc/self/statm", "rb") as stream:
            return int(stream.read().split()[1])
    except (OSError, ValueError, IndexError):
        return 0


_ZONES = ("UTC", "Asia/Kolkata", "America/New_York", "Pacific/Kiritimati")
_VARIED: list[bool] = []


def _vary() -> None:
    """Each child has a time zone and a locale of its own, and each command a hash seed: nothing may hang on them."""
    if _VARIED or not hasattr(time, "tzset"):
        return
    _VARIED.append(True)
    os.environ["TZ"] = _ZONES[os.getpid() % len(_ZONES)]
    time.tzset()
    for name in ("tr_TR.UTF-8", "de_DE.UTF-8") if os.getpid() % 2 else ("ar_SA.UTF-8", "C.UTF-8"):
        with suppress(locale.Error):
            locale.setlocale(locale.LC_ALL, name)
            return


def _prove_task(
    item: _Item, place: int, data: bytes, assets: Assets, checked: Checked, compiled: Compiled
) -> dict[str, Any]:
    from clawc.compiler.emit.shape import checker_shape
    from clawc.compiler.instances import instance_name
    from clawc.compiler.passes.allow import split
    from clawc.compiler.pipeline import build
    from clawc.compiler.prove.card import card_of
    from clawc.compiler.prove.findings import findings_of
    from clawc.compiler.prove.plan import judge_here, plan_of
    from clawc.compiler.prove.proof import conclude
    from clawc.compiler.prove.reseed import foreign_answers

    start = time.process_time()
    task = compiled.task
    if item.first and task.drawn:
        task.name = instance_name(task.template, item.first + place)
    level = item.wanted.level
    if task.imported:
        return _opaque(item, checked, compiled, start)
    is_first = place == 0 and item.first <= 1
    plan = plan_of(compiled, level, item.wanted.mutants, another=task.drawn and not is_first, advice=item.wanted.advice)
    ran = _ran(item, task.name)
    own = _Solution(item, plan, ran)
    proof = conclude(plan, ran[: own.place], ran=True) if ran is not None else conclude(plan, judge_here(plan))
    foreign = (
        foreign_answers(item.shown, data, assets, compiled, item.wanted.others, own.of_other)
        if task.drawn and (is_first or level == "release")
        else None
    )
    said = [*findings_of(proof), *(foreign.findings if foreign is not None else ())]
    kept, allowed = split(said, checked.allowances, checked.source)
    bundle = build(compiled)
    found = [finding(d) for d in kept]
    # What the check says of the verification speaks against the checker, too.
    lints = [finding(d) for d in checked.diagnostics if d.code.startswith("W06")]
    let = [finding(d, reason) for d, reason in allowed]
    card = card_of(proof, bundle.manifest, [*lints, *found], let, foreign, (time.process_time() - start) * 1000,
                   own.solved + (foreign.solved if foreign is not None else 0))  # fmt: skip
    made: dict[str, Any] = {
        "name": task.name, "card": card.model_dump(mode="json"), "found": [f.stored() for f in found], "allowed": [f.stored() for f in let],
        "line": checked.source.position(task.span.start)[0],
    }  # fmt: skip
    if item.wanted.beside is not None:
        made["note"] = item.wanted.beside.note(compiled, own.files)
    shape = checker_shape(bundle.files[CHECKER].decode())
    made["card"]["real"]["shape"] = shape
    fresh = shape not in _RUN
    _RUN.add(shape)
    if item.wanted.real and ran is None and (level == "release" or fresh or plan.runs):
        made["real"] = True
        _lay(Path(item.folder) / task.name, plan, proof, bundle.files, own)
    return made


def _opaque(item: _Item, checked: Checked, compiled: Compiled, start: float) -> dict[str, Any]:
    """The card of a verifier that is kept as it was: nothing is derived, so there is nothing to try."""
    from clawc.compiler.pipeline import build
    from clawc.compiler.prove.card import opaque_card

    card = opaque_card(compiled, build(compiled).manifest, item.wanted.level, (time.process_time() - start) * 1000)
    line = checked.source.position(compiled.task.span.start)[0]
    return {"name": compiled.task.name, "card": card.model_dump(mode="json"), "found": [], "allowed": [], "line": line}


def _ran(item: _Item, name: str) -> list[dict[str, Any]] | None:
    """The verdicts that sandboxes gave on the cases of a task."""
    if not item.ran:
        return None
    path = Path(item.ran) / name / THERE
    return json.loads(path.read_bytes()) if path.is_file() else None


class _Solution:
    """An independent solution of a task: `files`, None where there is none, and whether it passes. Where programs are run it
    is the case behind all others, at `place`, and known when sandboxes gave their verdicts."""

    def __init__(self, item: _Item, plan: Plan, ran: list[dict[str, Any]] | None) -> None:
        self._make = None if item.wanted.beside is None else partial(item.wanted.beside.solution, item.shown)
        self.files = None if self._make is None else self._make(plan.compiled)
        self._runs = bool(plan.runs)
        self.place = sum(1 for _ in plan.cases())
        self.solved = False
        if self.files is not None and not self._runs:
            self.solved = _passes(plan.compiled, self.files)
        elif self.files is not None and ran is not None and len(ran) > self.place:
            self.solved = _full(ran[self.place])

    def of_other(self, other: Compiled) -> bool:
        """Does the solution of another seed pass there? Where programs would have to be run, nobody asks."""
        files = None if self.files is None or self._runs or self._make is None else self._make(other)
        return files is not None and _passes(other, files)

    def case(self) -> Case | None:
        """For the sandbox."""
        from clawc.compiler.prove.plan import Case

        return Case(self.files, []) if self.files is not None and self._runs else None


def _passes(compiled: Compiled, files: Files) -> bool:
    """Does this answer earn full credit? One that takes too many steps to judge does not."""
    from clawc.compiler.passes.evaluate import EvaluationFault

    compiled.trial.state.steps = 0
    try:
        return _full(compiled.trial.judge(files, []))
    except EvaluationFault:
        return False


def _full(verdict: Any) -> bool:
    return isinstance(verdict, dict) and str(verdict["score_checks"]) == "1"  # pyright: ignore[reportUnknownArgumentType]


def _lay(folder: Path, plan: Plan, proof: Any, files: Mapping[str, bytes], own: _Solution) -> None:
    """What a sandbox needs: the bundle, the cases, and the verdicts that were given here."""
    from clawc.compiler.prove.plan import programs_of

    for path, data in files.items():
        target = folder / "bundle" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    cases = list(plan.cases())
    verdicts = [
        proof.oracle,
        *(p.verdict for p in proof.probed),
        *(o.verdict for o in proof.outcomes),
        *([None] * len(plan.tests)),
    ]
    solution = own.case()
    if solution is not None:
        cases.append(solution)
        verdicts.append(None)
    chosen = range(len(cases)) if plan.level == "release" or plan.runs else _sample(len(cases), 1 + len(plan.probes))
    programs = programs_of(plan.compiled)
    listed = [
        {
            "files": {p: None if d is None else b64encode(d).decode("ascii") for p, d in cases[n].files.items()},
            "events": cases[n].events, "programs": programs if n >= 1 + len(plan.probes) or n == 0 else [], "here": None if plan.runs else verdicts[n],
        }
        for n in chosen
    ]  # fmt: skip
    with open(folder / CASES, "w", encoding="utf-8") as file:
        json.dump({"runs": bool(plan.runs), "level": plan.level, "cases": listed}, file)


def _sample(count: int, probes: int) -> list[int]:
    """The oracle, the untouched workspace, and some mutants spread over all."""
    mutants = range(probes, count)
    step = max(1, len(mutants) // SAMPLE)
    return [0, 1, *list(mutants)[::step][:SAMPLE]]
