"""`clawc lsp`: the language server. What it knows comes from workers; here it is only put into the words of the protocol.

Nothing of a workspace is executed. Two workers read sources, so that typing does not wait for a whole check: one is asked by the
editor, the other checks.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from clawc import __version__
from clawc.commands.sources import project_root
from clawc.lsp.diagnosis import Diagnosis
from clawc.lsp.workers import Overdue, Refused, Worker

Json = Any

ASKED_S = 5.0  # seconds of wall time for an answer to the editor
CHECKED_S = 30.0  # for a check
TASK_AFTER_S = 0.03  # of silence, before the item that was changed is checked
FILE_AFTER_S = 0.35  # and before the file is
# Sources, settings, and what sources read.
WATCHED = ("**/*.claw", "**/claw.toml", "**/*.{csv,tsv,json,jsonl,yaml,yml,toml,txt,md,html,xml,xlsx,sqlite,py}")
MAX_SOURCE = 2 << 20  # characters beyond which a file is left alone

_LOG = logging.getLogger(__name__)
_KINDS = {
    "keyword": lsp.CompletionItemKind.Keyword, "block": lsp.CompletionItemKind.Struct, "attribute": lsp.CompletionItemKind.Property,
    "function": lsp.CompletionItemKind.Function, "verb": lsp.CompletionItemKind.Method, "name": lsp.CompletionItemKind.Variable,
    "column": lsp.CompletionItemKind.Field, "file": lsp.CompletionItemKind.File, "module": lsp.CompletionItemKind.Module,
    "value": lsp.CompletionItemKind.EnumMember, "parameter": lsp.CompletionItemKind.TypeParameter,
}  # fmt: skip
_SYMBOLS = {
    "task": lsp.SymbolKind.Class, "block": lsp.SymbolKind.Namespace, "input": lsp.SymbolKind.File, "deliverable": lsp.SymbolKind.File,
    "check": lsp.SymbolKind.Event, "value": lsp.SymbolKind.Variable, "function": lsp.SymbolKind.Function, "param": lsp.SymbolKind.Constant,
    "data": lsp.SymbolKind.Array, "module": lsp.SymbolKind.Module,
}  # fmt: skip


class Server(LanguageServer):
    """The server with its workers and what is known of the open files."""

    def __init__(self) -> None:
        super().__init__("clawc", __version__)  # pyright: ignore[reportUnknownMemberType]
        self.asked: Worker | None = None
        self.checked: Worker | None = None
        self.files: dict[str, Diagnosis] = {}
        self.pending: dict[str, asyncio.Task[None]] = {}

    def workers(self) -> tuple[Worker, Worker]:
        """That which answers the editor, and that which checks."""
        if self.asked is None or self.checked is None:
            encoding = str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding))
            self.asked, self.checked = Worker(ASKED_S, encoding), Worker(CHECKED_S, encoding)
        return self.asked, self.checked

    def folders(self) -> list[str]:
        """The folders of the workspace."""
        found = [to_fs_path(folder.uri) for folder in self.workspace.folders.values()]
        if not found and self.workspace.root_path:
            found = [self.workspace.root_path]
        return [f for f in found if f]

    def root_of(self, path: str) -> str:
        """The folder that files beside a source must not leave: its project, inside the workspace."""
        root = project_root(Path(path))
        around = [Path(f) for f in self.folders() if Path(path).is_relative_to(f)]
        inner = max(around, key=lambda f: len(f.parts), default=None)
        return str(root if inner is None or root.is_relative_to(inner) else inner)

    async def ask(self, method: str, uri: str, **params: Any) -> Json:
        """An answer of the worker that serves the editor; None for a file that is not open, and where there is none in time."""
        path = path_of(uri)
        if path not in self.files:
            return None
        try:
            return await self.workers()[0].ask(method, path=path, **params)
        except Overdue as overdue:
            _LOG.warning("%s", overdue)
            return None

    def put(self, uri: str, text: str) -> None:
        """The text of a buffer has changed."""
        path = path_of(uri)
        self.files.setdefault(path, Diagnosis(uri)).changed(text)
        shown = text if len(text) <= MAX_SOURCE else ""
        root = self.root_of(path) if not path.startswith("untitled:") else ""
        for worker in self.workers():
            worker.put(path, shown, root)
        self.look_again(path)

    def look_again(self, path: str) -> None:
        """A check that still runs for an older text is not waited for."""
        before = self.pending.pop(path, None)
        if before is not None:
            before.cancel()
        self.pending[path] = asyncio.ensure_future(self._look(path))

    async def _look(self, path: str) -> None:
        """What is wrong: at once what the syntax shows, soon that of the item which was changed, then that of the file."""
        quick, thorough = self.workers()
        file = self.files[path]
        try:
            file.syntax(await quick.ask("syntax", path=path))
            self.publish(file)
            await asyncio.sleep(TASK_AFTER_S)
            if file.line is not None:
                file.item(await quick.ask("task", path=path, line=file.line))
                self.publish(file)
            await asyncio.sleep(FILE_AFTER_S)
            file.whole(await thorough.ask("check", path=path))
        except Overdue as overdue:
            _LOG.warning("%s", overdue)
            file.unchecked(str(overdue))
        except Refused:
            return
        self.publish(file)

    def publish(self, file: Diagnosis) -> None:
        """Shows what is known of a file."""
        self.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(uri=file.uri, diagnostics=[diagnostic(f) for f in file.found()])
        )

    async def close(self, uri: str) -> None:
        """A buffer is closed: nothing is said of it any more."""
        path = path_of(uri)
        pending = self.pending.pop(path, None)
        if pending is not None:
            pending.cancel()
        file = self.files.pop(path, None)
        for worker in self.workers():
            worker.drop(path)
        if file is not None:
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri=uri, diagnostics=[]))

    async def end(self) -> None:
        """Ends the workers, and what waits for them."""
        for pending in self.pending.values():
            pending.cancel()
        for worker in (self.asked, self.checked):
            if worker is not None:
                await worker.kill()


def path_of(uri: str) -> str:
    """The path of a file; of anything else a name under which it is known."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return os.path.normpath(path) if path else f"untitled:{uri}"


