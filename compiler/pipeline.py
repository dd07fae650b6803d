"""From source to bundle: the passes in their order. Start reading here."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from clawc.compiler.assets import Assets, NoAssets, RecordedAssets
from clawc.compiler.elaborate.context import Context, LetBinding, TaskState
from clawc.compiler.elaborate.naming import let_value
from clawc.compiler.model import Task
from clawc.compiler.passes.admit import draw_until_admitted, report_conditions, report_not_admitted
from clawc.compiler.passes.allow import Allowance, allowances, sift
from clawc.compiler.passes.bind import bind_statements
from clawc.compiler.passes.content_free import set_floors
from clawc.compiler.passes.declare import declare_inputs, declare_rest, draws_something
from clawc.compiler.passes.evaluate import EvaluationFault, report
from clawc.compiler.passes.expected_keys import expected_keys
from clawc.compiler.passes.judge_blocks import is_imported, judge_blocks, proved, report_unused
from clawc.compiler.passes.lints import advise, order_lints, unread, vacuous
from clawc.compiler.passes.mentioned import NamesRead, names_cut
from clawc.compiler.passes.modules import bind_uses
from clawc.compiler.passes.params import report_unused_params
from clawc.compiler.passes.parse import parse
from clawc.compiler.passes.reusable import bind_blocks
from clawc.compiler.passes.seal import Sealer
from clawc.compiler.passes.shape import check_shape, known
from clawc.compiler.passes.sound import derived_part, is_sound, judged_part, sealed_part
from clawc.compiler.passes.spelling import corrected
from clawc.compiler.passes.suites import SuiteDeclaration, declare_suites
from clawc.compiler.passes.trace import Quotation, trace
from clawc.compiler.passes.trial import Trial
from clawc.compiler.passes.variants import try_tests, variants
from clawc.compiler.source import Diagnostic, Diagnostics, Source
from clawc.compiler.witness.derive import Witness, derive
from clawc.spec import ast
from clawc.spec.blocks import EDITIONS

if TYPE_CHECKING:
    from clawc.compiler.emit.bundle import BundleFiles


# A level of an expression takes up to eight frames to elaborate or evaluate, and definitions lead to definitions.
RECURSION = 10_000
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Compiled:
    """One task with all that was worked out about it; only there when it has no errors. `assets` know what was read."""

    task: Task
    sealer: Sealer
    trial: Trial
    quotations: list[Quotation]
    witness: Witness
    assets: RecordedAssets


@dataclass(slots=True)
class Checked:
    """The result of reading one file: everything wrong with it, its sound tasks, and the warnings that it allows."""

    source: Source
    diagnostics: list[Diagnostic]
    tasks: list[Compiled]
    allowed: list[tuple[Diagnostic, str]] = field(default_factory=list[tuple[Diagnostic, str]])
    allowances: tuple[Allowance, ...] = ()

    @property
    def ok(self) -> bool:
        return not any(d.severity == "error" for d in self.diagnostics)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as text and syntax tree, which all its instances share, with what is wrong in it."""

    source: Source
    file: ast.File
    allowed: tuple[Allowance, ...]
    diagnostics: Diagnostics


def check(path: str, text: str, assets: Assets | None = None, seed: int = 0) -> Checked:
    """Reads and checks one file, with the instance of each task that the seed gives; never raises on what the file holds."""
    return check_instance(read(path, text), assets, seed)


