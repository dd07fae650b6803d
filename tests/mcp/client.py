"""The SDK's client over standard input and output, with a server of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal, cast

from mcp import Client
from mcp.client.session import ListRootsFnT
from mcp.client.stdio import StdioServerParameters
from mcp.types import CallToolResult, TextContent

ROOT = Path(__file__).resolve().parents[2]
TOTALS = (ROOT / "examples" / "order_totals.claw").read_text(encoding="utf-8")
Mode = Literal["auto", "legacy"]  # the newest protocol, and those with a handshake


def environment() -> dict[str, str]:
    """So that the server is that of this checkout, wherever it starts."""
    return {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]]), "PYTHONSAFEPATH": "1"}


@asynccontextmanager
async def served(
    folder: Path, *options: str, mode: Mode = "auto", roots: ListRootsFnT | None = None
) -> AsyncGenerator[Client]:
    """A client of a server that was started in a folder."""
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "clawc", "mcp", *options], cwd=folder, env=environment()
    )
    async with Client(server, mode=mode, list_roots_callback=roots, read_timeout_seconds=120.0) as client:
        yield client


def said(result: CallToolResult) -> str:
    """The text of an answer."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def ask(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The data of an answer, which the client compares with the schema of the tool."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, said(result)
    return cast(dict[str, Any], result.structured_content)


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """What is said where a tool does not do it."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return said(result)
