"""`clawc check` from outside: formats, what is allowed, kept results, and files that ask for too much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

TASK = """claw 1

task {name} {{
  title = "Total the hours"
  workspace {{
    file rates "input/rates.csv" {{ content = "rate\\n1\\n" }}
    file hours "input/hours.csv"
  }}
  let wanted = csv(hours) | sort name
  deliver totals "output/totals.csv" {{ columns = [name, hours] }}
  instruction = "Read {{{{ path.hours }}}} and write {{{{ path.totals }}}}: the columns name and hours, sorted by name."
  verify {{ check totals_right {{ expect rows(totals) == wanted }} }}
}}
"""


def clawc(cwd: Path, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clawc", "check", *arguments],
        cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, **(env or {})},
    )  # fmt: skip


def found(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [d["code"] for d in json.loads(done.stdout)["diagnostics"]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A file with a warning, one with an error, and their input."""
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "hours.csv").write_text("name,hours\nAda,3\nBo,4\n", encoding="utf-8")
    (tmp_path / "a.claw").write_text(TASK.format(name="a"), encoding="utf-8")
    (tmp_path / "b.claw").write_text(TASK.format(name="b").replace("sort name", "sort nmae"), encoding="utf-8")
    return tmp_path


def test_sarif(project: Path) -> None:
    done = clawc(project, ".", "--format", "sarif")
    document: Any = json.loads(done.stdout)
    run = document["runs"][0]
    assert done.returncode == 1 and document["version"] == "2.1.0"
    rules = [r["id"] for r in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] in ("a.claw", "b.claw")
    misspelt = next(r for r in run["results"] if r["ruleId"] == "E0402")
    region = misspelt["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["endLine"]) == (9, 9)
    change = misspelt["fixes"][0]["artifactChanges"][0]["replacements"][0]
    at = change["deletedRegion"]["charOffset"]
    text = (project / "b.claw").read_text(encoding="utf-8")
    assert text[at : at + change["deletedRegion"]["charLength"]] == "nmae"
    assert change["insertedContent"]["text"] == "name"


def test_github(project: Path) -> None:
    lines = clawc(project, ".", "--format", "github").stdout.splitlines()
    assert any(
        line.startswith("::error file=b.claw,line=9,endLine=9,title=E0402 unknown column,col=") for line in lines
    )
    assert any(line.startswith("::warning file=a.claw,line=6,") for line in lines)


def test_junit(project: Path) -> None:
    suite = ET.fromstring(clawc(project, ".", "--format", "junit").stdout)
    cases = {case.get("name"): [inner.tag for inner in case] for case in suite.iter("testcase")}
    assert cases["a.claw"] == ["system-out"] and cases["b.claw"][0] == "failure"
    assert suite.get("tests") == "2" and suite.get("failures") == "1"
    denied = ET.fromstring(clawc(project, "a.claw", "--format", "junit", "--deny", "warnings").stdout)
    assert denied.get("failures") == "1"


def test_hostile_names_stay_inside_every_format(project: Path) -> None:
    name = "x\n::error::y,z:%0A\x1b[31m&<\u202e.claw"
    (project / name).write_text(TASK.format(name="a"), encoding="utf-8")
    github = clawc(project, name, "--format", "github").stdout
    assert all(line.startswith(("::warning ", "::error ")) for line in github.splitlines()) and "\x1b" not in github
    assert "\n::error::y" not in github
    ET.fromstring(clawc(project, name, "--format", "junit").stdout)
    text = clawc(project, name).stdout
    assert "\x1b" not in text and "\u202e" not in text
    json.loads(clawc(project, name, "--format", "sarif").stdout)


def test_deny_warnings_after_all_are_collected(project: Path) -> None:
    assert clawc(project, "a.claw").returncode == 0
    done = clawc(project, "a.claw", "b.claw", "--deny", "warnings", "--format", "json")
    assert done.returncode == 1 and sorted(set(found(done))) == ["E0402", "W0302"]
    assert clawc(project, "a.claw", "--deny", "warnings").returncode == 1
    assert clawc(project, "a.claw", "--deny", "errors").returncode == 2


def test_allowed_by_the_project(project: Path) -> None:
    (project / "claw.toml").write_text(
        '[[check.allow]]\ncode = "W0302"\npaths = ["a.*"]\nreason = "for people"\n', encoding="utf-8"
    )
    done = clawc(project, "a.claw", "--deny", "warnings", "--format", "json")
    document = json.loads(done.stdout)
    assert done.returncode == 0 and not document["diagnostics"]
    assert [(d["code"], d["reason"]) for d in document["suppressed"]] == [("W0302", "for people")]
    sarif = json.loads(clawc(project, "a.claw", "--format", "sarif").stdout)["runs"][0]["results"]
    assert sarif[0]["suppressions"] == [{"kind": "external", "justification": "for people"}]
    assert "1 allowed" in clawc(project, "a.claw").stdout


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("[check\n", "is not TOML"),
        ("[check]\ndeny = 1\n", "takes only `allow`"),
        ('[[check.allow]]\ncode = "W9"\nreason = "x"\n', "names no diagnostic"),
        ('[[check.allow]]\ncode = "E0402"\nreason = "x"\n', "is an error"),
        ('[[check.allow]]\ncode = "W0302"\n', "has no `reason`"),
        ('[[check.allow]]\ncode = "W0302"\nreason = "x"\npaths = "a"\n', "no list of texts"),
        ('[[check.allow]]\ncode = "W0302"\nreason = "x"\nfiles = []\n', "takes `code`"),
        ("[check]\nallow = 3\n", "`allow` is a list"),
        ("[check]\nallow = [3]\n", "takes `code`"),
    ],
)
def test_settings_that_mean_nothing(project: Path, settings: str, words: str) -> None:
    (project / "claw.toml").write_text(settings, encoding="utf-8")
    done = clawc(project, "a.claw")
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


