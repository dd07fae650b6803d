"""Files of settings, scripts and cassettes that are none: a located fault, within a moment, and never a wait."""

from __future__ import annotations

import asyncio
import os
import tomllib
from pathlib import Path

import pytest

from clawc.runtime.engine.cassette import Recording, Replaying, digest_of
from clawc.runtime.engine.choose import Wishes, model_named
from clawc.runtime.engine.interface import ChatRequest
from clawc.runtime.engine.settings import engine_settings
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.choose import harness_named
from tests.gateway.conftest import scripted
from tests.gateway.test_line import USER, nowhere


def no_files(folder: Path) -> list[Path]:
    os.mkfifo(folder / "fifo")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "folder").mkdir()
    return [folder / "fifo", folder / "loop", folder / "folder", folder / "nothing", folder / ("x" * 300)]


def test_what_is_no_file_is_never_waited_for(tmp_path: Path) -> None:
    model = model_named(f"scripted:{write(tmp_path, '[{}]')}", Wishes())
    for path in no_files(tmp_path):
        for name in ("scripted", "cassette"):
            with pytest.raises(RuntimeFault, match=r"R0962|R0963|R020[67]"):
                model_named(f"{name}:{path}", Wishes())
        for name in ("loop", "command"):
            with pytest.raises(RuntimeFault, match="R0404"):
                harness_named(f"{name}:{path}", model)
        files = write(tmp_path, f'argv = ["x"]\n[files]\n"x" = "{path}"\n"y" = "."\n', "agent.toml")
        with pytest.raises(RuntimeFault, match="R0405"):
            harness_named(f"command:{files}", model)
        if path.name != "nothing":
            with pytest.raises(RuntimeFault, match="R0963"):
                asyncio.run(Recording(model.make(), path).open())


def write(folder: Path, text: str, name: str = "script.json") -> Path:
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '[{"text": "\\ud800"}]', '[{"wait_s": NaN}]', '[{"wait_s": 1e999}]', "{}", "[]", '[{"\\u001b[2J": 1}]', '[{"times": ' + "9" * 5_000 + "}]",
     '[{"text": "' + "x" * (17 << 20) + '"}]', '[{"tool": "a", "calls": [{"tool": "b"}]}]'],
    ids=range(10),
)  # fmt: skip
def test_scripts(tmp_path: Path, text: str) -> None:
    with pytest.raises(RuntimeFault, match="R0962") as fault:
        model_named(f"scripted:{write(tmp_path, text)}", Wishes())
    assert "\x1b" not in str(fault.value)


LINE = '{"asked": "' + "0" * 64 + '", "model": "m", "pieces": [%s]}\n'


@pytest.mark.parametrize(
    "piece",
    ["", "5", '{"usage": {"prompt": -1, "completion": 1}}', '{"usage": {"prompt": 1000000000000000000, "completion": 1}}', '{"tool_calls": [{"index": -1}]}',
     '{"usage": {"prompt": 1, "completion": 1, "cost": "NaN"}}', '{"usage": {"prompt": 1, "completion": 1, "cost": "-1"}}', '{"content": "\\ud800"}',
     '{"sampled": {"prompt_ids": [1], "output_ids": [2], "logprobs": [NaN]}}', '{"sampled": {"prompt_ids": [1], "output_ids": [2, 3], "logprobs": [-1]}}',
     '{"sampled": {"prompt_ids": [-1], "output_ids": [2], "logprobs": [-1]}}', '{"content": ' + "[" * 1_000 + "]" * 1_000 + "}"],
    ids=range(12),
)  # fmt: skip
def test_cassettes(tmp_path: Path, piece: str) -> None:
    with pytest.raises(RuntimeFault, match="R0963") as fault:
        Replaying(write(tmp_path, LINE % piece))
    assert ":1:" in str(fault.value)


def test_a_cassette_that_was_torn_is_recorded_further(tmp_path: Path) -> None:
    path = write(tmp_path, '{"asked": "00')

    async def main() -> None:
        engine = Recording(scripted(tmp_path, {"text": "hello"}), path)
        await engine.open()
        async for _ in engine.chat(ChatRequest((USER,)), nowhere):
            pass
        await engine.close()

    asyncio.run(main())
    assert digest_of(ChatRequest((USER,))) in path.read_text()
    Replaying(path)


