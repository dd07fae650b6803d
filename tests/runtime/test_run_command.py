"""Running from the command line: what a refused or interrupted command leaves, where output goes, what paths stand for."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from clawc.commands.faults import stopping
from clawc.commands.progress import progress_bar, progress_text
from clawc.commands.sources import find_sources
from clawc.exits import UserError
from clawc.runtime.store.journal import fault_of

SOURCE = """claw 1

## Total orders.
task sums {
  title = "Total the orders"
  workspace { file orders "input/orders.csv" { content = "customer,amount\\nAda,12.50\\nBela,3.20\\nAda,7.00\\n" } }
  let totals = csv(orders) | group customer, total = sum(amount) | sort -total, customer
  deliver report "output/totals.csv" { columns = columns(totals) }
  instruction = "Read {{ path.orders }} and write {{ path.report }}: customer and total, sorted by total, highest first."
  verify {
    check right {
      because = "sorted by total, highest first"
      expect rows(report) == totals within 0.005
    }
  }
}
"""
FULL = Path("/dev/full")


def clawc(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clawc", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with one source."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "sums.claw").write_text(SOURCE)
    return folder


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--agent", "foo"], "unknown agent `foo`"),
        (["--agent", "scripted:broken.json"], "invalid JSON: EOF"),
        (["--agent", "scripted:/dev/zero"], "larger than 16 MiB"),
        (["--deadline", "nan"], "no number of seconds"),
    ],
)
def test_a_refused_run_leaves_nothing(project: Path, options: list[str], words: str) -> None:
    (project / "broken.json").write_text("{")
    for out in ([], ["-o", "here/run"]):
        done = clawc("run", "sums.claw", *options, *out, folder=project)
        assert done.returncode == 2 and words in done.stderr, done.stderr
        assert sorted(os.listdir(project)) == ["broken.json", "sums.claw"]


@pytest.mark.usefixtures("works")
def test_another_task_leaves_the_bundles_of_a_run_alone(project: Path) -> None:
    assert clawc("run", "sums.claw", "-o", "run", folder=project).returncode == 0
    manifest = (project / "run/bundles/sums/bundle.json").read_bytes()
    (project / "sums.claw").write_text(SOURCE.replace("0.005", "0.05"))
    again = clawc("run", "sums.claw", "-o", "run", folder=project)
    assert again.returncode == 2 and "another task" in again.stderr
    assert (project / "run/bundles/sums/bundle.json").read_bytes() == manifest
    rescored = clawc("rescore", "run", folder=project)
    assert rescored.returncode == 0 and "1 episode judged\n0 scores changed\n" in rescored.stdout
    # Bundles that somebody has removed come back with the source they were made from.
    (project / "sums.claw").write_text(SOURCE)
    shutil.rmtree(project / "run/bundles")
    assert clawc("run", "sums.claw", "-o", "run", "-n", "2", folder=project).returncode == 0
    assert (project / "run/bundles/sums/bundle.json").read_bytes() == manifest


@pytest.mark.usefixtures("works")
def test_another_script_of_the_same_name_is_another_agent(project: Path) -> None:
    script = project / "calls.json"
    arguments = ("run", "sums.claw", "--agent", "scripted:calls.json", "-o", "run")
    script.write_text('[{"tool": "final", "text": "a"}]')
    assert clawc(*arguments, folder=project).returncode == 0
    script.write_text('[{"tool": "final", "text": "b"}]')
    done = clawc(*arguments, folder=project)
    assert done.returncode == 2 and "another agent" in done.stderr


@pytest.mark.usefixtures("works")
def test_what_paths_stand_for(project: Path) -> None:
    other = project / "other"
    other.mkdir()
    (other / "sums.claw").write_text(SOURCE.replace("0.005", "0.05"))
    twice = clawc("run", "sums.claw", "other", "-o", "run", folder=project)
    assert twice.returncode == 2 and "two tasks are called `sums`" in twice.stderr
    assert clawc("build", "sums.claw", "-o", "one", folder=project).returncode == 0
    assert clawc("build", "other", "-o", "two", folder=project).returncode == 0
    done = clawc("run", "one", "two/sums", "-o", "run", folder=project)
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines()[1:3]]
    ids = [json.loads((project / f / "sums/bundle.json").read_text())["id"][:12] for f in ("one", "two")]
    assert names == [f"sums@{id}" for id in ids]


@pytest.mark.usefixtures("works")
def test_runs_of_one_second_have_folders_of_their_own(project: Path) -> None:
    command = [sys.executable, "-m", "clawc", "run", "sums.claw"]
    runs = [subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = {run.communicate(timeout=120)[0].splitlines()[-1] for run in runs}
    assert said == {f"runs/{name}" for name in os.listdir(project / "runs")} and len(said) == 3


def test_what_stands_in_runs_and_bundles_is_no_source(project: Path) -> None:
    for folder, marks in (("run", ["run.json", "episodes.jsonl"]), ("built/sums", ["bundle.json"]), ("plain", [])):
        (project / folder / "inside").mkdir(parents=True)
        (project / folder / "inside/x.claw").write_text(SOURCE)
        for mark in marks:
            (project / folder / mark).write_text("{}")
    assert find_sources([project]) == [project / "plain/inside/x.claw", project / "sums.claw"]
    assert find_sources([project / "run"]) == [project / "run/inside/x.claw"]


def test_paths_that_cannot_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: File name too long"):
        find_sources([tmp_path / ("x" * 300)])
    with pytest.raises(UserError, match="there is no file"):
        find_sources([tmp_path / "absent"])


@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_first_episode(project: Path, number: signal.Signals) -> None:
    """However early it comes once the command is at work, it ends it with a message."""
    run = project / "run"
    command = [sys.executable, "-m", "clawc", "run", "sums.claw", "-o", "run", "-n", "2000"]
    for _ in range(4):
        process = subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and not run.exists():
            time.sleep(0.001)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (130, ""), err
        assert "clawc: interrupted" in err and "Traceback" not in err
        # A run that can be continued, or at most the bundles for it; nothing half done.
        assert not run.exists() or (run / "run.json").exists() or os.listdir(run / "bundles") == ["sums"]
        shutil.rmtree(run, ignore_errors=True)


@pytest.mark.usefixtures("works")
def test_closed_streams(project: Path) -> None:
    arguments = f"{sys.executable} -m clawc run sums.claw -n 2 -o"
    for number, closed in enumerate(("<&-", ">&-", "2>&-", "<&- >&- 2>&-")):
        done = subprocess.run(
            ["sh", "-c", f"{arguments} r{number} {closed}"], cwd=project, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert len((project / f"r{number}/episodes.jsonl").read_text().splitlines()) == 2


@pytest.mark.usefixtures("works")
def test_readers_that_go_away(project: Path) -> None:
    """Progress that nobody reads does not end a run, and an exit code does not depend on who reads the report."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "clawc"]
    run = [*command, "run", "sums.claw", "--agent", "null", "-n", "30", "-j", "8", "-o", "run"]
    assert subprocess.run(run, cwd=project, stdout=write, stderr=write, check=False).returncode == 0
    assert len((project / "run/episodes.jsonl").read_text().splitlines()) == 30
    for format in ("text", "html"):
        report = [*command, "report", "run", "--fail-under", "0.5", "--format", format]
        done = subprocess.run(report, cwd=project, stdout=write, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 1 and b"below 0.5" in done.stderr
    os.close(write)


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [["card"], ["doctor"], ["check", "sums.claw"], ["--help"]])
def test_a_full_disk_behind_standard_output(project: Path, arguments: list[str]) -> None:
    with FULL.open("w") as full:
        command = [sys.executable, "-m", "clawc", *arguments]
        done = subprocess.run(command, cwd=project, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3 and "no space left" in done.stderr and "Traceback" not in done.stderr


def test_a_trajectory_that_is_not_there(project: Path) -> None:
    done = clawc("score", "sums.claw", ".", "--trajectory", "absent", folder=project)
    assert done.returncode == 2 and "there is no file `absent`" in done.stderr


def test_a_tree_that_could_not_be_copied_to_a_full_disk() -> None:
    full = shutil.Error([("a", "b", f"[Errno {errno.ENOSPC}] No space left on device: 'b'")])
    assert fault_of(full, Path("run")).code == "R0203"
    other = fault_of(shutil.Error([("a", "b", "[Errno 5] Input/output error")]), Path("run"))
    assert other.code == "R0207" and "None" not in other.message


@pytest.mark.parametrize(
    ("done", "played", "seconds", "text"),
    [
        (1, 1, 0.00001, "1/40 episodes"),
        (20, 0, 5.0, "20/40 episodes"),
        (20, 10, 5.0, "20/40 episodes, 2.0 a second, 10 s left"),
    ],
)
def test_progress_in_words(done: int, played: int, seconds: float, text: str) -> None:
    assert progress_text(done, 40, "episodes", played, seconds) == text


@pytest.mark.parametrize("columns", [1, 10, 40, 60, 80, 200])
def test_progress_fits_the_terminal(columns: int) -> None:
    text = progress_text(20, 40, "episodes", 10, 5.0)
    for done in (0, 20, 40):
        assert len(progress_bar(done, 40, text, columns)) <= max(columns - 1, 1)
    assert progress_bar(20, 40, text, 80).startswith(f"[{'#' * 15}{'.' * 15}] {text}")


@pytest.mark.usefixtures("works")
def test_sigterm_ends_a_rescoring_without_a_trace(project: Path) -> None:
    """Also while it compiles what it judges by, and while it forks."""
    assert clawc("run", "sums.claw", "-o", "run", folder=project).returncode == 0
    # Below the folder for temporary files itself: sandboxes run as a user who may not pass through that of the tests.
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name)
        temporary.chmod(0o711)
        for number in range(8):
            # Another source each time, so that it is compiled anew.
            (project / "sums.claw").write_text(SOURCE.replace("0.005", f"0.0{number + 1}"))
            process = subprocess.Popen(
                [sys.executable, "-m", "clawc", "rescore", "run", "sums.claw"],
                cwd=project, env={**os.environ, "TMPDIR": name}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
            while process.poll() is None and not any(temporary.glob("*/.building-*")):
                time.sleep(0.001)
            time.sleep(0.003 * number)
            process.terminate()
            _, err = process.communicate(timeout=60)
            assert process.returncode in (0, 130) and b"Traceback" not in err, err
            assert os.listdir(temporary) == []


def test_an_interruption_that_a_callback_swallows_comes_again() -> None:
    class Finalized:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt), stopping():
        value = [Finalized()]
        value.clear()
        time.sleep(5)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.usefixtures("works")
