"""Over HTTP: what is not for the eyes of a reviewer is not in the answer; what comes from strangers reaches no file and no script."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import pytest

from clawc.runtime.bundle import Bundle
from clawc.runtime.review.app import review_app
from clawc.runtime.review.session import Review
from clawc.runtime.review.subject import Subject
from clawc.runtime.web.guard import Guard
from clawc.spec.review import Decision, Finding
from tests.review.conftest import MakeReview, board_of, said, stored
from tests.web.conftest import served

# What only others know, each in a place of its own.
NOTE, FINDING, TAG, MODEL, JUDGE, REASON = (
    "note-of-bo",
    "finding-of-bo",
    "tag_of_bo",
    "model-called-m",
    "judge-of-gold",
    "reason-of-judge",
)


class Site:
    """A server, and a browser without a screen that was let in."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        status, headers, _ = self.ask(f"/?token={guard.token}")
        assert status == 303
        self.cookie = headers["set-cookie"].partition(";")[0]

    cookie = ""

    def ask(
        self, path: str, fields: dict[str, str] | list[tuple[str, str]] | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.guard.port, timeout=30)
        given = {"Cookie": self.cookie, **{name.replace("_", "-"): value for name, value in headers.items()}}
        body = None
        if fields is not None:
            body = urlencode(fields)
            given = {
                "Origin": f"http://127.0.0.1:{self.guard.port}",
                "Content-Type": "application/x-www-form-urlencoded",
                **given,
            }
        connection.putrequest("GET" if fields is None else "POST", path, skip_host=False)
        for name, value in given.items():
            if value:
                connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(None if body is None else body.encode())
        found = connection.getresponse()
        text = found.read().decode()
        connection.close()
        return found.status, {name.lower(): value for name, value in found.getheaders()}, text

    def page(self, path: str) -> str:
        status, _, text = self.ask(path)
        assert status == 200, (path, status, text[:300])
        return text

    def vote(self, id: str, verdict: str, **fields: str) -> tuple[int, dict[str, str], str]:
        key = re.findall(r'name="key" value="([0-9a-f]{32})"', self.page(f"/task/{id}"))[0]
        return self.ask(f"/task/{id}", {"key": key, "verdict": verdict, **fields})


@pytest.fixture
def sites() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def site(stack: ExitStack, review: Review) -> Site:
    return Site(stack.enter_context(served(lambda: review_app(review))))


def of_others(id: str) -> list[Decision]:
    return [
        said(id, "Bo", "reject", note=NOTE, findings=[Finding(severity="high", tag=TAG, check="digest_right", note=FINDING)]),
        said(id, MODEL, "accept", role="model", note="note-of-model"),
    ]  # fmt: skip


def every_page(at: Site, bundle: Bundle) -> str:
    """All that a reviewer can ask of the server, in one text."""
    id = bundle.manifest.id
    paths = ["/", "/?show=closed", "/?show=mine", "/live", "/export.jsonl", f"/task/{id}", f"/task/{id}?stored"]
    paths += [f"/task/{id}/check/{c.name}" for c in bundle.manifest.scoring.checks]
    paths += [f"/task/{id}/file/{name}" for name in bundle.files if "vendor" not in name]
    return "\n".join(at.page(path) for path in paths)


SECRETS = (
    NOTE,
    FINDING,
    TAG,
    TAG.replace("_", " "),
    MODEL,
    "note-of-model",
    JUDGE,
    REASON,
    "0.812",
    "0.8125",
    ">Bo<",
    "Bo ",
)


