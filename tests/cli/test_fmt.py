"""`clawc fmt` from outside: what it writes, what it prints, and what it leaves alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UGLY = "claw 1\nlet  a=1\n"
TIDY = "claw 1\n\nlet a = 1\n"
BROKEN = "claw 1\nlet  a = = 1\nlet  b=1\n"
MENDED = "claw 1\n\nlet  a = = 1\nlet b = 1\n"


def fmt(*arguments: str | Path, given: bytes = b"", seed: str = "0") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "clawc", "fmt", *map(str, arguments)]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run(command, input=given, capture_output=True, check=False, env=environment)


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def test_files_are_rewritten(tmp_path: Path) -> None:
    ugly, tidy = written(tmp_path / "a" / "b" / "ugly.claw", UGLY), written(tmp_path / "tidy.claw", TIDY)
    other = written(tmp_path / "notes.txt", UGLY)
    before = tidy.stat()
    done = fmt(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"2 files, 1 changed\n")
    assert ugly.read_text() == tidy.read_text() == TIDY
    assert other.read_text() == UGLY
    assert tidy.stat().st_mtime_ns == before.st_mtime_ns and tidy.stat().st_ino == before.st_ino
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a", "b", "notes.txt", "tidy.claw", "ugly.claw"]


def test_check_writes_nothing(tmp_path: Path) -> None:
    ugly, tidy = written(tmp_path / "ugly.claw", UGLY), written(tmp_path / "tidy.claw", TIDY)
    done = fmt("--check", tmp_path)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (1, f"{ugly}\n", b"2 files, 1 to change\n")
    assert ugly.read_text() == UGLY
    done = fmt("--check", tidy)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"1 file, 0 to change\n")


def test_diff_writes_nothing(tmp_path: Path) -> None:
    ugly = written(tmp_path / "ugly.claw", UGLY)
    done = fmt("--diff", ugly)
    assert done.returncode == 1
    expected = f"--- {ugly}\n+++ {ugly}\n@@ -1,2 +1,3 @@\n claw 1\n-let  a=1\n+\n+let a = 1\n"
    assert done.stdout.decode() == expected
    assert ugly.read_text() == UGLY
    patched = subprocess.run(["git", "apply", "-p0", "--unsafe-paths", "-"], input=done.stdout, cwd="/", check=False)
    assert patched.returncode == 0
    assert ugly.read_text() == TIDY


def test_standard_input() -> None:
    done = fmt("-", given=UGLY.encode())
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, TIDY, b"1 file, 1 changed\n")
    done = fmt("--check", "-", given=UGLY.encode())
    assert (done.returncode, done.stdout) == (1, b"-\n")
    done = fmt("-", given=b"claw 1\r\nlet  a=1\r\n")
    assert done.stdout == b"claw 1\r\n\r\nlet a = 1\r\n"
    done = fmt("-", "a.claw", given=b"")
    assert done.returncode == 2


def test_standard_input_with_mistakes_comes_out_again() -> None:
    done = fmt("-", given=b"claw 1\nt {\n a=1\n")
    assert done.returncode == 1
    assert done.stdout == b"claw 1\nt {\n a=1\n"
    assert b"error[E0106]" in done.stderr


def test_mistakes_are_reported_and_the_rest_is_formatted(tmp_path: Path) -> None:
    broken, ugly = written(tmp_path / "broken.claw", BROKEN), written(tmp_path / "ugly.claw", UGLY)
    done = fmt(tmp_path)
    assert done.returncode == 1
    assert broken.read_text() == MENDED
    assert ugly.read_text() == TIDY
    check = subprocess.run([sys.executable, "-m", "clawc", "check", str(broken)], capture_output=True, check=False)
    assert b"error[E0101]: unexpected `=`; expected a value" in check.stdout
    assert f"--> {broken}:2:10".encode() in done.stderr
    assert done.stderr.endswith(b"2 files, 2 changed\n")


def test_links_and_permissions_stay(tmp_path: Path) -> None:
    target = written(tmp_path / "real" / "a.claw", UGLY)
    target.chmod(0o640)
    link = tmp_path / "link.claw"
    link.symlink_to("real/a.claw")
    assert fmt(link).returncode == 0
    assert link.is_symlink()
    assert target.read_text() == TIDY
    assert target.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"claw 1\n\xff\n", b"is not UTF-8 text (byte 7)"), (b"#" * ((2 << 20) + 1), b"is larger than 2 MiB")],
)
def test_what_cannot_be_read_does_not_stop_the_rest(tmp_path: Path, data: bytes, words: bytes) -> None:
    bad = tmp_path / "bad.claw"
    bad.write_bytes(data)
    ugly = written(tmp_path / "ugly.claw", UGLY)
    done = fmt(tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert bad.read_bytes() == data
    assert ugly.read_text() == TIDY


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    ugly = written(tmp_path / "ugly.claw", UGLY)
    tmp_path.chmod(0o555)
    try:
        done = fmt(ugly)
    finally:
        tmp_path.chmod(0o755)
    assert done.returncode == 2
    assert b"cannot be written" in done.stderr
    assert ugly.read_text() == UGLY


def test_nothing_there(tmp_path: Path) -> None:
    assert fmt(tmp_path).returncode == 2
    assert fmt(tmp_path / "a.claw").returncode == 2


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    path = written(tmp_path / "a.claw", "\ufeff" + TIDY)
    assert fmt("--check", path).returncode == 1
    assert fmt(path).returncode == 0
    assert path.read_bytes() == TIDY.encode()


def test_many_files_in_a_stable_order(tmp_path: Path) -> None:
    for number in range(150):
        written(tmp_path / f"{number:03}.claw", (BROKEN, UGLY, TIDY)[number % 3])
    first, second = (fmt("--check", tmp_path, seed=seed) for seed in ("1", "2"))
    assert (first.returncode, first.stdout, first.stderr) == (second.returncode, second.stdout, second.stderr)
    expected = [str(tmp_path / f"{number:03}.claw") for number in range(150) if number % 3 < 2]
    assert first.stdout.decode().splitlines() == expected
    assert first.stderr.count(b"error[E0101]") == 50
    assert fmt(tmp_path).returncode == 1
    assert (tmp_path / "001.claw").read_text() == TIDY
    assert fmt("--check", tmp_path).stdout == b""


def test_examples_are_formatted() -> None:
    done = fmt("--check", ROOT / "examples")
    assert (done.returncode, done.stdout) == (0, b"")