def test_help_for_a_damaged_run(project: Path) -> None:
    assert clawc("run", "sums.claw", "-o", "run", folder=project).returncode == 0
    (project / "run/run.json").write_text("garbage")
    done = clawc("report", "run", folder=project)
    assert done.returncode == 2 and "is damaged\n  help: Give another run folder.\n" in done.stderr
    assert clawc("report", "sums.claw", folder=project).stderr.startswith(
        "clawc: R0201: `sums.claw` is not a run folder"
    )


@pytest.mark.sampled(3)
@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("env", [{}, {"PYTHONIOENCODING": "utf-8:strict"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}])
def test_names_that_are_not_utf8_and_locales_that_are_not(project: Path, env: dict[str, str]) -> None:
    out = os.fsencode(project) + b"/\xff\xc3\xbc"
    environment = {**os.environ, "PYTHONUTF8": "0", **env}

    def bytes_of(*arguments: object) -> bytes:
        command = [sys.executable, "-m", "clawc", *(a if isinstance(a, bytes) else str(a) for a in arguments)]
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, check=True).stdout

    assert bytes_of("run", "sums.claw", "-n", 2, "-o", out).endswith(b"\n" + out + b"\n")
    assert bytes_of("run", "sums.claw", "-n", 3, "-o", out).endswith(b"\n" + out + b"\n")
    assert b"3 of 3" in bytes_of("report", out)
    assert b"3 episodes judged" in bytes_of("rescore", out)
    for format in ("json", "csv", "markdown", "junit", "html"):
        bytes_of("report", out, "--format", format).decode("utf-8")
    bytes_of("card").decode("utf-8")


def test_an_internal_error_whose_report_cannot_be_written(tmp_path: Path) -> None:
    code = f"""
import sys, tempfile
from clawc import cli
tempfile.tempdir = {str(tmp_path / "absent")!r}
def broken(arguments):
    raise ZeroDivisionError
cli.run_app = broken
sys.exit(cli.run([]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 70 and "`clawc --debug` shows it" in done.stderr and "Traceback" not in done.stderr
