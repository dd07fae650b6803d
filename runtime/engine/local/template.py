"""Conversations as tokens, and back from tokens to bytes: ChatML, with tools in the form that Hermes models are trained on.

A control token comes from here alone: all that messages say is encoded as ordinary text, whatever it spells. What a
conversation begins with is what it began with: the tokens of some messages are a prefix of those of these and more,
unless both sides of the seam are results of tools, which share a turn. What a model has said is never encoded again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from clawc.runtime.engine.interface import ChatRequest, Object
from clawc.runtime.engine.local.packages import TOKENS, need
from clawc.runtime.engine.local.shapes import as_list, as_object
from clawc.runtime.errors import RuntimeFault

if TYPE_CHECKING:
    from tokenizers import Tokenizer

START, END = "<|im_start|>", "<|im_end|>"
CALL, CALL_END = "<tool_call>", "</tool_call>"
RESULT, RESULT_END = "<tool_response>\n", "\n</tool_response>"
TOOLS = (
    "You can call functions. They are listed here, one JSON object a line:\n<tools>\n",
    "\n</tools>\n\nTo call one, write its name and its arguments as a JSON object between tags, once for each call:\n"
    f'{CALL}\n{{"name": "NAME", "arguments": {{"KEY": "VALUE"}}}}\n{CALL_END}\n'
    "What the functions return comes between <tool_response> and </tool_response>.",
)
# Stands for all that shapes the tokens of a conversation: the number is of the code below, which the texts leave out.
TEMPLATE = hashlib.sha256(json.dumps([1, START, END, CALL, CALL_END, RESULT, RESULT_END, *TOOLS]).encode()).hexdigest()


class _Turn(NamedTuple):
    role: str
    text: str


class Template:
    """Renders for one tokenizer. `tokenizer_sha256` is that of its file, `end` the token that ends a turn."""

    def __init__(self, tokenizer: Tokenizer, tokenizer_sha256: str) -> None:
        """Raises RuntimeFault R0952 for a tokenizer that is not of bytes or does not know the tokens of ChatML."""
        start, end = tokenizer.token_to_id(START), tokenizer.token_to_id(END)
        decoder = as_object(as_object(json.loads(tokenizer.to_str())).get("decoder"))
        if start is None or end is None or decoder.get("type") != "ByteLevel":
            message = f"the tokenizer is not one of bytes that knows `{START}` and `{END}`"
            raise RuntimeFault("R0952", message, "give a model that was trained on ChatML, such as SmolLM2 or Qwen")
        tokenizer.encode_special_tokens = True  # what spells a control token in a text is text
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._start = start
        self.end = end
        self.tokenizer_sha256 = tokenizer_sha256
        self._seam = self.encode("\n")
        self._special = {number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special}

    @classmethod
    def of(cls, folder: Path) -> Template:
        """That of the model in `folder`. Raises RuntimeFault R0951 or R0952."""
        need(*TOKENS)
        from tokenizers import Tokenizer

        file = folder / "tokenizer.json"
        try:
            data = file.read_bytes()
            tokenizer = Tokenizer.from_str(data.decode("utf-8"))
        except (OSError, ValueError) as error:
            raise RuntimeFault(
                "R0952", f"`{file}` cannot be read: {error}", "give the folder of a whole model"
            ) from error
        return cls(tokenizer, hashlib.sha256(data).hexdigest())

    def prompt(self, request: ChatRequest) -> list[int]:
        """The tokens that the model goes on from. What `continued` stands for is taken over as it is."""
        before, messages = request.continued, request.messages
        if before is None:
            ids = self.render(messages, () if request.tool_choice == "none" else request.tools)
        else:
            ids = [*before.prompt_ids, *before.output_ids]
            if not before.output_ids or before.output_ids[-1] != self.end:
                ids.append(self.end)
            ids += self._seam
            for turn in _turns(messages[before.messages :]):
                ids += self._tokens(turn)
        return [*ids, self._start, *self.encode("assistant\n"), *self.encode(opening(request))]

    def render(self, messages: Sequence[Object], tools: Sequence[Object] = ()) -> list[int]:
        """The tokens of whole turns."""
        turns = list(_turns(messages))
        if tools:
            first = turns.pop(0).text + "\n\n" if turns and turns[0].role == "system" else ""
            turns.insert(0, _Turn("system", first + _tools(tools)))
        return [number for turn in turns for number in self._tokens(turn)]

    def answer(self, message: Object) -> list[int]:
        """The tokens that a model would have drawn had it said this message, with the one that ends its turn."""
        content = message.get("content")
        return [*self.encode(_said(content if isinstance(content, str) else "", message.get("tool_calls"))), self.end]

    def encode(self, text: str) -> list[int]:
        """Text without any control token."""
        # A lone half of a pair of surrogates, which JSON can spell, is no text.
        sound = text.encode("utf-8", "replace").decode("utf-8")
        return self._tokenizer.encode(sound, add_special_tokens=False).ids if sound else []

    def bytes_of(self, token: int) -> bytes:
        """What a token stands for; nothing if it is a control token or none at all."""
        spelled = None if token in self._special else self._tokenizer.id_to_token(token)
        if spelled is None:
            return b""
        values = [_BYTES.get(letter) for letter in spelled]
        known = [value for value in values if value is not None]
        return bytes(known) if len(known) == len(values) else spelled.encode()  # an added token is spelled as it is

    def _tokens(self, turn: _Turn) -> list[int]:
        # The role apart from the text, as in front of an answer: else the two could share a token.
        return [self._start, *self.encode(f"{turn.role}\n"), *self.encode(turn.text), self.end, *self._seam]


def opening(request: ChatRequest) -> str:
    """What an answer begins with if a call is demanded."""
    choice = request.tool_choice
    if not request.tools:
        return ""
    if choice == "required":
        return f'{CALL}\n{{"name": "'
    name = as_object(as_object(choice).get("function")).get("name")
    return f'{CALL}\n{{"name": {_json(name)}, "arguments": ' if isinstance(name, str) else ""


def _turns(messages: Sequence[Object]) -> Iterator[_Turn]:
    results: list[str] = []
    for message in messages:
        role, content = message.get("role"), message.get("content")
        text = content if isinstance(content, str) else ""
        if role == "tool":
            results.append(RESULT + text + RESULT_END)
            continue
        if results:
            yield _Turn("user", "\n".join(results))
            results = []
        if role == "assistant":
            yield _Turn("assistant", _said(text, message.get("tool_calls")))
        else:
            yield _Turn("user" if role == "user" else "system", text)
    if results:
        yield _Turn("user", "\n".join(results))


def _said(text: str, calls: object) -> str:
    parts = [text] if text else []
    for call in as_list(calls):
        function = as_object(as_object(call).get("function"))
        if function:
            call_text = (
                f'{{"name": {_json(function.get("name"))}, "arguments": {_arguments(function.get("arguments"))}}}'
            )
            parts.append(f"{CALL}\n{call_text}\n{CALL_END}")
    return "\n".join(parts)


def _arguments(text: object) -> str:
    """Spaced as models are trained on; what is no JSON stays as it is."""
    try:
        return _json(json.loads(str(text)))
    except (ValueError, RecursionError):
        return str(text)


def _tools(tools: Sequence[Object]) -> str:
    return TOOLS[0] + "\n".join(_json(tool) for tool in tools) + TOOLS[1]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _byte_letters() -> dict[str, int]:
    """The letter that stands for each byte in the vocabularies of byte-level BPE: itself if it can be seen, else the next one
    from U+0100 on (the code of GPT-2)."""
    seen = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    unseen = [value for value in range(256) if value not in seen]
    return {chr(value): value for value in seen} | {chr(256 + n): value for n, value in enumerate(unseen)}


_BYTES = _byte_letters()
