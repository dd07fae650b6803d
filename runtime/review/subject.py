"""A task as it is reviewed: its bundle, the card that counts, what agents made of it and what a calibration says. Nothing of it is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError

from clawc.runtime.bundle import Bundle, claimed_card
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.review.doubt import Doubt, Evidence, doubt
from clawc.runtime.review.requirements import Requirement, Told, told
from clawc.runtime.review.rollouts import AgentStrip, Rollout, strips
from clawc.runtime.review.sealed import Sealed, block, sealed
from clawc.runtime.review.solution import Step, steps_of
from clawc.runtime.selftest.admission import key_here
from clawc.runtime.selftest.card_file import CardFault, read_card
from clawc.runtime.selftest.card_page import Shown as ShownCard
from clawc.runtime.selftest.card_page import shown as shown_card
from clawc.runtime.selftest.card_store import CardStore
from clawc.runtime.selftest.signature import is_signed
from clawc.runtime.suite.assemble import verifier_hash
from clawc.runtime.synth.lexical import jaccard, trigrams
from clawc.runtime.web.differences import as_text
from clawc.spec.bundle import CHECKER, INSTRUCTION, IR, SOURCE_INDEX, WORKSPACE, SourceIndex
from clawc.spec.calibration import CalibratedItem
from clawc.spec.card import EvidenceLine, MatrixLine, MutantLine, VerifierCard
from clawc.spec.ir import CheckIR, RubricIR, TaskIR
from clawc.spec.review import Vote

ALIKE = 0.5  # Jaccard similarity of 3-grams of words, from which on tasks are shown as alike
_PREVIEW = 4_096  # bytes of a file that stand on the page of its task
MOST_SHOWN = 256 << 10  # bytes of a file on a page of its own


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of a task at the start. `standing` says in words how much its card counts, "" without one; `grams` are its instruction's 3-grams."""

    bundle: Bundle
    verifier: str
    card: VerifierCard | None
    standing: str
    rollouts: tuple[Rollout, ...]
    item: CalibratedItem | None
    grams: frozenset[str]

    @property
    def id(self) -> str:
        return self.bundle.manifest.id

    @property
    def task(self) -> str:
        return self.bundle.manifest.task

    def doubt(self, model: Vote | None = None) -> Doubt:
        """How much speaks for reviewing it soon, beside how a model voted."""
        card, item = self.card, self.item
        checks = [c.name for c in self.bundle.manifest.scoring.checks if c.kind == "check"]
        judged = [r for r in self.rollouts if r.checks is not None]
        failed = [sum(any(f.check == name for f in r.failures) for r in judged) for name in checks]
        return doubt(Evidence(
            None if card is None else card.clean, 0 if card is None else card.counts.survived, 0 if card is None else card.counts.rejected,
            item is not None and item.flagged, item is not None and item.confirmed, tuple(r.checks for r in judged if r.checks is not None),
            sum(count == len(judged) for count in failed) if len(judged) > 2 else 0, model,
        ))  # fmt: skip


class ShownFile(NamedTuple):
    """A file of the workspace. `text` is its beginning, None for what is no text; `cut` if there is more. `name` is its place in the bundle; a link has `to`."""

    path: str
    size: int
    mode: str = ""
    text: str | None = None
    cut: bool = False
    name: str = ""
    to: str = ""


class ShownCheck(NamedTuple):
    """A check with all that speaks of it. `number` counts from 1; `failing` are rollouts that did not pass it, with what the checker said."""

    number: int
    check: CheckIR
    source: str
    requirements: tuple[Requirement, ...]
    sealed: tuple[Sealed, ...]
    row: tuple[MatrixLine, ...]
    evidence: EvidenceLine | None
    survivors: tuple[MutantLine, ...]
    failing: tuple[tuple[Rollout, str], ...]

    @property
    def caught(self) -> int:
        return sum(line.caught for line in self.row)

    @property
    def met(self) -> int:
        return sum(line.met for line in self.row)


