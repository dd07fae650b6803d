"""`clawc doctor`."""

from __future__ import annotations

import json
import platform
import sys

from clawc import __version__, exits
from clawc.commands.faults import stopping, user_errors
from clawc.commands.sources import require_format
from clawc.runtime.doctor import Row, checks, install_agent


def doctor_command(format: str, install: str = "") -> int:
    """Prints one line for each fact; exit 3 when something is missing. With `install` it installs that agent instead."""
    require_format(format)
    if install:
        return _install(install, format)
    rows = [
        Row("clawc", True, __version__),
        Row("python", sys.version_info >= (3, 11), platform.python_version(), "Install Python 3.11 or newer."),
        *checks(),
    ]
    if format == "json":
        facts = [{"name": r.name, "ok": r.ok, "detail": r.detail, "help": "" if r.ok else r.help} for r in rows]
        sys.stdout.write(json.dumps({"format_version": 1, "checks": facts}, indent=2) + "\n")
    else:
        for r in rows:
            print(
                f"{'ok ' if r.ok else 'no '} {r.name:<12} {r.detail}"
                + (f"\n                 {r.help}" if r.help and not r.ok else "")
            )
    return exits.OK if all(r.ok for r in rows) else exits.ENVIRONMENT


def _install(name: str, format: str) -> int:
    with user_errors(), stopping():
        done = install_agent(name)
    if format == "json":
        sys.stdout.write(json.dumps({"format_version": 1, "installed": name, "detail": done}, indent=2) + "\n")
    else:
        print(done)
    return exits.OK
