"""The server for coding agents through the SDK's client: each tool, the resources, the prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from mcp.client.session import ClientRequestContext
from mcp.types import ListRootsResult, Root, TextContent, TextResourceContents

from clawc.mcp.places import folders_of
from clawc.spec.export.card import card
from tests.mcp.client import ROOT, TOTALS, Mode, ask, refused, said, served

TYPO = TOTALS.replace("sum(amount)", "sum(amuont)")


@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_what_is_offered(tmp_path: Path, mode: Mode) -> None:
    async with served(tmp_path, mode=mode) as client:
        tools = (await client.list_tools()).tools
        assert [t.name for t in tools] == ["check", "test", "explain", "complete", "format", "card"]
        for tool in tools:
            assert tool.description and tool.output_schema and tool.annotations and tool.annotations.read_only_hint
            assert "context" not in tool.input_schema["properties"] and "roots" not in tool.input_schema["properties"]
        uris = {str(r.uri) for r in (await client.list_resources()).resources}
        pages = {p.stem for p in (ROOT / "docs" / "reference").glob("*.md")}
        assert uris == {"clawc://card", *(f"clawc://reference/{p}" for p in pages)}
        for uri in sorted(uris):
            (content,) = (await client.read_resource(uri)).contents
            path = "card" if uri == "clawc://card" else uri.removeprefix("clawc://")
            assert isinstance(content, TextResourceContents)
            assert content.text == (ROOT / "docs" / f"{path}.md").read_text(encoding="utf-8")
        (prompt,) = (await client.list_prompts()).prompts
        message = (await client.get_prompt(prompt.name, {"about": "bees"})).messages[0].content
        assert isinstance(message, TextContent) and "bees" in message.text and card() in message.text
        assert (await ask(client, "card"))["text"] == card()
        assert client.instructions and "clawc://card" in client.instructions


@pytest.mark.asyncio
async def test_a_problem_has_a_place_and_a_fix(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        found = await ask(client, "check", text=TYPO)
        (problem,) = found["problems"]
        line = TYPO.splitlines()[int(problem["line"]) - 1]
        assert line[problem["column"] - 1 : problem["end_column"] - 1] == "amuont"
        assert (found["ok"], found["errors"], problem["code"], problem["severity"]) == (False, 1, "E0402", "error")
        assert (problem["fix"]["old_text"], problem["fix"]["new_text"]) == ("amuont", "amount")
        assert "E0402" in said(await client.call_tool("check", {"text": TYPO}))
        assert await ask(client, "check", text=TOTALS) == {
            "path": "unnamed.claw", "ok": True, "errors": 0, "warnings": 0, "problems": [], "more": 0,
        }  # fmt: skip


@pytest.mark.asyncio
async def test_columns_are_code_points_and_problems_are_bounded(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        wide = TYPO.replace("sum(amuont)", 'sum(if "😀é" == "" then 1 else amuont)')
        (problem,) = (await ask(client, "check", text=wide))["problems"]
        assert wide.splitlines()[int(problem["line"]) - 1][problem["column"] - 1 :].startswith("amuont")
        many = await ask(client, "check", text="claw 1\n" + "x = 1\n" * 300)
        assert len(many["problems"]) == 50 and many["more"] == many["errors"] + many["warnings"] - 50 > 0


@pytest.mark.asyncio
async def test_files_are_read_beside_a_path_and_a_text_stands_for_one(tmp_path: Path) -> None:
    start, end = TOTALS.index("content = "), TOTALS.index("let totals")
    text = TOTALS[:start].rstrip().removesuffix("{").rstrip() + "\n  }\n\n  " + TOTALS[end:]
    async with served(tmp_path) as client:
        inner = tmp_path / "specs"
        (inner / "input").mkdir(parents=True)
        (found,) = (await ask(client, "check", path="specs/a.claw", text=text))["problems"][:1]
        assert (found["code"], found["message"][:16]) == ("E0703", "there is no file")
        (inner / "input" / "orders.csv").write_text("order,customer,amount\n1,Ada,2.5\n2,Bo,3\n", encoding="utf-8")
        assert (await ask(client, "check", path="specs/a.claw", text=text))["ok"]
        assert not (inner / "a.claw").exists()
        (inner / "a.claw").write_text(TYPO, encoding="utf-8")
        assert (await ask(client, "check", path="specs/a.claw"))["errors"] == 1
        assert (await ask(client, "check", path=str(inner / "a.claw")))["path"] == "specs/a.claw"


@pytest.mark.asyncio
async def test_what_fits_at_a_place(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        text = TOTALS.replace("sum(amount)", "sum(am)")
        line = next(n for n, t in enumerate(text.splitlines(), 1) if "sum(am)" in t)
        column = text.splitlines()[line - 1].index("sum(am)") + len("sum(am") + 1
        found = await ask(client, "complete", text=text, line=line, column=column)
        assert (found["word"], found["line"], found["column"]) == ("am", line, column - 2)
        assert found["items"][0]["label"] == found["items"][0]["insert"] == "amount"
        top = await ask(client, "complete", text="claw 1\n\n", line=2, column=1)
        assert {"task", "let", "use"} <= {i["label"] for i in top["items"]}
        far = await ask(client, "complete", text="claw 1\n\n", line=2_000_000, column=9)
        assert far["items"] == top["items"]


@pytest.mark.asyncio
async def test_words_and_codes_are_explained(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        (code,) = (await ask(client, "explain", word="e0402"))["meanings"]
        assert (code["name"], code["kind"]) == ("E0402", "diagnostic") and code["wrong"] and code["right"]
        kinds = {
            word: [m["kind"] for m in (await ask(client, "explain", word=word))["meanings"]]
            for word in ("deliver", "columns", "group", "sum", "std.people", "office.records", "path")
        }
        assert kinds == {
            "deliver": ["block"], "columns": ["attribute", "function"], "group": ["verb"], "sum": ["aggregate"], "std.people": [],
            "office.records": ["category"], "path": ["word"],
        }  # fmt: skip
        assert await ask(client, "explain", word="delivr") == {"word": "delivr", "meanings": [], "meant": ["deliver"]}


@pytest.mark.asyncio
async def test_a_source_is_brought_into_the_one_layout(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        assert await ask(client, "format", text=TOTALS) == {"path": "unnamed.claw", "changed": False, "text": ""}
        odd = TOTALS.replace("\n  workspace {", "\n      workspace   {")
        assert (await ask(client, "format", text=odd))["text"] == TOTALS
        assert "not formatted" in await refused(client, "format", text="claw 1\ntask t {")


@pytest.mark.asyncio
async def test_a_proof_says_how_far_it_is_and_what_survived(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        told: list[tuple[float, float | None, str | None]] = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            told.append((progress, total, message))

        result = await client.call_tool("test", {"text": TOTALS}, progress_callback=hear)
        tested = cast(dict[str, Any], result.structured_content)
        assert tested["outcome"] == "proved", said(result)
        (task,) = tested["tasks"]
        assert task["wrong"] == task["killed"] > 0 and task["sandbox_runs"] > 0 and not task["survivors"]
        assert told[0][0] == 0 and told[-1][0] == told[-1][1] and [t[0] for t in told] == sorted(t[0] for t in told)
        weak = TOTALS.replace("expect rows(report) == totals within 0.005", "expect rows(report) | all total > 0")
        assert weak != TOTALS
        solved = weak.replace("  verify {", "  solution { write report = totals }\n\n  verify {")
        tested = await ask(client, "test", text=solved)
        assert tested["outcome"] == "not_proved" and any(f["help"] for f in tested["tasks"][0]["findings"])
        tested = await ask(client, "test", text=TYPO)
        assert (tested["outcome"], tested["check"]["errors"], tested["tasks"]) == ("mistakes", 1, [])
        assert (await ask(client, "test", text="claw 1\n"))["outcome"] in ("ended", "mistakes")


@pytest.mark.sampled(2)
@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_folders_of_the_client_are_the_workspace(tmp_path: Path, mode: Mode) -> None:
    here, there = tmp_path / "here", tmp_path / "the re"
    for folder in (here, there):
        folder.mkdir()
        (folder / "a.claw").write_text(TOTALS if folder is here else TYPO, encoding="utf-8")

    async def roots(context: ClientRequestContext) -> ListRootsResult:
        return ListRootsResult(roots=[Root(uri=there.as_uri())])  # type: ignore[arg-type]

    async with served(here, mode=mode, roots=roots) as client:
        assert (await ask(client, "check", path="a.claw"))["errors"] == 1
        assert "outside of the workspace" in await refused(client, "check", path=str(here / "a.claw"))
    async with served(tmp_path, "--root", str(here), mode=mode, roots=roots) as client:
        assert (await ask(client, "check", path="a.claw"))["errors"] == 0
        assert "outside of the workspace" in await refused(client, "check", path=str(there / "a.claw"))

    async def nowhere(context: ClientRequestContext) -> ListRootsResult:
        return ListRootsResult(roots=[Root(uri="file:///no/such/folder")])  # type: ignore[arg-type]

    async with served(here, mode=mode, roots=nowhere) as client:
        assert "none of the client's roots" in await refused(client, "check", path="a.claw")


def test_only_folders_of_this_machine_are_roots(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    uris = [
        tmp_path.as_uri(), (tmp_path / "file").as_uri(), "https://example.org/", "file://elsewhere" + str(tmp_path),
        tmp_path.as_uri() + "%00", "file:///%ff%fe", "",
    ]  # fmt: skip
    assert folders_of(uris) == [tmp_path]
