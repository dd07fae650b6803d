"""How far a training is, read from a file that grows, is cut, or holds something else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clawc.commands.train_watch import plot_command, watch_command
from clawc.exits import OK, UserError
from clawc.runtime.engine.local.packages import found
from clawc.runtime.train.progress import MetricsReader, panel, plain_line, sparkline
from clawc.runtime.train.records import METRICS


def write(folder: Path, *steps: int, loss: float = 2.0, mode: str = "a") -> None:
    with open(folder / METRICS, mode) as file:
        for step in steps:
            line = {"step": step, "steps": 10, "at": 100.0 + step, "loss": loss / step, "num_tokens": 50.0 * step, "grad_norm": 0.5, "learning_rate": 1e-4}  # fmt: skip
            file.write(json.dumps(line) + "\n")


def test_what_is_new_is_read(tmp_path: Path) -> None:
    reader = MetricsReader(tmp_path)
    assert reader.look().step == 0
    write(tmp_path, 1, 2)
    with open(tmp_path / METRICS, "a") as file:
        file.write('{"step": 3, "steps"')
    progress = reader.look()
    assert (progress.step, progress.steps, progress.tokens) == (2, 10, 100)
    assert progress.per_second() == (1.0, 50.0)
    with open(tmp_path / METRICS, "a") as file:
        file.write(': 10, "at": 103.0, "loss": 0.5, "eval_loss": 0.7}\n')
    assert reader.look().losses[-1] == (3, 0.5) and reader.progress.held_out == [(3, 0.7)]
    assert "step 3 of 10, loss 0.5000 (2.0000 at first), held-out loss 0.7000" in plain_line(reader.progress)


def test_a_training_that_goes_on_is_read_anew(tmp_path: Path) -> None:
    reader = MetricsReader(tmp_path)
    write(tmp_path, 1, 2, 3, 4)
    assert reader.look().step == 4
    (tmp_path / METRICS).rename(tmp_path / "old")
    write(tmp_path, 1, 2, 3)
    assert reader.look().step == 3 and len(reader.progress.losses) == 3


def test_what_is_no_report_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / METRICS).write_bytes(
        b'[]\n\xff\xfe\n{"step": "x", "at": []}\n{"step": true, "at": 1}\n' + b"[" * 9000 + b"\n"
    )
    write(tmp_path, 1)
    assert MetricsReader(tmp_path).look().losses == [(1, 2.0)]


def test_blocks_are_as_high_as_values() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([5.0] * 100, 10) == "▁" * 10
    assert sparkline([], 10) == ""


def test_the_box_has_bar_losses_and_rates(tmp_path: Path) -> None:
    from rich.console import Console

    write(tmp_path, 1, 2, 3)
    console = Console(width=60, record=True, file=open(tmp_path / "said", "w"), force_terminal=True)  # noqa: SIM115
    console.print(panel(MetricsReader(tmp_path).look(), "one [bold]", 60))
    text = console.export_text()
    assert "one [bold]" in text and "3 of 10" in text and "█" in text and "7 s" in text


def test_a_look_says_how_far_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="R0995"):
        watch_command(tmp_path, True)
    write(tmp_path, 1, 2)
    (tmp_path / "training.json").write_text(
        json.dumps({"base": {"name": "a", "path": "a", "sha256": ""}, "rows": 1, "rows_sha256": "", "tokens": 1, "trained_tokens": 1, "result": {"steps": 2, "seconds": 1.0}})
    )  # fmt: skip
    assert watch_command(tmp_path, True) == OK
    assert capsys.readouterr().out == "step 2 of 10, loss 1.0000 (2.0000 at first), learning rate 1.00e-04, gradient norm 0.500, tokens a second 50, left 8 s; finished\n"  # fmt: skip
    assert watch_command(tmp_path, False) == OK


def test_curves_are_drawn_the_same_each_time(tmp_path: Path) -> None:
    if not found("matplotlib"):
        pytest.skip("matplotlib is not installed: pip install 'clawc[train]'")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, *range(1, 9))
    pictures: list[bytes] = []
    for name in ("a.svg", "b.svg"):
        assert plot_command([tmp_path / "one", tmp_path / "two"], tmp_path / name) == OK
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0] == pictures[1] and b"<svg" in pictures[0]
    with pytest.raises(UserError, match="no kind of picture"):
        plot_command([tmp_path / "one"], tmp_path / "a.exe")
    (tmp_path / "three").mkdir()
    with pytest.raises(UserError, match="no report of a step"):
        plot_command([tmp_path / "three"], tmp_path / "c.svg")


def test_curves_have_names_that_tell_them_apart() -> None:
    from clawc.runtime.train.plots import _names  # pyright: ignore[reportPrivateUsage]

    folders = [Path("/runs/seed-0/grpo"), Path("/runs/seed-1/grpo"), Path("/runs/other"), Path("/runs/other")]
    assert _names(folders) == ["seed-0/grpo", "seed-1/grpo", "other", "other 2"]
