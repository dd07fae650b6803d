"""Who may ask: attacks by name, by origin, without token, by path."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from clawc.runtime.web.guard import HEADERS, Guard
from tests.web.conftest import served


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    from aiohttp import web

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello", content_type="text/html")

    def build() -> web.Application:
        app = web.Application()
        app.router.add_get("/", hello)
        app.router.add_get("/deep/{rest:.*}", hello)
        app.router.add_post("/", hello)
        return app

    with served(build) as guard:
        yield guard


def ask(guard: Guard, path: str = "/", method: str = "GET", **headers: str) -> Answer:
    """One request, with the headers as they are given: `Sec_Fetch_Site` is Sec-Fetch-Site."""
    connection = http.client.HTTPConnection("127.0.0.1", guard.port, timeout=10)
    connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    found = connection.getresponse()
    answer = Answer(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())
    connection.close()
    return answer


def entered(guard: Guard) -> str:
    """The cookie that the address with the token gives."""
    answer = ask(guard, f"/?token={guard.token}")
    assert answer.status == 303 and answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and guard.token not in cookie
    return cookie.partition(";")[0]


def test_the_token_lets_in_and_leaves_the_address(guard: Guard) -> None:
    cookie = entered(guard)
    assert ask(guard, Cookie=cookie).body == b"hello"
    assert ask(guard, f"/deep/x?token={guard.token}&a=1&b=%2F").headers["location"] == "/deep/x?a=1&b=%2F"


@pytest.mark.parametrize("path", ["/", "/deep/x", "/?token=", "/?token=x", "/static/x/web/base.css"])
def test_without_the_token_nothing_is_shown(guard: Guard, path: str) -> None:
    for cookie in (
        "",
        f"clawc-{guard.port}=x",
        f"clawc-{guard.port}=",
        f"clawc={guard.token}",
        f"clawc-{guard.port}=é",
    ):
        answer = ask(guard, path, Cookie=cookie)
        assert answer.status == 401 and b"hello" not in answer.body


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:{port}.evil.example", "",
                                  "localhost.evil.example:{port}", "[::1]:{port}", "0.0.0.0:{port}"])  # fmt: skip
def test_a_name_that_points_here_is_not_answered(guard: Guard, host: str) -> None:
    cookie = entered(guard)
    for path in ("/", f"/?token={guard.token}"):
        answer = ask(guard, path, Host=host.format(port=guard.port), Cookie=cookie)
        assert answer.status in (400, 421) and b"hello" not in answer.body and "set-cookie" not in answer.headers


def test_both_names_of_this_machine_are_answered(guard: Guard) -> None:
    for name in ("127.0.0.1", "localhost"):
        assert ask(guard, Host=f"{name}:{guard.port}", Cookie=entered(guard)).status == 200


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1:1", "http://127.0.0.1",
                                    "http://127.0.0.1:{port}.evil.example", "http://127.0.0.1:{port}/"])  # fmt: skip
def test_no_other_page_changes_anything(guard: Guard, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin.format(port=guard.port)}
    assert ask(guard, method="POST", Cookie=entered(guard), Content_Length="0", **headers).status == 403


def test_an_own_page_changes_something_unless_the_browser_says_otherwise(guard: Guard) -> None:
    own = {"Origin": f"http://127.0.0.1:{guard.port}", "Content_Length": "0", "Cookie": entered(guard)}
    assert ask(guard, method="POST", **own).status == 200
    assert ask(guard, method="POST", Sec_Fetch_Site="same-origin", **own).status == 200
    for site in ("cross-site", "same-site", "none"):
        assert ask(guard, method="POST", Sec_Fetch_Site=site, **own).status == 403


def test_no_other_page_loads_anything(guard: Guard) -> None:
    cookie = entered(guard)
    for site in ("cross-site", "same-site"):
        assert ask(guard, Cookie=cookie, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors").status == 403
        assert ask(guard, Cookie=cookie, Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate").status == 200


@pytest.mark.parametrize("path", ["//evil.example/?token={token}", "/\\evil.example/?token={token}", "/%2Fevil.example?token={token}",
                                  "///evil.example/x?token={token}"])  # fmt: skip
def test_the_token_leads_to_no_other_host(guard: Guard, path: str) -> None:
    answer = ask(guard, path.format(token=guard.token))
    location = answer.headers.get("location", "/")
    assert location.startswith("/") and not location.startswith(("//", "/\\"))


@pytest.mark.parametrize("name", ["../guard.py", "x/web/../guard.py", "x/web/..%2Fguard.py", "x/web/%2e%2e/guard.py", "x/web/shell.py", "x/web//etc/passwd",
                                  "x/nothing/base.css", "x/web/base.html.j2", "x/web/fonts/../../guard.css", "x/web/none.css"])  # fmt: skip
def test_only_styles_scripts_and_fonts_are_files(guard: Guard, name: str) -> None:
    answer = ask(guard, f"/static/{name}", Cookie=entered(guard))
    assert answer.status == 404 and b"import" not in answer.body


def test_every_answer_says_what_a_browser_may_not_do(guard: Guard) -> None:
    cookie = entered(guard)
    answers = [
        ask(guard, Cookie=cookie), ask(guard), ask(guard, "/nothing", Cookie=cookie), ask(guard, "/static/x/web/base.css", Cookie=cookie),
        ask(guard, method="POST"), ask(guard, method="DELETE", Cookie=cookie, Origin=f"http://127.0.0.1:{guard.port}"),
    ]  # fmt: skip
    assert [answer.status for answer in answers] == [200, 401, 404, 200, 403, 405]
    for answer in answers:
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert all(answer.headers[name.lower()] == value for name, value in HEADERS.items())
