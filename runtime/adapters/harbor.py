"""Harbor's environment interface over our sandboxes: `--env clawc.runtime.adapters.harbor:BubblewrapEnvironment`.

Runs in the environment that Harbor is installed in. It builds no images: of a task's Dockerfile it plays what lays files and
runs commands inside; the system's programs are the host's, read-only, and there is no network. A trial has one sandbox that
lives as long as the trial, and a separate verifier has another.
"""

# Harbor is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harbor.environments.base import BaseEnvironment, ExecResult
from harbor.environments.capabilities import EnvironmentCapabilities, EnvironmentResourceCapabilities

from clawc.runtime.adapters.backends import backend, lent_tools
from clawc.runtime.adapters.dockerfile import Recipe, read_recipe
from clawc.runtime.adapters.programs import FOLDER, VARIABLE, answer_requests, end
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.interface import WORKSPACE, FileProblem, SandboxEnded
from clawc.runtime.sandbox.session import Session
from clawc.spec.bundle import Limits

_OUTPUT_LIMIT = 10 << 20
_DAY_S = 6 * 3600.0
# What Harbor and its agents write to beside the working folder; `/scratch` is for graders.
_FOLDERS = ("/logs", "/tests", "/solution", "/harbor", "/installed-agent", "/scratch", "/app", "/workspace")
_LOGS = ("/logs/agent", "/logs/verifier", "/logs/artifacts")
_MEMORY_MB, _DISK_MB, _PROCESSES = 2048, 1024, 512


@dataclass(frozen=True, slots=True)
class _Inputs:
    """A Template of the files that the recipe copies into our workspace."""

    key: str
    recipe: Recipe
    folder: Path

    def write(self, dest: Path) -> None:
        for source, target in self.recipe.copies:
            inside = PurePosixPath(target)
            if inside.is_relative_to(WORKSPACE):
                _copy(self.folder / source, dest / inside.relative_to(WORKSPACE))


