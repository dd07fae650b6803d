"""Mistakes in prose, lists of lines, pages, XML, calendars and mails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random

from tests.holdout.model import Answer, EventsTruth, Files, Instance, MailTruth, ProseTruth
from tests.holdout.operators import Operator, TextEdit, on_texts

PROSE = ("markdown", "text", "email")
_NUMBER = re.compile(r"(?<![\w.,-])[0-9][0-9,]*(?:\.[0-9]+)?(?![\w-]|[.,:][0-9])")
_NAME = re.compile(r"\b[A-ZÅÖÄŁŞ][\w']+ (?:de )?[A-ZÅÖÄŁŞ][\w']+\b")
_BULLET = re.compile(r"^[-*+] .*(?:\n[ ]{2,}\S.*)*$", re.M)
_ROW = re.compile(r"^\|?.*\|.*\n(?=\|?.*\|)", re.M)
_SECTION = re.compile(r"^## .*\n(?:(?!## ).*\n?)*", re.M)


def _numbers(change: Callable[[str], str], most: int = 2) -> TextEdit:
    """Changes one number of a text in turn."""

    def edit(text: str, random: Random) -> Iterator[str]:
        start = text.find("\n\n") if text.startswith(("From:", "To:", "Subject:", "Date:", "MIME")) else 0
        found = list(_NUMBER.finditer(text, start))
        for match in random.sample(found, min(most, len(found))):
            yield text[: match.start()] + change(match[0]) + text[match.end() :]

    return edit


def _value(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _swapped(pattern: re.Pattern[str]) -> TextEdit:
    """Two different finds change places."""

    def edit(text: str, random: Random) -> Iterator[str]:
        found = [*pattern.finditer(text)]
        pairs = [(a, b) for n, a in enumerate(found) for b in found[n + 1 :] if a[0] != b[0]]
        for a, b in random.sample(pairs, min(3, len(pairs))):
            yield text[: a.start()] + b[0] + text[a.end() : b.start()] + a[0] + text[b.end() :]

    return edit


def _lost(pattern: re.Pattern[str]) -> TextEdit:
    def edit(text: str, random: Random) -> Iterator[str]:
        found = [*pattern.finditer(text)]
        for match in random.sample(found, min(2, len(found))):
            yield text[: match.start()] + text[match.end() :].removeprefix("\n")

    return edit


def _bullets_merged(text: str, _: Random) -> Iterator[str]:
    yield re.sub(r"\n[-*+] ", "; ", text)
    yield re.sub(r"\n([-*+]) ", r" \1 ", text)


def _bullet_added(text: str, _: Random) -> Iterator[str]:
    found = [*_BULLET.finditer(text)]
    if found:
        last = found[-1]
        yield text[: last.end()] + "\n- And others" + text[last.end() :]
        yield text[: last.end()] + "\n" + last[0] + text[last.end() :]


def _section_renamed(text: str, random: Random) -> Iterator[str]:
    heads = [*re.finditer(r"^## (.*)$", text, flags=re.M)]
    if heads:
        head = random.choice(heads)
        for name in ("Overview", head[1] + " and more", head[1].rstrip("s") + "ing"):
            yield text[: head.start()] + "## " + name + text[head.end() :]
        yield text[: head.start()] + text[head.end() :].removeprefix("\n")


def _titles_swapped(text: str, random: Random) -> Iterator[str]:
    heads = [*re.finditer(r"^## .*$", text, flags=re.M)]
    if len(heads) > 1:
        a, b = sorted(random.sample(heads, 2), key=lambda m: m.start())
        yield text[: a.start()] + b[0] + text[a.end() : b.start()] + a[0] + text[b.end() :]


def _column_shifted(text: str, _: Random) -> Iterator[str]:
    """A table whose cells stand one column further to the right than their names."""

    def turned(match: re.Match[str]) -> str:
        cells = match[0].strip().strip("|").split("|")
        return "|" + "|".join([cells[-1], *cells[:-1]]) + "|"

    lines = text.split("\n")
    rules = [n for n, line in enumerate(lines) if re.fullmatch(r"\|?[\s:|-]+\|[\s:|-]*", line) and "-" in line]
    if rules:
        start = rules[0] + 1
        end = next((n for n in range(start, len(lines)) if "|" not in lines[n]), len(lines))
        shifted = [re.sub(r".+", turned, line, count=1) for line in lines[start:end]]
        yield "\n".join([*lines[:start], *shifted, *lines[end:]])
        yield "\n".join([*lines[:start], *lines[start:end][::-1], *lines[end:]])
        yield "\n".join([*lines[: start - 1], *lines[start:]])
        yield "\n".join(lines[: end - 1] + lines[end:])


def _denied(word: str) -> TextEdit:
    return _numbers(lambda n: f"{word} {n}")


def _strangers(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
    """What must not be said is said: in a sentence of its own at the end of a part."""
    truth = answer.truth.body if isinstance(answer.truth, MailTruth) else answer.truth
    if not isinstance(truth, ProseTruth):
        return
    text = data.decode()
    for part in truth.parts:
        if part.forbidden:
            head = re.search(rf"^#+ {re.escape(part.title)}$", text, flags=re.M) if part.title else None
            end = head.end() + 1 if head else len(text.rstrip("\n"))
            said = random.choice(part.forbidden)
            for phrase in (
                f"\nSee also {said}.\n",
                f"\n- {said}\n",
                f"\n(Not to be taken for {said}, which is another matter.)\n",
            ):
                yield {answer.path: (text[:end] + phrase + text[end:]).encode()}


def _too_long(_: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
    truth = answer.truth.body if isinstance(answer.truth, MailTruth) else answer.truth
    if isinstance(truth, ProseTruth) and truth.most:
        yield {
            answer.path: data.rstrip()
            + b"\n\n"
            + b"All of this was looked at with care. " * (truth.most // 8 + 1)
            + b"\n"
        }


def _opening_lost(_: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
    truth = answer.truth
    if isinstance(truth, ProseTruth) and truth.opening:
        text = data.decode()
        rest = text.partition("\n")[2]
        mail = truth.opening.removeprefix("To: ")
        for first in (
            "",
            "Dear client,\n" + truth.opening + "\n",
            f"To: the owner of {mail}\n",
            f"Cc: {mail}\n",
            f"To: x{mail}\n",
        ):
            yield {answer.path: (first + rest).encode()}


def _lines(change: Callable[[list[str], Random], list[str]]) -> TextEdit:
    def edit(text: str, random: Random) -> Iterator[str]:
        yield "\n".join(change(text.rstrip("\n").split("\n"), random)) + "\n"

    return edit


def _shuffled(lines: list[str], random: Random) -> list[str]:
    return random.sample(lines, len(lines))


def _xml(*edits: tuple[str, str]) -> TextEdit:
    def edit(text: str, _: Random) -> Iterator[str]:
        for pattern, new in edits:
            yield re.sub(pattern, new, text, count=1, flags=re.S)

    return edit


def _everywhere(*edits: tuple[str, str]) -> TextEdit:
    def edit(text: str, _: Random) -> Iterator[str]:
        for pattern, new in edits:
            yield re.sub(pattern, new, text, flags=re.S)

    return edit


_ITEM = r"<item[^>]*>.*?</item>"


def _events(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
    """A calendar with an event too few, too many, at another time or place."""
    if not isinstance(answer.truth, EventsTruth):
        return
    text = data.decode()
    bodies = re.findall(r"BEGIN:VEVENT\r?\n.*?END:VEVENT\r?\n", text, flags=re.S)
    one = random.choice(bodies)
    start = re.search(r"DTSTART:(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)", one)
    assert start is not None
    hour = f"{start[1]}{start[2]}{start[3]}T{(int(start[4]) + 1) % 24:02d}{start[5]}"
    date = (
        f"{start[1]}{start[3]}{start[2]}T" if int(start[3]) <= 12 else f"{start[1]}{start[2]}{int(start[3]) - 1:02d}T"
    )
    day = start[0].partition("T")[2][:0] + f"{start[1]}{start[2]}{start[3]}T"
    others = [
        "", one + one, one.replace(start[0], "DTSTART:" + hour), one.replace(day, date),
        re.sub(r"(DTSTART|DTEND):(\d+T\d+)", r"\1:\2Z", one), re.sub(r"DTSTART:(\d{8})T\d+", r"DTSTART;VALUE=DATE:\1", one),
        re.sub(r"DTEND:.*?\n", "", one), re.sub(r"LOCATION:(.*?)\n", "LOCATION:online\n", one),
        re.sub(r"LOCATION:.*?\n", "", one), re.sub(r"SUMMARY:", "SUMMARY:Re: ", one), one.replace("VEVENT", "VTODO"),
        re.sub(r"SUMMARY:(.*?)(\r?\n)", r"DESCRIPTION:\1\2", one), re.sub(r"DTEND:(\d+T)(\d\d)", lambda m: f"DTEND:{m[1]}{int(m[2]) + 1:02d}", one),
    ]  # fmt: skip
    for other in others:
        yield {answer.path: text.replace(one, other).encode()}
    yield {answer.path: text.replace("END:VCALENDAR", "").encode()}
    yield {answer.path: "".join(bodies).encode()}


def _labels(text: str, random: Random) -> Iterator[str]:
    """Labelled lines with other values, units, labels; a line lost, twice with two values, or all in one."""
    lines = text.rstrip("\n").split("\n")
    one = random.randrange(len(lines))
    label, _, value = lines[one].partition(": ")
    values = [line.partition(": ")[2] for line in lines]
    turned = [*values[1:], values[0]]
    yield "\n".join(f"{line.partition(': ')[0]}: {v}" for line, v in zip(lines, turned))
    for line in (
        "",
        f"{label}s: {value}",
        f"{label} {value}",
        f"{label}:",
        f"{label}: {value} or so",
        f"{label}: not {value}",
        f"# {label}\n{value}",
        f"{label}: 0\n{lines[one]}",
    ):
        yield "\n".join([*lines[:one], line, *lines[one + 1 :]]) + "\n"
    yield re.sub(r"Total: (\S+)", r"Total: \1 EUR", text)
    yield re.sub(r"Total: ([0-9]+)\.", r"Total: \1,", text)
    yield re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\3/\2/\1", text)
    yield re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\1-\3-\2", text)
    yield "; ".join(lines) + "\n"


WRONG_DOCUMENTS = (
    on_texts("number off by one", PROSE, _numbers(lambda n: str(_value(n) + 1), 3)),
    on_texts("number with a digit more", PROSE, _numbers(lambda n: n + "0" if "." not in n else "1" + n)),
    on_texts("number ten times smaller", PROSE, _numbers(lambda n: str(_value(n) / 10))),
    on_texts("number as share", PROSE, _numbers(lambda n: n if re.fullmatch("20[0-9]{2}", n) else n + " %")),
    on_texts("number below zero", PROSE, _numbers(lambda n: "-" + n)),
    on_texts("number in a range", PROSE, _numbers(lambda n: f"{_value(n) - 1}-{_value(n) + 1}")),
    on_texts("number left out", PROSE, _numbers(lambda n: "several")),
    on_texts("decimal comma in prose", PROSE, _numbers(lambda n: f"{_value(n):,}".translate({44: 46, 46: 44}) if "." in n else n)),
    on_texts("decimals lost", PROSE, _numbers(lambda n: n.partition(".")[0])),
    on_texts("number denied", PROSE, _denied("not")),
    on_texts("numbers swapped", PROSE, _swapped(_NUMBER)),
    on_texts("names swapped", PROSE, _swapped(_NAME)),
    on_texts("bullet lost", PROSE, _lost(_BULLET)),
    on_texts("bullet added", PROSE, _bullet_added),
    on_texts("bullets merged", PROSE, _bullets_merged),
    on_texts("section lost", ("markdown",), _lost(_SECTION)),
    on_texts("section renamed or without a title", ("markdown",), _section_renamed),
    on_texts("titles swapped", ("markdown",), _titles_swapped),
    on_texts("column shifted", ("markdown",), _column_shifted),
    on_texts("sections in other order", ("markdown",), _swapped(_SECTION)),
    Operator("forbidden things said", "wrong", _strangers),
    Operator("too long", "wrong", _too_long),
    Operator("first line lost", "wrong", _opening_lost),
    on_texts("lines sorted", ("lines",), _lines(lambda lines, _: sorted(lines))),
    on_texts("lines shuffled", ("lines",), _lines(_shuffled)),
    on_texts("lines turned", ("lines",), _lines(lambda lines, _: lines[::-1])),
    on_texts("line lost", ("lines",), _lines(lambda lines, _: lines[:-1])),
    on_texts("line twice", ("lines",), _lines(lambda lines, _: [*lines, lines[0]])),
    on_texts("lines numbered", ("lines",), _lines(lambda lines, _: [f"{n}. {line}" for n, line in enumerate(lines, 1)])),
    on_texts("lines as bullets", ("lines",), _lines(lambda lines, _: [f"- {line}" for line in lines])),
    on_texts("lines joined", ("lines",), _lines(lambda lines, _: [", ".join(lines)])),
    on_texts("lines with a title", ("lines",), _lines(lambda lines, _: ["Names", *lines])),
    on_texts("lines in other case", ("lines",), _lines(lambda lines, _: [line.lower() for line in lines])),
    on_texts("blank lines between", ("lines",), _lines(lambda lines, _: [part for line in lines for part in (line, "")])),
    on_texts("element lost or doubled", ("xml",), _xml((_ITEM, ""), (f"({_ITEM})", r"\1\1"))),
    on_texts("element renamed", ("xml",), _everywhere((r"(</?)item", r"\1product"), (r"(</?)name>", r"\1title>"), (r"(</?)catalog", r"\1Catalog"), (r"(</?)price>", r"\1Price>"))),
    on_texts("one element renamed", ("xml",), _xml((r"<name>(.*?)</name>", r"<title>\1</title>"), (r"<price>(.*?)</price>", r"<cost>\1</cost>"), (r"<item( [^>]*>.*?)</item>", r"<entry\1</entry>"))),
    on_texts("attribute renamed or lost", ("xml",), _xml((' sku="', ' id="'), (' town="[^"]*"', ""), (' sku="', ' sku="X'), (' town="', ' Town="'))),
    on_texts("attribute as element", ("xml",), _everywhere((r'<item sku="([^"]*)"([^>]*)>', r"<item\2><sku>\1</sku>"), (r"<item ([^>]*)><name>(.*?)</name>", r'<item \1 name="\2">'))),
    on_texts("elements in other order", ("xml",), _xml((f"({_ITEM})({_ITEM})", r"\2\1"))),
    on_texts("price changed", ("xml",), _xml((r"<price>", "<price>1"), (r"<price>([0-9.]+)", r"<price>\1 EUR"), (r"<price>([0-9.]+)", "<price>"), (r"<price>", "<price>-"))),
    on_texts("elements in one more", ("xml",), _everywhere((r"<catalog>(.*)</catalog>", r"<catalog><items>\1</items></catalog>"), (r"(<catalog.*</catalog>)", r"<root>\1</root>"))),
    on_texts("XML that is none", ("xml",), _everywhere(("&amp;", "&"), ("</catalog>", ""), ("</name>", ""), ("&lt;", "<"))),
    on_texts("one more child", ("xml",), _xml((r"</item>", "<note>new</note></item>"), (r"</catalog>", "<total>9</total></catalog>"))),
    on_texts("labels changed", ("labels",), _labels),
    Operator("events changed", "wrong", _events),
    on_texts("headers changed", ("email",), _xml((r"Subject: ", "Subject: Re: "), (r"To: ", "To: x"), (r"To: (\S+)", r"To: \1, boss@example.org"), (r"Subject: ", "Title: "), (r"To: ", "Cc: "))),
    on_texts("page changed", ("html",), _xml((r"<h1>.*?</h1>", "<h1>Report</h1>"), (r"h1>(.*?)</h1", r"h2>\1</h2"), ("<tr>.*?</tr>", ""), ("(<h1>.*?</h1>)", r"\1\1"))),
)  # fmt: skip