def test_a_baseline_hides_what_was_there(project: Path) -> None:
    done = clawc(project, ".", "--write-baseline", "known.json")
    assert done.returncode == 1 and "warning[" not in done.stdout and "error[E0402]" in done.stdout
    assert clawc(project, "a.claw", "--baseline", "known.json", "--deny", "warnings").returncode == 0
    # Lines may move, and the place from which the check is started does not matter.
    text = (project / "a.claw").read_text(encoding="utf-8")
    (project / "a.claw").write_text(text.replace("\ntask", "\n# more\n\ntask"), encoding="utf-8")
    inner = project / "input"
    assert clawc(inner, "../a.claw", "--baseline", "../known.json", "--deny", "warnings").returncode == 0
    # A second one of the same kind is new.
    second = '    file other "input/other.csv" { content = "rate\\n1\\n" }\n    file hours'
    (project / "a.claw").write_text(text.replace("    file hours", second), encoding="utf-8")
    done = clawc(project, "a.claw", "--baseline", "known.json", "--format", "json")
    assert found(done) == ["W0302"] and "other" in done.stdout


@pytest.mark.parametrize("content", ["", "[]", '{"format_version": 9}', '{"format_version": 1, "findings": [3]}', None])
def test_a_baseline_that_is_none(project: Path, content: str | None) -> None:
    if content is not None:
        (project / "known.json").write_text(content, encoding="utf-8")
    done = clawc(project, "a.claw", "--baseline", "known.json")
    assert done.returncode == 2 and "Traceback" not in done.stderr and "--write-baseline" in done.stderr


