"""A small agent with one tool, `bash`, as black boxes are: it streams, replays arguments compactly, and runs what it is told.

python3 tiny_agent.py URL INSTRUCTION [retry]
"""

import http.client
import json
import subprocess
import sys
import urllib.parse
from typing import Any

URL, INSTRUCTION, RETRY = sys.argv[1], sys.argv[2], sys.argv[3:] == ["retry"]
PARAMETERS = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}
TOOLS = [{"type": "function", "function": {"name": "bash", "description": "Runs a command.", "parameters": PARAMETERS}}]
where = urllib.parse.urlsplit(URL)
connection = http.client.HTTPConnection(where.hostname or "", where.port)


class Failed(Exception):
    pass


def ask(messages: "list[dict[str, Any]]") -> "tuple[str, list[dict[str, str]]]":
    body = {
        "model": "m",
        "messages": messages,
        "tools": TOOLS,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    connection.request("POST", where.path + "/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        raise Failed(f"{response.status} {response.read().decode()}")
    text, ended = "", False
    calls: dict[int, dict[str, str]] = {}
    for line in response:
        if line.strip() == b"data: [DONE]":
            ended = True
        elif line.startswith(b"data: "):
            for choice in json.loads(line[6:])["choices"]:
                text += choice["delta"].get("content") or ""
                parts: list[dict[str, Any]] = choice["delta"].get("tool_calls") or []
                for part in parts:
                    call = calls.setdefault(part["index"], {"id": "", "name": "", "arguments": ""})
                    call["id"] += part.get("id", "")
                    call["name"] += part["function"].get("name", "")
                    call["arguments"] += part["function"]["arguments"]
    response.read()
    if not ended:
        raise Failed("the stream broke off")
    return text, [calls[index] for index in sorted(calls)]


def run(arguments: str) -> str:
    try:
        done = subprocess.run(json.loads(arguments)["command"], shell=True, capture_output=True, text=True)
    except (ValueError, KeyError) as error:
        return f"error: {error!r}"
    return done.stdout + done.stderr


text = ""
calls: "list[dict[str, str]]" = []
messages: "list[dict[str, Any]]" = [
    {"role": "system", "content": "You work on files."},
    {"role": "user", "content": [{"type": "text", "text": INSTRUCTION}]},
]
while True:
    for left in (3, 2, 1, 0):
        try:
            text, calls = ask(messages)
            break
        except (Failed, OSError, http.client.HTTPException) as error:
            connection.close()
            if not (RETRY and left):
                print(f"500 boom: {error}")  # as some harnesses do: the failure as an answer, and status 0
                sys.exit(0)
    if not calls:
        print(text)
        break
    compact = [
        {
            "id": c["id"].replace("_", ""),
            "type": "function",
            "function": {"name": c["name"], "arguments": json.dumps(json.loads(c["arguments"]), separators=(",", ":"))},
        }
        for c in calls
    ]
    messages.append({"role": "assistant", "content": text or None, "tool_calls": compact})
    messages += [{"role": "tool", "tool_call_id": c["id"], "content": run(c["arguments"])} for c in calls]
