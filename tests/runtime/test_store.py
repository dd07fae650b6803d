"""Run folders: durable, continued, and read without trust."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.records import EpisodeRecord, RunInfo, ScoreRecord, episode_id
from clawc.runtime.store import journal as journal_module
from clawc.runtime.store.index import INDEX, Entry, open_index
from clawc.runtime.store.journal import LINE_BYTES, open_to_read
from clawc.runtime.store.run_folder import EPISODES, open_store, read_attempts, read_run
from clawc.runtime.store.scores import open_scores
from tests.runtime.run_folders import INFO, record, write_run

FORMAT_1 = Path(__file__).parents[1] / "fixtures/runs/format1"


def last_of(folder: Path, info: RunInfo = INFO) -> dict[str, Entry]:
    """What a run that is continued knows, and nothing is added."""

    async def main() -> dict[str, Entry]:
        store = open_store(folder, info)
        await store.close()
        return store.last

    return asyncio.run(main())


def outcomes(folder: Path) -> dict[str, str]:
    return {episode: entry.outcome for episode, entry in last_of(folder).items()}


def indexed(folder: Path) -> int:
    """How many entries of the index are believed."""
    with open_to_read(folder / EPISODES) as file:
        index = open_index(folder, INFO.run_id, file)
        found = len(index.entries)
        index.drop() if not found else index.close()
    return found


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Three episodes: one well, one tried twice, one failed by the infrastructure."""
    folder = tmp_path / "run"
    write_run(
        folder,
        [
            record("e1", passed=(True, False)),
            record("e2", outcome="infra_error"),
            record("e3", outcome="infra_error"),
            record("e2", 2),
        ],
    )
    return folder


def test_the_last_attempt_counts_and_all_are_kept(run: Path) -> None:
    assert outcomes(run) == {"e1": "ok", "e2": "ok", "e3": "infra_error"}
    assert last_of(run)["e1"].failed_checks == ["c1"]
    info, records = read_run(run)
    assert info == INFO
    assert [r.key for r in records] == ["e1-a1", "e2-a2", "e3-a1"]
    assert [r.key for r in read_attempts(run)[1]] == ["e1-a1", "e2-a1", "e3-a1", "e2-a2"]
    lines = (run / EPISODES).read_bytes().splitlines()
    assert [EpisodeRecord.model_validate_json(line) for line in lines] == read_attempts(run)[1]


def test_the_index_covers_the_journal(run: Path) -> None:
    assert indexed(run) == 4
    write_run(run, [record(f"n{n}") for n in range(1500)])
    assert indexed(run) == 1504


def test_what_follows_the_index_is_read(run: Path) -> None:
    with open(run / EPISODES, "ab") as file:
        file.write(record("e4").model_dump_json().encode() + b"\n")
    assert indexed(run) == 4
    assert outcomes(run)["e4"] == "ok"
    assert indexed(run) == 5


