"""What can be set of the agent `openclaw`, and the configuration that OpenClaw gets from it.

OpenClaw refuses keys that it does not know, so each one here is one of version 2026.4.1.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from clawc.runtime.harness.npm.turns import BlackBoxSettings
from clawc.runtime.sandbox.interface import WORKSPACE

Tool = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_:*-]{0,40}$")]


class OpenClawSettings(BlackBoxSettings):
    """`tools` are those of OpenClaw that it may use. With `bootstrap` it first writes the files by which it gets to know its user into the
    workspace, as it does for a person; with `bundled_skills` it is told of those that come with it."""

    tools: Annotated[tuple[Tool, ...], Field(min_length=1)] = ("read", "write", "edit", "exec", "process")
    bootstrap: bool = False
    bundled_skills: bool = False
    thinking: Literal["off", "minimal", "low", "medium", "high"] = "off"


def configuration(settings: OpenClawSettings, url: str, model: str, seconds: int) -> dict[str, object]:
    """`openclaw.json`. `seconds` is how long one turn may take."""
    about: dict[str, object] = {
        "id": model, "name": model, "reasoning": False, "input": ["text"],
        "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
        "contextWindow": settings.context_window, "maxTokens": settings.max_tokens,
        "compat": {"supportsUsageInStreaming": True, "supportsStore": False, "maxTokensField": "max_tokens"},
    }  # fmt: skip
    provider: dict[str, object] = {
        "baseUrl": url, "apiKey": "none", "api": "openai-completions", "models": [about],
    }  # fmt: skip
    defaults: dict[str, object] = {
        "model": {"primary": f"policy/{model}"}, "workspace": WORKSPACE, "timeoutSeconds": seconds, "heartbeat": {"every": "0m"},
        "skipBootstrap": not settings.bootstrap, "llm": {"idleTimeoutSeconds": 0},
    }  # fmt: skip
    return {
        "models": {"mode": "merge", "providers": {"policy": provider}}, "agents": {"defaults": defaults},
        "tools": {"allow": list(settings.tools), "exec": {"host": "gateway", "security": "full"}},
        "plugins": {"enabled": False}, "update": {"checkOnStart": False}, "cron": {"enabled": False},
        "discovery": {"mdns": {"mode": "off"}},
    }  # fmt: skip
