"""What each tool does, without the protocol: from arguments to answers. Nothing is written, and nothing is executed but what
`clawc test` executes in sandboxes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from clawc.compiler.report import clean
from clawc.compiler.service.explained import explained, meant
from clawc.lsp.positions import Positions
from clawc.mcp.answers import (
    Changed,
    Checked,
    Edit,
    Explained,
    Formatted,
    Meaning,
    Offer,
    Offered,
    Outcome,
    Problem,
    Proof,
    Said,
    Tested,
)
from clawc.mcp.places import Source
from clawc.mcp.readers import Readers
from clawc.runtime.playground.children import Children
from clawc.runtime.playground.proof import Proofs
from clawc.spec.card import MutantLine, VerifierCard

Json = Any
# How far a proof has come: work done, all of it, and what is done now.
Report = Callable[[float, float, str], Awaitable[None]]

MAX_PROBLEMS = 50
MAX_OFFERS = 60
MAX_CHANGED = 10
MAX_TEXT = 2_000  # characters of a message, or of what a fix replaces
MAX_WORD = 100
_WHY = {
    "time": "the proof took too long", "memory": "the proof took too much memory", "stopped": "the proof was stopped",
    "death": "the process of the proof died",
}  # fmt: skip


class Tools:
    """The processes that work for one client."""

    def __init__(self, readers: Readers | None = None) -> None:
        self._readers = readers or Readers()
        self._children = Children()
        self._proofs = Proofs(self._children)

    async def close(self) -> None:
        """Ends all processes."""
        await self._readers.close()
        await self._proofs.close()
        await self._children.close()

    async def check(self, source: Source) -> Checked:
        """All that is wrong with a source."""
        found = await self._readers.ask("check", source)
        where = Positions(source.text, "utf-32")
        ranked = sorted(found, key=lambda f: (f["severity"] != "error", tuple(f["range"]), f["code"]))
        errors = sum(f["severity"] == "error" for f in found)
        return Checked(
            path=source.shown, ok=not errors, errors=errors, warnings=len(found) - errors,
            problems=[_problem(f, source.text, where) for f in ranked[:MAX_PROBLEMS]], more=max(0, len(found) - MAX_PROBLEMS),
        )  # fmt: skip

    async def format(self, source: Source) -> Formatted:
        """The source in the one layout. Raises Refusal for one with mistakes of syntax."""
        edit = await self._readers.ask("format", source)
        if edit is None:
            return Formatted(path=source.shown, changed=False, text="")
        where = Positions(source.text, "utf-32")
        start, end = where.offset(*edit["range"][:2]), where.offset(*edit["range"][2:])
        return Formatted(path=source.shown, changed=True, text=source.text[:start] + edit["text"] + source.text[end:])

    async def complete(self, source: Source, line: int, column: int) -> Offered:
        """What can be written at a place; one that does not exist is the nearest that does."""
        found = await self._readers.ask("completion", source, line=line - 1, character=column - 1)
        where = Positions(source.text, "utf-32")
        first_line, first, last_line, last = found["range"]
        word = source.text[where.offset(first_line, first) : where.offset(last_line, last)]
        begun = [c for c in found["items"] if c["label"].casefold().startswith(word.casefold())]
        fit = begun or found["items"]
        items = [
            Offer(label=c["label"], kind=c["kind"], insert=c["insert"], detail=c["detail"], doc=c["doc"])
            for c in fit[:MAX_OFFERS]
        ]
        return Offered(
            path=source.shown, line=first_line + 1, column=first + 1, word=word[:MAX_WORD], items=items, more=max(0, len(fit) - MAX_OFFERS)
        )  # fmt: skip

    def explain(self, word: str) -> Explained:
        """What the language says of a word or a code."""
        word = word.strip()[:MAX_WORD]
        meanings = [Meaning(**e._asdict()) for e in explained(word)]
        return Explained(word=word, meanings=meanings, meant=[] if meanings else list(meant(word)))

    async def test(self, source: Source, seconds: float, report: Report) -> Tested:
        """Proves the tasks of a source, as `clawc test` does with one instance of each."""
        checked = await self.check(source)
        if not checked.ok:
            return Tested(
                path=source.shown, outcome="mistakes", why="mend what `check` lists first", tasks=[], check=checked
            )
        proof = _Proof(report)
        try:
            async with asyncio.timeout(seconds):
                job = {"path": source.path, "text": source.text, "root": source.root}
                messages: AsyncGenerator[dict[str, Any]] = self._proofs.run(job)
                async with aclosing(messages):
                    async for message in messages:
                        await proof.hear(message)
        except TimeoutError:
            proof.why = f"no proof in {seconds:g} s"
        tasks = proof.tasks()
        why = proof.why or ("" if tasks else "there is no task to prove")
        outcome: Outcome = "ended" if why else "proved" if all(t.proved for t in tasks) else "not_proved"
        return Tested(path=source.shown, outcome=outcome, why=why, tasks=tasks, check=checked)


class _Proof:
    """What is said of a proof, put together. Work is counted in workspaces, and one more for the sandboxes."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._cards: dict[str, VerifierCard] = {}
        self._real: dict[str, Json] = {}
        self._all: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self.why = ""

    async def hear(self, message: Mapping[str, Any]) -> None:
        """One message of `Proofs.run`."""
        task = message.get("task", "")
        if "plan" in message:
            self._all[task] = message["plan"]["cases"]
            await self._tell(f"{task}: {message['plan']['cases']} workspaces to judge")
        elif "judged" in message:
            self._done[task] = message["done"]
            await self._tell(f"{task}: {message['done']} of {self._all.get(task, 0)} workspaces judged")
        elif "card" in message:
            self._cards[task] = VerifierCard.model_validate(message["card"])
        elif "real" in message:
            self._real[task] = message["real"]
            await self._tell(f"{task}: judged in a sandbox")
        elif message.get("sandbox") == "runs":
            await self._tell("the checkers run in sandboxes")
        elif message.get("sandbox") == "none":
            self.why = f"there is no sandbox: {message['why']} {message['help']}".strip()
        elif message.get("end", "done") != "done":
            self.why = _WHY.get(message["end"], message["end"])

    async def _tell(self, what: str) -> None:
        await self._report(sum(self._done.values()) + len(self._real), sum(self._all.values()) + len(self._all), what)

    def tasks(self) -> list[Proof]:
        return [_proof(card, self._real.get(name, {"runs": 0, "disagreed": []})) for name, card in self._cards.items()]


