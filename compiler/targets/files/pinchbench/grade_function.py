"""Judges a workspace with the bundle and the grader that the archive holds. It raises where there is no verdict."""

import base64
import bz2
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile

ARCHIVE = ""


def grade(transcript: list[object], workspace_path: str) -> dict[str, float]:
    """{"reward": x}, x in [0, 1]."""
    with tempfile.TemporaryDirectory(prefix="grade-") as folder:
        with zipfile.ZipFile(io.BytesIO(bz2.decompress(base64.b64decode(ARCHIVE)))) as archive:
            archive.extractall(folder)
        grader, bundle = os.path.join(folder, "grade.py"), os.path.join(folder, "bundle")
        done = subprocess.run(
            [sys.executable, "-I", "-S", grader, bundle, workspace_path, "--disposable"],
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:].decode("utf-8", "replace").strip() or "the grader said nothing")
    return {"reward": json.loads(done.stdout)["reward"]}
