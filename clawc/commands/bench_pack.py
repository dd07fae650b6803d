"""`clawc bench pack`: a suite that was built as one archive."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawc import exits
from clawc.commands.faults import stopping, user_errors
from clawc.commands.trusted import trusted_keys
from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.runtime.cache_folder import cache_folder

if TYPE_CHECKING:
    from clawc.runtime.bundle import Bundle

_ENDING = ".tar.gz"
_MOST_LICENCE = 200


@dataclass(frozen=True, slots=True)
class BenchPackOptions:
    """What the options of the verb say."""

    out: Path
    with_secret: bool = False
    licence: str = ""


def pack_command(folder: Path, options: BenchPackOptions) -> int:
    """The same suite and cards give the same bytes. Raises UserError for what is no suite, and for a place that cannot be written."""
    from clawc.runtime.suite.folder import members_there, read_suite
    from clawc.runtime.suite.pack import PackOptions, packed_files, top_of
    from clawc.runtime.suite.tarball import write_tarball

    if not options.out.name.endswith(_ENDING):
        raise UserError(f"`{clean(str(options.out))}` does not end in `{_ENDING}`", "that is what `clawc run` takes")
    if "\n" in options.licence or len(options.licence) > _MOST_LICENCE:
        raise UserError("a licence is told in one line", "give an SPDX expression, as `Apache-2.0`")
    with user_errors(), stopping():
        record = read_suite(folder)
        there = members_there(record, folder)
        secret = {member.task for member in record.members if member.secret}
        kept = [bundle for bundle in there if options.with_secret or bundle.manifest.task not in secret]
        if not kept:
            raise UserError("every task of the suite is secret", "`--with-secret` packs them")
        cards = _cards(kept)
        files = packed_files(record, kept, cards, PackOptions(options.licence))
    try:
        write_tarball(files, top_of(record), options.out)
    except OSError as error:
        raise UserError(
            f"`{clean(str(options.out))}` cannot be written: {error.strerror}", code=exits.ENVIRONMENT
        ) from error
    if len(kept) < len(there):
        print(
            f"{len(there) - len(kept)} bundles of secret splits are left out; `--with-secret` keeps them",
            file=sys.stderr,
        )
    if options.with_secret and secret:
        print(
            f"the archive holds {len(secret & {b.manifest.task for b in kept})} secret tasks: do not publish it",
            file=sys.stderr,
        )
    if len(cards) < len(kept):
        print(f"{len(kept) - len(cards)} bundles have no card; `clawc test` proves them", file=sys.stderr)
    print(
        f"{options.out}  {record.name} {record.version}, {len(kept)} of {len(record.members)} tasks, {len(files)} files"
    )
    return exits.OK


def _cards(bundles: list[Bundle]) -> dict[str, bytes]:
    """The cards by task: those that count here, with their signatures if they have any."""
    from clawc.runtime.selftest.admission import admitted
    from clawc.runtime.selftest.card_file import card_json
    from clawc.runtime.selftest.card_store import CardStore

    store, trusted = CardStore(cache_folder()), trusted_keys(Path.cwd())
    found: dict[str, bytes] = {}
    for bundle in bundles:
        card = admitted(bundle, "admit", store, trusted).card
        if card is not None:
            found[bundle.manifest.task] = card_json(card).encode()
    return found
