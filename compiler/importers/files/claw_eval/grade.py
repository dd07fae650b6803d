"""Calls a grader of Claw-Eval with what its framework would give it: messages, calls of tools, and a look at the workspace.

Beside this file lie `told.json`, the framework's own files below `src/`, and the task's below `tasks/`. There is no judge, as with the
framework's `--no-judge`, and the audits of services are empty. What the framework imports and is not there (pydantic, models' clients)
has a stand-in that does enough, or one that fails when it is used. CPython 3.9 to 3.14, standard library alone.
"""

import base64
import glob
import importlib
import importlib.util
import inspect
import json
import mimetypes
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import types

HERE = os.path.dirname(os.path.abspath(__file__))
HOME = "/workspace"
TEXTS = frozenset((
    "application/json", "application/xml", "application/yaml", "application/x-yaml", "application/javascript",
))  # fmt: skip
ENDINGS = frozenset((
    ".txt", ".md", ".csv", ".json", ".yaml", ".yml", ".xml", ".html", ".htm", ".js", ".ts", ".py", ".sh", ".bash", ".cfg",
    ".ini", ".toml", ".log", ".sql", ".r", ".rmd",
))  # fmt: skip
MOST_FILES = 50


def grade(transcript, workspace_path):
    """The score as the framework computes it, and the dimensions that it is made of."""
    with open(os.path.join(HERE, "told.json"), encoding="utf-8") as file:
        told = json.load(file)
    package, folder = told["package"], os.path.join(HERE, "tasks", told["folder"])
    sys.path.insert(0, os.path.join(HERE, "src"))
    sys.path.insert(1, HERE)
    stand_ins()
    definition = imported(package + ".models.task").TaskDefinition
    task = definition.model_validate(dict(told["task"], task_file=os.path.join(folder, "task.yaml")))
    trace = imported(package + ".models.trace")
    messages, dispatches = traced(transcript, told["task"], trace)
    grader = found_grader(package, told, folder)
    wanted = inspect.signature(grader.grade).parameters
    open_ended = any(one.kind is one.VAR_KEYWORD for one in wanted.values())
    more = {"audit_data": {}, "judge": None, "media_events": [], "env_snapshot": None}
    more = {name: value for name, value in more.items() if name in wanted or open_ended}
    if "env_snapshot" in more:
        more["env_snapshot"] = snapshot(told["task"], workspace_path, folder)
    scores = grader.grade(messages, dispatches, task, **more)
    parts = {}
    for name in ("completion", "robustness", "communication", "safety"):
        value = getattr(scores, name, None)
        if isinstance(value, (int, float)):
            parts[name] = float(value)
    parts["score"] = float(imported(package + ".models.scoring").compute_task_score(scores))
    return parts


def found_grader(package, told, folder):
    """The grader as the framework's registry finds it; else the class that the file defines."""
    try:
        registry = imported(package + ".graders.registry")
        return registry.get_grader(
            told["task"]["task_id"], tasks_dir=pathlib.Path(folder).parent, task_dir=pathlib.Path(folder)
        )
    except (ImportError, TypeError):
        pass
    base = imported(package + ".graders.base").AbstractGrader
    module = loaded("task_grader", os.path.join(folder, "grader.py"))
    classes = [
        one for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, base) and one is not base
    ]
    classes = [one for one in classes if not inspect.isabstract(one)]
    own = [one for one in classes if one.__module__ == module.__name__]
    if not classes:
        raise ValueError("the file defines no grader")
    return (own or classes)[0]()


# --- what the agent did ----------------------------------------------------------------------------------------------


