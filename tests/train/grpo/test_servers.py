"""What a server may answer, and what becomes of it: weights that it does not take, answers that are none, and calls on their way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.engine.exchange import KEY
from clawc.runtime.engine.interface import ChatRequest, Drawn, EngineFailure, Piece, Sampling
from clawc.runtime.engine.local.packages import TOKENS, WORKER
from clawc.runtime.engine.token_server import ServerKind, served_at
from clawc.runtime.errors import RuntimeFault
from tests.engine_local.conftest import skip_without

skip_without("aiohttp", extra="gateway")
skip_without(*TOKENS, *WORKER)

from aiohttp import web  # noqa: E402

from clawc.runtime.train.grpo.servers import ServerWeights  # noqa: E402
from tests.train.grpo.server import ModelServer, serving  # noqa: E402

GREEDY = Sampling(max_tokens=6, temperature=0.0, seed=1)
KINDS: tuple[ServerKind, ...] = ("vllm", "sglang")
Spoil = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def running(tiny_model: Path) -> Iterator[ModelServer]:
    with serving(tiny_model) as found:
        yield found


@pytest.fixture
def server(running: ModelServer) -> Iterator[ModelServer]:
    running.asked.clear()
    running.adapters.clear()
    running.taken.clear()
    running.weight_version = "default"
    yield running
    running.spoil, running.ignores = None, False
    running.replies.clear()
    running.missing.clear()


@asynccontextmanager
async def weights(
    server: ModelServer, kind: ServerKind, model: Path, *, adapters: bool = False, seen: str = ""
) -> AsyncGenerator[ServerWeights]:
    served = served_at(f"{kind}:{server.url}")
    made = ServerWeights(model, served, adapters=adapters, out=model.parent, seen=seen)
    try:
        yield made
    finally:
        await made.close()


def unheard(_where: str, _kind: str, _what: bytes) -> None: ...


async def said(found: ServerWeights) -> Piece:
    request = ChatRequest(
        ({"role": "user", "content": "hi"},), sampling=Sampling(max_tokens=5, temperature=1.0, seed=3)
    )
    async with aclosing(found.engine.chat(request, unheard)) as pieces:
        return [piece async for piece in pieces][-1]


def fault(server: ModelServer, kind: ServerKind, model: Path, *, adapters: bool = False) -> RuntimeFault:
    """That of a sync, after which the server answers no call."""

    async def load() -> RuntimeFault:
        async with weights(server, kind, model, adapters=adapters) as found:
            with pytest.raises(RuntimeFault) as told:
                await found.load(model, 0)
            assert found.version == -1
            with pytest.raises(EngineFailure, match="not known what weights"):
                await said(found)
            return told.value

    found = asyncio.run(load())
    assert found.code == "R0998" and "--resume" in found.help
    return found


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kind", KINDS)
def test_calls_carry_tokens_log_probabilities_and_the_version(
    server: ModelServer, kind: ServerKind, tiny_model: Path
) -> None:
    async def play() -> None:
        async with weights(server, kind, tiny_model) as found:
            await found.load(tiny_model, 7)
            sampled = (await said(found)).sampled
            assert sampled is not None and found.version == sampled.version == 7
            assert len(sampled.output_ids) == len(sampled.logprobs) > 0 and sampled.prompt_ids
            assert all(value <= 0 for value in sampled.logprobs)

    asyncio.run(play())


@pytest.mark.parametrize("kind", KINDS)
def test_a_sync_waits_for_calls_and_calls_wait_for_it(server: ModelServer, kind: ServerKind, tiny_model: Path) -> None:
    async def play() -> list[int]:
        async with weights(server, kind, tiny_model) as found:
            await found.load(tiny_model, 0)
            calls = [asyncio.create_task(said(found)) for _ in range(4)]
            while not server.busy:
                await asyncio.sleep(0.001)
            loads = asyncio.create_task(found.load(tiny_model, 1))
            await asyncio.sleep(0)
            calls += [asyncio.create_task(said(found)) for _ in range(2)]
            await loads
            return [piece.sampled.version for piece in await asyncio.gather(*calls) if piece.sampled is not None]

    assert asyncio.run(play()) == [0] * 4 + [1] * 2


@pytest.mark.parametrize(
    ("kind", "path", "needs"),
    [
        ("vllm", "/v1/models", "address of a vLLM"), ("vllm", "/collective_rpc", "VLLM_SERVER_DEV_MODE"),
        ("vllm", "/reset_prefix_cache", "VLLM_SERVER_DEV_MODE"), ("sglang", "/update_weights_from_disk", "SGLang"),
    ],
)  # fmt: skip
def test_what_a_server_lacks_is_said(
    server: ModelServer, kind: ServerKind, path: str, needs: str, tiny_model: Path
) -> None:
    server.missing.add(path)
    found = fault(server, kind, tiny_model)
    assert f"has no `{path}`" in found.message and needs in found.help


@pytest.mark.parametrize(
    ("kind", "prefix", "needs"), [("vllm", "/v1", "VLLM_ALLOW_RUNTIME_LORA_UPDATING"), ("sglang", "", "--enable-lora")]
)
def test_a_server_without_adapters(
    server: ModelServer, kind: ServerKind, prefix: str, needs: str, tiny_model: Path
) -> None:
    server.missing.add(f"{prefix}/load_lora_adapter")
    assert needs in fault(server, kind, tiny_model, adapters=True).help


REFUSALS: list[tuple[ServerKind, str, web.Response | Callable[[], web.Response], str]] = [
    ("vllm", "/collective_rpc", lambda: web.Response(status=500, text="no such folder\x1b[2J"), "HTTP 500: no such folder"),
    ("vllm", "/collective_rpc", lambda: web.Response(status=401), "refuses the key"),
    ("vllm", "/v1/models", lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), "elsewhere"),
    ("vllm", "/v1/models", lambda: web.Response(text="[" * 100_000), "no JSON"),
    ("vllm", "/v1/models", lambda: web.json_response({"data": [{"id": "adapter", "parent": "x"}, 3]}), "names no model"),
    ("vllm", "/v1/models", lambda: web.json_response([1]), "names no model"),
    ("sglang", "/update_weights_from_disk", lambda: web.json_response({"success": False, "message": "other shapes"}, status=400), "other shapes"),
    ("sglang", "/update_weights_from_disk", lambda: web.json_response({"success": False, "message": "other shapes"}), "does not take"),
    ("sglang", "/model_info", lambda: web.json_response({"weight_version": "clawc-0-9"}), "has the weights `clawc-0-9`"),
    ("sglang", "/model_info", lambda: web.Response(body=b"x" * (33 << 20)), "larger than 32 MiB"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "path", "reply", "why"), REFUSALS)
def test_a_server_that_does_not_take_the_weights(
    server: ModelServer, kind: ServerKind, path: str, reply: Callable[[], web.Response], why: str, tiny_model: Path
) -> None:
    server.replies[path] = reply
    found = fault(server, kind, tiny_model)
    assert why in found.message and found.message.isprintable()


def test_a_server_that_forgets_an_adapter(server: ModelServer, tiny_model: Path) -> None:
    server.replies["/v1/load_lora_adapter"] = lambda: web.Response()
    assert "does not name `clawc-" in fault(server, "vllm", tiny_model, adapters=True).message


def test_a_server_that_is_not_there(server: ModelServer, tiny_model: Path) -> None:
    gone = ModelServer(server.engine, url="http://127.0.0.1:1")
    assert "cannot play with the weights of version 0" in fault(gone, "vllm", tiny_model).message


def choice(**changes: object) -> Spoil:
    return lambda body: {**body, "choices": [{**body["choices"][0], **changes}]}


def about(**changes: object) -> Spoil:
    return lambda body: {**body, "meta_info": {**body["meta_info"], **changes}}


SPOILT: list[tuple[ServerKind, Spoil, str]] = [
    ("vllm", choice(token_ids=None), "gives no token ids with their log probabilities"),
    ("vllm", choice(logprobs=None), "gives no token ids with their log probabilities"),
    ("vllm", choice(prompt_token_ids=None), "gives no token ids with their log probabilities"),
    ("vllm", choice(prompt_token_ids=[1, 2]), "another prompt"),
    ("vllm", choice(token_ids=[1, 2]), "2 tokens have 1 log"),
    ("vllm", choice(token_ids=[], logprobs={"token_logprobs": []}), "0 tokens"),
    ("vllm", choice(token_ids=["1"]), "no numbers"),
    ("vllm", choice(token_ids=[True]), "no numbers"),
    ("vllm", choice(token_ids=[1] * 9, logprobs={"token_logprobs": [-1.0] * 9}), "1 are the most"),
    ("vllm", choice(token_ids=[1 << 40]), "other tokens than"),
    ("vllm", choice(token_ids=[-1]), "other tokens than"),
    ("vllm", choice(logprobs={"token_logprobs": [0.5]}), "that are none"),
    ("vllm", choice(finish_reason="abort"), "ended by `abort`"),
    ("vllm", lambda body: {**body, "choices": []}, "other choices than one"),
    ("vllm", lambda body: {**body, "model": "other"}, "`other` answers for `served`"),
    ("vllm", lambda _: web.Response(text='{"choices": [NaN]}'), "NaN is no JSON number"),
    ("vllm", lambda _: web.Response(status=307, headers={"Location": "http://127.0.0.1:1/"}), "HTTP 307"),
    ("vllm", lambda _: web.json_response({"error": {"message": "The model does not exist"}}, status=404), "does not exist"),
    ("sglang", about(output_token_logprobs=None), "gives no token ids with their log probabilities"),
    ("sglang", about(output_token_logprobs=[3]), "no numbers"),
    ("sglang", about(output_token_logprobs=[[-1.0]]), "no numbers"),
    ("sglang", about(prompt_tokens=99), "another prompt"),
    ("sglang", about(weight_version="clawc-0-9"), "answers with the weights `clawc-0-9`"),
    ("sglang", about(finish_reason={"type": "abort"}), "ended by `abort`"),
    ("sglang", lambda _: web.json_response([]), "no JSON object"),
]  # fmt: skip


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("kind", "spoil", "why"), SPOILT)
def test_an_answer_that_is_none_is_found_at_the_start(
    server: ModelServer, kind: ServerKind, spoil: Spoil, why: str, tiny_model: Path
) -> None:
    server.spoil = spoil
    found = fault(server, kind, tiny_model)
    assert why in found.message
    if "gives no token ids" in why:
        assert "0.10.2" in found.help or "return_logprob" in found.help


def test_the_key_is_given_and_never_shown(
    server: ModelServer, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "sesame-7")
    server.replies["/v1/models"] = lambda: web.json_response({"error": {"message": "no sesame-7"}}, status=500)
    assert "no [key]" in fault(server, "vllm", tiny_model).message
    monkeypatch.setenv(KEY, "sesame\n7")
    with pytest.raises(RuntimeFault, match=KEY):
        asyncio.run(ServerWeights(tiny_model, served_at("vllm:http://127.0.0.1:1"), adapters=False, out=tiny_model).load(tiny_model, 0))  # fmt: skip


def test_the_folder_of_the_training_may_be_elsewhere_for_the_server(server: ModelServer, tiny_model: Path) -> None:
    server.ignores = True

    async def load() -> None:
        async with weights(server, "sglang", tiny_model, seen="/mnt/there") as found:
            await found.load(tiny_model.parent / "weights" / "3", 3)

    asyncio.run(load())
    assert server.taken == ["/mnt/there/weights/3"]


@pytest.mark.parametrize("text", ["", "vllm", "vllm:", "tgi:http://h", "vllm:http://", "vllm:http://h:0", "vllm:http://h:99999", "vllm:http://h?x", "vllm:http://h /"])  # fmt: skip
def test_no_address(text: str) -> None:
    with pytest.raises(ValueError):
        served_at(text)


def test_addresses() -> None:
    assert served_at("vllm:http://h:8000/") == ("vllm", "http://h:8000")
    assert served_at("sglang:https://[::1]:30000").where == "[::1]:30000"


def test_tokens_are_whole_answers(server: ModelServer, tiny_model: Path) -> None:
    """Greedy answers are those of the engine behind the server."""

    async def play() -> list[Drawn]:
        async with weights(server, "vllm", tiny_model) as found:
            await found.load(tiny_model, 0)
            tokens = found._server  # pyright: ignore[reportPrivateUsage]
            return [drawn async for drawn in tokens.generate((5, 6, 7), GREEDY)]

    async def behind() -> list[int]:
        return [number async for drawn in server.engine.generate((5, 6, 7), GREEDY) for number in drawn.ids]

    (drawn,) = asyncio.run(play())
    loop = server.loop
    assert loop is not None
    assert list(drawn.ids) == asyncio.run_coroutine_threadsafe(behind(), loop).result(60)
