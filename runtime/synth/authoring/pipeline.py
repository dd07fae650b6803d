"""From ideas to tasks, in rounds: models plan and write, the compiler and the proof say what stands, models review what does.

All drafts of a round go through one stage before the next one begins, cheap stages first. What a stage decides follows from the
answers of models, which are kept by what was asked, and from the sources: so a batch that is interrupted anywhere goes on with the same
command, asks nobody twice, and comes to the same tasks.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from clawc import __version__
from clawc.runtime.bounded import Overrun, bounded
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.bounds import Bounds
from clawc.runtime.synth.authoring.calls import CallLog
from clawc.runtime.synth.authoring.difficulty import difficulty
from clawc.runtime.synth.authoring.drafts import Draft, DraftRecord
from clawc.runtime.synth.authoring.ideas import Grounds, Route, idea_of
from clawc.runtime.synth.authoring.noted import MOST_BYTES, Tried
from clawc.runtime.synth.authoring.policy import Prepared, prepared
from clawc.runtime.synth.authoring.prompts import NAMES as PROMPTS
from clawc.runtime.synth.authoring.prompts import prompt_hash
from clawc.runtime.synth.authoring.reviewing import NAMES
from clawc.runtime.synth.authoring.rubric import with_rubric
from clawc.runtime.synth.authoring.stages import Models, SkillBrief, plan, propose_rubric, review, write
from clawc.runtime.synth.authoring.writing import with_fixes
from clawc.runtime.synth.batch import SEED_OF_TASKS, whole_file
from clawc.runtime.synth.leakage import Leakage
from clawc.runtime.synth.lexical import Lexical
from clawc.runtime.synth.rows import Provenance, TaskFile, TaskRow, VoteCount
from clawc.runtime.synth.screen import Screen
from clawc.runtime.synth.skills.placed import label_of, placed
from clawc.runtime.synth.skills.skill import Skill
from clawc.stdlib.archetypes.draw import Balance

ROUND = 24
_GIVE_UP = 96  # drafts in a row of which none was taken
_POLICY_BOUNDS = Bounds(cpu_s=10.0)
_MARK = "claw.toml"

Prove = Callable[[Sequence[Path]], Iterable[Tried]]


class Skills(Protocol):
    """The skills that tasks are made for."""

    def path(self, seed: int, number: int) -> tuple[SkillBrief, ...]:
        """Those of the draft of a number, in their order, by how often each was taken so far."""
        ...

    def grounds(self, path: Sequence[SkillBrief]) -> Grounds:
        """What these are for."""
        ...

    def whole(self, names: Sequence[str]) -> tuple[Skill, ...]:
        """All of these."""
        ...

    def count(self, names: Sequence[str]) -> None:
        """One more task was taken that uses these."""
        ...


@dataclass(frozen=True, slots=True)
class AuthorSettings:
    """`rounds` is how often a model may mend a file; `seed` and `route` say which ideas there are. Together with the models' names
    they make a batch: another count goes on with the same one."""

    route: Route
    count: int
    seed: int
    rounds: int
    at_once: int
    writer: str
    reviewer: str

    def stored(self) -> dict[str, object]:
        """What a work folder remembers."""
        prompts = {name: prompt_hash(name) for name in PROMPTS}
        return {
            "format_version": 1, "clawc": __version__, "route": self.route, "seed": self.seed, "rounds": self.rounds, "writer": self.writer, "reviewer": self.reviewer,
            "prompts": prompts,
        }  # fmt: skip


@dataclass(slots=True)
class Authored:
    """What there is so far: tasks, records of all drafts, and why drafts were dropped, by stage."""

    rows: list[TaskRow] = field(default_factory=list[TaskRow])
    records: list[DraftRecord] = field(default_factory=list[DraftRecord])
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])


@dataclass(slots=True)
class Author:
    """A batch of one route. `screen` may know the texts of other batches; `encode` and `leakage` are as for archetypes."""

    settings: AuthorSettings
    work: Path
    models: Models
    log: CallLog
    prove: Prove
    screen: Screen
    run: Callable[[Coroutine[object, object, None]], None]
    skills: Skills | None = None
    leakage: Leakage | None = None
    jobs: int = 1
    progress: Callable[[Authored], None] | None = None
    told: Callable[[str], None] | None = None
    _plans: Lexical = field(default_factory=Lexical)
    _balance: Balance = field(default_factory=Balance)
    _briefs: dict[str, tuple[SkillBrief, ...]] = field(default_factory=dict[str, tuple[SkillBrief, ...]])

    def batch(self) -> Authored:
        """All tasks. Raises RuntimeFault R1004 for a work folder of another batch, R1005 where drafts come to nothing, R1007 where a
        model does not answer, and what `prove` raises."""
        _claim(self.settings, self.work)
        found, number, fruitless = Authored(), 0, 0
        while len(found.rows) < self.settings.count:
            if fruitless >= _GIVE_UP:
                raise _exhausted(self.settings, found, fruitless)
            file = self.work / f"{self.settings.route}-{number:04}.jsonl"
            records = _records(file)
            if records is None:
                records = self._round(len(found.records), found)
                whole_file(file, "".join(f"{each.model_dump_json()}\n" for each in records).encode())
            else:
                self._replay(records)
            before = len(found.rows)
            for each in records:
                found.records.append(each)
                if each.row is None:
                    found.dropped[each.stage, each.why] += 1
                    continue
                found.rows.append(each.row)
                self._balance.count(each.picks)
                if self.skills is not None:
                    self.skills.count(each.path)
            if self.progress is not None:
                self.progress(found)
            number += 1
            fruitless = fruitless + len(records) if len(found.rows) == before else 0
        return found

    def _round(self, first: int, found: Authored) -> list[DraftRecord]:
        lacking = self.settings.count - len(found.rows)
        drafts = [self._draft(first + each) for each in range(min(ROUND, 2 * lacking + 4))]
        self._say(f"drafts {first + 1} to {first + len(drafts)}: plans")
        self._all(drafts, lambda draft: plan(draft, self.models, self._briefs[draft.idea.name]))
        for draft in _alive(drafts):
            assert draft.plan is not None
            if self._plans.add(draft.idea.name, draft.plan.request) is not None:
                draft.drop("screen", "near-duplicate of an earlier plan")
        self._write_and_test(drafts)
        self._say(f"review of {len(_alive(drafts))}")
        self._all(_alive(drafts), lambda draft: review(draft, self.models))
        self._all(_alive(drafts), lambda draft: propose_rubric(draft, self.models))
        self._add_rubrics(_alive(drafts))
        taken = len(found.rows)
        for draft in _alive(drafts):
            if taken >= self.settings.count:
                draft.drop("taken", "not needed any more")
                continue
            self._take(draft)
            taken += draft.row is not None
        return [self._record(draft) for draft in drafts]

    def _say(self, text: str) -> None:
        if self.told is not None:
            self.told(text)

    def _draft(self, number: int) -> Draft:
        path = self.skills.path(self.settings.seed, number) if self.skills is not None else ()
        grounds = self.skills.grounds(path) if self.skills is not None else None
        idea = idea_of(self.settings.seed, self.settings.route, number, self._balance, grounds)
        self._briefs[idea.name] = path
        return Draft(idea)

    def _all(self, drafts: Sequence[Draft], stage: Callable[[Draft], Coroutine[object, object, None]]) -> None:
        """A stage for all of them at once. Where one fails, the others come to their ends first: what they were answered is kept."""

        async def together() -> None:
            done = await asyncio.gather(*(stage(draft) for draft in drafts), return_exceptions=True)
            for each in done:
                if isinstance(each, BaseException):
                    raise each

        if drafts:
            self.run(together())

    def _write_and_test(self, drafts: Sequence[Draft]) -> None:
        """Files are written, compiled and proved; what does not stand is mended by models, so often as settings allow."""
        open_ = _alive(drafts)
        for _ in range(self.settings.rounds + 1):
            if not open_:
                return
            self._say(f"files of {len(open_)}")
            self._all(open_, lambda draft: write(draft, self.models, self.settings.seed, self._briefs[draft.idea.name]))
            self._test([draft for draft in open_ if draft.alive and draft.source])
            for draft in open_:
                if draft.tried is not None and draft.alive:
                    self._screened(draft)
            open_ = [draft for draft in open_ if draft.alive and draft.tried is None]
        for draft in open_:
            codes = sorted({each.code for each in draft.findings})
            draft.drop("test", draft.wrong or " ".join(codes))

    def _test(self, drafts: Sequence[Draft], *, mend: bool = True) -> None:
        """Compiles and proves the sources; of those that stand `tried` is set, of others `findings` or `wrong`."""
        left = list(self._admitted(drafts))
        paths = {self._lay(draft): draft for draft in left}
        again: list[Draft] = []
        for tried in self.prove(list(paths)):
            draft = paths[tried.path]
            draft.findings = tried.findings
            if tried.note is not None and tried.note.size > MOST_BYTES:
                tried = tried._replace(card=None, why=f"files of more than {MOST_BYTES >> 20} MiB")
            if tried.card is not None and tried.note is not None and tried.card.clean:
                draft.tried, draft.stage = tried, "review"
                continue
            if not tried.findings:
                draft.wrong = tried.why or "the checker does not reject all wrong answers"
            fixed = with_fixes(draft.source, tried.findings)
            if mend and fixed != draft.source:
                draft.source = fixed
                again.append(draft)
        if again:
            self._test(again, mend=False)

    def _admitted(self, drafts: Sequence[Draft]) -> Iterator[Draft]:
        """Those whose sources hold nothing that is refused, under their names and with their skills."""
        items = [
            (draft.source, draft.idea.name, self.skills.whole(draft.idea.skills) if self.skills is not None else ())
            for draft in drafts
        ]
        results = bounded(_prepare, items, jobs=self.jobs, bounds=_POLICY_BOUNDS)
        for draft, result in zip(drafts, results, strict=True):
            if isinstance(result, Overrun):
                draft.drop("test", "the file exhausts the parser")
                continue
            draft.source, draft.wrong = Prepared(*result)
            if not draft.wrong:
                yield draft

    def _lay(self, draft: Draft) -> Path:
        """The source in a folder of its own, which is its whole project: nothing else can be read from there."""
        folder = self.work / "sources" / draft.idea.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / _MARK).write_bytes(b"")
        path = folder / f"{draft.idea.name}.claw"
        path.write_text(draft.source, encoding="utf-8", newline="\n")
        return path

    def _screened(self, draft: Draft) -> None:
        tried = draft.tried
        assert tried is not None and tried.note is not None
        why = self.screen.text(draft.idea.name, tried.note.category, draft.source, tried.note.instruction)
        if why:
            draft.drop("screen", why)
        draft.screened = not why

    def _add_rubrics(self, drafts: Sequence[Draft]) -> None:
        """Tasks with their rubrics, proved again; one that does not stand then goes without."""
        with_one = [draft for draft in drafts if draft.rubric is not None]
        before = [(draft, draft.source, draft.tried) for draft in with_one]
        for draft in with_one:
            assert draft.rubric is not None
            draft.source, draft.tried = with_rubric(draft.source, draft.rubric), None
        self._test(with_one, mend=False)
        for draft, source, tried in before:
            if draft.tried is None:
                draft.source, draft.tried, draft.rubric, draft.why = source, tried, None, ""
            draft.stage = "taken"

    def _take(self, draft: Draft) -> None:
        """Makes the row, unless the structure or a suite speaks against it."""
        try:
            row = self._row(draft)
        except ValidationError:
            draft.drop("taken", "names or paths that are too long")
            return
        if self.leakage is not None and self.leakage.check([row]):
            draft.drop("screen", "leaks from a suite")
            return
        why = self.screen.structure(row.structure, row.data)
        if why:
            draft.drop("screen", why)
        else:
            draft.row = row

    def _row(self, draft: Draft) -> TaskRow:
        tried = draft.tried
        assert tried is not None and tried.note is not None and tried.card is not None
        note, idea = tried.note, draft.idea
        return TaskRow(
            id=idea.name, family=f"model: {note.structure[:16]}", archetype=f"{idea.route} and model", category=note.category or idea.scenario,
            operations=note.operations or tuple(sorted(name for name, _ in idea.operations)), formats=note.formats,
            shape="one" if len(note.files) == 1 else "several", instruction=note.instruction, source=draft.source, persona=idea.persona,
            seed=SEED_OF_TASKS, bundle=tried.bundle, structure=note.structure, data=note.data, card=tried.card,
            files=tuple(TaskFile(path=path, bytes=b64decode(data)) for path, data in note.files.items()),
            provenance=self._provenance(draft), difficulty=difficulty(note.features).estimate,
        )  # fmt: skip

    def _provenance(self, draft: Draft) -> Provenance:
        calls = draft.calls
        return Provenance(
            provider=draft.idea.route, seed=self.settings.seed, number=draft.idea.number, model=self.settings.writer[:400],
            reviewer=self.settings.reviewer[:400], prompts=tuple(f"{name} {prompt_hash(name)}" for name in PROMPTS),
            skills=draft.idea.skills, rounds=draft.rounds, calls=len(calls), answers=_digest(each.key for each in calls),
            prompt_tokens=sum(each.prompt_tokens or 0 for each in calls), completion_tokens=sum(each.completion_tokens or 0 for each in calls),
            votes=tuple(VoteCount(question=name, found=sum(v.of(name).found for v in draft.votes), votes=len(draft.votes)) for name in NAMES),
        )  # fmt: skip

    def _record(self, draft: Draft) -> DraftRecord:
        note = draft.tried.note if draft.tried is not None else None
        planned = draft.plan is not None and draft.why != "near-duplicate of an earlier plan"
        return DraftRecord(
            name=draft.idea.name, stage=draft.stage, why=draft.why, request=draft.plan.request if planned and draft.plan else "",
            instruction=note.instruction if note else "", screened=draft.screened, category=note.category if note else "", persona=draft.idea.persona, source=draft.source,
            findings=tuple(f"{each.code} {each.title}"[:200] for each in draft.findings), rounds=draft.rounds, calls=len(draft.calls),
            votes=tuple(draft.votes), picks=draft.idea.picks if draft.row is not None else (), path=draft.idea.skills, row=draft.row,
        )  # fmt: skip

    def _replay(self, records: Sequence[DraftRecord]) -> None:
        """Brings screens to where they were when a round was over."""
        for each in records:
            if each.request:
                self._plans.add(each.name, each.request)
        for each in records:
            if each.screened:
                self.screen.text(each.name, each.category, each.source, each.instruction)
        for each in records:
            if each.row is not None:
                self.screen.structure(each.row.structure, each.row.data)


def _prepare(item: tuple[str, str, tuple[Skill, ...]]) -> list[str]:
    """In a child: what a source holds, its name, and skills put into its workspace."""
    source, name, skills = item
    found = prepared(source, name, [label_of(skill.name) for skill in skills])
    if skills and not found.why:
        try:
            return [placed(found.source, skills), ""]
        except RuntimeFault:
            return list(found)  # what the compiler has to say about it is more
    return list(found)


def _alive(drafts: Sequence[Draft]) -> list[Draft]:
    return [draft for draft in drafts if draft.alive]


def _digest(keys: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()


def _claim(settings: AuthorSettings, work: Path) -> None:
    """Makes the folder this batch's, or sees that it is."""
    path = work / f"{settings.route}.json"
    wanted = settings.stored()
    try:
        work.mkdir(parents=True, exist_ok=True)
        if path.exists():
            before = json.loads(path.read_bytes())
            other = [key for key in wanted if before.get(key) != wanted[key]]
            if other:
                raise RuntimeFault(
                    "R1004",
                    f"`{work}` holds a batch with other {other[0]}",
                    "give another work folder, or remove this one",
                )
        whole_file(path, json.dumps(wanted, indent=1).encode())
    except (OSError, ValueError, AttributeError) as error:
        raise RuntimeFault("R1004", f"`{work}` is no work folder of a batch: {error}", "give another folder") from error


def _records(file: Path) -> list[DraftRecord] | None:
    """The records of a round that is over; None before that. Raises RuntimeFault R1004 for a file that is none of ours."""
    if not file.exists():
        return None
    try:
        with open(file, encoding="utf-8") as stream:
            return [DraftRecord.model_validate_json(line) for line in stream]
    except (OSError, ValidationError, ValueError) as error:
        raise RuntimeFault(
            "R1004", f"`{file}` is no round of a batch", "give another work folder, or remove the file"
        ) from error


def _exhausted(settings: AuthorSettings, found: Authored, fruitless: int) -> RuntimeFault:
    why = ", ".join(f"{stage}: {reason} ({count})" for (stage, reason), count in found.dropped.most_common(3))
    return RuntimeFault(
        "R1005", f"none of the last {fruitless} drafts was taken; there are {len(found.rows)} tasks of {settings.count}; most often: {why}",
        "use a stronger model or more rounds; what there is stays in the work folder, where `yields.txt` says at which stage drafts end",
    )  # fmt: skip
