"""Which images of the engine are ours, and their removal.

Ours is what has our label and no name but ours: labels are inherited by what others build upon an image of ours, and what they have
named is theirs. What a container is made of stays, and so does all that another image is built upon.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawc.runtime.images import api
from clawc.runtime.images.api import Image

if TYPE_CHECKING:
    from docker import APIClient

_NAMES = "clawc/"
_SETTLED_S = 600


@dataclass(frozen=True, slots=True)
class Pruned:
    """`used` are those that a container or another image needs."""

    removed: tuple[Image, ...]
    used: tuple[Image, ...]


def our_images(client: APIClient) -> list[Image]:
    """All images of ours that have a name, the oldest first. Raises SandboxUnavailable."""
    return [one for one in api.find_images(client, {api.KIND: None}) if one.tags and _ours(one)]


def prune(
    client: APIClient, keep: Collection[str] = (), only: Mapping[str, str] | None = None, settled_s: float = _SETTLED_S
) -> Pruned:
    """Removes our images that nothing uses, but for the ids in `keep`, and those without the labels `only`; also what is left of
    builds that were so long ago that they have ended. Raises SandboxUnavailable."""
    found = {one.id: one for one in api.find_images(client, {api.KIND: None}, all=True)}
    needed = {*keep, *api.images_in_use(client), *(one.id for one in found.values() if not _ours(one))}
    for one in list(needed):
        needed |= _below(one, found)
    waiting = [
        one
        for one in reversed(found.values())
        if one.id not in needed
        and (only or {}).items() <= one.labels.items()
        and (one.tags or one.created <= time.time() - settled_s)
    ]
    removed: list[Image] = []
    while waiting:
        # The name of what another one is built upon would be taken away, and the image stay.
        below = set[str]().union(*(_below(one.id, found) for one in waiting))
        tops = [one for one in waiting if one.id not in below]
        gone = [one for one in tops if _remove(client, one)]
        removed += gone
        stay = set[str]().union(*(_below(one.id, found) for one in tops if one not in gone))
        waiting = [one for one in waiting if one not in tops and one.id not in stay]
    there = {one.id for one in api.find_images(client, {api.KIND: None}, all=True)}
    used = [
        one for one in found.values() if one.tags and _ours(one) and one.id in there & needed and one.id not in keep
    ]
    return Pruned(tuple(one for one in removed if one.tags), tuple(used))


def _below(image: str, found: dict[str, Image]) -> set[str]:
    """The ids of all that an image is built upon."""
    below: set[str] = set()
    while image in found:
        base = found[image].labels.get(api.BASE, "") if found[image].labels.get(api.KIND) == api.BUNDLE_KIND else ""
        below.add(base)
        image = found[image].parent
        below.add(image)
    return below - {""}


def _ours(image: Image) -> bool:
    return all(tag.startswith(_NAMES) for tag in image.tags)


def _remove(client: APIClient, image: Image) -> bool:
    """By its names, or by its id where it has none: an id with several names is refused."""
    gone = [api.remove(client, name) for name in image.tags or (image.id,)]
    return all(gone)
