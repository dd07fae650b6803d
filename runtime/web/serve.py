"""Serves an application to browsers of this machine until it is interrupted."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from clawc.exits import UserError
from clawc.runtime.web.guard import Guard
from clawc.runtime.web.shell import answer_error, static_file

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler

# Bytes of what a form or an editor may send.
BODY = 2 << 20
_LISTENS = "127.0.0.1"


def require_aiohttp() -> None:
    """Raises UserError where aiohttp is not installed."""
    try:
        import aiohttp  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise UserError("pages are served by aiohttp, which is not installed", "pip install 'clawc[view]'") from error


def serve(build: Callable[[], web.Application], port: int = 0, *, browse: bool = False) -> None:
    """Serve what `build` makes at a port of the loopback address, 0 for a free one, until SIGINT or SIGTERM. The address is printed, and
    opened if `browse`. Raises UserError where the port is taken or aiohttp is missing."""
    require_aiohttp()
    sock = _bound(port)
    with sock, suppress(KeyboardInterrupt):
        asyncio.run(_serve(build, sock, browse))


def guarded(app: web.Application, guard: Guard) -> web.Application:
    """The application with the guard before it, errors as pages and our styles at `/static/`."""
    from aiohttp import web

    @web.middleware
    async def asked(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await guard.asked(request, answer_error(handler))

    async def no_icon(request: web.Request) -> web.Response:
        return web.Response(status=204)

    app.middlewares.insert(0, asked)
    app.router.add_get("/favicon.ico", no_icon)  # browsers ask for it unasked
    app.router.add_get("/static/{name:[a-z0-9./-]+}", static_file)
    return app


async def _serve(build: Callable[[], web.Application], sock: socket.socket, browse: bool) -> None:
    from aiohttp import web

    guard = Guard(sock.getsockname()[1])
    runner = web.AppRunner(guarded(build(), guard), access_log=None, shutdown_timeout=2.0, handle_signals=False)
    await runner.setup()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, ended.set)
    try:
        await web.SockSite(runner, sock).start()
        print(f"{guard.address}\nCtrl-C ends it.", flush=True)
        if browse:
            await asyncio.to_thread(webbrowser.open, guard.address)
        await ended.wait()
    finally:
        await runner.cleanup()


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((_LISTENS, port))
        return sock
    except OSError as error:
        sock.close()
        raise UserError(
            f"port {port} cannot be had: {error.strerror}", "give another, or none: a free one is taken"
        ) from error
