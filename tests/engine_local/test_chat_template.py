"""The template as jinja renders what ours does, for conversations of any form."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.engine.interface import ChatRequest
from clawc.runtime.engine.local.chat_template import chat_template
from clawc.runtime.engine.local.packages import TOKENS, WORKER
from clawc.runtime.engine.local.template import Template
from tests.engine_local.conftest import byte_tokenizer, skip_without

skip_without(*TOKENS, *WORKER)
TEXT = st.text(alphabet="ab'\"\\\n {}<é", max_size=10)


def calling(name: str, values: dict[str, str]) -> dict[str, Any]:
    text = json.dumps(values, ensure_ascii=False)
    return {"id": "1", "type": "function", "function": {"name": name, "arguments": text}}


def saying(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content}


def answering(content: str | None, calls: list[dict[str, Any]]) -> dict[str, Any]:
    return {"role": "assistant", "content": content, "tool_calls": calls}


CALLS = st.lists(
    st.builds(calling, st.sampled_from(["read", "é'x"]), st.dictionaries(TEXT, TEXT, max_size=2)), max_size=2
)
MESSAGES = st.lists(
    st.builds(saying, st.sampled_from(["user", "system", "tool"]), TEXT)
    | st.builds(answering, st.none() | TEXT, CALLS),
    min_size=1,
    max_size=7,
)
TOOLS: list[dict[Any, Any]] = [
    {"type": "function", "function": {"name": "read", "description": "a 'b' <c>", "parameters": {"type": "object"}}}
]


@settings(max_examples=300, deadline=None)
@given(messages=MESSAGES, tools=st.sampled_from([[], TOOLS, TOOLS * 2]), asks=st.booleans())
def test_jinja_renders_the_same(messages: list[dict[str, Any]], tools: list[dict[Any, Any]], asks: bool) -> None:
    template = Template(byte_tokenizer(), "none")
    ids = template.prompt(ChatRequest(tuple(messages), tuple(tools))) if asks else template.render(messages, tools)
    expected = byte_tokenizer().decode(ids, skip_special_tokens=False)
    render: Any = import_module("transformers.utils.chat_template_utils").render_jinja_template
    texts, _ = render([messages], tools=tools or None, chat_template=chat_template(), add_generation_prompt=asks)
    assert list(texts) == [expected]