def test_appends_share_syncs_and_do_not_wait_in_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first sync is held up until all other lines are written: one more is enough for all of them."""
    go, synced = threading.Event(), list[int]()

    def slow(fd: int) -> None:
        go.wait(30)
        os.fsync(fd)
        synced.append(os.fstat(fd).st_size)

    monkeypatch.setattr(journal_module, "_sync", slow)

    async def main() -> None:
        store = open_store(tmp_path / "run", INFO)
        appends = [asyncio.create_task(store.append(record(f"e{n}"))) for n in range(100)]
        while (tmp_path / "run" / EPISODES).read_bytes().count(b"\n") < 100:
            await asyncio.sleep(0.001)
        assert not any(append.done() for append in appends)
        go.set()
        await asyncio.gather(*appends)
        await store.close()

    asyncio.run(main())
    assert 1 <= len(synced) <= 2
    assert len(read_run(tmp_path / "run")[1]) == 100


def test_a_failed_sync_leaves_only_what_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(tmp_path / "run", [record("e1")])
    before = (tmp_path / "run" / EPISODES).read_bytes()

    def fail(fd: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(journal_module, "_sync", fail)

    async def main() -> None:
        store = open_store(tmp_path / "run", INFO)
        results = await asyncio.gather(*(store.append(record(f"n{n}")) for n in range(9)), return_exceptions=True)
        assert {getattr(result, "code", None) for result in results} == {"R0203"}
        with pytest.raises(RuntimeFault, match="no space left"):
            await store.append(record("later"))
        await store.close()

    asyncio.run(main())
    assert (tmp_path / "run" / EPISODES).read_bytes() == before
    assert outcomes(tmp_path / "run") == {"e1": "ok"}


def test_a_cancelled_append_is_finished_by_closing(tmp_path: Path) -> None:
    async def main() -> None:
        store = open_store(tmp_path / "run", INFO)
        append = asyncio.create_task(store.append(record("e1")))
        await asyncio.sleep(0)
        append.cancel()
        await store.append(record("e2"))
        await store.close()

    asyncio.run(main())
    assert outcomes(tmp_path / "run") == {"e1": "ok", "e2": "ok"}
    assert indexed(tmp_path / "run") == 2


def test_records_of_the_format_before_are_read_and_continued(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(FORMAT_1, folder)
    info, records = read_run(folder)
    assert len(records) == len(read_attempts(folder)[1]) == 4
    assert {r.task for r in records} == {r.template for r in records} == {"order_totals", "room_clashes"}
    assert {(r.format_version, r.attempt) for r in records} == {(2, 1)}
    assert records[0].key == "order_totals-00332167797d-0001"
    planned = {episode_id(r.task, r.bundle_id, info.agent, r.seed) for r in records}
    assert set(last_of(folder, info)) == planned
    old = (folder / EPISODES).read_bytes()
    (folder / EPISODES).write_bytes(
        old + old.splitlines(keepends=True)[0].replace(b'"outcome":"ok"', b'"outcome":"truncated"')
    )
    assert [r.outcome for r in read_run(folder)[1]] == ["truncated", "ok", "ok", "ok"]


# An index that is none, or not of this journal. Each is made in the folder of a run.


def _rows(run: Path, *statements: str) -> None:
    database = sqlite3.connect(run / INDEX)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


def _other_run(run: Path) -> None:
    write_run(run.parent / "other", [record("e9")], INFO.model_copy(update={"run_id": "r2"}))
    shutil.copy(run.parent / "other" / INDEX, run / INDEX)


def _instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def change(run: Path) -> None:
        (run / INDEX).unlink()
        make(run / INDEX)

    return change


def _write_through(run: Path) -> None:
    (run.parent / "outside").write_text("mine")
    for name in (INDEX, f"{INDEX}-journal", f"{INDEX}-wal"):
        if name == INDEX:
            (run / name).unlink()
        (run / name).symlink_to(run.parent / "outside")


LIES: dict[str, Callable[[Path], object]] = {
    "absent": lambda run: (run / INDEX).unlink(),
    "empty": lambda run: (run / INDEX).write_bytes(b""),
    "text": lambda run: (run / INDEX).write_text("no database"),
    "half": lambda run: os.truncate(run / INDEX, (run / INDEX).stat().st_size // 2),
    "an outcome": lambda run: _rows(run, "UPDATE entries SET outcome = 'ok'"),
    "an episode more": lambda run: _rows(
        run, "INSERT INTO entries SELECT offset + length, 1, 'x-a1', 'x', 1, 't', 'ok', '1', '1', '[]' FROM entries"
        " ORDER BY offset DESC LIMIT 1"),
    "an episode less": lambda run: _rows(run, "DELETE FROM entries WHERE episode = 'e3'"),
    "types": lambda run: _rows(run, "UPDATE entries SET outcome = x'00ff', length = 'long'"),
    "covers more": lambda run: _rows(run, "UPDATE meta SET value = '99999999' WHERE name = 'covered'"),
    "covers nonsense": lambda run: _rows(run, "UPDATE meta SET value = 'all' WHERE name = 'covered'"),
    "no seal": lambda run: _rows(run, "DELETE FROM meta WHERE name = 'seal'"),
    "a view": lambda run: _rows(
        run, "ALTER TABLE entries RENAME TO old", "CREATE VIEW entries AS SELECT * FROM old WHERE outcome = 'ok'"),
    "a trigger": lambda run: _rows(
        run, "CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END"),
    "another run": _other_run,
    "a folder": _instead(lambda path: path.mkdir()),
    "a pipe": _instead(os.mkfifo),
    "links": _write_through,
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_the_journal_decides(run: Path, lie: str) -> None:
    LIES[lie](run)
    assert outcomes(run) == {"e1": "ok", "e2": "ok", "e3": "infra_error"}
    write_run(run, [record("e3", 2)])
    assert outcomes(run) == {"e1": "ok", "e2": "ok", "e3": "ok"}
    assert indexed(run) == (0 if lie == "a folder" else 5)
    outside = run.parent / "outside"
    assert not outside.exists() or outside.read_text() == "mine"


def test_an_index_of_another_user_is_made_anew(run: Path) -> None:
    """A seal is a matter of one user's key; here the process that reads has another one."""
    program = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2]);"
        "from tests.runtime.test_store import indexed; print(indexed(Path(sys.argv[1])))"
    )
    import subprocess
    import sys

    arguments = [sys.executable, "-c", program, str(run), str(Path(__file__).parents[2])]
    for cache, believed in ((os.environ["CLAWC_CACHE"], "4"), (str(run.parent / "cache"), "0")):
        done = subprocess.run(arguments, env={**os.environ, "CLAWC_CACHE": cache}, capture_output=True, text=True)
        assert done.stdout.strip() == believed, done.stderr


