"""`clawc synth`."""

from __future__ import annotations

import json
import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from clawc import exits
from clawc.commands.faults import stopping, user_errors
from clawc.commands.progress import ProgressLine
from clawc.commands.proving import Beside
from clawc.commands.synth_proofs import proved_tasks
from clawc.commands.synth_shares import counts_of
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.commands.synth_models import AuthorOptions
    from clawc.runtime.synth.authoring.drafts import DraftRecord
    from clawc.runtime.synth.batch import Batch, Outcome
    from clawc.runtime.synth.export import Form
    from clawc.runtime.synth.leakage import Leakage
    from clawc.runtime.synth.report import Report
    from clawc.runtime.synth.rows import TaskRow
    from clawc.runtime.synth.screen import Screen
    from clawc.runtime.synth.semantic import Encoder

MODELS = "models"  # folder for what models said, in the work folder


@dataclass(frozen=True, slots=True)
class SynthOptions:
    """`work` holds what is finished, for a batch that goes on; `against` are suites that nothing may be taken from; `author` is
    what providers need that ask models."""

    out: Path
    provider: str
    count: int
    seed: int
    forms: tuple[str, ...]
    against: tuple[Path, ...]
    work: Path | None
    jobs: int
    semantic: bool
    author: AuthorOptions
    dry_run: bool = False


@dataclass(slots=True)
class _Made:
    """Tasks of all providers. `proposed` counts what was drawn or drafted."""

    rows: list[TaskRow] = field(default_factory=list["TaskRow"])
    dropped: Counter[str] = field(default_factory=Counter[str])
    proposed: int = 0
    records: list[DraftRecord] = field(default_factory=list["DraftRecord"])
    model: str = ""


def synth_command(options: SynthOptions) -> int:
    """Makes a set of proved tasks; what would leak from a suite is not taken."""
    counts = counts_of(options.provider, options.count)
    with user_errors(), stopping():
        from clawc.runtime.synth.export import FORMS, export
        from clawc.runtime.synth.leakage import Leakage
        from clawc.runtime.synth.report import as_html, as_json, report
        from clawc.runtime.synth.screen import Screen
        from clawc.runtime.synth.splits import splits
        from clawc.runtime.synth.suite import Suite

        wrong = [form for form in options.forms if form not in FORMS]
        if wrong:
            raise UserError(f"the form `{wrong[0]}` is unknown", f"forms: {', '.join(FORMS)}")
        if options.dry_run:
            sys.stdout.write(_planned(counts, options))
            return exits.OK
        encode = _encoder(options.semantic)
        suites = [Suite.of([path]) for path in options.against]
        for suite in suites:
            for problem in suite.problems:
                sys.stderr.write(f"{problem}\n")
        leakage = Leakage(suites, encode) if suites else None
        work = options.work or options.out.with_name(f"{options.out.name}.work")
        made, screen = _Made(), Screen(options.count, encode)
        if "archetypes" in counts:
            _drawn(made, options, counts["archetypes"], work, encode, screen, leakage)
        if counts.keys() - {"archetypes"}:
            _written(made, options, counts, work, screen, leakage)
        chosen = splits([row.family for row in made.rows], seed=options.seed)
        rows = [row.model_copy(update={"split": split}) for row, split in zip(made.rows, chosen, strict=True)]
        document = report(
            rows, options.out.name, encode, options.seed, dropped=dict(made.dropped), leaks=0 if suites else None
        )
        extra = {
            "README.md": _card(document, options, made).encode(),
            "report.json": as_json(document).encode(),
            "report.html": as_html(document).encode(),
            **_yields(made),
        }
        export(rows, options.out, cast("Sequence[Form]", options.forms), extra)
    sys.stdout.write(_text(document, made, options))
    return exits.OK


def _planned(counts: Mapping[str, int], options: SynthOptions) -> str:
    from clawc.commands.synth_models import dry_run

    drawn = counts.get("archetypes", 0)
    first = f"archetypes: {drawn} tasks, seed {options.seed}; no model is asked\n\n" if drawn else ""
    return first + (dry_run(options.author, counts, options.seed) if counts.keys() - {"archetypes"} else "")


