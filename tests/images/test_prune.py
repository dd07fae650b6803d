"""What goes and what stays. Only images with labels that these tests alone use are looked at: others prune at the same time."""

from __future__ import annotations

import io
import json
import secrets
import tarfile
from functools import partial
from pathlib import Path

import pytest

from clawc.cli import run
from clawc.runtime.images import api
from clawc.runtime.images.bundle_image import bundle_image
from clawc.runtime.images.prune import our_images, prune
from tests.images.engine import Engine, imported, some_bundle


@pytest.fixture
def mark() -> dict[str, str]:
    return {"clawc.test": secrets.token_hex(8)}


def test_ours_go_unless_used_or_kept(engine: Engine, tmp_path: Path, mark: dict[str, str]) -> None:
    names = [f"clawc/host:{secrets.token_hex(6)}" for _ in range(3)]
    labels = {api.KIND: api.HOST_KIND, **mark}
    ids = [imported(engine, tmp_path, name, labels) for name in names]
    other = imported(engine, tmp_path, f"somebody/other:{secrets.token_hex(4)}", {"clawc.test": mark["clawc.test"]})
    container = engine.hold(names[0])
    try:
        assert {one.id for one in our_images(engine.client)} >= set(ids)
        found = prune(engine.client, keep=[ids[1]], only=mark)
        assert [one.tags for one in found.removed] == [(names[2],)]
        assert ids[0] in {one.id for one in found.used}
        assert [engine.has(one) for one in (*ids, other)] == [True, True, False, True]
    finally:
        engine.let_go(container)
    assert {one.id for one in prune(engine.client, only=mark).removed} == set(ids[:2])
    assert engine.has(other)
    engine.forget(other)


def test_what_others_build_upon_ours_is_theirs(engine: Engine, tmp_path: Path, mark: dict[str, str]) -> None:
    name, theirs = f"clawc/host:{secrets.token_hex(6)}", f"somebody/derived:{secrets.token_hex(4)}"
    imported(engine, tmp_path, name, {api.KIND: api.HOST_KIND, **mark})
    built = _derived(engine, name, theirs)
    assert api.labels_of(engine.inspect(theirs))[api.KIND] == api.HOST_KIND
    assert not prune(engine.client, only=mark, settled_s=0).removed
    assert [engine.has(one) for one in (name, theirs, built)] == [True, True, True]
    # With a second name of somebody's it is theirs, too.
    engine.forget(theirs)
    api.add_tag(engine.client, name, *theirs.split(":"))
    assert not prune(engine.client, only=mark, settled_s=0).removed
    engine.forget(theirs)
    assert [one.tags for one in prune(engine.client, only=mark, settled_s=0).removed] == [(name,)]


def test_what_is_left_of_a_build_goes_when_it_is_old(engine: Engine, tmp_path: Path, mark: dict[str, str]) -> None:
    name, left = f"clawc/host:{secrets.token_hex(6)}", f"somebody/left:{secrets.token_hex(4)}"
    imported(engine, tmp_path, name, {api.KIND: api.HOST_KIND, **mark})
    built = _derived(engine, name, left)
    api.add_tag(engine.client, name, *left.split(":"))  # takes its name away
    engine.forget(left)
    assert engine.has(built)
    assert not prune(engine.client, keep=[engine.inspect(name)["Id"]], only=mark).removed
    assert engine.has(built)
    found = prune(engine.client, only=mark, settled_s=0)
    assert [one.tags for one in found.removed] == [(name,)]
    assert not engine.has(built)


def test_a_base_stays_as_long_as_what_is_upon_it(engine: Engine, tmp_path: Path, mark: dict[str, str]) -> None:
    name = f"clawc/host:{secrets.token_hex(6)}"
    below = imported(engine, tmp_path, name, {api.KIND: api.HOST_KIND, **mark})
    made = bundle_image(engine.client, some_bundle(tmp_path), name)
    container = engine.hold(made.id)
    try:
        found = prune(engine.client, only=mark, settled_s=0)
        assert not found.removed
        assert {one.id for one in found.used} >= {below, made.id}
    finally:
        engine.let_go(container)
    found = prune(engine.client, only=mark, settled_s=0)
    assert [one.id for one in found.removed] == [made.id, below]


def test_the_command(
    engine: Engine,
    tmp_path: Path,
    mark: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("clawc.runtime.images.prune.prune", partial(prune, only=mark))
    names = [f"clawc/host:{secrets.token_hex(6)}" for _ in range(2)]
    for name, format in zip(names, ("text", "json")):
        image = imported(engine, tmp_path, name, {api.KIND: api.HOST_KIND, **mark})
        assert run(["image", "prune", "--all", "--format", format]) == 0
        output = capsys.readouterr().out
        if format == "text":
            assert output.splitlines()[0].startswith(f"removed  {name}  {image[7:19]}  ")
        else:
            assert [one["id"] for one in json.loads(output)["prune"]["removed"]] == [image]
        assert not engine.has(name)


def _derived(engine: Engine, base: str, name: str) -> str:
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        data = f"FROM {base}\nENV A=1\nENV B=2\n".encode()
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    context.seek(0)
    return api.build(engine.client, context, name, {})
