"""Runs somebody else's grader over the workspace, the current folder, and says what it gave.

The first line of standard input is the order, a JSON object: `protocol`, `entry`, `score`, `timeout` in seconds and
`places`, absolute paths of the original's machine to
folders of the workspace, and `files`, path to `{"text": …}` or `{"base64": …}`. What follows is the record of what the agent did, one JSON object a line.
The answer is one line of JSON on standard output: `{"value": {"score": 0.5, "parts": {…}}}` or `{"raised": […], "message": …}`.

The grader's files lie in a folder of their own outside the workspace, so nothing that the agent left is imported in
their place. CPython 3.9 to 3.14, standard library alone.
"""

import base64
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Any, Dict, List, Optional, TextIO, cast

MOST_PARTS = 200
# Where the originals expect things; the workspace first, as the folder of the grader lies in it.
HOMES = ("/root/.openclaw/workspace", "/home/node/.openclaw/workspace", "/workspace", "/app")
# Files of a grader below this folder are laid into the workspace before `grade` is called.
LAID = "workspace_files"


class Failed(Exception):
    """The grader gave no score; the text says why."""


def main(record: TextIO) -> None:
    """One order, one answer; `record` is what follows the order."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        order = json.loads(sys.stdin.readline())
        given = _grade(order, _events(record))
        said: Dict[str, Any] = {"value": given}
    except Failed as failed:
        said = {"value": {"score": 0, "parts": {}, "problem": str(failed)[:500]}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError) as error:
        kinds = [kind.__name__ for kind in type(error).__mro__]
        said = {"raised": kinds, "message": str(error)[:500]}
    answer.write(json.dumps(said) + "\n")
    answer.flush()


def _events(stream: TextIO) -> List[Dict[str, Any]]:
    """The record of the agent's events; lines that are none are left out."""
    found: List[Dict[str, Any]] = []
    for line in stream:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            found.append(cast(Dict[str, Any], event))
    return found


