"""Public keys whose cards count: `[cards] trusted` in the `claw.toml` of the project in which a command runs, and in that of the
user's configuration folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

from clawc.commands.sources import PROJECT_FILE, project_root, read_project
from clawc.exits import UserError

_DIGITS = frozenset("0123456789abcdef")
_WRITE = 'write `trusted = ["…"]` with public keys as `clawc keys new` prints them'


def configuration_folder() -> Path:
    """`$XDG_CONFIG_HOME/clawc`, else `~/.config/clawc`; `$CLAWC_CONFIG` names another place."""
    named = os.environ.get("CLAWC_CONFIG")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base and os.path.isabs(base) else Path.home() / ".config") / "clawc"


def trusted_keys(folder: Path) -> frozenset[str]:
    """The keys that a project, by a folder in it, and the user trust. Raises UserError for a file that cannot mean any."""
    root = project_root(folder / PROJECT_FILE)
    return _keys(root / PROJECT_FILE) | _keys(configuration_folder() / PROJECT_FILE)


def _keys(path: Path) -> frozenset[str]:
    cards = read_project(path).get("cards", {})
    if not isinstance(cards, dict) or set(cast(dict[str, Any], cards)) - {"trusted"}:
        raise UserError(f"`{path}`: `[cards]` takes only `trusted`", _WRITE)
    listed = cast(dict[str, Any], cards).get("trusted", [])
    if not isinstance(listed, list):
        raise UserError(f"`{path}`: `trusted` is a list of public keys", _WRITE)
    found: list[object] = [*cast("list[object]", listed)]
    for key in found:
        if not isinstance(key, str) or len(key) != 64 or not _DIGITS.issuperset(key):
            raise UserError(f"`{path}`: {str(key)[:80]!a} in `trusted` is no public key", _WRITE)
    return frozenset(str(key) for key in found)
