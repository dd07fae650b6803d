"""Shell completion, asked by the shells themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A line up to the cursor, and what must be offered; nothing: what the shell finds itself, files.
LINES: dict[str, set[str]] = {
    "clawc ch": {"check"}, "clawc check --f": {"--format"}, "clawc check --format s": {"sarif"}, "clawc build --target h": {"harbor"},
    "clawc run --agent o": {"oracle", "openclaw"}, "clawc run -a s": {"scripted:"}, "clawc image s": {"save"}, "clawc test --level r": {"release"},
    "clawc completion z": {"zsh"}, "clawc schema --for c": {"card", "calibration"}, "clawc check a": set(), "clawc levitate x": set(),
    "clawc bench rep": {"report"}, "clawc mcp --ro": {"--root"},
}  # fmt: skip
BASH = """
eval "$(clawc completion bash)"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_clawc_completion clawc; printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment with a command `clawc`."""
    command = tmp_path / "bin" / "clawc"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m clawc "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}"}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("line", LINES)
def test_bash_completes(shell: dict[str, str], tmp_path: Path, line: str) -> None:
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", *line.split(" ")], env=shell, cwd=tmp_path, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert (set(done.stdout.split()), done.stderr) == (LINES[line], "")


def test_bash_completes_files_where_there_are_no_words(shell: dict[str, str], tmp_path: Path) -> None:
    script = 'eval "$(clawc completion bash)"; complete -p clawc'
    done = subprocess.run(["bash", "--norc", "-c", script], env=shell, capture_output=True, text=True, check=True)
    assert "-o default" in done.stdout and "-F _clawc_completion clawc" in done.stdout


@pytest.mark.sampled(3)
@pytest.mark.parametrize("line", LINES)
def test_fish_completes(shell: dict[str, str], tmp_path: Path, line: str) -> None:
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("fish is not installed")
    script = f"clawc completion fish | source; complete -C '{line}'"
    environment = {**shell, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(
        [fish, "--no-config", "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert {row.split("\t")[0] for row in done.stdout.splitlines()} >= LINES[line]


def test_zsh_reads_the_script_and_is_answered(shell: dict[str, str]) -> None:
    zsh = shutil.which("zsh")
    if zsh is None:
        pytest.skip("zsh is not installed")
    script = (
        'autoload -U compinit; compinit -D -u; eval "$(clawc completion zsh)"; print -r -- ${_comps[clawc]}; '
        "words=(clawc check --format s); CURRENT=4; _arguments() { print -r -- $@ }; _clawc_completion"
    )
    done = subprocess.run([zsh, "-f", "-c", script], env=shell, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "_clawc_completion" and "sarif" in done.stdout


def test_other_shells_have_no_script(shell: dict[str, str]) -> None:
    done = subprocess.run(["clawc", "completion", "tcsh"], env=shell, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "bash, zsh, fish" in done.stderr
    odd = {**shell, "_CLAWC_COMPLETE": "levitate"}
    done = subprocess.run(["clawc", "check"], env=odd, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "Traceback" not in done.stderr


def test_what_answers_shells_is_not_loaded_otherwise() -> None:
    code = (
        "import sys; from clawc.cli import run; run(['--version']); "
        "print(sorted({'clawc.commands.completion', 'clawc.compiler', 'mcp'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
