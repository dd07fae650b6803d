"""The language server through a real client: what is shown while somebody types, and what is answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pytest_lsp import LanguageClient

from tests.lsp.editor import File

ROOT = Path(__file__).resolve().parents[2]
TOTALS = (ROOT / "examples" / "order_totals.claw").read_text(encoding="utf-8")
LETTERS = (ROOT / "examples" / "overdue_letters.claw").read_text(encoding="utf-8")


def totals(client: LanguageClient, folder: Path) -> File:
    return File(client, folder / "order_totals.claw").open(TOTALS)


@pytest.mark.asyncio(loop_scope="module")
async def test_mistakes_are_shown_and_go_when_mended(client: LanguageClient, tmp_path: Path) -> None:
    file = totals(client, tmp_path)
    await file.quiet()
    file.type("total = sum(amount)", "total = sum(amuont)")
    shown = await file.told("E0402")
    assert file.slice(shown.range) == "amuont"
    assert shown.severity == lsp.DiagnosticSeverity.Error
    assert "did you mean `amount`?" in shown.message
    params = lsp.CodeActionParams(file.document, shown.range, lsp.CodeActionContext([shown]))
    actions = await client.text_document_code_action_async(params)
    assert actions is not None
    fix, whole = actions
    assert isinstance(fix, lsp.CodeAction) and isinstance(whole, lsp.CodeAction)
    assert (fix.title, fix.kind, whole.kind) == ("write `amount`", "quickfix", "source.fixAll")
    assert fix.edit is not None and fix.edit.changes is not None
    (edit,) = fix.edit.changes[file.uri]
    assert isinstance(edit, lsp.TextEdit)
    assert (file.slice(edit.range), edit.new_text) == ("amuont", "amount")
    file.type("amuont", "amount")
    await file.quiet()


@pytest.mark.asyncio(loop_scope="module")
async def test_syntax_is_shown_where_it_stands_and_the_rest_is_still_known(
    client: LanguageClient, tmp_path: Path
) -> None:
    file = totals(client, tmp_path)
    await file.quiet()
    file.type("let totals = csv(orders)", "let totals = = csv(orders)")
    shown = await file.told("E0101")
    assert shown.range.start == file.at("let totals = @= csv")
    assert {"orders", "report"} <= set(await file.completions(file.type("{{ path.report }}", "{{ path.@ }}")))


@pytest.mark.asyncio(loop_scope="module")
async def test_findings_move_with_their_lines(client: LanguageClient, tmp_path: Path) -> None:
    file = File(client, tmp_path / "a.claw").open(TOTALS.replace("sum(amount)", "sum(amuont)"))
    before = await file.told("E0402")
    file.type("claw 1\n", "claw 1\n# more\n# and more\n")
    for _ in range(500):
        after = await file.told("E0402")
        if after.range.start.line == before.range.start.line + 2:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it stayed")


@pytest.mark.asyncio(loop_scope="module")
async def test_columns_of_real_files_are_offered(client: LanguageClient, tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "orders.csv").write_text("order,Größe,unit_price\n1,2,3.5\n", encoding="utf-8")
    text = TOTALS.replace(
        TOTALS[TOTALS.index('"input/orders.csv" {') : TOTALS.index("let totals")], '"input/orders.csv"\n  }\n\n  '
    )
    file = File(client, tmp_path / "order_totals.claw").open(text)
    found = await file.completions(file.type("sort -total", "sort -total\n    | where uni@"))
    assert "unit_price" not in found  # it was grouped before
    at = file.type("csv(orders)", "csv(orders) | where un@")
    found = await file.completions(at)
    assert (found["unit_price"].detail, found["order"].detail) == ("number", "number")
    quoted = found["Größe"].text_edit
    assert isinstance(quoted, lsp.TextEdit) and quoted.new_text == "`Größe`"


@pytest.mark.asyncio(loop_scope="module")
async def test_completion_goes_by_the_tables(client: LanguageClient, tmp_path: Path) -> None:
    file = File(client, tmp_path / "letters.claw").open(LETTERS)
    assert {"task", "persona", "let", "use"} <= set(await file.completions(file.type("claw 1\n", "claw 1\n\nt@\n")))
    inside = await file.completions(
        file.type("    weight  = 3\n" if "    weight  = 3\n" in file.text else "weight  = 3\n", "w@\n")
    )
    assert "weight" in inside and "because" not in inside and "expect" in inside
    assert {"where", "sort", "group"} <= set(await file.completions(file.type("| distinct invoice", "| d@")))
    assert {"office.records"} <= set(await file.completions(file.type("office.records", "off@")))
    assert {"client", "mail", "name"} <= set(await file.completions(file.type("pick(people.client)", "pick(people.@)")))
    assert {"std.people", "std.money"} <= set(await file.completions(file.type("use std.people", "use std.@")))
    assert {"region", "rows", "today"} <= set(await file.completions(file.type("param.region }}", "param.@ }}")))
    snippet = (await file.completions(file.type("  deliver totals", "  deli@\n  deliver totals")))["deliver"]
    assert snippet.insert_text_format == lsp.InsertTextFormat.Snippet
    assert isinstance(snippet.text_edit, lsp.TextEdit)
    assert snippet.text_edit.new_text == 'deliver ${1:name} "${2:path}" {\n  $0\n}'


@pytest.mark.asyncio(loop_scope="module")
async def test_paths_of_files_beside_the_source_and_no_others(client: LanguageClient, tmp_path: Path) -> None:
    (tmp_path / "claw.toml").write_text("", encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "out").symlink_to("/etc")
    file = File(client, tmp_path / "a.claw").open(
        'claw 1\n\ntask a {\n  workspace {\n    file r "r.csv" { from = "" }\n  }\n}\n'
    )
    found = await file.completions(file.at('from = "@"'))
    assert {"data/", "claw.toml"} <= set(found)
    assert set(await file.completions(file.type('from = ""', 'from = "data/@"'))) == {"rows.csv"}
    assert not await file.completions(file.type('from = "data/"', 'from = "out/@"'))
    assert not await file.completions(file.type('from = "out/"', 'from = "../@"'))


@pytest.mark.asyncio(loop_scope="module")
async def test_hover_shows_types_and_sealed_values(client: LanguageClient, tmp_path: Path) -> None:
    file = totals(client, tmp_path)
    shown = await file.hover(file.at("expect rows(report) == tot@als"))
    assert "table(customer: text, orders: number, total: number)" in shown
    assert "Ada       2       19.5" in shown or "Ada" in shown
    assert "Chen" in shown
    assert "the sum; 0 of nothing" in await file.hover(file.at("su@m(amount)"))
    assert "number" in await file.hover(file.at("sum(amo@unt)"))
    assert "deliver report" in await file.hover(file.at("{{ path.rep@ort }}"))
    assert "earns credit" in await file.hover(file.at("che@ck totals_right"))
    assert "a quotation of the instruction" in await file.hover(file.at("bec@ause"))
    assert not await file.hover(lsp.Position(1, 0))


@pytest.mark.asyncio(loop_scope="module")
async def test_definition_references_and_rename(client: LanguageClient, tmp_path: Path) -> None:
    file = totals(client, tmp_path)
    at = file.at("== tot@als within")
    found = await client.text_document_definition_async(lsp.DefinitionParams(file.document, at))
    assert isinstance(found, lsp.Location)
    assert (found.uri, file.slice(found.range)) == (file.uri, "totals")
    assert found.range.start == file.at("let @totals")
    uses = await client.text_document_references_async(
        lsp.ReferenceParams(lsp.ReferenceContext(include_declaration=True), file.document, at)
    )
    assert uses is not None and len(uses) == 3
    edit = await client.text_document_rename_async(
        lsp.RenameParams(text_document=file.document, position=at, new_name="sums")
    )
    assert edit is not None and edit.changes is not None
    text = file.text
    for one in sorted(
        edit.changes[file.uri], key=lambda e: (e.range.start.line, e.range.start.character), reverse=True
    ):
        assert file.slice(one.range) == "totals"
        lines = text.split("\n")
        line = lines[one.range.start.line]
        lines[one.range.start.line] = line[: one.range.start.character] + one.new_text + line[one.range.end.character :]
        text = "\n".join(lines)
    file.type(file.text, text)
    await file.quiet()


@pytest.mark.asyncio(loop_scope="module")
async def test_columns_lead_to_what_names_them(client: LanguageClient, tmp_path: Path) -> None:
    file = totals(client, tmp_path)
    for column, declared in (
        ("sort -to@tal", "@total = sum"),
        ("sum(am@ount)", "order,customer,@amount"),
        ("sort -total, cus@tomer", "order,@customer,"),
    ):
        found = await client.text_document_definition_async(lsp.DefinitionParams(file.document, file.at(column)))
        assert isinstance(found, lsp.Location)
        assert found.range.start == file.at(declared), column
    letters = File(client, tmp_path / "letters.claw").open(LETTERS)
    found = await client.text_document_definition_async(
        lsp.DefinitionParams(letters.document, letters.at("distinct inv@oice"))
    )
    assert isinstance(found, lsp.Location)
    assert found.range.start == letters.at("@invoice = serial")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_name_that_would_mean_something_else_is_refused(client: LanguageClient, tmp_path: Path) -> None:
    file = totals(client, tmp_path)
    for name in ("report", "let", "path", "9x", "a b", "", "x\nclaw 2"):
        with pytest.raises(JsonRpcException):
            await client.text_document_rename_async(
                lsp.RenameParams(text_document=file.document, position=file.at("== tot@als within"), new_name=name)
            )


@pytest.mark.asyncio(loop_scope="module")
async def test_names_of_modules_are_followed_and_changed_everywhere(client: LanguageClient, tmp_path: Path) -> None:
    shared = File(client, tmp_path / "shared.claw").open("claw 1\n\ndef doubled(x) = x * 2\n")
    other = TOTALS.replace("claw 1\n", 'claw 1\n\nuse "shared.claw" (doubled)\n').replace(
        "sum(amount)", "doubled(sum(amount))"
    )
    (tmp_path / "closed.claw").write_text(other, encoding="utf-8")
    file = File(client, tmp_path / "order_totals.claw").open(other)
    found = await client.text_document_definition_async(
        lsp.DefinitionParams(file.document, file.at("total = dou@bled("))
    )
    assert isinstance(found, lsp.Location)
    assert (found.uri, shared.slice(found.range)) == (shared.uri, "doubled")
    edit = await client.text_document_rename_async(
        lsp.RenameParams(text_document=shared.document, position=shared.at("def dou@bled"), new_name="twice")
    )
    assert edit is not None and edit.changes is not None
    assert {uri.rsplit("/", 1)[1]: len(edits) for uri, edits in edit.changes.items()} == {
        "shared.claw": 1, "order_totals.claw": 2, "closed.claw": 2,
    }  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
async def test_outline_folds_lenses_and_the_checker(client: LanguageClient, tmp_path: Path) -> None:
    file = totals(client, tmp_path)
    outline = await client.text_document_document_symbol_async(lsp.DocumentSymbolParams(file.document))
    assert outline is not None
    (task,) = outline
    assert isinstance(task, lsp.DocumentSymbol) and task.children is not None
    assert [c.name for c in task.children] == ["workspace", "totals", "report", "verify"]
    folds = await client.text_document_folding_range_async(lsp.FoldingRangeParams(file.document))
    assert folds is not None and len(folds) >= 4
    lenses = await client.text_document_code_lens_async(lsp.CodeLensParams(file.document))
    assert lenses is not None
    assert [(lens.command.title, lens.command.command) for lens in lenses if lens.command is not None] == [
        ("run", "claw.run"), ("test", "claw.test"), ("show check.py", "claw.showChecker"),
    ]  # fmt: skip
    params = lsp.ExecuteCommandParams("claw.checker", [file.uri, "order_totals"])
    checker = await client.workspace_execute_command_async(params)
    assert isinstance(checker, str)
    compile(checker, "check.py", "exec")
    file.type("sum(amount)", "sum(amuont)")
    with pytest.raises(JsonRpcException, match="mistakes"):
        await client.workspace_execute_command_async(params)


@pytest.mark.asyncio(loop_scope="module")
async def test_formatting_changes_what_must_change(client: LanguageClient, tmp_path: Path) -> None:
    file = totals(client, tmp_path)
    options = lsp.FormattingOptions(tab_size=2, insert_spaces=True)
    assert not await client.text_document_formatting_async(lsp.DocumentFormattingParams(file.document, options))
    file.type("let totals = csv(orders)", "let totals   =   csv( orders )")
    edits = await client.text_document_formatting_async(lsp.DocumentFormattingParams(file.document, options))
    assert edits is not None
    assert [(file.slice(e.range).strip(), e.new_text.strip()) for e in edits] == [
        ("let totals   =   csv( orders )", "let totals = csv(orders)")
    ]


@pytest.mark.asyncio(loop_scope="module")
async def test_signatures(client: LanguageClient, tmp_path: Path) -> None:
    file = File(client, tmp_path / "a.claw").open(LETTERS)
    at = file.type("decimals = 2)", "decimals = @")
    found = await client.text_document_signature_help_async(lsp.SignatureHelpParams(file.document, at))
    assert found is not None
    assert found.signatures[0].label.startswith("mentions(")
    assert found.active_parameter == 2


@pytest.mark.asyncio(loop_scope="module")
async def test_what_a_project_allows_is_not_shown(client: LanguageClient, tmp_path: Path) -> None:
    text = TOTALS.replace("  let totals", "  let unused = 1\n  let totals")
    file = File(client, tmp_path / "a.claw").open(text)
    while not file.diagnostics:
        await asyncio.sleep(0.02)
    code = file.diagnostics[0].code
    (tmp_path / "claw.toml").write_text(
        f'[[check.allow]]\ncode = "{code}"\nreason = "it is a draft"\n', encoding="utf-8"
    )
    client.workspace_did_change_watched_files(
        lsp.DidChangeWatchedFilesParams([lsp.FileEvent((tmp_path / "claw.toml").as_uri(), lsp.FileChangeType.Created)])
    )
    await file.quiet()
