"""Hand-made bundles with a checker of a few lines, and a backend that works or a printed reason why not."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.interface import Probe
from clawc.spec.bundle import Manifest
from clawc.spec.manifest_id import manifest_id

# The answer stands in the checker only, so finding it elsewhere means that something leaked.
TRUTH = "TRUTH-41d3c7"

CHECKER = """
import json, os, sys
answer = "{truth}"
nonce = sys.stdin.readline().strip()
workspace, jobs, fd = sys.argv[1], sys.argv[3], int(sys.argv[5])
def text(path):
    try:
        with open(os.path.join(workspace, path)) as file:
            return file.read()
    except OSError:
        return None
{before}
results = [("right", "check", "2", text("out/answer.txt") == answer + "\\n"),
           ("short", "check", "1", text("out/answer.txt") is not None and len(text("out/answer.txt")) < 99),
           ("kept", "require", "1", text("in/data.txt") == "data\\n")]
{after}
credit = sum(int(w) for n, k, w, ok in results if ok and k == "check") / 3
C = "1" if credit == 1 else "0" if credit == 0 else "%.12f" % credit
V = "1" if all(ok for n, k, w, ok in results if k == "require") else "0"
verdict = {{"nonce": nonce, "task": "tiny", "C": C, "V": V,
  "score_checks": "%.6f" % (float(C) * int(V)),
  "checks": [{{"name": n, "kind": k, "weight": w, "passed": ok, "credit": "1" if ok else "0"}}
             for n, k, w, ok in results]}}
line = json.dumps(verdict) + "\\n"
{write}
"""


def checker(before: str = "", after: str = "", write: str = "os.write(fd, line.encode())") -> str:
    return CHECKER.format(truth=TRUTH, before=before, after=after, write=write)


MakeBundle = Callable[..., Path]


def build_bundle(
    folder: Path,
    *,
    check: str | None = None,
    inputs: Mapping[str, str] | None = None,
    deliverables: Sequence[str] = ("out/answer.txt",),
    jobs: Sequence[Mapping[str, object]] = (),
    limits: Mapping[str, object] | None = None,
    env: Mapping[str, str] | None = None,
    extra: Mapping[str, str] | None = None,
    **changes: object,
) -> Path:
    """Write a bundle to the new folder; `changes` replace fields of the manifest before its id is
    computed."""
    files: dict[str, bytes] = {
        "public/instruction.md": b"Write the answer to out/answer.txt.\n",
        "private/check.py": (check if check is not None else checker()).encode(),
        "private/solution/files/answer.txt": f"{TRUTH}\n".encode(),
        "private/solution/steps.json": json.dumps(
            {"steps": [{"op": "write", "path": "out/answer.txt", "source": "private/solution/files/answer.txt"}]}
        ).encode(),
    }
    found = {"in/data.txt": "data\n", **(inputs or {})}
    files |= {f"public/workspace/{path}": text.encode() for path, text in found.items()}
    files |= {path: text.encode() for path, text in (extra or {}).items()}

    def listed(path: str, data: bytes) -> dict[str, object]:
        return {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}

    manifest: dict[str, object] = {
        "format_version": 1,
        "task": "tiny",
        "title": "Tiny",
        "edition": 1,
        "provenance": {
            "source": "tiny.claw",
            "source_sha256": "0" * 64,
            "compiler": "0",
            "library_sha256": "0" * 64,
        },
        "limits": {"wall_s": 30, **(limits or {})},
        "environment": {"env": dict(env or {})},
        "scoring": {
            "checks": [
                {"name": "right", "kind": "check", "weight": "2"},
                {"name": "short", "kind": "check"},
                {"name": "kept", "kind": "require"},
            ]
        },
        "workspace": [listed(path, text.encode()) for path, text in found.items()],
        "deliverables": [{"name": f"d{n}", "path": path, "kind": "text"} for n, path in enumerate(deliverables)],
        "jobs": list(jobs),
        "oracle": "authored",
        "files": [listed(path, data) for path, data in sorted(files.items())],
        **changes,
    }
    manifest["id"] = manifest_id(manifest)
    Manifest.model_validate(manifest)
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    (folder / "bundle.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def make_bundle(tmp_path: Path) -> MakeBundle:
    made = 0

    def make(**options: object) -> Path:
        nonlocal made
        made += 1
        return build_bundle(tmp_path / f"bundle{made}", **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_checker() -> Callable[..., str]:
    return checker


@pytest.fixture(scope="session")
def works() -> Probe:
    """Skips, with the reason, where no sandbox can work."""

    async def ask() -> Probe:
        backend = Bubblewrap()
        try:
            return await backend.probe()
        finally:
            await backend.close()

    found = asyncio.run(ask())
    if not found.ok:
        pytest.skip(f"no sandbox here: {found.reason}. {found.help}")
    return found
