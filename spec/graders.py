"""The table of protocols: how the graders of others are started, and what they give."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol. `entry` is the file that is started unless the block names another; `tools` are programs that have to
    be there; `watches`: it is told what the agent did."""

    name: str
    entry: str
    doc: str
    tools: tuple[str, ...] = ("python3",)
    watches: bool = False


TABLE: tuple[Protocol, ...] = (
    Protocol("clawgym", "check.py",
             "`python3 check.py WORKSPACE` prints a JSON object; the score is the mean of all its values, or a number alone"),
    Protocol("shell", "reward.sh",
             "`bash reward.sh WORKSPACE`; the last line that it prints is the score"),
    Protocol("grade", "grade.py",
             "a function `grade(transcript, workspace_path)` gives a dictionary; the score is the mean of its numbers, or the one that "
             "`score` names; files below `workspace_files/` are laid into the workspace before",
             watches=True),
    Protocol("pytest", "test_output.py",
             "pytest with `--workspace`; the share of tests that pass, by `@pytest.mark.weight(n)`, 2 unless marked; skipped ones do not count",
             tools=("python3", "pytest")),
    Protocol("harbor", "test.sh",
             "`bash test.sh` with the workspace at /app; the score is in `/logs/verifier/reward.json` or `reward.txt`"),
)  # fmt: skip

BY_NAME: dict[str, Protocol] = {row.name: row for row in TABLE}
