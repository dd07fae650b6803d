"""The journal of decisions under kills, torn lines, two writers, and strangers."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.review.ledger import DECISIONS, Ledger, read_ledger
from clawc.spec.review import ModelFailure
from tests.review.conftest import said, version

WRITER = """
import asyncio, sys
from pathlib import Path
from clawc.runtime.review.ledger import Ledger
from tests.review.conftest import said, version
async def main():
    ledger = Ledger(Path(sys.argv[1]))
    for n in range(int(sys.argv[3])):
        await ledger.append(said(version(n), sys.argv[2], "accept"))
        print(n, flush=True)
asyncio.run(main())
"""


def start(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip


def append(folder: Path, *entries: object) -> Ledger:
    ledger = Ledger(folder)

    async def work() -> None:
        for entry in entries:
            await ledger.append(entry)  # type: ignore[arg-type]

    asyncio.run(work())
    return ledger


def test_what_is_appended_is_there_for_all_who_read_the_folder(tmp_path: Path) -> None:
    reader = Ledger(tmp_path)
    reader.refresh()
    one, two = said(version(1), "Ada", "accept"), said(version(1), "Ada", "reject")
    append(tmp_path, one, two)
    reader.refresh()
    assert reader.decisions == [one, two] == read_ledger(tmp_path).decisions


def test_a_form_that_is_sent_twice_is_one_decision(tmp_path: Path) -> None:
    one = said(version(1), "Ada", "accept")
    ledger = append(tmp_path, one, one)
    assert ledger.decisions == [one] and (tmp_path / DECISIONS).read_bytes().count(b"\n") == 1


def test_a_failure_of_a_model_is_kept_and_is_no_decision(tmp_path: Path) -> None:
    failure = ModelFailure(
        key="0" * 32, task="t", bundle_id=version(1), reviewer="m", why="no JSON", at="2026-03-01T12:00:00Z"
    )
    ledger = append(tmp_path, failure, said(version(1), "Ada", "accept"))
    assert ledger.failures == [failure] and len(ledger.decisions) == 1 == len(read_ledger(tmp_path).failures)


@pytest.mark.parametrize("tail", [b'{"kind":"decision","task', b"\x00\x00\x00", b"{}\n", b'{"kind":"decision"}\n'])
def test_a_torn_line_is_passed_over_and_cut_when_something_is_appended(tmp_path: Path, tail: bytes) -> None:
    one, two = said(version(1), "Ada", "accept"), said(version(2), "Ada", "accept")
    append(tmp_path, one)
    with open(tmp_path / DECISIONS, "ab") as file:
        file.write(tail)
    assert read_ledger(tmp_path).decisions == [one]
    assert append(tmp_path, two).decisions == [one, two] == read_ledger(tmp_path).decisions
    assert tail.strip() not in (tmp_path / DECISIONS).read_bytes()


def test_a_damaged_line_before_others_is_said_with_its_place(tmp_path: Path) -> None:
    append(tmp_path, said(version(1), "Ada", "accept"))
    path = tmp_path / DECISIONS
    path.write_bytes(b"{}\n" + path.read_bytes())
    with pytest.raises(RuntimeFault, match="line 1` is damaged"):
        read_ledger(tmp_path)


def test_a_line_of_a_newer_format_is_not_guessed_at(tmp_path: Path) -> None:
    append(tmp_path, said(version(1), "Ada", "accept"))
    path = tmp_path / DECISIONS
    path.write_bytes(path.read_bytes().replace(b'"format_version":1', b'"format_version":2'))
    with pytest.raises(RuntimeFault) as fault:
        read_ledger(tmp_path)
    assert fault.value.code == "R0205"


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("", encoding="utf-8")
    (tmp_path / "review").mkdir()
    (tmp_path / "review" / DECISIONS).symlink_to(tmp_path / "mine")
    with pytest.raises(RuntimeFault) as fault:
        append(tmp_path / "review", said(version(1), "Ada", "accept"))
    assert fault.value.code == "R0206" and (tmp_path / "mine").read_bytes() == b""


def test_two_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    writers = [start(tmp_path, name, 25) for name in ("Ada", "Bo")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    found = read_ledger(tmp_path).decisions
    assert len(found) == 50
    for name in ("Ada", "Bo"):
        assert [d.bundle_id for d in found if d.reviewer == name] == [version(n) for n in range(25)]


def test_what_was_said_to_be_stored_outlives_a_kill_and_the_next_goes_on(tmp_path: Path) -> None:
    writer = start(tmp_path, "Ada", 10_000)
    assert writer.stdout is not None
    for _ in range(12):
        writer.stdout.readline()
    os.kill(writer.pid, signal.SIGKILL)
    told = 12 + len(writer.stdout.read().splitlines())
    writer.wait(10)
    found = read_ledger(tmp_path).decisions
    assert told <= len(found) <= told + 1
    assert len(append(tmp_path, said(version(1), "Bo", "accept")).decisions) == len(found) + 1


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    ledger = append(tmp_path, said(version(1), "Ada", "accept"), said(version(2), "Ada", "accept"))
    other = append(tmp_path / "other", said(version(3), "Bo", "accept"))
    os.replace(other.path, ledger.path)
    ledger.refresh()
    assert [d.reviewer for d in ledger.decisions] == ["Bo"]


def test_an_empty_folder_has_no_decisions(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match="no decisions"):
        read_ledger(tmp_path)
