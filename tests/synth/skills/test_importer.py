"""Skills of strangers: whole ones are read, and whatever is wrong with another one is said, with its place."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawc.runtime.synth.skills import importer
from clawc.runtime.synth.skills.front_matter import document, requires_of, text_field
from clawc.runtime.synth.skills.importer import read_skills
from clawc.runtime.synth.skills.skill import Requires, SkillFile, digest_of
from tests.synth.skills.making import DATA, lay, packed


def why(path: Path) -> str:
    """What is said of a path of which nothing is read."""
    found = read_skills([path])
    assert not found.skills and len(found.problems) == 1, found
    return found.problems[0]


def test_realistic_skills() -> None:
    found = read_skills([DATA])
    assert found.problems == ()
    assert [skill.name for skill in found.skills] == [
        "changelog-from-commits",
        "ledger-reconciliation",
        "log-summary",
        "meeting-minutes",
        "table-cleaning",
    ]
    for skill in found.skills:
        text = (DATA / skill.name / "SKILL.md").read_text(encoding="utf-8")
        assert text.endswith(skill.body) and skill.body.startswith("# ")
        assert skill.files == (SkillFile("SKILL.md", text.encode()),)
        assert skill.requires == Requires() and skill.beside == ()
    assert found.skills[2].description.startswith("Summarise the log files of a service: count errors")


def test_a_folder_of_one_skill_with_files_beside_it(tmp_path: Path) -> None:
    home = lay(tmp_path, "tidy", packed("tidy", "See references/rules.md and run `check.py`.\n"))
    (home / "references").mkdir()
    (home / "references" / "rules.md").write_text("Rules.\n")
    (home / "check.py").write_text("print(1)\n")
    (home / "LICENSE").write_text("None.\n")
    (skill,) = read_skills([home]).skills
    assert [file.path for file in skill.files] == ["LICENSE", "SKILL.md", "check.py", "references/rules.md"]
    assert skill.digest == digest_of(reversed(skill.files))
    assert skill.beside == ("check.py", "references/rules.md")


def test_a_nested_skill_has_its_own_files(tmp_path: Path) -> None:
    lay(tmp_path, "outer")
    inner = lay(tmp_path / "outer" / "more", "inner")
    (inner / "a.txt").write_text("a")
    found = {skill.name: [file.path for file in skill.files] for skill in read_skills([tmp_path]).skills}
    assert found == {"outer": ["SKILL.md"], "inner": ["SKILL.md", "a.txt"]}


def test_copies_are_dropped_and_names_are_not_shared(tmp_path: Path) -> None:
    lay(tmp_path / "a", "tidy")
    lay(tmp_path / "b", "tidy")
    lay(tmp_path / "c", "tidy", packed("tidy", "Do it twice.\n"))
    found = read_skills([tmp_path])
    assert [skill.body for skill in found.skills] == ["Do it.\n"]
    same, other = found.problems
    assert same == f"{tmp_path}/b/tidy: is the same as {tmp_path}/a/tidy"
    assert other == f"{tmp_path}/c/tidy: has the name `tidy` of {tmp_path}/a/tidy, and other content"


def test_archives_give_what_folders_give(tmp_path: Path) -> None:
    whole = read_skills([DATA]).skills
    with zipfile.ZipFile(tmp_path / "skills.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for skill in whole:
            for file in skill.files:
                archive.writestr(f"top/{skill.name}/{file.path}", file.data)
    with tarfile.open(tmp_path / "skills.tar.gz", "w:gz") as archive:
        archive.add(DATA, "skills")
    with tarfile.open(tmp_path / "one.tar", "w") as archive:
        archive.add(DATA / "log-summary" / "SKILL.md", "./SKILL.md")
    for name in ("skills.zip", "skills.tar.gz"):
        assert read_skills([tmp_path / name]) == importer.SkillSet(whole)
    assert [skill.name for skill in read_skills([tmp_path / "one.tar"]).skills] == ["log-summary"]


@pytest.mark.parametrize("name", ["../out/SKILL.md", "/abs/SKILL.md", "a\\b/SKILL.md"])
def test_members_that_lead_out(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo(name)
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))
    assert "could be unpacked outside of a folder" in why(path)


def test_links_in_archives_and_bombs(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "link.tar", "w") as archive:
        info = tarfile.TarInfo("tidy/SKILL.md")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    assert "is a link" in why(tmp_path / "link.tar")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("tidy/SKILL.md", packed("tidy"))
        bomb.writestr("tidy/zeros", bytes(65 << 20))
    assert "too large" in why(tmp_path / "bomb.zip")
    (tmp_path / "torn.zip").write_bytes((tmp_path / "bomb.zip").read_bytes()[:200])
    assert "ZIP" in why(tmp_path / "torn.zip")
    (tmp_path / "no.zip").write_bytes(b"nothing")
    assert "is not an archive" in why(tmp_path / "no.zip")


def test_links_pipes_and_odd_names_below_a_skill(tmp_path: Path) -> None:
    home = lay(tmp_path, "tidy")
    (home / "out").symlink_to("/etc/passwd")
    (home / "up").symlink_to("..")
    os.mkfifo(home / "pipe")
    (home / "a\nb").write_text("x")
    (home / "c\\d").write_text("x")
    (home / os.fsdecode(b"bad\xff")).write_text("x")
    (home / "con").write_text("x")
    (tmp_path / "elsewhere").symlink_to("/")
    found = read_skills([tmp_path])
    assert [file.path for skill in found.skills for file in skill.files] == ["SKILL.md"]
    said = "\n".join(found.problems)
    for what in (
        "out: is a link",
        "up: is a link",
        "pipe: is no regular file",
        "cannot be seen",
        "leads out",
        "not UTF-8",
        "a device",
    ):
        assert what in said, what
    assert len(found.problems) == 7 and "elsewhere" not in said
    assert all(problem.isprintable() for problem in found.problems)


def test_what_is_no_place(tmp_path: Path) -> None:
    assert "No such file" in why(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    assert "neither a folder nor a regular file" in why(tmp_path / "pipe")
    assert "neither a folder nor a regular file" in why(Path("/dev/null"))
    assert "null" in why(Path("a\0b"))
    (tmp_path / "empty").mkdir()
    assert why(tmp_path / "empty") == f"{tmp_path}/empty: holds no SKILL.md"
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "SKILL.md").symlink_to(DATA / "log-summary" / "SKILL.md")
    assert why(tmp_path / "linked").endswith("linked/SKILL.md: is a link; links are not followed")


def test_too_deep_too_large_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path / "d" / "/".join("d" * 12), "deep")
    assert "lies deeper than 8 folders" in why(tmp_path / "d")
    lay(tmp_path / "e" / "/".join("d" * 70), "deeper")
    assert "has too long a name" in why(tmp_path / "e")
    lay(tmp_path, "large", packed("large", "x" * (256 << 10)))
    assert "more than 256 KiB" in why(tmp_path / "large")
    with open(lay(tmp_path, "sparse") / "SKILL.md", "ab") as file:
        file.truncate(17 << 20)
    assert "larger than 16 MiB" in why(tmp_path / "sparse")
    many = lay(tmp_path, "many")
    for number in range(200):
        (many / f"{number}.txt").write_text("x")
    assert "holds more than 200 files" in why(many)
    heavy = lay(tmp_path, "heavy")
    for number in range(9):
        (heavy / f"{number}.bin").write_bytes(bytes(1 << 20))
    assert "holds more than 8 MiB" in why(heavy)
    big = lay(tmp_path, "big")
    (big / "big.bin").write_bytes(bytes((1 << 20) + 1))
    found = read_skills([big])
    assert [file.path for file in found.skills[0].files] == ["SKILL.md"]
    assert found.problems == (f"{big}/big.bin: has more than 1 MiB; it is left out",)
    monkeypatch.setattr(importer, "MAX_SKILLS", 3)
    assert len(read_skills([DATA]).skills) == 3 and len(read_skills([DATA]).problems) == 2
    monkeypatch.setattr(importer, "MAX_PROBLEMS", 1)
    assert read_skills([DATA]).problems[1:] == ("1 more problems",)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi")
)
BAD: dict[str, tuple[str | bytes, str]] = {
    "no front matter": ("# Tidy\n", "does not begin with a line `---`"),
    "an open front matter": ("---\nname: tidy\n", "without a line `---` at its end"),
    "a list": ("---\n- a\n---\nx\n", "no mapping"),
    "no name": ("---\ndescription: x\n---\nx\n", "has no `name`"),
    "no description": ("---\nname: tidy\n---\nx\n", "has no `description`"),
    "an empty description": ('---\nname: tidy\ndescription: ""\n---\nx\n', "has no `description`"),
    "a number": ("---\nname: 2048\ndescription: x\n---\nx\n", "has a `name` that is no text"),
    "a slash": ("---\nname: ../tidy\ndescription: x\n---\nx\n", "lower-case letters"),
    "a control character": ('---\nname: "ti\\ady"\ndescription: x\n---\nx\n', "lower-case letters"),
    "two hyphens": ("---\nname: a--b\ndescription: x\n---\nx\n", "lower-case letters"),
    "a line end behind": ('---\nname: "tidy\\n."\ndescription: x\n---\nx\n', "lower-case letters"),
    "a long name": (f"---\nname: {'a' * 65}\ndescription: x\n---\nx\n", "longer than 64"),
    "a long description": (f"---\nname: tidy\ndescription: {'a' * 1025}\n---\nx\n", "more than 1,024 characters"),
    "no body": ("---\nname: tidy\ndescription: x\n---\n\n  \n", "says nothing"),
    "broken UTF-8": (b"---\nname: tidy\ndescription: x\n---\n\xff\n", "is not UTF-8 (byte"),
    "UTF-16": (packed("tidy").encode("utf-16"), "is not UTF-8"),
    "aliases": (f"---\nname: tidy\ndescription: x\n{BOMB}---\nx\n", "cannot be read"),
    "depth": (f"---\nname: tidy\ndescription: x\nd: {'[' * 30_000}\n---\nx\n", "cannot be read"),
    "itself": ("---\nname: tidy\ndescription: x\na: &a [*a]\n---\nx\n", "cannot be read"),
    "a tag": ("---\nname: tidy\ndescription: x\na: !!python/object/apply:os.system [ls]\n---\nx\n", "cannot be read"),
    "a tag of a number": ("---\nname: tidy\ndescription: !!int ''\n---\nx\n", "cannot be read"),
    "a key twice": ("---\nname: tidy\nname: tidy\ndescription: x\n---\nx\n", "cannot be read"),
    "much front matter": (f"---\nname: tidy\ndescription: x\n# {'x' * (64 << 10)}\n---\nx\n", "more than 64 KiB"),
    "metadata that nobody reads": ("---\nname: tidy\ndescription: a: b\nmetadata: {\"x\": \n---\nx\n", "metadata"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bad_skill_beside_a_good_one(tmp_path: Path, what: str) -> None:
    text, said = BAD[what]
    lay(tmp_path, "bad", text)
    lay(tmp_path, "good")
    found = read_skills([tmp_path])
    assert [skill.name for skill in found.skills] == ["good"]
    assert len(found.problems) == 1 and found.problems[0].startswith(f"{tmp_path}/bad: ")
    assert said in found.problems[0]


def test_front_matter_that_is_no_yaml_is_read_by_lines(tmp_path: Path) -> None:
    front = "---\nname: tidy\ndescription: Use when: somebody asks\nmetadata: {\"openclaw\": {\"requires\": {\"bins\": [\"jq\"]}}}\n---\nx\n"  # fmt: skip
    lay(tmp_path, "tidy", front)
    found = read_skills([tmp_path])
    assert found.skills[0].description == "Use when: somebody asks"
    assert found.skills[0].requires.bins == ("jq",)
    assert found.problems == (f"{tmp_path}/tidy: has a front matter that is no YAML; its lines are read one by one",)


def test_line_ends_and_marks_of_bytes_stay_out_of_the_way(tmp_path: Path) -> None:
    lay(tmp_path, "tidy", b"\xef\xbb\xbf---\r\nname: tidy\r\ndescription: >-\r\n  a\r\n  b\r\n---\r\n\r\nOne\r\nTwo")
    (skill,) = read_skills([tmp_path]).skills
    assert (skill.name, skill.description, skill.body) == ("tidy", "a b", "One\r\nTwo")


REQUIRES: dict[str, Requires] = {
    'metadata: {"openclaw": {"requires": {"bins": ["gh"], "env": ["TOKEN"]}, "os": ["Darwin"]}}': Requires(
        bins=("gh",), env=("TOKEN",), os=("darwin",)
    ),
    'metadata: {"openclaw": {"requires": {"anyBins": ["a", "b"], "config": ["x.y"]}, "primaryEnv": "KEY"}}': Requires(
        any_bins=("a", "b"), env=("KEY",), config=("x.y",)
    ),
    'metadata: {"clawdbot": {"install": [{"kind": "brew", "bins": ["op"]}]}}': Requires(bins=("op",)),
    "requires:\n  network: true\n  gpu: 1": Requires(network=True, other=("gpu",)),
    'metadata:\n  {\n    "openclaw":\n      {\n        "emoji": "🐙",\n        "requires": { "bins": ["gh"] },\n      },\n  }': Requires(
        bins=("gh",)
    ),
    "requires: [git, jq]": Requires(bins=("git", "jq")),
    "requires: git jq": Requires(bins=("git", "jq")),
    "compatibility: Needs access to the internet": Requires(network=True),
    "allowed-tools: Read WebFetch": Requires(network=True),
    "allowed-tools: [Read, 'Bash(curl:*)']": Requires(network=True),
    "metadata:\n  author: me\n  version: '1.0'": Requires(),
    'metadata: \'{"openclaw": {"requires": {"bins": ["jq"]}}}\'': Requires(bins=("jq",)),
    "metadata: hello": Requires(),
    "metadata: [1, 2]\nrequires: 3\nos: 4\ninstall: {}": Requires(),
    "os: [linux, darwin]": Requires(os=("linux", "darwin")),
}


@pytest.mark.parametrize("front", REQUIRES)
def test_what_a_skill_requires(front: str) -> None:
    assert requires_of(document(f"---\n{front}\n---\nx\n").fields) == REQUIRES[front]


def test_what_a_sealed_sandbox_has() -> None:
    assert Requires(os=("linux", "darwin")).unmet == "" and Requires().unmet == ""
    assert Requires(os=("darwin",)).unmet == "the operating system `darwin`"
    assert Requires(bins=("jq",), network=True).unmet == "the program `jq`"
    assert Requires(network=True).unmet == "a network"


@given(st.text(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, f"---\n{text}\n---\nx\n", f"---\nname: a\ndescription: {text}\n---\nx"):
        try:
            parts = document(whole)
            text_field(parts.fields, "description").encode()
            requires_of(parts.fields)
        except ValueError as error:
            assert str(error)