def traced(transcript, task, trace):
    """Messages and calls of tools in the framework's own classes."""
    urls = {
        one.get("tool_name"): one.get("url", "") for one in task.get("tool_endpoints") or () if isinstance(one, dict)
    }
    messages, calls, results = [], [], []

    def say(role, content):
        messages.append(trace.TraceMessage.model_validate(
            {"type": "message", "trace_id": "t", "message": {"role": role, "content": content}}
        ))  # fmt: skip

    events = [one["message"] for one in transcript if one.get("type") == "message"]
    if not events or events[0]["role"] != "user":
        say("user", [{"type": "text", "text": prompt_of(task)}])
    for event in events:
        texts = [part for part in event["content"] if part["type"] == "text"]
        content = [{"type": "text", "text": part["text"]} for part in texts]
        if event["role"] == "toolResult":
            result = {"id": event.get("toolCallId") or "", "text": "\n".join(part["text"] for part in texts)}
            result["failed"] = event.get("isError") is True
            results.append(result)
            say("user", [{
                "type": "tool_result", "tool_use_id": result["id"], "content": content, "is_error": result["failed"],
            }])  # fmt: skip
            continue
        for part in event["content"]:
            if part["type"] == "toolCall":
                call = {"id": part.get("id") or "call_%d" % len(calls), "name": part["name"], "input": part["input"]}
                calls.append(call)
                content.append({"type": "tool_use", "id": call["id"], "name": call["name"], "input": call["input"]})
        say(event["role"], content)
    return messages, [dispatch(call, results, urls, trace) for call in calls]


def prompt_of(task):
    """What the user asked for."""
    prompt = task.get("prompt")
    return str(prompt.get("text") or "") if isinstance(prompt, dict) else str(prompt or "")


def dispatch(call, results, urls, trace):
    """A call with its answer: the one with its id, else the first that nobody has taken."""
    same = [one for one in results if one["id"] == call["id"]] or [one for one in results if not one["id"]]
    result = same[0] if same else {"text": "", "failed": False}
    if same:
        results.remove(result)
    body = result["text"]
    try:
        body = json.loads(body)
    except ValueError:
        pass
    given = {
        "type": "tool_dispatch", "trace_id": "t", "tool_use_id": call["id"], "tool_name": call["name"],
        "endpoint_url": urls.get(call["name"], ""), "request_body": call["input"],
        "response_status": 500 if result["failed"] else 200, "response_body": body,
    }  # fmt: skip
    return trace.ToolDispatch.model_validate(given)


# --- what is in the workspace ----------------------------------------------------------------------------------------


def snapshot(task, workspace, folder):
    """What the task wants to be seen of the workspace: commands first, then files. Both see it as `/workspace`: they get a copy
    in which every text leads there, and in what they give it is called so again."""
    found = {}
    commands = [str(one) for one in task.get("env_snapshot_commands") or ()]
    patterns = [str(one) for one in task.get("env_snapshot_files") or ()]
    if commands or patterns:
        top = os.path.realpath(tempfile.mkdtemp(prefix="snapshot-"))
        try:
            copied(workspace, os.path.join(top, "workspace"))
            environment = task.get("environment")
            limit = environment.get("env_snapshot_timeout") if isinstance(environment, dict) else None
            for command in commands:
                found["cmd:" + command] = ran(command, top, limit if isinstance(limit, (int, float)) else 10)
            for pattern in patterns:
                found.update(looked_at(pattern, os.path.join(top, "workspace")))
        finally:
            shutil.rmtree(top, ignore_errors=True)
    for name in task.get("local_grader_files") or ():
        path = os.path.join(folder, *str(name).split("/"))
        if os.path.isfile(path):
            with open(path, "rb") as file:
                found["local_file:%s" % name] = {
                    "encoding": "base64",
                    "content": base64.b64encode(file.read()).decode(),
                }
        else:
            found["local_file:%s" % name] = {"error": "not found: %s" % name}
    return found


def copied(workspace, stage):
    """The workspace again, in which texts that name `/workspace` name the copy."""
    shutil.copytree(workspace, stage)
    for place, _, names in os.walk(stage):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                data = file.read()
            changed = there(data, stage.encode())
            if changed != data:
                with open(path, "wb") as out:
                    out.write(changed)


def there(data, stage):
    """Bytes in which `/workspace` is the stage; what merely contains the word stays."""
    return re.sub(rb"(?<![\w./-])/workspace(?![\w-])", lambda _: stage, data)


