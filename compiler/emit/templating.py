"""jinja2 over our own templates; what they insert has been encoded for its sink before."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import jinja2


def render(template: str, **values: Any) -> str:
    """The text of one of the templates beside this file."""
    return _template(template).render(**values)


@cache
def _template(template: str) -> jinja2.Template:
    source = (resources.files("clawc.compiler.emit") / "templates" / template).read_text(encoding="utf-8")
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        autoescape=False,
    )  # fmt: skip
    return environment.from_string(source)
