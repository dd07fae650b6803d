"""A source with the skills that its task uses: each as a `skill` block in its workspace, so that the source needs no other file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from clawc.compiler.format.formatting import formatted
from clawc.compiler.importers.claw_text import name_of, quoted
from clawc.compiler.passes.attributes import attribute
from clawc.compiler.passes.mentioned import NamesRead
from clawc.compiler.passes.parse import parse
from clawc.compiler.source import Diagnostics, Source
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.synth.skills.skill import Skill
from clawc.spec import ast

MAX_SOURCE = 2 << 20  # bytes, as of sources
_PATH = "skills.claw"
_PAD = "    "


def placed(source: str, skills: Sequence[Skill]) -> str:
    """The source, in the one layout, with a `skill` block for each of the skills that it does not declare: the label is that of `labels`,
    and the `content` is the body, byte for byte.

    Raises RuntimeFault R1006 for a source that cannot be read or has not one task, for a skill whose text names files beside it, and
    where the source grows too large.
    """
    text = source.removeprefix("\ufeff")
    read, file = _read(text)
    task = _task(file)
    there = _declared(file)
    blocks: dict[str, str] = {}
    for skill, label in zip(skills, _labels(read, file, skills), strict=True):
        if label in there or label in blocks:
            continue
        if beside := skill.beside:
            raise _fault(f"the skill `{skill.name}` names `{beside[0]}`, a file beside its text", "Take another skill.")
        blocks[label] = _block(label, skill)
    if not blocks:
        return source
    at, before, behind = _place(text, task)
    new = formatted(_PATH, f"{text[:at]}{before}{''.join(blocks.values())}{behind}{text[at:]}").text
    if len(new.encode("utf-8", "surrogatepass")) > MAX_SOURCE:
        raise _fault(f"with its skills the source has more than {MAX_SOURCE >> 20} MiB", "Take shorter skills.")
    return new


def labels(source: str, skills: Sequence[Skill]) -> tuple[str, ...]:
    """The names that skills have in a source, in their order: those of their folders below `skills/`. They differ from `label_of` where
    the source uses that name for something else. Raises RuntimeFault R1006 for a source that cannot be read."""
    return _labels(*_read(source.removeprefix("\ufeff")), skills)


def label_of(name: str) -> str:
    """The name of a skill as a name of the language: `_` for each hyphen, and `skill_` before what could not stand alone."""
    return name_of(name, prefix="skill")


def _labels(read: Source, file: ast.File, skills: Sequence[Skill]) -> tuple[str, ...]:
    there = _declared(file)
    used = NamesRead(read, file)
    given: dict[str, str] = {}
    for skill in skills:
        if skill.name in given:
            continue
        label = label_of(skill.name)
        number, found = 1, label
        while found in given.values() or not (_is(found, skill, there) if found in there else found not in used):
            number += 1
            found = f"{label}_{number}"
        given[skill.name] = found
    return tuple(given[skill.name] for skill in skills)


def _is(label: str, skill: Skill, there: Mapping[str, str]) -> bool:
    """Is the `skill` block of this label the skill? One that was placed under another name is known by its description."""
    return label == label_of(skill.name) or there[label] == quoted(skill.description, template=False)


def _declared(file: ast.File) -> dict[str, str]:
    """The labels of `skill` blocks, with their descriptions as written."""
    found: dict[str, str] = {}
    for block in _skills(file.items):
        label, described = block.labels[0], attribute(block, "description")
        if isinstance(label, ast.Ident):
            found[label.text] = described.value.raw if described and isinstance(described.value, ast.Text) else ""
    return found


def _read(text: str) -> tuple[Source, ast.File]:
    read, found = Source.of(_PATH, text), Diagnostics()
    file = parse(read, found).file
    if found.has_errors:
        first = next(each for each in found.sorted() if each.severity == "error")
        line = read.position(first.span.start)[0]
        raise _fault(f"the source cannot be read: line {line}: {first.message}", "Mend it before skills are placed.")
    return read, file


def _task(file: ast.File) -> ast.Block:
    tasks = [item for item in file.items if isinstance(item, ast.Block) and item.kind.text == "task" and item.has_body]
    if len(tasks) != 1:
        raise _fault(f"the source has {len(tasks)} tasks", "Skills are placed in a source with one task.")
    return tasks[0]


def _skills(items: Sequence[ast.Item]) -> Iterator[ast.Block]:
    """The `skill` blocks at any depth: a workspace that is included has its own."""
    for item in items:
        if isinstance(item, ast.Block):
            if item.kind.text == "skill" and item.labels:
                yield item
            yield from _skills(item.items)


def _place(text: str, task: ast.Block) -> tuple[int, str, str]:
    """Where the blocks go, and what stands before and behind them: at the end of the workspace; else in a new one below the
    attributes that begin the task, or at its end."""
    spaces = [item for item in task.items if isinstance(item, ast.Block) and item.kind.text == "workspace"]
    if spaces:
        return spaces[0].span.end - 1, "\n", ""
    last = task.span.end - 1
    leading = next((at for at, item in enumerate(task.items) if not isinstance(item, ast.Attribute)), len(task.items))
    if leading:
        line_end = text.find("\n", task.items[leading - 1].span.end)
        following = task.items[leading].span.start if leading < len(task.items) else last
        if 0 <= line_end < following:
            return line_end, "\n\nworkspace {\n", "}\n"
    return last, "\n\nworkspace {\n", "}\n"


def _block(label: str, skill: Skill) -> str:
    description = quoted(skill.description, template=False)
    return f"  skill {label} {{\n    description = {description}\n    content = {block_text(skill.body)}\n  }}\n"


def block_text(text: str) -> str:
    """A text as a literal whose value is that text, byte for byte, where no holes are read: over several lines if it has several.

    What a block text would lose is escaped: carriage returns, quotes that would end it, lines of blanks alone, and the first blank of a
    text of which every line is indented.
    """
    if "\n" not in text:
        return quoted(text, template=False)
    lines = [_line(line) for line in text.split("\n")]
    ended = not lines[-1]
    body = lines[:-1] if ended else lines
    said = [number for number, line in enumerate(body) if line]
    if said and all(body[number].startswith(" ") for number in said):
        body[said[0]] = f"\\u0020{body[said[0]][1:]}"
    shown = "\n".join(f"{_PAD}{line}" if line else "" for line in body)
    return f'"""\n{shown}' + (f"\n{_PAD}" if ended else "") + '"""'


def _line(line: str) -> str:
    mark = '\\"' if '"""' in line or line.endswith('"') else '"'
    written = mark.join(quoted(part, template=False)[1:-1] for part in line.split('"'))
    # A reader drops the blanks of a line that has nothing else, whatever sign of Unicode they are.
    return f"\\u{ord(written[0]):04x}{written[1:]}" if written and not written.strip() else written


def _fault(message: str, help: str) -> RuntimeFault:
    return RuntimeFault("R1006", message, help)
