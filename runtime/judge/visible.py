"""Texts of strangers as a model is shown them: nothing is invisible, nothing changes the direction of what follows, and
nothing is a control token of a chat template. Quotations are compared by `plain_words`, which takes such marks away again."""

from __future__ import annotations

import re
import unicodedata

# What chat templates of open models take for the end of a message or the begin of another one.
_TOKEN = re.compile(
    r"<(?=[|\uff5c])|<(?=/?(?:s|bos|eos|pad|unk|system|user|assistant|tool_call|tool_response|think"
    r"|start_of_turn|end_of_turn)>)|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])|<(?=</?SYS>>)",
    re.IGNORECASE,
)
_BREAK = "·"
# Invisible, reversing, private or unassigned; tabs and line ends are kept. One selector of a coloured emoji is common.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_KEPT = frozenset("\n\t\ufe0f")
_MARK = re.compile(r"<U\+[0-9A-F]{4,6}>")
_TYPOGRAPHY = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})
_LINE_ENDS = re.compile("\r\n|\r")
_ASCII = re.compile(r"[\n\t\x20-\x7e]*")


def visible(text: str) -> str:
    """The text as it is shown."""
    text = _LINE_ENDS.sub("\n", text)
    if not _ASCII.fullmatch(text):
        text = "".join(map(_seen, text))
    else:
        text = text.replace("\x7f", "<U+007F>")
    return _TOKEN.sub(lambda found: found[0] + _BREAK, text)


def hidden(letter: str) -> bool:
    """Whether nobody sees the character, or it moves others."""
    if letter in _KEPT:
        return False
    return unicodedata.category(letter) in _HIDDEN_CATEGORIES or 0xFE00 <= ord(letter) <= 0xFE0E or (
        0xE0100 <= ord(letter) <= 0xE01EF
    )  # fmt: skip


def plain_words(text: str) -> str:
    """What is compared: without marks of hidden characters, with one space for any space, and with the quotation marks and dashes that
    models write for all."""
    text = _MARK.sub("", text).replace(_BREAK, "")
    if not text.isascii():
        text = "".join(letter for letter in text if not hidden(letter) and letter != "\ufe0f")
        text = unicodedata.normalize("NFC", text).translate(_TYPOGRAPHY)
    return " ".join(text.split())


def _seen(letter: str) -> str:
    return f"<U+{ord(letter):04X}>" if hidden(letter) else letter