def _grade(order: Dict[str, Any], events: List[Dict[str, Any]]) -> Dict[str, Any]:
    workspace = os.getcwd()
    place = os.path.realpath(tempfile.mkdtemp(prefix="grader-"))
    try:
        _lay(order["files"], place)
        protocols = {"clawgym": _clawgym, "shell": _shell, "grade": _function, "pytest": _pytest, "harbor": _harbor}
        return protocols[order["protocol"]](place, workspace, order, events)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _lay(files: Dict[str, Dict[str, str]], place: str) -> None:
    for path, file in sorted(files.items()):
        target = os.path.join(place, *path.split("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        data = base64.b64decode(file["base64"]) if "base64" in file else file["text"].encode("utf-8", "surrogatepass")
        with open(target, "wb") as out:
            out.write(data)
        os.chmod(target, 0o755)


# --- protocols -------------------------------------------------------------------------------------------------------


def _clawgym(place: str, workspace: str, order: Dict[str, Any], events: List[Dict[str, Any]]) -> Dict[str, Any]:
    """`check.py WORKSPACE`: the mean of all values of the object that it prints."""
    entry = os.path.join(place, order["entry"])
    _at_home(
        place, workspace, order, {"/root/.openclaw/workspace/reward": place, "/root/.openclaw/workspace": workspace}
    )
    ran = _run([sys.executable, entry, workspace], workspace, order)
    value = _json(ran)
    if isinstance(value, dict):
        parts = {name: _number(part, name) for name, part in cast(Dict[str, Any], value).items()}
        return _given(_mean(list(parts.values())), parts)
    if isinstance(value, (int, float)):
        return _given(float(value), {})
    return _given(0.0, {})


def _shell(place: str, workspace: str, order: Dict[str, Any], events: List[Dict[str, Any]]) -> Dict[str, Any]:
    """`reward.sh WORKSPACE`: the last line is the score."""
    homes = {home + "/reward": place for home in HOMES}
    homes.update(dict.fromkeys(HOMES[:2], workspace))
    _at_home(place, workspace, order, homes)
    ran = _run(["bash", os.path.join(place, order["entry"]), workspace], workspace, order)
    lines = [line for line in ran.splitlines() if line.strip()]
    if not lines:
        raise Failed("it printed nothing")
    return _given(_number(lines[-1].strip(), "the last line"), {})


# Calls the function in a process of its own, so that what it leaves behind cannot speak for it.
_CALL = """
import importlib.util, json, os, sys
out = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
told = json.loads(sys.stdin.read())
spec = importlib.util.spec_from_file_location("grade", told["entry"])
module = importlib.util.module_from_spec(spec)
sys.modules["grade"] = module
spec.loader.exec_module(module)
function = module.grade
code = getattr(function, "__code__", None)
names = code.co_varnames[:code.co_argcount] if code else ("transcript", "workspace_path")
if code and (code.co_flags & 8 or not names):
    given = function(**{"transcript": told["transcript"], "workspace_path": told["workspace"]})
else:
    given = function(*[told["transcript"], told["workspace"]][:len(names)])
def plain(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)
out.write(json.dumps(given, default=plain))
out.flush()
"""


def _function(place: str, workspace: str, order: Dict[str, Any], events: List[Dict[str, Any]]) -> Dict[str, Any]:
    """`grade(transcript, workspace_path)`: the mean of its numbers, or the one that is named where it is given."""
    entry = os.path.join(place, order["entry"])
    _into(workspace, os.path.join(place, LAID))
    _at_home(place, workspace, order, dict.fromkeys(HOMES[:2], workspace))
    told = json.dumps({"entry": entry, "transcript": transcript(events), "workspace": workspace})
    ran = _run([sys.executable, "-c", _CALL], place, order, told)
    value = _json(ran)
    if not isinstance(value, dict):
        return _given(0.0, {})
    given = cast(Dict[str, Any], value)
    parts = {name: float(part) for name, part in given.items() if isinstance(part, (int, float))}
    wanted = order.get("score") or ""
    return _given(parts[wanted] if wanted in parts else _mean(list(parts.values())), parts)


def _into(workspace: str, laid: str) -> None:
    """Moves what the original copies in after the agent has ended, such as the truth, over the workspace."""
    for folder, _, names in os.walk(laid):
        inside = os.path.relpath(folder, laid)
        target = workspace if inside == "." else os.path.join(workspace, inside)
        if not os.path.isdir(target):
            if os.path.lexists(target):
                os.unlink(target)
            os.mkdir(target)
        for name in names:
            at = os.path.join(target, name)
            if os.path.isdir(at):
                shutil.rmtree(at)
            shutil.copyfile(os.path.join(folder, name), at)
    shutil.rmtree(laid, ignore_errors=True)


_PLUGIN = """
import json, os
import pytest
seen = {}
if os.environ.get("CLAW_OPTION"):
    def pytest_addoption(parser):
        parser.addoption("--workspace", action="store", default=None)
def pytest_configure(config):
    config.addinivalue_line("markers", "weight(n): what the test counts")
def pytest_collection_modifyitems(items):
    for item in items:
        marker = item.get_closest_marker("weight")
        try:
            weight = float(marker.args[0]) if marker and marker.args else 2.0
        except (TypeError, ValueError):
            weight = 2.0
        seen[item.nodeid] = [weight, "none"]
def pytest_runtest_logreport(report):
    if report.nodeid in seen:
        if report.when == "call" or report.outcome != "passed":
            if not (report.when == "teardown" and seen[report.nodeid][1] == "failed"):
                seen[report.nodeid][1] = "failed" if report.outcome == "failed" else report.outcome
def pytest_sessionfinish():
    with open(os.environ["CLAW_TESTS"], "w") as out:
        json.dump(seen, out)
"""


def _pytest(place: str, workspace: str, order: Dict[str, Any], events: List[Dict[str, Any]]) -> Dict[str, Any]:
    """The share of tests that pass, by their weights."""
    report = os.path.join(place, "tests.json")
    plugin = "claw_weights"
    library = os.path.join(place, ".plugin")
    os.mkdir(library)
    with open(os.path.join(library, plugin + ".py"), "w", encoding="utf-8") as out:
        out.write(_PLUGIN)
    words = [sys.executable, "-P"] if sys.version_info >= (3, 11) else [sys.executable]
    words += ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", plugin, "--rootdir", place, "-c", os.devnull]
    words += ["--workspace=" + workspace, os.path.join(place, order["entry"])]
    path = os.environ.get("PYTHONPATH", "")
    option = "" if any("--workspace" in text for text in _conftests(place)) else "1"
    _at_home(place, workspace, order, dict.fromkeys(HOMES[:2], workspace))
    env = {
        "CLAW_OPTION": option,
        "CLAW_TESTS": report,
        "PYTHONPATH": library + (os.pathsep + path if path else ""),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    said = _run(words, place, order, "", env, any_exit=True)
    try:
        with open(report, encoding="utf-8") as file:
            seen = json.load(file)
    except (OSError, ValueError):
        raise Failed("pytest did not run: " + said.strip()[-300:]) from None
    counted = {name: pair for name, pair in seen.items() if pair[1] != "skipped"}
    total = sum(weight for weight, _ in counted.values())
    passed = sum(weight for weight, outcome in counted.values() if outcome == "passed")
    parts = {name.split("::", 1)[-1]: float(outcome == "passed") for name, (_, outcome) in counted.items()}
    return _given(passed / total if total > 0 else 0.0, parts)


def _conftests(place: str) -> List[str]:
    """The texts of all files in which pytest looks for options."""
    found: List[str] = []
    for folder, _, names in os.walk(place):
        if "conftest.py" in names:
            with open(os.path.join(folder, "conftest.py"), encoding="utf-8", errors="replace") as file:
                found.append(file.read())
    return found


def _harbor(place: str, workspace: str, order: Dict[str, Any], events: List[Dict[str, Any]]) -> Dict[str, Any]:
    """`test.sh`: the reward is in a file."""
    logs = os.path.join(place, ".logs")
    verifier = os.path.join(logs, "verifier")
    for folder in ("verifier", "agent", "artifacts"):
        os.makedirs(os.path.join(logs, folder))
    homes = {"/logs": logs, "/tests": place}
    homes.update(dict.fromkeys(HOMES, workspace))
    _at_home(place, workspace, order, homes)
    said = _run(["bash", os.path.join(place, order["entry"])], workspace, order, any_exit=True)
    for name in ("reward.json", "reward.txt"):
        try:
            with open(os.path.join(verifier, name), encoding="utf-8") as file:
                text = file.read()
        except (OSError, ValueError):
            continue
        if name.endswith(".txt"):
            return _given(_number(text.strip(), name), {})
        try:
            value = json.loads(text)
        except ValueError:
            raise Failed("reward.json is no JSON") from None
        if isinstance(value, dict):
            given = cast(Dict[str, Any], value)
            parts = {n: _number(v, n) for n, v in given.items() if isinstance(v, (int, float))}
            wanted = order.get("score") or ("reward" if "reward" in parts else "")
            if wanted and wanted not in parts:
                raise Failed("reward.json has no `%s`" % wanted)
            return _given(parts[wanted] if wanted else _mean(list(parts.values())), parts)
        return _given(_number(value, name), {})
    raise Failed("it wrote no reward: " + said.strip()[-300:])


# --- what they share -------------------------------------------------------------------------------------------------


def _run(
    words: List[str], cwd: str, order: Dict[str, Any], stdin: str = "", env: Optional[Dict[str, str]] = None,
    any_exit: bool = False,
) -> str:  # fmt: skip
    """What a program prints; raises Failed where it takes too long or, unless `any_exit`, ends badly."""
    try:
        ran = subprocess.run(
            words, cwd=cwd, input=stdin.encode("utf-8", "surrogatepass"), capture_output=True,
            timeout=order["timeout"], env={**os.environ, **(env or {})}, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Failed("it took more than %g s" % order["timeout"]) from None
    except OSError as error:
        raise Failed("%s cannot be started: %s" % (words[0], error.strerror)) from None
    sys.stderr.write(ran.stderr.decode("utf-8", "replace")[-4000:])
    text = ran.stdout.decode("utf-8", "replace")
    if ran.returncode != 0 and not any_exit:
        last = ran.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise Failed("it ended with exit status %d: %s" % (ran.returncode, "".join(last)[:300]))
    return text if not any_exit else text + ran.stderr.decode("utf-8", "replace")


def _json(text: str) -> Any:
    try:
        return json.loads(text.strip())
    except ValueError:
        raise Failed("what it printed is no JSON: " + text.strip()[:200]) from None


def _number(value: Any, name: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise Failed("`%s` is no number" % str(name)[:100]) from None


def _mean(values: List[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _given(score: float, parts: Dict[str, float]) -> Dict[str, Any]:
    """The answer; a score that is no number is none."""
    if not math.isfinite(score):
        raise Failed("the score is not finite")
    shown = {name: value for name, value in list(parts.items())[:MOST_PARTS] if math.isfinite(value)}
    return {"score": score, "parts": shown}


def _at_home(place: str, workspace: str, order: Dict[str, Any], homes: Dict[str, str]) -> None:
    """Absolute paths of the original's machine lead to where things are here, in every text file of the grader."""
    places: Dict[str, str] = order["places"]
    # What lies below a place that is named lies there in the workspace, too.
    below = tuple(path + "/" for path in places)
    homes = {home: to for home, to in homes.items() if to != workspace or not home.startswith(below)}
    for path, folder in places.items():
        homes[path] = workspace if folder == "." else os.path.join(workspace, folder)
    words = "|".join(re.escape(home) for home in sorted(homes, key=len, reverse=True))
    pattern = re.compile(r"(?<![\w./-])(" + words + r")(?![\w-])")
    for folder, _, names in os.walk(place):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                data = file.read()
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                continue
            changed = pattern.sub(lambda match: homes[match[1]], text)
            if changed != text:
                with open(path, "w", encoding="utf-8", newline="") as out:
                    out.write(changed)


def transcript(events: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """The record as the transcript that graders of OpenClaw's benchmarks read: messages of `user`, `assistant` and
    `toolResult`, whose content is a list of texts and calls of tools; at the end what the model said, as newer ones look for it."""
    found: List[Dict[str, Any]] = []
    said: List[str] = []

    def message(role: str, content: List[Dict[str, Any]], more: Dict[str, Any]) -> None:
        found.append({"type": "message", "message": {"role": role, "content": content, **more}})
        if role == "assistant":
            said.extend(str(part["text"]) for part in content if part["type"] == "text")

    spoken = [
        event["message"]
        for event in events
        if event.get("event") == "message" and isinstance(event.get("message"), dict)
    ]
    for one in spoken:
        text = [{"type": "text", "text": str(one["content"])}] if one.get("content") else []
        if one.get("role") == "assistant":
            message("assistant", text + [_call(call) for call in one.get("tool_calls") or ()], {})
        elif one.get("role") == "tool":
            more = {"toolCallId": str(one.get("tool_call_id") or ""), "toolName": str(one.get("name") or "")}
            message(
                "toolResult", text or [{"type": "text", "text": ""}], {**more, "isError": one.get("failed") is True}
            )
        elif one.get("role") == "user":
            message("user", text, {})
    for number, event in enumerate([] if spoken else events):
        if event.get("event") == "tool":
            name, id = event.get("tool"), "call_%d" % number
            message("assistant", [_call({"id": id, "name": name, "arguments": event.get("arguments")})], {})
            result: Any = event.get("result")
            given: Dict[str, Any] = cast(Dict[str, Any], result) if isinstance(result, dict) else {"text": result}
            shown = "" if given.get("text") is None else str(given["text"])
            about = {"toolCallId": id, "toolName": str(name or ""), "isError": given.get("ok") is False}
            message("toolResult", [{"type": "text", "text": shown}], about)
        elif event.get("event") == "final" and event.get("text"):
            message("assistant", [{"type": "text", "text": str(event["text"])}], {})
    if said:
        found.append({"type": "model.completed", "data": {"assistantTexts": said}})
    return found


def _call(call: Dict[str, Any]) -> Dict[str, Any]:
    """A call of a tool, its arguments under each name that harnesses give them."""
    given: Any = call.get("arguments")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = {"raw": given}
    arguments: Dict[str, Any] = dict(cast(Dict[str, Any], given)) if isinstance(given, dict) else {}
    if isinstance(arguments.get("command"), list):
        arguments["command"] = " ".join(str(word) for word in arguments["command"])
    if isinstance(arguments.get("path"), str):
        arguments.setdefault("file_path", arguments["path"])
    return {
        "type": "toolCall", "id": str(call.get("id") or ""), "name": str(call.get("name") or ""),
        "arguments": arguments, "params": arguments, "input": arguments,
    }  # fmt: skip


if __name__ == "__main__":
    main(sys.stdin)
