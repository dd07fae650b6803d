"""What a training leaves where a disk is full, a checkpoint is broken, or a folder holds another training."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.sandbox.probe import find_bwrap
from clawc.runtime.train.records import METRICS, TRAINING, read_training
from clawc.runtime.train.sft import MODEL, TRAINER, Lora, sft
from tests.engine_local.conftest import skip_without
from tests.train.test_sft import SETTINGS, some_rows

skip_without(*TRAINER, extra="train")
SAVING = replace(SETTINGS, save_every=2)


def test_a_folder_of_another_training_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    rows = some_rows(8)
    sft(tiny_model, rows, tmp_path, replace(SAVING, steps=2))
    weights = (tmp_path / MODEL / "model.safetensors").read_bytes()
    with pytest.raises(RuntimeFault, match="holds a training already"):
        sft(tiny_model, rows, tmp_path, SAVING)
    with pytest.raises(RuntimeFault, match="another rows"):
        sft(tiny_model, some_rows(8, seed=1), tmp_path, SAVING, resume=True)
    with pytest.raises(RuntimeFault, match="another learning_rate, another lora"):
        sft(tiny_model, rows, tmp_path, replace(SAVING, learning_rate=1.0, lora=Lora(2)), resume=True)
    other = tmp_path / "base"
    shutil.copytree(tiny_model, other)
    settings = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**settings, "rms_norm_eps": 1e-3}))
    with pytest.raises(RuntimeFault, match="another model"):
        sft(other, rows, tmp_path, SAVING, resume=True)
    assert (tmp_path / MODEL / "model.safetensors").read_bytes() == weights
    assert sft(tiny_model, rows, tmp_path, SAVING, resume=True).steps == 6


def test_metrics_of_steps_that_are_taken_again_are_forgotten(tiny_model: Path, tmp_path: Path) -> None:
    rows = some_rows(8)
    sft(tiny_model, rows, tmp_path, replace(SAVING, steps=3))
    with open(tmp_path / METRICS, "a") as file:
        file.write('{"step": 3, "loss"')
    sft(tiny_model, rows, tmp_path, SAVING, resume=True)
    steps = [json.loads(line)["step"] for line in (tmp_path / METRICS).read_text().splitlines() if '"loss"' in line]
    assert steps == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.pt", "trainer_state.json"])
def test_a_broken_checkpoint_is_said(tiny_model: Path, tmp_path: Path, name: str) -> None:
    rows = some_rows(8)
    sft(tiny_model, rows, tmp_path, replace(SAVING, steps=4))
    broken = tmp_path / "checkpoint-4" / name
    broken.write_bytes(broken.read_bytes()[:40])
    with pytest.raises(RuntimeFault, match="checkpoint-4` cannot be gone on with") as told:
        sft(tiny_model, rows, tmp_path, SAVING, resume=True)
    assert told.value.code == "R0995" and "Delete it" in told.value.help
    shutil.rmtree(tmp_path / "checkpoint-4")
    assert sft(tiny_model, rows, tmp_path, SAVING, resume=True).steps == 6


def test_a_checkpoint_that_a_kill_cut_off_is_passed_over(tiny_model: Path, tmp_path: Path) -> None:
    rows = some_rows(8)
    sft(tiny_model, rows, tmp_path, replace(SAVING, steps=4))
    (tmp_path / "checkpoint-4" / "trainer_state.json").unlink()
    assert sft(tiny_model, rows, tmp_path, SAVING, resume=True).steps == 6


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format_version": 2}', "{" * 3000, '{"rows": NaN}'])
def test_a_record_of_a_training_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / TRAINING).write_text(text)
    with pytest.raises(RuntimeFault, match="R0995"):
        read_training(tmp_path)


def test_too_little_room_is_said_before_the_first_step(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)

    def full(_: object) -> object:
        return usage._replace(free=1000)

    monkeypatch.setattr("clawc.runtime.train.checkpoints.shutil.disk_usage", full)
    with pytest.raises(RuntimeFault, match=r"has 0\.0 MiB left, and what is saved takes") as told:
        sft(tiny_model, some_rows(8), tmp_path / "out", SAVING)
    assert told.value.code == "R0994"
    assert not list((tmp_path / "out").glob("checkpoint-*"))


@pytest.mark.parametrize("step", [1, 3])
def test_where_the_memory_of_the_device_is_full_it_says_which_option_helps(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """In the first pass, and in one after a checkpoint: that is not to blame."""
    import torch
    from transformers import Trainer

    saved = replace(SAVING, steps=step - 1) if step > 1 else None
    if saved is not None:
        sft(tiny_model, some_rows(8), tmp_path / "out", saved)

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nGPU 0 has a total")

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "train", full)
        with pytest.raises(RuntimeFault, match=r"not the memory for a pass .* Tried to allocate 2\.00 GiB") as told:
            sft(tiny_model, some_rows(8), tmp_path / "out", SAVING, resume=saved is not None)
    assert told.value.code == "R0999" and f"smaller `--at-once` than {SAVING.at_once}" in told.value.help
    assert sft(tiny_model, some_rows(8), tmp_path / "out", SAVING, resume=True).steps == 6


FULL = """
import shutil, sys
from pathlib import Path
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.sft import sft
from tests.train.test_checkpoints import SAVING, some_rows
from dataclasses import replace
import clawc.runtime.train.sft as module
module.require_space = lambda *_: None
out = Path("/full/out")
sft(Path(sys.argv[1]), some_rows(8), out, replace(SAVING, steps=2))
for name in ("model", "checkpoint-2"):
    print(name, sorted(path.name for path in (out / name).iterdir())[:3])
Path("/full/ballast").write_bytes(b"0" * (shutil.disk_usage("/full").free - int(sys.argv[2])))
try:
    sft(Path(sys.argv[1]), some_rows(8), out, replace(SAVING, keep=3), resume=True)
except RuntimeFault as fault:
    print(fault)
print(sorted(path.name for path in out.iterdir() if path.is_dir()))
Path("/full/ballast").unlink()
print(sft(Path(sys.argv[1]), some_rows(8), out, replace(SAVING, keep=3), resume=True).steps)
"""


@pytest.mark.sampled(3)
@pytest.mark.parametrize("left", [1000, 60_000, 180_000])
def test_on_a_full_disk_the_last_checkpoint_stays(tiny_model: Path, tmp_path: Path, left: int) -> None:
    """A real one: a file system of 4 MB in memory, mounted for one process."""
    try:
        bwrap = find_bwrap()[0]
    except SandboxUnavailable as why:
        pytest.skip(f"no bubblewrap, which mounts the small disk: {why}")
    root = Path(__file__).parents[2]
    place = tmp_path / "full"
    place.mkdir()
    command = [str(bwrap), "--dev-bind", "/", "/", "--size", str(4 << 20), "--tmpfs", str(place), "--chdir", str(root)]
    script = FULL.replace("/full", str(place))
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, sys.executable, "-c", script, str(tiny_model), str(left)], env=env, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert any("R0994" in line and "is full; " in line and "checkpoint-2` is kept" in line for line in lines), (
        done.stdout
    )
    assert lines[-2] == "['checkpoint-2', 'model']"
    assert lines[-1] == "6"
