"""The rubrics of a bundle, read as a stranger's: what they ask, of which files, and by which prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pydantic import ValidationError

from clawc.runtime.bundle import Bundle, safe_path
from clawc.runtime.engine.untyped import mapping, parsed, shown
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.judge.control import Control
from clawc.spec.bundle import RUBRIC
from clawc.spec.rubric import DESCRIPTION, RUBRIC_FORMAT_VERSION, RubricFile, RubricSpec, reply_schema

_BYTES = 4 << 20
_PROMPT_BYTES = 1 << 20
_ITEM = re.compile(r"[0-9]{1,4}\. (`([A-Za-z_][A-Za-z0-9_]*)` .*)")
_HEAD = "## Criteria"
_REBUILD = "Build the bundle again; a bundle is never edited by hand."


@dataclass(frozen=True, slots=True)
class Read:
    """A deliverable that is read: `path` is a pattern if it stands for several files."""

    path: str
    pattern: bool


@dataclass(frozen=True, slots=True)
class Rubric:
    """One rubric. `items` are the criteria as the prompt words them, between its `before` and `after`."""

    spec: RubricSpec
    reads: tuple[Read, ...]
    before: str
    items: tuple[str, ...]
    after: str

    @property
    def criteria(self) -> tuple[str, ...]:
        return tuple(criterion.name for criterion in self.spec.criteria)

    def prompt(self, order: Sequence[int], control: Control | None = None) -> str:
        """The prompt with the criteria in this order, numbered anew, and a control among them."""
        items = [self.items[index] for index in order]
        items = items if control is None else control.among(items)
        listed = [f"{number}. {item}" for number, item in enumerate(items, 1)]
        return "\n".join([self.before, *listed, self.after])


def rubrics_of(bundle: Bundle) -> tuple[Rubric, ...]:
    """The rubrics of a bundle, in order; none where it has none. Raises RuntimeFault R0981 for what is no rubric, and what
    `Bundle.read` raises."""
    place = f"{RUBRIC}/{DESCRIPTION}"
    if place not in bundle.files:
        if Decimal(bundle.manifest.scoring.rubric_share) > 0:
            raise _fault(bundle, "a rubric counts, and there is none")
        return ()
    described = _described(bundle, place)
    if Decimal(described.share) != Decimal(bundle.manifest.scoring.rubric_share):
        raise _fault(bundle, "the share is not that of the manifest")
    names = [rubric.name for rubric in described.rubrics]
    if len(set(names)) != len(names):
        raise _fault(bundle, "two rubrics have one name")
    return tuple(_rubric(bundle, rubric) for rubric in described.rubrics)


def _described(bundle: Bundle, place: str) -> RubricFile:
    if bundle.files[place].size > _BYTES:
        raise _fault(bundle, f"it has more than {_BYTES >> 20} MiB")
    try:
        text = bundle.read(place).decode("utf-8")
        # Twice: `parsed` bounds depth and number of values, the other refuses keys that stand twice.
        version = mapping(parsed(text)).get("format_version")
        json.loads(text, object_pairs_hook=_once)
        if isinstance(version, int) and version > RUBRIC_FORMAT_VERSION:
            raise RuntimeFault(
                "R0981",
                f"the rubric of `{bundle.manifest.task}` has format {version:.0f}, this installation reads up to "
                f"{RUBRIC_FORMAT_VERSION}",
                "Install a newer clawc.",
            )
        return RubricFile.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = shown(".".join(str(part) for part in first["loc"]))[:200]
        raise _fault(bundle, f"at `{where}`: {first['msg'][:1].lower()}{shown(first['msg'][1:])[:200]}") from error
    except (ValueError, OverflowError) as error:
        raise _fault(bundle, shown(str(error))[:200]) from error


def _rubric(bundle: Bundle, spec: RubricSpec) -> Rubric:
    criteria = [criterion.name for criterion in spec.criteria]
    if len(set(criteria)) != len(criteria):
        raise _fault(bundle, f"two criteria of `{spec.name}` have one name")
    if spec.reply != reply_schema(criteria):
        raise _fault(bundle, f"the replies of `{spec.name}` have a form that this version does not know")
    known = {ref.name: ref for ref in bundle.manifest.deliverables}
    reads: list[Read] = []
    for read in spec.reads:
        ref = known.get(read.name)
        if ref is None or ref.path != read.path or not safe_path(read.path):
            raise _fault(bundle, f"`{spec.name}` reads `{read.name}`, which is no deliverable")
        reads.append(Read(read.path, ref.shape != "file"))
    return Rubric(spec, tuple(reads), *_parts(bundle, spec.name, criteria))


def _parts(bundle: Bundle, name: str, criteria: Sequence[str]) -> tuple[str, tuple[str, ...], str]:
    """The prompt up to its list of criteria, their wording, and the rest."""
    place = f"{RUBRIC}/{name}.md"
    listed = bundle.files.get(place)
    if listed is None or listed.size > _PROMPT_BYTES:
        raise _fault(bundle, f"`{name}` has no prompt, or a prompt of more than {_PROMPT_BYTES >> 20} MiB")
    try:
        lines = bundle.read(place).decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise _fault(bundle, f"the prompt of `{name}` is not UTF-8") from error
    items = [(number, found) for number, line in enumerate(lines) if (found := _ITEM.fullmatch(line))]
    if lines.count(_HEAD) == 1:
        items = [(number, found) for number, found in items if number > lines.index(_HEAD)]
    first = items[0][0] if items else 0
    together = [number for number, _ in items] == list(range(first, first + len(items)))
    if lines.count(_HEAD) != 1 or not together or [found[2] for _, found in items] != list(criteria):
        raise _fault(bundle, f"the prompt of `{name}` does not list its criteria once, in their order, below `{_HEAD}`")
    return (
        "\n".join(lines[:first]),
        tuple(found[1] for _, found in items),
        "\n".join(lines[first + len(items) :]),
    )


def _once(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("an object has a key twice")


def _fault(bundle: Bundle, what: str) -> RuntimeFault:
    return RuntimeFault("R0981", f"the rubric of `{bundle.manifest.task}` cannot be used: {what}", _REBUILD)
