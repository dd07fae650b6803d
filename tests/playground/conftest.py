"""A playground that is served, over a project of its own."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from clawc.commands.new import TEMPLATE
from clawc.commands.playground import STARTER
from clawc.commands.sources import find_sources
from clawc.runtime.playground.app import application
from clawc.runtime.playground.examples import examples
from clawc.runtime.playground.project import Project
from clawc.runtime.web.guard import Guard
from tests.web.conftest import chromium, served, tab

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["chromium", "tab"]

TEXT = TEMPLATE.format(name="order_totals")


class Site(NamedTuple):
    """A playground at work: its guard, and the folder with `order_totals.claw`, if it was started with one."""

    guard: Guard
    folder: Path


class Said(NamedTuple):
    """An answer: its status, and its JSON or lines of JSON."""

    status: int
    body: Any


@contextmanager
def playground(project: Project | None) -> Generator[Guard]:
    """A session over a project, the first file of which is opened."""

    def build() -> web.Application:
        return application(project, project.names[0] if project is not None else "", examples([STARTER]))

    with served(build) as guard:
        yield guard


def project_in(folder: Path) -> Project:
    """The project of a folder with one source."""
    folder.mkdir(exist_ok=True)
    (folder / "order_totals.claw").write_text(TEXT, encoding="utf-8")
    return Project(folder, find_sources([folder]))


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    """A playground that was started with a folder."""
    folder = tmp_path / "project"
    with playground(project_in(folder)) as guard:
        yield Site(guard, folder)


Post = Callable[..., Said]


def entered(guard: Guard) -> str:
    """The cookie of a browser that has opened the address."""
    connection = http.client.HTTPConnection("127.0.0.1", guard.port, timeout=60)
    connection.request("GET", f"/?token={guard.token}")
    cookie = connection.getresponse().getheader("Set-Cookie", "").partition(";")[0]
    connection.close()
    return cookie


def asked(guard: Guard, path: str, body: object = None, **headers: str) -> Said:
    """One request of an own page; `body` is sent as JSON, bytes as they are. `Content_Type` is Content-Type."""
    sent = {"Cookie": entered(guard)}
    data = None
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent |= {"Origin": f"http://127.0.0.1:{guard.port}", "Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", guard.port, timeout=120)
    connection.request("GET" if body is None else "POST", path, data, sent)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    kind = answer.getheader("Content-Type", "")
    if kind.startswith("application/x-ndjson"):
        return Said(answer.status, [json.loads(line) for line in text.splitlines()])
    return Said(answer.status, json.loads(text) if kind.startswith("application/json") else text)
