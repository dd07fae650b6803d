"""Files that are cut off or in other encodings, and tables of attacks as bytes."""

from __future__ import annotations

from collections.abc import Callable

Make = Callable[[], bytes]


def encoded(texts: dict[str, Callable[[], str]]) -> dict[str, Make]:
    """Attacks that are texts, as bytes; each is made when it is tried."""

    def in_utf8(make: Callable[[], str]) -> Make:
        return lambda: make().encode()

    return {name: in_utf8(make) for name, make in texts.items()}


def encodings(right: bytes) -> dict[str, Make]:
    """Files that are cut off, or no UTF-8."""
    text = right.decode("utf-8", "replace")
    return {
        "empty": lambda: b"",
        "blank": lambda: b" \n\t\n",
        "half": lambda: right[: len(right) // 2],
        "latin-1": lambda: right[:9] + b"caf\xe9 \xfc" + right[9:],
        "utf-16": lambda: text.encode("utf-16"),
        "utf-16 without mark": lambda: text.encode("utf-16-le"),
        "utf-32": lambda: text.encode("utf-32"),
        "NULs": lambda: right[:6] + b"\0\0" + right[6:],
        "overlong": lambda: right[:6] + b"\xc0\xaf\xe0\x80\xaf" + right[6:],
        "surrogate": lambda: right[:6] + b"\xed\xa0\x80" + right[6:],
    }
