"""`clawc playground`: a spec that is edited in a browser."""

from __future__ import annotations

import os
from pathlib import Path

from clawc import exits
from clawc.commands.new import TEMPLATE
from clawc.commands.sources import find_sources, project_root
from clawc.exits import UserError

STARTER = ("Starter: total the orders by customer", TEMPLATE.format(name="order_totals"))


def playground_command(path: Path | None, port: int, *, browse: bool) -> int:
    """Serves until interrupted. With a file it can be saved, with a folder those in it."""
    if not hasattr(os, "fork"):
        raise UserError("the playground needs a system with `fork`", "Linux or macOS has it", exits.ENVIRONMENT)
    from clawc.runtime.web.serve import require_aiohttp, serve

    require_aiohttp()
    from clawc.runtime.playground.app import application
    from clawc.runtime.playground.examples import examples
    from clawc.runtime.playground.project import Project

    project, first = None, ""
    if path is not None:
        sources = find_sources([path])
        project = Project(project_root(path / "x" if path.is_dir() else path), sources)
        if not project.names:
            raise UserError(f"`{path}` lies outside of its project by a link")
        first = project.names[0]
        project.opened(first)  # says what is wrong with it before anything is served
    offered = examples([STARTER])
    serve(lambda: application(project, first, offered), port, browse=browse)
    return exits.OK
