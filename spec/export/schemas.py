"""JSON Schemas, draft 2020-12: of the IR, the manifest of a bundle, the JSON report, a verifier card, decisions of reviews, a
calibration, and the blocks of a source file."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel

from clawc.spec import blocks, bundle, calibration, card, ir, review, taxonomy
from clawc.spec.blocks import Attribute, BlockKind
from clawc.spec.export.report_document import Report

Subject = Literal["spec", "ir", "report", "bundle", "card", "review", "gold", "calibration"]
SUBJECTS: tuple[Subject, ...] = ("spec", "ir", "report", "bundle", "card", "review", "gold", "calibration")
DRAFT = "https://json-schema.org/draft/2020-12/schema"

_NAME = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
_LABELS: dict[str, dict[str, Any]] = {
    "name": {**_NAME, "description": "a name without quotes"},
    "path": {"type": "string", "description": "a path in quotes"},
    "title": {"type": "string", "description": "a text in quotes"},
    "code": {"type": "string", "description": "a text in triple quotes"},
}
_EXPRESSION: dict[str, Any] = {"type": "string", "description": "an expression, as written"}
_VALUES: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "description": "a text without holes"},
    "template": {"type": "string", "description": "a text, which may have holes `{{ … }}`"},
    "raw": {"type": "string", "description": "a text that is kept as it is, or an expression"},
    "number": {"anyOf": [{"type": "number"}, _EXPRESSION]},
    "bool": {"type": "boolean"},
    "duration": {"type": "string", "description": "such as `90s` or `10min`"},
    "size": {"type": "string", "description": "such as `64MiB`"},
    "text list": {"anyOf": [{"type": "array", "items": {"type": "string"}, "uniqueItems": True}, _EXPRESSION]},
    "columns": {"anyOf": [{"type": "array", "items": {"type": "string"}, "uniqueItems": True}, _EXPRESSION]},
    "names": {"anyOf": [_NAME, {"type": "array", "items": _NAME}]},
    "expression": _EXPRESSION,
    "format": {"enum": list(blocks.FORMATS)},
}
_DOTTED = {
    "category": taxonomy.dotted(taxonomy.CATEGORIES),
    "categories": taxonomy.dotted(taxonomy.CATEGORIES),
    "operations": taxonomy.dotted(taxonomy.OPERATIONS),
    "kind": ["program"],
}
_BINDING = {
    "type": "object",
    "properties": {"name": _NAME, "value": _EXPRESSION},
    "required": ["name", "value"],
    "additionalProperties": False,
}
_STATEMENTS: dict[str, dict[str, Any]] = {
    "let": {**_BINDING, "description": "`let NAME = expression`"},
    "def": {
        "type": "object",
        "description": "`def NAME(parameters) = expression`",
        "properties": {"name": _NAME, "parameters": {"type": "array", "items": _NAME}, "value": _EXPRESSION},
        "required": ["name", "parameters", "value"],
        "additionalProperties": False,
    },
    "use": {
        "type": "object",
        "description": '`use std.module (names)` or `use "file.claw" (names)`',
        "properties": {"source": {"type": "string"}, "names": {"type": "array", "items": _NAME, "minItems": 1}},
        "required": ["source", "names"],
        "additionalProperties": False,
    },
    "expect": {**_EXPRESSION, "description": "`expect condition`"},
    **{
        verb: {**_BINDING, "description": f"`{verb} DELIVERABLE = expression`"}
        for verb in ("write", "edit", "replace")
    },
}  # fmt: skip


def schema_text(subject: Subject) -> str:
    """The schema as JSON, keys sorted."""
    document = {"$schema": DRAFT, **_document(subject)}
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _document(subject: Subject) -> dict[str, Any]:
    if subject == "spec":
        return _blocks()
    if subject == "ir":
        return ir.schema()
    models: dict[Subject, type[BaseModel]] = {
        "report": Report, "bundle": bundle.Manifest, "card": card.VerifierCard, "review": review.Decision, "gold": review.Gold,
        "calibration": calibration.Calibration,
    }  # fmt: skip
    return models[subject].model_json_schema()


def _blocks() -> dict[str, Any]:
    """A file as an object: blocks and statements in lists by kind, attributes by name, a block's labels in `labels`."""
    kinds = [row for row in blocks.TABLE if not row.later]
    top = BlockKind("file", "a source file", (), {}, blocks.TOP_LEVEL, ("let", "def", "use"))
    root = _block(top, (), outside=True)
    root["properties"]["edition"] = {"enum": list(blocks.EDITIONS)}
    root["required"] = ["edition"]
    definitions = {f"block.{row.kind}": _block(row, row.labels) for row in kinds}
    definitions |= {f"block.{r.kind}.outside": _block(r, r.outside) for r in kinds if r.outside is not None}
    definitions |= {f"statement.{name}": statement for name, statement in _STATEMENTS.items()}
    return {"title": "A .claw file", **root, "$defs": definitions}


def _block(row: BlockKind, labels: tuple[str, ...], *, outside: bool = False) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if labels:
        properties["labels"] = {
            "type": "array", "prefixItems": [_LABELS[label] for label in labels],
            "items": False, "minItems": len(labels), "maxItems": len(labels),
        }  # fmt: skip
    attributes = {name: a for name, a in (row.attributes or {}).items() if not a.later}
    if attributes or row.open:
        properties["attributes"] = {
            "type": "object",
            "properties": {name: _attribute(name, a) for name, a in attributes.items()},
            "required": [name for name, a in attributes.items() if a.required],
            "additionalProperties": _EXPRESSION if row.open else False,
        }
    children = {child: _children(child, outside) for child in row.children if not blocks.BY_KIND[child].later}
    if children:
        properties["blocks"] = {"type": "object", "properties": children, "additionalProperties": False}
    if row.statements:
        properties["statements"] = {
            "type": "object",
            "properties": {s: _list_of(f"statement.{s}") for s in row.statements},
            "additionalProperties": False,
        }
    required = ["labels"] if labels else []
    required += ["attributes"] if any(a.required for a in attributes.values()) else []
    found: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"description": row.doc} if row.doc else {}) | ({"required": required} if required else {})


def _attribute(name: str, attribute: Attribute) -> dict[str, Any]:
    value = _VALUES.get(attribute.type)
    if value is None:
        words = {"enum": _DOTTED[name]}
        value = words if attribute.type == "dotted" else {"type": "array", "items": words}
    return {**value, "description": attribute.doc, "title": f"{name}: {attribute.type}"}


def _children(child: str, outside: bool) -> dict[str, Any]:
    row = blocks.BY_KIND[child]
    found = _list_of(f"block.{child}.outside" if outside and row.outside is not None else f"block.{child}")
    return found | ({"maxItems": 1} if row.once and not outside else {})


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}
