"""Engines of models on this machine: **start here**."""

from __future__ import annotations

from pathlib import Path

from clawc.runtime.engine.local.chat import ChatOverTokens
from clawc.runtime.engine.local.smollm2 import smollm2
from clawc.runtime.engine.local.template import Template
from clawc.runtime.engine.local.transformers_engine import TransformersEngine
from clawc.runtime.engine.local.wire import Device, Dtype


def local_engine(
    folder: Path,
    *,
    device: Device = "auto",
    dtype: Dtype = "auto",
    adapter: Path | None = None,
    threads: int | None = None,
    context: int | None = None,
    graphs: bool = False,
) -> ChatOverTokens[TransformersEngine]:
    """An engine of the model in `folder`, which is loaded by `open`; see TransformersEngine. Raises RuntimeFault R0951 if a
    package is missing, R0952 if the folder has no model that was trained on ChatML."""
    template = Template.of(folder)
    tokens = TransformersEngine(
        folder,
        device=device,
        dtype=dtype,
        adapter=adapter,
        threads=threads,
        context=context,
        ends=(template.end,),
        graphs=graphs,
    )
    return ChatOverTokens(tokens, template, tokens.context)


def smollm2_engine(
    *,
    models: Path | None = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    adapter: Path | None = None,
    threads: int | None = None,
    context: int | None = None,
) -> ChatOverTokens[TransformersEngine]:
    """The same of SmolLM2-135M-Instruct, which is fetched and converted first if need be, which takes seconds; see `smollm2`."""
    folder = smollm2(models)
    return local_engine(folder, device=device, dtype=dtype, adapter=adapter, threads=threads, context=context)
