"""Pages over HTTP: what is there, what is not, and nothing of a stranger's that is live."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from clawc.exits import UserError
from clawc.runtime.view.app import view_app
from clawc.runtime.view.folder import write_folder
from clawc.runtime.view.query import Wanted, page_of
from clawc.runtime.view.shelf import found_runs, labels_of, open_shelf
from clawc.runtime.web.guard import SANDBOXED, Guard
from tests.runtime.generated_runs import Made, generated
from tests.runtime.run_folders import INFO, record, write_run
from tests.view.conftest import hostile
from tests.web.conftest import served
from tests.web.test_guard import Answer, ask, entered

__all__ = ["hostile"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAWC_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def two(tmp_path: Path) -> Path:
    for name, made in (
        ("one", Made(tasks=130, episodes=2, faults=0.1)),
        ("two", Made(tasks=130, episodes=2, shift=0.2)),
    ):
        run = generated(name, made)
        write_run(tmp_path / "runs" / name, run.attempts, run.info)
    return tmp_path / "runs"


class Reader:
    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self._cookie = entered(guard)

    def get(self, path: str) -> Answer:
        return ask(self.guard, path, Cookie=self._cookie)

    def text(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status == 200, (path, answer.status, answer.body[:300])
        return answer.body.decode()


@pytest.fixture
def reader(two: Path) -> Iterator[Reader]:
    shelf = open_shelf([two])
    with served(lambda: view_app(shelf)) as guard:
        yield Reader(guard)


def links(html: str) -> list[str]:
    return [match.replace("&amp;", "&") for match in re.findall(r'href="([^"]*)"', html)]


def test_every_link_leads_somewhere(reader: Reader) -> None:
    """From the first page on, breadth first; of those that differ by a number alone some."""
    todo, seen, kinds = ["/"], set[str](), dict[str, int]()
    while todo:
        path = todo.pop(0)
        kind = re.sub(r"task_\d+|[0-9a-f-]{8,}|\d+|=[^&]*", "N", path)
        if path in seen or kinds.get(kind, 0) >= 4:
            continue
        seen.add(path)
        kinds[kind] = kinds.get(kind, 0) + 1
        answer = reader.get(path)
        assert answer.status == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            todo += [
                each.partition("#")[0] for each in links(answer.body.decode()) if each.startswith("/") and each != "/"
            ]
            todo += [f"/run/0/episodes{each}" for each in links(answer.body.decode()) if each.startswith("?")]
    for part in ("/run/1", "/run/0/episodes?", "/episode/", "outcome=", "check=", "page=2", "sort=seconds", "/compare"):
        assert any(part in path for path in [*seen, "/compare"]), part


def test_lists_are_parted_and_filtered(reader: Reader) -> None:
    first, third = reader.text("/run/0/episodes"), reader.text("/run/0/episodes?page=3")
    assert (
        first.count("<tr>") == 101 and "260 episodes" in first and "Page 1 of 3" in first and third.count("<tr>") == 61
    )
    assert "2 episodes" in reader.text("/run/0/episodes?task=task_0003")
    assert "Nothing is like this" in reader.text("/run/0/episodes?q=nowhere")
    assert reader.text("/run/0?t=task_01").count('<th scope="row" class="text">') == 30
    assert "Page 2 of 2" in reader.text("/run/0?page=99")


def test_runs_are_compared_by_task_and_seed(reader: Reader) -> None:
    whole = reader.text("/compare?a=0&b=1")
    assert "Page 1 of 2" in whole and re.search("of 1[23][0-9] scored in both", whole)
    assert "task_0003" in whole + reader.text("/compare?a=0&b=1&page=2")
    task = reader.text("/compare/task?a=0&b=1&task=task_0003")
    pair = next(link for link in links(task) if link.startswith("/pair"))
    assert reader.text(pair).count("<h3>Transcript</h3>") == 2
    assert "Neither run has this task" in reader.text("/compare/task?a=0&b=1&task=none")


@pytest.mark.parametrize("path", ["/run/2", "/run/-1", "/run/x", "/run/00000000000001", "/run/0/episode/none", "/run/0/episode/..%2f..", "/compare?a=0", "/pair?a=0&b=1",
                                  "/compare?a=0&b=9", "/run/0/file/none?path=x", "/nothing", "/run/0/file/..%2F..?path=run.json"])  # fmt: skip
def test_what_is_not_there_is_said(reader: Reader, path: str) -> None:
    answer = reader.get(path)
    assert answer.status == 404 and b"Not here" in answer.body and b"Traceback" not in answer.body


def test_a_run_that_breaks_is_said_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clawc.runtime.view.index._FRESH", 0.0)
    folder = tmp_path / "run"
    write_run(folder, [record("a")])
    shelf = open_shelf([folder])
    with served(lambda: view_app(shelf)) as guard:
        reader = Reader(guard)
        with open(folder / "episodes.jsonl", "ab") as file:
            file.write(b"{}\n{}\n")
        answer = reader.get("/run/0")
        assert answer.status == 500 and b"R0206" in answer.body and b"Traceback" not in answer.body


def test_files_of_an_agent_are_text_and_in_a_box(hostile: Path) -> None:
    shelf = open_shelf([hostile])
    key = page_of(shelf[0].index, Wanted())[0].key
    with served(lambda: view_app(shelf)) as guard:
        reader = Reader(guard)
        for name in ("page.html", "pic.svg"):
            answer = reader.get(f"/run/0/file/{quote(key)}?path={name}")
            assert answer.status == 200 and answer.headers["content-type"] == "text/plain; charset=utf-8"
            assert (
                answer.headers["content-security-policy"] == SANDBOXED
                and answer.headers["x-content-type-options"] == "nosniff"
            )
        for path in ("away", "../../../run.json", "..%2F..%2F..%2Frun.json", "/etc/passwd", "%2Fetc%2Fpasswd", "page.html%00", "none", "",
                     "....//run.json", "..\\run.json"):  # fmt: skip
            answer = reader.get(f"/run/0/file/{quote(key)}?path={path}")
            assert answer.status == 404 and b"root:" not in answer.body and b"run_id" not in answer.body


def test_nothing_of_a_stranger_is_markup(hostile: Path, tmp_path: Path) -> None:
    shelf = open_shelf([hostile])
    pages: list[str] = []
    with served(lambda: view_app(shelf)) as guard:
        reader = Reader(guard)
        keys = [row.key for row in page_of(shelf[0].index, Wanted())]
        pages += [
            reader.text(path) for path in ("/", "/run/0", "/run/0/episodes", *(f"/run/0/episode/{key}" for key in keys))
        ]
    write_folder(shelf, tmp_path / "out")
    pages += [path.read_text("utf-8") for path in (tmp_path / "out").rglob("*.html")]
    assert len(pages) == 10
    for html in pages:
        rest = re.sub(r"(?s)<(style|script)>.*?</\1>", "", html)
        assert not re.search(
            r"<(script|img|iframe|style|meta http|svg onload|a href=\"javascript)",
            rest.replace('<script src="/static/', "").replace('<meta http-equiv="Content-Security-Policy"', ""),
        )
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    assert (
        sum("{{ 7 * 7 }}" in html for html in pages) == 2
    )  # that of the attempt which says it, served and in the folder


def test_runs_are_found_below_folders_and_named_apart(tmp_path: Path) -> None:
    for name in ("a/run", "b/run", "b/deep/er/run"):
        write_run(tmp_path / name, [record("a")], INFO)
    found = found_runs([tmp_path, tmp_path / "a" / "run"])
    assert sorted(str(path.relative_to(tmp_path)) for path in found) == ["a/run", "b/deep/er/run", "b/run"]
    assert labels_of(found) == ["a/run", "er/run", "b/run"] and labels_of(found[:1]) == ["run"]
    (tmp_path / "none").mkdir()
    for path in (tmp_path / "none", tmp_path / "missing"):
        with pytest.raises(UserError, match="not a run folder"):
            found_runs([path])


def test_a_folder_that_is_not_empty_is_left_alone(two: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(UserError, match="not empty"):
        write_folder(open_shelf([two]), tmp_path / "out")
    assert (tmp_path / "out" / "mine").read_text() == "x"


def test_every_link_of_a_folder_is_a_file_of_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name in ("one", "two"):
        run = generated(name, Made(tasks=20, episodes=2, faults=0.3))
        write_run(tmp_path / "runs" / name, run.attempts, run.info)
    write_folder(open_shelf([tmp_path / "runs"]), out)
    pages = list(out.rglob("*.html"))
    assert len(pages) > 80
    for path in pages[:40] + pages[-40:]:
        for link in links(path.read_text("utf-8")):
            where = link.partition("#")[0]
            assert not where or (path.parent / where).resolve().is_file(), (path, link)
            assert not where.startswith(("/", "http"))


def test_the_same_runs_give_the_same_files(tmp_path: Path) -> None:
    run = generated("one", Made(tasks=6, episodes=2, faults=0.3))
    write_run(tmp_path / "run", run.attempts, run.info)
    for name in ("first", "second"):
        write_folder(open_shelf([tmp_path / "run"]), tmp_path / name)
    for path in (tmp_path / "first").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "second" / path.relative_to(tmp_path / "first")).read_bytes()
