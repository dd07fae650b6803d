"""`clawc review` on the command line: a model alone, the export, what is refused, and a server that ends on a signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from clawc import cli
from clawc.runtime.review.ledger import read_ledger
from tests.review.conftest import said, version
from tests.suite.suites import SIX, calibrated

ROOT = Path(__file__).parents[2]
FINE = json.dumps({"verdict": "accept", "findings": [], "notes": ""})


def script(folder: Path, text: str) -> str:
    path = folder / "model.json"
    path.write_text(json.dumps([{"text": text}]), encoding="utf-8")
    return f"scripted:{path}"


def test_a_model_reviews_alone_and_the_export_says_what_it_said(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "review"
    assert cli.run(["review", str(built), "--model", script(tmp_path, FINE), "--model-only", "-o", str(out)]) == 0
    assert "voted on 3 tasks" in capsys.readouterr().err
    assert cli.run(["review", str(built), "--export", "-o", str(out)]) == 0
    said_so = capsys.readouterr()
    lines = [json.loads(line) for line in said_so.out.splitlines()]
    assert len(lines) == 3 and {line["role"] for line in lines} == {"model"}
    assert "3 tasks: 0 closed, 0 disputed, 3 open" in said_so.err
    assert cli.run(["review", "--export", "-o", str(out)]) == 0
    assert capsys.readouterr().out == said_so.out


def test_a_model_that_fails_is_exit_1_and_no_vote(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "review"
    assert (
        cli.run(
            ["review", str(built / "order_totals"), "--model", script(tmp_path, "no"), "--model-only", "-o", str(out)]
        )
        == 1
    )
    assert "no vote on order_totals" in capsys.readouterr().err and not read_ledger(out).decisions


def test_sources_and_suites_are_reviewed_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "review"
    source = ROOT / "examples" / "order_totals.claw"
    assert cli.run(["review", str(source), "--model", script(tmp_path, FINE), "--model-only", "-o", str(out)]) == 0
    assert read_ledger(out).decisions[0].task == "order_totals"
    (tmp_path / "order_totals.claw").write_bytes(source.read_bytes())
    (tmp_path / "small.claw").write_text(
        'claw 1\nsuite small {\n  title = "Small"\n  tasks = ["order_totals.claw"]\n}\n', encoding="utf-8"
    )
    assert cli.run(["bench", "build", str(tmp_path / "small.claw"), "--unproved", "-o", str(tmp_path / "suite")]) == 0
    capsys.readouterr()
    assert cli.run(["review", str(tmp_path / "suite"), "--export", "-o", str(out)]) == 0
    assert "1 task: 0 closed, 0 disputed, 1 open" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "told"), [
    ([], "there is nothing to review"),
    (["SUITE"], "nobody is named"),
    (["SUITE", "--as", "  "], "nobody is named"),
    (["SUITE", "--as", "a\nb", "--gold", "GOLD"], "no known verdict"),
    (["SUITE", "--as", "a\nb"], "no name of a reviewer"),
    (["SUITE", "--model-only"], "no model is named"),
    (["SUITE", "--as", "Ada", "--gold", "NONE"], "there is no file"),
    (["SUITE", "--as", "Ada", "--runs", "NONE"], "not a run folder"),
    (["SUITE", "--as", "Ada", "--calibration", "NONE"], "no calibration"),
    (["--export", "-o", "NONE"], "no decisions"),
])  # fmt: skip
def test_what_cannot_be_meant_is_said(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"task": "x"}\n', encoding="utf-8")
    places = {"SUITE": str(built), "NONE": str(tmp_path / "none"), "GOLD": str(gold)}
    given = [places.get(each, each) for each in arguments]
    assert cli.run(["review", *given, *([] if "-o" in given else ["-o", str(tmp_path / "review")])]) == 2
    assert told in capsys.readouterr().err


def test_known_verdicts_are_counted_in_the_export(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import asyncio

    from clawc.runtime.review.ledger import Ledger

    id = json.loads((built / "order_totals" / "bundle.json").read_text("utf-8"))["id"]
    gold = tmp_path / "gold.jsonl"
    gold.write_text(
        json.dumps({"task": "order_totals", "bundle_id": id, "verdict": "accept"}) + "\n"
        + json.dumps({"task": "gone", "bundle_id": version(1), "verdict": "reject"}) + "\n", encoding="utf-8",
    )  # fmt: skip
    asyncio.run(Ledger(tmp_path / "review").append(said(id, "Ada", "accept", task="order_totals")))
    assert cli.run(["review", str(built), "--export", "--gold", str(gold), "-o", str(tmp_path / "review")]) == 0
    told = capsys.readouterr().err
    assert "Ada: 1 of 1 known verdicts" in told and "1 known verdicts are of versions that are not here" in told


def test_the_server_says_where_it_is_and_ends_on_a_signal(built: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "clawc", "review", str(built), "--as", "Ada", "-o", str(tmp_path / "review")]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=tmp_path
    )
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:") and "?token=" in address
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(address, timeout=20) as page:
            assert "Review of 3 tasks" in page.read().decode()
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    finally:
        server.kill()
        server.wait()


def test_a_calibration_is_read_and_what_is_none_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calibration = tmp_path / "calibration.json"
    calibration.write_text(calibrated(tmp_path / "suite", SIX).model_dump_json(), encoding="utf-8")
    bundles = tmp_path / "suite" / "bundles"
    model = ["--model", script(tmp_path, FINE), "--model-only"]
    asked = ["review", str(bundles), *model, "-o", str(tmp_path / "review"), "--calibration"]
    assert cli.run([*asked, str(calibration)]) == 0
    assert "voted on 6 tasks" in capsys.readouterr().err
    assert cli.run([*asked, str(tmp_path / "none.json")]) != 0
    assert "there is no calibration" in capsys.readouterr().err