def test_kept_results_follow_every_change(project: Path) -> None:
    cache = {"CLAWC_CACHE": str(project / "cache")}

    def check(*more: str) -> list[str]:
        return found(clawc(project, "a.claw", "--format", "json", *more, env=cache))

    assert check() == check() == ["W0302"]
    assert (project / "cache" / "check-1.sqlite").stat().st_mode & 0o077 == 0
    hours = project / "input" / "hours.csv"
    text = hours.read_text(encoding="utf-8")
    before = os.stat(hours)
    hours.write_text(text.replace("hours", "huors"), encoding="utf-8")
    os.utime(hours, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "E0402" in check() or "E0403" in check() or set(check()) != {"W0302"}
    hours.unlink()
    assert "E0703" in check()
    hours.write_text(text, encoding="utf-8")
    assert check() == ["W0302"]
    outside = project.parent / f"{project.name}.csv"
    outside.write_text(text, encoding="utf-8")
    hours.unlink()
    hours.symlink_to(outside)
    assert "E0701" in check()


def test_a_damaged_cache_costs_nothing(project: Path) -> None:
    cache = project / "cache"
    cache.mkdir()
    (cache / "check-1.sqlite").write_bytes(b"no database" * 1000)
    env = {"CLAWC_CACHE": str(cache)}
    for _ in range(2):
        assert found(clawc(project, "a.claw", "--format", "json", env=env)) == ["W0302"]
    env = {"CLAWC_CACHE": "/proc/none"}
    assert found(clawc(project, "a.claw", "--format", "json", env=env)) == ["W0302"]


def test_kept_results_are_data(project: Path) -> None:
    """Whatever stands in the cache, nothing of it is run, and what is no result is found anew."""
    import sqlite3

    cache = project / "cache"
    env = {"CLAWC_CACHE": str(cache)}
    clawc(project, "a.claw", env=env)
    for result in ("null", "[]", '{"found": [[1]]}', '{"found": 3, "allowed": [], "tasks": []}', "{"):
        with sqlite3.connect(cache / "check-1.sqlite") as database:
            database.execute("update checks set result = ?", (result,))
        assert found(clawc(project, "a.claw", "--format", "json", env=env)) == ["W0302"]


def test_two_checks_at_once_share_a_cache(project: Path) -> None:
    env = {**os.environ, "CLAWC_CACHE": str(project / "cache")}
    for number in range(30):
        (project / f"t{number}.claw").write_text(TASK.format(name=f"t{number}"), encoding="utf-8")
    command = [sys.executable, "-m", "clawc", "check", ".", "--format", "json"]
    running = [subprocess.Popen(command, cwd=project, env=env, stdout=subprocess.PIPE) for _ in range(3)]
    outputs = {process.communicate()[0] for process in running}
    assert len(outputs) == 1


def test_one_file_that_asks_for_too_much_hides_no_other(project: Path) -> None:
    heavy = "let d = table(dates(@2000-01-01..@2000-12-31))\n  let p = d | cross_join (d | rename o = value)\n"
    more = "".join(f"  let q{n} = count(p | where value <= o and o != @2001-01-{n:02})\n" for n in range(1, 31))
    text = TASK.format(name="c").replace("let wanted", f"{heavy}{more}  let wanted")
    (project / "c.claw").write_text(text, encoding="utf-8")
    document = json.loads(clawc(project, ".", "--format", "json").stdout)
    by_file = {d["file"]: d["code"] for d in document["diagnostics"]}
    assert by_file["a.claw"] == "W0302" and by_file["b.claw"] in ("E0402", "W0302")
    assert by_file["c.claw"] in ("E0503", "E0501")


def test_what_is_no_file(project: Path) -> None:
    os.mkfifo(project / "pipe.claw")
    done = clawc(project, "pipe.claw")
    assert done.returncode == 2 and "not a regular file" in done.stderr
    assert clawc(project, ".").returncode == 1
    assert clawc(project, "none.claw").returncode == 2


def test_results_do_not_depend_on_jobs_or_cache(project: Path) -> None:
    outputs = {clawc(project, ".", *more).stdout for more in (("-j", "1"), ("-j", "3"), ("--no-cache",), ())}
    assert len(outputs) == 1
