"""What counts as a reply, and what becomes of one that does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given as draw
from hypothesis import settings
from hypothesis import strategies as st

from clawc.runtime.judge.evidence import given
from clawc.runtime.judge.judge import JUDGE_VERSION
from clawc.runtime.judge.reply import Opinion, read_reply
from clawc.runtime.judge.view import examine
from clawc.runtime.judge.visible import plain_words, visible
from tests.judge.judges import HONEST, REPORT, Saying, opinion, reply, rubric, verdict, verdicts

VIEW = examine(given([(REPORT, HONEST)], rubric().reads)).view(False)
QUOTE = "disk was full"
GOOD = reply(causes=opinion("met", QUOTE), plain=opinion("not_met"))


def test_the_version_of_the_judge_is_pinned() -> None:
    """Whoever changes prompts, replies or votes makes it another judge."""
    assert JUDGE_VERSION == 1


@pytest.mark.parametrize(
    "text", [GOOD, f"\n  {GOOD}\n\n", f"```json\n{GOOD}\n```", f"```\n{GOOD}\n```\n", f"```JSON  \n{GOOD}\n```"]
)
def test_a_reply_may_stand_in_a_fence(text: str) -> None:
    found = read_reply(text, ("causes", "plain"), VIEW)
    assert {name: each.verdict for name, each in found.opinions.items()} == {"causes": "met", "plain": "not_met"}
    assert found.wrong == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not one JSON object"),
        ("It is met.", "not one JSON object"),
        (f"Here it is:\n{GOOD}", "not one JSON object"),
        (f"{GOOD}\nI hope this helps.", "not one JSON object"),
        (f"```json\n{GOOD}\n```\nDone.", "not one JSON object"),
        (f"{GOOD}{GOOD}", "not one JSON object"),
        (f"[{GOOD}]", "not one JSON object"),
        (GOOD[:-1], "not one JSON object"),
        (GOOD.replace('"met"', "NaN"), "not one JSON object"),
        ('{"causes": ' + "[" * 5_000 + "]" * 5_000 + "}", "not one JSON object"),
        ('{"causes": {}, "causes": {}}', "an object has a key twice"),
        (GOOD.replace('"verdict": "met"', '"verdict": "not_met", "verdict": "met"'), "an object has a key twice"),
        (GOOD[:-1] + ', "more": 1}', "`more` is no criterion"),
        (GOOD + " " * 300_000, "more than 200000 characters"),
        ("\ud800", "not one JSON object"),
    ],
)  # fmt: skip
def test_what_is_no_reply(text: str, why: str) -> None:
    found = read_reply(text, ("causes", "plain"), VIEW)
    assert found.opinions == {}
    assert set(found.wrong) == {"causes", "plain"} and all(why in each for each in found.wrong.values())


@pytest.mark.parametrize(
    ("causes", "why"),
    [
        (None, "should be an object"),
        ("met", "should be an object"),
        ({**opinion("met", QUOTE), "more": 1}, "extra"),
        ({"verdict": "met", "reasoning": ""}, "required"),
        (opinion("Met", QUOTE), "should be 'met'"),
        (opinion("partly", QUOTE), "should be 'met'"),
        ({**opinion("met"), "evidence": QUOTE}, "should be a valid"),
        ({**opinion("met"), "evidence": [QUOTE]}, "should be an object"),
        ({**opinion("met", QUOTE), "reasoning": 3}, "should be a valid string"),
        ({**opinion("met"), "evidence": [{"path": REPORT, "quote": QUOTE}] * 33}, "at most 32"),
        (opinion("met"), "`met` needs a quotation"),
        (opinion("met", "disk was empty"), "does not stand word for word"),
        (opinion("met", QUOTE, "made up"), "does not stand word for word"),
        (opinion("not_met", "made up"), "does not stand word for word"),
        (opinion("met", QUOTE, path="report.md"), "no text at the path"),
        (opinion("met", QUOTE, path=f"/{REPORT}"), "no text at the path"),
        (opinion("met", ""), "does not stand"),
        (opinion("met", " \n "), "does not stand"),
        (opinion("met", "..."), "does not stand"),
        (opinion("met", "is"), "does not stand"),
        (opinion("met", "# "), "does not stand"),
        (opinion("met", "output/report.md"), "does not stand"),
        (opinion("met", "Here is the evidence"), "does not stand"),
        (opinion("met", "\0"), "does not stand"),
    ],
)
def test_one_criterion_is_wrong_by_itself(causes: object, why: str) -> None:
    found = read_reply(json.dumps({"causes": causes, "plain": opinion("not_met")}), ("causes", "plain"), VIEW)
    assert list(found.opinions) == ["plain"]
    assert list(found.wrong) == ["causes"] and why.lower() in found.wrong["causes"].lower()


def test_a_missing_criterion_is_wrong_by_itself() -> None:
    found = read_reply(reply(plain=opinion("not_met")), ("causes", "plain"), VIEW)
    assert found.wrong == {"causes": "it is missing"} and list(found.opinions) == ["plain"]


@pytest.mark.parametrize(
    "quote",
    [
        QUOTE,
        "Billing  stopped\n because its\tdisk",
        "# Next steps",
        "- Add disk space for billing.",
        HONEST,
        "billing.",
    ],
)
def test_quotations_are_compared_without_spacing(quote: str) -> None:
    assert read_reply(reply(causes=opinion("met", quote)), ("causes",), VIEW).wrong == {}


def test_what_absence_shows_needs_no_quotation() -> None:
    given_ = reply(causes=opinion("not_met"), plain=opinion("cannot_tell", "not in there"))
    assert read_reply(given_, ("causes", "plain"), VIEW).wrong == {}


def test_a_short_file_can_be_quoted_whole() -> None:
    view = examine(given([(REPORT, "42\n")], rubric().reads)).view(False)
    assert view.quoted(REPORT, "42", True) and not view.quoted(REPORT, "4", True)


def test_quotation_marks_and_dashes_may_be_plain() -> None:
    view = examine(given([(REPORT, "It’s “full” – or nearly… so")], rubric().reads)).view(False)
    assert view.quoted(REPORT, 'It\'s "full" - or nearly... so', True) and view.quoted(REPORT, "It’s “full” – or", True)
    assert not view.quoted(REPORT, "It is full", True)


def test_hidden_characters_are_shown_and_do_not_count() -> None:
    text = "dis\u200bk was\u202e full\u0085 caf\u00e9 👍\ufe0f <|im_end|>\r\nnext"
    assert visible(text) == "dis<U+200B>k was<U+202E> full<U+0085> café 👍\ufe0f <·|im_end|>\nnext"
    view = examine(given([(REPORT, text)], rubric().reads)).view(False)
    for quote in ("disk was full", "dis<U+200B>k was", "dis\u200bk was", "cafe\u0301 👍"):
        assert view.quoted(REPORT, quote, False)


@settings(max_examples=200, deadline=None)
@draw(st.text(), st.data())
def test_any_words_of_a_file_can_be_quoted(text: str, data: st.DataObject) -> None:
    view = examine(given([(REPORT, text)], rubric().reads)).view(False)
    shown = visible(text.encode("utf-8", "ignore").decode())
    if "\0" in text or REPORT not in view.files:
        return
    begin = data.draw(st.integers(0, len(shown)))
    part = plain_words(shown[begin : data.draw(st.integers(begin, len(shown)))])
    if (
        len(part) >= 3
        and any(map(str.isalnum, part))
        and "U+" not in shown
        and "\ufe0f" not in shown
        and shown.isascii()
    ):
        assert view.quoted(REPORT, part, False)


@settings(max_examples=300, deadline=None)
@draw(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["causes", "plain", "evidence", "reasoning", "verdict", "path", "quote"]), inner, max_size=4), max_leaves=20))  # fmt: skip
def test_anything_is_read_without_an_error(found: object) -> None:
    read = read_reply(json.dumps(found), ("causes", "plain"), VIEW)
    assert set(read.opinions) | set(read.wrong) == {"causes", "plain"}
    assert all(isinstance(each, Opinion) for each in read.opinions.values())


def test_what_was_wrong_is_told_and_mended() -> None:
    steps = [
        "It is met.",
        reply(causes=opinion("met", "made up"), plain=opinion("not_met")),
        reply(causes=opinion("met", QUOTE), plain=opinion("met", "Summary")),
    ]
    engine = Saying(lambda prompt, number: steps[len(engine.asked) % 3 - 1])
    found = verdict(engine)
    assert verdicts(found) == {"causes": "met", "plain": "not_met"}  # the first that counts stands
    assert [vote.tries for vote in found.votes] == [3, 3]
    second = engine.requests[1].messages
    assert [message["role"] for message in second] == ["user", "assistant", "user"]
    assert "not one JSON object" in str(second[2]["content"]) and second[1]["content"] == "It is met."
    third = str(engine.requests[2].messages[2]["content"])
    assert "`causes`: a quotation does not stand" in third and "`plain`" not in third


def test_a_model_that_never_replies_validly_cannot_tell() -> None:
    engine = Saying(lambda prompt, number: "I would say that it is met.")
    found = verdict(engine, tries=2)
    assert verdicts(found) == {"causes": "cannot_tell", "plain": "cannot_tell"} and found.share == "0"
    assert len(engine.asked) == 4 and len(found.votes) == 2
    assert all("not one JSON object" in each.fault for vote in found.votes for each in vote.criteria.values())


@pytest.mark.parametrize("finish", ["length", "tool_calls", "content_filter"])
def test_a_reply_that_did_not_end_by_itself(finish: str) -> None:
    found = verdict(Saying(lambda prompt, number: GOOD[:40], finish=finish))
    assert verdicts(found) == {"causes": "cannot_tell", "plain": "cannot_tell"}
    assert finish in found.votes[0].criteria["causes"].fault


def test_an_endless_reply_is_bounded() -> None:
    engine = Saying(lambda prompt, number: "x" * 1_000_000)
    assert verdicts(verdict(engine, tries=1)) == {"causes": "cannot_tell", "plain": "cannot_tell"}
    assert all(len(str(message["content"])) < 10_000 for request in engine.requests for message in request.messages)
