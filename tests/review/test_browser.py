"""In a real Chromium: a review by keys alone, what an adjudicator sees, narrow screens, light and dark; and text of strangers that stays text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest

from clawc import cli
from clawc.runtime.bundle import Bundle, load
from clawc.runtime.review.app import review_app
from clawc.runtime.review.rollouts import Criterion, Failure, Judged, Rollout
from clawc.runtime.review.session import Review
from clawc.runtime.review.subject import Subject, subject_of
from clawc.spec.calibration import CalibratedItem, ItemFlag, PassRateOf
from clawc.spec.card import (
    CardKey,
    Counts,
    EvidenceLine,
    FindingLine,
    MatrixLine,
    MutantLine,
    ProbeLine,
    QueryLine,
    VerifierCard,
)
from clawc.spec.review import Finding
from tests.review.conftest import MakeReview, board_of, said, stored
from tests.web.conftest import faults, overflows, pictured, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LIVE = (
    "<script>window.hit=1</script><img src=/hit onerror=window.hit=1>\"'><svg/onload=window.hit=1>{{ 7*7 }}{% raw %}</textarea></pre></title>"
    "<a href='javascript:window.hit=1'>x</a> javascript:window.hit=1 \u202egnp.exe\u2066 \x1b[31m \u2028 " + "W" * 400
)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def opened(stack: ExitStack, review: Review, page: Page) -> str:
    """The server's address, which the page has entered."""
    guard = stack.enter_context(served(lambda: review_app(review)))
    page.goto(guard.address)
    return f"http://127.0.0.1:{guard.port}"


def test_a_review_by_keys_moves_the_queue(
    review: MakeReview, subjects: dict[str, Subject], stack: ExitStack, tab: Page
) -> None:
    ada = review("Ada")
    opened(stack, ada, tab)
    assert tab.get_by_role("link", name="Next task").inner_text().split() == ["Next", "task", "(3)", "n"]
    queue = board_of(ada).queue

    tab.keyboard.press("n")
    tab.wait_for_url(f"**/task/{queue[0]}")
    # From requirement to requirement, and on to the checks.
    tab.keyboard.press("j")
    assert tab.evaluate("document.activeElement.matches('[data-stop]')")
    first = tab.evaluate("document.activeElement.id")
    tab.keyboard.press("j")
    assert tab.evaluate("document.activeElement.id") != first
    tab.keyboard.press("k")
    assert tab.evaluate("document.activeElement.id") == first
    assert tab.locator(".lit").count() >= 1

    tab.keyboard.press("r")
    assert tab.locator("input[value=revise]").is_checked()
    tab.keyboard.press("f")
    assert tab.evaluate("document.activeElement.name") == "tag"
    tab.keyboard.type("axr unclear")  # keys are letters while one writes
    assert tab.locator("input[value=revise]").is_checked()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**?stored")
    assert [(d.verdict, d.findings[0].tag) for d in ada.ledger.decisions] == [("revise", "axr_unclear")]

    tab.keyboard.press("n")
    tab.wait_for_url(f"**/task/{queue[1]}")
    tab.keyboard.press("j")  # a link has the focus, which Enter would follow
    tab.keyboard.press("a")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**?stored")

    tab.keyboard.press("n")
    tab.wait_for_url(f"**/task/{queue[2]}")
    tab.keyboard.press("d")
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    tab.wait_for_url(f"**/task/{queue[2]}")  # nothing else waits, so it comes again
    assert [d.verdict for d in ada.ledger.decisions] == ["revise", "accept", "defer"]
    tab.keyboard.press("x")
    tab.keyboard.press("?")
    assert tab.locator("#keys").evaluate("each => each.open")
    tab.locator("textarea").fill("It cannot be mended.")
    tab.get_by_role("button", name="my decision").click()
    tab.wait_for_url("**?stored")
    tab.keyboard.press("n")
    assert "Nothing waits for you" in tab.inner_text("main")
    assert [d.verdict for d in ada.ledger.decisions][-1] == "reject"


