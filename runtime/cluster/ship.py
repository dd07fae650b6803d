"""What an episode needs on a node, named by a hash that the node can prove: bundles by their id, scripts by their bytes.

Each is sent to a node once, however many episodes need it, and stays there until the run ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

from pydantic import ValidationError

from clawc.runtime.bundle import Bundle, load
from clawc.runtime.cluster.messages import ModelOrder, Order
from clawc.runtime.cluster.parcel import Allowed, BadParcel, of_files
from clawc.runtime.engine.interface import Engine
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.capture import CAPTURE
from clawc.runtime.gateway.choice import ModelChoice
from clawc.runtime.harness.account import TRANSCRIPTS
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.harness.interface import Harness, ModelHarness
from clawc.runtime.harness.null import Null
from clawc.runtime.harness.oracle import Oracle
from clawc.runtime.harness.scripted import Scripted
from clawc.runtime.rollout import Episode
from clawc.runtime.scoring.bytecode import TRAJECTORY
from clawc.spec.bundle import MANIFEST

# Bytes of one message; a parcel that is longer goes in several.
PART_BYTES = 8 << 20
# What an attempt leaves, and how large a bundle may be.
ATTEMPT = Allowed(top=(TRAJECTORY, "verdict.json", "workspace", CAPTURE, TRANSCRIPTS))
BUNDLE = Allowed(entries=200_000, size=8 << 30, path=4_096)


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the name of its file."""

    file: str
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def script_of(harness: Harness) -> Script | None:
    """The file that an agent needs. Raises RuntimeFault R0706 for an agent that cannot be shipped."""
    if isinstance(harness, Scripted):
        return Script(harness.file, harness.data)
    if not isinstance(harness, Oracle | Null):
        _with_model(harness)
    return None


def order_of(episode: Episode) -> Order:
    """What a node is told of an attempt."""
    harness, script = episode.harness, script_of(episode.harness)
    agent, model = harness.name, None
    if script is not None:
        agent = "scripted"
    elif harness.endpoint != "none":
        agent, model = _with_model(harness)
    return Order(
        run_id=episode.run_id,
        bundle=episode.bundle.manifest.id,
        agent=agent,
        name=harness.name,
        script=None if script is None else script.sha256,
        model=model,
        index=episode.index,
        seed=episode.seed,
        attempt=episode.attempt,
    )


def _with_model(harness: Harness) -> tuple[str, ModelOrder]:
    """An agent that speaks to a model: its settings go along, calls come back. Raises RuntimeFault R0706."""
    from clawc.runtime.harness.loop.agent import Loop
    from clawc.runtime.harness.openclaw.agent import OpenClaw
    from clawc.runtime.harness.pi import Pi

    if not isinstance(harness, Loop | Pi | OpenClaw):
        raise RuntimeFault(
            "R0706", f"the agent `{harness.name}` cannot be sent to a cluster", "Run without --cluster on this machine."
        )
    kind = "loop" if isinstance(harness, Loop) else "pi" if isinstance(harness, Pi) else "openclaw"
    model = cast(ModelHarness, harness).model
    settings = harness.settings.model_dump_json()
    return kind, ModelOrder(model=model.model, settings=settings, rules=model.rules, caps=model.caps)


class Part(NamedTuple):
    """A message with a part of a parcel."""

    data: bytes
    last: bool


def bundle_parts(bundle: Bundle) -> Iterator[Part]:
    """Exactly the files that the id of the bundle covers: its card stays here. Raises RuntimeFault R0104 if they are no longer
    what was loaded."""
    sizes = {name: file.size for name, file in bundle.files.items()}
    try:
        sizes[MANIFEST] = (bundle.path / MANIFEST).stat().st_size
        yield from _parts(of_files(bundle.path, sizes).chunks())
    except (BadParcel, OSError) as error:
        help = "Build the bundle again; a bundle is never edited by hand."
        raise RuntimeFault("R0104", f"edited bundle: `{bundle.path}`: {error}", help) from error


def _parts(chunks: Iterable[bytes]) -> Iterator[Part]:
    held = bytearray()
    for chunk in chunks:
        if held and len(held) + len(chunk) > PART_BYTES:
            yield Part(bytes(held), False)
            held.clear()
        held += chunk
    yield Part(bytes(held), True)


def arrived_bundle(folder: Path, sha256: str) -> Bundle:
    """The bundle in a folder, proved to be the one of that id; raises RuntimeFault."""
    bundle = load(folder)
    if bundle.manifest.id != sha256:
        raise RuntimeFault("R0705", "another bundle has arrived than was announced")
    return bundle


def harness_of(order: Order, script: Path | None) -> Harness:
    """The agent of an order; `script` is the file that was shipped for it. Raises RuntimeFault."""
    if order.model is not None:
        harness = _speaking(order.agent, order.model)
    else:
        harness = harness_named(order.agent if script is None else f"scripted:{script}")
    if harness.name != order.name:
        raise RuntimeFault("R0705", f"the agent is `{harness.name}` here, not `{order.name}`")
    return harness


def _speaking(agent: str, model: ModelOrder) -> Harness:
    """Raises RuntimeFault R0705, and R0407 where the agent is not installed."""
    from clawc.runtime.harness.loop.agent import Loop
    from clawc.runtime.harness.loop.settings import LoopSettings
    from clawc.runtime.harness.openclaw.agent import OpenClaw
    from clawc.runtime.harness.openclaw.settings import OpenClawSettings
    from clawc.runtime.harness.pi import Pi, PiSettings

    def nowhere() -> Engine:
        raise AssertionError("the command has the engine")

    choice = ModelChoice(model.model, nowhere, model.rules, model.caps)
    try:
        if agent == "loop":
            return Loop(LoopSettings.model_validate_json(model.settings), choice)
        if agent == "pi":
            return Pi(PiSettings.model_validate_json(model.settings), choice)
        if agent == "openclaw":
            return OpenClaw(OpenClawSettings.model_validate_json(model.settings), choice)
    except ValidationError as error:
        raise RuntimeFault("R0705", f"the settings of the agent `{agent}` are none") from error
    raise RuntimeFault("R0705", f"there is no agent `{agent}` with a model here")
