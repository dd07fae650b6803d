"""Usage: python3 unpack.py TASKS.jsonl TASK FOLDER. Writes the bundle of one task, byte for byte, into the new FOLDER.

`python3 -I -S grade.py FOLDER WORKSPACE` then judges a workspace.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import Any


def main(arguments: list[str]) -> int:
    """The exit status."""
    if len(arguments) != 3:
        sys.stderr.write("usage: python3 unpack.py TASKS.jsonl TASK FOLDER\n")
        return 2
    tasks, name, folder = arguments
    with open(tasks, encoding="ascii") as lines:
        for line in lines:
            record = json.loads(line)
            if record["task"] == name:
                try:
                    _write(bundle(record), folder)
                except FileExistsError:
                    sys.stderr.write(f"{folder} is there; give a new folder\n")
                    return 1
                return 0
    sys.stderr.write(f"{tasks}: no task {name}\n")
    return 1


def bundle(record: dict[str, Any]) -> dict[str, bytes]:
    """The files of the bundle that a record was made of, by path."""
    found = {path: content(one) for path, one in record["files"].items()}
    found["public/instruction.md"] = record["instruction"].encode()
    for one in record["turns"]:
        found[one["path"]] = one["text"].encode()
    for one in record["inputs"]:
        found["public/workspace/" + one["path"]] = content(one["content"])
    found["private/check.py"] = record["checker"].encode()
    for folder in ("vendor", "rubric"):
        for path, one in record[folder].items():
            found[f"private/{folder}/{path}"] = content(one)
    for step in record.get("solution", ()):
        if "source" in step:
            found[step["source"]] = content(step["content"])
    return found


def content(one: dict[str, str]) -> bytes:
    """The bytes of a file."""
    return base64.b64decode(one["base64"]) if "base64" in one else one["text"].encode()


def _write(files: dict[str, bytes], folder: str) -> None:
    os.makedirs(folder)
    for path, data in files.items():
        parts = path.split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise ValueError(f"unsafe path {path!a}")
        target = os.path.join(folder, *parts)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(data)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
