"""`clawc grammar`, `clawc schema` and `clawc card` from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clawc.spec.export.card import card
from clawc.spec.export.schemas import SUBJECTS
from clawc.spec.grammar import grammar_text

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "order_totals.claw"


def clawc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clawc", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_lark_grammar_is_printed_as_it_is() -> None:
    done = clawc("grammar", "--for", "lark")
    assert (done.returncode, done.stdout) == (0, grammar_text())


def test_grammars_of_editors_are_those_that_are_kept() -> None:
    kept = {"textmate": "vscode/syntaxes/claw.tmLanguage.json", "tree-sitter": "tree-sitter-claw/grammar.js"}
    for target, name in kept.items():
        done = clawc("grammar", "--for", target)
        assert (done.returncode, done.stdout) == (0, (ROOT / "editors" / name).read_text(encoding="utf-8"))


def test_a_grammar_goes_into_a_file(tmp_path: Path) -> None:
    out = tmp_path / "claw.gbnf"
    done = clawc("grammar", "--for", "gbnf", "-o", out)
    assert (done.returncode, done.stdout) == (0, "")
    assert out.read_text(encoding="utf-8").startswith("root ::= start\nstart ::= ")


def test_the_grammar_of_expressions_has_no_blocks() -> None:
    done = clawc("grammar", "--for", "ebnf", "--start", "expression")
    assert done.returncode == 0 and "root ::= pipe\n" in done.stdout and "block ::=" not in done.stdout


def test_a_specialised_grammar_names_what_the_tables_have_and_what_the_scope_gives() -> None:
    plain = clawc("grammar", "--for", "ebnf", "--specialised")
    named = clawc("grammar", "--for", "ebnf", "--specialised", "--scope", EXAMPLE)
    for word in ('"deliver"', '"category"', '"office.records"', '"group"', '"mentions_all"'):
        assert word in plain.stdout and word in named.stdout
    assert '"totals"' in named.stdout and '"totals"' not in plain.stdout


def test_a_scope_may_have_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "t.claw"
    path.write_text("claw 1\nlet sound = 1\nlet cut = = 2\n", encoding="utf-8")
    done = clawc("grammar", "--for", "ebnf", "--specialised", "--scope", path)
    assert done.returncode == 0 and '"sound"' in done.stdout and '"cut"' in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--for", "yacc"], "no grammar for `yacc`"),
        (["--for", "textmate", "--specialised"], "the grammar for `textmate` is the whole language"),
        (["--for", "tree-sitter", "--start", "expression"], "the grammar for `tree-sitter` is the whole language"),
        (["--start", "middle"], "start `middle` is unknown"),
        (["--scope", str(EXAMPLE)], "belongs to `--specialised`"),
        (["--for", "lark", "--specialised"], "printed as it is"),
        (["--specialised", "--scope", "none.claw"], "`none.claw` cannot be read"),
        (["-o", "no/such/folder/x"], "cannot be written"),
    ],
)
def test_wrong_usage_is_said(arguments: list[str], words: str) -> None:
    done = clawc("grammar", *arguments)
    assert done.returncode == 2 and words in done.stderr and done.stdout == ""


@pytest.mark.sampled(4)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_schemas_are_printed_alike_each_time(subject: str) -> None:
    first, second = clawc("schema", "--for", subject), clawc("schema", "--for", subject)
    assert first.returncode == 0 and first.stdout == second.stdout
    json.loads(first.stdout)


def test_the_schema_of_the_ir_is_the_file_in_the_repository() -> None:
    assert clawc("schema", "--for", "ir").stdout == (ROOT / "spec" / "ir.schema.json").read_text(encoding="utf-8")


def test_there_is_no_schema_for_anything_else() -> None:
    done = clawc("schema", "--for", "yaml")
    assert done.returncode == 2 and "schemas: spec, ir, report, bundle" in done.stderr


def test_the_card_is_printed() -> None:
    done = clawc("card")
    assert (done.returncode, done.stdout) == (0, card())
