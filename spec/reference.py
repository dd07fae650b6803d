"""Rewrites what is generated from the tables: the pages under `docs/`, the JSON Schema of the IR, and grammars of editors.

`python -m clawc.spec.reference`, in a checkout; a test compares.
"""

from __future__ import annotations

from pathlib import Path

from clawc.spec.export.card import EXAMPLE
from clawc.spec.export.llms import llms_full_text, llms_text
from clawc.spec.export.reference_pages import reference_pages
from clawc.spec.export.schemas import schema_text
from clawc.spec.export.textmate import textmate_text
from clawc.spec.export.tree_sitter import highlights_text, injections_text, tree_sitter_text

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE_OF_CARD = ROOT / "examples" / "order_totals.claw"


def generated() -> dict[Path, str]:
    """The text of every generated file, by its path below the root."""
    pages = {Path("docs") / name: text for name, text in reference_pages().items()}
    pages[Path("docs/llms.txt")] = llms_text()
    pages[Path("docs/llms-full.txt")] = llms_full_text(_written, pages[Path("docs/card.md")])
    return {**pages, Path("spec/ir.schema.json"): schema_text("ir"), **_of_editors()}


def _of_editors() -> dict[Path, str]:
    editors = Path("editors")
    return {
        editors / "vscode" / "syntaxes" / "claw.tmLanguage.json": textmate_text(),
        editors / "tree-sitter-claw" / "grammar.js": tree_sitter_text(),
        editors / "tree-sitter-claw" / "queries" / "highlights.scm": highlights_text(),
        editors / "tree-sitter-claw" / "queries" / "injections.scm": injections_text(),
        editors / "helix" / "queries" / "claw" / "highlights.scm": highlights_text(helix=True),
        editors / "helix" / "queries" / "claw" / "injections.scm": injections_text(helix=True),
    }


def _written(name: str) -> str:
    """A page that is written by hand."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def main() -> None:
    """Takes the card's example over, and rewrites all files."""
    example = EXAMPLE_OF_CARD.read_text(encoding="utf-8")
    (ROOT / "spec" / "export" / EXAMPLE).write_text(example, encoding="utf-8")
    for path, text in generated().items():
        target = ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