def listed(found: Json) -> list[Json]:
    """An answer that is a list; none is an empty one."""
    return found or []


def ranged(r: Sequence[int]) -> lsp.Range:
    """A range of the protocol."""
    return lsp.Range(lsp.Position(r[0], r[1]), lsp.Position(r[2], r[3]))


def location(found: Json) -> lsp.Location:
    """A place in a file."""
    return lsp.Location(from_fs_path(found["path"]) or found["path"], ranged(found["range"]))


def diagnostic(f: Json) -> lsp.Diagnostic:
    """A finding; its edit travels with it, for code actions."""
    message = f["message"] + (f"\n{f['help']}" if f["help"] else "")
    severity = lsp.DiagnosticSeverity.Error if f["severity"] == "error" else lsp.DiagnosticSeverity.Warning
    unused = [lsp.DiagnosticTag.Unnecessary] if f["code"].startswith("W03") else None
    return lsp.Diagnostic(ranged(f["range"]), message, severity, f["code"], source="clawc", tags=unused, data=f["fix"])


def make_server() -> Server:
    """The server with its features."""
    server = Server()
    _documents(server)
    _questions(server)
    _names(server)
    _edits(server)
    _outline(server)
    return server


def _documents(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        server.put(params.text_document.uri, params.text_document.text)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.put(uri, server.workspace.get_text_document(uri).source)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        for path in list(server.files):  # others may use it
            server.look_again(path)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        await server.close(params.text_document.uri)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def watched(params: lsp.DidChangeWatchedFilesParams) -> None:
        for path in list(server.files):
            server.look_again(path)

    @server.feature(lsp.INITIALIZED)
    async def begun(params: lsp.InitializedParams) -> None:
        workspace = server.client_capabilities.workspace
        watching = workspace.did_change_watched_files if workspace is not None else None
        if watching is not None and watching.dynamic_registration:
            options = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher(glob) for glob in WATCHED])
            method = lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES
            wanted = lsp.RegistrationParams([lsp.Registration("watched", method, options)])
            with suppress(JsonRpcException):  # without it a change on the disk is seen at the next one in the editor
                await server.client_register_capability_async(wanted)

    @server.feature(lsp.SHUTDOWN)
    async def ended(params: None) -> None:
        await server.end()