def ran(command, top, limit):
    """What a command gives. `python` is this one."""
    stage, tools = os.path.join(top, "workspace"), os.path.join(top, "bin")
    if not os.path.isdir(tools):
        os.mkdir(tools)
        os.symlink(sys.executable, os.path.join(tools, "python"))
    env = dict(
        os.environ, PATH=os.environ.get("PATH", "/usr/bin:/bin") + os.pathsep + tools, PYTHONDONTWRITEBYTECODE="1"
    )
    try:
        done = subprocess.run(
            ["bash", "-c", there(command.encode(), stage.encode()).decode()], cwd=stage, env=env, capture_output=True,
            timeout=limit, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"exit_code": -1, "stdout": "", "stderr": "Timed out after %gs" % limit}
    except OSError as error:
        return {"error": str(error)}
    said = [text.decode("utf-8", "replace").replace(stage, HOME) for text in (done.stdout, done.stderr)]
    return {"exit_code": done.returncode, "stdout": said[0], "stderr": said[1]}


def looked_at(pattern, stage):
    """The files of a pattern, or the one that it names."""
    inside = pattern[len(HOME) :] if pattern == HOME or pattern.startswith(HOME + "/") else "/" + pattern
    if pattern.startswith("/") and not pattern.startswith(HOME):
        return {"file:" + pattern: {"error": "File not found: " + pattern}}
    if "*" not in pattern and "?" not in pattern:
        return {"file:" + pattern: payload(stage + inside, stage)}
    paths = sorted(one for one in glob.glob(glob.escape(stage) + inside, recursive=True) if os.path.isfile(one))
    return {"file:" + HOME + one[len(stage) :]: payload(one, stage) for one in paths[:MOST_FILES]}


def payload(path, stage):
    """A file as the framework's own reader gives it."""
    if not os.path.isfile(path):
        return {"error": "File not found: " + HOME + path[len(stage) :]}
    with open(path, "rb") as file:
        data = file.read().replace(stage.encode(), HOME.encode())
    kind = mimetypes.guess_type(path)[0]
    ending = os.path.splitext(path)[1].lower()
    if kind in TEXTS or (kind or "").startswith("text/") or (kind is None and ending in ENDINGS):
        return {"content": data.decode("utf-8", "replace"), "mime_type": kind or "text/plain", "encoding": "utf-8"}
    content = base64.b64encode(data).decode()
    return {
        "content": content,
        "mime_type": kind or "application/octet-stream",
        "encoding": "base64",
        "size_bytes": len(data),
    }


# --- modules that are not there --------------------------------------------------------------------------------------


def stand_ins():
    """Puts our pydantic in the place of one that is not there."""
    if importlib.util.find_spec("pydantic") is None:
        sys.modules["pydantic"] = loaded("pydantic", os.path.join(HERE, "models.py"))


def imported(name):
    """A module of the framework; what it lacks becomes a module whose things fail when they are used."""
    return _patient(lambda: importlib.import_module(name), name.split(".", 1)[0])


def loaded(name, path):
    """A module by its file."""

    def load():
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    return _patient(load, name)


def _patient(load, own):
    for _ in range(40):
        try:
            return load()
        except ModuleNotFoundError as error:
            lacking = error.name or ""
            if not lacking or lacking.split(".", 1)[0] == own or lacking in sys.modules:
                raise
            absent(lacking)
    raise ImportError("too much is not there")


class _Absent(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent


class Absent(Exception, metaclass=_Absent):
    """Whatever a module that is not there would have had."""

    def __init__(self, *args, **more):
        raise ImportError("a package that this grader uses is not there")


def absent(name):
    """A module in the place of one that is not there, with those above it."""

    class Lacking(types.ModuleType):
        __path__ = ()

        def __getattr__(self, thing):
            if thing.startswith("__"):
                raise AttributeError(thing)
            return Absent

    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        whole = ".".join(parts[:depth])
        if whole not in sys.modules:
            sys.modules[whole] = Lacking(whole)
