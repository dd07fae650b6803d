"""Pages by our templates, in which every text is escaped; what strangers wrote is never a template, and no control character reaches a page."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.runtime.errors import RuntimeFault

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler

# Parts whose folder `static/` is served as `/static/HASH/PART/NAME`.
_PARTS: Mapping[str, str] = {
    "web": "clawc.runtime.web",
    "view": "clawc.runtime.view",
    "review": "clawc.runtime.review",
    "playground": "clawc.runtime.playground",
}
_KINDS: Mapping[str, str] = {"css": "text/css", "js": "text/javascript", "woff2": "font/woff2", "svg": "image/svg+xml"}
_NAME = re.compile(r"(?P<part>[a-z]+)/(?P<file>([a-z]+/)?[a-z0-9-]+\.(?P<kind>css|js|woff2|svg))")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def seen(text: object) -> str:
    """Text as a page may hold it: what would steer the direction of text or a terminal, and halves of characters, are U+FFFD."""
    return _UNSEEN.sub("\ufffd", str(text).replace("\r\n", "\n"))


def environment(*packages: str, depth: int | None = None) -> jinja2.Environment:
    """Templates `*.html.j2` of these packages and of this one. `static("web/base.css")` is an address that changes with the file,
    `style(…)` and `script(…)` are what loads one; the filters `seen`, `clean` (one line) and `count` (thousands apart) make text.

    With a `depth` pages are files, so many folders deep: styles and scripts stand in them, and they alone are allowed, by their hashes.
    """
    made = jinja2.Environment(
        undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True, auto_reload=False,
        loader=jinja2.ChoiceLoader([_templates(package) for package in (*packages, "clawc.runtime.web")]),
        finalize=_finalized,
    )  # fmt: skip
    made.filters["seen"] = seen
    made.filters["clean"] = lambda text: clean(str(text))
    made.filters["count"] = _count
    fonts = "../" * (depth or 0) + "fonts/"

    def policy() -> Markup:
        return Markup("") if depth is None else _policy(fonts, *packages)

    def style(name: str) -> Markup:
        if depth is None:
            return Markup('<link rel="stylesheet" href="{}">').format(static_address(name))
        return Markup("<style>") + Markup(_style(name, fonts)) + Markup("</style>")

    def script(name: str) -> Markup:
        if depth is None:
            return Markup('<script src="{}" defer></script>').format(static_address(name))
        return Markup("<script>") + Markup(asset(name).decode()) + Markup("</script>")

    named: dict[str, Callable[..., object]] = {
        "static": static_address,
        "policy": policy,
        "style": style,
        "script": script,
    }
    known: dict[str, object] = made.globals  # pyright: ignore[reportAssignmentType]
    known |= {**named, "embedded": depth is not None}
    return made


def page(text: str, status: int = 200) -> web.Response:
    """A rendered page as an answer."""
    from aiohttp import web

    return web.Response(text=text, status=status, content_type="text/html")


@cache
def asset(name: str) -> bytes:
    """A style, script or font of a part, as `web/base.css`; raises KeyError for a name that is none."""
    match = _NAME.fullmatch(name)
    if match is None or match["part"] not in _PARTS:
        raise KeyError(name)
    found = resources.files(_PARTS[match["part"]]) / "static"
    for step in match["file"].split("/"):
        found = found / step
    if not found.is_file():
        raise KeyError(name)
    return found.read_bytes()


@cache
def static_address(name: str) -> str:
    """Where a file of ours is served; another content is another address."""
    return f"/static/{hashlib.sha256(asset(name)).hexdigest()[:12]}/{name}"


async def static_file(request: web.Request) -> web.Response:
    """One of our own styles, scripts and fonts."""
    from aiohttp import web

    tag, _, name = request.match_info["name"].partition("/")
    try:
        data = asset(name)
    except KeyError:
        raise web.HTTPNotFound(text="There is no such file.") from None
    fresh = tag == hashlib.sha256(data).hexdigest()[:12]
    # Styles name fonts beside themselves, by the tag of the style.
    kept = "private, max-age=31536000, immutable" if fresh or name.endswith(".woff2") else "no-store"
    kind = _KINDS[name.rpartition(".")[2]]
    charset = "utf-8" if kind.startswith("text/") else None
    return web.Response(body=data, content_type=kind, charset=charset, headers={"Cache-Control": kept})


def answer_error(handler: Handler) -> Handler:
    """The handler with a page in the place of an error that a user can do something about."""
    from aiohttp import web

    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound as error:
            said = (error.text or "").strip()
            return page(error_page("Not here", said if said != "404: Not Found" else "There is no such page.", ""), 404)
        except RuntimeFault as fault:
            return page(error_page("This cannot be shown", f"{fault.message} ({fault.code})", fault.help or ""), 500)
        except UserError as error:
            return page(error_page("This cannot be done", error.message, error.help or ""), 400)

    return answered


def error_page(title: str, message: str, help: str) -> str:
    """What went wrong, as a page."""
    return _pages().get_template("error.html.j2").render(title=title, message=message, help=help)


@cache
def _pages() -> jinja2.Environment:
    return environment()


def fonts() -> Mapping[str, bytes]:
    """The fonts, by name, for pages that are files."""
    names = ("inter-latin-wght-normal.woff2", "jetbrains-mono-latin-wght-normal.woff2")
    return {name: asset(f"web/fonts/{name}") for name in names}


@cache
def _style(name: str, fonts: str) -> str:
    return asset(name).decode().replace('url("fonts/', f'url("{fonts}')


@cache
def _policy(fonts: str, *packages: str) -> Markup:
    """What a page that is a file may do: use the styles and scripts of these parts."""
    parts = ["web", *(part for part, package in _PARTS.items() if package in packages)]
    names = [f"{part}/{'base' if part == 'web' else part}" for part in parts]
    styles = " ".join(_hash(_style(f"{name}.css", fonts)) for name in names)
    scripts = " ".join(_hash(asset(f"{name}.js").decode()) for name in names)
    policy = f"default-src 'none'; style-src {styles}; script-src {scripts}; font-src 'self' file:; base-uri 'none'; form-action 'none'"
    return Markup('<meta http-equiv="Content-Security-Policy" content="{}">').format(policy)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _count(number: object) -> str:
    """Digits in threes, with narrow spaces between."""
    return f"{number:,}".replace(",", "\u202f") if isinstance(number, (int, float)) else str(number)


def _templates(package: str) -> jinja2.BaseLoader:
    def load(name: str) -> str | None:
        found = resources.files(package) / name
        return found.read_text("utf-8") if found.is_file() else None

    return jinja2.FunctionLoader(load)


def _finalized(value: object) -> object:
    """Every text that is put into a page is one that a page may hold."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return seen(value)