def _proof(card: VerifierCard, real: Json) -> Proof:
    reasons = [*card.reasons, *(f"W0808: the emitted checker judges otherwise: {d}" for d in real["disagreed"])]
    if not real["runs"]:
        reasons.append("its checker ran in no sandbox")
    return Proof(
        task=card.task, proved=card.clean and not reasons, reasons=[r[:MAX_TEXT] for r in reasons], oracle_score=card.oracle_score,
        wrong=card.counts.wrong, killed=card.counts.killed, survived=card.counts.survived, rejected_count=card.counts.rejected,
        survivors=_changed(card.survivors), rejected=_changed(card.rejected),
        findings=[Said(code=f.code, line=f.line, message=f.message, help=f.help, allowed=f.allowed) for f in card.findings[:MAX_PROBLEMS]],
        sandbox_runs=real["runs"], disagreed=real["disagreed"],
    )  # fmt: skip


def _changed(lines: tuple[MutantLine, ...]) -> list[Changed]:
    return [
        Changed(operator=m.operator, place=m.place, what=m.what, lost=list(m.lost), difference=m.difference[:MAX_TEXT])
        for m in lines[:MAX_CHANGED]
    ]


def _problem(f: Json, text: str, where: Positions) -> Problem:
    first, column, last, end = f["range"]
    return Problem(
        code=f["code"], severity=f["severity"], line=first + 1, column=column + 1, end_line=last + 1, end_column=end + 1,
        message=clean(f["message"][:MAX_TEXT]), help=clean(f["help"][:MAX_TEXT]), fix=_edit(f["fix"], text, where),
    )  # fmt: skip


def _edit(fix: Json, text: str, where: Positions) -> Edit | None:
    """A fix as an edit; none for one that replaces or writes more than anybody would read."""
    if fix is None:
        return None
    first, column, last, end = fix["range"]
    old = text[where.offset(first, column) : where.offset(last, end)]
    if len(old) > MAX_TEXT or len(fix["text"]) > MAX_TEXT:
        return None
    return Edit(
        title=fix["title"], line=first + 1, column=column + 1, end_line=last + 1, end_column=end + 1, old_text=old, new_text=fix["text"]
    )  # fmt: skip
