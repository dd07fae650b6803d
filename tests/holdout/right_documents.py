"""Right documents in other words and marks, and small changes of layout that leave what is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from random import Random

from tests.holdout.model import Answer, Files, Instance, MailTruth, ProseTruth
from tests.holdout.operators import Operator, TextEdit, on_texts
from tests.holdout.phrases import STYLES, Style, document

PROSE = ("markdown", "text", "email")
_SUMS = re.compile(r"(?<![\w.,-])(?!20[0-9]{2}\b)[0-9]{4,}(?:\.[0-9]+)?(?![\w-]|[.,:][0-9])")


def _written(style: Style) -> Callable[[Instance, Answer, bytes, Random], Iterator[Files]]:
    def apply(_: Instance, answer: Answer, __: bytes, random: Random) -> Iterator[Files]:
        text = document(answer, style, random)
        if text is not None:
            yield {answer.path: written(answer, text)}

    return apply


def written(answer: Answer, text: str) -> bytes:
    """A document as the file that the task wants, with the headers of a mail where it is one."""
    if isinstance(answer.truth, MailTruth):
        head = f"To: {answer.truth.to}\nSubject: {answer.truth.subject}\nContent-Type: text/plain; charset=utf-8\n\n"
        return (head + text).encode()
    return text.encode()


def bodies(change: Callable[[str], str]) -> TextEdit:
    """A change of what stands behind the headers of a mail, or of a whole text."""

    def edit(text: str, _: Random) -> Iterator[str]:
        if text.startswith(("From:", "Subject:", "Date:", "MIME")) or re.match(r"To:.*\nSubject:", text):
            head, gap, body = text.partition("\n\n")
            yield head + gap + change(body)
        elif text.startswith("To: "):
            head, gap, body = text.partition("\n")
            yield head + gap + change(body)
        else:
            yield change(text)

    return edit


def _ends(text: str, _: Random) -> Iterator[str]:
    lines = text.replace("\r\n", "\n")
    yield from (lines.replace("\n", "\r\n"), lines, lines.rstrip("\n"), lines + "\n\n")


def _entities(_: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
    if answer.form == "markdown":
        text = data.decode()
        yield {answer.path: text.replace("ö", "&ouml;").replace("ü", "&#252;").replace("'", "&#39;").encode()}
        yield {answer.path: re.sub(r"(?<=[0-9]) (?=[a-z])", "&nbsp;", text).encode()}


def _notes(_: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
    """A further section, where none is forbidden."""
    if isinstance(answer.truth, ProseTruth) and answer.form == "markdown":
        yield {answer.path: data.rstrip() + b"\n\n## Method\n\nAll files were read and nothing else.\n"}
        yield {answer.path: b"---\ntitle: Report\ndate: today\n---\n\n" + data}


_WORDS = dict(
    zip(
        map(str, range(2, 13)),
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
    )
)


def _labels(text: str, _: Random) -> Iterator[str]:
    lines = [line.partition(": ") for line in text.rstrip("\n").split("\n")]
    for form in ("**{}:** {}", "- {}: {}", "- **{}**: {}", "{} : {}", "* {}:   {}", "> {}: {}"):
        yield "\n".join(form.format(label, value) for label, _c, value in lines) + "\n"
    yield "\n".join(f"{label}: {value}" for label, _c, value in lines[::-1])
    yield "Receipt summary\n\n" + text + "\nThat is all.\n"
    yield "\n".join(f"{label.upper()}: {value}" for label, _c, value in lines)
    yield re.sub(r"Total: ([0-9]+)\.([0-9])\n", r"Total: \1.\g<2>0\n", text)
    yield "\ufeff" + text.replace("\n", "\r\n\r\n")


RIGHT_DOCUMENTS = (
    on_texts("labels written otherwise", ("labels",), _labels, "promised"),
    on_texts("small numbers in words", PROSE, bodies(lambda body: re.sub(r"(?<![\w.,-])([2-9]|1[0-2])(?= [a-z])", lambda m: _WORDS[m[1]], body)), "sensible"),
    *(Operator(f"written: {name}", "promised", _written(style)) for name, style in STYLES.items()),
    on_texts("line ends of prose", PROSE, _ends, "promised"),
    on_texts("byte order mark of prose", ("markdown", "text"), lambda text, _: iter(["\ufeff" + text]), "promised"),
    on_texts("blanks that do not break", PROSE, bodies(lambda body: re.sub(r"(?<=\w) (?=[a-z])", "\u00a0", body)), "promised"),
    on_texts("blanks at the ends of lines", PROSE, bodies(lambda body: body.replace("\n", "  \n")), "promised"),
    on_texts("blanks between thousands", PROSE, bodies(lambda body: _SUMS.sub(lambda m: f"{m[0][:-3] if '.' not in m[0] else m[0][:-6]}\u202f{m[0][-3:] if '.' not in m[0] else m[0][-6:]}", body)), "sensible"),
    on_texts("commas between thousands", PROSE, bodies(lambda body: _SUMS.sub(lambda m: f"{m[0][:-3] if '.' not in m[0] else m[0][:-6]},{m[0][-3:] if '.' not in m[0] else m[0][-6:]}", body)), "promised"),
    on_texts("curly quotes and dashes", PROSE, bodies(lambda body: re.sub(r"(\w)'(\w)", "\\1\u2019\\2", body)), "promised"),
    on_texts("names in capitals", PROSE, bodies(lambda body: re.sub(r"\b(Ada|Bo|Chen|Finn|Kim|Jan|Mia|Lea) (\w+)", lambda m: m[0].upper(), body)), "promised"),
    Operator("entities", "promised", _entities),
    Operator("a further section, front matter", "promised", _notes),
)  # fmt: skip
