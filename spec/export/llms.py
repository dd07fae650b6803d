"""`docs/llms.txt`, the documentation for models as https://llmstxt.org has it, and `docs/llms-full.txt`, what one needs to write a task."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clawc.spec.export.reference_pages import GENERATED, WRITTEN

MAX_FULL = 60_000  # bytes
_SUMMARY = (
    "clawc compiles tasks for agents that work over files. One `.claw` file states what the agent finds, what it is told, what it must "
    "deliver, and how that is judged; the verifier is a query over the inputs, which is compiled into a checker script and proved with "
    "right and wrong answers."
)
# Pages for who writes tasks; the others are optional.
_AUTHORS = ("mcp.md", "checking.md", "cards.md", "instances.md", "judging.md", "playground.md")
_FULL = ("checking.md", "cards.md", "instances.md")
_STEPS = """\
## Write, check, test

1. Read the card of the language below. Write one `.claw` file for each task; files that an agent finds may stand beside it.
2. `clawc check FILE` until it finds nothing; `--format json` has the place of each mistake, and edits that mend it. `clawc explain CODE`
   has a wrong and a right example.
3. `clawc fmt FILE` gives the one layout.
4. `clawc test FILE` tries wrong and equal answers in sandboxes. What survived shows where a check is too weak, what was rejected where it
   is too strict. A task is done when its card is clean.
5. `clawc build FILE -o OUT` writes the bundle; `clawc run FILE` plays the derived answer.

The same by the Model Context Protocol: `clawc mcp`, see [mcp.md](mcp.md)."""


def llms_text() -> str:
    """Title, summary, and a line for each page."""
    authors = [(p, holds) for p, holds in WRITTEN if p in _AUTHORS]
    others = [(p, holds) for p, holds in WRITTEN if p not in _AUTHORS]
    return "\n".join([
        f"# clawc\n\n> {_SUMMARY}\n",
        "The language card and how to check and test are in one file: [llms-full.txt](llms-full.txt).\n",
        "## Language\n", *_links(GENERATED), "\n## Writing tasks\n", *_links(authors), "\n## Optional\n", *_links(others),
    ]) + "\n"  # fmt: skip


def llms_full_text(page: Callable[[str], str], card: str) -> str:
    """The card with the pages that authors need; `page` gives the text of one by its path below `docs/`."""
    return "\n\n".join([f"# clawc\n\n> {_SUMMARY}", _STEPS, card.strip(), *(page(p).strip() for p in _FULL)]) + "\n"


def _links(pages: Iterable[tuple[str, str]]) -> list[str]:
    return [f"- [{path.removesuffix('.md')}]({path}): {holds}" for path, holds in pages]
