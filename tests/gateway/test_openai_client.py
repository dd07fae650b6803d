"""The Python client of OpenAI against the gateway, as any harness may have it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from clawc.runtime.gateway.calls import read_calls
from clawc.runtime.gateway.capture import CAPTURE
from clawc.runtime.gateway.line import Line
from clawc.runtime.gateway.server import TokenServer
from tests.gateway.conftest import MakeLine

pytest.importorskip("openai", reason="the package `openai` is not installed")

import openai
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

ASKED: ChatCompletionMessageParam = {"role": "user", "content": "do it"}
TOOL: ChatCompletionToolParam = {"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}}
READ: dict[str, object] = {"tool": "read", "arguments": {"path": "a" * 40}}


@asynccontextmanager
async def client(line: Line, *, in_path: bool = False) -> AsyncGenerator[openai.AsyncOpenAI]:
    """One that knows the token of the line: as its key, or in its address."""
    server = TokenServer()
    await server.open()
    token = server.admit(line)
    url = server.url(token) if in_path else f"http://127.0.0.1:{server.port}/v1"
    made = openai.AsyncOpenAI(base_url=url, api_key="none" if in_path else token, max_retries=0)
    try:
        yield made
    finally:
        await made.close()
        await server.close()
        await line.close()


@pytest.mark.parametrize("in_path", [False, True])
def test_whole_answers_and_models(make_line: MakeLine, tmp_path: Path, in_path: bool) -> None:
    line = make_line(READ, {"text": "done"})

    async def main() -> None:
        async with client(line, in_path=in_path) as made:
            assert [each.id async for each in made.models.list()] == ["policy"]
            first = await made.chat.completions.create(model="gpt-5", messages=[ASKED], tools=[TOOL], temperature=0.5)
            message = first.choices[0].message
            assert first.choices[0].finish_reason == "tool_calls"
            assert message.tool_calls is not None
            assert message.tool_calls[0].type == "function"
            assert message.tool_calls[0].function.name == "read"
            assert first.usage is not None
            assert first.usage.total_tokens == first.usage.prompt_tokens + first.usage.completion_tokens > 0
            said = cast(ChatCompletionMessageParam, message.to_dict())
            again: list[ChatCompletionMessageParam] = [
                ASKED, said, {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "x"},
            ]  # fmt: skip
            second = await made.chat.completions.create(model="gpt-5", messages=again, tools=[TOOL])
            assert second.choices[0].message.content == "done"

    asyncio.run(main())
    assert [call.parent for call in read_calls(tmp_path / CAPTURE)] == [0, 1]
    assert all(call.delivered for call in read_calls(tmp_path / CAPTURE))


def test_streams(make_line: MakeLine) -> None:
    line = make_line(READ, {"text": "a long enough answer"})

    async def main() -> None:
        async with client(line) as made:
            async with made.chat.completions.stream(
                model="m", messages=[ASKED], tools=[TOOL], stream_options={"include_usage": True}
            ) as stream:
                found = await stream.get_final_completion()
            calls = found.choices[0].message.tool_calls
            assert calls is not None
            assert calls[0].function.arguments == '{"path": "' + "a" * 40 + '"}'
            assert calls[0].id.isalnum()
            assert found.usage is not None
            assert found.usage.completion_tokens > 0
            said: list[ChatCompletionMessageParam] = [ASKED, {"role": "assistant", "content": "x"}, ASKED]
            text = ""
            async for chunk in await made.chat.completions.create(model="m", messages=said, stream=True):
                assert chunk.usage is None
                text += chunk.choices[0].delta.content or ""
            assert text == "a long enough answer"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ({"fail": "unavailable"}, "InternalServerError"), ({"fail": "broken"}, "InternalServerError"), ({"fail": "rejected"}, "BadRequestError"),
        ({"fail": "context"}, "BadRequestError"), ({"fail": "refused"}, "InternalServerError"),
    ],
)  # fmt: skip
def test_errors_have_the_classes_that_clients_know(make_line: MakeLine, step: dict[str, object], error: str) -> None:
    line = make_line(step, calls=2)

    async def main() -> None:
        async with client(line) as made:
            with pytest.raises(openai.APIStatusError) as failure:
                await made.chat.completions.create(model="m", messages=[ASKED])
            assert type(failure.value).__name__ == error
            if step["fail"] == "context":
                assert failure.value.code == "context_length_exceeded"
            with pytest.raises((openai.BadRequestError, openai.PermissionDeniedError)):
                await made.chat.completions.create(model="m", messages=[ASKED], n=2)
            with pytest.raises(openai.PermissionDeniedError):
                await made.chat.completions.create(model="m", messages=[ASKED])

    asyncio.run(main())


def test_a_stream_that_breaks_off_is_an_error(make_line: MakeLine) -> None:
    line = make_line({"text": "a long enough answer to have parts", "fail": "cut"})

    async def main() -> None:
        async with client(line) as made:
            stream = await made.chat.completions.create(model="m", messages=[ASKED], stream=True)
            with pytest.raises(Exception, match=r"(?i)peer|closed|incomplete|disconnect|connection"):
                async for _ in stream:
                    pass
            with pytest.raises(openai.AuthenticationError):
                await made.with_options(api_key="wrong").models.list()
            with pytest.raises(openai.NotFoundError):
                await made.embeddings.create(model="m", input="x")

    asyncio.run(main())
