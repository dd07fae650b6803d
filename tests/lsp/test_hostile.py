"""What a workspace, a source or an editor may do to the language server, and must not be able to."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client

from clawc.lsp.workers import Overdue, Refused, Worker
from tests.lsp.editor import File

ROOT = Path(__file__).resolve().parents[2]
TOTALS = (ROOT / "examples" / "order_totals.claw").read_text(encoding="utf-8")


def test_a_worker_that_takes_too_long_is_replaced() -> None:
    async def go() -> None:
        worker = Worker(30.0)
        worker.put("a.claw", TOTALS, "")
        assert await worker.ask("syntax", path="a.claw") == []
        worker._wait_s = 0.0001  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(Overdue):
            await worker.ask("check", path="a.claw")
        worker._wait_s = 30.0  # pyright: ignore[reportPrivateUsage]
        assert await worker.ask("check", path="a.claw") == []
        assert worker.started == 2
        await worker.kill()

    asyncio.run(go())


def test_a_worker_that_dies_is_replaced_and_knows_what_is_open() -> None:
    async def go() -> None:
        worker = Worker(30.0)
        worker.put("a.claw", TOTALS, "")
        for _ in range(3):
            assert [t["task"] for t in await worker.ask("lenses", path="a.claw")] == ["order_totals"]
            process = worker._process  # pyright: ignore[reportPrivateUsage]
            assert process is not None
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            with pytest.raises(Overdue):
                await worker.ask("lenses", path="a.claw")
        worker.drop("a.claw")
        with pytest.raises(Overdue):  # it is told that there is no such file, and starts anew
            await worker.ask("lenses", path="a.claw")
        await worker.kill()

    asyncio.run(go())


def test_questions_that_nobody_waits_for_do_not_mix_with_others() -> None:
    async def go() -> None:
        worker = Worker(30.0)
        worker.put("a.claw", TOTALS, "")
        for _ in range(5):
            asked = asyncio.ensure_future(worker.ask("check", path="a.claw"))
            await asyncio.sleep(0.01)
            asked.cancel()
            assert [t["task"] for t in await worker.ask("lenses", path="a.claw")] == ["order_totals"]
        with pytest.raises(Refused, match="no name here"):
            await worker.ask("rename", path="a.claw", line=0, character=0, name="x", folders=[])
        assert worker.started == 1
        await worker.kill()

    asyncio.run(go())


def test_a_worker_may_start_no_program_and_open_no_connection() -> None:
    code = (
        "import sys, clawc.lsp.worker as w\n"
        "from clawc.lsp.desk import Desk\n"
        "def bad(self):\n"
        "    import subprocess\n"
        "    return subprocess.run(['/bin/true'])\n"
        "def worse(self):\n"
        "    import socket\n"
        "    return str(socket.socket().connect(('127.0.0.1', 9)))\n"
        "import clawc.lsp.desk as d\n"
        "d._METHODS.update(bad=bad, worse=worse)\n"
        "w.main()\n"
    )
    asked = b"".join(
        len(body).to_bytes(4, "big") + body
        for body in (b'{"method": "bad", "params": {}}', b'{"method": "worse", "params": {}}')
    )
    done = subprocess.run([sys.executable, "-c", code], input=asked, capture_output=True, timeout=120, check=True)
    assert done.stdout.count(b'"failed"') == 2 and done.stdout.count(b"is not allowed while a spec is evaluated") >= 2


@pytest.mark.asyncio(loop_scope="module")
async def test_a_workspace_gets_no_code_in(tmp_path: Path) -> None:
    """Modules of its own beside the sources are not what is imported."""
    for name in ("lark", "clawc", "pygls", "json", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit(1)\n", encoding="utf-8"
        )
    client = make_test_lsp_client()
    command = Path(sys.executable).parent / "clawc"
    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        await client.start_io(str(command), "lsp")  # pyright: ignore[reportUnknownMemberType]
    finally:
        os.chdir(before)
    capabilities = client_capabilities("neovim")
    root = [lsp.WorkspaceFolder(uri=tmp_path.as_uri(), name="p")]
    await client.initialize_session(lsp.InitializeParams(capabilities=capabilities, workspace_folders=root))
    file = File(client, tmp_path / "a.claw").open(TOTALS.replace("sum(amount)", "sum(amuont)"))
    await file.told("E0402")
    await client.shutdown_session()
    await client.stop()  # type: ignore[no-untyped-call]
    assert not (tmp_path / "ran").exists()


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_outside_of_the_workspace_is_read(client: LanguageClient, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "secret.claw").write_text("claw 1\n\nlet secret_value = 4711\n", encoding="utf-8")
    (outside / "secret.csv").write_text("secret_column\n4711\n", encoding="utf-8")
    (tmp_path / "link.claw").symlink_to(outside / "secret.claw")
    (tmp_path / "link.csv").symlink_to(outside / "secret.csv")
    relative = f"../{outside.name}/secret"
    for number, use in enumerate((f"{relative}.claw", "link.claw", str(outside / "secret.claw"))):
        text = TOTALS.replace("claw 1\n", f'claw 1\n\nuse "{use}" (secret_value)\n')
        file = File(client, tmp_path / f"m{number}.claw").open(text)
        found = await file.completions(file.type("(secret_value)", "(@)"))
        assert "secret_value" not in found
        assert "4711" not in await file.hover(file.type("()", "(secret_@value)"))
        assert not await client.text_document_definition_async(lsp.DefinitionParams(file.document, file.at('use "@')))
    for number, path in enumerate((f"{relative}.csv", "link.csv", str(outside / "secret.csv"))):
        text = TOTALS.replace(
            '"input/orders.csv" {', f'"input/orders.csv" {{ from = "{path}" }}\n    file other "x.csv" {{'
        )
        file = File(client, tmp_path / f"f{number}.claw").open(text)
        assert "secret_column" not in await file.completions(file.type("csv(orders)", "csv(orders) | where @"))


@pytest.mark.asyncio(loop_scope="module")
async def test_what_an_editor_may_send(client: LanguageClient, tmp_path: Path) -> None:
    """Positions that do not exist, files that are not open, files without a name, texts that are too large: an answer, and no end."""
    file = File(client, tmp_path / "a.claw").open(TOTALS)
    far = lsp.Position(10**6, 10**6)
    assert await client.text_document_hover_async(lsp.HoverParams(file.document, far)) is None
    await file.completions(far)
    unknown = lsp.TextDocumentIdentifier((tmp_path / "other.claw").as_uri())
    assert await client.text_document_hover_async(lsp.HoverParams(unknown, lsp.Position(0, 0))) is None
    assert await client.text_document_document_symbol_async(lsp.DocumentSymbolParams(unknown)) == []
    unnamed = "untitled:Untitled-1"
    client.text_document_did_open(
        lsp.DidOpenTextDocumentParams(
            lsp.TextDocumentItem(unnamed, "claw", 0, TOTALS.replace("sum(amount)", "sum(amuont)"))
        )
    )
    while not client.diagnostics.get(unnamed):
        await asyncio.sleep(0.02)
    large = File(client, tmp_path / "large.claw").open("claw 1\n" + "# x\n" * 700_000)
    assert not await large.hover(lsp.Position(3, 1))
    assert "table(" in await file.hover(file.at("== tot@als within"))


@pytest.mark.asyncio(loop_scope="module")
async def test_lines_of_all_kinds_and_wide_characters(client: LanguageClient, tmp_path: Path) -> None:
    text = TOTALS.replace("\n", "\r\n").replace("Total the orders", "Total 😀 the 😀 orders {{ path.orders }}")
    file = File(client, tmp_path / "a.claw")
    file.path.write_bytes(text.encode())
    file.text = text
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(file.uri, "claw", 0, text)))
    at = file.at("😀 orders {{ path.ord@ers }}")
    found = await client.text_document_definition_async(lsp.DefinitionParams(file.document, at))
    assert isinstance(found, lsp.Location)
    assert found.range.start == file.at("file @orders")
    edits = await client.text_document_references_async(
        lsp.ReferenceParams(lsp.ReferenceContext(include_declaration=True), file.document, at)
    )
    assert edits is not None and {file.slice(e.range) for e in edits} == {"orders"}
