"""What is asked without a browser: texts that would harm, pages of others, files of others, and what is left at the end."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawc.runtime.playground.project import Project
from clawc.runtime.web.guard import Guard
from tests.playground.conftest import TEXT, Said, Site, asked, entered, playground, project_in


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guard]:
    """A playground over a project with one source and a file that lies outside."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "secret.csv").write_text("order,customer,amount\n1,secret,2\n", encoding="utf-8")
    (folder / "secret.claw").write_text("claw 1\n\nlet secret = 1\n", encoding="utf-8")
    project = project_in(folder / "project")
    (folder / "project" / "link.csv").symlink_to(folder / "secret.csv")
    with playground(project) as guard:
        yield guard


def check(guard: Guard, text: str, tab: str = "a", **more: object) -> Any:
    answer = asked(
        guard, "/api/check", {"text": text, "tab": tab, "seq": time.time_ns(), "name": "order_totals.claw", **more}
    )
    assert answer.status == 200, answer
    return answer.body


def prove(guard: Guard, text: str) -> list[dict[str, Any]]:
    body = {"text": text, "tab": "p", "seq": time.time_ns(), "name": "order_totals.claw"}
    said: list[dict[str, Any]] = asked(guard, "/api/prove", body).body
    return said


def codes(answer: dict[str, Any]) -> list[str]:
    return [each["code"] for each in answer["found"]]


def test_a_text_gives_all_that_it_compiles_to(guard: Guard) -> None:
    answer = check(guard, TEXT)
    (task,) = answer["tasks"]
    assert answer["found"] == [] and task["name"] == "order_totals"
    assert "def check_totals_right" in task["checker"] and "input/orders.csv" in task["turns"][0]
    files = {(each["group"], each["path"]): each["text"] for each in task["files"]}
    assert files["expected", "output/totals.csv"] == "customer,total\nAda,19.5\nBela,3.2\n"
    assert files["workspace", "input/orders.csv"].startswith("order,customer")


def test_places_are_those_of_a_browser(guard: Guard) -> None:
    text = TEXT.replace("One line", "𝒳𝒳 One line").replace("csv(orders)", "csv(ordres)")
    answer = check(guard, text)
    here = next(each for each in answer["found"] if "ordres" in each["message"])
    units = text.encode("utf-16-le")
    assert units[here["start"] * 2 : here["end"] * 2].decode("utf-16-le") == "ordres"
    fix = here["fix"]
    mended = units[: fix["start"] * 2].decode("utf-16-le") + fix["text"] + units[fix["end"] * 2 :].decode("utf-16-le")
    assert "csv(orders)" in mended


def test_a_proof_comes_in_pieces_and_is_clean(guard: Guard) -> None:
    said = prove(guard, TEXT)
    plan = next(each["plan"] for each in said if "plan" in each)
    judged = [each for each in said if "judged" in each][-1]
    assert len(judged["judged"]) == len(plan["mutants"]) and judged["done"] == plan["cases"]
    assert {status for _, status, _ in judged["judged"]} == {"killed", "kept"}
    assert next(each["card"] for each in said if "card" in each)["clean"]
    assert next(each["real"] for each in said if "real" in each) == {"runs": 4, "disagreed": []}
    assert said[-1] == {"end": "done"} and not any("laid" in each for each in said)


def test_programs_of_a_spec_only_run_in_sandboxes() -> None:
    examples = Path(__file__).parents[2] / "examples"
    with playground(Project(examples, [examples / "discount_script.claw"])) as guard:
        text = asked(guard, "/api/start").body["text"]
        said = asked(guard, "/api/prove", {"text": text, "tab": "p", "seq": 1, "name": "discount_script.claw"}).body
    last = [each for each in said if "judged" in each][-1]
    assert said[-1] == {"end": "done"} and next(each for each in said if "real" in each)["real"]["runs"] > 10
    assert not any(status == "open" for _, status, _ in last["judged"])


