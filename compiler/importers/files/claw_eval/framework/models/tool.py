"""Tools, by the names of the framework that these stand in for."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class ToolSpec(BaseModel):
    name: str = ""
    description: str = ""
    input_schema: dict[str, Any] = Field(default_factory=dict)


class ToolEndpoint(BaseModel):
    tool_name: str = ""
    url: str = ""
    method: str = "POST"
