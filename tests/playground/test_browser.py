"""A person at work, in a real Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.playground.conftest import TEXT, Site
from tests.web.conftest import faults, overflows, pictured

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SLOW_MS = 60_000
WEAK = Path(__file__).parents[1] / "prove" / "planted" / "weak" / "fuel_costs.claw"


def opened(tab: Page, site: Site) -> None:
    tab.goto(site.guard.address)
    tab.locator("#status.good", has_text="Compiled").wait_for(timeout=SLOW_MS)


def shown(tab: Page, panel: str) -> str:
    """The text of a panel, after its tab was clicked."""
    tab.click(f"#tab-{panel}")
    return tab.inner_text(f"#panel-{panel}")


def until(tab: Page, panel: str, text: str) -> None:
    """Waits until a panel says this."""
    tab.locator(f"#panel-{panel}", has_text=text).wait_for(state="attached", timeout=SLOW_MS)


def test_from_a_mistake_to_a_proof_that_is_saved(site: Site, tab: Page) -> None:
    opened(tab, site)
    assert tab.input_value("#text") == TEXT
    assert "check.py" in shown(tab, "checker") and "totals_right" in tab.inner_text("#panel-checker")
    assert "one row for each customer" in shown(tab, "instruction")
    assert "Bela,3.2" in shown(tab, "workspace")
    tab.click("#tab-proof")
    until(tab, "proof", "says the same")
    assert "Kill matrix" in tab.inner_text("#panel-proof") and "caught by totals_right" in tab.inner_text(
        "#panel-proof"
    )
    pictured(tab, "proof")

    # A mistake, with its place and a fix.
    tab.click("#tab-problems")
    at = TEXT.index("amount)")
    tab.evaluate(
        "at => { const area = document.getElementById('text'); area.focus(); area.setSelectionRange(at, at + 6); }", at
    )
    tab.keyboard.type("amuont")
    until(tab, "problems", "amuont")
    line = TEXT[:at].count("\n") + 1
    assert f"line {line}, column" in tab.inner_text("#panel-problems")
    assert tab.locator(".layer .f-error").first.text_content() == "amuont"
    assert tab.locator(".g-error").inner_text().strip() == str(line)
    pictured(tab, "problem")
    tab.click("#tab-checker")
    assert tab.is_visible("#stale") and "totals_right" in tab.inner_text("#panel-checker")
    pictured(tab, "stale")
    assert "earlier text" in shown(tab, "proof") and tab.inner_text("#count-proof") == ""
    tab.click("#tab-problems")
    tab.keyboard.press("Control+Home")
    tab.click("#panel-problems .link")
    assert tab.evaluate("document.getElementById('text').selectionStart") == at
    tab.click("#panel-problems .fix")
    tab.locator("#status.good", has_text="Compiled").wait_for(timeout=SLOW_MS)
    assert tab.input_value("#text") == TEXT and tab.locator("#count-problems").text_content() == ""
    assert tab.is_disabled("#save")

    # What is badly laid out is formatted, and saved by its key.
    tab.evaluate(
        "() => { const area = document.getElementById('text'); area.focus(); area.setSelectionRange(area.value.length, area.value.length); }"
    )
    tab.keyboard.type("# the   end")
    tab.locator("#status.good", has_text="Compiled").wait_for(timeout=SLOW_MS)
    tab.keyboard.press("Control+s")
    tab.locator("#status", has_text="Saved.").wait_for(timeout=SLOW_MS)
    assert (site.folder / "order_totals.claw").read_text("utf-8") == TEXT + "# the   end"
    tab.click("#format")
    tab.locator("#status", has_text="Compiled").wait_for(timeout=SLOW_MS)
    assert tab.input_value("#text").endswith("end\n")
    tab.keyboard.press("Control+Enter")
    assert tab.get_attribute("#tab-proof", "aria-selected") == "true"
    until(tab, "proof", "says the same")


EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


def test_what_a_stranger_wrote_is_text(site: Site, tab: Page) -> None:
    tab.on("dialog", lambda dialog: pytest.fail(dialog.message))
    text = (
        TEXT.replace("Total the orders by customer", EVIL)
        .replace("Read {{", EVIL + " {{ {{")
        .replace("{{ {{", "{{")
        .replace("1,Ada", f"1,Ada {EVIL}")
    )
    (site.folder / "order_totals.claw").write_text(text, encoding="utf-8")
    opened(tab, site)
    for panel in ("instruction", "workspace", "checker", "proof"):
        tab.click(f"#tab-{panel}")
        until(tab, panel, "alert(1)")
    until(tab, "proof", "in a sandbox and says")
    tab.fill("#text", text.replace("csv(orders)", f"csv(`{EVIL}`)"))
    until(tab, "problems", "onerror")
    assert tab.locator("main script, main img").count() == 0


def test_keys_of_an_editor(site: Site, tab: Page) -> None:
    opened(tab, site)
    tab.fill("#text", "")
    tab.focus("#text")
    tab.keyboard.type("task x {")
    tab.keyboard.press("Enter")
    tab.keyboard.type("verify {")
    tab.keyboard.press("Enter")
    tab.keyboard.type("check y {}")
    assert tab.input_value("#text") == "task x {\n  verify {\n    check y {}\n  }\n}"
    tab.keyboard.press("Control+a")
    tab.keyboard.press("Tab")
    assert tab.input_value("#text") == "  task x {\n    verify {\n      check y {}\n    }\n  }"
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Control+z")
    assert tab.input_value("#text").startswith("  task")
    tab.keyboard.type("#" + "x" * 200)
    sideways = "document.getElementById('editor').scrollLeft"
    tab.wait_for_timeout(100)
    assert tab.evaluate(sideways) > 200
    tab.keyboard.press("Home")
    tab.wait_for_timeout(100)
    assert tab.evaluate(sideways) == 0
    tab.keyboard.press("Escape")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") != "text"
    tab.focus("#tab-problems")
    tab.keyboard.press("ArrowRight")
    assert tab.get_attribute("#tab-instruction", "aria-selected") == "true"


def test_a_file_that_was_changed_elsewhere_is_not_replaced(site: Site, chromium: Browser) -> None:
    tab = chromium.new_page()  # its console says that something was refused
    opened(tab, site)
    file = site.folder / "order_totals.claw"
    file.write_text("claw 1\n", encoding="utf-8")
    tab.fill("#text", TEXT + "# mine\n")
    tab.locator("#status", has_text="Compiled in").wait_for(timeout=SLOW_MS)
    tab.click("#save")
    tab.locator("#status", has_text="changed on the disk").wait_for(timeout=SLOW_MS)
    assert file.read_text("utf-8") == "claw 1\n" and tab.input_value("#text").endswith("# mine\n")
    tab.close()


def test_an_example_is_drawn(site: Site, tab: Page) -> None:
    opened(tab, site)
    tab.select_option("#example", index=2)
    tab.wait_for_selector("#another", timeout=SLOW_MS)
    first = tab.input_value("#text")
    assert first != TEXT and tab.text_content("#where") == "unsaved"
    tab.click("#another")
    tab.locator("#status", has_text="Compiled in").wait_for(timeout=SLOW_MS)
    until(tab, "proof", "Kill matrix")


def test_what_the_checks_let_through_stands_first(site: Site, tab: Page) -> None:
    opened(tab, site)
    tab.fill("#text", WEAK.read_text("utf-8"))
    tab.click("#tab-proof")
    until(tab, "proof", "accepted, but wrong")
    until(tab, "proof", "not clean")
    first = tab.locator(".mutant").first
    assert "accepted, but wrong" in first.inner_text()
    assert "short" in (tab.locator(".matrix tbody tr").first.get_attribute("class") or "")
    first.locator("summary").click()
    assert first.locator(".diff").is_visible()
    pictured(tab, "survivors")


@pytest.mark.sampled(4)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_it_can_be_used_at_any_width_and_by_everybody(site: Site, tab: Page, theme: str, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    opened(tab, site)
    tab.click("#tab-proof")
    until(tab, "proof", "says the same")
    for panel in ("problems", "instruction", "checker", "workspace", "proof"):
        tab.click(f"#tab-{panel}")
        assert not overflows(tab)
        assert faults(tab) == []
        pictured(tab, f"{panel}-{width}-{theme}")
    for other in (360, 640, 860, 861, 1000):
        tab.set_viewport_size({"width": other, "height": 700})
        assert not overflows(tab), other
