"""Which judge it is: a name that changes with all that verdicts follow from beside rubric and evidence."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from clawc.runtime.engine.interface import Sampling
from clawc.runtime.engine.settings import EngineSettings
from clawc.runtime.gateway.choice import ModelChoice
from clawc.runtime.judge.judge import JUDGE_VERSION

# What says how a model is reached, not what it says.
_AROUND = {"key_env", "connect_s", "first_s", "idle_s", "price", "rate", "patience", "limits", "sampling"}


def judge_sampling(choice: ModelChoice) -> Sampling:
    """How a judge's tokens are drawn: as its settings say, at temperature 0 unless they say another one."""
    pinned = choice.rules.pinned
    temperature = 0.0 if pinned.temperature is None else pinned.temperature
    return replace(pinned, temperature=temperature, max_tokens=choice.rules.max_tokens)


def identity_of(choice: ModelChoice, tries: int, name: str, engines: Mapping[str, EngineSettings], root: Path) -> str:
    """The model's name, and a digest of its settings, the sampling, the tries and the version of the judge. `name` is what the
    command line calls the model; paths of its settings are relative to `root`."""
    sampling = judge_sampling(choice)
    drawn = [[field, getattr(sampling, field)] for field in Sampling.__slots__]
    settings = engines.get(name)
    fields = _settings(settings, root) if settings is not None else []
    kind, _, rest = name.partition(":")
    if settings is None and kind == "local":
        fields = _folder(Path(rest))
    text = json.dumps([JUDGE_VERSION, tries, choice.model, drawn, fields], sort_keys=True)
    return f"{choice.model}#{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _settings(settings: EngineSettings, root: Path) -> list[object]:
    dumped: dict[str, object] = settings.model_dump(mode="json", exclude=_AROUND | {"upstreams"})
    upstreams = [each.model_dump(mode="json", exclude=_AROUND) for each in settings.upstreams]
    folders = [_folder(root / folder) for folder in (settings.folder, settings.adapter) if folder]
    return [dumped, upstreams, folders]


def _folder(path: Path) -> list[object]:
    """The files of a model on this machine, by their sizes and times: weights are large."""
    found: list[object] = []
    with suppress(OSError):
        with os.scandir(path) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        for entry in listed:
            at = entry.stat()
            found.append([entry.name, at.st_size, at.st_mtime_ns])
    return found
