"""The table of block kinds: labels, attributes, children, and one line of doc each. The checker knows no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AttributeType = Literal[
    "text", "template", "raw", "number", "bool", "duration", "size", "dotted", "dotted list", "text list", "names",
    "expression", "columns", "format",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attribute:
    """`later`: in the design, but not in this version."""

    type: AttributeType
    doc: str
    required: bool = False
    later: bool = False


@dataclass(frozen=True, slots=True)
class BlockKind:
    """One kind. `labels` are the words behind it; `statements` what may stand inside besides attributes and blocks."""

    kind: str
    doc: str
    labels: tuple[Literal["name", "path", "title"], ...] = ()
    attributes: dict[str, Attribute] | None = None
    children: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    once: bool = False
    later: bool = False

    def attribute(self, name: str) -> Attribute | None:
        return (self.attributes or {}).get(name)


_JUDGED = {
    "because": Attribute("text", "a quotation of the instruction that asks for this"),
    "after": Attribute("names", "checks that must have passed first"),
}

TABLE: tuple[BlockKind, ...] = (
    BlockKind("task", "one task: what the agent gets, is told, must deliver, and how that is judged", ("name",), {
        "title": Attribute("template", "one line for people", required=True),
        "category": Attribute("dotted", "area and kind of work, see the taxonomy"),
        "operations": Attribute("dotted list", "what the agent has to do, see the taxonomy"),
        "persona": Attribute("text", "who asks"),
        "instruction": Attribute("template", "what the agent is told", required=True),
    }, ("workspace", "environment", "deliver", "verify", "solution", "mutant", "test", "param", "data", "admit"),
       ("let", "def")),
    BlockKind("workspace", "what the agent finds", (), {}, ("file", "tree", "repo", "link", "skill"), once=True),
    BlockKind("file", "an input file; without a body the asset at the same path", ("name", "path"), {
        "content": Attribute("raw", "the text itself, or a value rendered by `csv(…)`, `json(…)` and so on"),
        "from": Attribute("text", "an asset at another path"),
        "executable": Attribute("bool", "may be run as a program"),
        "hidden": Attribute("bool", "only the checker has it", later=True),
    }),
    BlockKind("environment", "what the sandbox offers, and its limits", (), {
        "timeout": Attribute("duration", "for the whole episode; 10min unless given"),
        "memory": Attribute("size", "512MiB unless given"),
        "disk": Attribute("size", "256MiB unless given"),
        "processes": Attribute("number", "128 unless given"),
        "tools": Attribute("text list", "programs that must be there"),
        "env": Attribute("expression", "environment variables", later=True),
        "network": Attribute("text", "none", later=True),
        "image": Attribute("text", "a container image", later=True),
        "packages": Attribute("text list", "packages to install", later=True),
    }, once=True),
    BlockKind("deliver", "a file that the agent must create; its structure is needed, never credited", ("name", "path"), {
        "format": Attribute("format", "csv, tsv, json, jsonl, yaml, toml, ini, diff, markdown or text; by the file's ending unless given"),
        "columns": Attribute("columns", "names of the columns of a table, or of the keys of its objects"),
        "keys": Attribute("text list", "keys that a JSON object must have"),
        "sections": Attribute("text list", "headings that a document must have"),
        "extra_columns": Attribute("bool", "other columns may be there too"),
        "column_order": Attribute("bool", "the columns stand in the declared order"),
        "kind": Attribute("dotted", "`program` for code"),
        "edits": Attribute("names", "the input that it changes", later=True),
        "each": Attribute("expression", "one file for each row", later=True),
        "only": Attribute("bool", "no other file matches the pattern", later=True),
        "made_by": Attribute("text list", "the program that writes it", later=True),
        "min_files": Attribute("number", "of a set", later=True),
        "max_files": Attribute("number", "of a set", later=True),
    }),
    BlockKind("verify", "how the result is judged", (), {
        "rubric_share": Attribute("number", "share of the score that rubrics decide; 0.3 unless given"),
    }, ("check", "require", "forbid", "rubric"), ("let", "def"), once=True),
    BlockKind("check", "earns credit when all its expectations hold", ("name",), {
        "weight": Attribute("number", "1 unless given"),
        "partial": Attribute("bool", "pays the share that holds"),
        **_JUDGED,
    }, (), ("let", "expect")),
    BlockKind("require", "must hold, or the score is 0; never credit", ("name",), dict(_JUDGED), (), ("let", "expect")),
    BlockKind("forbid", "must not hold, or the score is 0; never credit", ("name",), dict(_JUDGED), (), ("let", "expect")),
    BlockKind("rubric", "judged by a model from named evidence", ("name",), {
        "weight": Attribute("number", "among rubrics; 1 unless given"),
        "reads": Attribute("names", "deliverables that the judge is shown", required=True),
        "after": Attribute("names", "checks that must have passed first"),
    }, ("criterion",)),
    BlockKind("criterion", "one question to the judge", ("name",), {
        "text": Attribute("template", "what must be so", required=True),
        "points": Attribute("number", "1 unless given"),
    }),
    BlockKind("solution", "writes what cannot be derived", (), {}, (), ("write",), once=True),
    BlockKind("mutant", "a wrong answer that must lose", ("name",), {}, (), ("replace", "edit", "write", "delete"),
              later=True),
    BlockKind("test", "a verdict that is expected", ("title",), {"start": Attribute("names", "`solution` or `inputs`")},
              (), ("replace", "edit", "write", "delete", "expect"), later=True),
    BlockKind("param", "a value that differs between instances", ("name",), {}, later=True),
    BlockKind("data", "generated rows", ("name",), {}, later=True),
    BlockKind("admit", "conditions on an instance", (), {}, (), ("expect",), later=True),
    BlockKind("tree", "a folder of inputs", ("name", "path"), {}, later=True),
    BlockKind("repo", "a git history", ("name", "path"), {}, later=True),
    BlockKind("link", "a symbolic link", ("name", "path"), {}, later=True),
    BlockKind("skill", "a skill folder", ("name",), {}, later=True),
    BlockKind("verifier", "a reusable verifier", ("name",), {}, later=True),
    BlockKind("suite", "a selection of tasks", ("name",), {}, later=True),
    BlockKind("persona", "who asks", ("name",), {}, later=True),
)  # fmt: skip

BY_KIND: dict[str, BlockKind] = {row.kind: row for row in TABLE}
TOP_LEVEL = ("task", "verifier", "suite", "persona", "workspace", "rubric", "skill")
EDITIONS = (1,)

# Formats by the ending of a path; the rest is text.
FORMATS = ("csv", "tsv", "json", "jsonl", "yaml", "toml", "ini", "diff", "markdown", "text", "program")
