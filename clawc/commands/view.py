"""`clawc view`: runs as pages, served or as files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from clawc import exits
from clawc.commands.faults import user_errors


def view_command(runs: Sequence[Path], out: Path | None, port: int, *, browse: bool) -> int:
    """Serve the pages until interrupted, or write them into `out`."""
    from clawc.runtime.view.folder import write_folder
    from clawc.runtime.view.shelf import open_shelf

    def opened(label: str, count: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{label}: {count:,} attempts", end="", file=sys.stderr, flush=True)

    def written(done: int, of: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done:,} of {of:,} attempts written", end="", file=sys.stderr, flush=True)

    with user_errors():
        shelf = open_shelf(runs, opened)
        if sys.stderr.isatty():
            print(file=sys.stderr)
        if out is not None:
            files = write_folder(shelf, out, written)
            print(f"{files:,} files: {out / 'index.html'}")
            return exits.OK
        from clawc.runtime.view.app import view_app
        from clawc.runtime.web.serve import serve

        serve(lambda: view_app(shelf), port, browse=browse)
    return exits.OK
