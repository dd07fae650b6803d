"""The template of `template.py` as jinja, for other programs that serve or train a model: `chat_template.jinja` beside its weights.

It renders the same text. Tokens are the same, too, but where a text spells a control token, which other programs take for one.
"""

from __future__ import annotations

from clawc.runtime.engine.local.template import CALL, CALL_END, END, RESULT, RESULT_END, START, TOOLS


def chat_template() -> str:
    """The text of the file. `arguments` of calls are objects, or texts as `json.dumps` writes them."""
    return "".join(
        [
            "{%- set ns = namespace(from=0) -%}",
            "{%- if tools -%}",
            f"{{{{- {_text(START)} + 'system\\n' -}}}}",
            "{%- if messages and messages[0]['role'] not in ('user', 'assistant', 'tool') -%}",
            "{%- set ns.from = 1 -%}{{- (messages[0]['content'] or '') + '\\n\\n' -}}",
            "{%- endif -%}",
            f"{{{{- {_text(TOOLS[0])} -}}}}",
            "{%- for tool in tools -%}{{- ('' if loop.first else '\\n') + (tool | tojson) -}}{%- endfor -%}",
            f"{{{{- {_text(TOOLS[1])} + {_text(END)} + '\\n' -}}}}",
            "{%- endif -%}",
            "{%- for message in messages[ns.from:] -%}",
            "{%- set content = message['content'] if message['content'] is string else '' -%}",
            "{%- if message['role'] == 'tool' -%}",
            "{%- if loop.first or loop.previtem['role'] != 'tool' -%}",
            f"{{{{- {_text(START)} + 'user\\n' -}}}}",
            "{%- else -%}{{- '\\n' -}}{%- endif -%}",
            f"{{{{- {_text(RESULT)} + content + {_text(RESULT_END)} -}}}}",
            "{%- if loop.last or loop.nextitem['role'] != 'tool' -%}",
            f"{{{{- {_text(END)} + '\\n' -}}}}",
            "{%- endif -%}",
            "{%- elif message['role'] == 'assistant' -%}",
            f"{{{{- {_text(START)} + 'assistant\\n' + content -}}}}",
            "{%- for call in message['tool_calls'] or [] -%}",
            "{%- set made = call['function'] -%}",
            "{%- set arguments = made['arguments'] if made['arguments'] is string else made['arguments'] | tojson -%}",
            f"{{{{- ('' if loop.first and not content else '\\n') + {_text(CALL)} + '\\n' -}}}}",
            "{{- '{\"name\": ' + (made['name'] | tojson) + ', \"arguments\": ' + arguments + '}' -}}",
            f"{{{{- '\\n' + {_text(CALL_END)} -}}}}",
            "{%- endfor -%}",
            f"{{{{- {_text(END)} + '\\n' -}}}}",
            "{%- else -%}",
            f"{{{{- {_text(START)} + ('user' if message['role'] == 'user' else 'system') + '\\n' + content + {_text(END)} + '\\n' -}}}}",
            "{%- endif -%}",
            "{%- endfor -%}",
            f"{{%- if add_generation_prompt -%}}{{{{- {_text(START)} + 'assistant\\n' -}}}}{{%- endif -%}}",
        ]
    )


def _text(text: str) -> str:
    """As a text of jinja."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"
