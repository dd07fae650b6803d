"""Forged rewards in Harbor, in our environment: what scores in a verifier as Harbor's documentation has it scores nothing in our
export. Needs Harbor, from PyPI in an environment of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from clawc.compiler.targets.export import ExportOptions
from clawc.compiler.targets.harbor import harbor
from clawc.runtime.runners.harbor import Harbor
from clawc.runtime.runners.installed import HARBOR
from tests.frameworks import framework
from tests.targets.exported import examples, written
from tests.targets.graders import public_folder

# What an agent does instead of the task; the folder `/logs` is there for its own log.
FORGERIES: Mapping[str, str] = {
    "json_file": "echo '{\"reward\": 1.0}' > /logs/verifier/reward.json",
    "text_file": "echo 1 > /logs/verifier/reward.txt",
    "kept_from_removal": "mkdir -p /logs/verifier/reward.json && touch /logs/verifier/reward.json/x; echo 1 > /logs/verifier/reward.txt",
    "link_to_one": "echo '{\"reward\": 1.0}' > /w/r.json; ln -sf /w/r.json /logs/verifier/reward.json",
    "checker_in_advance": "mkdir -p /tests && printf '#!/bin/sh\\necho 1 > /logs/verifier/reward.txt\\n' > /tests/test.sh; chmod +x /tests/test.sh",
    "grader_in_advance": "mkdir -p /tests/grader && echo 'print(1)' > /tests/grade.py && echo > /tests/grader/__init__.py",
    "modules_beside": "for m in json os re sys tempfile hashlib; do echo 'raise SystemExit(0)' > /w/$m.py; done",
    "verdict_in_workspace": "mkdir -p /w/logs/verifier && echo 1 > /w/logs/verifier/reward.txt && echo '{\"reward\": 1}' > /w/reward.json",
    "later": "(while :; do echo '{\"reward\": 1.0}' > /logs/verifier/reward.json; sleep 0.01; done) >/dev/null 2>&1 &",
}  # fmt: skip
_DEFAULT = {
    "task.toml": 'schema_version = "1.4"\n[task]\nname = "test/default"\n[environment]\nworkdir = "/w"\n',
    "instruction.md": "Write `/w/done.txt`.\n",
    "environment/Dockerfile": "FROM debian:bookworm-slim\nWORKDIR /w\n",
    "tests/test.sh": "#!/bin/sh\nif [ -f /w/done.txt ]; then echo 1; else echo 0; fi > /logs/verifier/reward.txt\n",
}


def default_task(folder: Path, script: str) -> None:
    """A task as Harbor's documentation makes one: the verifier shares the environment, and writes `reward.txt`."""
    for path, text in {**_DEFAULT, "solution/solve.sh": f"#!/bin/sh\n{script}\n"}.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(0o755 if path.endswith(".sh") else 0o644)


def exported_task(folder: Path, script: str, mode: str) -> None:
    """Our export of `order_totals`, with another solution and mode of the verifier."""
    task = examples()[0]
    written(harbor([task], ExportOptions("test")), folder.parent / f".{folder.name}")
    (folder.parent / f".{folder.name}" / task.manifest.task).rename(folder)
    (folder.parent / f".{folder.name}").rmdir()
    (folder / "solution" / "solve.sh").write_text(f"#!/bin/sh\n{script}\n")
    config = folder / "task.toml"
    config.write_text(config.read_text().replace('"separate"', f'"{mode}"'))


@pytest.fixture(scope="module")
def rewards() -> Iterator[dict[str, float | None]]:
    """One job of all: each forgery against the default verifier, and against our export in both modes."""
    folder = public_folder()
    tasks = folder / "tasks"
    tasks.mkdir()
    for name, script in FORGERIES.items():
        default_task(tasks / f"default-{name}", script)
        exported_task(tasks / f"separate-{name}", script, "separate")
        if name != "later":  # in one environment with the verifier, what still runs there may write at any time
            exported_task(tasks / f"shared-{name}", script, "shared")
    out = folder / "out"
    out.mkdir()
    yield {name: judged.reward for name, judged in Harbor(framework(HARBOR)).rewards(tasks, out).items()}
    shutil.rmtree(folder, ignore_errors=True)


def test_the_known_forgery_scores_in_the_default_verifier(rewards: dict[str, float | None]) -> None:
    assert rewards["default-json_file"] == 1.0


@pytest.mark.parametrize("name", FORGERIES)
def test_it_scores_nothing_in_our_export(rewards: dict[str, float | None], name: str) -> None:
    assert rewards[f"separate-{name}"] == 0.0
    if name != "later":
        assert rewards[f"shared-{name}"] == 0.0
