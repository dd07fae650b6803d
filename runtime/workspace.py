"""The workspace as the agent first finds it, made from a bundle's inputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.spec.bundle import WORKSPACE


def materialise(bundle: Bundle, dest: Path) -> None:
    """Write the inputs into the empty folder `dest`, each verified as it is read, with modes 0644, 0755
    and 0755 for folders whatever the umask."""
    for file in bundle.manifest.workspace:
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


@dataclass(frozen=True, slots=True)
class BundleTemplate:
    """A Template of a bundle's inputs."""

    bundle: Bundle

    @property
    def key(self) -> str:
        return self.bundle.manifest.id

    def write(self, dest: Path) -> None:
        materialise(self.bundle, dest)
