"""What was done and what it is worth, by the names of the framework that these stand in for."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from .message import Message


class TokenUsage(BaseModel):
    input_tokens: int = 0
    output_tokens: int = 0


class DimensionScores(BaseModel):
    completion: float = 0.0
    robustness: float = 0.0
    communication: float = 0.0
    safety: float = 1.0
    efficiency_turns: int = 0
    efficiency_tokens: int = 0
    efficiency_wall_time_s: float = 0.0


class TraceMessage(BaseModel):
    type: str = "message"
    trace_id: str = ""
    message: Message
    usage: TokenUsage = Field(default_factory=TokenUsage)
    timestamp: str = ""


class ToolDispatch(BaseModel):
    type: str = "tool_dispatch"
    trace_id: str = ""
    tool_use_id: str = ""
    tool_name: str = ""
    endpoint_url: str = ""
    request_body: dict[str, Any] = Field(default_factory=dict)
    response_status: int = 200
    response_body: Any = None
    latency_ms: float = 0.0
    timestamp: str = ""


class AuditSnapshot(BaseModel):
    type: str = "audit_snapshot"
    service_name: str = ""
    audit_data: dict[str, Any] = Field(default_factory=dict)


class MediaLoad(BaseModel):
    type: str = "media_load"
    modality: str = ""
    source_path: str = ""
    mime_type: str = ""
    status: str = "loaded"
    note: str = ""
