"""What is generated is up to date and complete: pages, schemas, the language card, the package that holds them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel

from clawc.compiler.assets import DiskAssets
from clawc.compiler.pipeline import build, check
from clawc.compiler.report import as_json
from clawc.spec.blocks import TABLE as BLOCKS
from clawc.spec.bundle import Manifest
from clawc.spec.diagnostics import TABLE as DIAGNOSTICS
from clawc.spec.export.card import EXAMPLE, card
from clawc.spec.export.llms import MAX_FULL
from clawc.spec.export.reference_pages import GENERATED, WRITTEN, reference_pages
from clawc.spec.export.report_document import Report
from clawc.spec.export.schemas import SUBJECTS, Subject, schema_text
from clawc.spec.functions import BY_NAME
from clawc.spec.reference import EXAMPLE_OF_CARD, generated

ROOT = Path(__file__).parents[2]
REBUILD = "run `python -m clawc.spec.reference`"
CARD_TOKENS = 4_000
# Without a tokenizer. In vocabularies of 100,000 and of 200,000 tokens the card has 3.5 bytes a token, and only texts
# that are nearly all signs have fewer than 3.1; changes of a few lines cannot bring the card below this.
BYTES_PER_TOKEN = 3.2


@pytest.mark.parametrize("path", sorted(generated()), ids=str)
def test_generated_files_are_up_to_date(path: Path) -> None:
    target = ROOT / path
    assert target.is_file() and target.read_text(encoding="utf-8") == generated()[path], REBUILD


def test_nothing_else_lies_beside_the_generated_pages() -> None:
    pages = {str(p.relative_to(ROOT)) for p in (ROOT / "docs" / "reference").iterdir()}
    assert pages == {str(p) for p in generated() if p.parent.name == "reference"}


def test_links_between_pages_lead_somewhere() -> None:
    pages = reference_pages()
    for name, text in pages.items():
        for target in re.findall(r"\]\(([^)#]*\.md)(?:#[^)]*)?\)", text):
            assert ((ROOT / "docs" / name).parent / target).is_file(), (name, target)


def test_texts_for_models_are_small_and_their_links_lead_somewhere() -> None:
    text, full = (generated()[Path("docs") / name] for name in ("llms.txt", "llms-full.txt"))
    assert text.startswith("# clawc\n\n> ") and len(full.encode()) < MAX_FULL and card().strip() in full
    for line in text.splitlines():
        assert not line.startswith("-") or re.fullmatch(r"- \[[\w./-]+\]\([\w./-]+\): \S.*", line), line
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text + full):
        assert (ROOT / "docs" / target).is_file(), target
    pages = {p.relative_to(ROOT / "docs").as_posix() for p in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    listed = set(re.findall(r"\]\(([^)]+\.md)\): ", text))
    assert listed == {path for path, _ in (*GENERATED, *WRITTEN)} and listed <= pages


def test_every_diagnostic_has_its_anchor_and_examples() -> None:
    page = reference_pages()["reference/diagnostics.md"]
    for row in DIAGNOSTICS:
        assert f"\n### {row.code}\n" in page
        assert row.bad in page and row.good in page


def test_every_diagnostic_belongs_to_a_group_of_the_page() -> None:
    page = reference_pages()["reference/diagnostics.md"]
    assert re.findall(r"(?m)^### (\w+)$", page) == sorted((r.code for r in DIAGNOSTICS), key=lambda c: (c[1:3], c))


# The card


@cache
def names_of_the_version() -> frozenset[str]:
    kinds = [row for row in BLOCKS if not (row.later or row.kept)]
    attributes = {name for row in kinds for name, a in (row.attributes or {}).items() if not (a.later or a.kept)}
    statements = {statement for row in kinds for statement in row.statements}
    functions = {name for name, row in BY_NAME.items() if row.group != "kept"}
    return frozenset({row.kind for row in kinds} | attributes | statements | functions)


def test_the_card_is_complete() -> None:
    words = set(re.findall(r"\w+", card()))
    assert names_of_the_version() <= words


def test_what_keeps_verifiers_of_others_is_not_on_the_card() -> None:
    """Authors, whom the card is for, write what can be proved."""
    assert not re.search(r"`grader|imported: text|\bworth\(|\bholds\(", card())


def test_each_block_of_the_card_has_its_attributes() -> None:
    for row in (r for r in BLOCKS if not (r.later or r.kept)):
        line = next(line for line in card().splitlines() if re.match(rf"- `{row.kind}\b", line))
        for name, attribute in (row.attributes or {}).items():
            assert attribute.later or attribute.kept or re.search(rf"\b{name}!?: {attribute.type}", line), (
                row.kind,
                name,
            )


def test_the_card_is_short() -> None:
    assert len(card().encode()) / BYTES_PER_TOKEN < CARD_TOKENS


def test_the_card_is_short_in_tokens() -> None:
    vocabularies: Any = pytest.importorskip("bpe_openai", reason="bpe-openai is not installed: pip install -e '.[dev]'")
    for name in ("cl100k_base", "o200k_base"):
        assert len(vocabularies.get_encoding(name).encode(card())) < CARD_TOKENS, name


def test_the_example_of_the_card_compiles_and_is_one_of_the_examples() -> None:
    text = EXAMPLE_OF_CARD.read_text(encoding="utf-8")
    assert (ROOT / "spec" / "export" / EXAMPLE).read_text(encoding="utf-8") == text, REBUILD
    assert text in card()
    checked = check(EXAMPLE_OF_CARD.name, text, DiskAssets(EXAMPLE_OF_CARD.parent))
    assert checked.ok and len(checked.tasks) == 1 and not checked.diagnostics


# Schemas


@pytest.mark.parametrize("subject", SUBJECTS)
def test_schemas_name_their_draft_and_every_reference_leads_somewhere(subject: Subject) -> None:
    schema: dict[str, Any] = json.loads(schema_text(subject))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for reference in re.findall(r'"\$ref": "#/\$defs/([^"]+)"', schema_text(subject)):
        assert reference in schema["$defs"], reference


def test_exports_do_not_depend_on_hashing() -> None:
    program = (
        "import hashlib\n"
        "from clawc.spec.export.decoding import TARGETS, decoding_grammar\n"
        "from clawc.spec.export.schemas import SUBJECTS, schema_text\n"
        "from clawc.spec.reference import generated\n"
        "texts = [decoding_grammar(t) for t in TARGETS] + [decoding_grammar(t, cut=True) for t in TARGETS[:3]]\n"
        "texts += [schema_text(s) for s in SUBJECTS] + list(generated().values())\n"
        "print(hashlib.sha256('\\0'.join(texts).encode()).hexdigest())"
    )
    made: set[str] = set()
    for seed in ("0", "1", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", program]
        made.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(made) == 1


BROKEN = 'claw 1\n\ntask t {\n  titel = "x"\n  verify { check c { expect tru } }\n}\n'
SOUND = EXAMPLE_OF_CARD.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", [BROKEN, SOUND, "", "claw 1\n"], ids=["broken", "sound", "empty", "edition"])
def test_reports_are_as_their_schema_says(text: str) -> None:
    document = as_json(check("t.claw", text).diagnostics, files=1)
    report = Report.model_validate_json(document)
    # A field that the model does not know would be kept, and is one that the schema lacks.
    assert not _unknown(report)
    assert json.loads(report.model_dump_json(exclude_unset=True)) == json.loads(document)


def _unknown(value: object) -> list[str]:
    if isinstance(value, tuple):
        return [name for item in cast(tuple[object, ...], value) for name in _unknown(item)]
    if not isinstance(value, BaseModel):
        return []
    inner = [name for field in type(value).model_fields for name in _unknown(getattr(value, field))]
    return [*sorted(value.model_extra or {}), *inner]


def test_manifests_are_as_their_schema_says() -> None:
    compiled = check(EXAMPLE_OF_CARD.name, SOUND).tasks[0]
    files = build(compiled)
    schema: dict[str, Any] = json.loads(schema_text("bundle"))
    written: dict[str, Any] = json.loads(files.manifest.model_dump_json())
    assert set(schema["required"]) <= set(written) <= set(schema["properties"])
    assert Manifest.model_validate(written) == files.manifest


def test_the_schema_of_sources_has_every_block_and_attribute() -> None:
    schema: dict[str, Any] = json.loads(schema_text("spec"))
    for row in BLOCKS:
        found = schema["$defs"].get(f"block.{row.kind}")
        assert (found is None) == row.later, row.kind
        if found is None:
            continue
        attributes = {name: a for name, a in (row.attributes or {}).items() if not a.later}
        given = found["properties"].get("attributes", {"properties": {}, "required": []})
        assert set(given["properties"]) == set(attributes), row.kind
        assert set(given["required"]) == {name for name, a in attributes.items() if a.required}
        for name, attribute in attributes.items():
            assert given["properties"][name]["description"] == attribute.doc
        assert len(found["properties"].get("labels", {}).get("prefixItems", [])) == len(row.labels)


def test_the_package_is_declared_with_its_example() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    assert "clawc.spec.export" in settings["packages"]
    assert settings["package-dir"]["clawc.spec.export"] == "spec/export"
    assert any(Path(EXAMPLE).match(pattern) for pattern in settings["package-data"]["clawc.spec.export"])
