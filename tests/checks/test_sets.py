"""Trees, sets by pattern and families of files, and what is asked of them."""

from __future__ import annotations

from typing import Any

import pytest

from clawc.stdlib.checks.readers import kind_of, text_of
from clawc.stdlib.checks.sets import (
    Family,
    Files,
    FileSet,
    family_key,
    file_at,
    file_dirs,
    file_family,
    file_names,
    file_set,
    file_table,
    files_in,
    member,
    path_pattern,
    pattern_folder,
)
from clawc.stdlib.checks.values import Cell, File, Unmet
from clawc.stdlib.checks.workspace import Memory, Submission, Tree

LEFT = {
    "out/notes/a.md": b"# A\n",
    "out/notes/b.md": b"# B\n",
    "out/notes/deep/c.md": b"# C\n",
    "out/notes/.git/d.md": b"# D\n",
    "out/notes/e.txt": b"E",
    "in/x.csv": b"x\n1\n",
    "in/sub/README": b"\xff",
    "in/sub/.hidden": b"h",
    "top.md": b"# T\n",
}


def submission(*declared: Any, files: dict[str, bytes] = LEFT) -> Submission:
    return Submission(Memory(files), list(declared), {})


def refusal(action: Any, *arguments: Any) -> str:
    with pytest.raises(Unmet) as caught:
        action(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("out/*.md", ["out/a.md", "out/.md", "out/a\nb.md"], ["out/b/a.md", "out/a.mdx", "x/out/a.md", "out/aXmd", "out/a.MD"]),
        ("out/**/*.md", ["out/a.md", "out/b/c/a.md", "out/b\n/a.md"], ["out/a.txt", "outa.md", "b/out/a.md"]),
        ("out/**", ["out/a", "out/b/c", "out/"], ["out", "ou/a"]),
        ("*", ["a", ""], ["a/b"]),
        ("a+b/*.(x)", ["a+b/c.(x)"], ["aab/c.x", "a+b/c.x"]),
    ],
)  # fmt: skip
def test_patterns(pattern: str, matching: list[str], other: list[str]) -> None:
    regex = path_pattern(pattern)
    assert [path for path in matching + other if regex.match(path)] == matching


def test_the_folder_of_a_pattern() -> None:
    patterns = ["out/notes/*.md", "out/no*/x*.md", "out/**/*.md", "*.md", "out/a.md"]
    assert [pattern_folder(pattern) for pattern in patterns] == ["out/notes", "out", "out", "", "out"]


def test_a_set_holds_what_matches() -> None:
    ws = submission(
        FileSet("notes", "out/notes/*.md", "markdown"),
        FileSet("all", "out/**/*.md", "markdown"),
        FileSet("tops", "*.md", "markdown"),
    )
    found = file_set(ws, "notes")
    assert isinstance(found, Files) and found.folder == "out/notes"
    assert file_names(found) == ["a.md", "b.md"]
    a = files_in(found)["a.md"]
    assert (a.name, a.path, a.kind, a.data, a.problem) == ("notes", "out/notes/a.md", "markdown", b"# A\n", "")
    assert file_names(file_set(ws, "all")) == ["notes/a.md", "notes/b.md", "notes/deep/c.md"]
    assert file_names(file_set(ws, "tops")) == ["top.md"]


def test_how_many_files_a_set_may_have() -> None:
    def of(least: int, most: int | None, path: str = "out/notes/*.md") -> Submission:
        return submission(FileSet("s", path, "markdown", (), least, most))

    for least, most in ((0, None), (2, 2), (1, 3), (2, None)):
        assert len(files_in(file_set(of(least, most), "s"))) == 2
    assert len(files_in(file_set(of(0, 0, "none/*.md"), "s"))) == 0
    assert refusal(file_set, of(3, None), "s") == "2 files match `out/notes/*.md`, at least 3 must"
    assert refusal(file_set, of(0, 1), "s") == "2 files match `out/notes/*.md`, at most 1 may"
    assert refusal(file_set, of(1, None, "none/*.md"), "s") == "no file matches `none/*.md`, at least 1 must"
    assert refusal(file_set, of(0, 0, "top*.md"), "s") == "1 file matches `top*.md`, at most 0 may"


def test_each_file_of_a_set_has_its_form() -> None:
    def has_a(file: File) -> None:
        if "A" not in text_of(file):
            raise Unmet(f"`{file.path}` has no A")

    ws = submission(FileSet("s", "out/notes/*.md", "markdown", (has_a,)))
    assert refusal(file_set, ws, "s") == "`out/notes/b.md` has no A"


def family(only: bool = False, forms: Any = (), path: str = "out/notes/*.md", **members: str) -> Submission:
    paths = {"A": "out/notes/a.md", "B": "out/notes/b.md", "Z": "out/notes/z.md"}
    return submission(Family("f", path, "markdown", forms, members or paths, only))


def test_the_file_of_a_row() -> None:
    of = file_family(family(), "f")
    a = member(of, "A")
    assert (a.name, a.path, a.kind, a.data, a.problem) == ("f", "out/notes/a.md", "markdown", b"# A\n", "")
    assert member(of, Cell("B")).data == b"# B\n"
    assert refusal(member, of, "Z") == "`out/notes/z.md` does not exist"
    assert member(of, "Z", raw=True).data is None
    assert refusal(member, of, "Y") == refusal(member, of, "Y", True) == "`out/notes/*.md` has no file for this row"
    assert refusal(member, None, "A") == "there is no family of files to read from"
    assert (
        refusal(member, file_family(submission(Family("f", "*", "text")), "f"), "A") == "`*` has no file for this row"
    )


