"""From sources to verifier cards: each task is compiled and proved in a child within bounds, then its checker runs in sandboxes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import tempfile
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from clawc import exits
from clawc.commands.check_cache import CheckCache, Kept, Source, cache_folder
from clawc.commands.checking import MAX_JOBS, overrun
from clawc.commands.faults import user_errors
from clawc.commands.processors import processors
from clawc.commands.sources import check_instances, project_root, read_source
from clawc.compiler.finding import Finding, finding, restored
from clawc.exits import UserError
from clawc.runtime.bounded import Overrun, bounded
from clawc.runtime.sandbox.bounds import Bounds
from clawc.spec.bundle import MANIFEST

if TYPE_CHECKING:  # loaded where it works
    from clawc.compiler.assets import Assets
    from clawc.compiler.pipeline import Checked, Compiled
    from clawc.compiler.prove.plan import Level, Plan
    from clawc.runtime.bundle import Bundle
    from clawc.runtime.selftest.real import Judge
    from clawc.spec.card import VerifierCard

# Of one source; proving judges some hundreds of workspaces.
BOUNDS = Bounds(cpu_s=60.0, memory_bytes=1 << 30)
# Workspaces of a template that its emitted checker judges at level admit, besides the oracle's and the untouched one.
SAMPLE = 6
# Other seeds that a template is tried with, and instances that one child proves.
OTHER_SEEDS = 5
_CHUNK = 8
_KEPT_AS = "proof of "


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be proved: the level, the number of mutants (0: that of the level), and the instances: `count` of each task
    that draws something, from seed `seed` on; None: one. `real`: also in sandboxes."""

    level: Level = "admit"
    mutants: int = 0
    seed: int = 0
    count: int | None = None
    real: bool = True


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
    """What came of one source: its findings, those that are allowed, and the cards of its tasks."""

    path: str
    found: list[Finding] = field(default_factory=list[Finding])
    allowed: list[Finding] = field(default_factory=list[Finding])
    cards: list[VerifierCard] = field(default_factory=list["VerifierCard"])


def prove_sources(
    sources: Sequence[Path], wanted: Wanted, *, bundles: Sequence[Bundle] = (), jobs: int = 0, cached: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> list[Proved]:  # fmt: skip
    """The proofs in the order of the sources, all instances of a source together, then those of the bundles. Raises UserError
    for a source that cannot be read and a bundle that is not what its source gives, and what a sandbox raises that does not
    work here."""
    from clawc.spec.card import VerifierCard

    with tempfile.TemporaryDirectory(prefix="clawc-test-") as work:
        os.chmod(work, 0o700)
        items = _items(sources, wanted, Path(work))
        items += [
            _Item(str(b.path), str(b.path), str(Path(work) / f"bundle-{n}"), wanted, 0, bundle=b)
            for n, b in enumerate(bundles)
        ]
        results = _results(items, wanted, jobs or min(processors(), MAX_JOBS), cached, progress)
    found: dict[str, Proved] = {}
    for item, result in zip(items, results):
        proved = found.setdefault(item.shown, Proved(item.shown))
        if isinstance(result, Finding):
            proved.found.append(result)
            continue
        proved.found += [restored(f) for f in result["found"]]
        proved.allowed += [restored(f) for f in result["allowed"]]
        proved.cards += [VerifierCard.model_validate(t["card"]) for t in result["tasks"]]
    for proved in found.values():
        proved.found = list(dict.fromkeys(proved.found))
        proved.allowed = list(dict.fromkeys(proved.allowed))
    return list(found.values())


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
) -> list[dict[str, Any] | Finding]:
    known = [_kept_as(item) for item in items]
    cache = CheckCache(cache_folder()) if cached else None
    try:
        kept = cache.find(known) if cache is not None else {}
        results: dict[int, dict[str, Any] | Finding] = {
            n: kept[s] for n, s in enumerate(known) if s in kept and _is_result(kept[s])
        }
        missing = [n for n in range(len(items)) if n not in results]
        if missing:
            import_module("clawc.compiler.prove.card")  # before children are forked, so that they share it
            import_module("clawc.compiler.emit.bundle")
            before = len(results)
            with _Real(wanted) as real:
                replies = bounded(_prove_one, [items[n] for n in missing], jobs=jobs, bounds=_bounds(items))
                for done, (n, reply) in enumerate(zip(missing, replies), 1):
                    reply = real.settle(items[n], reply)
                    if progress is not None:
                        progress(before + done, before)
                    if isinstance(reply, Overrun):
                        results[n] = overrun(items[n].shown, reply, _bounds(items))
                        continue
                    if "refused" in reply:
                        raise UserError(*reply["refused"])
                    results[n] = reply["result"]
                    if cache is not None:
                        cache.put(known[n], Kept(reply["digest"], reply["reads"], reply["result"]), reply["began"])
            if cache is not None:
                cache.trim()
        return [results[n] for n in range(len(items))]
    finally:
        if cache is not None:
            cache.close()