def test_a_contradiction_is_told_while_one_ticks_and_when_it_is_sent(
    review: MakeReview, bundles: list[Bundle], chromium: Browser, stack: ExitStack
) -> None:
    ada = review("Ada")
    tab = chromium.new_page()
    base = opened(stack, ada, tab)
    tab.goto(f"{base}/task/{bundles[0].manifest.id}")
    tab.get_by_label("A wrong or lazy answer would pass.").check()
    tab.keyboard.press("a")
    assert "broken" in (tab.locator("#rule").get_attribute("class") or "")
    with tab.expect_response(lambda answer: answer.status == 400):
        tab.get_by_role("button", name="Store").click(no_wait_after=True)
    tab.wait_for_selector("[role=alert]")
    assert tab.get_by_label("A wrong or lazy answer would pass.").is_checked() and not ada.ledger.decisions
    tab.close()


def test_links_lead_from_a_requirement_to_its_check_and_back(
    review: MakeReview, bundles: list[Bundle], stack: ExitStack, tab: Page
) -> None:
    base = opened(stack, review("Ada"), tab)
    tab.goto(f"{base}/task/{bundles[2].manifest.id}")
    tab.locator("#req-2").click()
    assert tab.evaluate("document.activeElement.id") == "check-nothing_else"
    tab.locator("#check-nothing_else .quotes a").click()
    assert tab.evaluate("document.activeElement.id") == "req-2"
    tab.locator("#check-nothing_else h3 a").click()
    tab.wait_for_url("**/check/nothing_else")
    assert tab.inner_text("h1") == "nothing_else" and not faults(tab)
    pictured(tab, "review-check")


def test_the_adjudicators_screen(review: MakeReview, bundles: list[Bundle], stack: ExitStack, tab: Page) -> None:
    cy, id = review("Cy", adjudicates=True), bundles[1].manifest.id
    stored(cy, *[said(id, "Ada", "accept", note="fine"), said(id, "Bo", "reject", findings=[Finding(severity="high", tag="answer_leak", check="form", note="see line 3")])])  # fmt: skip
    base = opened(stack, cy, tab)
    assert "1 disputed" in tab.inner_text("main")
    pictured(tab, "review-adjudicator-queue")
    tab.keyboard.press("n")
    tab.wait_for_url(f"{base}/task/{id}")
    text = tab.inner_text("aside")
    assert "Ada" in text and "Bo" in text and "see line 3" in text
    assert not faults(tab)
    pictured(tab, "review-adjudicator")
    tab.keyboard.press("r")
    tab.locator("textarea").fill("Bo is right, but it can be mended.")
    tab.locator("textarea").press("Escape")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**?stored")
    assert cy.ledger.decisions[-1].role == "adjudicator"


@pytest.mark.sampled(4)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_pages_fit_and_can_be_used(
    review: MakeReview,
    bundles: list[Bundle],
    chromium: Browser,
    stack: ExitStack,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    ada, id = review("Ada"), bundles[1].manifest.id
    stored(ada, *[
        *(said(b.manifest.id, name, "accept") for b in bundles[1:] for name in ("Ada", "Bo")),
        said(id, "model:one", "revise", role="model", findings=[Finding(severity="medium", tag="ambiguous", check="form", note="Which words?")]),
    ])  # fmt: skip
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=width == 400
    )
    page = context.new_page()
    base = opened(stack, ada, page)
    source = next(name for name in bundles[2].files if name.endswith(".claw"))
    pages = {
        "queue": "/", "task": f"/task/{id}", "waiting": f"/task/{bundles[0].manifest.id}", "edits": f"/task/{bundles[2].manifest.id}", "check": f"/task/{id}/check/form",
        "file": f"/task/{bundles[2].manifest.id}/file/{source}", "missing": f"/task/{'0' * 64}",
    }  # fmt: skip
    for name, path in pages.items():
        page.goto(base + path)
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        page.wait_for_timeout(250)  # colours fade in
        assert not faults(page), name
        assert not overflows(page), name
        pictured(page, f"review-{name}-{width}-{scheme}")
    if width == 400:
        page.goto(f"{base}/task/{bundles[0].manifest.id}")
        page.get_by_role("link", name="Verdict").tap()
        page.locator("label.pick.reject").tap()  # nothing lies over it
        assert page.locator("input[value=reject]").is_checked()
        page.get_by_role("button", name="Store").tap()
        page.wait_for_selector("[role=alert]")  # it has no reason yet
    context.close()


