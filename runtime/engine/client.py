"""The HTTP client of engines that speak to servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clawc.runtime.errors import RuntimeFault

if TYPE_CHECKING:
    import aiohttp

NEEDS_GATEWAY = "Install it: pip install 'clawc[gateway]'."


def client_session(key: bytes, connect_s: float) -> aiohttp.ClientSession:
    """A session that sends the key, if there is one, keeps no cookies, and knows no proxies; a server has `connect_s` seconds to be reached.
    Raises RuntimeFault R0960 without aiohttp."""
    try:
        import aiohttp
    except ImportError as error:
        raise RuntimeFault("R0960", "models over HTTP need the package `aiohttp`", NEEDS_GATEWAY) from error
    return aiohttp.ClientSession(
        headers={"Accept-Encoding": "identity", **({"Authorization": f"Bearer {key.decode()}"} if key else {})},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_s), connector=aiohttp.TCPConnector(limit=0), trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=1 << 16,
    )  # fmt: skip
