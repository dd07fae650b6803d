"""Pages served from a thread to a real Chromium; where none is installed the tests say so, and fail where CLAWC_TEST_BROWSER is 1."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from clawc.runtime.web.guard import Guard
from clawc.runtime.web.serve import guarded
from tests.engine_local.conftest import skip_without

if TYPE_CHECKING:
    from aiohttp import web
    from playwright.sync_api import Browser, Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
# What a person could not use the page for.
SERIOUS = ("serious", "critical")

skip_without("aiohttp", extra="view")


@contextmanager
def served(build: Callable[[], web.Application]) -> Generator[Guard]:
    """What `build` makes, served behind its guard; ended with the block."""
    from aiohttp import web

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[Guard, web.AppRunner]:
        sock = socket.create_server(("127.0.0.1", 0))
        guard = Guard(sock.getsockname()[1])
        runner = web.AppRunner(guarded(build(), guard), access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await web.SockSite(runner, sock).start()
        return guard, runner

    guard, runner = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
    try:
        yield guard
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without a window. Not for longer than a module: as long as playwright is there its event loop runs in this thread, and
    tests of others could start none."""
    found = shutil.which("chromium")
    if found is None:
        if os.environ.get("CLAWC_TEST_BROWSER") == "1":
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed: `.ci/browser` installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium's own sandbox cannot be had by root.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """A page of its own, 1,280 wide; what its scripts log as errors fails the test at its end."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert not wrong, wrong


def faults(page: Page) -> list[str]:
    """What axe-core finds that is serious or worse: its rule and the first place."""
    page.evaluate(AXE.read_text("utf-8"))
    found = cast("list[dict[str, object]]", page.evaluate("async () => (await axe.run()).violations"))
    return [
        f"{each['id']}: {cast('list[dict[str, object]]', each['nodes'])[0]['html']}"
        for each in found
        if each["impact"] in SERIOUS
    ]


def overflows(page: Page) -> bool:
    """Whether the page must be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def pictured(page: Page, name: str) -> None:
    """A picture of the whole page into the folder CLAWC_PICTURES, if there is one, to be looked at."""
    folder = os.environ.get("CLAWC_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
