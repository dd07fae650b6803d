"""The engine's calls about images, with types: the SDK has none. The one place that knows the shape of its answers.

What it refuses becomes SandboxUnavailable, with what the engine said.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

from clawc.runtime.errors import SandboxUnavailable

if TYPE_CHECKING:
    from docker import APIClient

# Labels of all that is ours. KEY is there on images of this machine alone, BUNDLE on those of bundles.
KIND, KEY, PROGRAMS = "clawc.kind", "clawc.key", "clawc.programs"
BUNDLE, TASK, BASE, RECIPE = "clawc.bundle", "clawc.task", "clawc.base", "clawc.recipe"
HOST_KIND, BUNDLE_KIND = "host", "bundle"


@dataclass(frozen=True, slots=True)
class Image:
    """An image of the engine; `size` in bytes, `created` in seconds since 1970; `parent` is the id of what it was built upon, or
    empty."""

    id: str
    tags: tuple[str, ...]
    labels: Mapping[str, str]
    size: int
    created: int
    parent: str = ""


class _Calls(Protocol):
    """What of the SDK's client is used here."""

    def images(self, *, all: bool, filters: Mapping[str, object]) -> list[dict[str, object]]: ...
    def inspect_image(self, image: str) -> dict[str, object]: ...
    def import_image(self, *, src: str, repository: str, tag: str, changes: Sequence[str]) -> str: ...
    def build(self, *, fileobj: IO[bytes], custom_context: bool, tag: str, pull: bool, rm: bool, forcerm: bool, network_mode: str,
              nocache: bool, buildargs: Mapping[str, str], decode: bool, timeout: int | None) -> Iterable[dict[str, object]]: ...  # fmt: skip
    def get_image(self, image: str) -> Iterable[bytes]: ...
    def load_image(self, data: IO[bytes]) -> Iterable[dict[str, object]] | None: ...
    def remove_image(self, image: str, *, force: bool, noprune: bool) -> object: ...
    def tag(self, image: str, repository: str, tag: str) -> bool: ...
    def containers(self, *, all: bool) -> list[dict[str, object]]: ...


def _calls(client: APIClient) -> _Calls:
    return cast("_Calls", client)


