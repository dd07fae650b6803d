"""Starts a program of an npm package in a sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from clawc.runtime.harness.interface import AGENT_HOME
from clawc.runtime.harness.mounts import mount_of
from clawc.runtime.harness.npm.install import COMPILED, NODE, Package, require

_NODE = "/opt/node"
CACHE = f"{AGENT_HOME}/.compiled"
# Node keeps what it has compiled by the user's number, which differs between sandboxes; what the installation holds serves them all. What an
# earlier turn has left there is not run.
_START = (
    'rm -rf "$NODE_COMPILE_CACHE"; mkdir -p "$NODE_COMPILE_CACHE"; for f in "$0"/*; do if [ -d "$f" ]; then '
    'ln -sfn "$f" "$NODE_COMPILE_CACHE/$(basename "${f%-*}")-$(id -u)"; fi; done; exec "$@"'
)


def mounts(package: Package) -> dict[str, Path]:
    """The folders that a program of the package needs, by their paths inside. Raises RuntimeFault R0407 if it is not installed, R0405 if
    sandboxes cannot see it."""
    found = require(package)
    node = require(NODE, package) / "node_modules" / Path(NODE.main).parent
    return {_NODE: mount_of(_NODE, node), _at(package): mount_of(_at(package), found)}


def command(package: Package, arguments: Sequence[str]) -> list[str]:
    """The command line that starts the package's program."""
    program = f"{_at(package)}/node_modules/{package.main}"
    return ["/bin/sh", "-c", _START, f"{_at(package)}/{COMPILED}", f"{_NODE}/node", program, *arguments]


def environment() -> Mapping[str, str]:
    """What such a program finds in its environment."""
    return {
        "HOME": AGENT_HOME, "PATH": f"{_NODE}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "NODE_COMPILE_CACHE": CACHE,
        "TMPDIR": "/tmp", "NO_COLOR": "1",
    }  # fmt: skip


def _at(package: Package) -> str:
    return f"/opt/{package.name}"