def test_nothing_of_others_or_judges_is_in_any_page_before_a_vote(
    review: MakeReview, bundles: list[Bundle], sites: ExitStack
) -> None:
    ada = review("Ada")
    bundle = bundles[1]
    id = bundle.manifest.id
    stored(ada, *of_others(id))
    at = site(sites, ada)
    before = every_page(at, bundle)
    assert not [secret for secret in SECRETS if secret in before]
    assert "said of digest_right" in before  # what the checker said of rollouts is no secret

    # To defer is no vote, and a form that is refused is none.
    assert at.vote(id, "defer")[0] == 303
    assert at.vote(id, "accept", listed="accepts_wrong")[0] == 400
    after = every_page(at, bundle)
    assert not [secret for secret in SECRETS if secret in after]

    status, headers, _ = at.vote(id, "revise", notes="mine")
    assert (status, headers["location"]) == (303, f"/task/{id}?stored")
    revealed = every_page(at, bundle)
    for secret in (NOTE, FINDING, TAG, MODEL, "note-of-model", JUDGE, REASON, "0.812"):
        assert secret in revealed, secret


def test_a_vote_on_one_task_reveals_nothing_of_another(
    review: MakeReview, bundles: list[Bundle], sites: ExitStack
) -> None:
    ada = review("Ada")
    stored(ada, *of_others(bundles[1].manifest.id), said(bundles[0].manifest.id, "Bo", "accept", note="note-on-first"))
    at = site(sites, ada)
    assert at.vote(bundles[0].manifest.id, "accept")[0] == 303
    text = every_page(at, bundles[1])
    assert not [secret for secret in SECRETS[:-2] if secret in text] and "note-on-first" in text


def test_what_others_say_of_a_version_that_is_gone_stays_hidden(
    review: MakeReview, bundles: list[Bundle], sites: ExitStack
) -> None:
    ada, task = review("Ada"), bundles[0].manifest.task
    old = "f" * 64
    stored(ada, said(old, "Bo", "reject", task=task, note=NOTE), said(old, "Cy", "accept", task=task))
    at = site(sites, ada)
    text = at.page(f"/task/{bundles[0].manifest.id}")
    assert "2 decisions are of an older version" in text and NOTE not in text
    stored(ada, said(old, "Ada", "accept", task=task))
    text = at.page(f"/task/{bundles[0].manifest.id}")
    assert "3 decisions are of an older version" in text and NOTE in text
    status, _, gone = at.ask(f"/task/{old}")
    assert status == 404 and bundles[0].manifest.id[:12] in gone


def test_a_task_that_changed_is_back_in_the_queue(
    review: MakeReview, subjects: dict[str, Subject], bundles: list[Bundle], sites: ExitStack
) -> None:
    ada = review("Ada")
    task, id = bundles[0].manifest.task, bundles[0].manifest.id
    stored(ada, said("f" * 64, "Ada", "accept", task=task), said("f" * 64, "Bo", "accept", task=task))
    board = board_of(ada)
    assert board.standings[id].state == "open" and board.standings[id].wanted == 2 and id in board.queue
    at = site(sites, ada)
    assert at.vote(id, "accept")[0] == 303
    found = ada.ledger.decisions[-1]
    assert (found.bundle_id, found.verifier, found.task) == (id, subjects[id].verifier, task)
    assert found.blind and found.at == "2026-03-01T12:00:00Z" and found.seconds >= 0


def test_the_adjudicator_sees_both_and_decides(review: MakeReview, bundles: list[Bundle], sites: ExitStack) -> None:
    cy = review("Cy", adjudicates=True)
    id = bundles[1].manifest.id
    stored(cy, of_others(id)[0], said(id, "Ada", "accept", note="note-of-ada"))
    at = site(sites, cy)
    text = at.page(f"/task/{id}")
    assert NOTE in text and "note-of-ada" in text and JUDGE in text
    assert at.vote(bundles[0].manifest.id, "accept")[0] == 400  # nobody disagrees there
    assert at.vote(id, "revise", notes="as Bo says")[0] == 303
    board = board_of(cy)
    assert (board.standings[id].outcome, board.standings[id].by) == ("revise", "adjudicator") and not board.queue
    assert len(at.page("/export.jsonl").splitlines()) == 3


def test_a_reviewer_does_not_adjudicate_the_same_task(
    review: MakeReview, bundles: list[Bundle], sites: ExitStack
) -> None:
    bo = review("Bo", adjudicates=True)
    id = bundles[1].manifest.id
    stored(bo, of_others(id)[0], said(id, "Ada", "accept"))
    status, _, text = site(sites, bo).vote(id, "accept")
    assert status == 400 and "somebody else adjudicates" in text


