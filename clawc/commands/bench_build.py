"""`clawc bench build`: a suite as a file declares it, its bundles proved, and the record that names them."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from clawc import exits
from clawc.commands.bundles import bundles_at
from clawc.commands.compiling import Lot, build_sources
from clawc.commands.faults import user_errors
from clawc.commands.processors import processors
from clawc.commands.sources import find_sources, read_source
from clawc.commands.trusted import trusted_keys
from clawc.compiler.finding import findings, restored
from clawc.compiler.report import as_text, clean
from clawc.exits import UserError
from clawc.runtime.bounded import Overrun, bounded
from clawc.runtime.cache_folder import cache_folder

if TYPE_CHECKING:
    from clawc.compiler.passes.suites import SuiteDeclaration
    from clawc.runtime.bundle import Bundle
    from clawc.spec.suite import Suite

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What the options of the verb say. `public`: secret splits get no bundles, and their tasks no seeds."""

    out: Path
    name: str = ""
    public: bool = False
    unproved: bool = False


def build_command(file: Path, options: BuildOptions) -> int:
    """Exit 1, and nothing is written, where a source has mistakes or a verifier is not proved."""
    from clawc.runtime.suite.folder import write_suite
    from clawc.spec.suite import BUNDLES, SUITE

    out = options.out.absolute()
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UserError(f"`{clean(str(options.out))}` is no folder", "give a new or empty folder")
    if out.exists() and any(out.iterdir()) and not (out / SUITE).is_file():
        raise UserError(f"`{clean(str(options.out))}` holds something else", "give a new or empty folder")
    declared = declaration_of(file, options.name)
    sources = sources_of(file, declared)
    staging = out.with_name(f".{out.name}.part")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        with user_errors():
            record, bundles = _assembled(file, declared, sources, staging, options)
            if not options.unproved and not _proved(bundles):
                return exits.FINDINGS
            write_suite(record, staging)
            for bundle in bundles:
                if options.public and _is_secret(record, bundle):
                    shutil.rmtree(bundle.path)
        if out.exists():
            shutil.rmtree(out)
        staging.replace(out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    print(_said(record, options.out / BUNDLES))
    return exits.OK


def declaration_of(file: Path, name: str) -> SuiteDeclaration:
    """The suite of a file, the only one or that of the name. Raises UserError, after diagnostics if there are any."""
    (reply,) = bounded(_declared, [(str(file), read_source(file))])
    if isinstance(reply, Overrun):
        raise UserError(f"`{clean(str(file))}` takes too long to read", "is it a source?", exits.FINDINGS)
    from clawc.compiler.passes.suites import SuiteDeclaration as Declared

    found = [TypeAdapter(Declared).validate_python(each) for each in reply["suites"]]
    diagnostics = [restored(each) for each in reply["found"]]
    if diagnostics:
        sys.stderr.write(as_text(diagnostics))
    if any(diagnostic.severity == "error" for diagnostic in diagnostics):
        raise UserError(f"`{clean(str(file))}` has mistakes, so nothing was done", code=exits.FINDINGS)
    names = ", ".join(suite.name for suite in found)
    chosen = [suite for suite in found if not name or suite.name == name]
    if not found:
        raise UserError(f"`{clean(str(file))}` declares no suite", 'add `suite NAME { tasks = ["*.claw"] }`')
    if not chosen:
        raise UserError(f"there is no suite `{clean(name)}` in `{clean(str(file))}`", f"there are {names}")
    if len(chosen) > 1:
        raise UserError(f"`{clean(str(file))}` declares several suites", f"say which by --suite: {names}")
    return chosen[0]


def _declared(item: tuple[str, bytes]) -> dict[str, Any]:
    from clawc.compiler.passes.suites import SuiteDeclaration as Declared
    from clawc.compiler.pipeline import read, read_suites

    path, data = item
    found, diagnostics = read_suites(read(path, data.decode("utf-8", "replace")))
    return {
        "suites": [TypeAdapter(Declared).dump_python(each, mode="json") for each in found],
        "found": [each.stored() for each in findings(diagnostics)],
    }


def sources_of(file: Path, declared: SuiteDeclaration) -> list[Path]:
    """The files that the patterns name, in order. Raises UserError for a pattern that names none, or leads elsewhere."""
    folder = file.parent
    found: dict[Path, None] = {}
    for pattern in declared.tasks:
        there = _matching(folder, pattern)
        if not there:
            raise UserError(f"`{clean(pattern)}` names no file beside `{clean(str(file))}`")
        found.update(dict.fromkeys(there))
    left_out = {path for pattern in declared.without for path in _matching(folder, pattern)}
    kept = [path for path in found if path not in left_out and path != file]
    if not kept:
        raise UserError(f"the suite `{declared.name}` has no file", "see `tasks` and `without`")
    return kept


def _matching(folder: Path, pattern: str) -> list[Path]:
    if pattern.startswith(("/", "~")) or ".." in pattern.split("/") or "\0" in pattern or not pattern:
        raise UserError(f"`{clean(pattern)}` does not stand beside the suite", "give a path without `..`")
    there: list[Path] = []
    for path in sorted(folder.glob(pattern)):
        there += find_sources([path]) if path.is_dir() else [path] if path.suffix == ".claw" else []
    inside = os.path.realpath(folder)
    for path in there:
        if os.path.commonpath((inside, os.path.realpath(path))) != inside:
            raise UserError(f"`{clean(str(path))}` leads out of the folder of the suite", "copy it there")
    return there


def _assembled(
    file: Path, declared: SuiteDeclaration, sources: Sequence[Path], staging: Path, options: BuildOptions
) -> tuple[Suite, list[Bundle]]:
    from clawc.runtime.bundle import load
    from clawc.runtime.suite.assemble import assemble, seed_in, split_of_templates
    from clawc.spec.suite import BUNDLES

    out = staging / BUNDLES
    # One instance is the task itself, with the bundle that `clawc build` and `clawc test` have of it.
    many = declared.instances if declared.instances > 1 else None
    source_of = _compiled(sources, out, Lot(declared.seed, many))
    bundles = {path: load(path) for path in bundles_at(out)}
    for path, bundle in list(bundles.items()):
        if declared.categories and bundle.manifest.category not in declared.categories:
            shutil.rmtree(path)
            del bundles[path]
    if not bundles:
        raise UserError(f"the suite `{declared.name}` has no task", "see `tasks` and `categories`")
    splits = split_of_templates(
        declared, {bundle.manifest.template: bundle.manifest.category for bundle in bundles.values()}
    )
    secrets: dict[str, str] = {}
    for split in declared.splits:
        if not split.seeds:
            continue
        hidden = {template for template, of in splits.items() if of == split.name}
        try:
            seed, digest = seed_in(file.parent / split.seeds)
        except OSError as error:
            raise UserError(
                f"the seed of the split `{split.name}` is not there: `{clean(split.seeds)}`: {error.strerror}",
                "only who has the file can build this suite; others take what was built: `clawc bench pack`",
            ) from error
        except ValueError as error:
            raise UserError(clean(str(error))) from error
        secrets[split.name] = digest
        drawn = {bundle.manifest.template for bundle in bundles.values() if bundle.manifest.instance is not None}
        public = [path for path, bundle in bundles.items() if bundle.manifest.template in hidden & drawn]
        if not public:
            continue  # each task of the split is one that draws nothing
        again = {source_of[path.name] for path in public}
        for path in public:
            shutil.rmtree(path)
            del bundles[path]
        other = staging / f"secret-{split.name}"
        _compiled([path for path in sources if path in again], other, Lot(seed, many))
        for path in bundles_at(other):
            if load(path).manifest.template in hidden & drawn:
                path.replace(out / path.name)
                bundles[out / path.name] = load(out / path.name)
        shutil.rmtree(other)
    read = {path.relative_to(file.parent).as_posix(): path.read_bytes() for path in [*sources, file]}
    return assemble(declared, list(bundles.values()), splits, read, secrets), list(bundles.values())


def _compiled(sources: Sequence[Path], out: Path, lot: Lot) -> Mapping[str, Path]:
    """The source of each task by its name. Raises UserError, after diagnostics if there are any."""
    built = build_sources(sources, out, lot=lot)
    if built.found:
        sys.stderr.write(as_text(built.found))
    if any(finding.severity == "error" for finding in built.found):
        raise UserError("sources have mistakes, so nothing was done", code=exits.FINDINGS)
    if not built.manifests:
        raise UserError("no source declares a task")
    return built.sources


def _proved(bundles: Sequence[Bundle]) -> bool:
    """Whether the verifier of each is; those without a card that counts are tried now."""
    from clawc.commands.proving import Wanted, prove_each
    from clawc.runtime.selftest.admission import admitted
    from clawc.runtime.selftest.card_store import CardStore

    store, trusted = CardStore(cache_folder()), trusted_keys(Path.cwd())
    missing = [bundle for bundle in bundles if admitted(bundle, "admit", store, trusted).why != "admitted"]
    bad: list[str] = []
    for _, proved in prove_each([], Wanted("admit"), bundles=missing, jobs=processors()):
        bad += [f"{finding.code}: {finding.message}" for finding in proved.found if finding.severity == "error"]
        for card in proved.cards:
            store.put(card)
            if not card.clean:
                bad.append(f"{card.task}: {'; '.join(card.reasons[:3])}")
    for line in bad[:_SHOWN]:
        print(f"clawc: {clean(line)}", file=sys.stderr)
    if len(bad) > _SHOWN:
        print(f"clawc: and {len(bad) - _SHOWN} more", file=sys.stderr)
    if bad:
        print("help: `clawc test` says why; only proved verifiers stand in a suite", file=sys.stderr)
    return not bad


def _is_secret(record: Suite, bundle: Bundle) -> bool:
    return any(member.secret for member in record.members if member.task == bundle.manifest.task)


def _said(record: Suite, bundles: Path) -> str:
    lines = [
        f"{record.name} {record.version}: {len(record.members)} tasks of {len({m.template for m in record.members})} families"
    ]
    lines += [
        f"  {split or 'all'}: {count}"
        for split, count in sorted(Counter(member.split for member in record.members).items())
    ]
    return "\n".join([*lines, f"id {record.id}", str(bundles)])
