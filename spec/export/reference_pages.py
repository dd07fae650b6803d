"""The pages under `docs/`: blocks, functions, types and semantics, grammar, diagnostics, the language card, their index."""

from __future__ import annotations

from importlib import resources

from clawc.spec import blocks, diagnostics, functions, graders, taxonomy, types
from clawc.spec.blocks import BlockKind
from clawc.spec.diagnostics import Entry
from clawc.spec.export.card import card
from clawc.spec.export.grammar_page import grammar_page
from clawc.spec.export.schemas import SUBJECTS

_MADE = "Generated from the tables in `spec/`; `python -m clawc.spec.reference` rebuilds it."
_LABELS = {"name": "NAME", "path": '"path"', "title": '"title"', "code": '"""…"""'}
_VALUES = {
    "text": "a text without holes",
    "template": "a text; `{{ expression }}` is a hole",
    "raw": "a text that is kept as it is, or an expression",
    "number": "a number",
    "bool": "`true` or `false`",
    "duration": "such as `90s`, `10min`, `2h`",
    "size": "such as `64MiB`",
    "dotted": "one of a fixed list, without quotes",
    "dotted list": "a list out of a fixed list, without quotes",
    "text list": "a list of texts; words need no quotes",
    "names": "a name, or a list of names, without quotes",
    "expression": "any expression",
    "columns": "a list of names of columns, or an expression that gives one",
    "format": "one of the formats",
}
_GROUPS = {
    "E01": "Reading", "E02": "Blocks and attributes", "E03": "Names and imports", "E04": "Types and functions",
    "E05": "Evaluation", "E06": "Verification", "E07": "Files and paths",
    "W08": "Proofs, by `clawc test`",
}  # fmt: skip


# Pages with what they hold: those that are generated, then those that are written by hand.
GENERATED = (
    ("card.md", "the language in fewer than 4,000 tokens, for models; also `clawc card`"),
    ("reference/blocks.md", "every block with its attributes"),
    ("reference/functions.md", "every function, aggregate and verb"),
    ("reference/types.md", "types, and what the tables cannot say: semantics"),
    ("reference/grammar.md", "the grammar, and grammars for constrained decoding"),
    ("reference/diagnostics.md", "every message by its code"),
)  # fmt: skip
WRITTEN = (
    ("tutorial.md", "start here: from an empty folder to a proved task of your own, in ten minutes; written by hand, as the following"),
    ("checking.md", "checking in an editor, a terminal and CI"),
    ("editors.md", "VS Code, Neovim, Helix: installing, settings, what the language server knows, colours; Pygments"),
    ("ci.md", "GitHub, GitLab, pre-commit, only what changed, what a change means for scores"),
    ("mcp.md", "clawc for coding agents: tools, resources, what it may read, configuration of clients"),
    ("playground.md", "writing a spec in a browser: problems, checker and proof while one types"),
    ("instances.md", "parameters, generated data, dirt, and many instances of one task"),
    ("cards.md", "testing checkers: what a verifier card says, and whose cards count"),
    ("running.md", "run folders: keys, attempts, resuming, retries, re-scoring"),
    ("cluster.md", "runs on a Ray cluster: starting one, tokens, what is sent, lost nodes"),
    ("kubernetes.md", "such a cluster on Kubernetes, by KubeRay: image, manifests, what pods may do"),
    ("exports.md", "tasks for other frameworks, the grader, our sandboxes in Harbor and Inspect, and whether rewards agree"),
    ("importing.md", "tasks of other benchmarks: formats, verifiers that are kept, the report"),
    ("synthesis.md", "sets of tasks, drawn from archetypes or written by models: what is taken and what is not, exports"),
    ("benchmarks.md", "suites: splits, secret seeds, versions; packing one, running a packed one"),
    ("view.md", "runs in a browser, or as pages to share; who may look"),
    ("reports.md", "what `clawc report` says, and how its figures are made"),
    ("calibration.md", "how hard tasks are, which verifiers to doubt, selections, splits, what differences can be shown"),
    ("sandbox.md", "what a sandbox promises, by which mechanism, and what it does not"),
    ("models.md", "agents that speak to models, servers and their prices, what the gateway does, whose fault a failure is"),
    ("agents.md", "pi and OpenClaw as published: installing, settings, what they say and what was"),
    ("local-models.md", "models on this machine: exact tokens, speed, limits"),
    ("trajectories.md", "what was said and done, as chat, ATIF, Inspect logs; sessions of others read"),
    ("judging.md", "rubrics judged by a model: votes, quotations, injected orders, labels, golden sets"),
    ("review.md", "tasks reviewed by people and a model: votes that stay blind, the queue, agreement, formats"),
    ("campaigns.md", "many models, tasks and seeds into one set of trajectories"),
    ("training.md", "rows of tokens, a teacher, fine-tuning in one process or several, models out, before and after"),
    ("reinforcement.md", "learning from rewards: groups in sandboxes, losses, staleness, going on"),
    ("images.md", "images for Docker: of this machine, of a task, your own; saving and removing them"),
    ("method.md", "what follows from a query, why checkers are tested from both sides, and what was measured"),
    ("comparison.md", "clawc beside Harbor, Inspect, verifiers, PinchBench and ClawGym: properties, measurements, what we lack"),
    ("dependencies.md", "why each dependency is there"),
)  # fmt: skip


