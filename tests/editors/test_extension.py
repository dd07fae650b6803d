"""The extension for VS Code: its archive, its snippets, what it starts and when."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import pytest

from clawc.commands.sources import check_file
from tests.editors.installed import EXTENSION, node, packages_or_skip
from tests.editors.sources import ROOT, parses

MANIFEST = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
LOCK = json.loads((EXTENSION / "package-lock.json").read_text(encoding="utf-8"))
SNIPPETS = json.loads((EXTENSION / "snippets" / "claw.json").read_text(encoding="utf-8"))


def test_the_archive_is_made_offline_and_again_the_same(tmp_path: Path) -> None:
    packages = packages_or_skip()
    made: list[bytes] = []
    for name in ("a.vsix", "b.vsix"):
        command = [
            sys.executable,
            str(EXTENSION / "package_vsix.py"),
            "--packages",
            str(packages),
            "-o",
            str(tmp_path / name),
        ]
        offline = ["unshare", "--user", "--net", *command] if _unshares() else command
        subprocess.run(offline, check=True, stdout=subprocess.DEVNULL)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(tmp_path / "a.vsix") as archive:
        names = set(archive.namelist())
        manifest = ElementTree.fromstring(archive.read("extension.vsixmanifest"))
        types = ElementTree.fromstring(archive.read("[Content_Types].xml"))
        inside = json.loads(archive.read("extension/package.json"))
    space = "{http://schemas.microsoft.com/developer/vsx-schema/2011}"
    identity = manifest.find(f"{space}Metadata/{space}Identity")
    assert identity is not None and identity.attrib["Version"] == inside["version"] == MANIFEST["version"]
    assert {asset.attrib["Path"] for asset in manifest.iter(f"{space}Asset")} <= names
    listed = {one.attrib.get("Extension") or one.attrib["PartName"][1:] for one in types}
    assert all(name in listed or Path(name).suffix in listed for name in names - {"[Content_Types].xml"})
    wanted = [path for path, row in LOCK["packages"].items() if path and not row.get("dev")]
    assert all(f"extension/{path}/package.json" in names for path in wanted)
    assert not any(
        "oniguruma" in name or "textmate" in name.split("/")[-1].lower() for name in names if "node_modules" in name
    )
    assert all(f"extension/{path}" in names for path in _files_named())


def test_without_packages_it_says_what_to_do(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(EXTENSION / "package_vsix.py"),
        "--packages",
        str(tmp_path),
        "-o",
        str(tmp_path / "a.vsix"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "help: run `npm ci" in done.stderr and "Traceback" not in done.stderr


def _unshares() -> bool:
    command = shutil.which("unshare")
    return (
        command is not None
        and subprocess.run([command, "--user", "--net", "true"], capture_output=True, check=False).returncode == 0
    )


def _files_named() -> list[str]:
    contributes = MANIFEST["contributes"]
    found = [MANIFEST["main"], *(one["path"] for one in [*contributes["grammars"], *contributes["snippets"]])]
    return [
        str(name).removeprefix("./") for name in [*found, *(one["configuration"] for one in contributes["languages"])]
    ]


def test_the_lockfile_pins_all_by_hash_and_names_no_place() -> None:
    rows = {path: row for path, row in LOCK["packages"].items() if path}
    assert all(row["integrity"].startswith("sha512-") and "resolved" not in row for row in rows.values())
    assert not any(row.get("hasInstallScript") for row in rows.values())
    pinned = {**MANIFEST["dependencies"], **MANIFEST["devDependencies"]}
    assert all(re.fullmatch(r"[0-9.]+", version) for version in pinned.values())


def test_it_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tree_sitter = json.loads((ROOT / "editors" / "tree-sitter-claw" / "package.json").read_bytes())
    assert {MANIFEST["version"], LOCK["version"], tree_sitter["version"]} == {project["version"]}


def _written(body: list[str]) -> str:
    """A snippet as it stands when nobody changes it."""
    text = "\n".join(body).replace("\\}", "\0")
    text = re.sub(r"\$\{[0-9]+\|([^,|]*)[^}]*\}", r"\1", text)
    while (shorter := re.sub(r"\$\{[0-9]+:([^${}]*(?:\{\{[^{}]*)?)\}", r"\1", text)) != text:
        text = shorter
    return re.sub(r"\$[0-9]+", "", text).replace("\0", "}")


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_snippet_follows_the_grammar(name: str) -> None:
    text = _written(SNIPPETS[name]["body"])
    assert parses(text if text.startswith("claw 1") else f"claw 1\n\ntask t {{\n{text}\n}}\n"), text


def test_the_snippet_of_a_task_compiles(tmp_path: Path) -> None:
    path = tmp_path / "t.claw"
    path.write_text(_written(SNIPPETS["Task"]["body"]) + "\n", encoding="utf-8")
    assert [d.message for d in check_file(path).diagnostics] == []


def played(tmp_path: Path, trusted: bool = True, **asked: object) -> dict[str, Any]:
    """What happens when the extension begins and takes these steps, with a folder `bin` as the PATH."""
    program = node()
    if program is None:
        packages_or_skip()
        raise AssertionError("unreachable")
    given: dict[str, object] = {
        "extension": str(EXTENSION / "extension.js"), "settings": {}, "path": str(tmp_path / "bin"), "trusted": trusted,
        "folder": str(tmp_path / "work"), "file": f"file://{tmp_path}/work/t.claw", "checker": "print(1)\n", **asked,
    }  # fmt: skip
    script = str(Path(__file__).with_name("extension.cjs"))
    done = subprocess.run(
        [program, script], input=json.dumps(given), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return cast(dict[str, Any], json.loads(done.stdout))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder with a file, and a program `clawc` in the PATH."""
    for name in ("work", "bin"):
        (tmp_path / name).mkdir()
    (tmp_path / "work" / "t.claw").write_text("claw 1\n", encoding="utf-8")
    _program(tmp_path / "bin" / "clawc")
    return tmp_path


