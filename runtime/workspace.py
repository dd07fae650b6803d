"""The workspace as the agent first finds it, made from a bundle's inputs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.spec.bundle import WORKSPACE


def materialise(bundle: Bundle, dest: Path, without: tuple[str, ...] = ()) -> None:
    """Write the inputs into the empty folder `dest`, each verified as it is read, with their modes, and 0755 for
    folders, whatever the umask. Files and folders `without` are left out."""
    for file in bundle.manifest.workspace:
        if any(file.path == path or file.path.startswith(path + "/") for path in without):
            continue
        data = bundle.read(f"{WORKSPACE}/{file.path}")
        *folders, name = file.path.split("/")
        at = dest
        try:
            for folder in folders:
                at /= folder
                if not at.is_dir():
                    at.mkdir()
                    at.chmod(0o755)
            with open(at / name, "xb") as target:
                target.write(data)
        except (FileExistsError, NotADirectoryError) as error:
            raise RuntimeFault("R0103", f"the input `{file.path}` stands in the way of another one") from error
        (at / name).chmod(file.mode)
    for link in bundle.manifest.links:
        at = dest / link.path
        at.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        try:
            at.symlink_to(os.path.relpath(dest / link.to, at.parent))
        except FileExistsError as error:
            raise RuntimeFault("R0103", f"the link `{link.path}` stands in the way of an input") from error


@dataclass(frozen=True, slots=True)
class BundleTemplate:
    """A Template of a bundle's inputs, but for those `without`."""

    bundle: Bundle
    without: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        left_out = "".join(f"-{sha256(path.encode()).hexdigest()[:16]}" for path in sorted(set(self.without)))
        return self.bundle.manifest.id + left_out

    def write(self, dest: Path) -> None:
        materialise(self.bundle, dest, self.without)


@dataclass(frozen=True, slots=True)
class EmptyTemplate:
    """A Template without files."""

    key: str = "empty"

    def write(self, dest: Path) -> None:
        """Nothing is there."""