def test_a_journal_that_shrank_or_changed_is_read_anew(run: Path) -> None:
    lines = (run / EPISODES).read_bytes().splitlines(keepends=True)
    (run / EPISODES).write_bytes(b"".join(lines[:2]))
    assert outcomes(run) == {"e1": "ok", "e2": "infra_error"}
    (run / EPISODES).write_bytes(b"".join(lines).replace(b'"outcome":"infra_error"', b'"outcome":"agent_error"'))
    assert outcomes(run)["e3"] == "agent_error"


GOOD = record("good").model_dump_json().encode()


def _with(**changes: object) -> bytes:
    return json.dumps({**json.loads(GOOD), **changes}).encode()


# Lines that are no records, with the code of the fault. A whole record follows each.
BAD_LINES: dict[str, tuple[bytes, str]] = {
    "text": (b"what", "R0206"),
    "nothing": (b"", "R0206"),
    "a list": (b"[1]", "R0206"),
    "half": (GOOD[:-20], "R0206"),
    "zeros": (b"\0" * 100, "R0206"),
    "not utf-8": (GOOD.replace(b"good", b"\xff\xfe"), "R0206"),
    "a surrogate": (GOOD.replace(b'"final":""', b'"final":"\\ud800"'), "R0206"),
    "deep": (GOOD.replace(b'"checks":[', b'"checks":' + b"[" * 100_000), "R0206"),
    "deep elsewhere": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "R0206"),
    "nan": (_with(seconds={"agent": float("nan")}), "R0206"),
    "infinity": (GOOD.replace(b"0.5", b"1e999"), "R0206"),
    "types": (_with(attempt=[1]), "R0206"),
    "a field more": (_with(extra=1), "R0206"),
    "a field less": (GOOD.replace(b'"outcome":"ok",', b""), "R0206"),
    "a large number": (_with(attempt=10**4000), "R0206"),
    "a huge number": (GOOD.replace(b'"seed":0', b'"seed":' + b"9" * 100_000), "R0206"),
    "attempt 0": (_with(attempt=0), "R0206"),
    "another attempt": (_with(attempt=2), "R0206"),
    "a path as a key": (_with(key="../../outside"), "R0206"),
    "a key on two lines": (_with(key="x\n"), "R0206"),
    "a score": (_with(score="1e999999"), "R0206"),
    "a score too high": (_with(score="1.1"), "R0206"),
    "a credit": (GOOD.replace(b'"credit":"1"', b'"credit":"Infinity"'), "R0206"),
    "a weight": (GOOD.replace(b'"weight":"1"', b'"weight":"1e99"'), "R0206"),
    "the same key": (GOOD, "R0206"),
    "newer": (_with(format_version=3), "R0205"),
    "newest": (_with(format_version=10**300), "R0205"),
    "too new": (b'{"format_version":1' + b"0" * 400 + b"}", "R0206"),
    "format 1 without a task": (b'{"format_version":1,"key":"k"}', "R0206"),
    "too long": (_with(final="x" * LINE_BYTES), "R0206"),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_lines_that_are_no_records(tmp_path: Path, case: str) -> None:
    write_run(tmp_path / "run", [record("e1")])
    line, code = BAD_LINES[case]
    path = tmp_path / "run" / EPISODES
    path.write_bytes(path.read_bytes() + line + b"\n" + GOOD + b"\n")
    before = path.read_bytes()
    for reading in (read_run, read_attempts, last_of):
        with pytest.raises(RuntimeFault, match=r"line [23]") as fault:
            reading(tmp_path / "run")
        assert fault.value.code == code
    assert path.read_bytes() == before


