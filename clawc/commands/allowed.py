"""Warnings that a project allows: by `[[check.allow]]` in its `claw.toml`, or because a baseline knows them already.

Errors are never allowed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple, cast

from clawc.commands.sources import PROJECT_FILE, project_root
from clawc.compiler.finding import Finding, fingerprint
from clawc.exits import UserError
from clawc.spec.diagnostics import BY_CODE

BASELINE_VERSION = 1
MAX_FILE = 64 << 20


class Rule(NamedTuple):
    """One `[[check.allow]]`: a code, patterns of paths below the project (`*` also matches `/`), and the reason."""

    code: str
    paths: tuple[str, ...]
    reason: str


def project_rules(root: Path) -> list[Rule]:
    """What the `claw.toml` of a project allows. Raises UserError for what it cannot mean."""
    path = root / PROJECT_FILE
    try:
        data = _read(path)
    except FileNotFoundError:
        return []
    import tomllib

    try:
        settings: Any = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:
        raise UserError(f"`{path}` is not TOML: {error}") from error
    check = settings.get("check", {})
    if not isinstance(check, dict) or set(check) - {"allow"}:  # pyright: ignore[reportUnknownArgumentType]
        raise UserError(
            f"`{path}`: `[check]` takes only `allow`", "write `[[check.allow]]` with `code`, `paths` and `reason`"
        )
    entries = cast(dict[str, Any], check).get("allow", [])
    if not isinstance(entries, list):
        raise UserError(f"`{path}`: `allow` is a list", "write `[[check.allow]]` with `code`, `paths` and `reason`")
    return [_rule(path, entry) for entry in entries]  # pyright: ignore[reportUnknownVariableType]


def _rule(path: Path, entry: Any) -> Rule:
    where = f"`{path}`: an entry of `[[check.allow]]`"
    if not isinstance(entry, dict) or set(cast(dict[str, Any], entry)) - {"code", "paths", "reason"}:
        raise UserError(f"{where} takes `code`, `paths` and `reason`")
    code, paths, reason = entry.get("code"), entry.get("paths", ["*"]), entry.get("reason")  # pyright: ignore
    if not isinstance(code, str) or code not in BY_CODE:
        raise UserError(f"{where} names no diagnostic: `{code}`", "`clawc explain all` lists them")
    if BY_CODE[code].severity == "error":
        raise UserError(f"{where} names `{code}`, which is an error; only warnings can be allowed")
    if not isinstance(reason, str) or not reason.strip():
        raise UserError(f"{where} has no `reason`", f"say why `{code}` is fine there")
    if not isinstance(paths, list) or not all(isinstance(p, str) for p in paths):  # pyright: ignore[reportUnknownVariableType]
        raise UserError(f"{where} has `paths` that are no list of texts")
    return Rule(code, tuple(cast(list[str], paths)), reason.strip())


class Sieve:
    """Sorts findings into those that stay and those that are allowed; reads each `claw.toml` once."""

    def __init__(self, baseline: Path | None) -> None:
        self._rules: dict[Path, list[Rule]] = {}
        self._known = _read_baseline(baseline) if baseline is not None else {}
        self._folder = Path(os.path.abspath(baseline)).parent if baseline is not None else Path()

    def reason(self, f: Finding) -> str:
        """Why a finding is allowed, or ""."""
        if f.severity == "error":
            return ""
        root = project_root(Path(f.path))
        rules = self._rules.get(root)
        if rules is None:
            rules = self._rules[root] = project_rules(root)
        inside = Path(os.path.relpath(os.path.abspath(f.path), root)).as_posix()
        for rule in rules:
            if rule.code == f.code and any(fnmatchcase(inside, p) for p in rule.paths):
                return rule.reason
        key = _key(f, self._folder)
        if self._known.get(key, 0) > 0:
            self._known[key] -= 1
            return "baseline: known before"
        return ""

    def sift(self, found: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
        """Those that stay, and those that are allowed with their reason."""
        kept: list[Finding] = []
        allowed: list[Finding] = []
        for f in found:
            reason = self.reason(f)
            if reason:
                allowed.append(replace(f, reason=reason))
            else:
                kept.append(f)
        return kept, allowed

    def gone(self) -> int:
        """How many findings of the baseline did not occur."""
        return sum(self._known.values())


def _key(f: Finding, folder: Path) -> str:
    path = Path(os.path.relpath(os.path.abspath(f.path), folder)).as_posix()
    return f"{path}\0{f.code}\0{fingerprint(f)}"


def write_baseline(path: Path, found: Iterable[Finding]) -> int:
    """Keeps the warnings that there are now; errors are left out. Returns how many were kept."""
    folder = Path(os.path.abspath(path)).parent
    counts: dict[str, int] = {}
    for f in found:
        if f.severity == "warning":
            key = _key(f, folder)
            counts[key] = counts.get(key, 0) + 1
    entries = [
        {"file": file, "code": code, "fingerprint": digest, "count": counts[key]}
        for key in sorted(counts)
        for file, code, digest in (key.split("\0"),)
    ]
    document = {"format_version": BASELINE_VERSION, "findings": entries}
    try:
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"`{path}` cannot be written: {error.strerror}") from error
    return sum(counts.values())


def _read_baseline(path: Path) -> dict[str, int]:
    try:
        document: Any = json.loads(_read(path))
        if document["format_version"] != BASELINE_VERSION:
            raise UserError(f"`{path}` is a baseline of another version", "write it anew by `--write-baseline`")
        return {f"{e['file']}\0{e['code']}\0{e['fingerprint']}": int(e["count"]) for e in document["findings"]}
    except FileNotFoundError as error:
        raise UserError(f"there is no baseline `{path}`", "write one by `--write-baseline`") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"`{path}` is no baseline", "write it anew by `--write-baseline`") from error


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MAX_FILE)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UserError(f"`{path}` cannot be read: {error.strerror}") from error
