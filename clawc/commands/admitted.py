"""`clawc test --admitted`: which bundles count as proved here, without proving any."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from clawc import exits
from clawc.commands.bundles import bundles_at
from clawc.commands.output import put
from clawc.commands.sources import require_format
from clawc.commands.test import require_level
from clawc.commands.trusted import trusted_keys
from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.runtime.cache_folder import cache_folder


class _Line(NamedTuple):
    """What is said of one bundle; `id` and `task` are "" for one that cannot be loaded."""

    path: str
    task: str
    id: str
    admitted: bool
    why: str
    reason: str
    level: str
    signer: str


def admitted_command(paths: Sequence[Path], level: str, format: str, out: Path | None) -> int:
    """Says of each bundle whether its card counts, and why not; exit 1 unless all do."""
    require_format(format)
    wanted = require_level(level)
    folders: list[Path] = []
    for path in paths:
        inside = bundles_at(path)
        if not inside:
            raise UserError(
                f"there is no bundle in `{path}`", "`clawc build` makes bundles, `clawc test` proves sources, too"
            )
        folders += inside
    lines = _lines(list(dict.fromkeys(folders)), wanted)
    if format == "json":
        entries = [line._asdict() for line in lines]
        put(
            json.dumps({"format_version": 1, "bundles": entries}, indent=2, ensure_ascii=False, sort_keys=True) + "\n",
            out,
        )
    else:
        put(
            "".join(
                f"{clean(line.path)}: {line.why if line.admitted else 'not admitted'}: {clean(line.reason)}\n"
                for line in lines
            ),
            out,
        )
    return exits.OK if all(line.admitted for line in lines) else exits.FINDINGS


def _lines(folders: Sequence[Path], level: str) -> list[_Line]:
    from clawc.runtime.bundle import load
    from clawc.runtime.errors import RuntimeFault
    from clawc.runtime.selftest.admission import admitted
    from clawc.runtime.selftest.card_store import CardStore

    store = CardStore(cache_folder())
    trusted = trusted_keys(Path.cwd())
    lines: list[_Line] = []
    for folder in folders:
        try:
            bundle = load(folder)
        except RuntimeFault as fault:
            lines.append(_Line(str(folder), "", "", False, "damaged", f"{fault.code}: {fault.message}", "", ""))
            continue
        found = admitted(bundle, require_level(level), store, trusted)
        card = found.card
        lines.append(_Line(
            str(folder), bundle.manifest.task, bundle.manifest.id, card is not None, found.why, found.reason,
            "" if card is None else card.key.level, "" if card is None or card.signature is None else card.signature.key,
        ))  # fmt: skip
    return lines
