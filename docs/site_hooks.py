"""What MkDocs does beyond its settings: absent entries of `nav`, links out of `docs/`, anchors as GitHub's, colours of code."""

from __future__ import annotations

import logging
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pygments.formatters import HtmlFormatter

Entry = str | Mapping[str, "str | Sequence[Entry]"]

_LOG = logging.getLogger("mkdocs.hooks.site")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_TITLE = re.compile(r' title="[^"]*"$')
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_NOT_IN_A_SLUG = re.compile(r"[^\w\- ]")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Drops entries of `nav` whose pages are not there, and sets how anchors are made."""
    entries = cast("list[Entry] | None", config.nav)  # pyright: ignore[reportUnknownMemberType]
    config.nav = list(present(entries or [], Path(config.docs_dir)))
    extensions = cast("dict[str, dict[str, object]]", config.mdx_configs)  # pyright: ignore[reportUnknownMemberType]
    extensions["toc"]["slugify"] = slug
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the style sheet of code blocks."""
    styles = cast(str, HtmlFormatter().get_style_defs(".codehilite"))  # pyright: ignore[reportUnknownMemberType]
    files.append(File.generated(config, "css/code.css", content=styles))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns links to folders, and to files outside of `docs/`, into links to the repository; takes titles off fences."""
    root = Path(config.docs_dir).parent
    return "\n".join(site_lines(markdown.split("\n"), page.file.src_uri, root, config.repo_url or ""))


def present(entries: Sequence[Entry], docs: Path) -> Iterator[Entry]:
    """The entries of a nav whose files exist, and the sections in which one is left."""
    for entry in entries:
        if isinstance(entry, str):
            if _exists(entry, docs):
                yield entry
            continue
        for title, inner in entry.items():
            if isinstance(inner, str):
                if _exists(inner, docs):
                    yield {title: inner}
            elif left := list(present(inner, docs)):
                yield {title: left}


def _exists(path: str, docs: Path) -> bool:
    if (docs / path).is_file():
        return True
    print(f"nav: {path} is not there and is left out")
    return False


def slug(text: str, separator: str) -> str:
    """The anchor that GitHub gives to a heading, so that one link serves both."""
    return _NOT_IN_A_SLUG.sub("", text.strip().lower()).replace(" ", separator)


def site_lines(lines: Sequence[str], page: str, root: Path, repository: str) -> Iterator[str]:
    """Lines of a page, by its path below `docs/`, as the site needs them."""
    fence = ""
    for line in lines:
        mark = _FENCE.fullmatch(line)
        if mark and not fence:
            fence = mark[1]
            yield _TITLE.sub("", line)
        elif fence:
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
            yield line
        else:
            yield _LINK.sub(lambda link: f"]({_target(link[1], page, root, repository)})", line)


def _target(link: str, page: str, root: Path, repository: str) -> str:
    path, _, anchor = link.partition("#")
    whole = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), path))
    file = root / whole
    if not path or ":" in path or (whole.split("/")[0] == "docs" and not file.is_dir()):
        return link
    if not file.exists():
        _LOG.warning("%s: the link `%s` leads to no file", page, link)
        return link
    kind = "tree" if file.is_dir() else "blob"
    return f"{repository}/{kind}/main/{whole}" + (f"#{anchor}" if anchor else "")
