"""YAML by the core schema 1.2: the vendored parser gives the nodes, scalars get their types here."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from clawc.stdlib.checks.vendoring import vendored
from tests.holdout.model import Value

_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def yaml_value(text: str) -> Value:
    """The value of the one document of a text; raises ValueError for anything else."""
    error = vendored("yaml", "error").YAMLError
    try:
        node = vendored("yaml", "loader").BaseLoader(text).get_single_node()
    except error as problem:
        raise ValueError(str(problem)) from problem
    return _value(node)


def _value(node: Any) -> Value:
    if node is None:
        return None
    if node.id == "sequence":
        return [_value(part) for part in node.value]
    if node.id == "mapping":
        pairs = [(str(key.value), _value(part)) for key, part in node.value]
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)
    text = str(node.value)
    if node.style in ("'", '"', "|", ">"):
        return text
    if text.lower() in ("true", "false") and text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    return Decimal(text) if _NUMBER.fullmatch(text) else text
