"""From a model's name on a command line to the choice of it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from clawc.runtime.engine.cassette import Recording, Replaying
from clawc.runtime.engine.http import HttpEngine, Server
from clawc.runtime.engine.interface import Engine, Sampling
from clawc.runtime.engine.pool import Pool, Upstream
from clawc.runtime.engine.scripted import ScriptedEngine
from clawc.runtime.engine.settings import EngineSettings
from clawc.runtime.engine.untyped import shown
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.choice import ModelChoice
from clawc.runtime.gateway.limits import Caps
from clawc.runtime.gateway.line import Rules

SMOLLM2 = "smollm2"
_HELP = (
    "A model is a name from `[engine]` in claw.toml, `smollm2`, `local:FOLDER`, `scripted:FILE`, `cassette:FILE`, or "
    "`http://HOST:PORT/v1#MODEL`."
)
_KEY = "CLAWC_API_KEY"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a command line says of a model beside its name; it holds over what a file says."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    calls: int | None = None
    budget: Decimal | None = None
    record: Path | None = None
    engines: Mapping[str, EngineSettings] = field(default_factory=dict[str, EngineSettings])
    root: Path = field(default_factory=Path)


def model_named(name: str, wishes: Wishes) -> ModelChoice:
    """Raises RuntimeFault R0970 for a name that stands for no model."""
    settings = wishes.engines.get(name)
    called, make = _of_settings(name, settings, wishes.root) if settings is not None else _of_name(name)
    sampling = settings.sampling.sampling() if settings is not None else Sampling()
    caps = Caps(**settings.limits.model_dump()) if settings is not None else Caps()
    pinned = dataclasses.replace(
        sampling,
        temperature=sampling.temperature if wishes.temperature is None else wishes.temperature,
        top_p=sampling.top_p if wishes.top_p is None else wishes.top_p,
    )
    most = wishes.max_tokens or sampling.max_tokens or Rules().max_tokens
    if wishes.calls is not None:
        caps = dataclasses.replace(caps, calls=wishes.calls)
    record = wishes.record
    return ModelChoice(
        called,
        make if record is None else lambda: Recording(make(), record),
        Rules(pinned=dataclasses.replace(pinned, max_tokens=None), max_tokens=most),
        caps,
        wishes.budget,
    )


def _of_name(name: str) -> tuple[str, Callable[[], Engine]]:
    kind, _, rest = name.partition(":")
    if kind == "scripted" and rest:
        scripted = ScriptedEngine.of_file(Path(rest))
        return scripted.name, lambda: ScriptedEngine.of_file(Path(rest))
    if kind == "cassette" and rest:
        return Replaying(Path(rest)).name, lambda: Replaying(Path(rest))
    if name == SMOLLM2:
        return SMOLLM2, _smollm2
    if kind == "local" and rest:
        return f"local:{Path(rest).name}", lambda: _local(Path(), EngineSettings(kind="local", folder=rest))
    if kind in ("http", "https"):
        return _of_url(name)
    raise RuntimeFault("R0970", f"unknown model `{shown(name)}`", _HELP)


def _of_url(name: str) -> tuple[str, Callable[[], Engine]]:
    url, _, model = name.partition("#")
    try:
        parts = urlsplit(url)
        port = parts.port  # which is read only now
    except ValueError:
        parts, port = urlsplit(""), None
    wrong = not parts.hostname or parts.username or parts.password or parts.query or port == 0
    if wrong or not model or not name.isprintable():
        raise RuntimeFault(
            "R0970", "the address of a model is `http://HOST:PORT/v1#MODEL`, without a key", f"Put a key into {_KEY}."
        )
    key = _KEY if os.environ.get(_KEY) else ""
    return f"{model}({parts.netloc})", lambda: Pool(model, [Upstream(HttpEngine(Server(url, model, key)))])


def _of_settings(name: str, settings: EngineSettings, root: Path) -> tuple[str, Callable[[], Engine]]:
    if settings.kind == "scripted":
        return _of_name(f"scripted:{root / settings.file}")
    if settings.kind == "cassette":
        return _of_name(f"cassette:{root / settings.file}")
    if settings.kind == "local":
        return f"{name}:{Path(settings.folder).name}", lambda: _local(root, settings)
    upstreams = settings.all_upstreams()
    models = "+".join(dict.fromkeys(upstream.model for upstream in upstreams))

    def make() -> Engine:
        made = [Upstream(HttpEngine(each.server()), each.charged(), each.bounds()) for each in upstreams]
        return Pool(name, made, settings.patience.patience())

    return name if models == name else f"{name}:{models}", make


def _smollm2() -> Engine:
    from clawc.runtime.engine.local import smollm2_engine

    return smollm2_engine()


def _local(root: Path, settings: EngineSettings) -> Engine:
    """The model of a folder; paths are relative to `root`."""
    from clawc.runtime.engine.local import local_engine

    folder, adapter = root / settings.folder, root / settings.adapter if settings.adapter else None
    return local_engine(folder, device=settings.device, dtype=settings.dtype, adapter=adapter, graphs=settings.graphs)
