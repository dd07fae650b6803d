"""What is said of a set: as JSON, as a page that asks for nothing, and as the card of a data set."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import yaml  # type: ignore[import-untyped]

from clawc.runtime.synth.dataset_card import CardText, dataset_card
from clawc.runtime.synth.report import Report, as_html, as_json, report
from tests.synth.letters import letters
from tests.synth.rows import row, rows

HOSTILE = '</title><script>alert(1)</script>\x1b[31m"&'


def made(n: int = 40) -> Report:
    return report(rows(n), "A set", None, dropped={"too near": 3}, leaks=0)


def test_json_is_the_document() -> None:
    document = json.loads(as_json(made()))
    assert document["format_version"] == 1 and document["diversity"]["tasks"] == 40
    assert Report.model_validate_json(as_json(made())) == made()
    assert as_json(made()) == as_json(made()) and as_json(made()).isascii()


def test_the_page_asks_for_nothing_and_is_well_formed() -> None:
    page = as_html(made())
    assert "http" not in page.replace("http-equiv", "") and "<script" not in page and "url(" not in page
    assert "default-src 'none'" in page.replace("&#39;", "'")
    open_tags = list[str]()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert not {name for name, _ in attrs} & {"src", "href", "style", "onclick"}
            if (
                tag not in ("meta",)
                and f"<{tag}" in (self.get_starttag_text() or "")
                and not (self.get_starttag_text() or "").endswith("/>")
            ):
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if open_tags and open_tags[-1] == tag:
                open_tags.pop()

    Reader().feed(page)
    assert open_tags == []
    plots = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(plots) == 10
    for plot in plots:
        for shape in ElementTree.fromstring(plot).iter("rect"):
            assert 0 <= float(shape.get("x", "")) <= float(shape.get("x", "")) + float(shape.get("width", "")) <= 560
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_hostile_names_stay_text() -> None:
    bad = [
        row(n).model_copy(update={"archetype": HOSTILE, "category": HOSTILE, "formats": (HOSTILE,)}) for n in range(3)
    ]
    page = as_html(report(bad, HOSTILE, None, dropped={HOSTILE: 1}))
    assert "<script" not in page and "\x1b" not in page
    card = dataset_card(report(bad, HOSTILE, None), CardText(HOSTILE))
    assert "\x1b" not in card and yaml.safe_load(card.split("---\n")[1])["license"] == "apache-2.0"


def test_figures_with_vectors() -> None:
    some = [row(n, instruction="abcd"[n % 4]) for n in range(8)]
    page = as_html(report(some, "A set", letters()))
    assert "Cosine to the nearest neighbour" in page and "121.7" in page
    assert "not installed" not in page and "not installed" in as_html(made())


def test_the_card_is_what_the_hub_reads() -> None:
    card = dataset_card(made(), CardText("A set: of tasks", command="clawc synth --provider archetypes -n 40 --seed 1"))
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["size_categories"] == ["n<1K"] and front["license"] == "apache-2.0"
    assert front["configs"][0]["data_files"] == [
        {"split": "train", "path": "data/train.parquet"},
        {"split": "validation", "path": "data/validation.parquet"},
        {"split": "test", "path": "data/test.parquet"},
    ]
    assert "clawc synth --provider archetypes -n 40 --seed 1" in card and 'split="train"' in card
    assert "3 too near" in card and "—" not in card


def test_the_card_says_what_is_so_of_families() -> None:
    parted = report([row(n, "train" if n % 7 else "test") for n in range(14)], "A set", None)
    assert parted.parted and "none is in two splits" in dataset_card(parted, CardText("x"))
    mixed = report([row(0, "train", family="a"), row(1, "test", family="a")], "A set", None)
    assert not mixed.parted and "some are in two splits" in dataset_card(mixed, CardText("x"))
    assert "more than one split" in as_html(mixed)
