"""What tests ask of the engine beside what the code under test does."""

from __future__ import annotations

import io
import json
import secrets
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from clawc.runtime.bundle import Bundle, load
from clawc.runtime.images import api
from clawc.runtime.images.gather import Entry
from clawc.runtime.images.layer import write_layer
from tests.runtime.conftest import build_bundle

if TYPE_CHECKING:
    from docker import APIClient


@dataclass(frozen=True, slots=True)
class Engine:
    """A client, and calls with the SDK's own shapes."""

    client: APIClient

    def run(self, image: str, argv: Sequence[str], user: str = "") -> tuple[int, str]:
        """Exit status and output of a program in a container without network."""
        calls: Any = self.client
        made: str = calls.create_container(
            image, list(argv), user=user, host_config=calls.create_host_config(network_mode="none", init=True)
        )["Id"]
        try:
            calls.start(made)
            status: int = calls.wait(made)["StatusCode"]
            return status, cast("bytes", calls.logs(made)).decode()
        finally:
            calls.remove_container(made, force=True)

    def hold(self, image: str) -> str:
        """A container that never runs."""
        calls: Any = self.client
        return cast("str", calls.create_container(image, ["x"])["Id"])

    def let_go(self, container: str) -> None:
        calls: Any = self.client
        calls.remove_container(container, force=True)

    def inspect(self, image: str) -> dict[str, Any]:
        found = api.inspect(self.client, image)
        assert found is not None
        return found

    def has(self, image: str) -> bool:
        return api.inspect(self.client, image) is not None

    def forget(self, *images: str) -> None:
        for one in images:
            api.remove(self.client, one)

    def layers(self, image: str) -> list[dict[str, bytes]]:
        """The files of each layer of an image by their path; links and folders hold nothing."""
        data = io.BytesIO(b"".join(api.export(self.client, image)))
        with tarfile.open(fileobj=data) as tar:

            def member(name: str) -> io.BytesIO:
                file = tar.extractfile(name)
                assert file is not None
                return io.BytesIO(file.read())

            names: list[str] = json.load(member("manifest.json"))[0]["Layers"]
            return [_files(member(name)) for name in names]


def _files(layer: io.BytesIO) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=layer) as tar:
        for one in tar:
            file = tar.extractfile(one) if one.isreg() else None
            found[one.name] = b"" if file is None else file.read()
    return found


def imported(engine: Engine, folder: Path, name: str, labels: Mapping[str, str]) -> str:
    """The id of a new image with one file and labels."""
    path = folder / f"{secrets.token_hex(4)}.tar"
    with open(path, "wb") as file:
        write_layer({"some": Entry(0o644, data=secrets.token_bytes(8))}, file)
    repository, tag = name.split(":")
    changes = [f'LABEL {key}="{value}"' for key, value in labels.items()]
    return api.import_tar(engine.client, path, repository, tag, ["CMD x", *changes])


def tiny_base(engine: Engine, folder: Path) -> str:
    name = f"somebody/base:{secrets.token_hex(6)}"
    imported(engine, folder, name, {"maker": "somebody"})
    return name


def some_bundle(folder: Path, *, env: Mapping[str, str] | None = None, **changes: Any) -> Bundle:
    """A bundle that no other test has: its inputs differ."""
    inputs = {"in/odd name $x.txt": secrets.token_hex(8)}
    return load(build_bundle(folder / secrets.token_hex(4), env=env, inputs=inputs, **changes))
