"""What is shown of a task: quotations, sealed values, what the solution changes; of compiled tasks and of those whose verifier is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc import cli
from clawc.runtime.bundle import Bundle, load
from clawc.runtime.review.model import prompt_of
from clawc.runtime.review.requirements import flowing, told
from clawc.runtime.review.rollouts import Rollout, strips
from clawc.runtime.review.sealed import block, plain
from clawc.runtime.review.session import known, seen_of
from clawc.runtime.review.solution import MOST_LINES, difference, steps_of
from clawc.runtime.review.subject import Subject, alike, shown, shown_file, subject_of
from clawc.spec.ir import QuotationIR
from clawc.spec.review import Gold
from tests.review.conftest import version

TEXT = "Write a.csv with names. Sort it by name, then by age.\n\nKeep the input as it is."


def quoted(check: str, text: str, within: str = TEXT) -> QuotationIR:
    start = within.index(text)
    return QuotationIR(check=check, text=text, start=start, end=start + len(text))


def test_requirements_are_what_checks_quote_and_the_rest_is_bare_or_beside() -> None:
    found = told(
        TEXT, [quoted("order", "by name, then by age"), quoted("age", "then by age"), quoted("kept", "Keep the input")]
    )
    assert [(r.number, r.text, r.checks) for r in found.requirements] == [
        (1, "by name, ", ("order",)), (2, "then by age", ("order", "age")), (3, "Keep the input", ("kept",)),
    ]  # fmt: skip
    assert [r.number for r in found.of("order")] == [1, 2]
    assert [p.text for p in found.pieces if p.bare] == ["Write a.csv with names."]


@given(st.text(max_size=300), st.lists(st.tuples(st.integers(-5, 320), st.integers(-5, 320)), max_size=6))
def test_pieces_are_the_instruction_whatever_is_quoted(text: str, places: list[tuple[int, int]]) -> None:
    quotations = [QuotationIR(check=f"c{n}", text="", start=start, end=end) for n, (start, end) in enumerate(places)]
    found = told(text, quotations)
    assert "".join(piece.text for piece in found.pieces) == flowing(text)
    assert [r.number for r in found.requirements] == list(range(1, len(found.requirements) + 1))


@given(st.text(alphabet="ab 1.-#\n", max_size=400))
def test_a_text_that_flows_keeps_its_length(text: str) -> None:
    found = flowing(text)
    assert len(found) == len(text) and found.replace("\n", " ") == text.replace("\n", " ")


def test_lines_that_were_wrapped_flow_and_lists_stay() -> None:
    long = "A line of more than sixty characters that an editor has wrapped at its end"
    for before, after in [(f"{long}\nand on", f"{long} and on"), (f"{long}\n- item", f"{long}\n- item"), (f"{long}\n1. item", f"{long}\n1. item"), (f"{long}\n200 words", f"{long} 200 words"), ("short\nline", "short\nline"), (f"{long}\n\nnext", f"{long}\n\nnext"), (f"{long}\n  code", f"{long}\n  code")]:  # fmt: skip
        assert flowing(before) == after


def test_the_block_of_a_check_is_found_in_its_source() -> None:
    source = "task t {\n  verify {\n    check a {\n      expect x == y\n\n      expect z\n    }\n    check ab { expect 1 }\n  }\n  let q = csv(f)\n    | take 1\n  let r = 1\n}\n"
    assert block(source, "check", "a") == "check a {\n  expect x == y\n\n  expect z\n}"
    assert block(source, "check", "ab") == "check ab { expect 1 }"
    assert block(source, "let", "q") == "let q = csv(f)\n  | take 1"
    assert block(source, "check", "none") == ""


def test_values_are_told_in_words() -> None:
    value: list[object] = [{"$number": "3.5"}, None, True, "x", {"a": [1]}, []]
    assert plain(value) == "[3.5, null, true, x, {a: [1]}, []]"
    assert len(plain("x" * 500)) == 160
    deep: object = 1
    for _ in range(50):
        deep = [deep]
    assert "…" in plain(deep)


def test_differences_are_bounded_and_say_what_is_not_shown() -> None:
    lines, note = difference(b"a\nb\nc\n", b"a\nB\nc\n")
    assert [(each.kind, each.text) for each in lines][1:] == [
        ("", "a"),
        ("removed", "b"),
        ("added", "B"),
        ("", "c"),
    ] and note == ""
    assert difference(None, b"a\n") == ((("added", "a"),), "")
    assert difference(b"a\n", None) == ((("removed", "a"),), "")
    assert difference(b"a\r\n", b"a\n") == ((), "only line ends change") and difference(b"a", b"a") == (
        (),
        "nothing changes",
    )
    assert difference(b"\x00", b"a")[1].startswith("no text") and difference(b"a", b"\xff")[1].startswith("no text")
    long, note = difference(None, b"x\n" * 1_000)
    assert (len(long), note) == (MOST_LINES, "600 more lines")
    assert difference(b"x\n" * 10_000, b"y\n" * 10_000)[1].startswith("no text, or too long")


def test_what_the_solution_does_is_told_step_by_step(bundles: list[Bundle]) -> None:
    steps = steps_of(bundles[2])
    assert [(step.title, step.path) for step in steps] == [
        ("changes", "CHANGELOG.md"),
        ("changes", "deploy/services.yaml"),
    ]
    assert ("removed", "    limits: {memory_mb: 512, cpu: 0.5}   # image is pinned elsewhere") in steps[1].lines


def test_a_check_is_shown_with_all_that_speaks_of_it(subjects: dict[str, Subject]) -> None:
    ready = shown(next(s for s in subjects.values() if s.task == "order_totals"))
    check = ready.checks[0]
    assert (check.check.name, check.number) == ("totals_right", 1) and check.source.startswith("check totals_right {")
    (value,) = check.sealed
    assert (value.name, value.columns, value.rows[0]) == (
        "totals",
        ("customer", "orders", "total"),
        ("Ada", "2", "19.5"),
    )
    assert value.source.startswith("let totals = csv(orders)") and check.met and check.evidence is not None
    played = shown(next(s for s in subjects.values() if s.rollouts))
    (strip,) = played.strips
    assert (strip.passed, strip.counted, strip.mean) == (1, 2, 0.5)
    assert [message for _, message in played.checks[0].failing] == ["said of digest_right"]


def test_a_file_is_one_that_the_manifest_lists(bundles: list[Bundle]) -> None:
    found = shown_file(bundles[0], "public/workspace/input/orders.csv")
    assert (
        found is not None
        and found.path == "input/orders.csv"
        and found.text is not None
        and found.text.startswith("order,")
    )
    for name in ("bundle.json", "card.json", "input/orders.csv", "../x", ""):
        assert shown_file(bundles[0], name) is None


def test_tasks_that_are_alike_are_named(subjects: dict[str, Subject]) -> None:
    from dataclasses import replace

    one = next(iter(subjects.values()))
    twin = replace(
        one,
        bundle=replace(one.bundle, manifest=one.bundle.manifest.model_copy(update={"id": version(1), "task": "twin"})),
    )
    assert [(a.task, a.similarity) for a in alike(one, [*subjects.values(), twin])] == [("twin", 1.0)]


def test_a_verifier_that_is_kept_is_shown_as_it_is(tmp_path: Path) -> None:
    from tests.importers.test_pinchbench import task

    (tmp_path / "set" / "tasks").mkdir(parents=True)
    (tmp_path / "set" / "tasks" / "task_count.md").write_text(task(), encoding="utf-8")
    assert cli.run(["import", str(tmp_path / "set"), "--from", "pinchbench", "-o", str(tmp_path / "imported")]) == 0
    assert cli.run(["build", str(tmp_path / "imported"), "-o", str(tmp_path / "out")]) == 0
    subject = subject_of(load(tmp_path / "out" / "task_count"), None, frozenset(), (), None)
    ready = shown(subject)
    assert ready.told is None and not ready.checks and not ready.steps and "Count the rows" in ready.instruction
    assert any(name.endswith("grade.py") for name in ready.sources)
    assert "def grade(transcript" in prompt_of(ready)


def test_a_card_of_another_version_is_none(bundles: list[Bundle], tmp_path: Path) -> None:
    import shutil

    copy = Path(shutil.copytree(bundles[0].path, tmp_path / "copy"))
    for text, told_so in ((b"{}", "damaged"), (None, "another version")):
        card = json.loads((bundles[0].path / "card.json").read_bytes())
        card["key"]["bundle"] = "0" * 64
        (copy / "card.json").write_bytes(json.dumps(card).encode() if text is None else text)
        subject = subject_of(load(copy), None, frozenset(), (), None)
        assert subject.card is None and told_so in subject.standing


def test_strips_keep_agents_of_runs_apart() -> None:
    def one(run: str, agent: str, checks: float | None) -> Rollout:
        return Rollout(run, f"{run}{agent}{checks}", agent, 0, "ok", checks, (), 1.0, "", "")

    found = strips([one("a", "x", 1.0), one("a", "x", None), one("b", "x", 0.5)])
    assert [(s.run, s.agent, s.passed, s.counted, s.mean) for s in found] == [
        ("a", "x", 1, 1, 1.0),
        ("b", "x", 0, 1, 0.5),
    ]


def test_known_verdicts_beyond_one_in_twenty_are_left_out(subjects: dict[str, Subject]) -> None:
    ids = list(subjects)
    golds = [Gold(task="t", bundle_id=id, verdict="accept") for id in (*ids[:2], version(9))]
    kept, gold, strange = known(golds, subjects)
    assert len(kept) == 2 and len(gold) == 1 and set(gold) < set(ids[:2]) and strange == 1 and ids[2] in kept


def test_what_was_seen_fits_into_a_line(subjects: dict[str, Subject]) -> None:
    from dataclasses import replace

    one = next(s for s in subjects.values() if s.rollouts)
    bad = replace(one, standing="x" * 900, rollouts=tuple(replace(r, run="\udcff" * 700) for r in one.rollouts))
    seen = seen_of(bad, others=False)
    assert len(seen.card) == 500 and seen.model_dump_json()


@pytest.mark.parametrize("name", ["judged", "score"])
def test_what_judges_said_is_read_with_the_rollouts(subjects: dict[str, Subject], name: str) -> None:
    one = next(s for s in subjects.values() if s.rollouts)
    assert [bool(getattr(r, name)) for r in one.rollouts] == [False, True]
