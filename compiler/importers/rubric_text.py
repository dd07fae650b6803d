"""Rubrics in Markdown as criteria of ours: what the highest level asks for, by the weight that the authors give."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from clawc.compiler.importers.claw_text import name_of
from clawc.compiler.importers.markdown_task import fenced_lines
from clawc.compiler.importers.model import Criterion
from clawc.compiler.paths import path_problem

MAX_CRITERIA = 100
MAX_TEXT = 4_000
_LONG = 400  # characters: a longer line is no heading, and says within these which level it is
_HEAD = re.compile(r" {0,3}#{2,6}[ \t]+(?P<title>.+?)[ \t]*#*\Z")
_BOLD_HEAD = re.compile(r"(?:[-*][ \t]+|\d+[.)][ \t]+)?\*\*(?P<title>criterion\b.+?)\*\*(?P<more>.*)\Z", re.I)
_NUMBERED = re.compile(r"(?:criterion|dimension|aspect)\s*\d*\s*[:.\u2013\u2014-]\s*", re.I)
_WEIGHT = re.compile(
    r"[(\[]?\s*(?:weight(?:ed)?\s*[:=]?\s*)?(?P<n>\d{1,4}(?:\.\d{1,6})?)\s*(?P<unit>%|points?|pts?)?\s*[)\]]", re.I
)
_BARE_WEIGHT = re.compile(r"\bweight\s*[:=]\s*\**\s*(?P<n>\d{1,4}(?:\.\d{1,6})?)\s*(?P<unit>%)?", re.I)
_LEVEL = re.compile(
    r"[ \t]*(?:[-*+][ \t]+)?\**\s*(?:scores?|level)?\s*(?P<n>[01](?:\.\d+)?)\s*(?:\([^)]*\))?\s*\**\s*[:\u2013\u2014-]\s*\**\s*(?P<text>.*)\Z",
    re.I,
)
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d+[.)])[ \t]+(?:\[[ xX]?\][ \t]*)?(?P<text>\S.*)\Z")
_FILE = re.compile(r"`([A-Za-z0-9_][\w./-]*\.[A-Za-z][A-Za-z0-9]{0,7})`")
# Endings that name a file of text; `os.path` and `grade.py`'s kin are told apart by these.
_TEXTS = frozenset(("md", "txt", "json", "jsonl", "csv", "tsv", "html", "htm", "css", "js", "ts", "tsx", "jsx", "py", "sh", "sql",
                    "yaml", "yml", "toml", "ini", "xml", "svg", "ics", "diff", "patch", "tex", "bib", "log", "conf", "env", "rst"))  # fmt: skip


def criteria_of(rubric: str) -> list[Criterion]:
    """The criteria of a rubric; the whole of it as one where it has no parts that are told apart."""
    heads = _heads(rubric)
    taken: set[str] = set()
    found: list[tuple[str, str, Decimal | None]] = []
    for title, body in heads:
        weight, plain = _weight(title)
        if weight is None:
            weight = _bare_weight(body)
        asked = _highest(body)
        if asked or weight is not None or _NUMBERED.match(title):
            plain = _NUMBERED.sub("", plain, count=1).strip(" *:.") or title
            found.append((plain, asked or " ".join(body.split()), weight))
    if not found:
        items = [(_weight(text[:MAX_TEXT]), text) for text in listed_items(rubric)]
        found = [(plain.replace("**", "") or text, "", weight) for (weight, plain), text in items]
    if not found and rubric.strip():
        found = [("rubric", rubric.strip(), None)]
    return _weighed(found[:MAX_CRITERIA], taken)


def from_list(text: str) -> list[Criterion]:
    """The items of a checklist as criteria of one point each."""
    return _weighed([(item, "", None) for item in listed_items(text)[:MAX_CRITERIA]], set())


def listed_items(text: str) -> list[str]:
    """The items of a list of the first level: with boxes if some have boxes."""
    lines = text.split("\n")
    fenced = fenced_lines(lines)
    boxes = [line for line in lines if re.match(r"[ \t]*[-*+][ \t]+\[[ xX]?\]", line)]
    if boxes:
        return [found["text"].strip() for line in boxes if (found := _ITEM.match(line))]
    plain = [line for n, line in enumerate(lines) if n not in fenced and _ITEM.match(line)]
    least = min((len(line) - len(line.lstrip()) for line in plain), default=0)
    return [
        found["text"].strip()
        for line in plain
        if len(line) - len(line.lstrip()) == least and (found := _ITEM.match(line))
    ]


def files_named(texts: list[str], known: set[str]) -> list[str]:
    """The files of text that are named in backticks and are none of `known`, the inputs."""
    found: list[str] = []
    for text in texts:
        for path in _FILE.findall(text):
            path = path.removeprefix("./").removeprefix("/")
            if (
                path.rsplit(".", 1)[-1].lower() in _TEXTS
                and path not in known
                and path not in found
                and not path_problem(path)
            ):
                found.append(path)
    return found


def _heads(rubric: str) -> list[tuple[str, str]]:
    """Titles with the text below each."""
    lines = rubric.split("\n")
    fenced = fenced_lines(lines)
    starts: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        short = len(line) <= _LONG and number not in fenced
        found = (_HEAD.match(line) or _BOLD_HEAD.match(line.strip())) if short else None
        if found:
            starts.append((number, found["title"] + (found.groupdict().get("more") or "")))
    ends = [*(number for number, _ in starts[1:]), len(lines)]
    return [(title.replace("**", ""), "\n".join(lines[number + 1 : end])) for (number, title), end in zip(starts, ends)]


def _weight(title: str) -> tuple[Decimal | None, str]:
    """The weight in a title, and the title without it."""
    for found in reversed(list(_WEIGHT.finditer(title))):
        if found["unit"] or "weight" in found[0].lower():
            return Decimal(found["n"]), (title[: found.start()] + title[found.end() :]).strip()
    if bare := _BARE_WEIGHT.search(title):
        return Decimal(bare["n"]), (title[: bare.start()] + title[bare.end() :]).strip(" -:,")
    return None, title


def _bare_weight(body: str) -> Decimal | None:
    found = _BARE_WEIGHT.search("\n".join(body.split("\n")[:4]))
    return Decimal(found["n"]) if found else None


def _highest(body: str) -> str:
    """The text of the highest level; "" where there are no levels."""
    levels: list[tuple[Decimal, list[str]]] = []
    for line in body.split("\n"):
        found = _LEVEL.match(line.strip()[:_LONG])
        if found:
            try:
                levels.append((Decimal(found["n"]), [line.strip()[found.start("text") :]]))
            except InvalidOperation:
                continue
        elif levels:
            levels[-1][1].append(line)
    if not levels:
        return ""
    return " ".join(" ".join(max(levels, key=lambda level: level[0])[1]).split())


def _weighed(found: list[tuple[str, str, Decimal | None]], taken: set[str]) -> list[Criterion]:
    """Criteria by name; those without a weight count as much as the others on average."""
    given = [weight for _, _, weight in found if weight is not None]
    usual = sum(given, Decimal(0)) / len(given) if given else Decimal(1)
    usual = round(usual, 4) if usual > 0 else Decimal(1)
    made: list[Criterion] = []
    for title, asked, weight in found:
        text = ": ".join(part for part in (" ".join(title.split()), asked) if part)
        text = text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
        if text.strip():
            made.append(
                Criterion(name_of(title[:40], taken, prefix="criterion"), text, usual if weight is None else weight)
            )
    return made