def test_it_works_without_scripts(
    review: MakeReview, bundles: list[Bundle], chromium: Browser, stack: ExitStack
) -> None:
    ada = review("Ada")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    base = opened(stack, ada, page)
    page.goto(f"{base}/task/{bundles[0].manifest.id}")
    assert page.locator(".row").count() == 3 and page.locator(".row").last.is_visible()
    page.locator("input[value=revise]").check()
    page.locator("[name=tag]").nth(1).fill("wording")
    page.get_by_role("button", name="Store").click()
    page.wait_for_url("**?stored")
    assert ada.ledger.decisions[0].findings[0].tag == "wording"
    context.close()


SOURCE = """claw 1
task hostile {
  title      = "<script>window.hit=1</script><img src=/hit onerror=window.hit=1>"
  category   = office.records
  operations = [files.extract, data.aggregate, files.write]
  workspace {
    file orders "input/&lt;img onerror=alert(1)&gt; 'x' #1 100%25.csv" {
      content = \"\"\"
        name,amount
        <script>window.hit=1</script>,1
        javascript:window.hit=1,2
        \"\"\"
    }
  }
  let totals = csv(orders) | group name, total = sum(amount) | sort name
  deliver report "output/totals.csv" { columns = columns(totals) }
  instruction = \"\"\"
    Read {{ path.orders }} and write {{ path.report }}: </p><script>window.hit=1</script> one row for each name with the columns name
    and total, sorted by name <svg/onload=window.hit=1>.
    \"\"\"
  verify {
    check right {
      because = "<script>window.hit=1</script> one row for each name"
      expect rows(report) == totals within 0.005
    }
    require inputs_kept { expect unchanged(workspace) }
  }
}
"""


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A task in which every text is an attack: its source, its card, its rollouts, what judges and a calibration said."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "hostile.claw").write_text(SOURCE, encoding="utf-8")
    assert cli.run(["build", str(folder / "hostile.claw"), "-o", str(folder / "out")]) == 0
    bundle = load(folder / "out" / "hostile")
    id, bad = bundle.manifest.id, "0" * 64
    key = CardKey(bundle=id, compiler=LIVE[:90], library_sha256=bad, operators_sha256=bad, level="admit")
    mutant = MutantLine(
        operator="drop",
        kind="wrong",
        deliverable=LIVE,
        place=LIVE,
        what=LIVE,
        difference=f"--- a\n+++ b\n@@ -1 +1 @@\n-{LIVE}\n+{LIVE}",
    )
    card = VerifierCard(
        task="hostile", title=LIVE, key=key, clean=False, reasons=(LIVE,), oracle="derived", oracle_score="1",
        counts=Counts(wrong=2, killed=1, survived=1, equivalent=1, kept=1, rejected=0, open=1), bound="1",
        probes=(ProbeLine(name=LIVE, score="0", good=True),), matrix=(MatrixLine(check="right", operator="drop", caught=1, met=2),),
        evidence=(EvidenceLine(check="right", wrong=2, operators=1, equivalent=1, why=LIVE),), survivors=(mutant,), open={LIVE: 1},
        queries=(QueryLine(operator="drop", before=LIVE, after=LIVE, line=1, status="same", help=LIVE),),
        findings=(FindingLine(code="W0801", message=LIVE, path=LIVE, line=1, column=1, help=LIVE, allowed=LIVE),),
    )  # fmt: skip
    judged = Judged(LIVE, "1", (Criterion(LIVE, LIVE, LIVE, LIVE),))
    rollout = Rollout(
        LIVE, LIVE, LIVE, 0, "ok", 0.5, (Failure("right", LIVE), Failure(LIVE, LIVE)), 1.0, LIVE, LIVE, 0.5, (judged,)
    )
    rate = PassRateOf(
        rung="weak", successes=1, trials=2, excluded=0, mean=0.5, low=0.1, high=0.9, window=0.5, decided=False
    )
    item = CalibratedItem(task="hostile", template="hostile", bundle_id=id, verifier=bad, features={}, rates=(rate,), flagged=True, flags=(ItemFlag(kind="noisy", reason=LIVE),))  # fmt: skip
    return replace(subject_of(bundle, None, frozenset(), (rollout,), item), card=card, standing=LIVE)


