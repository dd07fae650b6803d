"""Dockerfiles of strangers: what is played of them, what is refused, and that nothing leads out of the environment's folder or the
sandbox."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from clawc.compiler.targets.export import ExportOptions
from clawc.compiler.targets.harbor import harbor
from clawc.runtime.adapters.dockerfile import Recipe, RecipeError, read_recipe
from tests.targets.exported import examples, small, written


def recipe(folder: Path, text: str) -> Recipe:
    for name in ("a.txt", "b.txt", "d/c.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "Dockerfile").write_text(text)
    return read_recipe(folder)


def test_what_is_played(tmp_path: Path) -> None:
    found = recipe(
        tmp_path,
        "# a comment\nFROM debian\nENV A=1 B='two words'\nENV C three words\nWORKDIR /data\nCOPY d ./d\nRUN apt-get update && \\\n"
        '  apt-get install -y jq\nRUN mkdir x \\\n  && touch x/y\nRUN ["touch", "a b"]\nUSER root\nCMD ["bash"]\n',
    )
    assert found.env == {"A": "1", "B": "two words", "C": "three words"}
    assert found.workdir == "/data" and found.folders() == ["/data"]
    assert found.copies == [("d", "/data/d")]
    assert found.commands == ["mkdir x    && touch x/y", "touch 'a b'"]


@pytest.mark.parametrize(
    ("text", "copies"),
    [
        ("COPY a.txt /w/", [("a.txt", "/w/a.txt")]),
        ("COPY a.txt .", [("a.txt", "/w/a.txt")]),
        ("COPY a.txt b.txt /w/x", [("a.txt", "/w/x/a.txt"), ("b.txt", "/w/x/b.txt")]),
        ("COPY a.txt new.txt", [("a.txt", "/w/new.txt")]),
        ("COPY d /w/", [("d", "/w")]),
        ("WORKDIR in\nADD ./a.txt ./", [("a.txt", "/w/in/a.txt")]),
        ('COPY ["a.txt", "/w/with blank"]', [("a.txt", "/w/with blank")]),
    ],
)
def test_where_files_are_laid(tmp_path: Path, text: str, copies: list[tuple[str, str]]) -> None:
    assert recipe(tmp_path, f"FROM x\n{text}\n").copies == copies


@pytest.mark.parametrize(
    "text",
    [
        "COPY a.txt /w/../../../../../../../../tmp/escaped",
        "COPY d /w/../../../../../../../../tmp/escaped",
        "COPY a.txt ../../../../../../tmp/escaped",
        "WORKDIR /w/../../../tmp\nCOPY a.txt escaped",
        "WORKDIR /../../etc",
        "WORKDIR //etc/x",
        "WORKDIR /w/../etc",
        "COPY a.txt /etc/cron.d/x",
        "COPY a.txt /./usr/../bin/x",
        "WORKDIR /area",
    ],
)
def test_nothing_is_laid_out_of_the_sandbox_or_over_the_system(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError, match="belongs to the system"):
        recipe(tmp_path, f"FROM x\n{text}\n")


def test_dots_are_followed_by_words_alone(tmp_path: Path) -> None:
    found = recipe(tmp_path, "FROM x\nWORKDIR /a/../b/./c\nCOPY a.txt ../../../../w/x\n")
    assert found.workdir == "/b/c" and found.copies == [("a.txt", "/w/x")]
    for _, target in found.copies:
        assert ".." not in PurePosixPath(target).parts


@pytest.mark.parametrize(
    "source",
    [
        "link",
        "into/passwd",
        "d/inner",
        "../outside.txt",
        "d/../../outside.txt",
        "/link",
        "./link",
        "nowhere",
        "pipe",
        "a\\0b",
    ],
)
def test_no_file_of_the_host_is_copied_in(tmp_path: Path, source: str) -> None:
    folder = tmp_path / "environment"
    folder.mkdir()
    (tmp_path / "outside.txt").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "outside.txt")
    (folder / "into").symlink_to("/etc")
    (folder / "d").mkdir()
    (folder / "d" / "inner").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    with pytest.raises(RecipeError, match="is not in the environment's folder"):
        recipe(folder, f"FROM x\nCOPY {source} /w/x\n")


@pytest.mark.parametrize(
    "text",
    [
        "COPY --from=other /x /w/x", "RUN x\nVOLUME /w", "ONBUILD RUN x", "COPY [" + "[" * 100_000, 'COPY ["a.txt', "COPY 'a.txt",
        "COPY {} /w", "WORKDIR /w/a\x07b", "COPY a.txt /w/\x00", "COPY", "ENV A='b",
        "ENV =x", "ENV A=b\x00c",
    ],
)  # fmt: skip
def test_what_cannot_be_played_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError):
        recipe(tmp_path, f"FROM x\n{text}\n")


def test_only_ends_of_lines_end_instructions(tmp_path: Path) -> None:
    """A path with another separator in it is no second instruction."""
    found = recipe(tmp_path, "FROM x\r\nRUN ln -s -- a 'b\u2028USER root\x85VOLUME /w\x0bCOPY /etc /w'\r\n")
    assert found.commands == ["ln -s -- a 'b\u2028USER root\x85VOLUME /w\x0bCOPY /etc /w'"]


def test_a_dockerfile_is_a_file_of_some_size(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("FROM x\n")
    (tmp_path / "Dockerfile").symlink_to(tmp_path / "real")
    with pytest.raises(RecipeError):
        read_recipe(tmp_path)
    (tmp_path / "Dockerfile").unlink()
    with open(tmp_path / "Dockerfile", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(RecipeError):
        read_recipe(tmp_path)


def test_several_containers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yaml").write_text("services: {}\n")
    with pytest.raises(RecipeError, match="several containers"):
        recipe(tmp_path, "FROM x\n")


def test_without_a_dockerfile_everything_is_laid(tmp_path: Path) -> None:
    assert read_recipe(tmp_path).copies == []
    (tmp_path / "x").write_text("")
    assert read_recipe(tmp_path).copies == [(".", "/w")]


def test_our_own_exports_are_played(tmp_path: Path) -> None:
    for task in [*examples(), small()]:
        name = task.manifest.task
        folder = written(harbor([task], ExportOptions("x")), tmp_path / name)
        found = read_recipe(folder / name / "environment")
        assert found.workdir == "/w" and found.copies == [("workspace", "/w")]
        assert len(found.commands) == sum(1 + ("/" in link.path) for link in task.manifest.links)
