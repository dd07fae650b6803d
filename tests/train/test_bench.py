"""What the benchmark counts: operations of a step, and what reading weights and cache allows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clawc.runtime.engine.local.packages import WORKER
from tests.engine_local.conftest import skip_without

skip_without(*WORKER)

from bench.train_engine import roofline  # noqa: E402
from bench.train_steps import rows_of_length, step_flops  # noqa: E402

CONFIG = {
    "hidden_size": 8, "num_hidden_layers": 2, "intermediate_size": 16, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 32,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 1000)
    return tmp_path


def test_operations_of_a_step(folder: Path) -> None:
    layer = 2 * 8 * 8 + 2 * 8 * 4 + 3 * 8 * 16  # query and output, key and value, the three of the feed-forward part
    weights = 2 * layer + 8 * 32
    attention = 2 * (2 * 2 * 10 * 8) / 2  # scores and sums of each layer, over the half that is not masked
    forward = 2 * weights + attention
    assert step_flops(folder, 10, 3, adapter=False) == 30 * 3 * forward
    assert step_flops(folder, 10, 3, adapter=True) == 30 * (2 * 2 * weights + 3 * attention)


def test_what_reading_allows(folder: Path) -> None:
    cache = 2 * 2 * 2 * 2 * 2  # bytes of a token: keys and values, of two heads two wide, in two layers
    assert roofline(folder, 1e6, 4, 5.0) == pytest.approx(4 * 1e6 / (1000 + 4 * 5 * cache))


def test_rows_of_a_length_are_trained_but_for_their_first_token() -> None:
    rows = rows_of_length(20, 16, 32)
    assert len(rows) == 20
    assert {(len(row.input_ids), row.trained) for row in rows} == {(16, 15)}
