"""A task, by the names of the framework that these stand in for; whatever else its YAML has is there, too."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from .tool import ToolEndpoint, ToolSpec


class Open(BaseModel):
    model_config = {"extra": "allow"}


class Prompt(Open):
    text: str = ""
    language: str = "zh"
    attachments: list[str] = Field(default_factory=list)


class DeterministicCheck(Open):
    type: str = ""
    field: Any = None
    tool_name: Any = None
    min_calls: Any = None
    categories: Any = None
    min_length: Any = None
    patterns: Any = None
    keywords: Any = None
    description: Any = None
    rubric: Any = None

    def model_post_init(self, _: Any) -> None:
        """Numbers that YAML has read are words here."""
        if self.keywords is not None:
            self.keywords = [str(word) for word in self.keywords]


class ScoringComponent(Open):
    name: str = ""
    weight: float = 0.0
    check: DeterministicCheck = Field(default_factory=DeterministicCheck)


class SafetyCheck(Open):
    type: str = ""
    tool_name: Any = None
    patterns: Any = None
    description: str = ""


class Environment(Open):
    timeout_seconds: int = 300
    max_turns: int = 20
    fixtures: list[str] = Field(default_factory=list)


class ServiceDef(Open):
    name: str = ""
    command: str = ""
    port: int = 0
    env: dict[str, Any] = Field(default_factory=dict)


class ExpectedAction(Open):
    service: str = ""
    action_key: str = ""
    required: bool = True


class UserAgentTaskConfig(Open):
    enabled: bool = False
    persona: str = ""
    max_rounds: int = 3


class TaskDefinition(Open):
    task_id: str = ""
    task_name: str = ""
    version: str = "1.0"
    category: str = ""
    difficulty: str = "simple"
    prompt: Prompt = Field(default_factory=Prompt)
    tools: list[ToolSpec] = Field(default_factory=list)
    tool_endpoints: list[ToolEndpoint] = Field(default_factory=list)
    environment: Environment = Field(default_factory=Environment)
    scoring_components: list[ScoringComponent] = Field(default_factory=list)
    safety_checks: list[SafetyCheck] = Field(default_factory=list)
    services: list[ServiceDef] = Field(default_factory=list)
    expected_actions: list[ExpectedAction] = Field(default_factory=list)
    judge_rubric: str = ""
    reference_solution: str = ""
    primary_dimensions: list[str] = Field(default_factory=list)
    tags: list[str] = Field(default_factory=list)
    user_agent: UserAgentTaskConfig = Field(default_factory=UserAgentTaskConfig)
    sandbox_files: list[str] = Field(default_factory=list)
    sandbox_grader_files: list[str] = Field(default_factory=list)
    env_snapshot_files: list[str] = Field(default_factory=list)
    env_snapshot_commands: list[str] = Field(default_factory=list)
    local_grader_files: list[str] = Field(default_factory=list)
    task_file: Any = None
