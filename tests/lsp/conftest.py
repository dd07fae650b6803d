"""A real client over standard input and output, with one server for the tests of a module."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types as lsp
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

COMMAND = [sys.executable, "-m", "clawc", "lsp"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is open in the editor."""
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture
def tmp_path(workspace: Path, request: pytest.FixtureRequest) -> Path:
    """A folder of the workspace for one test."""
    name: str = request.node.name  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    made = workspace / re.sub(r"\W", "_", name)
    made.mkdir()
    return made


@pytest_lsp.fixture(scope="module", config=ClientServerConfig(server_command=COMMAND))  # type: ignore[untyped-decorator]
async def client(lsp_client: LanguageClient, workspace: Path) -> AsyncIterator[Any]:
    """Initialised in the workspace, as Visual Studio Code is."""

    @lsp_client.feature(lsp.CLIENT_REGISTER_CAPABILITY)  # type: ignore[untyped-decorator]  # pyright: ignore[reportUntypedFunctionDecorator]
    def registered(params: lsp.RegistrationParams) -> None:
        assert [r.method for r in params.registrations] == [lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES]

    await lsp_client.initialize_session(
        lsp.InitializeParams(
            capabilities=client_capabilities("visual-studio-code"),
            workspace_folders=[lsp.WorkspaceFolder(uri=workspace.as_uri(), name="project")],
        )
    )
    yield
    await lsp_client.shutdown_session()
