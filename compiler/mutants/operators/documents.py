"""Documents with a section, line or sentence less, beyond their limits, or with another text where the text is demanded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clawc.compiler.mutants.model import Answer, Operator, Variant
from clawc.compiler.mutants.prose import part_called, parts
from clawc.stdlib.checks import primitive
from clawc.stdlib.checks.values import Unmet, Unordered

FILLER = (
    "The following was looked at with care and written down in order.", "Nothing further has to be said about this here.",
    "Whoever reads this later will find the same again.", "It was put together from what was at hand.",
)  # fmt: skip


_BULLETS = 6
_MARKED = ("- ", "* ", "+ ", "# ", "##")


def _sections(answer: Answer) -> list[str]:
    named = [d.place.section for d in answer.pins.demands if d.place.section]
    return list(dict.fromkeys([*(answer.deliver.sections or ()), *named]))


def _no_section(answer: Answer) -> Iterator[Variant]:
    if answer.text is None:
        return
    lines = answer.text.split("\n")
    for title in _sections(answer):
        part = part_called(answer.text, title)
        if part is None:
            continue
        data = "\n".join([*lines[: part.start], *lines[part.end :]]).encode()
        declared = title in (answer.deliver.sections or ())
        checks = answer.readers if declared else _of_section(answer, title)
        yield Variant(data, f"section `{title}`", f"the section `{title}` is missing", checks, bool(checks))


def _empty_section(answer: Answer) -> Iterator[Variant]:
    if answer.text is None:
        return
    lines = answer.text.split("\n")
    for title in _sections(answer):
        part = part_called(answer.text, title)
        if part is None or not "".join(lines[part.start + 1 : part.end]).strip():
            continue
        data = "\n".join([*lines[: part.start + 1], "", "Nothing here yet.", "", *lines[part.end :]]).encode()
        checks = _of_section(answer, title, strict=True)
        yield Variant(
            data, f"section `{title}`", f"under `{title}` stands nothing that was asked for", checks, bool(checks)
        )


def _renamed_section(answer: Answer) -> Iterator[Variant]:
    if answer.text is None:
        return
    lines = answer.text.split("\n")
    for title in answer.deliver.sections or ():
        part = part_called(answer.text, title)
        if part is not None:
            new = f"{'#' * part.level} Something else"
            data = "\n".join([*lines[: part.start], new, *lines[part.start + 1 :]]).encode()
            yield Variant(data, f"section `{title}`", f"`{title}` is called `Something else`", answer.readers)


def _of_section(answer: Answer, title: str, strict: bool = False) -> frozenset[str]:
    """Checks that demand something of a section; `strict`: something that an empty one has not."""
    kinds = (
        "mention",
        "text",
        "contains",
        "starts_with",
        "table",
        "field",
        "contains_lines",
        "block",
        "bullet",
        "matches",
    )
    return frozenset(
        d.check for d in answer.pins.demands if d.place.section == title and (not strict or d.kind in kinds)
    )


def _lines(answer: Answer) -> list[str]:
    """The lines of a text that is neither a table nor a tree; else none."""
    if answer.text is None or answer.grids or answer.tree is not None:
        return []
    has_lines = answer.is_document or answer.kind in ("ics", "email", "html", "xml", "diff")
    return answer.text.split("\n") if has_lines else []


def _line_left_out(answer: Answer) -> Iterator[Variant]:
    """A line of a text less: one in the middle, the last, the first."""
    lines = _lines(answer)
    filled = [n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    for at in dict.fromkeys([filled[len(filled) // 2], filled[-1], filled[0]] if len(filled) > 1 else []):
        data = "\n".join([*lines[:at], *lines[at + 1 :]]).encode()
        checks = answer.pins.text
        yield Variant(data, _section_at("\n".join(lines), at), f"line {at + 1} is left out", checks, bool(checks))


def _words_lost(answer: Answer) -> Iterator[Variant]:
    """A line whose words are others."""
    lines = _lines(answer)
    # Headings and bullets have operators of their own.
    filled = [n for n, line in enumerate(lines) if any(c.isalnum() for c in line) and line.lstrip()[:2] not in _MARKED]
    for at in dict.fromkeys([filled[0], filled[-1], filled[len(filled) // 2]] if filled else []):
        words = lines[at].split(" ")
        new = " ".join("quux" if any(c.isalnum() for c in w) else w for w in words)
        data = "\n".join([*lines[:at], new, *lines[at + 1 :]]).encode()
        if data != answer.data:
            checks = answer.pins.text
            place = _section_at("\n".join(lines), at)
            yield Variant(data, place, f"line {at + 1} says something else", checks, bool(checks))


def _spoiled_bullet(answer: Answer) -> Iterator[Variant]:
    """A bullet whose words are others; their number stays."""
    if answer.text is None or not answer.is_document:
        return
    lines = answer.text.split("\n")
    # What stood there before, nobody has to judge.
    before = set(answer.base.decode("utf-8", "replace").split("\n")) if answer.base is not None else set[str]()
    bullets = [n for n, line in enumerate(lines) if line.lstrip()[:2] in ("- ", "* ", "+ ") and line not in before]
    if len(bullets) > _BULLETS:
        bullets = [*bullets[: _BULLETS - 1], bullets[-1]]
    for section in dict.fromkeys(_section_at(answer.text, at) for at in bullets):
        inside = [at for at in bullets if _section_at(answer.text, at) == section]
        made = list(lines)
        for at in inside:
            made[at] = _spoiled(lines[at])
        if len(inside) > 1:
            data = "\n".join(made).encode()
            yield Variant(
                data,
                f"all bullets in {section}",
                "all bullets say something else",
                answer.pins.text,
                bool(answer.pins.text),
            )
    for number, at in enumerate(bullets, 1):
        new, rest = _spoiled(lines[at]), lines[at].lstrip()[2:]
        if new != lines[at]:
            data = "\n".join([*lines[:at], new, *lines[at + 1 :]]).encode()
            checks = answer.pins.text
            place = f"bullet {number} in {_section_at(answer.text, at)}"
            yield Variant(data, place, f"`{rest[:40]}` says something else", checks, bool(checks))


def _spoiled(bullet: str) -> str:
    head, sign, rest = bullet.partition(bullet.lstrip()[:2])
    return head + sign + " ".join("quux" if any(c.isalnum() for c in w) else w for w in rest.split(" "))


def _section_at(text: str, line: int) -> str:
    inside = [p for p in parts(text) if p.start <= line < p.end]
    return f"section `{inside[-1].title}`" if inside else "the text"


def _measure(kind: str, text: str) -> int | None:
    try:
        counted: Any = primitive(kind)(text)
    except Unmet:
        return None
    return counted if isinstance(counted, int) else len(counted)


def _beyond(answer: Answer) -> Iterator[Variant]:
    """More words, sentences, paragraphs or bullets than there may be."""
    if answer.text is None:
        return
    for demand in answer.pins.limits:
        high = demand.value.high
        if high is None or demand.place.field:
            continue
        text = _own_text(answer.text, demand.place.section)
        count = None if text is None else _measure(demand.kind, text)
        if text is None or count is None or count > high:
            continue
        more = _more(demand.kind, int(high) - count + 1)
        data = _with_more(answer.text, demand.place.section, more)
        if data is not None:
            yield Variant(
                data.encode(),
                f"the number of {demand.kind}",
                f"there are more {demand.kind} than {high}",
                frozenset({demand.check}),
            )


def _more(kind: str, count: int) -> str:
    if kind == "words":
        return " ".join((" ".join(FILLER * (count // 20 + 1))).split()[:count])
    if kind == "sentences":
        return " ".join(FILLER[n % len(FILLER)] for n in range(count))
    lines = [FILLER[n % len(FILLER)] for n in range(count)]
    return "\n".join(f"- {line}" for line in lines) if kind == "bullets" else "\n\n".join(lines)


def _below(answer: Answer) -> Iterator[Variant]:
    """Fewer words than there have to be."""
    if answer.text is None:
        return
    for demand in answer.pins.limits:
        low = demand.value.low
        if not low or demand.place.field or demand.kind != "words":
            continue
        text = _own_text(answer.text, demand.place.section)
        if text is None:
            continue
        words = text.split()
        kept = " ".join(words[: max(0, int(low) - 1)])
        data = kept if not demand.place.section else _put_section(answer.text, demand.place.section, kept)
        if data is not None and (_measure("words", kept) or 0) < low:
            yield Variant(
                data.encode(), "the number of words", f"there are fewer words than {low}", frozenset({demand.check})
            )


def _fewer_bullets(answer: Answer) -> Iterator[Variant]:
    """A bullet less than there have to be."""
    if answer.text is None:
        return
    for demand in answer.pins.of("bullets"):
        low = demand.value.low
        text = _own_text(answer.text, demand.place.section)
        if not low or text is None or _measure("bullets", text) != low:
            continue
        lines = answer.text.split("\n")
        part = part_called(answer.text, demand.place.section) if demand.place.section else None
        inside = range(part.start, part.end) if part else range(len(lines))
        bullet = next(
            (
                n
                for n in reversed(inside)
                if lines[n].lstrip()[:2] in ("- ", "* ", "+ ") or lines[n].lstrip()[:1].isdigit()
            ),
            None,
        )
        if bullet is not None:
            data = "\n".join([*lines[:bullet], *lines[bullet + 1 :]])
            yield Variant(
                data.encode(), "the number of bullets", f"there are fewer bullets than {low}", frozenset({demand.check})
            )


def _own_text(text: str, section: str) -> str | None:
    if not section:
        return text
    part = part_called(text, section)
    return None if part is None else "\n".join(text.split("\n")[part.start + 1 : part.end])


def _put_section(text: str, section: str, body: str) -> str | None:
    part = part_called(text, section)
    if part is None:
        return None
    lines = text.split("\n")
    return "\n".join([*lines[: part.start + 1], "", body, "", *lines[part.end :]])


def _with_more(text: str, section: str, more: str) -> str | None:
    if not section:
        return f"{text.rstrip()}\n\n{more}\n"
    part = part_called(text, section)
    if part is None:
        return None
    lines = text.split("\n")
    return "\n".join(
        [*lines[: part.end], *(() if not lines[: part.end][-1].strip() else ("",)), more, "", *lines[part.end :]]
    )


def _texts(answer: Answer) -> Iterator[Variant]:
    """Another text where the whole text is demanded."""
    if answer.text is None or not answer.pins.text:
        return
    lines = answer.text.rstrip("\n").split("\n")
    free = any(isinstance(d.value, Unordered) for d in answer.pins.of("lines"))
    if len(lines) > 1 and lines[0] != lines[-1] and not free:
        data = "\n".join([*lines[1:], lines[0]]) + "\n"
        yield Variant(data.encode(), "the text", "the first line stands at the end", answer.pins.text)
    yield Variant(f"{answer.text.rstrip()} quux\n".encode(), "the text", "there is a word more", answer.pins.text)


OPERATORS = (
    Operator("drop_section", "wrong", _no_section),
    Operator("empty_section", "wrong", _empty_section),
    Operator("rename_section", "wrong", _renamed_section),
    Operator("drop_line", "wrong", _line_left_out),
    Operator("other_words", "wrong", _words_lost),
    Operator("spoiled_bullet", "wrong", _spoiled_bullet),
    Operator("beyond_the_limit", "wrong", _beyond),
    Operator("below_the_limit", "wrong", _below),
    Operator("fewer_bullets", "wrong", _fewer_bullets),
    Operator("other_text", "wrong", _texts),
)
