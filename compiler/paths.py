"""Paths that a spec may name: relative, portable, inside the workspace."""

from __future__ import annotations

import re
import unicodedata

_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[1-9¹²³])(\..*)?\Z", re.I)
# Signs that some systems refuse in names, and that shells read as patterns or redirections.
_NO_SIGNS = frozenset('<>:"|?')
_KINDS = {
    "csv": "csv", "tsv": "tsv", "json": "json", "jsonl": "jsonl", "ndjson": "jsonl",
    "yaml": "yaml", "yml": "yaml", "toml": "toml", "ini": "ini", "diff": "diff", "patch": "diff",
    "md": "markdown", "markdown": "markdown", "py": "program", "sh": "program", "js": "program",
    "html": "html", "htm": "html", "xml": "xml", "eml": "email",
    "ics": "ics", "xlsx": "xlsx", "zip": "zip", "tar": "zip", "tgz": "zip",
    "db": "sqlite", "sqlite": "sqlite", "sqlite3": "sqlite",
}  # fmt: skip


def path_problem(path: str, pattern: bool = False) -> str:
    """Why a path is refused, or ""; in a `pattern` a `*` stands for any name."""
    if not path:
        return "is empty"
    if len(path.encode("utf-8", "surrogatepass")) > 1000:
        return "is longer than 1,000 bytes"
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "is absolute; paths are relative to the workspace"
    if "\\" in path:
        return "has a backslash; folders are separated by `/`"
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in path):
        return "has a character that cannot be seen"
    if path.startswith("~"):
        return "begins with `~`, which shells read as a home folder"
    sign = next((c for c in path if c in _NO_SIGNS or (c == "*" and not pattern)), "")
    if sign:
        return f"has the sign `{sign}`, which names cannot hold on every system"
    for part in path.split("/"):
        if part in ("", "."):
            return "has an empty part"
        if part == "..":
            return "leaves the workspace"
        if part.casefold() == ".git":
            return "has the part `.git`; a `repo` makes a history"
        if part.endswith((".", " ")):
            return "has a part that ends in a dot or blank, which some systems drop"
        if _DEVICE.match(part):
            return f"has the part `{part}`, a device on some systems"
        if len(part.encode()) > 255:
            return "has a part longer than 255 bytes"
    if unicodedata.normalize("NFC", path) != path:
        return "is not in Unicode normal form C"
    return ""


def kind_of(path: str) -> str:
    """The format that the ending of a path tells; text where it tells none."""
    if path.lower().endswith(".tar.gz"):
        return "zip"
    return _KINDS.get(path.rsplit(".", 1)[-1].lower(), "text") if "." in path else "text"


def folded(path: str) -> str:
    """Paths with the same folded form are one file on some systems."""
    return unicodedata.normalize("NFC", path).casefold()
