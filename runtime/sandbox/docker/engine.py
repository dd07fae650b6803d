"""The Docker engine of this machine: a client that many threads may use, and why there is none in words a person can act on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.runtime.errors import SandboxUnavailable

if TYPE_CHECKING:
    from docker import APIClient

SOCKET = "/var/run/docker.sock"
# Every request to a Unix socket has a pool of connections of its own, by its path; with fewer of them, those of requests in
# flight are closed under them.
_POOLS = 4096
_TIMEOUT_S = 120
# The first version of the interface (Docker 20.10) that has all that we ask for.
OLDEST_API = (1, 41)


def socket_path() -> Path:
    """The engine's socket: that of DOCKER_HOST, or the usual one. Raises SandboxUnavailable for an engine on another machine,
    as workspaces are on this one."""
    host = os.environ.get("DOCKER_HOST", "") or f"unix://{SOCKET}"
    if not host.startswith("unix://"):
        raise SandboxUnavailable(
            f"the Docker engine at `{host}` is reached by network, and sandboxes need one on this machine",
            "Unset DOCKER_HOST, or set it to unix:///var/run/docker.sock.",
        )
    return Path(host.removeprefix("unix://"))


def connect() -> APIClient:
    """A client of the engine, which answers; for the caller to close. Raises SandboxUnavailable."""
    path = socket_path()
    try:
        import docker
        from docker.errors import DockerException
        from requests.exceptions import RequestException
    except ImportError as error:
        raise SandboxUnavailable(
            f"the Python package `{error.name}` is not installed", "Install it: `pip install 'clawc[docker]'`."
        ) from error
    if not path.exists():
        raise SandboxUnavailable(
            f"there is no Docker engine: `{path}` is not there",
            "Install Docker (on Debian the package docker.io) and start it, or set DOCKER_HOST.",
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise SandboxUnavailable(
            f"this user may not use the Docker engine at `{path}`",
            "Add the user to the group that owns the socket (usually docker), which gives it the rights of root.",
        )
    client = None
    try:
        client = docker.APIClient(
            base_url=f"unix://{path}", version="auto", timeout=_TIMEOUT_S, num_pools=_POOLS, max_pool_size=64
        )
        version = client.version()
    except (DockerException, RequestException, OSError) as error:
        if client is not None:
            client.close()
        raise SandboxUnavailable(
            f"the Docker engine at `{path}` does not answer: {str(error)[:300]}", "Start it, and see `docker info`."
        ) from error
    found = tuple(int(part) for part in str(version.get("ApiVersion", "0")).split("."))
    if found < OLDEST_API or version.get("Os") != "linux":
        client.close()
        raise SandboxUnavailable(
            f"the Docker engine at `{path}` is {version.get('Version')} for {version.get('Os')}",
            "Use Docker 20.10 or newer on Linux.",
        )
    return client
