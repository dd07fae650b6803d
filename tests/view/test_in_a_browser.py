"""`clawc view` in a real Chromium: runs that were played, looked at, searched, compared and shared; a stranger's, that stay dead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clawc.runtime.view.app import view_app
from clawc.runtime.view.folder import write_folder
from clawc.runtime.view.query import Wanted, page_of
from clawc.runtime.view.shelf import open_shelf
from clawc.runtime.web.guard import Guard
from tests.view.conftest import chromium, hostile, played, tab, works
from tests.web.conftest import faults, overflows, pictured, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

__all__ = ["chromium", "hostile", "played", "tab", "works"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAWC_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def guard(played: Path, cache: None) -> Iterator[Guard]:
    shelf = open_shelf([played])
    with served(lambda: view_app(shelf)) as guard:
        yield guard


def acting(tab: Page) -> Locator:
    """The link to an episode in which a tool was called."""
    rows = tab.locator("table.list tbody tr:visible").all()
    return next(row for row in rows if row.locator("td").nth(4).inner_text() != "0").get_by_role("link")


def test_from_the_runs_to_what_an_agent_did(tab: Page, guard: Guard) -> None:
    tab.goto(guard.address)
    assert "token" not in tab.url and tab.title() == "Runs – clawc"
    pictured(tab, "view-runs")
    tab.get_by_role("link", name="second").click()
    tab.wait_for_url("**/run/1")
    assert tab.get_by_role("heading", level=1).inner_text() == "second"
    pictured(tab, "view-run")
    tab.keyboard.press("e")
    tab.wait_for_url("**/episodes*")
    tab.get_by_label("Score").select_option("zero")
    tab.get_by_role("button", name="Show").click()
    rows = tab.locator("table.list tbody tr")
    assert rows.count() >= 1 and all(score == "0.00" for score in rows.locator("td:nth-child(3)").all_inner_texts())
    pictured(tab, "view-episodes")
    rows.first.get_by_role("link").click()
    tab.wait_for_url("**/episode/**")
    assert tab.get_by_role("heading", name="Checks").is_visible()
    assert tab.locator("details.check.failed[open] .expect.failed").count() >= 1
    first = tab.url
    if tab.locator("[data-key=n]").count():
        tab.keyboard.press("n")
        tab.wait_for_url(lambda url: url != first)
        assert "score=zero" in tab.url
        tab.keyboard.press("p")
        tab.wait_for_url(first)
    tab.keyboard.press("u")
    tab.wait_for_url("**/episodes?score=zero")
    tab.get_by_role("link", name="Clear").click()
    acting(tab).click()
    tab.wait_for_url("**/episode/**")
    folded = tab.locator("details.call")
    assert folded.count() >= 1 and tab.locator("details.call[open]").count() == 0
    tab.keyboard.press("o")
    assert tab.locator("details.call[open]").count() == folded.count()
    pictured(tab, "view-episode")


def test_search_by_the_keyboard(tab: Page, guard: Guard) -> None:
    tab.goto(guard.address.replace("/?", "/run/0/episodes?"))
    every = tab.locator("table.list tbody tr").count()
    task = tab.locator("table.list tbody th").first.inner_text()
    tab.keyboard.press("/")
    tab.keyboard.type(task)
    tab.keyboard.press("Enter")
    tab.wait_for_url("**q=**")
    assert 0 < tab.locator("table.list tbody tr").count() < every
    tab.get_by_role("link", name="Clear").click()
    assert tab.locator("table.list tbody tr").count() == every


def test_two_runs_side_by_side(tab: Page, guard: Guard) -> None:
    tab.goto(guard.address)
    tab.keyboard.press("c")
    tab.wait_for_url("**/compare?**")
    assert "first and second" in tab.get_by_role("heading", level=1).inner_text()
    pictured(tab, "view-compare")
    tab.locator("tbody th a").first.click()
    tab.locator("tbody th a").first.click()
    assert tab.locator(".pair > section").count() == 2 and tab.get_by_role("heading", name="Transcript").count() == 2
    pictured(tab, "view-pair")


@pytest.mark.sampled(4)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_pages_can_be_used_by_all(chromium: Browser, guard: Guard, scheme: str, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    page = context.new_page()
    page.goto(guard.address)
    root = guard.address.partition("/?")[0]
    page.goto(f"{root}/run/1/episodes")
    episode = page.locator("table.list tbody th a").first.get_attribute("href")
    page.goto(f"{root}/compare?a=0&b=1")
    task = page.locator("tbody th a").first.get_attribute("href")
    page.goto(f"{root}{task}")
    pair = page.locator("tbody th a").first.get_attribute("href")
    for name, path in (("runs", "/"), ("run", "/run/1"), ("episodes", "/run/1/episodes"), ("episode", episode), ("compare", "/compare?a=0&b=1"),
                       ("task", task), ("pair", pair), ("none", "/none")):  # fmt: skip
        page.goto(f"{root}{path}")
        assert not faults(page), (path, faults(page))
        assert not overflows(page), path
        pictured(page, f"view-{name}-{scheme}-{width}")
    context.close()


def test_light_or_dark_is_kept(tab: Page, guard: Guard) -> None:
    tab.goto(guard.address)
    ground = "getComputedStyle(document.body).backgroundColor"
    before = tab.evaluate(ground)
    tab.get_by_role("button", name="Light or dark").click()
    after = tab.evaluate(ground)
    tab.reload()
    assert before != after == tab.evaluate(ground)


def test_a_folder_opens_from_a_disk(tab: Page, played: Path, tmp_path: Path) -> None:
    out = tmp_path / "shared"
    write_folder(open_shelf([played]), out)
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto((out / "index.html").as_uri())
    tab.get_by_role("link", name="second", exact=True).click()
    tab.wait_for_url("**/run-2/index.html")
    tab.keyboard.press("e")
    tab.wait_for_url("**/episodes-1.html")
    every = tab.locator("table.list tbody tr").count()
    task = tab.locator("table.list tbody th").first.inner_text()
    tab.get_by_label("Filter this page").fill(task)
    assert 0 < tab.locator("table.list tbody tr:visible").count() < every
    tab.get_by_label("Filter this page").fill("")
    acting(tab).click()
    tab.wait_for_url("**/episode/*.html")
    tab.keyboard.press("o")
    assert tab.locator("details.call[open]").count() >= 1 and not faults(tab)
    assert tab.evaluate("document.fonts.ready.then(() => [...document.fonts].some((each) => each.status === 'loaded'))")
    pictured(tab, "view-folder")
    tab.goto((out / "compare-1-2.html").as_uri())
    assert tab.locator("tbody tr").count() == 2
    assert all(url.startswith("file:") for url in asked)


def test_nothing_of_a_stranger_comes_alive(chromium: Browser, hostile: Path, tmp_path: Path) -> None:
    shelf = open_shelf([hostile])
    keys = [row.key for row in page_of(shelf[0].index, Wanted())]
    write_folder(shelf, tmp_path / "out")
    context = chromium.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append("a dialog"))
    with served(lambda: view_app(shelf)) as guard:
        root = guard.address.partition("/?")[0]
        page.goto(guard.address)
        paths = [
            "/run/0",
            "/run/0/episodes",
            *(f"/run/0/episode/{key}" for key in keys),
            *(f"/run/0/file/{keys[0]}?path={name}" for name in ("page.html", "pic.svg")),
        ]
        for url in [*(root + path for path in paths), *(path.as_uri() for path in (tmp_path / "out").rglob("*.html"))]:
            page.goto(url)
            for summary in page.locator("summary:visible").all():
                summary.click()
            page.wait_for_timeout(50)
            assert (
                page.title() != "alive"
                and not page.locator("iframe, img, main script, svg[onload], main style").count()
            )
            for link in page.locator("main a[href]").all():
                assert not re.match("(?i)javascript|data|//", link.get_attribute("href") or "")
            assert not overflows(page), url
    context.close()
    assert all(url.startswith((root, "file:")) for url in asked), [
        url for url in asked if not url.startswith((root, "file:"))
    ]
