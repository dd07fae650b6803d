"""A tiny random model with a random adapter, loaded, left and loaded again; folders that are none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawc.runtime.engine.interface import ChatRequest, Sampled, Sampling
from clawc.runtime.engine.local.build import local_engine
from clawc.runtime.engine.local.chat import ChatOverTokens
from clawc.runtime.engine.local.packages import ADAPTER, CONVERSION, TOKENS, WORKER
from clawc.runtime.engine.local.transformers_engine import TransformersEngine
from clawc.runtime.errors import RuntimeFault
from tests.engine_local.conftest import skip_without

skip_without(*TOKENS, *WORKER, *ADAPTER, *CONVERSION)


@pytest.fixture(scope="module")
def adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaForCausalLM

    torch.manual_seed(2)  # pyright: ignore[reportUnknownMemberType]
    base = LlamaForCausalLM.from_pretrained(tiny_model)  # pyright: ignore[reportUnknownMemberType]
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj", "down_proj"], init_lora_weights=False)
    folder = tmp_path_factory.mktemp("adapter") / "lora"
    get_peft_model(base, config).save_pretrained(str(folder))
    return folder


def expected(model: Path, adapter: Path | None, drawn: Sampled) -> list[float]:
    """Log probabilities of a plain forward pass, with the adapter beside the weights and not merged into them."""
    import torch
    from peft import PeftModel
    from transformers import LlamaForCausalLM

    base = LlamaForCausalLM.from_pretrained(model, dtype=torch.float32)  # pyright: ignore[reportUnknownMemberType]
    whole = PeftModel.from_pretrained(base, adapter) if adapter else base  # pyright: ignore[reportUnknownMemberType]
    with torch.no_grad():
        logits = whole(torch.tensor([[*drawn.prompt_ids, *drawn.output_ids]])).logits[0]
    rows = torch.log_softmax(logits[len(drawn.prompt_ids) - 1 : -1], -1)
    return [float(row[token]) for row, token in zip(rows, drawn.output_ids, strict=True)]


async def answer(engine: ChatOverTokens[TransformersEngine]) -> Sampled:
    sampled: Sampled | None = None
    request = ChatRequest(({"role": "user", "content": "Say something."},), sampling=Sampling(max_tokens=30, seed=4))
    async for piece in engine.chat(request, lambda who, kind, data: None):
        sampled = piece.sampled
    assert sampled is not None
    return sampled


def test_weights_are_exchanged_between_calls(tiny_model: Path, adapter: Path, tmp_path: Path) -> None:
    engine = local_engine(tiny_model, device="cpu", threads=1, adapter=adapter)
    tokens = engine.tokens
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "adapter_config.json").write_text("{}")
    (broken / "adapter_model.safetensors").write_bytes(b"nothing")

    async def exchange() -> Iterator[tuple[Path | None, Sampled]]:
        try:
            await engine.open()
            with_adapter = await answer(engine)
            in_flight, version = await asyncio.gather(answer(engine), tokens.load_adapter(None))
            plain = await answer(engine)
            with pytest.raises(RuntimeFault, match="R0953"):
                await tokens.load_adapter(broken)
            again = await answer(engine)
            assert (version, tokens.version) == (1, 1)
            assert [one.version for one in (with_adapter, in_flight, plain, again)] == [0, 0, 1, 1]
            for one, other in ((in_flight, with_adapter), (again, plain)):  # what is kept computed is rounded otherwise
                assert (one.prompt_ids, one.output_ids) == (other.prompt_ids, other.output_ids)
                assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)
            assert plain.output_ids != with_adapter.output_ids
            return iter([(adapter, with_adapter), (None, plain)])
        finally:
            await engine.close()
            await engine.close()

    for used, drawn in asyncio.run(exchange()):
        assert drawn.logprobs == pytest.approx(expected(tiny_model, used, drawn), abs=1e-4)


def test_folders_that_are_none_are_refused_before_anything_starts(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match="R0952"):
        local_engine(tmp_path)
    with pytest.raises(RuntimeFault, match=r"R0952.*adapter_config\.json"):
        local_engine(tiny_model, adapter=tmp_path)
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((tiny_model / name).read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(RuntimeFault, match=r"R0952.*no weights in safetensors"):
        local_engine(tmp_path)
