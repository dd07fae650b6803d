"""The one source file of a model's answer, bounded and checked; and the schemas of answers that are objects."""

from __future__ import annotations

import json
import re

from pydantic import BaseModel

from clawc.runtime.synth.replies import MOST_CHARACTERS

SOURCE_CHARACTERS = 64_000
_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"^(`{3,}|~{3,})[ \t]*([A-Za-z]*)[ \t]*\n(.*?)^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_OPEN = re.compile(r"\A(?:`{3,}|~{3,})[ \t]*[A-Za-z]*[ \t]*\n")


def read_source(text: str) -> str:
    """The file of an answer: what stands in its one fence, or all of it where it begins as a file does. Raises ValueError."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"the answer has more than {MOST_CHARACTERS} characters")
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