def _program(path: Path) -> None:
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)


def test_it_starts_the_server_and_nothing_else(workspace: Path) -> None:
    found = played(workspace, steps=[["deactivate"]])
    (server,) = found["started"]
    assert server["command"] == str(workspace / "bin" / "clawc") and server["args"] == ["lsp"]
    assert server["options"]["cwd"] == str(workspace / "work") and "shell" not in server["options"]
    assert found["tasks"] == [] and found["requests"] == [] and found["disposed"] == 1
    assert set(found["commands"]) == {one["command"] for one in MANIFEST["contributes"]["commands"]}


def test_nothing_is_started_before_the_workspace_is_trusted(workspace: Path) -> None:
    steps = [["claw.run"], ["claw.test"], ["claw.showChecker"], ["claw.restart"]]
    found = played(workspace, trusted=False, steps=steps)
    assert (found["started"], found["tasks"], found["requests"]) == ([], [], [])
    assert found["status"]["text"] == "clawc is not started" and len(found["warnings"]) == 3
    assert len(played(workspace, trusted=False, steps=[["trust"]])["started"]) == 1


def test_where_the_program_is_missing_it_says_what_to_do(workspace: Path) -> None:
    (workspace / "bin" / "clawc").unlink()
    found = played(workspace)
    assert found["started"] == [] and found["status"]["text"] == "clawc is not found"
    assert "pip install clawc" in found["status"]["detail"]
    assert found["status"]["command"]["arguments"] == ["claw.server.path"]


@pytest.mark.parametrize("named", ["./clawc", "../work/clawc", "sub/clawc", "", "clawc"])
def test_a_workspace_does_not_bring_the_program_along(workspace: Path, named: str) -> None:
    (workspace / "bin" / "clawc").unlink()
    (workspace / "work" / "sub").mkdir()
    for place in ("clawc", "sub/clawc"):
        _program(workspace / "work" / place)
    found = played(
        workspace, settings={"server.path": named}, path=os.pathsep.join([".", "", "work", str(workspace / "bin")])
    )
    assert found["started"] == []


def test_an_absolute_path_and_arguments_are_taken(workspace: Path) -> None:
    _program(workspace / "other")
    found = played(workspace, settings={"server.path": str(workspace / "other"), "server.arguments": ["lsp", "--log"]})
    assert [(s["command"], s["args"]) for s in found["started"]] == [(str(workspace / "other"), ["lsp", "--log"])]


def test_lenses_run_clawc_without_a_shell(workspace: Path) -> None:
    odd = workspace / "work" / "a b; $(touch x) & c.claw"
    odd.write_text("claw 1\n", encoding="utf-8")
    uri = "file://" + str(odd).replace("%", "%25")
    found = played(workspace, steps=[["claw.run", uri, "t"], ["claw.test", uri, "t"]])
    jobs = [task["execution"] for task in found["tasks"]]
    assert [job["args"] for job in jobs] == [["run", "--task=t", str(odd)], ["test", "--task=t", str(odd)]]
    assert {job["process"] for job in jobs} == {str(workspace / "bin" / "clawc")}


def test_only_files_of_the_language_are_run(workspace: Path) -> None:
    (workspace / "work" / "t.py").write_text("", encoding="utf-8")
    steps = [
        ["claw.run", f"file://{workspace}/work/t.py"],
        ["claw.run", "untitled:t.claw"],
        ["claw.run", f"file://{workspace}/no.claw"],
    ]
    found = played(workspace, steps=steps)
    assert found["tasks"] == [] and len(found["warnings"]) == 2


def test_the_checker_is_shown_as_the_server_compiles_it(workspace: Path) -> None:
    uri = f"file://{workspace}/work/t.claw"
    found = played(workspace, steps=[["claw.showChecker", uri, "t"]])
    assert found["requests"] == [
        {"method": "workspace/executeCommand", "params": {"command": "claw.checker", "arguments": [uri, "t"]}}
    ]
    assert [(one["text"], one["language"]) for one in found["shown"]] == [("print(1)\n", "python")]
    assert played(workspace, checker=None, steps=[["claw.showChecker", uri, "t"]])["warnings"]


def test_a_server_that_does_not_answer_is_said(workspace: Path) -> None:
    found = played(workspace, fails="it has no verb lsp")
    assert (found["status"]["text"], found["status"]["detail"]) == ("clawc does not answer", "it has no verb lsp")
