"""The README.md of a set: front matter that Hugging Face reads, then what is in it, how it was made, figures, limits, how to load it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from clawc.compiler.report import clean
from clawc.runtime.synth.report import Report, figures, percent
from clawc.runtime.synth.rows import SPLITS

# The classes that the hub knows, by their upper bounds.
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGE = "1M<n<10M"
LIMITS = (
    "Tasks are drawn from archetypes: there are fewer ways to ask than tasks, as the number of structures says.",
    "Instructions are composed from templates, in English; names, companies and figures are invented.",
    "A verifier card says what was tried against a checker, not that nothing else would deceive it.",
    "Cosines are of static vectors, which see words and not their order.",
)


@dataclass(frozen=True, slots=True)
class CardText:
    """What only the maker of a set knows. `command` is what makes it again."""

    title: str
    license: str = "apache-2.0"
    command: str = ""
    made: str = ""
    limits: Sequence[str] = LIMITS


def dataset_card(document: Report, text: CardText) -> str:
    """The card of a set whose report this is; paths are those of `export`."""
    splits = [s.name for s in document.splits]
    parts = [
        f"---\n{_front(document, text, splits)}---\n",
        f"# {_plain(text.title)}\n",
        f"{document.diversity.tasks} tasks for agents that work over files. Each has a workspace, an instruction, deliverables, and a verifier that was\n"
        "tried with wrong and with equivalent answers before the task was kept.\n",
        "## What is in it\n",
        _table(("split", "tasks"), [(s.name, str(s.count)) for s in document.splits]),
        f"There are {document.families} families of tasks; {'none is' if document.parted else 'some are'} in two splits. A row has: `id`, `split`, `family`, `archetype`,\n"
        "`category`, `operations`, `formats`, `shape`, `instruction`, `source` (the task as a `.claw` file), `persona`, `seed`, `bundle` (the id of what the source and seed are\n"
        "compiled to), `structure` and `data` (digests), `card` (the verifier card in short), `files` (the workspace: path and bytes);\n"
        "where a model wrote the task, `provenance` (models, prompts, rounds, votes) and `difficulty` (an estimate from 1 to 5).\n",
        "## How it was made\n",
        _made(document, text),
        "## Figures\n",
        _table(figures(document.diversity).head, figures(document.diversity).rows),
        f"{figures(document.diversity).title}. Distinct structures: {document.diversity.structures.distinct}, the largest with "
        f"{percent(document.diversity.structures.largest_share)} of the tasks.\n",
        _table(
            ("features", "cells", "filled", "entropy of 1"),
            [
                (" × ".join(c.features), str(c.possible), str(c.filled), f"{c.entropy:.3f}")
                for c in document.diversity.coverage
            ],
        ),
        "## Known limits\n",
        "".join(f"- {_plain(limit)}\n" for limit in text.limits),
        "## How to load it\n",
        _load(splits),
    ]
    return "\n".join(parts)


def _front(document: Report, text: CardText, splits: Sequence[str]) -> str:
    size = next((name for bound, name in _SIZES if document.diversity.tasks < bound), _LARGE)
    fields = {
        "pretty_name": _plain(text.title),
        "license": text.license,
        "language": ["en"],
        "task_categories": ["text-generation"],
        "tags": ["agents", "files", "verifiers", "synthetic"],
        "size_categories": [size],
        "configs": [
            {
                "config_name": "default",
                "default": True,
                "data_files": [{"split": s, "path": f"data/{s}.parquet"} for s in splits],
            },
            {"config_name": "jsonl", "data_files": [{"split": s, "path": f"jsonl/{s}.jsonl"} for s in splits]},
        ],
    }
    # JSON in a line is YAML, too.
    return "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items())


def _made(document: Report, text: CardText) -> str:
    lines = [_plain(text.made) + "\n" if text.made else ""]
    lines.append(
        f"Made by clawc {document.clawc} from archetypes ({len(document.archetypes)}) without a model, with seed {document.seed}.\n"
    )
    if text.command:
        lines.append(f"\n```sh\n{_plain(text.command).replace('```', '')}\n```\n")
    lines.append(
        f"\nOf {document.wrong} wrong answers that were tried, {document.survived} were accepted; {document.clean} of {document.diversity.tasks} cards are clean.\n"
    )
    if document.dropped:
        lines.append("Not kept: " + ", ".join(f"{n.count} {_plain(n.name)}" for n in document.dropped) + ".\n")
    lines.append(
        "It was not compared with other suites.\n"
        if document.leaks is None
        else f"Found in the suites that it was compared with: {document.leaks} tasks.\n"
    )
    return "".join(lines)


def _load(splits: Sequence[str]) -> str:
    split = next((s for s in SPLITS if s in splits), "train")
    return (
        "```python\nfrom datasets import load_dataset\n\n"
        f'rows = load_dataset("PATH OF THIS FOLDER", split="{split}")\n```\n\n'
        "In JSON lines, the bytes of files are base64 with the alphabet for URLs (`base64.urlsafe_b64decode`). The sources are in\n"
        "`tasks/SPLIT/ID/task.claw`; `row.json` beside them has the seed:\n\n"
        f"```sh\nclawc build tasks/{split}/ID/task.claw --seed SEED -o OUT\nclawc run OUT --agent oracle\n```\n"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "".join("| " + " | ".join(_plain(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _plain(text: str) -> str:
    """One line without control characters."""
    return clean(" ".join(text.split()))
