"""openclaw/clawbench, now shellbench: YAML tasks below `tierN/` and packs of assets beside them. Its score without a judge is
40 parts what was completed, 30 parts the trajectory, 20 parts the behaviour."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from clawc.compiler.importers.claw_text import number, quoted
from clawc.compiler.importers.clawbench_axes import Axes, flag, whole
from clawc.compiler.importers.evidence import Evidence, inside
from clawc.compiler.importers.json_text import fields, items, record, record_in, records, text_in, texts, yaml_of
from clawc.compiler.importers.model import Check, Fate, Found, ImportedTask, InputFile, Refused
from clawc.compiler.importers.searches import contains_one, search, value
from clawc.compiler.importers.tree import Tree
from clawc.compiler.paths import path_problem

ORIGIN = "openclaw/clawbench"
_KEYS = re.compile(rb"(?m)^(id|tier|family|surface|user|phases):")
_PLACEHOLDER = re.compile(r"\{([a-zA-Z0-9_]+)\}")
_MEMORY = ("MEMORY.md", "memory.md", "memory/MEMORY.md", "memory/memory.md", "memory/notes.md", "memory/NOTES.md", "notes.md")  # fmt: skip
_CRON = ".openclaw/cron/jobs.json"
_REPO = ".clawbench"  # where files of the benchmark itself are laid for a command
_LOADED = 300_000
# Where Python has no other name than `python3`, it is given one, for scripts too.
_PYTHON = (
    "command -v python >/dev/null || "
    '{ mkdir -p /tmp/python && ln -sf "$(command -v python3)" /tmp/python/python && export PATH="$PATH:/tmp/python"; }'
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _Cannot(Exception):
    """A part that has no counterpart; the text says why."""


def find(tree: Tree) -> list[Found]:
    """All tasks: YAML files that have the keys of one."""
    found: list[Found] = []
    for name in tree.names:
        if not name.endswith(".yaml") or name.rsplit("/", 1)[-1].startswith("_"):
            continue
        try:
            keys = {match[1] for match in _KEYS.finditer(tree.read(name))}
        except Refused:
            continue
        if {b"id", b"tier", b"family", b"surface"} <= keys and keys & {b"user", b"phases"}:
            found.append(Found(name, partial(_read, tree, name)))
    return found


def _read(tree: Tree, place: str) -> ImportedTask:
    """The task of one file. Raises Refused."""
    given = record(yaml_of(tree, place), place)
    id = text_in(given, "id") or place.rsplit("/", 1)[-1].removesuffix(".yaml")
    task = ImportedTask(ORIGIN, id, text_in(given, "name") or id, [])
    task.meta.update({key: given[key] for key in _META if given.get(key) not in (None, "", [], {})})
    _told(task, given)
    if not task.told or not task.told[0].strip():
        raise Refused(f"`{place}` has no message of a user", place)
    _Setup(task, tree, place).lay(record_in(given, "setup"))
    evidence = Evidence(task)
    completion = _Completion(task, evidence, tree, place)
    done = completion.share(record_in(given, "completion"))
    axes = Axes(task, evidence)
    went, went_0 = axes.trajectory(record_in(given, "trajectory"))
    behaved, behaved_0 = axes.behaviour(record_in(given, "behavior"))
    parts = (
        f"0.4 * {done} + 0.3 * (if {evidence.recorded} then {went} else {went_0})"
        f" + 0.2 * (if {evidence.recorded} then {behaved} else {behaved_0})"
    )
    score = f'round(max([0, min([1, ({parts}) / 0.9])]), 4, half = "even")'
    task.checks.append(Check("score", [f"worth({score})"], partial=True))
    return task


_META = (
    "tier", "family", "surface", "scenario", "subscenario", "pool", "subsets", "capabilities", "variant_group", "variant_id",
    "canary_token", "pass_threshold", "query_weight", "artifact_type", "judge",
)  # fmt: skip


def _values(task: ImportedTask) -> dict[str, str]:
    """What placeholders stand for. Those of services and of the original's machine stand for nothing here."""
    return {
        "task_id": task.id,
        "prompt_variant": "clear",
        "python_exe": "python3",
        "workspace": ".",
        "workspace_name": "workspace",
    }


