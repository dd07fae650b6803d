"""Compiled checkers: the same verdicts, and nothing that a hostile checker gains."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clawc.commands.sources import check_file
from clawc.compiler.pipeline import build
from clawc.runtime.bundle import load
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.scoring.bytecode import Bytecode, accepted
from clawc.runtime.scoring.score import Scored, score

EXAMPLES = Path(__file__).parents[2] / "examples"


def scored_again(bundle: Path, workspace: Path, times: int = 3) -> tuple[list[Scored], set[str]]:
    """The results of scoring one workspace several times, and the files of the checker that were used at the end."""

    async def main() -> tuple[list[Scored], set[str]]:
        backend, bytecode, loaded = Bubblewrap(), Bytecode(), load(bundle)
        try:
            found = [await score(loaded, workspace, backend, bytecode=bytecode) for _ in range(times)]
            script = await bytecode.of(loaded, backend)
            files = {str(path.relative_to(script.folder)) for path in script.folder.rglob("*.pyc")}
            assert script.name == ("check.pyc" if files else "check.py")
            return found, files
        finally:
            await backend.close()

    return asyncio.run(main())


@pytest.mark.usefixtures("works")
@pytest.mark.parametrize("path", ["order_totals.claw", "tighten_limits.claw"])
def test_same_verdict(tmp_path: Path, path: str) -> None:
    (task,) = check_file(EXAMPLES / path).tasks
    for name, data in build(task).files.items():
        target = tmp_path / "bundle" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    for name, data in {**task.trial.pristine, **task.witness.files}.items():
        target = tmp_path / "w" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    found, kept = scored_again(tmp_path / "bundle", tmp_path / "w")
    assert "check.pyc" in kept
    assert any(name.startswith("vendor/") for name in kept) == (path == "tighten_limits.claw")
    verdicts = [one.verdict.model_copy(update={"nonce": ""}) for one in found if one.verdict is not None]
    assert len(verdicts) == 3 and verdicts[0] == verdicts[1] == verdicts[2]
    assert str(found[-1].score) == "1.000000"


@pytest.mark.usefixtures("works")
def test_what_does_not_compile_is_run_as_text(make_bundle: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    found, kept = scored_again(make_bundle(check="def broken(:\n"), tmp_path / "w")
    assert kept == set()
    assert {one.fault for one in found} == {"the checker ended with exit status 1"}


GOOD = base64.b64encode(b"code").decode()


def test_what_is_accepted() -> None:
    answer = {"check.pyc": GOOD, "vendor/yaml/__pycache__/nodes.cpython-311.pyc": GOOD}
    assert accepted(json.dumps(answer).encode()) == dict.fromkeys(answer, b"code")


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"[]", b"[" * 100_000, b"{}", b'{"check.pyc": 1}', b'{"check.pyc": "?"}', b"\xff",
        json.dumps({"vendor/a/__pycache__/b.cpython-311.pyc": GOOD}).encode(),
        *(json.dumps({"check.pyc": GOOD, name: GOOD}).encode() for name in (
            "../check.pyc", "/etc/passwd", "check.py", "vendor/../x/__pycache__/a.b-1.pyc", "vendor/a/b.py",
            "vendor/a/__pycache__/b.cpython-311.pyc\n", "",
        )),
    ],
)  # fmt: skip
def test_what_is_not(answer: bytes) -> None:
    assert accepted(answer) == {}


@pytest.mark.usefixtures("works")
def test_few_are_kept(make_bundle: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkers of many bundles do not fill the disk, and one that was dropped comes back."""
    monkeypatch.setattr("clawc.runtime.scoring.bytecode.KEPT", 2)
    bundles = [load(make_bundle(task=f"t{number}")) for number in range(4)]

    async def main() -> None:
        backend, bytecode = Bubblewrap(), Bytecode()
        try:
            await backend.probe()
            scripts = [await bytecode.of(bundle, backend) for bundle in bundles]
            assert [script.folder.exists() for script in scripts] == [False, False, True, True]
            assert (await bytecode.of(bundles[0], backend)).folder.exists()
        finally:
            await backend.close()

    asyncio.run(main())
