"""Agents on one suite, side by side: means with intervals by family, paired differences, and what could not be seen.

A run says itself of which suite it is. Runs of two versions of a suite, and scores of two verifiers of a task, are never put side by side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clawc import __version__
from clawc.runtime.bundle import load
from clawc.runtime.calibrate.power import minimum_effect
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import EpisodeRecord, RunInfo, RunSuite, ScoreRecord
from clawc.runtime.report.comparison import ALPHA, Side, comparisons
from clawc.runtime.report.document import Comparison, Summary
from clawc.runtime.report.sample import RunInput, Sample, samples_of
from clawc.runtime.report.summary import by_task, summary
from clawc.runtime.stats.bootstrap import Resampling
from clawc.runtime.stats.passes import doubling
from clawc.runtime.stats.signflip import holm
from clawc.runtime.store.run_folder import read_run
from clawc.runtime.store.scores import each_score, laid_over, scorings
from clawc.runtime.suite.assemble import verifier_hash
from clawc.runtime.suite.folder import UNPACKED, read_suite
from clawc.spec.suite import SUITE, Suite

ALL = "all"


@dataclass(frozen=True, slots=True)
class Played:
    """A run. `named` is the suite that it is of, None for bundles that stand in none; `suite` is the record of that, None if it is not
    there."""

    label: str
    info: RunInfo
    records: tuple[EpisodeRecord, ...]
    named: RunSuite | None
    suite: Suite | None


@dataclass(frozen=True, slots=True)
class Standing:
    """An agent on the tasks of a group. `valid` episodes have a score, `infrastructure` and `verifier` are those that have none since either failed. `tasks`
    of `of` have a score. `pass_hat_k` is the share of tasks of which all of k episodes pass, None with k below 2."""

    label: str
    agent: str
    run_id: str
    score: Summary
    valid: int
    infrastructure: int
    verifier: int
    missing: int
    tasks: int
    of: int
    k: int
    pass_hat_k: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """The tasks of a split, or all. `pairs` has every two runs, the better one as `other`; `detectable` is from the least to the largest minimum detectable effect of
    a pair, or what usual variances would give (`assumed`)."""

    name: str
    tasks: int
    families: int
    standings: tuple[Standing, ...]
    pairs: tuple[Comparison, ...]
    detectable: tuple[float, float] | None
    assumed: bool


@dataclass(frozen=True, slots=True)
class Leaderboard:
    clawc: str
    suite: str
    version: str
    suite_id: str
    threshold: float
    resampling: Resampling
    groups: tuple[Group, ...]
    notes: tuple[str, ...]


def read_played(folder: Path, label: str, suite: Suite | None = None) -> Played:
    """A run as it was judged last. It is of the suite that `run.json` names; if that names none, of the one that is given or that its
    bundles stand in. Raises RuntimeFault R1014 if another suite is given, R1101 for a record that is none, and as `read_run`."""
    info, records = read_run(folder, scoring="original")
    newest: dict[str, ScoreRecord] = {}
    for id in scorings(folder):
        for score in each_score(folder, id):
            before = newest.get(score.key)
            if before is None or score.judged >= before.judged:
                newest[score.key] = score
    judged = tuple(_judged(r, newest.get(r.key)) for r in records)
    if info.suite is None:
        found = suite or _suite_beside(info)
        return Played(label, info, judged, None if found is None else _name_of(found), found)
    if suite is not None and suite.id != info.suite.id:
        raise RuntimeFault(
            "R1014", f"`{label}` is a run of {_of(info.suite)}, and {_of(suite)} is given", "Give the suite that it was played on."
        )  # fmt: skip
    return Played(label, info, judged, info.suite, suite or _record_of(info.suite, info, folder))


def leaderboard(
    runs: Sequence[Played], how: Resampling | None = None, threshold: float = 1.0, splits: Iterable[str] = ()
) -> Leaderboard:
    """All groups: everything, then each split. Raises RuntimeFault R1014 for runs that cannot stand side by side, R0206 for a score that is none."""
    resampling = how or Resampling()
    named, suite = _one_suite(runs)
    _one_verifier(runs, suite)
    samples = {run.label: _samples(run) for run in runs}
    of_split = {} if suite is None else {member.task: member.split for member in suite.members}
    families = _families(runs, suite)
    wanted = list(splits) or sorted({split for split in of_split.values() if split})
    unknown = [split for split in wanted if split not in of_split.values()]
    if unknown and named is not None and suite is None:
        raise RuntimeFault(
            "R1014", f"{_absent(named)}, so its splits are not known", "Give the folder of the suite: --suite."
        )
    if unknown:
        raise RuntimeFault("R1014", f"the suite has no split `{unknown[0]}`")
    groups = [_group(ALL, frozenset(families), families, runs, samples, resampling, threshold)]
    for split in wanted:
        tasks = frozenset(task for task, name in of_split.items() if name == split)
        groups.append(_group(split, tasks, families, runs, samples, resampling, threshold))
    return Leaderboard(
        __version__, named.name if named else "", named.version if named else "", named.id if named else "",
        threshold, resampling, tuple(groups), tuple(_notes(runs, named, suite, groups)),
    )  # fmt: skip


def _judged(record: EpisodeRecord, score: ScoreRecord | None) -> EpisodeRecord:
    """As judged again; then it is the bundle of the judgement that counts."""
    other = laid_over(record, score)
    return record if score is None or other is record else other.model_copy(update={"bundle_id": score.bundle_id})


def _name_of(suite: Suite) -> RunSuite:
    return RunSuite(name=suite.name, version=suite.version, id=suite.id)


def _suite_beside(info: RunInfo) -> Suite | None:
    """That of the folder in which all bundles stand."""
    folders = _folders(info)
    return read_suite(folders[0]) if len(folders) == 1 and (folders[0] / SUITE).is_file() else None


def _record_of(named: RunSuite, info: RunInfo, run: Path) -> Suite | None:
    """The record of the suite that is named, where its bundles stood or were unpacked; by now another one may be there."""
    for folder in (*_folders(info), run / UNPACKED):
        if (folder / SUITE).is_file():
            found = read_suite(folder)
            if found.id == named.id:
                return found
    return None


def _folders(info: RunInfo) -> list[Path]:
    return list(dict.fromkeys(Path(task.path).parent.parent for task in info.tasks))


def _one_suite(runs: Sequence[Played]) -> tuple[RunSuite | None, Suite | None]:
    """The suite that all runs are of, and its record if one of them has it."""
    known = [(run.label, run.named) for run in runs if run.named is not None]
    if not known:
        return None, None
    label, named = known[0]
    for other_label, other in known[1:]:
        if other.id != named.id:
            raise RuntimeFault(
                "R1014", f"`{label}` is a run of {_of(named)}, `{other_label}` of {_of(other)}: they do not stand side by side",
                "Run both agents on one version of the suite.",
            )  # fmt: skip
    suite = next((run.suite for run in runs if run.suite is not None), None)
    members = None if suite is None else {member.task for member in suite.members}
    for run in runs:
        strange = [] if members is None else sorted({record.task for record in run.records} - members)
        if strange:
            raise RuntimeFault(
                "R1014", f"`{run.label}` has the task `{strange[0]}`, which is not in {_of(named)}", "Give runs of one suite."
            )  # fmt: skip
    return named, suite


def _of(suite: Suite | RunSuite) -> str:
    return f"`{suite.name}` {suite.version} ({suite.id[:12]})"


def _absent(named: RunSuite) -> str:
    return f"the record of {_of(named)} is not where its bundles stood"


def _one_verifier(runs: Sequence[Played], suite: Suite | None) -> None:
    """All scores of a task are by one bundle, that of the suite if its record is there."""
    verifiers = _verifiers(runs)
    seen: dict[str, tuple[str, str]] = {}
    for run in runs:
        for task, bundle in sorted({(record.task, record.bundle_id) for record in run.records}):
            first, label = seen.setdefault(task, (bundle, f"in `{run.label}`"))
            _require_same(task, (first, label), (bundle, f"in `{run.label}`"), verifiers)
    if suite is None:
        return
    for member in suite.members:
        if member.task in seen:
            _require_same(member.task, seen[member.task], (member.bundle_id, f"of {_of(suite)}"), verifiers)


def _require_same(task: str, one: tuple[str, str], other: tuple[str, str], verifiers: Mapping[str, str]) -> None:
    """Raises RuntimeFault R1014 for two bundles, each with where it is from."""
    (first, label), (second, other_label) = one, other
    if first == second:
        return
    judges = verifiers.get(first, first), verifiers.get(second, second)
    if judges[0] != judges[1]:
        raise RuntimeFault(
            "R1014",
            f"`{task}` was judged by the verifier `{judges[0][:12]}` {label} and by `{judges[1][:12]}` {other_label}: "
            "scores of two are never mixed",
            "`clawc rescore` judges runs by the same bundles.",
        )
    raise RuntimeFault(
        "R1014", f"`{task}` is the bundle `{first[:12]}` {label} and `{second[:12]}` {other_label}", "Run both agents on the same bundles."
    )  # fmt: skip


def _verifiers(runs: Sequence[Played]) -> dict[str, str]:
    """By bundle id, as far as it is known: from the suite, or from the bundle where the run found it."""
    known = {member.bundle_id: member.verifier for run in runs if run.suite for member in run.suite.members}
    for run in runs:
        for task in run.info.tasks:
            if task.bundle_id in known:
                continue
            try:
                bundle = load(Path(task.path))
            except (RuntimeFault, OSError, ValueError):
                continue
            if bundle.manifest.id == task.bundle_id:
                known[task.bundle_id] = verifier_hash(bundle)
    return known


def _samples(run: Played) -> tuple[Sample, ...]:
    return samples_of(RunInput(run.label, run.info, run.records, run.records), frozenset())


def _families(runs: Sequence[Played], suite: Suite | None) -> dict[str, str]:
    """The family of each task of the suite, or of those that were played."""
    if suite is not None:
        return {member.task: member.template for member in suite.members}
    found = {record.task: record.template for run in runs for record in run.records}
    return {**{task.task: task.task for run in runs for task in run.info.tasks}, **found}


def _group(
    name: str, tasks: frozenset[str], families: Mapping[str, str], runs: Sequence[Played],
    samples: Mapping[str, Sequence[Sample]], how: Resampling, threshold: float,
) -> Group:  # fmt: skip
    sides = {run.label: by_task(s for s in samples[run.label] if s.task in tasks) for run in runs}
    counts = [sum(s.score is not None for s in inside) for side in sides.values() for inside in side.values()]
    k = doubling(min(counts, default=0))[-1] if min(counts, default=0) else 0
    found = [_standing(run, sides[run.label], tasks, k, how, threshold) for run in runs]
    found.sort(key=lambda s: (-(s.score.mean if s.score.mean is not None else -1.0), s.label))
    pairs: list[Comparison] = []
    for at, better in enumerate(found):
        for worse in found[at + 1 :]:
            first = comparisons([Side(worse.label, sides[worse.label]), Side(better.label, sides[better.label])], how)[
                0
            ]
            pairs.append(replace(first, changes=()))
    effects = [c.detectable_effect for c in pairs if c.detectable_effect is not None]
    inside = {families[task] for task in tasks if task in families}
    assumed = None
    if not effects and len(inside) > 1:
        assumed = minimum_effect(len(tasks), max(1, k), families=len(inside)).effect
    return Group(
        name, len(tasks), len(inside), tuple(found), _corrected(pairs),
        (min(effects), max(effects)) if effects else None if assumed is None else (assumed, assumed), not effects,
    )  # fmt: skip


def _standing(
    run: Played, tasks: Mapping[str, Sequence[Sample]], of: frozenset[str], k: int, how: Resampling, threshold: float
) -> Standing:  # fmt: skip
    found = summary(tasks, "score", threshold, (), how)
    outcomes = Counter(s.record.outcome for inside in tasks.values() for s in inside)
    planned = run.info.episodes * len({task.task for task in run.info.tasks} & of)
    hat = next((p.pass_hat_k for p in found.passes if p.k == k), None) if k > 1 else None
    return Standing(
        run.label, run.info.agent, run.info.run_id, found, found.episodes, outcomes["infra_error"], outcomes["verifier_error"],
        max(0, planned - sum(outcomes.values())), found.tasks, len(of), k, hat,
    )  # fmt: skip


def _corrected(pairs: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """With p values after Holm, over all pairs of the group."""
    corrected = iter(holm([c.p for c in pairs if c.p is not None]))
    found: list[Comparison] = []
    for c in pairs:
        p = next(corrected) if c.p is not None else None
        found.append(replace(c, p_corrected=p, significant=p is not None and p < ALPHA))
    return tuple(found)


def _notes(
    runs: Sequence[Played], named: RunSuite | None, suite: Suite | None, groups: Sequence[Group]
) -> Iterable[str]:
    if named is None:
        yield "the bundles stand in no suite, so nothing says which version this is"
    elif suite is None:
        yield f"{_absent(named)}, so tasks that nobody played and splits are not known; `--suite` gives it"
    for standing in groups[0].standings:
        if standing.tasks < standing.of:
            yield f"`{standing.label}` has scores of {standing.tasks} of {standing.of} tasks: its mean is of these alone"
        if standing.score.unjudged:
            yield f"`{standing.label}` has {standing.score.unjudged} episodes whose rubric is not judged; they are left out"
    if suite is not None:
        repeats = sorted({run.info.episodes for run in runs if run.info.episodes < suite.repeats})
        if repeats:
            yield f"the suite asks for {suite.repeats} episodes of each task; there are runs with {repeats[0]}"
