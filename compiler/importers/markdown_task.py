"""A task in one Markdown file: YAML on top, then sections by their headings. What stands in a fence is no heading."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from clawc.compiler.importers.json_text import yaml_value
from clawc.compiler.importers.model import Refused

_MARKS = re.compile(r"\s*---[ \t]*\n(?P<yaml>.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n(?P<rest>.*))?\Z", re.S)
_HEADING = re.compile(r" {0,3}(?P<level>#{1,6})[ \t]+(?P<title>.*?)[ \t]*#*[ \t]*\Z")
_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})(?P<info>.*)\Z")
_RULE = re.compile(r"(?:-{3,}|\*{3,}|_{3,})\Z")
_MAX_LINES = 200_000
_LONG = 400  # characters: a longer line is no heading

# Names of sections by the words of their headings; the first of each is the authors' own, the rest are meant to be the same.
_NAMES: dict[str, tuple[str, ...]] = {
    "prompt": ("prompt", "task prompt", "user prompt", "prompts", "instruction", "instructions"),
    "expected": ("expected behavior", "expected behaviour", "expected output", "expected outcome"),
    "criteria": ("grading criteria", "evaluation criteria", "success criteria", "acceptance criteria"),
    "checks": ("automated checks", "automated check", "automated grading", "grading code", "grading function"),
    "rubric": ("llm judge rubric", "llm judge", "llm rubric", "judge rubric", "rubric"),
    "notes": ("additional notes", "notes"),
    "sub_problems": ("sub problems", "subproblems"),
    "workspace": ("workspace path", "workspace"),
    "skills": ("skills",),
    "env": ("env", "environment variables"),
    "warmup": ("warmup", "warm up"),
}
_BY_WORDS = {words: name for name, all_words in _NAMES.items() for words in all_words}
# What counts at any level: nothing else in a task is called so.
_FIRST = {words[0]: name for name, words in _NAMES.items() if len(words[0]) > 6 or name == "prompt"}


class Document(NamedTuple):
    """A file in its parts. `marked`: the YAML stood between its marks. `before` is what stands above the first section;
    `others` are titles of sections that have no meaning here, `inside` those of them that follow the prompt."""

    front: dict[str, Any]
    sections: dict[str, str]
    before: str
    marked: bool
    others: tuple[str, ...]
    inside: tuple[str, ...]


def document(text: str, place: str) -> Document:
    """The parts of a file. Raises Refused where its YAML cannot be read."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    front, rest, marked = _front(text, place)
    lines = rest.split("\n")
    if len(lines) > _MAX_LINES:
        raise Refused(f"`{place}` has more than {_MAX_LINES} lines", place)
    starts = _starts(lines)
    sections: dict[str, str] = {}
    others: list[str] = []
    inside: list[str] = []
    told = False  # is the section above the prompt, or one without meaning that follows it?
    for (line, name, title), end in zip(starts, [*(start[0] for start in starts[1:]), len(lines)]):
        if name:
            sections[name] = without_rules("\n".join(lines[line + 1 : end]))  # as with the authors, the last one counts
            told = name == "prompt"
        else:
            others.append(title)
            inside += [title] if told else []
    before = "\n".join(lines[: starts[0][0]] if starts else lines)
    return Document(front, sections, without_rules(before), marked, tuple(others), tuple(inside))


def _front(text: str, place: str) -> tuple[dict[str, Any], str, bool]:
    """The YAML, the text below it, and whether the marks were there."""
    found = _MARKS.match(text)
    if found:
        value = yaml_value(found["yaml"] or "", place)
        return (value if isinstance(value, dict) else {}), found["rest"] or "", True  # pyright: ignore[reportUnknownVariableType]
    lines = text.split("\n")
    above = next(
        (n for n, line in enumerate(lines) if line.startswith("#") and _HEADING.match(line[:_LONG])), len(lines)
    )
    if re.match(r"\s*(?:---[ \t]*\n)?\s*[A-Za-z_][\w-]*[ \t]*:", "\n".join(lines[:above])):
        try:
            value = yaml_value("\n".join(line for line in lines[:above] if line.rstrip() != "---"), place)
        except Refused:
            return {}, text, False
        if isinstance(value, dict):
            return value, "\n".join(lines[above:]), False  # pyright: ignore[reportUnknownVariableType]
    return {}, text, False


def _starts(lines: list[str]) -> list[tuple[int, str, str]]:
    """Where sections begin: line, name or "" for one without meaning, title. Sections are headings of the second level, or of
    any level if they have the authors' name and no heading of the second level has it."""
    fenced = fenced_lines(lines)
    headings: list[tuple[int, int, str]] = []
    for number, line in enumerate(lines):
        short = len(line) <= _LONG and line.lstrip(" ").startswith("#")
        if short and number not in fenced and (found := _HEADING.match(line)):
            headings.append((number, len(found["level"]), found["title"]))
    second = {_BY_WORDS.get(_words(title), "") for _, level, title in headings if level == 2}
    found_at: list[tuple[int, str, str]] = []
    for number, level, title in headings:
        words = _words(title)
        name = _BY_WORDS.get(words, "") if level == 2 else _FIRST.get(words, "")
        if level == 2 or (name and name not in second):
            found_at.append((number, name, title))
    return found_at


def _words(title: str) -> str:
    """A title without case, marks and numbers before it."""
    return " ".join(re.sub(r"[^a-z]+", " ", title.lower()).split())


def fenced_lines(lines: list[str]) -> set[int]:
    """The lines of fenced code, fences included; a fence that is not closed is none."""
    found: set[int] = set()
    number = 0
    while number < len(lines):
        opened = _FENCE.match(lines[number]) if lines[number].lstrip(" ")[:3] in ("```", "~~~") else None
        if opened and not (opened["mark"][0] == "`" and "`" in opened["info"]):
            end = _closing(lines, number + 1, opened["mark"])
            if end:
                found.update(range(number, end + 1))
                number = end
        number += 1
    return found


def _closing(lines: list[str], start: int, mark: str) -> int:
    """The line that closes a fence; 0 where none does."""
    for number in range(start, len(lines)):
        line = lines[number].strip()
        if line.startswith(mark) and not line.strip(mark[0]):
            return number
    return 0


def blocks(text: str) -> list[tuple[str, str]]:
    """The fenced blocks of a text: the word behind the fence, and what is inside."""
    lines = text.split("\n")
    found: list[tuple[str, str]] = []
    number = 0
    while number < len(lines):
        opened = _FENCE.match(lines[number])
        if opened and not (opened["mark"][0] == "`" and "`" in opened["info"]):
            end = _closing(lines, number + 1, opened["mark"]) or len(lines)
            info = opened["info"].strip().split()
            found.append((info[0].lower().strip("{}.") if info else "", "\n".join(lines[number + 1 : end])))
            number = end
        number += 1
    return found


def unfenced(text: str) -> str:
    """What is in a section, whether a fence stands around it or not."""
    inside = blocks(text)
    return (inside[0][1] if inside else text).strip()


def without_rules(text: str) -> str:
    """A text without blank lines around it, and without the lines that part it from the next section."""
    lines = text.strip().split("\n")
    while lines and (not lines[-1].strip() or _RULE.match(lines[-1].strip())):
        lines.pop()
    return "\n".join(lines)
