"""What a model's answers hold: one JSON object, or one source file. Both are a stranger's words, bounded and checked."""

from __future__ import annotations

import json
import re
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from clawc.runtime.bundle import without_duplicates
from clawc.runtime.engine.untyped import mapping, parsed, shown

REPLY_CHARACTERS = 200_000
SOURCE_CHARACTERS = 64_000
_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"^(`{3,}|~{3,})[ \t]*([A-Za-z]*)[ \t]*\n(.*?)^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_OPEN = re.compile(r"\A(?:`{3,}|~{3,})[ \t]*[A-Za-z]*[ \t]*\n")

T = TypeVar("T", bound=BaseModel)


def read_object(text: str, kind: type[T]) -> T:
    """The object of an answer, fenced or not, as `kind`. Raises ValueError that says what is wrong, in words for the model."""
    if len(text) > REPLY_CHARACTERS:
        raise ValueError(f"the answer has more than {REPLY_CHARACTERS} characters")
    body = _THOUGHT.sub("", text).strip()
    fenced = [found[3].strip() for found in _FENCE.finditer(body)]
    if not body.startswith("{") and len(fenced) == 1:
        body = fenced[0]
    if not body.startswith("{"):
        raise ValueError("the answer is not one JSON object and nothing else")
    try:
        found: object = parsed(body)
        json.loads(body, object_pairs_hook=without_duplicates)
    except ValueError as error:
        raise ValueError(f"the answer is not one JSON object and nothing else: {shown(str(error))[:160]}") from error
    try:
        return kind.model_validate_json(json.dumps(mapping(found)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = shown(".".join(str(part) for part in first["loc"]))[:160]
        raise ValueError(f"at `{where or 'start'}`: {shown(first['msg'])[:200]}") from error


def read_source(text: str) -> str:
    """The file of an answer: what stands in its one fence, or all of it where it begins as a file does. Raises ValueError."""
    if len(text) > REPLY_CHARACTERS:
        raise ValueError(f"the answer has more than {REPLY_CHARACTERS} characters")
    body = _THOUGHT.sub("", text.replace("\r\n", "\n")).strip()
    fenced = [found[3] for found in _FENCE.finditer(body)]
    files = [each for each in fenced if each.lstrip().startswith("claw ")] or fenced
    if len(files) > 1:
        raise ValueError("the answer has several fences; give the file in one")
    source = files[0] if files else _OPEN.sub("", body)
    if not source.lstrip().startswith("claw "):
        raise ValueError("the answer is no file: line 1 is `claw 1`")
    if len(source) > SOURCE_CHARACTERS:
        raise ValueError(f"the file has more than {SOURCE_CHARACTERS} characters")
    if _CONTROL.search(source):
        raise ValueError("the file has control characters")
    return source.strip() + "\n"


def schema_of(kind: type[BaseModel]) -> str:
    """The JSON schema of an answer, as text for prompts and for engines that can be held to one."""
    return json.dumps(kind.model_json_schema(), separators=(",", ":"), sort_keys=True)
