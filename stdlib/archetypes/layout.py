"""How the sentences of a task are put together: as a letter, as steps, results first, and so on."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

from clawc.stdlib.archetypes.draft import WIDTH, Draft, Say

Layout = Callable[[Draft, str], list[str]]


def instruction(draft: Draft, opening: str) -> str:
    """The text of the instruction; what was said stands in it word for word."""
    chosen = draft.balance.pick(draft.draw, "layout", list(LAYOUTS))
    draft.shape.append(chosen)
    return "\n".join(_wrapped(draft, block) for block in LAYOUTS[chosen](draft, opening))


def _wrapped(draft: Draft, block: str) -> str:
    """Lines of the width that they have once paths stand in their place."""
    hang = re.match(r"(\d+\. |- )?", block)
    places = dict(re.findall(r'^\w+ (\w+) "([^"]*)"', "\n".join([*draft.files, *draft.delivers]), re.M))

    def held(match: re.Match[str]) -> str:
        name = match[1]
        return f"\x01{name}\x02" + "\x03" * (len(places.get(name, "")) - len(name) - 2)

    text = re.sub(r"\{\{ path\.(\w+) \}\}", held, block)
    lines = textwrap.wrap(
        text,
        WIDTH,
        subsequent_indent=" " * len(hang[0]) if hang else "",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return re.sub("\x01(\\w+)\x02\x03*", r"{{ path.\1 }}", "\n".join(lines))


def _of(draft: Draft, *about: Say) -> list[str]:
    return [sentence.text for sentence in draft.sentences if sentence.about in about]


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _prose(draft: Draft, opening: str) -> list[str]:
    return [
        _joined(opening, *_of(draft, "source")),
        _joined(*_of(draft, "rule")),
        _joined(*_of(draft, "output", "limit")),
    ]


def _one_block(draft: Draft, opening: str) -> list[str]:
    return [_joined(opening, *_of(draft, "source"), *_of(draft, "rule"), *_of(draft, "output", "limit"))]


def _steps(draft: Draft, opening: str) -> list[str]:
    said = [*_of(draft, "source"), *_of(draft, "rule"), *_of(draft, "output", "limit")]
    return [opening, "", *(f"{number}. {text}" for number, text in enumerate(said, 1))]


def _bullets(draft: Draft, opening: str) -> list[str]:
    rules = [f"- {text}" for text in _of(draft, "rule")]
    return [
        _joined(opening, *_of(draft, "source")), "", *rules, *([""] if rules else []), _joined(*_of(draft, "output", "limit")),
    ]  # fmt: skip


def _results_first(draft: Draft, opening: str) -> list[str]:
    lead = draft.draw.pick(
        ("How to get there:", "The rules behind it:", "This is how it works:", "Some background:", "What to watch for:")
    )
    return [
        _joined(opening, *_of(draft, "output")),
        "",
        _joined(lead, *_of(draft, "source"), *_of(draft, "rule"), *_of(draft, "limit")),
    ]


def _letter(draft: Draft, opening: str) -> list[str]:
    name = draft.draw.pick(_NAMES)
    hello = draft.draw.pick(
        ("Hi,", "Hello,", "Good morning,", "Hi there,", "Good afternoon,", "Hey,", "Dear colleague,", "Hello again,")
    )
    bye = draft.draw.pick(
        ("Thanks,", "Thank you,", "Many thanks,", "Best,", "Cheers,", "Kind regards,", "Thanks a lot,")
    )
    return [
        hello,
        "",
        opening,
        "",
        _joined(*_of(draft, "source"), *_of(draft, "rule")),
        "",
        _joined(*_of(draft, "output", "limit")),
        "",
        f"{bye}",
        name,
    ]


def _headed(draft: Draft, opening: str) -> list[str]:
    heads = draft.draw.pick(
        (
            ("Input", "Rules", "Output"),
            ("What there is", "What counts", "What I need"),
            ("Files", "How", "Result"),
            ("Given", "To do", "To deliver"),
        )
    )
    parts = (
        [_joined(*_of(draft, "source"))],
        [f"- {text}" for text in _of(draft, "rule")],
        [_joined(*_of(draft, "output", "limit"))],
    )
    return [
        opening,
        *(line for head, part in zip(heads, parts, strict=True) if any(part) for line in ("", f"{head}:", *part)),
    ]


def _files_first(draft: Draft, opening: str) -> list[str]:
    if draft.introduced:
        return _one_block(draft, opening)
    return [_joined(*_of(draft, "source"), opening), "", _joined(*_of(draft, "rule"), *_of(draft, "output", "limit"))]


LAYOUTS: dict[str, Layout] = {
    "prose": _prose, "block": _one_block, "steps": _steps, "bullets": _bullets, "results first": _results_first, "letter": _letter,
    "headed": _headed, "files first": _files_first,
}  # fmt: skip
_NAMES = (
    "Ana", "Bilal", "Chipo", "Daria", "Emre", "Femi", "Greta", "Hana", "Idris", "Jun", "Katya", "Lars", "Maya", "Nuno", "Oona", "Priya", "Quim", "Rosa",
    "Sven", "Tala", "Uma", "Viktor", "Wanjiru", "Xenia", "Yusuf", "Zoe", "Amina", "Bjorn", "Carmen", "Dev", "Esther", "Farid", "Gwen", "Hugo", "Ines",
)  # fmt: skip