def _bounds(items: Sequence[_Item]) -> Bounds:
    return BOUNDS._replace(cpu_s=BOUNDS.cpu_s * max((item.size for item in items), default=1))


def _kept_as(item: _Item) -> Source:
    w = item.wanted
    if item.bundle is not None:
        which = f"{w.level} {w.mutants} {w.real} bundle {item.bundle.manifest.id} at "
        return Source(_KEPT_AS + which + item.shown, os.path.join(item.shown, MANIFEST), item.root)
    which = f"{w.level} {w.mutants} {w.real} seeds {item.seed}+{item.size} as {item.first} of "
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
                item = item._replace(shown=source.shown)
                read = (item.bundle.path / MANIFEST).read_bytes()
                instances = iter((rebuilt(item.bundle, source),))
    except UserError as error:
        return {"refused": [error.message, error.help, error.code]}
    except OSError as error:
        return {"refused": [f"`{item.shown}` cannot be read: {error.strerror}", "", exits.ENVIRONMENT]}
    found: list[Finding] = []
    allowed: list[Finding] = []
    tasks: list[dict[str, Any]] = []
    library = open_library_cache()
    try:
        for place, checked in enumerate(instances):
            found += [finding(d) for d in checked.diagnostics]
            allowed += [finding(d, reason) for d, reason in checked.allowed]
            if not checked.ok:
                break
            for compiled in checked.tasks:
                if place and not compiled.task.drawn:
                    continue  # there is one instance of it
                tasks.append(_prove_task(item, place, data, assets, checked, compiled))
    finally:
        library.close()
    for task in tasks:
        found += [restored(f) for f in task.pop("found")]
        allowed += [restored(f) for f in task.pop("allowed")]
    return {
        "began": began,
        "digest": hashlib.sha256(read).hexdigest(),
        "reads": [[kind, path, stamp] for (kind, path), stamp in reads.items()],
        "result": {
            "found": [f.stored() for f in dict.fromkeys(found)], "allowed": [f.stored() for f in dict.fromkeys(allowed)],
            "tasks": tasks,
        },
    }  # fmt: skip


