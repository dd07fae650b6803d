"""The template as jinja renders what ours does, for conversations of any form."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.engine.interface import ChatRequest
from clawc.runtime.engine.local.chat_template import chat_template
from clawc.runtime.engine.local.packages import TOKENS, WORKER
from clawc.runtime.engine.local.template import Template
from tests.engine_local.conftest import byte_tokenizer, skip_without

skip_without(*TOKENS, *WORKER)
TEXT = st.text(alphabet="ab'\"\\\n {}<é", max_size=10)
CALLS = st.lists(
    st.builds(lambda name, values: {"id": "1", "type": "function", "function": {"name": name, "arguments": json.dumps(values, ensure_ascii=False)}},
              st.sampled_from(["read", "é'x"]), st.dictionaries(TEXT, TEXT, max_size=2)),
    max_size=2,
)  # fmt: skip
MESSAGES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"role": st.sampled_from(["user", "system", "tool"]), "content": TEXT}),
        st.fixed_dictionaries({"role": st.just("assistant"), "content": st.none() | TEXT, "tool_calls": CALLS}),
    ),
    min_size=1,
    max_size=7,
)
TOOLS = [{"type": "function", "function": {"name": "read", "description": "a 'b' <c>", "parameters": {"type": "object"}}}]


@settings(max_examples=300, deadline=None)
@given(messages=MESSAGES, tools=st.sampled_from([[], TOOLS, TOOLS * 2]), asks=st.booleans())
def test_jinja_renders_the_same(messages: list[dict[str, object]], tools: list[dict[str, object]], asks: bool) -> None:
    from transformers.utils.chat_template_utils import render_jinja_template

    template = Template(byte_tokenizer(), "none")
    ids = template.prompt(ChatRequest(tuple(messages), tuple(tools))) if asks else template.render(messages, tools)
    expected = byte_tokenizer().decode(ids, skip_special_tokens=False)
    (found,), _ = render_jinja_template([messages], tools=tools or None, chat_template=chat_template(), add_generation_prompt=asks)
    assert found == expected
