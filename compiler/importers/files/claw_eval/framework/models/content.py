"""Parts of a message, by the names of the framework that these stand in for."""

from __future__ import annotations

from typing import Any, Union

from pydantic import BaseModel, Field


class TextBlock(BaseModel):
    type: str = "text"
    text: str = ""


class ToolUseBlock(BaseModel):
    type: str = "tool_use"
    id: str = ""
    name: str = ""
    input: dict[str, Any] = Field(default_factory=dict)


class ToolResultBlock(BaseModel):
    type: str = "tool_result"
    tool_use_id: str = ""
    content: list[TextBlock] = Field(default_factory=list)
    is_error: bool = False


class ImageBlock(BaseModel):
    type: str = "image"
    data: str = ""
    mime_type: str = ""
    source_path: Any = None


class AudioBlock(ImageBlock):
    type: str = "audio"


class VideoBlock(ImageBlock):
    type: str = "video"


ContentBlock = Union[TextBlock, ToolUseBlock, ToolResultBlock, ImageBlock, AudioBlock, VideoBlock]
