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
        loader = _loader()(text)
        node = loader.get_single_node()
    except error as problem:
        raise ValueError(str(problem)) from problem
    return _value(node)


def _loader() -> Any:
    reader, scanner, parser = (vendored("yaml", name) for name in ("reader", "scanner", "parser"))
    composer, resolver = vendored("yaml", "composer"), vendored("yaml", "resolver")

    class Loader(  # type: ignore[misc]
        reader.Reader, scanner.Scanner, parser.Parser, composer.Composer, resolver.BaseResolver
    ):
        def __init__(self, text: str) -> None:
            reader.Reader.__init__(self, text)
            scanner.Scanner.__init__(self)
            parser.Parser.__init__(self)
            composer.Composer.__init__(self)
            resolver.BaseResolver.__init__(self)

    return Loader


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
