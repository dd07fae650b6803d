"""No secret is in anything that is left or shown: keys of upstreams, and tokens of attempts."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from clawc.runtime.engine.settings import engine_settings
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.server import TokenServer
from tests.gateway.conftest import MakeBundle, MakeLine
from tests.gateway.upstream import serving

KEY = "sk-live-41d3c7-do-not-show"


@pytest.mark.sampled(2)
@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("doing", ["good", "status:500", "status:401", f"body:wrong key {KEY}"])
def test_every_artifact_of_a_run(make_bundle: MakeBundle, tmp_path: Path, doing: str) -> None:
    """Also with an upstream that says the key again, and an agent that looks for it."""
    bundle = make_bundle()

    async def main() -> str:
        async with serving(doing) as upstream:
            look = "env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; grep -rs sk-live / --include='*' -l 2>/dev/null | head -3"
            upstream.steps = [{"tool": "exec", "arguments": {"command": look, "timeout": 5}}, {"text": "done"}]
            (tmp_path / "claw.toml").write_text(
                f'[engine.real]\nurl = "{upstream.url}"\nmodel = "m"\nkey_env = "TEST_UPSTREAM_KEY"\npatience = {{ tries = 2, first_s = 0.01 }}\n'
            )
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "clawc", "run", str(bundle), "--agent", "loop", "--model", "real", "--retries", "0", "--out", "run",
                "--record", "tape.jsonl", "--format", "json",
                cwd=tmp_path, env={**os.environ, "TEST_UPSTREAM_KEY": KEY}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            said, _ = await process.communicate()
            assert upstream.headers[0]["Authorization"] == f"Bearer {KEY}"
            return said.decode()

    shown = asyncio.run(main())
    assert "Traceback" not in shown
    assert KEY not in shown
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()] + [tmp_path / "tape.jsonl"]
    assert len(files) > 2
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


def test_a_key_in_a_file_is_refused() -> None:
    for name in ("api_key", "key", "token", "Authorization"):
        with pytest.raises(RuntimeFault, match="R0969") as fault:
            engine_settings(Path("claw.toml"), {"real": {"url": "http://x/v1", "model": "m", "fields": {name: KEY}}})
        assert KEY not in str(fault.value)


@pytest.mark.parametrize("table", [{"url": "http://user:pass@host/v1", "model": "m"}, {"url": 5}, {"model": "m"}, {"kind": "local"}, {"kind": "x"},
                                   {"url": "http://x/v1", "model": "m", "price": {"prompt": -1, "completion": 0}}, {"url": "file:///etc", "model": "m"}, 7])  # fmt: skip
def test_settings_that_are_none_are_located(table: object) -> None:
    with pytest.raises(RuntimeFault, match="R0968") as fault:
        engine_settings(Path("claw.toml"), {"real": table})
    assert "engine.real" in str(fault.value)
    assert "pass@" not in str(fault.value)


def test_a_token_is_the_only_way_in_and_stands_in_no_log(
    make_line: MakeLine, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(0)
    line = make_line({"text": "x"}, {"fail": "broken"})

    async def main() -> tuple[str, list[int]]:
        server = TokenServer()
        await server.open()
        token = server.admit(line)
        body = {"messages": [{"role": "user", "content": "x"}]}
        statuses: list[int] = []
        root = f"http://127.0.0.1:{server.port}"
        async with aiohttp.ClientSession() as client:
            for url, headers in (
                (f"{server.url(token)}/chat/completions", {}), (f"{root}/v1/chat/completions", {"Authorization": f"Bearer {token}"}),
                (f"{root}/v1/chat/completions", {}), (f"{root}/v1/chat/completions", {"Authorization": "Bearer wrong"}),
                (f"{root}/s/wrong/v1/chat/completions", {}), (f"{root}/s/{token[:-1]}/v1/chat/completions", {}),
                (f"{server.url(token)}/chat/completions", {"Origin": "http://evil"}), (f"{server.url(token)}/../../etc", {}),
            ):  # fmt: skip
                async with client.post(url, json=body, headers=headers) as response:
                    statuses.append(response.status)
                    assert token not in await response.text()
            async with client.get(f"{server.url(token)}/models") as response:
                assert (await response.json())["data"][0]["id"] == "policy"
            server.dismiss(token)
            async with client.post(f"{server.url(token)}/chat/completions", json=body) as response:
                statuses.append(response.status)
        await server.close()
        await line.close()
        return token, statuses

    token, statuses = asyncio.run(main())
    assert statuses == [200, 200, 401, 401, 401, 401, 401, 401, 401]
    shown = capfd.readouterr()
    assert token not in shown.out + shown.err + caplog.text
    assert token not in (tmp_path / "capture.jsonl").read_text()