def test_the_last_of_equal_names_counts_everywhere(tmp_path: Path) -> None:
    write_run(tmp_path / "run", [record("e1")])
    path = tmp_path / "run" / EPISODES
    path.write_bytes(path.read_bytes().replace(b'"outcome":"ok"', b'"outcome":"ok","outcome":"truncated"'))
    assert outcomes(tmp_path / "run") == {"e1": "truncated"}
    assert [r.outcome for r in read_run(tmp_path / "run")[1]] == ["truncated"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "R0206"),
        (b"{", "R0206"),
        (b"[]", "R0206"),
        (b"[" * 100_000, "R0206"),
        (b'{"format_version": 2}', "R0205"),
        (b'{"format_version": 1}', "R0206"),
        (b" " * (LINE_BYTES + 1), "R0206"),
    ],
)
def test_a_run_file_that_is_none(run: Path, data: bytes, code: str) -> None:
    (run / "run.json").write_bytes(data)
    for reading in (read_run, last_of):
        with pytest.raises(RuntimeFault) as fault:
            reading(run)
        assert fault.value.code == code


def _linked(run: Path, name: str) -> None:
    shutil.move(run / name, run.parent / "outside")
    (run / name).symlink_to(run.parent / "outside")


def _hard_linked(run: Path) -> None:
    os.link(run / EPISODES, run.parent / "outside")


@pytest.mark.parametrize("name", ["run.json", EPISODES])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "device"])
def test_other_things_in_the_place_of_files(run: Path, name: str, kind: str) -> None:
    if kind == "link":
        _linked(run, name)
    else:
        (run / name).unlink()
    if kind == "pipe":
        os.mkfifo(run / name)
    if kind == "folder":
        (run / name).mkdir()
    if kind == "device":
        (run / name).symlink_to("/dev/zero")
    for reading in (read_run, last_of):
        with pytest.raises(RuntimeFault) as fault:
            reading(run)
        assert fault.value.code == "R0206"


def test_a_journal_with_another_name_is_not_written_to(run: Path) -> None:
    _hard_linked(run)
    with pytest.raises(RuntimeFault, match="not a regular file of its own"):
        last_of(run)
    assert len(read_run(run)[1]) == 3


