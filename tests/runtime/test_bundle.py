"""A bundle is taken whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from clawc.runtime.bundle import load, safe_path
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.workspace import materialise
from clawc.spec.manifest_id import canonical_json, manifest_id

MakeBundle = Callable[..., Path]


def refused(path: Path) -> RuntimeFault:
    with pytest.raises(RuntimeFault) as caught:
        load(path)
    return caught.value


def rewrite(path: Path, renew_id: bool = True, **changes: object) -> None:
    manifest = json.loads((path / "bundle.json").read_text())
    manifest.update(changes)
    if renew_id:
        manifest["id"] = manifest_id(manifest)
    (path / "bundle.json").write_text(json.dumps(manifest))


def test_loads_and_materialises(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = load(make_bundle(inputs={"a/b/c.txt": "x"}))
    (tmp_path / "w").mkdir()
    materialise(bundle, tmp_path / "w")
    assert (tmp_path / "w/a/b/c.txt").read_text() == "x"
    assert (tmp_path / "w/in/data.txt").stat().st_mode & 0o777 == 0o644


def test_any_edited_file_is_named(make_bundle: MakeBundle) -> None:
    path = make_bundle()
    for file in [f for f in path.rglob("*") if f.is_file() and f.name != "bundle.json"]:
        before = file.read_bytes()
        file.write_bytes(before[:-1] + b"?")
        fault = refused(path)
        assert fault.code == "R0104"
        assert str(file.relative_to(path)) in fault.message
        file.write_bytes(before)
    load(path)


def test_an_edit_after_loading_is_seen(make_bundle: MakeBundle) -> None:
    path = make_bundle()
    bundle = load(path)
    (path / "private/check.py").write_text("print('1.0')")
    with pytest.raises(RuntimeFault, match="edited bundle"):
        bundle.read("private/check.py")


def test_unlisted_file(make_bundle: MakeBundle) -> None:
    path = make_bundle()
    (path / "private/json.py").write_text("")
    assert "private/json.py" in refused(path).message


def test_links_and_special_files(make_bundle: MakeBundle) -> None:
    path = make_bundle()
    target = path / "public/instruction.md"
    target.rename(path.parent / "elsewhere.md")
    target.symlink_to(path.parent / "elsewhere.md")
    assert refused(path).code == "R0106"
    target.unlink()
    os.mkfifo(target)
    assert refused(path).code == "R0106"
    target.unlink()
    assert refused(path).code == "R0101"


def test_linked_folder(make_bundle: MakeBundle) -> None:
    path = make_bundle()
    (path / "private").rename(path.parent / "elsewhere")
    (path / "private").symlink_to(path.parent / "elsewhere")
    assert refused(path).code == "R0106"


def test_wrong_id(make_bundle: MakeBundle) -> None:
    path = make_bundle()
    rewrite(path, renew_id=False, title="Another")
    assert "does not match its id" in refused(path).message


def test_newer_format(make_bundle: MakeBundle) -> None:
    path = make_bundle()
    rewrite(path, format_version=2)
    fault = refused(path)
    assert fault.code == "R0102"
    assert "format 2" in fault.message


def test_fields_are_checked(make_bundle: MakeBundle) -> None:
    path = make_bundle()
    rewrite(path, surprise=1)
    assert "`surprise`" in refused(path).message


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a":1,"a":2}', "[" * 100_000, '{"format_version": NaN}'])
def test_not_a_manifest(make_bundle: MakeBundle, text: str) -> None:
    path = make_bundle()
    (path / "bundle.json").write_text(text)
    assert refused(path).code == "R0103"


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a//b", "a/./b", "a\\b", "a\nb", "a\0b", "x" * 300, "\ud800"])
def test_unsafe_paths(name: str) -> None:
    assert not safe_path(name)


def test_unsafe_path_in_the_manifest(make_bundle: MakeBundle) -> None:
    path = make_bundle()
    manifest = json.loads((path / "bundle.json").read_text())
    manifest["deliverables"][0]["path"] = "../../etc/cron.d/x"
    rewrite(path, deliverables=manifest["deliverables"])
    assert refused(path).code == "R0106"


def test_a_job_gets_no_private_file(make_bundle: MakeBundle) -> None:
    path = make_bundle()
    rewrite(path, jobs=[{"id": "j", "argv": ["true"], "files": {"x": "private/check.py"}}])
    assert "may not have" in refused(path).message


@pytest.mark.parametrize("env", [{"A": "x\0--bind\0/\0/host"}, {"A=B": "x"}])
def test_no_smuggled_arguments(make_bundle: MakeBundle, env: dict[str, str]) -> None:
    path = make_bundle()
    rewrite(path, environment={"env": env})
    assert refused(path).code == "R0103"


@pytest.mark.parametrize("share", ["2", "-1", "NaN", "1e9", "1E+999999999", ""])
def test_numbers_of_the_manifest(make_bundle: MakeBundle, share: str) -> None:
    path = make_bundle()
    rewrite(path, scoring={"checks": [], "rubric_share": share})
    assert refused(path).code == "R0103"
    rewrite(path, scoring={"checks": [{"name": "a", "kind": "check", "weight": "1e9"}]})
    assert refused(path).code == "R0103"


def test_canonical_json_is_stable() -> None:
    assert canonical_json({"b": [1, "é"], "a": None}) == '{"a":null,"b":[1,"é"]}'.encode()
    assert manifest_id({"a": 1, "id": "x"}) == manifest_id({"a": 1})
