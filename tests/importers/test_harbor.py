"""Harbor: the files of an image without building it, tests with absolute paths, and what is said of the rest."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from clawc.compiler.importers.dockerfile import read_dockerfile
from tests.importers.judged import bundle_of, imported, lay, scores

DOCKERFILE = """# syntax=docker/dockerfile:1
ARG BASE=python:3.12
FROM ${BASE} AS build
COPY secret /nowhere
FROM ${BASE}
ENV HOME=/home/agent \\
    PLACE=/home/agent/desk
WORKDIR $PLACE
RUN mkdir -p $PLACE/out && chown -R agent /home/agent
RUN pip install pandas
COPY --chown=agent:agent data/ ./data/
COPY notes.md todo*.txt /home/agent/desk/docs/
ADD ["one.txt", "two.txt"]
COPY --from=build /nowhere /secret
COPY data/a.csv /etc/a.csv
COPY <<EOF /home/agent/desk/here.txt
FROM nothing
EOF
"""
TASK = {
    "task.toml": 'version = "1.0"\n[metadata]\ncategory = "files"\ntags = ["x"]\n[agent]\ntimeout_sec = 120.0\n[verifier]\ntimeout_sec = 30\n'
                 "[environment]\nmemory_mb = 1024\nallow_internet = true\n",
    "instruction.md": "# Count\n\nCount /home/agent/desk/data/a.csv into `~/desk/out/n.txt`. Work in /home/agent/desk. Not /home/agent/desker/x.\n",
    "environment/Dockerfile": DOCKERFILE, "environment/data/a.csv": "n\n1\n", "environment/data/sub/b.csv": "n\n",
    "environment/notes.md": "# N\n", "environment/todo_1.txt": "1", "environment/todo_2.txt": "2", "environment/one.txt": "one", "environment/secret": "s",
    "tests/test.sh": "#!/bin/bash\nmkdir -p /logs/verifier\nbash /tests/inner/count.sh /home/agent/desk/out/n.txt && echo 1 > /logs/verifier/reward.txt || "
                     "echo 0.25 > /logs/verifier/reward.txt\n",
    "tests/inner/count.sh": 'test "$(cat $1)" = "1" && test -f /home/agent/desk/data/a.csv\n',
    "solution/solve.sh": "echo 1 > /home/agent/desk/out/n.txt\n",
}  # fmt: skip


def test_from_folder_to_score(tmp_path: Path) -> None:
    out = imported(lay(tmp_path / "tasks" / "count-rows", TASK).parent, tmp_path / "out")
    row = json.loads((out / "import.json").read_text())["tasks"][0]
    assert {f["kind"] for f in row["faults"]} == {"absolute path", "image", "input left out", "uses the network"}
    bundle = bundle_of(out / "count_rows", tmp_path / "bundle")
    assert sorted(one.path for one in bundle.manifest.workspace) == [
        "data/a.csv", "data/sub/b.csv", "docs/notes.md", "docs/todo_1.txt", "docs/todo_2.txt", "two.txt"]  # fmt: skip
    told = bundle.read("public/instruction.md").decode()
    assert told == "# Count\n\nCount data/a.csv into `out/n.txt`. Work in ./. Not /home/agent/desker/x.\n"
    assert (bundle.manifest.limits.wall_s, bundle.manifest.limits.memory_bytes) == (120, 1 << 30)
    solved = lay(tmp_path / "solved", {"out/n.txt": "1\n", "data/a.csv": "n\n"})
    assert scores(bundle, lay(tmp_path / "empty", {}), solved) == [Decimal("0.25"), 1]
    assert b"echo 1 > out/n.txt" in (out / "count_rows" / "solution" / "solve.sh").read_bytes()


def test_steps_and_names(tmp_path: Path) -> None:
    files = {"task.toml": '[task]\nname = "org/two-steps"\ndescription = "Two steps"\n[[steps]]\nname = "one"\n[[steps]]\nname = "two"\n',
             "steps/one/instruction.md": "First.\n", "steps/two/instruction.md": "Then.\n", "steps/two/tests/test.sh": "echo 1 > /logs/verifier/reward.txt\n",
             "environment/docker-compose.yaml": "services: {}\n"}  # fmt: skip
    out = imported(lay(tmp_path / "tasks" / "x", files).parent, tmp_path / "out")
    bundle = bundle_of(out / "org_two_steps", tmp_path / "bundle")
    assert [bundle.read(turn) for turn in bundle.manifest.turns] == [b"Then.\n"]
    assert "needs a service" in {f["kind"] for f in json.loads((out / "import.json").read_text())["tasks"][0]["faults"]}


@pytest.mark.parametrize("lost", ["instruction.md", "tests/test.sh"])
def test_what_lacks_is_refused(lost: str, tmp_path: Path) -> None:
    lay(tmp_path / "tasks" / "x", {name: text for name, text in TASK.items() if name != lost})
    out = imported(tmp_path / "tasks", tmp_path / "out", status=1)
    assert f"{lost}` is not there" in json.loads((out / "import.json").read_text())["refused"][0]["message"]


@pytest.mark.parametrize("text", ["", "FROM", "COPY a", "COPY [1, 2] /x", "COPY [\"a", "ENV", "ENV A", "WORKDIR ../../..", "RUN <<X\nFROM y\n", "FROM x\nCOPY 'a b\n", "\\\n\\\n",
                                  "ENV A=${A}${A}\nWORKDIR $A", "COPY ../../../etc/passwd /app/x\nCOPY .. /app/y"])  # fmt: skip
def test_dockerfiles_of_strangers(text: str, tmp_path: Path) -> None:
    read_dockerfile(text)
    lay(tmp_path / "tasks" / "x", {**TASK, "environment/Dockerfile": text})
    out = imported(tmp_path / "tasks", tmp_path / "out")
    assert not any(b"root:" in p.read_bytes() for p in out.rglob("input/**/*") if p.is_file())
