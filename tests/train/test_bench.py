"""What the benchmark counts: operations of a step, and what reading weights and cache allows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clawc.runtime.engine.local.packages import WORKER
from tests.engine_local.conftest import skip_without

skip_without(*WORKER)

from bench.train_engine import roofline  # noqa: E402
from bench.train_grpo_limits import Drawn, Step, against, pass_flops, pass_tokens, sampling_bytes, shape_of  # noqa: E402
from bench.train_steps import rows_of_length, step_flops  # noqa: E402
from clawc.runtime.train.rows import SampledCall, rows_of  # noqa: E402

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


def test_what_drawing_reads(folder: Path) -> None:
    shape = shape_of(folder)
    layer = 2 * 8 * 8 + 2 * 8 * 4 + 3 * 8 * 16
    assert (shape.matrices, shape.head, shape.cache) == (2 * layer, 8 * 32, 2 * 2 * 2 * 2)
    before = (5 + 6 + 7) + (9 + 10)  # tokens before each that is drawn
    read = before * shape.cache + (2 * layer + 8 * 32) * 5 / 2
    assert sampling_bytes(shape, [Drawn(5, 3, 1.0), Drawn(9, 2, 1.0)], 2) == 2 * read


def test_what_begins_alike_is_computed_once(folder: Path) -> None:
    shape, begin = shape_of(folder), tuple(range(20))
    rows = [
        row
        for said in ((21, 22), (23, 24, 25))
        for row in rows_of([SampledCall("1", begin, said, (-1.0,) * len(said))], "one")
    ]
    assert pass_tokens(rows) == 20 + 2 + 3
    pairs = 20 * 21 / 2 + (21 + 22) + (21 + 22 + 23)
    products = shape.matrices * 25 + shape.head * 5
    assert pass_flops(shape, rows) == 3 * (2 * products + 2 * 2 * (2 * 8) * pairs)
    assert pass_flops(shape, rows) < sum(pass_flops(shape, [row]) for row in rows)


def test_one_row_takes_what_a_step_of_fine_tuning_does(folder: Path) -> None:
    """But for the first token, which is not trained, and the half of a diagonal."""
    (row,) = rows_of_length(1, 400, 32)
    assert pass_flops(shape_of(folder), [row]) == pytest.approx(step_flops(folder, 400, 1, adapter=False), rel=0.01)


def test_shares_of_time_and_of_the_limits(folder: Path) -> None:
    shape = shape_of(folder)
    rows = rows_of([SampledCall("1", (1, 2), (3, 4), (-1.0, -1.0))], "one")
    step = Step((Drawn(2, 2, 1.5),), rows, {"rollout_s": 3.0, "sync_s": 1.0, "train_s": 4.0, "gap": 0.1})
    card = {
        "copy_bytes_a_second": sampling_bytes(shape, [Drawn(2, 2, 1.5)], 8),
        "matmul_flops_a_second": pass_flops(shape, rows),
    }
    found = against([step, step], shape, {"at_once": 8, "tasks": 2, "group": 4, "pass_tokens": 100}, card)
    assert found["shares_of_time"] == {"rollout": 0.375, "sync": 0.125, "train": 0.5}
    assert (found["sampling"]["share_of_limit"], found["training"]["share_of_limit"]) == (
        pytest.approx(1 / 3, abs=1e-4),
        0.25,
    )
    assert (found["sampling"]["tokens_a_second"], found["training"]["trained_tokens_a_second"]) == (0.7, 0.5)
    assert (found["sampling"]["calls_open"], found["largest_gap"]) == (0.5, 0.1)
