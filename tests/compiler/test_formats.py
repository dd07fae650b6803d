"""Each reader end to end: on an input at compile time, and on a deliverable by the emitted checker."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clawc.compiler.pipeline import build, check, write
from clawc.spec.bundle import CHECKER, VENDOR


class Case(NamedTuple):
    """A reader on an input and a deliverable; `right` passes, each of `wrong` fails with its message."""

    given: str
    made: str
    content: str
    let: str
    expect: str
    right: str
    wrong: tuple[tuple[str, str], ...]
    vendored: tuple[str, ...] = ()


SPEC = """claw 1
task t {{
  title = "T"
  workspace {{ file given "{given}" {{ content = {content} }} }}
  deliver made "{made}"
  instruction = "Read {{{{ path.given }}}} and write {{{{ path.made }}}}."
  {let}
  solution {{ write made = {right} }}
  verify {{ check c {{ expect {expect} }} }}
}}
"""
CASES: dict[str, Case] = {
    "yaml": Case(
        "in/a.yaml",
        "out/a.yml",
        "image: web:1.2\nports: [80, 443]\nlimits: {cpu: 0.50}\n",
        "let before = yaml(given)",
        "yaml(made).ports == before.ports and yaml(made).limits.cpu == before.limits.cpu * 2",
        "limits:\n  cpu: 1.0  # doubled\nports:\n- 80\n- 443\n",
        (
            ("limits: {cpu: 1}\nports: ['80', '443']\n", ""),
            ("limits: {cpu: 1}\nports: [443, 80]\n", ""),
            ("limits: [\n", "`out/a.yml` is not YAML: line 2, column 1"),
            ("", "`out/a.yml` is empty, not YAML"),
        ),
        ("yaml/LICENSE", "yaml/composer.py", "yaml/error.py", "yaml/events.py", "yaml/nodes.py", "yaml/parser.py",
         "yaml/reader.py", "yaml/scanner.py", "yaml/tokens.py"),
    ),
    "toml": Case(
        "in/a.toml",
        "out/a.toml",
        '[tool]\nname = "x"\nversion = 1.10\nsince = 2026-01-02\n',
        "let before = toml(given)",
        "toml(made).tool.since == before.tool.since + 1d and toml(made).tool.version == before.tool.version",
        "[tool]\nversion = 1.1\nsince = 2026-01-03\n",
        (
            ("[tool]\nversion = 1.1\nsince = 2026-01-02\n", ""),
            ('[tool]\nversion = "1.1"\nsince = 2026-01-03\n', ""),
            ("[tool]\nversion = 1.\n", "`out/a.toml` is not TOML: line 2, column 12"),
        ),
        ("tomli/LICENSE", "tomli/_parser.py", "tomli/_re.py"),
    ),
    "ini": Case(
        "in/a.ini",
        "out/a.ini",
        "[server]\nport = 8080\nHost: a.example\n",
        "let before = ini(given)",
        "ini(made).server.port == 8081 and ini(made).server.Host == before.server.Host and ini(made).server.on == true",
        "; changed\n[server]\nport=8081\nHost = a.example\non = true\n",
        (
            ("[server]\nport=8081\nHost = b.example\non = true\n", ""),
            ("[server]\nport=8081\nhost = a.example\non = true\n", ""),
            ("port=8081\n", "`out/a.ini` line 1 has the key `port` before the first section"),
        ),
    ),
    "python": Case(
        "in/a.py",
        "out/a.py",
        "import json\n\ndef load(path):\n    return json.loads(path)\n",
        "let before = python(given)",
        'subset(before.functions.name, python(made).functions.name) and defines(made, "Shop.price")'
        ' and imports(made) == imports(given) and not ("eval" in python(made).calls)',
        "import json\n\ndef load(path):\n    pass\n\nclass Shop:\n    def price(self): pass\n",
        (
            ("import json, os\n\ndef load(path):\n    pass\n\nclass Shop:\n    def price(self): pass\n", ""),
            ("import json\n\ndef load(path):\n    eval('1')\n\nclass Shop:\n    def price(self): pass\n", ""),
            ("import json\n\ndef load(path):\n    pass\n\nclass Shop: pass\n", ""),
            ("import json\ndef load(path)\n", "`out/a.py` is not Python: line 2"),
        ),
    ),
    "diff": Case(
        "in/a.patch",
        "out/a.diff",
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n",
        'let before = diff(given) | where kind == "removed" | select path, text',
        '(diff(made) | where kind == "added" | select path, text) == before',
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-new\n+old\n",
        (
            ("--- a/y\n+++ b/y\n@@ -1 +1 @@\n-new\n+old\n", ""),
            ("--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-new\n+old\n", "`out/a.diff` ends inside a hunk"),
            ("none\n", "`out/a.diff` is not a unified diff: it has no hunk"),
        ),
    ),
    "command_line": Case(
        "in/a.txt",
        "out/a.txt",
        "tar -c -f a.tgz src\n",
        'let before = command_line(text(given), values = ["-f"])',
        'command_line(text(made), values = ["-f"]).program == before.program'
        ' and get(command_line(text(made), values = ["-f"]).flags, "-f") == "b.tgz"'
        ' and command_line(text(made), values = ["-f"]).args == before.args',
        "tar src -f b.tgz\n",
        (("tar src -f a.tgz\n", ""), ("tar -f b.tgz\n", ""), ("tar 'src\n", "the command line opens a quote that is never closed")),
    ),
    "cron_times": Case(
        "in/a.txt",
        "out/a.txt",
        "0 5 * * 1\n",
        "let span = @2026-03-01..@2026-03-31",
        "cron_times(text(made), span) == cron_times(text(given), span)",
        "00 5 * * mon\n",
        (("0 6 * * 1\n", ""), ("0 5 * *\n", "`0 5 * *` has 4 fields")),
    ),
    "wording": Case(
        "in/a.txt",
        "out/a.txt",
        "Plan\nDo it.\nRisks\nNone at all.\n",
        'let parts = split_at(given, ["Plan", "Risks"]) | select title',
        '(split_at(made, ["Risks", "Plan"]) | select title) == parts and similarity(text(made), text(given)) < 0.9'
        ' and fits(text(made), "Plan…again.") and not contains(normalise(text(made), ["leet", "case"]), "secret")'
        " and count(numbered(lines(made)) | where n > 4) == 0",
        "Plan\nWe do it now.\n**Risks:**\nThere are none, again.\n",
        (
            ("Plan\nDo it.\nRisks\nNone at all.\n", ""),
            ("Plan\nWe d0 1t, S3CR3T, now.\nRisks\nThere are none, again.\n", ""),
            ("Plan\nWe do it now.\n\nRisks\nThere are none, again.\n", ""),
            ("Plan\nWe do it now.\nThere are none of them, again.\n", ""),
        ),
    ),
    "yaml_all": Case(
        "in/a.yaml",
        "out/a.yaml",
        "kind: A\n---\nkind: B\n",
        "let kinds = table(yaml_all(given))",
        "table(yaml_all(made)) == (kinds | sort -kind)",
        "kind: B\n---\nkind: A\n",
        (("kind: A\n---\nkind: B\n", ""), ("kind: B\n", "")),
        ("yaml/LICENSE",),
    ),
}  # fmt: skip


def spec(case: Case) -> str:
    def text(content: str) -> str:
        return f'"""\n{textwrap.indent(content, "    ")}    """'

    return SPEC.format(
        given=case.given, made=case.made, content=text(case.content), let=case.let, expect=case.expect,
        right=text(case.right),
    )  # fmt: skip


def verdict(bundle: Path, workspace: Path, files: Mapping[str, bytes]) -> dict[str, Any]:
    """What the emitted checker says of a workspace."""
    for name, data in files.items():
        target = workspace / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    command = [sys.executable, "-I", "-S", str(bundle / CHECKER), str(workspace), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=workspace)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", CASES)
def test_reader(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    checked = check("t.claw", spec(case))
    assert checked.ok, [d.message for d in checked.diagnostics]
    compiled = checked.tasks[0]
    files = build(compiled)
    write(files, tmp_path / "bundle")
    listed = {p.removeprefix(f"{VENDOR}/") for p in files.files if p.startswith(f"{VENDOR}/")}
    assert listed >= set(case.vendored) and bool(listed) == bool(case.vendored)
    answers = [
        (case.right, None),
        *case.wrong,
        (case.right[: len(case.right) // 2], ""),
        (case.right.replace("\n", "\r\n"), None),
    ]
    for number, (content, message) in enumerate(answers):
        laid = {case.given: case.content.encode(), case.made: content.encode()}
        emitted = verdict(tmp_path / "bundle", tmp_path / str(number), laid)
        assert emitted == compiled.trial.judge({case.made: content.encode()})
        (result,) = emitted["checks"]
        if number <= len(case.wrong):
            assert result["passed"] == (message is None), result
            assert (message or "") in json.dumps(result, ensure_ascii=False)
    before = {p.relative_to(tmp_path / "bundle").as_posix() for p in (tmp_path / "bundle").rglob("*") if p.is_file()}
    assert before == set(files.files)


@pytest.mark.parametrize("kind", ["json", "yaml", "toml", "ini"])
def test_an_answer_is_derived_and_an_input_written(kind: str, tmp_path: Path) -> None:
    source = f"""claw 1
task t {{
  title = "T"
  workspace {{ file given "in/a.{kind}" {{ content = {kind}({{server: {{port: 8080, name: "a: b"}}}}) }} }}
  deliver made "out/a.{kind}"
  instruction = "Read {{{{ path.given }}}} and write {{{{ path.made }}}}."
  verify {{ check c {{ expect {kind}(made).server.port == 9090 and {kind}(made).server.name == {kind}(given).server.name }} }}
}}
"""
    checked = check("t.claw", source)
    assert checked.ok, [d.message for d in checked.diagnostics]
    files = build(checked.tasks[0])
    assert files.manifest.oracle == "derived"
    write(files, tmp_path / "bundle")
    given = checked.tasks[0].trial.pristine
    answer = verdict(tmp_path / "bundle", tmp_path / "right", {**given, **checked.tasks[0].witness.files})
    assert answer["score_checks"] == "1"
    stale = verdict(tmp_path / "bundle", tmp_path / "stale", {**given, f"out/a.{kind}": given[f"in/a.{kind}"]})
    assert stale["score_checks"] == "0"
