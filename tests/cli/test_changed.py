"""`--changed-since`: what is taken after a change, and repositories that want to run something."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from clawc.commands.changed import changed_since
from clawc.commands.sources import find_sources
from clawc.compiler.mentions import mentions
from clawc.exits import UserError
from tests.cli.repositories import HOURS, SPEC, clawc, commit, git, write

MODULE = """claw 1

def doubled(n: number) = n + n
"""
LEAN = 'claw 1\n\ntask {name} {{\n  workspace {{ file a "in/a.txt" {{ content = "a" }} }}\n}}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three specs in a repository: one on its own, one with an asset, one with a module that uses another."""
    top = tmp_path / "repo"
    write(
        top,
        {
            "alone.claw": LEAN.format(name="alone"),
            "deep/asset.claw": SPEC.format(name="asset", asset="input/hours.csv"),
            "deep/input/hours.csv": HOURS,
            "deep/moduled.claw": 'use "../lib/one.claw" (doubled)\n' + LEAN.format(name="moduled"),
            "lib/one.claw": 'use "two.claw" (more)\n' + MODULE,
            "lib/two.claw": 'let more = from("far/more.txt")\n',
            "lib/far/more.txt": "more",
            "other.txt": "of no spec",
        },
    )
    commit(top)
    return top


def taken(folder: Path, ref: str = "HEAD", *, readers: bool = True) -> list[str]:
    return [str(p.relative_to(folder)) for p in changed_since(find_sources([folder]), ref, readers=readers)]


def test_nothing_is_taken_of_what_was_committed(folder: Path) -> None:
    assert taken(folder) == []
    write(folder, {"other.txt": "changed", "new.txt": "new"})
    assert taken(folder) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("alone.claw", ["alone.claw"]),
        ("deep/input/hours.csv", ["deep/asset.claw"]),
        ("lib/one.claw", ["deep/moduled.claw", "lib/one.claw"]),
        ("lib/two.claw", ["deep/moduled.claw", "lib/one.claw", "lib/two.claw"]),
        ("lib/far/more.txt", ["deep/moduled.claw", "lib/one.claw", "lib/two.claw"]),
        ("deep/claw.toml", ["deep/asset.claw", "deep/moduled.claw"]),
        ("new.claw", ["new.claw"]),
    ],
    ids=["source", "asset", "module", "module-of-module", "asset-of-module", "project", "new"],
)
def test_readers_of_what_changed_are_taken(folder: Path, path: str, expected: list[str]) -> None:
    write(folder, {path: "# changed\n"})
    assert taken(folder) == expected
    only = [path] if path.endswith(".claw") else []
    assert taken(folder, readers=False) == only
    base = git(folder, "rev-parse", "HEAD").strip()
    commit(folder)
    assert taken(folder, base) == expected
    assert taken(folder) == []


def test_a_removed_asset_and_module_count(folder: Path) -> None:
    (folder / "deep/input/hours.csv").unlink()
    (folder / "lib/two.claw").unlink()
    assert taken(folder) == ["deep/asset.claw", "deep/moduled.claw", "lib/one.claw"]


def test_the_branch_counts_from_where_it_left(folder: Path) -> None:
    git(folder, "checkout", "-q", "-b", "feature/ünïcode;$(touch${IFS}owned)")
    write(folder, {"alone.claw": LEAN.format(name="renamed")})
    commit(folder)
    git(folder, "checkout", "-q", "main")
    write(folder, {"deep/asset.claw": SPEC.format(name="later", asset="input/hours.csv")})
    commit(folder)
    git(folder, "checkout", "-q", "-")
    assert taken(folder, "main") == ["alone.claw"]
    git(folder, "checkout", "-q", "main")
    assert taken(folder, "feature/ünïcode;$(touch${IFS}owned)") == ["deep/asset.claw"]
    assert not (folder / "owned").exists()


def test_trees_links_and_programs(folder: Path) -> None:
    write(
        folder, {"t/data/a/x.txt": "x", "t/s.claw": 'task s { workspace { tree data "data" } }\n', "t/real.csv": "a\n"}
    )
    write(folder, {"t/l.claw": 'task l { workspace { file f "in/link.csv" } }\n', "t/in/mid.csv": "", "t/up/x": ""})
    (folder / "t/in/mid.csv").unlink()
    (folder / "t/in/mid.csv").symlink_to("../real.csv")
    (folder / "t/in/link.csv").symlink_to("mid.csv")
    (folder / "t/data/self").symlink_to("..")
    commit(folder)
    assert taken(folder) == []
    write(folder, {"t/real.csv": "b\n"})
    assert taken(folder) == ["t/l.claw", "t/s.claw"]  # the tree holds a link to the folder above
    write(folder, {"t/real.csv": "a\n"})
    (folder / "t/in/mid.csv").unlink()
    (folder / "t/in/mid.csv").symlink_to("../up/x")
    assert "t/l.claw" in taken(folder)
    git(folder, "checkout", "-q", ".")
    assert taken(folder) == []
    (folder / "t/data/a/x.txt").chmod(0o755)
    assert taken(folder) == ["t/s.claw"]
    git(folder, "checkout", "-q", ".")
    write(folder, {"t/data/b/new.txt": ""})
    assert taken(folder) == ["t/s.claw"]


