"""Who may ask for a page: a browser of this machine that was given the token, for pages of this very address.

Every answer carries the headers that keep what strangers wrote dead: nothing runs, loads or submits but what is ours.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# For what an agent has left: shown as text, and should a browser think otherwise, in an origin of its own without anything.
SANDBOXED = "default-src 'none'; sandbox; base-uri 'none'; frame-ancestors 'none'"
HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Nothing is told to others; without any referrer a form of ours would be sent with the Origin `null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), clipboard-read=()",
}
_Answer = TypeVar("_Answer", bound="web.StreamResponse")
_SAFE = ("GET", "HEAD")
_TOKEN = "token"


class Guard:
    """Refuses what does not come from an own page: another Host (a name that a stranger lets point here), a method that changes things
    with another Origin, a browser without the cookie. The address with `token` sets the cookie, once for each browser."""

    def __init__(self, port: int, token: str = "") -> None:
        self.token = token or secrets.token_urlsafe(24)
        self.port = port
        # Cookies know no ports: each server has a name of its own.
        self._cookie = f"clawc-{port}"
        self._session = secrets.token_urlsafe(24)
        self._hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost"))

    @property
    def address(self) -> str:
        """What to open first."""
        return f"http://127.0.0.1:{self.port}/?{urlencode({_TOKEN: self.token})}"

    async def asked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer of `handler`, or why it is not asked. Raises what the handler does."""
        from aiohttp import web

        refusal = self._refusal(request)
        if refusal is not None:
            return self._headed(web.Response(status=refusal[0], text=refusal[1] + "\n"))
        if request.method in _SAFE and _TOKEN in request.query:
            return self._headed(self._entered(request))
        if not self._same(request.cookies.get(self._cookie, ""), self._session):
            said = "Open the address that clawc has printed; it ends in `?token=…`."
            return self._headed(web.Response(status=401, text=said + "\n"))
        try:
            answer = await handler(request)
        except web.HTTPException as error:
            self._headed(error)
            raise
        return self._headed(answer)

    def _refusal(self, request: web.Request) -> tuple[int, str] | None:
        if request.headers.get("Host", "") not in self._hosts:
            return 421, f"This is http://127.0.0.1:{self.port}/ and answers to no other name."
        own = frozenset(f"http://{host}" for host in self._hosts)
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        if request.method not in _SAFE:
            if request.headers.get("Origin") not in own or site != "same-origin":
                return 403, "Only pages of this address may change something."
        elif site not in ("same-origin", "none") and request.headers.get("Sec-Fetch-Mode") != "navigate":
            return 403, "Only pages of this address may load something."
        return None

    def _entered(self, request: web.Request) -> web.Response:
        from aiohttp import web

        if not self._same(request.query.getone(_TOKEN), self.token):
            return web.Response(status=401, text="The token is not that of this server; each start has another.\n")
        rest = [(name, value) for name, value in request.query.items() if name != _TOKEN]
        # A path begins with one slash: two would name another host, and browsers take `\\` for a second.
        to = "/" + quote(request.path.lstrip("/\\")) + ("?" + urlencode(rest) if rest else "")
        answer = web.Response(status=303, headers={"Location": to})
        answer.set_cookie(self._cookie, self._session, httponly=True, samesite="Strict", path="/")
        return answer

    def _same(self, given: str, expected: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())

    def _headed(self, answer: _Answer) -> _Answer:
        for name, value in HEADERS.items():
            answer.headers[name] = value
        answer.headers.setdefault("Content-Security-Policy", POLICY)
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer
