"""Bundles, cached judgements and golden sets of strangers."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as draw
from hypothesis import strategies as st

from clawc.runtime.bundle import load
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.judge.cache import JudgementCache
from clawc.runtime.judge.judge import Judge, cache_key
from clawc.runtime.judge.records import RubricJudgement
from clawc.runtime.judge.rubric import rubrics_of
from tests.judge.judges import Saying, asker, failing, opinion, reply, rubric, verdict, verdicts
from tests.judge.rubrics import PROMPT, bundle_with, described
from tests.runtime.conftest import build_bundle

GOOD = reply(causes=opinion("met", "Summary"), plain=opinion("not_met"))


def test_a_bundle_as_it_should_be(tmp_path: Path) -> None:
    found = rubrics_of(bundle_with(tmp_path / "b", described()))[0]
    assert found.criteria == ("causes", "plain") and found.reads[0].path == "out/answer.txt"
    assert found.prompt([1, 0]) == PROMPT.replace("1. `causes` (1 point): Why?\n2. `plain` (1 point): Is it?", "1. `plain` (1 point): Is it?\n2. `causes` (1 point): Why?")  # fmt: skip
    assert rubrics_of(load(build_bundle(tmp_path / "none"))) == ()


HOSTILE: dict[str, Callable[[], object]] = {
    "no json": lambda: "{",
    "a list": lambda: "[]",
    "deep": lambda: '{"rubrics": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "a key twice": lambda: json.dumps(described())[:-1] + ', "share": "0.3"}',
    "a newer format": lambda: {**described(), "format_version": 2},
    "a key that nobody knows": lambda: {**described(), "more": 1},
    "no rubric": lambda: {**described(), "rubrics": []},
    "two of one name": lambda: {**described(), "rubrics": described()["rubrics"] * 2},
    "another share": lambda: {**described(), "share": "1"},
    "a share that is none": lambda: {**described(), "share": "1e9"},
    "infinite points": lambda: described(criteria=[{"name": "causes", "points": "Infinity", "text": ""}]),
    "huge points": lambda: described(criteria=[{"name": "causes", "points": "9" * 10, "text": ""}]),
    "negative weight": lambda: described(weight="-1"),
    "a criterion twice": lambda: described(criteria=[{"name": "causes", "points": "1", "text": ""}] * 2),
    "a name with a line": lambda: described(criteria=[{"name": "a\nb", "points": "1", "text": ""}]),
    "many criteria": lambda: described(criteria=[{"name": f"c{n}", "points": "1", "text": ""} for n in range(65)]),
    "another reply": lambda: described(reply={"type": "object"}),
    "what is no deliverable": lambda: described(reads=[{"name": "d1", "path": "out/answer.txt"}]),
    "another path": lambda: described(reads=[{"name": "d0", "path": "../../../etc/passwd"}]),
    "a huge text": lambda: described(criteria=[{"name": "causes", "points": "1", "text": "x" * 20_001}]),
    "more than a file may have": lambda: " " * (5 << 20),
    "bytes that are no text": lambda: "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "numbers": lambda: '{"format_version": ' + "9" * 5_000 + "}",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_rubric_that_is_none(case: str, tmp_path: Path) -> None:
    bundle = bundle_with(tmp_path / "b", HOSTILE[case]())
    with pytest.raises(RuntimeFault) as failed:
        rubrics_of(bundle)
    assert failed.value.code == "R0981" and failed.value.message.isprintable() and len(failed.value.message) < 600


@pytest.mark.parametrize(
    "prompt",
    [
        None,
        "",
        "## Criteria\n",
        PROMPT.replace("## Criteria", "## Other"),
        PROMPT + PROMPT,
        PROMPT.replace("causes", "other"),
        PROMPT.replace("1. `causes` (1 point): Why?\n", ""),
        PROMPT.replace("\n2.", "\n\n2."),
        PROMPT + "3. `plain` (1 point): Again?\n",
        "x" * (1 << 20) + PROMPT,
    ],
)
def test_a_prompt_that_is_none(prompt: str | None, tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault) as failed:
        rubrics_of(bundle_with(tmp_path / "b", described(), prompt))
    assert failed.value.code == "R0981"


def test_a_rubric_that_counts_and_is_not_there(tmp_path: Path) -> None:
    scoring = {"checks": [{"name": "right", "kind": "check"}], "rubric_share": "0.3"}
    with pytest.raises(RuntimeFault, match="there is none"):
        rubrics_of(load(build_bundle(tmp_path / "b", scoring=scoring)))


def test_a_rubric_that_was_edited(tmp_path: Path) -> None:
    bundle = bundle_with(tmp_path / "b", described())
    (bundle.path / "private/rubric/u.md").write_text(PROMPT.replace("Why", "How"))
    with pytest.raises(RuntimeFault, match="R0104"):
        rubrics_of(bundle)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@draw(st.data())
def test_any_change_of_a_rubric_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    found = described()
    values = (
        st.none() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2) | st.just(10**30)
    )
    target: Any = found
    while True:
        places: list[Any] = sorted(target) if isinstance(target, dict) else list(range(len(target)))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        key = data.draw(st.sampled_from(places))
        inner: Any = target[key]  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(inner, (dict, list)) or not inner or not data.draw(st.booleans()):
            target[key] = data.draw(values)
            break
        target = inner  # pyright: ignore[reportUnknownVariableType]
    folder = tmp_path / hashlib.sha256(repr(found).encode("utf-8", "replace")).hexdigest()
    if folder.exists():
        return
    bundle = bundle_with(folder, json.dumps(found))
    try:
        rubrics_of(bundle)
    except RuntimeFault as fault:
        assert fault.code == "R0981"


# The cache.


def test_what_was_judged_is_not_asked_again(tmp_path: Path) -> None:
    cache = JudgementCache(tmp_path)
    engine = Saying(lambda prompt, number: GOOD)
    first, again = verdict(engine, cache=cache), verdict(engine, cache=cache)
    assert len(engine.asked) == 2 and (first.cached, again.cached) == (False, True)
    assert again.model_copy(update={"cached": False}) == first
    cache.close()
    cache.close()
    later = JudgementCache(tmp_path)
    assert verdict(engine, cache=later).cached
    assert not verdict(engine, "# Summary\nother\n", cache=later).cached  # other evidence
    assert not verdict(engine, of=rubric("causes", "plain", points=["2", "1"]), cache=later).cached  # other points
    later.close()
    assert verdict(engine).cached is False


def test_the_key_follows_all_that_counts() -> None:
    judge = Judge("a", asker(Saying(failing("broken"))))
    keys = {
        cache_key(judge, rubric(), "1"), cache_key(judge, rubric(), "2"), cache_key(judge, rubric("causes"), "1"),
        cache_key(Judge("b", judge.asker), rubric(), "1"), cache_key(judge, rubric("plain", "causes"), "1"),
    }  # fmt: skip
    assert len(keys) == 5


def test_what_did_not_count_is_asked_again(tmp_path: Path) -> None:
    cache = JudgementCache(tmp_path)
    assert verdicts(verdict(Saying(lambda prompt, number: "no"), cache=cache)) == {
        "causes": "cannot_tell",
        "plain": "cannot_tell",
    }
    assert not verdict(Saying(lambda prompt, number: GOOD), cache=cache).cached
    cache.close()


def poisoned(**changes: object) -> str:
    found = verdict(Saying(lambda prompt, number: GOOD))
    return json.dumps({**found.model_dump(mode="json"), **changes})


@pytest.mark.parametrize(
    "data",
    [
        "", "{", "[]", "null", "[" * 100_000, "x" * (5 << 20), b"\xff", 7,
        lambda: poisoned(share="1"),
        lambda: poisoned(weight="2"),
        lambda: poisoned(name="other"),
        lambda: poisoned(votes=[]),
        lambda: poisoned(criteria=[{"name": "causes", "points": "1", "verdict": "met"}]),
        lambda: poisoned(criteria=[{"name": n, "points": "1", "verdict": "met"} for n in ("causes", "plain")], share="1"),
        lambda: poisoned(criteria=[{"name": n, "points": "9", "verdict": v} for n, v in (("causes", "met"), ("plain", "not_met"))]),
        lambda: poisoned(format="x"),
    ],
)  # fmt: skip
def test_a_cached_judgement_that_does_not_fit(tmp_path: Path, data: Any) -> None:
    cache = JudgementCache(tmp_path)
    verdict(Saying(lambda prompt, number: GOOD), cache=cache)
    database = sqlite3.connect(tmp_path / "judgements-1.sqlite")
    database.execute("update judgements set data = ?", (data() if callable(data) else data,))
    database.commit()
    database.close()
    engine = Saying(lambda prompt, number: GOOD)
    found = verdict(engine, cache=cache)
    assert not found.cached and len(engine.asked) == 2 and isinstance(found, RubricJudgement)
    assert verdict(engine, cache=cache).cached  # and it is mended
    cache.close()


@pytest.mark.parametrize("kind", ["no database", "a folder", "a link", "a file in place of the folder"])
def test_a_cache_that_is_none(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "cache" / "judgements-1.sqlite"
    if kind == "a file in place of the folder":
        (tmp_path / "cache").write_text("")
    else:
        (tmp_path / "cache").mkdir()
    if kind == "no database":
        place.write_bytes(b"x" * 5_000)
    elif kind == "a folder":
        place.mkdir()
    elif kind == "a link":
        place.symlink_to(tmp_path / "nowhere" / "x")
    cache = JudgementCache(tmp_path / "cache")
    assert not verdict(Saying(lambda prompt, number: GOOD), cache=cache).cached
    cache.close()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give folders away")
def test_a_cache_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    os.chown(tmp_path, 12_345, -1)
    cache = JudgementCache(tmp_path)
    verdict(Saying(lambda prompt, number: GOOD), cache=cache)
    assert list(tmp_path.iterdir()) == []
