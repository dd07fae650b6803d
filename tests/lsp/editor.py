"""What an editor does with a file: opens it, types into it, and waits for what it is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsprotocol import types as lsp
from pytest_lsp import LanguageClient

WAIT_S = 60.0


class File:
    """A file that is open; `@` in the texts that are given marks the cursor."""

    def __init__(self, client: LanguageClient, path: Path) -> None:
        self.client = client
        self.path = path
        self.uri = path.as_uri()
        self.text = ""
        self.version = 0

    def open(self, text: str) -> File:
        """Writes and opens it."""
        self.path.write_text(text, encoding="utf-8")
        self.text = text
        self.client.text_document_did_open(
            lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(self.uri, "claw", self.version, text))
        )
        return self

    def type(self, old: str, new: str) -> lsp.Position:
        """Replaces a stretch by another one; gives the position of `@` in it, or its end."""
        start = self.text.index(old)
        written = new.replace("@", "", 1)
        at = start + (new.index("@") if "@" in new else len(new))
        edit = lsp.TextDocumentContentChangePartial(
            lsp.Range(self.position(start), self.position(start + len(old))), written
        )
        self.text = self.text[:start] + written + self.text[start + len(old) :]
        self.version += 1
        self.client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(lsp.VersionedTextDocumentIdentifier(self.version, self.uri), [edit])
        )
        return self.position(at)

    def position(self, offset: int) -> lsp.Position:
        """In UTF-16, as the protocol has it."""
        line = self.text.count("\n", 0, offset)
        start = self.text.rfind("\n", 0, offset) + 1
        return lsp.Position(line, len(self.text[start:offset].encode("utf-16-le")) // 2)

    def at(self, marked: str) -> lsp.Position:
        """The position of `@` in a stretch of the text as it is."""
        return self.position(self.text.index(marked.replace("@", "", 1)) + marked.index("@"))

    def slice(self, r: lsp.Range) -> str:
        """What stands in a range."""
        lines = self.text.split("\n")

        def offset(p: lsp.Position) -> int:
            before = sum(len(line) + 1 for line in lines[: p.line])
            units = lines[p.line].encode("utf-16-le")[: 2 * p.character]
            return before + len(units.decode("utf-16-le"))

        return self.text[offset(r.start) : offset(r.end)]

    @property
    def document(self) -> lsp.TextDocumentIdentifier:
        """For parameters."""
        return lsp.TextDocumentIdentifier(self.uri)

    async def told(self, code: str) -> lsp.Diagnostic:
        """The diagnostic of this code, as soon as it is shown."""
        for _ in range(int(WAIT_S / 0.02)):
            found = [d for d in self.diagnostics if d.code == code]
            if found:
                return found[0]
            await asyncio.sleep(0.02)
        raise AssertionError(f"{code} was not shown: {[(d.code, d.message) for d in self.diagnostics]}")

    async def quiet(self) -> None:
        """Until nothing is wrong."""
        for _ in range(int(WAIT_S / 0.02)):
            if self.uri in self.client.diagnostics and not self.diagnostics:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"still shown: {[(d.code, d.message) for d in self.diagnostics]}")

    @property
    def diagnostics(self) -> list[lsp.Diagnostic]:
        """What is shown now."""
        return list(self.client.diagnostics.get(self.uri, []))

    async def completions(self, at: lsp.Position) -> dict[str, lsp.CompletionItem]:
        """By their labels."""
        found = await self.client.text_document_completion_async(lsp.CompletionParams(self.document, at))
        assert isinstance(found, lsp.CompletionList)
        return {item.label: item for item in found.items}

    async def hover(self, at: lsp.Position) -> str:
        """Its Markdown; "" where there is none."""
        found = await self.client.text_document_hover_async(lsp.HoverParams(self.document, at))
        if found is None:
            return ""
        assert isinstance(found.contents, lsp.MarkupContent)
        return found.contents.value
