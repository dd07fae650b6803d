"""Unified diffs as tables, and the lines that differ between two texts."""

from __future__ import annotations

import difflib
import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.stdlib.checks.diffs import changed_lines, diff_table, same_lines
from clawc.stdlib.checks.values import File, Unmet

DIFF = """\
From: someone
diff --git a/src/x.py b/src/x.py
index 1..2 100644
--- a/src/x.py
+++ b/src/x.py
@@ -3,3 +3,3 @@ def f():
 same
--- old
+new
\\ No newline at end of file

--- gone.txt\t2026-01-01
+++ /dev/null
@@ -1 +0,0 @@
-bye
diff --git a/n b/n
--- /dev/null
+++ b/n
@@ -0,0 +1,2 @@
+one
+two
"""


def test_diff() -> None:
    assert [tuple(row.values()) for row in diff_table(DIFF).rows] == [
        ("src/x.py", "context", 3, "same"),
        ("src/x.py", "removed", 4, "-- old"),
        ("src/x.py", "added", 4, "new"),
        ("src/x.py", "context", 5, ""),
        ("gone.txt", "removed", 1, "bye"),
        ("n", "added", 1, "one"),
        ("n", "added", 2, "two"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`f.diff` is not a unified diff: it has no hunk"),
        ("hello\n", "`f.diff` is not a unified diff: it has no hunk"),
        ("@@ -1 +1 @@\n", "`f.diff` line 1 has a hunk before any line `+++ path`"),
        ("--- a\n+++ b\n@@ -1 +1 @@\n-a\n-b\n", "`f.diff` line 5 does not fit the numbers of its hunk"),
        ("--- a\n+++ b\n@@ -1 +1 @@\n?\n", "`f.diff` line 4 does not fit the numbers of its hunk"),
        ("--- a\n+++ b\n@@ -1,9 +1 @@\n-a\n", "`f.diff` ends inside a hunk"),
    ],
)
def test_what_is_no_diff(text: str, message: str) -> None:
    with pytest.raises(Unmet) as caught:
        diff_table(File("f", "f.diff", "diff", text.encode()))
    assert str(caught.value) == message


LINES = st.lists(st.sampled_from(["a", "b", "c", "- d", ""]), max_size=10)


@given(LINES, LINES)
def test_a_diff_says_what_difflib_wrote(old: list[str], new: list[str]) -> None:
    lines = list(difflib.unified_diff(old, new, "a/f", "b/f", lineterm="", n=1))
    if not lines:
        return
    found = diff_table("\n".join(lines) + "\n").rows
    for row in found:
        side = old if row["kind"] == "removed" else new
        assert side[row["line"] - 1] == row["text"]
    assert len(found) == len([line for line in lines[2:] if not line.startswith("@@ ")])


@given(LINES, LINES)
def test_shared_lines_are_as_many_as_can_be(old: list[str], new: list[str]) -> None:
    pairs = same_lines(old, new)
    assert all(old[n] == new[m] for n, m in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in itertools.pairwise(pairs))
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for n, line in enumerate(old):
        for m, other in enumerate(new):
            best = max(lengths[n][m + 1], lengths[n + 1][m])
            lengths[n + 1][m + 1] = lengths[n][m] + 1 if line == other else best
    assert len(pairs) == lengths[-1][-1]


def test_changed_lines() -> None:
    table = changed_lines("a\nB\nC\nd\nnew\ne\n", "a\nb\nd\ne\ngone\n")
    assert [tuple(row.values()) for row in table.rows] == [
        ("changed", 2, "B", "b"),
        ("added", 3, "C", None),
        ("added", 5, "new", None),
        ("removed", 5, "gone", None),
    ]
    assert changed_lines("a\n", "a").rows == []
    assert [row["kind"] for row in changed_lines("", "a\nb\n").rows] == ["removed", "removed"]


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("a\nb\n" * 500_000, "a\n" * 24), ("\n".join(map(str, range(900_000))), "1\n3\n2\n"), ("x\n" * 4_999, "y\n" * 4_999),
        ("x\n" * 100_000, "y\n" * 100_000), ("ab\n" * 2_500 + "c\n" * 2_400, "c\n" * 2_500 + "ab\n" * 2_400), ("\n" * 5_000, "a\n\n" * 2_400),
    ],
    ids=range(6),
)  # fmt: skip
def test_no_text_takes_long(new: str, old: str) -> None:
    began = time.process_time()
    for one, other in ((new, old), (old, new)):
        try:
            changed_lines(one, other)
        except Unmet as problem:
            assert str(problem) in (
                "the text is too large: more than 250000 cells",
                "the text has more than 500000 lines",
            )
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("a/x.py", "b/x.py", "x.py"),
        ("x.py", "x.py", "x.py"),
        ("a/x.py", "/dev/null", "x.py"),
        ("/dev/null", "b/x.py", "x.py"),
        ("a/x.py\t2026-03-17", '"b/y z.py"\t2026-03-17', "y z.py"),
        ("ab/x.py", "ab/x.py", "ab/x.py"),
        ("b/x.py", "a/x.py", "x.py"),
    ],
)
def test_paths(old: str, new: str, path: str) -> None:
    found = diff_table(f"--- {old}\n+++ {new}\n@@ -1 +1 @@\n-x\n+y\n")
    assert [tuple(row.values()) for row in found.rows] == [(path, "removed", 1, "x"), (path, "added", 1, "y")]