class BubblewrapEnvironment(BaseEnvironment):
    """`processes` bounds how many there are inside at once; memory and disk come from the task."""

    def __init__(self, *args: object, processes: int = _PROCESSES, **options: object) -> None:
        self._recipe = Recipe()
        self._session: Session | None = None
        self._answering: asyncio.Task[None] | None = None
        self._processes = processes
        super().__init__(*args, **options)
        self._verifies = "__verifier__" in self.session_id

    @staticmethod
    def type() -> str:
        return "clawc-bubblewrap"

    @property
    def capabilities(self) -> EnvironmentCapabilities:
        return EnvironmentCapabilities(disable_internet=True)

    @classmethod
    def resource_capabilities(cls) -> EnvironmentResourceCapabilities:
        return EnvironmentResourceCapabilities(memory_limit=True)

    def _validate_definition(self) -> None:
        self._recipe = read_recipe(self.environment_dir)

    async def start(self, force_build: bool) -> None:
        config, recipe = self.task_env_config, self._recipe
        # A verifier holds the agent's files several times, for each program that it wants run once more, and more than them.
        times, more = (16, 256) if self._verifies else (1, 0)
        limits = Limits(
            wall_s=_DAY_S,
            memory_bytes=((config.memory_mb or _MEMORY_MB) + more) << 20,
            disk_bytes=(times * (config.storage_mb or _DISK_MB) + more) << 20,
            processes=self._processes,
        )
        folders = dict.fromkeys((*_FOLDERS, *recipe.folders()))
        env = {**lent_tools(), **recipe.env}
        if self._verifies:
            folders[FOLDER] = None
            env |= {VARIABLE: FOLDER, "TMPDIR": "/scratch"}
        found = await backend()
        template = _Inputs(self.environment_id, recipe, self.environment_dir)
        self._session = await found.create(template, limits, env, tuple(folders))
        if self._verifies:
            self._answering = asyncio.create_task(answer_requests(self._session, found))
        await self.ensure_dirs([*_LOGS, *self._mount_targets(writable_only=True)])
        await self._lay()
        await self._upload_environment_dir_after_start()

    async def _lay(self) -> None:
        """What the recipe does beyond our workspace."""
        recipe = self._recipe
        for source, target in recipe.copies:
            if PurePosixPath(target).is_relative_to(WORKSPACE):
                continue
            path = self.environment_dir / source
            if path.is_dir():
                await self.upload_dir(path, target)
            else:
                await self.upload_file(path, target)
        for command in recipe.commands:
            done = await self.exec(command, cwd=recipe.workdir)
            if done.return_code:
                raise RuntimeError(f"`RUN {command}` of the Dockerfile ended with {done.return_code}: {done.stderr}")

    async def stop(self, delete: bool) -> None:
        answering, self._answering = self._answering, None
        session, self._session = self._session, None
        await end(session, answering)

    async def exec(
        self,
        command: str,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        timeout_sec: int | None = None,
        user: str | int | None = None,
    ) -> ExecResult:
        """There is one user inside, whoever is asked for. Nothing runs in a sandbox that a limit has ended: 137."""
        workdir = cwd or self.task_env_config.workdir or self._recipe.workdir
        try:
            done = await self._open.exec(
                ["/bin/bash", "-c", command],
                timeout_s=timeout_sec or _DAY_S,
                cwd=workdir,
                env=self._merge_env(env) or {},
                output_limit=_OUTPUT_LIMIT,
            )
        except SandboxEnded as end:
            return ExecResult(stdout="", stderr=end.message, return_code=137)
        return ExecResult(
            stdout=done.stdout.decode("utf-8", "replace"),
            stderr=done.stderr.decode("utf-8", "replace") + ("\ntimed out" if done.timed_out else ""),
            return_code=124 if done.timed_out else done.exit,
        )

    async def upload_file(self, source_path: Path | str, target_path: str) -> None:
        source = Path(source_path)
        mode = 0o755 if source.stat().st_mode & 0o100 else 0o644
        await self._open.put(target_path, await asyncio.to_thread(source.read_bytes), mode)

    async def upload_dir(self, source_dir: Path | str, target_dir: str) -> None:
        """Links in the folder are not followed and not copied."""
        root = Path(source_dir)
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if path.is_file() and not path.is_symlink():
                    await self.upload_file(path, f"{target_dir.rstrip('/')}/{path.relative_to(root).as_posix()}")

    async def download_file(self, source_path: str, target_path: Path | str) -> None:
        try:
            data = await self._open.get(source_path)
        except (FileProblem, SandboxEnded) as problem:
            raise FileNotFoundError(f"{source_path}: {problem}") from problem
        target = Path(target_path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    async def download_dir(self, source_dir: str, target_dir: Path | str) -> None:
        """Regular files and folders only, also of a sandbox that a limit has ended."""
        with tempfile.TemporaryDirectory(prefix="clawc-download-") as scratch:
            copy = Path(scratch, "copy")
            try:
                await self._open.copy(source_dir, copy)
            except FileProblem as problem:
                raise FileNotFoundError(f"{source_dir}: {problem}") from problem
            await asyncio.to_thread(shutil.copytree, copy, target_dir, dirs_exist_ok=True)

    async def is_dir(self, path: str, user: str | int | None = None) -> bool:
        with suppress(RuntimeFault, FileProblem):
            return self._open.holds_folder(path)
        return bool(await super().is_dir(path, user))

    @property
    def _open(self) -> Session:
        if self._session is None:
            raise RuntimeError("the environment is not started")
        return self._session


def _copy(source: Path, target: Path) -> None:
    """Of regular files and folders; a folder's contents, as COPY does."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for entry in sorted(source.iterdir()):
            if not entry.is_symlink():
                _copy(entry, target / entry.name)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(source.stat().st_mode & 0o777)