def _prove_task(
    item: _Item, place: int, data: bytes, assets: Assets, checked: Checked, compiled: Compiled
) -> dict[str, Any]:
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
    plan = plan_of(compiled, level, item.wanted.mutants)
    ran = _ran(item, task.name)
    proof = conclude(plan, ran, ran=True) if ran is not None else conclude(plan, judge_here(plan))
    is_first = place == 0 and item.first <= 1
    foreign = (
        foreign_answers(item.shown, data, assets, compiled, OTHER_SEEDS)
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
    card = card_of(proof, bundle.manifest, [*lints, *found], let, foreign, (time.process_time() - start) * 1000)
    made: dict[str, Any] = {
        "name": task.name, "card": card.model_dump(mode="json"), "found": [f.stored() for f in found], "allowed": [f.stored() for f in let],
        "line": checked.source.position(task.span.start)[0],
    }  # fmt: skip
    if item.wanted.real and ran is None and (level == "release" or is_first or plan.runs):
        made["real"] = True
        _lay(Path(item.folder) / task.name, plan, proof, bundle.files)
    return made


def _ran(item: _Item, name: str) -> list[dict[str, Any]] | None:
    """The verdicts that sandboxes gave on the cases of a task."""
    if not item.ran:
        return None
    path = Path(item.ran) / name / "there.json"
    return json.loads(path.read_bytes()) if path.is_file() else None


def _lay(folder: Path, plan: Plan, proof: Any, files: Mapping[str, bytes]) -> None:
    """What a sandbox needs: the bundle, the cases, and the verdicts that were given here."""
    from clawc.compiler.prove.plan import programs_of

    for path, data in files.items():
        target = folder / "bundle" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    cases = list(plan.cases())
    verdicts = [proof.oracle, *(p.verdict for p in proof.probed), *(o.verdict for o in proof.outcomes)]
    chosen = range(len(cases)) if plan.level == "release" or plan.runs else _sample(len(cases), 1 + len(plan.probes))
    programs = programs_of(plan.compiled)
    listed = [
        {
            "files": {p: None if d is None else b64encode(d).decode("ascii") for p, d in cases[n].files.items()},
            "events": cases[n].events, "programs": programs if n >= 1 + len(plan.probes) or n == 0 else [], "here": None if plan.runs else verdicts[n],
        }
        for n in chosen
    ]  # fmt: skip
    with open(folder / "cases.json", "w", encoding="utf-8") as file:
        json.dump({"runs": bool(plan.runs), "level": plan.level, "cases": listed}, file)


def _sample(count: int, probes: int) -> list[int]:
    """The oracle, the untouched workspace, and some mutants spread over all."""
    mutants = range(probes, count)
    step = max(1, len(mutants) // SAMPLE)
    return [0, 1, *list(mutants)[::step][:SAMPLE]]


class _Real:
    """The sandboxes, started when the first task needs them."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self._runner: asyncio.Runner | None = None
        self._backend: Any = None

    def __enter__(self) -> _Real:
        return self

    def __exit__(self, *_: object) -> None:
        if self._runner is not None:
            self._runner.run(self._backend.close())
            self._runner.close()

    def settle(self, item: _Item, reply: Any) -> Any:
        """A reply whose tasks were run for real where that is wanted; a child concludes anew from what programs did."""
        if isinstance(reply, Overrun) or "result" not in reply:
            return reply
        try:
            again = False
            for task in reply["result"]["tasks"]:
                if task.pop("real", False):
                    again = self._run(item, task, reply["result"]) or again
            if again:
                [second] = bounded(_prove_one, [item._replace(ran=item.folder)], bounds=_bounds([item]))
                if isinstance(second, Overrun) or "refused" in second:
                    return second
                for task in second["result"]["tasks"]:
                    path = Path(item.folder) / task["name"] / "more.json"
                    if path.is_file():
                        _add(task, second["result"], json.loads(path.read_bytes()), item)
                return {**second, "began": reply["began"]}
            return reply
        finally:
            shutil.rmtree(item.folder, ignore_errors=True)

    def _run(self, item: _Item, task: dict[str, Any], result: dict[str, Any]) -> bool:
        """Run what one task asks for; whether it has to be concluded anew."""
        folder = Path(item.folder) / task["name"]
        asked = json.loads((folder / "cases.json").read_bytes())
        more = self._started().run(self._judged(folder, asked))
        if asked["runs"]:
            (folder / "there.json").write_text(json.dumps(more.pop("verdicts")), encoding="utf-8")
            (folder / "more.json").write_text(json.dumps(more), encoding="utf-8")
            return True
        more.pop("verdicts")
        _add(task, result, more, item)
        return False

    def _started(self) -> asyncio.Runner:
        if self._runner is None:
            from clawc.runtime.errors import SandboxUnavailable
            from clawc.runtime.sandbox.bubblewrap import Bubblewrap

            self._runner = asyncio.Runner()
            self._backend = Bubblewrap()
            found = self._runner.run(self._backend.probe())
            if not found.ok:
                raise SandboxUnavailable(found.reason, found.help)
        return self._runner

    async def _judged(self, folder: Path, asked: dict[str, Any]) -> dict[str, Any]:
        from clawc.runtime.bundle import load
        from clawc.runtime.selftest.environments import repeated
        from clawc.runtime.selftest.real import Case, Judge, same_verdict
        from clawc.runtime.selftest.tamper import disturbed

        bundle = load(folder / "bundle")
        judge: Judge = Judge(bundle, self._backend)
        cases = [
            Case({p: None if d is None else b64decode(d) for p, d in c["files"].items()}, c["events"], c["programs"])
            for c in asked["cases"]
        ]
        oracle = await judge.one(cases[0])
        there: list[dict[str, Any] | str | None] = [oracle]
        if isinstance(oracle, dict) and (not asked["runs"] or all(c["passed"] for c in oracle["checks"])):
            there += await judge.all(cases[1:])  # where the oracle fails, nothing else says anything
        disagreed: list[str] = []
        for number, (case, verdict) in enumerate(zip(asked["cases"], there)):
            if verdict is None:
                continue
            if isinstance(verdict, str):
                disagreed.append(f"case {number}: no verdict: {verdict}")
            elif case["here"] is not None and (why := same_verdict(case["here"], verdict)):
                disagreed.append(f"case {number}: {why}")
        more: dict[str, Any] = {
            "runs": sum(v is not None for v in there),
            "disagreed": disagreed[:20],
            "verdicts": there,
            "tampered": 0,
            "credited": [],
            "environments": [],
        }
        if asked["level"] == "release" and isinstance(oracle, dict) and len(there) > 1:
            found = await disturbed(judge, cases[0].files)
            more["tampered"] = len(found)
            more["credited"] = [f"{d.name}: {d.problem}" for d in found if d.problem]
            lines = await repeated(bundle, self._backend, cases[0], oracle)
            more["environments"] = [line.model_dump(mode="json") for line in lines]
        return more


def _add(task: dict[str, Any], result: dict[str, Any], more: dict[str, Any], item: _Item) -> None:
    """Put what was seen for real onto the card, with a finding where it speaks against the checker."""
    from clawc.compiler.finding import Place

    card = task["card"]
    card["real"] = more
    line = task["line"]
    said: list[tuple[str, str, str]] = [
        ("W0808", f"the emitted checker of `{task['name']}` judges otherwise: {text}", "")
        for text in more["disagreed"][:3]
    ]
    said += [("W0810", f"a disturbed workspace of `{task['name']}` ({text})", "") for text in more["credited"][:3]]
    odd = [e for e in more["environments"] if not e["same"]]
    said += [
        (
            "W0808",
            f"the checker of `{task['name']}` judges the oracle otherwise with TZ={e['zone']}, LC_ALL={e['locale']}, hash seed {e['hash_seed']}",
            "",
        )
        for e in odd[:2]
    ]
    for code, message, help in said:
        place = Place(line, 1, 0)
        made = Finding(
            code, message, item.shown, place, place, "", help or "report this, please: the task is not to blame"
        )
        result["found"].append(made.stored())
        card["findings"] = [
            *card["findings"],
            {
                "code": code,
                "message": message[:1000],
                "path": item.shown,
                "line": line,
                "column": 1,
                "help": made.help,
                "allowed": "",
            },
        ]
        card["clean"] = False
        card["reasons"] = [*card["reasons"], f"{code}: {message}"[:500]]
