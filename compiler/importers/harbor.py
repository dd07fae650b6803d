"""Harbor: a folder for each task (`task.toml`, `instruction.md`, `environment/`, `tests/test.sh`, `solution/solve.sh`).

Images cannot be built here, so of a Dockerfile the files that it copies are taken, and what it runs is reported. The folder that
stands for the workspace is the one in which the image works; absolute paths into it are made relative in what the agent is told,
and led to the workspace in the tests.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from clawc.compiler.importers.dockerfile import Image, read_dockerfile
from clawc.compiler.importers.faults import look_at
from clawc.compiler.importers.json_text import number_in, record_in, records, text_in, texts, toml_of
from clawc.compiler.importers.model import Found, Grader, ImportedTask, InputFile, Refused
from clawc.compiler.importers.tree import Tree

ORIGIN = "Harbor"
ENVIRONMENT = "environment"
TESTS = "tests"
SOLVE = "solution/solve.sh"
DEFAULT_ROOT = "/app"
# Folders that are no workspace, whatever an image works in.
_TOO_HIGH = frozenset(("/", "/root", "/home", "/usr", "/opt", "/etc", "/var", "/tmp", "/mnt"))
_COMPOSE = ("docker-compose.yaml", "docker-compose.yml", "compose.yaml", "compose.yml")


def find(tree: Tree) -> list[Found]:
    """All folders with a `task.toml` and tests of Harbor's form."""
    found: list[Found] = []
    for name in tree.names:
        if name == "task.toml" or name.endswith("/task.toml"):
            at = name.removesuffix("task.toml")
            signs = (f"{TESTS}/test.sh", f"{ENVIRONMENT}/Dockerfile", *(f"{ENVIRONMENT}/{c}" for c in _COMPOSE))
            if any(at + sign in tree for sign in signs) or tree.below(at + "steps"):
                found.append(Found(name, partial(_read, tree, at)))
    return found


def _read(tree: Tree, at: str) -> ImportedTask:
    """The task of one folder. Raises Refused."""
    below = tree.require_below(at.rstrip("/"))
    given = toml_of(tree, at + "task.toml")
    head = record_in(given, "task")
    id = (
        text_in(head, "name")
        or text_in(given, "name")
        or text_in(given, "id")
        or at.rstrip("/").rsplit("/", 1)[-1]
        or "task"
    )
    image = (
        read_dockerfile(tree.text(f"{at}{ENVIRONMENT}/Dockerfile"))
        if f"{at}{ENVIRONMENT}/Dockerfile" in tree
        else Image()
    )
    environment = record_in(given, "environment")
    root = _root(image, text_in(environment, "workdir"))
    told, tests, score = _steps(tree, at, given)
    home = image.env.get("HOME", "/root")
    relative = [_relative(text, root, home) for text in told]
    title = text_in(head, "description") or text_in(record_in(given, "metadata"), "title") or _heading(told[0]) or id
    task = ImportedTask(ORIGIN, id, title, relative)
    if relative != told:
        task.fault(
            "absolute path",
            f"the prompt names `{root}`; here the paths below it are relative to the workspace",
            at + "instruction.md",
        )
    _environment(tree, at, image, root, task)
    _limits(environment, record_in(given, "agent"), task)
    _tests(tree, tests, root, home, record_in(given, "verifier"), score, task)
    if at + SOLVE in tree and not any(p.startswith("solution/") and p != SOLVE for p in below):
        script = _relative(tree.text(at + SOLVE), root, home)
        task.solution = (("bash", "-c", SOLVE, "solve.sh"), {SOLVE: script.encode()})
    metadata = record_in(given, "metadata")
    task.meta.update({key: value for key, value in metadata.items() if isinstance(value, (str, int, float))})
    if texts(head.get("keywords")) or texts(metadata.get("tags")):
        task.meta["tags"] = texts(head.get("keywords")) or texts(metadata.get("tags"))
    return task


def _steps(tree: Tree, at: str, given: dict[str, Any]) -> tuple[list[str], str, str]:
    """What the agent is told, step by step, the folder of the tests that judge the end, and the name of their score."""
    names = [text_in(step, "name") for step in records(given.get("steps"))]
    names = [name for name in names if f"{at}steps/{name}/instruction.md" in tree]
    if names:
        told = [tree.text(f"{at}steps/{name}/instruction.md") for name in names]
        last = f"{at}steps/{names[-1]}/{TESTS}"
        return told, last if tree.below(last) else at + TESTS, ""
    if at + "instruction.md" not in tree:
        raise Refused(f"`{at}instruction.md` is not there", at + "instruction.md")
    return [tree.text(at + "instruction.md")], at + TESTS, ""