class Alike(NamedTuple):
    task: str
    bundle_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A task as its page shows it. `told` is None, and `checks` are empty, for a verifier that is kept as others wrote it."""

    subject: Subject
    instruction: str
    told: Told | None
    turns: tuple[str, ...]
    checks: tuple[ShownCheck, ...]
    rubrics: tuple[RubricIR, ...]
    files: tuple[ShownFile, ...]
    steps: tuple[Step, ...]
    card: ShownCard | None
    strips: tuple[AgentStrip, ...]
    alike: tuple[Alike, ...]
    sources: tuple[str, ...]


def subject_of(
    bundle: Bundle,
    store: CardStore | None,
    trusted: frozenset[str],
    rollouts: Sequence[Rollout],
    item: CalibratedItem | None,
) -> Subject:
    """Reads what is needed of a task for the queue. Raises RuntimeFault for a damaged bundle."""
    card, standing = _card(bundle, store, trusted)
    text = bundle.read(INSTRUCTION).decode("utf-8", "replace")
    return Subject(bundle, verifier_hash(bundle), card, standing, tuple(rollouts), item, trigrams(text))


def shown(subject: Subject, others: Sequence[Subject] = ()) -> Shown:
    """All that the page of a task needs. Raises RuntimeFault for a damaged bundle."""
    bundle = subject.bundle
    ir, sources = _ir(bundle), _sources(bundle)
    instruction = bundle.read(INSTRUCTION).decode("utf-8", "replace")
    tells = None if ir is None else told(ir.instruction, ir.quotations)
    try:
        steps = steps_of(bundle)
    except ValidationError as error:
        raise RuntimeFault("R1202", f"the solution of `{subject.task}` is none", "Build the bundle again.") from error
    return Shown(
        subject, instruction if ir is None else ir.instruction, tells,
        tuple(bundle.read(name).decode("utf-8", "replace") for name in bundle.manifest.turns),
        () if ir is None or tells is None else _checks(subject, ir, tells, next(iter(sources.values()), "")),
        () if ir is None else ir.rubrics, _files(bundle), steps,
        None if subject.card is None else shown_card(subject.card, "card"), strips(subject.rollouts),
        alike(subject, others), tuple(sources),
    )  # fmt: skip


def alike(subject: Subject, others: Sequence[Subject], most: int = 5) -> tuple[Alike, ...]:
    """The most similar other tasks by the 3-grams of their instructions, the nearest first."""
    near = [Alike(o.task, o.id, jaccard(subject.grams, o.grams)) for o in others if o.id != subject.id]
    return tuple(
        sorted((each for each in near if each.similarity >= ALIKE), key=lambda a: (-a.similarity, a.task))[:most]
    )


def shown_file(bundle: Bundle, name: str) -> ShownFile | None:
    """A file that the manifest lists, by exactly its name there; None for any other name. Raises RuntimeFault for a damaged bundle."""
    listed = bundle.files.get(name)
    if listed is None:
        return None
    data = bundle.read(name)
    text, cut = _beginning(data, MOST_SHOWN)
    return ShownFile(name.removeprefix(f"{WORKSPACE}/"), len(data), "", text, cut, name)


def _beginning(data: bytes, most: int) -> tuple[str | None, bool]:
    cut = len(data) > most
    if not cut:
        return as_text(data), False
    # A character may be cut in two.
    text = next((found for drop in range(4) if (found := as_text(data[: most - drop])) is not None), None)
    return text, True


def _files(bundle: Bundle) -> tuple[ShownFile, ...]:
    found: list[ShownFile] = []
    for file in bundle.manifest.workspace:
        name = f"{WORKSPACE}/{file.path}"
        # Large files are read on a page of their own.
        text, cut = _beginning(bundle.read(name), _PREVIEW) if file.size <= MOST_SHOWN else (None, True)
        found.append(ShownFile(file.path, file.size, "" if file.mode == 0o644 else f"{file.mode:o}", text, cut, name))
    found += [ShownFile(link.path, 0, to=link.to) for link in bundle.manifest.links]
    return tuple(sorted(found, key=lambda file: file.path.split("/")))


def _checks(subject: Subject, ir: TaskIR, tells: Told, source: str) -> tuple[ShownCheck, ...]:
    card = subject.card
    found: list[ShownCheck] = []
    for number, check in enumerate(ir.checks, 1):
        row = () if card is None else tuple(line for line in card.matrix if line.check == check.name)
        evidence = None if card is None else next((line for line in card.evidence if line.check == check.name), None)
        operators = {line.operator for line in row}
        survivors = () if card is None else tuple(
            m for m in (*card.survivors, *card.rejected) if check.name in m.lost or (m.kind == "wrong" and m.operator in operators)
        )  # fmt: skip
        failing = tuple((r, f.message) for r in subject.rollouts for f in r.failures if f.check == check.name)
        found.append(
            ShownCheck(number, check, block(source, check.kind, check.name), tells.of(check.name), sealed(check, source), row, evidence, survivors, failing)
        )  # fmt: skip
    return tuple(found)


def _ir(bundle: Bundle) -> TaskIR | None:
    if IR not in bundle.files or bundle.manifest.imported:
        return None
    try:
        return TaskIR.model_validate_json(bundle.read(IR))
    except ValidationError as error:
        raise RuntimeFault(
            "R1202", f"`{IR}` of `{bundle.manifest.task}` is no task", "Build the bundle again."
        ) from error


def _sources(bundle: Bundle) -> Mapping[str, str]:
    """The sources in the bundle by their names in it, the one that declares the task first; of a verifier that is kept also its programs."""
    if SOURCE_INDEX not in bundle.files:
        return {CHECKER: as_text(bundle.read(CHECKER)) or ""} if CHECKER in bundle.files else {}
    with suppress(ValidationError):
        index = SourceIndex.model_validate_json(bundle.read(SOURCE_INDEX))
        wanted = (".claw", ".py", ".sh", ".js") if bundle.manifest.imported else (".claw",)
        paths = sorted(index.files, key=lambda path: (path != index.main, path))
        names = [index.files[path] for path in paths if path.endswith(wanted)]
        return {name: as_text(bundle.read(name)) or "" for name in names if name in bundle.files}
    return {}


def _card(bundle: Bundle, store: CardStore | None, trusted: frozenset[str]) -> tuple[VerifierCard | None, str]:
    """The card that says most, and how much it counts."""
    for level in ("release", "admit"):
        found = None if store is None else store.get(key_here(bundle, level))
        if found is not None:
            return found, f"proved here at level {level}"
    try:
        data = claimed_card(bundle)
        card = None if data is None else read_card(data)
    except (CardFault, RuntimeFault):
        return None, "the card beside the bundle is damaged"
    if card is None:
        return None, ""
    if card.key.bundle != bundle.manifest.id or card.task != bundle.manifest.task:
        return None, "the card beside the bundle is of another version"
    with suppress(RuntimeFault):
        if card.signature is not None and card.signature.key in trusted and is_signed(card):
            return card, f"signed by a trusted key at level {card.key.level}"
    return card, "a claim beside the bundle: it was not proved here"