def test_the_form_of_a_member() -> None:
    def never(file: File) -> None:
        raise Unmet(f"{file.name} is not it")

    of = file_family(family(forms=(never,)), "f")
    assert refusal(member, of, "A") == "f is not it"
    assert member(of, "A", raw=True).data == b"# A\n"


def test_a_file_of_no_row() -> None:
    path = "out/notes/a.md"
    assert member(file_family(family(A=path), "f"), "A").data == b"# A\n"
    of = file_family(family(only=True, A=path), "f")
    for _ in range(2):
        assert refusal(member, of, "A") == "`out/notes/b.md` belongs to no row"
    assert member(of, "A", raw=True).data == b"# A\n"
    of = file_family(family(only=True), "f")
    assert [member(of, key).data for key in ("A", "B", "A")] == [b"# A\n", b"# B\n", b"# A\n"]
    assert of.stray == ""


def test_keys_of_a_family() -> None:
    assert family_key(1) == family_key("1") == "1"
    assert family_key(["a", 2]) == family_key(("a", Cell("2"))) == ("a", "2")


def test_what_a_tree_holds() -> None:
    ws = submission()
    inner = files_in(Tree(ws.disk, "in"))
    assert list(inner) == ["sub/.hidden", "sub/README", "x.csv"]
    x = inner["x.csv"]
    assert (x.name, x.path, x.kind, x.data, x.problem) == ("x.csv", "x.csv", "csv", b"x\n1\n", "")
    assert file_names(Tree(ws.disk)) == sorted(LEFT)
    assert file_names(Tree(ws.disk, "i")) == []
    assert refusal(files_in, {"x.csv": b""}) == "there is no tree of files to list"


def test_what_a_family_holds() -> None:
    found = files_in(file_family(family(), "f"))
    assert list(found) == ["a.md", "b.md"]  # the third is not there
    a = found["a.md"]
    assert (a.name, a.path, a.kind, a.data, a.problem) == ("out/notes/a.md", "out/notes/a.md", "markdown", b"# A\n", "")
    assert list(files_in(file_family(family(path="*.md", T="top.md"), "f"))) == ["top.md"]


def test_a_tree_as_a_table() -> None:
    found = file_table(Tree(Memory(LEFT), "in"))
    assert found.columns == ["path", "name", "stem", "ext", "text"]
    assert [tuple(row.values()) for row in found.rows] == [
        ("sub/.hidden", ".hidden", ".hidden", "", "h"),
        ("sub/README", "README", "README", "", None),
        ("x.csv", "x.csv", "x", "csv", "x\n1\n"),
    ]
    found = file_table(Tree(Memory({"a/b.tar.gz": b"", "c.": b""})))
    assert [(row["stem"], row["ext"]) for row in found.rows] == [("b.tar", "gz"), ("c", "")]


def test_folders_that_hold_files() -> None:
    found = Tree(Memory({"a/b/c/d": b"", "a/e": b"", "f": b"", "a/b/g": b""}))
    assert file_dirs(found) == ["a", "a/b", "a/b/c"]
    assert file_dirs(Tree(Memory({"z/a": b"", "b/a": b""}))) == ["b", "z"]


def test_one_file_of_a_set() -> None:
    found = file_set(submission(FileSet("notes", "out/notes/*.md", "markdown")), "notes")
    assert file_at(found, "a.md").data == b"# A\n"
    none = file_at(found, "none.csv")
    assert (none.name, none.path, none.kind, none.data) == ("none.csv", "none.csv", "csv", None)
    assert file_at(file_family(family(), "f"), "b.md").data == b"# B\n"
    assert refusal(file_at, None, "a.md") == "there is no tree of files to read from"


KINDS_BY_EXTENSION = {
    "csv": "csv", "tsv": "tsv", "json": "json", "jsonl": "jsonl", "ndjson": "jsonl", "yaml": "yaml", "yml": "yaml",
    "toml": "toml", "ini": "ini", "diff": "diff", "patch": "diff", "md": "markdown", "markdown": "markdown",
    "py": "program", "sh": "program", "js": "program", "rb": "program", "pl": "program", "db": "sqlite",
    "sqlite": "sqlite", "sqlite3": "sqlite", "xlsx": "xlsx", "zip": "zip", "tar": "zip", "tgz": "zip", "tar.gz": "zip",
    "eml": "email", "ics": "ics", "xml": "xml", "html": "html", "htm": "html", "gz": "text", "txt": "text", "": "text",
}  # fmt: skip


def test_kinds_by_extension() -> None:
    assert {e: kind_of(f"a.b/c.{e}") for e in KINDS_BY_EXTENSION} == KINDS_BY_EXTENSION
    assert (kind_of("out/csv"), kind_of("zip")) == ("text", "text")
    assert (kind_of("A/B.CSV"), kind_of("a.csv/b.txt"), kind_of("B.TAR.GZ")) == ("csv", "text", "zip")


def test_a_folder_is_no_file_of_a_set() -> None:
    ws = submission(FileSet("s", "out/*.md", "markdown"), files={"out/a.md/b.txt": b"", "out/c.md": b""})
    assert file_names(file_set(ws, "s")) == ["c.md"]