def _rendered(text: str, values: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def _told(task: ImportedTask, given: dict[str, Any]) -> None:
    """The messages of the user in all phases, in their clear variant."""
    phases = records(given.get("phases")) or [{"user": given.get("user")}]
    conditions = 0
    for count, phase in enumerate(phases):
        task.timeout_s += max(0, whole(phase, "timeout_seconds", whole(given, "timeout_seconds", 180)))
        for turn in records(record_in(phase, "user").get("turns")):
            variants = record_in(turn, "variant_messages")
            text = _rendered(text_in(variants, "clear") or text_in(turn, "message"), _values(task))
            if text.strip():
                task.told.append(text)
            keys = (
                "after_assistant_turns",
                "when_tool_family",
                "when_tool_name",
                "when_assistant_contains",
                "when_last_tool_failed",
            )
            conditions += any(turn.get(key) not in (None, False, "") for key in keys) and len(task.told) > 1
        if count:
            task.fault(
                "needs a new session",
                f"phase {count + 1} begins without what was said before; here it is a further turn",
            )
    if conditions:
        task.fault(
            "conditional turn", f"{conditions} messages come on a condition there; here each comes after an answer"
        )


class _Setup:
    """The inputs: packs and files out of the folder `assets` beside the tiers."""

    def __init__(self, task: ImportedTask, tree: Tree, place: str) -> None:
        self.task = task
        self.tree = tree
        self.assets = assets_of(tree, place)

    def lay(self, setup: dict[str, Any]) -> None:
        for pack in texts(setup.get("asset_packs")):
            at = inside(f"{self.assets}/{pack}")
            if at is not None and at in self.tree:
                self._file(at, pack.rsplit("/", 1)[-1])
                continue
            inner = self.tree.require_below(at) if at and at != "." else []
            for path in inner:
                self._file(f"{at}/{path}", path)
            if not inner:
                self.task.fault("missing file", f"its pack `{pack[:200]}` is not there")
        for path in texts(setup.get("workspace_files")):
            at, to = inside(f"{self.assets}/{path}"), inside(path)
            if at is None or to is None or at not in self.tree:
                self.task.fault("missing file", f"its file `{path[:200]}` is not there")
            else:
                self._file(at, to)
        for service in records(setup.get("background_services")):
            self.task.fault("needs a service", f"`{text_in(service, 'name')[:80]}` is not started, and has no address")
        for key, what in (("memory_seed", "a memory"), ("config_overrides", "OpenClaw's configuration"), ("pre_check_gateway", "OpenClaw's gateway")):  # fmt: skip
            if setup.get(key):
                self.task.fault("needs a service", f"`{key}` needs {what}, which is not there")

    def _file(self, at: str | None, to: str) -> None:
        if at is not None:
            self.task.files[to] = InputFile(self.tree.read(at), self.tree.executable(at))


def assets_of(tree: Tree, place: str) -> str:
    """The folder `assets` that a task takes its files from: beside its tier, or beside itself."""
    parts = place.split("/")[:-1]
    for depth in range(len(parts), -1, -1):
        folder = "/".join([*parts[:depth], "assets"])
        if tree.below(folder):
            return folder
    return "/".join([*parts[:-1], "assets"])


class _Completion:
    """What has to be true at the end, as one share."""

    def __init__(self, task: ImportedTask, evidence: Evidence, tree: Tree, place: str) -> None:
        self.task = task
        self.of = evidence
        self.tree = tree
        # The folder of the benchmark itself: it holds the folder of tasks, whose part the assets are.
        self.repo = assets_of(tree, place).rpartition("/")[0].rpartition("/")[0]
        self.values = _values(task)
        self.done: list[str] = []
        self.opaque = False

    def share(self, of: dict[str, Any]) -> str:
        """The share of the assertions that hold; 1 where there are none."""
        for spec in records(of.get("files")):
            self._part("file", self._file, spec)
        for spec in records(of.get("memory")):
            self._part("memory", self._memory, spec)
        if isinstance(of.get("session"), dict):
            self._session(record_in(of, "session"))
        for spec in records(of.get("cron")):
            self._part("cron", self._cron, spec)
        for _ in records(of.get("gateway_assertions")):
            self._none("gateway_assertion", "there is no gateway to ask, so it does not hold", "false")
        for spec in records(of.get("execution_checks")):
            self._part("execution_check", self._execution, spec)
        if not self.done:
            return "1"
        kept = [
            self.of.let("done", f"holds({condition})") if condition not in ("true", "false") else condition
            for condition in self.done
        ]
        sure = kept.count("true")
        names = [f"(if {name} then 1 else 0)" for name in kept if name not in ("true", "false")]
        total = " + ".join([*names, *([str(sure)] if sure or not names else [])])
        return (
            self.of.let("completion", f'round(({total}) / {len(kept)}, 4, half = "even")')
            if names
            else _fixed(sure, len(kept))
        )

    def _part(self, kind: str, made: Callable[[dict[str, Any]], str], spec: dict[str, Any]) -> None:
        self.opaque = False
        try:
            self.done.append(made(spec))
            why = "its pattern is one that the language refuses; a program looks for it" if self.opaque else ""
            self.task.carry("opaque" if self.opaque else "declarative", kind, 1, why)
        except _Cannot as why:
            self._none(kind, f"{why}; it counts as not met", "false")

    def _none(self, kind: str, why: str, condition: str, fate: Fate = "none") -> None:
        self.done.append(condition)
        self.task.carry(fate, kind, 1, why)

    def render(self, text: str) -> str:
        """A text with its placeholders filled in. Raises _Cannot for one that stands for nothing here."""
        made = _rendered(text, self.values)
        lost = {match[1] for match in _PLACEHOLDER.finditer(made)}
        bad = sorted(name for name in lost if name in _MACHINE or name.endswith(("_url", "_port")))
        if bad:
            raise _Cannot(f"`{{{bad[0]}}}` stands for something of the original's machine")
        return made

    # --- parts -------------------------------------------------------------------------------------------------------

    def _file(self, spec: dict[str, Any]) -> str:
        path = inside(self.render(text_in(spec, "path")))
        if path is None or path == ".":
            return "false"
        there = self.of.exists(path)
        if not flag(spec, "exists", True):
            return f"not {there}"
        found = [there]
        if path in self.task.files and not any(spec.get(key) for key in (*_CONTENT, "min_size_bytes")):
            self.task.fault("credit for nothing", f"it pays for `{path[:200]}`, which is there from the beginning")
        if (least := whole(spec, "min_size_bytes")) > 0:
            found.append(f"{self.of.size(path)} >= {least}")
        content = self.of.text(path) if any(spec.get(key) for key in _CONTENT) else ""
        return _all([*found, *self._texts(content, spec, "content_", ("file", [path], ""))])

    def _texts(self, subject: str, spec: dict[str, Any], prefix: str, source: tuple[str, list[str], str]) -> list[str]:
        """The conditions on a text that a specification has under `PREFIXcontains`, `…not_contains` and `…matches`. `source`
        is where a program finds the text."""
        found = [
            contains_one(subject, [part])
            for text in texts(spec.get(f"{prefix}contains"))
            if (part := self.render(text))
        ]
        for text in texts(spec.get(f"{prefix}not_contains")):
            part = self.render(text)
            found.append(f"not holds({contains_one(subject, [part])})" if part else "false")
        if pattern := text_in(spec, f"{prefix}matches"):
            made = search(subject, self.render(pattern), "ms")
            if made.broken:
                raise _Cannot(f"its pattern is no regex: {made.why[:80]}")
            condition = made.condition or self.of.searched(self.render(pattern), "ms", *source)
            if not condition:
                raise _Cannot(f"its pattern cannot be used: {made.why[:80]}")
            self.opaque = self.opaque or not made.condition
            found.append(f"({condition})")
        return found

    def _memory(self, spec: dict[str, Any]) -> str:
        """Looks into the files that the original reads where it cannot ask for memories, and for calls that write some."""
        names = "[" + ", ".join(quoted(name) for name in _MEMORY) + "]"
        rows = f'files({self.of.files("**")}) | where path in {names} and text != null and trim(text) != ""'
        memory = self.of.let("memory", f'lower(join_text(({rows}).text, "\\n"))')
        pattern = text_in(spec, "key_pattern")
        found = search(memory, pattern, "i")
        if not found.condition:
            raise _Cannot(f"its pattern cannot be used: {found.why[:80]}")
        if not flag(spec, "exists", True):
            return f"not ({found.condition})"
        tokens = [text.lower() for text in texts(spec.get("value_contains")) if text]
        inside_all = _all([contains_one(memory, [token]) for token in tokens])
        calls = Axes(self.task, self.of).calls
        stored = (
            '(family == "memory" or contains(name, "memory")) and matches(name, re"write|store|append|save|set|update")'
        )
        written = 'contains(lower(get(given, "path")) ?? "", "memory") and matches(name, re"write|edit|append|save")'
        hay = 'lower(if output != "" then output + " " + arguments else arguments)'
        rows = self.of.let("memory_writes", f"{calls} | where ok and (({stored}) or ({written})) | derive hay = {hay}")
        seen = _all([f"({search('hay', pattern, 'i').condition})", *(contains_one("hay", [token]) for token in tokens)])
        told = self.of.let("memory_told", f"holds({rows} | any {seen})")
        return f"(if {found.condition} then {inside_all} else {told})"

    def _session(self, spec: dict[str, Any]) -> None:
        model = text_in(spec, "model_should_be")
        held = flag(spec, "should_exist", True) and not model
        why = "no model is known" if model else "a session is there when it is scored"
        self._none(
            "session",
            f"there is no gateway to ask; {why}, so it {'holds' if held else 'does not hold'}",
            "true" if held else "false",
        )

    def _cron(self, spec: dict[str, Any]) -> str:
        content = self.of.text(_CRON)
        jobs = f"holds(count(json({content}).jobs) > 0)"
        if not flag(spec, "exists", True):
            return f"not {jobs}"
        wanted = text_in(spec, "description_contains").lower()
        return _all([jobs, *([contains_one(f"lower({content})", [wanted])] if wanted else [])])

    # --- programs ----------------------------------------------------------------------------------------------------

    def _execution(self, spec: dict[str, Any]) -> str:
        cwd = inside(self.render(text_in(spec, "cwd") or "."))
        if cwd is None or (cwd != "." and path_problem(cwd)):
            return "false"  # no workspace here has such a folder
        command = text_in(spec, "command")
        up = "/".join([".."] * (cwd.count("/") + 1)) if cwd != "." else "."
        beside = self._beside(command)
        self.values["workspace"] = "/w" if re.search(r"\b(cd|pushd|chdir)\b", command) else up
        self.values["repo_root"] = f"{self.values['workspace']}/{_REPO}"
        try:
            rendered = self.render(command)
            shell = flag(spec, "shell", True)
            words = ["sh", "-c", _prefix(rendered, up) + rendered] if shell else self._words(command, up)
            env = {str(name): self.render(str(text)) for name, text in record_in(spec, "env").items()}
        finally:
            del self.values["repo_root"]
            self.values["workspace"] = "."
        if not all(_NAME.fullmatch(name) for name in env) or any("\0" in text for text in (*words, *env.values())):
            raise _Cannot("its command or environment cannot be given to a program")
        if not words or not words[0]:
            return "false"
        if re.search(r"\b(pytest|py\.test)\b", command) and "pytest" not in self.task.tools:
            self.task.tools.append("pytest")
        env["PYTHONUNBUFFERED"] = "1"
        arguments = ["[" + ", ".join(quoted(word) for word in words) + "]"]
        if beside:
            arguments.append(
                "files = {" + ", ".join(f"{quoted(path)}: {quoted(text)}" for path, text in beside.items()) + "}"
            )
        arguments.append("env = {" + ", ".join(f"{name}: {quoted(text)}" for name, text in env.items()) + "}")
        arguments.append(f"timeout = {max(1, min(600, whole(spec, 'timeout_seconds', 60)))}s")
        arguments += [f"cwd = {quoted(cwd)}"] if cwd != "." else []
        ran = self.of.run(text_in(spec, "name") or "ran", ", ".join(arguments))
        if ran is None:
            raise _Cannot("there are too many programs")
        found = [f"not {ran}.timed_out", f"{ran}.exit == {whole(spec, 'expected_exit_code')}"]
        beside_it = "".join(f", {argument}" for argument in arguments[1:])
        found += self._texts(f"{ran}.stdout", spec, "stdout_", ("stdout", words, beside_it))
        errors = {key: spec.get(key) for key in ("stderr_contains", "stderr_matches")}
        found += self._texts(f"{ran}.stderr", errors, "stderr_", ("stderr", words, beside_it))
        return _all([*found, *self._output(ran, spec)])

    def _words(self, command: str, up: str) -> list[str]:
        """The words of a command that no shell reads; one of Python is given its modules by one."""
        try:
            words = [self.render(word) for word in shlex.split(command)]
        except ValueError:
            return []
        prefix = _prefix(command, up)
        return ["sh", "-c", prefix + 'exec "$@"', "-", *words] if words and prefix else words

    def _output(self, ran: str, spec: dict[str, Any]) -> list[str]:
        """What else the program has to have printed."""
        found: list[str] = []
        if spec.get("expected_stdout") is not None:
            found.append(f"trim({ran}.stdout) == {quoted(self.render(text_in(spec, 'expected_stdout')).strip())}")
        if path := text_in(spec, "expected_stdout_file"):
            found.append(
                f"{self.of.exists(self._beside_path(path))} and trim({ran}.stdout) == trim({self.of.text(self._beside_path(path))})"
            )
        if (wanted := spec.get("expected_json")) is not None:
            made = value(self._rendered_value(wanted))
            if made is None:
                raise _Cannot("the JSON that it expects cannot be written")
            found.append(f"json({ran}.stdout) == {made}")
        if path := text_in(spec, "expected_json_file"):
            found.append(f"json({ran}.stdout) == json({self.of.text(self._beside_path(path))})")
        return found

    def _beside_path(self, path: str) -> str:
        at = inside(self.render(path))
        if at is None or at == ".":
            raise _Cannot("what it expects lies outside of the workspace")
        return at

    def _rendered_value(self, given: Any) -> Any:
        if isinstance(given, str):
            return self.render(given)
        if isinstance(given, list):
            return [self._rendered_value(item) for item in items(given)]
        if isinstance(given, dict):
            return {key: self._rendered_value(item) for key, item in fields(given)}
        return given

    def _beside(self, command: str) -> dict[str, str]:
        """Files of the benchmark itself that a command names by `{repo_root}`, where they will lie for it."""
        found: dict[str, str] = {}
        for match in re.finditer(r"\{repo_root\}/([\w./-]+)", command):
            at = inside(match[1])
            here = f"{self.repo}/{at}" if self.repo else at or ""
            names = [here] if here in self.tree else [f"{here}/{name}" for name in self.tree.below(here)]
            if at is None or not names:
                raise _Cannot(f"the benchmark's own `{match[1][:80]}` is not there")
            for name in names:
                found[f"{_REPO}/{name[len(self.repo) + 1 :] if self.repo else name}"] = self.tree.text(name)
        if sum(map(len, found.values())) > _LOADED:
            raise _Cannot("it needs too much of the benchmark itself")
        return found


_MACHINE = frozenset(("repo_root", "benchmark_node_path", "openclaw_node_path", "model"))
_CONTENT = ("content_contains", "content_not_contains", "content_matches")


def _prefix(command: str, up: str) -> str:
    """What the original's shell has beforehand: modules of the workspace, and `python` as the name of Python."""
    if not re.search(r"py|\./|\.sh\b|\bmake\b", command):
        return ""
    modules = "$PWD" if up == "." else f"$PWD:$PWD/{up}"
    named = _PYTHON + "\n" if re.search(r"\bpython\b(?!3)|\.sh\b|\bmake\b", command) else ""
    return f'export PYTHONPATH="{modules}${{PYTHONPATH:+:$PYTHONPATH}}"\n' + named


def _all(conditions: list[str]) -> str:
    if "false" in conditions:
        return "false"
    kept = [condition for condition in dict.fromkeys(conditions) if condition != "true"]
    return " and ".join(kept) if kept else "true"


def _fixed(many: int, of: int) -> str:
    """A share of assertions that are all sure beforehand."""
    return number(Decimal(repr(round(many / of, 4))))
