"""`clawc keys`."""

from __future__ import annotations

from pathlib import Path

from clawc import exits
from clawc.commands.faults import user_errors
from clawc.exits import UserError


def keys_command(verb: str, path: Path) -> int:
    """`new` makes a private key in a new file, `show` reads one; both print the public key."""
    if verb not in ("new", "show"):
        raise UserError(f"`clawc keys {verb}` is unknown", "write `clawc keys new FILE` or `clawc keys show FILE`")
    from clawc.runtime.selftest.signature import new_key, private_key, public_key

    with user_errors():
        print(new_key(path) if verb == "new" else public_key(private_key(path)))
    return exits.OK
