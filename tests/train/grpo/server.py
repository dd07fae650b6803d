"""vLLM's and SGLang's wire shapes over a real engine of a tiny model, on this machine's loopback interface and in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from clawc.runtime.engine.interface import Drawn, Sampling
from clawc.runtime.engine.local.build import local_engine
from clawc.runtime.engine.local.transformers_engine import TransformersEngine

Answer = Callable[[dict[str, Any]], object]
_VLLM_FIELDS = {
    "model", "prompt", "max_tokens", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "seed", "stop_token_ids", "logprobs",
    "return_token_ids", "stream",
}  # fmt: skip
_SGLANG_FIELDS = {
    "max_new_tokens", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "stop_token_ids", "skip_special_tokens",
}  # fmt: skip


@dataclass
class ModelServer:
    """`replies` stand, by path, for what would be answered: a body of status 200, or a response that `Answer` makes of what would be said.
    With `ignores` it says that it takes weights, and does not; `asked` are the paths of all calls but those for tokens,
    `taken` the folders of the weights that it was given."""

    engine: TransformersEngine
    url: str = ""
    ignores: bool = False
    missing: set[str] = field(default_factory=set[str])
    spoil: Answer | None = None
    replies: dict[str, web.Response | Callable[[], web.Response]] = field(default_factory=dict[str, Any])
    asked: list[str] = field(default_factory=list[str])
    taken: list[str] = field(default_factory=list[str])
    loop: asyncio.AbstractEventLoop | None = None
    calls: int = 0
    busy: int = 0
    weight_version: str = "default"
    adapters: dict[str, str] = field(default_factory=dict[str, str])

    async def handle(self, request: web.Request) -> web.Response:
        if request.path not in ("/v1/completions", "/generate"):
            self.asked.append(request.path)
            assert not self.busy, "weights are given while a call is in flight"
        if request.path in self.missing:
            return web.json_response({"detail": "Not Found"}, status=404)
        if (reply := self.replies.get(request.path)) is not None:
            return reply() if callable(reply) else reply
        doing: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "/v1/models": self._models, "/v1/completions": self._completions, "/collective_rpc": self._rpc,
            "/reset_prefix_cache": self._nothing, "/v1/load_lora_adapter": self._load_adapter,
            "/v1/unload_lora_adapter": self._unload_adapter, "/load_lora_adapter": self._load_adapter,
            "/unload_lora_adapter": self._unload_adapter, "/update_weights_from_disk": self._update, "/model_info": self._info,
            "/generate": self._generate,
        }  # fmt: skip
        body = json.loads(await request.text() or "{}")
        found: web.Response = await doing[request.path](body)
        return found

    async def _models(self, _: Mapping[str, Any]) -> web.Response:
        cards = [{"id": "served", "parent": None, "max_model_len": 2048}]
        cards += [{"id": name, "parent": "served", "max_model_len": None} for name in self.adapters]
        return web.json_response({"object": "list", "data": cards})

    async def _completions(self, body: Mapping[str, Any]) -> web.Response:
        assert body.keys() == _VLLM_FIELDS and body["model"] in ("served", *self.adapters)
        ids, logprobs, ended = await self._draw(body["prompt"], body["max_tokens"], body["temperature"], body["seed"])
        choice = {
            "index": 0, "text": "?", "finish_reason": ended, "token_ids": ids, "prompt_token_ids": body["prompt"],
            "logprobs": {"token_logprobs": logprobs, "tokens": ["?"] * len(ids), "top_logprobs": None, "text_offset": []},
        }  # fmt: skip
        return self._spoilt({"object": "text_completion", "model": body["model"], "choices": [choice]})

    async def _generate(self, body: Mapping[str, Any]) -> web.Response:
        asked = body["sampling_params"]
        assert asked.keys() == _SGLANG_FIELDS and body["return_logprob"] is True
        assert body.get("lora_path", "") in ("", *self.adapters)
        ids, logprobs, ended = await self._draw(
            body["input_ids"], asked["max_new_tokens"], asked["temperature"], self.calls
        )
        about = {
            "finish_reason": {"type": ended, "length": len(ids)}, "prompt_tokens": len(body["input_ids"]),
            "output_token_logprobs": [[value, number, None] for number, value in zip(ids, logprobs, strict=True)],
            "weight_version": self.weight_version,
        }  # fmt: skip
        return self._spoilt({"text": "?", "output_ids": ids, "meta_info": about})

    async def _draw(
        self, prompt: list[int], most: int, temperature: float, seed: int
    ) -> tuple[list[int], list[float], str]:
        self.calls += 1
        self.busy += 1
        try:
            sampling = Sampling(max_tokens=most, temperature=temperature, top_p=1.0, top_k=0, seed=seed)
            drawn: list[Drawn] = [some async for some in self.engine.generate(prompt, sampling)]
        finally:
            self.busy -= 1
        ids = [number for some in drawn for number in some.ids]
        return ids, [value for some in drawn for value in some.logprobs], drawn[-1].finish or "?"

    def _spoilt(self, said: dict[str, Any]) -> web.Response:
        found = said if self.spoil is None else self.spoil(said)
        return found if isinstance(found, web.Response) else web.json_response(found)

    async def _rpc(self, body: Mapping[str, Any]) -> web.Response:
        assert body["method"] == "reload_weights"
        await self._take(body["kwargs"]["weights_path"])
        return web.json_response({"results": [None]})

    async def _update(self, body: Mapping[str, Any]) -> web.Response:
        await self._take(body["model_path"])
        self.weight_version = body["weight_version"]
        return web.json_response({"success": True, "message": "Succeeded", "num_paused_requests": 0})

    async def _load_adapter(self, body: Mapping[str, Any]) -> web.Response:
        assert body["lora_name"] not in self.adapters
        self.adapters[body["lora_name"]] = body["lora_path"]
        if not self.ignores:
            await self.engine.load_adapter(Path(body["lora_path"]))
        return web.Response(text="Success: LoRA adapter added successfully.")

    async def _unload_adapter(self, body: Mapping[str, Any]) -> web.Response:
        known = self.adapters.pop(body["lora_name"], None) is not None
        return web.Response(text="Success" if known else "unknown", status=200 if known else 404)

    async def _info(self, _: Mapping[str, Any]) -> web.Response:
        return web.json_response({"model_path": "?", "weight_version": self.weight_version})

    async def _nothing(self, _: Mapping[str, Any]) -> web.Response:
        return web.Response()

    async def _take(self, folder: str) -> None:
        self.taken.append(folder)
        if not self.ignores:
            await self.engine.load(Path(folder))


@contextmanager
def serving(model: Path) -> Generator[ModelServer]:
    """A server of the model in the folder."""
    server = ModelServer(local_engine(model, device="cpu", dtype="float32").tokens)
    ready, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        server.loop = asyncio.get_running_loop()
        await server.engine.open()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", server.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        await asyncio.to_thread(stop.wait)
        await runner.cleanup()
        await server.engine.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        assert ready.wait(120)
        yield server
    finally:
        stop.set()
        thread.join(20)
