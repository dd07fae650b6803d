"""`clawc import`: tasks of other benchmarks as sources of ours, with a report of what became of each part."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from clawc import __version__, exits
from clawc.commands.faults import stopping, user_errors
from clawc.commands.progress import ProgressLine
from clawc.commands.sources import require_format
from clawc.compiler.importers.claw_text import name_of
from clawc.compiler.importers.model import Found, ImportedTask, Refused
from clawc.compiler.importers.report import IMPORT_FORMAT_VERSION, REPORT, as_markdown, report_of, task_entry
from clawc.compiler.importers.source import task_files
from clawc.compiler.importers.table import FORMATS, found_in
from clawc.compiler.importers.tree import Tree, tree_at
from clawc.compiler.report import clean
from clawc.exits import UserError
from clawc.stdlib.checks.kinds import plain

README = "import.md"
_IGNORED = 1_000  # of one source
_SHOWN = 20


class ImportOptions(NamedTuple):
    """`origin` is the format, "" for whatever is recognised; `suggest` adds proposals; `replace` an older import; `probe` asks each
    verifier what it pays for the untouched workspace."""

    origin: str
    format: str
    suggest: bool
    replace: bool
    probe: bool = False


def import_command(sources: Sequence[Path], out: Path, options: ImportOptions) -> int:
    """Writes one folder a task into the new folder `out`; exit 1 if a task could not be imported."""
    require_format(options.format)
    if options.origin and options.origin not in FORMATS:
        raise UserError(f"unknown format `{clean(options.origin)}`", f"formats are {', '.join(FORMATS)}")
    place = Path(os.path.realpath(out))
    _require_free(place, out, options.replace)
    with user_errors(), stopping():
        ignored: list[dict[str, Any]] = []
        found = list(_found(sources, options.origin, ignored))
        line = ProgressLine(len(found), "tasks")
        place.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
        try:
            document = _import_all(found, scratch, options, line) | {"ignored": ignored}
            if options.probe:
                _probe(document, scratch)
            text = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
            (scratch / REPORT).write_text(text, encoding="utf-8")
            (scratch / README).write_text(as_markdown(document), encoding="utf-8")
            scratch.chmod(0o755)
            _put(scratch, place)
        finally:
            line.close()
            shutil.rmtree(scratch, ignore_errors=True)
    sys.stdout.write(text if options.format == "json" else _text(document, out))
    return exits.FINDINGS if document["refused"] else exits.OK


class _Item(NamedTuple):
    """A task that was found: where, in which format."""

    shown: str
    format: str
    task: Found


def _found(sources: Sequence[Path], origin: str, ignored: list[dict[str, Any]]) -> Iterator[_Item]:
    """The tasks of all sources; what is there and no file goes to `ignored`. Raises UserError where there is no task."""
    for path in sources:
        try:
            tree: Tree = tree_at(path)
            by_format = found_in(tree, origin)
        except Refused as refused:
            raise UserError(clean(refused.message), refused.help) from refused
        ignored += [{"source": str(path), "path": p, "why": why} for p, why in sorted(tree.problems.items())][:_IGNORED]
        if not by_format:
            known = ", ".join(FORMATS)
            spoilt = "".join(f"; `{clean(p)}` {clean(why)}" for p, why in list(tree.problems.items())[:3])
            what = f"of the format `{origin}` " if origin else ""
            raise UserError(
                f"no task {what}is found in `{clean(str(path))}`{spoilt}",
                f"formats are {known}; docs/importing.md says what each looks like",
            )
        for name, tasks in by_format.items():
            for task in tasks:
                yield _Item(str(path), name, task)


def _import_all(found: Sequence[_Item], scratch: Path, options: ImportOptions, line: ProgressLine) -> dict[str, Any]:
    """Writes all tasks below `scratch`; those whose inputs a script makes come last. Gives the report."""
    taken: set[str] = set()
    entries: dict[int, dict[str, Any]] = {}
    refused: dict[int, dict[str, Any]] = {}
    waiting: list[tuple[int, ImportedTask]] = []

    def done(number: int, task: ImportedTask) -> None:
        try:
            files = task_files(task)
        except Refused as why:
            refused[number] = _refusal(found[number], why)
        else:
            _write(scratch / task.name, files)
            entries[number] = task_entry(task, found[number].shown, found[number].task.place, found[number].format)
        line.report(len(entries) + len(refused))

    for number, item in enumerate(found):
        try:
            task = item.task.read()
        except Refused as why:
            refused[number] = _refusal(item, why)
            continue
        task.name = name_of(task.id, taken, prefix="task")
        if options.suggest:
            from clawc.compiler.importers.suggest import suggest

            suggest(task)
        if task.setup is None:
            done(number, task)
        else:
            waiting.append((number, task))
    for number, outcome in _prepared(waiting):
        if isinstance(outcome, Refused):
            refused[number] = _refusal(found[number], outcome)
        else:
            done(number, outcome)
    return report_of([entries[n] for n in sorted(entries)], [refused[n] for n in sorted(refused)], __version__)


def _prepared(waiting: list[tuple[int, ImportedTask]]) -> list[tuple[int, ImportedTask | Refused]]:
    """The tasks with the inputs that their scripts make, each in a sandbox."""
    if not waiting:
        return []
    from clawc.commands.processors import processors
    from clawc.runtime.importing.setup import prepare_all
    from clawc.runtime.run import run_closing
    from clawc.runtime.sandbox.choose import SandboxChoice, backend_of

    backend = backend_of(SandboxChoice("bubblewrap", ""))
    made = run_closing(prepare_all([task for _, task in waiting], backend, processors()), backend, "import it again")
    return [(number, outcome) for (number, _), outcome in zip(waiting, made)]


def _probe(document: dict[str, Any], folder: Path) -> None:
    """Notes of each imported task what its untouched workspace earns, which is a fault where that is anything."""
    from clawc.commands.bundles import bundles_of
    from clawc.commands.processors import processors
    from clawc.runtime.importing.probe import untouched
    from clawc.runtime.run import run_closing
    from clawc.runtime.sandbox.choose import SandboxChoice, backend_of

    entries = {entry["name"]: entry for entry in document["tasks"] if entry["format"] != "clawc"}
    if not entries:
        return
    with tempfile.TemporaryDirectory(prefix="clawc-probe-") as scratch:
        (Path(scratch) / "bundles").mkdir()
        (Path(scratch) / "workspaces").mkdir()
        bundles = bundles_of([folder / name / f"{name}.claw" for name in entries], Path(scratch) / "bundles")
        backend = backend_of(SandboxChoice("bubblewrap", ""))
        paid = run_closing(
            untouched(bundles, backend, processors(), Path(scratch) / "workspaces"), backend, "import it again"
        )
    for bundle, score in zip(bundles, paid):
        entry = entries[bundle.manifest.task]
        entry["untouched"] = None if score is None else plain(score)
        if score:
            message = f"the untouched workspace earns {plain(score)}"
            entry["faults"].append({"kind": "credit for nothing", "message": message, "path": "", "line": 0})


def _refusal(item: _Item, why: Refused) -> dict[str, Any]:
    return {
        "source": item.shown, "place": item.task.place, "format": item.format, "message": why.message, "help": why.help,
    }  # fmt: skip


def _write(folder: Path, files: dict[str, Any]) -> None:
    made: set[Path] = set()
    for path, file in files.items():
        target = folder / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        with open(target, "xb") as out:
            out.write(file.data)
        if file.executable:
            target.chmod(0o755)


def _require_free(place: Path, out: Path, replace: bool) -> None:
    """Raises UserError where something stands in the way that is not to be replaced."""
    if place == Path.cwd() or place in Path.cwd().parents:
        raise UserError(
            f"`{out}` is the folder that you are in, or above it", "go elsewhere, or choose another by `--out`"
        )
    if not os.path.lexists(place):
        return
    older = False
    with suppress(OSError, ValueError, TypeError, KeyError):
        if place.is_dir() and not any(place.iterdir()):
            return
        older = json.loads((place / REPORT).read_bytes())["clawc_import"] == IMPORT_FORMAT_VERSION
    if older and replace:
        return
    help = "`--replace` replaces it" if older else "choose another folder by `--out`, or remove it"
    raise UserError(f"`{out}` is there" + (", an older import" if older else ", and no import of clawc"), help)


def _put(scratch: Path, place: Path) -> None:
    """What was made takes its place; an older import goes at once, so that nothing is ever half there."""
    if os.path.lexists(place):
        old = Path(tempfile.mkdtemp(prefix=f".{place.name}-old-", dir=place.parent))
        try:
            os.rename(place, old / "old")
            os.rename(scratch, place)
        finally:
            shutil.rmtree(old, ignore_errors=True)
    else:
        os.rename(scratch, place)


def _text(document: dict[str, Any], out: Path) -> str:
    """What people are told: a line for each format, what was refused, the faults by kind."""
    lines: list[str] = []
    for name, row in document["formats"].items():
        share = "-" if row["declarative_share"] is None else f"{100 * row['declarative_share']:.0f} %"
        lines.append(
            f"{FORMATS[name].title}: {row['imported']} imported, {row['refused']} refused; of {row['parts']} parts of their verifiers "
            f"{share} became checks or criteria, {row['opaque']} stay programs, {row['none']} have no counterpart"
        )
    kinds = Counter(fault["kind"] for task in document["tasks"] for fault in task["faults"])
    lines += [f"  {count} x {clean(kind)}" for kind, count in kinds.most_common()]
    for one in document["refused"]:
        lines.append(
            f"refused {clean(one['place'])}: {clean(one['message'])}"
            + (f" ({clean(one['help'])})" if one["help"] else "")
        )
    for one in document["ignored"][:_SHOWN]:
        lines.append(f"left out {clean(one['path'])}: it {clean(one['why'])}")
    if len(document["ignored"]) > _SHOWN:
        lines.append(f"left out {len(document['ignored']) - _SHOWN} more, see {REPORT}")
    proposed = sum(task["suggested"] for task in document["tasks"])
    lines += [f"  {proposed} checks are proposed, in files `suggested.claw`"] if proposed else []
    lines.append(f"wrote {clean(str(out))}; {README} says what became of each part")
    return "\n".join(lines) + "\n"
