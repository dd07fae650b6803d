"""A golden set: cases whose verdicts are known, by which a judge is judged before it judges others.

What a judge said of a set is kept by all that its verdicts follow from, so that another one shows what it changes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, ValidationError, model_validator

from clawc.runtime.bundle import Bundle, safe_path
from clawc.runtime.engine.interface import EngineFailure
from clawc.runtime.engine.untyped import shown
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.judge.ask import Tally
from clawc.runtime.judge.evidence import Bounds, Evidence, gather, given
from clawc.runtime.judge.judge import Judge, judge_rubric
from clawc.runtime.judge.rubric import Read, Rubric, rubrics_of
from clawc.runtime.regular_file import read_regular
from clawc.spec.bundle import Name, RelPath, Strict, TaskName
from clawc.spec.rubric import Decision

_BYTES = 64 << 20
_CASES = 10_000
_JUDGES = 20


class GoldenCase(Strict):
    """One line: what a judge should say of `files`, or of those in `folder`. `bundle` is a bundle or a source, `folder` a workspace;
    both are relative to the file. `task` picks one of several that a source declares."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    bundle: Annotated[str, Field(min_length=1, max_length=4_000)]
    task: TaskName | None = None
    rubric: Name
    files: dict[RelPath, str] | None = None
    folder: Annotated[str, Field(min_length=1, max_length=4_000)] | None = None
    expect: Annotated[dict[Name, Decision], Field(min_length=1, max_length=64)]

    @model_validator(mode="after")
    def _one_workspace(self) -> GoldenCase:
        if (self.files is None) == (self.folder is None):
            raise ValueError("give `files` or `folder`")
        if not all(map(safe_path, self.files or ())):
            raise ValueError("a path of `files` leaves the workspace")
        return self


class CaseVerdict(NamedTuple):
    """One criterion of a case; `before` is what the judge before said, None where it said nothing."""

    case: str
    criterion: str
    expected: Decision
    found: Decision
    before: Decision | None


@dataclass(frozen=True, slots=True)
class GoldenResult:
    """What a judge said of a set; `previous` is the judge before it, empty for none."""

    identity: str
    verdicts: tuple[CaseVerdict, ...]
    previous: str

    @property
    def right(self) -> int:
        return sum(each.found == each.expected for each in self.verdicts)

    @property
    def agreement(self) -> float:
        return self.right / len(self.verdicts)

    @property
    def changed(self) -> tuple[CaseVerdict, ...]:
        return tuple(each for each in self.verdicts if each.before not in (None, each.found))


class _Kept(Strict):
    identity: str
    at: str
    verdicts: dict[str, Decision]


class _History(Strict):
    format_version: Literal[1] = 1
    judges: Annotated[tuple[_Kept, ...], Field(max_length=_JUDGES)] = ()


def read_golden(path: Path) -> list[GoldenCase]:
    """The cases in a file. Raises RuntimeFault R0983."""
    try:
        data = read_regular(path, _BYTES).data
    except OSError as error:
        raise RuntimeFault("R0983", f"cannot read `{path}`: {error.strerror}") from error
    found: list[GoldenCase] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(GoldenCase.model_validate_json(line))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            at = shown(".".join(str(part) for part in first["loc"]))[:100] or "start"
            said = shown(first["msg"].removeprefix("Value error, "))[:200]
            raise RuntimeFault("R0983", f"`{path}`, line {number}: at `{at}`: {said[:1].lower()}{said[1:]}") from error
    names = [case.name for case in found]
    if not found or len(found) > _CASES or len(set(names)) != len(names):
        raise RuntimeFault("R0983", f"`{path}` has no case, a name twice, or more than {_CASES} cases")
    return found


