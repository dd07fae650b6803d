"""Suites of strangers, read within bounds, and which tasks are in them."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from clawc.compiler.pipeline import build, check, write
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.bounds import Bounds
from clawc.runtime.synth import suite as module
from clawc.runtime.synth.leakage import leakage
from clawc.runtime.synth.structure import data_hash, structure
from clawc.runtime.synth.suite import Suite, SuiteTask
from tests.synth.letters import letters
from tests.synth.rows import digest, row

EXAMPLE = Path(__file__).parents[2] / "examples" / "order_totals.claw"
SAID = "Sum the orders of every client and write the totals, largest first, as a table with two columns."


def suite(*tasks: SuiteTask) -> Suite:
    return Suite("bench", tasks)


def test_each_kind_of_leak_is_found_and_nothing_else() -> None:
    mine = row(1, instruction=SAID)
    near = SAID.replace("as a table with two columns", "into a new file with three columns")
    same = suite(
        SuiteTask("shape", "quite another text", mine.structure, mine.data),
        SuiteTask("other data", "one more text", mine.structure, digest("other")),
        SuiteTask("words", SAID.upper().replace(",", " ;")),
        SuiteTask("near", near),
        SuiteTask("far", "Write a letter to each donor of last year, and thank them for what they gave."),
    )
    found = leakage([row(2), mine], [same], None)
    assert [(f.task, f.other, f.kind) for f in found] == [
        (mine.id, "shape", "structure"), (mine.id, "words", "exact"), (mine.id, "words", "lexical"), (mine.id, "near", "lexical"),
    ]  # fmt: skip
    assert 0.3 <= found[-1].value < 1 and {f.suite for f in found} == {"bench"}


def test_vectors_find_what_has_other_words() -> None:
    found = leakage([row(1, instruction="abba"), row(2, instruction="cd")], [suite(SuiteTask("x", "ab"))], letters())
    assert [(f.task, f.kind, f.value) for f in found] == [("task-0001", "semantic", 1.0)]
    assert leakage([], [suite()], letters()) == []


def test_all_forms_are_read(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    compiled = check(str(EXAMPLE), text).tasks[0]
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.claw").write_text(text, encoding="utf-8")
    write(build(compiled), tmp_path / "bundle")
    (tmp_path / "gym").mkdir()
    (tmp_path / "gym" / "data_entry.json").write_text(json.dumps({"task_id": "g", "user_query": "Gym?"}))
    (tmp_path / "rows.jsonl").write_text('{"instruction": "One."}\n\n{"user_query": "Two."}\n')
    (tmp_path / "data.jsonl").write_text('{"amount": 1}\n')
    found = Suite.of([tmp_path])
    assert found.problems == () and found.name == tmp_path.name
    told = {t.id: t for t in found.tasks}
    assert told.keys() == {"src/a.claw", "bundle", "gym", "rows.jsonl:1", "rows.jsonl:3"}
    for id in ("src/a.claw", "bundle"):
        assert told[id][1:] == (compiled.task.instruction, structure(compiled), data_hash(compiled))
    mine = row(1, instruction="Else.").model_copy(
        update={"structure": structure(compiled), "data": data_hash(compiled)}
    )
    assert {f.other for f in leakage([mine], [found], None)} == {"src/a.claw", "bundle"}


def test_one_source_is_read_with_what_lies_beside_it() -> None:
    found = Suite.of([EXAMPLE.parent / "settle_script" / "settle_script.claw"], "mine")
    assert found.name == "mine" and len(found.tasks) == 1 and found.tasks[0].structure


def test_rows_in_an_archive_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "suite.zip", "w") as archive:
        archive.writestr("rows.jsonl", '{"instruction": "One."}\n')
    assert [t.instruction for t in Suite.of([tmp_path / "suite.zip"]).tasks] == ["One."]


def laid(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in {"good.jsonl": b'{"instruction": "Good."}\n', **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


HOSTILE: dict[str, dict[str, bytes]] = {
    "deep": {"x/data_entry.json": b"[" * 100_000},
    "deep object": {"x/data_entry.json": b'{"a":' * 5_000 + b"1" + b"}" * 5_000},
    "many values": {"x/data_entry.json": b'{"user_query": "x", "y": [' + b"1," * 1_500_000 + b"1]}"},
    "large number": {"x/data_entry.json": b'{"user_query": "x", "n": ' + b"9" * 100_000 + b"}"},
    "infinite": {"x/data_entry.json": b'{"user_query": "x", "n": 1e999}'},
    "no object": {"x/data_entry.json": b'"user_query"'},
    "no text": {"x/data_entry.json": b'{"user_query": ["x"]}'},
    "not UTF-8": {"x/data_entry.json": b'{"user_query": "\xff"}'},
    "UTF-16 cut": {"x/data_entry.json": b"\xff\xfe{"},
    "not UTF-8, lines": {"x.jsonl": b'{"instruction": "a"}\n\xff\xfe\n'},
    "long line": {"x.jsonl": b'{"instruction": "a"}\n{"instruction": "' + b"a" * (5 << 20) + b'"}\n'},
    "long instruction": {"x.jsonl": b'{"instruction": "a"}\n{"instruction": "' + b"a" * (2 << 20) + b'"}\n'},
    "bad line": {"x.jsonl": b'{"instruction": "a"}\n{]\n'},
    "not a source": {"x.claw": b"claw 1\ntask {{{{ \x00"},
    "not UTF-8, source": {"x.claw": b"claw 1\n\xff"},
    "large source": {"x.claw": b"claw 1\n" + b"# x\n" * (1 << 20)},
    "empty bundle": {"b/bundle.json": b"{}"},
    "no bundle": {"b/bundle.json": b"[" * 100_000},
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_is_a_problem_and_the_rest_is_read(tmp_path: Path, name: str) -> None:
    found = Suite.of([laid(tmp_path, HOSTILE[name])])
    assert "Good." in {t.instruction for t in found.tasks}
    assert len(found.problems) == 1 and len(found.problems[0]) <= 1_000
    assert found.problems[0].startswith(next(iter(HOSTILE[name])).split("/")[0])
    assert leakage([row(1)], [found], None) == []


def test_no_link_leads_out_and_nothing_is_waited_for(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "data_entry.json").write_text('{"user_query": "Secret."}')
    folder = laid(tmp_path / "suite", {"x.claw": EXAMPLE.read_bytes()})
    (folder / "linked").symlink_to(secret)
    (folder / "data_entry.json").symlink_to(secret / "data_entry.json")
    (folder / "loop").symlink_to(folder)
    (folder / "y.claw").write_text(EXAMPLE.read_text().replace("input/orders.csv", "input/linked.csv"))
    os.mkfifo(folder / "pipe.jsonl")
    found = Suite.of([folder])
    assert {t.id for t in found.tasks if not t.structure} == {"good.jsonl:1"}
    assert "Secret." not in {t.instruction for t in found.tasks}


def test_asset_links_that_leave_the_suite_are_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_text("customer,amount\nsecret,1\n")
    text = EXAMPLE.read_text(encoding="utf-8")
    start = text.index("file orders")
    rest = text.index('"""', text.index('"""', start) + 3)
    end = text.index("}", rest)
    folder = laid(
        tmp_path / "suite", {"x.claw": (text[:start] + 'file orders "input/orders.csv"' + text[end + 1 :]).encode()}
    )
    (folder / "input").mkdir()
    (folder / "input" / "orders.csv").symlink_to(tmp_path / "outside.csv")
    found = Suite.of([folder])
    assert len(found.tasks) == 1 and len(found.problems) == 1


def test_large_files_are_not_read(tmp_path: Path) -> None:
    folder = laid(tmp_path, {"big.jsonl": b'{"instruction": "a"}\n', "big.claw": b""})
    os.truncate(folder / "big.jsonl", 300 << 20)
    os.truncate(folder / "big.claw", 300 << 20)
    assert sorted(p.split(":")[0] for p in Suite.of([folder]).problems) == ["big.claw", "big.jsonl"]


def test_a_source_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forever(work: object) -> dict[str, object]:
        while True:
            pass

    monkeypatch.setattr(module, "_compiled", forever)
    monkeypatch.setattr(module, "_BOUNDS", Bounds(cpu_s=0.2))
    found = Suite.of([laid(tmp_path, {"x.claw": b"claw 1\n"})])
    assert found.problems == ("x.claw: its time ran out",) and len(found.tasks) == 1


def test_too_many_tasks_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TASKS", 3)
    with pytest.raises(RuntimeFault, match="more than 3 tasks"):
        Suite.of([laid(tmp_path, {"x.jsonl": b'{"instruction": "a"}\n' * 5})])


def test_an_edited_bundle_is_a_problem(tmp_path: Path) -> None:
    write(build(check(str(EXAMPLE), EXAMPLE.read_text()).tasks[0]), tmp_path / "bundle")
    (tmp_path / "bundle" / "public" / "instruction.md").write_text("Edited.")
    found = Suite.of([laid(tmp_path, {})])
    assert [t.instruction for t in found.tasks] == ["Good."] and "edited bundle" in found.problems[0]


@pytest.mark.parametrize("name", ["nothing", "none.txt"])
def test_a_path_without_tasks_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "none.txt").write_text("x")
    with pytest.raises(RuntimeFault) as caught:
        Suite.of([tmp_path / name])
    assert caught.value.code == "R1003"
