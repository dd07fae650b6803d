"""`clawc test`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from clawc import exits
from clawc.commands.bundles import bundles_at
from clawc.commands.faults import stopping, user_errors
from clawc.commands.progress import ProgressLine
from clawc.commands.proved import Results, TestOptions
from clawc.commands.proving import Wanted, chunks, prove_each
from clawc.commands.selecting import require_each, selected
from clawc.commands.sources import changed_sources, require_format
from clawc.exits import UserError

if TYPE_CHECKING:
    from clawc.runtime.bundle import Bundle
    from clawc.spec.card import VerifierCard

FORMATS = ("text", "json", "html", "sarif", "github", "junit")
_MANY = 3  # sources from which on progress is shown


def test_command(paths: Sequence[Path], options: TestOptions) -> int:
    """Proves the checkers of all tasks; exit 1 unless every card is clean."""
    require_format(options.format, FORMATS)
    level = require_level(options.level)
    inside = [(path, bundles_at(path)) for path in paths]
    if options.count is not None and any(found for _, found in inside):
        raise UserError(
            "`-n` makes instances of sources, and a bundle is one", "`clawc build -n` makes bundles of instances"
        )
    if options.since is not None and any(found for _, found in inside):
        raise UserError("`--changed-since` is for sources, and a bundle is none", "give sources alone to it")
    if options.attach and not all(found for _, found in inside):
        raise UserError(
            "`--attach` puts cards into bundles, and a source is none", "`--cards DIR` writes them elsewhere"
        )
    if options.sign is not None and not options.whole:
        raise UserError("only what is proved whole is signed", "leave out `--no-sandbox` and `--mutants`")
    folders = list(dict.fromkeys(bundle for _, found in inside for bundle in found))
    only_sources = [path for path, found in inside if not found]
    sources = changed_sources(only_sources, options.since) if only_sources else []
    wanted = Wanted(level, options.mutants, options.seed, options.count, options.real, tasks=options.tasks)
    with user_errors(), stopping():
        loaded = _loaded(folders)
    bundles = [bundle for bundle in loaded if selected(bundle.manifest.template, options.tasks)]
    items = len(sources) * (1 if options.count is None else chunks(options.count)) + len(bundles)
    line = ProgressLine(
        items, "bundles" if not sources else "sources" if options.count is None else "lots of instances"
    )
    try:
        with user_errors(), stopping():
            sign = _signer(options.sign)
            proofs = prove_each(
                sources, wanted, bundles=bundles, jobs=options.jobs, cached=options.cached,
                progress=line.report if items >= _MANY or options.count is not None else None,
            )  # fmt: skip
            results = Results(options, sign)
            for number, proved in proofs:
                results.add(number, proved)
    finally:
        line.close()
    with results:
        if not results.wrong:
            require_each(options.tasks, [*results.names, *(bundle.manifest.template for bundle in loaded)])
        results.write()
    return exits.FINDINGS if results.wrong else exits.OK


def require_level(level: str) -> Literal["admit", "release"]:
    """Only levels that there are. Raises UserError."""
    if level not in ("admit", "release"):
        raise UserError(f"the level `{level}` is unknown", "levels: admit, release")
    return "release" if level == "release" else "admit"


def _loaded(folders: Sequence[Path]) -> list[Bundle]:
    from clawc.runtime.bundle import load

    return [load(folder) for folder in folders]


def _signer(path: Path | None) -> Callable[[VerifierCard], VerifierCard]:
    """Signs cards by the key in a file; the cards as they are where there is none."""
    if path is None:
        return lambda card: card
    from clawc.runtime.selftest.signature import private_key, signed

    key = private_key(path)
    return lambda card: signed(card, key)
