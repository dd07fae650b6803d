"""Runs to look at: two that were played, and one whose every text was written by somebody who means harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clawc.cli import run_app
from clawc.exits import OK
from clawc.runtime.records import Change, Changes, EpisodeRecord
from tests.runtime.conftest import works
from tests.runtime.run_folders import INFO, record, write_run
from tests.web.conftest import apart, chromium, tab

__all__ = ["chromium", "tab", "works"]

EXAMPLES = Path(__file__).parents[2] / "examples"
# What would be seen if it came alive: a title, an attribute, a request, a dialog.
LIVE = (
    "<script>document.title='alive'</script><img src=x onerror=\"document.title='alive'\"><a href=\"javascript:document.title='alive'\">a</a>"
    '</pre></details></script><svg onload="document.title=\'alive\'"><iframe src="//evil.example"></iframe>'
    "<style>body{display:none}</style><meta http-equiv=refresh content='0;url=//evil.example'>{{ 7 * 7 }}{% raw %}"
)
TRICKS = "\x1b]0;x\x07\x1b[31m\u202egnp.exe\u2066 \x00\x08 \ud800 \u2028 " + "w" * 3_000


@pytest.fixture(scope="session")
def played(works: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`first` is of an agent that does what is right, `second` of one that often errs; the same two tasks, four seeds each."""
    root = tmp_path_factory.mktemp("played")
    sources = [str(path) for path in sorted(EXAMPLES.glob("0*/*.claw"))[:2] or sorted(EXAMPLES.rglob("*.claw"))[:2]]
    for name, agent in (("first", "oracle"), ("second", "imperfect:0.5")):
        assert run_app(["run", *sources, "--agent", agent, "-n", "4", "--out", str(root / name)]) in (OK, 1)
    return root


def hostile_record(n: int, text: str) -> EpisodeRecord:
    """An attempt whose texts are all this one; as JSON, so that what a record cannot hold is left out."""
    base = record(f"e{n}", passed=(False, True)).model_dump(mode="json")
    said = text.encode("utf-8", "replace").decode()
    base |= {
        "final": said,
        "evidence": said,
        "category": said[:200],
        "operations": [said[:50]],
        "task": said[:200],
        "agent": said[:200],
    }
    for check in base["checks"]:
        check["message"] = said
        check["expects"] = [{"line": 3, "source": said, "passed": False, "share": 0.25, "message": said}]
    base["refused"] = [{"path": said[:100], "reason": said[:100]}]
    base["limits"] = [{"name": said[:40], "unit": "s", "allowed": 1.0, "used": 2.0, "enforcer": said[:40], "hit": True}]
    return EpisodeRecord.model_validate_json(json.dumps(base))


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A run whose records, transcripts and files hold scripts, directions, control characters and paths that lead away."""
    folder = tmp_path / "run"
    records = [hostile_record(n, text) for n, text in enumerate((LIVE, TRICKS))]
    paths = ["page.html", "pic.svg", "../../run.json", "away", "deep/none.txt"]
    changes = Changes(added=5, listed=tuple(Change(path=path, kind="added", after=3) for path in paths))
    records[0] = records[0].model_copy(update={"changes": changes})
    apart(lambda: write_run(folder, records, INFO.model_copy(update={"agent": "a <b>bold</b> agent"})))
    for number, (text, each) in enumerate(zip((LIVE, TRICKS), records)):
        said = text.encode("utf-8", "replace").decode()
        workspace = folder / "episodes" / each.key / "workspace"
        workspace.mkdir(parents=True)
        (workspace / "page.html").write_text(f"<html>{said}</html>", encoding="utf-8")
        (workspace / "pic.svg").write_text(
            "<svg xmlns='http://www.w3.org/2000/svg'><script>document.title='alive'</script></svg>", encoding="utf-8"
        )
        if not number:
            (workspace / "away").symlink_to("/etc/passwd")
        events = [
            {"event": "message", "step": 1, "t": 0.1, "message": {"role": "system", "content": said}},
            {"event": "message", "step": 2, "t": 0.2, "message": {"role": "user", "content": said}},
            {"event": "message", "step": 3, "t": 0.3, "message": {"role": "assistant", "content": said, "reasoning": said, "tool_calls": [
                {"id": "c1", "name": said[:60], "arguments": json.dumps({said[:40]: said, "path": said[:90]})},
                {"id": "c2", "name": "write", "arguments": "{no json " + said}]}},
            {"event": "message", "step": 4, "t": 0.4, "message": {"role": "tool", "content": said, "tool_call_id": "c1", "failed": True}},
        ]  # fmt: skip
        lines = "".join(json.dumps(event) + "\n" for event in events)
        (workspace.parent / "trajectory.jsonl").write_text(lines, encoding="utf-8")
    return folder