def test_votes_that_contradict_themselves_are_shown_again_with_what_was_typed(
    review: MakeReview, bundles: list[Bundle], sites: ExitStack
) -> None:
    ada = review("Ada")
    at, id = site(sites, ada), bundles[0].manifest.id
    key = re.findall(r'name="key" value="([0-9a-f]{32})"', at.page(f"/task/{id}"))[0]
    rows = [("severity", "medium"), ("tag", "My Tag"), ("check", "totals_right"), ("note", "first"), ("severity", "medium"), ("tag", ""), ("check", ""), ("note", "second")]  # fmt: skip
    status, _, text = at.ask(f"/task/{id}", [("key", key), ("verdict", "accept"), *rows, ("notes", "kept notes")])
    assert status == 400 and "mean `revise` at least" in text
    assert all(each in text for each in ("kept notes", 'value="My Tag"', 'value="first"', 'value="second"'))
    assert not ada.ledger.decisions
    status, _, _ = at.ask(f"/task/{id}", [("key", key), ("verdict", "revise"), *rows])
    assert status == 303
    assert [(f.severity, f.tag, f.check, f.note) for f in ada.ledger.decisions[0].findings] == [
        ("medium", "my_tag", "totals_right", "first"), ("medium", "other", "", "second"),
    ]  # fmt: skip


@pytest.mark.parametrize("fields", [{}, {"verdict": "perfect"}, {"verdict": "accept", "key": "x"}, {"verdict": "reject"}, {"verdict": "revise", "listed": "nonsense"},
                                    {"verdict": "revise", "severity": "worst", "tag": "a", "check": "", "note": ""},
                                    {"verdict": "revise", "severity": "low", "tag": "a", "check": "no_such_check", "note": ""}])  # fmt: skip
def test_forms_that_no_page_sends_store_nothing(
    review: MakeReview, bundles: list[Bundle], sites: ExitStack, fields: dict[str, str]
) -> None:
    ada = review("Ada")
    at, id = site(sites, ada), bundles[0].manifest.id
    status, _, text = at.ask(f"/task/{id}", {"key": "0" * 32, **fields})
    assert status == 400 and 'role="alert"' in text and not ada.ledger.decisions


def test_a_form_that_is_sent_twice_is_one_vote(review: MakeReview, bundles: list[Bundle], sites: ExitStack) -> None:
    ada = review("Ada")
    at, id = site(sites, ada), bundles[0].manifest.id
    for _ in range(2):
        assert at.ask(f"/task/{id}", {"key": "a" * 32, "verdict": "accept"})[0] == 303
    assert len(ada.ledger.decisions) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Cookie": ""},
        {"Sec_Fetch_Site": "cross-site"},
    ],
)
def test_no_other_page_votes(
    review: MakeReview, bundles: list[Bundle], sites: ExitStack, headers: dict[str, str]
) -> None:
    ada = review("Ada")
    at, id = site(sites, ada), bundles[0].manifest.id
    status, _, _ = at.ask(f"/task/{id}", {"key": "a" * 32, "verdict": "accept"}, **headers)
    assert status in (401, 403) and not ada.ledger.decisions


@pytest.mark.parametrize("name", ["../bundle.json", "..%2Fbundle.json", "%2e%2e/bundle.json", "public/../bundle.json", "public/..%2F..%2Fbundle.json", "/etc/passwd", "%2Fetc%2Fpasswd",
                                  "bundle.json", "card.json", "public/workspace", "public/workspace/", "public//workspace/input/orders.csv", "public/workspace/input/orders.csv%00",
                                  "public/workspace/./input/orders.csv", "public%5Cworkspace%5Cinput%5Corders.csv", "%00", "public/workspace/input/orders.csv%0a", "%ff%fe", "secret"])  # fmt: skip
