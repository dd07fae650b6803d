"""Validates a package at all levels, with a server that is a process of this machine where OpenEnv would have a container:
`openenv_validation.py PACKAGE` prints the status of each check in JSON."""

# OpenEnv is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from openenv.validation import Level, run_validation
from openenv.validation.types import ProviderCapability


class Subject:
    """A served package."""

    def __init__(self, root: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "uvicorn", "server.app:app", "--host", "127.0.0.1", "--port", str(port)]
        self._process = subprocess.Popen(command, cwd=root, env=dict(os.environ), stdout=sys.stderr)
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{self.base_url}/health", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)

    def inspect(self) -> dict[str, Any]:
        return {}

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


class Processes:
    """A provider whose images are folders."""

    name = "process"
    capabilities = frozenset({ProviderCapability.IMAGE_BUILD})
    supported_network_modes = frozenset({"public", "no-network"})

    def build(self, root: Path, execution: object) -> str:
        self._root = root
        return "sha256:" + "0" * 64

    def start(self, spec: object) -> Subject:
        return Subject(self._root)


def main(package: str) -> None:
    report = run_validation(Path(package), max_level=Level.SEMANTIC, provider=Processes())
    print(json.dumps({one.check_id: one.status.value for one in report.results}))


if __name__ == "__main__":
    main(sys.argv[1])