def read(path: str, text: str) -> Parsed:
    """The syntax tree of a file; never raises on what the file holds."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION))
    lone = _SURROGATE.search(text)
    source = Source.of(path, _SURROGATE.sub("\ufffd", text) if lone else text)
    diagnostics = Diagnostics()
    if lone:
        diagnostics.add("E0702", source, ast.Span(*lone.span()), "this file holds half of a surrogate pair, which is no text",
                        "save it as UTF-8")  # fmt: skip
    parsed = parse(source, diagnostics)
    given = allowances(source, parsed.file, parsed.comments, diagnostics)
    file = corrected(source, parsed.file, diagnostics)
    check_shape(source, file, diagnostics)
    if file.edition not in (0, *EDITIONS):
        diagnostics.add("E0111", source, ast.Span(0, len("claw")), f"edition {file.edition} is not known here",
                        f"this version reads edition {EDITIONS[-1]}")  # fmt: skip
    return Parsed(source, file, given, diagnostics)


def check_instance(parsed: Parsed, assets: Assets | None = None, seed: int = 0, *, advice: bool = True) -> Checked:
    """Checks a file that was read, with the instance of each task that the seed gives. Without `advice` no warnings are looked
    for that another instance of the file gave: errors are the same."""
    source, file = parsed.source, parsed.file
    recorded = RecordedAssets(assets or NoAssets(), source.path)
    diagnostics = Diagnostics()
    diagnostics.include(parsed.diagnostics)
    found: list[Compiled] = []
    for block in file.items:
        if isinstance(block, ast.Block) and block.kind.text == "task" and known(block, ""):
            try:
                compiled = _task(source, file, block, diagnostics, recorded, seed, advice)
            except RecursionError:
                diagnostics.add("E0108", source, block.head, "the definitions of this task are nested too deeply to evaluate",
                                "fewer definitions, each made of others, would do")  # fmt: skip
                continue
            if compiled is not None:
                found.append(compiled)
    if _has_suites(file):
        declare_suites(outermost(source, file, diagnostics, recorded), file)
    if not any(isinstance(i, ast.Block) for i in file.items):
        _module(source, file, diagnostics, recorded)
    if not any(isinstance(i, (ast.Block, ast.BrokenItem, ast.Def, ast.Let)) for i in file.items):
        if not diagnostics.has_errors:
            diagnostics.add("E0112", source, ast.Span(0, 0), "this file declares nothing", "add a `task NAME { … }`")
    sifted = sift(source, parsed.allowed, diagnostics)
    return Checked(source, sifted.kept, [] if diagnostics.has_errors else found, sifted.allowed, parsed.allowed)


def read_suites(parsed: Parsed) -> tuple[list[SuiteDeclaration], list[Diagnostic]]:
    """The suites that a file declares, and what is wrong in it; none of the former where something is an error."""
    diagnostics = Diagnostics()
    diagnostics.include(parsed.diagnostics)
    found = declare_suites(outermost(parsed.source, parsed.file, diagnostics, NoAssets()), parsed.file)
    return ([] if diagnostics.has_errors else found), sift(parsed.source, parsed.allowed, diagnostics).kept


def _has_suites(file: ast.File) -> bool:
    return any(isinstance(item, ast.Block) and item.kind.text == "suite" for item in file.items)


def _task(
    source: Source,
    file: ast.File,
    block: ast.Block,
    diagnostics: Diagnostics,
    assets: RecordedAssets,
    seed: int,
    advice: bool,
) -> Compiled | None:
    """The passes over one task; later ones run only on what earlier ones found sound."""
    said = Diagnostics()

    def draw(number: int) -> Task:
        nonlocal said
        said = Diagnostics()  # of an instance that is not admitted, nothing is said
        said.include(diagnostics)
        return declare_inputs(outermost(source, file, said, assets, seed, number).child(), block, file.edition)

    try:
        admission = draw_until_admitted(block, draw, repeat=draws_something(block) and not diagnostics.has_errors)
        if admission is not None and admission.task is None:
            report_not_admitted(draw(0), block, admission)
            return None
        task = draw(0) if admission is None or admission.task is None else admission.task
        return _passes(source, file, block, said, task, assets, advice)
    finally:
        diagnostics.include(said)


def _passes(
    source: Source,
    file: ast.File,
    block: ast.Block,
    diagnostics: Diagnostics,
    task: Task,
    assets: RecordedAssets,
    advice: bool,
) -> Compiled | None:
    """The passes over an instance whose inputs are known."""
    task.context.task.imported = is_imported(block)
    declare_rest(task, block)
    report_conditions(task, block)
    judge_blocks(task, block)
    variants(task, block)
    proved(task)
    expected_keys(task)
    quotations = trace(task)
    unread(task, block)
    if task.context.parent is not None:
        report_unused(task.context.parent)
    report_unused_params(task.context)
    if task.context.task.dirt:
        from clawc.compiler.dirt import report_mixed, report_unseen

        report_unseen(task.context)
        report_mixed(task)
    sound = is_sound(source, file, block, diagnostics)
    part = judged_part(task, block, sound)
    sealer = Sealer(task.context.task)
    try:
        part = sealed_part(part, sealer)
        trial = Trial(part, sealer)
        trial.remember()
        blamed: set[str] = set()
        if advice or not sound:
            order_lints(part, sealer)
            blamed = advise(part, block, sealer, quotations, sound)
        blamed |= vacuous(part, trial)
        set_floors(part, trial)
        provable = derived_part(task, part, block, blamed)
        if provable is None:
            return None
        witness = derive(provable, sealer, trial if provable is part else Trial(provable, sealer), complete=sound)
        if not diagnostics.has_errors:
            try_tests(task, trial, witness)
    except EvaluationFault as fault:
        report(task.context, fault)
        return None
    return None if diagnostics.has_errors else Compiled(task, sealer, trial, quotations, witness, assets)


def _module(source: Source, file: ast.File, diagnostics: Diagnostics, assets: Assets) -> None:
    """A file that only gives names to others: what is wrong in its values is said here."""
    outer = outermost(source, file, diagnostics, assets)
    for item in file.items:
        binding = outer.names.get(item.name.text) if isinstance(item, ast.Let) else None
        if isinstance(binding, LetBinding):
            let_value(outer, binding, binding.span)


def outermost(
    source: Source, file: ast.File, diagnostics: Diagnostics, assets: Assets, seed: int = 0, draw: int = 0
) -> Context:
    """The names of the file, which all its tasks see."""
    cut = names_cut(source, file) if diagnostics.has_errors else set[str]()
    state = TaskState(assets=assets, seed=seed, draw=draw, mentioned=NamesRead(source, file), unresolved=cut)
    outer = Context(source, diagnostics, state)
    bind_statements(outer, file.items)
    bind_blocks(outer, file.items)
    bind_uses(outer, file)
    return outer


def build(compiled: Compiled) -> BundleFiles:
    """The files of the bundle of one task."""
    # Checking alone needs neither pydantic nor jinja2.
    from clawc.compiler.emit.bundle import bundle_files

    return bundle_files(compiled.task, compiled.sealer, compiled.quotations, compiled.witness, compiled.assets)


def write(files: BundleFiles, folder: Path) -> None:
    """Puts a bundle into a folder that does not exist yet."""
    for path, data in files.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
