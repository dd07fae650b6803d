"""`python` blocks of checks: run by the runtime in a sandbox, over what the agent left."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawc.compiler.pipeline import check
from clawc.runtime.bundle import Bundle
from clawc.runtime.run import run_closing
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.scoring.score import score
from tests.runtime.test_many_files import VALID, built, played

RIGHT = "#......#\n.######.\n.######.\n#......#\n"


def judged(bundle: Bundle, folder: Path, tile: str | None) -> dict[str, tuple[str, str]]:
    folder.mkdir()
    (folder / "note.txt").write_text("# and .")
    if tile is not None:
        (folder / "tile.txt").write_text(tile)
    backend = Bubblewrap()
    found = run_closing(score(bundle, folder, backend), backend, "again")
    assert found.verdict is not None, found.fault
    return {c.name: (c.credit, c.message) for c in found.verdict.checks}


def test_conditions_shares_texts_and_assertions(tmp_path: Path) -> None:
    bundle = built("python_block", tmp_path / "b")
    assert played(bundle, "oracle", tmp_path / "oracle").score == "1"
    assert played(bundle, "null", tmp_path / "null").score == "0"
    assert judged(bundle, tmp_path / "right", RIGHT) == {"mirrored": ("1", ""), "both": ("1", "")}
    crooked = judged(bundle, tmp_path / "crooked", RIGHT.replace("#......#", "##......"))
    assert crooked["mirrored"][0] == "0.5" and crooked["both"][0] == "1"
    short = judged(bundle, tmp_path / "short", "#\n")
    assert short == {"mirrored": ("0", "not 4 lines of 8 signs"), "both": ("0", "too few of ['#', '.']")}
    missing = judged(bundle, tmp_path / "missing", None)
    assert "FileNotFoundError" in missing["mirrored"][1]


BODIES = {
    "while True: pass": "took too long",
    "import os; os._exit(0)": "gave no answer",
    "import os; os.write(1, b'{\"value\": true}'); return False": "the check says no",
    "return float('nan')": "gave no answer",
    "return 1e400": "gave no answer",
    "return 'x' * 10_000_000": "",
    "raise SystemExit(0)": "gave no answer",
    "return {'a': 1}": None,
    "raise ValueError('no')": "ValueError",
    "return -3": "the check says no",
    "import sys; sys.stdout.write('x' * 100_000_000); return False": "",
}  # fmt: skip


@pytest.mark.sampled(6)
@pytest.mark.parametrize("body", BODIES)
def test_whatever_the_code_does_there_is_a_verdict(body: str, tmp_path: Path) -> None:
    source = (VALID / "python_block.claw").read_text(encoding="utf-8")
    start = source.index("        from collections"), source.index('        """\n      expect mentions')
    source = f"{source[: start[0]]}        def check(workspace):\n            {body}\n{source[start[1] :]}"
    spec = tmp_path / "s.claw"
    spec.write_text(source, encoding="utf-8")
    from clawc.commands.compiling import build_all
    from clawc.commands.sources import check_file
    from clawc.runtime.bundle import load

    checked = check_file(spec)
    assert checked.ok, checked.diagnostics
    build_all(checked.tasks, tmp_path / "b")
    said = judged(load(tmp_path / "b" / "python_block"), tmp_path / "w", RIGHT)
    expected = BODIES[body]
    assert (said["both"][0] == "1") == (expected is None)
    assert (expected or "") in said["both"][1]
    assert said["mirrored"] == ("1", "")


@pytest.mark.parametrize(
    "code",
    [
        "x" * 70_000,
        "def check(a, b): pass",
        "def check(w): pass\ndef check(w): pass",
        "(" * 5000,
        "-" * 50_000 + "1",
        "\\0",
        "class check: pass",
    ],
    ids=range(7),
)
def test_code_that_is_no_check_is_said_when_it_is_compiled(code: str) -> None:
    source = (VALID / "python_block.claw").read_text(encoding="utf-8")
    start, end = source.index("        from collections"), source.index('        """\n      expect mentions')
    found = check("x.claw", source[:start] + code + "\n" + source[end:])
    assert "E0616" in {d.code for d in found.diagnostics}
