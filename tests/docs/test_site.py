"""The site: it builds strictly, asks other hosts for nothing, and each link inside it leads to a place that is there."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import pytest

if importlib.util.find_spec("mkdocs") is None:
    pytest.skip("MkDocs is not installed: pip install 'clawc[docs]'", allow_module_level=True)

from tests.docs.hooks import hooks

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://example.org/clawc"

# What a browser fetches by itself when a page is opened; links that a reader follows (`a`) are not.
FETCHED = {
    "script": "src", "img": "src", "iframe": "src", "embed": "src", "object": "data", "source": "src", "video": "src", "audio": "src",
    "track": "src", "input": "src", "use": "href", "image": "href",
}  # fmt: skip
FETCHED_LINKS = frozenset(
    {"stylesheet", "icon", "shortcut", "preload", "prefetch", "preconnect", "dns-prefetch", "manifest"}
)
_CSS = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


class Html(HTMLParser):
    """What a page fetches, where it leads, and which anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps what the element says."""
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and FETCHED_LINKS & set(values.get("rel", "").split()):
            self.fetched.append(values.get("href", ""))
        if FETCHED.get(tag) in values:
            self.fetched.append(values[FETCHED[tag]])
        self.fetched += [part.split()[0] for part in values.get("srcset", "").split(",") if part.strip()]
        self.fetched += list(css_addresses(values.get("style", "")))


def css_addresses(text: str) -> Iterator[str]:
    """The addresses that a style sheet fetches."""
    for found in _CSS.finditer(text):
        yield found[1] or found[2]


def elsewhere(address: str) -> bool:
    """Whether an address leads to a host; data in the page itself does not."""
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in ("", "data")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(built: Path) -> dict[str, Html]:
    """Every page by its path in the site."""
    return {file.relative_to(built).as_posix(): Html(file.read_text()) for file in built.rglob("*.html")}


def test_every_page_of_docs_is_there(built: Path) -> None:
    for source in (ROOT / "docs").rglob("*.md"):
        path = source.relative_to(ROOT / "docs").with_suffix(".html")
        assert (built / path.with_name("index.html" if path.stem == "README" else path.name)).is_file(), path
    assert (built / "search" / "search_index.json").is_file()
    assert not list(built.rglob("*.py"))


def test_nothing_is_fetched_from_other_hosts(built: Path, pages: dict[str, Html]) -> None:
    for path, page in pages.items():
        assert page.fetched and not [address for address in page.fetched if elsewhere(address)], path
    for file in built.rglob("*.css"):
        assert not [address for address in css_addresses(file.read_text()) if elsewhere(address)], file.name


def test_what_is_fetched_is_there(built: Path, pages: dict[str, Html]) -> None:
    for path, page in pages.items():
        for address in page.fetched:
            assert (built / target(path, address)[0]).is_file(), f"{path}: {address}"


def test_links_and_anchors_lead_somewhere(built: Path, pages: dict[str, Html]) -> None:
    lost: list[str] = []
    for path, page in pages.items():
        for link in page.links:
            if elsewhere(link):
                continue
            file, anchor = target(path, link)
            there = (built / file).is_file()
            if not there or (anchor and file in pages and anchor not in pages[file].anchors):
                lost.append(f"{path}: {link}")
    assert not lost


def target(page: str, link: str) -> tuple[str, str]:
    """The file in the site to which a link of a page leads, and the anchor in it."""
    parts = urlsplit(link)
    if not parts.path:
        return page, unquote(parts.fragment)
    path = unquote(parts.path)
    whole: list[str] = []
    # The page for missing addresses is served from any place; its links begin at the site's root.
    for part in (PurePosixPath(path[1:]) if path.startswith("/") else PurePosixPath(page).parent / path).parts:
        if part == "..":
            whole.pop()
        elif part != ".":
            whole.append(part)
    name = "/".join(whole)
    return (name if PurePosixPath(name).suffix or not name else f"{name}/index.html") or "index.html", unquote(
        parts.fragment
    )


def test_specs_are_coloured(built: Path) -> None:
    tutorial = (built / "tutorial.html").read_text()
    assert '<span class="kt">task</span>' in tutorial
    assert 'title="hours.claw"' not in tutorial
    assert ".codehilite .kt" in (built / "css" / "code.css").read_text()


def test_links_out_of_docs_lead_to_the_repository() -> None:
    lines = [
        "[a](../examples/README.md#x) [b](card.md) [c](https://e.org/..)",
        "```md",
        "[a](../examples/README.md)",
        "```",
        "[d](../spec)",
        "[e](kubernetes/)",
    ]
    assert list(hooks.site_lines(lines, "page.md", ROOT, REPOSITORY)) == [
        f"[a]({REPOSITORY}/blob/main/examples/README.md#x) [b](card.md) [c](https://e.org/..)",
        *lines[1:4],
        f"[d]({REPOSITORY}/tree/main/spec)",
        f"[e]({REPOSITORY}/tree/main/docs/kubernetes)",
    ]
    assert list(hooks.site_lines(["[a](../../Makefile) [b](../card.md)"], "reference/page.md", ROOT, REPOSITORY)) == [
        f"[a]({REPOSITORY}/blob/main/Makefile) [b](../card.md)"
    ]


def test_links_to_no_file_are_said(caplog: pytest.LogCaptureFixture) -> None:
    assert list(hooks.site_lines(["[a](../nothing.md)"], "page.md", ROOT, REPOSITORY)) == ["[a](../nothing.md)"]
    assert "page.md: the link `../nothing.md` leads to no file" in caplog.text


def test_entries_without_a_page_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.md").write_text("")
    nav = ["a.md", "b.md", {"A": "a.md"}, {"Section": ["b.md", {"A": "a.md"}]}, {"Empty": ["b.md"]}]
    assert list(hooks.present(nav, tmp_path)) == ["a.md", {"A": "a.md"}, {"Section": [{"A": "a.md"}]}]
    assert capsys.readouterr().out.count("nav: b.md is not there and is left out\n") == 3


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Kinds of values", "kinds-of-values"),
        ("`a_b`, c / d", "a_b-c--d"),
        ("What's 1.5?", "whats-15"),
        ("Größe", "größe"),
    ],
)
def test_anchors_are_those_of_github(heading: str, anchor: str) -> None:
    assert hooks.slug(heading, "-") == anchor
