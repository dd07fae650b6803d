"""Usage: python3 check.py WORKSPACE. Prints {"reward": x}, x in [0, 1]; without a verdict nothing, and exit status 1.

The bundle and the grader lie beside this file. Where all of it was put into the workspace, it is no part of what is judged.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib import import_module


def main(arguments: list[str]) -> int:
    """The exit status."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python3 check.py WORKSPACE\n")
        return 2
    here = os.path.dirname(os.path.realpath(__file__))
    workspace = os.path.realpath(arguments[0])
    with tempfile.TemporaryDirectory(prefix="check-") as scratch:
        if here.startswith(workspace + os.sep):
            seen = os.path.join(scratch, "workspace")
            sys.path.insert(0, here)
            import_module("grader.collect").collect(workspace, seen)
            shutil.rmtree(os.path.join(seen, os.path.relpath(here, workspace)), ignore_errors=True)
            workspace = seen
        grader = os.path.join(here, "grade.py")
        command = [sys.executable, "-I", "-S", grader, os.path.join(here, "bundle"), workspace]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        return 1
    print(json.dumps({"reward": json.loads(done.stdout)["reward"]}))
    return 0


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
