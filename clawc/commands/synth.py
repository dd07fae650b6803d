"""`clawc synth`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from clawc import exits
from clawc.commands.faults import stopping, user_errors
from clawc.commands.progress import ProgressLine
from clawc.commands.proving import Beside, Wanted, prove_each
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.runtime.synth.batch import Batch, Outcome
    from clawc.runtime.synth.export import Form
    from clawc.runtime.synth.report import Report
    from clawc.runtime.synth.semantic import Encoder

PROVIDERS = ("archetypes",)
# Other seeds that each task is tried with, and its reference solution compared on.
OTHERS = 4


@dataclass(frozen=True, slots=True)
class SynthOptions:
    """`work` holds what is finished, for a batch that goes on; `against` are suites that nothing may be taken from."""

    out: Path
    provider: str
    count: int
    seed: int
    forms: tuple[str, ...]
    against: tuple[Path, ...]
    work: Path | None
    jobs: int
    semantic: bool


def synth_command(options: SynthOptions) -> int:
    """Makes a set of proved tasks; what would leak from a suite is not taken."""
    if options.provider not in PROVIDERS:
        raise UserError(f"the provider `{options.provider}` is unknown", f"providers: {', '.join(PROVIDERS)}")
    with user_errors(), stopping():
        from clawc.runtime.synth.batch import Settings, synthesise
        from clawc.runtime.synth.export import FORMS, export
        from clawc.runtime.synth.leakage import Leakage
        from clawc.runtime.synth.report import as_html, as_json, report
        from clawc.runtime.synth.splits import splits
        from clawc.runtime.synth.suite import Suite

        wrong = [form for form in options.forms if form not in FORMS]
        if wrong:
            raise UserError(f"the form `{wrong[0]}` is unknown", f"forms: {', '.join(FORMS)}")
        encode = _encoder(options.semantic)
        suites = [Suite.of([path]) for path in options.against]
        for suite in suites:
            for problem in suite.problems:
                sys.stderr.write(f"{problem}\n")
        leakage = Leakage(suites, encode) if suites else None
        settings = Settings(options.count, options.seed, tuple(str(path) for path in options.against))
        line = ProgressLine(options.count, "tasks")

        def seen(batch: Batch) -> None:
            line.report(min(len(batch.rows), options.count), 0)

        work = options.work or options.out.with_name(f"{options.out.name}.work")
        try:
            batch = synthesise(settings, work, lambda paths: _prove(paths, options.jobs), encode, leakage, seen)
        finally:
            line.close()
        chosen = splits([row.family for row in batch.rows], seed=options.seed)
        rows = [row.model_copy(update={"split": split}) for row, split in zip(batch.rows, chosen, strict=True)]
        document = report(
            rows, options.out.name, encode, options.seed, dropped=dict(batch.dropped), leaks=0 if suites else None
        )
        card = _card(document, options)
        extra = {
            "README.md": card.encode(),
            "report.json": as_json(document).encode(),
            "report.html": as_html(document).encode(),
        }
        export(rows, options.out, cast("Sequence[Form]", options.forms), extra)
    sys.stdout.write(_text(document, batch, options))
    return exits.OK


def _prove(paths: Sequence[Path], jobs: int) -> Iterator[Outcome]:
    from clawc.runtime.synth.batch import Outcome
    from clawc.runtime.synth.note import note, solution
    from clawc.runtime.synth.rows import card_summary

    wanted = Wanted(seed=0, others=OTHERS, advice=False, beside=Beside("synth", note, solution))
    for place, proved in prove_each(paths, wanted, jobs=jobs):
        path = paths[place]
        against = [f"{finding.code} {finding.title}" for finding in proved.found if finding.code != "W0811"]
        if against or not proved.cards:
            yield Outcome(path, against[0] if against else "not compiled")
            continue
        card = proved.cards[0]
        noted = proved.notes[0]
        tried = 1 if card.instance is None or noted["programs"] else 1 + card.instance.others
        yield Outcome(
            path,
            "" if card.clean else "not clean",
            card_summary(card),
            card.key.bundle,
            noted,
            card.independent,
            tried,
        )


def _encoder(wanted: bool) -> Encoder | None:
    if not wanted:
        return None
    from clawc.runtime.synth.semantic import encoder

    return encoder()


def _card(document: Report, options: SynthOptions) -> str:
    from clawc.runtime.synth.dataset_card import CardText, dataset_card

    command = f"clawc synth --provider {options.provider} -n {options.count} --seed {options.seed} -o {shlex.quote(options.out.name)}"
    made = (
        "Each task was drawn from an archetype, compiled, and its checker proved from both sides at level admit. "
        "No model took part."
    )
    return dataset_card(document, CardText(title=options.out.name, command=command, made=made))


def _text(document: Report, batch: Batch, options: SynthOptions) -> str:
    structures = document.diversity.structures
    dropped = "".join(f"  {count:6}  {why}\n" for why, count in batch.dropped.most_common(12))
    return (
        f"{len(batch.rows)} tasks of {batch.proposed} proposals in {options.out}\n"
        f"{document.clean} cards clean, {structures.distinct} structures, the most frequent {structures.largest_share:.2%} of the set\n"
        + (f"not taken:\n{dropped}" if dropped else "")
    )
