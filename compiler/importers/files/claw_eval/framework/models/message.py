"""A message, by the names of the framework that this stands in for."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from .content import ContentBlock, TextBlock


class Message(BaseModel):
    role: str = ""
    content: list[ContentBlock] = Field(default_factory=list)
    reasoning_content: Any = None

    @property
    def text(self) -> str:
        """All that is said in it."""
        return "\n".join(part.text for part in self.content if isinstance(part, TextBlock))
