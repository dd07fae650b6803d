"""From somebody else's task to a score, by the way that users go: import, build, judge in a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from clawc.commands.import_ import ImportOptions, import_command
from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import build, check, write
from clawc.compiler.report import as_text
from clawc.runtime.bundle import Bundle, load
from clawc.runtime.run import run_closing
from clawc.runtime.sandbox.choose import SandboxChoice, backend_of
from clawc.runtime.scoring.score import Scored, score


def lay(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """The files below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def imported(source: Path, out: Path, *, origin: str = "", suggest: bool = False, status: int = 0) -> Path:
    """The folder that an import wrote."""
    assert import_command([source], out, ImportOptions(origin, "text", suggest, False)) == status
    return out


def bundle_of(folder: Path, where: Path) -> Bundle:
    """The bundle of the one task in a folder, which has to be without a finding."""
    source = next(p for p in sorted(folder.glob("*.claw")) if p.name != "suggested.claw")
    checked = check(str(source), source.read_text(encoding="utf-8"), DiskAssets(folder))
    assert not checked.diagnostics, as_text(checked.diagnostics)
    write(build(checked.tasks[0]), where)
    return load(where)


def judge(bundle: Bundle, *cases: tuple[Path, Path | None]) -> list[Scored]:
    """The verdicts on workspaces, each with a trajectory if there is one."""
    backend = backend_of(SandboxChoice("bubblewrap", ""))

    async def all_of() -> list[Scored]:
        return [await score(bundle, workspace, backend, trajectory=record) for workspace, record in cases]

    return run_closing(all_of(), backend, "")


def scores(bundle: Bundle, *workspaces: Path) -> list[Decimal | None]:
    """The scores of workspaces."""
    found = judge(bundle, *((workspace, None) for workspace in workspaces))
    assert not any(one.fault for one in found), [one.fault + one.stderr for one in found]
    return [one.score for one in found]