def test_attempts_are_played_inside_the_run_folder(run: Path) -> None:
    outside = run.parent / "outside"
    outside.mkdir()
    (outside / "kept").write_text("mine")

    async def folder(key: str) -> Path:
        store = open_store(run, INFO)
        try:
            return await store.attempt_folder(key)
        finally:
            await store.close()

    made = asyncio.run(folder("e3-a2"))
    (made / "left").write_text("of a killed one")
    assert list(asyncio.run(folder("e3-a2")).iterdir()) == []
    made.rmdir()
    made.symlink_to(outside)
    assert not asyncio.run(folder("e3-a2")).is_symlink()
    shutil.rmtree(run / "episodes")
    (run / "episodes").symlink_to(outside)
    with pytest.raises(RuntimeFault, match="is not a folder"):
        asyncio.run(folder("e3-a2"))
    (run / "run.json.new").symlink_to(outside / "kept")
    last_of(run, INFO.model_copy(update={"episodes": 9}))
    assert [p.name for p in outside.iterdir()] == ["kept"] and (outside / "kept").read_text() == "mine"
    assert read_run(run)[0].episodes == 9


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match="not a run folder") as fault:
        read_run(tmp_path)
    assert fault.value.code == "R0201"
    (tmp_path / "file").write_text("")
    with pytest.raises(RuntimeFault):
        last_of(tmp_path / "file")
    write_run(tmp_path / "run", [record("e1")])
    (tmp_path / "run/run.json").unlink()
    with pytest.raises(RuntimeFault, match=r"no run\.json"):
        last_of(tmp_path / "run")


def scored(key: str, score: str, judged: str, task: str = "t") -> ScoreRecord:
    return ScoreRecord(
        key=key, task=task, bundle_id="1" * 64, outcome="ok", score=score, score_checks=score, C=score, V="1",
        judged=judged, seconds={})  # fmt: skip


def write_scores(folder: Path, id: str, records: list[ScoreRecord]) -> None:
    async def main() -> None:
        store = open_scores(folder, id)
        for each in records:
            await store.append(each)
        await store.close()

    asyncio.run(main())


def test_rescorings_lie_over_the_first_scores(run: Path) -> None:
    old, new = "0" * 16, "f" * 16
    write_scores(run, new, [scored("e1-a1", "0.25", "2026-01-02"), scored("e2-a2", "0.5", "2026-01-02", task="u")])
    write_scores(run, old, [scored("e1-a1", "0.75", "2026-01-03")])

    def scores(scoring: str) -> list[str | None]:
        return [r.score for r in read_run(run, scoring)[1]]

    assert scores("original") == ["0", "1", None]
    assert scores(new) == ["0.25", "1", None]
    assert scores("latest") == scores(old) == ["0.75", "1", None]
    assert [r.score for r in read_attempts(run)[1]] == ["0", None, None, "1"]
    with pytest.raises(RuntimeFault, match="no re-scoring") as fault:
        scores("../run")
    assert fault.value.code == "R0209"


@pytest.mark.parametrize("line", [b"what\n", b'{"format_version":2}\n', b'{"format_version":1,"key":"../x"}\n'])
def test_scores_that_are_none(run: Path, line: bytes) -> None:
    write_scores(run, "0" * 16, [scored("e1-a1", "0.5", "2026-01-02")])
    path = run / "scores" / f"{'0' * 16}.jsonl"
    path.write_bytes(line + path.read_bytes())
    with pytest.raises(RuntimeFault, match="line 1"):
        read_run(run)
    with pytest.raises(RuntimeFault, match="line 1"):
        open_scores(run, "0" * 16)
    assert len(read_run(run, "original")[1]) == 3


def test_a_torn_score_is_cut(run: Path) -> None:
    write_scores(run, "0" * 16, [scored("e1-a1", "0.5", "2026-01-02")])
    path = run / "scores" / f"{'0' * 16}.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:30])
    write_scores(run, "0" * 16, [scored("e2-a2", "0.5", "2026-01-02")])
    assert path.read_bytes().startswith(whole) and path.read_bytes().count(b"\n") == 2
    _linked(run, "scores")
    with pytest.raises(RuntimeFault, match="is not a folder"):
        read_run(run)
    with pytest.raises(RuntimeFault, match="is not a folder"):
        open_scores(run, "0" * 16)