def test_without_sandboxes_the_proof_says_so(guard: Guard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLAWC_SANDBOX", "docker")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with playground(project_in(tmp_path / "p")) as other:
        said = prove(other, TEXT)
    none = next(each for each in said if each.get("sandbox") == "none")
    assert none["why"] and none["help"] and any("card" in each for each in said) and said[-1] == {"end": "done"}


ENDLESS = TEXT.replace("sum(amount)", "sum(" + "(" * 60 + "amount" + " * 9999999999)" * 60 + ")")
BOMBS = {
    "arithmetic": ENDLESS,
    "deep": TEXT.replace("let totals", "let deep = " + "(" * 50_000 + "1" + ")" * 50_000 + "\n  let totals"),
    "lists": TEXT.replace("let totals", "let deep = " + "[" * 20_000 + "\n  let totals"),
    "blocks": "claw 1\n" + "task x {\n" * 20_000,
    "surrogate": TEXT.replace("Ada", "\ud800"),
    "nul": TEXT.replace("Ada", "\0"),
    "regex": TEXT.replace("let totals", 'let slow = matches("' + "a" * 5000 + '!", re"(a+)+$")\n  let totals'),
    "many": "claw 1\n" + "".join(f"let a{n} = nothing{n}\n" for n in range(20_000)),
    "huge": TEXT + "#" * 1_900_000,
    "wide": TEXT.replace("1,Ada,12.50", "\n".join(f"        {n},Ada,1.5" for n in range(40_000)).strip()),
}  # fmt: skip


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", BOMBS)
def test_texts_that_would_harm_are_answered_and_others_meanwhile(guard: Guard, name: str) -> None:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(check(guard, BOMBS[name], tab="bomb")))
    thread.start()
    assert check(guard, TEXT, tab="good")["tasks"]
    thread.join(60)
    (answer,) = answers
    assert "found" in answer or answer["trouble"]["message"]
    json.dumps(answer).encode("ascii")


def test_a_newer_text_ends_the_older_one(guard: Guard) -> None:
    slow: list[Said] = []
    body = {"text": BOMBS["wide"], "tab": "t", "seq": 1, "name": "order_totals.claw"}
    thread = threading.Thread(target=lambda: slow.append(asked(guard, "/api/check", body)))
    thread.start()
    time.sleep(0.05)
    newer = asked(guard, "/api/check", {**body, "text": TEXT, "seq": 2})
    assert newer.status == 200 and newer.body["seq"] == 2 and newer.body["tasks"]
    thread.join(60)
    assert slow[0].body == {"superseded": True}
    assert asked(guard, "/api/check", {**body, "text": TEXT, "seq": 1}).body == {"superseded": True}


def test_a_proof_ends_when_the_text_changes_or_nobody_listens(guard: Guard) -> None:
    ended: list[Said] = []
    body = {"text": BOMBS["wide"], "tab": "q", "seq": 1, "name": "order_totals.claw"}
    thread = threading.Thread(target=lambda: ended.append(asked(guard, "/api/prove", body)))
    thread.start()
    time.sleep(0.5)
    assert asked(guard, "/api/check", {**body, "text": TEXT, "seq": 2}).body["tasks"]
    thread.join(10)
    assert not thread.is_alive() and {"end": "done"} not in ended[0].body
    connection = http.client.HTTPConnection("127.0.0.1", guard.port, timeout=10)
    sent = {
        "Cookie": entered(guard),
        "Origin": f"http://127.0.0.1:{guard.port}",
        "Content-Type": "application/json",
    }
    connection.request("POST", "/api/prove", json.dumps({**body, "seq": 3}), sent)
    time.sleep(0.5)
    assert workers(os.getpid())
    connection.close()
    until = time.monotonic() + 10
    while workers(os.getpid()) and time.monotonic() < until:
        time.sleep(0.1)
    assert not workers(os.getpid())


@pytest.mark.parametrize(
    "asset", ["../secret.csv", "/etc/passwd", "link.csv", "../../secret.csv", "sub/../../secret.csv"]
)
def test_assets_never_leave_the_project(guard: Guard, asset: str) -> None:
    text = TEXT.replace("content =", f'from = "{asset}" #').replace('"""\n        order', "\n        #order", 1)
    answer = check(
        guard,
        f'claw 1\ntask x {{\n  title = "x"\n  workspace {{ file orders "in.csv" {{ from = "{asset}" }} }}\n  instruction = "x"\n}}\n',
    )
    assert (
        {"E0701", "E0703"} & set(codes(answer))
        and "secret,2" not in json.dumps(answer)
        and "root:" not in json.dumps(answer)
    )
    assert text


def test_modules_never_leave_the_project(guard: Guard) -> None:
    answer = check(guard, 'claw 1\nuse "../secret.claw" (secret)\n')
    assert any(code.startswith("E") for code in codes(answer)) and not answer["tasks"]


