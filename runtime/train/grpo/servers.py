"""An external vLLM or SGLang server as what plays. It reads the trainer's weights from the folder that they are written to.

After each sync one token is drawn, so that a server which is not exact, or has other weights than it says, plays nothing.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from clawc.runtime.engine.answers import said_in
from clawc.runtime.engine.exchange import KEY, Exchange
from clawc.runtime.engine.interface import EngineFailure, Sampling
from clawc.runtime.engine.local.chat import ChatOverTokens
from clawc.runtime.engine.local.template import Template
from clawc.runtime.engine.pool import Pool, Upstream
from clawc.runtime.engine.token_server import NOT_EXACT, Held, Served, TokenServer
from clawc.runtime.engine.untyped import listing, mapping, shown
from clawc.runtime.errors import RuntimeFault

_CONTEXT = 8192  # of a model whose configuration does not say
_LOAD_S = 1800.0
_ASK_S = 60.0
_GO_ON = "nothing is lost: go on with `--resume`"
# What a server has to be started with, by what it lacks.
_VLLM = "give the address of a vLLM server"
_DEVELOPMENT = "start vLLM with VLLM_SERVER_DEV_MODE=1 in its environment"
_ADAPTERS = {
    "vllm": "start vLLM with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True in its environment, and `--enable-lora --max-lora-rank`",
    "sglang": "start SGLang with `--enable-lora`, `--max-lora-rank` and `--lora-target-modules`",
}
_EXACT = {"vllm": "take vLLM 0.10.2 or later", "sglang": "take an SGLang whose `/generate` knows `return_logprob`"}


class ServerWeights:
    """Weights of a server that somebody else has started with a model of the shape and the tokens of the one in `model`. `out` is the folder
    of the training, which the server finds at `seen`, or at the same place. With `adapters` it gets adapters of LoRA."""

    def __init__(self, model: Path, served: Served, *, adapters: bool, out: Path, seen: str = "") -> None:
        """Raises RuntimeFault R0951 and R0952."""
        template = Template.of(model)
        config = _json(model / "config.json")
        self._server = TokenServer(
            served, vocabulary=_count(config.get("vocab_size")) or 1 << 31, ends=(template.end, *_ends(model, config))
        )
        made_for = _count(config.get("max_position_embeddings")) or _CONTEXT
        self._chat = ChatOverTokens(self._server, template, made_for)
        self.engine = Pool(self._server.name, [Upstream(self._chat)])
        self._served = served
        self._adapters = adapters
        self._out = out.absolute()
        self._seen = seen
        self._probe = template.encode("A")[:1]
        self._mark = secrets.token_hex(4)  # tells the names of this start from those of any other
        self._adapter = ""

    @property
    def version(self) -> int:
        """That of the weights that the server was given; -1 if it has others."""
        return -1 if self._server.held is None else self._server.held.version

    async def load(self, folder: Path, version: int) -> None:
        """See Weights. Raises RuntimeFault R0998 if the server does not take them; it answers no call then."""
        await self._server.open()
        async with self._server.alone():
            try:
                held = await self._sync(self._place(folder), version)
                await self._server.draw(held, self._probe, Sampling(max_tokens=1, temperature=1.0, seed=0))
            except EngineFailure as failure:
                message = f"`{self._served.where}` cannot play with the weights of version {version}: {failure.message}"
                what = _EXACT[self._served.kind] if NOT_EXACT in failure.message else "see whether it runs, and its log"
                raise RuntimeFault("R0998", message, f"{what}; {_GO_ON}") from failure
            self._server.held = held

    async def close(self) -> None:
        """Ends the calls that are in flight; the server runs on."""
        await self._server.close()

    async def _sync(self, place: str, version: int) -> Held:
        label = f"clawc-{self._mark}-{version}"
        exchange = self._server.exchange
        if self._served.kind == "vllm":
            base, longest = await _vllm_model(exchange)
            if longest is not None:
                self._chat.context = min(self._chat.context, longest)
            if not self._adapters:
                await _vllm_weights(exchange, place)
                return Held(version, model=base)
            await self._change_adapter("/v1", label, place)
            await _vllm_has(exchange, label)
            return Held(version, model=label)
        if not self._adapters:
            await _sglang_weights(exchange, place, label)
            return Held(version, label=label)
        await self._change_adapter("", label, place)
        return Held(version, adapter=label)

    async def _change_adapter(self, prefix: str, label: str, place: str) -> None:
        exchange, needs = self._server.exchange, _ADAPTERS[self._served.kind]
        before, self._adapter = self._adapter, label
        if before:
            # A server that was started anew has none to take away.
            await exchange.ask("POST", f"{prefix}/unload_lora_adapter", {"lora_name": before}, _LOAD_S)
        body = {"lora_name": label, "lora_path": place}
        _succeeded(exchange, await _said(exchange, "POST", f"{prefix}/load_lora_adapter", body, needs, _LOAD_S))

    def _place(self, folder: Path) -> str:
        """Where the server finds the folder."""
        inside = folder.absolute()
        return str(PurePosixPath(self._seen) / inside.relative_to(self._out)) if self._seen else str(inside)


async def _vllm_model(exchange: Exchange) -> tuple[str, int | None]:
    """The name of the model, adapters left aside, and how many tokens it takes."""
    cards = [
        mapping(card) for card in listing(_object(await _said(exchange, "GET", "/v1/models", None, _VLLM)).get("data"))
    ]
    base = next((card for card in cards if isinstance(card.get("id"), str) and not card.get("parent")), None)
    if base is None:
        raise EngineFailure("broken", "`/v1/models` names no model")
    return str(base["id"]), _count(base.get("max_model_len"))


async def _vllm_has(exchange: Exchange, name: str) -> None:
    found = _object(await _said(exchange, "GET", "/v1/models", None, _VLLM))
    if name not in [mapping(card).get("id") for card in listing(found.get("data"))]:
        raise EngineFailure("broken", f"`/v1/models` does not name `{name}`, which it was given")


async def _vllm_weights(exchange: Exchange, place: str) -> None:
    reload: dict[str, object] = {"method": "reload_weights", "kwargs": {"weights_path": place}}
    needs = f"{_DEVELOPMENT}; its `reload_weights` has to know `weights_path`, which that of 0.12 does not"
    await _said(exchange, "POST", "/collective_rpc", reload, needs, _LOAD_S)
    await _said(exchange, "POST", "/reset_prefix_cache", None, _DEVELOPMENT)


async def _sglang_weights(exchange: Exchange, place: str, label: str) -> None:
    body = {"model_path": place, "weight_version": label}
    needs = "take an SGLang that has it"
    _succeeded(exchange, await _said(exchange, "POST", "/update_weights_from_disk", body, needs, _LOAD_S))
    reply = await exchange.ask("GET", "/model_info", None, _ASK_S)
    if reply.status == 404:
        reply = await exchange.ask("GET", "/get_model_info", None, _ASK_S)
    told = mapping(reply.object()).get("weight_version") if reply.status == 200 else None
    if told is not None and told != label:
        raise EngineFailure("broken", f"it has the weights `{shown(str(told))[:100]}`, and was given `{label}`")


async def _said(
    exchange: Exchange, method: Literal["GET", "POST"], path: str, body: Mapping[str, object] | None, needs: str, wait_s: float = _ASK_S
) -> bytes:  # fmt: skip
    """The body of an answer of status 200. Raises EngineFailure, and RuntimeFault R0998 for any other answer."""
    reply = await exchange.ask(method, path, body, wait_s)
    if reply.status == 200:
        return reply.body
    where = exchange.where
    if reply.status in (404, 405):
        raise RuntimeFault("R0998", f"`{where}` has no `{path}`", f"{needs}; {_GO_ON}")
    if reply.status in (401, 403):
        raise RuntimeFault("R0998", f"`{where}` refuses the key for `{path}`", f"export {KEY}=…; {_GO_ON}")
    if 300 <= reply.status < 400:
        raise RuntimeFault("R0998", f"`{where}` sends `{path}` elsewhere", f"give the address of the server itself; {_GO_ON}")  # fmt: skip
    said = said_in(reply.body)
    message = f"`{where}` answers `{path}` with HTTP {reply.status}" + (f": {said}" if said else "")
    help = f"see whether it can read the folder of the training (`--served-out`), and its log; {needs}; {_GO_ON}"
    raise RuntimeFault("R0998", message, help)


def _succeeded(exchange: Exchange, body: bytes) -> None:
    """Raises RuntimeFault R0998 for an answer of status 200 that says that nothing was done."""
    try:
        found = mapping(json.loads(body))
    except (ValueError, RecursionError):  # vLLM says it in words
        return
    if found.get("success") is False or found.get("error"):
        message = f"`{exchange.where}` does not take the weights: {said_in(body)}"
        raise RuntimeFault("R0998", message, f"see whether it can read the folder of the training; {_GO_ON}")


def _object(body: bytes) -> Mapping[str, object]:
    try:
        return mapping(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise EngineFailure("broken", "an answer that is no JSON") from error


def _ends(model: Path, config: Mapping[str, object]) -> Sequence[int]:
    """The tokens that end an answer of the model."""
    generation = model / "generation_config.json"
    found: list[int] = []
    for settings in (config, *([_json(generation)] if generation.is_file() else [])):
        ends = settings.get("eos_token_id")
        found += [each for each in (listing(ends) or [ends]) if isinstance(each, int)]
    return found


def _json(file: Path) -> Mapping[str, object]:
    try:
        return mapping(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        help = "give a folder as transformers saves it"
        raise RuntimeFault("R0952", f"`{file}` cannot be read: {error}", help) from error


def _count(found: object) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None