async def judge_golden(
    judge: Judge,
    path: Path,
    cases: Sequence[GoldenCase],
    bundles: Mapping[str, Sequence[Bundle]],
    kept: Path,
    tally: Tally,
) -> GoldenResult:
    """Judge all cases of the file `path`; `bundles` has what each `bundle` of a case stands for. Results are kept in the folder `kept`.
    Raises RuntimeFault R0983 for a case that does not fit its bundle, R0986 where the model's transport fails."""
    rubrics = [_rubric(path, case, bundles[case.bundle]) for case in cases]
    identity = _identity(judge, rubrics)
    history = _history(kept, path)
    previous = next((each for each in reversed(history.judges) if each.identity != identity), None)
    verdicts: list[CaseVerdict] = []
    for case, rubric in zip(cases, rubrics):
        try:
            found = await judge_rubric(judge, rubric, partial(_evidence, path, case, rubric.reads), tally)
        except EngineFailure as failure:
            raise RuntimeFault(
                "R0986",
                f"the golden set could not be judged: {failure.kind}: {shown(failure.message)[:300]}",
                "Try again.",
            ) from failure
        except OSError as error:
            raise RuntimeFault("R0983", f"`{path}`: the folder of `{shown(case.name)}`: {error.strerror}") from error
        said: dict[str, Decision] = {criterion.name: criterion.verdict for criterion in found.criteria}
        before: dict[str, Decision] = previous.verdicts if previous is not None else {}
        verdicts += [
            CaseVerdict(case.name, name, verdict, said[name], before.get(f"{case.name}/{name}"))
            for name, verdict in case.expect.items()
        ]
    _keep(kept, path, history, identity, verdicts)
    return GoldenResult(judge.identity, tuple(verdicts), previous.identity.partition("/")[0] if previous else "")


def _rubric(path: Path, case: GoldenCase, bundles: Sequence[Bundle]) -> Rubric:
    where = f"`{path}`: `{shown(case.name)}`"
    fitting = [bundle for bundle in bundles if case.task in (None, bundle.manifest.task)]
    if len(fitting) != 1:
        raise RuntimeFault("R0983", f"{where}: {len(fitting)} tasks of its bundle fit", "Say which by `task`.")
    rubric = next((each for each in rubrics_of(fitting[0]) if each.spec.name == case.rubric), None)
    if rubric is None:
        raise RuntimeFault("R0983", f"{where}: its task has no rubric `{case.rubric}`")
    if strange := sorted(set(case.expect) - set(rubric.criteria)):
        raise RuntimeFault("R0983", f"{where}: its rubric has no criterion `{strange[0]}`")
    return rubric


def _evidence(path: Path, case: GoldenCase, reads: Sequence[Read], bounds: Bounds) -> Evidence:
    if case.folder is not None:
        return gather(path.parent / case.folder, reads, bounds)
    return given(list((case.files or {}).items()), reads, bounds)


def _identity(judge: Judge, rubrics: Sequence[Rubric]) -> str:
    """The judge and the prompts that it was given."""
    prompts = sorted({rubric.prompt(range(len(rubric.items))) for rubric in rubrics})
    return f"{judge.identity}/{hashlib.sha256(repr(prompts).encode()).hexdigest()[:12]}"


def _place(kept: Path, path: Path) -> Path:
    return kept / f"golden-{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]}.json"


def _history(kept: Path, path: Path) -> _History:
    """What judges have said of the set; nothing where that cannot be read."""
    with suppress(OSError, ValidationError):
        return _History.model_validate_json(read_regular(_place(kept, path), _BYTES, follow=False).data)
    return _History()


def _keep(kept: Path, path: Path, history: _History, identity: str, verdicts: Sequence[CaseVerdict]) -> None:
    """Put the judge at the end of the history, as a whole; what cannot be kept is not."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    said: dict[str, Decision] = {f"{each.case}/{each.criterion}": each.found for each in verdicts}
    others = [each for each in history.judges if each.identity != identity]
    found = _History(judges=tuple([*others, _Kept(identity=identity, at=now, verdicts=said)][-_JUDGES:]))
    place = _place(kept, path)
    fresh = place.with_name(f"{place.name}.{os.getpid()}")
    with suppress(OSError):
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh.write_text(found.model_dump_json())
        os.replace(fresh, place)