def _drawn(
    made: _Made, options: SynthOptions, count: int, work: Path, encode: Encoder | None, screen: Screen, leakage: Leakage | None
) -> None:  # fmt: skip
    """Tasks of archetypes."""
    from clawc.runtime.synth.batch import Settings, synthesise

    line = ProgressLine(count, "tasks")

    def seen(batch: Batch) -> None:
        line.report(min(len(batch.rows), count), 0)

    settings = Settings(count, options.seed, tuple(str(path) for path in options.against))
    try:
        batch = synthesise(settings, work, lambda paths: _prove(paths, options.jobs), encode, leakage, seen, screen)
    finally:
        line.close()
    made.rows += batch.rows
    made.dropped += batch.dropped
    made.proposed += batch.proposed


def _written(
    made: _Made, options: SynthOptions, counts: Mapping[str, int], work: Path, screen: Screen, leakage: Leakage | None
) -> None:  # fmt: skip
    """Tasks that models write."""
    from clawc.commands.synth_models import authored

    found = authored(options.author, counts, options.seed, work / MODELS, screen, leakage, options.jobs)
    made.rows += found.rows
    made.records = found.records
    made.proposed += len(found.records)
    made.dropped += Counter(f"{each.stage}: {each.why}" for each in found.records if each.row is None)
    made.model = found.model


def _yields(made: _Made) -> dict[str, bytes]:
    """Table, picture and data of what each stage let through; nothing where no model was asked."""
    if not made.records:
        return {}
    from clawc.runtime.synth.authoring.yields import as_json, as_svg, as_text, yields

    found = yields(made.records)
    return {
        "yields.txt": as_text(found).encode(),
        "yields.json": (json.dumps(as_json(found), indent=2) + "\n").encode(),
        "yields.svg": as_svg(found).encode(),
        "dropped.jsonl": "".join(f"{each.model_dump_json()}\n" for each in made.records if each.row is None).encode(),
    }


def _prove(paths: Sequence[Path], jobs: int) -> Iterator[Outcome]:
    from clawc.runtime.synth.batch import Outcome
    from clawc.runtime.synth.note import note, solution
    from clawc.runtime.synth.rows import card_summary

    for one in proved_tasks(paths, jobs, Beside("synth", note, solution)):
        card = one.card
        if card is None:
            why = next((f"{finding.code} {finding.title}" for finding in one.against), "not compiled")
            yield Outcome(one.path, why)
            continue
        tried = 1 if card.instance is None or one.note["programs"] else 1 + card.instance.others
        why = "" if card.clean else "not clean"
        yield Outcome(one.path, why, card_summary(card), card.key.bundle, one.note, card.independent, tried)


def _encoder(wanted: bool) -> Encoder | None:
    if not wanted:
        return None
    from clawc.runtime.synth.semantic import encoder

    return encoder()


def _card(document: Report, options: SynthOptions, made: _Made) -> str:
    from clawc.runtime.synth.dataset_card import LIMITS, CardText, dataset_card

    command = f"clawc synth --provider {options.provider} -n {options.count} --seed {options.seed} -o {shlex.quote(options.out.name)}"
    drawn = "Each task was drawn from an archetype, compiled, and its checker proved from both sides at level admit. No model took part."
    if not made.records:
        return dataset_card(document, CardText(title=options.out.name, command=command, made=drawn))
    written = (
        f"Tasks with a `provenance` were planned and written by {made.model} in the language of clawc, compiled, proved from both sides at "
        "level admit, and reviewed by models in two votes and a tie-break; what was dropped at which stage stands in `yields.txt`. Others were "
        "drawn from archetypes without a model."
    )
    limits = (
        "The reviews of models let faults through that people would see; `clawc synth review` shows samples.",
        *LIMITS[1:],
    )
    return dataset_card(document, CardText(title=options.out.name, command=command, made=written, limits=limits))


def _text(document: Report, made: _Made, options: SynthOptions) -> str:
    structures = document.diversity.structures
    dropped = "".join(f"  {count:6}  {why}\n" for why, count in made.dropped.most_common(12))
    stages = _yields(made).get("yields.txt", b"").decode()
    return (
        f"{len(made.rows)} tasks of {made.proposed} proposals in {options.out}\n"
        f"{document.clean} cards clean, {structures.distinct} structures, the most frequent {structures.largest_share:.2%} of the set\n"
        + (stages or (f"not taken:\n{dropped}" if dropped else ""))
    )
