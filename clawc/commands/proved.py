"""What `clawc test` keeps of its proofs and writes in the end: cards go where they belong as they come, little of them stays."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

from clawc import __version__, exits
from clawc.commands.output import put, sarif_text, standard_output
from clawc.compiler.finding import Finding
from clawc.compiler.report import as_json, as_text
from clawc.exits import UserError
from clawc.runtime.cache_folder import cache_folder

if TYPE_CHECKING:
    from clawc.commands.proving import Proved
    from clawc.runtime.selftest.card_text import Row
    from clawc.spec.card import VerifierCard


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TestOptions:
    """`level`: admit or release; `mutants`: 0 for as many as the level has; `jobs`: 0 for one for each processor. `attach`
    puts cards into the folders of bundles; `sign` is a file with a private key, `since` a revision of git; `tasks` names those that
    are meant."""

    level: str = "admit"
    format: str = "text"
    out: Path | None = None
    cards: Path | None = None
    mutants: int = 0
    seed: int = 0
    count: int | None = None
    jobs: int = 0
    cached: bool = True
    real: bool = True
    details: bool = False
    attach: bool = False
    sign: Path | None = None
    since: str | None = None
    tasks: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Is everything proved that the level asks for?"""
        return self.real and self.mutants == 0


class Results:
    """Collects proofs as they come, in any order."""

    def __init__(self, options: TestOptions, sign: Callable[[VerifierCard], VerifierCard]) -> None:
        from clawc.runtime.selftest.card_store import CardStore

        self.options = options
        self.sign = sign
        self.wrong = False
        self.names: set[str] = set()
        self._store = CardStore(cache_folder()) if options.whole else None
        self._kept = True
        self._paths: dict[str, None] = {}
        self._found: dict[Finding, int] = {}
        self._allowed: dict[Finding, int] = {}
        self._rows: list[tuple[int, Row]] = []
        self._whole: list[tuple[int, VerifierCard]] = []  # where the format shows them whole
        self._spool: TextIO = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115 - closed by __exit__
        self._spooled: list[tuple[int, int, int]] = []  # place in the order, start and length of a card in the spool

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def add(self, number: int, proved: Proved) -> None:
        """Takes one proof; `number` is its place in the order of all."""
        from clawc.runtime.selftest.card_text import row_of

        self._paths.setdefault(proved.path)
        self.names.update(proved.names)
        for f in proved.found:
            self._found.setdefault(f, number)
        for f in proved.allowed:
            self._allowed.setdefault(f, number)
        self.wrong = self.wrong or any(f.severity == "error" for f in proved.found)
        for card in map(self.sign, proved.cards):
            self.wrong = self.wrong or not card.clean
            self._keep(card, Path(proved.path))
            self._rows.append((number, row_of(card)))
            if self.options.format == "html" or (self.options.format == "text" and self.options.details):
                self._whole.append((number, card))
            elif self.options.format == "json":
                text = json.dumps(card.model_dump(mode="json"), indent=2, ensure_ascii=False, sort_keys=True)
                self._spooled.append((number, self._spool.tell(), len(text)))
                self._spool.write(text)

    def _keep(self, card: VerifierCard, path: Path) -> None:
        """Puts a card where it is wanted, and one of a whole proof into the store of this user."""
        from clawc.runtime.selftest.card_store import put_card_file
        from clawc.spec.bundle import CARD

        if self._store is not None:
            self._kept = self._store.put(card) and self._kept
        places = [self.options.cards / card.task] if self.options.cards is not None else []
        for folder in [*places, path] if self.options.attach else places:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                put_card_file(card, folder / CARD)
            except OSError as error:
                raise UserError(
                    f"`{folder}` cannot be written: {error.strerror}", "give another folder", exits.ENVIRONMENT
                ) from error

    def write(self) -> None:
        """The report, to where it is wanted."""
        if self._store is not None and not self._kept:
            print(
                f"clawc: cards are not kept, since `{self._store.folder}` cannot be written or others can write there",
                file=sys.stderr,
            )
        if self.options.format == "json":
            self._write_document()
        else:
            put(self._report(), self.options.out)

    def _report(self) -> str:
        found, allowed = _in_order(self._found), _in_order(self._allowed)
        if self.options.format == "html":
            from clawc.runtime.selftest.card_page import as_page

            return as_page(_sorted(self._whole), __version__)
        if self.options.format == "sarif":
            return sarif_text(found, in_source=allowed)
        if self.options.format == "github":
            from clawc.compiler.report.github import as_github

            return as_github(found)
        if self.options.format == "junit":
            from clawc.compiler.report.junit import as_junit

            return as_junit(found, list(self._paths), deny_warnings=True)
        from clawc.runtime.selftest.card_text import details, overview

        colour = self.options.out is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        parts = [as_text(found, colour=colour)] if found else []
        parts += [details(card) for card in _sorted(self._whole)]
        if self._rows:
            parts.append(overview(_sorted(self._rows)))
        return "\n".join(parts) or "no task\n"

    def _write_document(self) -> None:
        """One document, a card after the other: there may be more of them than fit into memory."""
        found, allowed = _in_order(self._found), _in_order(self._allowed)
        report = json.loads(as_json(found, files=len({f.path for f in found}), suppressed=allowed))
        rest = json.dumps({"format_version": 1, "report": report}, indent=2, ensure_ascii=False, sort_keys=True)

        def write(file: TextIO) -> None:
            file.write('{\n"cards": [')
            for place, (_, start, length) in enumerate(sorted(self._spooled)):
                self._spool.seek(start)
                file.write((",\n" if place else "\n") + self._spool.read(length))
            file.write("],\n" + rest[2:] + "\n")

        if self.options.out is None:
            with standard_output() as file:
                write(file)
            return
        try:
            with open(self.options.out, "w", encoding="utf-8", newline="\n") as file:
                write(file)
        except OSError as error:
            raise UserError(f"`{self.options.out}` cannot be written: {error.strerror}") from error


def _in_order(found: dict[Finding, int]) -> list[Finding]:
    return sorted(found, key=lambda f: (found[f], f.start, f.code, f.message))


def _sorted(numbered: list[tuple[int, T]]) -> list[T]:
    return [one for _, one in sorted(numbered, key=lambda pair: pair[0])]
