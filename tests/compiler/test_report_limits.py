"""Reports that services read: what they demand, and how much of it they take."""

from __future__ import annotations

import gzip
import json
import random
from typing import Any

import pytest

from clawc.compiler.finding import Finding, Place
from clawc.compiler.report import sarif
from clawc.compiler.report.github import notice
from clawc.compiler.report.gitlab import as_gitlab
from clawc.spec.diagnostics import BY_CODE


def finding(code: str, path: str = "a.claw", message: str = "wrong", line: int = 1) -> Finding:
    return Finding(code, message, path, Place(line, 1, 0), Place(line, 2, 1), "x", "")


def test_every_rule_has_what_github_demands() -> None:
    run: Any = json.loads(sarif.as_sarif([finding(code) for code in BY_CODE], version="1").text)["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert len(rules) == len(BY_CODE)
    for rule in rules:
        assert len(rule["id"]) <= 255 and len(rule["name"]) <= 255
        texts = [rule[name]["text"] for name in ("shortDescription", "fullDescription", "help")]
        assert all(text and len(text) <= 1024 for text in texts)
    assert "invocations" not in run
    for result in run["results"]:
        assert result["message"]["text"] and result["partialFingerprints"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert min(region.values()) >= 1


@pytest.mark.parametrize(
    ("path", "uri"),
    [("a b/ü.claw", "a%20b/%C3%BC.claw"), ("a:b#c?.claw", "a%3Ab%23c%3F.claw"), ("x\udcff%.claw", "x%FF%25.claw")],
    ids=["space", "signs", "no-utf-8"],
)
def test_paths_are_relative_references(path: str, uri: str) -> None:
    assert sarif.uri(path) == uri


def test_too_many_results_leave_errors_in_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_RESULTS", 10)
    found = [finding("W0302", line=n + 1) for n in range(15)] + [finding("E0402", line=n + 1) for n in range(5)]
    report = sarif.as_sarif(found, version="1", in_source=[finding("W0403")])
    run: Any = json.loads(report.text)["runs"][0]
    assert report.left_out == 11 and len(run["results"]) == 10
    assert [r["level"] for r in run["results"]].count("error") == 5
    assert "11 results are left out" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_too_many_bytes_are_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_BYTES", 60_000)
    rng = random.Random(1)
    found = [finding("E0402", message=rng.randbytes(1_000).hex(), line=n + 1) for n in range(400)]
    report = sarif.as_sarif(found, version="1")
    assert 0 < report.left_out < 400
    assert len(gzip.compress(report.text.encode(), mtime=0)) <= 60_000


def test_gitlab_wants_marks_of_their_own() -> None:
    found = [
        finding("E0402"),
        finding("E0402", line=2),
        finding("E0402", path="./b.claw"),
        finding("W0302", path="\udcff\x1b"),
    ]
    issues = json.loads(as_gitlab(found))
    assert len({issue["fingerprint"] for issue in issues}) == 4
    assert [issue["location"]["path"] for issue in issues[:3]] == ["a.claw", "a.claw", "b.claw"]
    assert [issue["severity"] for issue in issues] == ["major", "major", "major", "minor"]
    json.dumps(issues).encode()
    assert all(issue["location"]["path"].encode() for issue in issues)


def test_a_notice_holds_no_second_command() -> None:
    said = notice("warning", "a,b::c", "x\n::error::y%0A\r\nz")
    assert said == "::warning title=a%2Cb%3A%3Ac::x%0A::error::y%250A%0Az\n"