def test_only_files_of_the_task_are_shown(
    review: MakeReview, bundles: list[Bundle], sites: ExitStack, name: str
) -> None:
    at, id = site(sites, review("Ada")), bundles[0].manifest.id
    status, _, text = at.ask(f"/task/{id}/file/{name}")
    assert status in (400, 404) and "root:" not in text and "format_version" not in text


def test_a_file_that_became_a_link_is_not_followed(
    review: MakeReview, subjects: dict[str, Subject], bundles: list[Bundle], tmp_path: Path, sites: ExitStack
) -> None:
    import shutil

    from clawc.runtime.bundle import load
    from clawc.runtime.review.subject import subject_of

    copy = load(Path(shutil.copytree(bundles[0].path, tmp_path / "copy")))
    (tmp_path / "outside").write_text("secret-outside", encoding="utf-8")
    subject = subject_of(copy, None, frozenset(), (), None)
    file = copy.path / "public/workspace/input/orders.csv"
    file.unlink()
    file.symlink_to(tmp_path / "outside")
    at = site(sites, review("Ada", of={copy.manifest.id: subject}))
    for path in ("", "/file/public/workspace/input/orders.csv"):
        status, _, text = at.ask(f"/task/{copy.manifest.id}{path}")
        assert status == 500 and "secret-outside" not in text and "R0101" in text


def test_requirements_and_checks_lead_to_each_other(
    review: MakeReview, bundles: list[Bundle], sites: ExitStack
) -> None:
    text = site(sites, review("Ada")).page(f"/task/{bundles[2].manifest.id}")
    for number, name in enumerate(("limits", "nothing_else", "entry", "history"), 1):
        assert f'id="req-{number}" href="#check-{name}"' in text
        article = re.search(rf'<article class="panel check" id="check-{name}".*?</article>', text, re.DOTALL)
        assert article is not None and f"#req-{number}" in article[0]
    assert (
        "yaml(deploy) == patch(" in text and "memory_mb: 1152" in text and "proved" not in text.split("Kill matrix")[0]
    )


def test_the_queue_is_narrowed_and_told_on_pages(review: MakeReview, bundles: list[Bundle], sites: ExitStack) -> None:
    at = site(sites, review("Ada"))
    assert "1 of 3" in at.page("/?q=ORDERS") and "0 of 3" in at.page("/?q=nothing-like-it")
    assert "3 of 3" in at.page(f"/?show=waiting&page=99999&q={''.join(chr(97))}")
    status, headers, _ = at.ask("/next")
    assert status == 303 and headers["location"].startswith("/task/")


def test_the_export_is_the_ledger(review: MakeReview, bundles: list[Bundle], sites: ExitStack) -> None:
    ada = review("Ada")
    at, id = site(sites, ada), bundles[0].manifest.id
    at.vote(id, "revise", notes="n")
    status, headers, text = at.ask("/export.jsonl")
    assert (
        status == 200
        and headers["content-type"].startswith("application/jsonl")
        and "attachment" in headers["content-disposition"]
    )
    assert json.loads(text)["verdict"] == "revise" and text.encode() == ada.ledger.path.read_bytes()


def test_two_servers_of_one_folder_know_each_others_votes(
    review: MakeReview, bundles: list[Bundle], sites: ExitStack
) -> None:
    ada, bo = review("Ada"), review("Bo")
    first, second = site(sites, ada), site(sites, bo)
    id = bundles[0].manifest.id
    assert first.vote(id, "accept")[0] == 303 and second.vote(id, "accept")[0] == 303
    board = board_of(bo)
    assert board.standings[id].state in ("closed", "open") and len(board.standings[id].votes) == 2
    assert "1 task with two blind votes" in second.page("/live")


def test_a_vote_after_seeing_others_is_marked_so(review: MakeReview, bundles: list[Bundle], sites: ExitStack) -> None:
    ada = review("Ada")
    at, id = site(sites, ada), bundles[0].manifest.id
    at.vote(id, "accept")
    at.vote(id, "revise", notes="after all")
    assert [d.blind for d in ada.ledger.decisions] == [True, False]