def test_what_strangers_wrote_is_never_live(
    review: MakeReview, hostile: Subject, chromium: Browser, stack: ExitStack
) -> None:
    name = LIVE.replace("\x1b", "").replace("\u2028", "")[:100]
    ada = review(name, of={hostile.id: hostile})
    note = LIVE.replace("\u2028", " ")
    said_so = [
        said(hostile.id, LIVE[:60], "reject", task="hostile", note=note, findings=[Finding(severity="high", tag="x", check="right", note=note)]),
        said(hostile.id, f"{LIVE[:50]} 2", "accept", role="model", task="hostile", note=note),
        said("f" * 64, name, "accept", task="hostile", note=note),
    ]  # fmt: skip
    stored(ada, *said_so)
    context = chromium.new_context(viewport={"width": 400, "height": 900})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    base = opened(stack, ada, page)
    page.goto(f"{base}/task/{hostile.id}")
    page.locator("input[value=revise]").check()
    page.locator("[name=tag]").first.fill("<script>window.hit=1</script>")
    page.locator("[name=note]").first.fill(LIVE.replace("\x1b", "").replace("\u2028", ""))
    page.locator("textarea").fill(LIVE)
    page.locator("textarea").evaluate("each => each.form.requestSubmit()")
    page.wait_for_url("**?stored")
    file = next(name for name in hostile.bundle.files if name.startswith("public/workspace/"))
    from urllib.parse import quote

    for path in (
        "/",
        f"/?q={quote(LIVE[:150])}&show={quote('<script>')}",
        "/live",
        f"/task/{hostile.id}",
        f"/task/{hostile.id}/check/right",
        f"/task/{hostile.id}/file/{quote(file)}",
    ):
        page.goto(base + path)
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        page.wait_for_timeout(100)
        assert page.evaluate("window.hit") is None, path
        if path != "/live":  # a part of a page, without our styles
            assert page.locator("script:not([src])").count() == 0, path
            assert not overflows(page), path
        assert (
            page.locator(
                "img, iframe, object, embed, [onerror], [onload], [style], main script, main a[href^='javascript' i]"
            ).count()
            == 0
        ), path
        content = page.content()
        assert not any(mark in content for mark in ("\u202e", "\u2066", "\x1b")), path
        assert "49" not in page.inner_text("body").replace("149", "").replace(
            "490", ""
        ) or "{{ 7*7 }}" in page.inner_text("body")
    pictured(page, "review-hostile-file")
    page.goto(f"{base}/task/{hostile.id}")
    pictured(page, "review-hostile")
    assert "window.hit=1" in page.inner_text("main") and not faults(page)
    own = (base + "/task/", base + "/static/", base + "/live", base + "/?", base + "/next")
    assert not [url for url in asked if not url.startswith(own) and url not in (base + "/", base + "/favicon.ico")]
    context.close()