def _root(image: Image, workdir: str) -> str:
    """The folder of the image that stands for the workspace."""
    given = workdir or image.workdir
    if given.startswith("/") and given.rstrip("/") not in _TOO_HIGH and given != "/":
        return given.rstrip("/")
    for _, dest in image.copies:
        top = "/" + dest.strip("/").split("/")[0]
        if top not in _TOO_HIGH:
            return top
    return DEFAULT_ROOT


def _relative(text: str, root: str, home: str) -> str:
    """The text with absolute paths below the root made relative."""
    names = [root]
    if root.startswith(home + "/"):
        rest = root[len(home) :]
        names += ["~" + rest, "$HOME" + rest, "${HOME}" + rest]
    for name in names:
        text = re.sub(rf"(?<![\w./~-]){re.escape(name)}/(?=[\w.*{{<-])", "", text)
        text = re.sub(rf"(?<![\w./~-]){re.escape(name)}/?(?![\w/.-])", ".", text)
    return text


def _heading(text: str) -> str:
    line = next((line.strip(" #") for line in text.splitlines() if line.strip(" #")), "")
    return line[:120]


def _environment(tree: Tree, at: str, image: Image, root: str, task: ImportedTask) -> None:
    """The files that the image copies into the workspace; the rest is reported."""
    folder = at + ENVIRONMENT
    outside = 0
    for sources, dest in image.copies:
        for source in sources:
            for inner, path in _copied(tree, folder, source.strip("/").removeprefix("./"), dest):
                if inner.startswith(root + "/"):
                    task.files[inner[len(root) + 1 :]] = InputFile(tree.read(path), tree.executable(path))
                else:
                    outside += 1
    if outside:
        task.fault("input left out", f"{outside} files of its image lie outside of `{root}`", f"{folder}/Dockerfile")
    if image.runs:
        task.fault(
            "image",
            f"{image.runs} commands of its Dockerfile would have to be run to build its image",
            f"{folder}/Dockerfile",
        )
    if any(f"{folder}/{name}" in tree for name in _COMPOSE):
        task.fault("needs a service", "its environment is several containers", folder)


def _copied(tree: Tree, folder: str, source: str, dest: str) -> list[tuple[str, str]]:
    """Files of a COPY: absolute paths in the image, and their paths in the tree."""
    source = "" if source in (".", "") else source
    if "*" in source or "?" in source:
        pattern = re.compile("".join("[^/]*" if c == "*" else "[^/]" if c == "?" else re.escape(c) for c in source))
        names = [n for n in tree.below(folder) if pattern.fullmatch(n)]
        return [(f"{dest.rstrip('/')}/{n.rsplit('/', 1)[-1]}", f"{folder}/{n}") for n in names]
    at = f"{folder}/{source}".rstrip("/")
    if at in tree:
        name = at.rsplit("/", 1)[-1]
        return [(dest + name if dest.endswith("/") else dest, at)]
    skipped = ("Dockerfile", ".dockerignore", *_COMPOSE)
    return [(f"{dest.rstrip('/')}/{n}", f"{at}/{n}") for n in tree.below(at) if source or n not in skipped]


def _limits(environment: dict[str, Any], agent: dict[str, Any], task: ImportedTask) -> None:
    task.timeout_s = int(min(max(number_in(agent, "timeout_sec"), 0), 86_400))
    task.memory_mib = int(min(max(number_in(environment, "memory_mb"), 0), 65_536))
    if environment.get("allow_internet") is True or text_in(environment, "network_mode") == "public":
        task.fault("uses the network", "its agent may use the network; here there is none")
    if environment.get("mcp_servers"):
        task.fault("needs a service", "its agent is offered MCP servers")


def _tests(
    tree: Tree, folder: str, root: str, home: str, verifier: dict[str, Any], score: str, task: ImportedTask
) -> None:
    files = {inner: tree.read(f"{folder}/{inner}") for inner in tree.below(folder)}
    if "test.sh" not in files:
        raise Refused(f"`{folder}/test.sh` is not there", folder, "a task of Harbor is judged by it")
    places = {root: "."}
    if root != DEFAULT_ROOT and b"/app" in b"".join(files.values()):
        task.fault("absolute path", "its tests name `/app`, which is not where its image works", f"{folder}/test.sh")
    timeout = int(min(max(number_in(verifier, "timeout_sec"), 0), 590)) or 590
    grader = Grader(files, "harbor", "test.sh", score, timeout, places=places)
    task.graders.append(grader)
    task.carry("opaque", "test.sh", 1, "a program decides; it is kept and run as it is")
    text = b"\n".join(files.values())
    if re.search(rb"\bpytest\b", text):
        task.tools.append("pytest")
    if re.search(rb"\b(apt-get|apk add|pip install|uvx?|curl|wget)\b", files["test.sh"]):
        task.fault(
            "uses the network",
            "its `test.sh` installs or fetches something; there is no network here",
            f"{folder}/test.sh",
        )
    for path, data in sorted(files.items()):
        if path.endswith(".py"):
            look_at(task, f"{folder}/{path}", data, averages=False)
