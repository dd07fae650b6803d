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
    """`later`: in the design, but not in this version. `kept`: for verifiers of others that are kept as they are, or for who
    publishes suites, so that the language card, which is for authors of tasks, leaves it out."""

    type: AttributeType
    doc: str
    required: bool = False
    later: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True)
class BlockKind:
    """One kind. `labels` are the words behind it; `statements` what may stand inside besides attributes and blocks."""

    kind: str
    doc: str
    labels: tuple[Literal["name", "path", "title", "code"], ...] = ()
    attributes: dict[str, Attribute] | None = None
    children: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    once: bool = False
    later: bool = False
    open: bool = False  # attributes of any name
    outside: tuple[Literal["name", "path", "title"], ...] | None = None  # its labels outside of tasks, if they differ
    kept: bool = False  # as of an attribute

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
        "persona": Attribute("expression", "who asks: a text, or the name of a `persona`"),
        "instruction": Attribute("template", "what the agent is told", required=True),
    }, ("workspace", "environment", "deliver", "verify", "solution", "mutant", "test", "turn", "param", "data", "admit"),
       ("let", "def")),
    BlockKind("workspace", "what the agent finds", (), {
        "include": Attribute("expression", "workspaces with a name that this one starts from"),
    }, ("file", "tree", "repo", "link", "skill"), once=True, outside=("name",)),
    BlockKind("file", "an input file; without a body the asset at the same path", ("name", "path"), {
        "content": Attribute("raw", "the text itself, or a value rendered by `csv(…)`, `json(…)` and so on"),
        "from": Attribute("text", "an asset at another path"),
        "executable": Attribute("bool", "may be run as a program"),
        "mode": Attribute("text", 'permission bits such as "0600"; "0644" unless given'),
        "hidden": Attribute("bool", "only the checker has it"),
        "encoding": Attribute("text", "of the text: utf-8 unless given, utf-8-bom, latin-1 or utf-16; queries read the text all the same"),
        "line_ends": Attribute("text", "lf unless given, or crlf"),
    }),
    BlockKind("environment", "what the sandbox offers, and its limits", (), {
        "timeout": Attribute("duration", "for the whole episode; 10min unless given"),
        "memory": Attribute("size", "512MiB unless given"),
        "disk": Attribute("size", "256MiB unless given"),
        "processes": Attribute("number", "128 unless given"),
        "tools": Attribute("text list", "programs that must be there"),
        "env": Attribute("expression", "environment variables: `{LANG: \"C.UTF-8\"}`"),
        "network": Attribute("text", "none", later=True),
        "image": Attribute("text", "a container image", later=True),
        "packages": Attribute("text list", "packages to install", later=True),
    }, once=True),
    BlockKind("deliver", "a file that the agent must create; its structure is needed, never credited", ("name", "path"), {
        "format": Attribute("format", "csv, tsv, json, jsonl, yaml, toml, ini, diff, markdown, xml, html, email, ics, sqlite, xlsx, zip or text; by the file's ending unless given"),
        "columns": Attribute("columns", "names of the columns of a table (of Markdown: the first), or of the keys of its objects"),
        "keys": Attribute("text list", "keys that the object of a JSON, YAML or TOML file must have"),
        "sections": Attribute("text list", "headings that a document must have"),
        "extra_columns": Attribute("bool", "other columns may be there too"),
        "column_order": Attribute("bool", "the columns stand in the declared order"),
        "kind": Attribute("dotted", "`program` for code"),
        "edits": Attribute("names", "the input that it changes in place"),
        "each": Attribute("expression", "one file for each row of this table; the path names the columns that tell them apart"),
        "only": Attribute("bool", "no other file matches the path"),
        "made_by": Attribute("expression", "the command that has to write it, as in `run`"),
        "min_files": Attribute("number", "of a set, a path with `*`"),
        "max_files": Attribute("number", "of a set, a path with `*`"),
    }),
    BlockKind("verify", "how the result is judged", (), {
        "include": Attribute("expression", "verifiers and rubrics with a name: `[tidy(report), plain]`"),
        "rubric_share": Attribute("number", "share of the score that rubrics decide; 0.3 unless given"),
        "imported": Attribute("text", "where the verifier comes from, if it is kept as its authors score, faults and all; nothing about it is proved", kept=True),
    }, ("check", "require", "forbid", "rubric", "grader"), ("let", "def"), once=True),
    BlockKind("grader", "somebody else's program that judges the workspace, kept as it is; only in a `verify` that is `imported`", ("name",), {
        "files": Attribute("text", "the folder of its files, beside the source", required=True),
        "protocol": Attribute("text", "how it is started and what it gives, see the table of protocols", required=True),
        "entry": Attribute("text", "the file that is started, where the protocol's own name for it is another"),
        "weight": Attribute("number", "1 unless given"),
        "timeout": Attribute("duration", "2min unless given"),
        "places": Attribute("expression", "absolute paths of the original's machine, and the folder of the workspace that each is here: `{\"/app\": \".\"}`"),
        "score": Attribute("text", "of the numbers that it gives by name: the one that is the score; their mean unless given"),
    }, kept=True),
    BlockKind("check", "earns credit when all its expectations hold", ("name",), {
        "weight": Attribute("number", "1 unless given"),
        "partial": Attribute("bool", "pays the share that holds"),
        **_JUDGED,
    }, ("python",), ("let", "expect")),
    BlockKind("python", "the last resort: `def check(workspace):` in Python, over what the agent leaves", ("code",)),
    BlockKind("require", "must hold, or the score is 0; never credit", ("name",), dict(_JUDGED), ("python",), ("let", "expect")),
    BlockKind("forbid", "must not hold, or the score is 0; never credit", ("name",), dict(_JUDGED), ("python",), ("let", "expect")),
    BlockKind("rubric", "judged by a model from named evidence", ("name",), {
        "weight": Attribute("number", "among rubrics; 1 unless given"),
        "reads": Attribute("names", "deliverables that the judge is shown", required=True),
        "after": Attribute("names", "checks that must have passed first"),
    }, ("criterion",)),
    BlockKind("criterion", "one question to the judge", ("name",), {
        "text": Attribute("template", "what must be so", required=True),
        "points": Attribute("number", "1 unless given"),
    }),
    BlockKind("solution", "writes what cannot be derived", (), {
        "say": Attribute("template", "the last message"),
        "calls": Attribute("expression", 'tools that are called first: `[["read", path.log], ["exec", "ls"]]`'),
        "run": Attribute("expression", "of an `imported` verifier: the command that solves the task, run in the workspace", kept=True),
    }, (), ("let", "write", "edit"), once=True),
    BlockKind("mutant", "a wrong answer that must lose", ("name",), {}, (), ("let", "replace", "edit", "write"),
              ),
    BlockKind("test", "a verdict that is expected", ("title",), {"start": Attribute("names", "`solution` or `inputs`")},
              (), ("let", "replace", "edit", "write", "expect")),
    BlockKind("turn", "what the agent is told after its answer", (), {
        "text": Attribute("template", "the message", required=True),
    }),
    BlockKind("param", "a value that differs between instances, read as `param.NAME`", ("name",), {
        "choice": Attribute("expression", "one of a list, or a key of a record of weights"),
        "int": Attribute("expression", "a whole number of a range: `3..9`"),
        "number": Attribute("expression", "a number of a range"),
        "decimals": Attribute("number", "of such a number; 2 unless given"),
        "date": Attribute("expression", "a day of a range"),
        "value": Attribute("expression", "worked out from other parameters, or drawn as a cell of `data` is"),
    }),
    BlockKind("data", "generated rows: every other attribute is a column", ("name",), {
        "count": Attribute("number", "how many rows; 10 unless given"),
        "unique": Attribute("names", "columns in which nothing stands twice"),
        "dirt": Attribute("expression", "what is wrong with them in the file that they are written to: `[duplicate_rows(2)]`"),
    }, open=True),
    BlockKind("admit", "what an instance must hold, or it is drawn anew", (), {}, (), ("expect",), once=True),
    BlockKind("tree", "a folder of inputs; without a body the assets in the same folder", ("name", "path"), {
        "from": Attribute("text", "the assets of another folder"),
    }),
    BlockKind("repo", "a folder with its git history, read as a `tree`", ("name", "path"), {},
              ("commit",)),
    BlockKind("commit", "a commit on `main`; the label is its message", ("title",), {
        "at": Attribute("expression", "date and time; UTC unless it has a zone", required=True),
        "author": Attribute("text", '"Ana Berg <ana@example.com>"'),
        "remove": Attribute("text list", "paths that it removes"),
    }, ("change",)),
    BlockKind("change", "a file that a commit writes", ("path",), {
        "content": Attribute("raw", "as in `file`"),
        "from": Attribute("text", "an asset"),
        "executable": Attribute("bool", "may be run as a program"),
    }),
    BlockKind("link", "a symbolic link", ("name", "path"), {
        "to": Attribute("names", "the file or tree that it leads to", required=True),
    }),
    BlockKind("skill", "the folder `skills/NAME` of the workspace, with a `SKILL.md`", ("name",), {
        "from": Attribute("text", "the assets of a folder"),
        "description": Attribute("text", "when to use it, where there is no folder"),
        "content": Attribute("raw", "the body of its `SKILL.md`"),
    }),
    BlockKind("verifier", "checks for many tasks, taken in by `include` of `verify`", ("name",), {
        "params": Attribute("names", "what it is called with"),
    }, ("check", "require", "forbid", "rubric"), ("let", "def")),
    BlockKind("suite", "tasks that are run and reported together", ("name",), {
        "title": Attribute("text", "one line for people"),
        "version": Attribute("text", "of the suite, as in \"1.2.0\"; scores of different ones are never mixed", kept=True),
        "tasks": Attribute("text list", "files or patterns beside this one", required=True),
        "without": Attribute("text list", "files or patterns that are left out"),
        "categories": Attribute("dotted list", "only tasks of these categories"),
        "repeats": Attribute("number", "episodes for each task; 1 unless given"),
        "instances": Attribute("number", "of each task that draws something; 1 unless given", kept=True),
        "seed": Attribute("number", "of the first instance; the others follow", kept=True),
        "canary": Attribute("text", "stands nowhere else, so that it can be looked for in what models learn from; made unless given", kept=True),
    }, ("split", "release")),
    BlockKind("split", "a part of the suite; the instances of a task stand all in one", ("name",), {
        "share": Attribute("number", "its part of the tasks, beside the shares of the others", required=True),
        "seeds": Attribute("text", "a file with the seed of its instances, a number from 2^40 to 2^62, which is not published", kept=True),
    }, kept=True),
    BlockKind("release", "what a version brought; the label is the version", ("title",), {
        "text": Attribute("text", "what has changed, and whether scores can be compared with those before", required=True),
    }, kept=True),
    BlockKind("persona", "who asks", ("name",), {
        "text": Attribute("text", "who it is, in a sentence or two", required=True),
    }),
)  # fmt: skip

BY_KIND: dict[str, BlockKind] = {row.kind: row for row in TABLE}
TOP_LEVEL = ("task", "verifier", "suite", "persona", "workspace", "rubric", "skill")
EDITIONS = (1,)

# Formats by the ending of a path; the rest is text.
FORMATS = (
    "csv", "tsv", "json", "jsonl", "yaml", "toml", "ini", "diff", "markdown", "xml", "html", "email", "ics", "sqlite", "xlsx", "zip",
    "text", "program",
)  # fmt: skip
