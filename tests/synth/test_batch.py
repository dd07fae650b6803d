"""The loop that makes a set: screened, proved, taken; interrupted and continued; refused where it must not go on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from zlib import crc32

import pytest

from clawc.compiler.pipeline import Compiled, check
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.synth.batch import SEED_OF_TASKS, Outcome, Settings, synthesise
from clawc.runtime.synth.note import note, solution
from clawc.runtime.synth.rows import CardSummary
from clawc.runtime.synth.screen import Screen
from clawc.runtime.synth.structure import data_hash

CARD = CardSummary(
    level="admit",
    clean=True,
    wrong=40,
    killed=40,
    survived=0,
    equivalent=4,
    rejected=0,
    open=0,
    probes=8,
    bound="0.075",
)


class Prover:
    """Compiles every third source, and takes its card for granted; ends the batch after so many rounds."""

    def __init__(self, rounds: int = 1000) -> None:
        self.left = rounds
        self.seen: list[str] = []

    def __call__(self, paths: Sequence[Path]) -> Iterator[Outcome]:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        for path in paths:
            self.seen.append(path.stem)
            checked = (
                check(str(path), path.read_text(encoding="utf-8"), None, SEED_OF_TASKS)
                if crc32(path.stem.encode()) % 3 == 0
                else None
            )
            if checked is None or checked.diagnostics:
                yield Outcome(path, "refused")
                continue
            task = checked.tasks[0]
            files = solution(str(path), task)
            yield Outcome(path, "", CARD, "0" * 64, note(task, files), self.solved(files, task), 1)

    def solved(self, files: Mapping[str, bytes | None] | None, task: Compiled) -> int:
        return int(files is not None and task.trial.judge(files, [])["score_checks"] == "1")


class Disagreeing(Prover):
    """No reference solution passes."""

    def solved(self, files: Mapping[str, bytes | None] | None, task: Compiled) -> int:
        return 0


def test_what_a_solver_disagrees_with_is_not_taken(tmp_path: Path) -> None:
    """Where that goes on for long, the batch ends and says why."""
    with pytest.raises(RuntimeFault, match=r"R1005.*there are 0 tasks of 2.*the reference solver disagrees") as fault:
        synthesise(Settings(2, 3), tmp_path, Disagreeing(), None)
    assert "fewer tasks" in fault.value.help


def test_interrupted_and_continued(tmp_path: Path) -> None:
    """The same tasks as in a single go, and no round is proved twice."""
    settings = Settings(15, 3)
    whole = synthesise(settings, tmp_path / "whole", Prover(), None)
    assert len(whole.rows) == 15 and len({row.structure for row in whole.rows}) > 12
    assert whole.proposed > 30 and whole.dropped["refused"] > 15
    first, second, third = Prover(1), Prover(), Prover(0)
    with pytest.raises(KeyboardInterrupt):
        synthesise(settings, tmp_path / "parts", first, None)
    (tmp_path / "parts" / ".round-0001.jsonl.new").write_text("half a l")
    assert synthesise(settings, tmp_path / "parts", second, None) == whole
    assert not set(first.seen) & set(second.seen)
    assert synthesise(settings, tmp_path / "parts", third, None) == whole


@pytest.mark.sampled(4)
@pytest.mark.parametrize("rounds", [1, 2, 3, 5])
def test_interrupted_in_a_later_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rounds: int) -> None:
    """A round is drawn while the one before it is proved: what is drawn does not depend on where a batch was interrupted."""
    monkeypatch.setattr("clawc.runtime.synth.batch.ROUND", 5)
    settings = Settings(20, 5)
    whole = synthesise(settings, tmp_path / "whole", Prover(), None)
    with pytest.raises(KeyboardInterrupt):
        synthesise(settings, tmp_path / "parts", Prover(rounds), None)
    assert len(list((tmp_path / "parts").glob("round-*.jsonl"))) == rounds
    assert synthesise(settings, tmp_path / "parts", Prover(), None) == whole
    names = [path.name for path in sorted((tmp_path / "whole").glob("round-*.jsonl"))]
    assert len(names) > 5
    assert [(tmp_path / "parts" / name).read_bytes() for name in names] == [
        (tmp_path / "whole" / name).read_bytes() for name in names
    ]


def test_the_rows(tmp_path: Path) -> None:
    batch = synthesise(Settings(4, 9), tmp_path, Prover(), None)
    for row in batch.rows:
        assert row.files and row.instruction and "{{" not in row.instruction and row.operations and row.formats
        again = check("again.claw", row.source, None, row.seed)
        assert data_hash(again.tasks[0]) == row.data
    assert len({row.family for row in batch.rows}) > 1


def test_another_batch_is_not_continued(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({**Settings(4, 9).stored(), "seed": 8}))
    with pytest.raises(RuntimeFault, match="another seed"):
        synthesise(Settings(4, 9), tmp_path, Prover(), None)
    (tmp_path / "settings.json").write_text("[")
    with pytest.raises(RuntimeFault, match="no work folder"):
        synthesise(Settings(4, 9), tmp_path, Prover(), None)


def test_what_is_taken_no_second_time() -> None:
    screen = Screen(100, None)
    source, told = (
        "task t_1 { … }",
        "Add up the orders of the week by customer and write the sums into a file, highest first.",
    )
    assert screen.text("t_1", "office.records", source, told) == ""
    assert screen.text("t_2", "office.records", source.replace("t_1", "t_2"), told) == "exact duplicate"
    assert screen.text("t_3", "office.records", "task t_3 { let }", told + " Please.") == "near-duplicate by 3-grams"
    for number in range(2):
        text = " ".join(
            f"{word}{number}"
            for word in [
                "some",
                "other",
                "words",
                "that",
                "say",
                "a",
                "thing",
                "of",
                "their",
                "own",
                "and",
                "then",
                "more",
                "of",
                "it",
            ]
        )
        assert screen.text(f"o_{number}", "office.records", f"o_{number} {number}", f"Add up the {text}") == ""
    assert (
        screen.text("o_9", "office.records", "x", "Add up the rest of what was never said before in here")
        == "opening used too often"
    )
    assert [screen.structure("a", str(n)) for n in (1, 1, 2, 3, 4)] == [
        "",
        "same structure and data",
        "",
        "",
        "structure used too often",
    ]
