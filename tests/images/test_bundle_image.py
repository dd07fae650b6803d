"""Images of bundles: the workspace and nothing private, exactly the variables, and no word of a stranger that is an instruction."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.images import api
from clawc.runtime.images.bundle_image import bundle_image, write_context
from clawc.runtime.images.host import HostImage
from clawc.runtime.images.named import named_image
from clawc.spec.bundle import MANIFEST
from tests.images.engine import Engine, some_bundle
from tests.runtime.conftest import TRUTH

HOSTILE = {
    "QUOTES": 'a "b" \'c\' """ `d`',
    "DOLLAR": "$PATH ${HOME} \\$x $$ ${X:-y}",
    "SLASHES": "\\",
    "ENDS": " a b \\",
    "HASH": "# x\tRUN touch /escaped",
    "ODD": "\u2028ADD x \x85RUN y \u202e \x1b[2J <<EOF",
    "EMPTY": "",
    "dotted.name-x": "1",
    "PATH": "/usr/bin:/bin:/w/bin",
}


def test_the_workspace_is_there_and_nothing_private(engine: Engine, base: str, tmp_path: Path) -> None:
    bundle = some_bundle(tmp_path, extra={"private/rubric/rubric.json": f'{{"a": "{TRUTH}"}}'})
    made = bundle_image(engine.client, bundle, base)
    try:
        layers = engine.layers(made.reference)[1:]
        files = {name: data for layer in layers for name, data in layer.items()}
        name = "in/odd name $x.txt"
        assert files[f"w/{name}"] == (bundle.path / "public/workspace" / name).read_bytes()
        assert sorted(files) == ["w", "w/in", "w/in/data.txt", f"w/{name}"]
        everything = json.dumps(engine.inspect(made.id)).encode() + b"".join(files.values())
        everything += json.dumps(api.labels_of(engine.inspect(made.id))).encode()
        for word in (TRUTH, "check.py", "solution", "rubric", "private", str(tmp_path)):
            assert word.encode() not in everything
    finally:
        engine.forget(made.reference)


def test_hostile_variables_arrive_as_they_are(engine: Engine, base: str, tmp_path: Path) -> None:
    made = bundle_image(engine.client, some_bundle(tmp_path, env=HOSTILE), base)
    try:
        config = engine.inspect(made.id)["Config"]
        assert dict(one.split("=", 1) for one in config["Env"]) == HOSTILE
        assert (config["WorkingDir"], config["User"], config["Cmd"]) == ("/w", "1000:1000", ["sleep", "infinity"])
        assert len(engine.layers(made.reference)) == 2
    finally:
        engine.forget(made.reference)


@pytest.mark.parametrize(
    "env",
    [{"A": "a\nRUN touch /x"}, {"A": "a\r"}, {"A": "\ud800"}, {"A B": "1"}, {"": "1"}, {"A\nRUN x": "1"}, {"ä": "1"}],
)
def test_variables_that_no_dockerfile_holds(tmp_path: Path, env: dict[str, str]) -> None:
    bundle = some_bundle(tmp_path)
    environment = bundle.manifest.environment.model_copy(update={"env": env})
    object.__setattr__(bundle, "manifest", bundle.manifest.model_copy(update={"environment": environment}))
    with pytest.raises(RuntimeFault, match="R0802"):
        write_context(bundle, "base", {}, tmp_path)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("task", "repository"),
    [
        ("Weird__Name_", "clawc/weird_name"),
        ("host", "clawc/host-task"),
        ("_", "clawc/task"),
        ("a_-0001", "clawc/a-0001"),
    ],
)
def test_names_of_tasks_that_no_image_may_have(
    engine: Engine, base: str, tmp_path: Path, task: str, repository: str
) -> None:
    bundle = some_bundle(tmp_path, task=task)
    made = bundle_image(engine.client, bundle, base)
    try:
        assert made.reference.split(":")[0] == repository
        assert api.labels_of(engine.inspect(made.id))[api.TASK] == task
    finally:
        engine.forget(made.reference)


def test_it_is_built_once_for_each_base(engine: Engine, base: str, tmp_path: Path) -> None:
    bundle = some_bundle(tmp_path)
    one = bundle_image(engine.client, bundle, base)
    try:
        again = bundle_image(engine.client, bundle, base)
        assert (one.built, again.built, again.id) == (True, False, one.id)
        assert api.labels_of(engine.inspect(one.id)) == {
            "maker": "somebody", api.KIND: api.BUNDLE_KIND, api.BUNDLE: bundle.manifest.id, api.TASK: "tiny",
            api.BASE: engine.inspect(base)["Id"], api.RECIPE: "1",
        }  # fmt: skip
        assert named_image(engine.client, one.reference).programs is None
        # Whatever is built upon it has its labels, and is still another image.
        engine.forget(one.reference)
        assert bundle_image(engine.client, bundle, base).built
    finally:
        engine.forget(one.reference)


def test_upon_this_machine_it_can_be_worked_in(engine: Engine, host: HostImage, tmp_path: Path) -> None:
    bundle = some_bundle(tmp_path, env={"GREETING": "a $b"}, environment={"tools": ["python", "pytest", "no-such-9"]})
    made = bundle_image(engine.client, bundle)
    try:
        assert (made.base, made.missing) == (host.id, ("no-such-9",))
        script = "set -e; pwd; cat in/data.txt; echo new > in/data.txt; mkdir out; stat -c '%u %a' . in/data.txt; pytest --version"
        status, output = engine.run(made.id, ["sh", "-c", script])
        assert status == 0
        assert output.splitlines()[:4] == ["/w", "data", "1000 755", "1000 644"]
        assert output.splitlines()[4].startswith("pytest ")
    finally:
        engine.forget(made.reference)


def test_modes_and_links(engine: Engine, base: str, tmp_path: Path) -> None:
    del base
    bundle = some_bundle(tmp_path, links=[{"path": "in/link", "to": "in/data.txt"}])
    files = [
        one.model_copy(update={"mode": 0o550}) if one.path == "in/data.txt" else one
        for one in bundle.manifest.workspace
    ]
    object.__setattr__(bundle, "manifest", bundle.manifest.model_copy(update={"workspace": tuple(files)}))
    made = bundle_image(engine.client, bundle)
    try:
        assert engine.run(made.id, ["sh", "-c", "stat -c %a in/data.txt && readlink in/link"]) == (0, "550\ndata.txt\n")
    finally:
        engine.forget(made.reference)


def test_an_edited_bundle_has_no_image(engine: Engine, base: str, tmp_path: Path) -> None:
    bundle = some_bundle(tmp_path)
    assert (bundle.path / MANIFEST).is_file()
    (bundle.path / "public/workspace/in/data.txt").write_text("edit\n")
    with pytest.raises(RuntimeFault, match="R0104"):
        bundle_image(engine.client, bundle, base)


@pytest.mark.parametrize("name", ["", "-x", "a b", "../../containers", "a..b", "x" * 500, "$(id)"])
def test_what_is_no_name_of_an_image(engine: Engine, name: str) -> None:
    with pytest.raises(RuntimeFault, match="R0801"):
        named_image(engine.client, name)


def test_images_are_not_fetched(engine: Engine) -> None:
    with pytest.raises(RuntimeFault, match="docker pull somebody/none:1"):
        named_image(engine.client, "somebody/none:1")
