"""Plays sessions in the app of an exported resources server: `nemo_gym_session.py FOLDER`, sessions on standard input,
each a row, calls of tools (a text is sent as it is), and the last message."""

# NeMo Gym and the server are not installed where this project is checked.
# mypy: disable-error-code="import-not-found,misc,import-untyped"
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import importlib
import json
import sys
from typing import Any
from unittest.mock import MagicMock

from fastapi.testclient import TestClient
from nemo_gym.server_utils import ServerClient


def main(folder: str) -> None:
    sys.path.insert(0, folder)  # as for `python app.py`, which is how NeMo Gym starts it
    app = importlib.import_module("app")
    config = app.WorkspaceConfig(host="127.0.0.1", port=1, entrypoint="app.py", name="server")
    server = app.WorkspaceServer(config=config, server_client=MagicMock(spec=ServerClient)).setup_webserver()
    found = []
    for session in json.load(sys.stdin):
        with TestClient(server) as client:
            seeded = client.post("/seed_session", json=session["row"])
            answers = []
            for tool, arguments in session["calls"]:
                sent = arguments if isinstance(arguments, str) else json.dumps(arguments)
                answers.append(client.post(f"/{tool}", content=sent.encode("utf-8", "surrogatepass")).json())
            asked = {**session["row"], "response": _response(session["said"])}
            verified = [client.post("/verify", json=asked) for _ in range(session.get("verify", 1))]
        found.append(
            {
                "seeded": seeded.status_code,
                "answers": answers,
                "verified": [[one.status_code, one.json()] for one in verified],
            }
        )
    print(json.dumps(found))


def _response(said: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": said, "annotations": []}
    message = {"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    return {
        "id": "r", "created_at": 0, "model": "m", "object": "response", "output": [message], "parallel_tool_calls": False,
        "tool_choice": "auto", "tools": [],
    }  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1])