@contextmanager
def engine_errors(what: str) -> Generator[None]:
    """Turns what the engine or the way to it fails with into SandboxUnavailable: `what` says what could not be done."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (DockerException, RequestException, HTTPError) as error:
        raise refused(what, str(getattr(error, "explanation", None) or error)) from error


def refused(what: str, said: str) -> SandboxUnavailable:
    """What the engine said, and what to do about it."""
    said = " ".join(said.split())[:500]
    if "no space left" in said.lower() or "disk quota" in said.lower():
        help = (
            "Free space where the engine keeps its images (`docker info` says where); `clawc image prune` removes ours."
        )
    elif "timed out" in said.lower() or "connection" in said.lower():
        help = "See whether the engine still runs: `docker info`."
    else:
        help = "See `docker info` and the engine's log."
    return SandboxUnavailable(f"the Docker engine {what}: {said}", help)


def find_images(client: APIClient, labels: Mapping[str, str | None], *, all: bool = False) -> list[Image]:
    """Images that carry the labels (None: whatever the value), the oldest first."""
    wanted = [name if value is None else f"{name}={value}" for name, value in labels.items()]
    with engine_errors("does not list its images"):
        found = _calls(client).images(all=all, filters={"label": wanted})
    images = [_image(one) for one in found]
    return sorted(images, key=lambda one: (one.created, one.id))


def _image(one: Mapping[str, object]) -> Image:
    tags = cast("list[str] | None", one.get("RepoTags")) or []
    return Image(
        str(one["Id"]),
        tuple(sorted(tag for tag in tags if tag != "<none>:<none>")),
        cast("dict[str, str] | None", one.get("Labels")) or {},
        int(cast("int", one.get("Size", 0))),
        int(cast("int", one.get("Created", 0))),
        str(one.get("ParentId", "")),
    )


def inspect(client: APIClient, reference: str) -> dict[str, object] | None:
    """All that the engine says about an image that is there; None if it is not."""
    from docker.errors import NotFound, NullResource

    with engine_errors(f"does not tell about the image `{reference}`"):
        try:
            return _calls(client).inspect_image(reference)
        except (NotFound, NullResource):
            return None


def labels_of(found: Mapping[str, object]) -> dict[str, str]:
    """The labels of an inspected image."""
    config = cast("dict[str, object] | None", found.get("Config")) or {}
    return cast("dict[str, str] | None", config.get("Labels")) or {}


def volumes_of(found: Mapping[str, object]) -> frozenset[str]:
    """The paths for which an inspected image declares volumes."""
    config = cast("dict[str, object] | None", found.get("Config")) or {}
    return frozenset(map(posixpath.normpath, cast("dict[str, object] | None", config.get("Volumes")) or ()))


def import_tar(client: APIClient, tar: Path, repository: str, tag: str, changes: Sequence[str]) -> str:
    """The id of a new image with the tar as its one layer; `changes` are lines of a Dockerfile."""
    what = f"does not take the image `{repository}:{tag}`"
    with engine_errors(what):
        answer = _calls(client).import_image(src=str(tar), repository=repository, tag=tag, changes=changes)
    return _imported(what, (json.loads(line) for line in answer.splitlines() if line.strip()))


def _imported(what: str, lines: Iterable[Mapping[str, object]]) -> str:
    last = ""
    for line in _checked(what, lines):
        last = str(line.get("status", last))
    if not last.startswith("sha256:"):
        raise refused(what, last or "it answers nothing")
    return last


def _checked(what: str, lines: Iterable[Mapping[str, object]]) -> Iterator[Mapping[str, object]]:
    for line in lines:
        if "error" in line:
            raise refused(what, str(line["error"]))
        yield line


def build(client: APIClient, context: IO[bytes], tag: str, arguments: Mapping[str, str]) -> str:
    """Builds the Dockerfile in the tar `context`, without network and without asking a registry for anything; `arguments` are for
    its ARG. The id of the image."""
    what = f"does not build `{tag}`"
    said: list[str] = []
    built = ""
    with engine_errors(what):
        lines = _calls(client).build(
            fileobj=context, custom_context=True, tag=tag, pull=False, rm=True, forcerm=True, network_mode="none",
            nocache=False, buildargs=arguments, decode=True, timeout=None,
        )  # fmt: skip
        for line in _checked(what, lines):
            said.append(str(line.get("stream", "")))
            aux = line.get("aux")
            if isinstance(aux, dict):
                built = str(cast("dict[str, object]", aux).get("ID", built))
    if not built:
        raise refused(what, "".join(said)[-300:] or "it answers nothing")
    return built


def export(client: APIClient, reference: str) -> Iterator[bytes]:
    """The archive of an image, as `docker save` makes it, in pieces."""
    with engine_errors(f"does not save the image `{reference}`"):
        yield from _calls(client).get_image(reference)


def load(client: APIClient, archive: IO[bytes]) -> str:
    """Takes in an archive; what the engine said."""
    what = "does not load the archive"
    with engine_errors(what):
        lines = _calls(client).load_image(archive) or ()
        return "".join(str(line.get("stream", "")) for line in _checked(what, lines))


def add_tag(client: APIClient, image: str, repository: str, tag: str) -> None:
    """Gives an image a further name, which another one may have had."""
    with engine_errors(f"does not name an image `{repository}:{tag}`"):
        _calls(client).tag(image, repository, tag)


def remove(client: APIClient, reference: str) -> bool:
    """Removes an image, or one name of it; False if it is in use. One that is gone is removed, whoever did it."""
    from docker.errors import APIError

    with engine_errors(f"does not remove the image `{reference}`"):
        try:
            _calls(client).remove_image(reference, force=False, noprune=False)
        except APIError as error:
            if error.status_code not in (404, 409):
                raise
            return bool(error.status_code == 404)
    return True


def images_in_use(client: APIClient) -> frozenset[str]:
    """The ids of images that a container is made of, whether it runs or not."""
    with engine_errors("does not list its containers"):
        return frozenset(str(one.get("ImageID", "")) for one in _calls(client).containers(all=True))
