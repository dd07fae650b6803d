"""Bundles of strangers on their way into other formats: what `clawc.runtime.bundle.load` refuses, what an export refuses, and that
what is exported stays where it belongs."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from clawc.cli import run as main
from clawc.compiler.targets.export import BundleParts, ExportOptions
from clawc.compiler.targets.harbor import harbor
from clawc.compiler.targets.inspect import inspect
from clawc.compiler.targets.parts import link_commands, solution, solution_files, solve_script
from clawc.compiler.targets.table import TARGETS
from clawc.runtime.adapters.dockerfile import read_recipe
from clawc.runtime.bundle import load
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.runners.answers import oracle_and_null
from clawc.runtime.runners.parts import parts_of
from clawc.spec import bundle as spec
from clawc.spec.bundle import Manifest, Solution, SolutionStep
from clawc.spec.manifest_id import manifest_id
from tests.targets.exported import hostile, laid, small, written

OPTIONS = ExportOptions("hostile")
STEPS = spec.SOLUTION_STEPS
# What is no path in a workspace.
UNSAFE = (
    "../escaped",
    "a/../../escaped",
    "/tmp/escaped",
    ".",
    "..",
    "",
    "a//b",
    "a\nRUN touch /escaped",
    "a\x1b[2J",
    "a\\b",
    "x" * 300,
)
# What is one, and means something to shells, images and documents.
ODD = ("$(touch escaped)", "`id`", "'", '"', "a b", "-rf", "--", "#x", "<<EOF", "${HOME}", "*", "~", "a;b|c&d", "\u2028ADD x", "\x85RUN y", "!x", "{{y}}", "a=b")  # fmt: skip


def bundle(folder: Path, files: Mapping[str, bytes] | None = None, **fields: Any) -> Path:
    """A bundle as a stranger may make it: all of it is listed, and the id is right."""
    task = small()
    contents = {path: data for path, data in task.files.items() if path != spec.MANIFEST} | dict(files or {})
    manifest: dict[str, Any] = json.loads(task.files[spec.MANIFEST]) | fields
    manifest["files"] = [
        {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in sorted(contents.items())
    ]
    manifest["id"] = manifest_id(manifest)
    return laid({**contents, spec.MANIFEST: json.dumps(manifest).encode()}, folder)


def steps(*found: Mapping[str, object]) -> dict[str, bytes]:
    return {STEPS: json.dumps({"format_version": 1, "steps": list(found)}).encode()}


def with_links(links: list[tuple[str, str]]) -> BundleParts:
    task = small()
    fields: dict[str, Any] = json.loads(task.files[spec.MANIFEST])
    fields["links"] = [{"path": path, "to": to} for path, to in links]
    return task._replace(manifest=Manifest.model_validate(fields))


def test_the_bundle_that_is_changed_is_a_good_one(tmp_path: Path) -> None:
    assert parts_of(load(bundle(tmp_path / "b"))).manifest.task == "parcels"


@pytest.mark.parametrize("path", UNSAFE)
@pytest.mark.parametrize("end", ["path", "to"])
def test_links_that_lead_out_are_refused(tmp_path: Path, path: str, end: str) -> None:
    with pytest.raises(RuntimeFault) as fault:
        load(bundle(tmp_path / "b", links=[{"path": "in/l", "to": "in/a.csv", end: path}]))
    assert fault.value.code in ("R0103", "R0106")


def test_links_through_links_are_refused(tmp_path: Path) -> None:
    """`a/b` would be made wherever `a` leads to, on the machine that lays the workspace."""
    with pytest.raises(RuntimeFault, match="below another one"):
        load(bundle(tmp_path / "b", links=[{"path": "p/q/a", "to": "in"}, {"path": "p/q/a/b", "to": "x"}]))


@pytest.mark.parametrize("path", UNSAFE)
def test_other_paths_that_lead_out_are_refused(tmp_path: Path, path: str) -> None:
    job: dict[str, Any] = {"id": "j", "argv": ["true"]}
    changes: tuple[dict[str, Any], ...] = (
        {"jobs": [{**job, "without": [path]}]},
        {"turns": [path]},
        {"jobs": [{**job, "cwd": path}]},
    )
    for number, fields in enumerate(changes):
        if path in (".", "") and number == 2:
            continue  # the workspace itself
        with pytest.raises(RuntimeFault):
            parts_of(load(bundle(tmp_path / f"b{number}", **fields)))


@pytest.mark.sampled(4)
@pytest.mark.parametrize("path", [*UNSAFE[:7], None])
@pytest.mark.parametrize("op", ["write", "delete"])
def test_solutions_that_lead_out_are_not_exported(tmp_path: Path, path: str | None, op: str) -> None:
    folder = bundle(tmp_path / "in" / "b", steps({"op": op, "path": path, "source": spec.INSTRUCTION}))
    with pytest.raises(RuntimeFault) as fault:
        parts_of(load(folder))
    assert fault.value.code == "R0103"
    for target in ("harbor", "inspect", "jsonl"):
        assert main(["build", str(folder), "--target", target, "-o", str(tmp_path / "in" / "out")]) in (1, 2, 3)
    assert not list(tmp_path.rglob("escaped")) and not (tmp_path / "in" / "out").exists()
    assert not Path("/tmp/escaped").exists()


@pytest.mark.parametrize(
    "files",
    [
        {STEPS: b""}, {STEPS: b"[" * 50_000}, {STEPS: b'{"steps": [{"op": "burn"}]}'}, {STEPS: b'{"steps": [{"op": "say", "text": "\\ud800"}]}'},
        steps({"op": "write", "path": "x", "source": "private/nowhere"}), steps({"op": "write", "path": "x", "source": "../x"}),
    ],
    ids=range(6),
)  # fmt: skip
def test_solutions_that_are_none_are_errors(
    tmp_path: Path, files: Mapping[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = bundle(tmp_path / "b", files)
    with pytest.raises(RuntimeFault):
        parts_of(load(folder))
    with pytest.raises(RuntimeFault):
        oracle_and_null(load(folder))
    assert main(["build", str(folder), "--target", "harbor", "-o", str(tmp_path / "out")]) in (1, 2, 3)
    assert "internal" not in capsys.readouterr().err


@pytest.mark.parametrize("missing", [spec.INSTRUCTION, spec.CHECKER, "turn"])
def test_a_bundle_that_lacks_a_part_is_an_error(tmp_path: Path, missing: str) -> None:
    folder = bundle(tmp_path / "b")
    manifest = json.loads((folder / spec.MANIFEST).read_text())
    gone = manifest["turns"][0] if missing == "turn" else missing
    manifest["files"] = [one for one in manifest["files"] if one["path"] != gone]
    manifest["id"] = manifest_id(manifest)
    (folder / gone).unlink()
    (folder / spec.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(RuntimeFault):
        parts_of(load(folder))


@pytest.mark.parametrize("target", TARGETS)
def test_files_of_an_export_stay_in_its_folder(tmp_path: Path, target: str) -> None:
    paths = list(TARGETS[target].make([hostile()], OPTIONS).files)
    for path in paths:
        parts = path.split("/")
        assert not any(part in ("", ".", "..") for part in parts) and "\0" not in path and "\n" not in path, path
    folders = {path.rsplit("/", depth)[0] for path in paths for depth in range(1, path.count("/") + 1)}
    assert not folders & set(paths)
    written(TARGETS[target].make([hostile()], OPTIONS), tmp_path / "out")


def test_an_export_is_whole_or_not_there(tmp_path: Path) -> None:
    """A file in the way of a folder: `a` and `a/b` are both written by the solution."""
    folder = bundle(
        tmp_path / "b",
        steps(
            {"op": "write", "path": "a", "source": spec.INSTRUCTION},
            {"op": "write", "path": "a/b", "source": spec.INSTRUCTION},
        ),
    )
    assert main(["build", str(folder), "--target", "harbor", "-o", str(tmp_path / "out")]) in (1, 2, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_odd_links_are_made_as_they_are_called(tmp_path: Path) -> None:
    task = with_links([(f"l/{name}", "in/a.csv") for name in ODD])
    (tmp_path / "w" / "in").mkdir(parents=True)
    (tmp_path / "w" / "in" / "a.csv").write_text("x")
    row = json.loads(inspect([task], OPTIONS).files["dataset.jsonl"].data)
    for number, script in enumerate(
        ("\n".join(link_commands(task.manifest)), row["setup"].replace("chmod", ": chmod"))
    ):
        for shell in ("/bin/sh", "/bin/bash"):
            if (tmp_path / "w" / "l").exists():
                (tmp_path / "w" / "l").rename(tmp_path / f"l{number}{shell[5:]}")
            subprocess.run([shell, "-c", script], cwd=tmp_path / "w", check=True)
            found = {path.name: path.read_text() for path in (tmp_path / "w" / "l").iterdir()}
            assert found == dict.fromkeys(ODD, "x")
    assert not list(tmp_path.rglob("escaped"))


def test_an_image_has_an_instruction_a_line(tmp_path: Path) -> None:
    task = with_links([(f"l/{name}", "in/a.csv") for name in ODD])
    folder = written(harbor([task], OPTIONS), tmp_path / "out") / "parcels" / "environment"
    text = (folder / "Dockerfile").read_bytes().decode()
    assert [line.split(" ", 1)[0] for line in text.rstrip("\n").split("\n")] == [
        "FROM",
        "RUN",
        "COPY",
        "WORKDIR",
        *["RUN"] * 2 * len(ODD),
    ]
    # An unquoted `<<` would make what follows the input of the command; a backslash at the end would join two lines.
    assert not re.search(r"(^|\s)\d*<<", text) and not re.search(r"\\\s*$", text, re.MULTILINE)
    assert read_recipe(folder).commands == link_commands(task.manifest)


def test_tools_reach_no_shell() -> None:
    task = small()
    tools = ("python3", "; rm -rf /", "$(id)", "jq\nRUN x", "--allow-unauthenticated", "./local.deb", "jq=1.0")
    environment = task.manifest.environment.model_copy(update={"tools": tools})
    export = harbor([task._replace(manifest=task.manifest.model_copy(update={"environment": environment}))], OPTIONS)
    lines = export.files["parcels/environment/Dockerfile"].data.decode().splitlines()
    assert (
        lines[1].endswith("--no-install-recommends python3 && rm -rf /var/lib/apt/lists/*")
        and len([one for one in lines if "apt-get" in one]) == 1
    )
    assert any(one.feature == "tools" for one in export.weak)


# As Harbor reads values of variables.
_TEMPLATE = re.compile(r"\$\{([^}:]+)(?::-(.*))?\}")
VALUES = (
    "${HOME}",
    "${HOME:-x}",
    "${A:-${B}}",
    "x${HOME}",
    "${HOME}\n",
    "${}",
    "${:-x}",
    "$HOME",
    "\"'\\",
    "\u2028\x85\x7f",
    "\t\r\n",
    "${a:-b\nc}",
    "",
)


def test_variables_keep_their_values() -> None:
    task = small()
    env = {f"V{number}": value for number, value in enumerate(VALUES)} | {"odd name": "x", "[x]\n": "y", "": "z"}
    environment = task.manifest.environment.model_copy(update={"env": env})
    export = harbor([task._replace(manifest=task.manifest.model_copy(update={"environment": environment}))], OPTIONS)
    read = tomllib.loads(export.files["parcels/task.toml"].data.decode())["environment"]["env"]
    assert set(read) == set(env)
    for name, value in env.items():
        template = _TEMPLATE.fullmatch(read[name])
        assert template is None or template[1] == "CLAWC_LITERAL"
        assert (read[name] if template is None else template[2]) == value


def scripts(argv: tuple[str, ...]) -> Iterator[str]:
    played = steps({"op": "run", "argv": list(argv)})
    task = small()
    yield solve_script(task._replace(files={**task.files, **played}), "/files", ".")


@pytest.mark.parametrize("word", [*ODD, "if", "exit", "A=b", "alias", "cd", "{", "!"])
def test_words_of_a_solution_are_words(tmp_path: Path, word: str) -> None:
    """A program of the workspace's `bin`, whatever it is called."""
    [text] = scripts(("/bin/sh", "-c", 'printf "%s\\0" "$@"', "sh", word, word))
    done = subprocess.run(["/bin/sh", "-c", text], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout == 2 * (word.encode() + b"\0")
    if "/" not in word and "=" not in word and not word.startswith("-"):
        (tmp_path / word).write_text("#!/bin/sh\necho mine\n")
        (tmp_path / word).chmod(0o755)
        [text] = scripts((word,))
        env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        assert subprocess.run(["/bin/sh", "-c", text], cwd=tmp_path, capture_output=True, env=env).stdout == b"mine\n"


def test_odd_paths_of_a_solution_are_paths(tmp_path: Path) -> None:
    task = small()
    found = Solution(steps=tuple(SolutionStep(op="write", path=f"d/{name}", source=spec.INSTRUCTION) for name in ODD))
    task = task._replace(files={**task.files, STEPS: found.model_dump_json().encode()})
    assert solution(task) == found
    laid({path: file.data for path, file in solution_files(task, "files").items()}, tmp_path / "s")
    (tmp_path / "w").mkdir()
    subprocess.run(
        ["/bin/sh", "-c", solve_script(task, str(tmp_path / "s" / "files"), str(tmp_path / "w"))], check=True
    )
    assert {path.name for path in (tmp_path / "w" / "d").iterdir()} == set(ODD)
    assert not list(tmp_path.rglob("escaped"))