@pytest.mark.parametrize(
    "text",
    ['argv = ["a\\u0000"]', "argv = []", 'argv = ["x"]\n[env]\n"A=B" = "x"', 'argv = ["x"]\n[env]\nA = "\\u0000"', 'argv = ["x"]\ncwd = "\\u0000"',
     'argv = ["x"]\n[files]\n"../x" = "y"', 'argv = ["x"]\n[files]\nx = "a\\u0000b"', 'argv = ["x"]\n[files]\nx = "/proc"', 'argv = ["{nothing}"]',
     "a = " + "[" * 5_000, 'argv = ["x"]\n"\\u001b[2J" = 1', "\x00", "\ufffe"],
    ids=range(13),
)  # fmt: skip
def test_commands(tmp_path: Path, text: str) -> None:
    model = model_named(f"scripted:{write(tmp_path, '[{}]')}", Wishes())
    with pytest.raises(RuntimeFault, match=r"R040[45]") as fault:
        harness_named(f"command:{write(tmp_path, text, 'agent.toml')}", model)
    assert "\x1b" not in str(fault.value)


@pytest.mark.parametrize(
    "text",
    [
        "steps = 1e400",
        "exec_s = inf",
        "exec_most_s = inf",
        "exec_s = nan",
        f"context = {'9' * 400}",
        "demand = 99999999",
        'tools = ["x"]',
    ],
)
def test_loops(tmp_path: Path, text: str) -> None:
    model = model_named(f"scripted:{write(tmp_path, '[{}]')}", Wishes())
    with pytest.raises(RuntimeFault, match="R0404"):
        harness_named(f"loop:{write(tmp_path, text, 'agent.toml')}", model)


SERVER = 'url = "http://x/v1"\nmodel = "m"\n'


@pytest.mark.parametrize(
    "text",
    ['url = "http://h:99999/v1"\nmodel = "m"', 'url = "http://[::1/v1"\nmodel = "m"', 'url = "http://h:x/v1"\nmodel = "m"', 'url = "http://x\\u0000y/"\nmodel = "m"',
     'url = "http://x/v1"\nmodel = "\\u001b[2J"', 'kind = "scripted"\nfile = "a\\u0000"', *(SERVER + more for more in (
        f"limits = {{ calls = {'9' * 400} }}", "limits = { calls = 0 }", "limits = { seconds = inf }", 'price = { prompt = "1E-999999", completion = 0 }',
        'price = { prompt = "NaN", completion = 0 }', "patience = { first_s = inf }", f"sampling = {{ seed = {'9' * 30} }}", "fields = { a = nan }",
        'fields = { messages = "x" }', "fields = { n = 5 }"))],
    ids=range(16),
)  # fmt: skip
def test_engines(text: str) -> None:
    with pytest.raises(RuntimeFault, match="R0968"):
        engine_settings(Path("claw.toml"), {"real": tomllib.loads(text)})


@pytest.mark.parametrize(
    "name",
    [
        "http://[::1/v1#m",
        "http://h:99999/v1#m",
        "http://u:p@h/v1#m",
        "http:///v1#m",
        "https://h#",
        "x\x1b[2J",
        "http://h/v1#m\x1b[2J",
    ],
)
def test_names(name: str) -> None:
    with pytest.raises(RuntimeFault, match="R0970") as fault:
        model_named(name, Wishes())
    assert "\x1b" not in str(fault.value)


@pytest.mark.parametrize("key", [b"a\nb", b"\xff", "\u20ac".encode(), b" "])
def test_a_key_that_is_none(monkeypatch: pytest.MonkeyPatch, key: bytes) -> None:
    """It would go into a header as it is."""
    monkeypatch.setitem(os.environb, b"TEST_KEY", key)
    table = tomllib.loads(SERVER + 'key_env = "TEST_KEY"')

    async def main() -> None:
        engine = model_named("real", Wishes(engines=engine_settings(Path("c"), {"real": table}))).make()
        try:
            await engine.open()
        finally:
            await engine.close()

    with pytest.raises(RuntimeFault, match="R0961"):
        asyncio.run(main())
