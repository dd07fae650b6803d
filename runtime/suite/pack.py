"""A suite as one archive that needs nothing else: its record, bundles with their cards, the same tasks for Harbor, and what people should know."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clawc.compiler.targets.export import ExportFile, ExportOptions
from clawc.compiler.targets.harbor import harbor
from clawc.compiler.targets.table import TARGETS
from clawc.runtime.bundle import Bundle
from clawc.runtime.runners.parts import parts_of
from clawc.spec.bundle import CARD
from clawc.spec.suite import BUNDLES, SUITE, Suite

README, CANARY, SUMS, HARBOR = "README.md", "CANARY.txt", "SHA256SUMS", "harbor"


@dataclass(frozen=True, slots=True)
class PackOptions:
    """`licence` in a line, as an SPDX expression; empty where none is stated."""

    licence: str = ""


def top_of(record: Suite) -> str:
    """The one folder in the archive."""
    return f"{record.name}-{record.version}"


def packed_files(
    record: Suite, bundles: Sequence[Bundle], cards: Mapping[str, bytes], options: PackOptions
) -> dict[str, ExportFile]:
    """The files of the archive by path. `bundles` are the members that are published, `cards` theirs by task. Raises RuntimeFault R0101 to R0106
    for a bundle that is not whole."""
    tasks = [parts_of(bundle) for bundle in bundles]
    files: dict[str, ExportFile] = {}
    for task in tasks:
        name = task.manifest.task
        files |= {f"{BUNDLES}/{name}/{path}": ExportFile(data) for path, data in task.files.items()}
        if name in cards:
            files[f"{BUNDLES}/{name}/{CARD}"] = ExportFile(cards[name])
    export = harbor(tasks, ExportOptions(record.name, canary=record.canary))
    files |= {f"{HARBOR}/{path}": file for path, file in export.files.items()}
    files[f"{HARBOR}/README.md"] = _text(
        f"# {record.name} {record.version} for Harbor\n\n`{export.run}`\n\n{record.canary}\n"
    )
    files[SUITE] = _text(record.model_dump_json(indent=2) + "\n")
    files[CANARY] = _text(f"{record.canary}\n")
    files[README] = _text(_readme(record, bundles, len(cards), options))
    files[SUMS] = _text(
        "".join(f"{hashlib.sha256(file.data).hexdigest()}  {path}\n" for path, file in sorted(files.items()))
    )
    return files


def _readme(record: Suite, bundles: Sequence[Bundle], cards: int, options: PackOptions) -> str:
    top, there = top_of(record), {bundle.manifest.task for bundle in bundles}
    absent = [member for member in record.members if member.task not in there]
    rows = ["| split | tasks | in this archive |", "|---|---|---|"]
    for name in [split.name for split in record.splits] or [""]:
        inside = [member.task for member in record.members if member.split == name]
        rows.append(f"| {name or 'all'} | {len(inside)} | {sum(task in there for task in inside)} |")
    parts = [
        f"# {record.title or record.name}",
        f"`{record.name}` {record.version}: {len(record.members)} tasks for agents that work over files, each with its verifier.",
        "\n".join(rows),
        f"{len(absent)} tasks are secret: `{SUITE}` names their bundles, which are not here." if absent else "",
        "## Running",
        f"```sh\nclawc run {top}.tar.gz --agent oracle          # the archive as it is; the oracle scores 1, `--agent null` 0\n"
        f"clawc run {top} --agent loop --model NAME     # or the folder; `--split NAME` takes a part\n"
        f"cd {top}/{HARBOR} && harbor run -p . --agent oracle   # the same tasks for {TARGETS['harbor'].title}\n```",
        f"Episodes for each task: {record.repeats}, unless told otherwise. Report scores with the version and the id:",
        f"    {record.name} {record.version}, {record.id}",
        f"`sha256sum -c {SUMS}` checks the files. {cards} of {len(bundles)} bundles have a card, what became of trying their verifiers "
        "(`card.json`); a card that no trusted key has signed is a claim, which `clawc test` repeats.",
        "## Licence",
        options.licence or "None is stated: ask who made the suite.",
        "## Releases",
        "\n".join(f"- {_line(release.version)}: {_line(release.text)}" for release in record.releases)
        or "None is described.",
        "## Canary",
        "Do not train on this. The text by which copies are found:",
        f"    {_line(record.canary)}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())


def _text(text: str) -> ExportFile:
    return ExportFile(text.encode("utf-8", "replace"))
