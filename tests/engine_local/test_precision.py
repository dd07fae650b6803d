"""What is rounded is what a trainer under autocast rounds; products that are made one are the same products."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clawc.runtime.engine.local.packages import WORKER
from tests.engine_local.conftest import skip_without

skip_without(*WORKER)

import torch  # noqa: E402
from transformers import LlamaForCausalLM  # noqa: E402

from clawc.runtime.engine.local.attention import Span, where  # noqa: E402
from clawc.runtime.engine.local.joined import join  # noqa: E402
from clawc.runtime.engine.local.network import Network  # noqa: E402
from clawc.runtime.engine.local.precision import as_trainers  # noqa: E402
from clawc.runtime.engine.local.wire import Setup  # noqa: E402

IDS = torch.tensor([[5, 9, 77, 8, 140, 3, 61, 17, 200, 44]])


def loaded(folder: Path, dtype: torch.dtype) -> Any:
    model: Any = LlamaForCausalLM.from_pretrained(folder, dtype=dtype)  # pyright: ignore[reportUnknownMemberType]
    return model.eval()


def trainers(folder: Path) -> torch.Tensor:
    """Weights that are bfloat16 numbers, kept in float32, under autocast but for the last layer."""
    model = loaded(folder, torch.bfloat16).float()
    with torch.no_grad():
        with torch.autocast("cpu", torch.bfloat16):
            hidden = model.model(IDS).last_hidden_state
        logits: torch.Tensor = model.lm_head(hidden.float())
    return logits


def test_in_bfloat16_logits_are_those_of_a_trainer(tiny_model: Path) -> None:
    expected, plain = trainers(tiny_model), loaded(tiny_model, torch.bfloat16)
    count = IDS.shape[1]
    network = Network(Setup(str(tiny_model), "", "cpu", "bfloat16", 1, (), 64, 64))
    place = where([Span(0, count, 3, count)], 64, network.device, False)
    found = network.logits(IDS, torch.arange(count)[None], place, 0)
    with torch.no_grad():
        rounded = float((plain(IDS).logits[0].float() - expected[0]).abs().mean())
    assert found.dtype == torch.float32
    assert float((found - expected[0]).abs().mean()) < rounded / 4


def test_in_float32_nothing_changes_but_what_is_one_product(tiny_model: Path) -> None:
    plain, ours = loaded(tiny_model, torch.float32), loaded(tiny_model, torch.float32)
    join(ours)
    as_trainers(ours)
    assert not any(name.endswith("q_proj.weight") for name, _ in ours.named_parameters())
    with torch.no_grad():
        assert torch.allclose(ours(IDS).logits, plain(IDS).logits, atol=1e-5)
