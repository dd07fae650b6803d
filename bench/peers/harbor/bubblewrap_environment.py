"""Harbor's environment interface over bubblewrap: a folder per trial, a new sandbox for each command.

Runs in the environment that Harbor is installed in. A command has what it has in ours: no network, no capabilities, the
system's programs to read, the trial's folders to write; but no limits and no filter of system calls, which saves Harbor
their cost.
"""

# Harbor is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from harbor.environments.base import BaseEnvironment, ExecResult
from harbor.environments.capabilities import EnvironmentCapabilities

WORKSPACE = "/w"
_SYSTEM = (
    "--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL",
    "--die-with-parent", "--new-session", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin",
    "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib",
    "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
)  # fmt: skip


class BubblewrapEnvironment(BaseEnvironment):
    """`bubblewrap` is the path of bwrap. What is uploaded to `/NAME/…` lies in the folder NAME of the trial; the folders
    that Harbor mounts lie where Harbor has them."""

    def __init__(self, *args: object, bubblewrap: str, **options: object) -> None:
        super().__init__(*args, **options)
        self._bubblewrap = bubblewrap
        self._root = Path()
        self._mounted = {str(mount["target"]): Path(mount["source"]) for mount in self._mounts}

    @staticmethod
    def type() -> str:
        return "bubblewrap"

    @property
    def capabilities(self) -> EnvironmentCapabilities:
        return EnvironmentCapabilities(disable_internet=True, mounted=True)

    def _validate_definition(self) -> None:
        if not self.environment_dir.is_dir():
            raise FileNotFoundError(self.environment_dir)

    async def start(self, force_build: bool) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="trial-"))
        shutil.copytree(self.environment_dir, self._root / WORKSPACE.strip("/"))

    async def stop(self, delete: bool) -> None:
        if delete:
            shutil.rmtree(self._root)

    async def exec(
        self,
        command: str,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        timeout_sec: int | None = None,
        user: str | int | None = None,
    ) -> ExecResult:
        arguments = list(_SYSTEM)
        for target, source in [
            *self._mounted.items(),
            *((f"/{path.name}", path) for path in sorted(self._root.iterdir())),
        ]:
            arguments += ["--bind", str(source), target]
        for name, value in (self._merge_env(env) or {}).items():
            arguments += ["--setenv", name, value]
        process = await asyncio.create_subprocess_exec(
            self._bubblewrap, *arguments, "--chdir", cwd or WORKSPACE, "--", "/bin/sh", "-c", command,
            env={}, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(timeout_sec):
                stdout, stderr = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            return ExecResult(stderr="timed out", return_code=124)
        return ExecResult(
            stdout=stdout.decode("utf-8", "replace"),
            stderr=stderr.decode("utf-8", "replace"),
            return_code=process.returncode or 0,
        )

    async def upload_file(self, source_path: Path | str, target_path: str) -> None:
        target = self._host(target_path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source_path, target)

    async def upload_dir(self, source_dir: Path | str, target_dir: str) -> None:
        shutil.copytree(source_dir, self._host(target_dir), dirs_exist_ok=True)

    async def download_file(self, source_path: str, target_path: Path | str) -> None:
        shutil.copy(self._host(source_path), target_path)

    async def download_dir(self, source_dir: str, target_dir: Path | str) -> None:
        shutil.copytree(self._host(source_dir), target_dir, dirs_exist_ok=True)

    def _host(self, path: str) -> Path:
        """Where a path inside lies outside."""
        inside = PurePosixPath(path)
        for target, source in self._mounted.items():
            if inside.is_relative_to(target):
                return source / inside.relative_to(target)
        return self._root / inside.relative_to("/")
