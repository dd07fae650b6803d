"""Inspect's sandbox interface over our sandboxes: `--sandbox clawc`, found by the entry point `inspect_ai`.

Runs in the environment that Inspect is installed in. A sample has two sandboxes: `default`, where the agent works, and
`verifier`, which is started when it is first used, for what the agent must not reach.
"""

# Inspect is not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc,untyped-decorator"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import asyncio
import io
import posixpath
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    SandboxEnvironmentLimits,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
    sandboxenv,
)
from pydantic import BaseModel

from clawc.runtime.adapters.backends import backend, lent_tools
from clawc.runtime.adapters.programs import FOLDER, VARIABLE, answer_requests, end
from clawc.runtime.sandbox.finish import in_thread
from clawc.runtime.sandbox.interface import WORKSPACE, FileProblem, SandboxEnded
from clawc.runtime.sandbox.session import Session
from clawc.spec.bundle import Limits

SCRATCH = "/scratch"
_DAY_S = 6 * 3600.0
_USERS = ("agent", "1000")


class SandboxConfig(BaseModel):
    """What `--sandbox` may be given: bounds of the agent's sandbox."""

    memory_mb: int = 2048
    disk_mb: int = 1024
    processes: int = 512


class _Nothing:
    """The template of a workspace without files."""

    key = "inspect-nothing"

    def write(self, dest: Path) -> None:
        return


@sandboxenv(name="clawc")
class ClawcSandbox(SandboxEnvironment):
    """One of our sandboxes; `verifies` for that of graders, which may ask for programs to be run in others."""

    def __init__(self, config: SandboxConfig, verifies: bool) -> None:
        super().__init__()
        self._config = config
        self._verifies = verifies
        self._session: Session | None = None
        self._answering: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    @classmethod
    def config_files(cls) -> list[str]:
        return []

    @classmethod
    def config_deserialize(cls, config: dict[str, Any]) -> BaseModel:
        return SandboxConfig(**config)

    @classmethod
    async def sample_init(
        cls, task_name: str, config: SandboxEnvironmentConfigType | None, metadata: dict[str, str]
    ) -> dict[str, SandboxEnvironment]:
        if isinstance(config, str):
            config = SandboxConfig.model_validate_json(await in_thread(Path(config).read_bytes))
        chosen = config if isinstance(config, SandboxConfig) else SandboxConfig()
        return {"default": cls(chosen, False), "verifier": cls(chosen, True)}

    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        for environment in environments.values():
            await environment.as_type(cls).close()

    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        if user is not None and user not in _USERS:
            raise SandboxUserUnsupportedError(f"there is one user inside, `agent`; nothing runs as `{user}`")
        limit = SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE
        try:
            done = await (await self._open()).exec(
                cmd,
                stdin=input.encode() if isinstance(input, str) else input or b"",
                timeout_s=timeout or _DAY_S,
                cwd=posixpath.join(WORKSPACE, cwd) if cwd else None,
                env=env,
                output_limit=limit,
            )
        except FileProblem as problem:
            raise _refusal(cmd, str(problem)) from problem
        except SandboxEnded as end:
            raise SandboxUnavailableError(end.message) from end
        if done.timed_out:
            raise TimeoutError(f"the command ran longer than {timeout} s")
        out, err = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
        if done.truncated:
            raise OutputLimitExceededError(
                limit_str=SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE_STR, truncated_output=out
            )
        if done.exit == 126 and not out:
            raise PermissionError(err.strip() or f"`{cmd[0]}` may not be executed")
        return ExecResult(done.exit == 0, done.exit, out, err)

    async def write_file(self, file: str, contents: str | bytes) -> None:
        try:
            await (await self._open()).put(file, contents.encode() if isinstance(contents, str) else contents)
        except FileProblem as problem:
            raise _error(file, str(problem)) from problem
        except SandboxEnded as end:
            raise SandboxUnavailableError(end.message) from end

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        limit = SandboxEnvironmentLimits.MAX_READ_FILE_SIZE
        try:
            data = await (await self._open()).get(file)
        except FileProblem as problem:
            if "not a regular file" in str(problem) and (await self.exec(["test", "-d", file])).success:
                raise IsADirectoryError(f"`{file}` is a directory") from problem
            if "is larger than" in str(problem):
                raise OutputLimitExceededError(
                    limit_str=SandboxEnvironmentLimits.MAX_READ_FILE_SIZE_STR, truncated_output=None
                ) from problem
            raise _error(file, str(problem)) from problem
        except SandboxEnded as end:
            raise SandboxUnavailableError(end.message) from end
        if len(data) > limit:
            raise OutputLimitExceededError(
                limit_str=SandboxEnvironmentLimits.MAX_READ_FILE_SIZE_STR, truncated_output=None
            )
        return data.decode() if text else data

    async def workspace_archive(self) -> bytes:
        """The regular files of the workspace as a tar archive, taken from outside; also of a sandbox that a limit has ended."""
        session = await self._open()
        with tempfile.TemporaryDirectory(prefix="clawc-workspace-") as scratch:
            copy = Path(scratch, "copy")
            await session.collect(copy)
            return await in_thread(_archive, copy)

    async def close(self) -> None:
        """Stop and remove it."""
        answering, self._answering = self._answering, None
        session, self._session = self._session, None
        await end(session, answering)

    async def _open(self) -> Session:
        async with self._starting:
            if self._session is None:
                found, config = await backend(), self._config
                env, folders = dict(lent_tools()), [SCRATCH]
                times, more = (16, 256) if self._verifies else (1, 0)  # as for Harbor
                if self._verifies:
                    env |= {VARIABLE: FOLDER, "TMPDIR": SCRATCH}
                    folders += [FOLDER, "/grade"]
                limits = Limits(
                    wall_s=_DAY_S,
                    memory_bytes=(config.memory_mb + more) << 20,
                    disk_bytes=(times * config.disk_mb + more) << 20,
                    processes=config.processes,
                )
                self._session = await found.create(_Nothing(), limits, env, tuple(folders))
                if self._verifies:
                    self._answering = asyncio.create_task(answer_requests(self._session, found))
            return self._session


def _error(file: str, problem: str) -> OSError:
    """The exception that Inspect expects for what the sandbox said."""
    kinds: tuple[tuple[str, type[OSError]], ...] = (
        ("no such file", FileNotFoundError),
        ("not a directory", FileNotFoundError),
        ("is a directory", IsADirectoryError),
        ("permission denied", PermissionError),
        ("read-only", PermissionError),
    )
    for words, kind in kinds:
        if words in problem:
            return kind(f"`{file}`: {problem}")
    # Inspect tells the model of these errors only; any other one would end the sample without a score.
    return PermissionError(f"`{file}`: {problem}")


def _refusal(cmd: list[str], problem: str) -> Exception:
    """The exception that Inspect expects for a command that cannot be started."""
    return ValueError(problem) if "embedded null byte" in problem else PermissionError(f"`{cmd[0]}`: {problem}")


def _archive(folder: Path) -> bytes:
    """A tar archive of a plain folder, in the order of paths."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, path.relative_to(folder).as_posix(), recursive=False)
    return buffer.getvalue()
