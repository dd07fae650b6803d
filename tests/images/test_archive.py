"""Archives of images: whole, loadable, and never half written."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from clawc.runtime.errors import RuntimeFault, SandboxUnavailable
from clawc.runtime.images import api
from clawc.runtime.images.archive import save_image, verify
from clawc.runtime.images.bundle_image import bundle_image
from tests.images.engine import Engine, some_bundle


def test_an_archive_loads_as_the_same_image(engine: Engine, base: str, tmp_path: Path) -> None:
    made = bundle_image(engine.client, some_bundle(tmp_path), base)
    try:
        saved = save_image(engine.client, made.reference, tmp_path / "x.tar")
        assert (saved.image, saved.size) == (made.id, (tmp_path / "x.tar").stat().st_size)
        before = engine.inspect(made.id)["Config"]
        engine.forget(made.reference)
        assert not engine.has(made.id)
        with open(saved.path, "rb") as file:
            api.load(engine.client, file)
        assert engine.inspect(made.reference)["Id"] == made.id
        assert engine.inspect(made.id)["Config"] == before
    finally:
        engine.forget(made.reference)


def test_a_file_that_is_there_stays(engine: Engine, base: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "x.tar").write_text("mine")
    with pytest.raises(RuntimeFault, match="R0803"):
        save_image(engine.client, base, out / "x.tar")
    assert (out / "x.tar").read_text() == "mine"
    save_image(engine.client, base, out / "x.tar", replace=True)
    assert tarfile.is_tarfile(out / "x.tar")
    assert [one.name for one in out.iterdir()] == ["x.tar"]
    for place in (out, tmp_path / "none" / "x.tar"):
        with pytest.raises(RuntimeFault, match="R0803"):
            save_image(engine.client, base, place, replace=True)


def test_nothing_is_left_of_what_fails(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="no image"):
        save_image(engine.client, "somebody/none:1", tmp_path / "x.tar")
    assert not list(tmp_path.iterdir())


def test_torn_and_changed_archives_are_seen(engine: Engine, base: str, tmp_path: Path) -> None:
    data = save_image(engine.client, base, tmp_path / "x.tar").path.read_bytes()
    image = str(engine.inspect(base)["Id"])
    verify(io.BytesIO(data), image)
    wrong = [(data[: len(data) // 2], image), (b"", image), (data, "sha256:" + "0" * 64)]
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        layer = json.loads(_read(tar, "manifest.json"))[0]["Layers"][0]
        wrong += [(_changed(tar, name), image) for name in (layer, "manifest.json")]
    for archive, of in wrong:
        with pytest.raises(SandboxUnavailable, match="not whole"):
            verify(io.BytesIO(archive), of)


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


def _changed(tar: tarfile.TarFile, name: str) -> bytes:
    """The archive with other bytes in one of its files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as copy:
        for one in tar:
            data = _read(tar, one.name) if one.isreg() else b""
            copy.addfile(one, io.BytesIO(data[::-1] if one.name == name else data))
    return out.getvalue()