def _questions(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        at = params.position
        found = await server.ask("hover", params.text_document.uri, line=at.line, character=at.character)
        if found is None:
            return None
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, found["text"]), ranged(found["range"]))

    options = lsp.CompletionOptions(trigger_characters=[".", "|", '"', "/", "{", "(", " "])

    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION, options)
    async def completion(params: lsp.CompletionParams) -> lsp.CompletionList:
        at, uri = params.position, params.text_document.uri
        context = params.context
        if context is not None and context.trigger_character == " " and not _asks_behind_blank(server, uri, at):
            return lsp.CompletionList(is_incomplete=False, items=[])
        found = await server.ask("completion", uri, line=at.line, character=at.character)
        if found is None:
            return lsp.CompletionList(is_incomplete=True, items=[])
        snippets = _takes_snippets(server)
        whole = ranged(found["range"])
        return lsp.CompletionList(is_incomplete=False, items=[_completion(c, whole, snippets) for c in found["items"]])

    @server.feature(lsp.TEXT_DOCUMENT_SIGNATURE_HELP, lsp.SignatureHelpOptions(trigger_characters=["(", ","]))
    async def signature(params: lsp.SignatureHelpParams) -> lsp.SignatureHelp | None:
        at = params.position
        found = await server.ask("signature", params.text_document.uri, line=at.line, character=at.character)
        if found is None:
            return None
        parameters = [lsp.ParameterInformation(p) for p in found["parameters"]]
        one = lsp.SignatureInformation(found["text"], found["doc"] or None, parameters, found["active"])
        return lsp.SignatureHelp([one], 0, found["active"])


def _asks_behind_blank(server: Server, uri: str, at: lsp.Position) -> bool:
    """A blank asks for completions behind `|` and `=` alone; elsewhere it would be in the way."""
    lines = server.workspace.get_text_document(uri).lines
    line = lines[at.line] if at.line < len(lines) else ""
    return line[: at.character].rstrip().endswith(("|", "="))


def _takes_snippets(server: Server) -> bool:
    text = server.client_capabilities.text_document
    item = text.completion.completion_item if text is not None and text.completion is not None else None
    return bool(item is not None and item.snippet_support)


def _completion(c: Json, whole: lsp.Range, snippets: bool) -> lsp.CompletionItem:
    plain = not (c["snippet"] and snippets)
    insert = _without_stops(c["insert"]) if c["snippet"] and plain else c["insert"]
    return lsp.CompletionItem(
        c["label"], kind=_KINDS[c["kind"]], detail=c["detail"] or None, sort_text=f"{c['rank']}{c['label']}",
        documentation=lsp.MarkupContent(lsp.MarkupKind.Markdown, c["doc"]) if c["doc"] else None,
        text_edit=lsp.TextEdit(whole, insert), filter_text=c["label"],
        insert_text_format=lsp.InsertTextFormat.PlainText if plain else lsp.InsertTextFormat.Snippet,
    )  # fmt: skip


def _without_stops(snippet: str) -> str:
    """A snippet for an editor that knows none: its first word, or a call without arguments."""
    import re

    return re.sub(r"\$\{\d+:(\w+)\}|\$\d+", lambda m: m.group(1) or "", snippet)


def _names(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    async def definition(params: lsp.DefinitionParams) -> lsp.Location | None:
        at = params.position
        found = await server.ask("definition", params.text_document.uri, line=at.line, character=at.character)
        return None if found is None else location(found)

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    async def references(params: lsp.ReferenceParams) -> list[lsp.Location]:
        at, wanted = params.position, params.context.include_declaration
        found = await server.ask("references", params.text_document.uri, line=at.line, character=at.character,
                                 folders=server.folders(), declaration=wanted)  # fmt: skip
        return [location(f) for f in listed(found)]

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    async def highlight(params: lsp.DocumentHighlightParams) -> list[lsp.DocumentHighlight]:
        at = params.position
        found = await server.ask("highlight", params.text_document.uri, line=at.line, character=at.character)
        return [lsp.DocumentHighlight(ranged(r)) for r in listed(found)]

    @server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    async def renamable(params: lsp.PrepareRenameParams) -> lsp.PrepareRenamePlaceholder | None:
        at = params.position
        try:
            found = await server.ask("renamable", params.text_document.uri, line=at.line, character=at.character)
        except Refused as refused:
            raise JsonRpcInvalidParams(str(refused)) from None
        return None if found is None else lsp.PrepareRenamePlaceholder(ranged(found["range"]), found["name"])

    @server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    async def rename(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        at = params.position
        try:
            found = await server.ask("rename", params.text_document.uri, line=at.line, character=at.character,
                                     name=params.new_name, folders=server.folders())  # fmt: skip
        except Refused as refused:
            raise JsonRpcInvalidParams(str(refused)) from None
        changes: dict[str, list[lsp.TextEdit]] = {}
        for one in listed(found):
            place = location(one)
            changes.setdefault(place.uri, []).append(lsp.TextEdit(place.range, one["text"]))
        return lsp.WorkspaceEdit(changes=changes) if changes else None


def _edits(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
    async def format(params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit] | None:
        try:
            found = await server.ask("format", params.text_document.uri)
        except Refused as refused:
            server.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, str(refused)))
            return None
        return None if found is None else [lsp.TextEdit(ranged(found["range"]), found["text"])]

    kinds = [lsp.CodeActionKind.QuickFix, lsp.CodeActionKind.SourceFixAll]

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=kinds))
    async def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        file = server.files.get(path_of(params.text_document.uri))
        return [] if file is None else _actions(file, params)

    @server.command("claw.checker")
    async def checker(uri: str, task: str) -> str:
        try:
            path = path_of(uri)
            if path not in server.files:
                raise Refused("the file is not open")
            return str(await server.workers()[1].ask("checker", path=path, task=task))
        except (Refused, Overdue) as refused:
            raise JsonRpcInvalidParams(str(refused)) from None


