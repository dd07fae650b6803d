"""`grader`: somebody else's program that judges the workspace becomes a job, whose answer is the credit."""

from __future__ import annotations

import base64
import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any, cast

from clawc.compiler.elaborate.context import Context, JobSpec, nearest
from clawc.compiler.elaborate.expressions import expression
from clawc.compiler.passes import attributes as attr
from clawc.compiler.paths import path_problem
from clawc.spec import ast, core
from clawc.spec.core import Core
from clawc.spec.graders import BY_NAME, Protocol
from clawc.spec.types import BOOL

MAX_BYTES = 8 << 20
MAX_FILES = 500
_ABSOLUTE = re.compile(r"(/[A-Za-z0-9._-]+)+")
# The driver's text travels in the order, so that the command line stays readable.
_START = """import io, json, sys
order = sys.stdin.readline()
names = {"__name__": "driver"}
exec(compile(json.loads(order)["driver"], "<driver>", "exec"), names)
record, sys.stdin = sys.stdin, io.StringIO(order)
names["main"](record)
"""
_BESIDE_S = 10.0  # what the driver itself may take beyond the grader


@lru_cache(maxsize=1)
def driver() -> str:
    """The text of the program that runs graders."""
    return files("clawc.stdlib.graders").joinpath("driver.py").read_text("utf-8")


def graded(cx: Context, block: ast.Block, tools: tuple[str, ...]) -> Core | None:
    """The condition of a `grader` block: its score, as the share that holds; `tools` are those of the task. None after a
    diagnostic."""
    protocol = _protocol(cx, block)
    found = _files(cx, block)
    if protocol is None or found is None:
        return None
    entry = attr.text(cx, block, "entry") or protocol.entry
    if entry not in found:
        where = attr.attribute(block, "entry")
        span = block.head if where is None else where.value.span
        cx.error("E0621", span, f"the folder has no file `{entry}`{nearest(entry, list(found))}",
                 "name the file that is started: `entry = \"…\"`")  # fmt: skip
        return None
    lacking = [tool for tool in protocol.tools if tool not in tools and tool != "python3"]
    if lacking:
        cx.error("E0621", block.head, f"graders of `{protocol.name}` need `{lacking[0]}`",
                 f'write `environment {{ tools = ["{lacking[0]}"] }}`')  # fmt: skip
        return None
    timeout = attr.duration(cx, block, "timeout", 120.0)
    places = _places(cx, block)
    if places is None:
        return None
    if not 0 < timeout <= 600 - _BESIDE_S:
        cx.error("E0621", block.head, f"a grader gets more than 0 and at most {600 - _BESIDE_S:g} seconds")
        return None
    order = {
        "driver": driver(), "protocol": protocol.name, "entry": entry, "score": attr.text(cx, block, "score"),
        "timeout": timeout, "places": places, "files": {path: _packed(data) for path, (data, _) in sorted(found.items())},
    }  # fmt: skip
    argv = ("python3", "-I", "-c", _START)
    line = json.dumps(order, ensure_ascii=True, sort_keys=True) + "\n"
    job = JobSpec(argv, (), (), line, timeout + _BESIDE_S, ".", whole=True, transcript=protocol.watches)
    if job not in cx.task.jobs:
        cx.task.jobs.append(job)
    from clawc.compiler.elaborate.jobs import RUN

    ran = core.Run(cx.task.jobs.index(job), RUN, block.head)
    return core.call("grader_score", [ran], BOOL, block.head)


def _protocol(cx: Context, block: ast.Block) -> Protocol | None:
    given = attr.attribute(block, "protocol")
    name = attr.text(cx, block, "protocol")
    if given is not None and name and name not in BY_NAME:
        cx.error("E0621", given.value.span, f"`{name}` is no protocol{nearest(name, list(BY_NAME))}",
                 "protocols: " + ", ".join(BY_NAME))  # fmt: skip
    return BY_NAME.get(name)


def _places(cx: Context, block: ast.Block) -> dict[str, str] | None:
    """Absolute paths, each with the folder of the workspace that stands for it; None after a diagnostic."""
    given = attr.attribute(block, "places")
    if given is None:
        return {}
    value: Any = attr.static(cx, expression(cx, given.value))
    if value is None:
        return None
    pairs = cast("dict[object, object]", value) if isinstance(value, dict) else {"": ""}
    found: dict[str, str] = {}
    for path, folder in pairs.items():
        if isinstance(path, str) and isinstance(folder, str) and _ABSOLUTE.fullmatch(path):
            found[path] = folder
    if len(found) < len(pairs) or any(folder != "." and path_problem(folder) for folder in found.values()):
        cx.error("E0621", given.value.span, "`places` is a record of absolute paths and folders of the workspace",
                 'such as `{"/app": ".", "/data": "data"}`')  # fmt: skip
        return None
    return found


def _files(cx: Context, block: ast.Block) -> dict[str, tuple[bytes, bool]] | None:
    given = attr.attribute(block, "files")
    folder = attr.text(cx, block, "files")
    if given is None or not folder:
        return None
    if problem := path_problem(folder):
        cx.error("E0701", given.value.span, f"the path `{folder[:80]}` {problem}")
        return None
    found: dict[str, tuple[bytes, bool]] | None = cx.task.assets.tree(cx, folder, given.value.span)
    if found is None:
        return None
    size = sum(len(data) for data, _ in found.values())
    if size > MAX_BYTES or len(found) > MAX_FILES:
        cx.error(
            "E0621",
            given.value.span,
            f"a grader has {len(found)} files of {size >> 10} KiB; {MAX_FILES} of {MAX_BYTES >> 10} KiB are allowed",
        )
        return None
    return found


def _packed(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}
