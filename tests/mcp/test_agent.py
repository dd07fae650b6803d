"""As a coding agent would: from an empty folder to a proved task with what the server says, and nothing else.

The agent of this test knows no word of the language beyond its first draft. What it changes afterwards comes out of answers: the edits of
fixes, words that are offered, and what helps say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import TextContent, TextResourceContents

from tests.mcp.client import ask, served

DRAFT = '''\
claw 1

task low_stock {
  workspace {
    file stock "input/stock.csv" {
      content = """
        item,shelf,left,wanted
        nails,A,3,10
        glue,B,12,5
        tape,A,0,4
        paint,C,7,7
        """
    }
  }

  let low = csv(stock) | where left < wantd | select item, missing = wanted - left | sort -missing

  deliver order "output/order.csv" { colums = [item, missing] }

  instruction = """
    Read {{ path.stok }} and write {{ path.order }} with the columns item and missing: every item of which fewer are left than
    wanted, and how many are missing, most missing first.
    """

  verify {
    check order_right {
      because = "most missing first"
      expect count(rows(order)) == count(low)
    }
    require inputs_kept { expect unchanged(workspace) }
  }
}
'''
NAME = "low_stock.claw"
TRIES = 20


class Agent:
    """Writes one file in its folder, and speaks with the server."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client = client
        self._path = folder / NAME
        self.card = ""
        self.did: list[str] = []

    @property
    def text(self) -> str:
        return self._path.read_text(encoding="utf-8")

    def write(self, text: str, why: str) -> None:
        assert not self._path.exists() or text != self.text, f"{why}: nothing changed"
        self._path.write_text(text, encoding="utf-8")
        self.did.append(why)

    async def read_card(self) -> None:
        """The prompt says what to do, the resources where the card is."""
        prompt = (await self._client.list_prompts()).prompts[0].name
        order = (await self._client.get_prompt(prompt)).messages[0].content
        assert isinstance(order, TextContent)
        resources = (await self._client.list_resources()).resources
        (content,) = (await self._client.read_resource(next(r.uri for r in resources if "card" in r.name))).contents
        assert isinstance(content, TextResourceContents) and content.text in order.text
        self.card = content.text

    async def mend(self) -> None:
        """Until `check` finds no error: an edit where there is one, else what the help says."""
        for _ in range(TRIES):
            errors = [p for p in (await ask(self._client, "check", path=NAME))["problems"] if p["severity"] == "error"]
            if not errors:
                return
            edit = next((p["fix"] for p in errors if p["fix"]), None)
            if edit is not None:
                self.write(edited(self.text, edit), edit["title"])
            else:
                await self._help(errors[0])
        raise AssertionError("it could not be mended")

    async def _help(self, problem: Mapping[str, Any]) -> None:
        (meaning,) = (await ask(self._client, "explain", word=problem["code"]))["meanings"]
        assert meaning["kind"] == "diagnostic"
        lacking = re.fullmatch(r"`task (\w+)` lacks `(\w+)`", problem["message"])
        adding = re.match(r"add a `(\w+)` that writes `(\w+)`", problem["help"])
        at = problem["line"] if lacking else self.text[: self.text.index("  verify")].count("\n")
        word = lacking[2] if lacking else adding[1] if adding else ""
        assert word, problem
        lines = self.text.splitlines(keepends=True)
        lines.insert(at, "  \n")
        offered = await ask(self._client, "complete", text="".join(lines), path=NAME, line=at + 1, column=3)
        offer = next(o for o in offered["items"] if o["label"] == word)
        if lacking:
            lines[at] = f'  {offer["insert"]}"Order what runs low"\n'
        else:
            assert adding is not None
            statements = (await ask(self._client, "explain", word=word))["meanings"][0]["text"]
            verb = next(w for w in ("write", "edit") if w in statements)
            lines[at] = "  " + offer["insert"].replace("$0", f"{verb} {adding[2]} = {self._expected()}") + "\n\n"
        self.write("".join(lines), f"{problem['code']}: {word}")

    def _expected(self) -> str:
        """The value of its own that the answer is made from."""
        (name,) = re.findall(r"^  let (\w+) =", self.text, re.MULTILINE)
        return str(name)

    async def prove(self) -> Mapping[str, Any]:
        """Until `test` says that it is proved and nothing helps further."""
        for _ in range(TRIES):
            tested = await ask(self._client, "test", path=NAME)
            (task,) = tested["tasks"]
            if tested["outcome"] == "proved" and not task["findings"]:
                return tested
            found = task["findings"][-1] if tested["outcome"] == "not_proved" else task["findings"][0]
            row = re.match(r"add a row with .* to `[^`]+`, such as `([^`]+)`", found["help"])
            if row:
                self._add_row(row[1])
            else:
                assert "compare it with what the inputs say" in found["help"]
                await self._compare(found)
            await self.mend()
        raise AssertionError("it was not proved")

    def _add_row(self, row: str) -> None:
        text = self.text
        end = text.index('        """\n    }')
        self.write(f"{text[:end]}        {row}\n{text[end:]}", f"row {row}")

    async def _compare(self, found: Mapping[str, Any]) -> None:
        """The card says how a deliverable is compared as a whole."""
        shape = re.search(r"`(rows\()d\) == t` compares", self.card)
        deliverable = re.search(r" of `(\w+)`", found["message"])
        assert shape and deliverable and (await ask(self._client, "explain", word="rows"))["meanings"]
        whole = f"expect {shape[1]}{deliverable[1]}) == {self._expected()}"
        self.write(re.sub(r"expect count\(.*", whole, self.text), f"{found['code']}: {whole}")

    async def tidy(self) -> None:
        formatted = await ask(self._client, "format", path=NAME)
        if formatted["changed"]:
            self.write(formatted["text"], "format")


def edited(text: str, edit: Mapping[str, Any]) -> str:
    lines = text.splitlines(keepends=True)
    start = sum(map(len, lines[: edit["line"] - 1])) + edit["column"] - 1
    end = sum(map(len, lines[: edit["end_line"] - 1])) + edit["end_column"] - 1
    assert text[start:end] == edit["old_text"]
    return f"{text[:start]}{edit['new_text']}{text[end:]}"


@pytest.mark.asyncio
async def test_from_an_empty_folder_to_a_proved_task(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        agent = Agent(client, tmp_path)
        await agent.read_card()
        agent.write(DRAFT, "draft")
        await agent.mend()
        tested = await agent.prove()
        await agent.tidy()
        assert (await ask(client, "test", path=NAME))["outcome"] == "proved"
    (task,) = tested["tasks"]
    assert task["wrong"] == task["killed"] > 0 and task["sandbox_runs"] > 0
    for did in ("write `wanted`", "write `columns`", "write `stock`", "E0208: title", "E0612: solution", "row "):
        assert any(d.startswith(did) for d in agent.did), agent.did
    assert any("expect rows(order) == low" in d for d in agent.did), agent.did
