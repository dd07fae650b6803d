"""Colours, offsets, files: what needs no browser and no server."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from clawc.exits import UserError
from clawc.runtime.playground.examples import examples
from clawc.runtime.playground.highlight import COLOURED, Utf16, marks, python_marks
from clawc.runtime.playground.project import Changed, Project
from tests.playground.conftest import TEXT, project_in


def kinds(text: str) -> dict[str, str]:
    return {text[m.start : m.end]: m.kind for m in marks(text)}


def test_each_piece_of_a_text_has_its_colour() -> None:
    found = kinds(TEXT + "# end\nlet x = re\"a\" ?? @2024-01-01\nlet y = 'no'\n")
    expected = {
        "claw 1": "word", "task": "block", "title": "key", "csv": "call", "group": "verb", "0.005": "number", "{{ path.orders }}": "hole",
        "# end": "comment", "let": "word", 're"a"': "regex", "@2024-01-01": "number", "'no'": "bad", "deliver": "block",
    }  # fmt: skip
    assert {piece: found.get(piece) for piece in expected} == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0",
        "\ud800",
        '"""',
        '"',
        "{" * 10_000,
        "𝒳" * 100,
        "`",
        're"',
        "@",
        "\r\r\n",
        "{{" * 1000,
        '"{{ a }}" }}',
        "# \ud83d",
    ],
)
def test_marks_never_fail_nor_overlap(text: str) -> None:
    found = marks(text)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(0 <= m.start < m.end <= len(text) for m in found)
    python_marks(text)


def test_a_text_that_is_too_long_has_one_colour() -> None:
    assert marks("#" * (COLOURED + 1)) == []


def test_a_browser_counts_otherwise() -> None:
    wide = Utf16("a𝒳b\ud800c")
    assert [wide(n) for n in range(6)] == [0, 1, 3, 4, 5, 6]
    assert [Utf16("abc")(n) for n in (0, 3)] == [0, 3]


def test_a_file_keeps_its_mark_and_line_ends(tmp_path: Path) -> None:
    project = project_in(tmp_path / "p")
    file = tmp_path / "p" / "order_totals.claw"
    file.write_bytes(b"\xef\xbb\xbfclaw 1\r\n# a\r\n")
    opened = project.opened("order_totals.claw")
    assert opened.text == "claw 1\n# a\n"
    stamp = project.save("order_totals.claw", "claw 1\n# b\n", opened.stamp)
    assert file.read_bytes() == b"\xef\xbb\xbfclaw 1\r\n# b\r\n"
    assert project.opened("order_totals.claw").stamp == stamp
    assert sorted(p.name for p in file.parent.iterdir()) == ["order_totals.claw"]


def test_what_changed_on_the_disk_is_not_replaced(tmp_path: Path) -> None:
    project = project_in(tmp_path / "p")
    stamp = project.opened("order_totals.claw").stamp
    file = tmp_path / "p" / "order_totals.claw"
    file.write_text("claw 1\n", encoding="utf-8")
    with pytest.raises(Changed):
        project.save("order_totals.claw", "x", stamp)
    assert file.read_text("utf-8") == "claw 1\n"


@pytest.mark.parametrize(
    "name",
    [
        "../other.claw",
        "/etc/passwd",
        "",
        ".",
        "order_totals.claw/..",
        "./order_totals.claw",
        "none.claw",
        "a\0b",
        "\ud800",
    ],
)
def test_other_names_are_no_files(tmp_path: Path, name: str) -> None:
    project = project_in(tmp_path / "p")
    (tmp_path / "other.claw").write_text("claw 1\n", encoding="utf-8")
    for attempt in (lambda: project.opened(name), lambda: project.save(name, "x", "")):
        with pytest.raises(UserError):
            attempt()


def test_links_do_not_lead_out(tmp_path: Path) -> None:
    secret = tmp_path / "secret.claw"
    secret.write_text("claw 1\n# secret\n", encoding="utf-8")
    folder = tmp_path / "p"
    project_in(folder)
    (folder / "link.claw").symlink_to(secret)
    (folder / "inner.claw").symlink_to(folder / "order_totals.claw")
    project = Project(folder, sorted(folder.glob("*.claw")))
    assert project.names == ("inner.claw", "order_totals.claw")
    # A link that is laid after the start.
    stamp = project.opened("order_totals.claw").stamp
    os.unlink(folder / "order_totals.claw")
    (folder / "order_totals.claw").symlink_to(secret)
    with pytest.raises(UserError, match="link"):
        project.save("order_totals.claw", "x", stamp)
    with pytest.raises(UserError, match="link"):
        project.opened("inner.claw")
    assert "secret" in secret.read_text("utf-8")


@pytest.mark.parametrize("data", [b"\xff\xfe", b"x" * ((2 << 20) + 1)])
def test_what_is_no_source_is_not_opened(tmp_path: Path, data: bytes) -> None:
    project = project_in(tmp_path / "p")
    (tmp_path / "p" / "order_totals.claw").write_bytes(data)
    with pytest.raises(UserError):
        project.opened("order_totals.claw")


def test_text_that_no_file_can_hold_is_not_written(tmp_path: Path) -> None:
    project = project_in(tmp_path / "p")
    stamp = project.opened("order_totals.claw").stamp
    for text in ("\ud800", "x" * ((2 << 20) + 1)):
        with pytest.raises(UserError):
            project.save("order_totals.claw", text, stamp)
    assert (tmp_path / "p" / "order_totals.claw").read_text("utf-8") == TEXT


def test_examples_are_the_same_for_the_same_number() -> None:
    found = examples([("A starter", TEXT)])
    assert found[0].text(3) == TEXT and len(found) > 5
    drawn = found[1]
    assert drawn.text(1) == drawn.text(1) != drawn.text(2)