def reference_pages() -> dict[str, str]:
    """Text by path below `docs/`."""
    pages = {
        "reference/blocks.md": _blocks_page(),
        "reference/functions.md": _functions_page(),
        "reference/types.md": _types_page(),
        "reference/grammar.md": grammar_page(_MADE),
        "reference/diagnostics.md": _diagnostics_page(),
    }
    return {**pages, "card.md": card(), "README.md": _index()}


def _page(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _index() -> str:
    rows = [f"| [{path}]({path}) | {holds} |" for path, holds in (*GENERATED, *WRITTEN)]
    return _page(
        "# Documentation",
        _MADE,
        "\n".join(["| page | holds |", "|---|---|", *rows]),
        f"JSON Schemas: `clawc schema --for {'|'.join(SUBJECTS)}`. Grammars: `clawc grammar --for llguidance|gbnf|ebnf|lark`. For models: "
        "[llms.txt](llms.txt), and [llms-full.txt](llms-full.txt), which has the card and how to check and test.",
    )


def _blocks_page() -> str:
    values = ["| value | is written as |", "|---|---|", *(f"| {name} | {text} |" for name, text in _VALUES.items())]
    return _page(
        "# Blocks",
        _MADE,
        "Outside of tasks: "
        + ", ".join(f"[`{kind}`](#{kind})" for kind in blocks.TOP_LEVEL)
        + ", `let`, `def`, `use`.",
        *(_block(row) for row in blocks.TABLE if not row.later),
        "## Protocols of graders",
        "\n".join(
            [
                "| protocol | starts | gives |",
                "|---|---|---|",
                *(f"| `{p.name}` | `{p.entry}` | {p.doc} |" for p in graders.TABLE),
            ]
        ),
        "## Kinds of values",
        "\n".join(values),
        "Formats: " + ", ".join(f"`{name}`" for name in blocks.FORMATS) + ".",
        "## Categories and operations",
        "Categories: " + ", ".join(f"`{c}`" for c in taxonomy.dotted(taxonomy.CATEGORIES)) + ".",
        "Operations: " + ", ".join(f"`{o}`" for o in taxonomy.dotted(taxonomy.OPERATIONS)) + ".",
    )


def _block(row: BlockKind) -> str:
    lines = [f"## {row.kind}", "", f"`{_head(row, row.labels)}`"]
    if row.outside is not None:
        lines[-1] += f", outside of tasks `{_head(row, row.outside)}`"
    lines += ["", _sentence(row.doc) + (" At most once." if row.once else "")]
    rows = [(name, a) for name, a in (row.attributes or {}).items() if not a.later]
    if rows:
        lines += ["", "| attribute | value | meaning |", "|---|---|---|"]
        lines += [f"| `{n}`{' (needed)' if a.required else ''} | {a.type} | {_cell(a.doc)} |" for n, a in rows]
    inside = [f"[`{c}`](#{c})" for c in row.children if not blocks.BY_KIND[c].later]
    inside += [f"`{statement}`" for statement in row.statements]
    if inside:
        lines += ["", "Inside: " + ", ".join(inside) + "."]
    return "\n".join(lines)


def _head(row: BlockKind, labels: tuple[str, ...]) -> str:
    return " ".join([row.kind, *(_LABELS[label] for label in labels)])


def _sentence(doc: str) -> str:
    return doc[0].upper() + doc[1:] + "."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _functions_page() -> str:
    parts: list[str] = []
    rows = (*functions.TABLE, *functions.AGGREGATES, *functions.VERBS)
    for group in dict.fromkeys(row.group for row in rows):
        lines = [f"## {group.capitalize()}", "", "| signature | meaning |", "|---|---|"]
        lines += [f"| `{_cell(r.signature.replace(' -> ?', ''))}` | {_cell(r.doc)} |" for r in rows if r.group == group]
        parts.append("\n".join(lines))
    for module in dict.fromkeys(row.group for row in functions.PROVIDERS):
        lines = [f"## std.{module}", "", f"Random values for `data` and `param`: `use std.{module} (…)`.", ""]
        lines += ["| signature | meaning |", "|---|---|"]
        lines += [f"| `{_cell(r.signature)}` | {_cell(r.doc)} |" for r in functions.PROVIDERS if r.group == module]
        parts.append("\n".join(lines))
    letters = ", ".join(f"{letter} {meaning}" for letter, meaning in types.LETTERS.items())
    return _page(
        "# Functions",
        _MADE,
        f"{letters}. `=` marks what may be left out, `*` what may be repeated. `x | f a` is `f(x, a)`. A function without "
        "`->` gives what its arguments make it give.",
        *parts,
    )


def _types_page() -> str:
    simple = [t for t in vars(types).values() if isinstance(t, types.Simple) and t not in (types.ANY, types.ERROR)]
    lines = ["| type | a value is called |", "|---|---|"]
    lines += [f"| {t.name} | {t.phrase} |" for t in simple]
    lines += [
        "| list | a list |",
        "| record | a record |",
        "| table | a table |",
        "| range | a range |",
        "| file | a file |",
    ]
    semantics = (resources.files("clawc.spec") / "semantics.md").read_text(encoding="utf-8")
    return _page(
        "# Types and semantics",
        "Generated from `spec/types.py` and `spec/semantics.md`; `python -m clawc.spec.reference` rebuilds it.",
        "## Types",
        "\n".join(lines),
        "Types are gradual: what cannot be known at compile time agrees with everything.",
        # Its heading is that of this page.
        semantics.split("\n", 1)[1].replace("`cases/`", "`spec/cases/`").replace("`scoring.md`", "`spec/scoring.md`"),
    )


def _diagnostics_page() -> str:
    parts: list[str] = []
    for prefix, title in _GROUPS.items():
        rows = [r for r in diagnostics.TABLE if r.code[1:3] == prefix[1:]]
        parts += [f"## {title}", *(_diagnostic(row) for row in rows)]
    return _page(
        "# Diagnostics",
        _MADE,
        "`clawc explain CODE` shows one of them. Codes with E are errors, codes with W warnings.",
        *parts,
    )


def _diagnostic(row: Entry) -> str:
    explanation = row.explanation.replace("{categories}", _TAXONOMY).replace("{operations}", _TAXONOMY)
    lines = [f"### {row.code}", "", f"**{row.title}** ({row.severity}). {explanation}"]
    for title, example in (("Wrong", row.bad), ("Right", row.good)):
        if example:
            lines += ["", f"{title}:", "", "```", example, "```"]
    return "\n".join(lines)


_TAXONOMY = "see [blocks](blocks.md#categories-and-operations)"
