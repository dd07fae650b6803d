"""How soon `clawc lsp` answers after a keystroke, in files of 1,000 lines: through its pipes, as an editor is answered.

Baselines of the same run: a whole check of the same file in a warm process, and pyright's language server at completions in 1,000
lines of Python.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.machine import machine

AIM_MS = 100.0
LINES = 1000
SEED = 1
ROOT = Path(__file__).resolve().parents[1]
_EXAMPLE = ROOT / "examples" / "order_totals.claw"
_WAIT_S = 120.0


class Client:
    """A language client over the pipes of a server."""

    def __init__(self, command: list[str], root: Path) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root
        )
        self._number = 0
        self._answers: dict[int, Any] = {}
        self._told: deque[Any] = deque()
        self._new = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self.ask("initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": {
            "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}, "publishDiagnostics": {}}}})  # fmt: skip
        self.tell("initialized", {})

    def _read(self) -> None:
        out = self._process.stdout
        assert out is not None
        while line := out.readline():
            size = int(line.split(b":")[1]) if line.lower().startswith(b"content-length") else 0
            while line.strip():
                line = out.readline()
                if line.lower().startswith(b"content-length"):
                    size = int(line.split(b":")[1])
            message = json.loads(out.read(size))
            with self._new:
                if "method" in message and "id" in message:
                    asked: list[Any] = message["params"].get("items", [])
                    answer: Any = [None for _ in asked] if message["method"] == "workspace/configuration" else None
                    self._send({"jsonrpc": "2.0", "id": message["id"], "result": answer})
                elif "id" in message:
                    self._answers[message["id"]] = message.get("result")
                elif message.get("method") == "textDocument/publishDiagnostics":
                    self._told.append(message["params"])
                self._new.notify_all()

    def _send(self, message: Any) -> None:
        body = json.dumps(message).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def tell(self, method: str, params: Any) -> None:
        """A notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        """A request, and its result."""
        self._number += 1
        number = self._number
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        with self._new:
            if not self._new.wait_for(lambda: number in self._answers, _WAIT_S):
                raise TimeoutError(method)
            return self._answers.pop(number)

    def forget(self) -> None:
        """What was published before does not count."""
        with self._new:
            self._told.clear()

    def wait(self, fits: Callable[[Any], bool]) -> None:
        """Until diagnostics are published that fit."""
        with self._new:
            if not self._new.wait_for(lambda: any(fits(t["diagnostics"]) for t in self._told), _WAIT_S):
                raise TimeoutError("diagnostics")

    def close(self) -> None:
        """Ends the server."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        self._process.wait(20)


class Buffer:
    """An open file into which somebody types."""

    def __init__(self, client: Client, path: Path, language: str, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        self.client, self.uri, self.text, self.version = client, path.as_uri(), text, 1
        client.tell(
            "textDocument/didOpen",
            {"textDocument": {"uri": self.uri, "languageId": language, "version": 1, "text": text}},
        )

    def type(self, at: int, removed: int, written: str) -> dict[str, int]:
        """An edit; gives the position behind it."""
        change = {"range": {"start": self.position(at), "end": self.position(at + removed)}, "text": written}
        self.text = self.text[:at] + written + self.text[at + removed :]
        self.version += 1
        self.client.tell(
            "textDocument/didChange",
            {"textDocument": {"uri": self.uri, "version": self.version}, "contentChanges": [change]},
        )
        return self.position(at + len(written))

    def position(self, at: int) -> dict[str, int]:
        """Line and character; the texts here are ASCII."""
        return {"line": self.text.count("\n", 0, at), "character": at - self.text.rfind("\n", 0, at) - 1}


def of_tasks(lines: int) -> str:
    """Tasks one after the other."""
    body = _EXAMPLE.read_text(encoding="utf-8").split("\n", 2)[2]
    parts = ["claw 1\n"]
    while "\n".join(parts).count("\n") < lines:
        parts.append(body.replace("order_totals", f"order_totals_{len(parts)}"))
    return "\n".join(parts)


def of_one_task(lines: int) -> str:
    """One task with as many values and checks as it takes."""
    text = _EXAMPLE.read_text(encoding="utf-8")
    lets: list[str] = []
    checks: list[str] = []
    number = 0
    while text.count("\n") + 4 * number < lines:
        lets.append(
            f"  let over_{number} = csv(orders) | where amount > {number} | group customer, n = count(), total = sum(amount)\n"
        )
        checks.append(
            f"    check over_{number}_kept {{\n      expect count(rows(report)) >= count(over_{number})\n    }}\n"
        )
        number += 1
    text = text.replace("  deliver report", "".join(lets) + "\n  deliver report")
    return text.replace("    require inputs_kept", "".join(checks) + "    require inputs_kept")


def of_python(lines: int) -> str:
    """Functions of Python one after the other."""
    parts = ["from __future__ import annotations\n\nimport csv\n"]
    while "\n".join(parts).count("\n") < lines:
        n = len(parts)
        parts.append(
            f"\ndef totals_{n}(path: str) -> dict[str, float]:\n    found: dict[str, float] = {{}}\n    with open(path) as file:\n"
            "        for row in csv.DictReader(file):\n            name = row['customer']\n"
            "            found[name] = found.get(name, 0.0) + float(row['amount'])\n    return dict(sorted(found.items()))\n"
        )
    return "\n".join(parts)


def typed(client: Client, folder: Path, name: str, text: str, keys: int) -> dict[str, Any]:
    """Times of one file. A keystroke is a letter more, or one less, in the name of a column."""
    rng = random.Random(SEED)
    file = Buffer(client, folder / f"{name}.claw", "claw", text)
    client.wait(lambda found: True)
    places = [i for i in range(len(text)) if text.startswith("sum(amount)", i)]
    first: list[float] = []
    wrong: list[float] = []
    offered: list[float] = []
    shown: list[float] = []
    for _ in range(keys):
        at = rng.choice(places) + len("sum(amoun")
        client.forget()
        begun = time.perf_counter()
        position = file.type(at, 0, "x")
        client.wait(lambda found: True)
        first.append(time.perf_counter() - begun)
        client.wait(lambda found: any(d["code"] == "E0402" for d in found))
        wrong.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        position = file.type(at, 1, "")
        answer = client.ask("textDocument/completion", {"textDocument": {"uri": file.uri}, "position": position})
        offered.append(time.perf_counter() - begun)
        assert any(item["label"] == "amount" for item in answer["items"])
        begun = time.perf_counter()
        said = client.ask("textDocument/hover", {"textDocument": {"uri": file.uri}, "position": position})
        shown.append(time.perf_counter() - begun)
        assert "number" in said["contents"]["value"]
        client.forget()
        client.wait(lambda found: not found)
    return {
        "lines": text.count("\n"), "keystrokes": keys, "first_diagnostics_ms": _ms(first), "mistake_shown_ms": _ms(wrong),
        "completion_ms": _ms(offered), "hover_ms": _ms(shown), "whole_check_ms": round(_checked(text), 1),
    }  # fmt: skip


def _checked(text: str) -> float:
    from clawc.compiler.pipeline import check

    check("warm.claw", text)
    begun = time.perf_counter()
    check("a.claw", text + "\n")
    return 1e3 * (time.perf_counter() - begun)


def peer(folder: Path, keys: int) -> dict[str, Any]:
    """Completions of pyright's language server."""
    server = shutil.which("pyright-langserver", path=str(Path(sys.executable).parent))
    if server is None:
        return {"skipped": "pyright-langserver is not installed beside this Python"}
    rng = random.Random(SEED)
    client = Client([server, "--stdio"], folder)
    text = of_python(LINES)
    file = Buffer(client, folder / "a.py", "python", text)
    places = [i for i in range(len(text)) if text.startswith("found.get", i)]
    offered: list[float] = []
    for _ in range(keys + 3):
        at = rng.choice(places) + len("found.ge")
        begun = time.perf_counter()
        position = file.type(at, 1, "t")
        client.ask("textDocument/completion", {"textDocument": {"uri": file.uri}, "position": position})
        offered.append(time.perf_counter() - begun)
    client.close()
    return {"lines": text.count("\n"), "completion_ms": _ms(offered[3:])}


def _ms(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "median": round(1e3 * statistics.median(ordered), 1),
        "p95": round(1e3 * ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 1),
        "most": round(1e3 * ordered[-1], 1),
    }


def main(arguments: list[str]) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench lsp", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--keys", type=int, default=40, help="keystrokes of each file")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        client = Client([sys.executable, "-m", "clawc", "lsp"], folder)
        files = {"several_tasks": of_tasks(LINES), "one_task": of_one_task(LINES)}
        found = {name: typed(client, folder, name, text, options.keys) for name, text in files.items()}
        client.close()
        python = peer(folder, options.keys)
    result: dict[str, Any] = {
        "format_version": 1,
        "name": "lsp",
        "machine": machine(),
        "aim_ms": AIM_MS,
        **found,
        "pyright": python,
    }
    if "completion_ms" in python:
        for one in found.values():
            one["completion_to_pyright"] = round(one["completion_ms"]["median"] / python["completion_ms"]["median"], 2)
    for one in found.values():
        one["mistake_to_whole_check"] = round(one["mistake_shown_ms"]["median"] / one["whole_check_ms"], 2)
    text = json.dumps(result, indent=2)
    if options.json is not None:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0