def _actions(file: Diagnosis, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """The edits that mend what is wrong in a range, and one for all that is wrong in the file."""
    wanted = params.context.only
    found: list[lsp.CodeAction] = []
    mended = [f for f in file.found() if f["fix"] is not None]
    for f in mended:
        r = f["range"]
        touches = r[0] <= params.range.end.line and params.range.start.line <= r[2]
        if touches and _is_wanted(lsp.CodeActionKind.QuickFix, wanted):
            edit = lsp.WorkspaceEdit(changes={file.uri: [_text_edit(f["fix"])]})
            found.append(
                lsp.CodeAction(
                    f["fix"]["title"], lsp.CodeActionKind.QuickFix, [diagnostic(f)], is_preferred=True, edit=edit
                )
            )
    if mended and _is_wanted(lsp.CodeActionKind.SourceFixAll, wanted):
        edits = _apart([f["fix"] for f in mended])
        edit = lsp.WorkspaceEdit(changes={file.uri: [_text_edit(f) for f in edits]})
        found.append(
            lsp.CodeAction(f"mend all that can be mended ({len(edits)})", lsp.CodeActionKind.SourceFixAll, edit=edit)
        )
    return found


def _is_wanted(kind: lsp.CodeActionKind, wanted: Sequence[lsp.CodeActionKind | str] | None) -> bool:
    def name(k: lsp.CodeActionKind | str) -> str:
        return k.value if isinstance(k, lsp.CodeActionKind) else k

    return wanted is None or any(f"{name(kind)}.".startswith(f"{name(w)}.") for w in wanted)


def _text_edit(fix: Json) -> lsp.TextEdit:
    return lsp.TextEdit(ranged(fix["range"]), fix["text"])


def _apart(fixes: list[Json]) -> list[Json]:
    """Edits that do not touch each other; of two that do, the first."""
    kept: list[Json] = []
    for fix in sorted(fixes, key=lambda f: tuple(f["range"])):
        if not kept or tuple(kept[-1]["range"][2:]) < tuple(fix["range"][:2]):
            kept.append(fix)
    return kept


def _outline(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        return [_symbol(s) for s in listed(await server.ask("symbols", params.text_document.uri))]

    @server.feature(lsp.TEXT_DOCUMENT_FOLDING_RANGE)
    async def folds(params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange]:
        return [
            lsp.FoldingRange(first, last) for first, last in listed(await server.ask("folds", params.text_document.uri))
        ]

    @server.feature(lsp.TEXT_DOCUMENT_CODE_LENS)
    async def lenses(params: lsp.CodeLensParams) -> list[lsp.CodeLens]:
        uri = params.text_document.uri
        found: list[lsp.CodeLens] = []
        for one in listed(await server.ask("lenses", uri)):
            for title, command in (("run", "claw.run"), ("test", "claw.test"), ("show check.py", "claw.showChecker")):
                found.append(
                    lsp.CodeLens(ranged(one["range"]), lsp.Command(title, command, arguments=[uri, one["task"]]))
                )
        return found


def _symbol(s: Json) -> lsp.DocumentSymbol:
    return lsp.DocumentSymbol(
        s["name"] or "?", _SYMBOLS[s["kind"]], ranged(s["range"]), ranged(s["name_range"]), detail=s["detail"] or None,
        children=[_symbol(c) for c in s["children"]],
    )  # fmt: skip
