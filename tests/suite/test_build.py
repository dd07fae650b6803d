"""`clawc bench build`: what is refused, splits, secret seeds, and a record that names bundles exactly."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from clawc.commands import bench_build
from clawc.commands.bench_build import BuildOptions, build_command
from clawc.commands.compiling import Built, Lot, build_sources
from clawc.compiler.passes.suites import SplitDeclaration, SuiteDeclaration
from clawc.exits import OK, UserError
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.suite.assemble import seed_in, split_of_templates
from clawc.runtime.suite.folder import members_there, read_suite, write_suite
from tests.suite.conftest import SPLITS
from tests.suite.project import SEED, Project, source


def refusal(project: Project, *more: str) -> str:
    """What is said; nothing is written."""
    done = project.clawc("bench", "build", project.file, "--out", "refused", "--unproved", *more)
    assert done.code in (1, 2), done.out
    assert not (project.root / "refused").exists()
    assert not list(project.root.glob(".refused*"))
    return done.err


def test_the_record_names_every_bundle(built: Path) -> None:
    record = read_suite(built)
    there = {bundle.manifest.task: bundle.manifest for bundle in members_there(record, built)}
    assert [member.task for member in record.members] == sorted(there)
    assert {member.task: member.bundle_id for member in record.members} == {task: m.id for task, m in there.items()}
    assert {source.path for source in record.sources} == {
        "suite.claw", "tasks/letters.claw", "tasks/parcels.claw", "tasks/stock.claw",
    }  # fmt: skip


def test_instances_of_a_task_stand_in_one_split_and_share_a_verifier_only_if_it_is_the_same(built: Path) -> None:
    record = read_suite(built)
    for template in ("parcels", "stock"):
        inside = [member for member in record.members if member.template == template]
        assert len(inside) == 2 and len({member.split for member in inside}) == 1
        assert len({member.verifier for member in inside}) == len({member.bundle_id for member in inside})


def test_a_split_does_not_depend_on_the_order_and_moves_few_when_tasks_are_added() -> None:
    splits = (SplitDeclaration("dev", share(1)), SplitDeclaration("test", share(3)))
    declared = SuiteDeclaration("s", "", "1", ("*",), (), (), 1, 1, 0, "", splits, ())
    names = [f"family_{number}" for number in range(80)]
    first = split_of_templates(declared, dict.fromkeys(names, "office"))
    assert first == split_of_templates(declared, dict.fromkeys(reversed(names), "office"))
    assert sorted(first.values()).count("dev") == 20
    more = split_of_templates(declared, dict.fromkeys([*names, *(f"new_{number}" for number in range(4))], "office"))
    assert sum(first[name] != more[name] for name in names) <= 4


def share(number: int) -> Any:
    from decimal import Decimal

    return Decimal(number)


def test_secret_bundles_come_from_the_seed_of_the_file(secret_project: Project, built: Path) -> None:
    record = read_suite(built)
    (held,) = [split for split in record.splits if split.secret]
    assert held.secret == seed_in(secret_project.root / "secret.seed")[1]
    for bundle in members_there(record, built):
        seed = bundle.manifest.instance.seed if bundle.manifest.instance else None
        secret = next(member.secret for member in record.members if member.task == bundle.manifest.task)
        if seed is not None:
            assert (seed >= SEED) == secret
    told = (built / "suite.json").read_text()
    assert str(SEED) not in told


def test_only_families_of_a_secret_split_are_compiled_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[tuple[int, list[str]]] = []

    def counted(sources: Sequence[Path], out: Path, *, lot: Lot) -> Built:
        compiled.append((lot.seed, [path.stem for path in sources]))
        return build_sources(sources, out, lot=lot)

    monkeypatch.setattr(bench_build, "build_sources", counted)
    project.declare(SPLITS)
    project.seed()
    (project.root / "tasks" / "both.claw").write_text(
        both := source("orders", draws=True) + source("bills", draws=True)[6:]
    )
    assert both.count("claw 1") == 1
    out = project.root / "built"
    assert build_command(project.file, BuildOptions(out, unproved=True)) == OK
    record = read_suite(out)
    held = {member.template for member in record.members if member.split == "held"}
    files = {"both" if name in ("orders", "bills") else name for name in held - {"letters"}}
    assert compiled == [(0, ["both", "letters", "parcels", "stock"]), (SEED, sorted(files))]
    assert files and len(files) < 3
    drawn = [bundle.manifest for bundle in members_there(record, out) if bundle.manifest.instance is not None]
    assert all((m.instance is not None and m.instance.seed >= SEED) == (m.template in held) for m in drawn)


def test_a_secret_split_of_what_draws_nothing_is_not_compiled_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int] = []

    def counted(sources: Sequence[Path], out: Path, *, lot: Lot) -> Built:
        seeds.append(lot.seed)
        return build_sources(sources, out, lot=lot)

    monkeypatch.setattr(bench_build, "build_sources", counted)
    project.declare(SPLITS, tasks='["tasks/letters.claw", "tasks/notes.claw"]')
    project.task("notes", draws=False)
    digest = hashlib.sha256(project.seed().read_bytes()).hexdigest()
    assert build_command(project.file, BuildOptions(project.root / "built", unproved=True)) == OK
    record = read_suite(project.root / "built")
    assert seeds == [0] and [split.secret for split in record.splits] == ["", digest]


def test_public_has_the_same_record_and_no_secret_bundle(secret_project: Project, built: Path) -> None:
    public = secret_project.build("public", "--public")
    assert (public / "suite.json").read_bytes() == (built / "suite.json").read_bytes()
    record = read_suite(public)
    secret = {member.task for member in record.members if member.secret}
    assert (
        secret
        and {path.name for path in (public / "bundles").iterdir()}
        == {member.task for member in record.members} - secret
    )
    assert len(members_there(record, public)) == len(record.members) - len(secret)


@pytest.mark.parametrize("text", ["", "seven", "-5", "1e9", "٣٤٥٦٧٨٩٠١٢٣٤٥", "42", str(2**62), "9" * 2000, "1\n2"])
def test_a_seed_that_is_none_or_could_be_guessed(project: Project, text: str) -> None:
    with pytest.raises((ValueError, OSError)):
        seed_in(project.seed(text))


def test_a_seed_file_that_is_not_there_or_no_file(project: Project) -> None:
    project.declare(SPLITS)
    assert "the seed of the split `held` is not there" in refusal(project)
    os.mkfifo(project.root / "secret.seed")
    assert "it is not a regular file" in refusal(project)


def test_a_seed_file_with_garbage(project: Project) -> None:
    project.declare(SPLITS)
    project.seed("\x00\xff garbage")
    assert "must hold one whole number" in refusal(project)


@pytest.mark.parametrize("pattern", ["../*.claw", "/etc/*.claw", "~/x.claw", "tasks/../../x.claw", ""])
def test_patterns_stay_beside_the_suite(project: Project, pattern: str) -> None:
    project.declare(tasks=json.dumps([pattern]))
    assert "does not stand beside the suite" in refusal(project)


def test_a_pattern_that_names_nothing(project: Project) -> None:
    project.declare(tasks='["none/*.claw"]')
    assert "names no file" in refusal(project)


@pytest.mark.parametrize("folder", [False, True])
def test_links_do_not_lead_out_of_the_folder(project: Project, tmp_path: Path, folder: bool) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "other.claw").write_text(source("other", draws=False))
    if folder:
        (project.root / "elsewhere").symlink_to(outside)
        project.declare(tasks='["elsewhere/*.claw"]')
    else:
        (project.root / "tasks" / "other.claw").symlink_to(outside / "other.claw")
    assert "leads out of the folder of the suite" in refusal(project)


def test_two_tasks_of_one_name(project: Project) -> None:
    (project.root / "tasks" / "again.claw").write_text(source("letters", draws=False))
    assert "letters" in refusal(project)


def test_a_suite_with_mistakes(project: Project) -> None:
    project.declare("split dev { share = 0 }")
    assert "a split without a share" in refusal(project)
    project.file.write_text("claw 1\n")
    assert "declares no suite" in refusal(project)


def test_a_folder_with_something_else_is_left_alone(project: Project) -> None:
    there = project.root / "there"
    there.mkdir()
    (there / "notes.txt").write_text("mine")
    done = project.clawc("bench", "build", project.file, "--out", there, "--unproved")
    assert done.code == 2 and "holds something else" in done.err
    assert (there / "notes.txt").read_text() == "mine"


def test_a_changed_record_is_refused(built: Path, tmp_path: Path) -> None:
    record = read_suite(built)
    other = tmp_path / "other"
    other.mkdir()
    write_suite(record.model_copy(update={"version": "2.0.0"}), other)
    with pytest.raises(RuntimeFault, match="was changed"):
        read_suite(other)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1", b"\xff", b'{"format_version": 2}', b"null"])
def test_what_is_no_record_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "suite.json").write_bytes(data)
    with pytest.raises(RuntimeFault) as caught:
        read_suite(tmp_path)
    assert caught.value.code == "R1101"


def test_a_swapped_bundle_is_refused(built: Path, tmp_path: Path) -> None:
    record = read_suite(built)
    copy = tmp_path / "copy"
    shutil.copytree(built, copy)
    one, two = (copy / "bundles" / member.task for member in record.members if member.template == "parcels")
    shutil.rmtree(two)
    shutil.copytree(one, two)
    with pytest.raises(RuntimeFault, match="is another bundle"):
        members_there(record, copy)
    shutil.rmtree(two)
    secret = {member.task for member in record.members if member.secret}
    if two.name not in secret:
        with pytest.raises(RuntimeFault, match="is missing"):
            members_there(record, copy)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_place_that_is_no_folder_is_left_alone(tmp_path: Path, kind: str) -> None:
    (tmp_path / "suite.claw").write_text('claw 1\n\nsuite s { tasks = ["*.claw"] }\n')
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    else:
        (tmp_path / "elsewhere").mkdir()
        out.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="is no folder"):
        build_command(tmp_path / "suite.claw", BuildOptions(out))
    assert out.is_symlink() if kind == "link" else out.read_text() == "mine"
