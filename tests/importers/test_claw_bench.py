"""claw-bench: inputs that a script makes, pytest with weights, and a solution that is a script."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.importers.judged import bundle_of, imported, lay, scores
from tests.importers.test_graders import CONFTEST

TOML = 'id = "sum-001"\ntitle = "Add numbers"\ndomain = "math"\nlevel = "L1"\ndescription = "d"\ntimeout = 90\ntags = ["a"]\n'
TASK = {
    "task.toml": TOML,
    "instruction.md": "Read `workspace/numbers.txt` and write workspace/sum.txt. See /data/workspace/ and my-workspace/.\n",
    "environment/setup.sh": '#!/bin/bash\nset -eu\nmkdir -p "$1/sub"\ncp "$(dirname "$0")/data/base.txt" "$1/numbers.txt"\n'
                            'echo 4 >> "$1/numbers.txt"\ntouch "$1/sub/empty"\necho "#!/bin/sh" > "$1/run.sh"; chmod +x "$1/run.sh"\nln -s /etc/passwd "$1/link"\n',
    "environment/data/base.txt": "1\n2\n", "environment/data/.gitkeep": "",
    "solution/solve.sh": 'WS="${1:-workspace}"\npaste -sd+ "$WS/numbers.txt" | sed "s/+/ + /g" | xargs expr > "$WS/sum.txt"\n',
    "verifier/expected/sum.txt": "7\n",
    "verifier/test_output.py": '''
import pathlib, pytest
EXPECTED = pathlib.Path(__file__).parent / "expected" / "sum.txt"
@pytest.mark.weight(6)
def test_sum(workspace):
    assert (workspace / "sum.txt").read_text() == EXPECTED.read_text()
def test_kept(workspace):
    assert (workspace / "numbers.txt").read_text() == "1\\n2\\n4\\n"
''',
}  # fmt: skip
ROOT_CONFTEST = (
    CONFTEST
    + "import pathlib, pytest\n@pytest.fixture\ndef workspace(request):\n    return pathlib.Path(request.config.getoption('--workspace'))\n"
)


def corpus(folder: Path, **more: str) -> Path:
    lay(folder / "tasks", {"conftest.py": ROOT_CONFTEST})
    lay(folder / "tasks" / "math" / "sum-001", {**TASK, **more})
    return folder / "tasks"


def test_from_setup_to_score(tmp_path: Path) -> None:
    folder = imported(corpus(tmp_path / "source"), tmp_path / "out") / "sum_001"
    bundle = bundle_of(folder, tmp_path / "bundle")
    found = {one.path: one.mode for one in bundle.manifest.workspace}
    assert found == {"base.txt": 0o644, "numbers.txt": 0o644, "run.sh": 0o755, "sub/empty": 0o644}
    assert bundle.read("public/workspace/numbers.txt") == b"1\n2\n4\n"
    told = bundle.read("public/instruction.md").decode()
    assert told == "Read `numbers.txt` and write sum.txt. See /data/workspace/ and my-workspace/.\n"
    assert bundle.manifest.limits.wall_s == 90 and bundle.manifest.environment.tools == ("pytest",)
    untouched = lay(tmp_path / "untouched", {"numbers.txt": "1\n2\n4\n"})
    solved = lay(tmp_path / "solved", {"numbers.txt": "1\n2\n4\n", "sum.txt": "7\n"})
    broken = lay(tmp_path / "broken", {"numbers.txt": "1\n", "sum.txt": b"\xff"})
    assert scores(bundle, untouched, solved, broken) == [Decimal("0.25"), 1, 0]
    steps = json.loads(bundle.read("private/solution/steps.json"))["steps"]
    assert (
        steps[0]["op"] == "run" and steps[0]["argv"][:2] == ["bash", "-c"] and steps[0]["argv"][3:] == ["solve.sh", "."]
    )


def test_the_dialect_with_a_table(tmp_path: Path) -> None:
    toml = f'[task]\n{TOML}required_actions = ["file-read"]\n'
    out = imported(corpus(tmp_path / "source", **{"task.toml": toml}), tmp_path / "out")
    row = json.loads((out / "import.json").read_text())["tasks"][0]
    assert (row["id"], row["opaque"], row["meta"]["required_actions"]) == ("sum-001", 2, ["file-read"])


@pytest.mark.parametrize(("files", "message"), [
    ({"environment/setup.sh": "echo so >&2; exit 4\n"}, "ended with exit status 4: so"),
    ({"environment/setup.sh": "yes > $1/large\n"}, "its"),
    ({"task.toml": "id = ["}, "is no TOML"),
    ({"instruction.md": "", "task.toml": 'id = "x"'}, "it tells the agent nothing"),
])  # fmt: skip
def test_what_cannot_be_made_is_refused(files: dict[str, str], message: str, tmp_path: Path) -> None:
    out = imported(corpus(tmp_path / "source", **files), tmp_path / "out", status=1)
    assert message in json.loads((out / "import.json").read_text())["refused"][0]["message"]


def test_a_setup_has_no_network_and_sees_nothing_of_the_machine(tmp_path: Path) -> None:
    secret = lay(tmp_path / "secret", {"key": "secret"}) / "key"
    script = (f'cat {secret} > "$1/stolen" 2>/dev/null\necho x > {tmp_path}/planted 2>/dev/null\n'
              'python3 -c "import socket; socket.create_connection((\'127.0.0.1\', 9), 1)" 2> "$1/net"\nexit 0\n')  # fmt: skip
    folder = imported(corpus(tmp_path / "source", **{"environment/setup.sh": script}), tmp_path / "out") / "sum_001"
    assert (folder / "input" / "stolen").read_text() == ""
    assert "Error" in (folder / "input" / "net").read_text()
    assert not (tmp_path / "planted").exists()


def test_without_its_tests_it_is_refused(tmp_path: Path) -> None:
    source = corpus(tmp_path / "source")
    (source / "math" / "sum-001" / "verifier" / "test_output.py").unlink()
    out = imported(source, tmp_path / "out", status=1)
    assert "test_output.py` is not there" in json.loads((out / "import.json").read_text())["refused"][0]["message"]