def test_names_that_git_would_quote(folder: Path) -> None:
    name = os.fsdecode(b'a \xff\n"b.claw')
    write(folder, {"tab\tnew\nline.claw": LEAN.format(name="a"), "ünï.claw": LEAN.format(name="b")})
    (folder / name).write_text(LEAN.format(name="c"))
    commit(folder)
    assert taken(folder) == []
    (folder / name).write_text("# changed")
    assert taken(folder) == [name]
    done = clawc(folder, "check", "--changed-since", "HEAD", ".")
    assert done.returncode in (0, 1), done.stderr


@pytest.mark.parametrize(
    ("text", "paths", "computed"),
    [
        ('file a "in/a.csv"\nfile b "in/b.csv" { from = "x/b.csv" }', {"in/a.csv", "in/b.csv", "x/b.csv"}, False),
        ('let t = from("x.txt") | lines', {"x.txt"}, False),
        ('let t = from(name)', set[str](), True),
        ('let t = from("a" + name)', {"a"}, True),
        ('let t = "a.txt" | from', {"a.txt"}, True),
        ('file a "in/a" { from = p.name }', {"in/a"}, True),
        ('file a "in/a" { from = if x then "b" else "c" }', {"in/a", "b", "c"}, True),
        ('file a "in/{{ p }}.csv"', set[str](), True),
        ('instruction = """\nTotals from {{ path.a }} (from all)\n"""', set[str](), False),
        ('instruction = """\n{{ text(from("deep.txt")) }} }} """', {"deep.txt"}, False),
        ('instruction = "{{ from("x.txt") }}"', set[str](), True),
        ('# from(name) "no/path.csv"\nlet m = mail.from', set[str](), False),
        ('let r = re"from(x)" let t = "a\\u002etxt"', {"from(x)", "a.txt"}, False),
        ("file a \"\"\"in/a.csv\"\"\"", {"in/a.csv"}, False),
        ("grader g { files = kept }", set[str](), True),
        ('grader g { files = "kept" }', {"kept"}, False),
        ("let n = rows | group day, files = count()", set[str](), False),
    ],
    ids=range(17),
)  # fmt: skip
def test_what_a_text_may_read(text: str, paths: set[str], computed: bool) -> None:
    found = mentions(text)
    assert (set(found.paths) >= paths, found.computed or computed) == (True, computed), found
    if not computed:
        assert found.paths == paths


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "text",
    ['"""', '"""a""" \\', '"a\n', '"\\', "| ", "from ", "file a ", "`", '"{{', "{{ from( ", '""', "#"],
    ids=range(12),
)
def test_hostile_texts_take_no_time(text: str) -> None:
    began = time.process_time()
    mentions(text * ((2 << 20) // len(text)))
    mentions('"""' + text * ((2 << 20) // len(text)))
    assert time.process_time() - began < 20


def test_examples_mention_all_that_their_checks_read() -> None:
    """Against what the compiler itself says that it read."""
    from clawc.commands.sources import check_data, project_root, read_source
    from clawc.compiler.assets import DiskAssets

    top = Path(__file__).parents[2] / "examples"
    for path in find_sources([top])[:40]:
        assets = DiskAssets(project_root(path))
        data = read_source(path)
        check_data(str(path), data, assets)
        said = mentions(data.decode())
        known = {os.path.normpath(path.parent / each) for each in said.paths}
        modules = [each for kind, each in assets.seen if each.endswith(".claw") and kind == "file"]
        if not modules and not said.computed:
            assert {os.path.normpath(each) for kind, each in assets.seen if kind != "names"} <= known, path


def test_a_repository_runs_nothing(folder: Path) -> None:
    mark = folder.parent / "ran"
    program = folder.parent / "program"
    program.write_text(f"#!/bin/sh\necho ran >> {mark}\ncat\n")
    program.chmod(0o755)
    write(folder, {".gitattributes": "* filter=evil diff=evil\n"})
    commit(folder)
    for key in (
        "core.fsmonitor", "core.pager", "pager.ls-tree", "pager.rev-parse", "diff.external", "diff.evil.textconv",
        "diff.evil.command", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "core.sshCommand",
        "core.alternateRefsCommand", "core.editor", "credential.helper", "gpg.program", "alias.ls-tree",
        "alias.rev-parse", "uploadpack.packObjectsHook",
    ):  # fmt: skip
        git(folder, "config", key, str(program))
    hooks = folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-index-change", "post-checkout", "pre-auto-gc", "reference-transaction"):
        (hooks / hook).write_text(program.read_text())
        (hooks / hook).chmod(0o755)
    git(folder, "config", "extensions.partialClone", "origin")
    git(folder, "config", "remote.origin.promisor", "true")
    git(folder, "config", "remote.origin.url", f"ext::{program}")
    git(folder, "config", "protocol.ext.allow", "always")
    write(folder, {"alone.claw": "# changed\n"})
    mark.unlink(missing_ok=True)
    assert taken(folder) == ["alone.claw"]
    (next((folder / ".git/objects").glob("[0-9a-f][0-9a-f]/*"))).unlink()
    try:
        taken(folder, "HEAD~1")
    except UserError as error:
        assert "Traceback" not in error.message
    assert not mark.exists()


@pytest.mark.parametrize(
    "ref", ["", "-", "--output=x", "nowhere", "HEAD\nmain", "HEAD..main", "main:alone.claw", "x" * 5_000, "\x1b[31m"],
    ids=range(9),
)  # fmt: skip
def test_a_wrong_revision_is_refused(folder: Path, ref: str) -> None:
    done = clawc(folder, "check", f"--changed-since={ref}", ".")
    assert done.returncode == 2 and done.stderr.startswith("clawc: "), done.stderr
    assert "\x1b" not in done.stderr and "Traceback" not in done.stderr
    assert not (folder / "x").exists()


def test_no_git_no_repository_and_a_cut_history(folder: Path, tmp_path: Path) -> None:
    none = clawc(folder, "check", "--changed-since", "HEAD", ".", PATH=str(tmp_path / "empty"))
    assert none.returncode == 3 and "git is not installed" in none.stderr
    write(tmp_path / "plain", {"a.claw": LEAN.format(name="a")})
    outside = clawc(tmp_path / "plain", "check", "--changed-since", "HEAD", ".", GIT_CEILING_DIRECTORIES=str(tmp_path))
    assert outside.returncode == 2 and "no working tree of git" in outside.stderr
    two = clawc(folder, "check", "--changed-since", "HEAD", "alone.claw", str(tmp_path / "plain"))
    assert two.returncode == 2 and "is not in the repository" in two.stderr
    old = git(folder, "rev-parse", "HEAD").strip()
    commit(folder)
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{folder}", "shallow")
    cut = clawc(tmp_path / "shallow", "check", "--changed-since", old, ".")
    assert cut.returncode == 2 and "--unshallow" in cut.stderr


def test_the_verbs(folder: Path) -> None:
    base = git(folder, "rev-parse", "HEAD").strip()
    for verb in (["check"], ["fmt", "--check"], ["test", "--no-sandbox"], ["build", "-o", "../built"]):
        done = clawc(folder, *verb, "--changed-since", base, "deep/asset.claw", "alone.claw")
        assert done.returncode == 0, (verb, done.stderr)
        assert "0 of 2 sources" in done.stderr
    for format in ("json", "sarif", "github", "gitlab", "junit"):
        done = clawc(folder, "check", "--format", format, "--changed-since", base, ".")
        assert done.returncode == 0, done.stderr
        if format in ("json", "sarif", "gitlab"):
            json.loads(done.stdout)
    write(folder, {"deep/input/hours.csv": HOURS + "Dara,4\n"})
    done = clawc(folder, "check", "--format", "json", "--changed-since", base, ".")
    assert json.loads(done.stdout)["files"] == 1
    done = clawc(folder, "build", "-o", "../built", "--changed-since", base, ".")
    assert done.returncode == 0 and "built/asset" in done.stdout
    done = clawc(folder, "fmt", "--check", "--changed-since", base, ".")
    assert done.returncode == 0
    refused = (["build", "--target", "jsonl", "."], ["test", "../built"], ["test", "--admitted", "."], ["fmt", "-"],
               ["check", "--write-baseline", "b.json", "."])  # fmt: skip
    for arguments in refused:
        done = clawc(folder, *arguments, "--changed-since", base)
        assert done.returncode == 2, arguments