def test_without_a_file_there_are_no_assets(tmp_path: Path) -> None:
    with playground(None) as alone:
        found = asked(alone, "/api/start").body
        assert found["name"] == "" and "task order_totals" in found["text"]
        body = {"text": 'claw 1\nuse "x.claw" (a)\n', "tab": "a", "seq": 1}
        assert any(each["code"].startswith("E") for each in asked(alone, "/api/check", body).body["found"])
        refused = asked(alone, "/api/save", {"text": "x", "name": "x.claw", "stamp": ""})
        assert refused.status == 400 and "no file" in refused.body["error"]
        assert asked(alone, "/api/file?name=x.claw").status == 400


@pytest.mark.parametrize(
    "name", ["../secret.claw", "/etc/passwd", "", "link.csv", "order_totals.claw/../../secret.claw"]
)
def test_nothing_is_read_or_written_elsewhere(guard: Guard, name: str) -> None:
    from urllib.parse import quote

    assert asked(guard, "/api/save", {"text": "x", "name": name, "stamp": ""}).status == 400
    assert asked(guard, f"/api/file?name={quote(name)}").status == 400
    if name:
        assert asked(guard, "/api/check", {"text": TEXT, "tab": "a", "seq": time.time_ns(), "name": name}).status == 400


@pytest.mark.parametrize("path", ["/api/check", "/api/save", "/api/format", "/api/prove"])
def test_pages_of_others_are_refused(guard: Guard, path: str) -> None:
    body = {"text": TEXT, "tab": "a", "seq": time.time_ns(), "name": "order_totals.claw", "stamp": ""}
    assert asked(guard, path, body, Origin="http://evil.example").status == 403
    assert asked(guard, path, body, Origin="null").status == 403
    assert asked(guard, path, body, Sec_Fetch_Site="cross-site").status == 403
    assert asked(guard, path, body, Host=f"evil.example:{guard.port}").status == 421
    assert asked(guard, path, body, Cookie="").status == 401
    assert asked(guard, path, body, Content_Type="text/plain").status == 400
    assert asked(guard, path, body, Content_Type="application/x-www-form-urlencoded").status == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"[" * 200_000, b'{"text": 1}', b'{"text": "x", "seq": "1"}', b'{"text": "x", "seq": true}',
                                  b'{"text": "x", "tab": "../x"}', b'{"text": "x", "name": []}', b"\xff\xfe", b'{"tab": "x"}'])  # fmt: skip
def test_what_is_no_request_is_refused(guard: Guard, body: bytes) -> None:
    answer = asked(guard, "/api/check", body)
    assert answer.status == 400 and answer.body["error"]


def test_a_body_over_the_limit_is_refused(guard: Guard) -> None:
    answer = asked(guard, "/api/check", {"text": "x" * (2 << 20), "tab": "a", "seq": 1})
    assert answer.status == 413 and "2 MiB" in answer.body["error"]


def test_a_text_is_formatted(guard: Guard) -> None:
    answer = asked(guard, "/api/format", {"text": TEXT.replace("  title", "      title"), "tab": "f", "seq": 1})
    assert answer.body["text"] == TEXT and answer.body["left"] == ""


def test_children_that_die_are_replaced(site: Site) -> None:
    assert check(site.guard, TEXT)["tasks"]
    for pid in children_of(os.getpid()):
        if b"clawc.runtime.playground.child" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    time.sleep(0.3)
    assert check(site.guard, TEXT)["tasks"]


def workers(pid: int) -> list[int]:
    """The children in which texts are at work."""
    found = [
        n for n in children_of(pid) if b"clawc.runtime.playground.child" in Path(f"/proc/{n}/cmdline").read_bytes()
    ]
    return [n for parent in found for n in children_of(parent)]


def children_of(pid: int) -> list[int]:
    return [int(n) for task in Path(f"/proc/{pid}/task").iterdir() for n in (task / "children").read_text().split()]


def test_nothing_is_left_after_sigterm(tmp_path: Path) -> None:
    project_in(tmp_path / "p")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-P", "-m", "clawc", "playground", str(tmp_path / "p" / "order_totals.claw")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(temporary)}
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        port, token = int(address.split(":")[2].split("/")[0]), address.partition("token=")[2]
        guard = Guard(port, token)
        assert prove(guard, TEXT)[-1] == {"end": "done"}
        assert entered(guard)
        ours = children_of(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    time.sleep(0.2)
    assert not [
        pid
        for pid in ours
        if Path(f"/proc/{pid}/cmdline").exists() and b"playground" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert list(temporary.iterdir()) == []
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == ["order_totals.claw"]
