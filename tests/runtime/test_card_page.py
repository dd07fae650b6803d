"""Cards as a page and as text: whatever a card says, the page stays ours, asks for nothing and has an end."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from clawc.runtime.selftest.card_page import DETAILED, as_page, percent, pieces
from clawc.runtime.selftest.card_text import details, overview, row_of
from clawc.spec.card import (
    CardKey,
    Counts,
    EnvironmentLine,
    EvidenceLine,
    FindingLine,
    Instance,
    MatrixLine,
    MutantLine,
    ProbeLine,
    QueryLine,
    Real,
    Signature,
    VerifierCard,
)
from tests.runtime.test_report_hostile import TEXTS, Page

TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "p", "a", "main", "section", "div", "table",
    "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd", "ul", "li", "strong", "span", "footer", "script", "details", "summary",
    "pre", "code", "label", "input", "select", "option",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "id", "class", "href", "aria-label", "aria-labelledby", "role",
    "tabindex", "scope", "data-n", "data-state", "data-for", "open", "hidden", "type", "autocomplete", "spellcheck", "value",
}  # fmt: skip


class CardPage(Page):
    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == "input":
            self.open.pop()
        super().handle_endtag(tag)


def card(text: str = "fine", *, clean: bool = False, task: str = "sums") -> VerifierCard:
    """A card in which every text is the same, cut to what a card may hold."""
    text = text.encode("utf-8", "replace").decode()  # no card holds half of a surrogate pair
    cut = text[:4_000]
    mutant = MutantLine(operator="x", kind="wrong", deliverable=cut, place=cut, what=cut, difference=f"--- a\n+++ b\n@@ -1 +1 @@\n-{cut}"[:4_000])  # fmt: skip
    return VerifierCard.model_construct(
        format_version=1, task=task, title=cut,
        key=CardKey(bundle="1" * 64, compiler=text[:100], library_sha256="2" * 64, operators_sha256="3" * 64, level="admit"),
        clean=clean, reasons=() if clean else (cut,), oracle="derived", oracle_score="1", independent=1,
        counts=Counts(wrong=30, killed=29, survived=1, equivalent=5, kept=4, rejected=1, open=2), bound="0.166296",
        probes=(ProbeLine.model_construct(name=cut, score="0", passed=("right",), good=False),),
        matrix=(MatrixLine(check="right", operator="x", caught=1, met=2), MatrixLine(check="more", operator="a", caught=2, met=2)),
        evidence=(EvidenceLine(check="right", wrong=1, operators=1, equivalent=1, why=cut),), survivors=(mutant,),
        rejected=(mutant.model_copy(update={"kind": "equivalent"}),), open={cut: 2},
        queries=(QueryLine(operator="bound", before=cut, after=cut, line=3, status="same", help=cut),),
        findings=(FindingLine(code="W0801", message=cut, path=cut, line=1, column=1, help=f"{cut[:1000]}\n--- a\n+{cut[:1000]}", allowed=""),
                  FindingLine(code="W0803", message=cut, path=cut, line=1, column=1, help="", allowed=cut)),
        real=Real(runs=3, disagreed=(cut,), tampered=2, credited=(cut,),
                  environments=(EnvironmentLine(zone=cut, locale=cut, hash_seed=1, order=1, same=False),)),
        instance=Instance(seed=3, draws=2, others=5), cpu_ms=1.0, signature=Signature(key="4" * 64, value="5" * 128),
    )  # fmt: skip


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("kind", TEXTS)
def test_the_page_is_only_ours(kind: str, count: int) -> None:
    html = as_page([card(TEXTS[kind])] * count, "0.1.0")
    page = CardPage()
    page.feed(html)
    page.close()
    assert not page.open
    assert page.tags <= TAGS and page.attributes <= ATTRIBUTES
    assert all(re.fullmatch(r"#card[0-9]+", link) for link in page.links)
    assert not any(ord(c) in (0x202E, 0x2066, 0x200B, 0xFEFF, 0x7F) or (ord(c) < 32 and c not in "\n\t") for c in html)
    html.encode("utf-8")


def test_what_runs_is_allowed_by_its_hash() -> None:
    page = CardPage()
    page.feed(as_page([card()], "0.1.0"))
    hashes = [
        base64.b64encode(hashlib.sha256(raw.encode()).digest()).decode()
        for raw in page.raw["style"] + page.raw["script"]
    ]
    assert len(hashes) == 3 and all(f"'sha256-{h}'" in page.policy for h in hashes)
    assert page.policy.startswith("default-src 'none'") and "unsafe" not in page.policy and "http" not in page.policy
    assert not re.search(
        r"url\(|@import|fetch\(|XMLHttp|innerHTML|eval\(", "".join(page.raw["style"] + page.raw["script"])
    )


def test_what_got_away_comes_first() -> None:
    html = as_page([card()], "0.1.0")
    assert html.index(">x</th>") < html.index(">a</th>")
    assert "1/2" in html and "16.6%" in as_page([card(), card()], "0.1.0")


def test_many_cards_have_an_end() -> None:
    cards = [card(clean=n != 499, task=f"t{n}") for n in range(500)]
    html = as_page(cards, "0.1.0")
    assert html.count('<section aria-labelledby="card') == DETAILED
    assert 'id="card499"' in html and 'href="#card499"' in html and ">t498</th>" in html


def test_no_card() -> None:
    assert "0 verifier cards" in as_page([], "0.1.0")


def test_pieces_of_a_difference() -> None:
    found = pieces("compare:\n- a dash\n--- a\n+++ b\n@@ -1,2 +1,2 @@\n same\n-old\n+new")
    assert [p.kind for p in found] == ["", "", "file", "file", "hunk", "", "del", "add"]
    assert pieces("") == [] and pieces("\n") == []
    long = pieces("x\n" * 500 + "y" * 10_000)
    assert len(long) == 81 and long[-1].text == "… 421 more lines"
    assert len(pieces("y" * 10_000)[0].text) == 600


def test_percent() -> None:
    assert [percent(s) for s in ("0", "1", "0.05", "0.048387")] == ["0%", "100%", "5%", "4.8%"]


@pytest.mark.parametrize("kind", TEXTS)
def test_text_holds_no_control_sequence(kind: str) -> None:
    text = overview([row_of(card(TEXTS[kind]))]) + details(card(TEXTS[kind]))
    assert all(c.isprintable() or c == "\n" for c in text)
